/* Which of the nodes with the maximal total. */
#ifndef PKC_CYCLE_SELECT_H
#define PKC_CYCLE_SELECT_H

#include "engine/state/engine.h"

/* The chosen row, or -1 when every total is -inf; totals are by position of the view. */
int32_t pkc_select_row(pkc_engine *e, const double *total, const double *block_max, int random);

#endif
