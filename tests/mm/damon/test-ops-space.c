/* SPDX-License-Identifier: MIT */
/*
 * Goal: operations on address spaces see accessed bits of base pages and of whole huge pages, follow mappings in three
 * areas, and miss what stays in a TLB. Method: small spaces, bits set by hand between the two halves of a step.
 */
#include "test-damon.h"

#include "../box.h"

#include <mm/damon/ops-space.h>

#include <CUnit/CUnit.h>

#define MIB ((uint64_t)1 << 20)
#define FRAME_BYTES (2 * MIB)
#define FRAME_PAGES 512u

typedef struct {
    Box box;
    NsimSpace *space;
    NsimDamonSpaceOps ops;
    NsimDamonSpaceTarget handle;
    NsimDamonRange range;
    NsimDamonContext *context;
    NsimDamonTarget *target;
} Bench;

/* A space of frames 16 and up, all on the first node, watched by `fvaddr` as a whole. */
static void
open_bench(Bench *bench, uint64_t frames, uint32_t unit_pages, bool fixed)
{
    g_autofree char *yaml = box_yaml(64, 64);
    g_autofree uint64_t *addresses = g_new(uint64_t, frames);
    for (uint64_t f = 0; f < frames; f++)
        addresses[f] = 16 + f;
    box_open(&bench->box, yaml);
    bench->range = (NsimDamonRange){16 * FRAME_BYTES, (16 + frames) * FRAME_BYTES};
    const NsimSpaceRange whole = {"data", bench->range.start, frames * FRAME_BYTES};
    bench->space = box_add_ranges(&bench->box, "w", addresses, frames, &whole, 1, unit_pages);
    nsim_space_place(bench->space, 0, bench->space->page_count, 0);
    nsim_damon_space_ops_init(&bench->ops, 1, "ops");
    bench->handle = (NsimDamonSpaceTarget){.space = bench->space, .ranges = &bench->range, .range_count = 1};
    const NsimDamonSetup setup = {.attrs = nsim_damon_attrs_default(),
                                  .rules = nsim_damon_rules_v6_12,
                                  .min_region_bytes = 4096,
                                  .ops = fixed ? &nsim_damon_ops_fvaddr : &nsim_damon_ops_vaddr,
                                  .ops_state = &bench->ops,
                                  .seed = 1,
                                  .stream = "damon"};
    bench->context = nsim_damon_context_new(&setup, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bench->context);
    bench->target = nsim_damon_add_target(bench->context, &bench->handle);
    nsim_damon_start(bench->context, 0);
}

static void
close_bench(Bench *bench)
{
    nsim_damon_context_free(bench->context);
    box_close(&bench->box);
}

static NsimPage
sampled_page(const Bench *bench)
{
    return (bench->target->regions[0].sampling_address - bench->range.start) >> 12;
}

/* One step with a touch of page `touched` (none: UINT64_MAX). */
static void
step(Bench *bench, NsimPage touched)
{
    if (touched != UINT64_MAX)
        nsim_space_change(bench->space, touched, 1, 0, NSIM_PAGE_ACCESSED);
    nsim_damon_check(bench->context, 5 * NSIM_MS);
}

static void
test_base_pages(void)
{
    Bench bench;
    open_bench(&bench, 2, 1, true);
    CU_ASSERT_EQUAL_FATAL(bench.target->count, 1);
    const NsimTime due_ps = nsim_damon_prepare(bench.context, 0);
    CU_ASSERT_EQUAL(due_ps, 5 * NSIM_MS + bench.ops.clear_ps);
    const NsimPage page = sampled_page(&bench);
    CU_ASSERT_EQUAL(nsim_space_state(bench.space, page) & NSIM_PAGE_ACCESSED, 0);
    CU_ASSERT_NOT_EQUAL(nsim_space_state(bench.space, page ^ 1) & NSIM_PAGE_ACCESSED, 0);
    step(&bench, page ^ 1);
    CU_ASSERT_EQUAL(bench.target->regions[0].nr_accesses, 0);
    nsim_damon_prepare(bench.context, 0);
    step(&bench, sampled_page(&bench));
    CU_ASSERT_EQUAL(bench.target->regions[0].nr_accesses, 1);
    CU_ASSERT_EQUAL(bench.context->max_nr_accesses, 1);
    close_bench(&bench);
}

/* Any touch of its 512 pages makes a huge page young; one that was split has a bit for each page again. */
static void
test_huge_pages(void)
{
    Bench bench;
    open_bench(&bench, 1, FRAME_PAGES, true);
    nsim_damon_prepare(bench.context, 0);
    step(&bench, sampled_page(&bench) ^ 256);
    CU_ASSERT_EQUAL(bench.target->regions[0].nr_accesses, 1);
    nsim_space_change(bench.space, 0, FRAME_PAGES, 0, NSIM_PAGE_SPLIT);
    nsim_damon_prepare(bench.context, 0);
    step(&bench, sampled_page(&bench) ^ 256);
    CU_ASSERT_EQUAL(bench.target->regions[0].nr_accesses, 1);
    close_bench(&bench);
}

/* Regions next to each other that sample the same huge page walk to it once. */
static void
test_huge_page_once(void)
{
    Bench bench;
    open_bench(&bench, 1, FRAME_PAGES, true);
    nsim_damon_target_limit(bench.target, MIB);
    CU_ASSERT_EQUAL(nsim_damon_prepare(bench.context, 0), 5 * NSIM_MS + 2 * bench.ops.clear_ps);
    nsim_space_change(bench.space, 7, 1, 0, NSIM_PAGE_ACCESSED);
    CU_ASSERT_EQUAL(nsim_damon_check(bench.context, 0), bench.ops.test_ps);
    CU_ASSERT_EQUAL(bench.target->regions[0].nr_accesses, 1);
    CU_ASSERT_EQUAL(bench.target->regions[1].nr_accesses, 1);
    close_bench(&bench);
}

/* Published examples: a TLB of 2048 entries hides 16 MiB in huge pages, not 512 MiB of base pages nor 16 GiB huge. */
static void
test_tlb(void)
{
    Bench bench;
    CU_ASSERT_EQUAL(nsim_damon_resident_ppm(8, 2048), 1000000);
    CU_ASSERT_EQUAL(nsim_damon_resident_ppm(131072, 2048), 0);
    CU_ASSERT_EQUAL(nsim_damon_resident_ppm(8192, 2048), 0);
    open_bench(&bench, 2, 1, true);
    bench.ops.resident_ppm = 250000;
    uint32_t hits = 0;
    for (uint32_t i = 0; i < 4000; i++) {
        nsim_damon_prepare(bench.context, 0);
        const uint32_t before = bench.target->regions[0].nr_accesses;
        nsim_space_change(bench.space, 0, bench.space->page_count, 0, NSIM_PAGE_ACCESSED);
        /* Merged, reset and split at aggregations: count between them only. */
        bench.context->next_aggregation = UINT64_MAX;
        nsim_damon_check(bench.context, 0);
        hits += bench.target->regions[0].nr_accesses - before;
    }
    CU_ASSERT_TRUE(hits > 2900 && hits < 3100);
    close_bench(&bench);
}

static void
test_three_ranges(void)
{
    static const uint64_t frames[] = {16, 17, 19, 40, 41, 90}, two[] = {3, 9};
    g_autofree char *yaml = box_yaml(64, 64);
    Box box;
    NsimDamonRange ranges[3];
    box_open(&box, yaml);
    const NsimSpace *space = box_add_ranges(&box, "w", frames, G_N_ELEMENTS(frames), NULL, 0, 1);
    CU_ASSERT_EQUAL_FATAL(nsim_damon_three_ranges(space, ranges), 3);
    CU_ASSERT_EQUAL(ranges[0].start, 16 * FRAME_BYTES);
    CU_ASSERT_EQUAL(ranges[0].end, 20 * FRAME_BYTES);
    CU_ASSERT_EQUAL(ranges[1].start, 40 * FRAME_BYTES);
    CU_ASSERT_EQUAL(ranges[1].end, 42 * FRAME_BYTES);
    CU_ASSERT_EQUAL(ranges[2].start, 90 * FRAME_BYTES);
    CU_ASSERT_EQUAL(ranges[2].end, 91 * FRAME_BYTES);
    space = box_add_ranges(&box, "v", two, 2, NULL, 0, 1);
    CU_ASSERT_EQUAL_FATAL(nsim_damon_three_ranges(space, ranges), 2);
    CU_ASSERT_EQUAL(ranges[0].end, 4 * FRAME_BYTES);
    CU_ASSERT_EQUAL(ranges[1].start, 9 * FRAME_BYTES);
    box_close(&box);
}

/* A space without memory reads as idle, and `vaddr` starts with ten regions of one area. */
static void
test_vaddr(void)
{
    Bench bench;
    open_bench(&bench, 10, 1, false);
    CU_ASSERT_EQUAL(bench.target->count, 10);
    for (uint32_t i = 0; i < 400; i++) {
        nsim_damon_prepare(bench.context, 0);
        step(&bench, UINT64_MAX);
        CU_ASSERT_EQUAL(bench.context->max_nr_accesses, 0);
    }
    CU_ASSERT_EQUAL(nsim_damon_target_bytes(bench.target), 20 * MIB);
    close_bench(&bench);
}

bool
test_ops_space_register(void)
{
    CU_pSuite suite = CU_add_suite("damon: address spaces", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "base pages", test_base_pages) != NULL &&
           CU_add_test(suite, "huge pages", test_huge_pages) != NULL &&
           CU_add_test(suite, "huge pages: once", test_huge_page_once) != NULL &&
           CU_add_test(suite, "TLB", test_tlb) != NULL &&
           CU_add_test(suite, "three ranges", test_three_ranges) != NULL &&
           CU_add_test(suite, "vaddr", test_vaddr) != NULL;
}
