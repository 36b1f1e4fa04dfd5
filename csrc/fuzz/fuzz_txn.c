/* Any transactions: a status or an answer, a sound store after each, and the same store again from
 * its log. */
#include "../tests/disk.h"
#include "../tests/workload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OPS = 6, DEPTH = 3 };

static const pkc_store_options options = {.salt = 7, .ahead_bytes = 64, .segment_bytes = 2000};

typedef struct {
    const uint8_t *at;
    const uint8_t *end;
    pkc_op ops[256];
    pkc_compare compares[256];
    pkc_txn txns[64];
    int op_count;
    int compare_count;
    int txn_count;
} input;

static int take(input *in, int below) {
    return in->at < in->end ? *in->at++ % below : 0;
}

static int64_t number(input *in) {
    return take(in, 64) - 8;
}

static void take_span(input *in, const char **key, int64_t *key_size, const char **end,
                      int64_t *end_size) {
    static const char *const keys[] = {"a", "ab", "b", "c", "ca", "\xff", "\xff\xff", ""};
    static const char *const ends[] = {"", "", "b", "d", "\xff", "a"};
    *key = keys[take(in, 8)];
    *key_size = (int64_t)strlen(*key);
    int which = take(in, 7);
    *end = which == 6 ? "" : ends[which];
    *end_size = which == 6 ? 1 : (int64_t)strlen(*end); /* one zero byte */
}

static const pkc_txn *take_txn(input *in, int depth);

static void take_op(input *in, pkc_op *op, int depth) {
    *op = (pkc_op){.kind = take(in, depth > 0 ? 5 : 4)};
    if (op->kind == PKC_OP_TXN) {
        op->txn = take_txn(in, depth - 1);
        return;
    }
    take_span(in, &op->key, &op->key_size, &op->end, &op->end_size);
    op->flags = take(in, 32);
    if (op->kind == PKC_OP_PUT) {
        static const char *const values[] = {"", "1", "22", "333"};
        op->end_size = 0;
        op->value = values[take(in, 4)];
        op->value_size = (int64_t)strlen(op->value);
        op->lease = take(in, 4);
    } else if (op->kind == PKC_OP_RANGE) {
        op->limit = number(in);
        op->revision = number(in);
        op->sort_order = take(in, 4);
        op->sort_target = take(in, 6);
        op->min_mod_revision = take(in, 4);
        op->max_create_revision = take(in, 4);
    }
}

static const pkc_op *take_ops(input *in, int32_t *count, int depth) {
    int wanted = take(in, OPS);
    if (in->op_count + wanted > 256) {
        wanted = 0;
    }
    pkc_op *ops = in->ops + in->op_count;
    in->op_count += wanted;
    *count = wanted;
    for (int i = 0; i < wanted; i++) {
        take_op(in, &ops[i], depth);
    }
    return ops;
}

static const pkc_txn *take_txn(input *in, int depth) {
    static const pkc_txn empty;
    if (in->txn_count == 64 || in->compare_count + 2 > 256) {
        return &empty;
    }
    pkc_txn *txn = &in->txns[in->txn_count++];
    *txn = (pkc_txn){.compares = in->compares + in->compare_count};
    txn->compare_count = take(in, 3);
    for (int i = 0; i < txn->compare_count; i++) {
        pkc_compare *c = &in->compares[in->compare_count++];
        *c = (pkc_compare){.target = take(in, 5), .result = take(in, 5), .number = number(in)};
        take_span(in, &c->key, &c->key_size, &c->end, &c->end_size);
        c->value = "22";
        c->value_size = take(in, 3);
    }
    txn->success = take_ops(in, &txn->success_count, depth);
    txn->failure = take_ops(in, &txn->failure_count, depth);
    return txn;
}

static void step(pkc_store *store, input *in) {
    pkc_answer answer = {0};
    int64_t ttl;
    int status;
    switch (take(in, 8)) {
    case 0: status = pkc_store_compact(store, number(in), &answer); break;
    case 1: status = pkc_store_lease_grant(store, 1 + take(in, 3), 5, 0, &ttl, &answer); break;
    case 2: status = pkc_store_lease_revoke(store, 1 + take(in, 3), &answer); break;
    case 3: status = pkc_store_snapshot(store); break;
    default:
        in->op_count = in->compare_count = in->txn_count = 0;
        status = pkc_store_txn(store, take_txn(in, DEPTH), &answer);
        break;
    }
    EXPECT(status <= 0 && status >= PKC_ERR_LAST && status != PKC_ERR_CORRUPT);
    if (status == PKC_OK) {
        EXPECT(pkc_store_commit(store, answer.ticket) == PKC_OK);
    }
    pkc_answer_free(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static input in;
    disk d = {.room = -1};
    pkc_store *store;
    pkc_store_fault fault;
    pkc_file_table table = disk_table(&d);
    in = (input){.at = data, .end = data + size};
    EXPECT(pkc_store_open_table(&table, &options, &store, &fault) == PKC_OK);
    for (int i = 0; i < 30 && in.at < in.end; i++) {
        fingerprint before = fingerprint_of(store);
        step(store, &in);
        EXPECT(fingerprint_of(store).revision >= before.revision);
    }
    fingerprint before = fingerprint_of(store);
    pkc_store_free(store);
    EXPECT(pkc_store_open_table(&table, &options, &store, &fault) == PKC_OK);
    fingerprint after = fingerprint_of(store);
    EXPECT(fingerprint_equal(&before, &after));
    pkc_store_free(store);
    disk_free(&d);
    return 0;
}
