/* SPDX-License-Identifier: MIT */
/* The walk of DAMOS over regions. Source: walk.h. */
#include <mm/damon/walk.h>

#include <mm/damon/filter.h>
#include <mm/damon/priority.h>

void
nsim_damos_walk_begin(NsimDamosWalk *walk)
{
    walk->target = walk->region = walk->scheme = 0;
    g_array_set_size(walk->cuts, 0);
    for (uint32_t s = 0; s < walk->scheme_count; s++)
        walk->schemes[s].applying = nsim_damos_is_due(&walk->schemes[s], walk->context);
}

/* Cut the region that the walk is at; what is left of it is visited later. */
static void
cut(NsimDamosWalk *walk, uint64_t left_bytes)
{
    NsimDamonTarget *target = &walk->context->targets[walk->target];
    const uint64_t address = target->regions[walk->region].start + left_bytes;
    nsim_damon_target_cut(target, walk->region, left_bytes);
    g_array_append_val(walk->cuts, address);
}

/*
 * Is the region before the place where the scheme's last window ended? A region with that place in it is cut, and its
 * rest becomes the one that the walk is at.
 */
static bool
was_charged(NsimDamosWalk *walk, NsimDamosQuota *quota)
{
    const NsimDamonTarget *target = &walk->context->targets[walk->target];
    const NsimDamonRegion *region = &target->regions[walk->region];
    const uint64_t unit = walk->context->min_region_bytes;
    const NsimDamosResume resume = quota->resume;
    if (!resume.set)
        return false;
    if (resume.target != walk->target)
        return true;
    if (walk->region + 1 == target->count) {
        /* Nothing is left behind it: the next window begins at the first region. */
        quota->resume.set = false;
        return true;
    }
    if (region->end <= resume.address)
        return true;
    if (region->start < resume.address) {
        const uint64_t skip = MAX((resume.address - region->start) / unit * unit, unit);
        if (nsim_damon_region_bytes(region) <= skip)
            return true;
        cut(walk, skip);
        walk->region++;
    }
    quota->resume.set = false;
    return false;
}

static bool
is_good(const NsimDamosWalk *walk, const NsimDamos *scheme, const NsimDamonRegion *region)
{
    return !nsim_damos_quota_limits(&scheme->quota, scheme->plan, walk->rules) ||
           nsim_damos_score(scheme->plan, walk->context, region) >= scheme->quota.min_score;
}

/* How the region that the walk is at fares with a scheme that is due. It is cut where the quota or a filter wants it. */
static NsimDamosConsidered
judge(NsimDamosWalk *walk, NsimDamos *scheme, NsimDamonRegion *ret_seen)
{
    const uint64_t unit = walk->context->min_region_bytes;
    NsimDamonTarget *target = &walk->context->targets[walk->target];
    *ret_seen = target->regions[walk->region];
    if (nsim_damos_quota_is_full(&scheme->quota, scheme->plan, walk->rules, unit))
        return NSIM_DAMOS_QUOTA_FULL;
    if (was_charged(walk, &scheme->quota))
        return NSIM_DAMOS_WAS_CHARGED;
    *ret_seen = target->regions[walk->region];
    if (!nsim_damos_matches(&scheme->pattern, ret_seen))
        return NSIM_DAMOS_NO_MATCH;
    if (!is_good(walk, scheme, ret_seen))
        return NSIM_DAMOS_LOW_SCORE;
    const uint64_t bytes = nsim_damon_region_bytes(ret_seen);
    const uint64_t allowed = nsim_damos_quota_clip(&scheme->quota, scheme->plan, walk->rules, bytes, unit);
    if (allowed == 0)
        return NSIM_DAMOS_NOTHING_LEFT;
    if (allowed < bytes)
        cut(walk, allowed);
    const uint32_t count = target->count;
    const NsimDamosVerdict verdict = nsim_damos_filter_region(scheme->plan, target, walk->region, walk->target, unit);
    if (target->count > count)
        g_array_append_val(walk->cuts, target->regions[walk->region].end);
    *ret_seen = target->regions[walk->region];
    return verdict == NSIM_DAMOS_REJECT ? NSIM_DAMOS_FILTERED : NSIM_DAMOS_TAKEN;
}

/* Does the scheme try its action on the region that the walk is at? */
static bool
consider(NsimDamosWalk *walk, NsimDamos *scheme, NsimDamosTry *ret_try)
{
    NsimDamonRegion seen;
    if (!scheme->applying)
        return false;
    const NsimDamosConsidered what = judge(walk, scheme, &seen);
    if (walk->considered != NULL)
        walk->considered(walk->data, scheme, walk->target, &seen, what);
    scheme->stats.nr_tried += what == NSIM_DAMOS_NOTHING_LEFT;
    *ret_try = (NsimDamosTry){.scheme = scheme,
                              .scheme_number = (uint32_t)(scheme - walk->schemes),
                              .target = walk->target,
                              .region = walk->region,
                              .start = seen.start,
                              .end = seen.end};
    return what == NSIM_DAMOS_TAKEN;
}

/* All schemes have seen the region. Pieces that were cut for nothing become one again. */
static void
leave_region(NsimDamosWalk *walk)
{
    NsimDamonTarget *target = &walk->context->targets[walk->target];
    const uint64_t start = target->regions[walk->region].start;
    walk->scheme = 0;
    for (guint i = 0; walk->rules->merge_slices && walk->region > 0 && i < walk->cuts->len; i++) {
        if (g_array_index(walk->cuts, uint64_t, i) == start &&
            nsim_damon_target_uncut(target, walk->region - 1, walk->context->size_limit))
            return;
    }
    walk->region++;
}

/* The walk is over: when is each scheme that took part due again? */
static void
finish(NsimDamosWalk *walk)
{
    for (uint32_t s = 0; s < walk->scheme_count; s++) {
        if (!walk->schemes[s].applying)
            continue;
        walk->schemes[s].stats.nr_snapshots++;
        nsim_damos_schedule(&walk->schemes[s], walk->context);
    }
}

bool
nsim_damos_walk_next(NsimDamosWalk *walk, NsimDamosTry *ret_try)
{
    for (; walk->target < walk->context->target_count; walk->target++) {
        const NsimDamonTarget *target = &walk->context->targets[walk->target];
        while (walk->region < target->count) {
            while (walk->scheme < walk->scheme_count) {
                walk->looked_at++;
                if (consider(walk, &walk->schemes[walk->scheme++], ret_try))
                    return true;
            }
            leave_region(walk);
        }
        walk->region = 0;
        g_array_set_size(walk->cuts, 0);
    }
    finish(walk);
    return false;
}

void
nsim_damos_walk_tried(NsimDamosWalk *walk, const NsimDamosTry *try, uint64_t applied, uint64_t passed, NsimTime took_ps)
{
    NsimDamos *scheme = try->scheme;
    const uint64_t bytes = try->end - try->start;
    nsim_damos_quota_charge(&scheme->quota, scheme->plan, walk->rules, bytes, applied, took_ps, try->target, try->end);
    if (scheme->plan->action != NSIM_DAMOS_STAT)
        walk->context->targets[try->target].regions[try->region].age = 0;
    scheme->stats.nr_tried++;
    scheme->stats.sz_tried += bytes;
    scheme->stats.nr_applied += applied > 0;
    scheme->stats.sz_applied += applied;
    scheme->stats.sz_ops_filter_passed += passed;
}
