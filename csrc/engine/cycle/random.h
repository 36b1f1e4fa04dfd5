/* Draws. */
#ifndef PKC_CYCLE_RANDOM_H
#define PKC_CYCLE_RANDOM_H

#include <stdint.h>

/* SplitMix64 (Steele, Lea, Flood 2014). */
static inline uint64_t pkc_random_next(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Uniform below bound > 0, without bias: draws under the next power of two until one fits. */
static inline uint64_t pkc_random_below(uint64_t *state, uint64_t bound) {
    uint64_t mask = bound - 1;
    for (unsigned shift = 1; shift < 64; shift *= 2) {
        mask |= mask >> shift;
    }
    uint64_t drawn;
    do {
        drawn = pkc_random_next(state) & mask;
    } while (drawn >= bound);
    return drawn;
}

#endif
