/* SPDX-License-Identifier: MIT */
/* Goal: tiers and demotion targets are the kernel's. Method: its formula worked out by hand, the published example. */
#include "test-mm.h"

#include "box.h"

#include <mm/tiers.h>
#include <stdlib.h>

#include <CUnit/CUnit.h>

/* The worked example of the kernel's formula: CXL 250 ns at 26 GB/s, HBM 129 ns at 700 GB/s, DRAM 110 ns at 250 GB/s.
 */
static void
test_example(void)
{
    static const char yaml[] =
        "accessors: [{id: C, kind: cpu}]\n"
        "nodes:\n"
        "  - {id: D, kind: dram, capacity: 8MiB, latency: 110ns, read: 250GB/s, write: 250GB/s, at: C}\n"
        "  - {id: X, kind: cxl, capacity: 8MiB, latency: 250ns, read: 26GB/s, write: 26GB/s, at: C}\n"
        "  - {id: H, kind: hbm, capacity: 8MiB, latency: 129ns, read: 700GB/s, write: 700GB/s, at: C}\n"
        "  - {id: S, kind: disk, capacity: 8MiB, latency: 80us, read: 3GB/s, write: 2GB/s, at: C}\n";
    NsimMachine *machine = box_machine(yaml);
    NsimTiers *tiers = nsim_tiers_new(machine);
    CU_ASSERT_EQUAL(tiers->adistances[0], 576);
    CU_ASSERT_EQUAL(tiers->adistances[1], 12586);
    CU_ASSERT_EQUAL(tiers->adistances[2], 241);
    CU_ASSERT_EQUAL(tiers->tiers[0], 4);
    CU_ASSERT_EQUAL(tiers->tiers[1], 98);
    CU_ASSERT_EQUAL(tiers->tiers[2], 1);
    CU_ASSERT_EQUAL(tiers->tiers[3], NSIM_TIER_NONE);
    CU_ASSERT_EQUAL(tiers->targets[2][0], 0);
    CU_ASSERT_EQUAL(tiers->targets[2][1], NSIM_NODE_NONE);
    CU_ASSERT_EQUAL(tiers->targets[0][0], 1);
    CU_ASSERT_EQUAL(tiers->targets[1][0], NSIM_NODE_NONE);
    nsim_tiers_free(tiers);
    nsim_machine_unref(machine);
}

/* Two sockets: each DRAM to its own CXL memory. 576 x 400 / 200 = 1152; x 153600 / 53600 = 3301; / 128 = 25. */
static void
test_two_sockets(void)
{
    const char *srcdir = getenv("srcdir");
    g_autofree char *path =
        g_build_filename(srcdir == NULL ? "." : srcdir, "configs", "machines", "seed-2x4.yaml", NULL);
    g_autoptr(GError) error = NULL;
    NsimMachine *machine = nsim_machine_load(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
    NsimTiers *tiers = nsim_tiers_new(machine);
    for (uint32_t n = 0; n < 4; n += 2) {
        CU_ASSERT_EQUAL(tiers->tiers[n], 4);
        CU_ASSERT_EQUAL(tiers->adistances[n + 1], 3301);
        CU_ASSERT_EQUAL(tiers->tiers[n + 1], 25);
        CU_ASSERT_EQUAL(tiers->targets[n][0], n + 1);
        CU_ASSERT_EQUAL(tiers->targets[n][1], NSIM_NODE_NONE);
        CU_ASSERT_EQUAL(tiers->targets[n + 1][0], NSIM_NODE_NONE);
    }
    nsim_tiers_free(tiers);
    nsim_machine_unref(machine);
}

/* DRAM nodes that differ by more than a tenth tell nothing: everything else is 5 x 576, tier 22. Equally near targets.
 */
static void
test_disagreement(void)
{
    static const char yaml[] =
        "accessors: [{id: C, kind: cpu}]\n"
        "nodes:\n"
        "  - {id: D, kind: dram, capacity: 8MiB, latency: 100ns, read: 100GB/s, write: 100GB/s, at: C}\n"
        "  - {id: E, kind: dram, capacity: 8MiB, latency: 112ns, read: 100GB/s, write: 100GB/s, at: C}\n"
        "  - {id: X, kind: cxl, capacity: 8MiB, latency: 250ns, read: 26GB/s, write: 26GB/s, at: C}\n"
        "  - {id: Y, kind: cxl, capacity: 8MiB, latency: 250ns, read: 40GB/s, write: 40GB/s, at: C}\n";
    NsimMachine *machine = box_machine(yaml);
    NsimTiers *tiers = nsim_tiers_new(machine);
    CU_ASSERT_EQUAL(tiers->tiers[0], 4);
    CU_ASSERT_EQUAL(tiers->tiers[1], 4);
    CU_ASSERT_EQUAL(tiers->tiers[2], 22);
    CU_ASSERT_EQUAL(tiers->tiers[3], 22);
    CU_ASSERT_EQUAL(tiers->targets[0][0], 2);
    CU_ASSERT_EQUAL(tiers->targets[0][1], 3);
    CU_ASSERT_EQUAL(tiers->targets[0][2], NSIM_NODE_NONE);
    nsim_tiers_free(tiers);
    nsim_machine_unref(machine);
}

bool
test_tiers_register(void)
{
    CU_pSuite suite = CU_add_suite("tiers", NULL, NULL);
    return suite && CU_add_test(suite, "the published example", test_example) &&
           CU_add_test(suite, "two sockets", test_two_sockets) &&
           CU_add_test(suite, "DRAM that disagrees", test_disagreement);
}
