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
    return e->topologies.data[index].domain;
}

/* The totals, but -inf on rows that lack a key of a soft constraint: they count for nothing. */
static int find_counted(pkc_engine *e, const pod_class *c, const double *total, double *counted) {
    memcpy(counted, total, (size_t)e->view_count * sizeof *counted);
    for (int64_t n = 0; c->spread_needs_all_keys && n < c->spread.count / SPREAD_WORDS; n++) {
        const int64_t *w = c->spread.data + n * SPREAD_WORDS;
        const int32_t *domain = w[0] ? NULL : key_domains(e, w[1]);
        if (!w[0] && domain == NULL) {
            return PKC_ERR_NO_MEMORY;
        }
        for (int32_t i = 0; !w[0] && i < e->view_count; i++) {
            counted[i] = domain[view_row(e, i)] < 0 ? -INFINITY : counted[i];
        }
    }
    return PKC_OK;
}

/* Distinct values of the key among rows that count; a missing key is one. */
static int64_t domains_in_use(pkc_engine *e, const topology *t, const double *counted) {
    int64_t count = 0;
    int missing = 0;
    memset(e->marks.data, 0, (size_t)t->domain_count * sizeof *e->marks.data);
    for (int32_t i = 0; i < e->view_count; i++) {
        if (counted[i] == -INFINITY) {
            continue;
        }
        int32_t own = t->domain[view_row(e, i)];
        int32_t domain = own < 0 ? empty_domain(t) : own;
        if (domain < 0) {
            missing = 1;
        } else if (!e->marks.data[domain]) {
            e->marks.data[domain] = 1;
            count++;
        }
    }
    return count + missing;
}

/* Adds one soft constraint's part of the score to the rows' sums. */
static int add_soft(pkc_engine *e, const counter *k, const int64_t *w, const double *counted,
                    double *sum) {
    const topology *t = &e->topologies.data[k->topology];
    if (t->domain_count == 0) {
        return PKC_OK; /* no node has the key, such as that of zones by default */
    }
    if (vec_reserve(&e->marks, t->domain_count) < 0) {
        return PKC_ERR_NO_MEMORY;
    }
    int64_t size = w[2] ? e->view_count - e->kernel->count_equal(counted, e->view_count, -INFINITY)
                        : domains_in_use(e, t, counted);
    double weight = go_log((double)(size + 2));
    const int32_t *domain = t->domain; /* a new topology for the key may move t */
    const int32_t *present = w[2] ? key_domains(e, w[1]) : domain;
    if (present == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    e->kernel->add_counts(e->view_rows, present, domain, k->count, weight, (double)(w[3] - 1),
                          e->view_count, sum);
    return PKC_OK;
}

/* Raw scores of rows that count; which these are is left in counted, as totals that are not -inf.
 * Returns 1, 0 if there is no soft constraint or no row, or a status. */
int raw_spread(pkc_engine *e, const pod_class *c, const double *total, int64_t *raw,
               double *counted) {
    if (!c->has_soft_spread || e->view_count == 0) {
        return 0; /* without rows there are no domains either */
    }
    int status = find_counted(e, c, total, counted);
    double *sum = e->work_sum;
    memset(sum, 0, (size_t)e->view_count * sizeof *sum);
    for (int64_t n = 0; status == PKC_OK && n < c->spread.count / SPREAD_WORDS; n++) {
        const int64_t *w = c->spread.data + n * SPREAD_WORDS;
        if (!w[0]) {
            status = add_soft(e, &e->counters.data[c->own.data[n]], w, counted, sum);
        }
    }
    if (status < 0) {
        return status;
    }
    e->kernel->round_sums(counted, sum, e->view_count, raw);
    return 1;
}

/* 100 * (max + min - s) / max over rows that count; others get 0. */
void normalize_spread(const pkc_engine *e, const double *counted, int64_t *raw) {
    int64_t minimum, maximum;
    e->kernel->limits(counted, raw, e->view_count, &minimum, &maximum);
    for (int32_t i = 0; i < e->view_count; i++) {
        int64_t reversed = maximum > 0 ? maximum + minimum - raw[i] : SCORE_MAX;
        raw[i] = counted[i] > -INFINITY ? reversed : 0;
    }
    if (maximum > 0) {
        scale_to_percent(e, raw, maximum);
    }
}
