/* Facts that the table of rules derives from a profile and of a class. */
#ifndef PKC_RULES_DERIVE_H
#define PKC_RULES_DERIVE_H

#include "engine/state/engine.h"

/* PKC_ERR_INVALID: a plugin is to filter that has no filter. */
int pkc_derive_profile(profile *p);
void pkc_derive_class(const pkc_engine *e, pod_class *c);

#endif
