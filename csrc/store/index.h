/* Hash index: a key by its bytes. */
#ifndef PKC_STORE_INDEX_H
#define PKC_STORE_INDEX_H

#include "store/key.h"

/* Open addressing with linear probing from slot hash * capacity / 2^32. tags[i] is 0 for an empty
 * slot, else low bits of the hash with the lowest of them set, so that most probes touch no key. */
typedef struct {
    const pkc_arena *arena;
    pkc_ref *slots;
    uint8_t *tags;
    int64_t capacity;
    int64_t count;
    uint64_t seed; /* of the hash */
} pkc_index;

uint32_t pkc_index_hash(const pkc_index *index, const void *data, int64_t size);
pkc_key *pkc_index_find(const pkc_index *index, const void *data, int64_t size, uint32_t hash);
/* Room for one more. The table grows by a half at a load of 4/5. */
int pkc_index_reserve(pkc_index *index);
/* After a reserve; the key must not be there. */
void pkc_index_insert(pkc_index *index, pkc_key *key);
void pkc_index_remove(pkc_index *index, const pkc_key *key);
/* Another place of the same key. */
void pkc_index_move(pkc_index *index, const pkc_key *from, const pkc_key *to);
void pkc_index_destroy(pkc_index *index);

#endif
