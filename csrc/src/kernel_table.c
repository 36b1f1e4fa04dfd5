/* The table of kernels: one row per instruction set, chosen at run time. */
#include <math.h>

#include "engine.h"

_Static_assert(BLOCK_ROWS == 64, "block_maximum folds 64 values");

#define TARGET
#define KERNEL(name) name##_baseline
#include "kernel_body.inc"
#undef KERNEL
#undef TARGET

static int supported_always(void) {
    return 1;
}

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define PKC_HAVE_X86 1
#define TARGET __attribute__((target("avx2")))
#define KERNEL(name) name##_avx2
#include "kernel_body.inc"
#undef KERNEL
#undef TARGET

static int supported_avx2(void) {
    return __builtin_cpu_supports("avx2") ? 1 : 0;
}

#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,prefer-vector-width=512")))
#define KERNEL(name) name##_avx512
#include "kernel_body.inc"
#undef KERNEL
#undef TARGET

static int supported_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif

static const kernel KERNELS[] = {
    {"baseline", supported_always, scan_unit_baseline, scan_least_baseline,
     scan_most_baseline, maximum_baseline, maxima_baseline},
#ifdef PKC_HAVE_X86
    {"avx2", supported_avx2, scan_unit_avx2, scan_least_avx2, scan_most_avx2,
     maximum_avx2, maxima_avx2},
    {"avx512", supported_avx512, scan_unit_avx512, scan_least_avx512, scan_most_avx512,
     maximum_avx512, maxima_avx512},
#endif
};

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

const kernel *kernel_at(int32_t index) {
    if (index == -1) {
        index = KERNEL_COUNT - 1;
        while (!KERNELS[index].supported()) {
            index--;
        }
    }
    return pkc_kernel_supported(index) ? &KERNELS[index] : NULL;
}
