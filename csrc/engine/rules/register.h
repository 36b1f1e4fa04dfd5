/* Which counters a class reads and keeps. */
#ifndef PKC_RULES_REGISTER_H
#define PKC_RULES_REGISTER_H

#include "engine/state/engine.h"

/* Makes the counters that a class reads, and those of the terms that its pods hold. */
int pkc_counters_register(pkc_engine *e, int32_t class_index);
/* Takes back the counters that a class which failed to register made: they are the last ones. */
void pkc_counters_forget(pkc_engine *e, int32_t class_index);

#endif
