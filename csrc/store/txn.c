/* Transactions: compares, checks, operations, and their record in the log. */
#include "store/txn.h"

#include <stdlib.h>

#include "common/check.h"
#include "store/answer.h"
#include "store/check.h"
#include "store/commit.h"
#include "store/history.h"
#include "store/sound.h"
#include "store/range.h"
#include "wal/stage.h"

enum { PATH_ON_STACK = 64, ALL_HELD = -1 };

/* A transaction under way. Compares of all levels are decided before anything is written, as in
 * etcd; `path` holds the outcomes in the order in which the walks below meet the levels. */
typedef struct {
    pkc_store *store;
    pkc_answer *answer;
    int64_t *path; /* compares that held before the first that did not, or ALL_HELD */
    int64_t path_count;
    int64_t at;       /* next outcome to use */
    int64_t revision; /* that writes get */
    int64_t read_revision;
    uint32_t written; /* operations in the log record */
    bool writes;      /* there is a put or delete in it */
} run;

static bool holds(int32_t result, int order) {
    switch (result) {
    case PKC_COMPARE_EQUAL: return order == 0;
    case PKC_COMPARE_NOT_EQUAL: return order != 0;
    case PKC_COMPARE_GREATER: return order > 0;
    case PKC_COMPARE_LESS: return order < 0;
    }
    return true;
}

static bool compare_version(const run *r, const pkc_compare *c, const pkc_version *version) {
    int64_t number = 0;
    switch (c->target) {
    case PKC_COMPARE_VALUE:
        /* A missing key is no value at all: false for every relation. */
        return version != NULL &&
               holds(c->result,
                     pkc_version_compare(r->store, version, c->value, c->value_size));
    case PKC_COMPARE_VERSION: number = version == NULL ? 0 : (int64_t)version->version; break;
    case PKC_COMPARE_CREATE:
        number = version == NULL ? 0 : pkc_version_create_revision(version);
        break;
    case PKC_COMPARE_MOD: number = version == NULL ? 0 : version->mod_revision; break;
    case PKC_COMPARE_LEASE: number = version == NULL ? 0 : pkc_version_lease(version); break;
    }
    return holds(c->result, (number > c->number) - (number < c->number));
}

static bool compare_range(const run *r, const pkc_compare *c) {
    pkc_span span;
    pkc_span_open(r->store, &span, c->key, c->key_size, c->end, c->end_size);
    pkc_key *key;
    pkc_version *version;
    bool found = false;
    while (pkc_span_next(r->store, &span, r->read_revision, &key, &version)) {
        found = true;
        if (!compare_version(r, c, version)) {
            return false;
        }
    }
    return found || compare_version(r, c, NULL);
}

static const pkc_op *branch(const pkc_txn *txn, bool succeeded, int32_t *count_out) {
    *count_out = succeeded ? txn->success_count : txn->failure_count;
    return succeeded ? txn->success : txn->failure;
}

static void decide(run *r, const pkc_txn *txn) {
    int32_t held = 0;
    while (held < txn->compare_count && compare_range(r, &txn->compares[held])) {
        held++;
    }
    bool succeeded = held == txn->compare_count;
    r->path[r->path_count++] = succeeded ? ALL_HELD : held;
    int32_t count;
    const pkc_op *ops = branch(txn, succeeded, &count);
    for (int32_t i = 0; i < count; i++) {
        if (ops[i].kind == PKC_OP_TXN) {
            decide(r, ops[i].txn);
        }
    }
}

static int check_put(const run *r, const pkc_op *op) {
    pkc_store *store = r->store;
    if ((op->flags & (PKC_FLAG_IGNORE_VALUE | PKC_FLAG_IGNORE_LEASE)) != 0) {
        const pkc_key *key = pkc_store_find(store, op->key, op->key_size);
        if (key == NULL || pkc_store_at(store, key, r->read_revision) == NULL) {
            return PKC_ERR_KEY_MISSING;
        }
    }
    if (op->lease != 0 && pkc_leases_alive(&store->leases, op->lease) == NULL) {
        return PKC_ERR_LEASE_NOT_FOUND;
    }
    int64_t quota = store->options.quota_bytes;
    bool over = quota > 0 && store->version_bytes + store->key_bytes >= quota;
    return over ? PKC_ERR_QUOTA : PKC_OK;
}

static int check_range(const run *r, const pkc_op *op) {
    int64_t newest = r->writes ? r->store->head_revision : r->store->visible_revision;
    if (op->revision > newest) {
        return PKC_ERR_FUTURE;
    }
    bool compacted = op->revision > 0 && op->revision < r->store->compact_revision;
    return compacted ? PKC_ERR_COMPACTED : PKC_OK;
}

/* Refuse, before anything is written, what an operation of `kind` on the path would refuse. */
static int check_path(run *r, const pkc_txn *txn, int32_t kind) {
    int32_t count;
    const pkc_op *ops = branch(txn, r->path[r->at++] == ALL_HELD, &count);
    int status = PKC_OK;
    for (int32_t i = 0; status == PKC_OK && i < count; i++) {
        if (ops[i].kind == PKC_OP_TXN) {
            status = check_path(r, ops[i].txn, kind);
        } else if (ops[i].kind == kind) {
            status = kind == PKC_OP_PUT ? check_put(r, &ops[i]) : check_range(r, &ops[i]);
        }
    }
    return status;
}

/* Append what is read of a value. */
static int record_value(pkc_wal *wal, const pkc_content *value) {
    if (value->form == NULL) {
        return pkc_wal_append(wal, value->bytes, value->size);
    }
    char *filled = malloc((size_t)value->size + 1);
    if (filled == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    pkc_form_write(value->form, value->fields, filled);
    int status = pkc_wal_append(wal, filled, value->size);
    free(filled);
    return status;
}

/* The log's copy of an operation. The record begins with the first one. PKC_ERR_REQUEST_SIZE:
 * puts that keep their values made the record too large, which the size of the request does not
 * tell. */
static int record(run *r, const pkc_op *op, const pkc_content *second, int64_t lease) {
    pkc_wal *wal = r->store->wal;
    if (wal == NULL) {
        return PKC_OK;
    }
    PKC_CHECK(pkc_op_is_sound(op->key_size, second->size));
    PKC_CHECK(r->revision > r->store->head_revision);
    if (r->written == 0) {
        PKC_TRY(pkc_wal_begin(wal, PKC_RECORD_TXN));
        PKC_TRY(pkc_wal_append(wal, &r->revision, 8));
        PKC_TRY(pkc_wal_append(wal, &r->written, 4));
    }
    int64_t op_bytes = PKC_LOGGED_OP_BYTES + op->key_size + second->size;
    if (op_bytes > wal->payload_bytes_max - pkc_wal_open_bytes(wal)) {
        return PKC_ERR_REQUEST_SIZE;
    }
    uint32_t head[3] = {op->kind == PKC_OP_PUT ? PKC_LOGGED_PUT : PKC_LOGGED_DELETE,
                        (uint32_t)op->key_size, (uint32_t)second->size};
    PKC_TRY(pkc_wal_append(wal, head, 12));
    PKC_TRY(pkc_wal_append(wal, &lease, 8));
    PKC_TRY(pkc_wal_append(wal, op->key, op->key_size));
    PKC_TRY(record_value(wal, second));
    r->written++;
    return PKC_OK;
}

/* The parts that an update keeps of the version it replaces, and the answer's copy of that. The
 * caller frees `copy_out`. */
static int keep_of_last(run *r, const pkc_op *op, int64_t index, pkc_content *value,
                        int64_t *lease, char **copy_out) {
    pkc_store *store = r->store;
    const pkc_key *key = pkc_store_find(store, op->key, op->key_size);
    const pkc_version *last = key == NULL ? NULL : pkc_store_at(store, key, PKC_REVISION_HEAD);
    bool ignores = (op->flags & (PKC_FLAG_IGNORE_VALUE | PKC_FLAG_IGNORE_LEASE)) != 0;
    if (last == NULL) {
        return ignores ? PKC_ERR_KEY_MISSING : PKC_OK; /* an earlier operation deleted it */
    }
    if ((op->flags & PKC_FLAG_IGNORE_VALUE) != 0) {
        *copy_out = malloc(last->value_size + 1);
        if (*copy_out == NULL) {
            return PKC_ERR_NO_MEMORY;
        }
        pkc_version_read(store, last, *copy_out);
        *value = (pkc_content){.bytes = *copy_out, .size = (int64_t)last->value_size};
    }
    if ((op->flags & PKC_FLAG_IGNORE_LEASE) != 0) {
        *lease = pkc_version_lease(last);
    }
    if ((op->flags & PKC_FLAG_PREV_KV) != 0) {
        PKC_TRY(pkc_answer_add_kv(r->answer, store, key, last));
        r->answer->results[index].kv_count = 1;
    }
    return PKC_OK;
}

static int run_put(run *r, const pkc_op *op, int64_t index) {
    pkc_content value = {op->value, op->value_size, op->form, op->fields};
    char *copy = NULL;
    int64_t lease = op->lease;
    int32_t keeps = PKC_FLAG_PREV_KV | PKC_FLAG_IGNORE_VALUE | PKC_FLAG_IGNORE_LEASE;
    int status = PKC_OK;
    if ((op->flags & keeps) != 0) {
        status = keep_of_last(r, op, index, &value, &lease, &copy);
    }
    if (status == PKC_OK) {
        status = pkc_history_put(r->store, r->revision, op->key, op->key_size, &value, lease);
    }
    if (status == PKC_OK) {
        status = record(r, op, &value, lease);
    }
    free(copy);
    return status;
}

int64_t pkc_delete_run(pkc_store *store, int64_t revision, const pkc_op *op,
                       pkc_answer *answer) {
    pkc_span span;
    pkc_span_open(store, &span, op->key, op->key_size, op->end, op->end_size);
    pkc_key *key;
    pkc_version *version;
    int64_t count = 0;
    while (pkc_span_next(store, &span, PKC_REVISION_HEAD, &key, &version)) {
        if (answer != NULL && (op->flags & PKC_FLAG_PREV_KV) != 0) {
            PKC_TRY(pkc_answer_add_kv(answer, store, key, version));
        }
        PKC_TRY(pkc_history_delete(store, revision, key));
        count++;
    }
    return count;
}

static int run_delete(run *r, const pkc_op *op, int64_t index) {
    int64_t count = pkc_delete_run(r->store, r->revision, op, r->answer);
    if (count < 0) {
        return (int)count;
    }
    pkc_result *result = &r->answer->results[index];
    result->count = count;
    result->kv_count = r->answer->kv_count - result->kv_first;
    pkc_content end = {.bytes = op->end, .size = op->end_size};
    return count == 0 ? PKC_OK : record(r, op, &end, 0);
}

static int run_ops(run *r, const pkc_op *ops, int32_t count);

static int run_nested(run *r, const pkc_txn *txn) {
    int64_t index;
    int status = pkc_answer_add_result(r->answer, PKC_OP_TXN, &index);
    if (status < 0) {
        return status;
    }
    int64_t held = r->path[r->at++];
    bool succeeded = held == ALL_HELD;
    int32_t count;
    const pkc_op *ops = branch(txn, succeeded, &count);
    r->answer->results[index].succeeded = succeeded;
    r->answer->results[index].children = count;
    r->answer->results[index].count = succeeded ? txn->compare_count : held;
    return run_ops(r, ops, count);
}

static int run_ops(run *r, const pkc_op *ops, int32_t count) {
    int status = PKC_OK;
    for (int32_t i = 0; status >= 0 && i < count; i++) {
        const pkc_op *op = &ops[i];
        if (op->kind == PKC_OP_TXN) {
            status = run_nested(r, op->txn);
        } else if (op->kind == PKC_OP_RANGE) {
            status = pkc_range_run(r->store, op, r->read_revision, r->revision, r->answer);
        } else {
            int64_t index;
            status = pkc_answer_add_result(r->answer, op->kind, &index);
            if (status == PKC_OK) {
                status = op->kind == PKC_OP_PUT ? run_put(r, op, index)
                                                : run_delete(r, op, index);
            }
        }
    }
    return status;
}

static void count_levels(const pkc_op *ops, int32_t count, int64_t *levels, bool *writes) {
    for (int32_t i = 0; i < count; i++) {
        if (ops[i].kind == PKC_OP_TXN) {
            ++*levels;
            count_levels(ops[i].txn->success, ops[i].txn->success_count, levels, writes);
            count_levels(ops[i].txn->failure, ops[i].txn->failure_count, levels, writes);
        } else if (ops[i].kind != PKC_OP_RANGE) {
            *writes = true;
        }
    }
}

/* Run what was decided; `bare` leaves out the result of the transaction itself. */
static int run_checked(run *r, const pkc_txn *txn, bool bare) {
    pkc_store *store = r->store;
    r->at = 0;
    PKC_TRY(check_path(r, txn, PKC_OP_PUT));
    r->at = 0;
    PKC_TRY(check_path(r, txn, PKC_OP_RANGE));
    int64_t log_end = store->log.end;
    int64_t staged = store->wal == NULL ? 0 : pkc_wal_staged(store->wal);
    int status;
    r->at = 0;
    if (bare) {
        r->at = 1;
        status = run_ops(r, txn->success, txn->success_count);
    } else {
        status = run_nested(r, txn);
    }
    if (status < 0) {
        pkc_history_undo(store, log_end);
        if (store->wal != NULL) {
            pkc_wal_unstage(store->wal, staged);
        }
        return status;
    }
    if (store->log.end > log_end) {
        store->head_revision = r->revision;
        if (store->wal != NULL) {
            PKC_CHECK(r->written > 0);
            pkc_wal_end(store->wal, 8, r->written);
        }
        pkc_store_staged(store);
    }
    return PKC_OK;
}

static int run_locked(pkc_store *store, const pkc_txn *txn, bool bare, pkc_answer *answer) {
    int64_t on_stack[PATH_ON_STACK];
    int64_t levels = 1;
    run r = {.store = store, .answer = answer, .path = on_stack};
    count_levels(txn->success, txn->success_count, &levels, &r.writes);
    count_levels(txn->failure, txn->failure_count, &levels, &r.writes);
    int status = r.writes ? pkc_store_admit(store) : store->closed ? PKC_ERR_CLOSED : PKC_OK;
    if (status < 0) {
        return status;
    }
    if (levels > PATH_ON_STACK) {
        r.path = malloc((size_t)levels * sizeof(r.path[0]));
        if (r.path == NULL) {
            return PKC_ERR_NO_MEMORY;
        }
    }
    r.revision = store->head_revision + 1;
    r.read_revision = r.writes ? PKC_REVISION_HEAD : store->visible_revision;
    decide(&r, txn);
    status = run_checked(&r, txn, bare);
    if (r.path != on_stack) {
        free(r.path);
    }
    if (status == PKC_OK) {
        pkc_answer_end(answer, store, r.writes);
    } else if (r.writes) {
        pkc_answer_await(answer, store);
    }
    return status;
}

int pkc_txn_stage(pkc_store *store, const pkc_txn *txn, bool bare, pkc_answer *answer_out) {
    pkc_answer_begin(answer_out);
    PKC_TRY(pkc_txn_check(txn));
    PKC_TRY(pkc_txn_check_overlap(&store->index, txn));
    pkc_store_lock(store);
    int status = run_locked(store, txn, bare, answer_out);
    pkc_store_unlock(store);
    return status;
}

int pkc_txn_put(pkc_store *store, int64_t revision, const pkc_op *op) {
    run r = {
        .store = store, .revision = revision, .read_revision = PKC_REVISION_HEAD, .writes = true};
    PKC_TRY(check_put(&r, op));
    PKC_TRY(run_put(&r, op, 0));
    if (store->wal != NULL) {
        pkc_wal_end(store->wal, 8, r.written);
    }
    return PKC_OK;
}
