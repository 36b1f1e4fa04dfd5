/* PodTopologySpread (kubernetes v1.34.1, plugins/podtopologyspread/{filtering,scoring}.go). */
#include <math.h>
#include <string.h>

#include "engine/kernels/kernel.h"
#include "engine/rules/counters.h"
#include "engine/rules/percent.h"
#include "engine/rules/table.h"
#include "engine/state/topology.h"

enum { DETAIL_SKEW = 0, DETAIL_MISSING_LABEL = 1 };

static int reads(const pod_class *c) {
    return c->has_hard_spread ? READS_OTHERS : 0;
}

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

/* The most that a hard constraint lets a domain hold before the pod comes, by skew. */
static int64_t count_limit(counter *k, const spread_constraint *s) {
    int64_t minimum = k->eligible_domains < s->min_domains ? 0 : pkc_counter_minimum(k);
    return s->max_skew + minimum - s->self_match;
}

static void filter_row(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    for (int64_t i = 0; i < c->spread.count; i++) {
        const spread_constraint *s = &c->spread.data[i];
        if (!s->hard) {
            continue;
        }
        counter *k = pkc_own_counter(e, c, i);
        int32_t domain = e->topologies.data[k->topology].domain[row];
        if (domain < 0) {
            pkc_refuse(out, DETAIL_MISSING_LABEL, PKC_CODE_UNRESOLVABLE);
            return;
        }
        if (k->count[domain] > count_limit(k, s)) {
            pkc_refuse(out, DETAIL_SKEW, PKC_CODE_UNSCHEDULABLE);
            return;
        }
    }
}

static void mask(pkc_engine *e, const pod_class *c, double *total) {
    for (int64_t i = 0; i < c->spread.count; i++) {
        const spread_constraint *s = &c->spread.data[i];
        if (!s->hard) {
            continue;
        }
        counter *k = pkc_own_counter(e, c, i);
        const int32_t *domain = e->topologies.data[k->topology].domain;
        int64_t limit = count_limit(k, s);
        for (int32_t row = 0; row < e->row_count; row++) {
            if (domain[row] < 0 || k->count[domain[row]] > limit) {
                total[row] = -INFINITY;
            }
        }
    }
}

static int differs(const pkc_engine *e, const pod_class *c) {
    (void)e;
    return c->has_soft_spread;
}

/* Domains by a label key, brought up to date; NULL when out of memory. */
static const int32_t *key_domains(pkc_engine *e, int32_t key) {
    int index = pkc_topology_find(e, key);
    if (index < 0 || pkc_topology_refresh(e, index) < 0) {
        return NULL;
    }
    return e->topologies.data[index].domain;
}

/* The totals, but -inf on rows that lack a key of a soft constraint: they count for nothing. */
static int find_counted(pkc_engine *e, const pod_class *c, const double *total, double *counted) {
    memcpy(counted, total, (size_t)e->view_count * sizeof *counted);
    for (int64_t n = 0; c->spread_needs_all_keys && n < c->spread.count; n++) {
        const spread_constraint *s = &c->spread.data[n];
        if (s->hard) {
            continue;
        }
        const int32_t *domain = key_domains(e, s->key);
        if (domain == NULL) {
            return PKC_ERR_NO_MEMORY;
        }
        for (int32_t i = 0; i < e->view_count; i++) {
            counted[i] = domain[pkc_view_row(e, i)] < 0 ? -INFINITY : counted[i];
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
        int32_t own = t->domain[pkc_view_row(e, i)];
        int32_t domain = own < 0 ? pkc_empty_domain(t) : own;
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
static int add_soft(pkc_engine *e, const counter *k, const spread_constraint *s,
                    const double *counted, double *sum) {
    const topology *t = &e->topologies.data[k->topology];
    if (t->domain_count == 0) {
        return PKC_OK; /* no node has the key, such as that of zones by default */
    }
    if (vec_reserve(&e->marks, t->domain_count) < 0) {
        return PKC_ERR_NO_MEMORY;
    }
    int64_t size = s->is_hostname
                       ? e->view_count - e->kernel->count_equal(counted, e->view_count, -INFINITY)
                       : domains_in_use(e, t, counted);
    double weight = go_log((double)(size + 2));
    const int32_t *domain = t->domain; /* a new topology for the key may move t */
    const int32_t *present = s->is_hostname ? key_domains(e, s->key) : domain;
    if (present == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    e->kernel->add_counts(e->view_rows, present, domain, k->count, weight,
                          (double)(s->max_skew - 1), e->view_count, sum);
    return PKC_OK;
}

/* Raw scores of rows that count; which these are is left in e->work.counted, as totals that are not
 * -inf. */
static int raw_scores(pkc_engine *e, const pod_class *c, const double *total, int64_t *raw) {
    if (!c->has_soft_spread || e->view_count == 0) {
        return 0; /* without rows there are no domains either */
    }
    double *counted = e->work.counted;
    double *sum = e->work.sum;
    PKC_TRY(find_counted(e, c, total, counted));
    memset(sum, 0, (size_t)e->view_count * sizeof *sum);
    for (int64_t n = 0; n < c->spread.count; n++) {
        if (!c->spread.data[n].hard) {
            PKC_TRY(add_soft(e, pkc_own_counter(e, c, n), &c->spread.data[n], counted, sum));
        }
    }
    e->kernel->round_sums(counted, sum, e->view_count, raw);
    return 1;
}

/* 100 * (max + min - s) / max over rows that count; others get 0. */
static void normalize(pkc_engine *e, const double *total, int64_t *raw) {
    (void)total;
    const double *counted = e->work.counted;
    int64_t minimum, maximum;
    e->kernel->limits(counted, raw, e->view_count, &minimum, &maximum);
    for (int32_t i = 0; i < e->view_count; i++) {
        int64_t reversed = maximum > 0 ? maximum + minimum - raw[i] : SCORE_MAX;
        raw[i] = counted[i] > -INFINITY ? reversed : 0;
    }
    if (maximum > 0) {
        pkc_scale_to_percent(e, raw, maximum);
    }
}

const rule pkc_rule_pod_topology_spread = {.reads = reads,
                                           .filter_row = filter_row,
                                           .mask = mask,
                                           .differs = differs,
                                           .raw = raw_scores,
                                           .normalize = normalize};
