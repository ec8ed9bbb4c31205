/* SPDX-License-Identifier: MIT */
/* Kdamonds: threads that watch memory and act on it. Source, states and what is left out: kdamond.h. */
#include <mm/damon/kdamond-private.h>

#include <gio/gio.h>
#include <sim/assert.h>
#include <sim/time.h>
#include <string.h>

#define PERMIL 1000u
#define EVENT_NONE UINT64_MAX

NsimKdamondConfig
nsim_kdamond_config_default(void)
{
    return (NsimKdamondConfig){nsim_damon_rules_v7_2,
                               nsim_damos_rules_v7_2,
                               nsim_damos_costs_default,
                               nsim_damon_report_rules_default,
                               NSIM_PRIMITIVE_PAGE_TABLE,
                               nsim_damon_sampling_default,
                               NULL,
                               NULL};
}

static const NsimDamosPlan *
scheme_plan(const NsimKdamondPlan *plan, guint scheme)
{
    return g_ptr_array_index(kdamond_context_plan(plan)->schemes, scheme);
}

/* ---- Time ---------------------------------------------------------------------------------------------------- */

static void go(void *context, uint64_t now_ps);

/* `state` comes next, at `when_ps`. */
static void
follow(NsimKdamond *kdamond, State state, NsimTime when_ps)
{
    const NsimEvent event = {
        .time_ps = when_ps, .priority = NSIM_PRIORITY_KERNEL, .run = go, .context = kdamond, .argument = when_ps};
    kdamond->state = state;
    kdamond->event = nsim_event_queue_push(kdamond->setup.mm->events, &event);
}

/* Take CPU time from `now_ps` on. Returns when it is done: later when its core has other work. */
static NsimTime
spend(NsimKdamond *kdamond, NsimTime now_ps, NsimTime ps)
{
    const NsimMoverSetup *mover = nsim_mover_setup(kdamond->setup.mm->mover);
    if (ps == 0)
        return now_ps;
    const uint32_t core = kdamond->core != NSIM_CORE_NONE
                              ? kdamond->core
                              : nsim_cpus_idlest(mover->cpus, kdamond->home, kdamond->home, now_ps);
    kdamond->stats.cpu_ps += ps;
    nsim_payers_charge_watching(mover->payers, kdamond->payer, ps);
    return core == NSIM_CORE_NONE ? now_ps + ps : nsim_cpus_run(mover->cpus, core, now_ps, ps);
}

/* ---- Listeners ------------------------------------------------------------------------------------------------ */

#define TELL(kdamond, hook, ...)                                                                                       \
    do {                                                                                                               \
        for (uint32_t l = 0; l < *(kdamond)->setup.listener_count; l++) {                                              \
            const NsimDamonListener *listener = &(kdamond)->setup.listeners[l];                                        \
            if (listener->hook != NULL)                                                                                \
                listener->hook(listener->data, kdamond, __VA_ARGS__);                                                  \
        }                                                                                                              \
    } while (0)

static void
tell_aggregated(void *data, NsimDamonContext *context, NsimTime now_ps)
{
    NsimKdamond *kdamond = data;
    kdamond->stats.aggregations++;
    for (uint32_t t = 0; t < context->target_count; t++)
        TELL(kdamond, aggregated, t, now_ps);
}

/* Keep the range of the intervals. */
static void
note_intervals(NsimKdamond *kdamond)
{
    const NsimDamonAttrs *attrs = &kdamond->context->attrs;
    NsimKdamondStats *stats = &kdamond->stats;
    stats->sample_min_ps = MIN(stats->sample_min_ps, attrs->sample_ps);
    stats->sample_max_ps = MAX(stats->sample_max_ps, attrs->sample_ps);
    stats->aggr_min_ps = MIN(stats->aggr_min_ps, attrs->aggr_ps);
    stats->aggr_max_ps = MAX(stats->aggr_max_ps, attrs->aggr_ps);
}

static void
tell_considered(void *data, const NsimDamos *scheme, uint32_t target, const NsimDamonRegion *region,
                NsimDamosConsidered what)
{
    NsimKdamond *kdamond = data;
    TELL(kdamond, considered, scheme, target, region, what);
}

static void
tell_folio(void *data, const NsimDamonFolio *folio, NsimDamosFolioFate fate)
{
    NsimKdamond *kdamond = data;
    TELL(kdamond, folio, folio, fate);
}

/* Does anybody want to know it all? */
static bool
is_watched(const NsimKdamond *kdamond)
{
    for (uint32_t l = 0; l < *kdamond->setup.listener_count; l++) {
        if (kdamond->setup.listeners[l].considered != NULL || kdamond->setup.listeners[l].folio != NULL)
            return true;
    }
    return false;
}

/* Intervals changed: deadlines of schemes begin anew. */
static void
retime(void *data, NsimDamonContext *context)
{
    NsimKdamond *kdamond = data;
    for (uint32_t s = 0; s < kdamond->scheme_count; s++)
        nsim_damos_schedule(&kdamond->schemes[s], context);
    note_intervals(kdamond);
    TELL(kdamond, tuned, kdamond->setup.mm->now_ps);
}

/* ---- Acting ---------------------------------------------------------------------------------------------------- */

/* The try is over; the walk goes on. */
static void
end_attempt(NsimKdamond *kdamond, NsimTime now_ps)
{
    Attempt *attempt = &kdamond->attempt;
    const uint64_t moved = attempt->moved_pages << kdamond->setup.mm->machine->page_shift;
    nsim_damos_walk_tried(&kdamond->walk, &attempt->what, attempt->work.applied_bytes + moved,
                          attempt->work.passed_bytes, now_ps - attempt->began_ps);
}

static void
hear_of_move(void *context, const NsimOutcome *outcome)
{
    NsimKdamond *kdamond = context;
    Attempt *attempt = &kdamond->attempt;
    nsim_assert(kdamond->state == MIGRATE && attempt->waiting > 0);
    attempt->moved_pages += outcome->moved_pages;
    if (--attempt->waiting > 0)
        return;
    kdamond->stats.migrating_ps += outcome->time_ps - attempt->began_ps;
    end_attempt(kdamond, outcome->time_ps);
    follow(kdamond, ACT, outcome->time_ps);
}

static NsimReason
reason_of(const NsimDamosPlan *plan)
{
    if (plan->dests->len > 0)
        return NSIM_REASON_REBALANCE;
    return plan->action == NSIM_DAMOS_MIGRATE_HOT ? NSIM_REASON_PROMOTION : NSIM_REASON_DEMOTION;
}

/* Hand the moves to the mover, which begins at `now_ps`. */
static void
migrate(NsimKdamond *kdamond, NsimTime now_ps)
{
    Attempt *attempt = &kdamond->attempt;
    const NsimInitiator initiator = {
        .thread = NSIM_THREAD_NONE, .core = NSIM_CORE_NONE, .done = hear_of_move, .done_context = kdamond};
    kdamond->state = MIGRATE;
    attempt->waiting = attempt->work.moves->len;
    for (guint i = 0; i < attempt->work.moves->len; i++) {
        const NsimDamosMove *move = &g_array_index(attempt->work.moves, NsimDamosMove, i);
        const NsimDecision decision = {.struct_size = sizeof decision,
                                       .kind = NSIM_DECIDE_MOVE,
                                       .count = move->count,
                                       .page = move->page,
                                       .space = move->space,
                                       .node = move->node,
                                       .flags = move->flags,
                                       .accessor = NSIM_ACCESSOR_NONE,
                                       .queue = kdamond->queue,
                                       .reason = reason_of(attempt->what.scheme->plan)};
        (void)nsim_mover_request(kdamond->setup.mm->mover, &decision, &initiator, now_ps);
    }
}

/* Walk over the region of a try. What it takes is added to `cpu_ps`. */
static void
attempt(NsimKdamond *kdamond, const NsimDamosTry *what, NsimTime now_ps, NsimTime *cpu_ps)
{
    NsimDamosWork *work = &kdamond->attempt.work;
    GArray *moves = work->moves;
    const NsimDamosActor actor = {.mm = kdamond->setup.mm,
                                  .context = kdamond->context,
                                  .plan = what->scheme->plan,
                                  .costs = &kdamond->setup.config->costs,
                                  .last_folio = &kdamond->last_folios[what->scheme_number],
                                  .payer = kdamond->name,
                                  .now_ps = now_ps + *cpu_ps,
                                  .folio = kdamond->walk.considered != NULL ? tell_folio : NULL,
                                  .data = kdamond};
    g_array_set_size(moves, 0);
    kdamond->attempt = (Attempt){.what = *what, .work = {.moves = moves}, .began_ps = now_ps + *cpu_ps};
    TELL(kdamond, before_apply, what, kdamond->attempt.began_ps);
    nsim_damos_act(&actor, &kdamond->context->targets[what->target], what->start, what->end, work);
    *cpu_ps += work->cpu_ps;
}

/* All schemes have seen all regions. */
static void
end_walk(NsimKdamond *kdamond, NsimTime now_ps)
{
    memset(kdamond->last_folios, 0, kdamond->scheme_count * sizeof *kdamond->last_folios);
    for (uint32_t s = 0; s < kdamond->scheme_count; s++) {
        if (kdamond->schemes[s].applying)
            TELL(kdamond, applied, s, now_ps);
    }
    follow(kdamond, CONCLUDE, now_ps);
}

/* Go on with the walk until something is to be migrated, or to its end. */
static void
act(NsimKdamond *kdamond, NsimTime now_ps)
{
    const NsimTime region_ps = kdamond->setup.config->costs.region_ps;
    const uint64_t looked_at = kdamond->walk.looked_at;
    NsimDamosTry what;
    NsimTime cpu_ps = 0;
    bool migrates = false;
    while (!migrates && nsim_damos_walk_next(&kdamond->walk, &what)) {
        attempt(kdamond, &what, now_ps, &cpu_ps);
        migrates = kdamond->attempt.work.moves->len > 0;
        if (!migrates)
            end_attempt(kdamond, now_ps + cpu_ps);
    }
    cpu_ps += (kdamond->walk.looked_at - looked_at) * region_ps;
    now_ps = spend(kdamond, now_ps, cpu_ps);
    if (migrates)
        migrate(kdamond, now_ps);
    else
        end_walk(kdamond, now_ps);
}

/* Quotas of the schemes that are due, and the first region. False: none is due. */
static bool
begin_walk(NsimKdamond *kdamond, NsimTime now_ps, NsimTime *cpu_ps)
{
    bool any = false;
    for (uint32_t s = 0; s < kdamond->scheme_count; s++) {
        NsimDamos *scheme = &kdamond->schemes[s];
        if (!nsim_damos_is_due(scheme, kdamond->context))
            continue;
        any = true;
        *cpu_ps += kdamond->setup.config->costs.region_ps *
                   nsim_damos_adjust_quota(scheme, kdamond->context, &kdamond->setup.config->scheme_rules,
                                           kdamond->setup.mm, now_ps);
    }
    kdamond->walk.considered = is_watched(kdamond) ? tell_considered : NULL;
    kdamond->walk.data = kdamond;
    if (any)
        nsim_damos_walk_begin(&kdamond->walk);
    return any;
}

/* ---- Parameters ------------------------------------------------------------------------------------------------ */

static bool
refuse(GError **error, const char *message)
{
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, message);
    return false;
}

static const NsimDamonOps *
ops_of(const NsimKdamondSetup *setup, const NsimDamonContextPlan *plan)
{
    static const NsimDamonOps *const sets[] = {&nsim_damon_ops_vaddr, &nsim_damon_ops_fvaddr, &nsim_damon_ops_paddr};
    if (plan->ops == NSIM_DAMON_NAMED)
        return &nsim_damon_plugin_find(setup->plugins, plan->ops_name, NULL)->ops;
    return sets[plan->ops];
}

/* Widths of addresses: a walk over more would outlast simulated time. */
#define PHYSICAL_END ((uint64_t)1 << 52)
#define VIRTUAL_END ((uint64_t)1 << 57)

static bool
check_ranges(const NsimDamonContextPlan *plan, GError **error)
{
    const uint64_t limit = plan->ops == NSIM_DAMON_PADDR ? PHYSICAL_END : VIRTUAL_END;
    for (guint t = 0; t < plan->targets->len; t++) {
        const NsimDamonTargetPlan *target = g_ptr_array_index(plan->targets, t);
        for (guint r = 0; r < target->ranges->len; r++) {
            const NsimDamonRange *range = &g_array_index(target->ranges, NsimDamonRange, r);
            if (range->start < range->end && range->end <= limit)
                continue;
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                        "target %u of DAMON: addresses %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                        " must ascend and end at %" G_GUINT64_FORMAT " at most",
                        t, range->start, range->end, limit);
            return false;
        }
    }
    return true;
}

static bool
check_plan(const NsimKdamondSetup *setup, const NsimKdamondPlan *plan, GError **error)
{
    const NsimCpus *cpus = nsim_mover_setup(setup->mm->mover)->cpus;
    if (plan->contexts->len != 1)
        return refuse(error, "a kdamond has one context");
    const NsimDamonContextPlan *context = kdamond_context_plan(plan);
    if (context->targets->len == 0)
        return refuse(error, "a context of DAMON needs a target");
    if (plan->core >= 0 && (uint32_t)plan->core >= cpus->core_count)
        return refuse(error, "a kdamond is to run on a core that the machine does not have");
    if (context->ops == NSIM_DAMON_NAMED && nsim_damon_plugin_find(setup->plugins, context->ops_name, error) == NULL)
        return false;
    if (context->ops == NSIM_DAMON_NAMED && context->primitive != NSIM_PRIMITIVE_PAGE_TABLE)
        return refuse(error, "operations of a plug-in see accesses in their own way, not by access reports");
    if (!nsim_damon_attrs_check(&context->attrs, error) || !check_ranges(context, error))
        return false;
    for (guint s = 0; s < context->schemes->len; s++) {
        if (!nsim_damos_check(scheme_plan(plan, s), setup->mm->machine, error) ||
            !nsim_damos_action_check(scheme_plan(plan, s), ops_of(setup, context), error))
            return false;
    }
    return true;
}

/* Pageout of physical memory spares what is young, unless the user says what to do about that. */
static void
complete_plan(NsimKdamondPlan *plan)
{
    const NsimDamosFilterPlan filter = {.kind = NSIM_FILTER_YOUNG, .matching = true, .allow = false};
    for (guint s = 0;
         kdamond_context_plan(plan)->ops == NSIM_DAMON_PADDR && s < kdamond_context_plan(plan)->schemes->len; s++) {
        NsimDamosPlan *scheme = g_ptr_array_index(kdamond_context_plan(plan)->schemes, s);
        bool has_young = scheme->action != NSIM_DAMOS_PAGEOUT;
        for (guint f = 0; f < scheme->filters->len; f++)
            has_young |= g_array_index(scheme->filters, NsimDamosFilterPlan, f).kind == NSIM_FILTER_YOUNG;
        if (!has_young)
            g_array_append_val(scheme->filters, filter);
    }
}

/* Schemes that there were keep what they know. */
static void
adopt_schemes(NsimKdamond *kdamond)
{
    const uint32_t before = kdamond->scheme_count, now = kdamond_context_plan(kdamond->plan)->schemes->len;
    for (uint32_t s = now; s < before; s++)
        nsim_damos_clear(&kdamond->schemes[s]);
    kdamond->schemes = g_renew(NsimDamos, kdamond->schemes, now + 1);
    kdamond->last_folios = g_renew(uint64_t, kdamond->last_folios, now + 1);
    memset(kdamond->last_folios, 0, (now + 1) * sizeof *kdamond->last_folios);
    for (uint32_t s = 0; s < now; s++) {
        if (s < before)
            nsim_damos_commit(&kdamond->schemes[s], scheme_plan(kdamond->plan, s), kdamond->context);
        else
            nsim_damos_init(&kdamond->schemes[s], scheme_plan(kdamond->plan, s), kdamond->context);
        for (uint32_t g = 0; g < scheme_plan(kdamond->plan, s)->goals->len; g++)
            kdamond->schemes[s].goals[g].feed =
                nsim_damon_feeds_find(*kdamond->setup.feeds, kdamond->setup.number, s, g);
    }
    kdamond->scheme_count = kdamond->walk.scheme_count = now;
    kdamond->walk.schemes = kdamond->schemes;
}

static void
adopt_core(NsimKdamond *kdamond)
{
    kdamond->core = kdamond->plan->core < 0 ? NSIM_CORE_NONE : (uint32_t)kdamond->plan->core;
}

static bool
same_attrs(const NsimDamonAttrs *a, const NsimDamonAttrs *b)
{
    return a->sample_ps == b->sample_ps && a->aggr_ps == b->aggr_ps && a->ops_update_ps == b->ops_update_ps &&
           a->min_nr_regions == b->min_nr_regions && a->max_nr_regions == b->max_nr_regions &&
           a->goal.access_bp == b->goal.access_bp && a->goal.aggrs == b->goal.aggrs &&
           a->goal.min_sample_ps == b->goal.min_sample_ps && a->goal.max_sample_ps == b->goal.max_sample_ps;
}

/* Parameters that were committed take effect. Attributes that are asked for as before stay as they were tuned. */
static void
adopt_pending(NsimKdamond *kdamond)
{
    if (kdamond->pending == NULL)
        return;
    /* Schemes and targets borrow from the plan until they have the new one. */
    NsimKdamondPlan *before = kdamond->plan;
    kdamond->plan = g_steal_pointer(&kdamond->pending);
    const NsimDamonAttrs *attrs = &kdamond_context_plan(kdamond->plan)->attrs;
    /* Sound: the commit has checked them. */
    if (!same_attrs(&kdamond_context_plan(before)->attrs, attrs) &&
        !nsim_damon_set_attrs(kdamond->context, attrs, NULL))
        nsim_assert(false);
    kdamond->reporter.plan = kdamond_context_plan(kdamond->plan);
    adopt_core(kdamond);
    kdamond_adopt_ranges(kdamond);
    adopt_schemes(kdamond);
    nsim_kdamond_plan_free(before);
}

/* ---- States ---------------------------------------------------------------------------------------------------- */

static uint64_t
free_permil(const NsimMm *mm)
{
    uint64_t free = 0, all = 0;
    for (uint32_t n = 0; n < mm->machine->node_count; n++) {
        if (mm->machine->nodes[n].kind == NSIM_NODE_DISK)
            continue;
        free += nsim_memory_free_pages(mm->memory, (NsimNodeId)n);
        all += mm->memory->nodes[n].capacity_pages;
    }
    return all == 0 ? 0 : free * PERMIL / all;
}

/* How long to sleep before looking at the watermarks again; 0: some scheme is active, or there is none. */
static NsimTime
idle_time(NsimKdamond *kdamond)
{
    const uint64_t permil = free_permil(kdamond->setup.mm);
    NsimTime shortest_ps = NSIM_TIME_MAX;
    for (uint32_t s = 0; s < kdamond->scheme_count; s++)
        shortest_ps = MIN(shortest_ps, nsim_damos_look_at_watermarks(&kdamond->schemes[s], permil));
    return shortest_ps == NSIM_TIME_MAX ? 0 : shortest_ps;
}

static void
prepare(NsimKdamond *kdamond, NsimTime now_ps)
{
    const NsimTime idle_ps = nsim_damon_is_over(kdamond->context) ? 0 : idle_time(kdamond);
    if (idle_ps > 0) {
        follow(kdamond, IDLE, nsim_time_add_saturated(now_ps, idle_ps));
        return;
    }
    const NsimTime until_ps = nsim_damon_prepare(kdamond->context, now_ps);
    if (until_ps == NSIM_TIME_MAX) {
        kdamond->state = OVER;
        return;
    }
    const NsimTime sample_ps = kdamond->context->attrs.sample_ps;
    follow(kdamond, OBSERVE, spend(kdamond, now_ps, until_ps - now_ps - sample_ps) + sample_ps);
}

static void
observe(NsimKdamond *kdamond, NsimTime now_ps)
{
    NsimTime cpu_ps = nsim_damon_observe(kdamond->context, now_ps) - now_ps;
    kdamond->stats.samples++;
    kdamond->stats.checked_regions += nsim_damon_nr_regions(kdamond->context);
    adopt_pending(kdamond);
    const bool acts = begin_walk(kdamond, now_ps + cpu_ps, &cpu_ps);
    follow(kdamond, acts ? ACT : CONCLUDE, spend(kdamond, now_ps, cpu_ps));
}

static void
conclude(NsimKdamond *kdamond, NsimTime now_ps)
{
    const NsimTime cpu_ps = nsim_damon_conclude(kdamond->context, now_ps) - now_ps;
    follow(kdamond, PREPARE, spend(kdamond, now_ps, cpu_ps));
}

static void
go(void *context, uint64_t now_ps)
{
    NsimKdamond *kdamond = context;
    NsimMm *mm = kdamond->setup.mm;
    mm->now_ps = MAX(mm->now_ps, now_ps);
    kdamond->event = EVENT_NONE;
    switch (kdamond->state) {
    case START:
        follow(kdamond, PREPARE, spend(kdamond, now_ps, nsim_damon_start(kdamond->context, now_ps) - now_ps));
        break;
    case IDLE:
        adopt_pending(kdamond);
        prepare(kdamond, now_ps);
        break;
    case PREPARE:
        prepare(kdamond, now_ps);
        break;
    case OBSERVE:
        observe(kdamond, now_ps);
        break;
    case ACT:
        act(kdamond, now_ps);
        break;
    case CONCLUDE:
        conclude(kdamond, now_ps);
        break;
    case MIGRATE:
    case OVER:
        nsim_assert(false);
        break;
    }
}

/* ---- Life ------------------------------------------------------------------------------------------------------- */

/* The operations that the plan asks for, with accessed bits or around access reports. */
static const NsimDamonOps *
make_ops(NsimKdamond *kdamond, void **ret_state)
{
    const NsimKdamondSetup *setup = &kdamond->setup;
    const NsimDamonContextPlan *plan = kdamond_context_plan(kdamond->plan);
    const bool physical = plan->ops == NSIM_DAMON_PADDR;
    g_autofree char *stream = g_strconcat(kdamond->name, ".ops", NULL);
    nsim_damon_space_ops_init(&kdamond->space_ops, setup->seed, stream);
    nsim_damon_physical_ops_init(&kdamond->physical_ops, setup->mm, setup->seed, stream);
    *ret_state = physical ? (void *)&kdamond->physical_ops : (void *)&kdamond->space_ops;
    if (plan->ops == NSIM_DAMON_NAMED) {
        kdamond->plugin_ops =
            (NsimDamonPluginOps){.mm = setup->mm,
                                 .plugin = nsim_damon_plugin_find(setup->plugins, plan->ops_name, NULL),
                                 .kdamond = setup->number};
        *ret_state = &kdamond->plugin_ops;
    }
    if (plan->primitive == NSIM_PRIMITIVE_PAGE_TABLE)
        return ops_of(setup, plan);
    kdamond->reporter = (NsimDamonReporter){.base = ops_of(setup, plan),
                                            .base_state = *ret_state,
                                            .mm = setup->mm,
                                            .plan = plan,
                                            .rules = &setup->config->report_rules,
                                            .physical = physical};
    nsim_damon_reporter_init(&kdamond->reporter);
    kdamond->reporter_ops = nsim_damon_reporter_ops(ops_of(setup, plan));
    *ret_state = &kdamond->reporter;
    return &kdamond->reporter_ops;
}

static bool
make_context(NsimKdamond *kdamond, GError **error)
{
    const NsimKdamondSetup *setup = &kdamond->setup;
    const NsimDamonContextPlan *plan = kdamond_context_plan(kdamond->plan);
    if (plan->ops == NSIM_DAMON_PADDR && !kdamond_need_frames(setup->mm, error))
        return false;
    NsimDamonSetup made = {.attrs = plan->attrs,
                           .rules = setup->config->rules,
                           .min_region_bytes = (uint64_t)1 << setup->mm->machine->page_shift,
                           .hooks = {tell_aggregated, retime, kdamond},
                           .shared_split_count = setup->shared_split_count,
                           .seed = setup->seed,
                           .stream = kdamond->name};
    made.ops = make_ops(kdamond, &made.ops_state);
    kdamond->context = nsim_damon_context_new(&made, error);
    return kdamond->context != NULL && kdamond_add_targets(kdamond, error);
}

NsimKdamond *
nsim_kdamond_new(const NsimKdamondSetup *setup, NsimKdamondPlan *plan, GError **error)
{
    NsimKdamond *kdamond = g_new0(NsimKdamond, 1);
    kdamond->setup = *setup;
    kdamond->plan = plan;
    kdamond->event = EVENT_NONE;
    kdamond->name = g_strdup_printf("kdamond.%u", setup->number);
    kdamond->walk.cuts = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    kdamond->attempt.work.moves = g_array_new(FALSE, FALSE, sizeof(NsimDamosMove));
    if (!check_plan(setup, plan, error) || !make_context(kdamond, error)) {
        nsim_kdamond_free(kdamond);
        return NULL;
    }
    complete_plan(plan);
    kdamond->walk.context = kdamond->context;
    kdamond->walk.rules = &kdamond->setup.config->scheme_rules;
    kdamond->stats.sample_min_ps = kdamond->stats.aggr_min_ps = NSIM_TIME_MAX;
    note_intervals(kdamond);
    adopt_core(kdamond);
    adopt_schemes(kdamond);
    kdamond->queue = nsim_mover_add_thread(setup->mm->mover, kdamond->name);
    nsim_mover_name_queue(setup->mm->mover, kdamond->queue, kdamond->name, kdamond->core);
    kdamond->payer = nsim_payers_find(nsim_mover_setup(setup->mm->mover)->payers, kdamond->name);
    follow(kdamond, START, setup->mm->now_ps);
    return kdamond;
}

void
nsim_kdamond_free(NsimKdamond *kdamond)
{
    if (kdamond == NULL)
        return;
    if (kdamond->event != EVENT_NONE)
        nsim_event_queue_cancel(kdamond->setup.mm->events, kdamond->event);
    for (uint32_t s = 0; s < kdamond->scheme_count; s++)
        nsim_damos_clear(&kdamond->schemes[s]);
    nsim_damon_context_free(kdamond->context);
    nsim_kdamond_plan_free(kdamond->plan);
    nsim_kdamond_plan_free(kdamond->pending);
    nsim_damon_reporter_clear(&kdamond->reporter);
    g_array_unref(kdamond->walk.cuts);
    g_array_unref(kdamond->attempt.work.moves);
    g_free(kdamond->schemes);
    g_free(kdamond->last_folios);
    g_free(kdamond->space_targets);
    g_free(kdamond->physical_targets);
    g_free(kdamond->plugin_targets);
    g_free(kdamond->node_ranges);
    g_free(kdamond->name);
    g_free(kdamond);
}

static bool
same_targets(const NsimDamonContextPlan *a, const NsimDamonContextPlan *b)
{
    if (a->targets->len != b->targets->len)
        return false;
    for (guint t = 0; t < a->targets->len; t++) {
        const NsimDamonTargetPlan *one = g_ptr_array_index(a->targets, t), *other = g_ptr_array_index(b->targets, t);
        if (one->nid != other->nid || g_strcmp0(one->workload, other->workload) != 0)
            return false;
    }
    return true;
}

bool
nsim_kdamond_check(const NsimKdamond *kdamond, const NsimKdamondPlan *plan, GError **error)
{
    if (!check_plan(&kdamond->setup, plan, error))
        return false;
    const NsimDamonContextPlan *now = kdamond_context_plan(kdamond->plan), *next = kdamond_context_plan(plan);
    if (next->ops != now->ops || g_strcmp0(next->ops_name, now->ops_name) != 0 || next->primitive != now->primitive ||
        !same_targets(next, now))
        return refuse(error, "new parameters of DAMON must have the operations, targets and primitive that there are");
    return true;
}

void
nsim_kdamond_commit(NsimKdamond *kdamond, NsimKdamondPlan *plan)
{
    complete_plan(plan);
    nsim_kdamond_plan_free(kdamond->pending);
    kdamond->pending = plan;
}

bool
nsim_kdamond_feed(NsimKdamond *kdamond, uint32_t scheme, uint32_t goal, uint64_t value)
{
    if (scheme >= kdamond->scheme_count || goal >= kdamond->schemes[scheme].plan->goals->len)
        return false;
    const NsimDamos *at = &kdamond->schemes[scheme];
    if (g_array_index(at->plan->goals, NsimDamosGoalPlan, goal).metric != NSIM_GOAL_USER_INPUT)
        return false;
    at->goals[goal].current = value;
    return true;
}

void
nsim_kdamond_report(NsimKdamond *kdamond, const NsimDamonReport *report)
{
    if (kdamond->reporter.reports != NULL && kdamond->state != OVER &&
        report->primitive == kdamond_context_plan(kdamond->plan)->primitive)
        nsim_damon_reporter_tell(&kdamond->reporter, report);
}

bool
nsim_kdamond_arms(const NsimKdamond *kdamond)
{
    return kdamond_context_plan(kdamond->plan)->primitive == NSIM_PRIMITIVE_PAGE_FAULT;
}

bool
nsim_kdamond_armed(const NsimKdamond *kdamond, NsimSpaceId space, NsimPage page)
{
    return nsim_damon_reporter_armed(&kdamond->reporter, space, page);
}

bool
nsim_kdamond_samples(const NsimKdamond *kdamond)
{
    return kdamond_context_plan(kdamond->plan)->primitive == NSIM_PRIMITIVE_HW_SAMPLE;
}

/* ---- Questions ----------------------------------------------------------------------------------------------------
 */

uint32_t
nsim_kdamond_number(const NsimKdamond *kdamond)
{
    return kdamond->setup.number;
}

const char *
nsim_kdamond_name(const NsimKdamond *kdamond)
{
    return kdamond->name;
}

const NsimDamonContext *
nsim_kdamond_context(const NsimKdamond *kdamond)
{
    return kdamond->context;
}

const NsimKdamondPlan *
nsim_kdamond_plan(const NsimKdamond *kdamond)
{
    return kdamond->plan;
}

const NsimKdamondStats *
nsim_kdamond_stats(const NsimKdamond *kdamond)
{
    return &kdamond->stats;
}

uint32_t
nsim_kdamond_scheme_count(const NsimKdamond *kdamond)
{
    return kdamond->scheme_count;
}

const NsimDamos *
nsim_kdamond_scheme(const NsimKdamond *kdamond, uint32_t scheme)
{
    return scheme < kdamond->scheme_count ? &kdamond->schemes[scheme] : NULL;
}

const NsimSpace *
nsim_kdamond_space(const NsimKdamond *kdamond, uint32_t target, NsimSpaceId *ret_id)
{
    if (kdamond->space_targets == NULL)
        return NULL;
    *ret_id = kdamond->space_targets[target].id;
    return kdamond->space_targets[target].space;
}

bool
nsim_kdamond_is_named(const NsimKdamond *kdamond)
{
    return kdamond->plugin_targets != NULL;
}

bool
nsim_kdamond_is_migrating(const NsimKdamond *kdamond)
{
    return kdamond->state == MIGRATE;
}

bool
nsim_kdamond_is_over(const NsimKdamond *kdamond)
{
    return kdamond->state == OVER;
}
