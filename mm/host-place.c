/* SPDX-License-Identifier: MIT */
/*
 * Where pages get memory: the kernel's page allocator in outline. A preferred node, then the other nodes in the order
 * of distance (zonelists); with reclaim (mm/reclaim.h) above watermarks, with kswapd woken and direct reclaim behind
 * it. Left out: zones, per-CPU lists.
 */
#include <mm/host-private.h>

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
        const uint64_t got = pages == 0 ? 0 : place_counted(mm->spaces[space_id], page + done, pages, node, counter);
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

uint64_t
host_place(NsimMm *mm, NsimSpaceId space, NsimPage page, uint64_t count, NsimNodeId node, NsimAccessorId accessor,
           bool fallback)
{
    return mm->reclaim != NULL ? place_marked(mm, space, page, count, node, accessor, fallback)
                               : place_full(mm, mm->spaces[space], page, count, node, accessor, fallback);
}

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
bool
host_find_memory(NsimMm *mm, const NsimFault *fault, uint64_t done, NsimNodeId local)
{
    for (;;) {
        const NsimReclaimAnswer answer = reclaim(mm, fault->space, fault->accessor, fault->count - done);
        if (answer == NSIM_RECLAIM_WAIT)
            return true;
        const Level level = answer == NSIM_RECLAIM_FREED ? LEVEL_MIN : LEVEL_NONE;
        done +=
            place_level(mm, fault->space, fault->page + done, fault->count - done, local, fault->accessor, true, level);
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
nsim_mm_read_ahead(NsimMm *mm, NsimSpaceId space, NsimPage page, NsimTime from_ps)
{
    const uint16_t state = nsim_space_state(mm->spaces[space], page);
    const NsimAccessorId accessor = nsim_mover_setup(mm->mover)->space_accessors[space];
    const NsimNodeId local = mm->machine->order[(size_t)accessor * mm->machine->node_count];
    if (mm->reclaim == NULL || (state & (NSIM_PAGE_SWAPPED | NSIM_PAGE_MOVING)) != NSIM_PAGE_SWAPPED ||
        nsim_reclaim_room(mm->reclaim, space) == 0)
        return false;
    const NsimNodeId node = find_node(mm, state & NSIM_PAGE_NODE, local, accessor, LEVEL_LOW);
    if (node == NSIM_NODE_NONE)
        return false;
    nsim_memory_take(mm->memory, node, 1);
    nsim_reclaim_allocated(mm->reclaim, node, mm->now_ps);
    nsim_reclaim_read_ahead(mm->reclaim, space, page, node, from_ps);
    return true;
}
