/* SPDX-License-Identifier: MIT */
/* NUMA balancing's scanner: when threads scan, what they arm, how their period adapts. */
#include "policies/numa-scan.h"

#include "policies/hot-threshold.h"

#include <string.h>

/* Never more than this in a second (MAX_SCAN_WINDOW). */
#define WINDOW_BYTES_PER_S ((uint64_t)2560 << 20)
/* Address space looked at in one scan, in scan sizes, where little of it can be armed. */
#define VIRTUAL_SIZES 8u
/* A scan's own time keeps its thread from the next one for so many times as long: 3 % at most are for scans. */
#define SPARING 32u
/* The period changes in tenths; seven of them is where a share of faults counts as most. */
#define SLOTS 10u
#define SLOTS_MOST 7u

/* ---- Life ------------------------------------------------------------------------------------------------------ */

NumaScan *
numa_scan_new(NsimHost *host, const NumaScanConfig *config)
{
    NumaScan *scan = g_new0(NumaScan, 1);
    scan->config = config;
    scan->nodes = g_new0(bool, nsim_node_count(host) + 1);
    scan->timed = g_new0(bool, nsim_node_count(host) + 1);
    scan->space_count = nsim_space_count(host);
    scan->spaces = g_new0(NumaSpace, scan->space_count + 1);
    for (uint32_t s = 0; s < scan->space_count; s++) {
        NumaSpace *space = &scan->spaces[s];
        NsimSpaceInfo info;
        if (!nsim_space_info(host, (NsimSpaceId)s, &info))
            continue;
        space->page_count = info.page_count;
        space->page_bytes = info.page_bytes;
        space->region_count = info.region_count;
        space->marks = g_new(uint16_t, info.page_count + 1);
        memset(space->marks, 0xff, (info.page_count + 1) * sizeof *space->marks);
    }
    return scan;
}

void
numa_scan_free(NumaScan *scan)
{
    for (uint32_t s = 0; s < scan->space_count; s++) {
        g_free(scan->spaces[s].marks);
        g_free(scan->spaces[s].tasks);
    }
    g_free(scan->spaces);
    g_free(scan->tasks);
    g_free(scan->nodes);
    g_free(scan->timed);
    g_free(scan->armed);
    g_free(scan);
}

static void
add_task(NumaScan *scan, const NsimHost *host, uint32_t index, const NsimTaskInfo *info)
{
    NumaTask *task = &scan->tasks[index];
    NumaSpace *space = &scan->spaces[info->space];
    NsimAccessorInfo accessor;
    const bool first = space->task_count++ == 0;
    if (info->thread >= space->thread_room) {
        space->tasks = g_renew(uint32_t, space->tasks, info->thread + 1);
        for (uint32_t t = space->thread_room; t <= info->thread; t++)
            space->tasks[t] = UINT32_MAX;
        space->thread_room = info->thread + 1;
    }
    space->tasks[info->thread] = index;
    *task = (NumaTask){.space = info->space,
                       .accessor = info->accessor,
                       .home = nsim_node_by_rank(host, info->accessor, 0),
                       .number = info->thread,
                       .cpu = nsim_accessor_info(host, info->accessor, &accessor) && accessor.kind == NSIM_ACCESSOR_CPU,
                       .period_ms = (uint32_t)(scan->config->delay_ps / scan->config->clock_ps)};
    /* A thread that joins a process waits two ticks more, and begins with the delay as its period. */
    if (!first)
        task->stamp_ps = 2 * scan->config->tick_ps;
}

/* Threads are known once the workloads begin. */
static void
find_tasks(NumaScan *scan, const NsimHost *host)
{
    scan->task_count = nsim_task_count(host);
    scan->tasks = g_new0(NumaTask, scan->task_count + 1);
    for (uint32_t t = 0; t < scan->task_count; t++) {
        NsimTaskInfo info;
        if (nsim_task_info(host, t, &info))
            add_task(scan, host, t, &info);
    }
}

NumaTask *
numa_scan_task(NumaScan *scan, const NsimFault *fault)
{
    const NumaSpace *space = &scan->spaces[fault->space];
    if (fault->thread >= space->thread_room || space->tasks[fault->thread] == UINT32_MAX)
        return NULL;
    return &scan->tasks[space->tasks[fault->thread]];
}

uint32_t
numa_scan_now_ms(const NumaScan *scan, const NsimHost *host)
{
    return (uint32_t)(nsim_now(host) / scan->config->clock_ps);
}

/* ---- Periods --------------------------------------------------------------------------------------------------- */

static uint64_t
scan_pages(const NumaScan *scan, const NumaSpace *space)
{
    return MAX(scan->config->size_bytes / space->page_bytes, 1);
}

/* How many scans the memory that a space has now takes. */
static uint64_t
windows(const NumaScan *scan, const NsimHost *host, NsimSpaceId id)
{
    const uint64_t pages = scan_pages(scan, &scan->spaces[id]);
    NsimSpaceInfo info = {.resident_pages = 0};
    (void)nsim_space_info(host, id, &info);
    return MAX((info.resident_pages + pages - 1) / pages, 1);
}

static uint32_t
period_min_ms(const NumaScan *scan, const NsimHost *host, NsimSpaceId id)
{
    const uint64_t per_s = MAX(WINDOW_BYTES_PER_S / scan->config->size_bytes, 1);
    const uint64_t share_ms = scan->config->period_min_ps / scan->config->clock_ps / windows(scan, host, id);
    return (uint32_t)MAX(1000 / per_s, share_ms);
}

static uint32_t
period_max_ms(const NumaScan *scan, const NsimHost *host, NsimSpaceId id)
{
    const uint64_t share_ms = scan->config->period_max_ps / scan->config->clock_ps / windows(scan, host, id);
    return MAX((uint32_t)share_ms, period_min_ms(scan, host, id));
}

/*
 * Faults that nobody had elsewhere but the task itself, on other nodes, double the period, and so do failures;
 * otherwise it grows by a tenth or more where seven tenths of the faults are the task's own or are on its node, and
 * shrinks else.
 */
static void
adapt_period(NumaScan *scan, const NsimHost *host, NumaTask *task)
{
    const uint32_t most_ms = period_max_ms(scan, host, task->space);
    if (task->local + task->shared == 0 || task->failed > 0) {
        task->period_ms = (uint32_t)MIN((uint64_t)most_ms, (uint64_t)task->period_ms * 2);
        scan->spaces[task->space].next_ps = nsim_now(host) + task->period_ms * scan->config->clock_ps;
        return;
    }
    const uint32_t slot_ms = (task->period_ms + SLOTS - 1) / SLOTS;
    const uint32_t here = (uint32_t)(task->local * SLOTS / (task->local + task->remote));
    const uint32_t own = (uint32_t)(task->private * SLOTS / MAX(task->private + task->shared, 1));
    int64_t change_ms;
    if (own >= SLOTS_MOST)
        change_ms = (int64_t)slot_ms * MAX(own - SLOTS_MOST, 1);
    else if (here >= SLOTS_MOST)
        change_ms = (int64_t)slot_ms * MAX(here - SLOTS_MOST, 1);
    else
        change_ms = -(int64_t)slot_ms * (SLOTS_MOST - MAX(here, own));
    const int64_t period_ms = (int64_t)task->period_ms + change_ms;
    task->period_ms = (uint32_t)CLAMP(period_ms, (int64_t)period_min_ms(scan, host, task->space), (int64_t)most_ms);
    task->local = task->remote = task->failed = 0;
}

void
numa_scan_note(NumaScan *scan, const NsimHost *host, NumaTask *task, uint64_t pages, bool local, bool own, bool failed)
{
    if (nsim_now(host) >= task->retry_ps) {
        if (task->sequence != scan->spaces[task->space].sequence) {
            task->sequence = scan->spaces[task->space].sequence;
            adapt_period(scan, host, task);
            task->private = task->shared = 0;
        }
        task->retry_ps =
            nsim_now(host) + MIN(1000 * scan->config->clock_ps, task->period_ms * scan->config->clock_ps / 16);
    }
    task->failed += failed ? pages : 0;
    *(own ? &task->private : &task->shared) += pages;
    *(local ? &task->local : &task->remote) += pages;
}

/* ---- Scans ----------------------------------------------------------------------------------------------------- */

/* Arm [page, page + count); returns how many pages. */
static uint64_t
arm_run(NumaScan *scan, NsimHost *host, uint32_t index, NsimPage page, uint64_t count, NsimTime *cost_ps)
{
    const NumaTask *task = &scan->tasks[index];
    NumaSpace *space = &scan->spaces[task->space];
    const uint16_t mark = hot_mark(numa_scan_now_ms(scan, host));
    NsimTime spent_ps = 0;
    if (scan->armed_room < count) {
        scan->armed = g_renew(bool, scan->armed, count);
        scan->armed_room = count;
    }
    NsimScan what = {.task = index,
                     .page = page,
                     .count = (uint32_t)count,
                     .space = task->space,
                     .nodes = scan->nodes,
                     .page_ps = scan->config->page_ps,
                     .change_ps = scan->config->change_ps,
                     .ret_armed = scan->armed};
    /* Pages where a space's only thread runs stay as they are. */
    const bool spare = scan->spare_home && space->task_count == 1 && task->home != NSIM_NODE_NONE;
    const bool home = spare && scan->nodes[task->home];
    if (home)
        scan->nodes[task->home] = false;
    const uint64_t updates = nsim_scan(host, &what, &spent_ps);
    if (home)
        scan->nodes[task->home] = true;
    for (uint64_t i = 0; updates > 0 && i < count; i++) {
        if (scan->armed[i] && scan->timed[nsim_page_node(host, task->space, page + i)])
            space->marks[page + i] = mark;
    }
    scan->updates += updates;
    *cost_ps += spent_ps;
    return updates;
}

/* Go on through the space from where the last scan stopped. Returns the thread's time. */
static NsimTime
scan_on(NumaScan *scan, NsimHost *host, uint32_t index)
{
    const NsimSpaceId id = scan->tasks[index].space;
    NumaSpace *space = &scan->spaces[id];
    const uint64_t huge_pages = MAX(((uint64_t)2 << 20) / space->page_bytes, 1);
    uint64_t left = scan_pages(scan, space), virtual_left = left * VIRTUAL_SIZES;
    NsimTime cost_ps = 0;
    if (space->offset >= space->page_count) {
        space->sequence++;
        space->offset = 0;
    }
    for (uint32_t r = 0; r < space->region_count; r++) {
        NsimRegionInfo region;
        if (!nsim_region_info(host, id, r, &region) || region.first + region.count <= space->offset)
            continue;
        const NsimPage last = region.first + region.count;
        for (NsimPage page = MAX(space->offset, region.first); page < last;) {
            const NsimPage aligned = (page + left + huge_pages - 1) / huge_pages * huge_pages;
            const NsimPage end = MIN(aligned, last);
            if (arm_run(scan, host, index, page, end - page, &cost_ps) > 0)
                left -= MIN(left, end - page);
            virtual_left -= MIN(virtual_left, end - page);
            space->offset = page = end;
            if (left == 0 || virtual_left == 0)
                return cost_ps;
        }
    }
    space->sequence++;
    space->offset = 0;
    return cost_ps;
}

/* task_numa_work(): the first time it only sets when the workload is scanned first. */
static void
work(NumaScan *scan, NsimHost *host, uint32_t index)
{
    NumaTask *task = &scan->tasks[index];
    NumaSpace *space = &scan->spaces[task->space];
    const NsimTime now_ps = nsim_now(host);
    if (space->next_ps == 0)
        space->next_ps = now_ps + scan->config->delay_ps;
    if (now_ps < space->next_ps)
        return;
    space->next_ps = now_ps + task->period_ms * scan->config->clock_ps;
    const NsimTime cost_ps = scan_on(scan, host, index);
    task->stamp_ps += 2 * scan->config->tick_ps + SPARING * cost_ps;
    scan->cost_ps += cost_ps;
}

/* Returns how much CPU time the task has until it is due. */
static NsimTime
tick_task(NumaScan *scan, NsimHost *host, uint32_t index, const NsimTaskInfo *info)
{
    NumaTask *task = &scan->tasks[index];
    const NsimTime period_ps = task->period_ms * scan->config->clock_ps;
    if (info->cpu_ps > task->stamp_ps + period_ps) {
        if (!info->runnable)
            return 0;
        if (task->stamp_ps == 0)
            task->period_ms = period_min_ms(scan, host, task->space);
        task->stamp_ps += period_ps;
        if (nsim_now(host) >= scan->spaces[task->space].next_ps)
            work(scan, host, index);
    }
    const NsimTime due_ps = task->stamp_ps + task->period_ms * scan->config->clock_ps;
    return due_ps > info->cpu_ps ? due_ps - info->cpu_ps : 0;
}

void
numa_scan_start(const NumaScan *scan, NsimHost *host, uint64_t cookie)
{
    (void)nsim_set_timer(host, scan->config->tick_ps, cookie);
}

void
numa_scan_tick(NumaScan *scan, NsimHost *host, uint64_t cookie)
{
    NsimTime least_ps = NSIM_TIME_MAX;
    if (scan->tasks == NULL)
        find_tasks(scan, host);
    for (uint32_t t = 0; t < scan->task_count; t++) {
        NsimTaskInfo info;
        if (!scan->tasks[t].cpu || !nsim_task_info(host, t, &info) || info.ended)
            continue;
        least_ps = MIN(least_ps, tick_task(scan, host, t, &info));
    }
    /* CPU time goes by no faster than time: nobody is due before. */
    if (least_ps != NSIM_TIME_MAX)
        (void)nsim_set_timer(host, nsim_now(host) + MAX(least_ps, scan->config->tick_ps), cookie);
}
