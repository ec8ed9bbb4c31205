/* SPDX-License-Identifier: MIT */
/*
 * What a user asks of DAMON: kdamonds, their contexts, targets and schemes, as `damo` states them.
 *
 * Source: the damo tool's arguments and kdamonds files; Linux include/linux/damon.h, 6.12 to 7.2. The texts are read by
 * damo-args.c and damo-file.c, and carried out by kdamond.c and scheme.c. Values are those of the text: thresholds in
 * percent or time become counts when a scheme is committed, with the intervals of that moment.
 */
#pragma once

#include <mm/damon/context.h>
#include <numasim/damon.h>

#define NSIM_DAMON_MAX UINT64_MAX /* "max" */

typedef enum { NSIM_DAMON_VADDR, NSIM_DAMON_FVADDR, NSIM_DAMON_PADDR, NSIM_DAMON_OPS_KINDS } NsimDamonOpsKind;
/* A plug-in's, by name. */
#define NSIM_DAMON_NAMED ((uint32_t)NSIM_DAMON_OPS_KINDS)
/* What stands before the name of a plug-in's operations in a text: so that a wrong name of others is an error at once. */
#define NSIM_DAMON_PLUGIN_PREFIX "plugin:"

typedef enum {
    NSIM_GOAL_USER_INPUT,
    NSIM_GOAL_SOME_MEM_PSI_US,
    NSIM_GOAL_NODE_MEM_USED_BP,
    NSIM_GOAL_NODE_MEM_FREE_BP,
    NSIM_GOAL_NODE_MEMCG_USED_BP,
    NSIM_GOAL_NODE_MEMCG_FREE_BP,
    NSIM_GOAL_ACTIVE_MEM_BP,
    NSIM_GOAL_INACTIVE_MEM_BP,
    NSIM_GOAL_NODE_ELIGIBLE_MEM_BP,
    NSIM_GOAL_METRICS
} NsimDamosGoalMetric;

typedef enum { NSIM_TUNER_CONSIST, NSIM_TUNER_TEMPORAL, NSIM_TUNERS } NsimDamosTuner;

typedef enum {
    NSIM_FILTER_ANON,
    NSIM_FILTER_ACTIVE,
    NSIM_FILTER_MEMCG,
    NSIM_FILTER_YOUNG,
    NSIM_FILTER_HUGEPAGE_SIZE,
    NSIM_FILTER_UNMAPPED,
    NSIM_FILTER_ADDR,   /* core */
    NSIM_FILTER_TARGET, /* core */
    NSIM_FILTERS
} NsimDamosFilterKind;

typedef enum { NSIM_WMARK_NONE, NSIM_WMARK_FREE_MEM_RATE, NSIM_WMARKS } NsimDamosWatermarkMetric;

/* Names as damo writes them, by value; NULL past the end. */
extern const char *const nsim_damon_ops_names[NSIM_DAMON_OPS_KINDS + 1];
extern const char *const nsim_damos_action_names[NSIM_DAMOS_ACTIONS + 1];
extern const char *const nsim_damos_metric_names[NSIM_GOAL_METRICS + 1];
extern const char *const nsim_damos_tuner_names[NSIM_TUNERS + 1];
extern const char *const nsim_damos_filter_names[NSIM_FILTERS + 1];
extern const char *const nsim_damos_watermark_names[NSIM_WMARKS + 1];

/* A bound on accesses, as it was written. */
typedef struct {
    uint64_t value; /* millionths of the largest count, or samples; NSIM_DAMON_MAX */
    bool samples;
} NsimDamosRate;

/* A bound on age, as it was written. */
typedef struct {
    uint64_t value; /* microseconds, or aggregation intervals; NSIM_DAMON_MAX */
    bool intervals;
} NsimDamosAge;

typedef struct {
    uint32_t metric; /* NsimDamosGoalMetric */
    int32_t nid;
    char *memcg; /* group, no `/` in front; NULL */
    uint64_t target, current;
} NsimDamosGoalPlan;

typedef struct {
    uint32_t kind; /* NsimDamosFilterKind */
    bool matching, allow;
    char *memcg;         /* MEMCG */
    uint64_t start, end; /* ADDR; HUGEPAGE_SIZE: bytes, both included */
    uint32_t target;     /* TARGET */
} NsimDamosFilterPlan;

typedef struct {
    int32_t nid;
    uint32_t weight;
} NsimDamosDest;

typedef struct {
    uint32_t action;               /* NsimDamosAction */
    int32_t target_nid;            /* MIGRATE_*; -1: none */
    GArray *dests;                 /* NsimDamosDest */
    uint64_t bytes_min, bytes_max; /* of a region */
    NsimDamosRate rate_min, rate_max;
    NsimDamosAge age_min, age_max;
    NsimTime apply_interval_ps;                    /* 0: the aggregation interval */
    uint64_t quota_ms, quota_bytes;                /* 0: none */
    NsimTime quota_interval_ps;                    /* window; NSIM_TIME_MAX: "max" */
    uint32_t weight_size, weight_rate, weight_age; /* permil */
    uint32_t fail_charge_num, fail_charge_denom;   /* 7.2; denom 0: charge whole regions */
    GArray *goals;                                 /* NsimDamosGoalPlan */
    uint32_t tuner;                                /* NsimDamosTuner */
    uint32_t watermark;                            /* NsimDamosWatermarkMetric */
    NsimTime watermark_interval_ps;
    uint32_t watermark_high, watermark_mid, watermark_low; /* permil */
    GArray *filters;           /* NsimDamosFilterPlan, core and ops ones in the order given */
    uint64_t max_nr_snapshots; /* 0: none */
} NsimDamosPlan;

typedef enum { NSIM_SAMPLE_CPU, NSIM_SAMPLE_THREADS, NSIM_SAMPLE_WRITE } NsimSampleFilterKind;

/* Which access reports count. */
typedef struct {
    uint32_t kind; /* NsimSampleFilterKind */
    bool matching, allow;
    GArray *numbers; /* uint32_t: cpus or thread ids, ascending */
} NsimSampleFilterPlan;

typedef enum {
    NSIM_PRIMITIVE_PAGE_TABLE,
    NSIM_PRIMITIVE_PAGE_FAULT,
    NSIM_PRIMITIVE_HW_SAMPLE, /* reports of hardware samples; later than the RFC that has the other two */
    NSIM_PRIMITIVES
} NsimDamonPrimitive;

extern const char *const nsim_damon_primitive_names[NSIM_PRIMITIVES + 1];

typedef struct {
    /* vaddr and fvaddr: a workload's name, or failing that its number from 0 in digits; NULL: the target's own number. */
    char *workload;
    int32_t nid;    /* paddr: the node's memory; -1: `ranges`, or all memory without any */
    GArray *ranges; /* NsimDamonRange */
} NsimDamonTargetPlan;

typedef struct {
    uint32_t ops;   /* NsimDamonOpsKind, or NSIM_DAMON_NAMED */
    char *ops_name; /* NAMED: with the prefix */
    NsimDamonAttrs attrs;
    GPtrArray *targets;        /* NsimDamonTargetPlan * */
    GPtrArray *schemes;        /* NsimDamosPlan * */
    uint32_t primitive;        /* NsimDamonPrimitive */
    bool primitive_given;      /* the text names it; otherwise it is the run's */
    GPtrArray *sample_filters; /* NsimSampleFilterPlan * */
} NsimDamonContextPlan;

typedef struct {
    GPtrArray *contexts; /* NsimDamonContextPlan *; one each as the kernel has it */
    int32_t core;        /* where it runs, of all cores of the machine in order; -1: anywhere */
} NsimKdamondPlan;

typedef struct {
    GPtrArray *kdamonds; /* NsimKdamondPlan * */
} NsimDamonPlan;

/* As the text has it. */
const char *nsim_damon_ops_name(const NsimDamonContextPlan *context);
/* Set the operations. False, and nothing changed: they are neither built in nor "plugin:NAME". */
bool nsim_damon_set_ops(NsimDamonContextPlan *context, const char *text);
/* May a plug-in call operations so? */
bool nsim_damon_is_ops_name(const char *name);

/* All with defaults of the tool and nothing in them. (transfer full) */
NsimDamonPlan *nsim_damon_plan_new(void);
NsimKdamondPlan *nsim_kdamond_plan_new(void);
NsimDamonContextPlan *nsim_damon_context_plan_new(void);
NsimDamonTargetPlan *nsim_damon_target_plan_new(void);
NsimDamosPlan *nsim_damos_plan_new(NsimDamosAction action);
NsimSampleFilterPlan *nsim_sample_filter_plan_new(NsimSampleFilterKind kind);
void nsim_kdamond_plan_free(NsimKdamondPlan *plan);
/* The plan and all in it. */
void nsim_damon_plan_free(NsimDamonPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimDamonPlan, nsim_damon_plan_free)
