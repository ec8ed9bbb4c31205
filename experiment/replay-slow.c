/* SPDX-License-Identifier: MIT */
/* What a replay does rarely: set-up, control records, faults, due events, the cache model, the final sums. */
#include <experiment/replay-private.h>

#include <models/cache.h>
#include <sim/assert.h>
#include <sim/time.h>
#include <string.h>

/* ---- More records -------------------------------------------------------------------------------------------- */

static bool
fill_from_cursor(void *context, const NsimBurst **ret_bursts, uint32_t *ret_count, GError **error)
{
    NsimTraceCursor *cursor = context;
    cursor->next = cursor->filled;
    if (!nsim_trace_cursor_fill(cursor, error))
        return false;
    *ret_bursts = cursor->bursts + cursor->next;
    *ret_count = cursor->filled - cursor->next;
    return true;
}

NsimBurstSource
nsim_burst_source_of_cursor(NsimTraceCursor *cursor)
{
    return (NsimBurstSource){ .fill = fill_from_cursor, .context = cursor };
}

static void
fail(NsimReplay *replay, GError *error)
{
    replay->stop = true;
    replay->horizon_ps = 0;
    if (replay->error == NULL)
        replay->error = error;
    else
        g_error_free(error);
}

/* Half the range: whatever is added to a time below this before the next check still fits. */
#define TIME_LIMIT_PS (NSIM_TIME_MAX / 2)

/* False, and the run fails, when a thread's time goes on for too long. */
static bool
time_is_left(NsimReplay *replay, const Thread *thread, NsimTime more_ps)
{
    if (thread->base_ps <= TIME_LIMIT_PS && more_ps <= TIME_LIMIT_PS - thread->base_ps)
        return true;
    fail(replay, g_error_new(NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT,
                             "thread %u goes on beyond the range of simulated time (106 days)", thread->number));
    return false;
}

static void
stop(NsimReplay *replay)
{
    replay->stop = true;
    replay->horizon_ps = 0;
}

/* Fetch the page state of a batch before it is needed: the loads overlap with each other instead of with nothing. */
static void
prefetch_states(const Thread *thread)
{
    const NsimSpace *space = thread->space;
    for (const NsimBurst *burst = thread->next; burst < thread->end; burst++) {
        __builtin_prefetch(&space->states[burst->page], 1);
        __builtin_prefetch(&space->heads[burst->page >> space->frame_page_shift]);
    }
}

/* A thread comes or goes, as far as memory pressure is concerned. */
static void
count_thread(NsimReplay *replay, const Thread *thread, NsimTime now_ps, int change)
{
    NsimReclaim *reclaim = replay->options.mm->reclaim;
    if (reclaim != NULL)
        nsim_pressure_tasks(nsim_reclaim_pressure(reclaim),
                            nsim_lru_group_of(nsim_reclaim_lru(reclaim), thread->space_id), now_ps, change);
}

bool
replay_refill(NsimReplay *replay, Thread *thread)
{
    NsimBurstSource *source = &thread->source;
    GError *error = NULL;
    uint32_t count = 0;

    if (replay_sample(replay, thread))
        return true;
    if (g_cancellable_is_cancelled(replay->options.cancel)) {
        replay->stats.complete = false;
        stop(replay);
        return false;
    }
    if (!time_is_left(replay, thread, 0))
        return false;
    if (source->fill != NULL && !source->fill(source->context, &source->bursts, &count, &error)) {
        fail(replay, error);
        return false;
    }
    thread->next = source->bursts;
    thread->end = thread->batch_end = source->bursts + count;
    thread->burst_count += count;
    if (replay->options.progress_lines != NULL) {
        uint64_t lines = 0;
        for (uint32_t i = 0; i < count; i++)
            lines += NSIM_OP_IS_CONTROL(source->bursts[i].op) ? 0 : source->bursts[i].count;
        __atomic_fetch_add(replay->options.progress_lines, lines, __ATOMIC_RELAXED);
    }
    if (count == 0) {
        thread->ended = true;
        count_thread(replay, thread, thread->base_ps, -1);
        thread->done_ps = MAX(thread->done_ps, thread->base_ps);
        replay->running--;
        return false;
    }
    prefetch_states(thread);
    replay_cut(replay, thread);
    return true;
}

/* ---- Control records ----------------------------------------------------------------------------------------- */

static void
pass_mark(NsimReplay *replay, Thread *thread, uint32_t mark)
{
    NsimReplayOperation *const *operations = replay->operations[thread->workload];
    const NsimTime now_ps = MAX(thread->base_ps, thread->done_ps);
    if (operations[mark] == NULL)
        return;
    if (thread->mark != UINT32_MAX && thread->mark_ps >= replay->stats.begin_ps)
        nsim_histogram_record(&operations[thread->mark]->times, now_ps - thread->mark_ps, 1);
    thread->mark = mark;
    thread->mark_ps = now_ps;
}

/* A thread arrives when it has computed that far and its loads have come back. The last one releases all. */
static bool
reach_barrier(NsimReplay *replay, Thread *thread, uint32_t group)
{
    Barrier *barrier = &replay->barriers[thread->workload][group];
    const NsimTime arrival_ps = MAX(thread->base_ps, thread->done_ps);

    barrier->latest_ps = MAX(barrier->latest_ps, arrival_ps);
    if (barrier->arrived + 1 < barrier->members) {
        barrier->waiting[barrier->arrived] = (uint32_t)(thread - replay->threads);
        barrier->arrival_ps[barrier->arrived++] = arrival_ps;
        return false;
    }
    for (uint32_t i = 0; i < barrier->arrived; i++) {
        Thread *waiter = &replay->threads[barrier->waiting[i]];
        waiter->barrier_ps += barrier->latest_ps - barrier->arrival_ps[i];
        waiter->base_ps = barrier->latest_ps;
        /* A lower bound of its next issue: the loop takes its next record then. */
        replay_set_key(replay, barrier->waiting[i], barrier->latest_ps);
    }
    thread->barrier_ps += barrier->latest_ps - arrival_ps;
    thread->base_ps = barrier->latest_ps;
    barrier->arrived = 0;
    barrier->latest_ps = 0;
    return true;
}

/*
 * Let `gap_ps` pass, of which nothing but the thread's own computing has passed yet. A long gap is sleep until a timer: as
 * many of them as the thread is late, it sleeps less; when it is later than that it goes on at once and the timer is set anew,
 * so that what it did not get done is not made up for.
 */
static void
pass_gap(Thread *thread, NsimTime gap_ps)
{
    if (thread->sleep_ps == NSIM_TIME_MAX) {
        thread->base_ps += gap_ps;
        return;
    }
    thread->planned_ps += gap_ps;
    if (gap_ps < thread->sleep_ps) {
        thread->base_ps += gap_ps;
        return;
    }
    const NsimTime wake_ps = MAX(thread->base_ps, thread->planned_ps);
    thread->idle_ps += wake_ps - thread->base_ps;
    thread->base_ps = thread->planned_ps = wake_ps;
}

void
replay_pace(Thread *thread)
{
    const NsimBurst *burst = thread->next;
    const NsimTime gap_ps = thread->gap_ps;
    if (gap_ps >= thread->sleep_ps) {
        pass_gap(thread, gap_ps);
        thread->gap_ps = 0;
        thread->ready_ps = thread->base_ps;
    } else {
        thread->planned_ps += gap_ps;
    }
    thread->planned_ps += (((uint64_t)burst->step * thread->gap_mult) >> 20) * (burst->count - 1u);
}

bool
replay_control(NsimReplay *replay, Thread *thread, const NsimBurst *burst)
{
    const NsimReplayWorkload *workload = &replay->options.workloads[thread->workload];
    NsimTime gap_ps = (burst->gap * thread->gap_mult) >> 16;
    if (burst->op == NSIM_OP_PAUSE) {
        const unsigned __int128 pause_ps = ((unsigned __int128)burst->page * thread->gap_mult) << 16;
        gap_ps = nsim_time_add_saturated(gap_ps, pause_ps > NSIM_TIME_MAX ? NSIM_TIME_MAX : (NsimTime)pause_ps);
    }
    if (!time_is_left(replay, thread, gap_ps))
        return false;
    pass_gap(thread, gap_ps);
    if (burst->op == NSIM_OP_BARRIER && burst->page < workload->barrier_count)
        return reach_barrier(replay, thread, burst->page);
    if (burst->op == NSIM_OP_MARK && burst->page < workload->mark_count)
        pass_mark(replay, thread, burst->page);
    return true;
}

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
static void
wake_thread(void *context, uint32_t number, NsimTime now_ps)
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

static void
steal_time(void *context, NsimAccessorId accessor, uint32_t core, NsimTime ps)
{
    replay_steal(context, accessor, core, ps);
}

/* The kernel's own time for it is `cost_ps`; what the policy moves in the fault comes after that. */
static void
raise_fault(NsimReplay *replay, Thread *thread, NsimTime t_ps, NsimFaultKind kind, bool write, NsimPage first,
            uint32_t count, NsimTime cost_ps)
{
    NsimMm *mm = replay->options.mm;
    const NsimFault fault = { .time_ps = t_ps,
                              .page = first,
                              .count = count,
                              .space = thread->space_id,
                              .accessor = thread->accessor,
                              .kind = (uint16_t)kind,
                              .write = write,
                              .thread = thread->number };
    mm->vmstat.pgfault++;
    enter_fault(replay, thread, t_ps, cost_ps);
    if (!nsim_mm_fault(mm, &fault, 1))
        stop(replay);
    leave_fault(replay, thread, t_ps, cost_ps, true);
}

/* The page has no memory yet. After direct reclaim the same fault goes on: it is counted and paid for once. */
static void
touch_first(NsimReplay *replay, Thread *thread, NsimTime t_ps, const NsimBurst *burst)
{
    const NsimAccessor *accessor = &replay->options.machine->accessors[thread->accessor];
    NsimPage first;
    uint32_t count;
    nsim_space_unit_of(thread->space, burst->page, &first, &count);
    /* A third of a minor fault is clearing its page (about 0.25 of 0.75 us); larger units clear more pages. */
    const NsimTime cost_ps = accessor->fault_minor_ps + (count - 1) * (accessor->fault_minor_ps / 3);
    const bool again = thread->refault == (NsimPage)burst->page + 1;
    replay->options.mm->vmstat.pgfault -= again;
    raise_fault(replay, thread, t_ps, NSIM_FAULT_FIRST_TOUCH, burst->op != NSIM_OP_READ, first, count,
                again ? 0 : cost_ps);
    thread->refault = (nsim_space_state(thread->space, burst->page) & NSIM_PAGE_ABSENT) != 0 ? (NsimPage)burst->page + 1 : 0;
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
        stop(replay);
    const bool coming = (nsim_space_state(thread->space, page) & NSIM_PAGE_MOVING) != 0;
    thread->refault = coming ? 0 : page + 1;
    leave_fault(replay, thread, t_ps, cost_ps, !coming);
    /* The transfer wakes the thread. */
    if (coming)
        block(thread, thread->base_ps, false);
}

/*
 * The walk of the page table sets the bits. Where the TLB holds the translation there is none, as nobody flushes it when a
 * monitor clears the accessed bit; but a first write walks.
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
    const NsimCacheOutcome outcome = nsim_cache_access(replay->caches[thread->accessor],
                                                       (uint64_t)thread->space_id << 48 | line,
                                                       burst->op != NSIM_OP_READ);
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

/* ---- What policies know of threads ---------------------------------------------------------------------------- */

/* How far the thread has got at `now_ps`, or later when it is ahead: what it does until then is decided. */
static NsimTime
reached(const Thread *thread, NsimTime now_ps)
{
    NsimTime until_ps = thread->base_ps;
    if (thread->blocked && thread->faulting)
        until_ps = MAX(until_ps, now_ps);
    else if (!thread->blocked && thread->begun)
        until_ps = MAX(until_ps, MIN(now_ps, thread->ready_ps));
    return until_ps;
}

/* CPU time: all but sleep, barriers and waiting for pages that others move. */
static NsimTime
cpu_time(const Thread *thread, NsimTime now_ps)
{
    const NsimTime until_ps = reached(thread, now_ps);
    const NsimTime whole_ps = until_ps > thread->cpu_from_ps ? until_ps - thread->cpu_from_ps : 0;
    const NsimTime off_ps = thread->idle_ps + thread->barrier_ps + thread->blocked_ps;
    return thread->cpu_before_ps + (whole_ps > off_ps ? whole_ps - off_ps : 0);
}

static void
tell_task(const void *context, uint32_t task, NsimTime now_ps, NsimTaskInfo *ret)
{
    const NsimReplay *replay = context;
    const Thread *thread = &replay->threads[task];
    const NsimTime key_ps = replay->tree[replay->leaf_count + task].key_ps;
    *ret = (NsimTaskInfo){ .thread = thread->number,
                           .space = thread->space_id,
                           .accessor = thread->accessor,
                           .core = thread->core->number,
                           .start_ps = replay->options.threads[task].start_ps,
                           .cpu_ps = cpu_time(thread, now_ps),
                           .ended = thread->ended,
                           .runnable = !thread->ended && key_ps != NSIM_TIME_MAX && now_ps >= thread->start_ps };
}

/* ---- Events -------------------------------------------------------------------------------------------------- */

static void
begin_statistics(void *context, uint64_t argument)
{
    NsimReplay *replay = context;
    (void)argument;
    replay->stats.begin_ps = replay->options.warmup_ps;
    nsim_histogram_clear(&replay->stats.latency);
    nsim_fabric_forget(replay->options.fabric);
    if (replay->options.mm->mover != NULL)
        nsim_mover_forget(replay->options.mm->mover);
    if (replay->options.mm->reclaim != NULL)
        nsim_reclaim_forget(replay->options.mm->reclaim, replay->options.warmup_ps);
    for (uint32_t i = 0; i < replay->options.thread_count; i++) {
        Thread *thread = &replay->threads[i];
        thread->cpu_before_ps = cpu_time(thread, replay->options.warmup_ps);
        thread->cpu_from_ps = reached(thread, replay->options.warmup_ps);
        thread->idle_ps = 0;
        thread->stall_ps = thread->kernel_ps = thread->barrier_ps = thread->blocked_ps = 0;
        thread->start_ps = MAX(thread->start_ps, replay->options.warmup_ps);
        thread->burst_count = (uint64_t)(thread->batch_end - thread->next);
        thread->hit_count = 0;
    }
}

static GError *
deadlock_error(const NsimReplay *replay)
{
    for (uint32_t i = 0; i < replay->options.thread_count; i++) {
        const Thread *thread = &replay->threads[i];
        if (!thread->ended)
            return g_error_new(NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT,
                               "thread %u waits at a barrier that other threads of its trace never reach", thread->number);
    }
    return g_error_new(NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT, "threads wait for each other for ever");
}

/* Does some thread wait for the mover, which is going to wake it? */
static bool
any_blocked(const NsimReplay *replay)
{
    for (uint32_t i = 0; i < replay->options.thread_count; i++) {
        if (replay->threads[i].blocked)
            return nsim_event_queue_next_time(replay->options.events) != NSIM_TIME_MAX;
    }
    return false;
}

/*
 * Run what is due up to `due_ps`, before which no access comes. An event may wake a thread that comes earlier: then the rest
 * waits for it.
 */
static void
run_events(NsimReplay *replay, NsimTime due_ps)
{
    const NsimReplayOptions *options = &replay->options;
    NsimMover *mover = options->mm->mover;
    for (;;) {
        const NsimTime first_ps = replay->tree[1].key_ps;
        const NsimTime next_ps = nsim_event_queue_next_time(options->events);
        if (next_ps > MIN(due_ps, first_ps) || next_ps == NSIM_TIME_MAX)
            return;
        if (next_ps >= options->fabric->roll_ps)
            nsim_fabric_roll(options->fabric, next_ps);
        if (mover != NULL)
            nsim_mover_set_ahead(mover, MIN(MIN(due_ps, first_ps), options->fabric->roll_ps));
        options->mm->now_ps = next_ps;
        (void)nsim_event_queue_run(options->events, next_ps);
    }
}

void
replay_service(NsimReplay *replay, NsimTime t_ps)
{
    const NsimReplayOptions *options = &replay->options;
    if (replay->stop)
        return;
    if (t_ps == NSIM_TIME_MAX && !any_blocked(replay)) {
        if (replay->running > 0)
            fail(replay, deadlock_error(replay));
        replay->stop = true;
        return;
    }
    /* All that can go on waits for the mover: what it does next decides when. */
    if (t_ps == NSIM_TIME_MAX)
        t_ps = nsim_event_queue_next_time(options->events);
    const NsimTime due_ps = MIN(t_ps, options->until_ps);
    run_events(replay, due_ps);
    if (due_ps >= options->fabric->roll_ps && replay->tree[1].key_ps >= due_ps)
        nsim_fabric_roll(options->fabric, due_ps);
    replay->horizon_ps =
        MIN(MIN(options->until_ps, options->fabric->roll_ps), nsim_event_queue_next_time(options->events));
    if (t_ps >= options->until_ps || options->mm->failure != NULL)
        replay->stop = true;
}

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
        core->lanes[i] = (Lane){ 0 };
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
        fail(replay, g_error_new(G_IO_ERROR, G_IO_ERROR_FAILED,
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
    core->lanes[index] = (Lane){ .ring = g_new0(Piece, core->ring_mask + 1), .mask = core->ring_mask };
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
        count_thread(replay, thread, 0, 1);
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
    options->cpus->steal = steal_time;
    options->cpus->steal_context = replay;
    nsim_mover_listen_wake(mover, wake_thread, replay);
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
    options->mm->tasks = (NsimTasks){ .count = options->thread_count, .info = tell_task, .context = replay };
    return replay;
}

void
nsim_replay_free(NsimReplay *replay)
{
    if (replay == NULL)
        return;
    replay->options.mm->tasks = (NsimTasks){ 0 };
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

/* ---- Running -------------------------------------------------------------------------------------------------- */

/* What is left of a thread's time when it neither waited nor was in the kernel. The wait for its last accesses is its
 * own, too. */
static NsimTime
compute_time(const Thread *thread, NsimTime end_ps)
{
    const NsimTime elsewhere_ps =
        thread->stall_ps + thread->kernel_ps + thread->barrier_ps + thread->blocked_ps + thread->idle_ps;
    const NsimTime whole_ps = end_ps > thread->start_ps ? end_ps - thread->start_ps : 0;
    return whole_ps > elsewhere_ps ? whole_ps - elsewhere_ps : 0;
}

static void
sum_up(NsimReplay *replay)
{
    NsimReplayStats *stats = &replay->stats;
    const NsimMachine *machine = replay->options.machine;
    stats->end_ps = stats->begin_ps;
    for (uint32_t i = 0; i < replay->options.thread_count; i++) {
        const Thread *thread = &replay->threads[i];
        NsimReplayAccessor *accessor = &stats->accessors[thread->accessor];
        const NsimTime end_ps = MIN(MAX(thread->done_ps, thread->base_ps), replay->options.until_ps);
        accessor->end_ps = MAX(accessor->end_ps, end_ps);
        accessor->stall_ps += thread->stall_ps;
        accessor->kernel_ps += thread->kernel_ps;
        accessor->barrier_ps += thread->barrier_ps;
        accessor->blocked_ps += thread->blocked_ps;
        accessor->idle_ps += thread->idle_ps;
        accessor->compute_ps += compute_time(thread, end_ps);
        accessor->access_count += thread->hit_count;
        accessor->thread_count++;
        stats->burst_count += thread->burst_count - (uint64_t)(thread->batch_end - thread->next);
        stats->end_ps = MAX(stats->end_ps, end_ps);
    }
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        for (uint32_t n = 0; n < machine->node_count; n++) {
            for (int dir = 0; dir < NSIM_DIRS; dir++)
                stats->accessors[a].access_count +=
                    nsim_fabric_lines(replay->options.fabric, (NsimAccessorId)a, (NsimNodeId)n, (NsimDir)dir);
        }
    }
    stats->access_count = stats->latency.count;
}

bool
nsim_replay_run(NsimReplay *replay, GError **error)
{
    const NsimReplayOptions *options = &replay->options;
    if (options->warmup_ps > 0) {
        const NsimEvent event = {
            .time_ps = options->warmup_ps, .priority = NSIM_PRIORITY_REPORT, .run = begin_statistics, .context = replay
        };
        nsim_event_queue_push(options->events, &event);
    }
    if (options->thread_count > 0)
        replay_loop(replay);
    if (options->mm->mover != NULL)
        nsim_mover_stop(options->mm->mover);
    if (options->mm->reclaim != NULL)
        nsim_reclaim_stop(options->mm->reclaim);
    sum_up(replay);
    if (replay->error != NULL) {
        g_propagate_error(error, g_steal_pointer(&replay->error));
        return false;
    }
    if (options->mm->failure != NULL) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, options->mm->failure);
        return false;
    }
#ifdef NSIM_AUDITS
    nsim_space_audit((const NsimSpace *const *)options->mm->spaces, options->mm->space_count, options->mm->memory, NULL);
#endif
    return true;
}

const NsimReplayStats *
nsim_replay_stats(const NsimReplay *replay)
{
    return &replay->stats;
}

void
nsim_replay_peek(const NsimReplay *replay, uint64_t *ret_access_count, uint64_t *ret_latency_sum_ps)
{
    *ret_access_count = replay->stats.latency.count;
    *ret_latency_sum_ps = replay->stats.latency.sum_low;
}
