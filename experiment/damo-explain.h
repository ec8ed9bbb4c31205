/* SPDX-License-Identifier: MIT */
/* What a plan of DAMON does, for readers (text) and programs (JSON, schema "numasim-damo-explain-1"). */
#pragma once

#include <mm/damon/plan.h>

/* (transfer full) */
char *nsim_damo_explain_text(const NsimDamonPlan *plan);
char *nsim_damo_explain_json(const NsimDamonPlan *plan);
