/* SPDX-License-Identifier: MIT */
/* From the kdamonds of a run to what the report says of them. */
#pragma once

#include <mm/damon/session.h>
#include <report/damon.h>

/* What they did until `end_ps`. NULL: there are none. (transfer full) */
NsimDamonResult *nsim_damon_result_new(const NsimMm *mm, NsimTime end_ps);
