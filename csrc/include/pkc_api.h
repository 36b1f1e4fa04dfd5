/* Plain declarations that the compiler and cffi both read: no macros, includes or attributes. */

/* Every function that can fail returns one of these, or a count >= 0. */
typedef enum {
    PKC_OK = 0,
    PKC_ERR_NO_MEMORY = -1,
    PKC_ERR_INVALID = -2,   /* an argument is malformed or out of its documented range */
    PKC_ERR_LIMIT = -3,     /* a documented maximum would be exceeded */
    PKC_ERR_NOT_FOUND = -4, /* no such row, class or pod */
    PKC_ERR_EXISTS = -5,    /* it is there already */
    PKC_ERR_OVERFLOW = -6,  /* a sum would leave the range of int64 */
    PKC_ERR_SCORE = -7,     /* a policy returned a score that is not a number */
    /* The store; the text is etcd's. */
    PKC_ERR_COMPACTED = -8,
    PKC_ERR_FUTURE = -9,
    PKC_ERR_KEY_EMPTY = -10,
    PKC_ERR_KEY_MISSING = -11, /* ignore_value or ignore_lease of a key that is not there */
    PKC_ERR_VALUE_PROVIDED = -12,
    PKC_ERR_LEASE_PROVIDED = -13,
    PKC_ERR_LEASE_NOT_FOUND = -14,
    PKC_ERR_LEASE_EXISTS = -15,
    PKC_ERR_LEASE_TTL = -16,
    PKC_ERR_REQUEST_SIZE = -17,
    PKC_ERR_OP_COUNT = -18,
    PKC_ERR_DUPLICATE_KEY = -19,
    PKC_ERR_WATCH_RANGE = -20,
    PKC_ERR_QUOTA = -21,
    PKC_ERR_NO_SPACE = -22, /* the disk is full; the write was rolled back */
    PKC_ERR_IO = -23,
    PKC_ERR_FAILED = -24,  /* a sync failed, or opened read-only */
    PKC_ERR_LOCKED = -25,  /* another process, or this one, has the directory open */
    PKC_ERR_CORRUPT = -26, /* durable data is damaged */
    PKC_ERR_FOREIGN = -27, /* not a directory of this store */
    PKC_ERR_NEWER = -28,   /* written by a later format */
    PKC_ERR_CLOSED = -29,
    PKC_ERR_LAST = -29 /* the lowest status */
} pkc_status;

/* Text of a status, never NULL: "unknown status" for codes that are none. Static memory. */
const char *pkc_status_text(int status);
