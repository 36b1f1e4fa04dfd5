/* Sorting of numbers. */
#ifndef PKC_SORT_H
#define PKC_SORT_H

#include <stdint.h>
#include <stdlib.h>

static inline int pkc_compare_numbers(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a;
    int32_t y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static inline void pkc_sort_numbers(int32_t *values, int64_t count) {
    if (count > 1) {
        qsort(values, (size_t)count, sizeof *values, pkc_compare_numbers);
    }
}

#endif
