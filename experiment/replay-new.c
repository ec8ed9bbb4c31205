/* SPDX-License-Identifier: MIT */
/* A replay's making and end: cores with their lanes, threads, workloads, what the kernel's side needs of it. */
#include <experiment/replay-private.h>

#include <models/cache.h>
#include <sim/assert.h>
#include <sim/time.h>
#include <string.h>

/* ---- Life ---------------------------------------------------------------------------------------------------- */

/* Room for another group of lanes; unused heads never win. The first group has its place in the core itself. */
static void
grow_lanes(Core *core)
{
    const uint32_t room = core->lane_room + LANE_GROUP;
    const bool first = core->lane_room == LANE_GROUP;
    core->lane_heads = first ? g_memdup2(core->lane_heads, sizeof core->heads_inline) : core->lane_heads;
    core->lane_seconds = first ? g_memdup2(core->lane_seconds, sizeof core->seconds_inline) : core->lane_seconds;
    core->lanes = first ? g_memdup2(core->lanes, sizeof core->lanes_inline) : core->lanes;
    core->lane_heads = g_renew(NsimTime, core->lane_heads, room);
    core->lane_seconds = g_renew(NsimTime, core->lane_seconds, room);
    core->lanes = g_renew(Lane, core->lanes, room);
    for (uint32_t i = core->lane_room; i < room; i++) {
        core->lane_heads[i] = core->lane_seconds[i] = NSIM_TIME_MAX;
        core->lanes[i] = (Lane){0};
    }
    core->lane_room = room;
}

static void
init_lanes(Core *core)
{
    core->lane_heads = core->heads_inline;
    core->lane_seconds = core->seconds_inline;
    core->lanes = core->lanes_inline;
    core->lane_room = LANE_GROUP;
    for (uint32_t i = 0; i < LANE_GROUP; i++)
        core->lane_heads[i] = core->lane_seconds[i] = NSIM_TIME_MAX;
}

/* Tables may say that an accessor cannot reach a node; a policy that puts its pages there has made a mistake. */
static void
check_reachable(NsimReplay *replay, const Core *core, uint32_t route)
{
    const NsimMachine *machine = replay->options.machine;
    const NsimNodeId node = (NsimNodeId)(route / NSIM_DIRS);
    if (!nsim_machine_route(machine, core->accessor, node, (NsimDir)(route % NSIM_DIRS))->reachable)
        replay_fail(replay, g_error_new(G_IO_ERROR, G_IO_ERROR_FAILED,
                                        "accessor '%s' cannot reach node '%s', where pages that it uses were placed",
                                        machine->accessors[core->accessor].id, machine->nodes[node].id));
}

uint32_t
replay_add_lane(NsimReplay *replay, Core *core, uint32_t route)
{
    const uint32_t index = core->lane_count;
    nsim_assert(index < NO_LANE);
    check_reachable(replay, core, route);
    if (index == core->lane_room)
        grow_lanes(core);
    core->lanes[index] = (Lane){.ring = g_new0(Piece, core->ring_mask + 1), .mask = core->ring_mask};
    core->lane_count++;
    core->lane_of[route] = (uint16_t)index;
    /* Reads and writes of a node complete in issue order together when their unloaded latencies agree. */
    if (core->routes[route].fixed_ps == core->routes[route ^ 1].fixed_ps)
        core->lane_of[route ^ 1] = (uint16_t)index;
    return index;
}

/* One Core for each (accessor, core) that a thread runs on. */
static Core *
core_for(NsimReplay *replay, GHashTable *index, const NsimReplayThread *from)
{
    const NsimMachine *machine = replay->options.machine;
    const NsimAccessor *accessor = &machine->accessors[from->accessor];
    const guint key = (guint)from->accessor * NSIM_CORES_MAX + from->core + 1;
    Core *core = g_hash_table_lookup(index, GUINT_TO_POINTER(key));
    if (core != NULL)
        return core;

    core = &replay->cores[replay->core_count++];
    core->accessor = from->accessor;
    core->number = from->core;
    core->routes = nsim_fabric_route(replay->options.fabric, from->accessor, 0, NSIM_DIR_READ);
    core->window[0] = MAX(accessor->window_random, 1);
    core->window[1] = MAX(accessor->window_stream, 1);
    core->ring_mask = 1;
    while (core->ring_mask + 1 < MAX(core->window[0], core->window[1]) + 3)
        core->ring_mask = core->ring_mask * 2 + 1;
    core->lane_of = g_new(uint16_t, machine->node_count * NSIM_DIRS);
    memset(core->lane_of, 0xff, machine->node_count * NSIM_DIRS * sizeof *core->lane_of);
    init_lanes(core);
    if (accessor->tlb_entries > 0)
        core->tlb = nsim_tlb_new(accessor->tlb_entries, accessor->tlb_ways, accessor->tlb_walk_ps);
    g_hash_table_insert(index, GUINT_TO_POINTER(key), core);
    return core;
}

static void
build_threads(NsimReplay *replay)
{
    const NsimReplayOptions *options = &replay->options;
    g_autoptr(GHashTable) index = g_hash_table_new(NULL, NULL);

    replay->threads = g_aligned_alloc0(options->thread_count + 1, sizeof(Thread), 64);
    replay->cores = g_aligned_alloc0(options->thread_count + 1, sizeof(Core), 64);
    for (uint32_t i = 0; i < options->thread_count; i++) {
        const NsimReplayThread *from = &options->threads[i];
        Thread *thread = &replay->threads[i];
        thread->core = core_for(replay, index, from);
        thread->core->thread_count++;
        thread->space_id = from->space;
        thread->space = options->mm->spaces[from->space];
        thread->accessor = from->accessor;
        thread->workload = from->workload;
        thread->number = from->number;
        thread->source = from->source;
        thread->next = from->source.bursts + from->source.next;
        thread->end = thread->batch_end = from->source.bursts + from->source.filled;
        thread->burst_count = (uint64_t)(thread->end - thread->next);
        thread->gap_mult = from->gap_mult;
        thread->base_ps = thread->start_ps = thread->planned_ps = thread->cpu_from_ps = from->start_ps;
        thread->sleep_ps = from->sleep_ps > 0 ? from->sleep_ps : NSIM_TIME_MAX;
        thread->mark = UINT32_MAX;
        replay_count_thread(replay, thread, 0, 1);
        if (options->machine->accessors[from->accessor].cache_bytes > 0 && !from->filtered) {
            const NsimAccessor *accessor = &options->machine->accessors[from->accessor];
            thread->cached = true;
            if (replay->caches[from->accessor] == NULL)
                replay->caches[from->accessor] = nsim_cache_new(accessor->cache_bytes, accessor->cache_ways);
        }
    }
    for (uint32_t i = 0; i < options->thread_count; i++)
        replay->threads[i].shared = replay->threads[i].core->thread_count > 1;
    for (uint32_t i = 0; i < options->thread_count; i++)
        replay_cut(replay, &replay->threads[i]);
    for (uint32_t i = 0; i < options->thread_count; i++)
        replay->threads[i].special = replay->threads[i].shared || replay->threads[i].cached ||
                                     replay->threads[i].core->tlb != NULL ||
                                     replay->threads[i].sleep_ps != NSIM_TIME_MAX;
    for (uint32_t i = 0; options->story != NULL && i < options->thread_count; i++) {
        replay->threads[i].told = !replay->threads[i].special;
        replay->threads[i].special = true;
    }
}

static void
build_workloads(NsimReplay *replay)
{
    const NsimReplayOptions *options = &replay->options;
    GPtrArray *operations = g_ptr_array_new();
    replay->barriers = g_new0(Barrier *, options->workload_count + 1);
    replay->operations = g_new0(NsimReplayOperation **, options->workload_count + 1);
    for (uint32_t w = 0; w < options->workload_count; w++) {
        const NsimReplayWorkload *workload = &options->workloads[w];
        replay->barriers[w] = g_new0(Barrier, workload->barrier_count + 1);
        for (uint32_t b = 0; b < workload->barrier_count; b++) {
            Barrier *barrier = &replay->barriers[w][b];
            barrier->members = workload->barriers[b];
            barrier->waiting = g_new0(uint32_t, barrier->members + 1);
            barrier->arrival_ps = g_new0(NsimTime, barrier->members + 1);
        }
        replay->operations[w] = g_new0(NsimReplayOperation *, workload->mark_count + 1);
        for (uint32_t m = 0; m < workload->mark_count; m++) {
            if (nsim_trace_mark_is_block(workload->marks[m]))
                continue;
            NsimReplayOperation *operation = g_new0(NsimReplayOperation, 1);
            operation->workload = w;
            operation->mark = m;
            replay->operations[w][m] = operation;
            g_ptr_array_add(operations, operation);
        }
    }
    g_ptr_array_add(operations, NULL);
    replay->stats.operations = (NsimReplayOperation **)g_ptr_array_free(operations, FALSE);
}

/* Cores that threads run on: kernel work takes their time, and TLB shootdowns reach them. */
static void
connect_kernel(NsimReplay *replay)
{
    const NsimReplayOptions *options = &replay->options;
    NsimMover *mover = options->mm->mover;
    if (mover == NULL)
        return;
    nsim_assert(options->cpus != NULL);
    options->cpus->steal = replay_steal_time;
    options->cpus->steal_context = replay;
    nsim_mover_listen_wake(mover, replay_wake_thread, replay);
    for (uint32_t i = 0; i < options->thread_count; i++) {
        const NsimReplayThread *thread = &options->threads[i];
        const uint32_t core = nsim_cpus_find(options->cpus, thread->accessor, thread->core);
        nsim_assert(core != NSIM_CORE_NONE);
        options->cpus->cores[core].thread_count++;
        nsim_mover_set_mask(mover, thread->space, core);
    }
}

NsimReplay *
nsim_replay_new(const NsimReplayOptions *options)
{
    NsimReplay *replay = g_aligned_alloc0(1, sizeof *replay, 64);
    replay->options = *options;
    replay->caches = g_new0(NsimCache *, options->machine->accessor_count);
    replay->stats.accessors = g_new0(NsimReplayAccessor, options->machine->accessor_count);
    replay->stats.complete = true;
    replay->servers = options->fabric->servers;
    build_threads(replay);
    build_workloads(replay);

    replay->leaf_count = 1;
    while (replay->leaf_count < options->thread_count)
        replay->leaf_count *= 2;
    replay->tree = g_aligned_alloc0(2 * (size_t)replay->leaf_count, sizeof(Contender), 64);
    for (uint32_t i = 0; i < replay->leaf_count; i++)
        replay_set_key(replay, i, NSIM_TIME_MAX);
    for (uint32_t i = 0; i < options->thread_count; i++)
        replay_set_key(replay, i, replay->threads[i].base_ps);
    replay->running = options->thread_count;
    connect_kernel(replay);
    options->mm->tasks = (NsimTasks){.count = options->thread_count,
                                     .info = replay_tell_task,
                                     .records = replay_tell_records,
                                     .context = replay};
    return replay;
}

void
nsim_replay_free(NsimReplay *replay)
{
    if (replay == NULL)
        return;
    replay->options.mm->tasks = (NsimTasks){0};
    for (uint32_t c = 0; c < replay->core_count; c++) {
        Core *core = &replay->cores[c];
        for (uint32_t l = 0; l < core->lane_count; l++)
            g_free(core->lanes[l].ring);
        if (core->lane_room > LANE_GROUP) {
            g_free(core->lanes);
            g_free(core->lane_heads);
            g_free(core->lane_seconds);
        }
        g_free(core->lane_of);
        nsim_tlb_free(core->tlb);
    }
    for (uint32_t w = 0; w < replay->options.workload_count; w++) {
        for (uint32_t b = 0; b < replay->options.workloads[w].barrier_count; b++) {
            g_free(replay->barriers[w][b].waiting);
            g_free(replay->barriers[w][b].arrival_ps);
        }
        g_free(replay->barriers[w]);
        g_free(replay->operations[w]);
    }
    for (NsimReplayOperation **slot = replay->stats.operations; *slot != NULL; slot++)
        g_free(*slot);
    for (uint32_t a = 0; a < replay->options.machine->accessor_count; a++)
        nsim_cache_free(replay->caches[a]);
    g_free(replay->caches);
    g_free(replay->barriers);
    g_free(replay->operations);
    g_free(replay->stats.operations);
    g_free(replay->stats.accessors);
    g_aligned_free(replay->cores);
    g_aligned_free(replay->threads);
    g_aligned_free(replay->tree);
    g_clear_error(&replay->error);
    g_aligned_free(replay);
}
