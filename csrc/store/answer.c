/* Answers: results of a call, pinned until they are released. */
#include "store/answer.h"

#include <stdlib.h>

#include "common/check.h"
#include "store/history.h"

enum { CAPACITY_MIN = 8, CHUNK_BYTES = 1 << 16, KEPT_BYTES_MAX = 1 << 20 };

/* Room for values that lie in the store as forms; chunks are kept from one answer to the next. */
typedef struct chunk {
    struct chunk *next;
    int64_t capacity;
    int64_t used;
    char data[];
} chunk;

typedef struct {
    chunk *first;
    chunk *current;
} room;

static char *room_take(pkc_answer *answer, int64_t size) {
    room *r = answer->values;
    if (r == NULL) {
        r = answer->values = calloc(1, sizeof(room));
        if (r == NULL) {
            return NULL;
        }
    }
    while (r->current != NULL && r->current->capacity - r->current->used < size &&
           r->current->next != NULL) {
        r->current = r->current->next;
    }
    chunk *c = r->current;
    if (c == NULL || c->capacity - c->used < size) {
        int64_t capacity = size > CHUNK_BYTES ? size : CHUNK_BYTES;
        chunk *more = malloc(sizeof(chunk) + (size_t)capacity);
        if (more == NULL) {
            return NULL;
        }
        *more = (chunk){.capacity = capacity};
        *(c == NULL ? &r->first : &c->next) = more;
        r->current = c = more;
    }
    c->used += size;
    return c->data + c->used - size;
}

/* Nothing points there any more. */
static void room_empty(pkc_answer *answer, int64_t keep_bytes) {
    room *r = answer->values;
    if (r == NULL) {
        return;
    }
    for (chunk **at = &r->first; *at != NULL;) {
        chunk *c = *at;
        keep_bytes -= c->capacity;
        c->used = 0;
        if (keep_bytes < 0) {
            *at = c->next;
            free(c);
        } else {
            at = &c->next;
        }
    }
    r->current = r->first;
}

void pkc_answer_begin(pkc_answer *answer) {
    PKC_CHECK(answer->store == NULL);
    room_empty(answer, KEPT_BYTES_MAX);
    answer->kv_count = 0;
    answer->result_count = 0;
    answer->event_count = 0;
    answer->revision = 0;
    answer->compact_revision = 0;
    answer->ticket = 0;
}

static int grow(void **items, int64_t *capacity, int64_t item_size) {
    int64_t bigger = *capacity == 0 ? CAPACITY_MIN : 2 * *capacity;
    void *more = realloc(*items, (size_t)(bigger * item_size));
    if (more == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    *items = more;
    *capacity = bigger;
    return PKC_OK;
}

int pkc_answer_add_kv(pkc_answer *answer, const pkc_store *store, const pkc_key *key,
                      const pkc_version *version) {
    if (answer->kv_count == answer->kv_capacity) {
        void *items = answer->kvs;
        int status = grow(&items, &answer->kv_capacity, sizeof(pkc_kv));
        answer->kvs = items;
        if (status < 0) {
            return status;
        }
    }
    const char *value = (const char *)pkc_version_kept(version);
    if (version->is_packed != 0) {
        char *copy = room_take(answer, (int64_t)version->value_size);
        if (copy == NULL) {
            return PKC_ERR_NO_MEMORY;
        }
        pkc_version_read(store, version, copy);
        value = copy;
    }
    answer->kvs[answer->kv_count++] = (pkc_kv){
        .key = (const char *)key->bytes,
        .key_size = key->size,
        .value = value,
        .value_size = (int64_t)version->value_size,
        .create_revision = pkc_version_create_revision(version),
        .mod_revision = version->mod_revision,
        .version = (int64_t)version->version,
        .lease = pkc_version_lease(version),
        .prev = -1,
        .held = version,
    };
    return PKC_OK;
}

int pkc_answer_add_result(pkc_answer *answer, int32_t kind, int64_t *index_out) {
    if (answer->result_count == answer->result_capacity) {
        void *items = answer->results;
        int status = grow(&items, &answer->result_capacity, sizeof(pkc_result));
        answer->results = items;
        if (status < 0) {
            return status;
        }
    }
    *index_out = answer->result_count++;
    answer->results[*index_out] = (pkc_result){.kind = kind, .kv_first = answer->kv_count};
    return PKC_OK;
}

void pkc_answer_await(pkc_answer *answer, const pkc_store *store) {
    if (store->sequence_staged > store->sequence_visible) {
        answer->ticket = store->sequence_staged;
    }
}

void pkc_answer_end(pkc_answer *answer, pkc_store *store, bool staged) {
    answer->revision = staged ? store->head_revision : store->visible_revision;
    if (staged) {
        pkc_answer_await(answer, store);
    }
    if (answer->kv_count > 0) {
        answer->store = store;
        pkc_arena_pin(&store->arena);
    }
}

int64_t pkc_answer_pack_size(const pkc_answer *answer) {
    int64_t size = 0;
    for (int64_t i = 0; i < answer->kv_count; i++) {
        size += answer->kvs[i].key_size + answer->kvs[i].value_size;
    }
    return size;
}

void pkc_answer_pack(const pkc_answer *answer, char *data_out) {
    for (int64_t i = 0; i < answer->kv_count; i++) {
        const pkc_kv *kv = &answer->kvs[i];
        if (kv->key_size > 0) {
            memcpy(data_out, kv->key, (size_t)kv->key_size);
        }
        data_out += kv->key_size;
        if (kv->value_size > 0) {
            memcpy(data_out, kv->value, (size_t)kv->value_size);
        }
        data_out += kv->value_size;
    }
}

void pkc_answer_release(pkc_answer *answer) {
    pkc_store *store = answer->store;
    answer->store = NULL;
    answer->kv_count = 0;
    answer->result_count = 0;
    answer->event_count = 0;
    room_empty(answer, KEPT_BYTES_MAX);
    if (store != NULL) {
        pkc_store_lock(store);
        pkc_arena_unpin(&store->arena);
        pkc_store_leave(store);
    }
}

void pkc_answer_free(pkc_answer *answer) {
    pkc_answer_release(answer);
    room_empty(answer, 0);
    free(answer->values);
    free(answer->kvs);
    free(answer->results);
    *answer = (pkc_answer){0};
}
