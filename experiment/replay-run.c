/* SPDX-License-Identifier: MIT */
/* A run around the hot loop: threads as policies see them, due events, the final sums. */
#include <experiment/replay-private.h>

#include <models/cache.h>
#include <sim/assert.h>
#include <sim/time.h>
#include <string.h>

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

void
replay_tell_task(const void *context, uint32_t task, NsimTime now_ps, NsimTaskInfo *ret)
{
    const NsimReplay *replay = context;
    const Thread *thread = &replay->threads[task];
    const NsimTime key_ps = replay->tree[replay->leaf_count + task].key_ps;
    *ret = (NsimTaskInfo){.thread = thread->number,
                          .space = thread->space_id,
                          .accessor = thread->accessor,
                          .core = thread->core->number,
                          .start_ps = replay->options.threads[task].start_ps,
                          .cpu_ps = cpu_time(thread, now_ps),
                          .ended = thread->ended,
                          .runnable = !thread->ended && key_ps != NSIM_TIME_MAX && now_ps >= thread->start_ps};
}

uint64_t
replay_tell_records(const void *context, uint32_t task)
{
    const Thread *thread = &((const NsimReplay *)context)->threads[task];
    return thread->burst_count - (uint64_t)(thread->batch_end - thread->next);
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
                               "thread %u waits at a barrier that other threads of its trace never reach",
                               thread->number);
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
 * Run what is due up to `due_ps`, before which no access comes. An event may wake a thread that comes earlier: then the
 * rest waits for it.
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
            replay_fail(replay, deadlock_error(replay));
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
        const NsimEvent event = {.time_ps = options->warmup_ps,
                                 .priority = NSIM_PRIORITY_REPORT,
                                 .run = begin_statistics,
                                 .context = replay};
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
    nsim_space_audit((const NsimSpace *const *)options->mm->spaces, options->mm->space_count, options->mm->memory,
                     NULL);
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
