/* SPDX-License-Identifier: MIT */
/* What hardware and page tables tell a policy: samples, counters, accessed bits. */
#include <mm/host-private.h>

#include <mm/damon/session.h>

#include <string.h>

/* Assumed: one page-table entry of a walk through many of them, test, clear and the walk's share. No figure is
 * published. */
#define SCAN_ENTRY_PS (25 * NSIM_NS)

void
nsim_mm_samples(NsimMm *mm, const NsimSample *samples, uint32_t count)
{
    if (mm->instance != NULL && mm->policy->samples != NULL)
        mm->policy->samples(mm->instance, &mm->host, samples, count);
    nsim_damon_report_samples(mm, samples, count);
}

static bool
host_sample(NsimHost *host, const NsimSampling *sampling)
{
    return nsim_sampler_set(&mm_of(host)->sampler, sampling);
}

static uint64_t
host_read_samples(NsimHost *host)
{
    NsimMm *mm = mm_of(host);
    uint64_t count = 0;
    for (uint32_t c = 0; c < mm->sampler.core_count; c++) {
        g_autoptr(GArray) samples = nsim_sampler_take(&mm->sampler, c);
        if (samples == NULL)
            continue;
        count += samples->len;
        nsim_mm_samples(mm, (const NsimSample *)(const void *)samples->data, samples->len);
    }
    return count;
}

static bool
host_node_counters(const NsimHost *host, NsimNodeId node, NsimNodeCounters *counters)
{
    const NsimMm *mm = mm_of(host);
    NsimNodeCounters full = {0};
    if (node >= mm->machine->node_count)
        return false;
    for (uint32_t a = 0; mm->fabric != NULL && a < mm->fabric->agent_count; a++) {
        full.read_bytes += nsim_fabric_route_total(mm->fabric, a, node, NSIM_DIR_READ).lines * NSIM_LINE_BYTES;
        full.write_bytes += nsim_fabric_route_total(mm->fabric, a, node, NSIM_DIR_WRITE).lines * NSIM_LINE_BYTES;
    }
    answer(counters, &full, sizeof full);
    return true;
}

static bool
host_route_counters(const NsimHost *host, NsimAccessorId accessor, NsimNodeId node, NsimRouteCounters *counters)
{
    const NsimMm *mm = mm_of(host);
    NsimRouteCounters full = {0};
    if (node >= mm->machine->node_count || accessor >= mm->machine->accessor_count)
        return false;
    if (mm->fabric != NULL) {
        const NsimFabricTotal reads = nsim_fabric_route_total(mm->fabric, accessor, node, NSIM_DIR_READ);
        const NsimFabricTotal writes = nsim_fabric_route_total(mm->fabric, accessor, node, NSIM_DIR_WRITE);
        full = (NsimRouteCounters){.reads = reads.lines,
                                   .writes = writes.lines,
                                   .read_latency_ps = reads.latency_ps,
                                   .write_latency_ps = writes.latency_ps};
    }
    answer(counters, &full, sizeof full);
    return true;
}

static bool
host_resource_counters(const NsimHost *host, uint32_t resource, NsimResourceCounters *counters)
{
    const NsimMm *mm = mm_of(host);
    NsimResourceCounters full = {0};
    if (resource >= mm->machine->resource_count)
        return false;
    if (mm->fabric != NULL)
        nsim_fabric_resource_total(mm->fabric, resource, &full.bytes, &full.busy_ps);
    answer(counters, &full, sizeof full);
    return true;
}

static NsimTime
host_kernel_work(NsimHost *host, uint32_t queue, NsimTime work_ps)
{
    const NsimMm *mm = mm_of(host);
    if (mm->mover == NULL || queue == 0 || queue >= NSIM_QUEUES_MAX)
        return mm->now_ps;
    return nsim_mover_kernel_work(mm->mover, queue, mm->now_ps, work_ps);
}

/* The pages that one entry of the page table maps, of those from `page` on and before `end`. */
static uint64_t
mapped_pages(const NsimSpace *space, NsimPage page, NsimPage end)
{
    NsimPage first;
    uint32_t count;
    nsim_space_unit_of(space, page, &first, &count);
    const bool huge = count == 1u << space->frame_page_shift && (nsim_space_state(space, page) & NSIM_PAGE_SPLIT) == 0;
    return huge ? MIN(first + count, end) - page : 1;
}

static uint64_t
host_clear_young(NsimHost *host, NsimSpaceId space_id, NsimPage page, uint64_t count, uint32_t queue,
                 uint64_t *ret_young)
{
    NsimMm *mm = mm_of(host);
    uint64_t young = 0, entries = 0;
    if (space_id >= mm->space_count || !in_space(mm->spaces[space_id], page, count))
        return 0;
    NsimSpace *space = mm->spaces[space_id];
    if (ret_young != NULL)
        memset(ret_young, 0, (count + 63) / 64 * sizeof *ret_young);
    for (uint64_t i = 0; i < count;) {
        const uint64_t pages = mapped_pages(space, page + i, page + count);
        uint16_t all, any;
        nsim_space_survey(space, page + i, pages, &all, &any);
        entries++;
        if ((all & NSIM_PAGE_ABSENT) == 0 && (any & NSIM_PAGE_ACCESSED) != 0) {
            nsim_space_change(space, page + i, pages, NSIM_PAGE_ACCESSED, 0);
            young += pages;
            for (uint64_t k = i; ret_young != NULL && k < i + pages; k++)
                ret_young[k / 64] |= (uint64_t)1 << (k % 64);
        }
        i += pages;
    }
    (void)host_kernel_work(host, queue, entries * SCAN_ENTRY_PS);
    return young;
}

void
host_sense_ops(NsimHostOps *ops)
{
    ops->sample = host_sample;
    ops->read_samples = host_read_samples;
    ops->node_counters = host_node_counters;
    ops->route_counters = host_route_counters;
    ops->resource_counters = host_resource_counters;
    ops->clear_young = host_clear_young;
    ops->kernel_work = host_kernel_work;
}
