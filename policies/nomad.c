/* SPDX-License-Identifier: MIT */
/*
 * nomad: promote without stopping the program, and demote for nothing.
 *
 * A scanner arms pages of the slow tier, some of them each period, as NUMA balancing does. A page that faults goes into
 * a short queue of candidates, which is looked over at every later fault: each look finds the accessed bit that the
 * fault's access has set, and takes the page one step further, as mark_page_accessed() does, from inactive to
 * referenced to active; one that is active goes to the promotion queue of a kernel thread. That copies while the page
 * stays mapped, commits if it stayed clean, and keeps the old place as a shadow. kswapd demotes from the inactive list
 * before fast memory is short, as in TPP; a clean page with a shadow is only mapped back.
 *
 * Source: Nomad, OSDI 2024, and its published module for Linux 5.13 (queues, their lengths, what a look does).
 * Left out: throttling when promotion does not pay, which the paper leaves open and the module does not have;
 * kswapd's scans clearing bits between two looks.
 */
#include "policies/tiers.h"

#define PPM 1000000u

typedef struct {
    const char *fast;
    NsimTime scan_ps;
    uint64_t scan_bytes, demote_ppm, lookback, queue_length;
} NomadConfig;

/* A page that faulted. */
typedef struct {
    uint64_t unit;
    NsimSpaceId space;
    NsimAccessorId accessor;
    bool referenced;
} Candidate;

typedef struct {
    const NomadConfig *config;
    Tiers tiers;
    GArray *candidates; /* oldest first */
    bool **queued;      /* by space, by unit: waits for promotion */
    uint64_t queue_length;
    NsimSpaceId space; /* where the scanner goes on */
    uint64_t unit;
} Nomad;

enum { QUEUE_PROMOTE = 1 };
enum {
    COUNTER_ARMED,
    COUNTER_FAULTS,
    COUNTER_ACTIVATED,
    COUNTER_QUEUED,
    COUNTER_FORGOTTEN,
    COUNTER_DROPPED,
    COUNTER_PROMOTED,
    COUNTER_ABORTED
};

static const NsimCounter nomad_counters[] = {
    {.key = "armed_pages", .unit = "pages", .help = "pages of slow memory whose next access was made to fault"},
    {.key = "hint_faults", .unit = "count", .help = "faults on them: each makes a candidate"},
    {.key = "activated_pages", .unit = "pages", .help = "candidates that came to the active list"},
    {.key = "queued_pages", .unit = "pages", .help = "pages put into the promotion queue"},
    {.key = "forgotten", .unit = "count", .help = "candidates that later ones pushed out"},
    {.key = "dropped_pages",
     .unit = "pages",
     .help = "active candidates for which the promotion queue or fast memory was full"},
    {.key = "promoted_pages", .unit = "pages", .help = "pages moved to fast memory"},
    {.key = "aborted_pages",
     .unit = "pages",
     .help = "pages whose promotion failed: written while they were copied, or no room"},
};

static const NsimOption nomad_options[] = {
    {.key = "fast",
     .type = NSIM_OPTION_STRING,
     .offset = offsetof(NomadConfig, fast),
     .default_text = "auto",
     .help = "the fast nodes, by id or number; auto: all dram and hbm",
     .source = "none"},
    {.key = "scan_period",
     .type = NSIM_OPTION_TIME,
     .offset = offsetof(NomadConfig, scan_ps),
     .min = NSIM_US,
     .max = 3600 * NSIM_S,
     .default_text = "1s",
     .help = "time between two scans that arm pages",
     .source = "Linux numa_balancing_scan_period_min"},
    {.key = "scan_size",
     .type = NSIM_OPTION_BYTES,
     .offset = offsetof(NomadConfig, scan_bytes),
     .min = 4096,
     .max = (uint64_t)1 << 50,
     .default_text = "256MiB",
     .help = "bytes that a scan looks at",
     .source = "Linux numa_balancing_scan_size"},
    {.key = "demote_scale_factor",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(NomadConfig, demote_ppm),
     .min = 0,
     .max = PPM / 2,
     .default_text = "2%",
     .help = "kswapd works when less of a node than this is free, until so much is",
     .source = "TPP, on whose kernel Nomad stands"},
    {.key = "lookback",
     .type = NSIM_OPTION_INT,
     .offset = offsetof(NomadConfig, lookback),
     .min = 1,
     .max = 65536,
     .default_text = "20",
     .help = "faults after which a candidate is forgotten",
     .source = "Nomad's module, PG_FAULT_LOOKBACK_DIST"},
    {.key = "queue",
     .type = NSIM_OPTION_INT,
     .offset = offsetof(NomadConfig, queue_length),
     .min = 1,
     .max = UINT32_MAX,
     .default_text = "512",
     .help = "most units of movement that wait for promotion",
     .source = "Nomad's module, PROMOTE_QUEUE_LEN"},
};

/* ---- Arming ------------------------------------------------------------------------------------------------------ */

static void
nomad_timer(void *instance, NsimHost *host, uint64_t cookie)
{
    Nomad *self = instance;
    uint64_t left = MAX(self->config->scan_bytes / self->tiers.page_bytes, (uint64_t)1);
    (void)cookie;
    for (uint64_t units = tiers_all_units(&self->tiers); units > 0 && left > 0; units--) {
        uint32_t count;
        const NsimSpaceId space = self->space;
        const NsimPage page = tiers_unit(&self->tiers, space, self->unit, &count);
        const NsimNodeId node = nsim_page_node(host, space, page);
        tiers_next_unit(&self->tiers, &self->space, &self->unit);
        left -= MIN(left, count);
        if (node != NSIM_NODE_NONE && self->tiers.slow[node])
            nsim_counters(host)[COUNTER_ARMED] += nsim_arm(host, space, page, count);
    }
    (void)nsim_set_timer(host, nsim_now(host) + self->config->scan_ps, 0);
}

/* ---- Promotion --------------------------------------------------------------------------------------------------- */

/* The nearest fast node, if the page finds room above its min watermark; kswapd hears of it when there is little. */
static NsimNodeId
find_room(const Nomad *self, NsimHost *host, NsimAccessorId accessor, uint32_t count)
{
    NsimNodeState state;
    const NsimNodeId node = tiers_pick_of(self->tiers.fast, host, accessor, 0);
    if (node == NSIM_NODE_NONE || !nsim_node_state(host, node, &state))
        return NSIM_NODE_NONE;
    if (state.free_pages < state.demote_pages + count)
        nsim_wake_kswapd(host, node);
    return state.free_pages < state.min_pages + count ? NSIM_NODE_NONE : node;
}

static void
promote(Nomad *self, NsimHost *host, const Candidate *candidate)
{
    uint32_t count;
    uint64_t *counters = nsim_counters(host);
    const NsimPage page = tiers_unit(&self->tiers, candidate->space, candidate->unit, &count);
    if (self->queued[candidate->space][candidate->unit])
        return;
    const NsimNodeId to = find_room(self, host, candidate->accessor, count);
    if (to == NSIM_NODE_NONE || self->queue_length >= self->config->queue_length) {
        counters[COUNTER_DROPPED] += count;
        return;
    }
    counters[COUNTER_QUEUED] += count;
    self->queue_length++;
    self->queued[candidate->space][candidate->unit] = true;
    (void)nsim_move(host, candidate->space, page, count, to, candidate->accessor, QUEUE_PROMOTE, NSIM_REASON_PROMOTION,
                    NSIM_MOVE_TRANSACTIONAL);
}

/* Take a candidate one step further. False: it is none any more. */
static bool
look(Nomad *self, NsimHost *host, Candidate *candidate)
{
    uint32_t count;
    const NsimPage page = tiers_unit(&self->tiers, candidate->space, candidate->unit, &count);
    const NsimNodeId node = nsim_page_node(host, candidate->space, page);
    const uint32_t flags = nsim_page_flags(host, candidate->space, page);
    if (node == NSIM_NODE_NONE || !self->tiers.slow[node])
        return false;
    if ((flags & NSIM_PAGE_IS_ACTIVE) != 0) {
        promote(self, host, candidate);
        return false;
    }
    if (candidate->referenced || (flags & NSIM_PAGE_IS_REFERENCED) != 0)
        nsim_counters(host)[COUNTER_ACTIVATED] +=
            nsim_lru_action(host, candidate->space, page, count, NSIM_LRU_ACTIVATE);
    candidate->referenced = true;
    return true;
}

/* A fault: all earlier candidates are looked at, and its page becomes one. */
static void
hint_fault(Nomad *self, NsimHost *host, const NsimFault *fault)
{
    GArray *candidates = self->candidates;
    guint kept = 0;
    for (guint i = 0; i < candidates->len; i++) {
        Candidate *candidate = &g_array_index(candidates, Candidate, i);
        if (look(self, host, candidate))
            g_array_index(candidates, Candidate, kept++) = *candidate;
    }
    g_array_set_size(candidates, kept);
    if (kept == self->config->lookback) {
        g_array_remove_index(candidates, 0);
        nsim_counters(host)[COUNTER_FORGOTTEN]++;
    }
    const Candidate candidate = {.unit = tiers_unit_of(&self->tiers, fault->space, fault->page),
                                 .space = fault->space,
                                 .accessor = fault->accessor};
    g_array_append_val(candidates, candidate);
}

/* ---- The contract ------------------------------------------------------------------------------------------------ */

static void
nomad_faults(void *instance, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    Nomad *self = instance;
    for (uint32_t i = 0; i < count; i++) {
        const NsimNodeId node = nsim_page_node(host, faults[i].space, faults[i].page);
        if (faults[i].kind != NSIM_FAULT_HINT || node == NSIM_NODE_NONE || !self->tiers.slow[node])
            continue;
        nsim_counters(host)[COUNTER_FAULTS]++;
        hint_fault(self, host, &faults[i]);
    }
}

static void
nomad_done(void *instance, NsimHost *host, const NsimOutcome *outcome)
{
    Nomad *self = instance;
    uint64_t *counters = nsim_counters(host);
    self->queue_length--;
    self->queued[outcome->space][tiers_unit_of(&self->tiers, outcome->space, outcome->page)] = false;
    counters[COUNTER_PROMOTED] += outcome->moved_pages;
    counters[COUNTER_ABORTED] += outcome->failed_pages;
}

static void
nomad_detach(void *instance, NsimHost *host)
{
    Nomad *self = instance;
    (void)host;
    for (uint32_t s = 0; self->queued != NULL && s < self->tiers.space_count; s++)
        g_free(self->queued[s]);
    g_free(self->queued);
    g_array_unref(self->candidates);
    tiers_clear(&self->tiers);
    g_free(self);
}

static void *
nomad_attach(NsimHost *host, const void *config, GError **error)
{
    const NomadConfig *options = config;
    Nomad *self = g_new0(Nomad, 1);
    NsimReclaimConfig reclaim = NSIM_RECLAIM_DEFAULTS;
    reclaim.demotion = true;
    reclaim.demote_scale_factor = options->demote_ppm / 100;
    self->config = options;
    self->candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
    if (!tiers_init(&self->tiers, host, "nomad", options->fast, error) || !nsim_reclaim(host, &reclaim, error)) {
        nomad_detach(self, host);
        return NULL;
    }
    self->queued = g_new0(bool *, self->tiers.space_count + 1);
    for (uint32_t s = 0; s < self->tiers.space_count; s++)
        self->queued[s] = g_new0(bool, self->tiers.unit_counts[s] + 1);
    (void)nsim_name_queue(host, QUEUE_PROMOTE, "kpromote");
    (void)nsim_set_timer(host, options->scan_ps, 0);
    return self;
}

static const NsimPolicyClass nomad_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "nomad",
    .summary =
        "pages that fault and are active are copied to fast memory while they stay mapped; old places serve demotions",
    .source = "Xiang and others, Nomad, OSDI 2024, and its module; scans as NUMA balancing's",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = nomad_options,
    .option_count = G_N_ELEMENTS(nomad_options),
    .config_size = sizeof(NomadConfig),
    .counters = nomad_counters,
    .counter_count = G_N_ELEMENTS(nomad_counters),
    .attach = nomad_attach,
    .detach = nomad_detach,
    .faults = nomad_faults,
    .timer = nomad_timer,
    .done = nomad_done,
};

NSIM_POLICY_EXPORT(nomad, nomad_class);
