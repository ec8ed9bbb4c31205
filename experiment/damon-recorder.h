/* SPDX-License-Identifier: MIT */
/* What the kdamonds of a run see, for a file as `damo record` writes it. */
#pragma once

#include <mm/damon/session.h>
#include <report/damo-record.h>

typedef struct _NsimDamonRecorder NsimDamonRecorder;

/*
 * Listens from now on: before the policy is attached. `seen`: what kdamonds see; `tried`: what schemes are tried on, with their
 * statistics. Costs nothing without kdamonds. Free after `mm`. (transfer full)
 */
NsimDamonRecorder *nsim_damon_recorder_new(NsimMm *mm, bool seen, bool tried);
void nsim_damon_recorder_free(NsimDamonRecorder *recorder);
/* What there is, once; NULL: no kdamond has finished an aggregation interval. (transfer full) */
NsimDamoRecord *nsim_damon_recorder_steal(NsimDamonRecorder *recorder);
/* The same of schemes; NULL: none was applied. (transfer full) */
NsimDamoRecord *nsim_damon_recorder_steal_tried(NsimDamonRecorder *recorder);
