/* Scores in percent of a maximum. */
#include "engine/rules/percent.h"

#include <math.h>

#include "engine/kernels/kernel.h"

void pkc_scale_to_percent(const pkc_engine *e, int64_t *values, int64_t maximum) {
    const uint64_t exact = (UINT64_C(1) << 53) / SCORE_MAX;
    uint64_t bits = 0; /* of all values: no value is larger, and a negative one makes it huge */
    for (int32_t i = 0; i < e->view_count; i++) {
        bits |= (uint64_t)values[i];
    }
    if (bits < exact) {
        e->kernel->scale(values, e->view_count, maximum);
        return;
    }
    for (int32_t i = 0; i < e->view_count; i++) {
        values[i] = pkc_wrapping_product(values[i], SCORE_MAX) / maximum;
    }
}

void pkc_percent_of_best(const pkc_engine *e, const double *total, int64_t *raw) {
    int64_t maximum = 0;
    for (int32_t i = 0; i < e->view_count; i++) {
        if (total[i] != -INFINITY && raw[i] > maximum) {
            maximum = raw[i];
        }
    }
    if (maximum > 0) {
        pkc_scale_to_percent(e, raw, maximum);
    }
}
