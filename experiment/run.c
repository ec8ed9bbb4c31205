/* SPDX-License-Identifier: MIT */
/* Builds what a run needs, replays, and turns the counters into a result. */
#include <experiment/damon-recorder.h>
#include <experiment/damon-result.h>
#include <experiment/run.h>

#include <experiment/replay.h>
#include <experiment/timeline.h>
#include <mm/damon/watch.h>
#include <sim/assert.h>
#include <sim/time.h>

/* At or above this busy share a resource, or the program's own computation, is what bounds a run. */
#define BOUND_PPM 900000u

/* Everything one run owns. */
typedef struct {
    NsimMemory *memory;
    NsimSpace **spaces;
    NsimEventQueue *events;
    NsimMm *mm;
    NsimCpus *cpus;
    NsimPayers *payers;
    NsimMover *mover;
    uint32_t *space_groups;
    NsimAccessorId *space_accessors;
    NsimFabric *fabric;
    NsimTraceCursor **cursors;
    NsimReplayThread *threads;
    NsimReplayWorkload *workloads;
    uint32_t thread_count, space_count;
    NsimReplay *replay;
    NsimTimeline *timeline;
    NsimDamonRecorder *recorder;
    NsimStory *story;
    NsimDamonWatch *watch;
} RunState;

static void
run_state_clear(RunState *state)
{
    nsim_timeline_free(state->timeline);
    nsim_replay_free(state->replay);
    for (uint32_t i = 0; state->cursors != NULL && i < state->thread_count; i++)
        nsim_trace_cursor_free(state->cursors[i]);
    nsim_mm_free(state->mm);
    nsim_damon_recorder_free(state->recorder);
    nsim_damon_watch_free(state->watch);
    nsim_mover_free(state->mover);
    nsim_payers_free(state->payers);
    nsim_cpus_free(state->cpus);
    g_free(state->space_groups);
    g_free(state->space_accessors);
    nsim_story_free(state->story);
    for (uint32_t s = 0; state->spaces != NULL && s < state->space_count; s++)
        nsim_space_free(state->spaces[s]);
    g_free(state->cursors);
    g_free(state->threads);
    g_free(state->workloads);
    g_free(state->spaces);
    nsim_fabric_free(state->fabric);
    nsim_event_queue_free(state->events);
    nsim_memory_free(state->memory);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RunState, run_state_clear)

/* ---- Building ------------------------------------------------------------------------------------------------- */

static NsimSpace *
build_space(const NsimWorkload *workload, NsimMemory *memory, GError **error)
{
    const NsimTraceInfo *info = nsim_trace_info(workload->trace);
    g_autofree NsimSpaceRange *ranges = g_new0(NsimSpaceRange, info->region_count + 1);
    for (uint32_t r = 0; r < info->region_count; r++)
        ranges[r] = (NsimSpaceRange){ info->regions[r].name, info->regions[r].address, info->regions[r].bytes };
    return nsim_space_new(memory, workload->name, info->frames, info->frame_count, ranges, info->region_count,
                          workload->unit_pages, error);
}

static bool
build_spaces(RunState *state, const NsimExperiment *plan, GError **error)
{
    state->memory = nsim_memory_new(plan->machine);
    state->spaces = g_new0(NsimSpace *, plan->workload_count);
    for (uint32_t w = 0; w < plan->workload_count; w++) {
        state->spaces[w] = build_space(&plan->workloads[w], state->memory, error);
        if (state->spaces[w] == NULL)
            return false;
        state->space_count++;
    }
    return true;
}

static bool
build_threads(RunState *state, const NsimExperiment *plan, GError **error)
{
    uint32_t count = 0;
    for (uint32_t w = 0; w < plan->workload_count; w++)
        count += nsim_trace_info(plan->workloads[w].trace)->thread_count;
    state->thread_count = count;
    state->cursors = g_new0(NsimTraceCursor *, count);
    state->threads = g_new0(NsimReplayThread, count);
    state->workloads = g_new0(NsimReplayWorkload, plan->workload_count);

    for (uint32_t w = 0, i = 0; w < plan->workload_count; w++) {
        const NsimWorkload *workload = &plan->workloads[w];
        const NsimTraceInfo *info = nsim_trace_info(workload->trace);
        state->workloads[w] = (NsimReplayWorkload){ .barrier_count = info->barrier_count,
                                                    .mark_count = info->mark_count,
                                                    .barriers = info->barriers,
                                                    .marks = info->marks };
        for (uint32_t t = 0; t < info->thread_count; t++, i++) {
            const NsimAccessorId accessor = workload->accessors[t];
            state->cursors[i] = nsim_trace_cursor_new(workload->trace, t, plan->machine->page_shift, error);
            if (state->cursors[i] == NULL)
                return false;
            state->threads[i] =
                (NsimReplayThread){ .source = nsim_burst_source_of_cursor(state->cursors[i]),
                                    .space = (NsimSpaceId)w,
                                    .accessor = accessor,
                                    .core = workload->cores[t],
                                    .workload = w,
                                    .number = t,
                                    .start_ps = workload->start_ps,
                                    .gap_mult = nsim_gap_mult(info, &plan->machine->accessors[accessor]),
                                    .filtered = info->filtered,
                                    .sleep_ps = workload->sleep_ps };
        }
    }
    return true;
}

/* Pages the loaders touch before anything else happens. */
static bool
load_workloads(RunState *state, const NsimRunJob *run, GError **error)
{
    const NsimExperiment *plan = run->plan;
    for (uint32_t w = 0; w < plan->workload_count; w++) {
        if (!plan->workloads[w].loaded || (run->spec->class->caps & NSIM_CAP_LAZY) != 0)
            continue;
        if (!nsim_mm_load(state->mm, (NsimSpaceId)w, plan->workloads[w].loader)) {
            g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_RUN, "%s", state->mm->failure);
            return false;
        }
    }
    return true;
}

/* The accessor that most of a workload's threads run on; the first of equal ones. */
static NsimAccessorId
main_accessor(const NsimWorkload *workload, const NsimMachine *machine)
{
    const uint32_t thread_count = nsim_trace_info(workload->trace)->thread_count;
    g_autofree uint32_t *threads = g_new0(uint32_t, machine->accessor_count);
    uint32_t best = 0;
    for (uint32_t t = 0; t < thread_count; t++)
        threads[workload->accessors[t]]++;
    for (uint32_t a = 0; a < machine->accessor_count; a++)
        best = threads[a] > threads[best] ? a : best;
    return (NsimAccessorId)best;
}

static bool
needs_loads(const NsimMoverConfig *config)
{
    NsimCopierKind copiers[NSIM_REASONS];
    char *problem = nsim_mover_read_reasons(config, copiers);
    nsim_assert(problem == NULL); /* the plan has read them */
    bool any = config->scale == NSIM_SCALE_BANDWIDTH;
    for (int r = 0; r < NSIM_REASONS; r++)
        any |= copiers[r] == NSIM_COPIER_AUTO;
    return any;
}

static void
build_mover(RunState *state, const NsimRunJob *run)
{
    const NsimExperiment *plan = run->plan;
    state->cpus = nsim_cpus_new(plan->machine);
    state->payers = nsim_payers_new(plan->groups, plan->group_count);
    state->space_groups = g_new0(uint32_t, plan->workload_count);
    state->space_accessors = g_new0(NsimAccessorId, plan->workload_count);
    for (uint32_t w = 0; w < plan->workload_count; w++) {
        state->space_groups[w] = plan->workloads[w].group;
        state->space_accessors[w] = main_accessor(&plan->workloads[w], plan->machine);
    }
    const NsimMoverSetup setup = { .machine = plan->machine,
                                   .fabric = state->fabric,
                                   .memory = state->memory,
                                   .spaces = state->spaces,
                                   .space_groups = state->space_groups,
                                   .space_accessors = state->space_accessors,
                                   .space_count = plan->workload_count,
                                   .events = state->events,
                                   .cpus = state->cpus,
                                   .payers = state->payers,
                                   .config = run->spec->mover,
                                   .seed = plan->seed };
    /* Predictions need the loads of all resources; others need not pay for measuring them. */
    if (needs_loads(&run->spec->mover))
        nsim_fabric_watch(state->fabric);
    state->mover = nsim_mover_new(&setup);
    nsim_mm_set_mover(state->mm, state->mover);
}

/*
 * Page replacement, where the user asks for it, a group has a limit, or the policy has turned it on: what the user gave
 * comes before what the policy chose.
 */
static bool
set_reclaim(RunState *state, const NsimRunJob *run, GError **error)
{
    const NsimExperiment *plan = run->plan;
    NsimMm *mm = state->mm;
    NsimMoverConfig given = run->spec->mover;
    bool wanted = given.reclaim_on || given.reclaim.demotion || mm->reclaim != NULL;
    for (uint32_t g = 0; g < plan->group_count; g++)
        wanted |= plan->groups[g].limit_bytes > 0;
    if (!wanted)
        return true;
    if (mm->reclaim != NULL)
        given.reclaim = *nsim_reclaim_config(mm->reclaim);
    for (uint32_t i = NSIM_MOVE_OPTION_COUNT; i < NSIM_MOVER_OPTION_COUNT; i++) {
        const char *text = run->spec->mover_texts[i] != NULL ? run->spec->mover_texts[i] : plan->migration_texts[i];
        char *problem = text == NULL ? NULL : nsim_option_store(&nsim_mover_options[i], text, &given);
        nsim_assert(problem == NULL); /* the plan has read them */
    }
    return nsim_mm_reclaim(mm, &given.reclaim, error);
}

/* Is what a policy's spec says of kdamonds of use to any? */
static bool
check_damon(const RunState *state, const NsimPolicySpec *spec, GError **error)
{
    const NsimDamonSession *session = state->mm->damon;
    const bool any = session != NULL && nsim_damon_session_count(session) > 0;
    for (uint32_t i = 0; i < NSIM_DAMON_OPTION_COUNT; i++) {
        const char *key = nsim_damon_options[i].key;
        if (spec->damon_texts[i] == NULL)
            continue;
        if (!any)
            g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE,
                        "policy '%s': option '%s' is for kdamonds, and this policy starts none", spec->class->name, key);
        else if (strcmp(key, "monitor") == 0 && !nsim_damon_session_needs_primitive(session))
            g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE,
                        "policy '%s': option 'monitor' has no effect, because each of its kdamonds names its primitive",
                        spec->class->name);
        else
            continue;
        return false;
    }
    return true;
}

/* Kdamonds beside the policy. */
static bool
start_beside(RunState *state, const NsimPolicySpec *spec, GError **error)
{
    NsimDamonSession *session = state->mm->damon;
    g_autoptr(GError) why = NULL;
    if (*spec->damon.damo == '\0')
        return true;
    if (nsim_damon_session_count(session) > 0)
        g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION,
                    "policy '%s': option 'damo' is for policies without kdamonds, and this one starts some",
                    spec->class->name);
    else if (nsim_damon_session_run_args(session, spec->damon.damo, &why))
        return true;
    else
        g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION, "policy '%s': option 'damo': %s",
                    spec->class->name, why->message);
    return false;
}

/* The policy begins: what kdamonds are to be like is known before. */
static bool
attach(RunState *state, const NsimRunJob *run, GError **error)
{
    bool given = false;
    for (uint32_t i = 0; i < NSIM_DAMON_OPTION_COUNT; i++)
        given |= run->spec->damon_texts[i] != NULL;
    if (given)
        *nsim_damon_session_config(nsim_damon_session(state->mm)) = nsim_damon_options_config(&run->spec->damon);
    return nsim_mm_attach(state->mm, run->spec->class, run->spec->config, error) &&
           start_beside(state, run->spec, error) && check_damon(state, run->spec, error);
}

static void
build_story(RunState *state, const NsimRunJob *run)
{
    const NsimExperiment *plan = run->plan;
    state->story = nsim_story_new(run->watch, state->spaces, plan->workload_count, plan->machine->accessor_count,
                                  &state->mm->now_ps);
    nsim_mm_set_story(state->mm, state->story);
    if (!state->story->moves_only)
        state->watch = nsim_damon_watch_new(state->mm, state->story);
}

static bool
prepare(RunState *state, const NsimRunJob *run, GError **error)
{
    const NsimExperiment *plan = run->plan;
    if (!build_spaces(state, plan, error) || !build_threads(state, plan, error))
        return false;
    state->events = nsim_event_queue_new();
    state->fabric = nsim_fabric_new(plan->machine);
    state->mm =
        nsim_mm_new(plan->machine, state->memory, state->spaces, plan->workload_count, state->events, plan->seed);
    state->mm->fabric = state->fabric;
    build_mover(state, run);
    if ((run->spec->class->caps & NSIM_CAP_FUTURE) != 0)
        state->mm->future = run->future;
    if (plan->damo_record != NULL || plan->damo_schemes != NULL)
        state->recorder =
            nsim_damon_recorder_new(state->mm, plan->damo_record != NULL, plan->damo_schemes != NULL);
    if (run->watch != NULL)
        build_story(state, run);
    if (!attach(state, run, error) || !set_reclaim(state, run, error) ||
        !load_workloads(state, run, error))
        return false;

    const NsimReplayOptions options = { .machine = plan->machine,
                                        .mm = state->mm,
                                        .fabric = state->fabric,
                                        .events = state->events,
                                        .cpus = state->cpus,
                                        .workloads = state->workloads,
                                        .workload_count = plan->workload_count,
                                        .threads = state->threads,
                                        .thread_count = state->thread_count,
                                        .until_ps = plan->until_ps,
                                        .warmup_ps = plan->warmup_ps,
                                        .cancel = run->cancel,
                                        .progress_lines = run->progress_lines,
                                        .story = state->story };
    state->replay = nsim_replay_new(&options);
    if (plan->timeline_ps > 0)
        state->timeline =
            nsim_timeline_new(plan->machine, state->fabric, state->replay, state->mover, state->events, plan->warmup_ps,
                              plan->timeline_ps);
    return true;
}

/* ---- Results --------------------------------------------------------------------------------------------------- */

static uint32_t
share_ppm(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (uint32_t)MIN(nsim_mul_div(part, 1000000, whole), (uint64_t)UINT32_MAX);
}

static void
fill_accessors(NsimRunResult *result, const RunState *state, const NsimMachine *machine)
{
    const NsimReplayStats *stats = nsim_replay_stats(state->replay);
    result->accessors = g_new0(NsimAccessorResult, machine->accessor_count);
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        const NsimReplayAccessor *from = &stats->accessors[a];
        NsimAccessorResult *to = &result->accessors[a];
        to->id = g_strdup(machine->accessors[a].id);
        to->runtime_ps = from->end_ps > stats->begin_ps ? from->end_ps - stats->begin_ps : 0;
        to->access_count = from->access_count;
        to->stall_ps = from->stall_ps;
        to->kernel_ps = from->kernel_ps;
        to->blocked_ps = from->blocked_ps;
        to->node_access_count = g_new0(uint64_t, machine->node_count);
        result->barrier_ps += from->barrier_ps;
        for (uint32_t n = 0; n < machine->node_count; n++) {
            for (int dir = 0; dir < NSIM_DIRS; dir++)
                to->node_access_count[n] +=
                    nsim_fabric_lines(state->fabric, (NsimAccessorId)a, (NsimNodeId)n, (NsimDir)dir);
        }
    }
}

static void
fill_nodes(NsimRunResult *result, const RunState *state, const NsimMachine *machine, const NsimTime *busy_ps)
{
    const uint64_t page_bytes = (uint64_t)1 << machine->page_shift;
    result->nodes = g_new0(NsimNodeResult, machine->node_count);
    for (uint32_t n = 0; n < machine->node_count; n++) {
        const NsimMemoryNode *node = &machine->nodes[n];
        const NsimNodeMemory *memory = &state->memory->nodes[n];
        NsimNodeResult *to = &result->nodes[n];
        const uint32_t resources[] = { node->resource[0], node->resource[1] == node->resource[0] ? 0 : node->resource[1],
                                       node->resource_shared };
        to->id = g_strdup(node->id);
        to->capacity_bytes = node->capacity_bytes;
        to->used_bytes = memory->used_pages * page_bytes;
        to->used_peak_bytes = memory->peak_pages * page_bytes;
        to->read_bytes = nsim_fabric_node_lines(state->fabric, (NsimNodeId)n, NSIM_DIR_READ) * NSIM_LINE_BYTES;
        to->write_bytes = nsim_fabric_node_lines(state->fabric, (NsimNodeId)n, NSIM_DIR_WRITE) * NSIM_LINE_BYTES;
        for (uint32_t i = 0; i < G_N_ELEMENTS(resources); i++) {
            to->utilisation_ppm = MAX(to->utilisation_ppm, share_ppm(busy_ps[resources[i]], result->runtime_ps));
            to->queue_ps += state->fabric->servers[resources[i]].wait_ps;
        }
    }
}

static void
fill_links(NsimRunResult *result, const RunState *state, const NsimMachine *machine, const uint64_t *bytes,
           const NsimTime *busy_ps)
{
    result->links = g_new0(NsimLinkResult, machine->link_count);
    for (uint32_t l = 0; l < machine->link_count; l++) {
        const NsimLink *link = &machine->links[l];
        NsimLinkResult *to = &result->links[l];
        const bool shared = link->resource[0] == link->resource[1];
        to->id = g_strdup(link->id);
        to->forward_bytes = bytes[link->resource[0]];
        to->reverse_bytes = shared ? 0 : bytes[link->resource[1]];
        for (int i = 0; i < (shared ? 1 : 2); i++) {
            to->utilisation_ppm = MAX(to->utilisation_ppm, share_ppm(busy_ps[link->resource[i]], result->runtime_ps));
            to->queue_ps += state->fabric->servers[link->resource[i]].wait_ps;
        }
    }
}

static void
fill_operations(NsimRunResult *result, const RunState *state, const NsimExperiment *plan)
{
    const NsimReplayStats *stats = nsim_replay_stats(state->replay);
    GArray *operations = g_array_new(FALSE, TRUE, sizeof(NsimOperationResult));
    for (NsimReplayOperation **slot = stats->operations; *slot != NULL; slot++) {
        const NsimReplayOperation *operation = *slot;
        const NsimWorkload *workload = &plan->workloads[operation->workload];
        const char *mark = nsim_trace_info(workload->trace)->marks[operation->mark];
        if (operation->times.count == 0)
            continue;
        const NsimOperationResult row = { .name = plan->workload_count == 1
                                                      ? g_strdup(mark)
                                                      : g_strdup_printf("%s/%s", workload->name, mark),
                                          .count = operation->times.count,
                                          .time = nsim_latency_summary(&operation->times) };
        g_array_append_val(operations, row);
    }
    result->operation_count = operations->len;
    result->operations = (NsimOperationResult *)(void *)g_array_free(operations, FALSE);
}

static void
fill_migration(NsimRunResult *result, const RunState *state, const NsimMachine *machine)
{
    const NsimMoverStats *stats = nsim_mover_stats(state->mover);
    NsimMigrationResult *to = &result->migration;
    *to = (NsimMigrationResult){ .pages = stats->pages,
                                 .bytes = stats->pages << machine->page_shift,
                                 .promoted_pages = stats->promoted_pages,
                                 .demoted_pages = stats->demoted_pages,
                                 .failed_pages = stats->failed_pages,
                                 .ping_pong_pages = stats->ping_pong_pages,
                                 .retried_pages = stats->retried_pages,
                                 .shadow_pages = stats->shadow_pages,
                                 .exchanged_pages = stats->exchanged_pages };
    memcpy(to->failed_by_cause, stats->failed_by_cause, sizeof to->failed_by_cause);
    memcpy(to->copied_bytes, stats->copied_bytes, sizeof to->copied_bytes);
    memcpy(to->cost_ps, state->payers->cost_ps, sizeof to->cost_ps);
    to->charged = g_new0(NsimChargeResult, state->payers->names->len + 1);
    for (guint i = 0; i < state->payers->names->len; i++) {
        const NsimTime charged_ps = g_array_index(state->payers->charged_ps, NsimTime, i);
        if (charged_ps > 0)
            to->charged[to->charged_count++] =
                (NsimChargeResult){ g_strdup(g_ptr_array_index(state->payers->names, i)), charged_ps };
    }
    result->blocked = nsim_latency_summary(nsim_mover_blocked(state->mover));
    result->blocked_count = nsim_mover_blocked(state->mover)->count;
    result->group_count = state->payers->group_count;
    result->groups = g_new0(NsimGroupResult, result->group_count + 1);
    for (uint32_t g = 0; g < result->group_count; g++) {
        const NsimGroup *from = &state->payers->groups[g];
        result->groups[g] = (NsimGroupResult){ .id = g_strdup(from->name),
                                               .migrated_bytes = from->migrated_bytes,
                                               .cpu_ps = from->cpu_ps,
                                               .throttled_pages = from->throttled_pages,
                                               .throttled_ps = from->throttled_ps };
    }
}

static void
add_counter(GArray *rows, const char *key, uint64_t value)
{
    const NsimCounterResult row = { g_strdup(key), g_strdup(""), value };
    g_array_append_val(rows, row);
}

/* Stall times as /proc/pressure/memory has them, of the system and of each group. */
static void
add_pressure(GArray *rows, const RunState *state)
{
    NsimPressure *pressure = nsim_reclaim_pressure(state->mm->reclaim);
    const NsimTime end_ps = nsim_replay_stats(state->replay)->end_ps;
    for (uint32_t g = 0; g <= state->payers->group_count; g++) {
        const uint32_t group = (g + state->payers->group_count) % (state->payers->group_count + 1);
        const char *name = group < state->payers->group_count ? state->payers->groups[group].name : NULL;
        for (int full = 0; full < 2; full++) {
            g_autofree char *key = g_strdup_printf("memory_%s_us%s%s", full ? "full" : "some", name != NULL ? "." : "",
                                                   name != NULL ? name : "");
            add_counter(rows, key, nsim_pressure_total(pressure, group, end_ps, full != 0) / NSIM_US);
        }
    }
}

/* What page replacement did, under the kernel's names; sizes of lists are those at the end. */
static void
add_reclaim_counters(GArray *rows, const RunState *state)
{
    const NsimReclaim *reclaim = state->mm->reclaim;
    const NsimReclaimStats *stats = nsim_reclaim_stats(reclaim);
    const NsimLru *lru = nsim_reclaim_lru(reclaim);
    static const char *const lists[NSIM_LRU_LISTS] = { "nr_inactive_anon", "nr_active_anon", "nr_inactive_file",
                                                       "nr_active_file" };
    add_counter(rows, "pgscan_kswapd", stats->pgscan[NSIM_BY_KSWAPD]);
    add_counter(rows, "pgscan_direct", stats->pgscan[NSIM_BY_DIRECT]);
    add_counter(rows, "pgsteal_kswapd", stats->pgsteal[NSIM_BY_KSWAPD]);
    add_counter(rows, "pgsteal_direct", stats->pgsteal[NSIM_BY_DIRECT]);
    add_counter(rows, "pgdemote_kswapd", stats->pgdemote[NSIM_BY_KSWAPD]);
    add_counter(rows, "pgdemote_direct", stats->pgdemote[NSIM_BY_DIRECT]);
    add_counter(rows, "pgactivate", lru->activated);
    add_counter(rows, "pgdeactivate", lru->deactivated);
    add_counter(rows, "pswpin", stats->pswpin);
    add_counter(rows, "pswpout", stats->pswpout);
    add_counter(rows, "pgmajfault", stats->pgmajfault);
    add_counter(rows, "allocstall", stats->allocstall);
    add_counter(rows, "pageoutrun", stats->pageoutrun);
    for (int list = 0; list < NSIM_LRU_LISTS; list++) {
        uint64_t pages = 0;
        for (uint32_t n = 0; n < lru->node_count; n++)
            pages += nsim_lru_pages(lru, (NsimNodeId)n, (NsimLruList)list);
        add_counter(rows, lists[list], pages);
    }
    add_pressure(rows, state);
}

/* Huge pages that advice has led to, under the kernel's names. */
static void
add_huge_counters(GArray *rows, const RunState *state)
{
    uint64_t splits = 0;
    for (uint32_t s = 0; s < state->mm->space_count; s++)
        splits += state->mm->spaces[s]->split_count;
    add_counter(rows, "thp_fault_alloc", state->mm->vmstat.thp_fault_alloc);
    add_counter(rows, "thp_fault_fallback", state->mm->vmstat.thp_fault_fallback);
    add_counter(rows, "thp_split_page", splits);
    add_counter(rows, "thp_collapse_alloc", nsim_mover_stats(state->mover)->collapse_alloc);
    add_counter(rows, "thp_collapse_alloc_failed", nsim_mover_stats(state->mover)->collapse_alloc_failed);
}

static void
fill_counters(NsimRunResult *result, const RunState *state, const NsimPolicyClass *class)
{
    const NsimVmstat *vmstat = &state->mm->vmstat;
    const NsimMoverStats *mover = nsim_mover_stats(state->mover);
    const NsimCounterResult rows[] = { { "pgfault", "", vmstat->pgfault },
                                       { "numa_hit", "", vmstat->numa_hit },
                                       { "numa_miss", "", vmstat->numa_miss },
                                       { "numa_hint_faults", "", vmstat->numa_hint_faults },
                                       { "pgmigrate_success", "", mover->pages },
                                       { "pgmigrate_fail", "", mover->failed_pages },
                                       { "thp_migration_success", "", mover->thp_success },
                                       { "thp_migration_fail", "", mover->thp_fail },
                                       { "thp_migration_split", "", mover->thp_split },
                                       { "nr_tlb_remote_flush_received", "", mover->shootdowns } };
    const uint64_t *counters = nsim_mm_counters(state->mm);
    GArray *all = g_array_new(FALSE, TRUE, sizeof(NsimCounterResult));
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++)
        add_counter(all, rows[i].key, rows[i].value);
    if (vmstat->thp_shown)
        add_huge_counters(all, state);
    if (state->mm->reclaim != NULL)
        add_reclaim_counters(all, state);
    result->vmstat_count = all->len;
    result->vmstat = (NsimCounterResult *)(void *)g_array_free(all, FALSE);
    result->policy_stat_count = class->counter_count;
    result->policy_stats = g_new0(NsimCounterResult, class->counter_count + 1);
    for (uint32_t i = 0; i < class->counter_count; i++)
        result->policy_stats[i] = (NsimCounterResult){ g_strdup(class->counters[i].key),
                                                       g_strdup(class->counters[i].unit), counters[i] };
}

/* ---- What bounds the run ---------------------------------------------------------------------------------------- */

/* The accessor that waits least for its partners is the one they wait for. */
static const NsimReplayAccessor *
slowest_accessor(const NsimReplayStats *stats, const NsimMachine *machine, uint32_t *ret_index)
{
    const NsimReplayAccessor *slowest = NULL;
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        const NsimReplayAccessor *accessor = &stats->accessors[a];
        if (accessor->thread_count == 0)
            continue;
        if (slowest == NULL || accessor->end_ps > slowest->end_ps ||
            (accessor->end_ps == slowest->end_ps && accessor->barrier_ps / accessor->thread_count <
                                                        slowest->barrier_ps / slowest->thread_count)) {
            slowest = accessor;
            *ret_index = a;
        }
    }
    return slowest;
}

static void
find_bound(NsimRunResult *result, const RunState *state, const NsimMachine *machine, const NsimTime *busy_ps)
{
    const NsimReplayStats *stats = nsim_replay_stats(state->replay);
    uint32_t busiest = 0, index = 0;
    for (uint32_t r = 1; r < machine->resource_count; r++)
        busiest = busy_ps[r] > busy_ps[busiest] ? r : busiest;
    const uint32_t busy_ppm = share_ppm(busy_ps[busiest], result->runtime_ps);
    const NsimReplayAccessor *slowest = slowest_accessor(stats, machine, &index);

    result->bound_by = g_strdup("");
    if (busiest > 0 && busy_ppm >= BOUND_PPM) {
        result->bound = NSIM_BOUND_RESOURCE;
        result->bound_ppm = MIN(busy_ppm, 1000000u);
        g_free(result->bound_by);
        result->bound_by = g_strdup(machine->resources[busiest].name);
        return;
    }
    if (slowest == NULL || result->runtime_ps == 0)
        return;
    const NsimTime whole_ps = result->runtime_ps * slowest->thread_count;
    const struct {
        NsimBoundKind kind;
        NsimTime ps;
    } shares[] = { { NSIM_BOUND_LATENCY, slowest->stall_ps },
                   { NSIM_BOUND_KERNEL, slowest->kernel_ps },
                   { NSIM_BOUND_SYNC, slowest->barrier_ps },
                   { NSIM_BOUND_BLOCKED, slowest->blocked_ps } };
    NsimTime most_ps = slowest->compute_ps;
    result->bound = NSIM_BOUND_COMPUTE;
    if (share_ppm(most_ps, whole_ps) < BOUND_PPM) {
        /* Computation must be done anyway: what could be saved is the most of the rest. */
        most_ps = 0;
        for (uint32_t i = 0; i < G_N_ELEMENTS(shares); i++) {
            if (shares[i].ps > most_ps) {
                most_ps = shares[i].ps;
                result->bound = shares[i].kind;
            }
        }
    }
    result->bound_ppm = MIN(share_ppm(most_ps, whole_ps), 1000000u);
    g_free(result->bound_by);
    result->bound_by = g_strdup(machine->accessors[index].id);
}

/* Lines that copies moved, by cores and by engines. */
static uint64_t
copied_lines(const RunState *state, const NsimMachine *machine)
{
    uint64_t lines = 0;
    for (uint32_t agent = machine->accessor_count; agent < state->fabric->agent_count; agent++) {
        for (uint32_t n = 0; n < machine->node_count; n++) {
            for (int dir = 0; dir < NSIM_DIRS; dir++)
                lines += nsim_fabric_agent_route(state->fabric, agent, (NsimNodeId)n, (NsimDir)dir)->lines;
        }
    }
    return lines;
}

/* Bytes the routes account for are bytes the nodes account for. */
static void
check_conservation(const RunState *state, const NsimRunResult *result, const NsimMachine *machine)
{
    uint64_t by_accessor = 0, by_node = 0;
    for (uint32_t n = 0; n < machine->node_count; n++)
        by_node += (result->nodes[n].read_bytes + result->nodes[n].write_bytes) / NSIM_LINE_BYTES;
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        for (uint32_t n = 0; n < machine->node_count; n++)
            by_accessor += result->accessors[a].node_access_count[n];
    }
    nsim_assert(by_accessor + copied_lines(state, machine) == by_node);
    for (uint32_t n = 0; n < machine->node_count; n++)
        nsim_assert(state->memory->nodes[n].used_pages <= state->memory->nodes[n].capacity_pages);
}

static void
fill_result(NsimRunJob *run, const RunState *state)
{
    const NsimMachine *machine = run->plan->machine;
    const NsimReplayStats *stats = nsim_replay_stats(state->replay);
    NsimRunResult *result = run->result;
    g_autofree uint64_t *bytes = g_new(uint64_t, machine->resource_count);
    g_autofree NsimTime *busy_ps = g_new(NsimTime, machine->resource_count);

    nsim_fabric_usage(state->fabric, bytes, busy_ps);
    result->complete = stats->complete;
    result->runtime_ps = stats->end_ps - stats->begin_ps;
    result->access_count = stats->access_count;
    result->burst_count = stats->burst_count;
    result->latency = nsim_latency_summary(&stats->latency);
    fill_accessors(result, state, machine);
    fill_nodes(result, state, machine, busy_ps);
    fill_links(result, state, machine, bytes, busy_ps);
    fill_operations(result, state, run->plan);
    fill_migration(result, state, machine);
    fill_counters(result, state, run->spec->class);
    find_bound(result, state, machine, busy_ps);
    check_conservation(state, result, machine);
    result->damon = nsim_damon_result_new(state->mm, stats->end_ps);
    if (state->recorder != NULL) {
        result->damo_record = nsim_damon_recorder_steal(state->recorder);
        result->damo_schemes = nsim_damon_recorder_steal_tried(state->recorder);
    }
    if (stats->complete && stats->begin_ps < run->plan->warmup_ps)
        g_ptr_array_add(run->warnings, g_strdup_printf("run '%s' ended before its warm-up did: the figures are of all of it",
                                                       result->label));
    if (state->timeline != NULL) {
        bool truncated;
        result->timeline =
            nsim_timeline_finish(state->timeline, stats->end_ps, &result->timeline_count, &truncated);
        if (truncated)
            g_ptr_array_add(run->warnings,
                            g_strdup_printf("run '%s': the timeline ends after %u rows; use a longer interval",
                                            result->label, NSIM_TIMELINE_ROWS_MAX));
    }
}

static void
fill_names(NsimRunResult *result, const NsimPolicySpec *spec)
{
    result->policy = g_strdup(spec->class->name);
    result->label = g_strdup(spec->label);
    result->future = (spec->class->caps & NSIM_CAP_FUTURE) != 0;
    result->option_count = spec->class->option_count;
    result->options = g_new0(NsimOptionResult, result->option_count + NSIM_MOVER_OPTION_COUNT +
                                                     NSIM_DAMON_OPTION_COUNT + 1);
    for (uint32_t i = 0; i < result->option_count; i++)
        result->options[i] = (NsimOptionResult){ g_strdup(spec->class->options[i].key), g_strdup(spec->texts[i]) };
    /* Of the options that every policy takes those that were given for this policy. */
    for (uint32_t i = 0; i < NSIM_MOVER_OPTION_COUNT; i++) {
        if (spec->mover_texts[i] != NULL)
            result->options[result->option_count++] =
                (NsimOptionResult){ g_strdup(nsim_mover_options[i].key), g_strdup(spec->mover_texts[i]) };
    }
    for (uint32_t i = 0; i < NSIM_DAMON_OPTION_COUNT; i++) {
        if (spec->damon_texts[i] != NULL)
            result->options[result->option_count++] =
                (NsimOptionResult){ g_strdup(nsim_damon_options[i].key), g_strdup(spec->damon_texts[i]) };
    }
}

void
nsim_run(NsimRunJob *run)
{
    g_auto(RunState) state = { 0 };
    const gint64 begin_us = g_get_monotonic_time();

    fill_names(run->result, run->spec);
    if (!prepare(&state, run, &run->error) || !nsim_replay_run(state.replay, &run->error)) {
        g_prefix_error(&run->error, "run '%s': ", run->spec->label);
        return;
    }
    fill_result(run, &state);
    if (state.story != NULL) {
        nsim_story_detach(state.story);
        run->story = g_steal_pointer(&state.story);
        nsim_mm_set_story(state.mm, NULL);
    }
    run->result->host_wall_ns = (uint64_t)(g_get_monotonic_time() - begin_us) * 1000;
}
