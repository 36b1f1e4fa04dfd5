/* The smallest unit-test frame that says where a claim failed. */
#ifndef PKC_TEST_H
#define PKC_TEST_H

#include <stdio.h>
#include <stdlib.h>

#define EXPECT(condition)                                                                   \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            fprintf(stderr, "%s:%d: %s: expected %s\n", __FILE__, __LINE__, __func__,       \
                    #condition);                                                            \
            exit(1);                                                                        \
        }                                                                                   \
    } while (0)

#define RUN(test)                                                                           \
    do {                                                                                    \
        test();                                                                             \
        printf("ok %s\n", #test);                                                           \
    } while (0)

#endif
