/* Which of the nodes with the maximal total. */
#include "engine/cycle/select.h"

#include <math.h>

#include "engine/cycle/random.h"
#include "engine/kernels/kernel.h"

static int32_t block_end(const pkc_engine *e, int32_t block) {
    int32_t end = (block + 1) * BLOCK_ROWS;
    return end < e->view_count ? end : e->view_count;
}

static uint64_t ties_in(const pkc_engine *e, const double *total, int32_t block, double best) {
    int32_t begin = block * BLOCK_ROWS;
    return (uint64_t)e->kernel->count_equal(total + begin, block_end(e, block) - begin, best);
}

/* kube-scheduler draws at each further candidate and keeps it with probability 1/k
 * (schedule_one.go, selectHost): every candidate is chosen alike. Here one draw does that. */
static int32_t select_random(pkc_engine *e, const double *total, const double *block_max,
                             int32_t block_count, double best) {
    uint64_t ties = 0;
    for (int32_t b = 0; b < block_count; b++) {
        ties += block_max[b] == best ? ties_in(e, total, b, best) : 0;
    }
    uint64_t skip = pkc_random_below(&e->random_state, ties);
    for (int32_t b = 0; b < block_count; b++) {
        uint64_t here = block_max[b] == best ? ties_in(e, total, b, best) : 0;
        if (skip >= here) {
            skip -= here;
            continue;
        }
        int32_t i = b * BLOCK_ROWS;
        while (total[i] != best || skip-- > 0) {
            i++;
        }
        return pkc_view_row(e, i);
    }
    PKC_CHECK(!"a tie was counted that is not there");
    return -1;
}

int32_t pkc_select_row(pkc_engine *e, const double *total, const double *block_max, int random) {
    int32_t block_count = (e->view_count + BLOCK_ROWS - 1) / BLOCK_ROWS;
    double best = e->kernel->maximum(block_max, block_count);
    if (block_count == 0 || best == -INFINITY) {
        return -1;
    }
    if (random || e->tie == PKC_TIE_RANDOM) {
        return select_random(e, total, block_max, block_count, best);
    }
    int32_t chosen = -1;
    for (int32_t b = 0; b < block_count; b++) {
        for (int32_t i = b * BLOCK_ROWS; block_max[b] == best && i < block_end(e, b); i++) {
            int32_t row = pkc_view_row(e, i);
            if (total[i] == best &&
                (chosen < 0 || e->nodes[row].rank < e->nodes[chosen].rank)) {
                chosen = row;
                if (!e->rank_shuffled) {
                    return chosen;
                }
            }
        }
    }
    return chosen;
}
