/* SPDX-License-Identifier: MIT */
/*
 * What schemes did in one run, a row a second: a kernel's, and the model's kdamonds on the same accesses with 6.12's
 * rules. Figures are made of both by the same code (schemes.c).
 */
#pragma once

#include "recording.h"

#define SCHEME_ROWS_MAX 64u
#define SCHEMES_MAX 2u

typedef struct {
    uint64_t time_us;        /* since the accesses began */
    double near[RUN_TENTHS]; /* pages on node 0 */
    double moved_bytes;      /* by all schemes, so far */
    double tried_bytes[SCHEMES_MAX], quota_bytes[SCHEMES_MAX];
} SchemeRow;

/* Row 0 is from when the schemes were turned on. */
typedef struct {
    const Run *run;
    uint64_t span_bytes; /* of node 0, from the area's first page to its last; 0: not known */
    guint count;
    SchemeRow rows[SCHEME_ROWS_MAX];
} SchemeRun;

/* The guest's schemes of a run as damo would be asked for them; NULL: it has none. (transfer full) */
char *scheme_args(const Run *run, uint64_t span_bytes);

/*
 * The same for numasim itself, as an item of `policies`; goals of `fed` and `closed` are fed by damon_feed. `begin_us`:
 * when the run that is compared begins. (transfer full)
 */
char *scheme_policy(const Run *run, uint64_t span_bytes, uint64_t begin_us);

SchemeRun scheme_run_recorded(const Recording *recording);
/*
 * The same run by the model: kdamonds, schemes and the mover at work on memory whose accessed bits the pattern sets.
 * `closed` is fed as the guest's program does it.
 */
SchemeRun scheme_run_model(const Run *run, uint64_t span_bytes, uint64_t seed);

/* The tenth that is hot at that row. */
uint32_t scheme_hot_tenth(const SchemeRun *run, guint row);
/* What the guest's program tells the goal of `fed` in that second. */
uint64_t scheme_fed_score(guint second);
/* ... and that of `closed`: half of the area on node 1 is 10000. */
uint64_t scheme_score(const SchemeRow *row);
