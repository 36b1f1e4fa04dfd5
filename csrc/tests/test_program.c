/* Programs of profiles and classes: bad words of every kind are refused and change nothing, and
 * random words never crash. */
#include "engine_fixture.h"

typedef struct {
    const char *what;
    int64_t count;
    int64_t words[24];
} program;

static const program BAD_PROFILES[] = {
    {"half a section", 1, {PKC_PROFILE_FILTERS}},
    {"a payload past the end", 3, {PKC_PROFILE_FILTERS, 2, 1}},
    {"a negative payload", 2, {PKC_PROFILE_FILTERS, -1}},
    {"a payload count that overflows", 2, {PKC_PROFILE_FILTERS, INT64_MAX}},
    {"an unknown tag", 2, {99, 0}},
    {"a filter that is none", 3, {PKC_PROFILE_FILTERS, 1, PKC_PLUGIN_NONE}},
    {"a scorer that filters", 3, {PKC_PROFILE_FILTERS, 1, PKC_PLUGIN_BEST_FIT}},
    {"a filter twice", 4, {PKC_PROFILE_FILTERS, 2, 1, 1}},
    {"a scorer without weight", 3, {PKC_PROFILE_SCORERS, 1, PKC_PLUGIN_BEST_FIT}},
    {"weight 0", 4, {PKC_PROFILE_SCORERS, 2, PKC_PLUGIN_BEST_FIT, 0}},
    {"a weight past int32", 4, {PKC_PROFILE_SCORERS, 2, PKC_PLUGIN_BEST_FIT, INT64_MAX}},
    {"a weight below int32", 4, {PKC_PROFILE_SCORERS, 2, PKC_PLUGIN_BEST_FIT, INT64_MIN}},
    {"a scorer twice", 6, {PKC_PROFILE_SCORERS, 4, 16, 1, 16, 1}},
    {"an unknown scorer", 4, {PKC_PROFILE_SCORERS, 2, PKC_PLUGIN_COUNT, 1}},
    {"an empty fit", 2, {PKC_PROFILE_FIT, 0}},
    {"an unknown strategy", 5, {PKC_PROFILE_FIT, 3, 3, 0, 0}},
    {"resources past the end", 5, {PKC_PROFILE_FIT, 3, 0, 1, 0}},
    {"a negative resource count", 5, {PKC_PROFILE_FIT, 3, 0, -1, 0}},
    {"a resource past the maximum", 7, {PKC_PROFILE_FIT, 5, 0, 1, PKC_RESOURCE_COUNT_MAX, 1, 0}},
    {"a resource weight of 101", 7, {PKC_PROFILE_FIT, 5, 0, 1, 0, 101, 0}},
    {"shape points past the end", 5, {PKC_PROFILE_FIT, 3, 2, 0, 1}},
    {"a utilization of 101", 7, {PKC_PROFILE_FIT, 5, 2, 0, 1, 101, 0}},
    {"a shape that does not ascend", 9, {PKC_PROFILE_FIT, 7, 2, 0, 2, 5, 0, 5, 1}},
    {"a balanced resource of -1", 3, {PKC_PROFILE_BALANCED, 1, -1}},
    {"a packing resource of 60", 3, {PKC_PROFILE_PACKING, 1, PKC_RESOURCE_COUNT_MAX}},
};

static const program BAD_CLASSES[] = {
    {"no profile", 0, {0}},
    {"half a section", 1, {PKC_CLASS_PROFILE}},
    {"an unknown profile", 3, {PKC_CLASS_PROFILE, 1, 7}},
    {"a profile of -1", 3, {PKC_CLASS_PROFILE, 1, -1}},
    {"a profile of two words", 4, {PKC_CLASS_PROFILE, 2, 0, 0}},
    {"a section twice", 6, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_PROFILE, 1, 0}},
    {"a tag of -1", 5, {PKC_CLASS_PROFILE, 1, 0, -1, 0}},
    {"a tag of 64", 5, {PKC_CLASS_PROFILE, 1, 0, 64, 0}},
    {"an unknown tag", 5, {PKC_CLASS_PROFILE, 1, 0, 63, 0}},
    {"half a request", 6, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_REQUEST, 1, 0}},
    {"a negative request", 7, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_REQUEST, 2, 0, -1}},
    {"requests out of order", 9, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_REQUEST, 4, 1, 1, 0, 1}},
    {"a request of resource 60", 7, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_FILTER_REQUEST, 2, 60, 1}},
    {"half a score request", 6, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_SCORE_REQUEST, 1, 0}},
    {"a negative nonzero", 7, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_NONZERO, 2, -1, 0}},
    {"half a toleration", 6, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_TOLERATIONS, 1, 0}},
    {"an effect of 3", 9, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_TOLERATIONS, 4, 0, 0, 0, 3}},
    {"a node name of -1", 6, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_NODE_NAME, 1, -1}},
    {"17 devices", 7, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_DEVICES, 2, 17, 1000}},
    {"devices of 0 milli", 7, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_DEVICES, 2, 1, 0}},
    {"devices of 1001 milli", 7, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_DEVICES, 2, 1, 1001}},
    {"a selector without count", 6, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_SELECTOR, 1, 0}},
    {"a negative reason", 7, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_SELECTOR, 2, -1, 0}},
    {"terms past the end", 7, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_SELECTOR, 2, 0, 1}},
    {"words after the terms", 8, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_SELECTOR, 3, 0, 0, 0}},
    {"an unknown operator",
     12,
     {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_SELECTOR, 7, 0, 1, 1, 7, 0, 0, 0}},
    {"values past the end",
     12,
     {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_SELECTOR, 7, 0, 1, 1, 0, 0, 0, 1}},
    {"values out of order",
     14,
     {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_SELECTOR, 9, 0, 1, 1, 0, 0, 0, 2, 5, 5}},
    {"a value count that overflows",
     12,
     {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_SELECTOR, 7, 0, 1, 1, 0, 0, 0, INT64_MAX}},
    {"a preferred weight of 0", 7, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_PREFERRED, 2, 0, 0}},
    {"a preferred term past the end", 7, {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_PREFERRED, 2, 1, 1}},
};

static void test_bad_profiles_are_refused_and_change_nothing(void) {
    pkc_engine *e = engine_with_nodes(2);
    for (int64_t i = 0; i < COUNT(BAD_PROFILES); i++) {
        const program *p = &BAD_PROFILES[i];
        int got = pkc_engine_profile_add(e, p->words, p->count, NULL);
        if (got != PKC_ERR_INVALID) {
            fprintf(stderr, "a profile with %s gives %d\n", p->what, got);
        }
        EXPECT(got == PKC_ERR_INVALID);
    }
    EXPECT(pkc_engine_profile_add(e, NULL, -1, NULL) == PKC_ERR_INVALID);
    EXPECT(add_profile(e) == 1);
    EXPECT(pkc_engine_resource_reserve(e, 0) == FIXTURE_RESOURCES);
    engine_done(e);
}

static void test_bad_classes_are_refused_and_change_nothing(void) {
    pkc_engine *e = engine_with_nodes(2);
    for (int64_t i = 0; i < COUNT(BAD_CLASSES); i++) {
        const program *p = &BAD_CLASSES[i];
        int got = pkc_engine_class_add(e, p->words, p->count);
        if (got != PKC_ERR_INVALID) {
            fprintf(stderr, "a class with %s gives %d\n", p->what, got);
        }
        EXPECT(got == PKC_ERR_INVALID);
        EXPECT(pkc_engine_class_count(e) == 1);
    }
    EXPECT(pkc_engine_class_add(e, NULL, -1) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_class_add(e, NULL, (int64_t)INT32_MAX + 1) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_resource_reserve(e, 0) == FIXTURE_RESOURCES);
    engine_done(e);
}

static uint64_t random_next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Mostly small numbers, since large ones are refused at once. */
static int64_t random_word(uint64_t *state) {
    uint64_t drawn = random_next(state);
    switch (drawn % 16) {
    case 0: return -1;
    case 1: return INT64_MAX;
    case 2: return INT64_MIN;
    case 3: return INT32_MAX;
    case 4: return (int64_t)random_next(state);
    default: return (int64_t)(random_next(state) % 7);
    }
}

/* Sections whose tags and payload counts are right and whose payloads are anything. */
static int64_t random_program(uint64_t *state, int64_t first_tag, int64_t tag_count,
                              int64_t *words) {
    int64_t at = 0;
    if (first_tag == PKC_CLASS_PROFILE) {
        words[at++] = PKC_CLASS_PROFILE;
        words[at++] = 1;
        words[at++] = 0;
        first_tag++;
        tag_count--;
    }
    for (uint64_t sections = random_next(state) % 4; sections > 0; sections--) {
        int64_t count = (int64_t)(random_next(state) % 14);
        words[at++] = first_tag + (int64_t)(random_next(state) % (uint64_t)tag_count);
        words[at++] = random_next(state) % 32 == 0 ? random_word(state) : count;
        while (count-- > 0) {
            words[at++] = random_word(state);
        }
    }
    return at;
}

static void use_class(pkc_engine *e, int32_t class_index) {
    enum { ROWS = 3 };
    uint8_t plugin[ROWS];
    uint8_t code[ROWS];
    uint64_t detail[ROWS];
    int64_t raw[ROWS * PKC_PLUGIN_COUNT];
    int64_t normalized[ROWS * PKC_PLUGIN_COUNT];
    double total[ROWS];
    uint8_t scored[PKC_PLUGIN_COUNT];
    int32_t row;
    int32_t pod;
    EXPECT(pkc_engine_evaluate(e, class_index, plugin, code, detail, raw, normalized, total,
                               scored) >= 0);
    int placed = place_one(e, class_index, &row, &pod);
    EXPECT(placed >= 0 || placed == PKC_ERR_OVERFLOW);
    if (placed == 1) {
        EXPECT(pkc_engine_remove(e, 1, &pod) == PKC_OK);
    }
}

static void test_random_programs_never_crash(void) {
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    int64_t words[128];
    int64_t accepted = 0;
    for (int round = 0; round < 200; round++) {
        pkc_engine *e = engine_with_nodes(3);
        for (int i = 0; i < 100; i++) {
            int64_t count = random_program(&state, PKC_CLASS_PROFILE,
                                           PKC_CLASS_PREFERRED - PKC_CLASS_PROFILE + 2, words);
            int index = pkc_engine_class_add(e, words, count);
            EXPECT(index >= 0 || index == PKC_ERR_INVALID || index == PKC_ERR_LIMIT ||
                   index == PKC_ERR_NOT_FOUND);
            if (index >= 0) {
                accepted++;
                use_class(e, index);
            }
            count = random_program(&state, PKC_PROFILE_FILTERS, PKC_PROFILE_PACKING, words);
            index = pkc_engine_profile_add(e, words, count, NULL);
            EXPECT(index >= 0 || index == PKC_ERR_INVALID);
            if (index >= 0) {
                int64_t spec[] = {PKC_CLASS_PROFILE, 1, index, PKC_CLASS_REQUEST, 2, 0, 5};
                use_class(e, pkc_engine_class_add(e, spec, COUNT(spec)));
            }
        }
        engine_done(e);
    }
    EXPECT(accepted > 1000);
}

int main(void) {
    RUN(test_bad_profiles_are_refused_and_change_nothing);
    RUN(test_bad_classes_are_refused_and_change_nothing);
    RUN(test_random_programs_never_crash);
    return 0;
}
