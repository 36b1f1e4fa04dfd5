/* Blocks that keys and versions live in, and the limbo of what pinned readers may still look at. */
#include "store/arena.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/check.h"

enum { TABLE_MIN = 16 };

/* Blocks are mapped at multiples of PKC_BLOCK_BYTES, so that an allocation finds its block by
 * masking its own address; a large block holds one allocation, at its start. */
static pkc_block *block_of(const void *data) {
    return (pkc_block *)((uintptr_t)data & ~(uintptr_t)(PKC_BLOCK_BYTES - 1));
}

pkc_ref pkc_arena_ref(const void *data) {
    uintptr_t offset = (uintptr_t)data & (PKC_BLOCK_BYTES - 1);
    return block_of(data)->number << PKC_REF_OFFSET_BITS | (pkc_ref)(offset >> 3);
}

static pkc_block *block_map(int64_t capacity) {
    size_t align = PKC_BLOCK_BYTES;
    size_t size = (size_t)capacity;
    uint8_t *raw = mmap(NULL, size + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                        -1, 0);
    if (raw == MAP_FAILED) {
        return NULL;
    }
    size_t head = (align - ((uintptr_t)raw & (align - 1))) & (align - 1);
    if (head > 0) {
        munmap(raw, head);
    }
    munmap(raw + head + size, align - head);
#ifdef MADV_POPULATE_WRITE
    if (capacity == PKC_BLOCK_BYTES) {
        /* All of it will be written soon, so one call spares 64 page faults. */
        (void)madvise(raw + head, size, MADV_POPULATE_WRITE);
    }
#endif
    return (pkc_block *)(raw + head);
}

static void block_link(pkc_arena *arena, pkc_block *block) {
    block->prev = NULL;
    block->next = arena->blocks;
    if (block->next != NULL) {
        block->next->prev = block;
    }
    arena->blocks = block;
}

static void block_unlink(pkc_arena *arena, pkc_block *block) {
    if (block->prev != NULL) {
        block->prev->next = block->next;
    } else {
        arena->blocks = block->next;
    }
    if (block->next != NULL) {
        block->next->prev = block->prev;
    }
}

/* Give the block back, or keep a few to spare the page faults of mapping them again. */
static void block_recycle(pkc_arena *arena, pkc_block *block) {
    if (block->capacity == PKC_BLOCK_BYTES && arena->cached_count < PKC_BLOCK_CACHE_MAX) {
        block->next = arena->cached;
        arena->cached = block;
        arena->cached_count++;
        return;
    }
    arena->bytes -= block->capacity;
    munmap(block, (size_t)block->capacity);
}

static void block_drop(pkc_arena *arena, pkc_block *block) {
    block_unlink(arena, block);
    arena->table[block->number] = NULL;
    if (block->number < arena->number_free) {
        arena->number_free = block->number;
    }
    if (arena->pins > 0) {
        block->next = arena->limbo;
        arena->limbo = block;
    } else {
        block_recycle(arena, block);
    }
}

/* Find a free number and room for it in the table; -1 when there is none. */
static int64_t number_take(pkc_arena *arena) {
    int64_t number = arena->number_free;
    while (number < arena->table_capacity && arena->table[number] != NULL) {
        number++;
    }
    if (number == PKC_BLOCKS_MAX) {
        return -1;
    }
    if (number == arena->table_capacity) {
        int64_t capacity = number == 0 ? TABLE_MIN : 2 * number;
        pkc_block **table = realloc(arena->table, (size_t)capacity * sizeof(pkc_block *));
        if (table == NULL) {
            return -1;
        }
        memset(table + number, 0, (size_t)(capacity - number) * sizeof(pkc_block *));
        arena->table = table;
        arena->table_capacity = capacity;
    }
    arena->number_free = number;
    return number;
}

static pkc_block *block_new(pkc_arena *arena, pkc_arena_kind kind, int64_t capacity) {
    int64_t number = number_take(arena);
    if (number < 0) {
        return NULL;
    }
    pkc_block *block = arena->cached;
    if (capacity == PKC_BLOCK_BYTES && block != NULL) {
        arena->cached = block->next;
        arena->cached_count--;
    } else {
        block = block_map(capacity);
        if (block == NULL) {
            return NULL;
        }
        arena->bytes += capacity;
    }
    block->capacity = capacity;
    block->used = (int64_t)sizeof(pkc_block);
    block->live = 0;
    block->number = (uint32_t)number;
    block->kind = kind;
    arena->table[number] = block;
    arena->number_free = number + 1;
    block_link(arena, block);
    return block;
}

static void retire(pkc_arena *arena, pkc_arena_kind kind) {
    pkc_block *block = arena->current[kind];
    arena->current[kind] = NULL;
    if (block != NULL && block->live == 0) {
        block_drop(arena, block);
    }
}

void pkc_arena_retire(pkc_arena *arena) {
    retire(arena, PKC_ARENA_KEYS);
    retire(arena, PKC_ARENA_VERSIONS);
}

void *pkc_arena_alloc(pkc_arena *arena, pkc_arena_kind kind, int64_t size) {
    size = (size + 7) & ~(int64_t)7;
    pkc_block *block = arena->current[kind];
    if (size > PKC_BLOCK_LARGE_BYTES) {
        int64_t pages = (size + (int64_t)sizeof(pkc_block) + 4095) & ~(int64_t)4095;
        pages = pages > PKC_BLOCK_BYTES ? pages : PKC_BLOCK_BYTES + 4096;
        block = block_new(arena, kind, pages);
    } else if (block == NULL || block->used + size > block->capacity) {
        block = block_new(arena, kind, PKC_BLOCK_BYTES);
        if (block != NULL) {
            retire(arena, kind);
            arena->current[kind] = block;
        }
    }
    if (block == NULL) {
        return NULL;
    }
    void *data = (uint8_t *)block + block->used;
    block->used += size;
    block->live += size;
    return data;
}

void pkc_arena_free(pkc_arena *arena, void *data, int64_t size) {
    size = (size + 7) & ~(int64_t)7;
    pkc_block *block = block_of(data);
    block->live -= size;
    PKC_CHECK(block->live >= 0);
    if (block->live == 0 && block != arena->current[block->kind]) {
        block_drop(arena, block);
    }
}

void pkc_arena_pin(pkc_arena *arena) {
    arena->pins++;
}

static void limbo_empty(pkc_arena *arena) {
    while (arena->limbo != NULL) {
        pkc_block *block = arena->limbo;
        arena->limbo = block->next;
        block_recycle(arena, block);
    }
}

void pkc_arena_unpin(pkc_arena *arena) {
    PKC_CHECK(arena->pins > 0);
    arena->pins--;
    if (arena->pins == 0) {
        limbo_empty(arena);
    }
}

void pkc_arena_destroy(pkc_arena *arena) {
    limbo_empty(arena);
    for (int list = 0; list < 2; list++) {
        pkc_block *block = list == 0 ? arena->blocks : arena->cached;
        while (block != NULL) {
            pkc_block *next = block->next;
            munmap(block, (size_t)block->capacity);
            block = next;
        }
    }
    free(arena->table);
    *arena = (pkc_arena){0};
}
