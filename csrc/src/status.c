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
    }
    return "unknown status";
}
