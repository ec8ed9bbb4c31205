/* SPDX-License-Identifier: MIT */
/*
 * Numbers with units: "64GiB", "85ns", "38.4GB/s", "2.3GHz", "5%". GB is 10^9 and GiB 2^30. A bare number for a
 * dimensioned quantity is refused with the units allowed. Parsing is exact: decimal fractions are scaled in integers
 * and rounded half up; nothing passes through a double.
 */
#pragma once

#include <glib.h>
#include <numasim/types.h>

typedef enum {
    NSIM_QUANTITY_TIME,      /* ps: ps ns us ms s min h */
    NSIM_QUANTITY_BYTES,     /* B kB MB GB TB KiB MiB GiB TiB */
    NSIM_QUANTITY_RATE,      /* bytes/s: B/s kB/s MB/s GB/s TB/s KiB/s MiB/s GiB/s TiB/s */
    NSIM_QUANTITY_FREQUENCY, /* Hz: Hz kHz MHz GHz */
    NSIM_QUANTITY_RATIO,     /* parts per million: "5%" or "0.05" */
    NSIM_QUANTITY_COUNT      /* a bare number; k M G allowed */
} NsimQuantityKind;

/* Parse all of `text`. False: `*ret_problem` says what is wrong and which units are allowed (transfer full). */
bool nsim_quantity_parse(const char *text, NsimQuantityKind kind, uint64_t *ret, char **ret_problem);
/* "ps, ns, us, ms, s, min or h" */
const char *nsim_quantity_units(NsimQuantityKind kind);
/* The shortest text that reads well: "1.5GiB", "85ns", "38.4GB/s" (three significant digits). (transfer full) */
char *nsim_quantity_format(uint64_t value, NsimQuantityKind kind);
