/* SPDX-License-Identifier: MIT */
/* Threads of the workloads as a policy sees them, and kernel work in their context. */
#include <mm/host-private.h>

#include <sim/time.h>
#include <string.h>

static uint32_t
host_task_count(const NsimHost *host)
{
    return mm_of(host)->tasks.count;
}

static bool
host_task_info(const NsimHost *host, uint32_t task, NsimTaskInfo *info)
{
    const NsimMm *mm = mm_of(host);
    NsimTaskInfo full = {0};
    if (task >= mm->tasks.count)
        return false;
    mm->tasks.info(mm->tasks.context, task, mm->now_ps, &full);
    answer(info, &full, sizeof full);
    return true;
}

static bool
host_charge(NsimHost *host, uint32_t task, NsimTime ps)
{
    NsimMm *mm = mm_of(host);
    NsimTaskInfo info = {.struct_size = sizeof info};
    if (!host_task_info(host, task, &info) || info.ended)
        return false;
    if (task == mm->fault_thread) {
        mm->fault_reclaim_ps += ps;
        mm->fault_done_ps += ps;
        return true;
    }
    if (!info.runnable || mm->mover == NULL)
        return false;
    nsim_mover_interrupt(mm->mover, info.accessor, info.core, ps, mm->now_ps);
    return true;
}

static const char *
scan_problem(const NsimMm *mm, const NsimScan *scan)
{
    NsimTaskInfo info = {0};
    if (scan->space >= mm->space_count || !in_space(mm->spaces[scan->space], scan->page, scan->count))
        return "a scan of pages that do not exist";
    if (scan->task >= mm->tasks.count)
        return "a scan by a task that does not exist";
    mm->tasks.info(mm->tasks.context, scan->task, mm->now_ps, &info);
    return info.space == scan->space ? NULL : "a scan by a task of another workload";
}

/* Arm what is on the wanted nodes; returns how many pages, and how many were there to be looked at. */
static uint64_t
arm_on_nodes(NsimSpace *space, const NsimScan *scan, NsimStory *story, uint64_t *ret_present)
{
    uint64_t armed = 0;
    *ret_present = 0;
    for (uint32_t i = 0; i < scan->count; i++) {
        const uint16_t state = nsim_space_state(space, scan->page + i);
        const bool present = (state & NSIM_PAGE_ABSENT) == 0;
        const bool wanted = present && (state & (NSIM_PAGE_ARMED | NSIM_PAGE_MOVING)) == 0 &&
                            (scan->nodes == NULL || scan->nodes[state & NSIM_PAGE_NODE]);
        *ret_present += present;
        armed += wanted;
        if (wanted)
            nsim_space_set_state(space, scan->page + i, (uint16_t)(state | NSIM_PAGE_ARMED));
        if (wanted)
            nsim_story_armed(story, scan->space, scan->page + i, 1);
        if (scan->ret_armed != NULL)
            scan->ret_armed[i] = wanted;
    }
    return armed;
}

static uint64_t
host_scan(NsimHost *host, const NsimScan *from, NsimTime *ret_cost_ps)
{
    NsimMm *mm = mm_of(host);
    NsimScan scan = {0};
    uint64_t present;
    memcpy(&scan, from, MIN((size_t)from->struct_size, sizeof scan));
    const char *problem = scan_problem(mm, &scan);
    if (problem != NULL) {
        host_refuse(mm, problem);
        return 0;
    }
    const uint64_t armed = arm_on_nodes(mm->spaces[scan.space], &scan, mm->story, &present);
    NsimTime cost_ps = present * scan.page_ps + armed * scan.change_ps;
    if (armed > 0 && mm->mover != NULL) {
        NsimTaskInfo info = {0};
        mm->tasks.info(mm->tasks.context, scan.task, mm->now_ps, &info);
        cost_ps += nsim_mover_flush(mm->mover, scan.space, armed, info.accessor, info.core, mm->now_ps);
    }
    (void)host_charge(host, scan.task, cost_ps);
    if (ret_cost_ps != NULL)
        *ret_cost_ps = cost_ps;
    return armed;
}

void
host_tasks_ops(NsimHostOps *ops)
{
    ops->task_count = host_task_count;
    ops->task_info = host_task_info;
    ops->charge = host_charge;
    ops->scan = host_scan;
}
