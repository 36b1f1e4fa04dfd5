/* Leases as callers see them. */
#ifndef PKC_STORE_LEASE_API_H
#define PKC_STORE_LEASE_API_H

#include "store/core.h"

/* Seconds; etcd's largest TTL. */
#define PKC_TTL_MAX INT64_C(9000000000)

/* Delete the attached keys and stage the end of the lease; no log record. The revision is 0 when
 * nothing was attached. */
int pkc_lease_end(pkc_store *store, pkc_lease *lease, int64_t *revision_out);
int pkc_lease_begin(pkc_store *store, int64_t id, int64_t ttl, int64_t time_ns);

#endif
