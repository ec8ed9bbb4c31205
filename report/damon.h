/* SPDX-License-Identifier: MIT */
/*
 * What DAMON did in a run: its kdamonds and their schemes, under the names that the kernel's sysfs has for statistics.
 * All strings are owned. Figures are of the whole run, its warm-up included.
 */
#pragma once

#include <glib.h>
#include <numasim/types.h>
#include <report/json.h>

typedef struct {
    char *metric;     /* with its node: "node_mem_free_bp DRAM1" */
    uint64_t target;  /* in the metric's unit */
    uint64_t current; /* as measured last */
    uint64_t score;   /* 1/10000: current / target */
} NsimDamonGoalResult;

typedef struct {
    char *action;
    char *destination; /* nodes, with weights where there are several; "" for an action without */
    uint64_t nr_tried, sz_tried, nr_applied, sz_applied, sz_ops_filter_passed, qt_exceeds, nr_snapshots;
    bool has_quota;
    uint64_t effective_bytes; /* of a window of the quota, at the end */
    NsimDamonGoalResult *goals;
    uint32_t goal_count;
} NsimDamonSchemeResult;

typedef struct {
    uint32_t number;
    char *ops;       /* "paddr" */
    char *primitive; /* "page_table" */
    char *watches;   /* "DRAM1", a workload, a range of addresses; with commas where there are several targets */
    NsimTime sample_ps, sample_min_ps, sample_max_ps; /* at the end, least and longest */
    NsimTime aggr_ps, aggr_min_ps, aggr_max_ps;
    uint64_t regions, regions_mean; /* at the end; over all samples, rounded down */
    uint64_t samples, aggregations;
    NsimTime cpu_ps;  /* watching and looking for work: without migrations */
    uint64_t cpu_ppm; /* of one core over the whole run */
    NsimTime migrating_ps;
    NsimDamonSchemeResult *schemes;
    uint32_t scheme_count;
} NsimKdamondResult;

typedef struct {
    char *args; /* the text that was carried out, the last one where there were several */
    NsimKdamondResult *kdamonds;
    uint32_t kdamond_count;
} NsimDamonResult;

void nsim_damon_result_free(NsimDamonResult *damon);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimDamonResult, nsim_damon_result_free)

/* The object `damon` of a run. */
void nsim_damon_result_json(NsimJson *json, const NsimDamonResult *damon);
