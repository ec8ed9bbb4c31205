/* SPDX-License-Identifier: MIT */
/*
 * Goal: copy engines, costs of migration and loads of links become what a description says, presets add up to what was
 * published, and what nobody verified is told. Method: small descriptions field by field, presets against the published
 * sums, the whole message of each refusal.
 */
#include "test-models.h"

#include <string.h>

#include <CUnit/CUnit.h>

#define HEAD                                                                                                           \
    "points: [hub]\n"                                                                                                  \
    "nodes: [{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 64GB/s, write: 32GB/s, at: hub}]\n"              \
    "accessors: [{id: C, at: hub}]\n"

static const char own_engine[] =
    HEAD "copy_engines: [{id: E, at: hub, channels: 4, group: 2, window: 48, rate: 10GB/s, descriptor_max: 1MiB,\n"
         "  list: 8, map: 1ns, submit: 2ns, descriptor: 3ns, translate: 4ns, completion: 5ns, timeout: 6ms}]\n";

static bool
is_told(const NsimMachine *machine, const char *text)
{
    for (uint32_t i = 0; i < machine->assumption_count; i++) {
        if (strstr(machine->assumptions[i], text))
            return true;
    }
    return false;
}

static void
test_fields(void)
{
    g_autoptr(NsimMachine) machine = test_machine(own_engine);
    CU_ASSERT_EQUAL_FATAL(machine->engine_count, 1);
    const NsimCopyEngine *engine = &machine->engines[0];
    CU_ASSERT_STRING_EQUAL(engine->id, "E");
    CU_ASSERT_STRING_EQUAL(engine->preset, "");
    CU_ASSERT_STRING_EQUAL(engine->at, "hub");
    CU_ASSERT_EQUAL(engine->channel_count, 4);
    CU_ASSERT_EQUAL(engine->group_channels, 2);
    CU_ASSERT_EQUAL(engine->window_lines, 48);
    CU_ASSERT_EQUAL(engine->channel_bytes_per_s, 10000000000);
    CU_ASSERT_EQUAL(engine->descriptor_bytes_max, 1 << 20);
    CU_ASSERT_EQUAL(engine->list_max, 8);
    CU_ASSERT_EQUAL(engine->map_ps, 1 * NSIM_NS);
    CU_ASSERT_EQUAL(engine->submit_ps, 2 * NSIM_NS);
    CU_ASSERT_EQUAL(engine->descriptor_ps, 3 * NSIM_NS);
    CU_ASSERT_EQUAL(engine->translate_ps, 4 * NSIM_NS);
    CU_ASSERT_EQUAL(engine->completion_ps, 5 * NSIM_NS);
    CU_ASSERT_EQUAL(engine->timeout_ps, 6 * NSIM_MS);
    CU_ASSERT_FALSE(is_told(machine, "E:"));
    CU_ASSERT_EQUAL(nsim_machine_find_engine(machine, "E"), 0);
    CU_ASSERT_EQUAL(nsim_machine_find_engine(machine, "C"), UINT32_MAX);
    CU_ASSERT_EQUAL(nsim_machine_find_accessor(machine, "E"), NSIM_ACCESSOR_NONE);
}

/* A preset's values, one of them overridden; what is not verified is told for all that share it. */
static void
test_preset(void)
{
    g_autoptr(NsimMachine) machine =
        test_machine(HEAD "copy_engines: [{id: E, preset: ptdma, at: hub, completion: 4us},\n"
                          "  {id: F, preset: ptdma, at: hub, completion: 4us}, {id: G, preset: ae4dma, at: C}]\n");
    CU_ASSERT_EQUAL_FATAL(machine->engine_count, 3);
    const NsimCopyEngine *engine = &machine->engines[0];
    CU_ASSERT_STRING_EQUAL(engine->preset, "ptdma");
    CU_ASSERT_EQUAL(engine->channel_count, 2);
    CU_ASSERT_EQUAL(engine->group_channels, 2);
    CU_ASSERT_EQUAL(engine->completion_ps, 4 * NSIM_US);
    /* 4 KiB mappings: 4096 B at 12.6 GB/s and a translation are 6 GB/s. */
    const double page_ns = 4096 / 12.6 + (double)engine->translate_ps / 1000;
    CU_ASSERT_DOUBLE_EQUAL(4096 / page_ns, 6.0, 0.01);
    /* The group's window at 300 ns a line. */
    CU_ASSERT_DOUBLE_EQUAL(engine->window_lines * 64 / 300.0, 14.3, 0.05);
    CU_ASSERT_TRUE(is_told(machine, "E, F: preset ptdma, not verified: descriptor_max 4MiB, list 1024, submit 500ns, "
                                    "translate 358ns"));
    CU_ASSERT_FALSE(is_told(machine, "submit 500ns, translate 358ns, completion 4us"));
    CU_ASSERT_EQUAL(machine->engines[2].channel_count, 16);
    CU_ASSERT_TRUE(is_told(machine, "G: preset ae4dma, not verified: group 2, window 67, rate 12.6GB/s"));
}

static void
test_all_presets(void)
{
    static const char *const names[] = {"ptdma", "ae4dma", "dsa", "ioat", "sdxi", "nvidia-ce"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *yaml = g_strdup_printf("%scopy_engines: [{id: E, preset: %s, at: C}]\n", HEAD, names[i]);
        g_autoptr(NsimMachine) machine = test_machine(yaml);
        const NsimCopyEngine *engine = &machine->engines[0];
        CU_ASSERT_STRING_EQUAL(engine->preset, names[i]);
        CU_ASSERT_TRUE(engine->channel_count % engine->group_channels == 0 && engine->window_lines > 0);
        CU_ASSERT_TRUE(engine->channel_bytes_per_s > 0 && engine->list_max > 0 && engine->timeout_ps > 0);
        CU_ASSERT_TRUE(engine->descriptor_bytes_max >= 1 << 20);
        CU_ASSERT_TRUE(is_told(machine, names[i]));
    }
}

/* Without a preset: what has an obvious default is told. */
static void
test_defaults(void)
{
    g_autoptr(NsimMachine) machine =
        test_machine(HEAD "copy_engines: [{id: E, at: hub, channels: 4, window: 48, rate: 10GB/s, list: 8,\n"
                          "  descriptor_max: 1MiB, map: 1ns, submit: 2ns, descriptor: 3ns, completion: 5ns}]\n");
    CU_ASSERT_EQUAL(machine->engines[0].group_channels, 1);
    CU_ASSERT_EQUAL(machine->engines[0].translate_ps, 0);
    CU_ASSERT_EQUAL(machine->engines[0].timeout_ps, 10 * NSIM_S);
    CU_ASSERT_TRUE(is_told(machine, "E: copy engine with group 1, translate 0ns, timeout 10s"));
}

/* ---- Routes ----------------------------------------------------------------------------------------------------- */

/* The same way as anybody's from that point; nodes out of reach are allowed. */
static void
test_routes(void)
{
    g_autoptr(NsimMachine) machine =
        test_machine("points: [a, b, {id: dead, forwards: no}]\n"
                     "nodes: [{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 64GB/s, write: 32GB/s, at: a},\n"
                     "  {id: F, kind: dram, capacity: 1GiB, latency: 80ns, read: 64GB/s, write: 64GB/s, at: b}]\n"
                     "accessors: [{id: C, at: dead}]\n"
                     "links: [{id: l, between: [dead, a], bandwidth: 16GB/s, latency: 10ns},\n"
                     "  {id: m, between: [dead, b], bandwidth: 16GB/s, latency: 10ns}]\n"
                     "copy_engines: [{id: E, preset: dsa, at: b}, {id: G, preset: dsa, at: C}]\n");
    const NsimRoute *near = nsim_machine_engine_route(machine, 0, 1, NSIM_DIR_READ);
    CU_ASSERT_TRUE(near->reachable && near->hop_count == 1 && near->fixed_ps == 80 * NSIM_NS);
    const NsimRoute *far = nsim_machine_engine_route(machine, 0, 0, NSIM_DIR_WRITE);
    CU_ASSERT_TRUE(!far->reachable && far->node == 0 && far->hop_count == 0);
    for (uint32_t dir = 0; dir < NSIM_DIRS; dir++) {
        const NsimRoute *own = nsim_machine_route(machine, 0, 0, (NsimDir)dir);
        CU_ASSERT_EQUAL(memcmp(nsim_machine_engine_route(machine, 1, 0, (NsimDir)dir), own, sizeof *own), 0);
    }
    CU_ASSERT_EQUAL(machine->hop_max, 2);
}

/* Longer ways of engines count. */
static void
test_hop_max(void)
{
    g_autoptr(NsimMachine) machine =
        test_machine("points: [hub, port]\n"
                     "nodes: [{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 64GB/s, at: hub}]\n"
                     "accessors: [{id: C, at: hub}]\n"
                     "links: [{id: l, between: [port, hub], bandwidth: 16GB/s, latency: 10ns}]\n"
                     "copy_engines: [{id: E, preset: ioat, at: port}]\n");
    CU_ASSERT_EQUAL(nsim_machine_route(machine, 0, 0, NSIM_DIR_READ)->hop_count, 1);
    CU_ASSERT_EQUAL(nsim_machine_engine_route(machine, 0, 0, NSIM_DIR_READ)->fixed_ps, 90 * NSIM_NS);
    CU_ASSERT_EQUAL(machine->hop_max, 2);
}

static const char two_rows[] = "nodes: [{id: D, kind: dram, capacity: 1GiB, read: 10GB/s, write: 10GB/s},\n"
                               " {id: F, kind: dram, capacity: 1GiB, read: 10GB/s, write: 10GB/s}]\n"
                               "accessors: [{id: A, at: D}, {id: B, at: F}]\n";

static void
test_tables(void)
{
    g_autofree char *relative = g_strconcat(two_rows,
                                            "relative_latency: {anchor: 80ns, A: [10, 20], B: [30, none]}\n"
                                            "copy_engines: [{id: E, preset: dsa, at: B}]\n",
                                            NULL);
    g_autoptr(NsimMachine) first = test_machine(relative);
    CU_ASSERT_EQUAL(nsim_machine_engine_route(first, 0, 0, NSIM_DIR_READ)->fixed_ps, 240 * NSIM_NS);
    CU_ASSERT_FALSE(nsim_machine_engine_route(first, 0, 1, NSIM_DIR_READ)->reachable);
    g_autofree char *slit = g_strconcat(two_rows,
                                        "slit: {local: 100ns, matrix: [[10, 21], [32, 10]]}\n"
                                        "copy_engines: [{id: E, preset: dsa, at: F}, {id: G, preset: dsa, at: A}]\n",
                                        NULL);
    g_autoptr(NsimMachine) second = test_machine(slit);
    CU_ASSERT_EQUAL(nsim_machine_engine_route(second, 0, 0, NSIM_DIR_READ)->fixed_ps, 200 * NSIM_NS);
    CU_ASSERT_EQUAL(nsim_machine_engine_route(second, 0, 1, NSIM_DIR_READ)->fixed_ps, 100 * NSIM_NS);
    CU_ASSERT_EQUAL(nsim_machine_engine_route(second, 1, 1, NSIM_DIR_READ)->fixed_ps, 150 * NSIM_NS);
    g_autofree char *at_node = g_strconcat(two_rows,
                                           "relative_latency: {anchor: 80ns, A: [10, 20], B: [30, 10]}\n"
                                           "copy_engines: [{id: E, preset: dsa, at: D}]\n",
                                           NULL);
    g_autofree char *message = test_machine_error(at_node);
    CU_ASSERT_STRING_EQUAL(message,
                           "5:41: with a table of latencies a copy engine is at an accessor, whose row it has; "
                           "\"D\" is none");
}

/* ---- Costs of migration ------------------------------------------------------------------------------------------ */

static void
test_costs(void)
{
    static const struct {
        const char *preset;
        NsimTime folio_ps, entry_ps, call_ps, start_ps;
    } published[] = {
        /* 110 ns less than the fits: the latency that a copy begins with is part of the model. */
        {"linux-6.16", 390 * NSIM_NS, 230 * NSIM_NS, 75 * NSIM_US, 3 * NSIM_US},
        {"linux-6.14", 1890 * NSIM_NS, 280 * NSIM_NS, 75 * NSIM_US, 3 * NSIM_US},
        {"linux-6.8-2ghz", 1130 * NSIM_NS, 300 * NSIM_NS, 88 * NSIM_US, 7 * NSIM_US},
        {"generic", 480 * NSIM_NS, 200 * NSIM_NS, 75 * NSIM_US, 3 * NSIM_US},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(published); i++) {
        g_autofree char *yaml = g_strdup_printf("%smigration: {costs: %s}\n", HEAD, published[i].preset);
        g_autoptr(NsimMachine) machine = test_machine(yaml);
        const NsimMigrationCosts *costs = &machine->migration;
        CU_ASSERT_STRING_EQUAL(costs->preset, published[i].preset);
        CU_ASSERT_EQUAL(costs->isolate_ps + costs->unmap_folio_ps + costs->move_ps + costs->release_ps,
                        published[i].folio_ps);
        CU_ASSERT_EQUAL(costs->unmap_entry_ps + costs->remap_entry_ps, published[i].entry_ps);
        CU_ASSERT_EQUAL(costs->call_ps, published[i].call_ps);
        CU_ASSERT_EQUAL(costs->start_ps, published[i].start_ps);
        CU_ASSERT_EQUAL(costs->flush_ceiling, 33);
        CU_ASSERT_FALSE(costs->broadcast);
        CU_ASSERT_TRUE(is_told(machine, "not verified: split 20us, flush page 150ns, flush stolen 750ns, dispatch 1us, "
                                        "wake 2us"));
    }
}

static void
test_cost_overrides(void)
{
    g_autoptr(NsimMachine) machine = test_machine(
        HEAD "migration:\n"
             "  {costs: linux-6.16, call: 1us, start: 2us, isolate: 3us, unmap: {folio: 4us, entry: 5us}, move: 6us,\n"
             "   remap: 7us, release: 8us, split: 9us, dispatch: 10us, wake: 11us,\n"
             "   flush: {base: 12us, target: 13us, page: 14us, ceiling: 15, stolen: 16us, broadcast: yes}}\n");
    const NsimMigrationCosts *costs = &machine->migration;
    const NsimTime found[] = {costs->call_ps,         costs->start_ps,     costs->isolate_ps,     costs->unmap_folio_ps,
                              costs->unmap_entry_ps,  costs->move_ps,      costs->remap_entry_ps, costs->release_ps,
                              costs->split_ps,        costs->dispatch_ps,  costs->wake_ps,        costs->flush_base_ps,
                              costs->flush_target_ps, costs->flush_page_ps};
    for (size_t i = 0; i < G_N_ELEMENTS(found); i++)
        CU_ASSERT_EQUAL(found[i], (i + 1) * NSIM_US);
    CU_ASSERT_EQUAL(costs->flush_ceiling, 15);
    CU_ASSERT_EQUAL(costs->flush_stolen_ps, 16 * NSIM_US);
    CU_ASSERT_TRUE(costs->broadcast);
    CU_ASSERT_FALSE(is_told(machine, "migration"));
    g_autoptr(NsimMachine) partly = test_machine(HEAD "migration: {move: 6us}\n");
    CU_ASSERT_STRING_EQUAL(partly->migration.preset, "generic");
    CU_ASSERT_EQUAL(partly->migration.move_ps, 6 * NSIM_US);
    CU_ASSERT_TRUE(is_told(partly, "generic x86 server where \"migration\" does not say"));
}

/* ---- Loaded links ------------------------------------------------------------------------------------------------ */

static void
test_loaded(void)
{
    g_autoptr(NsimMachine) machine =
        test_machine("nodes: [{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 64GB/s, write: 32GB/s}]\n"
                     "accessors: [{id: C}]\n"
                     "links: [{id: l, between: [C, D], bandwidth: 16GB/s, latency: 10ns,\n"
                     "  loaded: {0GB/s: 0ns, 8GB/s: 20ns, 16GB/s: 100ns}}]\n");
    const NsimLink *link = &machine->links[0];
    CU_ASSERT_EQUAL_FATAL(link->loaded_count, 3);
    CU_ASSERT_EQUAL(link->loaded_bytes_per_s[1], 8000000000);
    CU_ASSERT_EQUAL(link->loaded_ps[0], 0);
    CU_ASSERT_EQUAL(link->loaded_ps[2], 100 * NSIM_NS);
}

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

#define ENGINE(engine) HEAD "copy_engines: [" engine "]\n"
#define LOADED(rest)                                                                                                   \
    "nodes: [{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 64GB/s, write: 32GB/s}]\n"                       \
    "accessors: [{id: C}]\n"                                                                                           \
    "links: [{id: l, between: [C, D], latency: 10ns, " rest "}]\n"

static const struct {
    const char *yaml;
    const char *message;
} refusals[] = {
    {HEAD "copy_engines: 3\n", "4:15: \"copy_engines\" must be a list, found \"3\""},
    {ENGINE("E"), "4:16: a copy engine must be a map of keys, found \"E\""},
    {ENGINE("{preset: dsa, at: C}"), "4:16: key \"id\" is missing"},
    {ENGINE("{id: E, preset: dsa}"), "4:16: key \"at\" is missing"},
    {ENGINE("{id: C, preset: dsa, at: C}"),
     "4:16: id \"C\" given twice; nodes, accessors, points and copy engines share one set of names"},
    {ENGINE("{id: E, preset: dsa, at: C}, {id: E, preset: dsa, at: C}"),
     "4:45: id \"E\" given twice; nodes, accessors, points and copy engines share one set of names"},
    {ENGINE("{id: E, preset: dsa, at: CC}"),
     "4:41: no node, accessor or point is called \"CC\", did you mean \"C\"? (there are: D, C, hub, E)"},
    {ENGINE("{id: E, preset: dsa, at: E}"), "4:41: \"E\" cannot be at itself"},
    {ENGINE("{id: E, preset: dsa, at: C}, {id: F, preset: dsa, at: E}"),
     "4:70: \"E\" is a copy engine; nothing can be at it"},
    {ENGINE("{id: E, preset: pdma, at: C}"), "4:32: \"preset\" is \"pdma\", did you mean \"ptdma\"? (one of: ptdma, "
                                             "ae4dma, dsa, ioat, sdxi, nvidia-ce)"},
    {ENGINE("{id: E, preset: quick, at: C}"),
     "4:32: \"preset\" is \"quick\", must be one of: ptdma, ae4dma, dsa, ioat, sdxi, nvidia-ce"},
    {ENGINE("{id: E, preset: [dsa], at: C}"), "4:32: \"preset\" must be a single value, found a list"},
    {ENGINE("{id: E, at: C}"), "4:16: key \"channels\" is missing; an engine without a \"preset\" needs it"},
    {ENGINE("{id: E, at: C, channels: 2, window: 1}"),
     "4:16: key \"rate\" is missing; an engine without a \"preset\" needs it"},
    {ENGINE("{id: E, preset: dsa, at: C, chanels: 2}"),
     "4:44: unknown key \"chanels\" in a copy engine, did you mean \"channels\"? (keys: id, preset, at, channels, "
     "group, window, rate, descriptor_max, list, map, submit, descriptor, translate, completion, timeout)"},
    {ENGINE("{id: E, preset: dsa, at: C, channels: 0}"), "4:54: \"channels\" must be 1 to 256, found 0"},
    {ENGINE("{id: E, preset: dsa, at: C, channels: 257}"), "4:54: \"channels\" must be 1 to 256, found 257"},
    {ENGINE("{id: E, preset: dsa, at: C, channels: 6}"), "4:54: \"group\" must divide the channels, 6; found 4"},
    {ENGINE("{id: E, preset: dsa, at: C, group: 3}"), "4:51: \"group\" must divide the channels, 4; found 3"},
    {ENGINE("{id: E, preset: dsa, at: C, group: 8}"), "4:51: \"group\" must divide the channels, 4; found 8"},
    {ENGINE("{id: E, preset: dsa, at: C, window: 0}"), "4:52: \"window\" must be 1 to 65536, found 0"},
    {ENGINE("{id: E, preset: dsa, at: C, list: 65537}"), "4:50: \"list\" must be 1 to 65536, found 65537"},
    {ENGINE("{id: E, preset: dsa, at: C, rate: 10ns}"),
     "4:50: \"rate\": \"10ns\" has an unknown unit; write a rate with unit B/s, kB/s, MB/s, GB/s, TB/s, KiB/s, MiB/s, "
     "GiB/s or TiB/s"},
    {ENGINE("{id: E, preset: dsa, at: C, rate: 1B/s}"), "4:50: \"rate\" must be 1MB/s to 64TB/s, found 1B/s"},
    {ENGINE("{id: E, preset: dsa, at: C, submit: 80}"),
     "4:52: \"submit\": \"80\" has no unit; write a time with unit ps, ns, us, ms, s, min or h"},
    {ENGINE("{id: E, preset: dsa, at: C, completion: 11s}"), "4:56: \"completion\" must be at most 10s, found 11s"},
    {ENGINE("{id: E, preset: dsa, at: C, timeout: 0s}"), "4:53: \"timeout\" must be more than zero, found 0s"},
    {ENGINE("{id: E, preset: dsa, at: C, descriptor_max: 64B}"),
     "4:60: \"descriptor_max\" must be 4KiB to 1TiB, found 64B"},
    {"page: 64KiB\n" ENGINE("{id: E, preset: dsa, at: C, descriptor_max: 4KiB}"),
     "5:60: \"descriptor_max\" must be at least one page (64KiB)"},
    {"points: [lone]\n"
     "nodes: [{id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 64GB/s, write: 32GB/s, at: C}]\n"
     "accessors: [{id: C}]\ncopy_engines: [{id: E, preset: dsa, at: lone}]\n",
     "4:16: copy engine \"E\" reaches no node from \"lone\""},
    {HEAD "links: [{id: l, between: [E, C]}]\ncopy_engines: [{id: E, preset: dsa, at: C}]\n",
     "4:27: no node, accessor or point is called \"E\" (there are: D, C, hub)"},
    {HEAD "migration: linux\n", "4:12: migration must be a map of keys, found \"linux\""},
    {HEAD "migration: {costs: linux-6.15}\n", "4:20: \"costs\" is \"linux-6.15\", did you mean \"linux-6.16\"? (one "
                                              "of: generic, linux-6.16, linux-6.14, linux-6.8-2ghz)"},
    {HEAD "migration: {cals: 1us}\n",
     "4:13: unknown key \"cals\" in migration, did you mean \"call\"? (keys: costs, call, start, isolate, unmap, move, "
     "remap, release, split, flush, dispatch, wake)"},
    {HEAD "migration: {unmap: 1us}\n", "4:20: unmap must be a map of keys, found \"1us\""},
    {HEAD "migration: {unmap: {page: 1us}}\n", "4:21: unknown key \"page\" in unmap (keys: folio, entry)"},
    {HEAD "migration: {flush: {pages: 1us}}\n",
     "4:21: unknown key \"pages\" in flush, did you mean \"page\"? (keys: base, target, page, ceiling, stolen, "
     "broadcast)"},
    {HEAD "migration: {move: 1GB/s}\n", "4:19: \"move\": \"1GB/s\" has an unknown unit; write a time with unit ps, ns, "
                                        "us, ms, s, min or h"},
    {HEAD "migration: {flush: {broadcast: 1}}\n", "4:32: \"broadcast\" is \"1\", must be one of: no, yes, false, true"},
    {HEAD "migration: {flush: {ceiling: 2M}}\n", "4:30: \"ceiling\" must be 0 to 1048576, found 2M"},
    {LOADED("loaded: {0GB/s: 0ns, 1GB/s: 1ns}"),
     "3:57: \"loaded\" needs a \"bandwidth\"; an unlimited link has no load"},
    {LOADED("bandwidth: 2GB/s, loaded: 5ns"),
     "3:75: \"loaded\" must be a map of 2 to 256 pairs LOAD: LATENCY (NSIM_CURVE_POINTS_MAX)"},
    {LOADED("bandwidth: 2GB/s, loaded: {0GB/s: 0ns}"),
     "3:75: \"loaded\" must be a map of 2 to 256 pairs LOAD: LATENCY (NSIM_CURVE_POINTS_MAX)"},
    {LOADED("bandwidth: 2GB/s, loaded: {0GB/s: 0ns, 2GB/s: 9ns, 1GB/s: 9ns}"),
     "3:100: loads must rise from point to point, 1GB/s follows 2GB/s"},
    {LOADED("bandwidth: 2GB/s, loaded: {0GB/s: 3ns, 2GB/s: 2ns}"),
     "3:95: latency must not fall as the load rises, 2ns follows 3ns"},
};

static void
test_refusals(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *message = test_machine_error(refusals[i].yaml);
        CU_ASSERT_STRING_EQUAL(message, refusals[i].message);
        if (strcmp(message, refusals[i].message) != 0)
            g_printerr("\nfound    %s\nexpected %s\n", message, refusals[i].message);
    }
}

/* The limit holds at its value and is named one above it. */
static void
test_limit(void)
{
    for (uint32_t count = NSIM_ENGINES_MAX; count <= NSIM_ENGINES_MAX + 1; count++) {
        g_autoptr(GString) yaml = g_string_new(HEAD "copy_engines:\n");
        for (uint32_t i = 0; i < count; i++)
            g_string_append_printf(yaml, "  - {id: E%u, preset: dsa, at: C}\n", i);
        g_autofree char *message = test_machine_error(yaml->str);
        CU_ASSERT_STRING_EQUAL(message, count == NSIM_ENGINES_MAX
                                            ? ""
                                            : "5:3: 257 entries in \"copy_engines\", at most 256 are allowed "
                                              "(NSIM_ENGINES_MAX)");
    }
}

bool
test_machine_engine_register(void)
{
    CU_pSuite suite = CU_add_suite("machine-engine", NULL, NULL);
    return suite && CU_add_test(suite, "fields", test_fields) && CU_add_test(suite, "preset", test_preset) &&
           CU_add_test(suite, "all presets", test_all_presets) && CU_add_test(suite, "defaults", test_defaults) &&
           CU_add_test(suite, "routes", test_routes) && CU_add_test(suite, "longest way", test_hop_max) &&
           CU_add_test(suite, "tables", test_tables) && CU_add_test(suite, "costs", test_costs) &&
           CU_add_test(suite, "cost overrides", test_cost_overrides) &&
           CU_add_test(suite, "loaded links", test_loaded) && CU_add_test(suite, "refusals", test_refusals) &&
           CU_add_test(suite, "limit", test_limit);
}
