/* PKC_CHECK: a broken invariant says where and aborts, in every build. PKC_TRY: a status that is an
 * error is the caller's answer. */
#ifndef PKC_CHECK_H
#define PKC_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define PKC_CHECK(condition)                                                                \
    do {                                                                                    \
        if (__builtin_expect(!(condition), 0)) {                                            \
            fprintf(stderr, "pykube-core: broken invariant at %s:%d: %s\n", __FILE__,       \
                    __LINE__, #condition);                                                  \
            abort();                                                                        \
        }                                                                                   \
    } while (0)

/* Returns a negative status from the function that says it; only where nothing has to be freed. */
#define PKC_TRY(call)                                                                       \
    do {                                                                                    \
        int tried = (call);                                                                 \
        if (tried < 0) {                                                                    \
            return tried;                                                                   \
        }                                                                                   \
    } while (0)

#endif
