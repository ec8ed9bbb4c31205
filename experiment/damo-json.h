/* SPDX-License-Identifier: MIT */
/* A plan of DAMON as the kdamonds file that damo writes. */
#pragma once

#include <mm/damon/plan.h>

/*
 * What `damo args damon --format json` prints, exact where that rounds. Of ours beside it: a target's `numa_node`,
 * which damo would have turned into the machine's addresses, and the primitive `hw_sample` where it is used.  `raw`:
 * numbers for programs as --raw has them, some times in nanoseconds under keys that say otherwise. (transfer full)
 */
char *nsim_damo_args_json(const NsimDamonPlan *plan, bool raw);
/* A scheme's filters, raw, as an array. (transfer full) */
char *nsim_damo_filters_json(const NsimDamosPlan *scheme);
/* The same in YAML, as --format yaml has it. (transfer full) */
char *nsim_damo_args_yaml(const NsimDamonPlan *plan, bool raw);
