/* SPDX-License-Identifier: MIT */
/*
 * What DAMON reported, in memory: what share of an address range was found in use during an interval, for one interval
 * after the other, as DAMON reports it (Linux, mm/damon/core.c v6.16: damon_region.nr_accesses). It knows neither
 * single accesses nor who made them, nor reads from writes.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Ranges of all snapshots together: 96 MiB. */
#define NSIM_DAMO_RATES_RANGES_MAX (UINT32_C(1) << 22)
#define NSIM_DAMO_RATES_SNAPSHOTS_MAX (UINT32_C(1) << 20)
#define NSIM_DAMO_RATES_PPM UINT32_C(1000000)

typedef struct {
    uint64_t address, bytes; /* bytes > 0 */
    uint32_t accessed_ppm;   /* of the checks in the interval that found a page of it accessed; 0 to 10^6 */
} NsimDamoRange;

/* Ranges of one target in one interval, in the order of the source. */
typedef struct {
    uint32_t target;           /* from 0: an address space, in the order of the source */
    uint64_t start_ns, end_ns; /* start < end; the source's clock */
    uint64_t sample_ns;        /* time from check to check, at least 1 */
    uint32_t range_count;
    const NsimDamoRange *ranges;
} NsimDamoSnapshot;

/* Takes snapshots one by one; the ranges are valid until it returns. False with `error` stops. */
typedef bool (*NsimDamoSink)(void *context, const NsimDamoSnapshot *snapshot, GError **error);

typedef struct _NsimDamoRates NsimDamoRates;

/* (transfer full) */
NsimDamoRates *nsim_damo_rates_new(void);
void nsim_damo_rates_free(NsimDamoRates *trace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimDamoRates, nsim_damo_rates_free)

/* An NsimDamoSink with the trace as context. NSIM_TRACE_ERROR_LIMIT: more than the limits above. */
bool nsim_damo_rates_add(void *trace, const NsimDamoSnapshot *snapshot, GError **error);

uint32_t nsim_damo_rates_snapshot_count(const NsimDamoRates *trace);
/* Number `i`; its ranges are the trace's. */
NsimDamoSnapshot nsim_damo_rates_snapshot(const NsimDamoRates *trace, uint32_t i);
