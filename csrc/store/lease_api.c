/* Leases as callers see them. */
#include "store/lease_api.h"

#include <stdlib.h>

#include "common/check.h"
#include "store/answer.h"
#include "store/commit.h"
#include "store/history.h"
#include "store/sound.h"
#include "wal/stage.h"

#define SECOND_NS INT64_C(1000000000)

static int64_t deadline(int64_t ttl, int64_t time_ns) {
    int64_t left = ttl * SECOND_NS;
    return time_ns > INT64_MAX - left ? INT64_MAX : time_ns + left;
}

static int compare_keys(const void *a, const void *b) {
    const pkc_key *const *x = a;
    const pkc_key *const *y = b;
    return pkc_bytes_compare((*x)->bytes, (*x)->size, (*y)->bytes, (*y)->size);
}

/* The attached keys in their order; free the array. */
static int sorted_keys(const pkc_lease *lease, pkc_key ***keys_out) {
    int64_t count = 0;
    pkc_key **keys = malloc((size_t)(lease->keys.count + 1) * sizeof(pkc_key *));
    if (keys == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    for (int64_t i = 0; i < lease->keys.capacity; i++) {
        if (lease->keys.slots[i] != NULL) {
            keys[count++] = lease->keys.slots[i];
        }
    }
    PKC_CHECK(count == lease->keys.count);
    qsort(keys, (size_t)count, sizeof(pkc_key *), compare_keys);
    *keys_out = keys;
    return PKC_OK;
}

int pkc_lease_begin(pkc_store *store, int64_t id, int64_t ttl, int64_t time_ns) {
    pkc_lease *lease;
    PKC_TRY(pkc_leases_reserve_change(&store->leases));
    PKC_TRY(pkc_leases_add(&store->leases, id, ttl, deadline(ttl, time_ns), &lease));
    lease->sequence = store->sequence_staged + 1;
    pkc_leases_note(&store->leases, lease, lease->sequence, false);
    return PKC_OK;
}

int pkc_lease_end(pkc_store *store, pkc_lease *lease, int64_t *revision_out) {
    pkc_key **keys = NULL;
    int64_t count = lease->keys.count;
    int64_t log_end = store->log.end;
    int64_t revision = store->head_revision + 1;
    PKC_TRY(pkc_leases_reserve_change(&store->leases));
    int status = sorted_keys(lease, &keys);
    for (int64_t i = 0; status == PKC_OK && i < count; i++) {
        status = pkc_history_delete(store, revision, keys[i]);
    }
    free(keys);
    if (status < 0) {
        pkc_history_undo(store, log_end);
        return status;
    }
    *revision_out = count == 0 ? 0 : revision;
    store->head_revision += count != 0;
    pkc_leases_note(&store->leases, lease, store->sequence_staged + 1, true);
    return PKC_OK;
}

/* A record of two numbers. Nothing is staged when it fails. */
static int log_pair(pkc_store *store, int type, int64_t first, int64_t second) {
    int64_t pair[2] = {first, second};
    return store->wal == NULL ? PKC_OK : pkc_wal_stage(store->wal, type, pair, sizeof(pair));
}

static int grant(pkc_store *store, int64_t id, int64_t ttl, int64_t time_ns) {
    int status = pkc_store_admit(store);
    if (status < 0) {
        return status;
    }
    if (pkc_leases_find(&store->leases, id) != NULL) {
        return PKC_ERR_LEASE_EXISTS;
    }
    PKC_CHECK(pkc_grant_is_sound(id, ttl));
    int64_t staged = store->wal == NULL ? 0 : pkc_wal_staged(store->wal);
    status = log_pair(store, PKC_RECORD_GRANT, id, ttl);
    status = status < 0 ? status : pkc_lease_begin(store, id, ttl, time_ns);
    if (status < 0 && store->wal != NULL) {
        pkc_wal_unstage(store->wal, staged);
    }
    if (status == PKC_OK) {
        pkc_store_staged(store);
    }
    return status;
}

int pkc_store_lease_grant(pkc_store *store, int64_t id, int64_t ttl, int64_t time_ns,
                          int64_t *ttl_out, pkc_answer *answer_out) {
    pkc_answer_begin(answer_out);
    if (ttl > PKC_TTL_MAX) {
        return PKC_ERR_LEASE_TTL;
    }
    if (id == 0 || time_ns < 0) {
        return PKC_ERR_INVALID;
    }
    ttl = ttl < PKC_STORE_TTL_MIN ? PKC_STORE_TTL_MIN : ttl;
    pkc_store_lock(store);
    int status = grant(store, id, ttl, time_ns);
    if (status == PKC_OK) {
        *ttl_out = ttl;
        pkc_answer_end(answer_out, store, true);
    } else {
        pkc_answer_await(answer_out, store);
    }
    pkc_store_unlock(store);
    return status;
}

static int revoke(pkc_store *store, pkc_lease *lease) {
    PKC_CHECK(pkc_leases_alive(&store->leases, lease->id) == lease);
    int64_t staged = store->wal == NULL ? 0 : pkc_wal_staged(store->wal);
    int64_t revision = lease->keys.count == 0 ? 0 : store->head_revision + 1;
    int status = log_pair(store, PKC_RECORD_REVOKE, lease->id, revision);
    status = status < 0 ? status : pkc_lease_end(store, lease, &revision);
    if (status < 0 && store->wal != NULL) {
        pkc_wal_unstage(store->wal, staged);
    }
    if (status == PKC_OK) {
        pkc_store_staged(store);
    }
    return status;
}

int pkc_store_lease_revoke(pkc_store *store, int64_t id, pkc_answer *answer_out) {
    pkc_answer_begin(answer_out);
    pkc_store_lock(store);
    int status = pkc_store_admit(store);
    pkc_lease *lease = pkc_leases_alive(&store->leases, id);
    if (status == PKC_OK) {
        status = lease == NULL ? PKC_ERR_LEASE_NOT_FOUND : revoke(store, lease);
    }
    if (status == PKC_OK) {
        pkc_answer_end(answer_out, store, true);
    } else {
        pkc_answer_await(answer_out, store);
    }
    pkc_store_unlock(store);
    return status;
}

int pkc_store_lease_keep_alive(pkc_store *store, int64_t id, int64_t time_ns,
                               int64_t *ttl_out, pkc_answer *answer_out) {
    pkc_answer_begin(answer_out);
    pkc_store_lock(store);
    pkc_lease *lease = pkc_leases_alive(&store->leases, id);
    int status = store->closed ? PKC_ERR_CLOSED : PKC_OK;
    if (status == PKC_OK && (lease == NULL || lease->deadline_ns <= time_ns)) {
        status = PKC_ERR_LEASE_NOT_FOUND;
    }
    if (status == PKC_OK) {
        pkc_leases_set_deadline(&store->leases, lease, deadline(lease->ttl, time_ns));
        *ttl_out = lease->ttl;
    }
    pkc_answer_await(answer_out, store);
    pkc_store_unlock(store);
    return status;
}

static int add_keys(const pkc_lease *lease, pkc_answer *answer) {
    static const pkc_version none;
    pkc_key **keys;
    int status = sorted_keys(lease, &keys);
    if (status < 0) {
        return status;
    }
    for (int64_t i = 0; status == PKC_OK && i < lease->keys.count; i++) {
        status = pkc_answer_add_kv(answer, NULL, keys[i], &none);
    }
    free(keys);
    return status;
}

int pkc_store_lease_time_to_live(pkc_store *store, int64_t id, int64_t time_ns,
                                 int64_t *ttl_out, int64_t *granted_ttl_out,
                                 pkc_answer *answer_out) {
    pkc_answer_begin(answer_out);
    pkc_store_lock(store);
    const pkc_lease *lease = pkc_leases_alive(&store->leases, id);
    int status = store->closed ? PKC_ERR_CLOSED
                 : lease == NULL ? PKC_ERR_LEASE_NOT_FOUND : add_keys(lease, answer_out);
    if (status == PKC_OK) {
        int64_t left = lease->deadline_ns - time_ns;
        *ttl_out = left > 0 ? left / SECOND_NS : 0;
        *granted_ttl_out = lease->ttl;
        pkc_answer_end(answer_out, store, true);
    } else {
        pkc_answer_await(answer_out, store);
    }
    pkc_store_unlock(store);
    return status;
}

static int compare_ids(const void *a, const void *b) {
    const int64_t *x = a;
    const int64_t *y = b;
    return (*x > *y) - (*x < *y);
}

int64_t pkc_store_lease_list(pkc_store *store, int64_t *ids_out, int64_t capacity) {
    pkc_store_lock(store);
    int64_t count = 0;
    for (int64_t i = 0; i < store->leases.count; i++) {
        const pkc_lease *lease = store->leases.heap[i];
        if (lease->sequence <= store->sequence_visible) {
            if (count < capacity) {
                ids_out[count] = lease->id;
            }
            count++;
        }
    }
    pkc_store_unlock(store);
    qsort(ids_out, (size_t)(count < capacity ? count : capacity), sizeof(int64_t), compare_ids);
    return count;
}

int pkc_store_lease_expire(pkc_store *store, int64_t time_ns, int32_t count_max,
                           pkc_answer *answer_out) {
    pkc_answer_begin(answer_out);
    pkc_store_lock(store);
    int32_t count = 0;
    int status = pkc_store_admit(store);
    while (status == PKC_OK && count < count_max && store->leases.count > 0 &&
           !store->leases.heap[0]->revoked && store->leases.heap[0]->deadline_ns <= time_ns) {
        status = revoke(store, store->leases.heap[0]);
        count += status == PKC_OK;
    }
    if (status == PKC_OK || count > 0) {
        pkc_answer_end(answer_out, store, true);
        status = PKC_OK;
    }
    pkc_store_unlock(store);
    return status < 0 ? status : count;
}

int64_t pkc_store_lease_deadline(pkc_store *store) {
    pkc_store_lock(store);
    int64_t time_ns = store->leases.count == 0 ? INT64_MAX : store->leases.heap[0]->deadline_ns;
    pkc_store_unlock(store);
    return time_ns;
}
