/* SPDX-License-Identifier: MIT */
/* The options of damo's start, and where each of them was used in a command line. */
#pragma once

#include <mm/damon/damo-words.h>

typedef enum {
    /* one for each context, in order */
    NSIM_DAMO_OPS,
    NSIM_DAMO_SAMPLE,
    NSIM_DAMO_AGGR,
    NSIM_DAMO_UPDR,
    NSIM_DAMO_MINR,
    NSIM_DAMO_MAXR,
    NSIM_DAMO_INTERVALS,
    NSIM_DAMO_INTERVALS_GOAL,
    NSIM_DAMO_NR_REGIONS,
    NSIM_DAMO_SAMPLE_PRIMITIVES,
    /* one for each target */
    NSIM_DAMO_TARGET_PID,
    NSIM_DAMO_REGIONS,
    NSIM_DAMO_NUMA_NODE,
    /* one for each scheme */
    NSIM_DAMO_ACTION,
    NSIM_DAMO_SZ_REGION,
    NSIM_DAMO_ACCESS_RATE,
    NSIM_DAMO_AGE,
    NSIM_DAMO_APPLY_INTERVAL,
    NSIM_DAMO_QUOTAS,
    NSIM_DAMO_QUOTA_INTERVAL,
    NSIM_DAMO_QUOTA_TIME,
    NSIM_DAMO_QUOTA_SPACE,
    NSIM_DAMO_QUOTA_WEIGHTS,
    NSIM_DAMO_QUOTA_GOAL_TUNER,
    NSIM_DAMO_WMARKS,
    NSIM_DAMO_MAX_NR_SNAPSHOTS,
    /* lists that damos_nr_* distribute over the schemes */
    NSIM_DAMO_QUOTA_GOAL,
    NSIM_DAMO_FILTER,
    /* of the whole command line */
    NSIM_DAMO_NR_QUOTA_GOALS,
    NSIM_DAMO_NR_FILTERS,
    NSIM_DAMO_NR_TARGETS,
    NSIM_DAMO_NR_SCHEMES,
    NSIM_DAMO_NR_CTXS,
    NSIM_DAMO_AUTOTUNE,
    NSIM_DAMO_SAMPLE_FILTER,
    NSIM_DAMO_NR_SAMPLE_FILTERS,
    NSIM_DAMO_EXP_USE_REPORTS,
    NSIM_DAMO_EXP_WRITE_ONLY,
    NSIM_DAMO_EXP_CPUS,
    NSIM_DAMO_EXP_TIDS,
    NSIM_DAMO_ADDR_UNIT,
    NSIM_DAMO_KDAMONDS,
    NSIM_DAMO_SCHEMES,
    NSIM_DAMO_NO_EFFECT, /* what damo prints, and how */
    NSIM_DAMO_NO_EFFECT_VALUE,
    NSIM_DAMO_OPTIONS
} NsimDamoOption;

/* Contexts and schemes are counted by options up to these. */
#define NSIM_DAMO_LAST_OF_CONTEXT NSIM_DAMO_SAMPLE_PRIMITIVES
#define NSIM_DAMO_LAST_OF_TARGET NSIM_DAMO_NUMA_NODE
#define NSIM_DAMO_LAST_OF_SCHEME NSIM_DAMO_FILTER

/* One use of an option: the option's word and its values. */
typedef struct {
    const NsimDamoWord *option;
    const NsimDamoWord *values;
    uint32_t count;
} NsimDamoUse;

typedef struct {
    const NsimDamoWords *words;      /* borrowed */
    GArray *uses[NSIM_DAMO_OPTIONS]; /* NsimDamoUse */
    const NsimDamoWord *target;      /* the word that is no option; NULL */
} NsimDamoUses;

/* Sort the words from number `first` on by option. False with `error`. */
bool nsim_damo_uses_collect(const NsimDamoWords *words, uint32_t first, NsimDamoUses *ret, GError **error);
void nsim_damo_uses_clear(NsimDamoUses *uses);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NsimDamoUses, nsim_damo_uses_clear)

/* "--damos_age" */
const char *nsim_damo_option_name(NsimDamoOption option);

static inline uint32_t
nsim_damo_uses_count(const NsimDamoUses *uses, NsimDamoOption option)
{
    return uses->uses[option]->len;
}

/* The i-th use, or NULL. */
static inline const NsimDamoUse *
nsim_damo_uses_get(const NsimDamoUses *uses, NsimDamoOption option, uint32_t i)
{
    return i < uses->uses[option]->len ? &g_array_index(uses->uses[option], NsimDamoUse, i) : NULL;
}
