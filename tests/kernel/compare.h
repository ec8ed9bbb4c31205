/* SPDX-License-Identifier: MIT */
/* What the parts of the comparison share. */
#pragma once

#include <glib.h>

typedef struct {
    unsigned figures, near, within; /* compared; means near each other; else one mean among the runs of the other */
} Verdict;

/* What schemes and NUMA balancing did (schemes.c), of all recordings (Recording). */
void compare_schemes(Verdict *verdict, const GPtrArray *recordings);
