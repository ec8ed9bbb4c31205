/* SPDX-License-Identifier: MIT */
/* Reading the whole trace ahead of a run, for policies that may (NSIM_CAP_FUTURE). */
#pragma once

#include <experiment/plan.h>
#include <mm/host.h>

/*
 * Count every page's lines by accessor; once cancelled, only what was counted until then. NULL with `error` when a trace is
 * damaged or memory is short. (transfer full)
 */
NsimFuture *nsim_future_new(const NsimExperiment *plan, GCancellable *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void nsim_future_free(NsimFuture *future);

/* Gap units of a trace to picoseconds on an accessor, scaled by 2^16. */
uint64_t nsim_gap_mult(const NsimTraceInfo *info, const NsimAccessor *accessor);
