/* A plugin as the engine has it: one row of functions, in a file of its own; the table of all
 * rows is rules/table.c. Upstream's extension point is named where there is one (kubernetes
 * v1.34.1, pkg/scheduler/framework/interface.go).
 *
 *     attach, detach      a pod comes to a row, or goes
 *     prepare             PreFilter of one pod: counters made right, what can refuse it found out
 *     filter_row          Filter on one row, with its reason
 *       admits            the same without a reason, for what caches keep of it
 *       mask              the same for all rows at once, for what other rows decide
 *     score_row           Score of one row, or
 *     raw                 Score of all rows at once
 *     normalize           NormalizeScore over the feasible rows
 *
 * A member that is NULL has nothing to say. A new plugin is its number in pkc_engine_api.h, its
 * file and its row; whatever goes through rows, caches and explains asks the table. */
#ifndef PKC_RULES_RULE_H
#define PKC_RULES_RULE_H

#include "engine/state/engine.h"

typedef struct {
    uint64_t detail;
    uint8_t plugin;
    uint8_t code;
} verdict;

/* Things a filter looks at, and a score, too. A cache keeps what READS_NODE decides until the
 * node changes, and what READS_ROW decides until a pod comes to the row or goes. */
enum {
    READS_NODE = 1,    /* labels, taints, names, images */
    READS_ROW = 2,     /* the pods of the row, and amounts beyond cpu and memory */
    READS_OTHERS = 4,  /* pods of other rows, or the world outside */
    READS_COLUMNS = 8, /* cpu, memory and pod slots, which the vector kernel has built in */
};

typedef struct {
    /* READS_ bits of the filter for pods of a class; 0: it lets them pass everywhere, and
     * upstream's PreFilter skips it. */
    int (*reads)(const pod_class *c);
    /* Makes right what filter_row and mask look at. 1 if mask may refuse some row, 0 if not, or a
     * status. NULL: always 1. */
    int (*prepare)(pkc_engine *e, pod_class *c);
    /* PreFilterExtensions: AddPod (sign 1) or RemovePod (-1) of a pod of another class, for a
     * moment, in the account of the pod whose cycle it is. */
    void (*revise)(pkc_engine *e, const pod_class *c, const pod_class *other, int64_t sign);
    /* Leaves verdict_out as it is where the pod passes, else sets code and detail. */
    void (*filter_row)(pkc_engine *e, const pod_class *c, int32_t row, verdict *verdict_out);
    /* 1 where what READS_NODE and READS_ROW stand for lets the pod on the row. */
    int (*admits)(pkc_engine *e, const pod_class *c, int32_t row);
    /* -inf on rows that what READS_OTHERS stands for refuses. */
    void (*mask)(pkc_engine *e, const pod_class *c, double *total);

    /* Where scores come from: READS_NODE or READS_COLUMNS for score_row; for raw READS_OTHERS where
     * differs has to be asked anew for every pod, else 0. */
    int score_reads;
    /* 0 if pods of the class get the same score on all rows, which the cycle then passes over.
     * NULL: 1. Its answer stands for the life of the class; with READS_NODE until a node
     * changes, with READS_OTHERS for one pod. */
    int (*differs)(const pkc_engine *e, const pod_class *c);
    /* Upstream's PreScore skips the plugin where it does not differ; others give all rows a
     * score. */
    int prescore_skips;
    /* PreScore. */
    void (*prepare_scores)(pkc_engine *e);
    int64_t (*score_row)(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row);
    /* Scores by position of the view; total is -inf where a position is not feasible. 1 if the
     * plugin has any, 0 if not, or a status. */
    int (*raw)(pkc_engine *e, const pod_class *c, const double *total, int64_t *raw_out);
    /* In place; right after raw. */
    void (*normalize)(pkc_engine *e, const double *total, int64_t *raw);

    /* 1 if pods of the class are in the plugin's account: reserve, attach and detach are called for
     * them. NULL: 1. */
    int (*keeps)(const pod_class *c);
    /* Reserve: devices and the like for a pod that comes to a row for good. */
    void (*reserve)(pkc_engine *e, const pod_class *c, pod *p);
    /* A pod comes to its row, or goes, for good or for a moment. */
    void (*attach)(pkc_engine *e, const pod *p);
    void (*detach)(pkc_engine *e, const pod *p);
} rule;

static inline void pkc_refuse(verdict *verdict_out, uint64_t detail, uint8_t code) {
    verdict_out->detail = detail;
    verdict_out->code = code;
}

#endif
