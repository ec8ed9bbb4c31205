/* SPDX-License-Identifier: MIT */
/* The accesses of a run as a trace. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "runs.h"

typedef struct {
    uint64_t seed;
    uint64_t before_us; /* computes for so long first, as filling the area does */
    uint64_t us;        /* accesses for so long */
    uint64_t gap_ps;    /* CPU time of one access */
} TraceOptions;

/* Shorter gaps are computing, longer ones sleep. */
#define TRACE_SLEEP "100us"

/* One thread, gaps in picoseconds; the tenths of the area are regions "tenth0" to "tenth9". */
bool trace_write(const char *path, const Run *run, const TraceOptions *options, GError **error);
