/* Compaction: what no reader can ask for any more is freed. */
#include <stdlib.h>

#include "check.h"
#include "store_core.h"

enum { EVACUATE_STEP = 16 };

static void rest(pkc_store *store, bool yield, int64_t done) {
    if (yield && done % PKC_COMPACT_STEP == PKC_COMPACT_STEP - 1) {
        pkc_store_unlock(store);
        pkc_store_lock(store);
    }
}

/* Entries up to `revision` free what they superseded. Tombstones below `revision` come back as a
 * list, linked by `prev`, which nothing else needs: no reader looks behind them. One that was
 * superseded itself is told by version 1. */
static pkc_version *free_superseded(pkc_store *store, int64_t revision, bool yield) {
    pkc_version *tombstones = NULL;
    for (int64_t done = 0; store->log.first < store->log.end; done++) {
        pkc_version *version = *pkc_log_at(&store->log, store->log.first);
        if (version->mod_revision >= revision) {
            break;
        }
        pkc_version *before = version->prev;
        version->prev = NULL;
        if (before != NULL && before->create_revision == 0) {
            before->version = 1;
        } else if (before != NULL) {
            pkc_version_free(store, before);
        }
        if (store->groups.watch_count > 0) {
            pkc_groups_match(&store->groups, version->key, version->mod_revision,
                             pkc_group_note_lost);
        }
        if (version->create_revision == 0) {
            version->prev = tombstones;
            tombstones = version;
        }
        store->log.first++;
        rest(store, yield, done);
    }
    return tombstones;
}

/* Entries at `revision` itself stay in the log, but what they superseded goes. */
static void free_superseded_at(pkc_store *store, int64_t revision) {
    for (int64_t i = store->log.first; i < store->log.end; i++) {
        pkc_version *version = *pkc_log_at(&store->log, i);
        if (version->mod_revision > revision) {
            break;
        }
        pkc_version *before = version->prev;
        version->prev = NULL;
        if (before != NULL && before->create_revision == 0) {
            before->version = 1;
        } else if (before != NULL) {
            pkc_version_free(store, before);
        }
    }
}

static void free_tombstones(pkc_store *store, pkc_version *tombstones, bool yield) {
    for (int64_t done = 0; tombstones != NULL; done++) {
        pkc_version *version = tombstones;
        pkc_key *key = version->key;
        tombstones = version->prev;
        if (version->version == 0) {
            pkc_version **link = &key->newest;
            while (*link != version) {
                link = &(*link)->prev;
            }
            *link = NULL;
        }
        pkc_version_free(store, version);
        if (key->newest == NULL) {
            pkc_key_drop(store, key);
        }
        rest(store, yield, done);
    }
}

static void relink(pkc_store *store, pkc_version *old, pkc_version *new) {
    pkc_version **link = &new->key->newest;
    while (*link != old) {
        link = &(*link)->prev;
    }
    *link = new;
    int64_t i = pkc_log_find(&store->log, new->mod_revision);
    for (; i < store->log.end; i++) {
        pkc_version **entry = pkc_log_at(&store->log, i);
        if ((*entry)->mod_revision != new->mod_revision) {
            break;
        }
        if (*entry == old) {
            *entry = new;
            break;
        }
    }
}

/* Move what lives in a block elsewhere, so that the block goes. */
static bool evacuate(pkc_store *store, pkc_block *block) {
    int64_t left = block->live;
    int64_t at = (int64_t)sizeof(pkc_block);
    while (left > 0) {
        pkc_version *old = (pkc_version *)(void *)((uint8_t *)block + at);
        int64_t size = pkc_version_bytes(old);
        int64_t rounded = (size + 7) & ~(int64_t)7;
        at += rounded;
        if (old->dead != 0) {
            continue;
        }
        pkc_version *new = pkc_arena_alloc(&store->arena, size);
        if (new == NULL) {
            return false;
        }
        memcpy(new, old, (size_t)size);
        relink(store, old, new);
        left -= rounded;
        old->dead = 1;
        pkc_arena_free(&store->arena, old, size); /* the last one takes the block along */
    }
    return true;
}

/* Evacuate blocks that are less than half alive. */
static void defragment(pkc_store *store, bool yield) {
    int64_t moved;
    do {
        moved = 0;
        pkc_block *next;
        /* So that no block but the evacuated one leaves the list below. */
        pkc_arena_retire_current(&store->arena);
        for (pkc_block *block = store->arena.blocks; block != NULL; block = next) {
            next = block->next;
            bool sparse = block != store->arena.current &&
                          block->capacity == PKC_BLOCK_BYTES &&
                          block->live < PKC_BLOCK_BYTES / 2;
            if (!sparse) {
                continue;
            }
            if (moved == EVACUATE_STEP || !evacuate(store, block)) {
                break;
            }
            moved++;
        }
        rest(store, yield, PKC_COMPACT_STEP - 1);
    } while (moved == EVACUATE_STEP);
}

void pkc_compact_run(pkc_store *store, int64_t revision, bool yield) {
    store->compact_revision = revision;
    pkc_version *tombstones = free_superseded(store, revision, yield);
    free_superseded_at(store, revision);
    free_tombstones(store, tombstones, yield);
    pkc_log_drop_before(&store->log, store->log.first);
    defragment(store, yield);
}

static int stage_compact(pkc_store *store, int64_t revision) {
    if (revision <= store->compact_revision) {
        return PKC_ERR_COMPACTED;
    }
    if (revision > store->visible_revision) {
        return PKC_ERR_FUTURE;
    }
    if (store->wal != NULL) {
        int64_t staged = pkc_wal_staged(store->wal);
        int status = pkc_wal_begin(store->wal, PKC_RECORD_COMPACT);
        status = status < 0 ? status : pkc_wal_append(store->wal, &revision, 8);
        if (status < 0) {
            pkc_wal_unstage(store->wal, staged);
            return status;
        }
        pkc_wal_end(store->wal, -1, 0);
    }
    pkc_store_staged(store);
    return PKC_OK;
}

int pkc_store_compact(pkc_store *store, int64_t revision, pkc_answer *answer_out) {
    pkc_answer_begin(answer_out);
    pthread_mutex_lock(&store->maintenance);
    pkc_store_lock(store);
    int status = pkc_store_admit(store);
    status = status < 0 ? status : stage_compact(store, revision);
    int64_t ticket = store->sequence_staged;
    pkc_store_unlock(store);
    if (status == PKC_OK) {
        status = pkc_store_commit(store, ticket);
    }
    pkc_store_lock(store);
    if (status == PKC_OK) {
        pkc_compact_run(store, revision, true);
        pkc_answer_end(answer_out, store, false);
    }
    pkc_store_unlock(store);
    pthread_mutex_unlock(&store->maintenance);
    return status;
}
