/* Transactions: compares, checks, operations, and their record in the log. */
#ifndef PKC_STORE_TXN_H
#define PKC_STORE_TXN_H

#include "store/core.h"

/* Check, lock, run and stage a transaction; `bare` leaves out the result of the transaction
 * itself. */
int pkc_txn_stage(pkc_store *store, const pkc_txn *txn, bool bare, pkc_answer *answer_out);
/* One put at `revision`, with a record of its own in the log. */
int pkc_txn_put(pkc_store *store, int64_t revision, const pkc_op *op);
/* Delete all keys of a range at `revision`; prev_kv adds them to the answer. Returns how many. */
int64_t pkc_delete_run(pkc_store *store, int64_t revision, const pkc_op *op, pkc_answer *answer);

#endif
