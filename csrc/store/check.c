/* Requests that are refused before anything is looked at. */
#include "store/check.h"

#include <stdlib.h>

typedef struct {
    int64_t bytes;
    int64_t ops;
} cost;

static int check_txn(const pkc_txn *txn, int32_t ops_max, cost *total);

static int check_sizes(int64_t a, int64_t b, int64_t c, cost *total) {
    int64_t most = PKC_STORE_REQUEST_BYTES_MAX;
    if (a < 0 || b < 0 || c < 0) {
        return PKC_ERR_INVALID;
    }
    if (a > most || b > most || c > most || (total->bytes += a + b + c) > most) {
        return PKC_ERR_REQUEST_SIZE;
    }
    return ++total->ops > PKC_TXN_OPS_MAX ? PKC_ERR_OP_COUNT : PKC_OK;
}

static int check_op(const pkc_op *op, int32_t ops_max, cost *total) {
    if (op->kind == PKC_OP_TXN) {
        return op->txn == NULL ? PKC_ERR_INVALID : check_txn(op->txn, ops_max, total);
    }
    if (op->kind < PKC_OP_RANGE || op->kind > PKC_OP_DELETE) {
        return PKC_ERR_INVALID;
    }
    if (op->key_size == 0) {
        return PKC_ERR_KEY_EMPTY;
    }
    if (op->kind == PKC_OP_PUT && (op->flags & PKC_FLAG_IGNORE_VALUE) != 0 &&
        op->value_size != 0) {
        return PKC_ERR_VALUE_PROVIDED;
    }
    if (op->kind == PKC_OP_PUT && (op->flags & PKC_FLAG_IGNORE_LEASE) != 0 && op->lease != 0) {
        return PKC_ERR_LEASE_PROVIDED;
    }
    return check_sizes(op->key_size, op->end_size, op->value_size, total);
}

static int check_ops(const pkc_op *ops, int32_t count, int32_t ops_max, cost *total) {
    int status = PKC_OK;
    for (int32_t i = 0; status == PKC_OK && i < count; i++) {
        status = check_op(&ops[i], ops_max, total);
    }
    return status;
}

/* etcd's checkTxnRequest: each level takes the longest of its lists from what is left. */
static int check_txn(const pkc_txn *txn, int32_t ops_max, cost *total) {
    int32_t longest = txn->compare_count;
    longest = txn->success_count > longest ? txn->success_count : longest;
    longest = txn->failure_count > longest ? txn->failure_count : longest;
    if (txn->compare_count < 0 || txn->success_count < 0 || txn->failure_count < 0) {
        return PKC_ERR_INVALID;
    }
    if (longest > ops_max) {
        return PKC_ERR_OP_COUNT;
    }
    for (int32_t i = 0; i < txn->compare_count; i++) {
        const pkc_compare *compare = &txn->compares[i];
        if (compare->key_size == 0) {
            return PKC_ERR_KEY_EMPTY;
        }
        int status = check_sizes(compare->key_size, compare->end_size, compare->value_size,
                                 total);
        if (status < 0) {
            return status;
        }
    }
    int status = check_ops(txn->success, txn->success_count, ops_max - longest, total);
    if (status == PKC_OK) {
        status = check_ops(txn->failure, txn->failure_count, ops_max - longest, total);
    }
    return status;
}

int pkc_txn_check(const pkc_txn *txn) {
    cost total = {0};
    return check_txn(txn, PKC_STORE_OPS_MAX, &total);
}

/* Keys put and ranges deleted, as one walk over the operations meets them. Each level of nesting
 * appends to both lists; its own part starts where it began. */
typedef struct {
    const pkc_op **puts;
    uint32_t *hashes;
    const pkc_op **deletes;
    int64_t put_count;
    int64_t delete_count;
    int64_t capacity;
    const pkc_index *index;
} overlap;

static bool covers(const pkc_op *delete, const pkc_op *put) {
    if (delete->end_size == 0) {
        return pkc_bytes_compare(delete->key, delete->key_size, put->key, put->key_size) == 0;
    }
    bool endless = delete->end_size == 1 && delete->end[0] == 0;
    return pkc_bytes_compare(delete->key, delete->key_size, put->key, put->key_size) <= 0 &&
           (endless ||
            pkc_bytes_compare(delete->end, delete->end_size, put->key, put->key_size) > 0);
}

/* Whether put `at` meets a put in [put_low, put_high) or a delete in [delete_low, delete_high). */
static bool clashes(const overlap *o, int64_t at, int64_t put_low, int64_t put_high,
                    int64_t delete_low, int64_t delete_high) {
    const pkc_op *put = o->puts[at];
    for (int64_t i = put_low; i < put_high; i++) {
        if (o->hashes[i] == o->hashes[at] &&
            pkc_bytes_compare(o->puts[i]->key, o->puts[i]->key_size, put->key, put->key_size) ==
                0) {
            return true;
        }
    }
    for (int64_t i = delete_low; i < delete_high; i++) {
        if (covers(o->deletes[i], put)) {
            return true;
        }
    }
    return false;
}

static void add_put(overlap *o, const pkc_op *put) {
    o->hashes[o->put_count] = pkc_index_hash(o->index, put->key, put->key_size);
    o->puts[o->put_count++] = put;
}

static int overlap_ops(overlap *o, const pkc_op *ops, int32_t count);

/* A nested transaction: its branches exclude each other, so they may put the same key. */
static int overlap_nested(overlap *o, const pkc_txn *txn, int64_t puts, int64_t deletes) {
    int64_t outer_puts = o->put_count;
    int64_t outer_deletes = o->delete_count;
    int status = overlap_ops(o, txn->success, txn->success_count);
    if (status == PKC_OK) {
        status = overlap_ops(o, txn->failure, txn->failure_count);
    }
    for (int64_t i = outer_puts; status == PKC_OK && i < o->put_count; i++) {
        if (clashes(o, i, puts, outer_puts, deletes, outer_deletes)) {
            status = PKC_ERR_DUPLICATE_KEY;
        }
    }
    return status;
}

/* etcd's checkIntervals, with its order: deletes of this level, nested transactions, puts. */
static int overlap_ops(overlap *o, const pkc_op *ops, int32_t count) {
    int64_t puts = o->put_count;
    int64_t deletes = o->delete_count;
    for (int32_t i = 0; i < count; i++) {
        if (ops[i].kind == PKC_OP_DELETE) {
            o->deletes[o->delete_count++] = &ops[i];
        }
    }
    for (int32_t i = 0; i < count; i++) {
        int status = ops[i].kind != PKC_OP_TXN
                         ? PKC_OK
                         : overlap_nested(o, ops[i].txn, puts, deletes);
        if (status < 0) {
            return status;
        }
    }
    for (int32_t i = 0; i < count; i++) {
        if (ops[i].kind == PKC_OP_PUT) {
            add_put(o, &ops[i]);
            if (clashes(o, o->put_count - 1, puts, o->put_count - 1, deletes,
                        o->delete_count)) {
                return PKC_ERR_DUPLICATE_KEY;
            }
        }
    }
    return PKC_OK;
}

/* Puts and deletes below a list of operations. */
static int64_t count_writes(const pkc_op *ops, int32_t count) {
    int64_t writes = 0;
    for (int32_t i = 0; i < count; i++) {
        if (ops[i].kind == PKC_OP_TXN) {
            writes += count_writes(ops[i].txn->success, ops[i].txn->success_count) +
                      count_writes(ops[i].txn->failure, ops[i].txn->failure_count);
        } else {
            writes += ops[i].kind != PKC_OP_RANGE;
        }
    }
    return writes;
}

int pkc_txn_check_overlap(const pkc_index *index, const pkc_txn *txn) {
    enum { ON_STACK = 2 * PKC_STORE_OPS_MAX };
    const pkc_op *stack[2 * ON_STACK];
    uint32_t hashes[ON_STACK];
    int64_t counts[2] = {count_writes(txn->success, txn->success_count),
                         count_writes(txn->failure, txn->failure_count)};
    int64_t most = counts[0] > counts[1] ? counts[0] : counts[1];
    if (counts[0] <= 1 && counts[1] <= 1) {
        return PKC_OK;
    }
    overlap o = {stack, hashes, stack + ON_STACK, 0, 0, most, index};
    void *heap = NULL;
    if (most > ON_STACK) {
        heap = malloc((size_t)most * (2 * sizeof(pkc_op *) + sizeof(uint32_t)));
        if (heap == NULL) {
            return PKC_ERR_NO_MEMORY;
        }
        o.puts = heap;
        o.deletes = o.puts + most;
        o.hashes = (uint32_t *)(o.deletes + most);
    }
    int status = overlap_ops(&o, txn->success, txn->success_count);
    o.put_count = 0;
    o.delete_count = 0;
    if (status == PKC_OK) {
        status = overlap_ops(&o, txn->failure, txn->failure_count);
    }
    free(heap);
    return status;
}
