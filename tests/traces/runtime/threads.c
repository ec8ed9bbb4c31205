/* SPDX-License-Identifier: MIT */
/*
 * Four threads that wait for each other in every way: a mutex, a condition variable, an atomic flag to spin on. Each
 * adds up a part of an array; the order of the parts is enforced. Prints what must come out whatever the timing.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 4, COUNT = 1 << 20 };

static uint64_t *numbers, total, order;
static unsigned turn;
static atomic_uint ready;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void *
work(void *argument)
{
    const unsigned index = (unsigned)(uintptr_t)argument;
    char name[16];
    uint64_t sum = 0;
    snprintf(name, sizeof name, "part %u", index);
    pthread_setname_np(pthread_self(), name);
    atomic_fetch_add(&ready, 1);
    while (atomic_load(&ready) < THREADS)
        sched_yield();
    for (size_t i = index; i < COUNT; i += THREADS)
        sum += numbers[i];
    pthread_mutex_lock(&mutex);
    while (turn != index)
        pthread_cond_wait(&changed, &mutex);
    total += sum;
    order = order * 10 + index;
    turn++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

int
main(void)
{
    pthread_t threads[THREADS];
    numbers = malloc(COUNT * sizeof *numbers);
    for (size_t i = 0; i < COUNT; i++)
        numbers[i] = i;
    for (unsigned i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i) != 0)
            return 1;
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("%llu %llu\n", (unsigned long long)total, (unsigned long long)order);
    free(numbers);
    return 0;
}
