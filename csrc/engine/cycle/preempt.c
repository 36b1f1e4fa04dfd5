/* The dry run of preemption (kubernetes v1.34.1,
 * plugins/defaultpreemption/default_preemption.go). */
#include "engine/cycle/filter.h"
#include "engine/cycle/nominated.h"
#include "engine/cycle/pods.h"

/* util.MoreImportantPod: higher priority, then started earlier; then the smaller slot, where
 * upstream's order is undefined. */
static int more_important(const pkc_engine *e, const dry_pod *a, const dry_pod *b) {
    int64_t pa = e->classes.data[a->class_index].priority;
    int64_t pb = e->classes.data[b->class_index].priority;
    if (pa != pb) {
        return pa > pb;
    }
    return a->start_ns != b->start_ns ? a->start_ns < b->start_ns : a->slot < b->slot;
}

/* Insertion sort: a row has few pods. */
static void sort_by_importance(const pkc_engine *e, dry_pod *pods, int32_t count) {
    for (int32_t i = 1; i < count; i++) {
        dry_pod p = pods[i];
        int32_t at = i;
        while (at > 0 && more_important(e, &p, &pods[at - 1])) {
            pods[at] = pods[at - 1];
            at--;
        }
        pods[at] = p;
    }
}

typedef struct {
    const pkc_budget *budgets;
    const int32_t *exempt; /* {budget, pod}... */
    int32_t budget_count;
    int32_t exempt_count;
} budget_list;

static int is_exempt(const budget_list *list, int32_t budget, int32_t slot) {
    for (int32_t i = 0; i < list->exempt_count; i++) {
        if (list->exempt[2 * i] == budget && list->exempt[2 * i + 1] == slot) {
            return 1;
        }
    }
    return 0;
}

/* filterPodsWithPDBViolation: budgets are used up in the order of importance. */
static void mark_violations(pkc_engine *e, const budget_list *list, int32_t *left, dry_pod *pods,
                            int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        const pod_class *c = &e->classes.data[pods[i].class_index];
        pods[i].violates = 0;
        for (int32_t b = 0; b < list->budget_count && c->labels.count > 0; b++) {
            if (pkc_matcher_matches(&e->matchers.data[list->budgets[b].matcher], c) &&
                !is_exempt(list, b, pods[i].slot) && --left[b] < 0) {
                pods[i].violates = 1;
            }
        }
    }
}

static void dry_remove(pkc_engine *e, const pod_class *c, dry_pod *p) {
    pkc_revise(e, c, p->class_index, -1);
    pkc_pod_detach(e, p->slot);
    p->off = 1;
}

static void dry_add(pkc_engine *e, const pod_class *c, dry_pod *p) {
    pkc_revise(e, c, p->class_index, 1);
    pkc_pod_attach(e, p->slot);
    p->off = 0;
}

/* Puts back what fits, those whose disruption violates a budget first. Returns how many of these
 * have to go. */
static int32_t reprieve(pkc_engine *e, int32_t class_index, int32_t row, dry_pod *pods,
                        int32_t count) {
    const pod_class *c = &e->classes.data[class_index];
    int32_t violations = 0;
    for (int violating = 1; violating >= 0; violating--) {
        for (int32_t i = 0; i < count; i++) {
            if (pods[i].violates != violating) {
                continue;
            }
            verdict v;
            dry_add(e, c, &pods[i]);
            pkc_filter_with_nominated(e, class_index, row, &v);
            if (v.code != PKC_CODE_FITS) {
                dry_remove(e, c, &pods[i]);
                violations += violating;
            }
        }
    }
    return violations;
}

static int32_t collect_lower(pkc_engine *e, int64_t priority, int32_t row) {
    int32_t count = 0;
    e->dry_pods.count = 0;
    for (int32_t s = e->nodes[row].first_pod; s >= 0; s = e->pods.data[s].next) {
        const pod *p = &e->pods.data[s];
        if (e->classes.data[p->class_index].priority < priority) {
            dry_pod d = {.slot = s, .class_index = p->class_index, .start_ns = p->start_ns};
            if (vec_push(&e->dry_pods, d) < 0) {
                return PKC_ERR_NO_MEMORY;
            }
            count++;
        }
    }
    return count;
}

static int dry_run(pkc_engine *e, int32_t class_index, int32_t row, const budget_list *list,
                   int32_t *left, int32_t *victim_out, int32_t *violations_out,
                   verdict *out) {
    const pod_class *c = &e->classes.data[class_index];
    int32_t count = collect_lower(e, c->priority, row);
    if (count <= 0) {
        out->code = PKC_CODE_NOT_EVALUATED;
        return count;
    }
    dry_pod *pods = e->dry_pods.data;
    sort_by_importance(e, pods, count);
    for (int32_t i = 0; i < count; i++) {
        dry_remove(e, c, &pods[i]);
    }
    verdict v;
    pkc_filter_with_nominated(e, class_index, row, &v);
    *out = v;
    if (v.code == PKC_CODE_FITS) {
        mark_violations(e, list, left, pods, count);
        *violations_out = reprieve(e, class_index, row, pods, count);
    }
    int victims = 0;
    for (int32_t i = 0; i < count; i++) {
        if (pods[i].off && v.code == PKC_CODE_FITS) {
            victim_out[victims++] = pods[i].slot;
        }
        if (pods[i].off) {
            dry_add(e, c, &pods[i]);
        }
    }
    return victims;
}

int pkc_engine_dry_run(pkc_engine *e, int32_t class_index, int32_t row,
                       const pkc_budget *budgets, int32_t budget_count, const int32_t *exempt,
                       int32_t exempt_count, int32_t *victim_out, int32_t *violations_out,
                       uint8_t *plugin_out, uint8_t *code_out, uint64_t *detail_out) {
    if (class_index < 0 || class_index >= e->classes.count || !pkc_row_alive(e, row)) {
        return PKC_ERR_NOT_FOUND;
    }
    if (budget_count < 0 || exempt_count < 0) {
        return PKC_ERR_INVALID;
    }
    for (int32_t b = 0; b < budget_count; b++) {
        if (budgets[b].matcher < 0 || budgets[b].matcher >= e->matchers.count) {
            return PKC_ERR_NOT_FOUND;
        }
    }
    int status = pkc_prepare(e, class_index);
    if (status == PKC_OK) {
        status = pkc_pods_reserve(e, e->nomination_count);
    }
    int32_t *left = malloc(((size_t)budget_count + 1) * sizeof *left);
    if (left == NULL || status < 0) {
        free(left);
        return status < 0 ? status : PKC_ERR_NO_MEMORY;
    }
    for (int32_t b = 0; b < budget_count; b++) {
        left[b] = budgets[b].allowed;
    }
    *violations_out = 0;
    budget_list list = {budgets, exempt, budget_count, exempt_count};
    verdict v = {0};
    status = dry_run(e, class_index, row, &list, left, victim_out, violations_out, &v);
    *plugin_out = v.plugin;
    *code_out = v.code;
    *detail_out = v.detail;
    free(left);
    return status;
}
