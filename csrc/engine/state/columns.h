/* The int64 matrix of the rows, its float64 mirror, and the log of their changes. */
#ifndef PKC_STATE_COLUMNS_H
#define PKC_STATE_COLUMNS_H

#include "engine/state/engine.h"

/* Room for at least so many rows. */
int pkc_rows_reserve(pkc_engine *e, int32_t wanted);
/* Columns for at least so many resources; returns how many there are. */
int pkc_resources_reserve(pkc_engine *e, int32_t count);
/* Columns of the matrix. */
int64_t pkc_field_count(int32_t resource_count);
/* A row changed: its float64 columns follow, and the log names it. */
void pkc_row_touch(pkc_engine *e, int32_t row);
/* Brings resource_max down where the node that had the largest allocatable shrank or went. */
void pkc_maxima_refresh(pkc_engine *e);
void pkc_columns_free(pkc_engine *e);

#endif
