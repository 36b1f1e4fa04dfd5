/* Compaction: versions that no reader can ask for any more are freed. */
#include "store/compact.h"

#include <stdlib.h>

#include "common/check.h"
#include "store/answer.h"
#include "store/commit.h"
#include "store/history.h"
#include "store/sound.h"
#include "wal/stage.h"

/* The lock is given up after so many log entries. */
enum { STEP = 4096 };

static void rest(pkc_store *store, bool yield, int64_t done) {
    if (yield && done % STEP == STEP - 1) {
        pkc_store_unlock(store);
        pkc_store_lock(store);
    }
}

/* Free what a version superseded; a tombstone is only marked, as free_tombstones needs it. */
static void free_before(pkc_store *store, pkc_version *version) {
    pkc_version *before = pkc_store_before(store, version);
    version->prev = 0;
    if (before != NULL && pkc_version_is_tombstone(before)) {
        before->superseded = 1;
    } else if (before != NULL) {
        pkc_version_free(store, before);
    }
}

/* Entries up to `revision` free what they superseded. Tombstones below `revision` come back as a
 * list, oldest first, linked by `prev`, which nothing else needs: no reader looks behind them. */
static pkc_version *free_superseded(pkc_store *store, int64_t revision, bool yield) {
    pkc_version *tombstones = NULL;
    pkc_version *last = NULL;
    for (int64_t done = 0; store->log.first < store->log.end; done++) {
        pkc_version *version = pkc_log_at(&store->log, store->log.first);
        if (version->mod_revision >= revision) {
            break;
        }
        free_before(store, version);
        if (store->groups.watch_count > 0) {
            pkc_groups_match(&store->groups, pkc_store_key_of(store, version),
                             version->mod_revision, pkc_group_note_lost);
        }
        if (pkc_version_is_tombstone(version)) {
            if (last != NULL) {
                last->prev = pkc_arena_ref(version);
            } else {
                tombstones = version;
            }
            last = version;
        }
        store->log.first++;
        rest(store, yield, done);
    }
    return tombstones;
}

/* Entries at `revision` itself stay in the log, but what they superseded goes; not what the same
 * transaction had put, see pkc_version_ends. */
static void free_superseded_at(pkc_store *store, int64_t revision) {
    for (int64_t i = store->log.first; i < store->log.end; i++) {
        pkc_version *version = pkc_log_at(&store->log, i);
        if (version->mod_revision > revision) {
            break;
        }
        if (!pkc_version_ends(version, pkc_store_before(store, version))) {
            free_before(store, version);
        }
    }
}

/* The reference in a key's chain that leads to a version. */
static pkc_ref *link_to(const pkc_store *store, pkc_key *key, const pkc_version *version) {
    pkc_ref ref = pkc_arena_ref(version);
    pkc_ref *link = &key->newest;
    while (*link != ref) {
        link = &pkc_arena_version(&store->arena, *link)->prev;
    }
    return link;
}

/* Oldest first, so that a key goes with its last one. */
static void free_tombstones(pkc_store *store, pkc_version *tombstones, bool yield) {
    for (int64_t done = 0; tombstones != NULL; done++) {
        pkc_version *version = tombstones;
        pkc_key *key = pkc_store_key_of(store, version);
        tombstones = pkc_store_before(store, version);
        if (version->superseded == 0) {
            *link_to(store, key, version) = 0;
        }
        pkc_version_free(store, version);
        if (key->newest == 0) {
            pkc_key_drop(store, key);
        }
        rest(store, yield, done);
    }
}

static bool move_version(pkc_store *store, pkc_version *old) {
    int64_t size = pkc_version_bytes(old);
    pkc_version *new = pkc_arena_alloc(&store->arena, PKC_ARENA_VERSIONS, size);
    if (new == NULL) {
        return false;
    }
    memcpy(new, old, (size_t)size);
    *link_to(store, pkc_store_key_of(store, old), old) = pkc_arena_ref(new);
    int64_t i = pkc_log_find(&store->log, new->mod_revision);
    while (i < store->log.end && pkc_log_at(&store->log, i) != old &&
           pkc_log_at(&store->log, i)->mod_revision == new->mod_revision) {
        i++;
    }
    if (i < store->log.end && pkc_log_at(&store->log, i) == old) {
        pkc_log_set(&store->log, i, new);
    }
    old->dead = 1;
    pkc_arena_free(&store->arena, old, size);
    return true;
}

static bool move_key(pkc_store *store, pkc_key *old) {
    int64_t size = pkc_key_bytes(old);
    pkc_key *new = pkc_arena_alloc(&store->arena, PKC_ARENA_KEYS, size);
    if (new == NULL) {
        return false;
    }
    memcpy(new, old, (size_t)size);
    pkc_index_move(&store->index, old, new);
    pkc_tree_move(&store->tree, old, new);
    int64_t lease = pkc_version_lease(pkc_store_newest(store, old));
    pkc_lease_detach(store, old, lease);
    PKC_CHECK(pkc_lease_attach(store, new, lease) == PKC_OK); /* into the room of the old one */
    for (pkc_version *v = pkc_store_newest(store, new); v != NULL;
         v = pkc_store_before(store, v)) {
        v->key = pkc_arena_ref(new);
    }
    old->newest = 0;
    pkc_arena_free(&store->arena, old, size);
    return true;
}

/* Move what lives in a block elsewhere, so that the block goes; the last free takes it along.
 * Returns what it cost, one for each that moved and for each KiB of it; -1 when memory is out. */
static int64_t evacuate(pkc_store *store, pkc_block *block) {
    bool keys = block->kind == PKC_ARENA_KEYS;
    int64_t left = block->live;
    int64_t at = (int64_t)sizeof(pkc_block);
    int64_t cost = 0;
    while (left > 0) {
        void *data = (uint8_t *)block + at;
        int64_t size = keys ? pkc_key_bytes(data) : pkc_version_bytes(data);
        bool dead = keys ? ((pkc_key *)data)->newest == 0 : ((pkc_version *)data)->dead != 0;
        size = (size + 7) & ~(int64_t)7;
        at += size;
        if (dead) {
            continue;
        }
        left -= size;
        if (!(keys ? move_key(store, data) : move_version(store, data))) {
            return -1;
        }
        cost += 1 + size / 1024;
    }
    return cost;
}

/* Evacuate the first blocks that are less than half alive, as many as make a step. Returns whether
 * there may be more. */
static bool evacuate_some(pkc_store *store) {
    int64_t cost = 0;
    pkc_block *next;
    /* So that no block but the evacuated one leaves the list. */
    pkc_arena_retire(&store->arena);
    for (pkc_block *block = store->arena.blocks; block != NULL; block = next) {
        next = block->next;
        bool sparse = block != store->arena.current[block->kind] &&
                      block->capacity == PKC_BLOCK_BYTES && block->live < PKC_BLOCK_BYTES / 2;
        if (!sparse) {
            continue;
        }
        if (cost >= STEP) {
            return true;
        }
        int64_t more = evacuate(store, block);
        if (more < 0) {
            return false;
        }
        cost += more;
    }
    return false;
}

static void defragment(pkc_store *store, bool yield) {
    while (evacuate_some(store)) {
        rest(store, yield, STEP - 1);
    }
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
    PKC_CHECK(pkc_compact_is_sound(store, revision));
    if (store->wal != NULL) {
        PKC_TRY(pkc_wal_stage(store->wal, PKC_RECORD_COMPACT, &revision, 8));
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
