/* SPDX-License-Identifier: MIT */
/*
 * The event queue against a plain binary heap of whole events, with dispatch: take the earliest event, call it, and the
 * call pushes one more (the hold model of Jones, "An empirical comparison of priority-queue and event-set
 * implementations", CACM 29(4), 1986).
 *
 * Rounds of the two alternate and the best of each counts, so that the ratio holds on a busy machine. Both must run the
 * same events in the same order; the benchmark fails when they do not.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <glib.h>

#include <sim/event-queue.h>
#include <sim/random.h>

#define ROUNDS 5u
#define HOLDS 1000000u
/* Delays are drawn beforehand: a power of two of them, used in turn. */
#define DELAYS (1u << 16)

/* ---- the plain heap -------------------------------------------------------------------------------------------- */

typedef struct {
    NsimEvent event;
    uint64_t sequence;
} HeapEntry;

typedef struct {
    HeapEntry *entries;
    size_t count, capacity;
    uint64_t sequence;
} Heap;

static bool
heap_before(const HeapEntry *a, const HeapEntry *b)
{
    if (a->event.time_ps != b->event.time_ps)
        return a->event.time_ps < b->event.time_ps;
    if (a->event.priority != b->event.priority)
        return a->event.priority < b->event.priority;
    return a->sequence < b->sequence;
}

static void
heap_push(Heap *heap, const NsimEvent *event)
{
    if (heap->count == heap->capacity) {
        heap->capacity = heap->capacity > 0 ? 2 * heap->capacity : 64;
        heap->entries = g_renew(HeapEntry, heap->entries, heap->capacity);
    }
    const HeapEntry added = { *event, heap->sequence++ };
    size_t hole = heap->count++;
    while (hole > 0 && heap_before(&added, &heap->entries[(hole - 1) / 2])) {
        heap->entries[hole] = heap->entries[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    heap->entries[hole] = added;
}

static void
heap_pop(Heap *heap, NsimEvent *ret_event)
{
    *ret_event = heap->entries[0].event;
    const HeapEntry moved = heap->entries[--heap->count];
    size_t hole = 0;
    for (;;) {
        size_t child = 2 * hole + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && heap_before(&heap->entries[child + 1], &heap->entries[child]))
            child++;
        if (!heap_before(&heap->entries[child], &moved))
            break;
        heap->entries[hole] = heap->entries[child];
        hole = child;
    }
    heap->entries[hole] = moved;
}

/* ---- the load -------------------------------------------------------------------------------------------------- */

typedef enum { DELAY_EXPONENTIAL, DELAY_NONE, DELAY_CONSTANT, DELAY_BIMODAL, DELAY_KINDS } DelayKind;

static const char *const delay_names[DELAY_KINDS] = { "exponential", "all at one time", "constant", "near and far" };

typedef struct {
    NsimEventQueue *queue; /* or */
    Heap *heap;            /* one of the two */
    const NsimTime *delays;
    uint64_t drawn;
    NsimTime now_ps;
    uint64_t checksum; /* over the order in which events ran */
} Load;

static void
draw_delays(NsimTime *delays, DelayKind kind)
{
    NsimRandom random;
    nsim_random_init(&random, 1, "bench-event-queue");
    for (uint32_t i = 0; i < DELAYS; i++) {
        switch (kind) {
        case DELAY_EXPONENTIAL:
            delays[i] = (NsimTime)(1e6 * nsim_random_exponential(&random));
            break;
        case DELAY_BIMODAL:
            delays[i] = nsim_random_below(&random, 10) > 0 ? nsim_random_below(&random, 1000)
                                                           : nsim_random_below(&random, 100000000);
            break;
        default:
            delays[i] = kind == DELAY_CONSTANT ? 100000 : 0;
        }
    }
}

static void fire(void *context, uint64_t argument);

static void
push_next(Load *load, uint64_t argument)
{
    const NsimEvent event = { .time_ps = load->now_ps + load->delays[load->drawn++ % DELAYS],
                              .run = fire,
                              .context = load,
                              .argument = argument };
    if (load->queue != NULL)
        nsim_event_queue_push(load->queue, &event);
    else
        heap_push(load->heap, &event);
}

static void
fire(void *context, uint64_t argument)
{
    Load *load = context;
    load->checksum = load->checksum * 31 + argument;
    push_next(load, argument + 1);
}

/* Seconds for `holds` holds. */
static double
hold(Load *load, uint64_t holds)
{
    struct timespec begin, end;
    NsimEvent event;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (uint64_t i = 0; i < holds; i++) {
        if (load->queue != NULL)
            nsim_event_queue_pop(load->queue, &event);
        else
            heap_pop(load->heap, &event);
        load->now_ps = event.time_ps;
        event.run(event.context, event.argument);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
}

/* False: the two ran different events. */
static bool
compare(DelayKind kind, uint64_t pending)
{
    g_autofree NsimTime *delays = g_new(NsimTime, DELAYS);
    Heap heap = { 0 };
    Load loads[2] = { { .queue = nsim_event_queue_new(), .delays = delays }, { .heap = &heap, .delays = delays } };
    double best_s[2] = { 1e9, 1e9 };

    draw_delays(delays, kind);
    for (uint32_t l = 0; l < 2; l++) {
        for (uint64_t i = 0; i < pending; i++) {
            /* Constant delays keep the events as far apart as they start. */
            loads[l].now_ps = kind == DELAY_CONSTANT ? 10 * i : 0;
            push_next(&loads[l], i << 32);
        }
        loads[l].now_ps = 0;
        hold(&loads[l], 2 * pending);
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t l = 0; l < 2; l++) {
            const double s = hold(&loads[l], HOLDS);
            best_s[l] = s < best_s[l] ? s : best_s[l];
        }
    }
    printf("%-16s %8" G_GUINT64_FORMAT " %8.1f M/s %8.1f M/s %6.2fx\n", delay_names[kind], pending,
           HOLDS / best_s[0] * 1e-6, HOLDS / best_s[1] * 1e-6, best_s[1] / best_s[0]);
    fflush(stdout);
    nsim_event_queue_free(loads[0].queue);
    g_free(heap.entries);
    return loads[0].checksum == loads[1].checksum && loads[0].now_ps == loads[1].now_ps;
}

int
main(void)
{
    static const uint64_t pending[] = { 100, 10000, 1000000 };
    bool same = true;
    printf("events a second with dispatch, one core; wanted: 15 M/s, exponential delays, 10000 pending\n");
    printf("%-16s %8s %12s %12s %7s\n", "delays", "pending", "event queue", "binary heap", "ratio");
    for (uint32_t i = 0; i < G_N_ELEMENTS(pending); i++)
        same &= compare(DELAY_EXPONENTIAL, pending[i]);
    for (DelayKind kind = DELAY_NONE; kind < DELAY_KINDS; kind++)
        same &= compare(kind, 10000);
    if (!same)
        fprintf(stderr, "bench-event-queue: the queue and the heap ran different events\n");
    return same ? EXIT_SUCCESS : EXIT_FAILURE;
}
