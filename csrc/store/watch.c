/* Reading the log through a cursor. */
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "store/answer.h"
#include "store/history.h"

int pkc_store_watch(pkc_store *store, const char *key, int64_t key_size, const char *end,
                    int64_t end_size, int64_t start_revision, int32_t flags, int64_t tag,
                    pkc_watch **watch_out, pkc_answer *answer_out) {
    pkc_answer_begin(answer_out);
    if (key_size == 0) {
        return PKC_ERR_KEY_EMPTY;
    }
    bool endless = end_size == 1 && end[0] == 0;
    if (end_size > 0 && !endless && pkc_bytes_compare(end, end_size, key, key_size) <= 0) {
        return PKC_ERR_WATCH_RANGE;
    }
    pkc_watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    pkc_store_lock(store);
    int status = store->closed ? PKC_ERR_CLOSED : PKC_OK;
    if (status == PKC_OK) {
        uint32_t hash = pkc_index_hash(&store->index, key, key_size);
        status = pkc_groups_get(&store->groups, hash, key, key_size, end, end_size,
                                &watch->group);
    }
    if (status < 0) {
        pkc_store_unlock(store);
        free(watch);
        return status;
    }
    watch->store = store;
    watch->tag = tag;
    watch->flags = flags;
    watch->next_revision = start_revision;
    if (start_revision == 0) {
        watch->next_revision = store->visible_revision + 1;
    }
    watch->compacted = start_revision != 0 && store->compact_revision > 0 &&
                       start_revision < store->compact_revision;
    watch->behind = watch->next_revision <= store->visible_revision;
    watch->next = watch->group->watches;
    if (watch->next != NULL) {
        watch->next->prev = watch;
    }
    watch->group->watches = watch;
    store->groups.watch_count++;
    pkc_answer_end(answer_out, store, false);
    pkc_store_unlock(store);
    *watch_out = watch;
    return PKC_OK;
}

void pkc_watch_free(pkc_watch *watch) {
    if (watch == NULL) {
        return;
    }
    pkc_store *store = watch->store;
    pkc_group *group = watch->group;
    pkc_store_lock(store);
    if (group->resume == watch) {
        group->resume = watch->next;
    }
    if (watch->prev != NULL) {
        watch->prev->next = watch->next;
    } else {
        group->watches = watch->next;
    }
    if (watch->next != NULL) {
        watch->next->prev = watch->prev;
    }
    store->groups.watch_count--;
    pkc_groups_tidy(&store->groups, group);
    pkc_store_leave(store);
    free(watch->excluded);
    free(watch);
}

int pkc_watch_exclude(pkc_watch *watch, const char *prefixes, const int64_t *sizes,
                      int32_t count) {
    int64_t size = 0;
    for (int32_t i = 0; i < count; i++) {
        if (sizes[i] < 1) {
            return PKC_ERR_INVALID;
        }
        size += (int64_t)sizeof(int64_t) + sizes[i];
    }
    uint8_t *excluded = NULL;
    if (size > 0) {
        excluded = malloc((size_t)size);
        if (excluded == NULL) {
            return PKC_ERR_NO_MEMORY;
        }
    }
    uint8_t *at = excluded;
    for (int32_t i = 0; i < count; i++) {
        memcpy(at, &sizes[i], sizeof(int64_t));
        memcpy(at + sizeof(int64_t), prefixes, (size_t)sizes[i]);
        at += (int64_t)sizeof(int64_t) + sizes[i];
        prefixes += sizes[i];
    }
    pkc_store_lock(watch->store);
    uint8_t *old = watch->excluded;
    watch->excluded = excluded;
    watch->excluded_size = size;
    pkc_store_unlock(watch->store);
    free(old);
    return PKC_OK;
}

static bool is_excluded(const pkc_watch *watch, const pkc_key *key) {
    for (int64_t at = 0; at < watch->excluded_size;) {
        int64_t size;
        memcpy(&size, watch->excluded + at, sizeof(size));
        at += (int64_t)sizeof(size);
        if (key->size >= size && memcmp(key->bytes, watch->excluded + at, (size_t)size) == 0) {
            return true;
        }
        at += size;
    }
    return false;
}

static bool concerns(const pkc_watch *watch, const pkc_version *version) {
    const pkc_group *group = watch->group;
    const pkc_key *key = pkc_store_key_of(watch->store, version);
    bool deletes = pkc_version_is_tombstone(version);
    if ((watch->flags & (deletes ? PKC_FLAG_NO_DELETE : PKC_FLAG_NO_PUT)) != 0) {
        return false;
    }
    if (is_excluded(watch, key)) {
        return false;
    }
    const uint8_t *end = group->bytes + group->key_size;
    int order = pkc_bytes_compare(key->bytes, key->size, group->bytes, group->key_size);
    if (order <= 0 || group->end_size == 0) {
        return order == 0;
    }
    bool endless = group->end_size == 1 && end[0] == 0;
    return endless || pkc_bytes_compare(key->bytes, key->size, end, group->end_size) < 0;
}

/* Add events from the log until `event_count_max` is reached and its revision is whole. Returns
 * the revision up to which the watch was served. */
static int64_t read_log(pkc_watch *watch, int64_t event_count_max, pkc_answer *answer,
                        int *status_out) {
    pkc_store *store = watch->store;
    int64_t i = pkc_log_find(&store->log, watch->next_revision);
    int64_t revision = 0;
    for (; i < store->visible_end; i++) {
        const pkc_version *version = pkc_log_at(&store->log, i);
        if (answer->kv_count >= event_count_max && version->mod_revision > revision) {
            return version->mod_revision - 1;
        }
        if (concerns(watch, version)) {
            const pkc_key *key = pkc_store_key_of(store, version);
            *status_out = pkc_answer_add_kv(answer, store, key, version);
            if (*status_out < 0) {
                return 0;
            }
            revision = version->mod_revision;
        }
    }
    return store->visible_revision;
}

static void reverse(pkc_kv *kvs, int64_t count) {
    for (int64_t i = 0; i < count / 2; i++) {
        pkc_kv kv = kvs[i];
        kvs[i] = kvs[count - 1 - i];
        kvs[count - 1 - i] = kv;
    }
}

/* The same for a watch of one key, whose events are its chain of versions. */
static int64_t read_chain(pkc_watch *watch, int64_t event_count_max, pkc_answer *answer,
                          int *status_out) {
    pkc_store *store = watch->store;
    const pkc_group *group = watch->group;
    const pkc_key *key = pkc_store_find(store, group->bytes, group->key_size);
    const pkc_version *version = key == NULL ? NULL : pkc_store_newest(store, key);
    for (; version != NULL && version->mod_revision >= watch->next_revision;
         version = pkc_store_before(store, version)) {
        if (version->mod_revision <= store->visible_revision && concerns(watch, version)) {
            *status_out = pkc_answer_add_kv(answer, store, key, version);
            if (*status_out < 0) {
                return 0;
            }
        }
    }
    reverse(answer->kvs, answer->kv_count);
    int64_t count = event_count_max;
    while (count < answer->kv_count &&
           answer->kvs[count].mod_revision == answer->kvs[count - 1].mod_revision) {
        count++; /* see pkc_version_ends */
    }
    if (answer->kv_count <= count) {
        return store->visible_revision;
    }
    answer->kv_count = count;
    return answer->kvs[count - 1].mod_revision;
}

/* The version before an event, behind the events: etcd reads it at the revision before, so it is
 * absent once that revision is compacted. */
static int add_previous(pkc_watch *watch, pkc_answer *answer) {
    pkc_store *store = watch->store;
    for (int64_t i = 0; i < answer->event_count; i++) {
        const pkc_kv event = answer->kvs[i];
        if (event.create_revision == event.mod_revision ||
            event.mod_revision - 1 < store->compact_revision) {
            continue;
        }
        const pkc_version *before = pkc_store_before(store, event.held);
        if (pkc_version_ends(event.held, before)) {
            before = pkc_store_before(store, before);
        }
        if (before != NULL && !pkc_version_is_tombstone(before)) {
            const pkc_key *key = pkc_store_key_of(store, before);
            int status = pkc_answer_add_kv(answer, store, key, before);
            if (status < 0) {
                return status;
            }
            answer->kvs[i].prev = answer->kv_count - 1;
        }
    }
    return PKC_OK;
}

static int read_locked(pkc_watch *watch, int64_t event_count_max, int32_t *more_out,
                       pkc_answer *answer) {
    pkc_store *store = watch->store;
    const pkc_group *group = watch->group;
    *more_out = 0;
    if (store->closed) {
        return PKC_ERR_CLOSED;
    }
    watch->compacted = watch->compacted || watch->next_revision <= group->lost_event;
    if (watch->compacted) {
        answer->compact_revision = store->compact_revision;
        return PKC_ERR_COMPACTED;
    }
    if (watch->next_revision > store->visible_revision) {
        return PKC_OK; /* it starts in the future */
    }
    int64_t upto = store->visible_revision;
    int status = PKC_OK;
    if (watch->behind || watch->next_revision <= group->last_event) {
        upto = group->end_size == 0 ? read_chain(watch, event_count_max, answer, &status)
                                    : read_log(watch, event_count_max, answer, &status);
        answer->event_count = answer->kv_count;
    }
    if (status == PKC_OK && (watch->flags & PKC_FLAG_PREV_KV) != 0) {
        status = add_previous(watch, answer);
    }
    if (status < 0) {
        return status;
    }
    watch->next_revision = upto + 1;
    watch->behind = watch->behind && upto < store->visible_revision;
    *more_out = upto < store->visible_revision;
    return PKC_OK;
}

int pkc_watch_read(pkc_watch *watch, int64_t event_count_max, int32_t *more_out,
                   pkc_answer *answer_out) {
    pkc_answer_begin(answer_out);
    if (event_count_max < 1) {
        return PKC_ERR_INVALID;
    }
    pkc_store *store = watch->store;
    pkc_store_lock(store);
    int status = read_locked(watch, event_count_max, more_out, answer_out);
    if (status == PKC_OK) {
        pkc_answer_end(answer_out, store, false);
    } else {
        answer_out->revision = store->visible_revision;
    }
    pkc_store_unlock(store);
    return status < 0 ? status : (int)answer_out->event_count;
}

int64_t pkc_store_ready(pkc_store *store, int64_t *tags_out, int64_t capacity) {
    int64_t count = 0;
    pkc_store_lock(store);
    pkc_groups *groups = &store->groups;
    while (groups->first_ready != NULL) {
        pkc_group *group = groups->first_ready;
        for (; group->resume != NULL && count < capacity; group->resume = group->resume->next) {
            if (group->resume->next_revision <= group->last_event) {
                tags_out[count++] = group->resume->tag;
            }
        }
        if (group->resume != NULL) {
            break;
        }
        group->ready = false;
        groups->first_ready = group->next_ready;
        if (groups->first_ready == NULL) {
            groups->last_ready = &groups->first_ready;
        }
    }
    pkc_store_unlock(store);
    return count;
}
