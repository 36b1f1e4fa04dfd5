/* A pod class from its program. */
#ifndef PKC_DECODE_POD_CLASS_H
#define PKC_DECODE_POD_CLASS_H

#include "engine/decode/words.h"
#include "engine/state/engine.h"

/* Fills what the sections say; the rules themselves derive the rest. Profiles and matchers that
 * it names are the engine's. On an error the class has to be cleared, too. */
int pkc_decode_class(const pkc_engine *e, words program, pod_class *class_out);

#endif
