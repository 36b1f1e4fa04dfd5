/* The engine through its public calls: limits, refusals that change nothing, what stays true. */
#include "engine_fixture.h"

static void test_engine_refuses_unknown_tie_and_kernel(void) {
    pkc_engine *e = NULL;
    EXPECT(pkc_engine_new(-1, 2, 0, &e) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_new(-1, -1, 0, &e) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_new(pkc_kernel_count(), PKC_TIE_RANK, 0, &e) == PKC_ERR_NOT_FOUND);
    EXPECT(pkc_engine_new(-2, PKC_TIE_RANK, 0, &e) == PKC_ERR_NOT_FOUND);
    EXPECT(e == NULL);
    pkc_engine_free(NULL);
}

static void test_every_supported_kernel_makes_an_engine(void) {
    for (int32_t i = 0; i < pkc_kernel_count(); i++) {
        pkc_engine *e = NULL;
        EXPECT(strlen(pkc_kernel_name(i)) > 0);
        int wanted = pkc_kernel_supported(i) ? PKC_OK : PKC_ERR_NOT_FOUND;
        EXPECT(pkc_engine_new(i, PKC_TIE_RANDOM, 7, &e) == wanted);
        pkc_engine_free(e);
    }
    EXPECT(strlen(pkc_kernel_name(-1)) == 0);
    EXPECT(strlen(pkc_kernel_name(pkc_kernel_count())) == 0);
    EXPECT(!pkc_kernel_supported(pkc_kernel_count()));
}

static void test_empty_engine_answers(void) {
    pkc_engine *e = engine_new();
    EXPECT(add_profile(e) == 0);
    EXPECT(add_class(e, 1, 1, 0) == 0);
    int32_t row = 0;
    int32_t pod = 0;
    EXPECT(place_one(e, 0, &row, &pod) == 0);
    EXPECT(row == -1 && pod == -1);
    EXPECT(pkc_engine_row_count(e) == 0);
    EXPECT(pkc_engine_nodes_add(e, 0, nodes_of(0, 1, 1, 0)) == 0);
    EXPECT(pkc_engine_scan(e, 0, 0, NULL) == 0);
    engine_done(e);
}

static void test_resources_are_limited_at_their_maximum(void) {
    pkc_engine *e = engine_new();
    EXPECT(pkc_engine_resource_reserve(e, -1) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_resource_reserve(e, 0) == PKC_RESOURCE_EPHEMERAL_STORAGE + 1);
    EXPECT(pkc_engine_resource_reserve(e, PKC_RESOURCE_COUNT_MAX + 1) == PKC_ERR_LIMIT);
    EXPECT(pkc_engine_resource_reserve(e, PKC_RESOURCE_COUNT_MAX - 1) ==
           PKC_RESOURCE_COUNT_MAX - 1);
    EXPECT(pkc_engine_resource_reserve(e, PKC_RESOURCE_COUNT_MAX) == PKC_RESOURCE_COUNT_MAX);
    EXPECT(pkc_engine_resource_reserve(e, 1) == PKC_RESOURCE_COUNT_MAX);
    EXPECT(add_profile(e) == 0);
    int64_t words[] = {PKC_CLASS_PROFILE, 1, 0, PKC_CLASS_REQUEST, 2, 0, 1};
    for (int64_t r = PKC_RESOURCE_COUNT_MAX - 2; r <= PKC_RESOURCE_COUNT_MAX; r++) {
        words[5] = r;
        int got = pkc_engine_class_add(e, words, COUNT(words));
        EXPECT((got >= 0) == (r < PKC_RESOURCE_COUNT_MAX));
        EXPECT(got >= 0 || got == PKC_ERR_INVALID);
    }
    engine_done(e);
}

static void test_a_resource_added_late_keeps_the_columns(void) {
    pkc_engine *e = engine_with_nodes(3);
    int32_t row;
    int32_t pod;
    EXPECT(place_one(e, 0, &row, &pod) == 1);
    EXPECT(pkc_engine_resource_reserve(e, 40) == 40);
    int64_t column[3];
    EXPECT(pkc_engine_column(e, PKC_FIELD_RESOURCES + 1, column) == PKC_OK);
    EXPECT(column[row] == 100);
    EXPECT(pkc_engine_column(e, PKC_FIELD_RESOURCES + 2 * 40 - 1, column) == PKC_OK);
    EXPECT(column[0] == 0);
    EXPECT(pkc_engine_column(e, PKC_FIELD_RESOURCES + 2 * 40, column) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_column(e, -1, column) == PKC_ERR_INVALID);
    engine_done(e);
}

static void test_devices_are_limited_at_their_maximum(void) {
    pkc_engine *e = engine_new();
    EXPECT(add_profile(e) == 0);
    for (int32_t d = PKC_DEVICE_COUNT_MAX - 1; d <= PKC_DEVICE_COUNT_MAX + 1; d++) {
        int fits = d <= PKC_DEVICE_COUNT_MAX;
        EXPECT((pkc_engine_nodes_add(e, 1, nodes_of(1, 10, 10, d)) >= 0) == fits);
        EXPECT((add_class(e, 0, 0, d) >= 0) == fits);
    }
    int32_t row;
    int32_t pod;
    EXPECT(place_one(e, 1, &row, &pod) == 1); /* 16 devices: row 1 alone */
    EXPECT(row == 1);
    int32_t free_milli[2 * PKC_DEVICE_COUNT_MAX];
    EXPECT(pkc_engine_devices(e, free_milli) == PKC_OK);
    for (int32_t d = 0; d < PKC_DEVICE_COUNT_MAX; d++) {
        EXPECT(free_milli[PKC_DEVICE_COUNT_MAX + d] == 0);
    }
    EXPECT(free_milli[PKC_DEVICE_COUNT_MAX - 1] == -1);
    EXPECT(place_one(e, 1, &row, &pod) == 0);
    engine_done(e);
}

static void test_a_node_with_pods_keeps_its_devices(void) {
    pkc_engine *e = engine_with_nodes(1);
    int32_t row;
    int32_t pod;
    EXPECT(place_one(e, 0, &row, &pod) == 1);
    EXPECT(pkc_engine_node_update(e, 0, nodes_of(1, 1000, 4096, 3), 0) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_node_update(e, 0, nodes_of(1, 500, 4096, 2), 0) == PKC_OK);
    EXPECT(pkc_engine_remove(e, 1, &pod) == PKC_OK);
    EXPECT(pkc_engine_node_update(e, 0, nodes_of(1, 1000, 4096, 3), 0) == PKC_OK);
    engine_done(e);
}

static void expect_node_refused(pkc_engine *e, const pkc_nodes *batch) {
    int rows = pkc_engine_row_count(e);
    EXPECT(pkc_engine_nodes_add(e, 1, batch) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_node_update(e, 0, batch, 0) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_row_count(e) == rows);
    expect_valid(e);
}

static void test_bad_nodes_are_refused_and_change_nothing(void) {
    pkc_engine *e = engine_with_nodes(2);
    int32_t descending[] = {5, 5};
    int32_t values[] = {1, 1};
    int32_t negative[] = {-1, 1};
    int64_t numbers[] = {-1, -1};
    int32_t two[] = {0, 2};
    int32_t backwards[] = {2, 1};
    uint8_t effect[] = {PKC_EFFECT_NO_EXECUTE + 1, 0};
    int64_t minus[] = {-1, 0, 0, 0};
    for (int kind = 0; kind < 9; kind++) {
        pkc_nodes batch = *nodes_of(1, 10, 10, 0);
        batch.label_number = numbers;
        batch.label_value = values;
        batch.taint_value = values;
        switch (kind) {
        case 0: batch.allocatable = minus; break;
        case 1: batch.pod_slots = minus; break;
        case 2: batch.resource_count = -1; break;
        case 3: batch.resource_count = PKC_RESOURCE_COUNT_MAX + 1; break;
        case 4: batch.label_offset = two; batch.label_key = descending; break;
        case 5: batch.label_offset = two; batch.label_key = negative; break;
        case 6: batch.label_offset = backwards; break;
        case 7:
            batch.taint_offset = two;
            batch.taint_key = values;
            batch.taint_effect = effect;
            break;
        default: batch.taint_offset = two; batch.taint_key = negative; break;
        }
        expect_node_refused(e, &batch);
    }
    EXPECT(pkc_engine_nodes_add(e, -1, nodes_of(1, 1, 1, 0)) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_nodes_add(e, PKC_NODE_COUNT_MAX - 1, nodes_of(1, 1, 1, 0)) == PKC_ERR_LIMIT);
    engine_done(e);
}

static void test_unknown_rows_classes_and_pods_are_not_found(void) {
    pkc_engine *e = engine_with_nodes(2);
    static const int32_t NO_ROWS[] = {-1, 2, INT32_MAX, INT32_MIN};
    for (int i = 0; i < 4; i++) {
        int32_t none = NO_ROWS[i];
        int32_t zero = 0;
        int32_t out = 77;
        int64_t done = 77;
        double total[2];
        EXPECT(pkc_engine_node_remove(e, none) == PKC_ERR_NOT_FOUND);
        EXPECT(pkc_engine_node_update(e, none, nodes_of(1, 1, 1, 0), 0) == PKC_ERR_NOT_FOUND);
        EXPECT(pkc_engine_bind(e, 1, &zero, &none, &out) == PKC_ERR_NOT_FOUND);
        EXPECT(pkc_engine_bind(e, 1, &none, &zero, &out) == PKC_ERR_NOT_FOUND);
        EXPECT(pkc_engine_place(e, 1, &none, 0, &out, &out, &done) == PKC_ERR_NOT_FOUND);
        EXPECT(pkc_engine_scan(e, none, 1, total) == PKC_ERR_NOT_FOUND);
        EXPECT(pkc_engine_remove(e, 1, &none) == PKC_ERR_NOT_FOUND);
        EXPECT(out == 77 && done == 0);
    }
    EXPECT(pkc_engine_bind(e, -1, NULL, NULL, NULL) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_remove(e, -1, NULL) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_pod_count(e) == 0);
    engine_done(e);
}

static void test_a_pod_is_removed_once(void) {
    pkc_engine *e = engine_with_nodes(2);
    int32_t classes[] = {0, 0, 0};
    int32_t rows[3];
    int32_t pods[4];
    int64_t done;
    EXPECT(pkc_engine_place(e, 3, classes, 0, rows, pods, &done) == 3);
    EXPECT(done == 3);
    int32_t twice[] = {pods[0], pods[1], pods[0]};
    EXPECT(pkc_engine_remove(e, 3, twice) == PKC_ERR_NOT_FOUND);
    EXPECT(pkc_engine_pod_count(e) == 3);
    EXPECT(pkc_engine_remove(e, 2, pods) == PKC_OK);
    EXPECT(pkc_engine_remove(e, 1, pods) == PKC_ERR_NOT_FOUND);
    EXPECT(pkc_engine_pod_count(e) == 1);
    engine_done(e);
}

static void test_removing_a_node_takes_its_pods_along(void) {
    pkc_engine *e = engine_with_nodes(2);
    int32_t classes[] = {0, 0, 0, 0};
    int32_t rows[4];
    int32_t pods[4];
    int64_t done;
    EXPECT(pkc_engine_place(e, 4, classes, 0, rows, pods, &done) == 4);
    EXPECT(pkc_engine_node_remove(e, 0) == 2);
    EXPECT(pkc_engine_node_remove(e, 0) == PKC_ERR_NOT_FOUND);
    EXPECT(pkc_engine_pod_count(e) == 2);
    int32_t gone = rows[0] == 0 ? pods[0] : pods[1];
    EXPECT(pkc_engine_remove(e, 1, &gone) == PKC_ERR_NOT_FOUND);
    EXPECT(place_one(e, 0, rows, pods) == 1);
    EXPECT(rows[0] == 1);
    EXPECT(pkc_engine_row_count(e) == 2);
    engine_done(e);
}

static void test_a_full_cluster_refuses_and_room_comes_back(void) {
    pkc_engine *e = engine_with_nodes(1);
    int32_t row[5];
    int32_t pod[5];
    for (int i = 0; i < 4; i++) {
        EXPECT(place_one(e, 0, &row[i], &pod[i]) == 1);
    }
    EXPECT(place_one(e, 0, &row[4], &pod[4]) == 0);
    EXPECT(row[4] == -1 && pod[4] == -1);
    EXPECT(pkc_engine_remove(e, 1, &pod[2]) == PKC_OK);
    EXPECT(place_one(e, 0, &row[4], &pod[4]) == 1);
    EXPECT(pod[4] == pod[2]);
    engine_done(e);
}

static void test_sums_that_leave_int64_are_refused_as_a_whole(void) {
    pkc_engine *e = engine_with_nodes(1);
    int huge = add_class(e, INT64_MAX - 50, 0, 0);
    EXPECT(huge > 0);
    int32_t classes[] = {0, (int32_t)huge};
    int32_t rows[] = {0, 0};
    int32_t pods[2];
    EXPECT(pkc_engine_bind(e, 2, classes, rows, pods) == PKC_ERR_OVERFLOW);
    EXPECT(pkc_engine_pod_count(e) == 0);
    EXPECT(pkc_engine_bind(e, 1, classes + 1, rows, pods) == PKC_OK);
    EXPECT(pkc_engine_bind(e, 1, classes, rows, pods + 1) == PKC_ERR_OVERFLOW);
    double total[1];
    EXPECT(pkc_engine_scan(e, 0, 1, total) == 1);
    EXPECT(pkc_engine_scan(e, 0, 2, total) == PKC_ERR_INVALID);
    engine_done(e);
}

static void test_scores_past_int64_wrap_around_as_in_go(void) {
    pkc_engine *e = engine_with_nodes(2);
    int64_t spec[] = {PKC_CLASS_PROFILE,       1, 0, PKC_CLASS_FILTER_REQUEST, 0,
                      PKC_CLASS_SCORE_REQUEST, 2, 0, INT64_C(1) << 62,
                      PKC_CLASS_NONZERO,       2, INT64_C(1) << 62, 0};
    int index = pkc_engine_class_add(e, spec, COUNT(spec));
    EXPECT(index == 1);
    int32_t classes[] = {1, 1};
    int32_t rows[] = {0, 1};
    int32_t pods[2];
    EXPECT(pkc_engine_bind(e, 2, classes, rows, pods) == PKC_OK);
    double total[2];
    EXPECT(pkc_engine_scan(e, index, pkc_engine_row_count(e), total) >= 0);
    engine_done(e);
}

static void infinite(const int64_t *nodes, int64_t stride, int64_t row_count,
                     const int64_t *request, int64_t resource_count, double *score_out) {
    (void)nodes, (void)stride, (void)request, (void)resource_count;
    for (int64_t i = 0; i < row_count; i++) {
        score_out[i] = 1.0 / 0.0;
    }
}

static void test_a_policy_without_a_number_fails_the_pod(void) {
    pkc_engine *e = engine_with_nodes(3);
    int64_t words[] = {PKC_PROFILE_SCORERS, 2, PKC_PLUGIN_POLICY, 1};
    EXPECT(pkc_engine_profile_add(e, words, COUNT(words), NULL) == PKC_ERR_INVALID);
    EXPECT(pkc_engine_profile_add(e, words, 0, infinite) == PKC_ERR_INVALID);
    int profile = pkc_engine_profile_add(e, words, COUNT(words), infinite);
    EXPECT(profile == 1);
    int64_t spec[] = {PKC_CLASS_PROFILE, 1, profile};
    int class_index = pkc_engine_class_add(e, spec, COUNT(spec));
    int32_t classes[] = {0, (int32_t)class_index, 0};
    int32_t rows[3];
    int32_t pods[3];
    int64_t done;
    EXPECT(pkc_engine_place(e, 3, classes, 0, rows, pods, &done) == PKC_ERR_SCORE);
    EXPECT(done == 1 && pkc_engine_pod_count(e) == 1);
    engine_done(e);
}

static void test_more_classes_than_caches_hold_still_place(void) {
    pkc_engine *e = engine_with_nodes(200);
    for (int64_t c = 1; c < 600; c++) {
        EXPECT(add_class(e, c % 7, c, 0) == c);
    }
    for (int32_t c = 0; c < 600; c++) {
        int32_t row;
        int32_t pod;
        EXPECT(place_one(e, c, &row, &pod) == 1);
    }
    engine_done(e);
}

static void test_a_survey_sums_what_is_free_where_a_class_fits_and_follows_pods(void) {
    pkc_engine *e = engine_with_nodes(2);
    EXPECT(add_class(e, 950, 0, 0) == 1);
    int32_t classes[] = {0, 1};
    int32_t resources[] = {PKC_RESOURCE_CPU};
    int64_t usable[2] = {0};
    int64_t totals[2] = {0};
    int64_t requested[2] = {0};
    int64_t pod_count[2] = {0};
    int64_t alone[2] = {0};
    int64_t free_amount[2] = {0};
    uint8_t fits[4] = {0};
    pkc_survey survey = {
        .class_count = 2, .resource_count = 1, .row_count = 2, .classes = classes,
        .resources = resources, .usable = usable, .free_total = &totals[0],
        .requested_total = &totals[1], .requested = requested, .pod_count = pod_count,
        .alone = alone, .free_amount = free_amount, .fits = fits,
    };
    EXPECT(pkc_engine_survey(e, &survey) == PKC_OK);
    EXPECT(usable[0] == 2000 && usable[1] == 2000);
    int32_t row = 0;
    int32_t pod = -1;
    EXPECT(place_one(e, 0, &row, &pod) == 1);
    EXPECT(pkc_engine_survey(e, &survey) == PKC_OK);
    EXPECT(usable[0] == 1900 && usable[1] == 1000);
    EXPECT(totals[0] == 1900 && totals[1] == 100);
    EXPECT(requested[row] == 100 && requested[1 - row] == 0);
    EXPECT(pod_count[row] == 1 && pod_count[1 - row] == 0);
    EXPECT(pkc_engine_remove(e, 1, &pod) == PKC_OK);
    EXPECT(pkc_engine_survey(e, &survey) == PKC_OK);
    EXPECT(usable[0] == 2000 && usable[1] == 2000);
    survey.row_count = 3;
    EXPECT(pkc_engine_survey(e, &survey) == PKC_ERR_INVALID);
    survey.row_count = 2;
    classes[1] = 2;
    EXPECT(pkc_engine_survey(e, &survey) == PKC_ERR_NOT_FOUND);
    classes[1] = 1;
    resources[0] = FIXTURE_RESOURCES;
    EXPECT(pkc_engine_survey(e, &survey) == PKC_ERR_NOT_FOUND);
    survey.resource_count = PKC_RESOURCE_COUNT_MAX + 1;
    EXPECT(pkc_engine_survey(e, &survey) == PKC_ERR_INVALID);
    engine_done(e);
}

/* One pod of 100m at a time fits beside one of 950m: pods 0 and 1 are large, pod 2 is small. */
static void test_a_replay_stops_where_somebody_has_to_decide(void) {
    pkc_engine *e = engine_with_nodes(1);
    EXPECT(add_class(e, 950, 0, 0) == 1);
    const int64_t when_ns[] = {1, 2, 3, 3, 4, 5};
    const int32_t pods[] = {0, 1, 0, 1, 2, 2};
    const uint8_t leaves[] = {0, 0, 1, 1, 0, 1};
    const int32_t classes[] = {1, 1, 0};
    int32_t rows[] = {-1, -1, -1};
    int32_t slots[] = {-1, -1, -1};
    const int32_t waiting[] = {1};
    pkc_replay replay = {
        .when_ns = when_ns, .pods = pods, .leaves = leaves, .pod_count = 3, .classes = classes,
        .rows = rows, .slots = slots, .waiting = waiting,
    };
    int64_t end = 0;
    EXPECT(pkc_engine_replay(e, &replay, 0, 6, &end) == 1);
    EXPECT(end == 2 && rows[0] == 0 && rows[1] == -1);
    EXPECT(pkc_engine_replay(e, &replay, 2, 6, &end) == 1);
    EXPECT(end == 4 && pkc_engine_pod_count(e) == 0);
    EXPECT(pkc_engine_replay(e, &replay, 4, 6, &end) == 0);
    EXPECT(end == 6 && rows[2] == 0 && pkc_engine_pod_count(e) == 0);
    replay.waiting_count = 1;
    EXPECT(pkc_engine_replay(e, &replay, 4, 6, &end) == 1);
    EXPECT(end == 6);
    uint8_t room = 0;
    const int32_t zero = 0;
    EXPECT(pkc_engine_room(e, 1, waiting, 1, &zero, &room) == PKC_OK && room == 1);
    int32_t slot = 0;
    EXPECT(pkc_engine_bind(e, 1, &zero, &zero, &slot) >= 0);
    EXPECT(pkc_engine_room(e, 1, waiting, 1, &zero, &room) == PKC_OK && room == 0);
    EXPECT(pkc_engine_room(e, 1, waiting, 1, waiting, &room) == PKC_ERR_NOT_FOUND);
    EXPECT(pkc_engine_replay(e, &replay, 2, 1, &end) == PKC_ERR_INVALID);
    replay.pod_count = 2;
    EXPECT(pkc_engine_replay(e, &replay, 4, 6, &end) == PKC_ERR_NOT_FOUND && end == 4);
    engine_done(e);
}

int main(void) {
    RUN(test_engine_refuses_unknown_tie_and_kernel);
    RUN(test_every_supported_kernel_makes_an_engine);
    RUN(test_empty_engine_answers);
    RUN(test_resources_are_limited_at_their_maximum);
    RUN(test_a_resource_added_late_keeps_the_columns);
    RUN(test_devices_are_limited_at_their_maximum);
    RUN(test_a_node_with_pods_keeps_its_devices);
    RUN(test_bad_nodes_are_refused_and_change_nothing);
    RUN(test_unknown_rows_classes_and_pods_are_not_found);
    RUN(test_a_pod_is_removed_once);
    RUN(test_removing_a_node_takes_its_pods_along);
    RUN(test_a_full_cluster_refuses_and_room_comes_back);
    RUN(test_sums_that_leave_int64_are_refused_as_a_whole);
    RUN(test_scores_past_int64_wrap_around_as_in_go);
    RUN(test_a_policy_without_a_number_fails_the_pod);
    RUN(test_more_classes_than_caches_hold_still_place);
    RUN(test_a_replay_stops_where_somebody_has_to_decide);
    RUN(test_a_survey_sums_what_is_free_where_a_class_fits_and_follows_pods);
    return 0;
}
