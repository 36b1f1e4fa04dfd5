/* Requests that are refused before anything is looked at. */
#ifndef PKC_STORE_CHECK_H
#define PKC_STORE_CHECK_H

#include "pkc.h"
#include "store/index.h"

/* Operations of a transaction with all its nested ones: bounds the recursion. */
enum { PKC_TXN_OPS_MAX = 65536 };

int pkc_txn_check(const pkc_txn *txn);
/* PKC_ERR_DUPLICATE_KEY: two operations of a branch put the same key. */
int pkc_txn_check_overlap(const pkc_index *index, const pkc_txn *txn);

#endif
