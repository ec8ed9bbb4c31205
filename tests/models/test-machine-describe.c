/* SPDX-License-Identifier: MIT */
/*
 * Goal: the text of `topo show` is complete and fits a terminal. Method: every shipped machine described with routes,
 * its lines measured and each of its names looked for; the whole text of machines in tests/models/corpus/yaml/valid is
 * compared by the corpus suite.
 */
#include "test-models.h"

#include <string.h>

#include <CUnit/CUnit.h>

static const char *const shipped[] = {
    "seed-2x4",  "two-socket-2cxl", "skylake-8160-2s", "cascade-lake-5218-2s",  "zen2-7742", "zen3",
    "dgx1-v100", "p3-8xlarge",      "gh200",           "sapphire-rapids-8460y", "zen3-ptdma",
    "zen3-ptdma-v1", "zen3-ptdma-v2"};

static void
check_text(const NsimMachine *machine, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    uint32_t wide = 0, trailing = 0;
    for (uint32_t i = 0; lines[i]; i++) {
        wide += strlen(lines[i]) > 80;
        trailing += g_str_has_suffix(lines[i], " ") ? 1 : 0;
    }
    CU_ASSERT_EQUAL(wide, 0);
    CU_ASSERT_EQUAL(trailing, 0);
    for (uint32_t n = 0; n < machine->node_count; n++)
        CU_ASSERT_PTR_NOT_NULL(strstr(text, machine->nodes[n].id));
    for (uint32_t l = 0; l < machine->link_count; l++)
        CU_ASSERT_PTR_NOT_NULL(strstr(text, machine->links[l].id));
    for (uint32_t a = 0; a < machine->accessor_count; a++)
        CU_ASSERT_PTR_NOT_NULL(strstr(text, machine->accessors[a].id));
    for (uint32_t e = 0; e < machine->engine_count; e++)
        CU_ASSERT_PTR_NOT_NULL(strstr(text, machine->engines[e].id));
}

static void
test_shipped(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(shipped); i++) {
        g_autofree char *below = g_strdup_printf("configs/machines/%s.yaml", shipped[i]);
        g_autofree char *path = test_path(below);
        g_autoptr(NsimMachine) machine = nsim_machine_load(path, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
        g_autofree char *brief = nsim_machine_describe(machine, false);
        g_autofree char *full = nsim_machine_describe(machine, true);
        check_text(machine, full);
        CU_ASSERT_TRUE(g_str_has_prefix(full, brief));
        CU_ASSERT_TRUE(strlen(full) > strlen(brief));
    }
}

/* Unreachable nodes show as such. */
static void
test_unreachable(void)
{
    g_autoptr(NsimMachine) machine =
        test_machine("nodes: [{id: A, kind: dram, capacity: 1GiB, read: 10GB/s, write: 10GB/s},\n"
                     " {id: B, kind: dram, capacity: 1GiB, read: 10GB/s, write: 10GB/s}]\n"
                     "accessors: [{id: C}, {id: D}]\n"
                     "relative_latency: {anchor: 80ns, C: [10, none], D: [20, 10]}\n");
    g_autofree char *text = nsim_machine_describe(machine, true);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "  C    80 10.0    -    -\n  D   160 10.0   80 10.0\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "C reads B: unreachable\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "C writes B: unreachable\n"));
}

bool
test_machine_describe_register(void)
{
    CU_pSuite suite = CU_add_suite("machine-describe", NULL, NULL);
    return suite && CU_add_test(suite, "shipped machines", test_shipped) &&
           CU_add_test(suite, "unreachable", test_unreachable);
}
