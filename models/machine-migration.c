/* SPDX-License-Identifier: MIT */
/*
 * What migrating pages costs the kernel: `migration:` of a machine description, from a preset, key by key, or both.
 *
 * Where the presets come from. S. Garg's series on migrating batches of pages, on two 32-core Zen 3 sockets: "V1" is
 * "Enhancements to Page Migration with Batch Offloading via DMA" (June 2024, Linux 6.8, clock fixed at 2 GHz), "V2" the
 * round of March 2025 (Linux 6.14), "V3" that of September 2025 (Linux 6.16). Their tables of throughput by folio size
 * follow, within 3 to 8 %, from a time per folio, a time per page-table entry and a rate of copying; these times are
 * what a preset's steps add up to. How they divide over the steps is not published: it is done here in the proportions
 * of usual figures for the parts of mm/migrate.c (walk and isolate 100 to 150 ns, allocate the destination 60 to 100,
 * mapping and metadata 150 to 200, put back and free 100; 100 ns an entry to unmap, and again to map).
 *
 * Left out: waiting for locks inside the kernel, costs that grow with the number of processes that share a page.
 */
#include <models/machine-build.h>

#define FLUSH_CEILING_MOST (1u << 20)

enum {
    CALL,
    START,
    ISOLATE,
    UNMAP_FOLIO,
    UNMAP_ENTRY,
    MOVE,
    REMAP,
    RELEASE,
    SPLIT,
    FLUSH_BASE,
    FLUSH_TARGET,
    FLUSH_PAGE,
    FLUSH_CEILING,
    FLUSH_STOLEN,
    FLUSH_BROADCAST,
    DISPATCH,
    WAKE,
    FIELDS
};

#define TIME_FIELD(map_, key_, member)                                                                                 \
    {                                                                                                                  \
        map_, key_, NSIM_FIELD_TIME, offsetof(NsimMigrationCosts, member), 0, 0                                        \
    }

static const NsimField fields[FIELDS] = {
    [CALL] = TIME_FIELD(NULL, "call", call_ps),
    [START] = TIME_FIELD(NULL, "start", start_ps),
    [ISOLATE] = TIME_FIELD(NULL, "isolate", isolate_ps),
    [UNMAP_FOLIO] = TIME_FIELD("unmap", "folio", unmap_folio_ps),
    [UNMAP_ENTRY] = TIME_FIELD("unmap", "entry", unmap_entry_ps),
    [MOVE] = TIME_FIELD(NULL, "move", move_ps),
    [REMAP] = TIME_FIELD(NULL, "remap", remap_entry_ps),
    [RELEASE] = TIME_FIELD(NULL, "release", release_ps),
    [SPLIT] = TIME_FIELD(NULL, "split", split_ps),
    [FLUSH_BASE] = TIME_FIELD("flush", "base", flush_base_ps),
    [FLUSH_TARGET] = TIME_FIELD("flush", "target", flush_target_ps),
    [FLUSH_PAGE] = TIME_FIELD("flush", "page", flush_page_ps),
    [FLUSH_CEILING] = {"flush", "ceiling", NSIM_FIELD_COUNT, offsetof(NsimMigrationCosts, flush_ceiling), 0,
                       FLUSH_CEILING_MOST},
    [FLUSH_STOLEN] = TIME_FIELD("flush", "stolen", flush_stolen_ps),
    [FLUSH_BROADCAST] = {"flush", "broadcast", NSIM_FIELD_BOOL, offsetof(NsimMigrationCosts, broadcast), 0, 0},
    [DISPATCH] = TIME_FIELD(NULL, "dispatch", dispatch_ps),
    [WAKE] = TIME_FIELD(NULL, "wake", wake_ps),
};

static const char *const keys[] = {"costs",   "call",  "start", "isolate",  "unmap", "move", "remap",
                                   "release", "split", "flush", "dispatch", "wake",  NULL};
static const char *const unmap_keys[] = {"folio", "entry", NULL};
static const char *const flush_keys[] = {"base", "target", "page", "ceiling", "stolen", "broadcast", NULL};

/*
 * What every preset shares. A shootdown takes 1 us and 0.2 us for each CPU: 1.6 us for 4 and 14 us for 64 of them, the
 * published model of a secondary source whose order of magnitude agrees with LATR (ASPLOS 2018); an interrupted CPU
 * loses 0.5 to 1 us. Above 33 pages Linux flushes everything (tlb_single_page_flush_ceiling, arch/x86/mm/tlb.c).
 */
#define SHARED                                                                                                         \
    .split_ps = 20 * NSIM_US, .flush_base_ps = 1 * NSIM_US, .flush_target_ps = 200 * NSIM_NS,                          \
    .flush_page_ps = 150 * NSIM_NS, .flush_ceiling = 33, .flush_stolen_ps = 750 * NSIM_NS, .dispatch_ps = 1 * NSIM_US, \
    .wake_ps = 2 * NSIM_US

#define BIT(field) (1u << (field))
/* Figures from nobody's table. */
#define UNVERIFIED (BIT(SPLIT) | BIT(FLUSH_PAGE) | BIT(FLUSH_STOLEN) | BIT(DISPATCH) | BIT(WAKE))

static const NsimMigrationCosts presets[] = {
    /* A server of no particular make: middles of the ranges above. 50 to 100 us a call, most of it for draining the LRU
     * caches of all CPUs. */
    {.preset = "generic",
     .call_ps = 75 * NSIM_US,
     .start_ps = 3 * NSIM_US,
     .isolate_ps = 125 * NSIM_NS,
     .unmap_folio_ps = 80 * NSIM_NS,
     .unmap_entry_ps = 100 * NSIM_NS,
     .move_ps = 175 * NSIM_NS,
     .remap_entry_ps = 100 * NSIM_NS,
     .release_ps = 100 * NSIM_NS,
     SHARED},
    /*
     * V3: 500 ns a folio and 230 ns an entry, of which 110 ns are the latency that each folio's copy begins with and that the
     * model of copying has anyway. A call: the middle of 50 to 100 us, as V1's single page says (below). The
     * start of a list: V1's 7 us at the clock that these processors run at when nobody holds it at 2 GHz.
     */
    {.preset = "linux-6.16",
     .call_ps = 75 * NSIM_US,
     .start_ps = 3 * NSIM_US,
     .isolate_ps = 100 * NSIM_NS,
     .unmap_folio_ps = 70 * NSIM_NS,
     .unmap_entry_ps = 115 * NSIM_NS,
     .move_ps = 140 * NSIM_NS,
     .remap_entry_ps = 115 * NSIM_NS,
     .release_ps = 80 * NSIM_NS,
     SHARED},
    /* V2: 2000 ns a folio, 110 ns of them as above, and 280 ns an entry, divided as above. */
    {.preset = "linux-6.14",
     .call_ps = 75 * NSIM_US,
     .start_ps = 3 * NSIM_US,
     .isolate_ps = 490 * NSIM_NS,
     .unmap_folio_ps = 340 * NSIM_NS,
     .unmap_entry_ps = 140 * NSIM_NS,
     .move_ps = 680 * NSIM_NS,
     .remap_entry_ps = 140 * NSIM_NS,
     .release_ps = 380 * NSIM_NS,
     SHARED},
    /*
     * V1: 1.43 us a page of 4 KiB besides the copy, in a large list; 8.9 us for one page alone, of which 7 us are the
     * start; 96.6 us for move_pages() of that one page, of which 88 us are the call.
     */
    {.preset = "linux-6.8-2ghz",
     .call_ps = 88 * NSIM_US,
     .start_ps = 7 * NSIM_US,
     .isolate_ps = 290 * NSIM_NS,
     .unmap_folio_ps = 205 * NSIM_NS,
     .unmap_entry_ps = 150 * NSIM_NS,
     .move_ps = 410 * NSIM_NS,
     .remap_entry_ps = 150 * NSIM_NS,
     .release_ps = 225 * NSIM_NS,
     SHARED},
};

/* The maps below `migration:` have only keys they know. */
static bool
check_maps(const NsimValue *map, GError **error)
{
    const NsimValue *unmap = nsim_value_get(map, "unmap"), *flush = nsim_value_get(map, "flush");
    return (!unmap || nsim_value_check_map(unmap, "unmap", unmap_keys, error)) &&
           (!flush || nsim_value_check_map(flush, "flush", flush_keys, error));
}

static bool
find_preset(const NsimValue *map, uint32_t *ret, GError **error)
{
    const char *words[G_N_ELEMENTS(presets) + 1] = {NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(presets); i++)
        words[i] = presets[i].preset;
    return nsim_field_read_preset(map, "costs", words, ret, error);
}

bool
nsim_build_parse_migration(NsimMachineBuild *build, GError **error)
{
    NsimMigrationCosts *costs = &build->full->public.migration;
    const NsimValue *map = nsim_value_get(build->root, "migration");
    uint32_t preset = 0;
    if (map && (!nsim_value_check_map(map, "migration", keys, error) || !check_maps(map, error) ||
                !find_preset(map, &preset, error)))
        return false;
    *costs = presets[preset];
    for (uint32_t f = 0; map && f < FIELDS; f++) {
        if (!nsim_field_read(&fields[f], map, costs, error))
            return false;
    }
    g_autofree char *list = nsim_fields_left_out(fields, FIELDS, UNVERIFIED, map, costs);
    if (!map || !nsim_value_get(map, "costs"))
        nsim_build_assume(build, NULL, "page migration costs what it does on a generic x86 server%s",
                          map ? " where \"migration\" does not say" : "");
    else if (*list)
        nsim_build_assume(build, NULL, "migration costs %s, not verified: %s", costs->preset, list);
    return true;
}
