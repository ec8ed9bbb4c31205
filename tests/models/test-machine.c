/* SPDX-License-Identifier: MIT */
/*
 * Goal: a description becomes the machine it says, defaults are visible, and files, references and look-ups work.
 * Method: small descriptions compared field by field; every shipped machine loaded.
 */
#include "test-models.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

static const char full_machine[] = "name: full\n"
                                   "source: invented\n"
                                   "page: 64KiB\n"
                                   "curve_window: 5us\n"
                                   "assumed: [\"one sentence\"]\n"
                                   "points: [hub, {id: leaf, forwards: no}]\n"
                                   "nodes:\n"
                                   "  - {id: D, nid: 7, kind: dram, capacity: 1GiB, latency: 80ns, read: 64GB/s, "
                                   "write: 32GB/s, at: hub}\n"
                                   "  - {id: X, kind: cxl, capacity: 2GiB, latency: {read: 200ns, write: 150ns}, "
                                   "read: 20GB/s, write: 10GB/s, total: 25GB/s, duplex: full}\n"
                                   "accessors:\n"
                                   "  - {id: C, kind: cpu, cores: 4, clock: 3GHz, ipc: 1.5, "
                                   "window: {random: 10, stream: 20}, cache: {size: 1MiB, ways: 8, latency: 9ns}, "
                                   "tlb: {entries: 64, ways: 4, walk: 30ns}, fault: {minor: 1us, hint: 2us}, at: hub}\n"
                                   "links:\n"
                                   "  - {id: L, kind: cxl, between: [hub, X], forward: 16GB/s, reverse: 8GB/s, "
                                   "latency: 50ns, request: 4B, response: 8B}\n";

static void
test_fields(void)
{
    g_autoptr(NsimMachine) machine = test_machine(full_machine);
    CU_ASSERT_STRING_EQUAL(machine->name, "full");
    CU_ASSERT_STRING_EQUAL(machine->source, "invented");
    CU_ASSERT_EQUAL(machine->page_shift, 16);
    CU_ASSERT_EQUAL(machine->curve_window_ps, 5 * NSIM_US);
    CU_ASSERT_EQUAL(machine->assumption_count, 2);
    CU_ASSERT_STRING_EQUAL(machine->assumptions[0], "one sentence");
    const NsimMemoryNode *d = &machine->nodes[0], *x = &machine->nodes[1];
    CU_ASSERT_EQUAL(d->nid, 7);
    CU_ASSERT_EQUAL(x->nid, 1);
    CU_ASSERT_EQUAL(d->capacity_bytes, (uint64_t)1 << 30);
    CU_ASSERT_EQUAL(d->total_bytes_per_s, 64000000000);
    CU_ASSERT_EQUAL(d->resource[NSIM_DIR_READ], d->resource[NSIM_DIR_WRITE]);
    CU_ASSERT_EQUAL(d->resource_shared, 0);
    CU_ASSERT_EQUAL(x->kind, NSIM_NODE_CXL);
    CU_ASSERT_TRUE(x->full_duplex);
    CU_ASSERT_EQUAL(x->latency_write_ps, 150000);
    CU_ASSERT_EQUAL(x->total_bytes_per_s, 25000000000);
    CU_ASSERT_STRING_EQUAL(machine->resources[x->resource[NSIM_DIR_READ]].name, "X.read");
    CU_ASSERT_STRING_EQUAL(machine->resources[x->resource[NSIM_DIR_WRITE]].name, "X.write");
    CU_ASSERT_STRING_EQUAL(machine->resources[x->resource_shared].name, "X.total");
    const NsimAccessor *c = &machine->accessors[0];
    CU_ASSERT_EQUAL(c->core_count, 4);
    CU_ASSERT_EQUAL(c->clock_hz, 3000000000);
    CU_ASSERT_EQUAL(c->ipc_ppm, 1500000);
    CU_ASSERT_EQUAL(c->window_random, 10);
    CU_ASSERT_EQUAL(c->window_stream, 20);
    CU_ASSERT_EQUAL(c->cache_bytes, 1 << 20);
    CU_ASSERT_EQUAL(c->cache_ways, 8);
    CU_ASSERT_EQUAL(c->cache_latency_ps, 9000);
    CU_ASSERT_EQUAL(c->tlb_entries, 64);
    CU_ASSERT_EQUAL(c->tlb_ways, 4);
    CU_ASSERT_EQUAL(c->tlb_walk_ps, 30000);
    CU_ASSERT_EQUAL(c->fault_minor_ps, NSIM_US);
    CU_ASSERT_EQUAL(c->fault_hint_ps, 2 * NSIM_US);
    const NsimLink *l = &machine->links[0];
    CU_ASSERT_STRING_EQUAL(l->kind, "cxl");
    CU_ASSERT_STRING_EQUAL(l->ends[1], "X");
    CU_ASSERT_EQUAL(l->reverse_bytes_per_s, 8000000000);
    CU_ASSERT_EQUAL(l->response_bytes, 8);
    CU_ASSERT_TRUE(l->full_duplex);
    CU_ASSERT_STRING_EQUAL(machine->resources[l->resource[0]].name, "L>");
    CU_ASSERT_STRING_EQUAL(machine->resources[l->resource[1]].name, "L<");
    CU_ASSERT_STRING_EQUAL(machine->latency_source, "links");
    CU_ASSERT_EQUAL(machine->resource_count, 1 + 1 + 3 + 2);
    CU_ASSERT_EQUAL(machine->resources[0].kind, NSIM_RESOURCE_NULL);
}

/* What is left out is filled in and told, one sentence for all accessors that share it. */
static void
test_defaults(void)
{
    g_autoptr(NsimMachine) machine =
        test_machine("nodes: [{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 64GB/s}]\n"
                     "accessors: [{id: A, at: D}, {id: B, at: D}, {id: G, kind: gpu, cores: 2, at: D}]\n");
    static const char *const expected[] = {
        "D: writes are as fast as reads",
        "A, B: 1 core",
        "A, B: clock 2.5GHz",
        "A, B: 2.0 instructions per cycle",
        "A, B: window of a core 12 lines for random accesses, 32 for streams",
        "A, B: first-touch fault 700ns",
        "A, B: hint fault 1.5us",
        "G: clock 1.5GHz",
        "G: 1.0 instructions per cycle",
        "G: window of a core 128 lines for random accesses, 256 for streams",
        "G: first-touch fault 45us",
        "G: hint fault 45us",
        "page migration costs what it does on a generic x86 server",
    };
    CU_ASSERT_STRING_EQUAL(machine->name, "unnamed");
    CU_ASSERT_EQUAL(machine->page_shift, 12);
    CU_ASSERT_EQUAL(machine->curve_window_ps, NSIM_US);
    CU_ASSERT_EQUAL_FATAL(machine->assumption_count, G_N_ELEMENTS(expected));
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++)
        CU_ASSERT_STRING_EQUAL(machine->assumptions[i], expected[i]);
    CU_ASSERT_EQUAL(machine->accessors[0].cache_bytes, 0);
    CU_ASSERT_EQUAL(machine->accessors[0].tlb_entries, 0);
    CU_ASSERT_EQUAL(machine->accessors[2].kind, NSIM_ACCESSOR_GPU);
}

static void
test_look_up(void)
{
    g_autoptr(NsimMachine) machine = test_machine(full_machine);
    CU_ASSERT_EQUAL(nsim_machine_find_node(machine, "X"), 1);
    CU_ASSERT_EQUAL(nsim_machine_find_node(machine, "7"), 0);
    CU_ASSERT_EQUAL(nsim_machine_find_node(machine, "0"), NSIM_NODE_NONE);
    CU_ASSERT_EQUAL(nsim_machine_find_node(machine, "C"), NSIM_NODE_NONE);
    CU_ASSERT_EQUAL(nsim_machine_find_node(machine, ""), NSIM_NODE_NONE);
    CU_ASSERT_EQUAL(nsim_machine_find_accessor(machine, "C"), 0);
    CU_ASSERT_EQUAL(nsim_machine_find_accessor(machine, "X"), NSIM_ACCESSOR_NONE);
    NsimMachine *other = nsim_machine_ref(machine);
    nsim_machine_unref(other);
    CU_ASSERT_STRING_EQUAL(machine->name, "full");
    nsim_machine_unref(NULL);
}

static void
test_shipped(void)
{
    static const struct {
        const char *file;
        uint32_t nodes, accessors, links, engines;
    } shipped[] = {
        {"seed-2x4", 4, 2, 3, 0},    {"two-socket-2cxl", 4, 2, 4, 2},       {"skylake-8160-2s", 2, 2, 1, 2},
        {"zen2-7742", 1, 1, 0, 0},   {"cascade-lake-5218-2s", 2, 2, 1, 2},  {"zen3", 2, 16, 17, 0},
        {"zen3-ptdma", 2, 8, 25, 1}, {"zen3-ptdma-v1", 2, 8, 25, 1},        {"zen3-ptdma-v2", 2, 8, 25, 1},
        {"gh200", 2, 2, 1, 1},       {"sapphire-rapids-8460y", 2, 2, 1, 2}, {"dgx1-v100", 10, 10, 29, 8},
        {"p3-8xlarge", 5, 5, 10, 4},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(shipped); i++) {
        g_autofree char *below = g_strdup_printf("configs/machines/%s.yaml", shipped[i].file);
        g_autofree char *path = test_path(below);
        g_autoptr(GError) error = NULL;
        g_autoptr(NsimMachine) machine = nsim_machine_load(path, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
        CU_ASSERT_STRING_EQUAL(machine->name, shipped[i].file);
        CU_ASSERT_EQUAL(machine->node_count, shipped[i].nodes);
        CU_ASSERT_EQUAL(machine->accessor_count, shipped[i].accessors);
        CU_ASSERT_EQUAL(machine->link_count, shipped[i].links);
        CU_ASSERT_EQUAL(machine->engine_count, shipped[i].engines);
        CU_ASSERT_TRUE(*machine->source != '\0');
        CU_ASSERT_TRUE(machine->hop_max >= 1 && machine->hop_max <= NSIM_HOPS_MAX);
    }
}

/* `machine:` may name a file, relative to the one it stands in, which must hold the machine itself. */
static void
test_by_name(void)
{
    g_autofree char *directory = test_path("configs/machines");
    g_autoptr(NsimDocument) document = nsim_document_parse("seed-2x4.yaml", strlen("seed-2x4.yaml"), "test", NULL);
    g_autoptr(NsimMachine) machine = nsim_machine_from_value(nsim_document_root(document), directory, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
    CU_ASSERT_STRING_EQUAL(machine->name, "seed-2x4");

    g_autofree char *missing = test_machine_error("nowhere.yaml");
    CU_ASSERT_STRING_EQUAL(missing, "1:1: machine file nowhere.yaml: cannot be opened: No such file or directory");
    g_autofree char *list = test_machine_error("[1, 2]");
    CU_ASSERT_STRING_EQUAL(list, "1:1: \"machine\" must be a file name or a map, found a list");
    g_autofree char *empty = test_machine_error("''");
    CU_ASSERT_STRING_EQUAL(empty, "1:1: \"machine\" has no value; give a file name or a map");
}

/* A file that names itself must not be followed for ever. */
static void
test_no_chains(void)
{
    g_autofree char *directory = g_dir_make_tmp("nsim-test-XXXXXX", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(directory);
    g_autofree char *path = g_build_filename(directory, "loop.yaml", NULL);
    g_autoptr(GError) chain = NULL, bare = NULL;
    CU_ASSERT_TRUE(g_file_set_contents(path, "machine: loop.yaml\n", -1, NULL));
    CU_ASSERT_PTR_NULL(nsim_machine_load(path, &chain));
    CU_ASSERT_PTR_NOT_NULL(strstr(chain->message, "loop.yaml:1:10: \"machine\" must be a map in a file that is itself "
                                                  "named by a \"machine\" key, found \"loop.yaml\""));
    CU_ASSERT_TRUE(g_file_set_contents(path, "nodes: []\n", -1, NULL));
    CU_ASSERT_PTR_NULL(nsim_machine_load(path, &bare));
    CU_ASSERT_PTR_NOT_NULL(strstr(bare->message, "loop.yaml:1:1: key \"machine\" is missing"));
    g_remove(path);
    g_rmdir(directory);
}

/* A machine like another one has that one's keys where it gives none, and both files' errors stand where they are. */
static void
test_like(void)
{
    static const char base[] = "machine:\n"
                               "  nodes: [{id: A, kind: dram, capacity: 1MiB, latency: 1ns, read: 1GB/s, write: 1GB/s, at: C}]\n"
                               "  accessors: [{id: C, cores: 4}]\n"
                               "  name: base\n";
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"machine: {like: base.yaml, name: other, accessors: [{id: C, cores: 7}]}\n", NULL},
        {"machine: {like: base.yaml}\n", NULL},
        {"machine: {like: base.yaml, points: [A]}\n", "other.yaml:1:37: "},
        {"machine: {like: base.yaml, nonsense: 1}\n", "unknown key \"nonsense\""},
        {"machine: {like: other.yaml}\n", "cannot be like a third one"},
        {"machine: {like: missing.yaml}\n", "other.yaml:1:17: machine file "},
        {"machine: {like: ''}\n", "\"like\" has no value"},
        {"machine: {like: [base.yaml]}\n", "\"like\" has no value"},
    };
    g_autofree char *folder = g_dir_make_tmp("numasim-like-XXXXXX", NULL);
    g_autofree char *first = g_build_filename(folder, "base.yaml", NULL);
    g_autofree char *second = g_build_filename(folder, "other.yaml", NULL);
    CU_ASSERT_TRUE_FATAL(g_file_set_contents(first, base, -1, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        CU_ASSERT_TRUE_FATAL(g_file_set_contents(second, cases[i].text, -1, NULL));
        g_autoptr(NsimMachine) machine = nsim_machine_load(second, &error);
        if (!cases[i].error) {
            CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
            CU_ASSERT_EQUAL(machine->accessors[0].core_count, i == 0 ? 7 : 4);
            CU_ASSERT_STRING_EQUAL(machine->name, i == 0 ? "other" : "base");
            CU_ASSERT_EQUAL(machine->nodes[0].capacity_bytes, 1 << 20);
        } else if (machine || !strstr(error->message, cases[i].error)) {
            fprintf(stderr, "case %zu: %s\n", i, machine ? "accepted" : error->message);
            CU_FAIL("error of a machine like another one");
        }
    }
    g_unlink(first);
    g_unlink(second);
    g_rmdir(folder);
}

bool
test_machine_register(void)
{
    CU_pSuite suite = CU_add_suite("machine", NULL, NULL);
    return suite && CU_add_test(suite, "every field", test_fields) &&
           CU_add_test(suite, "defaults are told", test_defaults) && CU_add_test(suite, "look-up", test_look_up) &&
           CU_add_test(suite, "shipped machines", test_shipped) && CU_add_test(suite, "by file name", test_by_name) &&
           CU_add_test(suite, "no chains of files", test_no_chains) &&
           CU_add_test(suite, "like another one", test_like);
}
