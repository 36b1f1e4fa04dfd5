/* Text for every status. */
#include "pkc.h"

const char *pkc_status_text(int status) {
    if (status > 0) {
        return "ok";
    }
    switch (status) {
    case PKC_OK: return "ok";
    case PKC_ERR_NO_MEMORY: return "out of memory";
    case PKC_ERR_INVALID: return "invalid argument";
    case PKC_ERR_LIMIT: return "a documented maximum would be exceeded";
    case PKC_ERR_NOT_FOUND: return "not found";
    case PKC_ERR_EXISTS: return "exists already";
    case PKC_ERR_OVERFLOW: return "a sum leaves the range of int64";
    case PKC_ERR_SCORE: return "a policy returned a score that is not a number";
    case PKC_ERR_COMPACTED: return "mvcc: required revision has been compacted";
    case PKC_ERR_FUTURE: return "mvcc: required revision is a future revision";
    case PKC_ERR_KEY_EMPTY: return "key is not provided";
    case PKC_ERR_KEY_MISSING: return "key not found";
    case PKC_ERR_VALUE_PROVIDED: return "value is provided";
    case PKC_ERR_LEASE_PROVIDED: return "lease is provided";
    case PKC_ERR_LEASE_NOT_FOUND: return "requested lease not found";
    case PKC_ERR_LEASE_EXISTS: return "lease already exists";
    case PKC_ERR_LEASE_TTL: return "too large lease TTL";
    case PKC_ERR_REQUEST_SIZE: return "request is too large";
    case PKC_ERR_OP_COUNT: return "too many operations in txn request";
    case PKC_ERR_DUPLICATE_KEY: return "duplicate key given in txn request";
    case PKC_ERR_WATCH_RANGE: return "mvcc: watcher range is empty";
    case PKC_ERR_QUOTA: return "mvcc: database space exceeded";
    case PKC_ERR_NO_SPACE: return "no space left on the device; the write was rolled back";
    case PKC_ERR_IO: return "the file system refused a call";
    case PKC_ERR_FAILED:
        return "a sync to disk failed, or it was opened so: the store is read-only";
    case PKC_ERR_LOCKED: return "the data directory is in use";
    case PKC_ERR_CORRUPT: return "durable data is damaged";
    case PKC_ERR_FOREIGN: return "the directory holds something other than a store";
    case PKC_ERR_NEWER: return "the data was written by a later format";
    case PKC_ERR_CLOSED: return "the store is closed";
    }
    return "unknown status";
}
