/* SPDX-License-Identifier: MIT */
/* A barrier for a fixed set of threads: spin for a while, then sleep. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

typedef struct {
    _Alignas(64) atomic_uint arrived;
    _Alignas(64) atomic_uint round; /* how often all have met */
    uint32_t members;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned capture_barrier; /* its number in a capture */
} LlamaBarrier;

void llama_barrier_init(LlamaBarrier *barrier, uint32_t members);
void llama_barrier_clear(LlamaBarrier *barrier);
/* Returns when every member has called it. */
void llama_barrier_wait(LlamaBarrier *barrier);
