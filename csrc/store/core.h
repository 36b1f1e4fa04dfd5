/* The store's own structure, shared by store_*.c. Everything here is called with the lock held
 * unless it says otherwise. */
#ifndef PKC_STORE_CORE_H
#define PKC_STORE_CORE_H

#include <pthread.h>
#include <stdbool.h>

#include "pkc.h"
#include "store/arena.h"
#include "store/index.h"
#include "store/key.h"
#include "store/lease.h"
#include "store/log.h"
#include "store/shape.h"
#include "store/tree.h"
#include "store/watch.h"
#include "wal/wal.h"

/* Read what is staged, too. */
#define PKC_REVISION_HEAD INT64_MAX
/* compact gives up the lock after so many log entries. */
enum { PKC_COMPACT_STEP = 4096 };
/* Stretches of tickets that were rolled back; older ones are forgotten. */
enum { PKC_ROLLBACK_MAX = 64 };

struct pkc_store {
    pthread_mutex_t lock;
    pthread_mutex_t maintenance; /* compaction and snapshot, one at a time; taken before lock */
    pthread_cond_t committed;    /* a batch ended */
    pthread_cond_t published;    /* the visible revision grew, or wake */
    pkc_store_options options;

    pkc_arena arena;
    pkc_index index;
    pkc_tree tree;
    pkc_log log;
    pkc_shapes shapes;
    pkc_leases leases;
    pkc_groups groups;
    pkc_wal *wal; /* NULL: in memory only */
    int64_t log_origin;
    int64_t snapshot_bytes;

    int64_t head_revision;    /* of the last staged write */
    int64_t visible_revision; /* of the last published one */
    int64_t visible_end;      /* log entries before this are visible */
    int64_t compact_revision;

    int64_t sequence_staged;  /* tickets given out */
    int64_t sequence_visible; /* tickets up to here are decided */
    struct {
        int64_t after; /* tickets in (after, upto] were rolled back */
        int64_t upto;
    } rollbacks[PKC_ROLLBACK_MAX];
    int64_t rollback_count;

    int64_t key_bytes;     /* of key structures */
    int64_t version_count; /* alive */
    int64_t version_bytes; /* alive, with their headers */
    int64_t value_bytes;   /* alive, of the values alone */
    int64_t name_bytes;    /* of the keys' names alone, once a version */

    bool leading; /* a thread is writing a batch */
    bool failed;
    bool closed;
    bool woken;
    bool orphaned;  /* freed by its owner; the last watch or answer frees it */
    bool replaying; /* open: nothing is written to the log again */
    pkc_store_fault fault; /* the last refusal of a file system call */
};

/* store.c: unlock; frees an orphaned store that nothing points into any more. */
void pkc_store_leave(pkc_store *store);

/* A value to be put: bytes, or a form with its fields; `size` is what is read of it. */
typedef struct {
    const void *bytes;
    int64_t size;
    const pkc_form *form;
    const pkc_text *fields;
} pkc_content;

/* store/history.c: writes without checks. */
pkc_key *pkc_store_find(const pkc_store *store, const void *key, int64_t size);
/* Where references of keys and versions lead; NULL for none. */
pkc_version *pkc_store_newest(const pkc_store *store, const pkc_key *key);
pkc_version *pkc_store_before(const pkc_store *store, const pkc_version *version);
pkc_key *pkc_store_key_of(const pkc_store *store, const pkc_version *version);
/* The version of `key` that a reader at `revision` sees; NULL for none or a tombstone. */
pkc_version *pkc_store_at(const pkc_store *store, const pkc_key *key, int64_t revision);
/* A put, or with `tombstone` a delete, of a key at `revision`. */
int pkc_history_put(pkc_store *store, int64_t revision, const void *key, int64_t key_size,
                    const pkc_content *value, int64_t lease);
int pkc_history_delete(pkc_store *store, int64_t revision, pkc_key *key);
/* Take back every log entry from `end` on. Needs no memory. */
void pkc_history_undo(pkc_store *store, int64_t end);
void pkc_version_free(pkc_store *store, pkc_version *version);
/* The key and all that points to it go. It has no version left. */
void pkc_key_drop(pkc_store *store, pkc_key *key);
/* All of `kv` but its key and value; create_revision counts from version 2 on. Nothing leads to it
 * yet. */
pkc_version *pkc_version_new(pkc_store *store, const pkc_key *key, const pkc_kv *kv,
                             const pkc_content *value);
/* Write the value of a version, all value_size bytes of it. */
void pkc_version_read(const pkc_store *store, const pkc_version *version, char *value_out);
/* As pkc_bytes_compare of its value with another. */
int pkc_version_compare(const pkc_store *store, const pkc_version *version, const char *value,
                        int64_t size);
int pkc_key_make(pkc_store *store, const void *key, int64_t size, pkc_key **key_out);
int pkc_lease_attach(pkc_store *store, pkc_key *key, int64_t lease);
void pkc_lease_detach(pkc_store *store, pkc_key *key, int64_t lease);

/* store/answer.c */
void pkc_answer_begin(pkc_answer *answer);
int pkc_answer_add_kv(pkc_answer *answer, const pkc_store *store, const pkc_key *key,
                      const pkc_version *version);
int pkc_answer_add_result(pkc_answer *answer, int32_t kind, int64_t *index_out);
/* The ticket of all that is staged; also for a refusal. */
void pkc_answer_await(pkc_answer *answer, const pkc_store *store);
/* Pin what it points to, fill header and ticket. */
void pkc_answer_end(pkc_answer *answer, pkc_store *store, bool staged);

/* store/range.c */
typedef struct {
    const uint8_t *key;
    const uint8_t *end;
    int64_t key_size;
    int64_t end_size;
    pkc_tree_cursor cursor;
    bool single;
    bool endless;
    bool done;
} pkc_span;

void pkc_span_open(const pkc_store *store, pkc_span *span, const char *key, int64_t key_size,
                   const char *end, int64_t end_size);
/* The next key of the range that is there at `revision`, with its version; false at the end. */
bool pkc_span_next(const pkc_store *store, pkc_span *span, int64_t revision, pkc_key **key_out,
                   pkc_version **version_out);
/* Append what a range finds to the answer; checks the revision against `newest`. */
int pkc_range_run(pkc_store *store, const pkc_op *op, int64_t at, int64_t newest,
                  pkc_answer *answer);

/* store/txn.c */
int pkc_txn_check(const pkc_txn *txn);
int pkc_txn_check_overlap(const pkc_index *index, const pkc_txn *txn);
/* Delete all keys of a range at `revision`; prev_kv adds them to the answer. Returns how many. */
int64_t pkc_delete_run(pkc_store *store, int64_t revision, const pkc_op *op, pkc_answer *answer);

/* store/commit.c */
/* May a write be staged? Waits while too much is. */
int pkc_store_admit(pkc_store *store);
/* One step was staged: count it, and show it at once if nothing has to be written. */
void pkc_store_staged(pkc_store *store);
/* Show everything up to these marks. */
void pkc_store_publish(pkc_store *store, int64_t revision, int64_t log_end, int64_t sequence);
/* Write all that is staged and return as the leader, with nothing staged; the lock is given up
 * meanwhile. End it with pkc_store_step_down. */
int pkc_store_take_lead(pkc_store *store);
void pkc_store_step_down(pkc_store *store, int status);

/* store/compact.c */
/* Free what `revision` makes superfluous. Gives up the lock now and then if `yield`. */
void pkc_compact_run(pkc_store *store, int64_t revision, bool yield);

/* store/lease_api.c */
/* Delete the attached keys and stage the end of the lease; no log record. The revision is 0 when
 * nothing was attached. */
int pkc_lease_end(pkc_store *store, pkc_lease *lease, int64_t *revision_out);
int pkc_lease_begin(pkc_store *store, int64_t id, int64_t ttl, int64_t time_ns);

/* store/recover.c and store/snapshot.c: the log's readers. */
int pkc_store_apply(void *context, int type, const uint8_t *payload, int64_t size);
int pkc_store_load(void *context, int type, const uint8_t *payload, int64_t size);

static inline void pkc_store_lock(pkc_store *store) {
    pthread_mutex_lock(&store->lock);
}

static inline void pkc_store_unlock(pkc_store *store) {
    pthread_mutex_unlock(&store->lock);
}

#endif
