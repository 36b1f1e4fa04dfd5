/* How many nodes have an image, and how many pods use a claim. */
#ifndef PKC_STATE_USAGE_H
#define PKC_STATE_USAGE_H

#include "engine/state/engine.h"

/* Room for the images of a node, and the node counted (1) or no more (-1). */
int pkc_images_reserve(pkc_engine *e, const node *n);
void pkc_images_count(pkc_engine *e, const node *n, int32_t sign);
/* Room for the claims of a class, and a pod of it counted. */
int pkc_claims_reserve(pkc_engine *e, const pod_class *c);
void pkc_claims_count(pkc_engine *e, const pod_class *c, int32_t sign);

#endif
