/* SPDX-License-Identifier: MIT */
/*
 * Executes a policy's decisions and answers its questions.
 *
 * Allocation follows the kernel's page allocator in outline: a preferred node, then the other nodes in the order of
 * distance (zonelists); with reclaim (mm/reclaim.h) watermarks come in. Moves go to the mover (mm/mover.h). Left out: zones,
 * per-CPU lists.
 */
#include <mm/host.h>

#include <mm/damon/session.h>

#include <sim/assert.h>
#include <sim/time.h>
#include <string.h>

/* Faults handed to a policy at once while a workload is loaded. */
#define LOAD_BATCH 64u

static NsimMm *
mm_of(const NsimHost *host)
{
    return (NsimMm *)(uintptr_t)host;
}

/* ---- Questions ---------------------------------------------------------------------------------------------- */

/* Copy what the caller's struct has room for, keeping its size. */
static void
answer(void *ret, const void *full, size_t full_size)
{
    uint32_t size;
    memcpy(&size, ret, sizeof size);
    memcpy(ret, full, MIN((size_t)size, full_size));
    memcpy(ret, &size, sizeof size);
}

static NsimTime
host_now(const NsimHost *host)
{
    return mm_of(host)->now_ps;
}

static uint32_t
host_node_count(const NsimHost *host)
{
    return mm_of(host)->machine->node_count;
}

static uint32_t
host_accessor_count(const NsimHost *host)
{
    return mm_of(host)->machine->accessor_count;
}

static uint32_t
host_space_count(const NsimHost *host)
{
    return mm_of(host)->space_count;
}

static bool
host_node_info(const NsimHost *host, NsimNodeId node, NsimNodeInfo *info)
{
    const NsimMm *mm = mm_of(host);
    if (node >= mm->machine->node_count)
        return false;
    const NsimMemoryNode *from = &mm->machine->nodes[node];
    const NsimNodeInfo full = { .nid = from->nid,
                                .id = from->id,
                                .kind = from->kind,
                                .capacity_pages = mm->memory->nodes[node].capacity_pages,
                                .read_bytes_per_s = from->read_bytes_per_s,
                                .write_bytes_per_s = from->write_bytes_per_s };
    answer(info, &full, sizeof full);
    return true;
}

static bool
host_accessor_info(const NsimHost *host, NsimAccessorId accessor, NsimAccessorInfo *info)
{
    const NsimMm *mm = mm_of(host);
    if (accessor >= mm->machine->accessor_count)
        return false;
    const NsimAccessor *from = &mm->machine->accessors[accessor];
    const NsimAccessorInfo full = { .kind = from->kind, .id = from->id, .core_count = from->core_count };
    answer(info, &full, sizeof full);
    return true;
}

static bool
host_route_info(const NsimHost *host, NsimAccessorId accessor, NsimNodeId node, NsimRouteInfo *info)
{
    const NsimMachine *machine = mm_of(host)->machine;
    if (accessor >= machine->accessor_count || node >= machine->node_count)
        return false;
    const NsimRoute *read = nsim_machine_route(machine, accessor, node, NSIM_DIR_READ);
    const NsimRoute *write = nsim_machine_route(machine, accessor, node, NSIM_DIR_WRITE);
    const NsimRouteInfo full = { .reachable = read->reachable,
                                 .latency_read_ps = read->fixed_ps,
                                 .latency_write_ps = write->fixed_ps,
                                 .read_bytes_per_s = read->bytes_per_s,
                                 .write_bytes_per_s = write->bytes_per_s };
    answer(info, &full, sizeof full);
    return true;
}

static uint32_t
host_route_hops(const NsimHost *host, NsimAccessorId accessor, NsimNodeId node, bool write, uint32_t hop_max,
                NsimRouteHop *ret_hops)
{
    const NsimMachine *machine = mm_of(host)->machine;
    if (accessor >= machine->accessor_count || node >= machine->node_count)
        return 0;
    const NsimDir dir = write ? NSIM_DIR_WRITE : NSIM_DIR_READ;
    const NsimRoute *route = nsim_machine_route(machine, accessor, node, dir);
    const uint32_t count = MIN(route->hop_count, hop_max);
    for (uint32_t h = 0; h < count; h++) {
        uint32_t service_ps = route->hops[h].service_ps;
        /* A node with a curve: its highest measured rate. */
        if (route->hops[h].resource == machine->nodes[node].resource[dir] && machine->nodes[node].curve.mix_count > 0)
            service_ps = (uint32_t)nsim_time_of_transfer(
                NSIM_LINE_BYTES, nsim_curve_rate_max(&machine->nodes[node].curve, write ? 500000 : 1000000));
        ret_hops[h] = (NsimRouteHop){ route->hops[h].resource, service_ps };
    }
    return count;
}

static uint32_t
host_resource_count(const NsimHost *host)
{
    return mm_of(host)->machine->resource_count;
}

static bool
host_space_info(const NsimHost *host, NsimSpaceId space, NsimSpaceInfo *info)
{
    const NsimMm *mm = mm_of(host);
    if (space >= mm->space_count)
        return false;
    const NsimSpaceInfo full = { .region_count = mm->spaces[space]->region_count,
                                 .page_count = mm->spaces[space]->page_count,
                                 .workload = mm->spaces[space]->workload,
                                 .page_bytes = (uint64_t)1 << mm->spaces[space]->page_shift,
                                 .resident_pages = mm->spaces[space]->resident_count };
    answer(info, &full, sizeof full);
    return true;
}

static bool
host_region_info(const NsimHost *host, NsimSpaceId space, uint32_t region, NsimRegionInfo *info)
{
    const NsimMm *mm = mm_of(host);
    if (space >= mm->space_count || region >= mm->spaces[space]->region_count)
        return false;
    const NsimSpaceRegion *from = &mm->spaces[space]->regions[region];
    const NsimRegionInfo full = { .unit_pages = from->unit_pages,
                                  .first = from->first,
                                  .count = from->count,
                                  .address = from->address,
                                  .name = from->name };
    answer(info, &full, sizeof full);
    return true;
}

static NsimNodeId
host_node_by_id(const NsimHost *host, const char *id_or_nid)
{
    return nsim_machine_find_node(mm_of(host)->machine, id_or_nid);
}

static NsimNodeId
host_node_by_rank(const NsimHost *host, NsimAccessorId accessor, uint32_t rank)
{
    const NsimMachine *machine = mm_of(host)->machine;
    if (accessor >= machine->accessor_count || rank >= machine->node_count)
        return NSIM_NODE_NONE;
    return machine->order[(size_t)accessor * machine->node_count + rank];
}

static uint64_t
host_free_pages(const NsimHost *host, NsimNodeId node)
{
    const NsimMm *mm = mm_of(host);
    return node < mm->machine->node_count ? nsim_memory_free_pages(mm->memory, node) : 0;
}

static NsimNodeId
host_page_node(const NsimHost *host, NsimSpaceId space, NsimPage page)
{
    const NsimMm *mm = mm_of(host);
    if (space >= mm->space_count || page >= mm->spaces[space]->page_count)
        return NSIM_NODE_NONE;
    const uint16_t state = nsim_space_state(mm->spaces[space], page);
    return (state & NSIM_PAGE_ABSENT) != 0 ? NSIM_NODE_NONE : (NsimNodeId)(state & NSIM_PAGE_NODE);
}

static bool
host_page_at(const NsimHost *host, NsimSpaceId space, uint64_t address, NsimPage *ret_page)
{
    const NsimMm *mm = mm_of(host);
    return space < mm->space_count && nsim_space_page_at(mm->spaces[space], address, ret_page);
}

/* Are the pages all there? No sum: it could wrap around. */
static bool
in_space(const NsimSpace *space, NsimPage page, uint64_t count)
{
    return page <= space->page_count && count <= space->page_count - page;
}

static uint64_t
host_random(NsimHost *host)
{
    return nsim_random_u64(&mm_of(host)->random);
}

static uint64_t *
host_counters(NsimHost *host)
{
    return mm_of(host)->counters;
}

static bool
host_future_lines(const NsimHost *host, NsimSpaceId space, NsimAccessorId accessor, NsimPage page, uint32_t count,
                  uint32_t *ret_reads, uint32_t *ret_writes)
{
    const NsimMm *mm = mm_of(host);
    if (mm->future == NULL || space >= mm->space_count || accessor >= mm->machine->accessor_count ||
        !in_space(mm->spaces[space], page, count))
        return false;
    const size_t row = (size_t)space * mm->future->accessor_count + accessor;
    const uint32_t *const from[] = { mm->future->reads[row], mm->future->writes[row] };
    uint32_t *const to[] = { ret_reads, ret_writes };
    for (int i = 0; i < 2; i++) {
        if (to[i] != NULL && from[i] != NULL)
            memcpy(to[i], &from[i][page], count * sizeof *to[i]);
        else if (to[i] != NULL)
            memset(to[i], 0, count * sizeof *to[i]);
    }
    return true;
}

static bool
host_future_compute(const NsimHost *host, NsimAccessorId accessor, NsimTime *ret_gap_ps, uint32_t *ret_window_lines)
{
    const NsimMm *mm = mm_of(host);
    if (mm->future == NULL || accessor >= mm->machine->accessor_count)
        return false;
    *ret_gap_ps = mm->future->gap_ps[accessor];
    *ret_window_lines = mm->future->window_lines[accessor];
    return true;
}

/* ---- Decisions ---------------------------------------------------------------------------------------------- */

/* Place what fits on one node and count it there. */
static uint64_t
place_counted(NsimSpace *space, NsimPage page, uint64_t count, NsimNodeId node, uint64_t *counter)
{
    const uint64_t before = space->resident_count;
    const uint64_t done = nsim_space_place(space, page, count, node);
    *counter += space->resident_count - before;
    return done;
}

/* Place on one node; give the policy one chance to make room when the node is full. */
static uint64_t
place_on(NsimMm *mm, NsimSpace *space, NsimPage page, uint64_t count, NsimNodeId node, uint64_t *counter)
{
    uint64_t done = place_counted(space, page, count, node, counter);
    if (done < count && space->shadows.length > 0) {
        /* Shadows are the first to go. */
        nsim_spaces_reclaim_shadows(mm->spaces, mm->space_count, node, count - done);
        done += place_counted(space, page + done, count - done, node, counter);
    }
    if (done < count && mm->policy != NULL && mm->policy->pressure != NULL && !mm->in_pressure) {
        mm->in_pressure = true;
        mm->policy->pressure(mm->instance, &mm->host, node, count - done);
        mm->in_pressure = false;
        done += place_counted(space, page + done, count - done, node, counter);
    }
    return done;
}

/* ---- Placing above watermarks ---- */

/* On one node while it stays above `mark` and the space's group below its limit. */
static uint64_t
place_above(NsimMm *mm, NsimSpaceId space_id, NsimPage page, uint64_t count, NsimNodeId node, uint64_t mark,
            uint64_t *counter)
{
    uint64_t done = 0;
    while (done < count) {
        const uint64_t there = nsim_memory_free_pages(mm->memory, node);
        const uint64_t room = MIN(there > mark ? there - mark : 0, nsim_reclaim_room(mm->reclaim, space_id));
        const uint64_t pages = MIN(count - done, room);
        const uint64_t got =
            pages == 0 ? 0 : place_counted(mm->spaces[space_id], page + done, pages, node, counter);
        done += got;
        if (got == 0)
            break;
    }
    nsim_reclaim_allocated(mm->reclaim, node, mm->now_ps);
    return done;
}

typedef enum { LEVEL_LOW, LEVEL_MIN, LEVEL_NONE } Level;

static uint64_t
mark_of(const NsimMm *mm, NsimNodeId node, Level level)
{
    const NsimMarks *marks = nsim_reclaim_marks(mm->reclaim, node);
    return level == LEVEL_LOW ? marks->low : level == LEVEL_MIN ? marks->min : 0;
}

/* Nodes in the order of an allocation: `node`, then (if allowed) those from the nearest to `accessor` on but disks. */
static NsimNodeId
next_node(const NsimMm *mm, NsimNodeId node, NsimAccessorId accessor, bool fallback, uint32_t *rank)
{
    const NsimMachine *machine = mm->machine;
    if ((*rank)++ == 0)
        return node;
    for (; fallback && *rank <= machine->node_count + 1; (*rank)++) {
        if (*rank - 2 >= machine->node_count)
            break;
        const NsimNodeId next = machine->order[(size_t)accessor * machine->node_count + (*rank - 2)];
        if (next == NSIM_NODE_NONE)
            break;
        if (next != node && machine->nodes[next].kind != NSIM_NODE_DISK)
            return next;
    }
    return NSIM_NODE_NONE;
}

/* All nodes at one level. */
static uint64_t
place_level(NsimMm *mm, NsimSpaceId space, NsimPage page, uint64_t count, NsimNodeId node, NsimAccessorId accessor,
            bool fallback, Level level)
{
    uint64_t done = 0;
    uint32_t rank = 0;
    for (NsimNodeId at; done < count && (at = next_node(mm, node, accessor, fallback, &rank)) != NSIM_NODE_NONE;)
        done += place_above(mm, space, page + done, count - done, at, mark_of(mm, at, level),
                            at == node ? &mm->vmstat.numa_hit : &mm->vmstat.numa_miss);
    return done;
}

static void
wake_kswapds(NsimMm *mm, NsimNodeId node, NsimAccessorId accessor, bool fallback)
{
    uint32_t rank = 0;
    for (NsimNodeId at; (at = next_node(mm, node, accessor, fallback, &rank)) != NSIM_NODE_NONE;)
        nsim_reclaim_wake(mm->reclaim, at, mm->now_ps);
}

/* What get_page_from_freelist and __alloc_pages_slowpath do in outline, but for direct reclaim. */
static uint64_t
place_marked(NsimMm *mm, NsimSpaceId space, NsimPage page, uint64_t count, NsimNodeId node, NsimAccessorId accessor,
             bool fallback)
{
    uint64_t done = place_level(mm, space, page, count, node, accessor, fallback, LEVEL_LOW);
    if (done == count || nsim_reclaim_room(mm->reclaim, space) == 0)
        return done;
    nsim_spaces_reclaim_shadows(mm->spaces, mm->space_count, node, count - done + mark_of(mm, node, LEVEL_LOW));
    if (mm->policy != NULL && mm->policy->pressure != NULL && !mm->in_pressure) {
        mm->in_pressure = true;
        mm->policy->pressure(mm->instance, &mm->host, node, count - done);
        mm->in_pressure = false;
    }
    wake_kswapds(mm, node, accessor, fallback);
    return done + place_level(mm, space, page + done, count - done, node, accessor, fallback, LEVEL_MIN);
}

/* Place on `node`, then (if allowed) on the others from the nearest to `accessor` on. */
static uint64_t
place_full(NsimMm *mm, NsimSpace *space, NsimPage page, uint64_t count, NsimNodeId node, NsimAccessorId accessor,
      bool fallback)
{
    const NsimMachine *machine = mm->machine;
    uint64_t done = place_on(mm, space, page, count, node, &mm->vmstat.numa_hit);
    if (!fallback)
        return done;
    for (uint32_t rank = 0; done < count && rank < machine->node_count; rank++) {
        const NsimNodeId next = machine->order[(size_t)accessor * machine->node_count + rank];
        if (next == NSIM_NODE_NONE)
            break;
        if (next != node)
            done += place_on(mm, space, page + done, count - done, next, &mm->vmstat.numa_miss);
    }
    return done;
}

static uint64_t
place(NsimMm *mm, NsimSpaceId space, NsimPage page, uint64_t count, NsimNodeId node, NsimAccessorId accessor,
      bool fallback)
{
    return mm->reclaim != NULL ? place_marked(mm, space, page, count, node, accessor, fallback)
                               : place_full(mm, mm->spaces[space], page, count, node, accessor, fallback);
}

/* A bug in the policy: the run fails. */
static void
refuse(NsimMm *mm, const char *problem)
{
    if (mm->failure == NULL)
        mm->failure = g_strdup_printf("policy '%s' decided on %s", mm->policy != NULL ? mm->policy->name : "", problem);
}

/* What is wrong with a MOVE, or NULL. */
static const char *
move_problem(const NsimMm *mm, const NsimDecision *decision)
{
    if (decision->node >= mm->machine->node_count)
        return "a node that does not exist";
    if (decision->queue >= NSIM_QUEUES_MAX)
        return "a queue that does not exist";
    if (decision->reason >= NSIM_REASONS)
        return "a reason this version does not know";
    if (decision->queue == 0 && mm->fault_thread == NSIM_THREAD_NONE)
        return "a move in queue 0, which is for faults, outside one";
    if ((decision->flags & NSIM_MOVE_EXCHANGE) != 0 &&
        !in_space(mm->spaces[decision->space], decision->partner, decision->count))
        return "an exchange with pages beyond the end of the address space";
    if (mm->mover == NULL)
        return "a move where nothing can move";
    return NULL;
}

/* A decision that names something the machine or the run does not have is a bug in the policy: the run fails. */
static bool
decision_is_sound(NsimMm *mm, const NsimDecision *decision)
{
    const char *problem = NULL;
    if (decision->space >= mm->space_count)
        problem = "an address space that does not exist";
    else if (!in_space(mm->spaces[decision->space], decision->page, decision->count))
        problem = "pages beyond the end of the address space";
    else if (decision->kind == NSIM_DECIDE_PLACE && decision->node >= mm->machine->node_count)
        problem = "a node that does not exist";
    else if (decision->kind == NSIM_DECIDE_PLACE && decision->accessor >= mm->machine->accessor_count)
        problem = "an accessor that does not exist";
    else if (decision->kind == NSIM_DECIDE_MOVE)
        problem = move_problem(mm, decision);
    else if (decision->kind > NSIM_DECIDE_MOVE)
        problem = "a kind of decision this version does not know";
    if (problem != NULL)
        refuse(mm, problem);
    return problem == NULL;
}

static uint64_t
move(NsimMm *mm, const NsimDecision *decision)
{
    const bool in_fault = decision->queue == 0;
    const NsimInitiator initiator = { .thread = in_fault ? mm->fault_thread : NSIM_THREAD_NONE,
                                      .core = in_fault ? mm->fault_core : NSIM_CORE_NONE,
                                      .payer = in_fault ? mm->machine->accessors[mm->fault_accessor].id : NULL };
    return nsim_mover_request(mm->mover, decision, &initiator, in_fault ? mm->fault_done_ps : mm->now_ps);
}

static uint64_t
host_decide(NsimHost *host, const NsimDecision *from)
{
    NsimMm *mm = mm_of(host);
    NsimDecision decision = { 0 };
    memcpy(&decision, from, MIN((size_t)from->struct_size, sizeof decision));
    if (!decision_is_sound(mm, &decision))
        return 0;

    NsimSpace *space = mm->spaces[decision.space];
    switch ((NsimDecisionKind)decision.kind) {
    case NSIM_DECIDE_PLACE:
        nsim_story_wants(mm->story, decision.node, true);
        return place(mm, decision.space, decision.page, decision.count, decision.node, decision.accessor,
                     (decision.flags & NSIM_PLACE_FALLBACK) != 0);
    case NSIM_DECIDE_ARM:
        nsim_story_armed(mm->story, decision.space, decision.page, decision.count);
        return nsim_space_arm(space, decision.page, decision.count, true);
    case NSIM_DECIDE_DISARM:
        return nsim_space_arm(space, decision.page, decision.count, false);
    case NSIM_DECIDE_MOVE:
        return move(mm, &decision);
    }
    return 0;
}

static bool
host_cancel(NsimHost *host, uint64_t token)
{
    NsimMm *mm = mm_of(host);
    return mm->mover != NULL && nsim_mover_cancel(mm->mover, token);
}

static bool
host_name_queue(NsimHost *host, uint32_t queue, const char *name)
{
    NsimMm *mm = mm_of(host);
    if (queue == 0 || queue >= NSIM_QUEUES_MAX || name == NULL || *name == '\0')
        return false;
    if (mm->mover != NULL)
        nsim_mover_name_queue(mm->mover, queue, name, NSIM_CORE_NONE);
    return true;
}

static uint64_t
host_queue_pages(const NsimHost *host, uint32_t queue)
{
    const NsimMm *mm = mm_of(host);
    return mm->mover == NULL ? 0 : nsim_mover_pending(mm->mover, queue);
}

/* ---- Threads of the workloads ------------------------------------------------------------------------------- */

static uint32_t
host_task_count(const NsimHost *host)
{
    return mm_of(host)->tasks.count;
}

static bool
host_task_info(const NsimHost *host, uint32_t task, NsimTaskInfo *info)
{
    const NsimMm *mm = mm_of(host);
    NsimTaskInfo full = { 0 };
    if (task >= mm->tasks.count)
        return false;
    mm->tasks.info(mm->tasks.context, task, mm->now_ps, &full);
    answer(info, &full, sizeof full);
    return true;
}

static bool
host_charge(NsimHost *host, uint32_t task, NsimTime ps)
{
    NsimMm *mm = mm_of(host);
    NsimTaskInfo info = { .struct_size = sizeof info };
    if (!host_task_info(host, task, &info) || info.ended)
        return false;
    if (task == mm->fault_thread) {
        mm->fault_reclaim_ps += ps;
        mm->fault_done_ps += ps;
        return true;
    }
    if (!info.runnable || mm->mover == NULL)
        return false;
    nsim_mover_interrupt(mm->mover, info.accessor, info.core, ps, mm->now_ps);
    return true;
}

static const char *
scan_problem(const NsimMm *mm, const NsimScan *scan)
{
    NsimTaskInfo info = { 0 };
    if (scan->space >= mm->space_count || !in_space(mm->spaces[scan->space], scan->page, scan->count))
        return "a scan of pages that do not exist";
    if (scan->task >= mm->tasks.count)
        return "a scan by a task that does not exist";
    mm->tasks.info(mm->tasks.context, scan->task, mm->now_ps, &info);
    return info.space == scan->space ? NULL : "a scan by a task of another workload";
}

/* Arm what is on the wanted nodes; returns how many pages, and how many were there to be looked at. */
static uint64_t
arm_on_nodes(NsimSpace *space, const NsimScan *scan, NsimStory *story, uint64_t *ret_present)
{
    uint64_t armed = 0;
    *ret_present = 0;
    for (uint32_t i = 0; i < scan->count; i++) {
        const uint16_t state = nsim_space_state(space, scan->page + i);
        const bool present = (state & NSIM_PAGE_ABSENT) == 0;
        const bool wanted = present && (state & (NSIM_PAGE_ARMED | NSIM_PAGE_MOVING)) == 0 &&
                            (scan->nodes == NULL || scan->nodes[state & NSIM_PAGE_NODE]);
        *ret_present += present;
        armed += wanted;
        if (wanted)
            nsim_space_set_state(space, scan->page + i, (uint16_t)(state | NSIM_PAGE_ARMED));
        if (wanted)
            nsim_story_armed(story, scan->space, scan->page + i, 1);
        if (scan->ret_armed != NULL)
            scan->ret_armed[i] = wanted;
    }
    return armed;
}

static uint64_t
host_scan(NsimHost *host, const NsimScan *from, NsimTime *ret_cost_ps)
{
    NsimMm *mm = mm_of(host);
    NsimScan scan = { 0 };
    uint64_t present;
    memcpy(&scan, from, MIN((size_t)from->struct_size, sizeof scan));
    const char *problem = scan_problem(mm, &scan);
    if (problem != NULL) {
        refuse(mm, problem);
        return 0;
    }
    const uint64_t armed = arm_on_nodes(mm->spaces[scan.space], &scan, mm->story, &present);
    NsimTime cost_ps = present * scan.page_ps + armed * scan.change_ps;
    if (armed > 0 && mm->mover != NULL) {
        NsimTaskInfo info = { 0 };
        mm->tasks.info(mm->tasks.context, scan.task, mm->now_ps, &info);
        cost_ps += nsim_mover_flush(mm->mover, scan.space, armed, info.accessor, info.core, mm->now_ps);
    }
    (void)host_charge(host, scan.task, cost_ps);
    if (ret_cost_ps != NULL)
        *ret_cost_ps = cost_ps;
    return armed;
}

static void
tell_done(void *context, const NsimOutcome *outcome)
{
    NsimMm *mm = context;
    mm->now_ps = MAX(mm->now_ps, outcome->time_ps);
    if (mm->reclaim != NULL && nsim_reclaim_done(mm->reclaim, outcome))
        return;
    if (mm->instance != NULL && mm->policy->done != NULL)
        mm->policy->done(mm->instance, &mm->host, outcome);
}

void
nsim_mm_set_mover(NsimMm *mm, NsimMover *mover)
{
    mm->mover = mover;
    nsim_mover_listen_done(mover, tell_done, mm);
}

void
nsim_mm_set_story(NsimMm *mm, NsimStory *story)
{
    mm->story = story;
    if (mm->mover != NULL)
        nsim_mover_set_story(mm->mover, story);
    if (mm->reclaim != NULL)
        nsim_reclaim_lru(mm->reclaim)->story = story;
}

static void
run_timer(void *context, uint64_t cookie)
{
    NsimMm *mm = context;
    if (mm->instance != NULL && mm->policy->timer != NULL)
        mm->policy->timer(mm->instance, &mm->host, cookie);
}

static bool
host_set_timer(NsimHost *host, NsimTime when_ps, uint64_t cookie)
{
    NsimMm *mm = mm_of(host);
    if (when_ps < mm->now_ps)
        return false;
    const NsimEvent event = {
        .time_ps = when_ps, .priority = NSIM_PRIORITY_POLICY, .run = run_timer, .context = mm, .argument = cookie
    };
    nsim_event_queue_push(mm->events, &event);
    return true;
}

static void
host_fail(NsimHost *host, const char *message)
{
    NsimMm *mm = mm_of(host);
    if (mm->failure == NULL)
        mm->failure = g_strdup_printf("policy '%s': %s", mm->policy != NULL ? mm->policy->name : "", message);
}

/* ---- DAMON --------------------------------------------------------------------------------------------------- */

static bool
host_damon(NsimHost *host, const char *text, GError **error)
{
    g_autoptr(GError) why = NULL;
    if (nsim_damon_session_run_args(nsim_damon_session(mm_of(host)), text, &why))
        return true;
    /* Whatever it is, it is in the text. */
    g_set_error_literal(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION, why->message);
    return false;
}

static bool
host_damon_feed(NsimHost *host, uint32_t kdamond, uint32_t scheme, uint32_t goal, uint64_t value)
{
    const NsimMm *mm = mm_of(host);
    NsimKdamond *at = mm->damon == NULL ? NULL : nsim_damon_session_at(mm->damon, kdamond);
    return at != NULL && nsim_kdamond_feed(at, scheme, goal, value);
}

static bool
host_physical(const NsimHost *host, uint64_t address, NsimSpaceId *ret_space, NsimPage *ret_page)
{
    const NsimMm *mm = mm_of(host);
    const uint64_t frame = address >> mm->machine->page_shift;
    if (mm->frames == NULL || frame >= nsim_frames_end(mm->frames) || !nsim_frames_used(mm->frames, (uint32_t)frame))
        return false;
    *ret_space = nsim_frames_at(mm->frames, (uint32_t)frame)->space;
    *ret_page = nsim_frames_at(mm->frames, (uint32_t)frame)->page;
    return true;
}

/* ---- Page replacement ---------------------------------------------------------------------------------------- */

static bool
host_reclaim(NsimHost *host, const NsimReclaimConfig *from, GError **error)
{
    NsimMm *mm = mm_of(host);
    NsimReclaimConfig config = NSIM_RECLAIM_DEFAULTS;
    memcpy(&config, from, MIN((size_t)from->struct_size, sizeof config));
    config.struct_size = sizeof config;
    if (mm->reclaim == NULL && mm->mover == NULL) {
        g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION, "reclaim needs a mover, and nothing can move here");
        return false;
    }
    return nsim_mm_reclaim(mm, &config, error);
}

static bool
host_node_state(const NsimHost *host, NsimNodeId node, NsimNodeState *state)
{
    const NsimMm *mm = mm_of(host);
    NsimNodeState full = {.tier = NSIM_TIER_NO};
    if (node >= mm->machine->node_count)
        return false;
    full.free_pages = nsim_memory_free_pages(mm->memory, node);
    if (mm->reclaim != NULL) {
        const NsimMarks *marks = nsim_reclaim_marks(mm->reclaim, node);
        const NsimLru *lru = nsim_reclaim_lru(mm->reclaim);
        full.tier = nsim_reclaim_tiers(mm->reclaim)->tiers[node];
        full.min_pages = marks->min;
        full.low_pages = marks->low;
        full.high_pages = marks->high;
        full.promo_pages = marks->promo;
        full.demote_pages = marks->demote;
        full.inactive_anon = nsim_lru_pages(lru, node, NSIM_LRU_INACTIVE_ANON);
        full.active_anon = nsim_lru_pages(lru, node, NSIM_LRU_ACTIVE_ANON);
        full.inactive_file = nsim_lru_pages(lru, node, NSIM_LRU_INACTIVE_FILE);
        full.active_file = nsim_lru_pages(lru, node, NSIM_LRU_ACTIVE_FILE);
    }
    answer(state, &full, sizeof full);
    return true;
}

static uint32_t
host_page_flags(const NsimHost *host, NsimSpaceId space, NsimPage page)
{
    const NsimMm *mm = mm_of(host);
    if (mm->reclaim == NULL || space >= mm->space_count || page >= mm->spaces[space]->page_count)
        return 0;
    const uint32_t frame = nsim_frames_of(mm->frames, space, page);
    if (frame == NSIM_FRAME_NONE)
        return (nsim_space_state(mm->spaces[space], page) & NSIM_PAGE_SWAPPED) != 0 ? NSIM_PAGE_IS_ON_DISK : 0;
    uint32_t count;
    const uint16_t flags = nsim_frames_at(mm->frames, nsim_frames_folio(mm->frames, frame, &count))->flags;
    return ((flags & NSIM_FRAME_LRU) != 0 ? NSIM_PAGE_IS_ON_LRU : 0) |
           ((flags & NSIM_FRAME_ACTIVE) != 0 ? NSIM_PAGE_IS_ACTIVE : 0) |
           ((flags & NSIM_FRAME_REFERENCED) != 0 ? NSIM_PAGE_IS_REFERENCED : 0) |
           ((flags & NSIM_FRAME_FILE) != 0 ? NSIM_PAGE_IS_FILE : 0);
}

static uint64_t
host_lru_action(NsimHost *host, NsimSpaceId space, NsimPage page, uint64_t count, uint32_t action)
{
    NsimMm *mm = mm_of(host);
    uint64_t done = 0;
    if (mm->reclaim == NULL || space >= mm->space_count || !in_space(mm->spaces[space], page, count))
        return 0;
    if (action == NSIM_LRU_PAGEOUT)
        return nsim_reclaim_page_out(mm->reclaim, space, page, count, "policy", mm->now_ps);
    for (uint64_t i = 0; i < count; i++) {
        const uint32_t frame = nsim_frames_of(mm->frames, space, page + i);
        uint32_t pages;
        if (frame == NSIM_FRAME_NONE || nsim_frames_folio(mm->frames, frame, &pages) != frame)
            continue;
        if (action == NSIM_LRU_ACTIVATE ? nsim_lru_activate(nsim_reclaim_lru(mm->reclaim), frame)
                                        : nsim_lru_deactivate(nsim_reclaim_lru(mm->reclaim), frame))
            done += pages;
    }
    return done;
}

static NsimNodeId
host_demotion_node(const NsimHost *host, NsimNodeId node)
{
    const NsimMm *mm = mm_of(host);
    if (mm->reclaim == NULL || node >= mm->machine->node_count)
        return NSIM_NODE_NONE;
    return nsim_reclaim_tiers(mm->reclaim)->targets[node][0];
}

static void
host_wake_kswapd(NsimHost *host, NsimNodeId node)
{
    NsimMm *mm = mm_of(host);
    if (mm->reclaim != NULL && node < mm->machine->node_count)
        nsim_reclaim_wake(mm->reclaim, node, mm->now_ps);
}

static uint64_t
host_memory_pressure_us(const NsimHost *host, bool full)
{
    const NsimMm *mm = mm_of(host);
    return mm->reclaim == NULL
               ? 0
               : nsim_pressure_total(nsim_reclaim_pressure(mm->reclaim), UINT32_MAX, mm->now_ps, full) / NSIM_US;
}

/* ---- What hardware and page tables tell ----------------------------------------------------------------------- */

/* Assumed: one page-table entry of a walk through many of them, test, clear and the walk's share. No figure is published. */
#define SCAN_ENTRY_PS (25 * NSIM_NS)

void
nsim_mm_samples(NsimMm *mm, const NsimSample *samples, uint32_t count)
{
    if (mm->instance != NULL && mm->policy->samples != NULL)
        mm->policy->samples(mm->instance, &mm->host, samples, count);
    nsim_damon_report_samples(mm, samples, count);
}

static bool
host_sample(NsimHost *host, const NsimSampling *sampling)
{
    return nsim_sampler_set(&mm_of(host)->sampler, sampling);
}

static uint64_t
host_read_samples(NsimHost *host)
{
    NsimMm *mm = mm_of(host);
    uint64_t count = 0;
    for (uint32_t c = 0; c < mm->sampler.core_count; c++) {
        g_autoptr(GArray) samples = nsim_sampler_take(&mm->sampler, c);
        if (samples == NULL)
            continue;
        count += samples->len;
        nsim_mm_samples(mm, (const NsimSample *)(const void *)samples->data, samples->len);
    }
    return count;
}

static bool
host_node_counters(const NsimHost *host, NsimNodeId node, NsimNodeCounters *counters)
{
    const NsimMm *mm = mm_of(host);
    NsimNodeCounters full = { 0 };
    if (node >= mm->machine->node_count)
        return false;
    for (uint32_t a = 0; mm->fabric != NULL && a < mm->fabric->agent_count; a++) {
        full.read_bytes += nsim_fabric_route_total(mm->fabric, a, node, NSIM_DIR_READ).lines * NSIM_LINE_BYTES;
        full.write_bytes += nsim_fabric_route_total(mm->fabric, a, node, NSIM_DIR_WRITE).lines * NSIM_LINE_BYTES;
    }
    answer(counters, &full, sizeof full);
    return true;
}

static bool
host_route_counters(const NsimHost *host, NsimAccessorId accessor, NsimNodeId node, NsimRouteCounters *counters)
{
    const NsimMm *mm = mm_of(host);
    NsimRouteCounters full = { 0 };
    if (node >= mm->machine->node_count || accessor >= mm->machine->accessor_count)
        return false;
    if (mm->fabric != NULL) {
        const NsimFabricTotal reads = nsim_fabric_route_total(mm->fabric, accessor, node, NSIM_DIR_READ);
        const NsimFabricTotal writes = nsim_fabric_route_total(mm->fabric, accessor, node, NSIM_DIR_WRITE);
        full = (NsimRouteCounters){ .reads = reads.lines,
                                    .writes = writes.lines,
                                    .read_latency_ps = reads.latency_ps,
                                    .write_latency_ps = writes.latency_ps };
    }
    answer(counters, &full, sizeof full);
    return true;
}

static bool
host_resource_counters(const NsimHost *host, uint32_t resource, NsimResourceCounters *counters)
{
    const NsimMm *mm = mm_of(host);
    NsimResourceCounters full = { 0 };
    if (resource >= mm->machine->resource_count)
        return false;
    if (mm->fabric != NULL)
        nsim_fabric_resource_total(mm->fabric, resource, &full.bytes, &full.busy_ps);
    answer(counters, &full, sizeof full);
    return true;
}

static NsimTime
host_kernel_work(NsimHost *host, uint32_t queue, NsimTime work_ps)
{
    const NsimMm *mm = mm_of(host);
    if (mm->mover == NULL || queue == 0 || queue >= NSIM_QUEUES_MAX)
        return mm->now_ps;
    return nsim_mover_kernel_work(mm->mover, queue, mm->now_ps, work_ps);
}

/* The pages that one entry of the page table maps, of those from `page` on and before `end`. */
static uint64_t
mapped_pages(const NsimSpace *space, NsimPage page, NsimPage end)
{
    NsimPage first;
    uint32_t count;
    nsim_space_unit_of(space, page, &first, &count);
    const bool huge = count == 1u << space->frame_page_shift && (nsim_space_state(space, page) & NSIM_PAGE_SPLIT) == 0;
    return huge ? MIN(first + count, end) - page : 1;
}

static uint64_t
host_clear_young(NsimHost *host, NsimSpaceId space_id, NsimPage page, uint64_t count, uint32_t queue,
                 uint64_t *ret_young)
{
    NsimMm *mm = mm_of(host);
    uint64_t young = 0, entries = 0;
    if (space_id >= mm->space_count || !in_space(mm->spaces[space_id], page, count))
        return 0;
    NsimSpace *space = mm->spaces[space_id];
    if (ret_young != NULL)
        memset(ret_young, 0, (count + 63) / 64 * sizeof *ret_young);
    for (uint64_t i = 0; i < count;) {
        const uint64_t pages = mapped_pages(space, page + i, page + count);
        uint16_t all, any;
        nsim_space_survey(space, page + i, pages, &all, &any);
        entries++;
        if ((all & NSIM_PAGE_ABSENT) == 0 && (any & NSIM_PAGE_ACCESSED) != 0) {
            nsim_space_change(space, page + i, pages, NSIM_PAGE_ACCESSED, 0);
            young += pages;
            for (uint64_t k = i; ret_young != NULL && k < i + pages; k++)
                ret_young[k / 64] |= (uint64_t)1 << (k % 64);
        }
        i += pages;
    }
    (void)host_kernel_work(host, queue, entries * SCAN_ENTRY_PS);
    return young;
}

static const NsimHostOps host_ops = {
    .struct_size = sizeof(NsimHostOps),
    .abi_version = NSIM_ABI_VERSION,
    .now = host_now,
    .node_count = host_node_count,
    .accessor_count = host_accessor_count,
    .space_count = host_space_count,
    .node_info = host_node_info,
    .accessor_info = host_accessor_info,
    .route_info = host_route_info,
    .space_info = host_space_info,
    .region_info = host_region_info,
    .node_by_id = host_node_by_id,
    .node_by_rank = host_node_by_rank,
    .free_pages = host_free_pages,
    .page_node = host_page_node,
    .random = host_random,
    .counters = host_counters,
    .decide = host_decide,
    .set_timer = host_set_timer,
    .fail = host_fail,
    .future_lines = host_future_lines,
    .future_compute = host_future_compute,
    .route_hops = host_route_hops,
    .resource_count = host_resource_count,
    .cancel = host_cancel,
    .name_queue = host_name_queue,
    .queue_pages = host_queue_pages,
    .damon = host_damon,
    .damon_feed = host_damon_feed,
    .physical = host_physical,
    .reclaim = host_reclaim,
    .node_state = host_node_state,
    .page_flags = host_page_flags,
    .lru_action = host_lru_action,
    .demotion_node = host_demotion_node,
    .wake_kswapd = host_wake_kswapd,
    .memory_pressure_us = host_memory_pressure_us,
    .task_count = host_task_count,
    .task_info = host_task_info,
    .charge = host_charge,
    .scan = host_scan,
    .sample = host_sample,
    .read_samples = host_read_samples,
    .node_counters = host_node_counters,
    .route_counters = host_route_counters,
    .resource_counters = host_resource_counters,
    .clear_young = host_clear_young,
    .kernel_work = host_kernel_work,
    .page_at = host_page_at,
};

/* ---- Life ---------------------------------------------------------------------------------------------------- */

NsimMm *
nsim_mm_new(const NsimMachine *machine, NsimMemory *memory, NsimSpace **spaces, uint32_t space_count,
            NsimEventQueue *events, uint64_t seed)
{
    NsimMm *mm = g_new0(NsimMm, 1);
    mm->host.ops = &host_ops;
    mm->machine = machine;
    mm->memory = memory;
    mm->spaces = spaces;
    mm->space_count = space_count;
    mm->events = events;
    mm->seed = seed;
    mm->fault_thread = NSIM_THREAD_NONE;
    nsim_random_init(&mm->random, seed, "policy");
    nsim_sampler_init(&mm->sampler, machine, seed);
    return mm;
}

void
nsim_mm_free(NsimMm *mm)
{
    if (mm == NULL)
        return;
    nsim_mm_detach(mm);
    nsim_damon_session_free(mm->damon);
    nsim_reclaim_free(mm->reclaim);
    nsim_frames_free(mm->frames);
    nsim_sampler_clear(&mm->sampler);
    g_free(mm->counters);
    g_free(mm->failure);
    g_free(mm);
}

bool
nsim_mm_attach(NsimMm *mm, const NsimPolicyClass *policy, const void *config, GError **error)
{
    mm->policy = policy;
    mm->counters = g_new0(uint64_t, policy->counter_count + 1);
    mm->instance = policy->attach(&mm->host, config, error);
    return mm->instance != NULL;
}

void
nsim_mm_detach(NsimMm *mm)
{
    if (mm->instance != NULL)
        mm->policy->detach(mm->instance, &mm->host);
    mm->instance = NULL;
}

/* Frames and lists have to know of every page from its beginning. */
static bool
nothing_is_placed(const NsimMm *mm, GError **error)
{
    for (uint32_t s = 0; s < mm->space_count; s++) {
        if (mm->spaces[s]->resident_count == 0)
            continue;
        g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION,
                    "physical frames and page replacement must be asked for in 'attach', before pages are placed");
        return false;
    }
    return true;
}

bool
nsim_mm_reclaim(NsimMm *mm, const NsimReclaimConfig *config, GError **error)
{
    if (mm->reclaim != NULL) {
        nsim_reclaim_configure(mm->reclaim, config);
        return true;
    }
    nsim_assert(mm->mover != NULL);
    if (!nothing_is_placed(mm, error) || !nsim_mm_need_frames(mm, error))
        return false;
    const NsimReclaimSetup setup = {
        .machine = mm->machine, .memory = mm->memory, .frames = mm->frames, .mover = mm->mover};
    mm->reclaim = nsim_reclaim_new(&setup, config);
    nsim_reclaim_lru(mm->reclaim)->story = mm->story;
    return true;
}

bool
nsim_mm_need_frames(NsimMm *mm, GError **error)
{
    if (mm->frames == NULL && nothing_is_placed(mm, error))
        mm->frames = nsim_frames_new(mm->memory, mm->spaces, mm->space_count, error);
    return mm->frames != NULL;
}

NsimTime
nsim_mm_stall_ps(const NsimMm *mm)
{
    return mm->reclaim == NULL
               ? 0
               : nsim_pressure_total(nsim_reclaim_pressure(mm->reclaim), UINT32_MAX, mm->now_ps, false);
}

const uint64_t *
nsim_mm_counters(const NsimMm *mm)
{
    return mm->counters;
}

/* ---- Faults -------------------------------------------------------------------------------------------------- */

static bool
is_present(const NsimSpace *space, const NsimFault *fault)
{
    uint16_t all, any;
    nsim_space_survey(space, fault->page, fault->count, &all, &any);
    return (any & NSIM_PAGE_ABSENT) == 0;
}

/* Reclaim for `need` pages more: as nsim_reclaim_direct(), before time begins at once. */
static NsimReclaimAnswer
reclaim(NsimMm *mm, NsimSpaceId space, NsimAccessorId accessor, uint64_t need)
{
    NsimTime took_ps = 0;
    if (mm->fault_thread == NSIM_THREAD_NONE)
        return nsim_reclaim_at_once(mm->reclaim, space, need) > 0 ? NSIM_RECLAIM_FREED : NSIM_RECLAIM_GAVE_UP;
    const NsimNeed who = {
        .thread = mm->fault_thread, .core = mm->fault_core, .accessor = accessor, .space = space, .need = need};
    const NsimReclaimAnswer answer = nsim_reclaim_direct(mm->reclaim, &who, mm->fault_done_ps, &took_ps);
    mm->fault_done_ps += took_ps;
    mm->fault_reclaim_ps += took_ps;
    return answer;
}

/*
 * Nodes have nothing above their min watermarks: reclaim, and when there is nothing to reclaim take what is below them.
 * False: there is nothing. True: the pages are there, or the thread waits and will touch them again.
 */
static bool
find_memory(NsimMm *mm, const NsimFault *fault, uint64_t done, NsimNodeId local)
{
    for (;;) {
        const NsimReclaimAnswer answer = reclaim(mm, fault->space, fault->accessor, fault->count - done);
        if (answer == NSIM_RECLAIM_WAIT)
            return true;
        const Level level = answer == NSIM_RECLAIM_FREED ? LEVEL_MIN : LEVEL_NONE;
        done += place_level(mm, fault->space, fault->page + done, fault->count - done, local, fault->accessor, true, level);
        if (done == fault->count || level == LEVEL_NONE)
            return done == fault->count;
    }
}

/* A node with room for a page from `disk` at a level, in the order of an allocation; NSIM_NODE_NONE. */
static NsimNodeId
find_node(const NsimMm *mm, NsimNodeId disk, NsimNodeId local, NsimAccessorId accessor, Level level)
{
    uint32_t rank = 0;
    for (NsimNodeId at; (at = next_node(mm, local, accessor, true, &rank)) != NSIM_NODE_NONE;) {
        if (nsim_memory_free_pages(mm->memory, at) > mark_of(mm, at, level) &&
            nsim_reclaim_can_page_in(mm->reclaim, disk, at))
            return at;
    }
    return NSIM_NODE_NONE;
}

bool
nsim_mm_page_in(NsimMm *mm, NsimSpaceId space, NsimPage page)
{
    const NsimAccessorId accessor = mm->fault_accessor;
    const NsimNodeId local = mm->machine->order[(size_t)accessor * mm->machine->node_count];
    const NsimNodeId disk = nsim_space_state(mm->spaces[space], page) & NSIM_PAGE_NODE;
    NsimReclaimAnswer answer = NSIM_RECLAIM_FREED;
    NsimNodeId node = NSIM_NODE_NONE;
    while (node == NSIM_NODE_NONE && answer == NSIM_RECLAIM_FREED) {
        if (nsim_reclaim_room(mm->reclaim, space) > 0)
            node = find_node(mm, disk, local, accessor, LEVEL_LOW);
        if (node == NSIM_NODE_NONE && nsim_reclaim_room(mm->reclaim, space) > 0) {
            wake_kswapds(mm, local, accessor, true);
            node = find_node(mm, disk, local, accessor, LEVEL_MIN);
        }
        if (node == NSIM_NODE_NONE)
            answer = reclaim(mm, space, accessor, 1);
    }
    if (node == NSIM_NODE_NONE && answer == NSIM_RECLAIM_WAIT)
        return true;
    if (node == NSIM_NODE_NONE && nsim_reclaim_room(mm->reclaim, space) > 0)
        node = find_node(mm, disk, local, accessor, LEVEL_NONE);
    nsim_reclaim_satisfied(mm->reclaim, mm->fault_thread, mm->now_ps);
    if (node == NSIM_NODE_NONE) {
        mm->failure = g_strdup_printf("out of memory: no node has room for a page of workload '%s' that is on a disk",
                                      mm->spaces[space]->workload);
        return false;
    }
    nsim_memory_take(mm->memory, node, 1);
    nsim_reclaim_allocated(mm->reclaim, node, mm->now_ps);
    nsim_reclaim_page_in(mm->reclaim, space, page, node, mm->fault_thread, mm->fault_done_ps);
    return true;
}

bool
nsim_mm_waits(NsimMm *mm, uint32_t thread)
{
    return (mm->mover != NULL && nsim_mover_waits(mm->mover, thread)) ||
           (mm->reclaim != NULL && nsim_reclaim_waits(mm->reclaim, thread));
}

/* (transfer full) */
static char *
out_of_memory(const NsimMm *mm, const NsimFault *fault)
{
    const char *workload = mm->spaces[fault->space]->workload;
    if (mm->reclaim != NULL && nsim_reclaim_room(mm->reclaim, fault->space) < fault->count)
        return g_strdup_printf("out of memory: workload '%s' has reached its group's limit, and nothing of the group can "
                               "be written to a disk",
                               workload);
    return g_strdup_printf("out of memory: workload '%s' needs more pages than the nodes that accessor '%s' reaches have "
                           "left",
                           workload, mm->machine->accessors[fault->accessor].id);
}

bool
nsim_mm_fault(NsimMm *mm, const NsimFault *faults, uint32_t count)
{
    nsim_story_faults(mm->story, faults, count);
    /* Hint faults come one by one. */
    const NsimHintOwner owner = faults[0].kind == NSIM_FAULT_HINT ? nsim_damon_hint_owner(mm, faults) : NSIM_HINT_BOTH;
    if (mm->instance != NULL && mm->policy->faults != NULL && owner != NSIM_HINT_DAMON)
        mm->policy->faults(mm->instance, &mm->host, faults, count);
    for (uint32_t i = 0; i < count && mm->failure == NULL; i++) {
        const NsimFault *fault = &faults[i];
        NsimSpace *space = mm->spaces[fault->space];
        const NsimNodeId local = mm->machine->order[(size_t)fault->accessor * mm->machine->node_count];
        if (fault->kind == NSIM_FAULT_HINT) {
            if (owner != NSIM_HINT_POLICY)
                nsim_damon_report_fault(mm, fault);
            continue;
        }
        nsim_story_wants(mm->story, local, false);
        const uint64_t done = place(mm, fault->space, fault->page, fault->count, local, fault->accessor, true);
        if (done < fault->count && !(mm->reclaim != NULL && find_memory(mm, fault, done, local)))
            mm->failure = out_of_memory(mm, fault);
        else if (mm->reclaim != NULL && mm->fault_thread != NSIM_THREAD_NONE && is_present(space, fault))
            nsim_reclaim_satisfied(mm->reclaim, mm->fault_thread, mm->now_ps);
    }
    nsim_story_faults(mm->story, NULL, 0);
    return mm->failure == NULL;
}

bool
nsim_mm_load(NsimMm *mm, NsimSpaceId space_id, NsimAccessorId accessor)
{
    const NsimSpace *space = mm->spaces[space_id];
    const uint64_t frame_pages = (uint64_t)1 << space->frame_page_shift;
    NsimFault batch[LOAD_BATCH];
    uint32_t filled = 0;
    bool named = false;

    for (uint32_t r = 0; r < space->region_count; r++)
        named |= *space->regions[r].name != '\0';
    for (uint32_t r = 0; r < space->region_count; r++) {
        const NsimSpaceRegion *region = &space->regions[r];
        if (named && *region->name == '\0')
            continue;
        const NsimPage end = region->first + region->count;
        for (NsimPage page = region->first; page < end;) {
            const NsimPage stop = MIN(end, (page | (frame_pages - 1)) + 1);
            batch[filled++] = (NsimFault){ .time_ps = mm->now_ps,
                                           .page = page,
                                           .count = (uint32_t)(stop - page),
                                           .space = space_id,
                                           .accessor = accessor,
                                           .kind = NSIM_FAULT_LOAD,
                                           .write = 1 };
            page = stop;
            if (filled == LOAD_BATCH || (page == end && r + 1 == space->region_count)) {
                if (!nsim_mm_fault(mm, batch, filled))
                    return false;
                filled = 0;
            }
        }
    }
    return filled == 0 || nsim_mm_fault(mm, batch, filled);
}
