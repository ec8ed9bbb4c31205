/* SPDX-License-Identifier: MIT */
/*
 * The program that is watched: one area, read a byte at a time in a known pattern, paced by an absolute clock. Every
 * millisecond it does a thousandth of the accesses of a second; a tick that is late is dropped and not made up for, and
 * the number of accesses really done is logged.
 */
#include "guest.h"

#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS UINT64_C(1000000)
#define TICKS_PER_S 1000u
/*
 * Balancing looks at whom the kernel's own tick finds running. In a machine whose time is instructions that tick always
 * falls beside accesses that begin on the millisecond; so they begin anywhere in it.
 */
#define JITTER_NS 900000u
#define LINE_BYTES 64u
#define HUGE_BYTES (UINT64_C(2) << 20)
#define AREA_BYTES ((uint64_t)RUN_AREA_PAGES * RUN_PAGE_BYTES)

typedef struct {
    const Run *run;
    volatile const uint8_t *area;
    uint64_t random; /* xorshift64 */
    uint64_t step;   /* of a sweep: accesses so far */
} Access;

static inline uint64_t
next_random(Access *access)
{
    access->random ^= access->random << 13;
    access->random ^= access->random >> 7;
    access->random ^= access->random << 17;
    return access->random;
}

/* 32 random bits onto [0, bound). */
static inline uint32_t
below(uint64_t bits, uint32_t bound)
{
    return (uint32_t)((bits & UINT32_MAX) * bound >> 32);
}

static inline uint32_t
choose_page(Access *access, uint32_t hot_first)
{
    const uint64_t bits = next_random(access), more = next_random(access) >> 16;
    if (access->run->pattern == RUN_SWEEP)
        return (uint32_t)(access->step++ / access->run->accesses_per_page % RUN_AREA_PAGES);
    if (below(bits >> 32, 10) < 9)
        return hot_first + below(more, RUN_TENTH_PAGES);
    const uint32_t page = below(more, RUN_AREA_PAGES - RUN_TENTH_PAGES);
    return page < hot_first ? page : page + RUN_TENTH_PAGES;
}

static void
do_accesses(Access *access, uint32_t count, uint32_t hot_first)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t page = choose_page(access, hot_first);
        const uint32_t line = (uint32_t)(access->random >> 8) % (RUN_PAGE_BYTES / LINE_BYTES);
        (void)access->area[(uint64_t)page * RUN_PAGE_BYTES + line * LINE_BYTES];
    }
}

/* On a node only while it is filled: later the kernel may move it. */
static void *
make_area(const Run *run)
{
    char *memory = mmap(NULL, AREA_BYTES + HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        fail("no memory for the area");
    char *area = (char *)(((uintptr_t)memory + HUGE_BYTES - 1) / HUGE_BYTES * HUGE_BYTES);
    /* Nothing of ours around it. */
    if (area > memory)
        munmap(memory, (size_t)(area - memory));
    munmap(area + AREA_BYTES, (size_t)(memory + HUGE_BYTES - area));
    madvise(area, AREA_BYTES, run->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    const unsigned long nodes = run->far ? 2 : 1;
    if (syscall(SYS_set_mempolicy, MPOL_BIND, &nodes, 8 * sizeof nodes + 1) < 0)
        fail("the area cannot be bound to a node");
    memset(area, 1, AREA_BYTES);
    syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0);
    return area;
}

static void
write_log(Workload *shared, uint64_t now, uint64_t dropped)
{
    if (shared->logged == WORKLOAD_LOG_MAX)
        return;
    shared->log[shared->logged] =
        (WorkloadLog){.time_us = (now - shared->start_ns) / 1000, .accesses = shared->accesses, .dropped = dropped};
    shared->logged++;
}

static void
run_ticks(Access *access, Workload *shared)
{
    const uint32_t count = access->run->accesses_per_s / TICKS_PER_S;
    uint64_t at = shared->start_ns, log_at = at, dropped = 0;
    while (!shared->stop) {
        at += TICK_NS;
        const uint64_t begin = at + (access->run->kind == RUN_BALANCING ? below(next_random(access), JITTER_NS) : 0);
        const struct timespec until = {.tv_sec = (time_t)(begin / 1000000000), .tv_nsec = (long)(begin % 1000000000)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        const uint64_t now = now_ns();
        for (; at + TICK_NS <= now; at += TICK_NS)
            dropped++;
        do_accesses(access, count, run_hot_first(access->run, (at - shared->start_ns) / 1000));
        shared->accesses += count;
        if (now >= log_at + WORKLOAD_LOG_US * 1000) {
            log_at = now;
            write_log(shared, now, dropped);
        }
    }
}

void
workload_main(const Run *run, uint64_t seed, Workload *shared)
{
    Access access = {.run = run, .area = make_area(run), .random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1};
    shared->area = (uint64_t)(uintptr_t)access.area;
    shared->ready = 1;
    while (!shared->go)
        sleep_us(1000);
    shared->start_ns = now_ns();
    run_ticks(&access, shared);
}
