/* SPDX-License-Identifier: MIT */
/* Goal: bind uses its nodes, nearest first, and no others. Method: small nodes; placements by hand. */
#include "test-policies.h"

#include <CUnit/CUnit.h>

static const char exhausted[] =
    "policy 'bind': out of memory on the nodes of 'nodes'; name more nodes or use 'preferred'";

static void
test_nearest_first(void)
{
    Stage stage;
    stage_open_simple(&stage, 1, 1, 3, "bind:nodes=D1+X"); /* 256 pages each */
    CU_ASSERT_TRUE(box_touch(&stage.box, 0, 0, 300, 0));
    stage_expect(&stage, 254, "2211"); /* from C0 the expander is nearer than D1 */
    CU_ASSERT_TRUE(box_touch(&stage.box, 0, 300, 212, 1));
    stage_expect(&stage, 510, "11.");
    CU_ASSERT_EQUAL(nsim_free_pages(&stage.box.mm->host, 1), 0);
    CU_ASSERT_FALSE(box_touch(&stage.box, 0, 512, 1, 1));
    CU_ASSERT_STRING_EQUAL(stage.box.mm->failure, exhausted);
    CU_ASSERT_EQUAL(nsim_free_pages(&stage.box.mm->host, 0), 256);
    stage_close(&stage);
}

/* The pages that fit are placed before the run fails. */
static void
test_half_fits(void)
{
    Stage stage;
    stage_open_simple(&stage, 1, 1, 2, "bind:nodes=0");
    CU_ASSERT_FALSE(box_touch(&stage.box, 0, 0, 300, 1));
    CU_ASSERT_STRING_EQUAL(stage.box.mm->failure, exhausted);
    stage_expect(&stage, 255, "0.");
    stage_close(&stage);
}

/* A hint fault is about a page that has memory: nothing to place. */
static void
test_hint(void)
{
    const NsimFault hint = { .page = 4, .count = 1, .kind = NSIM_FAULT_HINT };
    static const char *const policies[] = { "first-touch", "bind:nodes=0",        "preferred:nodes=0",
                                            "interleave",  "weighted-interleave", "oracle" };
    for (size_t i = 0; i < G_N_ELEMENTS(policies); i++) {
        Stage stage;
        stage_open_simple(&stage, 1, 1, 1, policies[i]);
        CU_ASSERT_TRUE(nsim_mm_fault(stage.box.mm, &hint, 1));
        CU_ASSERT_EQUAL(stage.box.spaces[0]->resident_count, 0);
        stage_close(&stage);
    }
}

/* A node that the toucher does not reach is of no use to it. */
static void
test_out_of_reach(void)
{
    static const char machine[] = "nodes: [{id: A, kind: dram, capacity: 1MiB, read: 1GB/s, at: C},\n"
                                  "        {id: B, kind: dram, capacity: 1MiB, read: 1GB/s, at: D}]\n"
                                  "accessors: [{id: C}, {id: D}]\n"
                                  "links: [{id: L, between: [C, D], bandwidth: 1GB/s}]\n"
                                  "relative_latency: {anchor: 100ns, nodes: [A, B], C: [10, none], D: [20, 10]}\n";
    Stage stage;
    stage_open(&stage, machine);
    (void)box_add(&stage.box, "w", 1, 1);
    g_autofree char *problem = stage_attach(&stage, "bind:nodes=B");
    CU_ASSERT_STRING_EQUAL(problem, "");
    CU_ASSERT_TRUE(box_touch(&stage.box, 0, 0, 1, 1));
    CU_ASSERT_FALSE(box_touch(&stage.box, 0, 1, 1, 0));
    CU_ASSERT_STRING_EQUAL(stage.box.mm->failure, exhausted);
    stage_expect(&stage, 0, "1.");
    stage_close(&stage);
}

static void
test_options(void)
{
    static const struct {
        const char *text, *problem;
    } cases[] = {
        { "bind", "policy 'bind': option 'nodes' must be given (text): the nodes, by id or number: DRAM1+DRAM2, 0-1" },
        { "bind:nodes=", "policy 'bind': option 'nodes': no node in ''; nodes are D0 (0), D1 (1), X (2)" },
        { "bind:nodes=D9", "policy 'bind': option 'nodes': no such node 'D9'; nodes are D0 (0), D1 (1), X (2)" },
        { "preferred",
          "policy 'preferred': option 'nodes' must be given (text): the node or nodes, by id or number: CXL1, 0+2" },
        { "preferred:nodes=3",
          "policy 'preferred': option 'nodes': no such node '3'; nodes are D0 (0), D1 (1), X (2)" },
        { "interleave:nodes=0+D0",
          "policy 'interleave': option 'nodes': node named twice in 'D0'; nodes are D0 (0), D1 (1), X (2)" },
        { "weighted-interleave:nodes=Y",
          "policy 'weighted-interleave': option 'nodes': no such node 'Y'; nodes are D0 (0), D1 (1), X (2)" },
        { "weighted-interleave:weights=D0",
          "policy 'weighted-interleave': option 'weights': expected NODE=WEIGHT with a weight from 1 to 255, found "
          "'D0'; nodes are D0 (0), D1 (1), X (2)" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *yaml = box_yaml(1, 1);
        Stage stage;
        stage_open(&stage, yaml);
        (void)box_add(&stage.box, "w", 1, 1);
        g_autofree char *problem = stage_attach(&stage, cases[i].text);
        CU_ASSERT_STRING_EQUAL(problem, cases[i].problem);
        stage_close(&stage);
    }
}

bool
test_bind_register(void)
{
    CU_pSuite suite = CU_add_suite("bind", NULL, NULL);
    return suite && CU_add_test(suite, "nearest first", test_nearest_first) &&
           CU_add_test(suite, "half fits", test_half_fits) && CU_add_test(suite, "hint faults", test_hint) &&
           CU_add_test(suite, "out of reach", test_out_of_reach) && CU_add_test(suite, "options", test_options);
}
