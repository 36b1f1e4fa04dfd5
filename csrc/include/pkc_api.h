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
    PKC_ERR_LAST = -7       /* the lowest status */
} pkc_status;

/* Text of a status, never NULL: "unknown status" for codes that are none. Static memory. */
const char *pkc_status_text(int status);
