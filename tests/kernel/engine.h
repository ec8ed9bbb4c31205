/* SPDX-License-Identifier: MIT */
/* numasim itself on the accesses of a run: a trace, a machine like the guest, a policy; and its report. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "trace.h"

typedef struct {
    const char *policies; /* items of the configuration's `policies`, as YAML in flow style */
    uint64_t move_ns;     /* what starting a move costs */
} EngineOptions;

/*
 * The report of `numasim` (the environment's NUMASIM); its first run is what counts. All files go away again. NULL with
 * `error`. (transfer full)
 */
json_t *engine_run(const Run *run, const TraceOptions *accesses, const EngineOptions *options, GError **error);

/* A number of the report's first run by the names on the way to it; 0: it is not there. */
double engine_number(json_t *report, const char *outer, const char *inner);
/* The quota's size at the end of the run, of the first scheme of the first kdamond. */
double engine_quota_bytes(json_t *report);
/* Pages that had moved by `time_us` after the run began. */
double engine_moved(json_t *report, uint64_t time_us);
/* When the first page moved, us after the run began; 0: none did. */
uint64_t engine_first_move_us(json_t *report);
/* Share of accesses that node D served in the second before; UINT64_MAX: in the last one. */
double engine_near_share(json_t *report, uint64_t time_us);
