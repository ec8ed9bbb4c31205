/* SPDX-License-Identifier: MIT */
/* Rows of a run's timeline: what happened in each interval of simulated time. */
#pragma once

#include <experiment/replay.h>
#include <report/result.h>

typedef struct _NsimTimeline NsimTimeline;

/* More rows than this end the timeline; the report warns. */
#define NSIM_TIMELINE_ROWS_MAX 1000000u

/*
 * Sample at every multiple of `interval_ps` after `begin_ps`, when statistics begin, through `events`. The rows add up to
 * the run's totals. (transfer full)
 */
NsimTimeline *nsim_timeline_new(const NsimMachine *machine, const NsimFabric *fabric, const NsimReplay *replay,
                                const NsimMover *mover, NsimEventQueue *events, NsimTime begin_ps, NsimTime interval_ps);
/* Add what is left since the last row, as of `end_ps`, and hand the rows over. (transfer full) */
NsimTimelineRow *nsim_timeline_finish(NsimTimeline *timeline, NsimTime end_ps, uint32_t *ret_count, bool *ret_truncated);
void nsim_timeline_free(NsimTimeline *timeline);
