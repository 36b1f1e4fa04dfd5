/* Ranges: points, spans, filters, sorting. */
#ifndef PKC_STORE_RANGE_H
#define PKC_STORE_RANGE_H

#include "store/core.h"

typedef struct {
    const uint8_t *key;
    const uint8_t *end;
    int64_t key_size;
    int64_t end_size;
    pkc_tree_cursor cursor;
    bool single;
    bool endless;
    bool done;
} pkc_span;

void pkc_span_open(const pkc_store *store, pkc_span *span, const char *key, int64_t key_size,
                   const char *end, int64_t end_size);
/* The next key of the range that is there at `revision`, with its version; false at the end. */
bool pkc_span_next(const pkc_store *store, pkc_span *span, int64_t revision, pkc_key **key_out,
                   pkc_version **version_out);
/* Append what a range finds to the answer; checks the revision against `newest`. */
int pkc_range_run(pkc_store *store, const pkc_op *op, int64_t at, int64_t newest,
                  pkc_answer *answer);

#endif
