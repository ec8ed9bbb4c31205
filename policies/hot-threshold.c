/* SPDX-License-Identifier: MIT */
/* Hint-fault latency, hot threshold and rate limit; mm and kernel/sched of Linux 6.1 and later. */
#include "policies/hot-threshold.h"

#define MARK_MASK 0xfffu
#define STEPS 16u
#define SECOND_MS 1000u

uint16_t
hot_mark(uint32_t now_ms)
{
    return (uint16_t)(now_ms & MARK_MASK);
}

uint32_t
hot_latency(uint16_t scan_mark, uint32_t now_ms)
{
    return (now_ms - scan_mark) & MARK_MASK;
}

void
hot_adjust(HotTarget *target, uint64_t rate_pages, uint32_t reference_ms, uint32_t period_ms, uint32_t now_ms)
{
    if (now_ms - target->adjusted_ms <= period_ms)
        return;
    const uint64_t expected = rate_pages * period_ms / SECOND_MS;
    const uint64_t found = target->candidates - target->adjusted_candidates;
    const uint32_t unit_ms = reference_ms * 2 / STEPS;
    uint32_t threshold_ms = target->threshold_ms != 0 ? target->threshold_ms : reference_ms;
    if (found > expected * 11 / 10)
        threshold_ms = threshold_ms > 2 * unit_ms ? threshold_ms - unit_ms : unit_ms;
    else if (found < expected * 9 / 10)
        threshold_ms = threshold_ms + unit_ms < reference_ms * 2 ? threshold_ms + unit_ms : reference_ms * 2;
    target->adjusted_ms = now_ms;
    target->adjusted_candidates = target->candidates;
    target->threshold_ms = threshold_ms;
}

bool
hot_limit(HotTarget *target, uint64_t rate_pages, uint64_t pages, uint32_t now_ms)
{
    target->candidates += pages;
    if (now_ms - target->window_ms > SECOND_MS) {
        target->window_ms = now_ms;
        target->window_candidates = target->candidates;
    }
    return target->candidates - target->window_candidates >= rate_pages;
}
