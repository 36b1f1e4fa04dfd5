/* Topologies: the rows by the values of a label key. */
#ifndef PKC_STATE_TOPOLOGY_H
#define PKC_STATE_TOPOLOGY_H

#include "engine/state/engine.h"

/* Index of the topology of a key, made if need be; key -1 is that of the rows. */
int pkc_topology_find(pkc_engine *e, int32_t key);
/* Brings the domains of rows up to date. O(rows) after a change of nodes. */
int pkc_topology_refresh(pkc_engine *e, int32_t index);

#endif
