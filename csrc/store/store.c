/* The store as a whole: open, close, figures, invariants. */
#include <stdio.h>
#include <stdlib.h>

#include "store/core.h"

static pkc_store *store_new(const pkc_store_options *options) {
    pkc_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return NULL;
    }
    store->options = *options;
    store->index.seed = options->salt;
    store->index.arena = &store->arena;
    store->tree.arena = &store->arena;
    store->log.arena = &store->arena;
    store->head_revision = 1;
    store->visible_revision = 1;
    pthread_mutex_init(&store->lock, NULL);
    pthread_mutex_init(&store->maintenance, NULL);
    pthread_cond_init(&store->committed, NULL);
    pthread_cond_init(&store->published, NULL);
    return store;
}

int pkc_store_open_memory(const pkc_store_options *options, pkc_store **store_out) {
    *store_out = store_new(options);
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
    pkc_store *store = store_new(options);
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

static void destroy(pkc_store *store) {
    pkc_tree_destroy(&store->tree);
    pkc_index_destroy(&store->index);
    pkc_log_destroy(&store->log);
    pkc_leases_destroy(&store->leases);
    pkc_groups_destroy(&store->groups);
    pkc_shapes_destroy(&store->shapes);
    pkc_arena_destroy(&store->arena);
    pkc_wal_free(store->wal);
    pthread_mutex_destroy(&store->lock);
    pthread_mutex_destroy(&store->maintenance);
    pthread_cond_destroy(&store->committed);
    pthread_cond_destroy(&store->published);
    free(store);
}

void pkc_store_leave(pkc_store *store) {
    bool last = store->orphaned && store->arena.pins == 0 && store->groups.watch_count == 0;
    pkc_store_unlock(store);
    if (last) {
        destroy(store);
    }
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

static bool hash_piece(void *context, const char *data, int64_t size) {
    uint32_t *crc = context;
    *crc = pkc_crc32c(*crc, data, size);
    return true;
}

static uint32_t hash_version(const pkc_store *store, uint32_t crc, const pkc_key *key,
                             const pkc_version *version) {
    int64_t fields[4] = {version->mod_revision, pkc_version_create_revision(version),
                         (int64_t)version->version, pkc_version_lease(version)};
    crc = pkc_crc32c(crc, key->bytes, key->size);
    crc = pkc_crc32c(crc, fields, sizeof(fields));
    if (version->is_packed == 0) {
        return pkc_crc32c(crc, pkc_version_kept(version), (int64_t)version->value_size);
    }
    pkc_shape_walk(&store->shapes, pkc_version_kept(version), hash_piece, &crc);
    return crc;
}

int pkc_store_hash(pkc_store *store, int64_t revision, uint32_t *hash_out,
                   pkc_answer *answer_out) {
    pkc_answer_begin(answer_out);
    pthread_mutex_lock(&store->maintenance);
    pkc_store_lock(store);
    int status = store->closed ? PKC_ERR_CLOSED : PKC_OK;
    if (status == PKC_OK && revision > store->visible_revision) {
        status = PKC_ERR_FUTURE;
    }
    if (status == PKC_OK && revision > 0 && revision < store->compact_revision) {
        status = PKC_ERR_COMPACTED;
    }
    if (status == PKC_OK) {
        int64_t upto = revision > 0 ? revision : store->visible_revision;
        uint32_t crc = 0;
        pkc_tree_cursor cursor = pkc_tree_seek(&store->tree, "", 0);
        for (const pkc_key *key; (key = pkc_tree_next(&cursor)) != NULL;) {
            for (const pkc_version *v = pkc_store_newest(store, key); v != NULL;
                 v = pkc_store_before(store, v)) {
                crc = v->mod_revision <= upto ? hash_version(store, crc, key, v) : crc;
            }
        }
        *hash_out = crc;
        pkc_answer_end(answer_out, store, false);
        answer_out->compact_revision = store->compact_revision;
    }
    pkc_store_unlock(store);
    pthread_mutex_unlock(&store->maintenance);
    return status;
}

static const char *validate_key(const pkc_store *store, const pkc_key *key, int64_t *versions) {
    if (pkc_store_find(store, key->bytes, key->size) != key || key->newest == 0) {
        return "a key is not in the hash index, or has no version";
    }
    const pkc_version *before;
    for (const pkc_version *v = pkc_store_newest(store, key); v != NULL; v = before) {
        ++*versions;
        before = pkc_store_before(store, v);
        if (pkc_store_key_of(store, v) != key || v->dead != 0 || v->superseded != 0) {
            return "a version hangs from the wrong key, or is dead";
        }
        if (before != NULL && before->mod_revision >= v->mod_revision) {
            return "a chain is out of order";
        }
        bool last_of_old = v->mod_revision <= store->compact_revision;
        if (last_of_old && before != NULL) {
            return "compaction left a superseded version";
        }
        if (pkc_version_is_tombstone(v) && v->mod_revision < store->compact_revision) {
            return "compaction left a tombstone";
        }
    }
    int64_t id = pkc_version_lease(pkc_store_newest(store, key));
    return id != 0 && pkc_leases_find(&store->leases, id) == NULL
               ? "a key names a lease that is gone"
               : NULL;
}

static const char *validate_log(const pkc_store *store) {
    int64_t last = 0;
    for (int64_t i = store->log.first; i < store->log.end; i++) {
        const pkc_version *version = pkc_log_at(&store->log, i);
        if (version->mod_revision < last || version->mod_revision < store->compact_revision ||
            version->mod_revision > store->head_revision) {
            return "the log is out of order";
        }
        last = version->mod_revision;
        if ((i < store->visible_end) != (last <= store->visible_revision)) {
            return "the visible part of the log ends elsewhere";
        }
    }
    return NULL;
}

static const char *validate_leases(const pkc_store *store) {
    int64_t attached = 0;
    for (int64_t i = 0; i < store->leases.count; i++) {
        const pkc_lease *lease = store->leases.heap[i];
        attached += lease->keys.count;
        if (lease->heap_index != i || pkc_leases_find(&store->leases, lease->id) != lease ||
            (i > 0 && store->leases.heap[(i - 1) / 2]->deadline_ns > lease->deadline_ns)) {
            return "the leases are out of order";
        }
    }
    pkc_tree_cursor cursor = pkc_tree_seek(&store->tree, "", 0);
    for (const pkc_key *key; (key = pkc_tree_next(&cursor)) != NULL;) {
        attached -= pkc_store_newest(store, key)->has_lease;
    }
    return attached == 0 ? NULL : "a lease has keys that do not name it";
}

static const char *validate_blocks(const pkc_store *store) {
    int64_t live[PKC_ARENA_KINDS] = {0};
    for (const pkc_block *block = store->arena.blocks; block != NULL; block = block->next) {
        live[block->kind] += block->live;
        if (store->arena.table[block->number] != block) {
            return "a block is not at its number";
        }
    }
    int64_t padding[PKC_ARENA_KINDS] = {live[PKC_ARENA_KEYS] - store->key_bytes,
                                        live[PKC_ARENA_VERSIONS] - store->version_bytes};
    bool equal = padding[PKC_ARENA_KEYS] >= 0 && padding[PKC_ARENA_VERSIONS] >= 0 &&
                 padding[PKC_ARENA_KEYS] <= 7 * store->index.count &&
                 padding[PKC_ARENA_VERSIONS] <= 7 * store->version_count;
    return equal ? NULL : "blocks and what lives in them differ in their bytes";
}

/* The versions of each shape are its references. */
static const char *validate_shapes(const pkc_store *store) {
    int64_t *counts = calloc((size_t)store->shapes.capacity + 1, sizeof(int64_t));
    if (counts == NULL) {
        return "no memory to count shapes";
    }
    pkc_tree_cursor cursor = pkc_tree_seek(&store->tree, "", 0);
    for (const pkc_key *key; (key = pkc_tree_next(&cursor)) != NULL;) {
        for (const pkc_version *v = pkc_store_newest(store, key); v != NULL;
             v = pkc_store_before(store, v)) {
            counts[v->is_packed != 0 ? pkc_packed_shape(pkc_version_kept(v)) : store->shapes.capacity] +=
                1;
        }
    }
    const char *reason = pkc_shapes_validate(&store->shapes, counts);
    free(counts);
    return reason;
}

static const char *validate(const pkc_store *store) {
    const char *reason = pkc_tree_validate(&store->tree);
    int64_t versions = 0;
    pkc_tree_cursor cursor = pkc_tree_seek(&store->tree, "", 0);
    for (const pkc_key *key; reason == NULL && (key = pkc_tree_next(&cursor)) != NULL;) {
        reason = validate_key(store, key, &versions);
    }
    if (reason == NULL && store->tree.count != store->index.count) {
        reason = "the indexes differ in their number of keys";
    }
    if (reason == NULL && versions != store->version_count) {
        reason = "a version is lost";
    }
    reason = reason == NULL ? validate_blocks(store) : reason;
    reason = reason == NULL ? validate_log(store) : reason;
    reason = reason == NULL ? validate_shapes(store) : reason;
    return reason == NULL ? validate_leases(store) : reason;
}

int pkc_store_validate(pkc_store *store, const char **reason_out) {
    pthread_mutex_lock(&store->maintenance);
    pkc_store_lock(store);
    *reason_out = validate(store);
    pkc_store_unlock(store);
    pthread_mutex_unlock(&store->maintenance);
    return *reason_out == NULL ? PKC_OK : PKC_ERR_CORRUPT;
}
