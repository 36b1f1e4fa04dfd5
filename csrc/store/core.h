/* The store's own structure. A function that takes it is called with the lock held unless it says
 * otherwise. */
#ifndef PKC_STORE_CORE_H
#define PKC_STORE_CORE_H

#include <pthread.h>
#include <stdbool.h>

#include "pkc.h"
#include "store/arena.h"
#include "store/group.h"
#include "store/index.h"
#include "store/key.h"
#include "store/lease.h"
#include "store/limits.h"
#include "store/log.h"
#include "store/shape.h"
#include "store/tree.h"
#include "wal/wal.h"

/* Read what is staged, too. */
#define PKC_REVISION_HEAD INT64_MAX
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

/* NULL when out of memory. */
pkc_store *pkc_store_new(const pkc_store_options *options);
/* Unlock; frees an orphaned store that nothing points into any more. */
void pkc_store_leave(pkc_store *store);

static inline void pkc_store_lock(pkc_store *store) {
    pthread_mutex_lock(&store->lock);
}

static inline void pkc_store_unlock(pkc_store *store) {
    pthread_mutex_unlock(&store->lock);
}

#endif
