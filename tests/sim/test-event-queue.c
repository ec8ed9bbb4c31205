/* SPDX-License-Identifier: MIT */
/*
 * Goal: the queue runs events in exactly the order (time, priority, sequence), whatever is pushed and cancelled when.
 * Method: the same operations on the queue and on a plain list searched for its minimum, for many patterns of time;
 * larger cases are checked by order alone.
 */
#include "test-sim.h"

#include <CUnit/CUnit.h>
#include <glib.h>

#include <sim/event-queue.h>
#include <sim/random.h>

static void
no_op(void *context, uint64_t argument)
{
    (void)context;
    (void)argument;
}

static uint64_t
push(NsimEventQueue *queue, NsimTime time_ps, uint8_t priority, uint64_t argument)
{
    const NsimEvent event = { .time_ps = time_ps, .priority = priority, .run = no_op, .argument = argument };
    return nsim_event_queue_push(queue, &event);
}

static void
test_order(void)
{
    static const struct {
        NsimTime time_ps;
        uint8_t priority;
        uint64_t expected; /* place in the order */
    } cases[] = {
        { 5, NSIM_PRIORITY_HARDWARE, 2 }, { 5, NSIM_PRIORITY_POLICY, 5 }, { 5, NSIM_PRIORITY_HARDWARE, 3 },
        { 0, NSIM_PRIORITY_REPORT, 1 },   { 0, NSIM_PRIORITY_KERNEL, 0 }, { 5, NSIM_PRIORITY_KERNEL, 4 },
        { NSIM_TIME_MAX, 0, 7 },          { 6, NSIM_PRIORITY_HARDWARE, 6 },
    };
    NsimEventQueue *queue = nsim_event_queue_new();
    NsimEvent event;
    CU_ASSERT_FALSE(nsim_event_queue_pop(queue, &event));
    CU_ASSERT_EQUAL(nsim_event_queue_next_time(queue), NSIM_TIME_MAX);
    for (uint32_t i = 0; i < G_N_ELEMENTS(cases); i++)
        push(queue, cases[i].time_ps, cases[i].priority, cases[i].expected);
    CU_ASSERT_EQUAL(nsim_event_queue_count(queue), G_N_ELEMENTS(cases));
    for (uint64_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const NsimTime next_ps = nsim_event_queue_next_time(queue);
        CU_ASSERT_TRUE_FATAL(nsim_event_queue_pop(queue, &event));
        CU_ASSERT_EQUAL(event.argument, i);
        CU_ASSERT_EQUAL(event.time_ps, next_ps);
    }
    CU_ASSERT_FALSE(nsim_event_queue_pop(queue, &event));
    nsim_event_queue_free(queue);
    nsim_event_queue_free(NULL);
}

/* ---- against a list -------------------------------------------------------------------------------------------- */

typedef struct {
    NsimTime time_ps;
    uint64_t sequence;
    uint8_t priority;
} Pending;

static guint
list_first(const GArray *list)
{
    guint first = 0;
    for (guint i = 1; i < list->len; i++) {
        const Pending *a = &g_array_index(list, Pending, i), *b = &g_array_index(list, Pending, first);
        const bool before = a->time_ps != b->time_ps     ? a->time_ps < b->time_ps
                            : a->priority != b->priority ? a->priority < b->priority
                                                         : a->sequence < b->sequence;
        first = before ? i : first;
    }
    return first;
}

/* Distance into the future, by pattern. */
static NsimTime
draw_delay(NsimRandom *random, uint32_t pattern)
{
    switch (pattern) {
    case 0: /* everything at one time */
        return 0;
    case 1: /* dense */
        return nsim_random_below(random, 50);
    case 2: /* exponential */
        return (NsimTime)(1e5 * nsim_random_exponential(random));
    case 3: /* always the same */
        return 4096;
    case 4: /* near and far */
        return nsim_random_below(random, 8) > 0 ? nsim_random_below(random, 64)
                                                : NSIM_S + nsim_random_below(random, 100);
    default: /* all magnitudes; the sum must not overflow */
        return nsim_random_u64(random) >> (16 + nsim_random_below(random, 48));
    }
}

#define PATTERNS 6u

static void
run_against_list(uint32_t pattern, uint32_t pending_target, NsimRandom *random)
{
    NsimEventQueue *queue = nsim_event_queue_new();
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(Pending));
    NsimTime now_ps = 0;
    uint32_t wrong = 0;
    for (uint32_t step = 0; step < 6 * pending_target + 200; step++) {
        const uint64_t action = nsim_random_below(random, 100);
        const bool filling = list->len < pending_target && step < 4 * pending_target;
        if (action < (filling ? 70 : 35)) {
            const Pending added = { .time_ps = now_ps + draw_delay(random, pattern),
                                    .priority = (uint8_t)(64 * nsim_random_below(random, 4)) };
            g_array_append_val(list, added);
            g_array_index(list, Pending, list->len - 1).sequence = push(queue, added.time_ps, added.priority, step);
        } else if (action < 95) {
            NsimEvent event;
            const bool found = nsim_event_queue_pop(queue, &event);
            wrong += found != (list->len > 0);
            if (found && list->len > 0) {
                const guint first = list_first(list);
                const Pending expected = g_array_index(list, Pending, first);
                wrong += event.time_ps != expected.time_ps || event.priority != expected.priority;
                now_ps = event.time_ps;
                g_array_remove_index_fast(list, first);
            }
        } else if (list->len > 0) {
            const guint victim = (guint)nsim_random_below(random, list->len);
            const uint64_t sequence = g_array_index(list, Pending, victim).sequence;
            wrong += !nsim_event_queue_cancel(queue, sequence);
            wrong += nsim_event_queue_cancel(queue, sequence);
            g_array_remove_index_fast(list, victim);
        }
        wrong += nsim_event_queue_count(queue) != list->len;
        wrong += nsim_event_queue_next_time(queue) !=
                 (list->len > 0 ? g_array_index(list, Pending, list_first(list)).time_ps : NSIM_TIME_MAX);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    nsim_event_queue_free(queue);
}

static void
test_against_list(void)
{
    static const uint32_t targets[] = { 3, 40, 300, 1500 };
    NsimRandom random;
    nsim_random_init(&random, 1, "event-queue");
    for (uint32_t pattern = 0; pattern < PATTERNS; pattern++) {
        for (uint32_t i = 0; i < G_N_ELEMENTS(targets); i++)
            run_against_list(pattern, targets[i], &random);
    }
}

/* ---- larger cases ---------------------------------------------------------------------------------------------- */

static void
test_large(void)
{
    const uint32_t pending = 100000, holds = 300000;
    NsimRandom random;
    nsim_random_init(&random, 2, "event-queue");
    for (uint32_t pattern = 0; pattern < PATTERNS; pattern++) {
        NsimEventQueue *queue = nsim_event_queue_new();
        NsimTime now_ps = 0;
        uint32_t wrong = 0;
        uint64_t count = 0, sum_in = 0, sum_out = 0;
        NsimEvent event;
        for (uint32_t i = 0; i < pending + holds; i++) {
            const uint64_t argument = push(queue, now_ps + draw_delay(&random, pattern), 0, i);
            sum_in += argument;
            if (i >= pending) {
                wrong += !nsim_event_queue_pop(queue, &event) || event.time_ps < now_ps;
                now_ps = event.time_ps;
                sum_out += event.argument;
            }
        }
        while (nsim_event_queue_pop(queue, &event)) {
            wrong += event.time_ps < now_ps;
            now_ps = event.time_ps;
            sum_out += event.argument;
            count++;
        }
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT_EQUAL(count, pending);
        CU_ASSERT_EQUAL(sum_in, sum_out);
        nsim_event_queue_free(queue);
    }
}

/* ---- dispatch -------------------------------------------------------------------------------------------------- */

typedef struct {
    NsimEventQueue *queue;
    NsimTime now_ps;
    GString *log;
} Chain;

static void
chain_step(void *context, uint64_t argument)
{
    Chain *chain = context;
    g_string_append_c(chain->log, (char)('a' + argument));
    if (argument == 0) {
        /* At the present: one that runs before, one that runs after the event already waiting; and one later. */
        const uint8_t priorities[] = { NSIM_PRIORITY_KERNEL, NSIM_PRIORITY_HARDWARE };
        for (uint64_t i = 0; i < 2; i++) {
            const NsimEvent event = { .time_ps = 10, .priority = priorities[i], .run = chain_step, .context = chain,
                                      .argument = 2 + i };
            nsim_event_queue_push(chain->queue, &event);
        }
        const NsimEvent later = { .time_ps = 11, .run = chain_step, .context = chain, .argument = 4 };
        nsim_event_queue_push(chain->queue, &later);
    }
}

static void
test_run(void)
{
    Chain chain = { .queue = nsim_event_queue_new(), .log = g_string_new(NULL) };
    NsimEvent event = { .time_ps = 10, .run = chain_step, .context = &chain, .argument = 0 };
    nsim_event_queue_push(chain.queue, &event);
    event.priority = 1;
    event.argument = 1;
    nsim_event_queue_push(chain.queue, &event);
    CU_ASSERT_EQUAL(nsim_event_queue_run(chain.queue, 9), 0);
    CU_ASSERT_EQUAL(nsim_event_queue_run(chain.queue, 10), 4);
    CU_ASSERT_STRING_EQUAL(chain.log->str, "adbc");
    CU_ASSERT_EQUAL(nsim_event_queue_run(chain.queue, NSIM_TIME_MAX), 1);
    CU_ASSERT_STRING_EQUAL(chain.log->str, "adbce");
    CU_ASSERT_EQUAL(nsim_event_queue_run(chain.queue, NSIM_TIME_MAX), 0);
    g_string_free(chain.log, TRUE);
    nsim_event_queue_free(chain.queue);
}

bool
test_event_queue_register(void)
{
    CU_pSuite suite = CU_add_suite("sim/event-queue", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "order", test_order) != NULL &&
           CU_add_test(suite, "against a list, with cancelling", test_against_list) != NULL &&
           CU_add_test(suite, "a hundred thousand pending", test_large) != NULL &&
           CU_add_test(suite, "run until", test_run) != NULL;
}
