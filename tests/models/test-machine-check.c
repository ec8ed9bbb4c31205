/* SPDX-License-Identifier: MIT */
/*
 * Goal: what cannot be a machine is refused with its position, the value found and the values allowed; limits hold at
 * their value and are named one above it. Method: the whole message of each refusal; generated machines at the limits.
 */
#include "test-models.h"

#include <string.h>

#include <CUnit/CUnit.h>

#define NODE "{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 64GB/s, write: 64GB/s, at: C}"

typedef struct {
    const char *yaml;
    const char *message;
} Refusal;

static const Refusal shape[] = {
    {"{}", "1:1: key \"nodes\" is missing"},
    {"nodes: []\naccessors: [{id: C}]\n", "1:8: \"nodes\" is empty; a machine needs at least one"},
    {"nodes: {}\naccessors: [{id: C}]\n", "1:8: \"nodes\" must be a list, found a map"},
    {"nodes: [" NODE "]\n", "1:1: key \"accessors\" is missing"},
    {"nodes: [x]\naccessors: [{id: C}]\n", "1:9: a node must be a map of keys, found \"x\""},
    {"nodez: [" NODE "]\naccessors: [{id: C}]\n",
     "1:1: unknown key \"nodez\" in machine, did you mean \"nodes\"? (keys: like, name, source, page, curve_window, points, "
     "nodes, links, accessors, slit, relative_latency, assumed, curves, copy_engines, migration)"},
    {"page: 3KiB\nnodes: [" NODE "]\naccessors: [{id: C}]\n",
     "1:7: \"page\" must be a power of two from 4KiB to 2MiB, found 3KiB"},
    {"page: 4MiB\nnodes: [" NODE "]\naccessors: [{id: C}]\n",
     "1:7: \"page\" must be a power of two from 4KiB to 2MiB, found 4MiB"},
    {"page: 4096\nnodes: [" NODE "]\naccessors: [{id: C}]\n",
     "1:7: \"page\": \"4096\" has no unit; write a size with unit B, kB, MB, GB, TB, KiB, MiB, GiB or TiB"},
    {"curve_window: 0ns\nnodes: [" NODE "]\naccessors: [{id: C}]\n",
     "1:15: \"curve_window\" must be 1ns to 10s, found 0ns"},
    {"name: \"a\\nb\"\nnodes: [" NODE "]\naccessors: [{id: C}]\n",
     "1:7: \"name\" is a text on one line, at most 1000 bytes"},
};

#define WITH(node) "accessors: [{id: C}]\nnodes: [" node "]\n"

static const Refusal nodes[] = {
    {WITH("{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 64GB/s, wirte: 1GB/s}"),
     "2:74: unknown key \"wirte\" in a node, did you mean \"write\"? (keys: id, nid, kind, capacity, latency, read, "
     "write, total, duplex, curve, at)"},
    {WITH("{kind: dram}"), "2:9: key \"id\" is missing"},
    {WITH("{id: 1D}"),
     "2:14: an id is 1 to 63 letters, digits, '_', '-' or '.' and begins with a letter, found \"1D\""},
    {WITH("{id: D, capacity: 1GiB}"), "2:9: key \"kind\" is missing"},
    {WITH("{id: D, kind: ram}"),
     "2:23: \"kind\" is \"ram\", must be one of: dram, cxl, hbm, gpu, compressed, remote, disk"},
    {WITH("{id: D, kind: dram}"), "2:9: key \"capacity\" is missing"},
    {WITH("{id: D, kind: dram, capacity: 0B}"), "2:39: \"capacity\" must be one page (4KiB) to 4096TiB, found 0B"},
    {WITH("{id: D, kind: dram, capacity: 5000TiB}"),
     "2:39: \"capacity\" must be one page (4KiB) to 4096TiB, found 5000TiB"},
    {WITH("{id: D, kind: dram, capacity: 1GiB, latency: 0ns}"), "2:54: the latency of a node must be more than zero"},
    {WITH("{id: D, kind: dram, capacity: 1GiB, latency: 80}"),
     "2:54: \"latency\": \"80\" has no unit; write a time with unit ps, ns, us, ms, s, min or h"},
    {WITH("{id: D, kind: dram, capacity: 1GiB, latency: 11s}"), "2:54: \"latency\" must be at most 10s, found 11s"},
    {WITH("{id: D, kind: dram, capacity: 1GiB, latency: {read: 1ns}}"), "2:54: key \"write\" is missing"},
    {WITH("{id: D, kind: dram, capacity: 1GiB, latency: 80ns}"), "2:9: key \"read\" is missing"},
    {WITH("{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 1kB/s}"),
     "2:66: \"read\" must be 1MB/s to 64TB/s, found 1kB/s"},
    {WITH("{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 1GB/s, total: 2GB/s}"),
     "2:80: \"total\" needs \"duplex: full\"; a half-duplex node serves reads and writes one after the other"},
    {WITH("{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 3GB/s, total: 2GB/s, duplex: full}"),
     "2:80: \"total\", 2GB/s, is less than one direction alone"},
    {WITH("{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 3GB/s, duplex: both}"),
     "2:81: \"duplex\" is \"both\", must be one of: half, full"},
    {WITH("{id: D, nid: 1024, kind: dram}"), "2:22: \"nid\" must be 0 to 1023, found 1024"},
    {WITH(NODE ", " NODE), "2:97: id \"D\" given twice; nodes, accessors, points and copy engines share one set of names"},
    {WITH(NODE ", {id: E, nid: 0, kind: dram}"),
     "2:97: nid 0 given twice, to \"D\" and \"E\" (a nid left out is the place in the list)"},
    {WITH("{id: C, kind: dram, capacity: 1GiB, latency: 80ns, read: 3GB/s}"),
     "1:13: id \"C\" given twice; nodes, accessors, points and copy engines share one set of names"},
    {WITH("{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 3GB/s, at: Q}"),
     "2:77: no node, accessor or point is called \"Q\" (there are: D, C)"},
    {WITH("{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 3GB/s, at: D}"), "2:77: \"D\" cannot be at itself"},
    {WITH("{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 3GB/s, at: 9}"), "2:77: no node has the number 9"},
    {WITH("{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 3GB/s}"),
     "2:9: no links lead from C to node \"D\"; join them by \"links\" or \"at\""},
};

#define CURVE(curve) WITH("{id: D, kind: dram, capacity: 1GiB, at: C, curve: " curve "}")

static const Refusal curves[] = {
    {CURVE("{mixes: []}"), "2:67: \"mixes\" is empty; a machine needs at least one"},
    {CURVE("{}"), "2:59: key \"mixes\" is missing"},
    {CURVE("fast"), "2:59: no curve is called \"fast\" in \"curves\""},
    {"curves: {slow: {mixes: [{reads: 1, points: {0B/s: 1ns, 1GB/s: 2ns}}]}}\n" CURVE("slaw"),
     "3:59: no curve is called \"slaw\" in \"curves\", did you mean \"slow\"?"},
    {"curves: [1]\n" CURVE("slow"),
     "1:9: \"curves\" must be a map from name to curve, of at most 250 (NSIM_NODES_MAX)"},
    {CURVE("{mixes: [{reads: 101%, points: {0GB/s: 9ns, 1GB/s: 9ns}}]}"),
     "2:76: \"reads\" must be 0% to 100%, found 101%"},
    {CURVE("{mixes: [{reads: 100%}]}"), "2:68: key \"points\" is missing"},
    {CURVE("{mixes: [{reads: 100%, points: {0GB/s: 9ns}}]}"),
     "2:90: \"points\" must be a map of 2 to 256 pairs LOAD: LATENCY (NSIM_CURVE_POINTS_MAX)"},
    {CURVE("{mixes: [{reads: 100%, points: {0GB: 9ns, 1GB/s: 9ns}}]}"),
     "2:91: the load of a point: \"0GB\" has an unknown unit; write a rate with unit B/s, kB/s, MB/s, GB/s, TB/s, "
     "KiB/s, MiB/s, GiB/s or TiB/s"},
    {CURVE("{mixes: [{reads: 100%, points: {2GB/s: 9ns, 1GB/s: 9ns}}]}"),
     "2:103: loads must rise from point to point, 1GB/s follows 2GB/s"},
    {CURVE("{mixes: [{reads: 100%, points: {0GB/s: 9ns, 1GB/s: 8ns}}]}"),
     "2:110: latency must not fall as the load rises, 8ns follows 9ns"},
    {CURVE("{mixes: [{reads: 100%, points: {0GB/s: 0ns, 1GB/s: 8ns}}]}"),
     "2:98: the latency of a point must be more than zero"},
    {CURVE("{mixes: [{reads: 100%, points: {0B/s: 1ns, 1B/s: 8ns}}]}"),
     "2:102: the highest load must be 1MB/s to 64TB/s, found 1B/s"},
    {CURVE("{mixes: [{reads: 1, points: {0B/s: 1ns, 1GB/s: 8ns}}, {reads: 100%, points: {0B/s: 1ns, 1GB/s: 8ns}}]}"),
     "2:113: two mixes of 100% reads"},
    {CURVE("{mixes: [{reads: 1, points: {0B/s: 1ns, 1GB/s: 8ns}}]}, read: 1GB/s"),
     "2:121: \"read\" contradicts \"curve\", which was measured; leave one out"},
    {CURVE("{mixes: [{reads: 1, points: {0B/s: 1ns, 1GB/s: 8ns}}]}, duplex: full"),
     "2:123: \"duplex\" contradicts \"curve\", which was measured; leave one out"},
    {CURVE("{mixes: [{reads: 1, points: {0B/s: 1ns, 1GB/s: 8ns}}]}, latency: 2ns"),
     "2:124: the latency, \"2ns\", contradicts the curve, which begins at 1ns; leave it out"},
};

#define ACCESSOR(accessor) "nodes: [" NODE "]\naccessors: [" accessor "]\n"

static const Refusal accessors[] = {
    {ACCESSOR("{id: C, kind: npu}"), "2:27: \"kind\" is \"npu\", must be one of: cpu, gpu, device"},
    {ACCESSOR("{id: C, cores: 0}"), "2:28: \"cores\" must be 1 to 1024, found 0"},
    {ACCESSOR("{id: C, cores: 1025}"), "2:28: \"cores\" must be 1 to 1024, found 1025"},
    {ACCESSOR("{id: C, clock: 1Hz}"), "2:28: \"clock\" must be 1MHz to 100GHz, found 1Hz"},
    {ACCESSOR("{id: C, ipc: 0}"), "2:26: \"ipc\" must be 0.001 to 1000, found 0"},
    {ACCESSOR("{id: C, window: 12}"), "2:29: window must be a map of keys, found \"12\""},
    {ACCESSOR("{id: C, window: {stream: 12}}"), "2:29: key \"random\" is missing"},
    {ACCESSOR("{id: C, window: {random: 0}}"), "2:38: \"random\" must be 1 to 4096, found 0"},
    {ACCESSOR("{id: C, cache: {ways: 8}}"), "2:28: key \"size\" is missing"},
    {ACCESSOR("{id: C, cache: {size: 1000B}}"),
     "2:35: \"size\" must be a multiple of ways x 64 B = 1024B and at most 4GiB, found 1000B"},
    {ACCESSOR("{id: C, tlb: {entries: 10, ways: 4}}"),
     "2:36: \"entries\" must be a multiple of the ways (4), found 10"},
    {ACCESSOR("{id: C, fault: {major: 1us}}"), "2:29: unknown key \"major\" in fault (keys: minor, hint)"},
};

#define LINKS(links) "nodes: [" NODE "]\naccessors: [{id: C}]\npoints: [p, q]\nlinks: [" links "]\n"

static const Refusal links[] = {
    {LINKS("{id: L}"), "4:9: key \"between\" is missing"},
    {LINKS("{id: L, between: [C]}"), "4:26: \"between\" must be a list of two names, found a list with 1 entries"},
    {LINKS("{id: L, between: [C, C]}"), "4:26: link from \"C\" to itself"},
    {LINKS("{id: L, between: [C, P]}"),
     "4:30: no node, accessor or point is called \"P\", did you mean \"p\"? (there are: D, C, p, q)"},
    {LINKS("{id: L, between: [C, p], kind: wire}"),
     "4:40: \"kind\" is \"wire\", must be one of: link, upi, qpi, xgmi, mesh, port, cxl, pcie, c2c, nvlink, network"},
    {LINKS("{id: L, between: [C, p], bandwidth: 1GB/s, forward: 1GB/s}"),
     "4:45: \"bandwidth\" contradicts \"forward\"; give one or the other"},
    {LINKS("{id: L, between: [C, p], forward: 1GB/s}"),
     "4:9: \"forward\" and \"reverse\" go together; \"reverse\" is missing"},
    {LINKS("{id: L, between: [C, p], request: 2000B}"), "4:43: \"request\" must be at most 1024B, found 2000B"},
    {LINKS("{id: L, between: [C, p]}, {id: L, between: [p, q]}"), "4:35: link id \"L\" given twice"},
    {LINKS("{id: L, between: [C, p], kind: pcie}, {id: M, between: [p, q], kind: cxl}, {id: N, between: [q, C], "
           "kind: pcie}"),
     "4:84: link \"N\" closes a cycle: \"q\" and \"C\" are already joined by pcie and cxl links, which form trees"},
};

static uint32_t
check(const Refusal *refusals, size_t count)
{
    uint32_t checked = 0;
    for (size_t i = 0; i < count; i++, checked++) {
        g_autofree char *message = test_machine_error(refusals[i].yaml);
        CU_ASSERT_STRING_EQUAL(message, refusals[i].message);
        if (strcmp(message, refusals[i].message) != 0)
            g_printerr("\nfound    %s\nexpected %s\n", message, refusals[i].message);
    }
    return checked;
}

static void
test_shape(void)
{
    CU_ASSERT_EQUAL(check(shape, G_N_ELEMENTS(shape)), 11);
}

static void
test_nodes(void)
{
    CU_ASSERT_EQUAL(check(nodes, G_N_ELEMENTS(nodes)), 25);
}

static void
test_curves(void)
{
    CU_ASSERT_EQUAL(check(curves, G_N_ELEMENTS(curves)), 17);
}

static void
test_accessors(void)
{
    CU_ASSERT_EQUAL(check(accessors, G_N_ELEMENTS(accessors)), 12);
}

static void
test_links(void)
{
    CU_ASSERT_EQUAL(check(links, G_N_ELEMENTS(links)), 10);
}

/* The same ring is a machine when its links are of a kind that may be cyclic. */
static void
test_rings(void)
{
    g_autofree char *ring = test_machine_error(
        LINKS("{id: L, between: [C, p], kind: upi}, {id: M, between: [p, q], kind: xgmi}, {id: N, between: [q, C]}"));
    CU_ASSERT_STRING_EQUAL(ring, "");
    g_autofree char *tree =
        test_machine_error(LINKS("{id: L, between: [C, p], kind: pcie}, {id: M, between: [C, q], kind: pcie}"));
    CU_ASSERT_STRING_EQUAL(tree, "");
}

/* Two islands: all that are cut off are named. */
static void
test_disconnected(void)
{
    g_autofree char *message =
        test_machine_error("points: [left, right]\n"
                           "nodes: [{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 3GB/s, at: left},\n"
                           " {id: E, kind: dram, capacity: 1GiB, latency: 80ns, read: 3GB/s, at: right}]\n"
                           "accessors: [{id: A, at: left}, {id: B, at: left}, {id: C, at: right}]\n");
    CU_ASSERT_STRING_EQUAL(message, "3:2: no links lead from A, B to node \"E\"; join them by \"links\" or \"at\"");
}

/* N nodes, or accessors, or points, or links, written out. */
static char *
generated(uint32_t node_count, uint32_t accessor_count, uint32_t point_count, uint32_t link_count)
{
    GString *yaml = g_string_new("nodes:\n");
    for (uint32_t i = 0; i < node_count; i++)
        g_string_append_printf(
            yaml, "  - {id: N%u, kind: dram, capacity: 1GiB, latency: 80ns, read: 3GB/s, write: 3GB/s, at: A0}\n", i);
    g_string_append(yaml, "accessors:\n");
    for (uint32_t i = 0; i < accessor_count; i++)
        g_string_append_printf(yaml, "  - {id: A%u%s}\n", i, i > 0 ? ", at: A0" : "");
    g_string_append(yaml, "points:\n");
    for (uint32_t i = 0; i < point_count; i++)
        g_string_append_printf(yaml, "  - P%u\n", i);
    if (link_count > 0)
        g_string_append(yaml, "links:\n");
    for (uint32_t i = 0; i < link_count; i++)
        g_string_append_printf(yaml, "  - {id: L%u, between: [A0, P0], bandwidth: 1GB/s}\n", i);
    return g_string_free(yaml, FALSE);
}

static void
test_limits(void)
{
    g_autofree char *most = generated(NSIM_NODES_MAX, 2, 2, 2);
    g_autoptr(NsimMachine) machine = test_machine(most);
    CU_ASSERT_EQUAL(machine->node_count, NSIM_NODES_MAX);
    CU_ASSERT_EQUAL(machine->nodes[NSIM_NODES_MAX - 1].nid, (int32_t)NSIM_NODES_MAX - 1);
    g_autofree char *wide = generated(2, NSIM_ACCESSORS_MAX, NSIM_POINTS_MAX, NSIM_LINKS_MAX);
    g_autoptr(NsimMachine) wide_machine = test_machine(wide);
    CU_ASSERT_EQUAL(wide_machine->accessor_count, NSIM_ACCESSORS_MAX);
    CU_ASSERT_EQUAL(wide_machine->link_count, NSIM_LINKS_MAX);
    CU_ASSERT_EQUAL(nsim_machine_route(wide_machine, NSIM_ACCESSORS_MAX - 1, 1, NSIM_DIR_READ)->fixed_ps, 80000);

    g_autofree char *nodes_over = generated(NSIM_NODES_MAX + 1, 1, 1, 0);
    g_autofree char *nodes_message = test_machine_error(nodes_over);
    CU_ASSERT_STRING_EQUAL(nodes_message, "2:3: 251 entries in \"nodes\", at most 250 are allowed (NSIM_NODES_MAX)");
    g_autofree char *accessors_over = generated(1, NSIM_ACCESSORS_MAX + 1, 1, 0);
    g_autofree char *accessors_message = test_machine_error(accessors_over);
    CU_ASSERT_STRING_EQUAL(accessors_message,
                           "4:3: 1025 entries in \"accessors\", at most 1024 are allowed (NSIM_ACCESSORS_MAX)");
    g_autofree char *points_over = generated(1, 1, NSIM_POINTS_MAX + 1, 0);
    g_autofree char *points_message = test_machine_error(points_over);
    CU_ASSERT_STRING_EQUAL(points_message,
                           "6:3: 4097 entries in \"points\", at most 4096 are allowed (NSIM_POINTS_MAX)");
    g_autofree char *links_over = generated(1, 1, 1, NSIM_LINKS_MAX + 1);
    g_autofree char *links_message = test_machine_error(links_over);
    CU_ASSERT_STRING_EQUAL(links_message, "8:3: 8193 entries in \"links\", at most 8192 are allowed (NSIM_LINKS_MAX)");
}

/* A chain of links: 8 resources are allowed on a way, 9 are not; those of unlimited rate do not count. */
static void
test_hops(void)
{
    for (uint32_t length = 7; length <= 8; length++) {
        g_autoptr(GString) yaml =
            g_string_new("nodes: [{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 3GB/s, write: 3GB/s}]\n"
                         "accessors: [{id: C}]\npoints: [p1, p2, p3, p4, p5, p6, p7, p8, free]\nlinks:\n");
        g_string_append(yaml, "  - {id: ideal, between: [C, free], latency: 1ns}\n");
        for (uint32_t i = 1; i <= length; i++) {
            g_autofree char *from = i == 1 ? g_strdup("free") : g_strdup_printf("p%u", i - 1);
            g_autofree char *to = i == length ? g_strdup("D") : g_strdup_printf("p%u", i);
            g_string_append_printf(yaml, "  - {id: L%u, between: [%s, %s], bandwidth: 5GB/s, latency: 1ns}\n", i, from,
                                   to);
        }
        g_autofree char *message = test_machine_error(yaml->str);
        CU_ASSERT_STRING_EQUAL(message, length == 7 ? ""
                                                    : "5:3: the route from \"C\" to \"D\" crosses 9 limited resources, "
                                                      "at most 8 are allowed (NSIM_HOPS_MAX): D, L8<, L7<, L6<, L5<, "
                                                      "L4<, L3<, L2<, L1<");
    }
}

bool
test_machine_check_register(void)
{
    CU_pSuite suite = CU_add_suite("machine-check", NULL, NULL);
    return suite && CU_add_test(suite, "shape", test_shape) && CU_add_test(suite, "nodes", test_nodes) &&
           CU_add_test(suite, "curves", test_curves) && CU_add_test(suite, "accessors", test_accessors) &&
           CU_add_test(suite, "links", test_links) && CU_add_test(suite, "rings and trees", test_rings) &&
           CU_add_test(suite, "disconnected", test_disconnected) && CU_add_test(suite, "limits", test_limits) &&
           CU_add_test(suite, "hops", test_hops);
}
