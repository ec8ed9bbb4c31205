/* SPDX-License-Identifier: MIT */
/*
 * The order of tool-order.h: a binary heap of threads by the clock of what each does next. Threads at a barrier are in
 * a list of the barrier, not in the heap, until its last member comes.
 */
#include <traces/tool-order.h>

#define PS_PER_S UINT64_C(1000000000000)
#define NOBODY UINT32_MAX
#define TICK_EVENTS 65536u

typedef struct {
    NsimTraceCursor *cursor;
    NsimTraceEvent event; /* what the thread does next */
    NsimClock told;       /* compute up to the end of what was handed on */
    NsimClock waited;     /* at barriers */
    uint32_t left;        /* lines of the run beyond `event` */
    uint32_t next_waiting;
    uint64_t record; /* of the next burst */
    bool passed;     /* the barrier in `event` has let it through */
} Thread;

typedef struct {
    uint32_t members, waiting;
    uint32_t first; /* of the list */
} Barrier;

struct _NsimTraceOrder {
    NsimTrace *trace;
    const NsimTraceInfo *info;
    NsimTraceTick tick;
    uint32_t piece_lines;
    Thread *threads;
    Barrier *barriers;
    uint32_t *heap;
    uint32_t heap_count, waiting_count;
    uint32_t current; /* thread whose event was handed out; NOBODY */
    uint32_t until_tick;
    uint64_t lines_done, lines;
    NsimClock end;
};

/* ---- Units --------------------------------------------------------------------------------------------------- */

uint64_t
nsim_clock_to_ps(const NsimTraceInfo *info, NsimClock clock)
{
    if (info->gap_unit == NSIM_GAP_PS)
        return clock / 16 > UINT64_MAX ? UINT64_MAX : (uint64_t)(clock / 16);
    /* Whole seconds apart, so that nothing overflows: the rest is below 2^68 sixteenths. */
    const NsimClock second = (NsimClock)info->gap_per_s * 16;
    const NsimClock whole = clock / second, low = clock % second * PS_PER_S / second;
    const NsimClock ps = whole > UINT64_MAX / PS_PER_S ? UINT64_MAX : whole * PS_PER_S + low;
    return ps > UINT64_MAX ? UINT64_MAX : (uint64_t)ps;
}

NsimClock
nsim_clock_from_ps(const NsimTraceInfo *info, uint64_t ps)
{
    if (info->gap_unit == NSIM_GAP_PS)
        return (NsimClock)ps * 16;
    return (NsimClock)(ps / PS_PER_S) * info->gap_per_s * 16 +
           (NsimClock)(ps % PS_PER_S) * 16 * info->gap_per_s / PS_PER_S;
}

/* ---- What a thread does next --------------------------------------------------------------------------------- */

static void
set_times(Thread *thread, NsimClock own)
{
    NsimTraceEvent *event = &thread->event;
    event->before = thread->told;
    event->own = own;
    event->arrival = event->clock = own + thread->waited;
}

/* The next piece of the run that `event` began. */
static void
take_piece(Thread *thread, uint32_t piece_lines)
{
    NsimTraceEvent *event = &thread->event;
    event->line += event->count;
    event->frame_line += event->count;
    event->count = MIN(thread->left, piece_lines);
    event->first = false;
    event->flags &= (uint8_t)~NSIM_BURST_DEPENDENT;
    thread->left -= event->count;
    set_times(thread, thread->told + event->step);
}

static void
take_burst(const NsimTraceOrder *order, Thread *thread, const NsimBurst *burst, NsimClock gap)
{
    NsimTraceEvent *event = &thread->event;
    event->op = burst->op;
    event->first = true;
    event->record = thread->record - 1;
    thread->left = 0;
    if (NSIM_OP_IS_CONTROL(burst->op)) {
        event->count = 0;
        event->step = 0;
        event->flags = 0;
        event->operand = burst->page;
    } else {
        event->flags = burst->flags;
        event->step = burst->count > 1 ? burst->step : 0;
        event->frame = burst->page;
        event->frame_line = burst->line;
        event->line = (order->info->frames[burst->page] << (NSIM_FRAME_SHIFT - NSIM_LINE_SHIFT)) + burst->line;
        event->count = MIN((uint32_t)burst->count, order->piece_lines);
        thread->left = burst->count - event->count;
    }
    thread->passed = false;
    set_times(thread, thread->told + gap * 16);
}

/* Load the thread's next event. `*ret_more` is false at its end. */
static bool
advance(NsimTraceOrder *order, Thread *thread, bool *ret_more, GError **error)
{
    NsimClock gap = 0;
    *ret_more = true;
    if (thread->left > 0) {
        take_piece(thread, order->piece_lines);
        return true;
    }
    for (;;) {
        NsimTraceCursor *cursor = thread->cursor;
        if (cursor->next == cursor->filled) {
            if (!nsim_trace_cursor_fill(cursor, error))
                return false;
            if (cursor->filled == 0) {
                *ret_more = false;
                return true;
            }
        }
        const NsimBurst *burst = &cursor->bursts[cursor->next++];
        thread->record++;
        gap += burst->gap;
        if (burst->op != NSIM_OP_PAUSE) {
            take_burst(order, thread, burst, gap);
            return true;
        }
        gap += (NsimClock)burst->page << 32;
    }
}

/* ---- The heap ------------------------------------------------------------------------------------------------ */

static inline bool
is_before(const NsimTraceOrder *order, uint32_t a, uint32_t b)
{
    const NsimClock x = order->threads[a].event.clock, y = order->threads[b].event.clock;
    return x < y || (x == y && a < b);
}

static void
sift_down(NsimTraceOrder *order, uint32_t at)
{
    uint32_t *heap = order->heap;
    const uint32_t moved = heap[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= order->heap_count)
            break;
        child += child + 1 < order->heap_count && is_before(order, heap[child + 1], heap[child]);
        if (!is_before(order, heap[child], moved))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

static void
push(NsimTraceOrder *order, uint32_t thread)
{
    uint32_t *heap = order->heap;
    uint32_t at = order->heap_count++;
    while (at > 0 && is_before(order, thread, heap[(at - 1) / 2])) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = thread;
}

static void
pop(NsimTraceOrder *order)
{
    order->heap[0] = order->heap[--order->heap_count];
    if (order->heap_count > 0)
        sift_down(order, 0);
}

/* ---- Barriers ------------------------------------------------------------------------------------------------ */

/* All that wait at `barrier` go on at `clock`. */
static void
let_go(NsimTraceOrder *order, Barrier *barrier, NsimClock clock)
{
    for (uint32_t at = barrier->first; at != NOBODY;) {
        Thread *thread = &order->threads[at];
        thread->waited += clock - thread->event.arrival;
        thread->event.clock = clock;
        thread->passed = true;
        push(order, at);
        at = thread->next_waiting;
        order->waiting_count--;
    }
    barrier->first = NOBODY;
    barrier->waiting = 0;
}

/* The first thread in the heap arrives at its barrier. Threads arrive in the order of their clocks: the last is it. */
static void
arrive(NsimTraceOrder *order)
{
    const uint32_t number = order->heap[0];
    Thread *thread = &order->threads[number];
    Barrier *barrier = &order->barriers[thread->event.operand];
    pop(order);
    thread->next_waiting = barrier->first;
    barrier->first = number;
    order->waiting_count++;
    if (++barrier->waiting == barrier->members)
        let_go(order, barrier, thread->event.arrival);
}

/* Everybody waits for somebody who does not come. */
static void
let_all_go(NsimTraceOrder *order)
{
    NsimClock last = 0;
    for (uint32_t i = 0; i < order->info->barrier_count; i++)
        for (uint32_t at = order->barriers[i].first; at != NOBODY; at = order->threads[at].next_waiting)
            last = MAX(last, order->threads[at].event.arrival);
    for (uint32_t i = 0; i < order->info->barrier_count; i++)
        let_go(order, &order->barriers[i], last);
}

/* ---- The order ----------------------------------------------------------------------------------------------- */

NsimTraceOrder *
nsim_trace_order_new(NsimTrace *trace, uint32_t piece_lines, const NsimTraceTick *tick, GError **error)
{
    g_return_val_if_fail(trace != NULL && piece_lines > 0, NULL);
    g_autoptr(NsimTraceOrder) order = g_new0(NsimTraceOrder, 1);
    order->trace = nsim_trace_ref(trace);
    order->info = nsim_trace_info(trace);
    order->piece_lines = piece_lines;
    order->current = NOBODY;
    order->until_tick = TICK_EVENTS;
    order->lines = order->info->read_lines + order->info->write_lines + order->info->rfo_lines;
    if (tick != NULL)
        order->tick = *tick;
    order->threads = g_new0(Thread, (size_t)order->info->thread_count + 1);
    order->heap = g_new0(uint32_t, (size_t)order->info->thread_count + 1);
    order->barriers = g_new0(Barrier, (size_t)order->info->barrier_count + 1);
    for (uint32_t i = 0; i < order->info->barrier_count; i++)
        order->barriers[i] = (Barrier){.members = order->info->barriers[i], .first = NOBODY};
    for (uint32_t i = 0; i < order->info->thread_count; i++) {
        Thread *thread = &order->threads[i];
        bool more;
        thread->event.thread = i;
        thread->cursor = nsim_trace_cursor_new(trace, i, NSIM_FRAME_SHIFT, error);
        if (thread->cursor == NULL || !advance(order, thread, &more, error))
            return NULL;
        if (more)
            push(order, i);
        else
            g_clear_pointer(&thread->cursor, nsim_trace_cursor_free);
    }
    return g_steal_pointer(&order);
}

void
nsim_trace_order_free(NsimTraceOrder *order)
{
    if (order == NULL)
        return;
    for (uint32_t i = 0; order->threads != NULL && i < order->info->thread_count; i++)
        nsim_trace_cursor_free(order->threads[i].cursor);
    g_free(order->threads);
    g_free(order->heap);
    g_free(order->barriers);
    nsim_trace_unref(order->trace);
    g_free(order);
}

/* The thread whose event was handed out goes on to its next one. */
static bool
step_current(NsimTraceOrder *order, GError **error)
{
    Thread *thread = &order->threads[order->current];
    const NsimTraceEvent *event = &thread->event;
    bool more;
    order->lines_done += event->count;
    thread->told = event->own + (event->count > 1 ? (NsimClock)(event->count - 1) * event->step : 0);
    order->end = MAX(order->end, thread->told + thread->waited);
    order->current = NOBODY;
    if (!advance(order, thread, &more, error))
        return false;
    if (more) {
        sift_down(order, 0);
    } else {
        pop(order);
        g_clear_pointer(&thread->cursor, nsim_trace_cursor_free);
    }
    return true;
}

bool
nsim_trace_order_next(NsimTraceOrder *order, const NsimTraceEvent **ret_event, GError **error)
{
    if (order->current != NOBODY && !step_current(order, error))
        return false;
    if (--order->until_tick == 0) {
        order->until_tick = TICK_EVENTS;
        if (order->tick.func != NULL &&
            !order->tick.func(order->lines_done, order->lines, order->tick.user_data, error))
            return false;
    }
    *ret_event = NULL;
    for (;;) {
        if (order->heap_count == 0) {
            if (order->waiting_count == 0)
                return true;
            let_all_go(order);
        }
        Thread *thread = &order->threads[order->heap[0]];
        if (thread->event.op == NSIM_OP_BARRIER && !thread->passed) {
            arrive(order);
            continue;
        }
        order->current = order->heap[0];
        *ret_event = &thread->event;
        return true;
    }
}

NsimClock
nsim_trace_order_end(const NsimTraceOrder *order)
{
    return order->end;
}
