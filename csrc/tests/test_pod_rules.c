/* Relations of other pods to a pod: matchers, counters, nominations, dry runs; bad words, and
 * random classes that come and go. */
#include "engine_fixture.h"

enum { NODES = 6, KEY_ZONE = 2, KEY_HOSTNAME = 3, POD_KEY = 10 };

/* Nodes in two zones, each with a hostname. */
static const pkc_nodes *labelled_nodes(void) {
    static int32_t offset[NODES + 1];
    static int32_t key[2 * NODES];
    static int32_t value[2 * NODES];
    static int64_t number[2 * NODES];
    static pkc_nodes batch;
    for (int32_t i = 0; i < NODES; i++) {
        offset[i + 1] = 2 * (i + 1);
        key[2 * i] = KEY_ZONE;
        value[2 * i] = i % 2;
        key[2 * i + 1] = KEY_HOSTNAME;
        value[2 * i + 1] = i + 1;
        number[2 * i] = number[2 * i + 1] = -1;
    }
    batch = *nodes_of(NODES, 1000, 4096, 0);
    batch.label_offset = offset;
    batch.label_key = key;
    batch.label_value = value;
    batch.label_number = number;
    return &batch;
}

/* All filters, all scorers; matcher 0 means every pod. */
static pkc_engine *engine_with_rules(void) {
    static const int64_t PROFILE[] = {
        PKC_PROFILE_FILTERS,  13, 1,  2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
        PKC_PROFILE_SCORERS,  14, 3,  3, 4, 2, 6, 1, 11, 2, 12, 2, 14, 1, 15, 1,
        PKC_PROFILE_FIT,      7,  0,  2, 0, 1, 1, 1, 0,
        PKC_PROFILE_BALANCED, 2,  0,  1,
        PKC_PROFILE_AFFINITY, 2,  1,  0,
    };
    static const int64_t EVERYTHING[] = {0};
    pkc_engine *e = engine_new();
    EXPECT(pkc_engine_profile_add(e, PROFILE, COUNT(PROFILE), NULL) == 0);
    EXPECT(pkc_engine_matcher_add(e, EVERYTHING, 1, NULL, -1, 0) == 0);
    EXPECT(pkc_engine_nodes_add(e, NODES, labelled_nodes()) == 0);
    return e;
}

static int class_of_priority(pkc_engine *e, int64_t cpu, int64_t priority) {
    const int64_t words[] = {
        PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_REQUEST, 2, PKC_RESOURCE_CPU, cpu,
        PKC_CLASS_POD,     4, 0, priority,          0, 0,
    };
    int index = pkc_engine_class_add(e, words, COUNT(words));
    EXPECT(index >= 0);
    return index;
}

static void test_bad_matchers_are_refused(void) {
    pkc_engine *e = engine_with_rules();
    static const int64_t PAST_THE_END[] = {1, PKC_OP_IN, POD_KEY, 0, 1};
    static const int64_t UNKNOWN[] = {1, PKC_OP_NEVER + 1, POD_KEY, 0, 0};
    static const int64_t AFTER[] = {0, 0};
    static const int32_t TWICE[] = {3, 3};
    static const int64_t FINE[] = {1, PKC_OP_EXISTS, POD_KEY, 0, 0};
    EXPECT(pkc_engine_matcher_add(e, FINE, 0, NULL, -1, 0) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_matcher_add(e, PAST_THE_END, 5, NULL, -1, 0) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_matcher_add(e, UNKNOWN, 5, NULL, -1, 0) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_matcher_add(e, AFTER, 2, NULL, -1, 0) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_matcher_add(e, FINE, 5, NULL, -2, 0) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_matcher_add(e, FINE, 5, TWICE, 2, 0) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_matcher_namespaces(e, 1, NULL, -1) == PKC_ERR_NOT_FOUND);
    EXPECT(pkc_engine_matcher_namespaces(e, -1, NULL, -1) == PKC_ERR_NOT_FOUND);
    EXPECT(pkc_engine_matcher_namespaces(e, 0, TWICE, 2) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_matcher_add(e, FINE, 5, TWICE, 1, 1) == 1);
    EXPECT(pkc_engine_matcher_namespaces(e, 1, TWICE, 0) == PKC_OK);
    uint8_t found[NODES];
    EXPECT(pkc_engine_match(e, FINE, 0, found) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_match(e, UNKNOWN, 5, found) == PKC_ERR_INVALID);
    engine_done(e);
}

typedef struct {
    const char *what;
    int64_t count;
    int64_t words[16];
} section;

static const section BAD_SECTIONS[] = {
    {"a pod of three words", 5, {PKC_CLASS_POD, 3, 0, 0, 0}},
    {"a priority past int32", 6, {PKC_CLASS_POD, 4, 0, INT64_C(1) << 31, 0, 0}},
    {"terminating 2", 6, {PKC_CLASS_POD, 4, 0, 0, 2, 0}},
    {"half a label", 3, {PKC_CLASS_LABELS, 1, 0}},
    {"a label twice", 6, {PKC_CLASS_LABELS, 4, 1, 0, 1, 1}},
    {"half a port", 4, {PKC_CLASS_PORTS, 2, 1, 0}},
    {"no container count", 2, {PKC_CLASS_IMAGES, 0}},
    {"a negative image", 4, {PKC_CLASS_IMAGES, 2, 1, -1}},
    {"flags of 2", 4, {PKC_CLASS_FLAGS, 2, 2, 0}},
    {"half a constraint", 4, {PKC_CLASS_SPREAD, 2, 1, 2}},
    {"a skew of 0", 11, {PKC_CLASS_SPREAD, 9, 1, 2, 0, 0, 1, 0, 1, 1, 0}},
    {"min domains 0", 11, {PKC_CLASS_SPREAD, 9, 1, 2, 0, 1, 0, 0, 1, 1, 0}},
    {"an unknown matcher", 11, {PKC_CLASS_SPREAD, 9, 1, 2, 0, 1, 1, 1, 1, 1, 0}},
    {"a term of weight 0", 6, {PKC_CLASS_PREFERRED_PODS, 4, 0, 0, 2, 0}},
    {"an affinity of weight 2", 6, {PKC_CLASS_AFFINITY, 4, 0, 0, 2, 2}},
    {"a term of an unknown matcher", 6, {PKC_CLASS_ANTI_AFFINITY, 4, 0, 1, 2, 1}},
    {"half a disk", 4, {PKC_CLASS_DISKS, 2, 0, 0}},
    {"half a claim", 3, {PKC_CLASS_CLAIMS, 1, 0}},
    {"half a volume", 3, {PKC_CLASS_CSI_VOLUMES, 1, 0}},
};

static void test_bad_pod_sections_are_refused_and_change_nothing(void) {
    pkc_engine *e = engine_with_rules();
    for (int64_t i = 0; i < COUNT(BAD_SECTIONS); i++) {
        int64_t words[32] = {PKC_CLASS_PROFILE, 1, 0};
        memcpy(words + 3, BAD_SECTIONS[i].words, (size_t)BAD_SECTIONS[i].count * sizeof *words);
        int got = pkc_engine_class_add(e, words, BAD_SECTIONS[i].count + 3);
        if (got != PKC_ERR_INVALID) {
            fprintf(stderr, "a class with %s gives %d\n", BAD_SECTIONS[i].what, got);
        }
        EXPECT(got == PKC_ERR_INVALID && pkc_engine_class_count(e) == 0);
    }
    engine_done(e);
}

static void test_a_nominated_pod_keeps_its_room_from_lower_priorities(void) {
    pkc_engine *e = engine_with_rules();
    int low = class_of_priority(e, 600, 0);
    int high = class_of_priority(e, 600, 10);
    uint8_t plugin;
    uint8_t code;
    uint64_t detail;
    int handle = pkc_engine_nominate(e, high, 2);
    EXPECT(handle >= 0);
    EXPECT(pkc_engine_filter_row(e, low, 2, &plugin, &code, &detail) == PKC_OK);
    EXPECT(plugin == PKC_PLUGIN_NODE_RESOURCES_FIT && code == PKC_CODE_UNSCHEDULABLE);
    EXPECT(pkc_engine_nomination_drop(e, handle) == PKC_OK);
    EXPECT(pkc_engine_nomination_drop(e, handle) == PKC_ERR_NOT_FOUND);
    EXPECT(pkc_engine_nomination_drop(e, -1) == PKC_ERR_NOT_FOUND);
    EXPECT(pkc_engine_filter_row(e, low, 2, &plugin, &code, &detail) == PKC_OK);
    EXPECT(code == PKC_CODE_FITS);
    EXPECT(pkc_engine_nominate(e, low, 3) >= 0);
    EXPECT(pkc_engine_filter_row(e, high, 3, &plugin, &code, &detail) == PKC_OK);
    EXPECT(code == PKC_CODE_FITS);
    EXPECT(pkc_engine_nominate(e, low, NODES) == PKC_ERR_NOT_FOUND);
    EXPECT(pkc_engine_nominate(e, 2, 0) == PKC_ERR_NOT_FOUND);
    EXPECT(pkc_engine_filter_row(e, 0, -1, &plugin, &code, &detail) == PKC_ERR_NOT_FOUND);
    EXPECT(pkc_engine_pod_count(e) == 0);
    engine_done(e);
}

typedef struct {
    int32_t victims[3];
    int32_t violations;
    uint64_t detail;
    uint8_t plugin;
    uint8_t code;
} outcome;

/* A dry run with one budget, or none if NULL. */
static int dry_run(pkc_engine *e, int class_index, int32_t row, const pkc_budget *budget,
                   outcome *o) {
    return pkc_engine_dry_run(e, class_index, row, budget, budget != NULL, NULL, 0, o->victims,
                              &o->violations, &o->plugin, &o->code, &o->detail);
}

static void test_a_dry_run_finds_the_least_important_victims_and_changes_nothing(void) {
    pkc_engine *e = engine_with_rules();
    int32_t classes[] = {0, 1, 2};
    int32_t rows[] = {4, 4, 4};
    int32_t pods[3];
    outcome o;
    for (int64_t priority = 1; priority <= 3; priority++) {
        class_of_priority(e, 300, priority);
    }
    int preemptor = class_of_priority(e, 500, 5);
    int small = class_of_priority(e, 1, 0);
    int huge = class_of_priority(e, 1001, 9);
    EXPECT(pkc_engine_bind(e, 3, classes, rows, pods) == PKC_OK);
    EXPECT(dry_run(e, preemptor, 4, NULL, &o) == 2);
    EXPECT(o.code == PKC_CODE_FITS && o.violations == 0);
    EXPECT(o.victims[0] == pods[1] && o.victims[1] == pods[0]);
    EXPECT(dry_run(e, small, 4, NULL, &o) == 0 && o.code == PKC_CODE_NOT_EVALUATED);
    EXPECT(dry_run(e, huge, 4, NULL, &o) == 0 && o.code == PKC_CODE_UNRESOLVABLE);
    EXPECT(o.plugin == PKC_PLUGIN_NODE_RESOURCES_FIT && o.detail == 2);
    pkc_budget budget = {0, 0};
    EXPECT(dry_run(e, preemptor, 4, &budget, &o) == 2); /* no budget means a pod without labels */
    EXPECT(o.violations == 0);
    budget.matcher = 1;
    EXPECT(dry_run(e, preemptor, 4, &budget, &o) == PKC_ERR_NOT_FOUND);
    EXPECT(dry_run(e, preemptor, NODES, NULL, &o) == PKC_ERR_NOT_FOUND);
    EXPECT(dry_run(e, 7, 4, NULL, &o) == PKC_ERR_NOT_FOUND);
    EXPECT(pkc_engine_dry_run(e, preemptor, 4, NULL, -1, NULL, 0, o.victims, &o.violations,
                              &o.plugin, &o.code, &o.detail) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_pod_count(e) == 3);
    EXPECT(pkc_engine_row_pod_count(e, 4) == 3);
    engine_done(e);
}

static void test_sampling_and_order_are_checked(void) {
    pkc_engine *e = engine_with_rules();
    int32_t order[NODES] = {5, 4, 3, 2, 1, 0};
    EXPECT(pkc_engine_sampling_set(e, 1, 50) == PKC_ERR_NOT_FOUND);
    EXPECT(pkc_engine_sampling_set(e, 0, 101) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_sampling_set(e, 0, -1) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_sampling_set(e, 0, 0) == PKC_OK);
    EXPECT(pkc_engine_order_set(e, NODES, order) == PKC_OK);
    EXPECT(pkc_engine_order_set(e, NODES - 1, order) == PKC_ERR_INVALID);
    order[0] = 0;
    EXPECT(pkc_engine_order_set(e, NODES, order) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_node_remove(e, 3) == 0);
    EXPECT(pkc_engine_order_set(e, NODES, order) == PKC_ERR_INVALID);
    engine_done(e);
}

static uint64_t random_next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int64_t random_below(uint64_t *state, int64_t bound) {
    return (int64_t)(random_next(state) % (uint64_t)bound);
}

/* A class with up to three pod sections of small words. */
static int random_class(pkc_engine *e, uint64_t *state) {
    static const int64_t WIDTH[] = {4, 2, 3, 1, 2, 9, 4, 4, 4, 3, 2, 2, 2};
    int64_t words[160] = {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_REQUEST, 2, PKC_RESOURCE_CPU,
                          random_below(state, 300)};
    int64_t at = 7;
    for (int64_t sections = random_below(state, 4); sections > 0; sections--) {
        int64_t tag = random_below(state, COUNT(WIDTH));
        int64_t count = WIDTH[tag] * (1 + (tag == 0 || tag == 4 ? 0 : random_below(state, 2)));
        words[at++] = PKC_CLASS_POD + tag;
        words[at++] = count;
        for (int64_t i = 0; i < count; i++) {
            words[at++] = random_below(state, random_below(state, 8) == 0 ? 2000 : 3);
        }
    }
    return pkc_engine_class_add(e, words, at);
}

static void random_step(pkc_engine *e, uint64_t *state) {
    int32_t c = (int32_t)random_below(state, pkc_engine_class_count(e));
    int32_t row = (int32_t)random_below(state, pkc_engine_row_count(e));
    int32_t out[64];
    int32_t violations;
    uint8_t plugin;
    uint8_t code;
    uint64_t detail;
    switch (random_below(state, 8)) {
    case 0: pkc_engine_node_update(e, row, labelled_nodes(), 0); break;
    case 1: pkc_engine_matcher_namespaces(e, 0, &c, 1); break;
    case 2: pkc_engine_matcher_namespaces(e, 0, NULL, -1); break;
    case 3: pkc_engine_nominate(e, c, row); break;
    case 4: pkc_engine_nomination_drop(e, (int32_t)random_below(state, 3)); break;
    case 5:
        if (pkc_engine_row_pod_count(e, row) < COUNT(out)) {
            pkc_engine_dry_run(e, c, row, NULL, 0, NULL, 0, out, &violations, &plugin, &code,
                               &detail);
        }
        break;
    case 6: pkc_engine_filter_row(e, c, row, &plugin, &code, &detail); break;
    default:
        EXPECT(place_one(e, c, &row, out) >= 0);
        if (random_below(state, 3) == 0 && row >= 0) {
            EXPECT(pkc_engine_remove(e, 1, out) == PKC_OK);
        }
        break;
    }
}

static void test_random_classes_come_and_go_without_a_crash(void) {
    uint64_t state = UINT64_C(0x853c49e6748fea9b);
    int64_t accepted = 0;
    for (int round = 0; round < 60; round++) {
        pkc_engine *e = engine_with_rules();
        class_of_priority(e, 10, 7);
        for (int i = 0; i < 120; i++) {
            accepted += random_class(e, &state) >= 0;
            for (int j = 0; j < 4; j++) {
                random_step(e, &state);
            }
            if (i % 10 == 0) {
                expect_valid(e);
            }
        }
        EXPECT(pkc_engine_node_remove(e, 1) >= 0);
        engine_done(e);
    }
    EXPECT(accepted > 1000);
}

int main(void) {
    RUN(test_bad_matchers_are_refused);
    RUN(test_bad_pod_sections_are_refused_and_change_nothing);
    RUN(test_a_nominated_pod_keeps_its_room_from_lower_priorities);
    RUN(test_a_dry_run_finds_the_least_important_victims_and_changes_nothing);
    RUN(test_sampling_and_order_are_checked);
    RUN(test_random_classes_come_and_go_without_a_crash);
    return 0;
}
