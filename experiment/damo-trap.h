/* SPDX-License-Identifier: MIT */
/* What in a scheme does not do what it seems to say. */
#pragma once

#include <mm/damon/plan.h>

/* Append a warning (char *, owned by `warnings`) for each trap that the scheme is in. */
void nsim_damo_find_traps(const NsimDamonContextPlan *context, const NsimDamosPlan *scheme, GPtrArray *warnings);
