/* SPDX-License-Identifier: MIT */
/*
 * The barrier between the steps of a forward pass. Steps take microseconds, so a waiting thread spins first; it sleeps
 * when the others take long, so that more threads than processors still make progress.
 */
#include "barrier.h"

#include <traces/capture/capture.h>

/* About 20 us on a machine of 3 GHz. */
#define SPINS 4000u

void
llama_barrier_init(LlamaBarrier *barrier, uint32_t members)
{
    atomic_init(&barrier->arrived, 0);
    atomic_init(&barrier->round, 0);
    barrier->members = members;
    pthread_mutex_init(&barrier->mutex, NULL);
    pthread_cond_init(&barrier->changed, NULL);
    barrier->capture_barrier = nsim_capture_add_barrier(members);
}

void
llama_barrier_clear(LlamaBarrier *barrier)
{
    pthread_cond_destroy(&barrier->changed);
    pthread_mutex_destroy(&barrier->mutex);
}

void
llama_barrier_wait(LlamaBarrier *barrier)
{
    /* While a capture runs, its scheduler does the waiting. */
    if (nsim_capture_barrier(barrier->capture_barrier))
        return;
    const unsigned round = atomic_load_explicit(&barrier->round, memory_order_acquire);
    if (atomic_fetch_add_explicit(&barrier->arrived, 1, memory_order_acq_rel) + 1 == barrier->members) {
        atomic_store_explicit(&barrier->arrived, 0, memory_order_relaxed);
        pthread_mutex_lock(&barrier->mutex);
        atomic_fetch_add_explicit(&barrier->round, 1, memory_order_acq_rel);
        pthread_cond_broadcast(&barrier->changed);
        pthread_mutex_unlock(&barrier->mutex);
        return;
    }
    for (unsigned spin = 0; spin < SPINS; spin++) {
        if (atomic_load_explicit(&barrier->round, memory_order_acquire) != round)
            return;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    pthread_mutex_lock(&barrier->mutex);
    while (atomic_load_explicit(&barrier->round, memory_order_acquire) == round)
        pthread_cond_wait(&barrier->changed, &barrier->mutex);
    pthread_mutex_unlock(&barrier->mutex);
}
