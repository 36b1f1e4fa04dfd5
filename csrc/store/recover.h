/* Records of the log and of a snapshot, applied to the store: visitors of pkc_wal_recover. */
#ifndef PKC_STORE_RECOVER_H
#define PKC_STORE_RECOVER_H

#include "store/core.h"

int pkc_store_apply(void *context, int type, const uint8_t *payload, int64_t size);
int pkc_store_load(void *context, int type, const uint8_t *payload, int64_t size);

#endif
