/* Input of the vector kernels: float64 columns of the rows, constants of a class. */
#ifndef PKC_STATE_HOT_H
#define PKC_STATE_HOT_H

#include <stdint.h>

/* One allocation, columns of engine capacity. */
typedef struct {
    double *allocatable_cpu;
    double *allocatable_memory;
    double *requested_cpu;
    double *requested_memory;
    double *left_cpu; /* allocatable - requested with non-zero defaults */
    double *left_memory;
    double *percent_cpu; /* 100 / allocatable */
    double *percent_memory;
} hot_columns;

enum { HOT_COLUMN_COUNT = sizeof(hot_columns) / sizeof(double *) };

/* Everything that the fused kernel needs of a class and its profile. */
typedef struct {
    double filter_cpu; /* -inf when nothing is asked for: every node passes */
    double filter_memory;
    double score_cpu;
    double score_memory;
    double request_cpu;
    double request_memory;
    double fit_weight;
    double fit_cpu_weight;
    double fit_memory_weight;
    double fit_weight_inverse; /* 1 / (sum of weights) */
    double balanced_weight;
    uint8_t unit; /* see UNIT in kernel_body.inc */
} fused_constants;

#endif
