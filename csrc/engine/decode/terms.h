/* Terms and selectors from words. */
#ifndef PKC_DECODE_TERMS_H
#define PKC_DECODE_TERMS_H

#include "engine/decode/words.h"
#include "engine/state/terms.h"

/* Appends the term at the front of `from` to the set, and takes its words off. */
int pkc_decode_term(words *from, term_set *set);
/* Appends the terms of a selector, which takes all of the words. */
int pkc_decode_selector(words selector, term_set *set);

#endif
