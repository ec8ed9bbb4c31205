/* SPDX-License-Identifier: MIT */
/* DAMON on physical addresses. Source and what is left out: ops-paddr.h. */
#include <mm/damon/ops-paddr.h>

#include <mm/damon/accessed.h>
#include <mm/damon/plan.h>

#define PPM 1000000u
/* Assumed: 0.5 to 2 us for a walk over the mappings of a page, once each; no figure is published. */
#define CHECK_PS NSIM_US
/* Published for the walk of migrations over numbers without a page behind them. */
#define MISS_PS (40 * NSIM_NS)

void
nsim_damon_physical_ops_init(NsimDamonPhysicalOps *ops, NsimMm *mm, uint64_t seed, const char *stream)
{
    *ops = (NsimDamonPhysicalOps){.mm = mm, .clear_ps = CHECK_PS, .test_ps = CHECK_PS, .miss_ps = MISS_PS};
    nsim_random_init(&ops->random, seed, stream);
}

NsimDamonRange
nsim_damon_node_range(const NsimMm *mm, NsimNodeId node)
{
    const unsigned shift = mm->machine->page_shift;
    NsimDamonRange range = {UINT64_MAX, 0};
    for (uint32_t n = 0; n < mm->machine->node_count; n++) {
        const uint64_t count = nsim_frames_count(mm->frames, (NsimNodeId)n);
        const uint64_t first = nsim_frames_first(mm->frames, (NsimNodeId)n);
        if (count == 0 || (node != NSIM_NODE_NONE && node != n))
            continue;
        range.start = MIN(range.start, first << shift);
        range.end = MAX(range.end, (first + count) << shift);
    }
    return range.start < range.end ? range : (NsimDamonRange){0, 0};
}

static NsimTime
paddr_init(void *state, NsimDamonContext *context, NsimTime now_ps)
{
    (void)state;
    (void)now_ps;
    for (uint32_t t = 0; t < context->target_count; t++) {
        NsimDamonTarget *target = &context->targets[t];
        const NsimDamonPhysicalTarget *handle = target->handle;
        if (target->count == 0)
            nsim_damon_target_set_ranges(target, handle->ranges, handle->range_count, context->min_region_bytes);
    }
    return 0;
}

/* ---- Folios ------------------------------------------------------------------------------------------------- */

/* What lies at an address. Holes are passed number by number, as the kernel does. */
static NsimDamonFolio
paddr_folio(void *state, const NsimDamonTarget *target, uint64_t address, uint64_t end)
{
    const NsimDamonPhysicalOps *ops = state;
    const NsimFrames *frames = ops->mm->frames;
    const unsigned shift = ops->mm->machine->page_shift;
    const uint64_t first = address >> shift, stop = MIN(end >> shift, nsim_frames_end(frames));
    (void)target;
    if (first >= stop)
        return (NsimDamonFolio){.end = MAX(end, address + 1), .steps = (end - address) >> shift};
    if (!nsim_frames_used(frames, (uint32_t)first)) {
        uint64_t next = first + 1;
        while (next < stop && !nsim_frames_used(frames, (uint32_t)next))
            next++;
        return (NsimDamonFolio){.end = next << shift, .steps = next - first};
    }
    uint32_t count;
    const uint32_t head = nsim_frames_folio(frames, (uint32_t)first, &count);
    const NsimFrame *frame = nsim_frames_at(frames, head);
    return (NsimDamonFolio){.end = ((uint64_t)head + count) << shift,
                            .steps = 1,
                            .present = true,
                            .space = frame->space,
                            .page = frame->page,
                            .pages = count};
}

static NsimDamonFolio
sampled(NsimDamonPhysicalOps *ops, const NsimDamonRegion *region)
{
    const unsigned shift = ops->mm->machine->page_shift;
    const uint64_t page = region->sampling_address >> shift;
    return paddr_folio(ops, NULL, page << shift, (page + 1) << shift);
}

/* ---- Accessed bits ------------------------------------------------------------------------------------------ */

static NsimTime
paddr_prepare(void *state, NsimDamonContext *context, NsimTime now_ps)
{
    NsimDamonPhysicalOps *ops = state;
    NsimTime cost_ps = 0;
    (void)now_ps;
    for (uint32_t t = 0; t < context->target_count; t++) {
        const NsimDamonTarget *target = &context->targets[t];
        for (uint32_t i = 0; i < target->count; i++) {
            nsim_damon_choose(context, &target->regions[i]);
            const NsimDamonFolio folio = sampled(ops, &target->regions[i]);
            if (folio.present)
                nsim_damon_make_old(ops->mm, ops->mm->spaces[folio.space], folio.space, folio.page, folio.pages);
            cost_ps += folio.present ? ops->clear_ps : ops->miss_ps;
        }
    }
    return cost_ps;
}

static bool
is_young(NsimDamonPhysicalOps *ops, const NsimDamonFolio *folio)
{
    if (!nsim_damon_is_young(ops->mm, ops->mm->spaces[folio->space], folio->space, folio->page, folio->pages))
        return false;
    return ops->resident_ppm == 0 || nsim_random_below(&ops->random, PPM) >= ops->resident_ppm;
}

static NsimTime
paddr_check(void *state, NsimDamonContext *context, NsimTime now_ps, uint32_t *ret_max)
{
    NsimDamonPhysicalOps *ops = state;
    NsimTime cost_ps = 0;
    (void)now_ps;
    *ret_max = 0;
    for (uint32_t t = 0; t < context->target_count; t++) {
        const NsimDamonTarget *target = &context->targets[t];
        NsimDamonFolio last = {0};
        bool young = false;
        for (uint32_t i = 0; i < target->count; i++) {
            const NsimDamonFolio folio = sampled(ops, &target->regions[i]);
            /* The next region's sample may lie in the same huge folio: its result holds, without another walk. */
            if (!folio.present || !last.present || folio.end != last.end) {
                young = folio.present && is_young(ops, &folio);
                cost_ps += folio.present ? ops->test_ps : ops->miss_ps;
            }
            last = folio;
            nsim_damon_count(context, &target->regions[i], young);
            *ret_max = MAX(*ret_max, target->regions[i].nr_accesses);
        }
    }
    return cost_ps;
}

const NsimDamonOps nsim_damon_ops_paddr = {
    .name = "paddr",
    .init = paddr_init,
    .prepare = paddr_prepare,
    .check = paddr_check,
    .folio = paddr_folio,
    .actions = 1u << NSIM_DAMOS_STAT | 1u << NSIM_DAMOS_MIGRATE_HOT | 1u << NSIM_DAMOS_MIGRATE_COLD |
               1u << NSIM_DAMOS_PAGEOUT | 1u << NSIM_DAMOS_LRU_PRIO | 1u << NSIM_DAMOS_LRU_DEPRIO,
};
