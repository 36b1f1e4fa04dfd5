/* The table of kernels: one row per instruction set, chosen at run time. */
#include "engine/kernels/kernel.h"

#include <math.h>

_Static_assert(BLOCK_ROWS == 64, "block_maximum folds 64 values");

#define TARGET
#define KERNEL(name) name##_baseline
#include "engine/kernels/kernel_body.inc"
#undef KERNEL
#undef TARGET

static int supported_always(void) {
    return 1;
}

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define PKC_HAVE_X86 1
#define TARGET __attribute__((target("avx2")))
#define KERNEL(name) name##_avx2
#include "engine/kernels/kernel_body.inc"
#undef KERNEL
#undef TARGET

static int supported_avx2(void) {
    return __builtin_cpu_supports("avx2") ? 1 : 0;
}

#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,prefer-vector-width=512")))
#define KERNEL(name) name##_avx512
#include "engine/kernels/kernel_body.inc"
#undef KERNEL
#undef TARGET

static int supported_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif

#define ROW(SET, SUPPORTED)                                                     \
    {#SET,               SUPPORTED,        scan_unit_##SET,  scan_least_##SET,  \
     scan_most_##SET,    maximum_##SET,    maxima_##SET,     count_equal_##SET, \
     add_weighted_##SET, scale_##SET,      add_counts_##SET, round_sums_##SET,  \
     limits_##SET}

static const kernel KERNELS[] = {
    ROW(baseline, supported_always),
#ifdef PKC_HAVE_X86
    ROW(avx2, supported_avx2),
    ROW(avx512, supported_avx512),
#endif
};
#undef ROW

enum { KERNEL_COUNT = sizeof KERNELS / sizeof KERNELS[0] };

int pkc_kernel_count(void) {
    return KERNEL_COUNT;
}

const char *pkc_kernel_name(int32_t index) {
    return index < 0 || index >= KERNEL_COUNT ? "" : KERNELS[index].name;
}

int pkc_kernel_supported(int32_t index) {
    return index < 0 || index >= KERNEL_COUNT ? 0 : KERNELS[index].supported();
}

const kernel *pkc_kernel_at(int32_t index) {
    if (index == -1) {
        index = KERNEL_COUNT - 1;
        while (!KERNELS[index].supported()) {
            index--;
        }
    }
    return pkc_kernel_supported(index) ? &KERNELS[index] : NULL;
}
