/* The table of kernels: loops over whole columns, one row of functions per instruction set. */
#ifndef PKC_KERNELS_KERNEL_H
#define PKC_KERNELS_KERNEL_H

#include "engine/state/engine.h"

struct kernel {
    const char *name;
    int (*supported)(void);
    /* total_out for rows [begin, end) */
    void (*scan_unit)(const hot_columns *hot, const fused_constants *f, const double *addend,
                      int32_t begin, int32_t end, double *total_out);
    void (*scan_least)(const hot_columns *hot, const fused_constants *f, const double *addend,
                       int32_t begin, int32_t end, double *total_out);
    void (*scan_most)(const hot_columns *hot, const fused_constants *f, const double *addend,
                      int32_t begin, int32_t end, double *total_out);
    double (*maximum)(const double *values, int64_t count);
    /* of every block of BLOCK_ROWS values */
    void (*maxima)(const double *values, int64_t count, double *block_max_out);
    int64_t (*count_equal)(const double *values, int64_t count, double value);
    void (*add_weighted)(const int64_t *scores, int64_t weight, int64_t count, double *total);
    void (*scale)(int64_t *values, int64_t count, int64_t maximum);
    /* PodTopologySpread, by position: adds per_domain * weight + skew where the row's present and
     * domain are not -1; rows is as view_rows */
    void (*add_counts)(const int32_t *rows, const int32_t *present, const int32_t *domain,
                       const int64_t *per_domain, double weight, double skew, int32_t count,
                       double *sum);
    /* these two pass over positions where counted is -inf; their numbers are >= 0 */
    void (*round_sums)(const double *counted, const double *sum, int64_t count,
                       int64_t *rounded_out);
    void (*limits)(const double *counted, const int64_t *values, int64_t count,
                   int64_t *minimum_out, int64_t *maximum_out);
};

/* Row `index` of the table, or -1 for the best that this machine supports; NULL for one that it
 * does not support. */
const kernel *pkc_kernel_at(int32_t index);

#endif
