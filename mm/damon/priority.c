/* SPDX-License-Identifier: MIT */
/* Priorities of regions. Source: priority.h. Integer steps are the kernel's: each of them shows in a score. */
#include <mm/damon/priority.h>

#define AGE_LOG_MAX 32

static int
age_log(NsimTime age_s)
{
    int log = 0;
    for (; age_s > 0 && log < AGE_LOG_MAX; age_s >>= 1)
        log++;
    return log;
}

uint32_t
nsim_damos_hot_score(const NsimDamonRegion *region, uint32_t aggr_samples, NsimTime aggr_ps, uint32_t weight_rate,
                     uint32_t weight_age)
{
    const uint64_t rate = (uint64_t)region->nr_accesses * 100 / aggr_samples;
    const unsigned __int128 age_ps = (unsigned __int128)region->age * aggr_ps;
    const int log = age_log((NsimTime)(age_ps / NSIM_S));
    /* Long without accesses is cold, long with them is hot: 0 to 100, 50 for no age. */
    const uint64_t age = (uint64_t)((rate == 0 ? -log : log) + AGE_LOG_MAX) * 100 / AGE_LOG_MAX / 2;
    uint64_t hot = (uint64_t)weight_rate * rate + (uint64_t)weight_age * age;
    if (weight_rate > 0 || weight_age > 0)
        hot /= (uint64_t)weight_rate + weight_age;
    return (uint32_t)MIN(hot * NSIM_DAMOS_SCORE_MAX / 100, NSIM_DAMOS_SCORE_MAX);
}

uint32_t
nsim_damos_score(const NsimDamosPlan *plan, const NsimDamonContext *context, const NsimDamonRegion *region)
{
    const uint32_t hot = nsim_damos_hot_score(region, context->aggr_samples, context->attrs.aggr_ps, plan->weight_rate,
                                              plan->weight_age);
    switch ((NsimDamosAction)plan->action) {
    case NSIM_DAMOS_MIGRATE_HOT:
    case NSIM_DAMOS_LRU_PRIO:
        return hot;
    case NSIM_DAMOS_MIGRATE_COLD:
    case NSIM_DAMOS_LRU_DEPRIO:
    case NSIM_DAMOS_PAGEOUT:
        return NSIM_DAMOS_SCORE_MAX - hot;
    default:
        return NSIM_DAMOS_SCORE_MAX;
    }
}
