/* Keys and their versions, known to every part of the store. */
#ifndef PKC_STORE_KEY_H
#define PKC_STORE_KEY_H

#include <stdbool.h>
#include <string.h>

#include "store/arena.h"
#include "store/shape.h"

/* A key's life. Put at revisions 2 and 3, deleted at 5, put again at 6, it looks like this:
 *
 *     key a  newest ─► [6: version 1, created 6]
 *                        prev ─► [5: tombstone]
 *                                  prev ─► [3: version 2, created 2]
 *                                            prev ─► [2: version 1, created 2]
 *                                                      prev ─► none
 *     log    2  3  5  6        every version once, in the order of the revisions
 *
 * A reader at revision 4 walks from the newest to the first version of revision 4 or less, which
 * is 3.
 *
 *     compact(3)   frees 2, which 3 supersedes; 3 stays, since a reader at 3 or 4 sees it.
 *     compact(5)   frees 3. The tombstone stays: a watch from 5 on must see the delete.
 *     compact(6)   frees the tombstone. The rest: newest ─► [6], prev ─► none.
 *
 * Were there no put at 6, compact(6) would leave no version, and the key would go with the last
 * one: out of both indexes, its memory freed. A write that is rolled back walks the other way:
 * undo takes the last entry of the log, newest becomes its prev, and a key without a version
 * goes. */
typedef struct pkc_key pkc_key;
typedef struct pkc_version pkc_version;

struct pkc_key {
    pkc_ref newest; /* version; 0 once the key is dead */
    uint32_t hash;
    uint32_t size;
    uint8_t bytes[];
};
_Static_assert(sizeof(pkc_key) == 12, "a key costs 12 bytes over its name");

#define PKC_VERSION_MAX (((int64_t)1 << 39) - 1)

/* One key at one revision. Behind it stand eight bytes of create revision from version 2 on (at
 * version 1 it is the mod revision), eight bytes of lease if it has one, and the value, which is a
 * packed one (store/shape.h) or its bytes. */
struct pkc_version {
    int64_t mod_revision;
    pkc_ref key;
    pkc_ref prev; /* the version before, 0 when there is none or it was compacted */
    uint64_t version : 39; /* 0: a tombstone */
    uint64_t value_size : 21; /* as it is read, packed or not */
    uint64_t is_packed : 1;
    uint64_t has_lease : 1;
    uint64_t superseded : 1; /* a tombstone that compaction found below another version */
    uint64_t dead : 1;       /* freed; its block was not */
    uint8_t tail[];
};
_Static_assert(sizeof(pkc_version) == 24, "a version costs 24 bytes over its value, or 32");

static inline pkc_key *pkc_arena_key(const pkc_arena *arena, pkc_ref ref) {
    return pkc_arena_at(arena, ref);
}

static inline pkc_version *pkc_arena_version(const pkc_arena *arena, pkc_ref ref) {
    return pkc_arena_at(arena, ref);
}

static inline int64_t pkc_key_bytes(const pkc_key *key) {
    return (int64_t)sizeof(*key) + key->size;
}

static inline bool pkc_version_is_tombstone(const pkc_version *v) {
    return v->version == 0;
}

/* Whether one of the transactions side by side within one deleted what an earlier of them had put:
 * the only two versions of a key that share a revision. `before` may be NULL. */
static inline bool pkc_version_ends(const pkc_version *v, const pkc_version *before) {
    return before != NULL && before->mod_revision == v->mod_revision &&
           pkc_version_is_tombstone(v) && !pkc_version_is_tombstone(before);
}

/* Bytes of the tail before the lease, and before the value. */
static inline int64_t pkc_version_lease_at(const pkc_version *v) {
    return v->version > 1 ? 8 : 0;
}

static inline int64_t pkc_version_value_at(const pkc_version *v) {
    return pkc_version_lease_at(v) + (v->has_lease != 0 ? 8 : 0);
}

/* The value as it is kept; see pkc_store_value for what is read. */
static inline const uint8_t *pkc_version_kept(const pkc_version *v) {
    return v->tail + pkc_version_value_at(v);
}

static inline int64_t pkc_version_bytes(const pkc_version *v) {
    int64_t kept = v->is_packed != 0 ? pkc_packed_bytes(pkc_version_kept(v))
                                     : (int64_t)v->value_size;
    return (int64_t)sizeof(*v) + pkc_version_value_at(v) + kept;
}

/* 0 for a tombstone. */
static inline int64_t pkc_version_create_revision(const pkc_version *v) {
    int64_t revision = v->version == 0 ? 0 : v->mod_revision;
    if (v->version > 1) {
        memcpy(&revision, v->tail, 8);
    }
    return revision;
}

static inline int64_t pkc_version_lease(const pkc_version *v) {
    int64_t lease = 0;
    if (v->has_lease != 0) {
        memcpy(&lease, v->tail + pkc_version_lease_at(v), 8);
    }
    return lease;
}

static inline int pkc_bytes_compare(const void *a, int64_t a_size, const void *b,
                                    int64_t b_size) {
    int64_t shorter = a_size < b_size ? a_size : b_size;
    int order = shorter == 0 ? 0 : memcmp(a, b, (size_t)shorter);
    if (order == 0) {
        order = (a_size > b_size) - (a_size < b_size);
    }
    return order;
}

#endif
