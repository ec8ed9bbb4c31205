/* SPDX-License-Identifier: MIT */
/*
 * Goal: routes take the way of least latency, reserve the right resources with the right bytes and service times, and
 * their latency is the sum of its parts. Method: machines small enough to do by hand; on random machines the laws that
 * hold for every route, and the way found against a search of all simple ways.
 */
#include "test-models.h"

#include <sim/random.h>
#include <sim/time.h>
#include <string.h>

#include <CUnit/CUnit.h>

/* "cxl<:72:4.500" pieces of a route: name, bytes, service in ps, share in ps. */
static char *
route_text(const NsimMachine *machine, const char *accessor, const char *node, NsimDir dir)
{
    const NsimRoute *route = nsim_machine_route(machine, nsim_machine_find_accessor(machine, accessor),
                                                nsim_machine_find_node(machine, node), dir);
    GString *text = g_string_new(NULL);
    for (uint32_t h = 0; h < route->hop_count; h++)
        g_string_append_printf(text, "%s%s:%u:%u:%" G_GUINT64_FORMAT, h > 0 ? " " : "",
                               machine->resources[route->hops[h].resource].name, route->forward_bytes[h],
                               route->hops[h].service_ps, route->share_ps[h]);
    g_string_append_printf(text, " = %" G_GUINT64_FORMAT, route->fixed_ps);
    return g_string_free(text, FALSE);
}

#define CHECK_ROUTE(machine, accessor, node, dir, expected)                                                            \
    do {                                                                                                               \
        g_autofree char *text_ = route_text(machine, accessor, node, dir);                                             \
        CU_ASSERT_STRING_EQUAL(text_, expected);                                                                       \
        if (strcmp(text_, expected) != 0)                                                                              \
            g_printerr("\nfound    %s\nexpected %s\n", text_, expected);                                               \
    } while (0)

/* Two links to a node: requests and answers are separate resources with their own bytes. */
static void
test_directions(void)
{
    g_autoptr(NsimMachine) machine =
        test_machine("points: [hub]\n"
                     "nodes: [{id: D, kind: cxl, capacity: 1GiB, latency: {read: 100ns, write: 60ns}, read: 32GB/s,"
                     " write: 16GB/s}]\n"
                     "accessors: [{id: C}]\n"
                     "links:\n"
                     "  - {id: a, between: [C, hub], bandwidth: 64GB/s, latency: 20ns, request: 16B, response: 4B}\n"
                     "  - {id: b, between: [D, hub], forward: 8GB/s, reverse: 4GB/s, latency: 40ns}\n");
    /*
     * Read: request 16 B on a, nothing limited on b; D after half of 60 ns; the answer crosses b from D (its forward
     * direction) and then a: 64 B at 8 GB/s and 68 B at 64 GB/s.
     */
    CHECK_ROUTE(machine, "C", "D", NSIM_DIR_READ,
                "a>:16:250:0 D:64:2000:30000 b>:64:8000:100000 a<:68:1063:20000 = 160000");
    CHECK_ROUTE(machine, "C", "D", NSIM_DIR_WRITE, "a>:80:1250:0 b<:64:16000:10000 D:64:4000:20000 = 120000");
    const NsimRoute *read = nsim_machine_route(machine, 0, 0, NSIM_DIR_READ);
    CU_ASSERT_EQUAL(read->service_max_ps, 8000);
    CU_ASSERT_EQUAL(read->bytes_per_s, 8000000000);
    CU_ASSERT_EQUAL(read->curve_hop, 1);
    const NsimRoute *write = nsim_machine_route(machine, 0, 0, NSIM_DIR_WRITE);
    CU_ASSERT_EQUAL(write->bytes_per_s, 4000000000);
    CU_ASSERT_EQUAL(write->curve_hop, 2);
    CU_ASSERT_EQUAL(machine->hop_max, 4);
}

static void
test_duplex(void)
{
    g_autoptr(NsimMachine) machine = test_machine(
        "nodes:\n"
        "  - {id: H, kind: dram, capacity: 1GiB, latency: 100ns, read: 32GB/s, write: 16GB/s, at: C}\n"
        "  - {id: F, kind: cxl, capacity: 1GiB, latency: 100ns, read: 32GB/s, write: 16GB/s, duplex: full, at: C}\n"
        "  - {id: T, kind: cxl, capacity: 1GiB, latency: 100ns, read: 32GB/s, write: 16GB/s, total: 40GB/s, "
        "duplex: full, at: C}\n"
        "  - {id: B, kind: cxl, capacity: 1GiB, latency: 100ns, read: 32GB/s, write: 16GB/s}\n"
        "accessors: [{id: C}]\n"
        "links: [{id: bus, between: [C, B], bandwidth: 8GB/s, duplex: half, latency: 10ns, request: 8B}]\n");
    CHECK_ROUTE(machine, "C", "H", NSIM_DIR_READ, "H:64:2000:0 = 100000");
    CHECK_ROUTE(machine, "C", "H", NSIM_DIR_WRITE, "H:64:4000:0 = 100000");
    CHECK_ROUTE(machine, "C", "F", NSIM_DIR_READ, "F.read:64:2000:0 = 100000");
    CHECK_ROUTE(machine, "C", "F", NSIM_DIR_WRITE, "F.write:64:4000:0 = 100000");
    CHECK_ROUTE(machine, "C", "T", NSIM_DIR_READ, "T.read:64:2000:0 T.total:64:1600:0 = 100000");
    CHECK_ROUTE(machine, "C", "T", NSIM_DIR_WRITE, "T.write:64:4000:0 T.total:64:1600:0 = 100000");
    /* A half-duplex link is crossed there and back, and reserved once for both. */
    CHECK_ROUTE(machine, "C", "B", NSIM_DIR_READ, "bus:72:9000:0 B:64:2000:5000 = 110000");
    CHECK_ROUTE(machine, "C", "B", NSIM_DIR_WRITE, "bus:72:9000:0 B:64:4000:5000 = 110000");
    CU_ASSERT_EQUAL(nsim_machine_route(machine, 0, 0, NSIM_DIR_READ)->bytes_per_s, 32000000000);
    CU_ASSERT_EQUAL(nsim_machine_route(machine, 0, 3, NSIM_DIR_READ)->bytes_per_s, 7111111111);
}

/* With a table only the sum is known: what exceeds the node's own latency is spread over the links. */
static void
test_table_shares(void)
{
    g_autofree char *path = test_path("configs/machines/seed-2x4.yaml");
    g_autoptr(NsimMachine) machine = nsim_machine_load(path, NULL);
    CHECK_ROUTE(machine, "CPU1", "DRAM1", NSIM_DIR_READ, "DRAM1:64:833:0 = 100000");
    CHECK_ROUTE(machine, "CPU1", "CXL2", NSIM_DIR_READ,
                "CXL2:64:1667:200000 cxl2<:64:2388:200000 upi<:64:1860:100000 = 600000");
    CHECK_ROUTE(machine, "CPU1", "CXL2", NSIM_DIR_WRITE,
                "upi>:64:1860:0 cxl2>:64:2388:100000 CXL2:64:1667:100000 = 600000");
}

/* Least latency first, then the fewest links, then the order of declaration. */
static void
test_choice(void)
{
    g_autoptr(NsimMachine) machine =
        test_machine("points: [p, q]\n"
                     "nodes:\n"
                     "  - {id: D, kind: dram, capacity: 1GiB, latency: 100ns, read: 32GB/s, write: 32GB/s, at: q}\n"
                     "accessors: [{id: C, at: p}, {id: E}]\n"
                     "links:\n"
                     "  - {id: slow, between: [p, q], bandwidth: 1GB/s, latency: 31ns}\n"
                     "  - {id: via1, between: [p, E], bandwidth: 2GB/s, latency: 15ns}\n"
                     "  - {id: via2, between: [E, q], bandwidth: 2GB/s, latency: 15ns}\n"
                     "  - {id: same, between: [p, q], bandwidth: 3GB/s, latency: 30ns}\n"
                     "  - {id: twin, between: [p, q], bandwidth: 4GB/s, latency: 30ns}\n");
    CHECK_ROUTE(machine, "C", "D", NSIM_DIR_WRITE, "same>:64:21333:0 D:64:2000:15000 = 130000");
    CHECK_ROUTE(machine, "E", "D", NSIM_DIR_WRITE, "via2>:64:32000:0 D:64:2000:7500 = 115000");
}

/* A point that does not forward ends ways from link to link but not those of its own. */
static void
test_no_forwarding(void)
{
    g_autoptr(NsimMachine) machine =
        test_machine("points: [host, {id: g0, forwards: no}, {id: g1, forwards: no}, {id: g2, forwards: no}]\n"
                     "nodes:\n"
                     "  - {id: H0, kind: hbm, capacity: 1GiB, latency: 100ns, read: 32GB/s, write: 32GB/s, at: g0}\n"
                     "  - {id: H2, kind: hbm, capacity: 1GiB, latency: 100ns, read: 32GB/s, write: 32GB/s, at: g2}\n"
                     "accessors: [{id: G0, at: g0}, {id: G1, at: g1}, {id: G2, at: g2}]\n"
                     "links:\n"
                     "  - {id: nv01, kind: nvlink, between: [g0, g1], bandwidth: 8GB/s, latency: 10ns}\n"
                     "  - {id: nv12, kind: nvlink, between: [g1, g2], bandwidth: 8GB/s, latency: 10ns}\n"
                     "  - {id: x0, kind: pcie, between: [host, g0], bandwidth: 4GB/s, latency: 500ns}\n"
                     "  - {id: x1, kind: pcie, between: [host, g1], bandwidth: 4GB/s, latency: 500ns}\n"
                     "  - {id: x2, kind: pcie, between: [host, g2], bandwidth: 4GB/s, latency: 500ns}\n");
    CHECK_ROUTE(machine, "G0", "H0", NSIM_DIR_WRITE, "H0:64:2000:0 = 100000");
    CHECK_ROUTE(machine, "G1", "H2", NSIM_DIR_WRITE, "nv12>:64:8000:0 H2:64:2000:5000 = 110000");
    /* Not through g1, though 20 ns would be less than 1000. */
    CHECK_ROUTE(machine, "G0", "H2", NSIM_DIR_WRITE, "x0<:64:16000:0 x2>:64:16000:250000 H2:64:2000:250000 = 1100000");
}

static void
test_dgx1(void)
{
    g_autofree char *path = test_path("configs/machines/dgx1-v100.yaml");
    g_autoptr(NsimMachine) machine = nsim_machine_load(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
    uint32_t links[8] = {0};
    for (uint32_t l = 0; l < machine->link_count; l++) {
        const NsimLink *link = &machine->links[l];
        if (strcmp(link->kind, "nvlink") != 0)
            continue;
        for (uint32_t end = 0; end < 2; end++)
            links[link->ends[end][3] - '0'] += (uint32_t)(link->forward_bytes_per_s / 23900000000);
    }
    for (uint32_t g = 0; g < 8; g++)
        CU_ASSERT_EQUAL(links[g], 6);
    /* GPU 0 has links to 1, 2, 3 and 4, two of them to 3 and 4; 5, 6 and 7 are reached over PCIe. */
    static const uint64_t rates[8] = {830, 239, 239, 478, 478, 120, 120, 120};
    for (uint32_t g = 0; g < 8; g++) {
        const NsimRoute *route = nsim_machine_route(machine, 2, (NsimNodeId)(2 + g), NSIM_DIR_READ);
        CU_ASSERT_EQUAL(route->bytes_per_s, rates[g] * (g == 0 ? 1000000000 : 100000000));
    }
}

static void
test_zen3_ports(void)
{
    g_autofree char *path = test_path("configs/machines/zen3.yaml");
    g_autoptr(NsimMachine) machine = nsim_machine_load(path, NULL);
    CHECK_ROUTE(machine, "CCD0", "DRAM0", NSIM_DIR_READ, "DRAM0:64:356:0 port0<:64:1250:100000 = 100000");
    CHECK_ROUTE(machine, "CCD0", "DRAM0", NSIM_DIR_WRITE, "port0>:64:2500:0 DRAM0:64:533:0 = 100000");
    CHECK_ROUTE(machine, "CCD8", "DRAM0", NSIM_DIR_READ,
                "DRAM0:64:356:50000 xgmi>:64:593:100000 port8<:64:1250:50000 = 200000");
}

/* Cores take their own way to the other socket, the engine the wide one. */
static void
test_zen3_ways(void)
{
    g_autofree char *path = test_path("configs/machines/zen3-ptdma.yaml");
    g_autoptr(NsimMachine) machine = nsim_machine_load(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
    CHECK_ROUTE(machine, "CCD3", "DRAM0", NSIM_DIR_READ, "DRAM0:64:356:0 port3<:64:1250:100000 = 100000");
    CHECK_ROUTE(
        machine, "CCD7", "DRAM0", NSIM_DIR_READ,
        "DRAM0:64:356:50000 xgmi>:64:593:100500 cpu1<:64:1707:49500 pair3x<:64:3516:0 far7<:64:5818:0 = 200000");
    const NsimRoute *engine = nsim_machine_engine_route(machine, 0, 1, NSIM_DIR_WRITE);
    CU_ASSERT_EQUAL(engine->hop_count, 2);
    CU_ASSERT_STRING_EQUAL(machine->resources[engine->hops[0].resource].name, "xgmi>");
    CU_ASSERT_EQUAL(engine->fixed_ps, 201 * NSIM_NS);
}

static void
test_curve_hop(void)
{
    g_autofree char *path = test_path("configs/machines/cascade-lake-5218-2s.yaml");
    g_autoptr(NsimMachine) machine = nsim_machine_load(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
    const NsimRoute *local = nsim_machine_route(machine, 0, 0, NSIM_DIR_READ);
    const NsimRoute *remote = nsim_machine_route(machine, 0, 1, NSIM_DIR_READ);
    const NsimRoute *write = nsim_machine_route(machine, 0, 1, NSIM_DIR_WRITE);
    CU_ASSERT_EQUAL(local->fixed_ps, 90000);
    CU_ASSERT_EQUAL(local->hops[local->curve_hop].service_ps, 0);
    CU_ASSERT_EQUAL(local->bytes_per_s, 106200000000);
    /* The curve's own service is set at run time and not counted here; the link's is. */
    CU_ASSERT_EQUAL(local->service_max_ps, 0);
    CU_ASSERT_EQUAL(remote->service_max_ps, 1860);
    CU_ASSERT_EQUAL(remote->fixed_ps, 163000);
    CU_ASSERT_EQUAL(remote->curve_hop, 0);
    CU_ASSERT_EQUAL(write->curve_hop, 1);
    CU_ASSERT_EQUAL(write->hops[1].resource, remote->hops[0].resource);
    /* Writes: the highest rate measured at the lowest read share. */
    CU_ASSERT_EQUAL(nsim_machine_route(machine, 0, 0, NSIM_DIR_WRITE)->bytes_per_s, 86500000000);
}

/* Little's law by hand: 12 lines of 64 B in 90 ns are 8.5 GB/s. */
static void
test_little(void)
{
    g_autofree char *path = test_path("configs/machines/cascade-lake-5218-2s.yaml");
    g_autoptr(NsimMachine) machine = nsim_machine_load(path, NULL);
    const NsimRoute *route = nsim_machine_route(machine, 0, 0, NSIM_DIR_READ);
    const uint64_t rate = nsim_mul_div(machine->accessors[0].window_random * NSIM_LINE_BYTES, NSIM_S, route->fixed_ps);
    CU_ASSERT_EQUAL(rate, 8533333333);
}

#define RANDOM_POINTS 5u
#define RANDOM_LINKS 9u

typedef struct {
    uint32_t ends[2];
    uint32_t latency_ns;
} RandomLink;

/* Least latency and then fewest links over all simple ways, by trying them all. */
static void
try_all(const RandomLink *links, uint32_t at, uint32_t goal, uint32_t visited, uint32_t ns, uint32_t count,
        uint32_t *best_ns, uint32_t *best_count)
{
    if (at == goal) {
        if (ns < *best_ns || (ns == *best_ns && count < *best_count)) {
            *best_ns = ns;
            *best_count = count;
        }
        return;
    }
    for (uint32_t l = 0; l < RANDOM_LINKS; l++) {
        for (uint32_t side = 0; side < 2; side++) {
            const uint32_t next = links[l].ends[1 - side];
            if (links[l].ends[side] == at && (visited >> next & 1) == 0)
                try_all(links, next, goal, visited | 1u << next, ns + links[l].latency_ns, count + 1, best_ns,
                        best_count);
        }
    }
}

/* A ring makes it connected; the other links are drawn. Accessor i and node i are at point i. */
static char *
random_machine(NsimRandom *random, RandomLink *links)
{
    GString *yaml = g_string_new("points: [p0, p1, p2, p3, p4]\nnodes:\n");
    for (uint32_t i = 0; i < RANDOM_POINTS; i++)
        g_string_append_printf(
            yaml, "  - {id: N%u, kind: dram, capacity: 1GiB, latency: 50ns, read: 9GB/s, write: 7GB/s, at: p%u}\n", i,
            i);
    g_string_append(yaml, "accessors:\n");
    for (uint32_t i = 0; i < RANDOM_POINTS; i++)
        g_string_append_printf(yaml, "  - {id: C%u, at: p%u}\n", i, i);
    g_string_append(yaml, "links:\n");
    for (uint32_t l = 0; l < RANDOM_LINKS; l++) {
        const uint32_t from = l < RANDOM_POINTS ? l : (uint32_t)nsim_random_below(random, RANDOM_POINTS);
        const uint32_t step = l < RANDOM_POINTS ? 1 : 1 + (uint32_t)nsim_random_below(random, RANDOM_POINTS - 1);
        links[l] = (RandomLink){.ends = {from, (from + step) % RANDOM_POINTS},
                                .latency_ns = 2 * (uint32_t)nsim_random_below(random, 20)};
        g_string_append_printf(yaml,
                               "  - {id: L%u, between: [p%u, p%u], bandwidth: %uGB/s, latency: %uns, duplex: %s, "
                               "request: %uB, response: %uB}\n",
                               l, links[l].ends[0], links[l].ends[1], 1 + (uint32_t)nsim_random_below(random, 30),
                               links[l].latency_ns, nsim_random_below(random, 2) ? "full" : "half", l % 4 == 0 ? 8 : 0,
                               (uint32_t)nsim_random_below(random, 9));
    }
    return g_string_free(yaml, FALSE);
}

/* Laws of every route. */
static uint32_t
broken_laws(const NsimMachine *machine, const NsimRoute *route)
{
    NsimTime shares_ps = 0;
    uint64_t rate = UINT64_MAX;
    uint32_t broken = 0, slowest_ps = 0;
    for (uint32_t h = 0; h < NSIM_HOPS_MAX; h++) {
        shares_ps += route->share_ps[h];
        if (h >= route->hop_count) {
            /* Padding costs nothing. */
            broken += route->hops[h].resource != 0 || route->hops[h].service_ps != 0 || route->share_ps[h] != 0;
            continue;
        }
        broken += route->hops[h].resource == 0 || route->hops[h].resource >= machine->resource_count;
        broken += route->hops[h].service_ps == 0;
        slowest_ps = MAX(slowest_ps, route->hops[h].service_ps);
        rate = MIN(rate, nsim_mul_div(NSIM_LINE_BYTES, NSIM_S, route->hops[h].service_ps));
        for (uint32_t g = 0; g < h; g++)
            broken += route->hops[g].resource == route->hops[h].resource;
    }
    broken += shares_ps > route->fixed_ps;
    broken += slowest_ps != route->service_max_ps;
    /* The exact rate and the one of whole picoseconds agree within the rounding of a service time. */
    const uint64_t difference = rate > route->bytes_per_s ? rate - route->bytes_per_s : route->bytes_per_s - rate;
    broken += difference > route->bytes_per_s / (2 * slowest_ps) + 1;
    return broken;
}

static void
test_random(void)
{
    NsimRandom random;
    nsim_random_init(&random, 3, "routes");
    uint32_t wrong = 0, routes = 0;
    for (uint32_t round = 0; round < 200; round++) {
        RandomLink links[RANDOM_LINKS];
        g_autofree char *yaml = random_machine(&random, links);
        g_autoptr(NsimMachine) machine = test_machine(yaml);
        for (uint32_t a = 0; a < RANDOM_POINTS; a++) {
            for (uint32_t n = 0; n < RANDOM_POINTS; n++) {
                uint32_t best_ns = UINT32_MAX, best_count = UINT32_MAX;
                try_all(links, a, n, 1u << a, 0, 0, &best_ns, &best_count);
                for (uint32_t dir = 0; dir < NSIM_DIRS; dir++, routes++) {
                    const NsimRoute *route =
                        nsim_machine_route(machine, (NsimAccessorId)a, (NsimNodeId)n, (NsimDir)dir);
                    wrong += route->fixed_ps != (50 + best_ns) * NSIM_NS;
                    wrong += broken_laws(machine, route);
                    /* Writes cross each link once and the node. */
                    wrong += dir == NSIM_DIR_WRITE && route->hop_count != best_count + 1;
                }
            }
        }
    }
    CU_ASSERT_EQUAL(routes, 200 * RANDOM_POINTS * RANDOM_POINTS * NSIM_DIRS);
    CU_ASSERT_EQUAL(wrong, 0);
}

bool
test_machine_route_register(void)
{
    CU_pSuite suite = CU_add_suite("machine-route", NULL, NULL);
    return suite && CU_add_test(suite, "directions", test_directions) && CU_add_test(suite, "duplex", test_duplex) &&
           CU_add_test(suite, "shares of a table", test_table_shares) && CU_add_test(suite, "choice", test_choice) &&
           CU_add_test(suite, "points that do not forward", test_no_forwarding) &&
           CU_add_test(suite, "DGX-1", test_dgx1) && CU_add_test(suite, "Zen 3 ports", test_zen3_ports) &&
           CU_add_test(suite, "Zen 3 ways", test_zen3_ways) && CU_add_test(suite, "curve nodes", test_curve_hop) &&
           CU_add_test(suite, "Little's law", test_little) && CU_add_test(suite, "random machines", test_random);
}
