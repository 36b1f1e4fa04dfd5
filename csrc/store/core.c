/* The store's life: made by an open, gone with the last that points into it. */
#include "store/core.h"

#include <stdlib.h>

pkc_store *pkc_store_new(const pkc_store_options *options) {
    pkc_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return NULL;
    }
    store->options = *options;
    store->index.seed = options->salt;
    store->index.arena = &store->arena;
    store->tree.arena = &store->arena;
    store->log.arena = &store->arena;
    store->head_revision = 1;
    store->visible_revision = 1;
    pthread_mutex_init(&store->lock, NULL);
    pthread_mutex_init(&store->maintenance, NULL);
    pthread_cond_init(&store->committed, NULL);
    pthread_cond_init(&store->published, NULL);
    return store;
}

static void destroy(pkc_store *store) {
    pkc_tree_destroy(&store->tree);
    pkc_index_destroy(&store->index);
    pkc_log_destroy(&store->log);
    pkc_leases_destroy(&store->leases);
    pkc_groups_destroy(&store->groups);
    pkc_shapes_destroy(&store->shapes);
    pkc_arena_destroy(&store->arena);
    pkc_wal_free(store->wal);
    pthread_mutex_destroy(&store->lock);
    pthread_mutex_destroy(&store->maintenance);
    pthread_cond_destroy(&store->committed);
    pthread_cond_destroy(&store->published);
    free(store);
}

void pkc_store_leave(pkc_store *store) {
    bool last = store->orphaned && store->arena.pins == 0 && store->groups.watch_count == 0;
    pkc_store_unlock(store);
    if (last) {
        destroy(store);
    }
}
