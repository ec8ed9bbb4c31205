/* SPDX-License-Identifier: MIT */
/* From what kdamonds tell their listeners to events of one page. */
#include <mm/damon/watch.h>

#include <mm/damon/priority.h>

#define BP 10000u

struct _NsimDamonWatch {
    NsimMm *mm;
    NsimStory *story;
    NsimStoryEvent draft; /* of a try whose folios come next */
    const char *draft_by;
    bool drafted;
};

/* The address that a target knows the page by. False: it does not watch it. */
static bool
address_in(const NsimDamonWatch *watch, const NsimKdamond *kdamond, uint32_t target, uint64_t *ret)
{
    const NsimStory *story = watch->story;
    NsimSpaceId id;
    const NsimSpace *space = nsim_kdamond_space(kdamond, target, &id);
    if (space != NULL) {
        *ret = nsim_space_address_of(space, story->first);
        return id == story->space;
    }
    if (nsim_kdamond_is_named(kdamond))
        return false; /* addresses are the plug-in's own */
    const uint32_t frame =
        watch->mm->frames == NULL ? NSIM_FRAME_NONE : nsim_frames_of(watch->mm->frames, story->space, story->first);
    *ret = (uint64_t)frame << watch->mm->machine->page_shift;
    return frame != NSIM_FRAME_NONE;
}

static void
describe(NsimStoryEvent *event, const NsimKdamond *kdamond, uint32_t target, const NsimDamonRegion *region, uint32_t nr)
{
    event->damon.target = target;
    event->damon.start = region->start;
    event->damon.end = region->end;
    event->damon.nr = nr;
    event->damon.nr_max = nsim_kdamond_context(kdamond)->aggr_samples;
    event->damon.age = region->age;
}

/* Schemes that sleep do not look at anything. */
static void
tell_sleepers(NsimDamonWatch *watch, const NsimKdamond *kdamond, uint32_t target, const NsimDamonRegion *region)
{
    for (uint32_t s = 0; s < nsim_kdamond_scheme_count(kdamond); s++) {
        const NsimDamos *scheme = nsim_kdamond_scheme(kdamond, s);
        NsimStoryEvent event = {.kind = NSIM_STORY_SCHEME, .what = NSIM_FATE_INACTIVE};
        if (scheme->active)
            continue;
        describe(&event, kdamond, target, region, region->nr_accesses);
        event.damon.scheme = s;
        event.damon.action = scheme->plan->action;
        event.damon.goal_metric = UINT32_MAX;
        nsim_story_damon(watch->story, nsim_kdamond_name(kdamond), &event);
    }
}

static void
on_aggregated(void *data, const NsimKdamond *kdamond, uint32_t number, NsimTime now_ps)
{
    NsimDamonWatch *watch = data;
    const NsimDamonTarget *target = &nsim_kdamond_context(kdamond)->targets[number];
    uint64_t address;
    (void)now_ps;
    if (!address_in(watch, kdamond, number, &address))
        return;
    for (uint32_t i = 0; i < target->count; i++) {
        const NsimDamonRegion *region = &target->regions[i];
        NsimStoryEvent event = {.kind = NSIM_STORY_SEEN};
        if (address < region->start || address >= region->end)
            continue;
        describe(&event, kdamond, number, region, region->nr_accesses);
        nsim_story_damon(watch->story, nsim_kdamond_name(kdamond), &event);
        tell_sleepers(watch, kdamond, number, region);
    }
}

static void
flush(NsimDamonWatch *watch)
{
    if (watch->drafted)
        nsim_story_damon(watch->story, watch->draft_by, &watch->draft);
    watch->drafted = false;
}

/* Which bound of the pattern is the first that fails. */
static NsimStoryFate
mismatch(const NsimDamosPattern *pattern, const NsimDamonRegion *region)
{
    const uint64_t bytes = nsim_damon_region_bytes(region);
    const uint32_t nr = region->nr_accesses_bp / BP;
    if (bytes < pattern->bytes_min || bytes > pattern->bytes_max)
        return NSIM_FATE_SIZE;
    if (nr < pattern->nr_min || nr > pattern->nr_max)
        return nr < pattern->nr_min ? NSIM_FATE_RARE : NSIM_FATE_FREQUENT;
    return region->age < pattern->age_min ? NSIM_FATE_YOUNG : NSIM_FATE_OLD;
}

static NsimStoryFate
fate_of(const NsimDamos *scheme, const NsimDamonRegion *region, NsimDamosConsidered what)
{
    static const NsimStoryFate fates[] = {
        [NSIM_DAMOS_QUOTA_FULL] = NSIM_FATE_FULL,      [NSIM_DAMOS_WAS_CHARGED] = NSIM_FATE_CHARGED,
        [NSIM_DAMOS_LOW_SCORE] = NSIM_FATE_SCORE,      [NSIM_DAMOS_NOTHING_LEFT] = NSIM_FATE_CLIPPED,
        [NSIM_DAMOS_FILTERED] = NSIM_FATE_CORE_FILTER, [NSIM_DAMOS_TAKEN] = NSIM_FATE_TRIED};
    return nsim_damos_matches(&scheme->pattern, region) ? fates[what] : mismatch(&scheme->pattern, region);
}

/* The goal that is nearest to being reached makes the quota. */
static void
describe_goal(NsimStoryEvent *event, const NsimDamos *scheme)
{
    uint64_t best = 0;
    event->damon.goal_metric = UINT32_MAX;
    for (guint g = 0; g < scheme->plan->goals->len; g++) {
        const NsimDamosGoalPlan *goal = &g_array_index(scheme->plan->goals, NsimDamosGoalPlan, g);
        const uint64_t score = nsim_damos_goal_score(scheme->goals[g].current, goal->target);
        if (event->damon.goal_metric != UINT32_MAX && score <= best)
            continue;
        best = score;
        event->damon.goal_metric = goal->metric;
        event->damon.goal_current = scheme->goals[g].current;
        event->damon.goal_target = goal->target;
    }
}

static void
describe_scheme(NsimStoryEvent *event, const NsimKdamond *kdamond, const NsimDamos *scheme,
                const NsimDamonRegion *region)
{
    event->damon.scheme = (uint32_t)(scheme - nsim_kdamond_scheme(kdamond, 0));
    event->damon.action = scheme->plan->action;
    event->damon.score = nsim_damos_score(scheme->plan, nsim_kdamond_context(kdamond), region);
    event->damon.min_score = scheme->quota.min_score;
    event->damon.nr_least = scheme->pattern.nr_min;
    event->damon.nr_most = scheme->pattern.nr_max;
    event->damon.age_least = scheme->pattern.age_min;
    event->damon.age_most = scheme->pattern.age_max;
    event->damon.bytes_least = scheme->pattern.bytes_min;
    event->damon.bytes_most = scheme->pattern.bytes_max;
    event->damon.limited = nsim_damos_quota_is_set(scheme->plan);
    event->damon.quota_bytes = scheme->quota.size_bytes;
    event->damon.charged_bytes = scheme->quota.charged_bytes;
    event->damon.window_ps = scheme->plan->quota_interval_ps;
    describe_goal(event, scheme);
}

static void
on_considered(void *data, const NsimKdamond *kdamond, const NsimDamos *scheme, uint32_t target,
              const NsimDamonRegion *region, NsimDamosConsidered what)
{
    NsimDamonWatch *watch = data;
    uint64_t address;
    flush(watch);
    if (!address_in(watch, kdamond, target, &address) || address < region->start || address >= region->end)
        return;
    watch->draft = (NsimStoryEvent){.kind = NSIM_STORY_SCHEME, .what = fate_of(scheme, region, what)};
    describe(&watch->draft, kdamond, target, region, region->nr_accesses_bp / BP);
    describe_scheme(&watch->draft, kdamond, scheme, region);
    watch->draft_by = nsim_kdamond_name(kdamond);
    watch->drafted = true;
    if (what != NSIM_DAMOS_TAKEN)
        flush(watch);
}

static void
on_folio(void *data, const NsimKdamond *kdamond, const NsimDamonFolio *folio, NsimDamosFolioFate fate)
{
    static const NsimStoryFate fates[] = {[NSIM_DAMOS_FOLIO_FILTERED] = NSIM_FATE_FOLIO_FILTER,
                                          [NSIM_DAMOS_FOLIO_THERE] = NSIM_FATE_THERE,
                                          [NSIM_DAMOS_FOLIO_DONE] = NSIM_FATE_DONE};
    NsimDamonWatch *watch = data;
    const NsimPage page = watch->story->first;
    (void)kdamond;
    if (!watch->drafted || folio->space != watch->story->space || page < folio->page ||
        page - folio->page >= folio->pages)
        return;
    watch->draft.what = fates[fate];
    flush(watch);
}

static void
on_applied(void *data, const NsimKdamond *kdamond, uint32_t scheme, NsimTime now_ps)
{
    (void)kdamond;
    (void)scheme;
    (void)now_ps;
    flush(data);
}

NsimDamonWatch *
nsim_damon_watch_new(NsimMm *mm, NsimStory *story)
{
    NsimDamonWatch *watch = g_new0(NsimDamonWatch, 1);
    watch->mm = mm;
    watch->story = story;
    nsim_damon_session_listen(nsim_damon_session(mm), &(NsimDamonListener){.aggregated = on_aggregated,
                                                                           .applied = on_applied,
                                                                           .considered = on_considered,
                                                                           .folio = on_folio,
                                                                           .data = watch});
    return watch;
}

void
nsim_damon_watch_free(NsimDamonWatch *watch)
{
    g_free(watch);
}
