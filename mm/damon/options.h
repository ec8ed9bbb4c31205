/* SPDX-License-Identifier: MIT */
/*
 * What is the same for all kdamonds of a run, as option rows: keys that every policy takes, and that have an effect
 * where it starts kdamonds.
 */
#pragma once

#include <mm/damon/kdamond.h>

/* What the rows are stored in. */
typedef struct {
    const char *damo; /* a text of kdamonds beside the policy; "": none; borrowed */
    const char *feed; /* feed.h; "": none; borrowed */
    const char *core; /* cores.h; "": none; borrowed */
    uint32_t monitor; /* NsimDamonPrimitive */
    uint32_t rules, reports;
    uint32_t faults; /* 0: shared, 1: exclusive */
    NsimDamosCosts costs;
    NsimTime arm_ps, drain_ps; /* drain_ps 0: as `reports` has it */
    uint64_t period, buffer;
    NsimTime sample_ps, interrupt_ps;
} NsimDamonOptions;

#define NSIM_DAMON_OPTION_COUNT 17u
extern const NsimOption nsim_damon_options[NSIM_DAMON_OPTION_COUNT];

/* The defaults of the rows. */
NsimDamonOptions nsim_damon_options_default(void);
/* What is wrong with the text of a row that has a grammar of its own; NULL: nothing. (transfer full) */
char *nsim_damon_options_problem(const NsimDamonOptions *options, const char *key);
/* What kdamonds get of them. */
NsimKdamondConfig nsim_damon_options_config(const NsimDamonOptions *options);
