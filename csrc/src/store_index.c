/* Hash index: a key by its bytes. */
#include "store_index.h"

#include <stdlib.h>

#include "check.h"
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
    return (uint8_t)((hash >> 24) | 1);
}

static int64_t home_of(const pkc_index *index, uint32_t hash) {
    return (int64_t)hash & (index->capacity - 1);
}

pkc_key *pkc_index_find(const pkc_index *index, const void *data, int64_t size, uint32_t hash) {
    if (index->count == 0) {
        return NULL;
    }
    uint8_t tag = tag_of(hash);
    int64_t mask = index->capacity - 1;
    for (int64_t i = home_of(index, hash); index->tags[i] != 0; i = (i + 1) & mask) {
        pkc_key *key = index->slots[i];
        if (index->tags[i] == tag && key->hash == hash && key->size == size &&
            memcmp(key->bytes, data, (size_t)size) == 0) {
            return key;
        }
    }
    return NULL;
}

static void place(pkc_index *index, pkc_key *key) {
    int64_t mask = index->capacity - 1;
    int64_t i = home_of(index, key->hash);
    while (index->tags[i] != 0) {
        i = (i + 1) & mask;
    }
    index->tags[i] = tag_of(key->hash);
    index->slots[i] = key;
}

int pkc_index_reserve(pkc_index *index) {
    if (4 * (index->count + 1) <= 3 * index->capacity) {
        return PKC_OK;
    }
    int64_t capacity = index->capacity == 0 ? CAPACITY_MIN : 2 * index->capacity;
    if (capacity > (int64_t)1 << 32) {
        return PKC_ERR_LIMIT;
    }
    pkc_index bigger = {.capacity = capacity, .count = index->count, .seed = index->seed};
    bigger.slots = malloc((size_t)capacity * sizeof(pkc_key *));
    bigger.tags = calloc((size_t)capacity, 1);
    if (bigger.slots == NULL || bigger.tags == NULL) {
        pkc_index_destroy(&bigger);
        return PKC_ERR_NO_MEMORY;
    }
    for (int64_t i = 0; i < index->capacity; i++) {
        if (index->tags[i] != 0) {
            place(&bigger, index->slots[i]);
        }
    }
    pkc_index_destroy(index);
    *index = bigger;
    return PKC_OK;
}

void pkc_index_insert(pkc_index *index, pkc_key *key) {
    place(index, key);
    index->count++;
}

/* Keys behind the hole move back into it unless they are at home between hole and slot. */
void pkc_index_remove(pkc_index *index, const pkc_key *key) {
    int64_t mask = index->capacity - 1;
    int64_t hole = home_of(index, key->hash);
    while (index->slots[hole] != key || index->tags[hole] == 0) {
        PKC_CHECK(index->tags[hole] != 0);
        hole = (hole + 1) & mask;
    }
    for (int64_t i = (hole + 1) & mask; index->tags[i] != 0; i = (i + 1) & mask) {
        int64_t home = home_of(index, index->slots[i]->hash);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
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
