/* SPDX-License-Identifier: MIT */
/*
 * Copy engines of a machine description: entries of `copy_engines:`, from a preset, key by key, or both.
 *
 * Where the presets come from. "V2" and "V3" are the second and third round of the Linux series that copies batches of
 * pages by DMA (S. Garg, "Enhancements to Page Migration with Multi-threading and Batch Offloading to DMA", March 2025,
 * and "Accelerate page migration with batch copying and hardware offload", September 2025), measured on a server with
 * two 32-core Zen 3 sockets. What is measured there, or follows from it, is used without remark; everything else is in
 * the preset's mask of unverified fields, which `numasim topo show` lists unless the description gives them.
 *
 * Left out: queues shared by several processes, priorities between channels, fills and comparisons.
 */
#include <models/machine-build.h>

#define DESCRIPTOR_BYTES_MOST ((uint64_t)1 << 40)
#define DESCRIPTOR_BYTES_LEAST ((uint64_t)4096)
#define MIB ((uint64_t)1 << 20)
#define MB_PER_S ((uint64_t)1000 * 1000)
/* After which the third round gives a batch up and copies it by the CPU. */
#define DEFAULT_TIMEOUT_PS (10 * NSIM_S)

enum {
    CHANNELS,
    GROUP,
    WINDOW,
    RATE,
    DESCRIPTOR_MAX,
    LIST,
    MAP,
    SUBMIT,
    DESCRIPTOR,
    TRANSLATE,
    COMPLETION,
    TIMEOUT,
    FIELDS
};

#define COUNT_FIELD(key_, member, most_)                                                                               \
    {                                                                                                                  \
        NULL, key_, NSIM_FIELD_COUNT, offsetof(NsimCopyEngine, member), 1, most_                                       \
    }
#define TIME_FIELD(key_, member)                                                                                       \
    {                                                                                                                  \
        NULL, key_, NSIM_FIELD_TIME, offsetof(NsimCopyEngine, member), 0, 0                                            \
    }

static const NsimField fields[FIELDS] = {
    [CHANNELS] = COUNT_FIELD("channels", channel_count, NSIM_ENGINE_CHANNELS_MAX),
    [GROUP] = COUNT_FIELD("group", group_channels, NSIM_ENGINE_CHANNELS_MAX),
    [WINDOW] = COUNT_FIELD("window", window_lines, NSIM_ENGINE_WINDOW_MAX),
    [RATE] = {NULL, "rate", NSIM_FIELD_RATE, offsetof(NsimCopyEngine, channel_bytes_per_s), 0, 0},
    [DESCRIPTOR_MAX] = {NULL, "descriptor_max", NSIM_FIELD_BYTES, offsetof(NsimCopyEngine, descriptor_bytes_max),
                        DESCRIPTOR_BYTES_LEAST, DESCRIPTOR_BYTES_MOST},
    [LIST] = COUNT_FIELD("list", list_max, NSIM_ENGINE_LIST_MAX),
    [MAP] = TIME_FIELD("map", map_ps),
    [SUBMIT] = TIME_FIELD("submit", submit_ps),
    [DESCRIPTOR] = TIME_FIELD("descriptor", descriptor_ps),
    [TRANSLATE] = TIME_FIELD("translate", translate_ps),
    [COMPLETION] = TIME_FIELD("completion", completion_ps),
    [TIMEOUT] = TIME_FIELD("timeout", timeout_ps),
};

static const char *const keys[] = {"id",        "preset",         "at",      "channels", "group",  "window",
                                   "rate",      "descriptor_max", "list",    "map",      "submit", "descriptor",
                                   "translate", "completion",     "timeout", NULL};

#define BIT(field) (1u << (field))
/* Fields that an engine without a preset may leave out. */
#define OPTIONAL (BIT(GROUP) | BIT(TRANSLATE) | BIT(TIMEOUT))
#define ALL (BIT(FIELDS) - 1)

typedef struct {
    NsimCopyEngine values;
    uint32_t unverified; /* mask of fields */
} Preset;

static const Preset presets[] = {
    /*
     * AMD's DMA engine of the Pass-Through driver, as V3 uses it: one list and one interrupt a batch, a scatter list
     * mapped at once. 12.5 GB/s of one channel and 14.2 GB/s of two with 2 MB folios (V3): two channels share what
     * limits them, here the lines outstanding. 67 lines: Little's law for 14.3 GB/s at 200 ns of reading the other
     * socket's memory and 100 ns of writing one's own. Smaller folios come at 6 GB/s a channel: a miss of the IOMMU's
     * translations for each 4 KiB page would take 4096 B / 6 GB/s - 4096 B / 12.6 GB/s = 358 ns (the mechanism is a
     * guess, the sum is not). 80 to 160 ns a folio remain that more channels do not divide, and 110 ns that the fit of a
     * folio's cost has and a copy by an engine has not (machine-migration.c): work of the submitting core.
     */
    {{.preset = "ptdma",
      .channel_count = 2,
      .group_channels = 2,
      .window_lines = 67,
      .channel_bytes_per_s = 12600 * MB_PER_S,
      .descriptor_bytes_max = 4 * MIB,
      .list_max = 1024,
      .map_ps = 220 * NSIM_NS,
      .submit_ps = 500 * NSIM_NS,
      .descriptor_ps = 0,
      .translate_ps = 358 * NSIM_NS,
      .completion_ps = 3 * NSIM_US, /* middle of 2 to 5 us */
      .timeout_ps = DEFAULT_TIMEOUT_PS},
     BIT(DESCRIPTOR_MAX) | BIT(LIST) | BIT(SUBMIT) | BIT(TRANSLATE) | BIT(COMPLETION)},
    /* Its successor: 16 hardware queues (header of the Linux driver); no measurement is known, the rest is PTDMA's. */
    {{.preset = "ae4dma",
      .channel_count = 16,
      .group_channels = 2,
      .window_lines = 67,
      .channel_bytes_per_s = 12600 * MB_PER_S,
      .descriptor_bytes_max = 4 * MIB,
      .list_max = 1024,
      .map_ps = 100 * NSIM_NS,
      .submit_ps = 500 * NSIM_NS,
      .descriptor_ps = 0,
      .translate_ps = 358 * NSIM_NS,
      .completion_ps = 3 * NSIM_US,
      .timeout_ps = DEFAULT_TIMEOUT_PS},
     ALL & ~(BIT(CHANNELS) | BIT(TIMEOUT))},
    /*
     * Intel Data Streaming Accelerator of Sapphire Rapids: 4 engines and 96 read buffers a device, batches of up to
     * 1024 descriptors, transfers of up to 2 GiB (configuration listing of such a node). About 30 GB/s a device, which
     * one engine reaches; ENQCMD takes 60 to 100 ns, a completion 0.3 to 1 us: middles of usual figures.
     */
    {{.preset = "dsa",
      .channel_count = 4,
      .group_channels = 4,
      .window_lines = 96,
      .channel_bytes_per_s = 30000 * MB_PER_S,
      .descriptor_bytes_max = 2048 * MIB,
      .list_max = 1024,
      .map_ps = 20 * NSIM_NS, /* a descriptor of 64 bytes; addresses are the process's own */
      .submit_ps = 80 * NSIM_NS,
      .descriptor_ps = 20 * NSIM_NS,
      .translate_ps = 50 * NSIM_NS,
      .completion_ps = 650 * NSIM_NS,
      .timeout_ps = DEFAULT_TIMEOUT_PS},
     ALL & ~(BIT(CHANNELS) | BIT(GROUP) | BIT(WINDOW) | BIT(DESCRIPTOR_MAX) | BIT(LIST) | BIT(TIMEOUT))},
    /*
     * Intel I/OAT: 8 to 16 channels a socket, 1 to 2 us a transfer and 5 to 10 GB/s in all; half of what DSA does.
     * 36 lines: 7.5 GB/s at 300 ns.
     */
    {{.preset = "ioat",
      .channel_count = 8,
      .group_channels = 8,
      .window_lines = 36,
      .channel_bytes_per_s = 5000 * MB_PER_S,
      .descriptor_bytes_max = 2 * MIB,
      .list_max = 256,
      .map_ps = 100 * NSIM_NS,
      .submit_ps = 500 * NSIM_NS,
      .descriptor_ps = 100 * NSIM_NS,
      .translate_ps = 0,
      .completion_ps = 1 * NSIM_US,
      .timeout_ps = DEFAULT_TIMEOUT_PS},
     ALL & ~BIT(TIMEOUT)},
    /* SNIA Smart Data Accelerator Interface 1.0 says how an engine is driven, not how fast it is: taken like DSA. */
    {{.preset = "sdxi",
      .channel_count = 4,
      .group_channels = 4,
      .window_lines = 96,
      .channel_bytes_per_s = 30000 * MB_PER_S,
      .descriptor_bytes_max = 2048 * MIB,
      .list_max = 1024,
      .map_ps = 20 * NSIM_NS,
      .submit_ps = 80 * NSIM_NS,
      .descriptor_ps = 20 * NSIM_NS,
      .translate_ps = 50 * NSIM_NS,
      .completion_ps = 650 * NSIM_NS,
      .timeout_ps = DEFAULT_TIMEOUT_PS},
     ALL & ~BIT(TIMEOUT)},
    /*
     * Copy engines of an NVIDIA GPU: one a direction, as fast as the links (rate and window do not limit); 2 to 5 us to
     * submit, and 6 to 10 us for a small copy that is waited for.
     */
    {{.preset = "nvidia-ce",
      .channel_count = 2,
      .group_channels = 1,
      .window_lines = 16384,
      .channel_bytes_per_s = 1000000 * MB_PER_S,
      .descriptor_bytes_max = 4096 * MIB,
      .list_max = 1024,
      .map_ps = 0,
      .submit_ps = 3500 * NSIM_NS,
      .descriptor_ps = 100 * NSIM_NS,
      .translate_ps = 0,
      .completion_ps = 4500 * NSIM_NS,
      .timeout_ps = DEFAULT_TIMEOUT_PS},
     ALL & ~BIT(TIMEOUT)},
};

/* `preset:`; NULL where there is none. */
static bool
find_preset(const NsimValue *map, const Preset **ret, GError **error)
{
    const char *words[G_N_ELEMENTS(presets) + 1] = {NULL};
    uint32_t index = UINT32_MAX;
    for (size_t i = 0; i < G_N_ELEMENTS(presets); i++)
        words[i] = presets[i].values.preset;
    if (!nsim_field_read_preset(map, "preset", words, &index, error))
        return false;
    *ret = index == UINT32_MAX ? NULL : &presets[index];
    return true;
}

/* Without a preset, what decides how fast an engine is has to be given. */
static bool
check_given(const NsimValue *map, GError **error)
{
    for (uint32_t f = 0; f < FIELDS; f++) {
        if (!(OPTIONAL >> f & 1) && !nsim_field_value(&fields[f], map))
            return nsim_value_error(map, error, "key \"%s\" is missing; an engine without a \"preset\" needs it",
                                    fields[f].key);
    }
    return true;
}

static bool
check_engine(const NsimMachineBuild *build, const NsimValue *map, const NsimCopyEngine *engine, GError **error)
{
    const uint64_t page_bytes = (uint64_t)1 << build->full->public.page_shift;
    const NsimValue *group = nsim_value_get(map, "group"), *timeout = nsim_value_get(map, "timeout");
    const NsimValue *longest = nsim_value_get(map, "descriptor_max");
    if (engine->channel_count % engine->group_channels != 0)
        return nsim_value_error(group ? group : nsim_value_get(map, "channels"), error,
                                "\"group\" must divide the channels, %u; found %u", engine->channel_count,
                                engine->group_channels);
    if (engine->descriptor_bytes_max < page_bytes)
        return nsim_value_error(longest ? longest : map, error,
                                "\"descriptor_max\" must be at least one page (%" G_GUINT64_FORMAT "KiB)",
                                page_bytes >> 10);
    if (engine->timeout_ps == 0)
        return nsim_value_error(timeout, error, "\"timeout\" must be more than zero, found %s",
                                nsim_value_text(timeout));
    return true;
}

static void
tell_defaults(NsimMachineBuild *build, const NsimValue *map, const NsimCopyEngine *engine, const Preset *preset)
{
    g_autofree char *list = nsim_fields_left_out(fields, FIELDS, preset ? preset->unverified : OPTIONAL, map, engine);
    if (*list && preset)
        nsim_build_assume(build, engine->id, "preset %s, not verified: %s", engine->preset, list);
    else if (*list)
        nsim_build_assume(build, engine->id, "copy engine with %s", list);
}

static bool
parse_fields(NsimMachineBuild *build, const NsimValue *map, NsimCopyEngine *engine, GError **error)
{
    const Preset *preset = NULL;
    const char *id = engine->id, *at = engine->at;
    if (!find_preset(map, &preset, error) || (!preset && !check_given(map, error)))
        return false;
    *engine =
        preset ? preset->values : (NsimCopyEngine){.preset = "", .group_channels = 1, .timeout_ps = DEFAULT_TIMEOUT_PS};
    engine->id = id;
    engine->at = at;
    for (uint32_t f = 0; f < FIELDS; f++) {
        if (!nsim_field_read(&fields[f], map, engine, error))
            return false;
    }
    if (!check_engine(build, map, engine, error))
        return false;
    tell_defaults(build, map, engine, preset);
    return true;
}

static bool
parse_engine(NsimMachineBuild *build, const NsimValue *map, uint32_t index, GError **error)
{
    NsimCopyEngine *engine = &build->engines[index];
    uint32_t at = NSIM_NO_POINT;
    if (!nsim_value_check_map(map, "a copy engine", keys, error) ||
        !nsim_build_read_id(build, map, &engine->id, error) ||
        !nsim_build_add_point(build, engine->id, NSIM_POINT_ENGINE, index, map, error))
        return false;
    if (!nsim_value_get(map, "at"))
        return nsim_value_error(map, error, "key \"at\" is missing");
    if (!nsim_build_parse_at(build, map, build->points->len - 1, &at, error))
        return false;
    const NsimPoint *point = &g_array_index(build->points, NsimPoint, at);
    if (point->kind == NSIM_POINT_ENGINE)
        return nsim_value_error(nsim_value_get(map, "at"), error, "\"%s\" is a copy engine; nothing can be at it",
                                point->id);
    engine->at = point->id;
    return parse_fields(build, map, engine, error);
}

bool
nsim_build_parse_engines(NsimMachineBuild *build, GError **error)
{
    if (!nsim_build_read_list(build->root, "copy_engines", false, NSIM_ENGINES_MAX, "NSIM_ENGINES_MAX",
                              &build->engines_value, error))
        return false;
    const uint32_t count = build->engines_value ? nsim_value_count(build->engines_value) : 0;
    build->engines = nsim_build_alloc(build, count, sizeof *build->engines);
    for (uint32_t e = 0; e < count; e++) {
        if (!parse_engine(build, nsim_value_item(build->engines_value, e), e, error))
            return false;
    }
    build->engine_count = count;
    return true;
}
