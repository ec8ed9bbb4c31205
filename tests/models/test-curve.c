/* SPDX-License-Identifier: MIT */
/*
 * Goal: a measured curve gives back its points exactly, is linear between them and never leaves the measured range.
 * Method: every point of every published curve in tests/models/curves.yaml and of the shipped machines, read a second
 * time straight from the YAML; midpoints computed by hand; monotony over a fine sweep.
 */
#include "test-models.h"

#include <models/quantity.h>

#include <CUnit/CUnit.h>

static uint64_t
quantity(const char *text, NsimQuantityKind kind)
{
    uint64_t value = 0;
    char *problem = NULL;
    CU_ASSERT_TRUE_FATAL(nsim_quantity_parse(text, kind, &value, &problem));
    return value;
}

static const NsimCurve *
curve_named(const NsimMachine *machine, const char *node)
{
    const NsimNodeId id = nsim_machine_find_node(machine, node);
    CU_ASSERT_NOT_EQUAL_FATAL(id, NSIM_NODE_NONE);
    return &machine->nodes[id].curve;
}

/* All points of one mix, from the YAML. */
static uint32_t
check_mix(const NsimCurve *curve, const NsimValue *mix)
{
    const uint32_t share_ppm = (uint32_t)quantity(nsim_value_text(nsim_value_get(mix, "reads")), NSIM_QUANTITY_RATIO);
    const NsimValue *points = nsim_value_get(mix, "points");
    const uint32_t count = nsim_value_count(points);
    uint64_t load = 0;
    NsimTime latency_ps = 0;
    for (uint32_t i = 0; i < count; i++) {
        load = quantity(nsim_value_key(points, i), NSIM_QUANTITY_RATE);
        latency_ps = quantity(nsim_value_text(nsim_value_item(points, i)), NSIM_QUANTITY_TIME);
        CU_ASSERT_EQUAL(nsim_curve_latency(curve, load, share_ppm), latency_ps);
        if (i == 0)
            CU_ASSERT_EQUAL(nsim_curve_latency(curve, 0, share_ppm), latency_ps);
    }
    CU_ASSERT_EQUAL(nsim_curve_rate_max(curve, share_ppm), load);
    CU_ASSERT_EQUAL(nsim_curve_latency(curve, load + 1, share_ppm), latency_ps);
    CU_ASSERT_EQUAL(nsim_curve_latency(curve, UINT64_MAX, share_ppm), latency_ps);
    return count;
}

/* Curves of a file, each under the node that names it. */
static uint32_t
check_file(const char *path)
{
    g_autofree char *full = test_path(path);
    g_autoptr(NsimDocument) document = nsim_document_load(full, NULL);
    g_autoptr(NsimMachine) machine = nsim_machine_load(full, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
    CU_ASSERT_PTR_NOT_NULL_FATAL(document);
    const NsimValue *root = nsim_value_get(nsim_document_root(document), "machine");
    const NsimValue *nodes = nsim_value_get(root, "nodes");
    uint32_t points = 0;
    for (uint32_t n = 0; n < nsim_value_count(nodes); n++) {
        const NsimValue *name = nsim_value_get(nsim_value_item(nodes, n), "curve");
        if (!name)
            continue;
        const NsimValue *curve = nsim_value_get(nsim_value_get(root, "curves"), nsim_value_text(name));
        const NsimValue *mixes = nsim_value_get(curve, "mixes");
        const char *id = nsim_value_text(nsim_value_get(nsim_value_item(nodes, n), "id"));
        for (uint32_t m = 0; m < nsim_value_count(mixes); m++)
            points += check_mix(curve_named(machine, id), nsim_value_item(mixes, m));
    }
    return points;
}

static void
test_published_points(void)
{
    /* The number of points guards against tables lost on the way. */
    CU_ASSERT_EQUAL(check_file("tests/models/curves.yaml"), 366);
    CU_ASSERT_EQUAL(check_file("configs/machines/skylake-8160-2s.yaml"), 2 * 17);
    CU_ASSERT_EQUAL(check_file("configs/machines/cascade-lake-5218-2s.yaml"), 2 * 38);
    CU_ASSERT_EQUAL(check_file("configs/machines/zen2-7742.yaml"), 24);
    CU_ASSERT_EQUAL(check_file("configs/machines/sapphire-rapids-8460y.yaml"), 2 * 38);
    CU_ASSERT_EQUAL(check_file("configs/machines/gh200.yaml"), 41);
}

static NsimMachine *
two_mixes(void)
{
    return test_machine("nodes:\n"
                        "  - id: N\n"
                        "    kind: dram\n"
                        "    capacity: 1GiB\n"
                        "    at: C\n"
                        "    curve:\n"
                        "      mixes:\n"
                        "        - {reads: 100%, points: {10GB/s: 100ns, 20GB/s: 200ns, 40GB/s: 201ns}}\n"
                        "        - {reads: 50%, points: {0GB/s: 120ns, 30GB/s: 300ns}}\n"
                        "accessors: [{id: C}]\n");
}

static void
test_interpolation(void)
{
    g_autoptr(NsimMachine) machine = two_mixes();
    const NsimCurve *curve = curve_named(machine, "N");
    const uint64_t gb = 1000000000;
    /* Mixes stand in ascending read share whatever their order in the file. */
    CU_ASSERT_EQUAL(curve->mixes[0].read_share_ppm, 500000);
    CU_ASSERT_EQUAL(curve->mixes[1].read_share_ppm, 1000000);
    CU_ASSERT_EQUAL(nsim_curve_latency(curve, 15 * gb, 1000000), 150000);
    CU_ASSERT_EQUAL(nsim_curve_latency(curve, 10 * gb + 1, 1000000), 100000);
    CU_ASSERT_EQUAL(nsim_curve_latency(curve, 30 * gb, 1000000), 200500);
    CU_ASSERT_EQUAL(nsim_curve_latency(curve, 15 * gb, 500000), 210000);
    /* Half-way between the mixes: (150 + 210) / 2; a tenth: 210 - (210 - 150) / 10. */
    CU_ASSERT_EQUAL(nsim_curve_latency(curve, 15 * gb, 750000), 180000);
    CU_ASSERT_EQUAL(nsim_curve_latency(curve, 15 * gb, 550000), 204000);
    /* Below the lowest measured share the lowest counts. */
    CU_ASSERT_EQUAL(nsim_curve_latency(curve, 15 * gb, 0), 210000);
    CU_ASSERT_EQUAL(nsim_curve_rate_max(curve, 0), 30 * gb);
    CU_ASSERT_EQUAL(nsim_curve_rate_max(curve, 750000), 35 * gb);
    CU_ASSERT_EQUAL(nsim_curve_rate_max(curve, 1000000), 40 * gb);
    CU_ASSERT_EQUAL(nsim_curve_rate_max(curve, 2000000), 40 * gb);
}

/* More load never means less latency, at any read share. */
static void
test_monotone(void)
{
    g_autofree char *path = test_path("tests/models/curves.yaml");
    g_autoptr(NsimMachine) machine = nsim_machine_load(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
    uint32_t falls = 0;
    for (uint32_t n = 0; n < machine->node_count; n++) {
        for (uint32_t share_ppm = 0; share_ppm <= 1000000; share_ppm += 62500) {
            NsimTime before_ps = 0;
            for (uint64_t load = 0; load < 1000000000000; load += 1234567890) {
                const NsimTime latency_ps = nsim_curve_latency(&machine->nodes[n].curve, load, share_ppm);
                falls += latency_ps < before_ps;
                before_ps = latency_ps;
            }
        }
    }
    CU_ASSERT_EQUAL(falls, 0);
}

bool
test_curve_register(void)
{
    CU_pSuite suite = CU_add_suite("curve", NULL, NULL);
    return suite && CU_add_test(suite, "every published point", test_published_points) &&
           CU_add_test(suite, "interpolation", test_interpolation) && CU_add_test(suite, "monotony", test_monotone);
}
