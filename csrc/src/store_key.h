/* Keys and their versions: what every part of the store knows. */
#ifndef PKC_STORE_KEY_H
#define PKC_STORE_KEY_H

#include <stdint.h>
#include <string.h>

typedef struct pkc_key pkc_key;
typedef struct pkc_version pkc_version;

struct pkc_key {
    pkc_version *newest;
    uint32_t hash;
    uint32_t size;
    uint8_t bytes[];
};
_Static_assert(sizeof(pkc_key) == 16, "a key costs 16 bytes over its name");

#define PKC_VERSION_MAX (((int64_t)1 << 40) - 1)

/* One key at one revision. The value follows, after eight bytes of lease if it has one. */
struct pkc_version {
    int64_t mod_revision;
    int64_t create_revision; /* 0: a tombstone */
    pkc_key *key;
    pkc_version *prev; /* the version before, NULL when there is none or it was compacted */
    uint64_t version : 40;
    uint64_t value_size : 22;
    uint64_t has_lease : 1;
    uint64_t dead : 1; /* freed; its block was not */
    uint8_t tail[];
};
_Static_assert(sizeof(pkc_version) == 40, "a version costs 40 bytes over its value");

static inline int64_t pkc_version_bytes(const pkc_version *v) {
    return (int64_t)sizeof(*v) + (int64_t)v->value_size + (v->has_lease != 0 ? 8 : 0);
}

static inline const uint8_t *pkc_version_value(const pkc_version *v) {
    return v->tail + (v->has_lease != 0 ? 8 : 0);
}

static inline int64_t pkc_version_lease(const pkc_version *v) {
    int64_t lease = 0;
    if (v->has_lease != 0) {
        memcpy(&lease, v->tail, 8);
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
