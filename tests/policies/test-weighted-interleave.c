/* SPDX-License-Identifier: MIT */
/*
 * Goal: weights set by hand are obeyed, and automatic ones are those of Linux v6.16 (mm/mempolicy.c,
 * reduce_interleave_weights). Method: weights worked out by hand for several sets of bandwidths, read back from where
 * the pages go.
 */
#include "test-policies.h"

#include <CUnit/CUnit.h>

/* The dealing of `weights` (0-terminated, in the order of the nodes) over `count` pages. (transfer full) */
static char *
dealt(const unsigned *weights, unsigned count)
{
    GString *text = g_string_new(NULL);
    while (text->len < count) {
        for (unsigned n = 0; weights[n] != 0; n++) {
            for (unsigned i = 0; i < weights[n] && text->len < count; i++)
                g_string_append_c(text, (char)('0' + n));
        }
    }
    return g_string_free(text, FALSE);
}

static void
check_weights(const char *machine, const char *policy, const unsigned *weights)
{
    Stage stage;
    stage_open(&stage, machine);
    (void)box_add(&stage.box, "w", 1, 1);
    g_autofree char *problem = stage_attach(&stage, policy);
    g_autofree char *expected = dealt(weights, 200);
    CU_ASSERT_STRING_EQUAL(problem, "");
    CU_ASSERT_TRUE(nsim_mm_load(stage.box.mm, 0, 0));
    stage_expect(&stage, 0, expected);
    stage_close(&stage);
}

/* Nodes beside one CPU with these rates in MB/s, reads and writes. */
static char *
machine_of(const unsigned (*rates)[2])
{
    GString *text = g_string_new("accessors: [{id: C}]\nnodes:\n");
    for (unsigned n = 0; rates[n][0] != 0; n++)
        g_string_append_printf(text,
                               "  - {id: N%u, kind: dram, capacity: 8MiB, latency: 80ns, read: %uMB/s, write: %uMB/s, "
                               "at: C, duplex: full}\n",
                               n, rates[n][0], rates[n][1]);
    return g_string_free(text, FALSE);
}

static void
test_automatic(void)
{
    static const struct {
        unsigned rates[5][2], weights[5];
    } cases[] = {
        { { { 1000, 1000 } }, { 1 } },                                        /* 32 -> 1 */
        { { { 5000, 5000 }, { 5000, 5000 } }, { 1, 1 } },                     /* 16:16 */
        { { { 300000, 300000 }, { 100000, 100000 } }, { 3, 1 } },             /* 24:8 */
        { { { 200000, 200000 }, { 100000, 100000 } }, { 21, 10 } },           /* 21.3 and 10.7, cut */
        { { { 256000, 256000 }, { 64000, 64000 } }, { 25, 6 } },              /* 25.6 and 6.4 */
        { { { 1000000, 1000000 }, { 1000, 1000 } }, { 31, 1 } },              /* 31.97; 0.03 is raised to 1 */
        { { { 400000, 100000 }, { 100000, 300000 } }, { 1, 1 } },             /* the lesser of reads and writes */
        { { { 76800, 76800 }, { 38400, 38400 }, { 76800, 76800 }, { 38400, 38400 } }, { 2, 1, 2, 1 } }, /* 10:5:10:5 */
        { { { 90000, 90000 }, { 60000, 60000 }, { 10000, 10000 } }, { 9, 6, 1 } }, /* 18:12:2 */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *machine = machine_of(cases[i].rates);
        check_weights(machine, "weighted-interleave", cases[i].weights);
    }
}

/* `nodes` picks nodes, not weights: they are those of the whole machine. 300:100:100 gives 19:6:6. */
static void
test_some_nodes(void)
{
    static const unsigned rates[][2] = { { 300000, 300000 }, { 100000, 100000 }, { 100000, 100000 }, { 0, 0 } };
    static const unsigned weights[] = { 19, 6, 0 };
    g_autofree char *machine = machine_of(rates);
    check_weights(machine, "weighted-interleave:nodes=N0+N1", weights);
}

/* Swap space has no share in it. */
static void
test_disk(void)
{
    static const char machine[] =
        "nodes: [{id: A, kind: dram, capacity: 8MiB, latency: 80ns, read: 30GB/s, at: C},\n"
        "        {id: B, kind: cxl, capacity: 8MiB, latency: 90ns, read: 10GB/s, at: C},\n"
        "        {id: S, kind: disk, capacity: 8MiB, latency: 9us, read: 40GB/s, at: C}]\n"
        "accessors: [{id: C}]\n";
    static const unsigned weights[] = { 3, 1, 0 };
    check_weights(machine, "weighted-interleave", weights);
}

/*
 * What the nearest CPU gets: the link to the expander is what limits it (75 and 25 GB/s). The GPU's own view is not
 * asked.
 */
static void
test_behind_a_link(void)
{
    static const char machine[] =
        "nodes: [{id: A, kind: dram, capacity: 8MiB, latency: 80ns, read: 75GB/s, at: C},\n"
        "        {id: B, kind: cxl, capacity: 8MiB, latency: 90ns, read: 100GB/s}]\n"
        "accessors: [{id: C}, {id: FAR, at: B2}, {id: G, kind: gpu, at: B}]\n"
        "points: [B2]\n"
        "links: [{id: L, between: [C, B], bandwidth: 25GB/s, latency: 100ns},\n"
        "        {id: M, between: [C, B2], bandwidth: 10GB/s, latency: 100ns}]\n";
    static const unsigned weights[] = { 3, 1, 0 };
    check_weights(machine, "weighted-interleave", weights);
}

/* No CPU at all: whoever is nearest. */
static void
test_gpus_only(void)
{
    static const char machine[] =
        "nodes: [{id: A, kind: hbm, capacity: 8MiB, latency: 300ns, read: 900GB/s, at: G},\n"
        "        {id: B, kind: hbm, capacity: 8MiB, latency: 300ns, read: 300GB/s, at: H}]\n"
        "accessors: [{id: G, kind: gpu}, {id: H, kind: gpu}]\n"
        "links: [{id: L, between: [G, H], bandwidth: 25GB/s, latency: 100ns}]\n";
    static const unsigned weights[] = { 3, 1, 0 };
    check_weights(machine, "weighted-interleave", weights);
}

static void
test_by_hand(void)
{
    static const unsigned rates[][2] = { { 1000, 1000 }, { 1000, 1000 }, { 1000, 1000 }, { 0, 0 } };
    static const unsigned plain[] = { 3, 2, 0 }, unreduced[] = { 8, 4, 2, 0 };
    g_autofree char *machine = machine_of(rates);
    check_weights(machine, "weighted-interleave:weights=N0=3+N1=2", plain);
    check_weights(machine, "weighted-interleave:weights=N0=8+N1=4+N2=2", unreduced); /* as given, not reduced */
}

static void
test_full_node(void)
{
    Stage stage;
    stage_open_simple(&stage, 1, 4, 1, "weighted-interleave:weights=D0=7+D1=1"); /* 256 pages near each CPU */
    CU_ASSERT_TRUE(nsim_mm_load(stage.box.mm, 0, 0));
    CU_ASSERT_EQUAL(box_count(&stage.box, 0, 0), 256);
    CU_ASSERT_EQUAL(box_count(&stage.box, 0, 1), 64);
    CU_ASSERT_EQUAL(box_count(&stage.box, 0, 2), 512 - 256 - 64);
    stage_expect(&stage, 280, "00000001" "00002221" "22222221" "22222221");
    stage_close(&stage);
}

bool
test_weighted_interleave_register(void)
{
    CU_pSuite suite = CU_add_suite("weighted-interleave", NULL, NULL);
    return suite && CU_add_test(suite, "automatic weights", test_automatic) &&
           CU_add_test(suite, "some nodes", test_some_nodes) && CU_add_test(suite, "swap space", test_disk) &&
           CU_add_test(suite, "behind a link", test_behind_a_link) &&
           CU_add_test(suite, "GPUs only", test_gpus_only) && CU_add_test(suite, "weights by hand", test_by_hand) &&
           CU_add_test(suite, "full nodes", test_full_node);
}
