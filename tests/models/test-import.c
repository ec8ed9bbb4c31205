/* SPDX-License-Identifier: MIT */
/*
 * Goal: what is imported loads again as the machine the source shows, and what it does not show is marked. Method:
 * listings and XML whose machine is known, every truncation of them, and the limits; whole outputs and messages are
 * compared by the corpus suite.
 */
#include "test-models.h"

#include <models/import.h>
#include <string.h>

#include <CUnit/CUnit.h>

static NsimMachine *
import(const char *text, NsimImportFormat format)
{
    g_autofree char *yaml = nsim_import_machine(text, strlen(text), "in", format, NULL);
    g_autoptr(NsimDocument) document = yaml ? nsim_document_parse(yaml, strlen(yaml), "out", NULL) : NULL;
    return document ? nsim_machine_from_value(nsim_value_get(nsim_document_root(document), "machine"), ".", NULL)
                    : NULL;
}

static char *
refusal(const char *text, NsimImportFormat format)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *yaml = nsim_import_machine(text, strlen(text), "in", format, &error);
    return g_strdup(yaml ? "" : error->message);
}

static char *
corpus_file(const char *below)
{
    g_autofree char *path = test_path(below);
    char *text = NULL;
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static const char two_nodes[] = "available: 2 nodes (0-1)\n"
                                "node 0 cpus: 0 1 2 3\n"
                                "node 0 size: 64350 MB\n"
                                "node 0 free: 63414 MB\n"
                                "node 1 cpus:\n"
                                "node 1 size: 1000 MB\n"
                                "node 1 free: 10 MB\n"
                                "node distances:\n"
                                "node   0   1 \n"
                                "  0:  10  21 \n"
                                "  1:  21  10 \n";

static void
test_numactl(void)
{
    g_autoptr(NsimMachine) machine = import(two_nodes, NSIM_IMPORT_AUTO);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
    CU_ASSERT_EQUAL(machine->node_count, 2);
    CU_ASSERT_EQUAL(machine->accessor_count, 1);
    CU_ASSERT_EQUAL(machine->nodes[0].capacity_bytes, (uint64_t)64350 << 20);
    CU_ASSERT_EQUAL(machine->nodes[0].kind, NSIM_NODE_DRAM);
    CU_ASSERT_EQUAL(machine->nodes[1].kind, NSIM_NODE_CXL);
    CU_ASSERT_EQUAL(machine->accessors[0].core_count, 4);
    CU_ASSERT_EQUAL(nsim_machine_route(machine, 0, 0, NSIM_DIR_READ)->fixed_ps, 90000);
    CU_ASSERT_EQUAL(nsim_machine_route(machine, 0, 1, NSIM_DIR_READ)->fixed_ps, 135000);
    CU_ASSERT_TRUE(machine->assumption_count >= 5);
}

/* Cut anywhere, a listing is refused or still a machine; it never shows one that its whole does not. */
static void
test_truncated(void)
{
    g_autofree char *xml = corpus_file("tests/models/corpus/hwloc/valid/two-nodes.xml");
    uint32_t accepted = 0;
    for (size_t length = 0; length < sizeof two_nodes; length++) {
        g_autofree char *yaml = nsim_import_machine(two_nodes, length, "in", NSIM_IMPORT_NUMACTL, NULL);
        accepted += yaml != NULL;
    }
    /* Whole after the free size of node 1 (its line may be cut in its figures) and at the end. */
    CU_ASSERT_TRUE(accepted > 0 && accepted < 30);
    accepted = 0;
    for (size_t length = 0; length < strlen(xml); length += 7) {
        g_autofree char *yaml = nsim_import_machine(xml, length, "in", NSIM_IMPORT_HWLOC, NULL);
        accepted += yaml != NULL;
    }
    CU_ASSERT_EQUAL(accepted, 0);
}

static void
test_hwloc(void)
{
    g_autofree char *xml = corpus_file("tests/models/corpus/hwloc/valid/attributes.xml");
    g_autoptr(NsimMachine) machine = import(xml, NSIM_IMPORT_AUTO);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
    CU_ASSERT_EQUAL(machine->node_count, 2);
    CU_ASSERT_EQUAL(machine->accessor_count, 2);
    /* Latencies 90 ns local and 150 ns remote; 100000 MiB/s of bandwidth. */
    CU_ASSERT_EQUAL(nsim_machine_route(machine, 0, 0, NSIM_DIR_READ)->fixed_ps, 90000);
    CU_ASSERT_EQUAL(nsim_machine_route(machine, 0, 1, NSIM_DIR_READ)->fixed_ps, 150000);
    CU_ASSERT_EQUAL(machine->nodes[0].read_bytes_per_s / 1000000, ((uint64_t)100000 << 20) / 1000000);
}

/* XML that is well-formed but no sound topology makes libhwloc 2.9 crash: here it is one more refusal. */
static void
test_unsound(void)
{
    g_autofree char *xml = corpus_file("tests/models/corpus/hwloc/valid/two-nodes.xml");
    char *attribute = strstr(xml, "complete_nodeset");
    CU_ASSERT_PTR_NOT_NULL_FATAL(attribute);
    attribute[0] = 'x';
    g_autofree char *message = refusal(xml, NSIM_IMPORT_AUTO);
    CU_ASSERT_TRUE(g_str_has_prefix(message, "in: "));
}

static void
test_limits(void)
{
    g_autoptr(GString) many = g_string_new(NULL);
    for (uint32_t i = 0; i <= NSIM_NODES_MAX; i++)
        g_string_append_printf(many, "node %u cpus: 1\nnode %u size: 1 MB\n", i, i);
    g_autofree char *nodes = refusal(many->str, NSIM_IMPORT_NUMACTL);
    CU_ASSERT_STRING_EQUAL(nodes, "in:501:1: more than 250 nodes (NSIM_NODES_MAX), found \"node 250 cpus: 1\"");
    g_autofree char *large = g_strnfill((4u << 20) + 1, ' ');
    g_autofree char *size = refusal(large, NSIM_IMPORT_AUTO);
    CU_ASSERT_STRING_EQUAL(size, "in: larger than 4 MiB (NSIM_IMPORT_BYTES_MAX)");
    g_autoptr(GString) deep = g_string_new("<topology>");
    for (uint32_t i = 0; i < 100; i++)
        g_string_append(deep, "<object>");
    g_autofree char *depth = refusal(deep->str, NSIM_IMPORT_AUTO);
    CU_ASSERT_PTR_NOT_NULL(strstr(depth, "elements nested deeper than 64"));
}

bool
test_import_register(void)
{
    CU_pSuite suite = CU_add_suite("import", NULL, NULL);
    return suite && CU_add_test(suite, "numactl", test_numactl) && CU_add_test(suite, "hwloc", test_hwloc) &&
           CU_add_test(suite, "truncated", test_truncated) && CU_add_test(suite, "unsound topology", test_unsound) &&
           CU_add_test(suite, "limits", test_limits);
}
