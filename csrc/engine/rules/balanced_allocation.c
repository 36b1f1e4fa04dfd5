/* NodeResourcesBalancedAllocation (kubernetes v1.34.1,
 * plugins/noderesources/balanced_allocation.go); the same order of float64 operations. A sum past
 * int64 counts as full, where upstream's wraps around and the cycle fails on the score. */
#include <math.h>

#include "engine/rules/node_resources_fit.h"
#include "engine/rules/table.h"

static int differs(const pkc_engine *e, const pod_class *c) {
    const profile *p = pkc_profile_of(e, c);
    for (int64_t i = 0; i < p->balanced_resources.count; i++) {
        if (pkc_class_request(c, p->balanced_resources.data[i]) != 0) {
            return 1;
        }
    }
    return 0;
}

/* How far apart the fractions are: half the difference of two, else their standard deviation. */
static double deviation_of(const double *fractions, int32_t count, double total) {
    if (count == 2) {
        return fabs((fractions[0] - fractions[1]) / 2.0);
    }
    if (count < 2) {
        return 0.0;
    }
    double mean = total / (double)count;
    double squares = 0.0;
    for (int32_t i = 0; i < count; i++) {
        squares = squares + (fractions[i] - mean) * (fractions[i] - mean);
    }
    return sqrt(squares / (double)count);
}

static int64_t score_row(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row) {
    double fractions[PKC_RESOURCE_COUNT_MAX];
    double total = 0.0;
    int32_t count = 0;
    for (int64_t i = 0; i < p->balanced_resources.count; i++) {
        int32_t resource = p->balanced_resources.data[i];
        int64_t capacity = pkc_column_allocatable(e, resource)[row];
        int64_t ask = pkc_class_request(c, resource);
        if (capacity == 0 || (pkc_is_extended(resource) && ask == 0)) {
            continue;
        }
        int64_t requested;
        if (__builtin_add_overflow(pkc_column_requested(e, resource)[row], ask, &requested)) {
            requested = INT64_MAX;
        }
        double fraction = (double)requested / (double)capacity;
        fraction = fraction > 1.0 ? 1.0 : fraction;
        total += fraction;
        fractions[count++] = fraction;
    }
    return (int64_t)((1.0 - deviation_of(fractions, count, total)) * (double)SCORE_MAX);
}

const rule pkc_rule_balanced_allocation = {.score_reads = READS_COLUMNS,
                                           .differs = differs,
                                           .prescore_skips = 1,
                                           .score_row = score_row};
