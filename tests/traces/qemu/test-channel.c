/* SPDX-License-Identifier: MIT */
/* The queues of the shared memory. Goal: with several putters and takers each chunk is taken as often as it was put. */
#include "test-qemu.h"

#include <CUnit/Basic.h>

#include <glib.h>

#include <traces/qemu/channel.h>

enum { THREADS = 4, ROUNDS = 50000 };

static NsimChannelQueue *left, *right;

/* Carry chunks from one queue to the other, half of the threads each way. */
static gpointer
carry(gpointer data)
{
    const bool back = GPOINTER_TO_UINT(data) % 2;
    for (unsigned i = 0; i < ROUNDS;) {
        const uint32_t chunk = nsim_channel_take(back ? right : left);
        if (chunk == UINT32_MAX) {
            g_thread_yield();
            continue;
        }
        nsim_channel_put(back ? left : right, chunk);
        i++;
    }
    return NULL;
}

static void
test_order(void)
{
    left = g_new0(NsimChannelQueue, 1);
    CU_ASSERT_EQUAL(nsim_channel_take(left), UINT32_MAX);
    for (uint32_t round = 0; round < 3 * NSIM_CHANNEL_SLOTS; round++) {
        nsim_channel_put(left, round % NSIM_CHANNEL_CHUNKS);
        nsim_channel_put(left, 7);
        if (nsim_channel_take(left) != round % NSIM_CHANNEL_CHUNKS || nsim_channel_take(left) != 7)
            CU_FAIL_FATAL("out of order");
    }
    CU_ASSERT_EQUAL(nsim_channel_take(left), UINT32_MAX);
    g_free(left);
}

static void
test_threads(void)
{
    GThread *threads[THREADS];
    unsigned seen[64] = {0};
    left = g_new0(NsimChannelQueue, 1);
    right = g_new0(NsimChannelQueue, 1);
    for (uint32_t i = 0; i < G_N_ELEMENTS(seen); i++)
        nsim_channel_put(left, i);
    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("carry", carry, GUINT_TO_POINTER(i));
    for (unsigned i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    for (uint32_t chunk; (chunk = nsim_channel_take(left)) < G_N_ELEMENTS(seen);)
        seen[chunk]++;
    for (uint32_t chunk; (chunk = nsim_channel_take(right)) < G_N_ELEMENTS(seen);)
        seen[chunk]++;
    for (unsigned i = 0; i < G_N_ELEMENTS(seen); i++)
        CU_ASSERT_EQUAL(seen[i], 1);
    g_free(left);
    g_free(right);
}

bool
test_channel_register(void)
{
    CU_pSuite suite = CU_add_suite("channel", NULL, NULL);
    return suite && CU_add_test(suite, "order", test_order) && CU_add_test(suite, "threads", test_threads);
}
