/* SPDX-License-Identifier: MIT */
/*
 * DAMON on virtual addresses of simulated spaces: pages, units, accessed bits.
 *
 * Source: Linux mm/damon/vaddr.c and ops-common.c, 6.12 to 7.2, written anew. A space knows its mappings by frames of
 * 2 MiB, so that narrower gaps are not seen. Left out: see ops-space.h.
 */
#include <mm/damon/ops-space.h>

#include <mm/damon/plan.h>
#include <sim/integer.h>

#define PPM 1000000u
/* Assumed: no figure is published; a page-table walk with its locks takes some hundred nanoseconds. */
#define CHECK_PS (400 * NSIM_NS)
#define UPDATE_PS (10 * NSIM_US)

void
nsim_damon_space_ops_init(NsimDamonSpaceOps *ops, uint64_t seed, const char *stream)
{
    *ops = (NsimDamonSpaceOps){.clear_ps = CHECK_PS, .test_ps = CHECK_PS, .update_ps = UPDATE_PS};
    nsim_random_init(&ops->random, seed, stream);
}

uint32_t
nsim_damon_resident_ppm(uint64_t translations, uint64_t entries)
{
    return translations <= entries ? PPM : 0;
}

/* ---- Areas -------------------------------------------------------------------------------------------------- */

uint32_t
nsim_damon_three_ranges(const NsimSpace *space, NsimDamonRange ret_ranges[3])
{
    NsimDamonRange wide[2] = {{0, 0}, {0, 0}}; /* the widest gap and the next one */
    uint32_t count = 0;
    if (space->region_count == 0)
        return 0;
    const uint64_t start = space->regions[0].address;
    uint64_t end = start;
    for (uint32_t r = 0; r < space->region_count; r++) {
        const NsimSpaceRegion *region = &space->regions[r];
        const NsimDamonRange gap = {end, region->address};
        /* A region may go on behind frames that nobody touches: its address is that of its first page. */
        end = nsim_space_address_of(space, region->first + region->count - 1) + ((uint64_t)1 << space->page_shift);
        if (gap.end - gap.start > wide[0].end - wide[0].start) {
            wide[1] = wide[0];
            wide[0] = gap;
        } else if (gap.end - gap.start > wide[1].end - wide[1].start) {
            wide[1] = gap;
        }
    }
    if (wide[1].start < wide[1].end && wide[1].start < wide[0].start) {
        const NsimDamonRange later = wide[0];
        wide[0] = wide[1];
        wide[1] = later;
    }
    uint64_t from = start;
    for (uint32_t g = 0; g < 2; g++) {
        if (wide[g].start == wide[g].end)
            continue;
        ret_ranges[count++] = (NsimDamonRange){from, wide[g].start};
        from = wide[g].end;
    }
    ret_ranges[count++] = (NsimDamonRange){from, end};
    return count;
}

/* The first regions: the three areas, in pieces of a `min_nr_regions`-th of their bytes. */
static NsimTime
vaddr_init(void *state, NsimDamonContext *context, NsimTime now_ps)
{
    const NsimDamonSpaceOps *ops = state;
    NsimTime cost_ps = 0;
    (void)now_ps;
    for (uint32_t t = 0; t < context->target_count; t++) {
        NsimDamonTarget *target = &context->targets[t];
        const NsimDamonSpaceTarget *handle = target->handle;
        NsimDamonRange ranges[3];
        /* Whoever gave regions of its own keeps them. */
        if (target->count > 0)
            continue;
        const uint32_t count = nsim_damon_three_ranges(handle->space, ranges);
        nsim_damon_target_set_ranges(target, ranges, count, context->min_region_bytes);
        const uint64_t piece = nsim_damon_target_bytes(target) / context->attrs.min_nr_regions;
        nsim_damon_target_split_evenly(target, MAX(piece, context->min_region_bytes), context->min_region_bytes);
        cost_ps += ops->update_ps;
    }
    return cost_ps;
}

static NsimTime
vaddr_update(void *state, NsimDamonContext *context, NsimTime now_ps)
{
    const NsimDamonSpaceOps *ops = state;
    (void)now_ps;
    for (uint32_t t = 0; t < context->target_count; t++) {
        const NsimDamonSpaceTarget *handle = context->targets[t].handle;
        NsimDamonRange ranges[3];
        const uint32_t count = nsim_damon_three_ranges(handle->space, ranges);
        nsim_damon_target_set_ranges(&context->targets[t], ranges, count, context->min_region_bytes);
    }
    return context->target_count * ops->update_ps;
}

static NsimTime
fvaddr_init(void *state, NsimDamonContext *context, NsimTime now_ps)
{
    (void)state;
    (void)now_ps;
    for (uint32_t t = 0; t < context->target_count; t++) {
        NsimDamonTarget *target = &context->targets[t];
        const NsimDamonSpaceTarget *handle = target->handle;
        if (target->count == 0)
            nsim_damon_target_set_ranges(target, handle->ranges, handle->range_count, context->min_region_bytes);
    }
    return 0;
}

/* ---- Accessed bits ------------------------------------------------------------------------------------------ */

/* Pages that one entry of the page table maps, all with one accessed bit. */
typedef struct {
    NsimPage first;
    uint32_t count; /* 0: not mapped */
} Mapping;

static bool
find_frame(const NsimSpace *space, uint64_t frame_address, uint64_t *ret_frame)
{
    *ret_frame = nsim_lower_bound(space->frame_addresses, space->frame_count, frame_address);
    return *ret_frame < space->frame_count && space->frame_addresses[*ret_frame] == frame_address;
}

static Mapping
mapping_of(const NsimSpace *space, uint64_t address)
{
    const uint64_t frame_pages = (uint64_t)1 << space->frame_page_shift;
    uint64_t frame = 0;
    if (!find_frame(space, address >> 21, &frame))
        return (Mapping){0, 0};
    const NsimPage page = (frame << space->frame_page_shift) + ((address >> space->page_shift) & (frame_pages - 1));
    const uint16_t state = nsim_space_state(space, page);
    Mapping mapping = {page, 1};
    if ((state & NSIM_PAGE_ABSENT) != 0)
        return (Mapping){0, 0};
    if ((state & NSIM_PAGE_SPLIT) == 0)
        nsim_space_unit_of(space, page, &mapping.first, &mapping.count);
    /* Smaller units are folios of base pages, each with a bit of its own. */
    return mapping.count == frame_pages ? mapping : (Mapping){page, 1};
}

static NsimTime
space_prepare(void *state, NsimDamonContext *context, NsimTime now_ps)
{
    const NsimDamonSpaceOps *ops = state;
    NsimTime cost_ps = 0;
    (void)now_ps;
    for (uint32_t t = 0; t < context->target_count; t++) {
        const NsimDamonTarget *target = &context->targets[t];
        const NsimDamonSpaceTarget *handle = target->handle;
        for (uint32_t i = 0; i < target->count; i++) {
            nsim_damon_choose(context, &target->regions[i]);
            const Mapping mapping = mapping_of(handle->space, target->regions[i].sampling_address);
            if (mapping.count > 0)
                nsim_space_make_old(handle->space, mapping.first, mapping.count);
            cost_ps += ops->clear_ps;
        }
    }
    return cost_ps;
}

/* Does the check find the page young? */
static bool
is_young(NsimDamonSpaceOps *ops, const NsimSpace *space, const Mapping *mapping)
{
    if (mapping->count == 0 || !nsim_space_is_young(space, mapping->first, mapping->count))
        return false;
    return ops->resident_ppm == 0 || nsim_random_below(&ops->random, PPM) >= ops->resident_ppm;
}

static NsimTime
space_check(void *state, NsimDamonContext *context, NsimTime now_ps, uint32_t *ret_max)
{
    NsimDamonSpaceOps *ops = state;
    NsimTime cost_ps = 0;
    uint32_t max = 0;
    (void)now_ps;
    for (uint32_t t = 0; t < context->target_count; t++) {
        const NsimDamonTarget *target = &context->targets[t];
        const NsimDamonSpaceTarget *handle = target->handle;
        Mapping last = {0, 0};
        bool young = false;
        for (uint32_t i = 0; i < target->count; i++) {
            const Mapping mapping = mapping_of(handle->space, target->regions[i].sampling_address);
            /* The next region's sample may lie in the same huge page: its result holds, without another walk. */
            if (mapping.count == 0 || mapping.first != last.first || mapping.count != last.count) {
                young = is_young(ops, handle->space, &mapping);
                cost_ps += ops->test_ps;
            }
            last = mapping;
            nsim_damon_count(context, &target->regions[i], young);
            max = MAX(max, target->regions[i].nr_accesses);
        }
    }
    *ret_max = max;
    return cost_ps;
}

/* ---- Folios ------------------------------------------------------------------------------------------------- */

/* What page tables say of an address: entries of frames that nobody maps are passed at once. */
static NsimDamonFolio
space_folio(void *state, const NsimDamonTarget *target, uint64_t address, uint64_t end)
{
    const NsimDamonSpaceTarget *handle = target->handle;
    const NsimSpace *space = handle->space;
    const uint64_t frame_pages = (uint64_t)1 << space->frame_page_shift;
    uint64_t frame = 0;
    (void)state;
    if (!find_frame(space, address >> 21, &frame)) {
        const uint64_t next = frame < space->frame_count ? space->frame_addresses[frame] << 21 : end;
        return (NsimDamonFolio){.end = MIN(next, end), .steps = 1};
    }
    const NsimPage page = (frame << space->frame_page_shift) + ((address >> space->page_shift) & (frame_pages - 1));
    NsimDamonFolio folio = {
        .end = ((address >> space->page_shift) + 1) << space->page_shift, .steps = 1, .space = handle->id};
    if ((nsim_space_state(space, page) & NSIM_PAGE_ABSENT) != 0) {
        if ((space->heads[frame] & NSIM_HEAD_SPLIT) == 0)
            folio.end = ((address >> 21) + 1) << 21;
        return folio;
    }
    folio.present = true;
    folio.page = page;
    folio.pages = 1;
    if ((nsim_space_state(space, page) & NSIM_PAGE_SPLIT) == 0)
        nsim_space_unit_of(space, page, &folio.page, &folio.pages);
    folio.end = nsim_space_address_of(space, folio.page + folio.pages - 1) + ((uint64_t)1 << space->page_shift);
    return folio;
}

#define SPACE_ACTIONS                                                                                                  \
    (1u << NSIM_DAMOS_STAT | 1u << NSIM_DAMOS_MIGRATE_HOT | 1u << NSIM_DAMOS_MIGRATE_COLD | 1u << NSIM_DAMOS_PAGEOUT | \
     1u << NSIM_DAMOS_WILLNEED | 1u << NSIM_DAMOS_COLD | 1u << NSIM_DAMOS_HUGEPAGE | 1u << NSIM_DAMOS_NOHUGEPAGE |     \
     1u << NSIM_DAMOS_COLLAPSE)

const NsimDamonOps nsim_damon_ops_vaddr = {
    .name = "vaddr",
    .init = vaddr_init,
    .update = vaddr_update,
    .prepare = space_prepare,
    .check = space_check,
    .folio = space_folio,
    .actions = SPACE_ACTIONS,
    .weighted_dests = true,
};

const NsimDamonOps nsim_damon_ops_fvaddr = {
    .name = "fvaddr",
    .init = fvaddr_init,
    .prepare = space_prepare,
    .check = space_check,
    .folio = space_folio,
    .actions = SPACE_ACTIONS,
    .weighted_dests = true,
};
