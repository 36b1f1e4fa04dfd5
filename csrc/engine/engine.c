/* The engine's handle. */
#include "engine/state/engine.h"

#include <string.h>

#include "engine/cycle/totals.h"
#include "engine/kernels/kernel.h"
#include "engine/state/columns.h"

int pkc_engine_new(int32_t kernel_index, int32_t tie, uint64_t seed, pkc_engine **engine_out) {
    if (tie != PKC_TIE_RANK && tie != PKC_TIE_RANDOM) {
        return PKC_ERR_INVALID;
    }
    if (pkc_kernel_at(kernel_index) == NULL) {
        return PKC_ERR_NOT_FOUND;
    }
    pkc_engine *e = calloc(1, sizeof *e);
    int32_t *log = malloc(LOG_ROWS * sizeof *log);
    if (e == NULL || log == NULL) {
        free(e);
        free(log);
        return PKC_ERR_NO_MEMORY;
    }
    e->log = log;
    e->free_pod = -1;
    e->kernel = pkc_kernel_at(kernel_index);
    e->tie = tie;
    e->random_state = seed;
    e->matcher_epoch = 1;
    e->resource_count = PKC_RESOURCE_EPHEMERAL_STORAGE + 1;
    *engine_out = e;
    return PKC_OK;
}

static void free_elements(pkc_engine *e) {
    for (int64_t i = 0; i < e->classes.count; i++) {
        pkc_totals_free(e, &e->classes.data[i]);
        pkc_class_clear(&e->classes.data[i]);
    }
    for (int64_t i = 0; i < e->matchers.count; i++) {
        pkc_matcher_clear(&e->matchers.data[i]);
    }
    for (int64_t i = 0; i < e->topologies.count; i++) {
        pkc_topology_clear(&e->topologies.data[i]);
    }
    for (int64_t i = 0; i < e->counters.count; i++) {
        pkc_counter_clear(&e->counters.data[i]);
    }
    for (int64_t i = 0; i < e->profiles.count; i++) {
        pkc_profile_clear(&e->profiles.data[i]);
    }
    for (int32_t row = 0; row < e->row_count; row++) {
        pkc_node_lists_free(&e->nodes[row]);
    }
}

void pkc_engine_free(pkc_engine *e) {
    if (e == NULL) {
        return;
    }
    free_elements(e);
    vec_free(&e->matchers);
    vec_free(&e->topologies);
    vec_free(&e->counters);
    vec_free(&e->nominations);
    vec_free(&e->images);
    vec_free(&e->claim_uses);
    vec_free(&e->scratch);
    vec_free(&e->marks);
    vec_free(&e->order);
    vec_free(&e->added);
    vec_free(&e->dry_pods);
    vec_free(&e->classes);
    vec_free(&e->profiles);
    vec_free(&e->pods);
    pkc_columns_free(e);
    free(e->log);
    free(e);
}
