/* Ranges: points, spans, filters, sorting. */
#include "store/range.h"

#include <stdlib.h>

#include "store/answer.h"
#include "store/history.h"

void pkc_span_open(const pkc_store *store, pkc_span *span, const char *key, int64_t key_size,
                   const char *end, int64_t end_size) {
    *span = (pkc_span){
        .key = (const uint8_t *)key,
        .key_size = key_size,
        .end = (const uint8_t *)end,
        .end_size = end_size,
        .single = end_size == 0,
        .endless = end_size == 1 && end[0] == 0,
    };
    if (!span->single) {
        span->cursor = pkc_tree_seek(&store->tree, key, key_size);
    }
}

bool pkc_span_next(const pkc_store *store, pkc_span *span, int64_t revision, pkc_key **key_out,
                   pkc_version **version_out) {
    while (!span->done) {
        pkc_key *key = span->single ? pkc_store_find(store, span->key, span->key_size)
                                    : pkc_tree_next(&span->cursor);
        span->done = span->single || key == NULL ||
                     (!span->endless && pkc_bytes_compare(key->bytes, key->size, span->end,
                                                          span->end_size) >= 0);
        if (key == NULL || (span->done && !span->single)) {
            return false;
        }
        pkc_version *version = pkc_store_at(store, key, revision);
        if (version != NULL) {
            *key_out = key;
            *version_out = version;
            return true;
        }
    }
    return false;
}

static bool filtered(const pkc_op *op) {
    return op->min_mod_revision != 0 || op->max_mod_revision != 0 ||
           op->min_create_revision != 0 || op->max_create_revision != 0;
}

static bool passes(const pkc_op *op, const pkc_version *version) {
    int64_t mod = version->mod_revision;
    int64_t create = pkc_version_create_revision(version);
    return (op->max_mod_revision == 0 || mod <= op->max_mod_revision) &&
           (op->min_mod_revision == 0 || mod >= op->min_mod_revision) &&
           (op->max_create_revision == 0 || create <= op->max_create_revision) &&
           (op->min_create_revision == 0 || create >= op->min_create_revision);
}

/* The order of two entries by their field; equal fields stay in the order of the keys, which is
 * what a stable sort of a range gives. */
static int order(const pkc_kv *a, const pkc_kv *b, int32_t target, int sign) {
    int by_key = pkc_bytes_compare(a->key, a->key_size, b->key, b->key_size);
    int by_field = 0;
    switch (target) {
    case PKC_SORT_KEY: return sign * by_key;
    case PKC_SORT_VERSION:
        by_field = (a->version > b->version) - (a->version < b->version);
        break;
    case PKC_SORT_CREATE:
        by_field = (a->create_revision > b->create_revision) -
                   (a->create_revision < b->create_revision);
        break;
    case PKC_SORT_MOD:
        by_field = (a->mod_revision > b->mod_revision) - (a->mod_revision < b->mod_revision);
        break;
    case PKC_SORT_VALUE:
        by_field = pkc_bytes_compare(a->value, a->value_size, b->value, b->value_size);
        break;
    }
    return by_field != 0 ? sign * by_field : by_key;
}

typedef struct {
    int32_t target;
    int sign;
} sorting;

static int compare_kvs(const void *a, const void *b, void *context) {
    const sorting *how = context;
    return order(a, b, how->target, how->sign);
}

/* etcd sorts ascending when only a target other than the key is given. */
static void sort_kvs(const pkc_op *op, pkc_kv *kvs, int64_t count) {
    int32_t direction = op->sort_order;
    if (direction == PKC_SORT_NONE && op->sort_target != PKC_SORT_KEY) {
        direction = PKC_SORT_ASCEND;
    }
    bool known = op->sort_target >= PKC_SORT_KEY && op->sort_target <= PKC_SORT_VALUE;
    if (!known || (direction != PKC_SORT_ASCEND && direction != PKC_SORT_DESCEND)) {
        return;
    }
    if (direction == PKC_SORT_ASCEND && op->sort_target == PKC_SORT_KEY) {
        return;
    }
    sorting how = {op->sort_target, direction == PKC_SORT_DESCEND ? -1 : 1};
    qsort_r(kvs, (size_t)count, sizeof(pkc_kv), compare_kvs, &how);
}

/* Collect entries from the cursor on; count them all, keep at most `keep` (0: all). */
static int collect(pkc_store *store, const pkc_op *op, int64_t revision, int64_t keep,
                   pkc_answer *answer, int64_t *count_out) {
    pkc_span span;
    pkc_span_open(store, &span, op->key, op->key_size, op->end, op->end_size);
    int64_t first = answer->kv_count;
    int64_t count = 0;
    pkc_key *key;
    pkc_version *version;
    while (pkc_span_next(store, &span, revision, &key, &version)) {
        count++;
        bool full = keep > 0 && answer->kv_count - first == keep;
        if ((op->flags & PKC_FLAG_COUNT_ONLY) != 0 || full || !passes(op, version)) {
            continue;
        }
        int status = pkc_answer_add_kv(answer, store, key, version);
        if (status < 0) {
            return status;
        }
    }
    *count_out = count;
    return PKC_OK;
}

int pkc_range_run(pkc_store *store, const pkc_op *op, int64_t at, int64_t newest,
                  pkc_answer *answer) {
    int64_t revision = op->revision <= 0 ? at : op->revision;
    if (op->revision > newest) {
        return PKC_ERR_FUTURE;
    }
    if (op->revision > 0 && op->revision < store->compact_revision) {
        return PKC_ERR_COMPACTED;
    }
    int64_t index;
    int status = pkc_answer_add_result(answer, PKC_OP_RANGE, &index);
    if (status < 0) {
        return status;
    }
    /* As etcd: one more than the limit tells whether there is more, and whatever sorts or filters
     * looks at everything first. */
    int64_t limit = op->limit > 0 ? op->limit : 0;
    bool whole = limit == 0 || op->sort_order != PKC_SORT_NONE || filtered(op);
    int64_t keep = whole || limit == INT64_MAX ? 0 : limit + 1;
    int64_t first = answer->kv_count;
    int64_t count;
    status = collect(store, op, revision, keep, answer, &count);
    if (status < 0) {
        return status;
    }
    if (answer->kv_count > first) {
        sort_kvs(op, answer->kvs + first, answer->kv_count - first);
    }
    pkc_result *result = &answer->results[index];
    if (limit > 0 && answer->kv_count - first > limit) {
        answer->kv_count = first + limit;
        result->more = 1;
    }
    for (int64_t i = first; (op->flags & PKC_FLAG_KEYS_ONLY) != 0 && i < answer->kv_count; i++) {
        answer->kvs[i].value_size = 0;
    }
    result->count = count;
    result->kv_count = answer->kv_count - first;
    return PKC_OK;
}

int pkc_store_range(pkc_store *store, const pkc_op *range, pkc_answer *answer_out) {
    pkc_answer_begin(answer_out);
    if (range->key_size == 0) {
        return PKC_ERR_KEY_EMPTY;
    }
    pkc_store_lock(store);
    int status = store->closed ? PKC_ERR_CLOSED : PKC_OK;
    if (status == PKC_OK) {
        status = pkc_range_run(store, range, store->visible_revision, store->visible_revision,
                               answer_out);
    }
    if (status == PKC_OK) {
        pkc_answer_end(answer_out, store, false);
    }
    pkc_store_unlock(store);
    return status;
}

int pkc_store_get_many(pkc_store *store, const char *data, const int64_t *sizes, int64_t count,
                       pkc_answer *answer_out) {
    static const pkc_kv missing = {.prev = -1};
    static const pkc_key no_key;
    static const pkc_version no_version;
    pkc_answer_begin(answer_out);
    pkc_store_lock(store);
    int status = store->closed ? PKC_ERR_CLOSED : PKC_OK;
    for (int64_t i = 0; status == PKC_OK && i < count; i++) {
        const pkc_key *key = pkc_store_find(store, data, sizes[i]);
        const pkc_version *version =
            key == NULL ? NULL : pkc_store_at(store, key, store->visible_revision);
        data += sizes[i];
        if (version == NULL) {
            status = pkc_answer_add_kv(answer_out, store, &no_key, &no_version);
            if (status == PKC_OK) {
                answer_out->kvs[i] = missing;
            }
        } else {
            status = pkc_answer_add_kv(answer_out, store, key, version);
        }
    }
    if (status == PKC_OK) {
        pkc_answer_end(answer_out, store, false);
    }
    pkc_store_unlock(store);
    return status;
}
