/* SPDX-License-Identifier: MIT */
/*
 * Records of DAMON's reports as the damo tool writes them (damo v2.9 to v3.0, src/_damo_records.py; Linux,
 * include/trace/events/damon.h v6.16), read front to back in the memory of one snapshot:
 *
 * - JSON (`damo record --output_type json`, `json_compressed`, `damo report access --json --raw_number`): a list of
 *   records, one for each target, of snapshots with times in nanoseconds and ranges with the number of checks that
 * found an access;
 * - text of the tracepoint damon:damon_aggregated, from perf script or trace-cmd report: a line for each range, with
 * the time at which the interval ended. It began when the one before ended; the first is as long as the second, or 100
 * ms when it is alone. A damon_monitor_intervals_tune line says the time from check to check from then on.
 *
 * What nr_accesses counts is out of the interval by the time from check to check, where the file says it, else 20
 * (DAMON's default, 5 ms in 100 ms). Left out: ages, filters, DAMOS, times that are not plain numbers.
 */
#pragma once

#include <traces/import/input.h>
#include <traces/import/damo-rates.h>

/* Ranges of one snapshot, and targets of one file: more is taken for damage. DAMON's own limit is 1000 by default. */
#define NSIM_DAMO_RANGES_MAX (UINT32_C(1) << 20)
#define NSIM_DAMO_TARGETS_MAX UINT32_C(1024)

typedef struct {
    const char *path;     /* for messages */
    uint32_t samples_max; /* what nr_accesses is out of, whatever the file says; 0: as the file says */
} NsimDamoOptions;

/* Do these first bytes begin such a file? */
bool nsim_damo_probe(const uint8_t *head, size_t bytes);

/* Hand all snapshots with at least one range to `sink`. False with `error`: "PATH:LINE: MESSAGE". */
bool nsim_damo_records_read(NsimInput *input, const NsimDamoOptions *options, NsimDamoSink sink, void *context, GError **error);
