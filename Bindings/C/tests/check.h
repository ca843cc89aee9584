/* Counts tests, and says what does not hold in them. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>

extern int faults; /* of the test that runs, whichever thread finds them */

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            __atomic_add_fetch(&faults, 1, __ATOMIC_RELAXED);                             \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
        }                                                                                 \
    } while (0)

/* The last error says what it should. */
#define CHECK_ERROR(part)                                                                                    \
    do {                                                                                                     \
        CHECK(strstr(fv_last_error(), part) != NULL);                                                        \
        if (!strstr(fv_last_error(), part)) fprintf(stderr, "    the error is \"%s\"\n", fv_last_error()); \
    } while (0)

#define RUN(test)                                                          \
    do {                                                                   \
        faults = 0;                                                        \
        test();                                                            \
        if (faults == 0) passed++;                                         \
        else failed++;                                                     \
        printf("%s: %s\n", faults == 0 ? "passed" : "FAILED", #test + 5); \
    } while (0)

#endif
