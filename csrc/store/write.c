/* Writes as callers see them: a transaction, one key, many keys at once. */
#include <stdlib.h>

#include "common/check.h"
#include "store/answer.h"
#include "store/check.h"
#include "store/commit.h"
#include "store/history.h"
#include "store/txn.h"
#include "wal/stage.h"

int pkc_store_txn(pkc_store *store, const pkc_txn *txn, pkc_answer *answer_out) {
    return pkc_txn_stage(store, txn, false, answer_out);
}

int pkc_store_put(pkc_store *store, const char *key, int64_t key_size, const char *value,
                  int64_t value_size, int64_t lease, int32_t flags, pkc_answer *answer_out) {
    pkc_op op = {.kind = PKC_OP_PUT,
                 .flags = flags,
                 .key = key,
                 .key_size = key_size,
                 .value = value,
                 .value_size = value_size,
                 .lease = lease};
    pkc_txn txn = {.success = &op, .success_count = 1};
    return pkc_txn_stage(store, &txn, true, answer_out);
}

int pkc_store_delete(pkc_store *store, const char *key, int64_t key_size, const char *end,
                     int64_t end_size, int32_t flags, pkc_answer *answer_out) {
    pkc_op op = {.kind = PKC_OP_DELETE,
                 .flags = flags,
                 .key = key,
                 .key_size = key_size,
                 .end = end,
                 .end_size = end_size};
    pkc_txn txn = {.success = &op, .success_count = 1};
    return pkc_txn_stage(store, &txn, true, answer_out);
}

/* The transaction of `count` operations of single keys, behind compares of their mod revisions. */
static int stage_if(pkc_store *store, const pkc_op *ops, const int64_t *mod_revisions,
                    int64_t count, pkc_answer *answer_out) {
    pkc_compare compares[PKC_STORE_OPS_MAX];
    int32_t compare_count = mod_revisions == NULL ? 0 : (int32_t)count;
    for (int32_t i = 0; i < compare_count; i++) {
        compares[i] = (pkc_compare){.target = PKC_COMPARE_MOD,
                                    .key = ops[i].key,
                                    .key_size = ops[i].key_size,
                                    .number = mod_revisions[i]};
    }
    pkc_txn txn = {.compares = compares,
                   .success = ops,
                   .compare_count = compare_count,
                   .success_count = (int32_t)count};
    int status = pkc_txn_stage(store, &txn, false, answer_out);
    if (status == PKC_OK) {
        answer_out->result_count = 1;
        answer_out->results[0].children = 0;
    }
    return status;
}

static int check_count(int64_t count) {
    bool fits = count >= 0 && count <= PKC_STORE_OPS_MAX;
    return fits ? PKC_OK : count < 0 ? PKC_ERR_INVALID : PKC_ERR_OP_COUNT;
}

int pkc_store_put_if(pkc_store *store, const char *data, const int64_t *sizes,
                     const int64_t *mod_revisions, int64_t count, int64_t lease,
                     pkc_answer *answer_out) {
    pkc_answer_begin(answer_out);
    PKC_TRY(check_count(count));
    pkc_op ops[PKC_STORE_OPS_MAX];
    const char *value = data;
    for (int64_t i = 0; i < count; i++) {
        value += sizes[i];
    }
    for (int64_t i = 0; i < count; i++) {
        ops[i] = (pkc_op){.kind = PKC_OP_PUT,
                          .key = data,
                          .key_size = sizes[i],
                          .value = value,
                          .value_size = sizes[count + i],
                          .lease = lease};
        data += sizes[i];
        value += sizes[count + i];
    }
    return stage_if(store, ops, mod_revisions, count, answer_out);
}

int pkc_store_put_filled(pkc_store *store, const pkc_form *const *forms, const pkc_text *fields,
                         int64_t field_count, const int64_t *mod_revisions, int64_t count,
                         int64_t lease, pkc_answer *answer_out) {
    pkc_answer_begin(answer_out);
    PKC_TRY(check_count(count));
    int64_t sizes[2 * PKC_STORE_OPS_MAX];
    if (pkc_form_measure(forms, 2 * count, fields, field_count, count, sizes) < 0) {
        return PKC_ERR_INVALID;
    }
    int64_t key_bytes = 1;
    for (int64_t i = 0; i < count; i++) {
        key_bytes += sizes[i];
    }
    char *keys = malloc((size_t)key_bytes);
    if (keys == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    pkc_form_fill(forms, count, fields, field_count, count, keys);
    pkc_op ops[PKC_STORE_OPS_MAX];
    const char *key = keys;
    for (int64_t i = 0; i < count; i++) {
        ops[i] = (pkc_op){.kind = PKC_OP_PUT,
                          .key = key,
                          .key_size = sizes[i],
                          .value_size = sizes[count + i],
                          .lease = lease,
                          .form = forms[count + i],
                          .fields = fields + i * field_count};
        key += sizes[i];
    }
    int status = stage_if(store, ops, mod_revisions, count, answer_out);
    free(keys);
    return status;
}

int pkc_store_delete_if(pkc_store *store, const char *data, const int64_t *sizes,
                        const int64_t *mod_revisions, int64_t count, pkc_answer *answer_out) {
    pkc_answer_begin(answer_out);
    PKC_TRY(check_count(count));
    pkc_op ops[PKC_STORE_OPS_MAX];
    for (int64_t i = 0; i < count; i++) {
        ops[i] = (pkc_op){.kind = PKC_OP_DELETE, .key = data, .key_size = sizes[i]};
        data += sizes[i];
    }
    return stage_if(store, ops, mod_revisions, count, answer_out);
}

static int check_many(const int64_t *sizes, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        pkc_op op = {.kind = PKC_OP_PUT, .key_size = sizes[2 * i],
                     .value_size = sizes[2 * i + 1]};
        pkc_txn txn = {.success = &op, .success_count = 1};
        int status = pkc_txn_check(&txn);
        if (status < 0) {
            return status;
        }
    }
    return PKC_OK;
}

static int put_many_locked(pkc_store *store, const char *data, const int64_t *sizes,
                           int64_t count, int64_t lease) {
    int status = pkc_store_admit(store);
    int64_t log_end = store->log.end;
    int64_t staged = store->wal == NULL ? 0 : pkc_wal_staged(store->wal);
    for (int64_t i = 0; status == PKC_OK && i < count; i++) {
        pkc_op op = {.kind = PKC_OP_PUT,
                     .key = data,
                     .key_size = sizes[2 * i],
                     .value = data + sizes[2 * i],
                     .value_size = sizes[2 * i + 1],
                     .lease = lease};
        status = pkc_txn_put(store, store->head_revision + 1 + i, &op);
        data += sizes[2 * i] + sizes[2 * i + 1];
    }
    if (status < 0) {
        pkc_history_undo(store, log_end);
        if (store->wal != NULL) {
            pkc_wal_unstage(store->wal, staged);
        }
    } else if (count > 0) {
        store->head_revision += count;
        pkc_store_staged(store);
    }
    return status;
}

int pkc_store_put_many(pkc_store *store, const char *data, const int64_t *sizes, int64_t count,
                       int64_t lease, pkc_answer *answer_out) {
    pkc_answer_begin(answer_out);
    if (count < 0 || count > INT32_MAX) {
        return PKC_ERR_INVALID;
    }
    int status = check_many(sizes, count);
    if (status < 0) {
        return status;
    }
    pkc_store_lock(store);
    status = put_many_locked(store, data, sizes, count, lease);
    if (status == PKC_OK) {
        pkc_answer_end(answer_out, store, true);
    } else {
        pkc_answer_await(answer_out, store);
    }
    pkc_store_unlock(store);
    return status < 0 ? status : (int)count;
}
