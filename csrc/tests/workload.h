/* A little of everything that a store can do, and a fingerprint of what it holds. */
#ifndef PKC_TEST_WORKLOAD_H
#define PKC_TEST_WORKLOAD_H

#include <string.h>

#include "pkc.h"
#include "test.h"

typedef struct {
    int64_t revision;
    int64_t compact_revision;
    int64_t leases;
    uint32_t hash;
} fingerprint;

static inline fingerprint fingerprint_of(pkc_store *store) {
    pkc_answer answer = {0};
    fingerprint print = {0};
    const char *reason = NULL;
    int64_t ids[16];
    EXPECT(pkc_store_validate(store, &reason) == PKC_OK);
    EXPECT(pkc_store_hash(store, 0, &print.hash, &answer) == PKC_OK);
    print.revision = answer.revision;
    print.compact_revision = answer.compact_revision;
    int64_t count = pkc_store_lease_list(store, ids, 16);
    for (int64_t i = 0; i < count; i++) {
        print.leases = print.leases * 31 + ids[i];
    }
    pkc_answer_free(&answer);
    return print;
}

static inline int fingerprint_equal(const fingerprint *a, const fingerprint *b) {
    return a->revision == b->revision && a->compact_revision == b->compact_revision &&
           a->leases == b->leases && a->hash == b->hash;
}

static inline int put(pkc_store *store, const char *key, const char *value, int64_t lease,
                      pkc_answer *answer) {
    return pkc_store_put(store, key, (int64_t)strlen(key), value, (int64_t)strlen(value), lease,
                         0, answer);
}

static inline pkc_op put_op(const char *key, const char *value) {
    return (pkc_op){.kind = PKC_OP_PUT,
                    .key = key,
                    .key_size = (int64_t)strlen(key),
                    .value = value,
                    .value_size = (int64_t)strlen(value)};
}

static inline pkc_op range_op(const char *key, const char *end) {
    return (pkc_op){.kind = PKC_OP_RANGE,
                    .key = key,
                    .key_size = (int64_t)strlen(key),
                    .end = end,
                    .end_size = (int64_t)strlen(end)};
}

/* Two keys whose values are one long form, filled. */
static inline int put_filled(pkc_store *store, int i, pkc_answer *answer) {
    static const int32_t key_gaps[] = {0, 0};
    static const int32_t value_gaps[] = {10, 1, 100, 1};
    static const pkc_form key = {.text = "", .gaps = key_gaps, .gap_count = 1};
    char text[150];
    memset(text, 'f', sizeof(text));
    pkc_form value = {.text = text, .gaps = value_gaps, .size = sizeof(text), .gap_count = 2};
    value.id = (uint64_t)(1 + i % 3); /* equal texts, so two ids may name them */
    const pkc_form *forms[] = {&key, &key, &value, &value};
    const pkc_text fields[] = {{"key-4", 5}, {"own", 3}, {"filled", 6}, {"longer than that", 16}};
    return pkc_store_put_filled(store, forms, fields, 2, NULL, 2, 0, answer);
}

/* Step `i` of a workload: one staged change, or none. Every kind of record comes up. */
static inline int workload_step(pkc_store *store, int i, pkc_answer *answer) {
    char key[32];
    char value[200];
    int64_t ttl;
    snprintf(key, sizeof(key), "key-%d", i % 7);
    memset(value, 'a' + i % 26, sizeof(value));
    value[i * 37 % 190] = 0;
    switch (i % 11) {
    case 2: {
        const int64_t sizes[2] = {5, 6};
        return pkc_store_delete_if(store, "key-5if-new", sizes, NULL, 2, answer);
    }
    case 3: return pkc_store_delete(store, "key-1", 5, "key-3", 5, 0, answer);
    case 4: return put_filled(store, i, answer);
    case 5: return pkc_store_lease_grant(store, i, 60, 0, &ttl, answer);
    case 6: return put(store, key, value, i - 1, answer);
    case 7: {
        const int64_t sizes[4] = {5, 5, 3, 0};
        return pkc_store_put_if(store, "key-4if-newabc", sizes, NULL, 2, 0, answer);
    }
    case 8: {
        pkc_op ops[3] = {put_op("txn-b", value), put_op("txn-a", ""), range_op("key-0", "z")};
        pkc_txn txn = {.success = ops, .success_count = 3};
        return pkc_store_txn(store, &txn, answer);
    }
    case 9: return pkc_store_lease_revoke(store, i - 4, answer);
    case 10: return pkc_store_compact(store, i * 6 / 10, answer);
    default: return put(store, key, value, 0, answer);
    }
}

#endif
