/* SPDX-License-Identifier: MIT */
/*
 * Goal: tables of ratios and of SLIT distances give the latencies their rules say and refuse what breaks the rules.
 * Method: the first example's table, all distances against the formula, columns in another order, and every refusal.
 */
#include "test-models.h"

#include <string.h>

#include <CUnit/CUnit.h>

#define TWO_NODES                                                                                                      \
    "nodes: [{id: A, kind: dram, capacity: 1GiB, read: 10GB/s, write: 10GB/s},"                                        \
    " {id: B, kind: dram, capacity: 1GiB, read: 10GB/s, write: 10GB/s}]\n"
#define TWO_CPUS "accessors: [{id: C, at: A}, {id: D, at: B}]\n"

static NsimTime
latency(const NsimMachine *machine, uint32_t accessor, uint32_t node, NsimDir dir)
{
    return nsim_machine_route(machine, (NsimAccessorId)accessor, (NsimNodeId)node, dir)->fixed_ps;
}

static void
test_seed(void)
{
    static const NsimTime expected_ns[2][4] = {{100, 200, 500, 600}, {500, 600, 100, 200}};
    static const NsimNodeId order[2][4] = {{0, 1, 2, 3}, {2, 3, 0, 1}};
    g_autofree char *path = test_path("configs/machines/seed-2x4.yaml");
    g_autoptr(NsimMachine) machine = nsim_machine_load(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
    for (uint32_t a = 0; a < 2; a++) {
        for (uint32_t n = 0; n < 4; n++) {
            CU_ASSERT_EQUAL(latency(machine, a, n, NSIM_DIR_READ), expected_ns[a][n] * NSIM_NS);
            CU_ASSERT_EQUAL(latency(machine, a, n, NSIM_DIR_WRITE), expected_ns[a][n] * NSIM_NS);
            CU_ASSERT_EQUAL(machine->order[a * 4 + n], order[a][n]);
        }
    }
    CU_ASSERT_STRING_EQUAL(machine->latency_source, "relative_latency");
    /* The far CXL memory: its channel, its link and the socket link. */
    const NsimRoute *far = nsim_machine_route(machine, 0, 3, NSIM_DIR_READ);
    CU_ASSERT_EQUAL(far->hop_count, 3);
    CU_ASSERT_EQUAL(far->bytes_per_s, 26800000000);
    CU_ASSERT_EQUAL(machine->hop_max, 3);
}

static void
test_columns(void)
{
    g_autoptr(NsimMachine) machine = test_machine(TWO_NODES TWO_CPUS "relative_latency: {anchor: 80ns, nodes: [B, A],\n"
                                                                     "  D: [10, 25.5], C: [none, 10]}\n");
    CU_ASSERT_EQUAL(latency(machine, 0, 0, NSIM_DIR_READ), 80000);
    CU_ASSERT_FALSE(nsim_machine_route(machine, 0, 1, NSIM_DIR_READ)->reachable);
    CU_ASSERT_FALSE(nsim_machine_route(machine, 0, 1, NSIM_DIR_WRITE)->reachable);
    CU_ASSERT_EQUAL(nsim_machine_route(machine, 0, 1, NSIM_DIR_WRITE)->hop_count, 0);
    CU_ASSERT_EQUAL(latency(machine, 1, 0, NSIM_DIR_READ), 204000);
    CU_ASSERT_EQUAL(latency(machine, 1, 1, NSIM_DIR_READ), 80000);
    CU_ASSERT_EQUAL(machine->order[0], 0);
    CU_ASSERT_EQUAL(machine->order[1], NSIM_NODE_NONE);
    CU_ASSERT_EQUAL(machine->nodes[0].latency_read_ps, 80000);
    /* Without links a route is the node alone. */
    CU_ASSERT_EQUAL(nsim_machine_route(machine, 1, 0, NSIM_DIR_READ)->hop_count, 1);
    CU_ASSERT_EQUAL(machine->hop_max, 1);
}

static void
test_slit(void)
{
    uint32_t wrong = 0;
    for (uint32_t d = 11; d <= 255; d++) {
        g_autofree char *yaml =
            g_strdup_printf(TWO_NODES TWO_CPUS "slit: {local: 90ns, matrix: [[10, %u], [21, 10]]}\n", d);
        g_autoptr(NsimMachine) machine = test_machine(yaml);
        /* 90 ns x (12 + d) / 22 in ps, half up. */
        const NsimTime expected_ps = (90000 * (12 + (uint64_t)d) * 2 + 22) / 44;
        wrong += latency(machine, 0, 0, NSIM_DIR_READ) != 90000;
        wrong += latency(machine, 1, 0, NSIM_DIR_READ) != 135000;
        if (d < 255)
            wrong += latency(machine, 0, 1, NSIM_DIR_READ) != expected_ps;
        else
            wrong += nsim_machine_route(machine, 0, 1, NSIM_DIR_READ)->reachable;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    g_autoptr(NsimMachine) machine =
        test_machine(TWO_NODES TWO_CPUS "slit: {local: 90ns, matrix: [[10, 21], [21, 10]]}\n");
    CU_ASSERT_STRING_EQUAL(machine->latency_source, "slit");
    CU_ASSERT_STRING_EQUAL(machine->assumptions[machine->assumption_count - 1],
                           "latencies follow from SLIT distances d as 90ns x (1 + (d - 10) / 22); firmware does not "
                           "give times");
}

/* Rows by name, an accessor at a node by number, and an accessor at no node with a row of its own. */
static void
test_slit_rows(void)
{
    g_autoptr(NsimMachine) machine =
        test_machine(TWO_NODES "accessors: [{id: C, at: 1}, {id: D}]\n"
                               "slit: {local: 100ns, nodes: [B, A], rows: {A: [32, 10], B: [10, 54], D: [76, 98]}}\n");
    CU_ASSERT_EQUAL(latency(machine, 0, 1, NSIM_DIR_READ), 100000);
    CU_ASSERT_EQUAL(latency(machine, 0, 0, NSIM_DIR_READ), 300000);
    CU_ASSERT_EQUAL(latency(machine, 1, 1, NSIM_DIR_READ), 400000);
    CU_ASSERT_EQUAL(latency(machine, 1, 0, NSIM_DIR_READ), 500000);
}

/* A curve may stand beside a table: the table says how far, the curve what load adds. */
static void
test_curve_beside_table(void)
{
    g_autoptr(NsimMachine) machine =
        test_machine("nodes: [{id: A, kind: dram, capacity: 1GiB,\n"
                     "  curve: {mixes: [{reads: 100%, points: {0GB/s: 90ns, 50GB/s: 200ns}}]}}]\n"
                     "accessors: [{id: C}]\n"
                     "relative_latency: {anchor: 100ns, C: [13]}\n");
    const NsimRoute *route = nsim_machine_route(machine, 0, 0, NSIM_DIR_READ);
    CU_ASSERT_EQUAL(route->fixed_ps, 130000);
    CU_ASSERT_EQUAL(machine->nodes[0].latency_read_ps, 90000);
    CU_ASSERT_EQUAL(route->hops[route->curve_hop].service_ps, 0);
    CU_ASSERT_EQUAL(route->bytes_per_s, 50000000000);
}

typedef struct {
    const char *table;
    const char *message;
} Refusal;

/* Line 3 of the description is the table. */
static const Refusal refusals[] = {
    {"relative_latency: [1]\n", "3:19: \"relative_latency\" must be a map, found a list"},
    {"relative_latency: {C: [10, 20], D: [20, 10]}\n", "3:19: key \"anchor\" is missing"},
    {"relative_latency: {anchor: 100ns, C: [10, 20]}\n", "3:19: accessor \"D\" has no row in \"relative_latency\""},
    {"relative_latency: {anchor: 100ns, C: [10, 20], D: [20, 10], E: [1, 2]}\n",
     "3:61: unknown key \"E\" in relative_latency (keys: anchor, nodes, C, D)"},
    {"relative_latency: {anchor: 100ns, C: [10], D: [20, 10]}\n",
     "3:38: row \"C\" must be a list of 2 figures, one a node, found a list with 1"},
    {"relative_latency: {anchor: 100ns, C: [10, x], D: [20, 10]}\n",
     "3:43: a relative latency is a number (10 = the anchor) or none, found \"x\""},
    {"relative_latency: {anchor: 100ns, C: [10, 20%], D: [20, 10]}\n",
     "3:43: a relative latency is a number (10 = the anchor) or none, found \"20%\""},
    {"relative_latency: {anchor: 100ns, C: [10, 0], D: [20, 10]}\n",
     "3:43: a relative latency must give more than 0 and at most 10s, found \"0\""},
    {"relative_latency: {anchor: 100ns, nodes: [A], C: [10], D: [20]}\n",
     "3:42: 1 of 2 nodes in the table; every node needs a column"},
    {"relative_latency: {anchor: 100ns, nodes: [A, A], C: [10, 20], D: [20, 10]}\n", "3:46: node \"A\" given twice"},
    {"relative_latency: {anchor: 100ns, nodes: [A, C], C: [10, 20], D: [20, 10]}\n", "3:46: \"C\" is not a node"},
    {"relative_latency: {anchor: 100ns, C: [10, none], D: [20, none]}\n", "1:75: no accessor reaches node \"B\""},
    {"relative_latency: {anchor: 100ns, C: [none, none], D: [20, 10]}\n", "2:13: accessor \"C\" reaches no node"},
    {"slit: {matrix: [[10, 20], [20, 10]]}\n", "3:7: key \"local\" is missing"},
    {"slit: {local: 90ns}\n", "3:7: \"slit\" needs either \"rows\" (a map) or \"matrix\" (a list of rows)"},
    {"slit: {local: 0ns, matrix: [[10, 20], [20, 10]]}\n", "3:15: \"local\" must be more than 0 and at most 1s"},
    {"slit: {local: 90ns, matrix: [[10, 20]]}\n", "3:29: \"matrix\" must be a list of 2 rows, found a list with 1"},
    {"slit: {local: 90ns, matrix: [[10, 20], [20, 11]]}\n",
     "3:45: the distance of a node to itself must be 10, found \"11\""},
    {"slit: {local: 90ns, matrix: [[10, 10], [20, 10]]}\n",
     "3:35: the distance to another node must be more than 10, found \"10\""},
    {"slit: {local: 90ns, matrix: [[10, 256], [20, 10]]}\n",
     "3:35: a distance is a number from 10 to 255, found \"256\""},
    {"slit: {local: 90ns, rows: {A: [10, 20]}}\n", "3:27: node \"B\" has no row of distances"},
    {"slit: {local: 90ns, rows: {A: [10, 20], X: [20, 10]}}\n", "3:41: no node or accessor is called \"X\""},
    {"slit: {local: 90ns, matrix: [[10, 20], [20, 10]]}\nrelative_latency: {anchor: 100ns}\n",
     "3:7: \"slit\" contradicts \"relative_latency\"; leave one out"},
    {"links: [{id: L, between: [A, B], latency: 5ns}]\nslit: {local: 90ns, matrix: [[10, 20], [20, 10]]}\n",
     "3:43: the latency of link \"L\" contradicts \"slit\"; leave one out"},
};

static void
test_refusals(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *yaml = g_strconcat(TWO_NODES TWO_CPUS, refusals[i].table, NULL);
        g_autofree char *message = test_machine_error(yaml);
        CU_ASSERT_STRING_EQUAL(message, refusals[i].message);
        if (strcmp(message, refusals[i].message) != 0)
            g_printerr("\nfound    %s\nexpected %s\n", message, refusals[i].message);
    }
    g_autofree char *own =
        test_machine_error("nodes: [{id: A, kind: dram, capacity: 1GiB, read: 1GB/s, latency: 9ns}]\n"
                           "accessors: [{id: C}]\n"
                           "relative_latency: {anchor: 100ns, C: [10]}\n");
    CU_ASSERT_STRING_EQUAL(own, "1:67: the latency of node \"A\" contradicts \"relative_latency\"; leave one out");
    g_autofree char *none = test_machine_error(TWO_NODES TWO_CPUS);
    CU_ASSERT_STRING_EQUAL(none, "1:9: node \"A\" has no latency; give \"latency\" or \"curve\" here, or a table "
                                 "(\"relative_latency\" or \"slit\") for all nodes");
    g_autofree char *nowhere = test_machine_error(TWO_NODES "accessors: [{id: C}]\n"
                                                            "slit: {local: 90ns, matrix: [[10, 20], [20, 10]]}\n");
    CU_ASSERT_STRING_EQUAL(nowhere,
                           "3:7: accessor \"C\" is at no node (\"at: NODE\"), so \"slit\" does not say how far "
                           "it is from memory");
    g_autofree char *reserved =
        test_machine_error(TWO_NODES "accessors: [{id: anchor}]\nrelative_latency: {anchor: 100ns}\n");
    CU_ASSERT_STRING_EQUAL(reserved, "3:19: an accessor called \"anchor\" cannot have a row in \"relative_latency\"");
}

bool
test_machine_table_register(void)
{
    CU_pSuite suite = CU_add_suite("machine-table", NULL, NULL);
    return suite && CU_add_test(suite, "2 x 4 table", test_seed) && CU_add_test(suite, "columns", test_columns) &&
           CU_add_test(suite, "slit formula", test_slit) && CU_add_test(suite, "slit rows", test_slit_rows) &&
           CU_add_test(suite, "curve beside table", test_curve_beside_table) &&
           CU_add_test(suite, "refusals", test_refusals);
}
