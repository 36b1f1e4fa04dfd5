/* Records that a store may hold: one rule each, asserted before a record is written and asked of
 * the bytes that are read. */
#ifndef PKC_STORE_SOUND_H
#define PKC_STORE_SOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "store/core.h"
#include "store/key.h"
#include "store/lease_api.h"
#include "wal/record.h"

/* A version in a snapshot; key and value stand behind it. */
typedef struct {
    int64_t mod_revision;
    int64_t create_revision;
    int64_t version;
    int64_t lease;
    uint32_t key_size;
    uint32_t value_size;
} pkc_version_head;
_Static_assert(sizeof(pkc_version_head) == 40, "the format has 40 bytes before a key");
_Static_assert((int64_t)sizeof(pkc_version_head) + 2 * (int64_t)PKC_STORE_REQUEST_BYTES_MAX <=
                   PKC_RECORD_PAYLOAD_MAX,
               "any version fits a record of a snapshot");
_Static_assert((int64_t)PKC_STORE_TTL_MIN <= PKC_TTL_MAX && PKC_TTL_MAX <= INT64_MAX / 1000000000,
               "a TTL is a time in nanoseconds");

static inline bool pkc_op_is_sound(int64_t key_size, int64_t second_size) {
    return key_size > 0 && key_size <= PKC_STORE_REQUEST_BYTES_MAX && second_size >= 0 &&
           second_size <= PKC_STORE_REQUEST_BYTES_MAX;
}

static inline bool pkc_grant_is_sound(int64_t id, int64_t ttl) {
    return id != 0 && ttl >= PKC_STORE_TTL_MIN && ttl <= PKC_TTL_MAX;
}

static inline bool pkc_compact_is_sound(const pkc_store *store, int64_t revision) {
    return revision > store->compact_revision && revision <= store->head_revision;
}

/* A tombstone has neither version nor creation; a first version is created where it is put. */
static inline bool pkc_version_is_sound(const pkc_version_head *head, int64_t revision_max) {
    return pkc_op_is_sound(head->key_size, head->value_size) &&
           head->mod_revision <= revision_max && head->create_revision >= 0 &&
           head->create_revision <= head->mod_revision && head->version >= 0 &&
           head->version <= PKC_VERSION_MAX &&
           (head->version == 0) == (head->create_revision == 0) &&
           (head->version == 1) == (head->create_revision == head->mod_revision);
}

#endif
