/* PodTopologySpread (kubernetes v1.34.1, plugins/podtopologyspread/{filtering,scoring}.go). */
#include <math.h>
#include <string.h>

#include "engine.h"

/* Go's math.Log, which differs from some C libraries in the last bit: reduction to
 * [sqrt(2)/2, sqrt(2)) and a polynomial, after FreeBSD's e_log.c. x > 0 and finite. */
static double go_log(double x) {
    static const double LN2_HIGH = 6.93147180369123816490e-01;
    static const double LN2_LOW = 1.90821492927058770002e-10;
    static const double L[] = {6.666666666666735130e-01, 3.999999999940941908e-01,
                               2.857142874366239149e-01, 2.222219843214978396e-01,
                               1.818357216161805012e-01, 1.531383769920937332e-01,
                               1.479819860511658591e-01};
    int exponent;
    double fraction = frexp(x, &exponent);
    if (fraction < 0.70710678118654752440) {
        fraction *= 2.0;
        exponent--;
    }
    double f = fraction - 1.0;
    double k = (double)exponent;
    double s = f / (2.0 + f);
    double s2 = s * s;
    double s4 = s2 * s2;
    double odd = s2 * (L[0] + s4 * (L[2] + s4 * (L[4] + s4 * L[6])));
    double even = s4 * (L[1] + s4 * (L[3] + s4 * L[5]));
    double r = odd + even;
    double half_square = 0.5 * f * f;
    return k * LN2_HIGH - ((half_square - (s * (half_square + r) + k * LN2_LOW)) - f);
}

/* What a hard constraint lets a domain hold before the pod comes, by skew. */
static int64_t count_limit(counter *k, const int64_t *w) {
    int64_t minimum = k->eligible_domains < w[4] ? 0 : counter_minimum(k);
    return w[3] + minimum - w[6];
}

int filter_spread(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    for (int64_t i = 0; i < c->spread.count / SPREAD_WORDS; i++) {
        const int64_t *w = c->spread.data + i * SPREAD_WORDS;
        if (!w[0]) {
            continue;
        }
        counter *k = &e->counters.data[c->own.data[i]];
        int32_t domain = e->topologies.data[k->topology].domain[row];
        if (domain < 0) {
            *out = (verdict){1, PKC_PLUGIN_POD_TOPOLOGY_SPREAD, PKC_CODE_UNRESOLVABLE};
            return 0;
        }
        if (k->count[domain] > count_limit(k, w)) {
            *out = (verdict){0, PKC_PLUGIN_POD_TOPOLOGY_SPREAD, PKC_CODE_UNSCHEDULABLE};
            return 0;
        }
    }
    return 1;
}

/* -inf where a hard constraint refuses. */
void mask_spread(pkc_engine *e, const pod_class *c, double *total) {
    for (int64_t i = 0; i < c->spread.count / SPREAD_WORDS; i++) {
        const int64_t *w = c->spread.data + i * SPREAD_WORDS;
        if (!w[0]) {
            continue;
        }
        counter *k = &e->counters.data[c->own.data[i]];
        const int32_t *domain = e->topologies.data[k->topology].domain;
        int64_t limit = count_limit(k, w);
        for (int32_t row = 0; row < e->row_count; row++) {
            if (domain[row] < 0 || k->count[domain[row]] > limit) {
                total[row] = -INFINITY;
            }
        }
    }
}

/* Domains by a label key, brought up to date; NULL when out of memory. */
static const int32_t *key_domains(pkc_engine *e, int64_t key) {
    int index = topology_find(e, (int32_t)key);
    if (index < 0 || topology_refresh(e, index) < 0) {
        return NULL;
    }
    return view_domain(e, e->topologies.data[index].domain, 1);
}

/* Feasible rows that lack a key of a soft constraint count for nothing. */
static int find_ignored(pkc_engine *e, const pod_class *c, const double *total,
                        uint8_t *ignored) {
    memset(ignored, 0, (size_t)e->view_count);
    for (int64_t n = 0; c->spread_needs_all_keys && n < c->spread.count / SPREAD_WORDS; n++) {
        const int64_t *w = c->spread.data + n * SPREAD_WORDS;
        const int32_t *domain = w[0] ? NULL : key_domains(e, w[1]);
        if (!w[0] && domain == NULL) {
            return PKC_ERR_NO_MEMORY;
        }
        for (int32_t i = 0; !w[0] && i < e->view_count; i++) {
            ignored[i] |= (uint8_t)((total[i] != -INFINITY) & (domain[i] < 0));
        }
    }
    return PKC_OK;
}

/* Distinct values of the key among feasible rows that are not ignored; a missing key is one. */
static int64_t domains_in_use(pkc_engine *e, const topology *t, const int32_t *domains,
                              const double *total, const uint8_t *ignored) {
    int64_t count = 0;
    int missing = 0;
    memset(e->marks.data, 0, (size_t)t->domain_count * sizeof *e->marks.data);
    for (int32_t i = 0; i < e->view_count; i++) {
        if (total[i] == -INFINITY || ignored[i]) {
            continue;
        }
        int32_t domain = domains[i] < 0 ? empty_domain(t) : domains[i];
        if (domain < 0) {
            missing = 1;
        } else if (!e->marks.data[domain]) {
            e->marks.data[domain] = 1;
            count++;
        }
    }
    return count + missing;
}

static int64_t rows_in_use(const pkc_engine *e, const double *total, const uint8_t *ignored) {
    int64_t count = 0;
    for (int32_t i = 0; i < e->view_count; i++) {
        count += total[i] != -INFINITY && !ignored[i];
    }
    return count;
}

/* Adds one soft constraint's part of the score to the rows' sums. */
static int add_soft(pkc_engine *e, const counter *k, const int64_t *w, const double *total,
                    const uint8_t *ignored, double *sum) {
    const topology *t = &e->topologies.data[k->topology];
    if (vec_reserve(&e->marks, t->domain_count) < 0) {
        return PKC_ERR_NO_MEMORY;
    }
    const int32_t *domain = view_domain(e, t->domain, 0);
    int64_t size = w[2] ? rows_in_use(e, total, ignored)
                        : domains_in_use(e, t, domain, total, ignored);
    double weight = go_log((double)(size + 2));
    double skew = (double)(w[3] - 1);
    const int32_t *present = w[2] ? key_domains(e, w[1]) : domain;
    if (present == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    for (int32_t i = 0; i < e->view_count; i++) {
        if (present[i] >= 0 && domain[i] >= 0) {
            sum[i] += (double)k->count[domain[i]] * weight + skew;
        }
    }
    return PKC_OK;
}

/* Go's math.Round for values >= 0: half away from zero. */
static int64_t round_half_up(double value) {
    int64_t whole = (int64_t)value;
    return whole + (value - (double)whole >= 0.5);
}

/* Raw scores of feasible rows (total != -inf). Returns 1, 0 if there is no soft constraint, or a
 * status. */
int raw_spread(pkc_engine *e, const pod_class *c, const double *total, int64_t *raw,
               uint8_t *ignored) {
    if (!c->has_soft_spread) {
        return 0;
    }
    int status = find_ignored(e, c, total, ignored);
    double *sum = e->work_sum;
    for (int32_t i = 0; i < e->view_count; i++) {
        sum[i] = 0.0;
    }
    for (int64_t n = 0; status == PKC_OK && n < c->spread.count / SPREAD_WORDS; n++) {
        const int64_t *w = c->spread.data + n * SPREAD_WORDS;
        if (!w[0]) {
            status = add_soft(e, &e->counters.data[c->own.data[n]], w, total, ignored, sum);
        }
    }
    if (status < 0) {
        return status;
    }
    for (int32_t i = 0; i < e->view_count; i++) {
        int counts = (total[i] != -INFINITY) & !ignored[i];
        raw[i] = counts ? round_half_up(sum[i]) : 0;
    }
    return 1;
}

/* 100 * (max + min - s) / max over rows that count; ignored ones get 0. */
void normalize_spread(const pkc_engine *e, const double *total, const uint8_t *ignored,
                      int64_t *raw) {
    int64_t minimum = INT64_MAX;
    int64_t maximum = 0;
    for (int32_t i = 0; i < e->view_count; i++) {
        if (total[i] != -INFINITY && !ignored[i]) {
            minimum = raw[i] < minimum ? raw[i] : minimum;
            maximum = raw[i] > maximum ? raw[i] : maximum;
        }
    }
    for (int32_t i = 0; i < e->view_count; i++) {
        raw[i] = maximum == 0 ? SCORE_MAX : maximum + minimum - raw[i];
    }
    if (maximum > 0) {
        scale_to_percent(raw, e->view_count, maximum);
    }
    for (int32_t i = 0; i < e->view_count; i++) {
        raw[i] = ignored[i] ? 0 : raw[i];
    }
}
