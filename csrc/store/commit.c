/* Group commit: from staged to durable to visible. */
#include "store/commit.h"

#include "common/check.h"
#include "store/history.h"
#include "wal/segment.h"
#include "wal/stage.h"

/* Show everything up to these marks. */
static void publish(pkc_store *store, int64_t revision, int64_t log_end, int64_t sequence) {
    pkc_groups *groups = &store->groups;
    if (groups->point_count + groups->range_count > 0) {
        for (int64_t i = store->visible_end; i < log_end; i++) {
            const pkc_version *version = pkc_log_at(&store->log, i);
            pkc_groups_match(groups, pkc_store_key_of(store, version), version->mod_revision,
                             pkc_group_note_event);
        }
    }
    bool grew = revision > store->visible_revision;
    store->visible_revision = revision;
    store->visible_end = log_end;
    store->sequence_visible = sequence;
    pkc_leases_settle(&store->leases, sequence);
    if (grew) {
        pthread_cond_broadcast(&store->published);
    }
}

void pkc_store_staged(pkc_store *store) {
    store->sequence_staged++;
    if (store->wal == NULL || store->replaying) {
        publish(store, store->head_revision, store->log.end, store->sequence_staged);
    }
}

static void roll_back(pkc_store *store) {
    pkc_history_undo(store, store->visible_end);
    pkc_leases_undo(&store->leases, store->sequence_visible);
    pkc_wal_discard(store->wal);
    store->head_revision = store->visible_revision;
    int64_t last = store->rollback_count - 1;
    if (last >= 0 && store->rollbacks[last].upto == store->sequence_visible) {
        store->rollbacks[last].upto = store->sequence_staged;
    } else {
        if (store->rollback_count == PKC_ROLLBACK_MAX) {
            store->rollback_count--;
            for (int64_t i = 0; i < store->rollback_count; i++) {
                store->rollbacks[i] = store->rollbacks[i + 1];
            }
        }
        store->rollbacks[store->rollback_count].after = store->sequence_visible;
        store->rollbacks[store->rollback_count].upto = store->sequence_staged;
        store->rollback_count++;
    }
    store->sequence_visible = store->sequence_staged;
}

/* Write one batch; the lock is given up meanwhile. */
static void lead(pkc_store *store) {
    pkc_wal *wal = store->wal;
    int64_t revision = store->head_revision;
    int64_t log_end = store->log.end;
    int64_t sequence = store->sequence_staged;
    int64_t before = store->visible_revision;
    int64_t compact_revision = store->compact_revision;
    bool lazy = store->options.sync == PKC_SYNC_INTERVAL;
    store->leading = true;
    pkc_wal_take(wal);
    pkc_store_unlock(store);
    int status = pkc_wal_write(wal, before, compact_revision, lazy);
    pkc_store_lock(store);
    if (status == PKC_OK) {
        pkc_wal_show(wal);
        publish(store, revision, log_end, sequence);
        if (wal->staged.size == 0 && !lazy) {
            pkc_store_unlock(store);
            pkc_wal_write_mark(wal);
            pkc_store_lock(store);
        }
    } else {
        store->fault = wal->fault;
        store->failed = status != PKC_ERR_NO_SPACE;
        roll_back(store);
    }
    store->leading = false;
    pthread_cond_broadcast(&store->committed);
}

static bool rolled_back(const pkc_store *store, int64_t ticket) {
    for (int64_t i = 0; i < store->rollback_count; i++) {
        if (ticket > store->rollbacks[i].after && ticket <= store->rollbacks[i].upto) {
            return true;
        }
    }
    return false;
}

static int commit_locked(pkc_store *store, int64_t ticket) {
    PKC_CHECK(ticket <= store->sequence_staged);
    while (ticket > store->sequence_visible) {
        if (store->leading) {
            pthread_cond_wait(&store->committed, &store->lock);
        } else {
            lead(store);
        }
    }
    if (rolled_back(store, ticket)) {
        return store->failed ? PKC_ERR_FAILED : PKC_ERR_NO_SPACE;
    }
    return PKC_OK;
}

static int may_write(const pkc_store *store) {
    bool looking = store->wal != NULL && store->options.read_only != 0;
    return store->closed ? PKC_ERR_CLOSED : store->failed || looking ? PKC_ERR_FAILED : PKC_OK;
}

int pkc_store_admit(pkc_store *store) {
    while (store->wal != NULL && !store->failed && !store->closed &&
           pkc_wal_staged(store->wal) >= PKC_STORE_STAGED_BYTES_MAX) {
        (void)commit_locked(store, store->sequence_staged);
    }
    return may_write(store);
}

int pkc_store_commit(pkc_store *store, int64_t ticket) {
    if (ticket == 0) {
        return PKC_OK;
    }
    pkc_store_lock(store);
    int status = commit_locked(store, ticket);
    pkc_store_unlock(store);
    return status;
}

int pkc_store_take_lead(pkc_store *store) {
    int status = PKC_OK;
    while (status == PKC_OK && (store->leading || store->wal->staged.size > 0)) {
        if (store->leading) {
            pthread_cond_wait(&store->committed, &store->lock);
        } else {
            status = commit_locked(store, store->sequence_staged);
        }
    }
    status = status < 0 ? status : may_write(store);
    store->leading = store->leading || status == PKC_OK;
    return status;
}

void pkc_store_step_down(pkc_store *store, int status) {
    pkc_wal_show(store->wal);
    if (status < 0) {
        store->fault = store->wal->fault;
    }
    if (status < 0 && status != PKC_ERR_NO_SPACE && status != PKC_ERR_NO_MEMORY) {
        store->failed = true;
        roll_back(store);
    }
    store->leading = false;
    pthread_cond_broadcast(&store->committed);
}

int pkc_store_sync(pkc_store *store) {
    pkc_store_lock(store);
    int status = store->closed ? PKC_ERR_CLOSED : store->failed ? PKC_ERR_FAILED : PKC_OK;
    if (status == PKC_OK && store->wal != NULL) {
        status = pkc_store_take_lead(store);
        if (status == PKC_OK) {
            pkc_store_unlock(store);
            status = pkc_wal_sync(store->wal);
            pkc_store_lock(store);
            pkc_store_step_down(store, status);
        }
    }
    pkc_store_unlock(store);
    return status;
}

int pkc_store_wait(pkc_store *store, int64_t revision) {
    pkc_store_lock(store);
    while (store->visible_revision <= revision && !store->woken && !store->closed) {
        pthread_cond_wait(&store->published, &store->lock);
    }
    store->woken = false;
    int there = store->visible_revision > revision;
    pkc_store_unlock(store);
    return there;
}

void pkc_store_wake(pkc_store *store) {
    pkc_store_lock(store);
    store->woken = true;
    pthread_cond_broadcast(&store->published);
    pkc_store_unlock(store);
}
