/* Answers: results of a call, pinned until they are released. */
#ifndef PKC_STORE_ANSWER_H
#define PKC_STORE_ANSWER_H

#include "store/core.h"

void pkc_answer_begin(pkc_answer *answer);
int pkc_answer_add_kv(pkc_answer *answer, const pkc_store *store, const pkc_key *key,
                      const pkc_version *version);
int pkc_answer_add_result(pkc_answer *answer, int32_t kind, int64_t *index_out);
/* The ticket of all that is staged; also for a refusal. */
void pkc_answer_await(pkc_answer *answer, const pkc_store *store);
/* Pin what it points to, fill header and ticket. */
void pkc_answer_end(pkc_answer *answer, pkc_store *store, bool staged);

#endif
