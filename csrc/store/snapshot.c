/* Snapshot: the visible state beside the log, while writers go on. */
#include <stdlib.h>

#include "common/check.h"
#include "store/answer.h"
#include "store/commit.h"
#include "store/history.h"
#include "store/sound.h"
#include "wal/posix.h"
#include "wal/segment.h"
#include "wal/snapshot.h"

enum { STEP = 512 };

typedef struct {
    int64_t id;
    int64_t ttl;
} lease_pair;

/* The state at the end of one segment, and what is needed to walk over it. */
typedef struct {
    pkc_store *store;
    pkc_wal wal; /* a copy: the writer of the snapshot shares nothing with the log's */
    pkc_file_header header;
    pkc_snapshot file;
    lease_pair *leases;
    int64_t lease_count;
    int64_t log_end;
    pkc_buffer last_key;
} job;

static int copy_leases(job *j) {
    const pkc_leases *leases = &j->store->leases;
    j->leases = malloc((size_t)(leases->count + 1) * sizeof(lease_pair));
    if (j->leases == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    for (int64_t i = 0; i < leases->count; i++) {
        const pkc_lease *lease = leases->heap[i];
        if (lease->sequence <= j->store->sequence_visible) {
            j->leases[j->lease_count++] = (lease_pair){lease->id, lease->ttl};
        }
    }
    return PKC_OK;
}

/* End the segment; everything visible lies before its end, and nothing else does. */
static int fix_state(job *j) {
    pkc_store *store = j->store;
    int status = pkc_store_take_lead(store);
    if (status < 0) {
        return status;
    }
    status = copy_leases(j);
    j->log_end = store->visible_end;
    j->header = (pkc_file_header){.salt = store->wal->salt,
                                  .revision = store->visible_revision,
                                  .compact_revision = store->compact_revision};
    if (status == PKC_OK) {
        pkc_store_unlock(store);
        status = pkc_wal_sync(store->wal);
        if (status == PKC_OK) {
            status = pkc_wal_rotate(store->wal, j->header.revision, j->header.compact_revision);
        }
        pkc_store_lock(store);
    }
    j->header.base = store->wal->base;
    j->wal = *store->wal;
    pkc_store_step_down(store, status);
    return status;
}

static int write_kvs(job *j, const pkc_answer *answer) {
    int status = PKC_OK;
    for (int64_t i = 0; status == PKC_OK && i < answer->kv_count; i++) {
        const pkc_kv *kv = &answer->kvs[i];
        pkc_version_head head = {.mod_revision = kv->mod_revision,
                                 .create_revision = kv->create_revision,
                                 .version = kv->version,
                                 .lease = kv->lease,
                                 .key_size = (uint32_t)kv->key_size,
                                 .value_size = (uint32_t)kv->value_size};
        PKC_CHECK(pkc_version_is_sound(&head, j->header.revision));
        status = pkc_snapshot_add(&j->file, PKC_RECORD_VERSION, &head, sizeof(head), kv->key,
                                  kv->key_size, kv->value, kv->value_size);
    }
    return status;
}

/* The next step of what compaction left below its revision: one version a key at most. */
static int collect_survivors(job *j, pkc_answer *answer, bool *done_out) {
    pkc_store *store = j->store;
    pkc_tree_cursor cursor = pkc_tree_seek(&store->tree, j->last_key.data, j->last_key.size);
    const pkc_key *key = NULL;
    int status = PKC_OK;
    for (int seen = 0; status == PKC_OK && seen < STEP; seen++) {
        const pkc_key *next = pkc_tree_next(&cursor);
        *done_out = next == NULL;
        if (next == NULL) {
            return PKC_OK;
        }
        key = next;
        const pkc_version *version = pkc_store_newest(store, key);
        while (version != NULL && version->mod_revision >= j->header.compact_revision) {
            version = pkc_store_before(store, version);
        }
        if (version != NULL) {
            status = pkc_answer_add_kv(answer, store, key, version);
        }
    }
    /* The place behind the last key seen: its bytes and a zero. */
    j->last_key.size = 0;
    PKC_TRY(status);
    PKC_TRY(pkc_buffer_append(&j->last_key, key->bytes, key->size));
    return pkc_buffer_append(&j->last_key, "", 1);
}

static int collect_log(job *j, int64_t *at, pkc_answer *answer, bool *done_out) {
    const pkc_log *log = &j->store->log;
    int status = PKC_OK;
    *at = *at < log->first ? log->first : *at;
    for (int seen = 0; status == PKC_OK && seen < STEP && *at < j->log_end; seen++) {
        const pkc_version *version = pkc_log_at(log, *at);
        status = pkc_answer_add_kv(answer, j->store, pkc_store_key_of(j->store, version),
                                   version);
        ++*at;
    }
    *done_out = *at >= j->log_end;
    return status;
}

/* Survivors in the order of the keys, then the log: collected in steps, written without the
 * lock. */
static int write_versions(job *j) {
    pkc_store *store = j->store;
    pkc_answer answer = {0};
    int status = pkc_buffer_append(&j->last_key, "", 0);
    int64_t at = 0;
    bool done = false;
    for (int phase = 0; status == PKC_OK && phase < 2; phase += done) {
        pkc_store_lock(store);
        status = phase == 0 ? collect_survivors(j, &answer, &done)
                            : collect_log(j, &at, &answer, &done);
        if (status == PKC_OK) {
            pkc_answer_end(&answer, store, false);
        }
        pkc_store_unlock(store);
        if (status == PKC_OK) {
            status = write_kvs(j, &answer);
        }
        pkc_answer_release(&answer);
    }
    pkc_answer_free(&answer);
    return status;
}

static int write_snapshot(job *j) {
    int status = pkc_snapshot_begin(&j->file, &j->wal, &j->header);
    for (int64_t i = 0; status == PKC_OK && i < j->lease_count; i++) {
        PKC_CHECK(pkc_grant_is_sound(j->leases[i].id, j->leases[i].ttl));
        status = pkc_snapshot_add(&j->file, PKC_RECORD_LEASE, &j->leases[i], sizeof(lease_pair),
                                  NULL, 0, NULL, 0);
    }
    status = status < 0 ? status : write_versions(j);
    if (status == PKC_OK) {
        return pkc_snapshot_end(&j->file);
    }
    pkc_snapshot_abort(&j->file);
    return status;
}

/* As fix_state, where the snapshot replaces no log. */
static int fix_visible(job *j) {
    pkc_store *store = j->store;
    j->log_end = store->visible_end;
    j->header = (pkc_file_header){.salt = j->wal.salt,
                                  .revision = store->visible_revision,
                                  .compact_revision = store->compact_revision};
    return store->closed ? PKC_ERR_CLOSED : copy_leases(j);
}

static int backup_to(pkc_store *store, pkc_wal *wal, pkc_store_fault *fault_out) {
    job j = {.store = store, .wal = *wal};
    pthread_mutex_lock(&store->maintenance);
    pkc_store_lock(store);
    int status = fix_visible(&j);
    pkc_store_unlock(store);
    status = status < 0 ? status : write_snapshot(&j);
    pthread_mutex_unlock(&store->maintenance);
    *fault_out = j.wal.fault;
    pkc_buffer_free(&j.last_key);
    free(j.leases);
    return status;
}

int pkc_store_backup(pkc_store *store, const char *path, pkc_store_fault *fault_out) {
    pkc_file_table table;
    pkc_wal *wal;
    int error = 0;
    int status = pkc_file_table_posix(path, &table, &error);
    if (status < 0) {
        *fault_out = (pkc_store_fault){.offset = -1, .error = error, .status = status};
        return status;
    }
    status = pkc_wal_new(&table, &store->options, &wal);
    if (status < 0) {
        table.destroy(table.context);
        return status;
    }
    status = backup_to(store, wal, fault_out);
    pkc_wal_free(wal);
    return status;
}

int pkc_store_snapshot(pkc_store *store) {
    if (store->wal == NULL) {
        return PKC_OK;
    }
    job *j = calloc(1, sizeof(*j));
    if (j == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    j->store = store;
    pthread_mutex_lock(&store->maintenance);
    pkc_store_lock(store);
    int status = fix_state(j);
    pkc_store_unlock(store);
    if (status == PKC_OK) {
        status = write_snapshot(j);
        pkc_store_lock(store);
        if (status == PKC_OK) {
            store->log_origin = j->header.base;
            store->snapshot_bytes = j->wal.snapshot_bytes;
        } else {
            store->fault = j->wal.fault;
            /* Only a sync that failed speaks against the disk as a whole. */
            store->failed = store->failed || status == PKC_ERR_FAILED;
        }
        pkc_store_unlock(store);
    }
    pthread_mutex_unlock(&store->maintenance);
    pkc_buffer_free(&j->last_key);
    free(j->leases);
    free(j);
    return status;
}
