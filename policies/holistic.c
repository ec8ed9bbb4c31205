/* SPDX-License-Identifier: MIT */
/*
 * holistic: tiering that knows who accesses. Each accessor - CPU, GPU or other - has its own order of nodes and its own
 * monitor, which counts that accessor's accesses alone: DAMON over page faults or hardware samples, filtered by CPU.
 *
 * `conflict` says what happens to pages that several accessors want. `independent` is the talk's proposal taken
 * literally: one TPP for each accessor along its path, unaware of the others, which is exactly the kdamonds of its
 * command line. The other rules are ours: a place is chosen once for all accessors (holistic-place.h).
 *
 * Left out: groups of processes; priorities between accessors.
 */
#include "policies/damon-scheme.h"
#include "policies/holistic-place.h"
#include "policies/path.h"

#include <string.h>

#define QUEUE 1u

typedef struct {
    uint32_t conflict, primitive;
    const char *accessors;
    DamonTiering tiering;
    uint64_t hysteresis_ppm, shared_ppm, reserve_ppm;
    NsimTime cooldown_ps;
} HolisticConfig;

typedef struct {
    const HolisticConfig *config;
    NsimAccessorId accessors[HOLISTIC_ACCESSORS_MAX];
    uint32_t accessor_count;
    HolisticPlace *place; /* NULL: INDEPENDENT */
    NsimTime window_ps;   /* when the quota's window began */
    GArray *seen;         /* HolisticSeen, scratch */
} Holistic;

enum { ROUNDS, CANDIDATE_PAGES, MOVED_PAGES, EXCHANGED_PAGES, SHARED_PAGES, COUNTERS };

static const NsimCounter holistic_counters[COUNTERS] = {
    [ROUNDS] = {"rounds", "count", "rounds of choosing places for all accessors"},
    [CANDIDATE_PAGES] = {"candidate_pages", "pages", "pages that would gain by a move, summed over rounds"},
    [MOVED_PAGES] = {"moved_pages", "pages", "pages asked to move"},
    [EXCHANGED_PAGES] = {"exchanged_pages", "pages", "pages asked to change places"},
    [SHARED_PAGES] = {"shared_pages", "pages", "pages that several accessors access alike, summed over rounds"},
};

static const char *const conflicts[] = {"independent", "cost", "majority", "interleave", NULL};
static const char *const primitives[] = {"page_fault", "hw_sample", NULL};

static const NsimOption holistic_options[] = {
    {.key = "conflict",
     .type = NSIM_OPTION_ENUM,
     .offset = offsetof(HolisticConfig, conflict),
     .default_text = "cost",
     .choices = conflicts,
     .help = "pages that several accessors want: independent (the talk), cost, majority, interleave",
     .source = "independent: Park, LPC 2025 talk; the others are numasim's"},
    {.key = "accessors",
     .type = NSIM_OPTION_STRING,
     .offset = offsetof(HolisticConfig, accessors),
     .default_text = "auto",
     .help = "accessors that have a path: CPU1+CPU2; auto: all",
     .source = "Park, LPC 2025 talk: N accessors"},
    {.key = "primitive",
     .type = NSIM_OPTION_ENUM,
     .offset = offsetof(HolisticConfig, primitive),
     .default_text = "page_fault",
     .choices = primitives,
     .help = "what tells who accesses: page_fault or hw_sample",
     .source = "Park, per-CPU monitoring RFC v3, 2025-12-08"},
    DAMON_TIERING_OPTIONS(HolisticConfig),
    {.key = "hysteresis",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(HolisticConfig, hysteresis_ppm),
     .max = 1000000,
     .default_text = "20%",
     .help = "share of its present cost that a page must gain by a move; not for independent",
     .source = "numasim: assumed"},
    {.key = "cooldown",
     .type = NSIM_OPTION_TIME,
     .offset = offsetof(HolisticConfig, cooldown_ps),
     .max = 1000000000000000ull,
     .default_text = "10s",
     .help = "how long a page stays that has moved; not for independent",
     .source = "numasim: the time within which a return counts as ping-pong"},
    {.key = "shared",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(HolisticConfig, shared_ppm),
     .max = 1000000,
     .default_text = "50%",
     .help = "interleave: least rate, of the largest, of an accessor that shares a page",
     .source = "numasim: assumed"},
    {.key = "reserve",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(HolisticConfig, reserve_ppm),
     .max = 1000000,
     .default_text = "0.5%",
     .help = "share of each node that stays free; not for independent",
     .source = "Park, LPC 2025 talk: free goal of demotion"},
};

/* ---- Monitoring ---------------------------------------------------------------------------------------------- */

/* The accessor's first and last CPU number: cores of CPUs come first, then those of the others, in the machine's order.
 */
static void
cpu_numbers(const NsimHost *host, NsimAccessorId accessor, uint32_t *ret_first, uint32_t *ret_last)
{
    NsimAccessorInfo own = {0};
    uint32_t first = 0;
    nsim_accessor_info(host, accessor, &own);
    for (uint32_t a = 0; a < nsim_accessor_count(host); a++) {
        NsimAccessorInfo info = {0};
        if (!nsim_accessor_info(host, (NsimAccessorId)a, &info) || a == accessor)
            continue;
        const bool other_is_cpu = info.kind == NSIM_ACCESSOR_CPU, own_is_cpu = own.kind == NSIM_ACCESSOR_CPU;
        if (other_is_cpu == own_is_cpu ? a < accessor : other_is_cpu)
            first += info.core_count;
    }
    *ret_first = first;
    *ret_last = first + MAX(own.core_count, 1u) - 1;
}

/* Whose accesses an accessor's monitor counts, in damo's words. (transfer full) */
static char *
sample_filter(const Holistic *self, const NsimHost *host, uint32_t index)
{
    uint32_t first, last;
    cpu_numbers(host, self->accessors[index], &first, &last);
    return g_strdup_printf("allow cpu %u-%u", first, last);
}

/* (transfer full) */
static char *
primitive_words(const Holistic *self)
{
    return g_strdup_printf("--sample_primitives %s", primitives[self->config->primitive]);
}

/* One TPP for each accessor. (transfer full) */
static char *
independent_text(const Holistic *self, const NsimHost *host, GError **error)
{
    DamoText damo;
    damo_text_begin(&damo);
    bool sound = true;
    for (uint32_t i = 0; i < self->accessor_count && sound; i++) {
        g_autofree char *words = primitive_words(self), *filter = sample_filter(self, host, i);
        NodeList path;
        sound = path_parse(host, "holistic", "auto", self->accessors[i], &path, error);
        if (sound)
            damon_tiering_append(&damo, host, &self->config->tiering, &path, words, filter);
    }
    char *text = damo_text_end(&damo);
    if (!sound)
        g_clear_pointer(&text, g_free);
    return text;
}

/* A monitor for each accessor and workload: kdamond index = accessor x spaces + space. (transfer full) */
static char *
monitors_text(const Holistic *self, const NsimHost *host)
{
    DamoText damo;
    damo_text_begin(&damo);
    for (uint32_t i = 0; i < self->accessor_count; i++) {
        g_autofree char *words = primitive_words(self), *filter = sample_filter(self, host, i);
        for (uint32_t s = 0; s < nsim_space_count(host); s++) {
            damo_text_space(&damo, s);
            damo_text_word(&damo, "%s", self->config->tiering.monitoring);
            damo_text_word(&damo, "%s", words);
            damo_text_sample_filter(&damo, filter);
        }
    }
    return damo_text_end(&damo);
}

static void
holistic_regions(void *instance, NsimHost *host, const NsimSnapshot *snapshot)
{
    Holistic *self = instance;
    const uint32_t spaces = nsim_space_count(host);
    if (self->place == NULL || spaces == 0 || snapshot->kdamond / spaces >= self->accessor_count)
        return;
    g_array_set_size(self->seen, 0);
    for (uint32_t i = 0; i < snapshot->region_count; i++) {
        const NsimSnapshotRegion *region = &snapshot->regions[i];
        const HolisticSeen seen = {region->start, region->end, region->nr_accesses};
        g_array_append_val(self->seen, seen);
    }
    holistic_place_see(self->place, snapshot->kdamond / spaces, (NsimSpaceId)(snapshot->kdamond % spaces),
                       (const HolisticSeen *)(void *)self->seen->data, self->seen->len);
}

static void
holistic_timer(void *instance, NsimHost *host, uint64_t cookie)
{
    Holistic *self = instance;
    uint64_t *counters = nsim_counters(host);
    (void)cookie;
    if (nsim_now(host) - self->window_ps >= self->config->tiering.quota_interval_ps) {
        self->window_ps = nsim_now(host);
        holistic_place_refill(self->place);
    }
    const HolisticRound round = holistic_place_round(self->place, host);
    counters[ROUNDS]++;
    counters[CANDIDATE_PAGES] += round.candidate_pages;
    counters[MOVED_PAGES] += round.moved_pages;
    counters[EXCHANGED_PAGES] += round.exchanged_pages;
    counters[SHARED_PAGES] += round.shared_pages;
    nsim_set_timer(host, nsim_now(host) + self->config->tiering.apply_interval_ps, 0);
}

/* ---- Life ---------------------------------------------------------------------------------------------------- */

static bool
find_accessors(Holistic *self, const NsimHost *host, GError **error)
{
    const bool all = strcmp(self->config->accessors, "auto") == 0;
    g_auto(GStrv) ids = g_strsplit(all ? "" : self->config->accessors, "+", -1);
    for (uint32_t a = 0; all && a < nsim_accessor_count(host) && self->accessor_count < HOLISTIC_ACCESSORS_MAX; a++)
        self->accessors[self->accessor_count++] = (NsimAccessorId)a;
    for (char **id = ids; *id != NULL; id++) {
        if (self->accessor_count == HOLISTIC_ACCESSORS_MAX) {
            g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION,
                        "policy 'holistic': accessors takes at most %u of them", HOLISTIC_ACCESSORS_MAX);
            return false;
        }
        if (!path_find_accessor(host, "holistic", *id, &self->accessors[self->accessor_count++], error))
            return false;
    }
    return true;
}

/* Choose places for all accessors in rounds. */
static void
begin_rounds(Holistic *self, NsimHost *host)
{
    const HolisticConfig *config = self->config;
    NsimSpaceInfo space = {.page_bytes = 4096};
    nsim_space_info(host, 0, &space);
    const HolisticRules rules = {
        .conflict = (HolisticConflict)config->conflict,
        .quota_pages = config->tiering.quota_bytes / space.page_bytes,
        .hysteresis_ppm = config->hysteresis_ppm,
        .cooldown_rounds = (uint32_t)MIN(config->cooldown_ps / config->tiering.apply_interval_ps, (NsimTime)0x7fff),
        .shared_ppm = config->shared_ppm,
        .reserve_ppm = config->reserve_ppm,
        .queue = QUEUE};
    self->place = holistic_place_new(host, self->accessors, self->accessor_count, &rules);
    self->window_ps = nsim_now(host);
    nsim_name_queue(host, QUEUE, "holistic");
    nsim_set_timer(host, nsim_now(host) + config->tiering.apply_interval_ps, 0);
}

static void
holistic_detach(void *instance, NsimHost *host)
{
    Holistic *self = instance;
    (void)host;
    if (self->place != NULL)
        holistic_place_free(self->place);
    g_array_unref(self->seen);
    g_free(self);
}

static void *
holistic_attach(NsimHost *host, const void *config, GError **error)
{
    Holistic *self = g_new0(Holistic, 1);
    self->config = config;
    self->seen = g_array_new(FALSE, FALSE, sizeof(HolisticSeen));
    g_autofree char *text = NULL;
    if (find_accessors(self, host, error))
        text = self->config->conflict == HOLISTIC_INDEPENDENT ? independent_text(self, host, error)
                                                              : monitors_text(self, host);
    if (text == NULL || !nsim_damon(host, text, error)) {
        holistic_detach(self, host);
        return NULL;
    }
    if (self->config->conflict != HOLISTIC_INDEPENDENT)
        begin_rounds(self, host);
    return self;
}

static const NsimPolicyClass holistic_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "holistic",
    .summary =
        "each accessor monitored by itself and tiered along its own order of nodes, with a rule for shared pages",
    .source =
        "Park, Holistic NUMA migration, LPC 2025 and LSFMM 2026 (idea; conflict rules beyond independent are ours)",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = holistic_options,
    .option_count = G_N_ELEMENTS(holistic_options),
    .config_size = sizeof(HolisticConfig),
    .counters = holistic_counters,
    .counter_count = COUNTERS,
    .attach = holistic_attach,
    .detach = holistic_detach,
    .timer = holistic_timer,
    .regions = holistic_regions,
};

NSIM_POLICY_EXPORT(holistic, holistic_class);
