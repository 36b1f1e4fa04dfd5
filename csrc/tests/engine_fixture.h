/* Shared by the tests of the engine: small nodes, profiles and classes, and a teardown that checks
 * every invariant. */
#ifndef PKC_ENGINE_FIXTURE_H
#define PKC_ENGINE_FIXTURE_H

#include <string.h>

#include "pkc.h"
#include "test.h"

enum { FIXTURE_RESOURCES = 4, FIXTURE_NODES_MAX = 256 };

#define COUNT(array) ((int64_t)(sizeof(array) / sizeof(array)[0]))

/* A batch of count alike nodes; static memory, valid until the next call. */
static inline const pkc_nodes *nodes_of(int32_t count, int64_t cpu, int64_t memory,
                                        int32_t devices) {
    static int64_t allocatable[FIXTURE_NODES_MAX * FIXTURE_RESOURCES];
    static int64_t pod_slots[FIXTURE_NODES_MAX];
    static uint8_t unschedulable[FIXTURE_NODES_MAX];
    static uint32_t rank[FIXTURE_NODES_MAX];
    static int32_t offset[FIXTURE_NODES_MAX + 1];
    static int32_t label_key[1];
    static int32_t label_value[1];
    static int64_t label_number[1];
    static int32_t taint[1];
    static uint8_t taint_effect[1];
    static int32_t device_count[FIXTURE_NODES_MAX];
    static pkc_nodes batch;
    EXPECT(count <= FIXTURE_NODES_MAX);
    for (int32_t i = 0; i < count; i++) {
        allocatable[i * FIXTURE_RESOURCES + PKC_RESOURCE_CPU] = cpu;
        allocatable[i * FIXTURE_RESOURCES + PKC_RESOURCE_MEMORY] = memory;
        allocatable[i * FIXTURE_RESOURCES + PKC_RESOURCE_EPHEMERAL_STORAGE] = 100;
        allocatable[i * FIXTURE_RESOURCES + 3] = 8;
        pod_slots[i] = 110;
        rank[i] = (uint32_t)i;
        device_count[i] = devices;
    }
    memset(&batch, 0, sizeof batch);
    batch.resource_count = FIXTURE_RESOURCES;
    batch.allocatable = allocatable;
    batch.pod_slots = pod_slots;
    batch.unschedulable = unschedulable;
    batch.rank = rank;
    batch.label_offset = offset;
    batch.label_key = label_key;
    batch.label_value = label_value;
    batch.label_number = label_number;
    batch.taint_offset = offset;
    batch.taint_key = taint;
    batch.taint_value = taint;
    batch.taint_effect = taint_effect;
    batch.device_count = device_count;
    batch.image_offset = offset;
    batch.limit_offset = offset;
    batch.attached_offset = offset;
    return &batch;
}

/* Fit and devices filter; LeastAllocated and balanced allocation score. */
static inline int add_profile(pkc_engine *e) {
    static const int64_t WORDS[] = {
        PKC_PROFILE_FILTERS, 2, PKC_PLUGIN_NODE_RESOURCES_FIT, PKC_PLUGIN_GPU_SHARE,
        PKC_PROFILE_SCORERS, 4, PKC_PLUGIN_NODE_RESOURCES_FIT, 1, PKC_PLUGIN_BALANCED_ALLOCATION, 1,
        PKC_PROFILE_FIT, 7, PKC_STRATEGY_LEAST_ALLOCATED, 2, PKC_RESOURCE_CPU, 1,
        PKC_RESOURCE_MEMORY, 1, 0,
        PKC_PROFILE_BALANCED, 2, PKC_RESOURCE_CPU, PKC_RESOURCE_MEMORY,
    };
    int index = pkc_engine_profile_add(e, WORDS, COUNT(WORDS), NULL);
    EXPECT(index >= 0);
    return index;
}

/* Asks for cpu, memory and devices of 1000 milli. */
static inline int add_class(pkc_engine *e, int64_t cpu, int64_t memory, int64_t devices) {
    const int64_t words[] = {
        PKC_CLASS_PROFILE, 1, 0,
        PKC_CLASS_REQUEST, 4, PKC_RESOURCE_CPU, cpu, PKC_RESOURCE_MEMORY, memory,
        PKC_CLASS_SCORE_REQUEST, 4, PKC_RESOURCE_CPU, cpu, PKC_RESOURCE_MEMORY, memory,
        PKC_CLASS_NONZERO, 2, cpu, memory,
        PKC_CLASS_DEVICES, 2, devices, 1000,
    };
    return pkc_engine_class_add(e, words, COUNT(words));
}

static inline pkc_engine *engine_new(void) {
    pkc_engine *e = NULL;
    EXPECT(pkc_engine_new(-1, PKC_TIE_RANK, 1, &e) == PKC_OK);
    return e;
}

/* An engine with a profile, a class of 100m and 1024 bytes, and nodes of 1000m and 4096 bytes. */
static inline pkc_engine *engine_with_nodes(int32_t count) {
    pkc_engine *e = engine_new();
    EXPECT(add_profile(e) == 0);
    EXPECT(add_class(e, 100, 1024, 0) == 0);
    EXPECT(pkc_engine_nodes_add(e, count, nodes_of(count, 1000, 4096, 2)) == 0);
    return e;
}

static inline void expect_valid(const pkc_engine *e) {
    const char *reason = "";
    int line = pkc_engine_validate(e, &reason);
    if (line != 0) {
        fprintf(stderr, "invariant at line %d: %s\n", line, reason);
        exit(1);
    }
}

static inline void engine_done(pkc_engine *e) {
    expect_valid(e);
    pkc_engine_free(e);
}

static inline int place_one(pkc_engine *e, int32_t class_index, int32_t *row_out,
                            int32_t *pod_out) {
    int64_t done;
    return pkc_engine_place(e, 1, &class_index, 0, row_out, pod_out, &done);
}

#endif
