/* SPDX-License-Identifier: MIT */
/*
 * NUMA balancing's scanner: the threads of a workload arm its pages, piece by piece, as they use CPU time
 * (kernel/sched/fair.c: task_tick_numa, task_numa_work, update_task_scan_period). docs/numa-balancing.md has the rules.
 *
 * Left out: groups of tasks that share pages, which lengthen the period of the kernel's tasks; moving tasks to their
 * pages; skipping mappings that a thread has not faulted on lately; read-only file mappings.
 */
#pragma once

#include <numasim/policy.h>

typedef struct {
    NsimTime delay_ps, period_min_ps, period_max_ps, tick_ps;
    NsimTime clock_ps; /* what the kernel calls a millisecond */
    uint64_t size_bytes;
    NsimTime page_ps, change_ps;
} NumaScanConfig;

/* Option rows for a policy's config struct that has a NumaScanConfig called `scan`. */
#define NUMA_SCAN_OPTIONS(Config)                                                                                      \
    {.key = "scan_delay",                                                                                              \
     .type = NSIM_OPTION_TIME,                                                                                         \
     .offset = offsetof(Config, scan.delay_ps),                                                                        \
     .min = 1 * NSIM_US,                                                                                               \
     .max = 3600 * NSIM_S,                                                                                             \
     .default_text = "1s",                                                                                             \
     .help = "CPU time a thread uses before it scans, and time its workload is left alone after that",                 \
     .source = "Linux sched/numa_balancing/scan_delay_ms"},                                                            \
        {.key = "scan_period_min",                                                                                     \
         .type = NSIM_OPTION_TIME,                                                                                     \
         .offset = offsetof(Config, scan.period_min_ps),                                                               \
         .min = 1 * NSIM_US,                                                                                           \
         .max = 3600 * NSIM_S,                                                                                         \
         .default_text = "1s",                                                                                         \
         .help = "least CPU time of a thread for a scan of all its workload's memory",                                 \
         .source = "Linux sched/numa_balancing/scan_period_min_ms"},                                                   \
        {.key = "scan_period_max",                                                                                     \
         .type = NSIM_OPTION_TIME,                                                                                     \
         .offset = offsetof(Config, scan.period_max_ps),                                                               \
         .min = 1 * NSIM_US,                                                                                           \
         .max = 3600 * NSIM_S,                                                                                         \
         .default_text = "60s",                                                                                        \
         .help = "most CPU time of a thread for a scan of all its workload's memory; also the time between "           \
                 "adjustments of the hot threshold",                                                                   \
         .source = "Linux sched/numa_balancing/scan_period_max_ms"},                                                   \
        {.key = "scan_size",                                                                                           \
         .type = NSIM_OPTION_BYTES,                                                                                    \
         .offset = offsetof(Config, scan.size_bytes),                                                                  \
         .min = (uint64_t)1 << 20,                                                                                     \
         .max = (uint64_t)1 << 40,                                                                                     \
         .default_text = "256MiB",                                                                                     \
         .help = "memory scanned at a time",                                                                           \
         .source = "Linux sched/numa_balancing/scan_size_mb"},                                                         \
        {.key = "clock",                                                                                               \
         .type = NSIM_OPTION_TIME,                                                                                     \
         .offset = offsetof(Config, scan.clock_ps),                                                                    \
         .min = 1 * NSIM_US,                                                                                           \
         .max = 1 * NSIM_MS,                                                                                           \
         .default_text = "1ms",                                                                                        \
         .help = "unit of the kernel's times, a thousand of which it calls a second; less for traces of milliseconds", \
         .source = "Linux counts milliseconds"},                                                                       \
        {.key = "tick",                                                                                                \
         .type = NSIM_OPTION_TIME,                                                                                     \
         .offset = offsetof(Config, scan.tick_ps),                                                                     \
         .min = 1 * NSIM_US,                                                                                           \
         .max = 1 * NSIM_S,                                                                                            \
         .default_text = "4ms",                                                                                        \
         .help = "time between looks at a thread's CPU time",                                                          \
         .source = "HZ=250"},                                                                                          \
        {.key = "scan_page_cost",                                                                                      \
         .type = NSIM_OPTION_TIME,                                                                                     \
         .offset = offsetof(Config, scan.page_ps),                                                                     \
         .max = 1 * NSIM_MS,                                                                                           \
         .default_text = "10ns",                                                                                       \
         .help = "a thread's time for each present page it scans",                                                     \
         .source = "assumed: no figure is published"},                                                                 \
    {                                                                                                                  \
        .key = "scan_change_cost", .type = NSIM_OPTION_TIME, .offset = offsetof(Config, scan.change_ps),               \
        .max = 1 * NSIM_MS, .default_text = "50ns", .help = "a thread's time more for each page it arms",              \
        .source = "assumed: no figure is published"                                                                    \
    }

/* What a page without a mark has. */
#define NUMA_MARK_NONE ((uint16_t)0xffff)

typedef struct {
    NsimSpaceId space;
    NsimAccessorId accessor;
    NsimNodeId home;    /* the accessor's nearest node */
    uint32_t number;    /* thread in its workload */
    bool cpu;           /* runs on a CPU: other accessors do not scan */
    NsimTime stamp_ps;  /* CPU time at which the present period began */
    uint32_t period_ms; /* of the kernel's milliseconds */
    uint32_t sequence;  /* of its space, when its faults were last looked at */
    NsimTime retry_ps;  /* they are not looked at again before */
    /* faults since then */
    uint64_t local, remote, failed, shared, private;
} NumaTask;

typedef struct {
    uint64_t page_count, page_bytes;
    uint32_t region_count, task_count;
    uint32_t *tasks; /* by number of the thread, below thread_room */
    uint32_t thread_room;
    NsimTime next_ps; /* no scan before; 0: not set yet */
    NsimPage offset;
    uint32_t sequence; /* scans of all of it that are done */
    uint16_t *marks;   /* by page: what the policy notes there; hot_mark() of its scan for pages armed on the nodes of
                          `timed` */
} NumaSpace;

typedef struct {
    const NumaScanConfig *config;
    bool *nodes;     /* by node: arm pages there */
    bool *timed;     /* by node: mark them with the time */
    bool spare_home; /* do not arm pages on the node of a space's only thread */
    NumaTask *tasks;
    NumaSpace *spaces;
    uint32_t task_count, space_count;
    bool *armed; /* scratch of a scan */
    uint64_t armed_room;
    /* counters */
    uint64_t updates;
    NsimTime cost_ps;
} NumaScan;

NumaScan *numa_scan_new(NsimHost *host, const NumaScanConfig *config);
void numa_scan_free(NumaScan *scan);
/* Set the first timer: its cookie comes to numa_scan_tick(). */
void numa_scan_start(const NumaScan *scan, NsimHost *host, uint64_t cookie);
/* Let threads scan that are due, and set the next timer. */
void numa_scan_tick(NumaScan *scan, NsimHost *host, uint64_t cookie);
/* The time now as the kernel counts it. */
uint32_t numa_scan_now_ms(const NumaScan *scan, const NsimHost *host);
/* The task of a fault, or NULL. */
NumaTask *numa_scan_task(NumaScan *scan, const NsimFault *fault);

/*
 * A fault of the task is over. `local`: the page was on its home node; `own`: the last one to fault there was the task
 * itself, or nobody; `failed`: it should have moved and did not. May change the task's period.
 */
void numa_scan_note(NumaScan *scan, const NsimHost *host, NumaTask *task, uint64_t pages, bool local, bool own,
                    bool failed);
