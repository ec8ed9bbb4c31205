/* SPDX-License-Identifier: MIT */
/*
 * The result model: what an experiment found, as plain data. Renderers read it and nothing else; experiment/ fills it.
 * Field names are the keys of the JSON report (docs/numasim-results.5). All strings are owned by the result.
 */
#pragma once

#include <glib.h>
#include <numasim/migration.h>
#include <numasim/types.h>
#include <sim/histogram.h>
#include <report/damo-record.h>
#include <report/damon.h>

typedef struct {
    uint64_t mean_ps, p50_ps, p90_ps, p99_ps, max_ps;
} NsimLatencySummary;

typedef struct {
    char *id;
    NsimTime runtime_ps; /* when its last access completed */
    uint64_t access_count;
    NsimTime stall_ps;  /* summed over its threads: time they could not issue for want of a window slot or a result */
    NsimTime kernel_ps; /* faults and other kernel work done on its cores while its threads had work */
    NsimTime blocked_ps; /* its threads waited for pages under migration */
    uint64_t *node_access_count; /* node_count long */
} NsimAccessorResult;

typedef struct {
    char *id;
    uint64_t capacity_bytes, used_bytes, used_peak_bytes, read_bytes, write_bytes;
    uint32_t utilisation_ppm; /* busy share of its busiest direction over the run */
    NsimTime queue_ps;        /* summed waiting of all lines for it */
} NsimNodeResult;

typedef struct {
    char *id;
    uint64_t forward_bytes, reverse_bytes;
    uint32_t utilisation_ppm;
    NsimTime queue_ps;
} NsimLinkResult;

/* An operation class: what lies between two passings of a mark of the trace, e.g. one decoded token. */
typedef struct {
    char *name;
    uint64_t count;
    NsimLatencySummary time;
} NsimOperationResult;

typedef struct {
    char *key;  /* kernel name or the policy's counter */
    char *unit; /* "" for vmstat */
    uint64_t value;
} NsimCounterResult;

typedef struct {
    char *key, *value;
} NsimOptionResult;

/* Simulated time somebody paid for. */
typedef struct {
    char *payer; /* "CPU1", "worker", "kdamond.0", "group:NAME" */
    NsimTime charged_ps;
} NsimChargeResult;

/* What moved, what it cost by step and by payer: the sums over both are equal. */
typedef struct {
    uint64_t pages, bytes;
    uint64_t promoted_pages, demoted_pages; /* to a node of lower, or higher, latency for the unit's main accessor */
    uint64_t failed_pages;
    uint64_t failed_by_cause[NSIM_CAUSES];  /* pages; [NSIM_CAUSE_NONE] is 0 */
    uint64_t ping_pong_pages;
    uint64_t retried_pages;      /* attempts beyond the first */
    uint64_t shadow_pages;       /* moved back by a remap alone: the old copy was still good */
    uint64_t exchanged_pages;
    uint64_t copied_bytes[NSIM_COPIERS]; /* [NSIM_COPIER_AUTO] is 0: what it chose counts */
    NsimTime cost_ps[NSIM_PHASES];
    NsimChargeResult *charged;
    uint32_t charged_count;
} NsimMigrationResult;

/* A group of workloads with a budget for migrations. */
typedef struct {
    char *id;
    uint64_t migrated_bytes;
    NsimTime cpu_ps;        /* charged to it */
    uint64_t throttled_pages; /* not moved for want of budget */
    NsimTime throttled_ps;  /* migrations waited so long for budget */
} NsimGroupResult;

/* One row of the timeline: deltas over the interval that ends at `time_ps`. */
typedef struct {
    NsimTime time_ps;
    uint64_t access_count;
    uint64_t latency_mean_ps;
    uint64_t *node_read_bytes, *node_write_bytes;      /* node_count long */
    uint64_t *link_forward_bytes, *link_reverse_bytes; /* link_count long */
    uint64_t migrated_bytes;
} NsimTimelineRow;

/* What kept the run from being faster. */
typedef enum {
    NSIM_BOUND_COMPUTE,  /* the threads' own work */
    NSIM_BOUND_LATENCY,  /* windows full, no resource busy: waiting for answers */
    NSIM_BOUND_RESOURCE, /* one node or link at least 90 % busy */
    NSIM_BOUND_SYNC,     /* threads waiting for each other at barriers */
    NSIM_BOUND_KERNEL,   /* kernel work: faults, migrations on the program's cores */
    NSIM_BOUND_BLOCKED   /* waiting for pages under migration */
} NsimBoundKind;

typedef struct {
    char *policy, *label;
    NsimOptionResult *options; /* as given, defaults included, in the policy's order */
    uint32_t option_count;
    bool complete;
    bool future; /* the policy reads the trace ahead of time: a bound, never named as the best policy */
    NsimTime runtime_ps;
    uint64_t access_count, burst_count;
    NsimLatencySummary latency, blocked;
    uint64_t speedup_ppm; /* baseline = 1 000 000 */
    NsimBoundKind bound;
    char *bound_by;      /* RESOURCE: its name, "" otherwise */
    uint32_t bound_ppm;  /* share of the run's time the bound explains */
    NsimTime barrier_ps; /* summed over threads: waiting at barriers */
    NsimAccessorResult *accessors;
    NsimNodeResult *nodes;
    NsimLinkResult *links;
    NsimOperationResult *operations;
    uint32_t operation_count;
    NsimMigrationResult migration;
    NsimGroupResult *groups;
    uint32_t group_count;
    uint64_t blocked_count; /* accesses that waited for a migration: `blocked` is of these */
    NsimCounterResult *vmstat;
    uint32_t vmstat_count;
    NsimCounterResult *policy_stats;
    uint32_t policy_stat_count;
    NsimTimelineRow *timeline;
    uint32_t timeline_count;
    /* --host-stats only */
    uint64_t host_wall_ns;
    NsimDamoRecord *damo_record; /* what kdamonds saw, where it was asked for and there were some; NULL */
    NsimDamoRecord *damo_schemes; /* ... and what their schemes were tried on */
    NsimDamonResult *damon;      /* what kdamonds did; NULL: there were none */
} NsimRunResult;

typedef struct {
    char *name, *sha256;
} NsimInputResult;

/* One experiment: runs[0] is the baseline. Machine-wide tables are the same for all runs. */
typedef struct {
    char *config; /* base name as given */
    uint64_t seed;
    NsimInputResult *inputs;
    uint32_t input_count;
    char *machine;
    uint32_t node_count, accessor_count, link_count, run_count;
    NsimTime timeline_interval_ps; /* 0: none */
    NsimRunResult *runs;
    char **warnings;
    uint32_t warning_count;
    bool host_stats;
} NsimResult;

/* An empty result; arrays are g_new0'd by whoever fills them. (transfer full) */
NsimResult *
nsim_result_new(void);
void
nsim_result_free(NsimResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimResult, nsim_result_free)

/* Summarise a latency histogram. */
NsimLatencySummary
nsim_latency_summary(const NsimHistogram *histogram);
