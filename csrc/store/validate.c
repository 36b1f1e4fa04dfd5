/* The store's invariants, and a checksum of all that it holds. */
#include <stdlib.h>

#include "store/answer.h"
#include "store/history.h"

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
        bool ends = pkc_version_ends(v, before);
        if (before != NULL && before->mod_revision >= v->mod_revision && !ends) {
            return "a chain is out of order";
        }
        bool last_of_old = v->mod_revision <= store->compact_revision;
        if (last_of_old && before != NULL && !ends) {
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
            if (v->is_packed != 0) {
                counts[pkc_packed_shape(pkc_version_kept(v))]++;
            }
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
