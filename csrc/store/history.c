/* Keys and their versions: writes without checks, and how to take them back. */
#include "store/history.h"

#include "common/check.h"

pkc_key *pkc_store_find(const pkc_store *store, const void *key, int64_t size) {
    return pkc_index_find(&store->index, key, size, pkc_index_hash(&store->index, key, size));
}

pkc_version *pkc_store_newest(const pkc_store *store, const pkc_key *key) {
    return pkc_arena_version(&store->arena, key->newest);
}

pkc_version *pkc_store_before(const pkc_store *store, const pkc_version *version) {
    return pkc_arena_version(&store->arena, version->prev);
}

pkc_key *pkc_store_key_of(const pkc_store *store, const pkc_version *version) {
    return pkc_arena_key(&store->arena, version->key);
}

pkc_version *pkc_store_at(const pkc_store *store, const pkc_key *key, int64_t revision) {
    pkc_version *version = pkc_store_newest(store, key);
    while (version != NULL && version->mod_revision > revision) {
        version = pkc_store_before(store, version);
    }
    return version == NULL || pkc_version_is_tombstone(version) ? NULL : version;
}

int pkc_key_make(pkc_store *store, const void *bytes, int64_t size, pkc_key **key_out) {
    uint32_t hash = pkc_index_hash(&store->index, bytes, size);
    *key_out = pkc_index_find(&store->index, bytes, size, hash);
    if (*key_out != NULL) {
        return PKC_OK;
    }
    int status = pkc_index_reserve(&store->index);
    if (status == PKC_OK) {
        status = pkc_tree_reserve(&store->tree);
    }
    if (status < 0) {
        return status;
    }
    int64_t bytes_needed = (int64_t)sizeof(pkc_key) + size;
    pkc_key *key = pkc_arena_alloc(&store->arena, PKC_ARENA_KEYS, bytes_needed);
    if (key == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    key->newest = 0;
    key->hash = hash;
    key->size = (uint32_t)size;
    memcpy(key->bytes, bytes, (size_t)size);
    pkc_index_insert(&store->index, key);
    pkc_tree_insert(&store->tree, key);
    store->key_bytes += bytes_needed;
    *key_out = key;
    return PKC_OK;
}

void pkc_key_drop(pkc_store *store, pkc_key *key) {
    PKC_CHECK(key->newest == 0);
    pkc_index_remove(&store->index, key);
    pkc_tree_remove(&store->tree, key);
    store->key_bytes -= pkc_key_bytes(key);
    pkc_arena_free(&store->arena, key, pkc_key_bytes(key));
}

pkc_version *pkc_version_new(pkc_store *store, const pkc_key *key, const pkc_kv *kv) {
    pkc_version head = {.mod_revision = kv->mod_revision,
                        .key = pkc_arena_ref(key),
                        .version = (uint64_t)kv->version & PKC_VERSION_MAX,
                        .value_size = (uint64_t)kv->value_size & 0x1fffff,
                        .has_lease = kv->lease != 0};
    int64_t size = pkc_version_bytes(&head);
    pkc_version *version = pkc_arena_alloc(&store->arena, PKC_ARENA_VERSIONS, size);
    if (version == NULL) {
        return NULL;
    }
    *version = head;
    if (kv->version > 1) {
        memcpy(version->tail, &kv->create_revision, 8);
    }
    if (kv->lease != 0) {
        memcpy(version->tail + pkc_version_lease_at(version), &kv->lease, 8);
    }
    if (kv->value_size > 0) {
        memcpy(version->tail + pkc_version_value_at(version), kv->value, (size_t)kv->value_size);
    }
    store->version_count++;
    store->version_bytes += size;
    store->value_bytes += kv->value_size;
    store->name_bytes += key->size;
    return version;
}

void pkc_version_free(pkc_store *store, pkc_version *version) {
    int64_t size = pkc_version_bytes(version);
    store->version_count--;
    store->version_bytes -= size;
    store->value_bytes -= (int64_t)version->value_size;
    store->name_bytes -= pkc_store_key_of(store, version)->size;
    version->dead = 1;
    pkc_arena_free(&store->arena, version, size);
}

int pkc_lease_attach(pkc_store *store, pkc_key *key, int64_t id) {
    if (id == 0) {
        return PKC_OK;
    }
    pkc_lease *lease = pkc_leases_find(&store->leases, id);
    PKC_CHECK(lease != NULL);
    return pkc_key_set_add(&lease->keys, key);
}

void pkc_lease_detach(pkc_store *store, pkc_key *key, int64_t id) {
    if (id != 0) {
        pkc_lease *lease = pkc_leases_find(&store->leases, id);
        PKC_CHECK(lease != NULL);
        pkc_key_set_remove(&lease->keys, key);
    }
}

/* The lease that the newest version holds; 0 for none. */
static int64_t lease_held(const pkc_store *store, const pkc_key *key) {
    const pkc_version *newest = pkc_store_newest(store, key);
    return newest == NULL ? 0 : pkc_version_lease(newest);
}

/* Put the version before its key's newest and at the end of the log. */
static int link_version(pkc_store *store, pkc_version *version) {
    pkc_key *key = pkc_store_key_of(store, version);
    int64_t old_lease = lease_held(store, key);
    int64_t new_lease = pkc_version_lease(version);
    int status = new_lease == old_lease ? PKC_OK : pkc_lease_attach(store, key, new_lease);
    if (status < 0) {
        return status;
    }
    status = pkc_log_append(&store->log, version);
    if (status < 0) {
        if (new_lease != old_lease) {
            pkc_lease_detach(store, key, new_lease);
        }
        return status;
    }
    if (new_lease != old_lease) {
        pkc_lease_detach(store, key, old_lease);
    }
    const pkc_version *newest = pkc_store_newest(store, key);
    PKC_CHECK(newest == NULL || newest->mod_revision <= version->mod_revision);
    version->prev = key->newest;
    key->newest = pkc_arena_ref(version);
    return PKC_OK;
}

static int put_version(pkc_store *store, int64_t revision, pkc_key *key, const void *value,
                       int64_t value_size, int64_t lease) {
    const pkc_version *last = pkc_store_newest(store, key);
    bool creates = last == NULL || pkc_version_is_tombstone(last);
    if (!creates && last->version == PKC_VERSION_MAX) {
        return PKC_ERR_LIMIT;
    }
    pkc_kv kv = {.value = value,
                 .value_size = value_size,
                 .create_revision = creates ? revision : pkc_version_create_revision(last),
                 .mod_revision = revision,
                 .version = creates ? 1 : (int64_t)last->version + 1,
                 .lease = lease};
    pkc_version *version = pkc_version_new(store, key, &kv);
    if (version == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    int status = link_version(store, version);
    if (status < 0) {
        pkc_version_free(store, version);
    }
    return status;
}

int pkc_history_put(pkc_store *store, int64_t revision, const void *bytes, int64_t size,
                    const void *value, int64_t value_size, int64_t lease) {
    pkc_key *key;
    int status = pkc_key_make(store, bytes, size, &key);
    if (status < 0) {
        return status;
    }
    status = put_version(store, revision, key, value, value_size, lease);
    if (status < 0 && key->newest == 0) {
        pkc_key_drop(store, key);
    }
    return status;
}

int pkc_history_delete(pkc_store *store, int64_t revision, pkc_key *key) {
    pkc_kv tombstone = {.mod_revision = revision};
    pkc_version *version = pkc_version_new(store, key, &tombstone);
    if (version == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    int status = link_version(store, version);
    if (status < 0) {
        pkc_version_free(store, version);
    }
    return status;
}

static void undo_last(pkc_store *store) {
    store->log.end--;
    pkc_version *version = pkc_log_at(&store->log, store->log.end);
    pkc_key *key = pkc_store_key_of(store, version);
    PKC_CHECK(pkc_store_newest(store, key) == version);
    int64_t lease = pkc_version_lease(version);
    key->newest = version->prev;
    int64_t before = lease_held(store, key);
    if (lease != before) {
        pkc_lease_detach(store, key, lease);
        /* The set was larger before, so there is room. */
        PKC_CHECK(pkc_lease_attach(store, key, before) == PKC_OK);
    }
    pkc_version_free(store, version);
    if (key->newest == 0) {
        pkc_key_drop(store, key);
    }
}

void pkc_history_undo(pkc_store *store, int64_t end) {
    while (store->log.end > end) {
        undo_last(store);
    }
}
