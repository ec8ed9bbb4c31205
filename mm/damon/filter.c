/* SPDX-License-Identifier: MIT */
/* Filters of DAMOS schemes. Source: filter.h. */
#include <mm/damon/filter.h>

static const NsimDamosFilterPlan *
filter_at(const NsimDamosPlan *plan, guint i)
{
    return &g_array_index(plan->filters, NsimDamosFilterPlan, i);
}

bool
nsim_damos_filter_is_core(const NsimDamosFilterPlan *filter)
{
    return filter->kind == NSIM_FILTER_ADDR || filter->kind == NSIM_FILTER_TARGET;
}

/* What memory gets that no filter of a list matched: the opposite of what its last filter is for. */
static bool
default_of(const NsimDamosPlan *plan, bool core)
{
    const NsimDamosFilterPlan *last = NULL;
    for (guint i = 0; i < plan->filters->len; i++) {
        const NsimDamosFilterPlan *filter = filter_at(plan, i);
        const bool is_core = nsim_damos_filter_is_core(filter);
        /* With filters of operations behind them, the core's leave the decision to those. */
        if (core && !is_core)
            return true;
        if (is_core == core)
            last = filter;
    }
    return last == NULL || !last->allow;
}

/* Is the region in the range? It is cut where the range begins or ends in it. */
static bool
is_in_range(const NsimDamosFilterPlan *filter, NsimDamonTarget *regions, uint32_t index, uint64_t unit)
{
    const uint64_t start = filter->start / unit * unit, end = filter->end / unit * unit;
    const NsimDamonRegion *region = &regions->regions[index];
    if (start <= region->start && region->end <= end)
        return true;
    if (region->end <= start || end <= region->start)
        return false;
    if (region->start < start) {
        nsim_damon_target_cut(regions, index, start - region->start);
        return false;
    }
    nsim_damon_target_cut(regions, index, end - region->start);
    return true;
}

NsimDamosVerdict
nsim_damos_filter_region(const NsimDamosPlan *plan, NsimDamonTarget *regions, uint32_t region, uint32_t target,
                         uint64_t min_region_bytes)
{
    for (guint i = 0; i < plan->filters->len; i++) {
        const NsimDamosFilterPlan *filter = filter_at(plan, i);
        if (!nsim_damos_filter_is_core(filter))
            continue;
        const bool is = filter->kind == NSIM_FILTER_TARGET ? filter->target == target
                                                           : is_in_range(filter, regions, region, min_region_bytes);
        if (is == filter->matching)
            return filter->allow ? NSIM_DAMOS_ALLOW_ALL : NSIM_DAMOS_REJECT;
    }
    return default_of(plan, true) ? NSIM_DAMOS_ALLOW : NSIM_DAMOS_REJECT;
}

bool
nsim_damos_filter_folio(const NsimDamosPlan *plan, const NsimDamosFolioView *view)
{
    for (guint i = 0; i < plan->filters->len; i++) {
        const NsimDamosFilterPlan *filter = filter_at(plan, i);
        if (!nsim_damos_filter_is_core(filter) && view->is(view->data, filter) == filter->matching)
            return filter->allow;
    }
    return default_of(plan, false);
}
