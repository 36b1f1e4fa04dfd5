/* Blocks that versions live in, and the limbo of what pinned readers may still look at. */
#ifndef PKC_STORE_ARENA_H
#define PKC_STORE_ARENA_H

#include <stdint.h>

enum { PKC_BLOCK_BYTES = 1 << 18, PKC_BLOCK_LARGE_BYTES = 1 << 16, PKC_BLOCK_CACHE_MAX = 16 };

typedef struct pkc_block pkc_block;
struct pkc_block {
    pkc_block *next;
    pkc_block *prev;
    int64_t capacity; /* bytes mapped */
    int64_t used;     /* offset of the free end */
    int64_t live;     /* bytes of allocations that were not freed */
    int64_t reserved[3];
};
_Static_assert(sizeof(pkc_block) == 64, "allocations start on a cache line");

typedef struct pkc_limbo pkc_limbo;
struct pkc_limbo {
    pkc_limbo *next;
};

typedef struct {
    pkc_block *blocks;  /* all with something alive, and the current one */
    pkc_block *current; /* allocations are cut from here */
    pkc_block *cached;
    pkc_block *limbo_blocks;
    pkc_limbo *limbo_heap;
    int64_t cached_count;
    int64_t pins;
    int64_t bytes; /* mapped */
} pkc_arena;

/* 8-byte aligned, NULL when memory is out. size > 0. */
void *pkc_arena_alloc(pkc_arena *arena, int64_t size);
void pkc_arena_free(pkc_arena *arena, void *data, int64_t size);
/* free() once no pin is left. The first eight bytes may be overwritten at once. */
void pkc_arena_defer_free(pkc_arena *arena, void *data);
void pkc_arena_pin(pkc_arena *arena);
void pkc_arena_unpin(pkc_arena *arena);
void pkc_arena_destroy(pkc_arena *arena);
/* No allocation goes to this block any more. */
void pkc_arena_retire_current(pkc_arena *arena);

#endif
