/* Keys and their versions: writes without checks, and how to take them back. */
#include <stdlib.h>

#include "check.h"
#include "store_core.h"

pkc_key *pkc_store_find(const pkc_store *store, const void *key, int64_t size) {
    return pkc_index_find(&store->index, key, size, pkc_index_hash(&store->index, key, size));
}

pkc_version *pkc_key_at(const pkc_key *key, int64_t revision) {
    pkc_version *version = key->newest;
    while (version != NULL && version->mod_revision > revision) {
        version = version->prev;
    }
    return version == NULL || version->create_revision == 0 ? NULL : version;
}

static int64_t key_bytes(const pkc_key *key) {
    return (int64_t)sizeof(*key) + key->size;
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
    pkc_key *key = status < 0 ? NULL : malloc(sizeof(*key) + (size_t)size);
    if (key == NULL) {
        return status < 0 ? status : PKC_ERR_NO_MEMORY;
    }
    key->newest = NULL;
    key->hash = hash;
    key->size = (uint32_t)size;
    memcpy(key->bytes, bytes, (size_t)size);
    pkc_index_insert(&store->index, key);
    pkc_tree_insert(&store->tree, key);
    store->key_bytes += key_bytes(key);
    *key_out = key;
    return PKC_OK;
}

void pkc_key_drop(pkc_store *store, pkc_key *key) {
    PKC_CHECK(key->newest == NULL);
    pkc_index_remove(&store->index, key);
    pkc_tree_remove(&store->tree, key);
    store->key_bytes -= key_bytes(key);
    pkc_arena_defer_free(&store->arena, key);
}

pkc_version *pkc_version_new(pkc_store *store, pkc_key *key, int64_t value_size,
                             int64_t lease) {
    int64_t size = (int64_t)sizeof(pkc_version) + value_size + (lease != 0 ? 8 : 0);
    pkc_version *version = pkc_arena_alloc(&store->arena, size);
    if (version == NULL) {
        return NULL;
    }
    version->key = key;
    version->value_size = (uint64_t)value_size & 0x3fffff;
    version->has_lease = lease != 0;
    version->dead = 0;
    if (lease != 0) {
        memcpy(version->tail, &lease, 8);
    }
    store->version_count++;
    store->version_bytes += size;
    store->value_bytes += value_size;
    store->name_bytes += key->size;
    return version;
}

void pkc_version_free(pkc_store *store, pkc_version *version) {
    int64_t size = pkc_version_bytes(version);
    store->version_count--;
    store->version_bytes -= size;
    store->value_bytes -= (int64_t)version->value_size;
    store->name_bytes -= version->key->size;
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
static int64_t lease_held(const pkc_key *key) {
    return key->newest == NULL ? 0 : pkc_version_lease(key->newest);
}

/* Put the version before its key's newest and at the end of the log. */
static int link_version(pkc_store *store, pkc_version *version) {
    pkc_key *key = version->key;
    int64_t old_lease = lease_held(key);
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
    version->prev = key->newest;
    key->newest = version;
    return PKC_OK;
}

static int put_version(pkc_store *store, int64_t revision, pkc_key *key, const void *value,
                       int64_t value_size, int64_t lease) {
    const pkc_version *last = key->newest;
    bool creates = last == NULL || last->create_revision == 0;
    if (!creates && last->version == PKC_VERSION_MAX) {
        return PKC_ERR_LIMIT;
    }
    pkc_version *version = pkc_version_new(store, key, value_size, lease);
    if (version == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    version->mod_revision = revision;
    version->create_revision = creates ? revision : last->create_revision;
    version->version = creates ? 1 : (last->version + 1) & PKC_VERSION_MAX;
    if (value_size > 0) {
        memcpy(version->tail + (lease != 0 ? 8 : 0), value, (size_t)value_size);
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
    if (status < 0 && key->newest == NULL) {
        pkc_key_drop(store, key);
    }
    return status;
}

int pkc_history_delete(pkc_store *store, int64_t revision, pkc_key *key) {
    pkc_version *version = pkc_version_new(store, key, 0, 0);
    if (version == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    version->mod_revision = revision;
    version->create_revision = 0;
    version->version = 0;
    int status = link_version(store, version);
    if (status < 0) {
        pkc_version_free(store, version);
    }
    return status;
}

static void undo_last(pkc_store *store) {
    store->log.end--;
    pkc_version *version = *pkc_log_at(&store->log, store->log.end);
    pkc_key *key = version->key;
    PKC_CHECK(key->newest == version);
    int64_t lease = pkc_version_lease(version);
    key->newest = version->prev;
    int64_t before = lease_held(key);
    if (lease != before) {
        pkc_lease_detach(store, key, lease);
        /* The set was larger before, so there is room. */
        PKC_CHECK(pkc_lease_attach(store, key, before) == PKC_OK);
    }
    pkc_version_free(store, version);
    if (key->newest == NULL) {
        pkc_key_drop(store, key);
    }
}

void pkc_history_undo(pkc_store *store, int64_t end) {
    while (store->log.end > end) {
        undo_last(store);
    }
}
