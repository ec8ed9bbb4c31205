/* SPDX-License-Identifier: MIT */
/*
 * Hardware sampling in a replay, at no cost to the hot loop: a batch of records is handed to it in pieces that end at
 * the records to be sampled, so that it comes here right after each of them was issued.
 *
 * A countdown is per thread, as perf's per-task events are. Lines that an accessor's cache model serves are not
 * counted. Left out: see mm/sampler.h.
 */
#include <experiment/replay-private.h>

#include <sim/assert.h>

/* A core's interrupt: its buffer goes to the policy, its time to the kernel. */
static void
interrupt(void *context, uint64_t argument)
{
    NsimReplay *replay = context;
    NsimMm *mm = replay->options.mm;
    g_autoptr(GArray) samples = nsim_sampler_take(&mm->sampler, (uint32_t)argument);
    if (samples == NULL)
        return; /* a reader was quicker */
    const NsimAccessorId accessor = g_array_index(samples, NsimSample, 0).accessor;
    const NsimSampling *setting = &mm->sampler.settings[accessor];
    const uint32_t number = (uint32_t)argument - mm->sampler.first[accessor];
    const NsimTime cost_ps = setting->interrupt_ps + samples->len * setting->sample_ps;
    if (replay->options.cpus != NULL)
        (void)nsim_cpus_run(replay->options.cpus, nsim_cpus_find(replay->options.cpus, accessor, number), mm->now_ps,
                            cost_ps);
    else
        replay_steal(replay, accessor, number, cost_ps);
    nsim_mm_samples(mm, (const NsimSample *)(const void *)samples->data, samples->len);
}

/* `burst` of the thread has met the end of its countdown with its line `line`. */
static void
record(NsimReplay *replay, Thread *thread, const NsimBurst *burst, uint32_t line)
{
    NsimSampler *sampler = &replay->options.mm->sampler;
    const NsimTime time_ps = thread->base_ps;
    const NsimSample sample = {.time_ps = time_ps,
                               .page = burst->page,
                               .thread = thread->number,
                               .space = thread->space_id,
                               .accessor = thread->accessor,
                               .node = nsim_space_state(thread->space, burst->page) & NSIM_PAGE_NODE,
                               .line = (uint16_t)line,
                               .write = burst->op != NSIM_OP_READ,
                               .core = (uint16_t)thread->core->number};
    if (!nsim_sampler_record(sampler, thread->core->number, &sample))
        return;
    /* Others may have accesses before this one's time yet: the interrupt waits for its turn. */
    const NsimEvent event = {.time_ps = time_ps,
                             .priority = NSIM_PRIORITY_HARDWARE,
                             .run = interrupt,
                             .context = replay,
                             .argument = sampler->first[thread->accessor] + thread->core->number};
    nsim_event_queue_push(replay->options.events, &event);
    replay->horizon_ps = 0;
}

void
replay_cut(NsimReplay *replay, Thread *thread)
{
    NsimSampler *sampler = &replay->options.mm->sampler;
    thread->end = thread->batch_end;
    thread->sample_due = false;
    if (!sampler->active || thread->cached)
        return;
    if (thread->sample_left == 0)
        thread->sample_left = nsim_sampler_next(sampler, thread->accessor);
    if (thread->sample_left == 0)
        return;
    for (const NsimBurst *burst = thread->next; burst < thread->batch_end; burst++) {
        if (NSIM_OP_IS_CONTROL(burst->op) || !nsim_sampler_counts(sampler, thread->accessor, burst->op != NSIM_OP_READ))
            continue;
        if (burst->count >= thread->sample_left) {
            thread->end = burst + 1;
            thread->sample_due = true;
            return;
        }
        thread->sample_left -= burst->count;
    }
}

bool
replay_sample(NsimReplay *replay, Thread *thread)
{
    if (!thread->sample_due)
        return false;
    const NsimBurst *burst = thread->next - 1;
    uint64_t at = thread->sample_left; /* lines of the burst up to the sampled one */
    do {
        record(replay, thread, burst, burst->line + (uint32_t)at - 1);
        thread->sample_left = nsim_sampler_next(&replay->options.mm->sampler, thread->accessor);
        at += thread->sample_left;
    } while (thread->sample_left > 0 && at <= burst->count);
    if (thread->sample_left > 0)
        thread->sample_left = at - burst->count;
    replay_cut(replay, thread);
    return thread->next < thread->end;
}

void
replay_sample_line(NsimReplay *replay, Thread *thread, const NsimBurst *burst, uint32_t line)
{
    NsimSampler *sampler = &replay->options.mm->sampler;
    if (!sampler->active || !nsim_sampler_counts(sampler, thread->accessor, burst->op != NSIM_OP_READ))
        return;
    if (thread->sample_left == 0)
        thread->sample_left = nsim_sampler_next(sampler, thread->accessor);
    if (thread->sample_left > 0 && --thread->sample_left == 0)
        record(replay, thread, burst, line);
}
