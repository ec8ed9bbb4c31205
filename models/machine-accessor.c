/* SPDX-License-Identifier: MIT */
/*
 * Accessors of a machine description: CPUs, GPUs and devices with their cores, windows of outstanding lines, optional
 * cache and TLB.
 *
 * Sources of the defaults. CPU windows: 12 line fill buffers (random) and about 32 entries of the L2 miss queue
 * (streams) of a Skylake-SP core. GPU windows: 64 and 128 outstanding 128-byte lines of an SM, what Little's law asks
 * of a V100 or A100. Fault costs: usual figures of a Linux minor fault and NUMA hint fault, and the 45 us far fault of
 * Ganguly et al. (ISCA 2019). Clock and instructions per cycle are middling values without a source. All are listed by
 * `numasim topo show` when they are used.
 */
#include <models/machine-build.h>

#include <models/quantity.h>

#define CLOCK_MAX_HZ ((uint64_t)100 * 1000 * 1000 * 1000)
#define CLOCK_MIN_HZ ((uint64_t)1000 * 1000)
#define IPC_MAX_PPM ((uint64_t)1000 * 1000 * 1000)
#define CACHE_MAX_BYTES ((uint64_t)1 << 32)
#define CACHE_WAYS_MAX 64u
#define TLB_ENTRIES_MAX (1u << 20)
#define TLB_WAYS_MAX 64u

typedef struct {
    uint64_t clock_hz;
    uint64_t ipc_ppm;
    uint32_t window_random, window_stream;
    NsimTime fault_minor_ps, fault_hint_ps;
} Defaults;

static const Defaults defaults[NSIM_ACCESSOR_KINDS] = {
    [NSIM_ACCESSOR_CPU] = {2500000000u, 2000000, 12, 32, 700 * NSIM_NS, 1500 * NSIM_NS},
    [NSIM_ACCESSOR_GPU] = {1500000000u, 1000000, 128, 256, 45 * NSIM_US, 45 * NSIM_US},
    [NSIM_ACCESSOR_DEVICE] = {1000000000u, 1000000, 64, 64, 5 * NSIM_US, 5 * NSIM_US},
};

static const NsimTime default_cache_latency_ps = 20 * NSIM_NS;
static const uint32_t default_cache_ways = 16;
static const NsimTime default_tlb_walk_ps = 20 * NSIM_NS;
static const uint32_t default_tlb_ways = 8;

static const char *const accessor_keys[] = {"id",    "kind", "cores", "clock", "ipc", "window",
                                            "cache", "tlb",  "fault", "at",    NULL};
static const char *const accessor_kinds[] = {"cpu", "gpu", "device", NULL};

G_STATIC_ASSERT(G_N_ELEMENTS(accessor_kinds) == NSIM_ACCESSOR_KINDS + 1);

static bool
parse_core(NsimMachineBuild *build, const NsimValue *map, NsimAccessor *accessor, GError **error)
{
    const Defaults *fallback = &defaults[accessor->kind];
    const NsimValue *clock = nsim_value_get(map, "clock"), *ipc = nsim_value_get(map, "ipc");
    uint64_t cores = 1, ipc_ppm = fallback->ipc_ppm;
    accessor->clock_hz = fallback->clock_hz;
    if (!nsim_value_read_count(map, "cores", false, 1, NSIM_CORES_MAX, &cores, error) ||
        !nsim_value_read_frequency(map, "clock", false, &accessor->clock_hz, error) ||
        !nsim_value_read_ratio(map, "ipc", false, &ipc_ppm, error))
        return false;
    if (accessor->clock_hz < CLOCK_MIN_HZ || accessor->clock_hz > CLOCK_MAX_HZ)
        return nsim_value_error(clock, error, "\"clock\" must be 1MHz to 100GHz, found %s", nsim_value_text(clock));
    if (ipc_ppm < 1000 || ipc_ppm > IPC_MAX_PPM)
        return nsim_value_error(ipc, error, "\"ipc\" must be 0.001 to 1000, found %s", nsim_value_text(ipc));
    accessor->core_count = (uint32_t)cores;
    accessor->ipc_ppm = (uint32_t)ipc_ppm;
    if (!nsim_value_get(map, "cores"))
        nsim_build_assume(build, accessor->id, "1 core");
    if (!clock) {
        g_autofree char *text = nsim_quantity_format(accessor->clock_hz, NSIM_QUANTITY_FREQUENCY);
        nsim_build_assume(build, accessor->id, "clock %s", text);
    }
    if (!ipc)
        nsim_build_assume(build, accessor->id, "%u.%u instructions per cycle", accessor->ipc_ppm / 1000000,
                          accessor->ipc_ppm / 100000 % 10);
    return true;
}

/* `window: {random: 12, stream: 32}` */
static bool
parse_window(NsimMachineBuild *build, const NsimValue *map, NsimAccessor *accessor, GError **error)
{
    static const char *const keys[] = {"random", "stream", NULL};
    const Defaults *fallback = &defaults[accessor->kind];
    const NsimValue *window = nsim_value_get(map, "window");
    uint64_t random_lines = fallback->window_random, stream_lines = fallback->window_stream;
    if (window && (!nsim_value_check_map(window, "window", keys, error) ||
                   !nsim_value_read_count(window, "random", true, 1, NSIM_WINDOW_MAX, &random_lines, error)))
        return false;
    if (window)
        stream_lines = random_lines;
    if (window && !nsim_value_read_count(window, "stream", false, 1, NSIM_WINDOW_MAX, &stream_lines, error))
        return false;
    accessor->window_random = (uint32_t)random_lines;
    accessor->window_stream = (uint32_t)stream_lines;
    if (!window)
        nsim_build_assume(build, accessor->id, "window of a core %u lines for random accesses, %u for streams",
                          accessor->window_random, accessor->window_stream);
    else if (!nsim_value_get(window, "stream"))
        nsim_build_assume(build, accessor->id, "the window for streams is the one for random accesses");
    return true;
}

/* `cache: {size: 32MiB, ways: 16, latency: 20ns}` */
static bool
parse_cache(NsimMachineBuild *build, const NsimValue *map, NsimAccessor *accessor, GError **error)
{
    static const char *const keys[] = {"size", "ways", "latency", NULL};
    const NsimValue *cache = nsim_value_get(map, "cache");
    uint64_t ways = default_cache_ways;
    if (!cache)
        return true;
    accessor->cache_latency_ps = default_cache_latency_ps;
    if (!nsim_value_check_map(cache, "cache", keys, error) ||
        !nsim_value_read_bytes(cache, "size", true, &accessor->cache_bytes, error) ||
        !nsim_value_read_count(cache, "ways", false, 1, CACHE_WAYS_MAX, &ways, error) ||
        !nsim_build_read_latency(cache, "latency", false, &accessor->cache_latency_ps, error))
        return false;
    const uint64_t set_bytes = ways * NSIM_LINE_BYTES;
    const NsimValue *size = nsim_value_get(cache, "size");
    if (accessor->cache_bytes == 0 || accessor->cache_bytes > CACHE_MAX_BYTES || accessor->cache_bytes % set_bytes != 0)
        return nsim_value_error(size, error,
                                "\"size\" must be a multiple of ways x 64 B = %" G_GUINT64_FORMAT
                                "B and at most 4GiB, found %s",
                                set_bytes, nsim_value_text(size));
    accessor->cache_ways = (uint32_t)ways;
    if (!nsim_value_get(cache, "ways"))
        nsim_build_assume(build, accessor->id, "cache of %u ways", default_cache_ways);
    if (!nsim_value_get(cache, "latency"))
        nsim_build_assume(build, accessor->id, "cache hit 20ns");
    return true;
}

/* `tlb: {entries: 1536, ways: 12, walk: 20ns}` */
static bool
parse_tlb(NsimMachineBuild *build, const NsimValue *map, NsimAccessor *accessor, GError **error)
{
    static const char *const keys[] = {"entries", "ways", "walk", NULL};
    const NsimValue *tlb = nsim_value_get(map, "tlb");
    uint64_t entries = 0, ways = default_tlb_ways;
    if (!tlb)
        return true;
    accessor->tlb_walk_ps = default_tlb_walk_ps;
    if (!nsim_value_check_map(tlb, "tlb", keys, error) ||
        !nsim_value_read_count(tlb, "entries", true, 1, TLB_ENTRIES_MAX, &entries, error) ||
        !nsim_value_read_count(tlb, "ways", false, 1, TLB_WAYS_MAX, &ways, error) ||
        !nsim_build_read_latency(tlb, "walk", false, &accessor->tlb_walk_ps, error))
        return false;
    if (entries % ways != 0)
        return nsim_value_error(nsim_value_get(tlb, "entries"), error,
                                "\"entries\" must be a multiple of the ways (%u), found %u", (unsigned)ways,
                                (unsigned)entries);
    accessor->tlb_entries = (uint32_t)entries;
    accessor->tlb_ways = (uint32_t)ways;
    if (!nsim_value_get(tlb, "ways"))
        nsim_build_assume(build, accessor->id, "TLB of %u ways", default_tlb_ways);
    if (!nsim_value_get(tlb, "walk"))
        nsim_build_assume(build, accessor->id, "page walk 20ns");
    return true;
}

/* `fault: {minor: 700ns, hint: 1.5us}` */
static bool
parse_fault(NsimMachineBuild *build, const NsimValue *map, NsimAccessor *accessor, GError **error)
{
    static const char *const keys[] = {"minor", "hint", NULL};
    const Defaults *fallback = &defaults[accessor->kind];
    const NsimValue *fault = nsim_value_get(map, "fault");
    accessor->fault_minor_ps = fallback->fault_minor_ps;
    accessor->fault_hint_ps = fallback->fault_hint_ps;
    if (fault && (!nsim_value_check_map(fault, "fault", keys, error) ||
                  !nsim_build_read_latency(fault, "minor", false, &accessor->fault_minor_ps, error) ||
                  !nsim_build_read_latency(fault, "hint", false, &accessor->fault_hint_ps, error)))
        return false;
    g_autofree char *minor = nsim_quantity_format(accessor->fault_minor_ps, NSIM_QUANTITY_TIME);
    g_autofree char *hint = nsim_quantity_format(accessor->fault_hint_ps, NSIM_QUANTITY_TIME);
    if (!fault || !nsim_value_get(fault, "minor"))
        nsim_build_assume(build, accessor->id, "first-touch fault %s", minor);
    if (!fault || !nsim_value_get(fault, "hint"))
        nsim_build_assume(build, accessor->id, "hint fault %s", hint);
    return true;
}

bool
nsim_build_parse_accessor(NsimMachineBuild *build, const NsimValue *map, NsimAccessor *accessor, GError **error)
{
    uint32_t kind = NSIM_ACCESSOR_CPU;
    if (!nsim_value_check_map(map, "an accessor", accessor_keys, error) ||
        !nsim_build_read_id(build, map, &accessor->id, error) ||
        !nsim_value_read_enum(map, "kind", false, accessor_kinds, &kind, error))
        return false;
    accessor->kind = (NsimAccessorKind)kind;
    return parse_core(build, map, accessor, error) && parse_window(build, map, accessor, error) &&
           parse_cache(build, map, accessor, error) && parse_tlb(build, map, accessor, error) &&
           parse_fault(build, map, accessor, error);
}
