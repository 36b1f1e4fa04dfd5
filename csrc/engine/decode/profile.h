/* A profile from its program. */
#ifndef PKC_DECODE_PROFILE_H
#define PKC_DECODE_PROFILE_H

#include "engine/decode/words.h"
#include "engine/state/profile.h"

/* Fills what the sections say; the rules themselves derive the rest. On an error the profile has
 * to be cleared, too. */
int pkc_decode_profile(words program, profile *profile_out);

#endif
