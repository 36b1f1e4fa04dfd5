/* Records of the log and of a snapshot, applied to the store. */
#include "store/recover.h"

#include "common/check.h"
#include "store/commit.h"
#include "store/compact.h"
#include "store/history.h"
#include "store/lease_api.h"
#include "store/sound.h"
#include "store/txn.h"

static bool take(const uint8_t **at, int64_t *left, void *field_out, int64_t size) {
    if (*left < size) {
        return false;
    }
    memcpy(field_out, *at, (size_t)size);
    *at += size;
    *left -= size;
    return true;
}

static int apply_put(pkc_store *store, int64_t revision, const pkc_op *op) {
    if (op->lease != 0 && pkc_leases_alive(&store->leases, op->lease) == NULL) {
        return PKC_ERR_CORRUPT;
    }
    pkc_content value = {.bytes = op->value, .size = op->value_size};
    return pkc_history_put(store, revision, op->key, op->key_size, &value, op->lease);
}

static int apply_delete(pkc_store *store, int64_t revision, const pkc_op *op) {
    int64_t count = pkc_delete_run(store, revision, op, NULL);
    return count == 0 ? PKC_ERR_CORRUPT : count < 0 ? (int)count : PKC_OK;
}

static int apply_txn(pkc_store *store, const uint8_t *at, int64_t left) {
    int64_t revision;
    uint32_t count;
    if (!take(&at, &left, &revision, 8) || !take(&at, &left, &count, 4) ||
        revision != store->head_revision + 1) {
        return PKC_ERR_CORRUPT;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t head[3];
        int64_t lease;
        if (!take(&at, &left, head, 12) || !take(&at, &left, &lease, 8) ||
            !pkc_op_is_sound(head[1], head[2]) || left < (int64_t)head[1] + (int64_t)head[2]) {
            return PKC_ERR_CORRUPT;
        }
        const char *second = (const char *)at + head[1];
        pkc_op op = {.key = (const char *)at,
                     .key_size = head[1],
                     .end = second,
                     .end_size = head[2],
                     .value = second,
                     .value_size = head[2],
                     .lease = lease};
        int status = PKC_ERR_CORRUPT;
        if (head[0] == PKC_LOGGED_PUT) {
            status = apply_put(store, revision, &op);
        } else if (head[0] == PKC_LOGGED_DELETE) {
            status = apply_delete(store, revision, &op);
        }
        if (status < 0) {
            return status;
        }
        at += (int64_t)head[1] + head[2];
        left -= (int64_t)head[1] + head[2];
    }
    if (left != 0 || count == 0) {
        return PKC_ERR_CORRUPT;
    }
    store->head_revision = revision;
    pkc_store_staged(store);
    PKC_CHECK(store->visible_revision == revision && store->visible_end == store->log.end);
    return PKC_OK;
}

static int apply_revoke(pkc_store *store, int64_t id, int64_t expected) {
    pkc_lease *lease = pkc_leases_alive(&store->leases, id);
    int64_t revision;
    if (lease == NULL) {
        return PKC_ERR_CORRUPT;
    }
    int status = pkc_lease_end(store, lease, &revision);
    if (status == PKC_OK) {
        pkc_store_staged(store);
        status = revision == expected ? PKC_OK : PKC_ERR_CORRUPT;
        PKC_CHECK(pkc_leases_alive(&store->leases, id) == NULL);
        PKC_CHECK(store->visible_revision == store->head_revision);
    }
    return status;
}

static int apply_grant(pkc_store *store, int64_t id, int64_t ttl) {
    if (!pkc_grant_is_sound(id, ttl) || pkc_leases_find(&store->leases, id) != NULL) {
        return PKC_ERR_CORRUPT;
    }
    int status = pkc_lease_begin(store, id, ttl, store->options.time_ns);
    if (status == PKC_OK) {
        pkc_store_staged(store);
        PKC_CHECK(pkc_leases_alive(&store->leases, id) != NULL);
    }
    return status;
}

int pkc_store_apply(void *context, int type, const uint8_t *payload, int64_t size) {
    pkc_store *store = context;
    int64_t numbers[2];
    if (type == PKC_RECORD_MARK && size == 0) {
        return PKC_OK;
    }
    if (type == PKC_RECORD_TXN) {
        return apply_txn(store, payload, size);
    }
    if (type == PKC_RECORD_COMPACT && take(&payload, &size, numbers, 8) && size == 0) {
        if (!pkc_compact_is_sound(store, numbers[0])) {
            return PKC_ERR_CORRUPT;
        }
        pkc_compact_run(store, numbers[0], false);
        PKC_CHECK(store->compact_revision == numbers[0]);
        return PKC_OK;
    }
    if (type == PKC_RECORD_GRANT && take(&payload, &size, numbers, 16) && size == 0) {
        return apply_grant(store, numbers[0], numbers[1]);
    }
    if (type == PKC_RECORD_REVOKE && take(&payload, &size, numbers, 16) && size == 0) {
        return apply_revoke(store, numbers[0], numbers[1]);
    }
    return PKC_ERR_CORRUPT;
}

static int load_version(pkc_store *store, const uint8_t *at, int64_t left) {
    pkc_version_head head;
    if (!take(&at, &left, &head, sizeof(head)) ||
        left != (int64_t)head.key_size + head.value_size ||
        !pkc_version_is_sound(&head, store->head_revision)) {
        return PKC_ERR_CORRUPT;
    }
    pkc_key *key;
    int status = pkc_key_make(store, at, head.key_size, &key);
    if (status < 0) {
        return status;
    }
    bool logged = head.mod_revision >= store->compact_revision;
    const pkc_log *log = &store->log;
    bool ordered = !logged || log->end == log->first ||
                   pkc_log_at(log, log->end - 1)->mod_revision <= head.mod_revision;
    pkc_content value = {.bytes = at + head.key_size, .size = head.value_size};
    pkc_kv kv = {.create_revision = head.create_revision,
                 .mod_revision = head.mod_revision,
                 .version = head.version,
                 .lease = head.lease};
    pkc_version *version = pkc_version_new(store, key, &kv, &value);
    if (version == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    const pkc_version *newest = pkc_store_newest(store, key);
    if (!ordered || (newest != NULL && newest->mod_revision >= head.mod_revision &&
                     !pkc_version_ends(version, newest))) {
        pkc_version_free(store, version);
        return PKC_ERR_CORRUPT;
    }
    version->prev = key->newest;
    key->newest = pkc_arena_ref(version);
    return logged ? pkc_log_append(&store->log, version) : PKC_OK;
}

/* The end of a snapshot: leases get the keys whose newest version names them. */
static int load_end(pkc_store *store) {
    pkc_tree_cursor cursor = pkc_tree_seek(&store->tree, "", 0);
    const pkc_key *next;
    while ((next = pkc_tree_next(&cursor)) != NULL) {
        pkc_key *key = pkc_store_find(store, next->bytes, next->size);
        const pkc_version *newest = pkc_store_newest(store, key);
        int64_t id = newest == NULL ? 0 : pkc_version_lease(newest);
        if (newest == NULL || (id != 0 && pkc_leases_alive(&store->leases, id) == NULL)) {
            return PKC_ERR_CORRUPT;
        }
        int status = pkc_lease_attach(store, key, id);
        if (status < 0) {
            return status;
        }
    }
    store->visible_end = store->log.end;
    return PKC_OK;
}

int pkc_store_load(void *context, int type, const uint8_t *payload, int64_t size) {
    pkc_store *store = context;
    int64_t numbers[2];
    pkc_file_header header;
    if (type == 0 && take(&payload, &size, &header, sizeof(header))) {
        store->head_revision = header.revision;
        store->visible_revision = header.revision;
        store->compact_revision = header.compact_revision;
        return PKC_OK;
    }
    if (type == PKC_RECORD_VERSION) {
        return load_version(store, payload, size);
    }
    if (type == PKC_RECORD_LEASE && take(&payload, &size, numbers, 16) && size == 0) {
        return apply_grant(store, numbers[0], numbers[1]);
    }
    return type == PKC_RECORD_END ? load_end(store) : PKC_ERR_CORRUPT;
}
