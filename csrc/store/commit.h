/* Group commit: from staged to durable to visible. */
#ifndef PKC_STORE_COMMIT_H
#define PKC_STORE_COMMIT_H

#include "store/core.h"

/* May a write be staged? Waits while too much is. */
int pkc_store_admit(pkc_store *store);
/* One step was staged: count it, and show it at once if nothing has to be written. */
void pkc_store_staged(pkc_store *store);
/* Write all that is staged and return as the leader, with nothing staged; the lock is given up
 * meanwhile. End it with pkc_store_step_down. */
int pkc_store_take_lead(pkc_store *store);
void pkc_store_step_down(pkc_store *store, int status);

#endif
