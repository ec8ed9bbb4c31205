/* SPDX-License-Identifier: MIT */
/*
 * Which pages of slow memory are hot, as kernel/sched/fair.c judges them since Linux 6.1: by the time from a scan that
 * armed a page to the access that faulted, under a threshold that follows how many pages pass it. Times are
 * milliseconds in 32 bits, as in the kernel.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What a target node remembers. All zero to begin with. */
typedef struct {
    uint64_t candidates;   /* pages found hot so far */
    uint32_t threshold_ms; /* 0: the configured one */
    uint32_t adjusted_ms;  /* when the threshold was last looked at */
    uint64_t adjusted_candidates;
    uint32_t window_ms; /* when the present second of the rate limit began */
    uint64_t window_candidates;
} HotTarget;

/*
 * The time from the scan to the fault. Pages have 12 bits for the time of the scan, so that it wraps at 4096 ms: a page
 * that was touched 4.1 s after its scan looks as if it had been touched at once.
 */
uint32_t hot_latency(uint16_t scan_mark, uint32_t now_ms);
/* What a scan leaves at a page. */
uint16_t hot_mark(uint32_t now_ms);

/*
 * Once more than `period_ms` have passed since the last time: when more than 110 % of what the limit would let through
 * (`rate_pages` a second) were candidates, lower the threshold by an eighth of `reference_ms`, to that at least; when
 * less than 90 % were, raise it by as much, to twice the reference at most.
 */
void hot_adjust(HotTarget *target, uint64_t rate_pages, uint32_t reference_ms, uint32_t period_ms, uint32_t now_ms);

/* Count `pages` as candidates. True: there were enough of them already in this second. */
bool hot_limit(HotTarget *target, uint64_t rate_pages, uint64_t pages, uint32_t now_ms);
