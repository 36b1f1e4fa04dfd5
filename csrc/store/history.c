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

/* The shape that a value is kept as, for a reference of the caller's, and what it takes then; -1
 * and the value's own size where it is kept as it is read. */
static int64_t choose_shape(pkc_store *store, const pkc_content *value, int64_t *kept_out) {
    *kept_out = value->size;
    if (value->form == NULL || value->form->id == 0) {
        return -1;
    }
    int64_t shape = pkc_shapes_take(&store->shapes, value->form);
    if (shape < 0) {
        return -1;
    }
    int64_t packed = pkc_shape_packed_size(&store->shapes, shape, value->fields);
    if (packed + PKC_SHAPE_SAVING_MIN > value->size) {
        pkc_shapes_release(&store->shapes, shape);
        return -1;
    }
    *kept_out = packed;
    return shape;
}

static void write_value(pkc_store *store, pkc_version *version, const pkc_content *value,
                        int64_t shape, int64_t kept) {
    uint8_t *at = version->tail + pkc_version_value_at(version);
    if (shape >= 0) {
        pkc_shape_pack(&store->shapes, shape, value->fields, kept, at);
    } else if (value->form != NULL) {
        pkc_form_write(value->form, value->fields, (char *)at);
    } else if (kept > 0) {
        memcpy(at, value->bytes, (size_t)kept);
    }
}

pkc_version *pkc_version_new(pkc_store *store, const pkc_key *key, const pkc_kv *kv,
                             const pkc_content *value) {
    int64_t kept;
    int64_t shape = choose_shape(store, value, &kept);
    pkc_version head = {.mod_revision = kv->mod_revision,
                        .key = pkc_arena_ref(key),
                        .version = (uint64_t)kv->version & PKC_VERSION_MAX,
                        .value_size = (uint64_t)value->size & 0x1fffff,
                        .is_packed = shape >= 0,
                        .has_lease = kv->lease != 0};
    int64_t size = (int64_t)sizeof(head) + pkc_version_value_at(&head) + kept;
    pkc_version *version = pkc_arena_alloc(&store->arena, PKC_ARENA_VERSIONS, size);
    if (version == NULL) {
        if (shape >= 0) {
            pkc_shapes_release(&store->shapes, shape);
        }
        return NULL;
    }
    *version = head;
    if (kv->version > 1) {
        memcpy(version->tail, &kv->create_revision, 8);
    }
    if (kv->lease != 0) {
        memcpy(version->tail + pkc_version_lease_at(version), &kv->lease, 8);
    }
    write_value(store, version, value, shape, kept);
    store->version_count++;
    store->version_bytes += size;
    store->value_bytes += value->size;
    store->name_bytes += key->size;
    return version;
}

void pkc_version_read(const pkc_store *store, const pkc_version *version, char *value_out) {
    if (version->is_packed != 0) {
        pkc_shape_fill(&store->shapes, pkc_version_kept(version), value_out);
    } else if (version->value_size > 0) {
        memcpy(value_out, pkc_version_kept(version), version->value_size);
    }
}

/* The rest of a value that pieces are compared with, and the order that was found. */
typedef struct {
    const char *left;
    int64_t size;
    int order;
} comparison;

static bool compare_piece(void *context, const char *data, int64_t size) {
    comparison *c = context;
    int64_t shorter = size < c->size ? size : c->size;
    c->order = shorter == 0 ? 0 : memcmp(data, c->left, (size_t)shorter);
    if (c->order == 0 && size > c->size) {
        c->order = 1;
    }
    c->left += shorter;
    c->size -= shorter;
    return c->order == 0;
}

int pkc_version_compare(const pkc_store *store, const pkc_version *version, const char *value,
                        int64_t size) {
    if (version->is_packed == 0) {
        return pkc_bytes_compare(pkc_version_kept(version), (int64_t)version->value_size, value,
                                 size);
    }
    comparison c = {.left = value, .size = size};
    pkc_shape_walk(&store->shapes, pkc_version_kept(version), compare_piece, &c);
    return c.order == 0 && c.size > 0 ? -1 : c.order;
}

void pkc_version_free(pkc_store *store, pkc_version *version) {
    int64_t size = pkc_version_bytes(version);
    store->version_count--;
    store->version_bytes -= size;
    store->value_bytes -= (int64_t)version->value_size;
    store->name_bytes -= pkc_store_key_of(store, version)->size;
    if (version->is_packed != 0) {
        pkc_shapes_release(&store->shapes, pkc_packed_shape(pkc_version_kept(version)));
    }
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

static int add_version(pkc_store *store, pkc_key *key, const pkc_kv *kv,
                       const pkc_content *value) {
    pkc_version *version = pkc_version_new(store, key, kv, value);
    if (version == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    int status = link_version(store, version);
    if (status < 0) {
        pkc_version_free(store, version);
    }
    return status;
}

static int put_version(pkc_store *store, int64_t revision, pkc_key *key,
                       const pkc_content *value, int64_t lease) {
    const pkc_version *last = pkc_store_newest(store, key);
    bool creates = last == NULL || pkc_version_is_tombstone(last);
    if (!creates && last->version == PKC_VERSION_MAX) {
        return PKC_ERR_LIMIT;
    }
    pkc_kv kv = {.create_revision = creates ? revision : pkc_version_create_revision(last),
                 .mod_revision = revision,
                 .version = creates ? 1 : (int64_t)last->version + 1,
                 .lease = lease};
    return add_version(store, key, &kv, value);
}

int pkc_history_put(pkc_store *store, int64_t revision, const void *bytes, int64_t size,
                    const pkc_content *value, int64_t lease) {
    pkc_key *key;
    int status = pkc_key_make(store, bytes, size, &key);
    if (status < 0) {
        return status;
    }
    status = put_version(store, revision, key, value, lease);
    if (status < 0 && key->newest == 0) {
        pkc_key_drop(store, key);
    }
    return status;
}

int pkc_history_delete(pkc_store *store, int64_t revision, pkc_key *key) {
    pkc_kv tombstone = {.mod_revision = revision};
    return add_version(store, key, &tombstone, &(pkc_content){0});
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
