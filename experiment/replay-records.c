/* SPDX-License-Identifier: MIT */
/* What a thread reads next: more records, control records, barriers, sleep. Rare; the hot loop is replay.c. */
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
    return (NsimBurstSource){.fill = fill_from_cursor, .context = cursor};
}

void
replay_fail(NsimReplay *replay, GError *error)
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
    replay_fail(replay, g_error_new(NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT,
                                    "thread %u goes on beyond the range of simulated time (106 days)", thread->number));
    return false;
}

void
replay_stop(NsimReplay *replay)
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
void
replay_count_thread(NsimReplay *replay, const Thread *thread, NsimTime now_ps, int change)
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
        replay_stop(replay);
        return false;
    }
    if (!time_is_left(replay, thread, 0))
        return false;
    if (source->fill != NULL && !source->fill(source->context, &source->bursts, &count, &error)) {
        replay_fail(replay, error);
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
        replay_count_thread(replay, thread, thread->base_ps, -1);
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
 * Let `gap_ps` pass, of which nothing but the thread's own computing has passed yet. A long gap is sleep until a timer:
 * as many of them as the thread is late, it sleeps less; when it is later than that it goes on at once and the timer is
 * set anew, so that what it did not get done is not made up for.
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
