/* The revision log: versions in the order in which they were written. */
#ifndef PKC_STORE_LOG_H
#define PKC_STORE_LOG_H

#include "store/key.h"

/* Entry `i`, counted from the first write ever, is items[i - dropped]. Entries before `first` left
 * the log. */
typedef struct {
    const pkc_arena *arena;
    pkc_ref *items;
    int64_t capacity;
    int64_t dropped;
    int64_t first;
    int64_t end;
} pkc_log;

static inline pkc_version *pkc_log_at(const pkc_log *log, int64_t i) {
    return pkc_arena_version(log->arena, log->items[i - log->dropped]);
}

static inline void pkc_log_set(pkc_log *log, int64_t i, const pkc_version *version) {
    log->items[i - log->dropped] = pkc_arena_ref(version);
}

int pkc_log_append(pkc_log *log, pkc_version *version);
/* The first entry of a revision >= revision; log->end if there is none. */
int64_t pkc_log_find(const pkc_log *log, int64_t revision);
/* Entries before `first` go. */
void pkc_log_drop_before(pkc_log *log, int64_t first);
void pkc_log_destroy(pkc_log *log);

#endif
