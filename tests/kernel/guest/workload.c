/* SPDX-License-Identifier: MIT */
/*
 * The program that is watched: one area, read a byte at a time in a known pattern, paced by an absolute clock. Every
 * millisecond it does a thousandth of the accesses of a second; a tick that is late is dropped and not made up for, and
 * the number of accesses really done is logged.
 */
#include "../accesses.h"
#include "guest.h"

#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS UINT64_C(1000000)
#define HUGE_BYTES (UINT64_C(2) << 20)
#define AREA_BYTES ((uint64_t)RUN_AREA_PAGES * RUN_PAGE_BYTES)

static void
do_accesses(Access *access, volatile const uint8_t *area, uint32_t count, uint32_t hot_first)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t line;
        const uint32_t page = access_next(access, hot_first, &line);
        (void)area[(uint64_t)page * RUN_PAGE_BYTES + line * ACCESS_LINE_BYTES];
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
run_ticks(Access *access, volatile const uint8_t *area, Workload *shared)
{
    const uint32_t count = access->run->accesses_per_s / ACCESS_TICKS_PER_S;
    uint64_t at = shared->start_ns, log_at = at, dropped = 0;
    while (!shared->stop) {
        at += TICK_NS;
        const uint64_t begin = at + access_jitter_ns(access);
        const struct timespec until = {.tv_sec = (time_t)(begin / 1000000000), .tv_nsec = (long)(begin % 1000000000)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        const uint64_t now = now_ns();
        for (; at + TICK_NS <= now; at += TICK_NS)
            dropped++;
        do_accesses(access, area, count, run_hot_first(access->run, (at - shared->start_ns) / 1000));
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
    void *area = make_area(run);
    Access access = access_begin(run, seed);
    shared->area = (uint64_t)(uintptr_t)area;
    shared->ready = 1;
    while (!shared->go)
        sleep_us(1000);
    shared->start_ns = now_ns();
    run_ticks(&access, area, shared);
}
