/* SPDX-License-Identifier: MIT */
/*
 * Goal: units are dealt out by their offset in the region, whoever touches them and in whatever order, and pass over
 * full nodes. Method: pictures worked out by hand.
 */
#include "test-policies.h"

#include <CUnit/CUnit.h>

static void
test_all_nodes(void)
{
    Stage stage;
    stage_open_simple(&stage, 2, 2, 1, "interleave");
    CU_ASSERT_TRUE(nsim_mm_load(stage.box.mm, 0, 1));
    stage_expect(&stage, 0, "012012012");
    stage_expect(&stage, 509, "201"); /* page 509 is 2 modulo 3 */
    stage_close(&stage);
}

static void
test_order_of_touches(void)
{
    Stage stage;
    stage_open_simple(&stage, 2, 2, 1, "interleave:nodes=X+D0");
    CU_ASSERT_TRUE(box_touch(&stage.box, 0, 7, 3, 1));
    CU_ASSERT_TRUE(box_touch(&stage.box, 0, 2, 1, 0));
    CU_ASSERT_TRUE(box_touch(&stage.box, 0, 0, 1, 1));
    stage_expect(&stage, 0, "2.2....020."); /* the order of the list: even pages on X */
    CU_ASSERT_TRUE(box_touch(&stage.box, 0, 0, 8, 1));
    stage_expect(&stage, 0, "2020202020.");
    stage_close(&stage);
}

static void
test_offset_in_region(void)
{
    static const uint64_t frames[] = { 1, 5 };
    static const NsimSpaceRange ranges[] = { { "a", (2u << 20) + 4 * 4096, 4 * 4096 },
                                             { "b", (2u << 20) + 509 * 4096, 8u << 20 } };
    g_autofree char *yaml = box_yaml(2, 2);
    Stage stage;
    stage_open(&stage, yaml);
    (void)box_add_ranges(&stage.box, "w", frames, 2, ranges, 2, 1);
    g_autofree char *problem = stage_attach(&stage, "interleave:nodes=D0+D1+X");
    CU_ASSERT_STRING_EQUAL(problem, "");
    CU_ASSERT_TRUE(nsim_mm_load(stage.box.mm, 0, 0));
    stage_expect(&stage, 0, "....0120..");
    stage_expect(&stage, 507, "..012012"); /* goes on over the frames that nobody touches */
    stage_close(&stage);
}

static void
test_units(void)
{
    static const uint64_t frames[] = { 1 };
    /* Pages 6 to 29 in units of 8: the head 6, 7 is what is left of a unit, then whole ones, then 24..29. */
    static const NsimSpaceRange range = { "a", (2u << 20) + 6 * 4096, 24 * 4096 };
    g_autofree char *yaml = box_yaml(2, 2);
    Stage stage;
    stage_open(&stage, yaml);
    (void)box_add_ranges(&stage.box, "w", frames, 1, &range, 1, 8);
    g_autofree char *problem = stage_attach(&stage, "interleave:nodes=0-1");
    CU_ASSERT_STRING_EQUAL(problem, "");
    CU_ASSERT_TRUE(nsim_mm_load(stage.box.mm, 0, 0));
    stage_expect(&stage, 4, "..00" "11111111" "00000000" "111111" "..");
    stage_close(&stage);
}

static void
test_full_node(void)
{
    Stage stage;
    stage_open_simple(&stage, 1, 4, 2, "interleave:nodes=D0+D1"); /* 256 pages near each CPU, 1024 far */
    CU_ASSERT_TRUE(box_touch(&stage.box, 0, 0, 512, 0));
    CU_ASSERT_EQUAL(nsim_free_pages(&stage.box.mm->host, 0), 0);
    CU_ASSERT_EQUAL(nsim_free_pages(&stage.box.mm->host, 1), 0);
    CU_ASSERT_TRUE(box_touch(&stage.box, 0, 512, 10, 0));
    stage_expect(&stage, 508, "01012222222222.");
    CU_ASSERT_EQUAL(stage.box.mm->vmstat.numa_hit, 512);
    CU_ASSERT_EQUAL(stage.box.mm->vmstat.numa_miss, 10);
    stage_close(&stage);
}

/* Nobody deals memory to who cannot read it. */
static void
test_out_of_reach(void)
{
    static const char machine[] = "nodes: [{id: A, kind: dram, capacity: 1MiB, read: 1GB/s, at: C},\n"
                                  "        {id: B, kind: dram, capacity: 1MiB, read: 1GB/s, at: D}]\n"
                                  "accessors: [{id: C}, {id: D}]\n"
                                  "links: [{id: L, between: [C, D], bandwidth: 1GB/s}]\n"
                                  "relative_latency: {anchor: 100ns, nodes: [A, B], C: [10, none], D: [20, 10]}\n";
    static const char *const policies[] = { "interleave", "weighted-interleave:weights=A=1+B=1" };
    for (size_t i = 0; i < G_N_ELEMENTS(policies); i++) {
        Stage stage;
        stage_open(&stage, machine);
        (void)box_add(&stage.box, "w", 1, 1);
        g_autofree char *problem = stage_attach(&stage, policies[i]);
        CU_ASSERT_STRING_EQUAL(problem, "");
        CU_ASSERT_TRUE(box_touch(&stage.box, 0, 0, 4, 1));
        CU_ASSERT_TRUE(box_touch(&stage.box, 0, 4, 4, 0));
        stage_expect(&stage, 0, "01010000.");
        stage_close(&stage);
    }
}

bool
test_interleave_register(void)
{
    CU_pSuite suite = CU_add_suite("interleave", NULL, NULL);
    return suite && CU_add_test(suite, "all nodes", test_all_nodes) &&
           CU_add_test(suite, "order of touches", test_order_of_touches) &&
           CU_add_test(suite, "offset in the region", test_offset_in_region) &&
           CU_add_test(suite, "units", test_units) && CU_add_test(suite, "full nodes", test_full_node) &&
           CU_add_test(suite, "out of reach", test_out_of_reach);
}
