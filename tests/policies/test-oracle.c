/* SPDX-License-Identifier: MIT */
/*
 * Goal: the oracle finds the best static placement where it is known. Method: futures made by hand whose optimum can be
 * worked out: each accessor with pages of its own, bandwidth of two nodes, a node too small for all that is hot.
 */
#include "test-policies.h"

#include "future.h"

#include <string.h>

#include <CUnit/CUnit.h>

static void
attach(Stage *stage, Future *future)
{
    box_start(&stage->box);
    stage->box.mm->future = &future->view;
    g_autofree char *problem = stage_attach(stage, "oracle");
    CU_ASSERT_STRING_EQUAL(problem, "");
}

/* ---- Known optima ------------------------------------------------------------------------------------------------ */

static void
open_own_pages(Stage *stage, Future *future, uint32_t window)
{
    g_autofree char *yaml = box_yaml(1, 4);
    stage_open(stage, yaml);
    (void)box_add(&stage->box, "w", 2, 1);
    future_init(future, &stage->box, window);
    future_fill(future, 0, 0, 0, 200, 64, 0);
    future_fill(future, 0, 1, 200, 200, 64, 0);
    attach(stage, future);
    CU_ASSERT_TRUE(nsim_mm_load(stage->box.mm, 0, 0));
}

/* Bound by latency, the pages that one CPU uses alone lie beside it. */
static void
test_own_pages(void)
{
    Stage stage;
    Future future;
    open_own_pages(&stage, &future, 1);
    for (NsimPage page = 0; page < 400; page++)
        CU_ASSERT_EQUAL_FATAL(nsim_page_node(&stage.box.mm->host, 0, page), page / 200);
    stage_close(&stage);
    future_clear(&future);
}

/*
 * Bound by bandwidth, the expander carries its part: 20 GB/s beside each CPU and 10 between them make 80 % and 20 %.
 * The other CPU's node would cost its bandwidth and the links'.
 */
static void
test_own_pages_and_bandwidth(void)
{
    Stage stage;
    Future future;
    uint64_t own = 0, expander = 0;
    open_own_pages(&stage, &future, 100000);
    for (NsimPage page = 0; page < 400; page++) {
        const NsimNodeId node = nsim_page_node(&stage.box.mm->host, 0, page);
        own += node == page / 200;
        expander += node == 2;
    }
    CU_ASSERT_EQUAL(own + expander, 400);
    CU_ASSERT_DOUBLE_EQUAL((double)own, 320, 8);
    stage_close(&stage);
    future_clear(&future);
}

/* A CPU with a tenth of the other's work is not on the critical path; its pages still lie beside it. */
static void
test_minor_accessor(void)
{
    g_autofree char *yaml = box_yaml(1, 4);
    Stage stage;
    Future future;
    stage_open(&stage, yaml);
    (void)box_add(&stage.box, "w", 2, 1);
    future_init(&future, &stage.box, 4);
    future_fill(&future, 0, 0, 0, 200, 640, 0);
    future_fill(&future, 0, 1, 200, 200, 20, 0);
    attach(&stage, &future);
    CU_ASSERT_TRUE(nsim_mm_load(stage.box.mm, 0, 0));
    for (NsimPage page = 0; page < 400; page++)
        CU_ASSERT_EQUAL_FATAL(nsim_page_node(&stage.box.mm->host, 0, page), page / 200);
    stage_close(&stage);
    future_clear(&future);
}

/* Shared pages lie beside who uses them most. */
static void
test_shared_pages(void)
{
    g_autofree char *yaml = box_yaml(1, 4);
    Stage stage;
    Future future;
    stage_open(&stage, yaml);
    (void)box_add(&stage.box, "w", 1, 1);
    future_init(&future, &stage.box, 1);
    future_fill(&future, 0, 0, 0, 100, 8, 0);
    future_fill(&future, 0, 1, 0, 100, 30, 30);
    attach(&stage, &future);
    CU_ASSERT_TRUE(nsim_mm_load(stage.box.mm, 0, 0));
    for (NsimPage page = 0; page < 100; page++)
        CU_ASSERT_EQUAL_FATAL(nsim_page_node(&stage.box.mm->host, 0, page), 1);
    stage_close(&stage);
    future_clear(&future);
}

/* Two nodes beside one CPU, 60 and 30 GB/s: a job bound by bandwidth wants two thirds of its pages on the first. */
static void
test_bandwidth_split(void)
{
    static const char machine[] = "accessors: [{id: C}]\n"
                                  "nodes: [{id: A, kind: dram, capacity: 8MiB, latency: 100ns, read: 60GB/s, at: C},\n"
                                  "        {id: B, kind: dram, capacity: 8MiB, latency: 100ns, read: 30GB/s, at: C}]\n";
    Stage stage;
    Future future;
    stage_open(&stage, machine);
    (void)box_add(&stage.box, "w", 2, 1);
    future_init(&future, &stage.box, 100000);
    future_fill(&future, 0, 0, 0, 1024, 64, 0);
    attach(&stage, &future);
    CU_ASSERT_TRUE(nsim_mm_load(stage.box.mm, 0, 0));
    /* The norm instead of the maximum moves the optimum from 0.667 to (60/30)^(16/15) = 0.677. */
    CU_ASSERT_DOUBLE_EQUAL((double)box_count(&stage.box, 0, 0) / 1024, 0.672, 0.012);
    /* Dealt evenly, not in two blocks. */
    g_autofree char *picture = box_picture(&stage.box, 0, 0, 1024);
    CU_ASSERT_PTR_NULL(strstr(picture, "0000"));
    CU_ASSERT_PTR_NULL(strstr(picture, "11"));
    stage_close(&stage);
    future_clear(&future);
}

/* The same job with one line outstanding is bound by latency: the nearer node only, as long as it has room. */
static void
test_latency_bound(void)
{
    static const char machine[] = "accessors: [{id: C}]\n"
                                  "nodes: [{id: A, kind: dram, capacity: 8MiB, latency: 200ns, read: 60GB/s, at: C},\n"
                                  "        {id: B, kind: dram, capacity: 8MiB, latency: 100ns, read: 30GB/s, at: C}]\n";
    Stage stage;
    Future future;
    stage_open(&stage, machine);
    (void)box_add(&stage.box, "w", 2, 1);
    future_init(&future, &stage.box, 1);
    future_fill(&future, 0, 0, 0, 1024, 64, 0);
    attach(&stage, &future);
    CU_ASSERT_TRUE(nsim_mm_load(stage.box.mm, 0, 0));
    CU_ASSERT_EQUAL(box_count(&stage.box, 0, 1), 1024);
    stage_close(&stage);
    future_clear(&future);
}

/*
 * A near node of 256 pages, hot pages for 100 and warm ones for 200: all hot, then warm until it is full, nothing cold.
 */
static void
test_knapsack(void)
{
    g_autofree char *yaml = box_yaml(1, 8);
    Stage stage;
    Future future;
    stage_open(&stage, yaml);
    (void)box_add(&stage.box, "w", 2, 1);
    future_init(&future, &stage.box, 1);
    future_fill(&future, 0, 0, 0, 600, 8, 0);    /* cold */
    future_fill(&future, 0, 0, 600, 200, 128, 0); /* warm */
    future_fill(&future, 0, 0, 800, 100, 1024, 0); /* hot */
    attach(&stage, &future);
    CU_ASSERT_TRUE(nsim_mm_load(stage.box.mm, 0, 0));
    uint64_t near[3] = { 0 };
    for (NsimPage page = 0; page < 900; page++)
        near[page >= 800 ? 2 : page >= 600 ? 1 : 0] += nsim_page_node(&stage.box.mm->host, 0, page) == 0;
    CU_ASSERT_TRUE(near[2] >= 99);
    CU_ASSERT_TRUE(near[1] >= 154);
    CU_ASSERT_TRUE(near[0] <= 2);
    /* D1 is farther than the expander: nothing that is used lies there. */
    uint64_t far = 0;
    for (NsimPage page = 0; page < 900; page++)
        far += nsim_page_node(&stage.box.mm->host, 0, page) == 1;
    CU_ASSERT_TRUE(far <= 2);
    stage_close(&stage);
    future_clear(&future);
}

/* ---- Limits ------------------------------------------------------------------------------------------------------ */

static void
test_excluded_nodes(void)
{
    static const char machine[] = "nodes: [{id: A, kind: dram, capacity: 8MiB, read: 10GB/s, at: C},\n"
                                  "        {id: B, kind: dram, capacity: 8MiB, read: 10GB/s, at: D},\n"
                                  "        {id: S, kind: disk, capacity: 8MiB, read: 10GB/s, at: C}]\n"
                                  "accessors: [{id: C}, {id: D}]\n"
                                  "links: [{id: L, between: [C, D], bandwidth: 1GB/s}]\n"
                                  "relative_latency: {anchor: 100ns, nodes: [A, B, S], C: [90, none, 10],\n"
                                  "                   D: [20, 10, 10]}\n";
    Stage stage;
    Future future;
    stage_open(&stage, machine);
    (void)box_add(&stage.box, "w", 2, 1);
    future_init(&future, &stage.box, 4);
    future_fill(&future, 0, 0, 0, 300, 64, 1);
    future_fill(&future, 0, 1, 300, 300, 64, 1);
    attach(&stage, &future);
    CU_ASSERT_TRUE(nsim_mm_load(stage.box.mm, 0, 0));
    CU_ASSERT_EQUAL(box_count(&stage.box, 0, 2), 0); /* swap space holds nothing in use */
    for (NsimPage page = 0; page < 300; page++)
        CU_ASSERT_EQUAL_FATAL(nsim_page_node(&stage.box.mm->host, 0, page), 0); /* C does not reach B */
    stage_close(&stage);
    future_clear(&future);
}

/* A thousand kinds of pages: classes get coarser until they are few enough; every page still finds its place. */
static void
test_many_kinds(void)
{
    g_autofree char *yaml = box_yaml(4, 16);
    Stage stage;
    Future future;
    stage_open(&stage, yaml);
    (void)box_add(&stage.box, "w", 4, 1);
    future_init(&future, &stage.box, 8);
    for (uint32_t page = 0; page < 2048; page++) {
        future_fill(&future, 0, 0, page, 1, 1u << (page % 11), 1u << (page % 7));
        future_fill(&future, 0, 1, page, 1, 1u << (page % 13), 1u << (page % 5));
    }
    future_fill(&future, 0, 0, 2047, 1, UINT32_MAX, UINT32_MAX);
    attach(&stage, &future);
    CU_ASSERT_TRUE(nsim_mm_load(stage.box.mm, 0, 0));
    CU_ASSERT_EQUAL(stage.box.spaces[0]->resident_count, 2048);
    stage_close(&stage);
    future_clear(&future);
}

/* Without a future, without room, and for more pages than there is memory: no placement is wrong, nothing crashes. */
static void
test_degenerate(void)
{
    Stage stage;
    stage_open_simple(&stage, 1, 1, 1, "oracle");
    CU_ASSERT_TRUE(box_touch(&stage.box, 0, 0, 512, 1));
    CU_ASSERT_EQUAL(stage.box.spaces[0]->resident_count, 512);
    stage_close(&stage);

    stage_open_simple(&stage, 1, 1, 2, "oracle"); /* 1024 pages into 768 */
    CU_ASSERT_FALSE(nsim_mm_load(stage.box.mm, 0, 0));
    CU_ASSERT_EQUAL(stage.box.spaces[0]->resident_count, 768);
    stage_close(&stage);

    g_autofree char *yaml = box_yaml(1, 1);
    stage_open(&stage, yaml);
    (void)box_add(&stage.box, "first", 2, 1);
    (void)box_add(&stage.box, "second", 1, 1);
    for (NsimNodeId n = 0; n < 3; n++)
        CU_ASSERT_EQUAL(nsim_space_place(stage.box.spaces[0], n * 256u, 256, n), 256);
    g_autofree char *problem = stage_attach(&stage, "oracle"); /* nothing is free */
    CU_ASSERT_STRING_EQUAL(problem, "");
    CU_ASSERT_FALSE(box_touch(&stage.box, 1, 0, 1, 0));
    stage_close(&stage);
}

static void
test_too_many_nodes(void)
{
    g_autoptr(GString) yaml = g_string_new("accessors: [{id: C}]\nnodes:\n");
    for (unsigned n = 0; n < 65; n++)
        g_string_append_printf(yaml, "  - {id: N%u, kind: dram, capacity: 1MiB, latency: 80ns, read: 1GB/s, at: C}\n",
                               n);
    Stage stage;
    stage_open(&stage, yaml->str);
    (void)box_add(&stage.box, "w", 1, 1);
    g_autofree char *problem = stage_attach(&stage, "oracle");
    CU_ASSERT_STRING_EQUAL(problem, "policy 'oracle' handles machines of at most 64 nodes, this one has 65");
    stage_close(&stage);
}

bool
test_oracle_register(void)
{
    CU_pSuite suite = CU_add_suite("oracle", NULL, NULL);
    return suite && CU_add_test(suite, "own pages", test_own_pages) &&
           CU_add_test(suite, "own pages and bandwidth", test_own_pages_and_bandwidth) &&
           CU_add_test(suite, "minor accessor", test_minor_accessor) &&
           CU_add_test(suite, "shared pages", test_shared_pages) &&
           CU_add_test(suite, "bandwidth split", test_bandwidth_split) &&
           CU_add_test(suite, "latency bound", test_latency_bound) && CU_add_test(suite, "knapsack", test_knapsack) &&
           CU_add_test(suite, "excluded nodes", test_excluded_nodes) &&
           CU_add_test(suite, "many kinds of pages", test_many_kinds) &&
           CU_add_test(suite, "degenerate cases", test_degenerate) &&
           CU_add_test(suite, "too many nodes", test_too_many_nodes);
}
