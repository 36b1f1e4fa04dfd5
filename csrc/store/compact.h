/* Compaction: versions that no reader can ask for any more are freed. */
#ifndef PKC_STORE_COMPACT_H
#define PKC_STORE_COMPACT_H

#include "store/core.h"

/* Free what `revision` makes superfluous. Gives up the lock now and then if `yield`. */
void pkc_compact_run(pkc_store *store, int64_t revision, bool yield);

#endif
