/* The table of rules: every plugin has a row, whose members are enough for caches and scans. */
#include "engine/rules/table.h"
#include "test.h"

enum { READS_ALL = READS_NODE | READS_ROW | READS_OTHERS | READS_COLUMNS };

/* A class that gives every filter something to look at. */
static pod_class class_of_everything(void) {
    pod_class c = {.node_name = 1, .device_count = 1, .has_external = 1, .has_hard_spread = 1};
    request r = {PKC_RESOURCE_EPHEMERAL_STORAGE, 1};
    selector s = {0};
    host_port p = {0};
    disk d = {0};
    claim used = {0};
    csi_volume v = {0};
    EXPECT(vec_push(&c.filter_request, r) == 0 && vec_push(&c.selectors, s) == 0);
    EXPECT(vec_push(&c.ports, p) == 0 && vec_push(&c.disks, d) == 0);
    EXPECT(vec_push(&c.once_claims, used) == 0 && vec_push(&c.csi_volumes, v) == 0);
    return c;
}

static void test_every_plugin_has_a_row(void) {
    for (int32_t plugin = 0; plugin < PKC_PLUGIN_COUNT; plugin++) {
        EXPECT(pkc_rules[plugin] != NULL);
        for (int32_t other = 0; other < plugin; other++) {
            EXPECT(pkc_rules[plugin] != pkc_rules[other]);
        }
    }
}

static void test_what_a_filter_reads_has_its_functions(void) {
    pod_class c = class_of_everything();
    for (int32_t plugin = 1; plugin < PKC_PLUGIN_COUNT; plugin++) {
        const rule *r = pkc_rules[plugin];
        EXPECT((r->filter_row != NULL) == (r->reads != NULL));
        int reads = r->reads == NULL ? 0 : r->reads(&c);
        EXPECT((reads & ~READS_ALL) == 0 && (r->filter_row == NULL || reads != 0));
        EXPECT(!(reads & (READS_NODE | READS_ROW)) || r->admits != NULL);
        EXPECT(!(reads & READS_OTHERS) || r->mask != NULL);
        EXPECT((r->attach != NULL) == (r->detach != NULL));
    }
    pkc_class_clear(&c);
}

static void test_a_score_has_one_source(void) {
    for (int32_t plugin = 0; plugin < PKC_PLUGIN_COUNT; plugin++) {
        const rule *r = pkc_rules[plugin];
        EXPECT(r->score_row == NULL || r->raw == NULL);
        EXPECT(r->score_row == NULL || r->score_reads == READS_NODE ||
               r->score_reads == READS_COLUMNS);
        EXPECT(r->score_reads != READS_OTHERS || (r->raw != NULL && r->differs != NULL));
        EXPECT(!r->prescore_skips || r->differs != NULL);
        /* The verdict of a row's columns is cached as part of its total. */
        EXPECT(r->score_reads != READS_COLUMNS || r->normalize == NULL);
    }
}

int main(void) {
    RUN(test_every_plugin_has_a_row);
    RUN(test_what_a_filter_reads_has_its_functions);
    RUN(test_a_score_has_one_source);
    return 0;
}
