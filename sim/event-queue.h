/* SPDX-License-Identifier: MIT */
/*
 * The event queue: pending events in the order (time, priority, sequence). Sequence numbers are given at insertion, so
 * events of the same time and priority run in the order they were scheduled, on every machine.
 */
#pragma once

#include <numasim/types.h>

typedef struct _NsimEventQueue NsimEventQueue;

/* What to do, and for what. */
typedef void (*NsimEventFunc)(void *context, uint64_t argument);

typedef struct {
    NsimTime time_ps;
    uint8_t priority; /* lower runs first */
    NsimEventFunc run;
    void *context;
    uint64_t argument;
} NsimEvent;

/* Events of one time run in this order. */
enum {
    NSIM_PRIORITY_HARDWARE = 0, /* completions, links, engines */
    NSIM_PRIORITY_KERNEL = 64,  /* mechanisms */
    NSIM_PRIORITY_POLICY = 128, /* policy timers */
    NSIM_PRIORITY_REPORT = 192  /* timeline, progress */
};

NsimEventQueue *nsim_event_queue_new(void);
void nsim_event_queue_free(NsimEventQueue *queue);
/* Schedule; the time must not be before the last event run. Returns the sequence number, a handle for cancel. */
uint64_t nsim_event_queue_push(NsimEventQueue *queue, const NsimEvent *event);
/* Forget a pending event. False when it has run or was cancelled. O(pending) in the worst case: not for hot paths. */
bool nsim_event_queue_cancel(NsimEventQueue *queue, uint64_t sequence);
/* Time of the next event, NSIM_TIME_MAX when none. */
NsimTime nsim_event_queue_next_time(const NsimEventQueue *queue);
/* Take the next event. False when none. */
bool nsim_event_queue_pop(NsimEventQueue *queue, NsimEvent *ret_event);
/* Run every event due at or before `until_ps`, those scheduled meanwhile included. Returns how many ran. */
uint64_t nsim_event_queue_run(NsimEventQueue *queue, NsimTime until_ps);
uint64_t nsim_event_queue_count(const NsimEventQueue *queue);
