/* SPDX-License-Identifier: MIT */
/* What the parts of the comparison share. */
#pragma once

#include <glib.h>

/* Figures that were compared, and those of them where means are near each other, where one mean lies among the runs of
   the other, and which differ as is known, within a bound. */
typedef struct {
    unsigned figures, near, within, known;
} Verdict;

/* One figure of both; they are near when at most `tolerance` apart. */
void compare_numbers(Verdict *verdict, const char *what, double kernel, double model, double tolerance);
/* The model could not be run: a figure that does not agree. */
void compare_failed(Verdict *verdict, const char *why);

/* What NUMA balancing and DAMON's schemes did, of all recordings (Recording). */
void compare_balancing(Verdict *verdict, const GPtrArray *recordings);
void compare_schemes(Verdict *verdict, const GPtrArray *recordings);
