/* Blocks that keys and versions live in, and the limbo of what pinned readers may still look at. */
#ifndef PKC_STORE_ARENA_H
#define PKC_STORE_ARENA_H

#include <stddef.h>
#include <stdint.h>

enum {
    PKC_BLOCK_BYTES = 1 << 18,
    PKC_BLOCK_LARGE_BYTES = 1 << 16,
    PKC_BLOCK_CACHE_MAX = 16,
    PKC_BLOCKS_MAX = 1 << 17,
    PKC_REF_OFFSET_BITS = 15
};

/* An allocation by 32 bits: the number of its block, and its offset there in eights of bytes. 0 is
 * none, as a block begins with its header. */
typedef uint32_t pkc_ref;

/* The contents of a block, so that it can be walked. */
typedef enum { PKC_ARENA_KEYS = 0, PKC_ARENA_VERSIONS = 1, PKC_ARENA_KINDS = 2 } pkc_arena_kind;

typedef struct pkc_block pkc_block;
struct pkc_block {
    pkc_block *next;
    pkc_block *prev;
    int64_t capacity; /* bytes mapped */
    int64_t used;     /* offset of the free end */
    int64_t live;     /* bytes of allocations that were not freed */
    uint32_t number;  /* table[number] is this block */
    pkc_arena_kind kind;
    int64_t reserved[2];
};
_Static_assert(sizeof(pkc_block) == 64, "allocations start on a cache line");

typedef struct {
    pkc_block **table; /* by number; NULL for one that is not in use */
    int64_t table_capacity;
    int64_t number_free; /* no lower number is free */
    pkc_block *blocks;   /* all with something alive, and the current ones */
    pkc_block *current[PKC_ARENA_KINDS]; /* allocations are cut from here */
    pkc_block *cached;
    pkc_block *limbo;
    int64_t cached_count;
    int64_t pins;
    int64_t bytes; /* mapped */
} pkc_arena;

/* 8-byte aligned, NULL when memory or numbers are out. size > 0. */
void *pkc_arena_alloc(pkc_arena *arena, pkc_arena_kind kind, int64_t size);
/* Its bytes stay readable until no pin is left. */
void pkc_arena_free(pkc_arena *arena, void *data, int64_t size);
/* The reference of an allocation. */
pkc_ref pkc_arena_ref(const void *data);
void pkc_arena_pin(pkc_arena *arena);
void pkc_arena_unpin(pkc_arena *arena);
void pkc_arena_destroy(pkc_arena *arena);
/* No allocation goes to the current blocks any more. */
void pkc_arena_retire(pkc_arena *arena);

static inline void *pkc_arena_at(const pkc_arena *arena, pkc_ref ref) {
    if (ref == 0) {
        return NULL;
    }
    uint32_t offset = (ref & ((1u << PKC_REF_OFFSET_BITS) - 1)) << 3;
    return (uint8_t *)arena->table[ref >> PKC_REF_OFFSET_BITS] + offset;
}

#endif
