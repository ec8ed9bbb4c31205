/* SPDX-License-Identifier: MIT */
/* Assertions that stay on in release builds: a simulator that goes on after a broken invariant prints wrong figures. */
#pragma once

#include <stdlib.h>
#include <stdio.h>

/* Programmer errors and broken conservation laws: message and abort. Keep the condition O(1). */
#define nsim_assert(condition)                                                                                          \
    do {                                                                                                                \
        if (__builtin_expect(!(condition), 0)) {                                                                        \
            fprintf(stderr, "numasim: internal error: %s:%d: %s\n", __FILE__, __LINE__, #condition);                    \
            abort();                                                                                                    \
        }                                                                                                               \
    } while (0)

/* Costly audits, on in test builds (--enable-audits). */
#ifdef NSIM_AUDITS
#define nsim_check(condition) nsim_assert(condition)
#else
#define nsim_check(condition) ((void)sizeof(condition))
#endif
