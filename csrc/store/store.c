/* The store as a whole: open, close, figures. */
#include <stdio.h>
#include <stdlib.h>

#include "store/answer.h"
#include "store/commit.h"
#include "store/history.h"
#include "store/recover.h"
#include "wal/posix.h"
#include "wal/recover.h"
#include "wal/segment.h"

int pkc_store_open_memory(const pkc_store_options *options, pkc_store **store_out) {
    *store_out = pkc_store_new(options);
    return *store_out == NULL ? PKC_ERR_NO_MEMORY : PKC_OK;
}

static void note_fault(pkc_store_fault *fault_out, const char *path, int32_t error, int status) {
    snprintf(fault_out->path, sizeof(fault_out->path), "%s", path);
    fault_out->offset = -1;
    fault_out->error = error;
    fault_out->status = status;
}

int pkc_store_open_table(const pkc_file_table *table, const pkc_store_options *options,
                         pkc_store **store_out, pkc_store_fault *fault_out) {
    pkc_wal *wal = NULL;
    pkc_store *store = pkc_store_new(options);
    int status = store == NULL ? PKC_ERR_NO_MEMORY : pkc_wal_new(table, options, &wal);
    if (status < 0) {
        table->destroy(table->context);
        note_fault(fault_out, "", 0, status);
        pkc_store_free(store);
        return status;
    }
    store->wal = wal;
    store->replaying = true;
    status = pkc_wal_recover(wal, pkc_store_load, pkc_store_apply, store);
    store->replaying = false;
    if (status < 0) {
        *fault_out = wal->fault;
        fault_out->status = status;
        pkc_store_free(store);
        return status;
    }
    store->log_origin = wal->origin;
    store->snapshot_bytes = wal->snapshot_bytes;
    *store_out = store;
    return PKC_OK;
}

int pkc_store_open_directory(const char *path, const pkc_store_options *options,
                             pkc_store **store_out, pkc_store_fault *fault_out) {
    pkc_file_table table;
    int error = 0;
    int status = pkc_file_table_posix(path, &table, &error);
    if (status < 0) {
        note_fault(fault_out, path, error, status);
        return status;
    }
    return pkc_store_open_table(&table, options, store_out, fault_out);
}

int pkc_store_close(pkc_store *store) {
    pthread_mutex_lock(&store->maintenance);
    pkc_store_lock(store);
    int status = PKC_OK;
    if (!store->closed && store->wal != NULL && store->options.read_only == 0) {
        status = store->failed ? PKC_OK : pkc_store_take_lead(store);
        if (status == PKC_OK && !store->failed) {
            pkc_store_unlock(store);
            status = pkc_wal_sync(store->wal);
            if (status == PKC_OK) {
                pkc_wal_write_mark(store->wal);
            }
            pkc_store_lock(store);
            pkc_store_step_down(store, status);
        }
    }
    while (store->leading) {
        pthread_cond_wait(&store->committed, &store->lock);
    }
    store->closed = true;
    if (store->wal != NULL) {
        pkc_wal_close(store->wal);
    }
    pthread_cond_broadcast(&store->published);
    pkc_store_unlock(store);
    pthread_mutex_unlock(&store->maintenance);
    return status;
}

void pkc_store_free(pkc_store *store) {
    if (store != NULL) {
        pkc_store_lock(store);
        store->orphaned = true;
        store->closed = true;
        pkc_store_leave(store);
    }
}

int pkc_store_stat(pkc_store *store, pkc_store_stats *stats_out) {
    pkc_store_lock(store);
    const pkc_index *index = &store->index;
    *stats_out = (pkc_store_stats){
        .revision = store->visible_revision,
        .compact_revision = store->compact_revision,
        .key_count = index->count,
        .version_count = store->version_count,
        .lease_count = store->leases.count,
        .watch_count = store->groups.watch_count,
        .memory_bytes = store->arena.bytes + store->tree.bytes + store->shapes.bytes +
                        store->arena.table_capacity * (int64_t)sizeof(pkc_block *) +
                        index->capacity * (int64_t)(sizeof(pkc_ref) + 1) +
                        store->log.capacity * (int64_t)sizeof(pkc_ref),
        .data_bytes = store->value_bytes + store->name_bytes,
        .failed = store->failed,
        .durable = store->wal != NULL,
    };
    if (store->wal != NULL) {
        stats_out->log_bytes = store->wal->shown.written - store->log_origin;
        stats_out->disk_bytes = stats_out->log_bytes + store->snapshot_bytes;
        stats_out->sync_count = store->wal->shown.sync_count;
    }
    int status = store->closed ? PKC_ERR_CLOSED : PKC_OK;
    pkc_store_unlock(store);
    return status;
}

void pkc_store_last_fault(pkc_store *store, pkc_store_fault *fault_out) {
    pkc_store_lock(store);
    *fault_out = store->fault;
    pkc_store_unlock(store);
}
