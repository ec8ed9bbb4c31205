/* SPDX-License-Identifier: MIT */
/*
 * tpp: transparent page placement for tiered memory (Maruf et al., ASPLOS 2023). Pages of slow memory are armed as in
 * NUMA balancing; a page that faults and is on an inactive list is activated, and one that faults while it is active
 * goes up. Cold pages go down before memory is short: kswapd begins below a demotion watermark of its own, above those
 * of allocation.
 *
 * docs/tpp.md. Left out: placing file pages on slow memory to begin with, the delay until an activation reaches the
 * list (pagevecs).
 */
#include "policies/numa-move.h"

typedef struct {
    NumaScanConfig scan;
    uint64_t demote_ppm;
} TppConfig;

typedef struct {
    const TppConfig *config;
    NumaScan *scan;
    NumaMoves *moves;
} Tpp;

enum { PTE_UPDATES, HINT_FAULTS, PROMOTE_SAMPLED, PROMOTE_CANDIDATE, PROMOTE_SUCCESS, ACTIVATED, NO_ROOM, SCAN_TIME };

static const NsimCounter tpp_counters[] = {
    {"numa_pte_updates", "pages", "pages armed by scans"},
    {"numa_hint_faults", "count", "faults on armed pages"},
    {"pgpromote_sampled", "pages", "pages of slow memory among them"},
    {"pgpromote_candidate", "pages", "of them on an active list"},
    {"pgpromote_success", "pages", "pages that went up"},
    {"activated", "pages", "pages of slow memory that came to an active list instead"},
    {"no_room", "pages", "candidates that found no memory"},
    {"scan_time", "ns", "time of threads spent on scanning"},
};

static const NsimOption tpp_options[] = {
    {.key = "demote_scale_factor",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(TppConfig, demote_ppm),
     .min = 0,
     .max = 500000,
     .default_text = "2%",
     .help = "kswapd works when less of a node than this is free, until so much is",
     .source = "TPP's vm.demote_scale_factor, 200 of 10000 (secondary notes on the paper, not verified)"},
    NUMA_SCAN_OPTIONS(TppConfig),
};

static void
hint_fault(Tpp *self, NsimHost *host, const NsimFault *fault)
{
    uint64_t *counters = nsim_counters(host);
    NumaFault what;
    counters[HINT_FAULTS]++;
    if (!numa_fault_begin(self->scan, host, fault, &what) || self->scan->top[what.node] || what.node == what.task->home)
        return;
    counters[PROMOTE_SAMPLED] += what.count;
    if ((nsim_page_flags(host, fault->space, what.first) & NSIM_PAGE_IS_ACTIVE) == 0) {
        counters[ACTIVATED] += nsim_lru_action(host, fault->space, what.first, what.count, NSIM_LRU_ACTIVATE);
        return;
    }
    counters[PROMOTE_CANDIDATE] += what.count;
    /* Promotions go down to the min watermark: what they take, demotion gives back. */
    NsimNodeState state;
    if (!nsim_node_state(host, what.task->home, &state))
        return;
    if (state.free_pages < state.demote_pages + what.count)
        nsim_wake_kswapd(host, what.task->home);
    if (state.free_pages < state.min_pages + what.count) {
        counters[NO_ROOM] += what.count;
        return;
    }
    what.own = true;
    what.promotion = self->scan->top[what.task->home];
    numa_fault_move(self->moves, host, &what);
}

static void
tpp_detach(void *instance, NsimHost *host)
{
    Tpp *self = instance;
    (void)host;
    numa_scan_free(self->scan);
    numa_moves_free(self->moves);
    g_free(self);
}

static void *
tpp_attach(NsimHost *host, const void *config, GError **error)
{
    const TppConfig *options = config;
    NsimReclaimConfig reclaim = NSIM_RECLAIM_DEFAULTS;
    reclaim.demotion = true;
    reclaim.demote_scale_factor = options->demote_ppm / 100;
    if (!nsim_reclaim(host, &reclaim, error))
        return NULL;
    Tpp *self = g_new0(Tpp, 1);
    self->config = options;
    self->moves = numa_moves_new();
    self->scan = numa_scan_new(host, &options->scan);
    numa_scan_find_tiers(self->scan, host);
    for (uint32_t n = 0; n < nsim_node_count(host); n++)
        self->scan->nodes[n] = !self->scan->top[n];
    numa_scan_start(self->scan, host, 0);
    return self;
}

static void
tpp_faults(void *instance, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (faults[i].kind == NSIM_FAULT_HINT)
            hint_fault(instance, host, &faults[i]);
    }
}

static void
tpp_timer(void *instance, NsimHost *host, uint64_t cookie)
{
    Tpp *self = instance;
    numa_scan_tick(self->scan, host, cookie);
    nsim_counters(host)[PTE_UPDATES] = self->scan->updates;
    nsim_counters(host)[SCAN_TIME] = self->scan->cost_ps / NSIM_NS;
}

static void
tpp_done(void *instance, NsimHost *host, const NsimOutcome *outcome)
{
    Tpp *self = instance;
    uint64_t promoted;
    if (numa_fault_moved(self->moves, self->scan, host, outcome, &promoted))
        nsim_counters(host)[PROMOTE_SUCCESS] += promoted;
}

static const NsimPolicyClass tpp_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "tpp",
    .summary = "TPP: pages of slow memory that fault twice go up, cold ones go down before memory is short",
    .source = "Maruf et al., TPP: Transparent Page Placement for CXL-Enabled Tiered-Memory, ASPLOS 2023",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = tpp_options,
    .option_count = G_N_ELEMENTS(tpp_options),
    .config_size = sizeof(TppConfig),
    .counters = tpp_counters,
    .counter_count = G_N_ELEMENTS(tpp_counters),
    .attach = tpp_attach,
    .detach = tpp_detach,
    .faults = tpp_faults,
    .timer = tpp_timer,
    .done = tpp_done,
};

NSIM_POLICY_EXPORT(tpp, tpp_class);
