/* SPDX-License-Identifier: MIT */
/*
 * Goal: node lists are read as documented, refused with the machine's nodes named, and dealt out in the right order.
 * Method: tables of texts; deals worked out by hand.
 */
#include "test-policies.h"

#include <policies/node-list.h>
#include <string.h>

#include <CUnit/CUnit.h>

/* Five nodes, numbers apart from the order; S is swap space. */
static const char machine[] = "nodes:\n"
                              "  - {id: A, nid: 4, kind: dram, capacity: 1MiB, latency: 80ns, read: 1GB/s, at: C}\n"
                              "  - {id: B, nid: 0, kind: dram, capacity: 1MiB, latency: 80ns, read: 1GB/s, at: C}\n"
                              "  - {id: c-1.x, nid: 2, kind: cxl, capacity: 1MiB, latency: 90ns, read: 1GB/s, at: C}\n"
                              "  - {id: S, nid: 9, kind: disk, capacity: 1MiB, latency: 9us, read: 1GB/s, at: C}\n"
                              "accessors: [{id: C}]\n";
static const char nodes_are[] = "; nodes are A (4), B (0), c-1.x (2), S (9)";

/* "AB=3" style: the list as node indices with weights above 1. (transfer full) */
static char *
list_text(const NodeList *list)
{
    GString *text = g_string_new(NULL);
    for (uint32_t i = 0; i < list->count; i++) {
        g_string_append_printf(text, "%s%u", i > 0 ? " " : "", list->nodes[i]);
        if (list->weights[i] != 1)
            g_string_append_printf(text, "=%u", list->weights[i]);
    }
    return g_string_free(text, FALSE);
}

static void
test_valid(void)
{
    static const struct {
        const char *text;
        bool weighted;
        const char *expected;
    } cases[] = {
        { "A", false, "0" },
        { "A+B", false, "0 1" },
        { "B,A", false, "1 0" }, /* the order given is kept */
        { "4 0", false, "0 1" },
        { "0-4", false, "0 1 2" },
        { "2-100", false, "0 2 3" },
        { "c-1.x+9", false, "2 3" },
        { "+A,,+B+", false, "0 1" },
        { "0-0", false, "1" },
        { "0-18446744073709551615", false, "0 1 2 3" },
        { "all", false, "0 1 2" }, /* swap space only by name */
        { "A=3+B=1", true, "0=3 1" },
        { "0=255,4=2", true, "1=255 0=2" },
        { "0-2=7", true, "1=7 2=7" },
    };
    Stage stage;
    stage_open(&stage, machine);
    box_start(&stage.box);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        NodeList list;
        g_autoptr(GError) error = NULL;
        CU_ASSERT_TRUE_FATAL(node_list_parse(&stage.box.mm->host, "p", "nodes", cases[i].text, cases[i].weighted, &list,
                                             &error));
        g_autofree char *text = list_text(&list);
        CU_ASSERT_STRING_EQUAL(text, cases[i].expected);
    }
    stage_close(&stage);
}

static void
test_invalid(void)
{
    static const struct {
        const char *text;
        bool weighted;
        const char *problem;
    } cases[] = {
        { "", false, "no node in ''" },
        { "+, +", false, "no node in '+, +'" },
        { "Z", false, "no such node 'Z'" },
        { "a", false, "no such node 'a'" },
        { "1", false, "no such node '1'" },
        { "A+Z+B", false, "no such node 'Z'" },
        { "A+B+A", false, "node named twice in 'A'" },
        { "A+4", false, "node named twice in '4'" },
        { "B+0-2", false, "node named twice in '0-2'" },
        { "5-8", false, "no such node '5-8'" },
        { "4-0", false, "no such node '4-0'" },
        { "0-", false, "no such node '0-'" },
        { "-4", false, "no such node '-4'" },
        { "0--4", false, "no such node '0--4'" },
        { "0-4x", false, "no such node '0-4x'" },
        { "A=2", false, "no such node 'A=2'" },
        { "all", true, "expected NODE=WEIGHT with a weight from 1 to 255, found 'all'" },
        { "A", true, "expected NODE=WEIGHT with a weight from 1 to 255, found 'A'" },
        { "A=0", true, "expected NODE=WEIGHT with a weight from 1 to 255, found 'A=0'" },
        { "A=256", true, "expected NODE=WEIGHT with a weight from 1 to 255, found 'A=256'" },
        { "A=", true, "expected NODE=WEIGHT with a weight from 1 to 255, found 'A='" },
        { "A=-1", true, "expected NODE=WEIGHT with a weight from 1 to 255, found 'A=-1'" },
        { "A=3x", true, "expected NODE=WEIGHT with a weight from 1 to 255, found 'A=3x'" },
        { "A=99999999999999999999", true,
          "expected NODE=WEIGHT with a weight from 1 to 255, found 'A=99999999999999999999'" },
        { "Z=3", true, "no such node 'Z=3'" },
        { "A=3+A=3", true, "node named twice in 'A=3'" },
    };
    Stage stage;
    stage_open(&stage, machine);
    box_start(&stage.box);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        NodeList list = { .count = 77 };
        g_autoptr(GError) error = NULL;
        g_autofree char *expected = g_strdup_printf("policy 'p': option 'nodes': %s%s", cases[i].problem, nodes_are);
        CU_ASSERT_FALSE_FATAL(node_list_parse(&stage.box.mm->host, "p", "nodes", cases[i].text, cases[i].weighted,
                                              &list, &error));
        CU_ASSERT_STRING_EQUAL(error->message, expected);
        CU_ASSERT_EQUAL(error->domain, NSIM_POLICY_ERROR);
        CU_ASSERT_EQUAL(error->code, NSIM_POLICY_ERROR_OPTION);
        CU_ASSERT_EQUAL(list.count, 77); /* untouched on failure */
    }
    stage_close(&stage);
}

static void
test_deal(void)
{
    const NodeList list = { .count = 3, .nodes = { 5, 1, 7 }, .weights = { 2, 1, 3 } };
    static const NsimNodeId expected[] = { 5, 5, 1, 7, 7, 7 };
    CU_ASSERT_EQUAL(node_list_weight(&list), 6);
    for (uint64_t i = 0; i < 24; i++)
        CU_ASSERT_EQUAL(node_list_deal(&list, i), expected[i % 6]);
    CU_ASSERT_EQUAL(node_list_deal(&list, UINT64_MAX), expected[UINT64_MAX % 6]);
    CU_ASSERT_TRUE(node_list_has(&list, 7));
    CU_ASSERT_FALSE(node_list_has(&list, 0));
}

bool
test_node_list_register(void)
{
    CU_pSuite suite = CU_add_suite("node-list", NULL, NULL);
    return suite && CU_add_test(suite, "valid", test_valid) && CU_add_test(suite, "invalid", test_invalid) &&
           CU_add_test(suite, "deal", test_deal);
}
