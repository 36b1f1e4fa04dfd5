/* Relations that the limits of store and log must keep. */
#ifndef PKC_STORE_LIMITS_H
#define PKC_STORE_LIMITS_H

#include "store/check.h"
#include "store/key.h"
#include "wal/record.h"

_Static_assert(PKC_STORE_REQUEST_BYTES_MAX < 1 << 21, "a value's size has 21 bits");
_Static_assert(PKC_STORE_REQUEST_BYTES_MAX <= UINT32_MAX, "a logged size has 32 bits");
_Static_assert((int)PKC_STORE_OPS_MAX <= (int)PKC_TXN_OPS_MAX,
               "one level is not more than all of them");
_Static_assert((int64_t)PKC_TXN_OPS_MAX * PKC_LOGGED_OP_BYTES + 12 + PKC_STORE_REQUEST_BYTES_MAX <=
                   PKC_RECORD_PAYLOAD_MAX,
               "any request that gives its values fits a record");
_Static_assert(PKC_RECORD_PAYLOAD_MAX <= UINT32_MAX, "a payload's size has 32 bits");
_Static_assert(PKC_STORE_STAGED_BYTES_MAX > PKC_STORE_REQUEST_BYTES_MAX,
               "one request does not wait for itself");
_Static_assert(PKC_BLOCK_BYTES >> 3 == 1 << PKC_REF_OFFSET_BITS,
               "a reference reaches every place of a block");
_Static_assert((int64_t)PKC_BLOCKS_MAX << PKC_REF_OFFSET_BITS == (int64_t)1 << 32,
               "block and place fill a reference");
_Static_assert(PKC_BLOCK_LARGE_BYTES < PKC_BLOCK_BYTES - (int64_t)sizeof(pkc_block),
               "what is not large fits an empty block");

#endif
