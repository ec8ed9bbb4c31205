/* SPDX-License-Identifier: MIT */
/* Accesses that are not plain: faults, pages on the move or on a disk, copies, TLBs that hide accesses, the cache
 * model. */
#include <experiment/replay-private.h>

#include <mm/huge.h>
#include <models/cache.h>
#include <sim/assert.h>
#include <sim/time.h>
#include <string.h>

/* ---- Pages that are not plainly there ------------------------------------------------------------------------ */

/* The kernel works on the thread's behalf: it may go on `cost` later. */
static void
charge_kernel(Thread *thread, NsimTime t_ps, NsimTime cost_ps)
{
    thread->kernel_ps += cost_ps;
    thread->stall_ps += t_ps - thread->ready_ps;
    thread->base_ps = t_ps + cost_ps;
    thread->gap_ps = 0;
    thread->ready_ps = thread->base_ps;
}

/* From here on the thread waits for the mover. */
static void
block(Thread *thread, NsimTime t_ps, bool faulting)
{
    thread->blocked = true;
    thread->faulting = faulting;
    thread->blocked_since_ps = t_ps;
    thread->ready_ps = NSIM_TIME_MAX;
}

/* The mover lets a thread go on. */
void
replay_wake_thread(void *context, uint32_t number, NsimTime now_ps)
{
    NsimReplay *replay = context;
    Thread *thread = &replay->threads[number];
    const NsimTime waited_ps = now_ps > thread->blocked_since_ps ? now_ps - thread->blocked_since_ps : 0;
    nsim_assert(thread->blocked);
    if (replay->options.mm->reclaim != NULL)
        nsim_reclaim_woken(replay->options.mm->reclaim, number, now_ps);
    *(thread->faulting ? &thread->kernel_ps : &thread->blocked_ps) += waited_ps;
    thread->blocked = false;
    thread->base_ps = MAX(thread->base_ps, now_ps);
    thread->gap_ps = 0;
    thread->ready_ps = thread->base_ps;
    replay_set_key(replay, number, thread->ready_ps);
}

/* Threads that have something to do there go on later. */
void
replay_steal(NsimReplay *replay, NsimAccessorId accessor, uint32_t core, NsimTime ps)
{
    for (uint32_t i = 0; i < replay->options.thread_count; i++) {
        Thread *thread = &replay->threads[i];
        const NsimTime key_ps = replay->tree[replay->leaf_count + i].key_ps;
        if (thread->accessor != accessor || thread->core->number != core || key_ps == NSIM_TIME_MAX)
            continue;
        thread->base_ps += ps;
        thread->ready_ps += ps;
        thread->kernel_ps += ps;
        replay_set_key(replay, i, key_ps + ps);
    }
}

/* Whose fault it is, and when the kernel's own part of it is done. */
static void
enter_fault(NsimReplay *replay, const Thread *thread, NsimTime t_ps, NsimTime cost_ps)
{
    NsimMm *mm = replay->options.mm;
    mm->now_ps = t_ps;
    mm->fault_thread = (uint32_t)(thread - replay->threads);
    mm->fault_accessor = thread->accessor;
    mm->fault_core = replay->options.cpus == NULL
                         ? NSIM_CORE_NONE
                         : nsim_cpus_find(replay->options.cpus, thread->accessor, thread->core->number);
    mm->fault_done_ps = t_ps + cost_ps;
    mm->fault_reclaim_ps = 0;
}

/* The thread has paid for the fault; it may have to wait now, `faulting` as kernel work. */
static void
leave_fault(NsimReplay *replay, Thread *thread, NsimTime t_ps, NsimTime cost_ps, bool faulting)
{
    NsimMm *mm = replay->options.mm;
    mm->fault_thread = NSIM_THREAD_NONE;
    charge_kernel(thread, t_ps, cost_ps + mm->fault_reclaim_ps);
    if (faulting && nsim_mm_waits(mm, (uint32_t)(thread - replay->threads)))
        block(thread, thread->base_ps, true);
    replay->horizon_ps = 0; /* the policy may have set a timer, or something moves */
}

void
replay_steal_time(void *context, NsimAccessorId accessor, uint32_t core, NsimTime ps)
{
    replay_steal(context, accessor, core, ps);
}

/* The kernel's own time for it is `cost_ps`; what the policy moves in the fault comes after that. */
static void
raise_fault(NsimReplay *replay, Thread *thread, NsimTime t_ps, NsimFaultKind kind, bool write, NsimPage first,
            uint32_t count, NsimTime cost_ps)
{
    NsimMm *mm = replay->options.mm;
    const NsimFault fault = {.time_ps = t_ps,
                             .page = first,
                             .count = count,
                             .space = thread->space_id,
                             .accessor = thread->accessor,
                             .kind = (uint16_t)kind,
                             .write = write,
                             .thread = thread->number};
    mm->vmstat.pgfault++;
    enter_fault(replay, thread, t_ps, cost_ps);
    if (!nsim_mm_fault(mm, &fault, 1))
        replay_stop(replay);
    leave_fault(replay, thread, t_ps, cost_ps, true);
}

/* The page has no memory yet. After direct reclaim the same fault goes on: it is counted and paid for once. */
static void
touch_first(NsimReplay *replay, Thread *thread, NsimTime t_ps, const NsimBurst *burst)
{
    const NsimAccessor *accessor = &replay->options.machine->accessors[thread->accessor];
    NsimPage first;
    uint32_t count;
    nsim_huge_fault(replay->options.mm, thread->space_id, burst->page, thread->accessor, &first, &count);
    /* A third of a minor fault is clearing its page (about 0.25 of 0.75 us); larger units clear more pages. */
    const NsimTime cost_ps = accessor->fault_minor_ps + (count - 1) * (accessor->fault_minor_ps / 3);
    const bool again = thread->refault == (NsimPage)burst->page + 1;
    replay->options.mm->vmstat.pgfault -= again;
    raise_fault(replay, thread, t_ps, NSIM_FAULT_FIRST_TOUCH, burst->op != NSIM_OP_READ, first, count,
                again ? 0 : cost_ps);
    nsim_huge_faulted(replay->options.mm, thread->space_id, first, count);
    thread->refault =
        (nsim_space_state(thread->space, burst->page) & NSIM_PAGE_ABSENT) != 0 ? (NsimPage)burst->page + 1 : 0;
}

/* The page is on a disk: find memory, read it, wait. */
static void
bring_in(NsimReplay *replay, Thread *thread, NsimTime t_ps, NsimPage page)
{
    NsimMm *mm = replay->options.mm;
    const NsimReclaimConfig *config = nsim_reclaim_config(mm->reclaim);
    const bool again = thread->refault == page + 1;
    const NsimTime cost_ps = again ? 0 : config->swap_fault_ps + config->swap_io_ps;
    mm->vmstat.pgfault += !again;
    enter_fault(replay, thread, t_ps, cost_ps);
    if (!nsim_mm_page_in(mm, thread->space_id, page))
        replay_stop(replay);
    const bool coming = (nsim_space_state(thread->space, page) & NSIM_PAGE_MOVING) != 0;
    thread->refault = coming ? 0 : page + 1;
    leave_fault(replay, thread, t_ps, cost_ps, !coming);
    /* The transfer wakes the thread. */
    if (coming)
        block(thread, thread->base_ps, false);
}

/*
 * The walk of the page table sets the bits. Where the TLB holds the translation there is none, as nobody flushes it
 * when a monitor clears the accessed bit; but a first write walks.
 */
uint16_t
replay_walked(const Thread *thread, NsimPage page, uint16_t state, uint16_t touched)
{
    const bool first_write = (touched & ~state & NSIM_PAGE_DIRTY) != 0;
    return first_write || !nsim_tlb_holds(thread->core->tlb, replay_translation(thread, page)) ? touched : 0;
}

NsimNodeId
replay_slow_page(NsimReplay *replay, Thread *thread, const NsimBurst *burst, NsimTime t_ps, uint16_t state)
{
    const uint16_t remapped = NSIM_PAGE_MOVING | NSIM_PAGE_ABSENT | NSIM_PAGE_SWAPPED | NSIM_PAGE_ARMED;
    if (thread->core->tlb != NULL && (state & remapped) != 0)
        nsim_tlb_drop(thread->core->tlb, replay_translation(thread, burst->page));
    NsimSpace *space = thread->space;
    const NsimMachine *machine = replay->options.machine;
    const NsimAccessor *accessor = &machine->accessors[thread->accessor];
    const bool write = burst->op != NSIM_OP_READ;

    if ((state & NSIM_PAGE_MOVING) != 0) {
        thread->stall_ps += t_ps - thread->ready_ps;
        thread->base_ps = t_ps;
        thread->gap_ps = 0;
        nsim_mover_block(replay->options.mm->mover, thread->space_id, burst->page, (uint32_t)(thread - replay->threads),
                         t_ps);
        block(thread, t_ps, false);
        return NSIM_NODE_NONE;
    }
    if ((state & NSIM_PAGE_ABSENT) != 0) {
        touch_first(replay, thread, t_ps, burst);
        return NSIM_NODE_NONE;
    }
    if ((state & NSIM_PAGE_SWAPPED) != 0) {
        bring_in(replay, thread, t_ps, burst->page);
        return NSIM_NODE_NONE;
    }
    if ((state & NSIM_PAGE_ARMED) != 0) {
        (void)nsim_space_arm(space, burst->page, 1, false);
        replay->options.mm->vmstat.numa_hint_faults++;
        raise_fault(replay, thread, t_ps, NSIM_FAULT_HINT, write, burst->page, 1, accessor->fault_hint_ps);
        return NSIM_NODE_NONE;
    }
    if (write)
        (void)nsim_space_drop_copies(space, burst->page);
    const uint16_t touched = write ? NSIM_PAGE_ACCESSED | NSIM_PAGE_DIRTY : NSIM_PAGE_ACCESSED;
    nsim_space_set_state(space, burst->page, (uint16_t)(nsim_space_state(space, burst->page) | touched));
    return nsim_space_nearest(space, burst->page, &machine->order[(size_t)thread->accessor * machine->node_count],
                              machine->node_count);
}

/* ---- The cache model ----------------------------------------------------------------------------------------- */

/* A dirty line leaves the cache: posted, it takes the route's resources but nobody waits for it. */
static void
write_back(NsimReplay *replay, NsimSpaceId space_id, NsimAccessorId accessor, NsimPage page, NsimTime t_ps)
{
    const uint16_t state = nsim_space_state(replay->options.mm->spaces[space_id], page);
    if ((state & (NSIM_PAGE_ABSENT | NSIM_PAGE_SWAPPED)) != 0)
        return;
    NsimFabricRoute *route =
        nsim_fabric_route(replay->options.fabric, accessor, state & NSIM_PAGE_NODE, NSIM_DIR_WRITE);
    (void)nsim_fabric_reserve(replay->servers, route, NSIM_HOPS_MAX, true, t_ps, 1);
    route->lines++;
}

/* A line that was in the cache: no memory, no window slot. */
static void
hit_cache(NsimReplay *replay, Thread *thread, NsimTime t_ps)
{
    const NsimTime hit_ps = replay->options.machine->accessors[thread->accessor].cache_latency_ps;
    nsim_histogram_record(&replay->stats.latency, hit_ps, 1);
    thread->hit_count++;
    thread->stall_ps += t_ps - thread->ready_ps;
    thread->last_done_ps = t_ps + hit_ps;
    thread->done_ps = MAX(thread->done_ps, thread->last_done_ps);
    thread->base_ps = t_ps;
}

bool
replay_issue_cached(NsimReplay *replay, Thread *thread, NsimTime t_ps)
{
    const NsimBurst *burst = thread->next;
    const NsimSpace *space = thread->space;
    const unsigned line_shift = space->page_shift - NSIM_LINE_SHIFT;
    const uint16_t state = nsim_space_state(space, burst->page);

    if ((state & (NSIM_PAGE_SLOW & ~NSIM_PAGE_COPIED)) != 0) {
        (void)replay_slow_page(replay, thread, burst, t_ps, state);
        return false;
    }
    const uint64_t line = (uint64_t)burst->page << line_shift | (burst->line + thread->issued);
    const NsimCacheOutcome outcome = nsim_cache_access(
        replay->caches[thread->accessor], (uint64_t)thread->space_id << 48 | line, burst->op != NSIM_OP_READ);
    if (outcome.hit) {
        hit_cache(replay, thread, t_ps);
    } else {
        if (outcome.wrote_back)
            write_back(replay, (NsimSpaceId)(outcome.victim_line >> 48), thread->accessor,
                       (outcome.victim_line & (((uint64_t)1 << 48) - 1)) >> line_shift, t_ps);
        /* A store that misses fetches the line for ownership; its write-back comes when the line is evicted. */
        NsimBurst fill = *burst;
        fill.op = burst->op == NSIM_OP_WRITE ? NSIM_OP_RFO : burst->op;
        (void)replay_issue_line(replay, thread, &fill, t_ps);
        replay_sample_line(replay, thread, &fill, burst->line + thread->issued);
    }
    thread->issued++;
    thread->gap_ps = (burst->step * thread->gap_mult) >> 20;
    thread->ready_ps = thread->base_ps + thread->gap_ps;
    return true;
}
