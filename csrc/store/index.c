/* Hash index: a key by its bytes. */
#include "store/index.h"

#include <stdlib.h>

#include "common/check.h"
#include "pkc.h"

enum { CAPACITY_MIN = 64 };

static uint64_t mix(uint64_t a, uint64_t b) {
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Multiply and fold, 8 bytes a step, as wyhash does. The seed differs from store to store. */
uint32_t pkc_index_hash(const pkc_index *index, const void *data, int64_t size) {
    const uint8_t *bytes = data;
    uint64_t state = index->seed ^ 0x9e3779b97f4a7c15u;
    int64_t left = size;
    uint64_t word;
    while (left > 8) {
        memcpy(&word, bytes, 8);
        state = mix(state ^ word, 0xe7037ed1a0b428dbu);
        bytes += 8;
        left -= 8;
    }
    word = 0;
    memcpy(&word, bytes, (size_t)left);
    state = mix(state ^ word, 0x8ebc6af09c88c6e3u);
    return (uint32_t)(mix(state, (uint64_t)size ^ 0x589965cc75374cc3u) >> 16);
}

static uint8_t tag_of(uint32_t hash) {
    return (uint8_t)(hash | 1);
}

static int64_t home_of(const pkc_index *index, uint32_t hash) {
    return (int64_t)(((uint64_t)hash * (uint64_t)index->capacity) >> 32);
}

static int64_t next_of(const pkc_index *index, int64_t i) {
    return i + 1 == index->capacity ? 0 : i + 1;
}

/* Slots from one to another, in the direction of the probes. */
static int64_t distance(const pkc_index *index, int64_t from, int64_t to) {
    return to >= from ? to - from : to - from + index->capacity;
}

pkc_key *pkc_index_find(const pkc_index *index, const void *data, int64_t size, uint32_t hash) {
    if (index->count == 0) {
        return NULL;
    }
    uint8_t tag = tag_of(hash);
    for (int64_t i = home_of(index, hash); index->tags[i] != 0; i = next_of(index, i)) {
        if (index->tags[i] != tag) {
            continue;
        }
        pkc_key *key = pkc_arena_key(index->arena, index->slots[i]);
        if (key->hash == hash && key->size == size &&
            memcmp(key->bytes, data, (size_t)size) == 0) {
            return key;
        }
    }
    return NULL;
}

static void place(pkc_index *index, uint32_t hash, pkc_ref key) {
    int64_t i = home_of(index, hash);
    while (index->tags[i] != 0) {
        i = next_of(index, i);
    }
    index->tags[i] = tag_of(hash);
    index->slots[i] = key;
}

int pkc_index_reserve(pkc_index *index) {
    if (5 * (index->count + 1) <= 4 * index->capacity) {
        return PKC_OK;
    }
    int64_t capacity = index->capacity == 0 ? CAPACITY_MIN : index->capacity + index->capacity / 2;
    if (capacity > (int64_t)1 << 32) {
        return PKC_ERR_LIMIT;
    }
    pkc_index bigger = *index;
    bigger.capacity = capacity;
    bigger.slots = malloc((size_t)capacity * sizeof(pkc_ref));
    bigger.tags = calloc((size_t)capacity, 1);
    if (bigger.slots == NULL || bigger.tags == NULL) {
        free(bigger.slots);
        free(bigger.tags);
        return PKC_ERR_NO_MEMORY;
    }
    for (int64_t i = 0; i < index->capacity; i++) {
        if (index->tags[i] != 0) {
            pkc_ref key = index->slots[i];
            place(&bigger, pkc_arena_key(index->arena, key)->hash, key);
        }
    }
    free(index->slots);
    free(index->tags);
    *index = bigger;
    return PKC_OK;
}

void pkc_index_insert(pkc_index *index, pkc_key *key) {
    place(index, key->hash, pkc_arena_ref(key));
    index->count++;
}

static int64_t slot_of(const pkc_index *index, const pkc_key *key) {
    pkc_ref ref = pkc_arena_ref(key);
    int64_t i = home_of(index, key->hash);
    while (index->slots[i] != ref || index->tags[i] == 0) {
        PKC_CHECK(index->tags[i] != 0);
        i = next_of(index, i);
    }
    return i;
}

void pkc_index_move(pkc_index *index, const pkc_key *from, const pkc_key *to) {
    index->slots[slot_of(index, from)] = pkc_arena_ref(to);
}

/* Keys behind the hole move back into it unless they are at home between hole and slot. */
void pkc_index_remove(pkc_index *index, const pkc_key *key) {
    int64_t hole = slot_of(index, key);
    for (int64_t i = next_of(index, hole); index->tags[i] != 0; i = next_of(index, i)) {
        int64_t home = home_of(index, pkc_arena_key(index->arena, index->slots[i])->hash);
        if (distance(index, home, i) >= distance(index, hole, i)) {
            index->slots[hole] = index->slots[i];
            index->tags[hole] = index->tags[i];
            hole = i;
        }
    }
    index->tags[hole] = 0;
    index->count--;
}

void pkc_index_destroy(pkc_index *index) {
    free(index->slots);
    free(index->tags);
    index->slots = NULL;
    index->tags = NULL;
    index->capacity = 0;
    index->count = 0;
}
