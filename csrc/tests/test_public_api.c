/* The public header is enough: nodes, profiles and pod classes of every kind are built from it
 * alone, and pods are placed. */
#include "pkc.h"
#include "test.h"

#define COUNT(array) ((int64_t)(sizeof(array) / sizeof(array)[0]))

enum { NODES = 4, KEY_ZONE = 2, KEY_HOSTNAME = 3, KEY_APP = 4, KEY_GPU = 5 };
enum { ZONE_A = 10, ZONE_B = 11, APP_WEB = 20 };
static const int64_t GIB = 1 << 30;

/* Two zones of two nodes with 4 CPUs; the last one has a taint and four devices. */
static void add_nodes(pkc_engine *e) {
    enum { LABELS = 3 };
    int64_t allocatable[NODES * 2];
    int64_t pod_slots[NODES];
    uint32_t rank[NODES];
    int32_t label_offset[NODES + 1] = {0};
    int32_t key[NODES * LABELS];
    int32_t value[NODES * LABELS];
    int64_t number[NODES * LABELS];
    for (int32_t i = 0; i < NODES; i++) {
        allocatable[2 * i + PKC_RESOURCE_CPU] = 4000;
        allocatable[2 * i + PKC_RESOURCE_MEMORY] = 16 * GIB;
        pod_slots[i] = 110;
        rank[i] = (uint32_t)i;
        int32_t at = label_offset[i];
        key[at] = PKC_KEY_NODE_NAME;
        value[at] = 100 + i;
        key[at + 1] = KEY_ZONE;
        value[at + 1] = i < 2 ? ZONE_A : ZONE_B;
        key[at + 2] = KEY_HOSTNAME;
        value[at + 2] = 100 + i;
        number[at] = number[at + 1] = number[at + 2] = -1;
        label_offset[i + 1] = at + LABELS;
    }
    static const uint8_t unschedulable[NODES];
    static const int32_t device_count[NODES] = {0, 0, 0, 4};
    static const int32_t taint_offset[NODES + 1] = {0, 0, 0, 0, 1};
    static const int32_t taint_key[] = {KEY_GPU};
    static const int32_t taint_value[] = {PKC_VALUE_EMPTY};
    static const uint8_t taint_effect[] = {PKC_EFFECT_NO_SCHEDULE};
    static const int32_t none[NODES + 1];
    const pkc_nodes batch = {.resource_count = 2,
                             .allocatable = allocatable,
                             .pod_slots = pod_slots,
                             .unschedulable = unschedulable,
                             .rank = rank,
                             .label_offset = label_offset,
                             .label_key = key,
                             .label_value = value,
                             .label_number = number,
                             .taint_offset = taint_offset,
                             .taint_key = taint_key,
                             .taint_value = taint_value,
                             .taint_effect = taint_effect,
                             .device_count = device_count,
                             .image_offset = none,
                             .limit_offset = none,
                             .attached_offset = none};
    EXPECT(pkc_engine_nodes_add(e, NODES, &batch) == 0);
}

static int add_profile(pkc_engine *e) {
    static const int64_t words[] = {
        PKC_PROFILE_FILTERS, 6, PKC_PLUGIN_TAINT_TOLERATION, PKC_PLUGIN_NODE_AFFINITY,
        PKC_PLUGIN_NODE_RESOURCES_FIT, PKC_PLUGIN_POD_TOPOLOGY_SPREAD,
        PKC_PLUGIN_INTER_POD_AFFINITY, PKC_PLUGIN_GPU_SHARE,
        PKC_PROFILE_SCORERS, 2 * PKC_SCORER_WORDS, PKC_PLUGIN_NODE_RESOURCES_FIT, 1,
        PKC_PLUGIN_BALANCED_ALLOCATION, 1,
        PKC_PROFILE_FIT, 3 + 2 * PKC_AMOUNT_WORDS, PKC_STRATEGY_LEAST_ALLOCATED, 2,
        PKC_RESOURCE_CPU, 1, PKC_RESOURCE_MEMORY, 1, 0,
        PKC_PROFILE_BALANCED, 2, PKC_RESOURCE_CPU, PKC_RESOURCE_MEMORY,
    };
    return pkc_engine_profile_add(e, words, COUNT(words), NULL);
}

static int32_t place(pkc_engine *e, int class_index) {
    int32_t index = class_index;
    int32_t row;
    int32_t pod;
    int64_t done;
    EXPECT(pkc_engine_place(e, 1, &index, 0, &row, &pod, &done) >= 0 && done == 1);
    return row;
}

static pkc_engine *engine_new(void) {
    pkc_engine *e = NULL;
    EXPECT(pkc_engine_new(-1, PKC_TIE_RANK, 1, &e) == PKC_OK);
    EXPECT(add_profile(e) == 0);
    add_nodes(e);
    return e;
}

static void engine_done(pkc_engine *e) {
    const char *reason;
    EXPECT(pkc_engine_validate(e, &reason) == 0);
    pkc_engine_free(e);
}

static void test_the_smallest_class_of_the_header_places_a_pod(void) {
    pkc_engine *e = engine_new();
    const int64_t words[] = {PKC_CLASS_PROFILE, 1, 0,
                             PKC_CLASS_REQUEST, 2, PKC_RESOURCE_CPU, 100};
    int class_index = pkc_engine_class_add(e, words, COUNT(words));
    EXPECT(class_index == 0);
    EXPECT(place(e, class_index) == 0);
    int64_t requested[NODES];
    EXPECT(pkc_engine_column(e, PKC_FIELD_RESOURCES + 2 * PKC_RESOURCE_CPU + 1, requested) ==
           PKC_OK);
    EXPECT(requested[0] == 100 && requested[1] == 0);
    engine_done(e);
}

/* A spread constraint by zone over the pods of one app, at most one apart. */
static int add_spread_class(pkc_engine *e) {
    const int64_t of_app[] = {1, PKC_OP_IN, KEY_APP, 0, 1, APP_WEB};
    int matcher = pkc_engine_matcher_add(e, of_app, COUNT(of_app), NULL, -1, 0);
    EXPECT(matcher >= 0);
    int64_t words[] = {
        PKC_CLASS_PROFILE, 1, 0,
        PKC_CLASS_REQUEST, PKC_AMOUNT_WORDS, PKC_RESOURCE_CPU, 100,
        PKC_CLASS_POD, PKC_POD_WORDS, 0, 0, 0, 0,
        PKC_CLASS_LABELS, PKC_LABEL_WORDS, KEY_APP, APP_WEB,
        PKC_CLASS_SPREAD, PKC_SPREAD_WORDS, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    };
    int64_t *spread = words + COUNT(words) - PKC_SPREAD_WORDS;
    spread[PKC_SPREAD_HARD] = 1;
    spread[PKC_SPREAD_KEY] = KEY_ZONE;
    spread[PKC_SPREAD_MAX_SKEW] = 1;
    spread[PKC_SPREAD_MIN_DOMAINS] = 1;
    spread[PKC_SPREAD_MATCHER] = matcher;
    spread[PKC_SPREAD_SELF_MATCH] = 1;
    spread[PKC_SPREAD_HONOR_AFFINITY] = 1;
    return pkc_engine_class_add(e, words, COUNT(words));
}

static void test_a_spread_class_alternates_between_zones(void) {
    pkc_engine *e = engine_new();
    int class_index = add_spread_class(e);
    EXPECT(class_index >= 0);
    int in_zone[2] = {0, 0};
    for (int i = 0; i < 6; i++) {
        int32_t row = place(e, class_index);
        EXPECT(row >= 0 && row < 3); /* the last node has a taint */
        in_zone[row < 2 ? 0 : 1]++;
    }
    EXPECT(in_zone[0] == 3 && in_zone[1] == 3);
    engine_done(e);
}

static void test_a_class_that_tolerates_and_selects_gets_its_devices(void) {
    pkc_engine *e = engine_new();
    const int64_t words[] = {
        PKC_CLASS_PROFILE, 1, 0,
        PKC_CLASS_REQUEST, PKC_AMOUNT_WORDS, PKC_RESOURCE_CPU, 100,
        PKC_CLASS_TOLERATIONS, PKC_TOLERATION_WORDS, KEY_GPU, 1, 0, -1,
        PKC_CLASS_SELECTOR, 2 + 1 + PKC_REQUIREMENT_WORDS + 1, 0, 1, 1, PKC_OP_IN, KEY_ZONE, 0, 1,
        ZONE_B,
        PKC_CLASS_DEVICES, 2, 2, PKC_DEVICE_MILLI / 2,
    };
    int class_index = pkc_engine_class_add(e, words, COUNT(words));
    EXPECT(class_index >= 0);
    EXPECT(place(e, class_index) == 3);
    int32_t milli[NODES * PKC_DEVICE_COUNT_MAX];
    EXPECT(pkc_engine_devices(e, milli) == PKC_OK);
    EXPECT(milli[3 * PKC_DEVICE_COUNT_MAX] == PKC_DEVICE_MILLI / 2);
    EXPECT(milli[3 * PKC_DEVICE_COUNT_MAX + 1] == PKC_DEVICE_MILLI / 2);
    EXPECT(milli[3 * PKC_DEVICE_COUNT_MAX + 2] == PKC_DEVICE_MILLI);
    engine_done(e);
}

static void test_pods_with_anti_affinity_keep_apart_until_no_host_is_left(void) {
    pkc_engine *e = engine_new();
    const int64_t everything[] = {0};
    int matcher = pkc_engine_matcher_add(e, everything, COUNT(everything), NULL, -1, 0);
    const int64_t words[] = {
        PKC_CLASS_PROFILE, 1, 0,
        PKC_CLASS_ANTI_AFFINITY, PKC_POD_TERM_WORDS, matcher, matcher, KEY_HOSTNAME, 1,
    };
    int class_index = pkc_engine_class_add(e, words, COUNT(words));
    EXPECT(class_index >= 0);
    for (int32_t i = 0; i < 3; i++) {
        EXPECT(place(e, class_index) == i);
    }
    EXPECT(place(e, class_index) == -1);
    uint8_t plugin;
    uint8_t code;
    uint64_t detail;
    EXPECT(pkc_engine_filter_row(e, class_index, 0, &plugin, &code, &detail) == PKC_OK);
    EXPECT(plugin == PKC_PLUGIN_INTER_POD_AFFINITY && code == PKC_CODE_UNSCHEDULABLE);
    EXPECT(pkc_engine_filter_row(e, class_index, 3, &plugin, &code, &detail) == PKC_OK);
    EXPECT(plugin == PKC_PLUGIN_TAINT_TOLERATION && code == PKC_CODE_UNRESOLVABLE);
    engine_done(e);
}

int main(void) {
    RUN(test_the_smallest_class_of_the_header_places_a_pod);
    RUN(test_a_spread_class_alternates_between_zones);
    RUN(test_a_class_that_tolerates_and_selects_gets_its_devices);
    RUN(test_pods_with_anti_affinity_keep_apart_until_no_host_is_left);
    return 0;
}
