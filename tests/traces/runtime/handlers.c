/* SPDX-License-Identifier: MIT */
/*
 * Signal handlers that touch memory while two threads do, some of which are left by siglongjmp(), and system calls that
 * a capture must not disturb. Prints a sum that must come out.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

enum { COUNT = 1 << 22, ROUNDS = 12 };

static volatile sig_atomic_t signals, jumps;
static volatile uint32_t scratch[4096];
static uint32_t *numbers;
static __thread sigjmp_buf place;
static __thread volatile sig_atomic_t may_jump;

static void
handler(int number)
{
    (void)number;
    for (unsigned i = 0; i < 4096; i += 16)
        scratch[i]++;
    signals++;
    if (may_jump && signals % 3 == 0) {
        may_jump = 0;
        jumps++;
        siglongjmp(place, 1);
    }
}

static void *
work(void *nothing)
{
    uint64_t sum = 0;
    for (volatile int round = 0; round < ROUNDS; round++) {
        if (sigsetjmp(place, 1) == 0)
            may_jump = 1;
        uint64_t part = 0;
        for (size_t i = 0; i < COUNT; i++)
            part += numbers[i];
        may_jump = 0;
        sum = part;
    }
    return nothing ? nothing : (void *)(uintptr_t)sum;
}

int
main(void)
{
    struct sigaction action = {.sa_handler = handler};
    const struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    pthread_t thread;
    void *other;
    numbers = malloc(COUNT * sizeof *numbers);
    for (uint32_t i = 0; i < COUNT; i++)
        numbers[i] = i % 7;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    if (pthread_create(&thread, NULL, work, NULL) != 0)
        return 1;
    void *own = work(NULL);
    pthread_join(thread, &other);
    setitimer(ITIMER_REAL, &never, NULL);
    printf("%s %d\n", signals > 10 && jumps > 0 ? "signals and jumps" : "too few signals", own == other);
    free(numbers);
    return 0;
}
