/* SPDX-License-Identifier: MIT */
/*
 * nomad: promote without stopping the program, and demote for nothing.
 *
 * A scanner arms pages of the slow tier, some of them each period, as NUMA balancing does. A page that faults twice
 * within `window` of its first fault is a candidate (TPP: found on the active list) and goes to a kernel thread's
 * queue; the fault itself goes on at once. The kernel thread copies while the page stays mapped, commits if it stayed
 * clean, and keeps the old place as a shadow: demoting a page that has one and is clean only maps it back. When free
 * fast memory is short, pages whose accessed bits stayed clear over two rounds of a clock are demoted. Source: Nomad,
 * OSDI 2024; the reference gives the mechanism, constants are NUMA balancing's or assumed. Left out: the LRU lists and
 * kswapd (the clock stands for them), its own throttling when promotion does not pay.
 */
#include "policies/tiers.h"

typedef struct {
    const char *fast;
    NsimTime scan_ps, window_ps, reclaim_ps;
    uint64_t scan_bytes, low_ppm, high_ppm, queue_pages;
} NomadConfig;

/* A place on the way round all units. */
typedef struct {
    NsimSpaceId space;
    uint64_t unit;
} Hand;

typedef struct {
    const NomadConfig *config;
    Tiers tiers;
    NsimTime **faulted_ps; /* by space, by unit: of the last fault, plus 1; 0: none */
    uint8_t **idle;        /* rounds that a unit was found not accessed */
    uint8_t **from;        /* where a unit was promoted from, its shadow's node, plus 1; 0: it was not */
    Hand scan, clock;
    uint64_t queued; /* pages that wait for promotion */
} Nomad;

enum { TIMER_SCAN, TIMER_RECLAIM };
enum { QUEUE_PROMOTE = 1, QUEUE_DEMOTE, QUEUE_SCAN };
enum {
    COUNTER_ARMED,
    COUNTER_FIRST,
    COUNTER_CANDIDATES,
    COUNTER_DROPPED,
    COUNTER_PROMOTED,
    COUNTER_ABORTED,
    COUNTER_DEMOTED
};

static const NsimCounter nomad_counters[] = {
    {.key = "armed_pages", .unit = "pages", .help = "pages of slow memory whose next access was made to fault"},
    {.key = "first_faults", .unit = "count", .help = "faults that only were remembered"},
    {.key = "candidates", .unit = "pages", .help = "pages put into the promotion queue"},
    {.key = "dropped_pages", .unit = "pages", .help = "candidates for which the queue or fast memory was full"},
    {.key = "promoted_pages", .unit = "pages", .help = "pages moved to fast memory"},
    {.key = "aborted_pages",
     .unit = "pages",
     .help = "pages whose promotion failed: written while they were copied, or no room"},
    {.key = "demoted_pages",
     .unit = "pages",
     .help = "pages moved to slow memory, mapped back to their shadows or copied"},
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
    {.key = "window",
     .type = NSIM_OPTION_TIME,
     .offset = offsetof(NomadConfig, window_ps),
     .min = NSIM_US,
     .max = 3600 * NSIM_S,
     .default_text = "10s",
     .help = "a second fault within this time makes a page a candidate",
     .source = "assumed: stands for the way from the inactive to the active list"},
    {.key = "reclaim_period",
     .type = NSIM_OPTION_TIME,
     .offset = offsetof(NomadConfig, reclaim_ps),
     .min = NSIM_US,
     .max = 3600 * NSIM_S,
     .default_text = "100ms",
     .help = "time between two looks at free fast memory",
     .source = "assumed"},
    {.key = "low",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(NomadConfig, low_ppm),
     .min = 0,
     .max = 1000000,
     .default_text = "2%",
     .help = "share of fast memory below which demotion begins",
     .source = "TPP demote_scale_factor, 2 % of a node"},
    {.key = "high",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(NomadConfig, high_ppm),
     .min = 0,
     .max = 1000000,
     .default_text = "4%",
     .help = "share of fast memory up to which it goes on",
     .source = "assumed"},
    {.key = "queue_pages",
     .type = NSIM_OPTION_INT,
     .offset = offsetof(NomadConfig, queue_pages),
     .min = 1,
     .max = UINT32_MAX,
     .default_text = "65536",
     .help = "most pages that wait for promotion",
     .source = "assumed"},
};

static void
step(const Nomad *self, Hand *hand)
{
    if (++hand->unit < self->tiers.unit_counts[hand->space])
        return;
    hand->unit = 0;
    hand->space = (NsimSpaceId)((hand->space + 1u) % self->tiers.space_count);
}

static uint64_t
all_units(const Nomad *self)
{
    uint64_t units = 0;
    for (uint32_t s = 0; s < self->tiers.space_count; s++)
        units += self->tiers.unit_counts[s];
    return units;
}

/* ---- Promotion --------------------------------------------------------------------------------------------------- */

static void
scan(Nomad *self, NsimHost *host)
{
    uint64_t left = MAX(self->config->scan_bytes / self->tiers.page_bytes, (uint64_t)1);
    for (uint64_t units = all_units(self); units > 0 && left > 0; units--) {
        uint32_t count;
        const Hand at = self->scan;
        const NsimPage page = tiers_unit(&self->tiers, at.space, at.unit, &count);
        const NsimNodeId node = nsim_page_node(host, at.space, page);
        step(self, &self->scan);
        left -= MIN(left, count);
        if (node != NSIM_NODE_NONE && self->tiers.slow[node])
            nsim_counters(host)[COUNTER_ARMED] += nsim_arm(host, at.space, page, count);
    }
    (void)nsim_set_timer(host, nsim_now(host) + self->config->scan_ps, TIMER_SCAN);
}

static void
promote(Nomad *self, NsimHost *host, const NsimFault *fault, uint64_t unit)
{
    uint32_t count;
    uint64_t *counters = nsim_counters(host);
    const NsimPage page = tiers_unit(&self->tiers, fault->space, unit, &count);
    const NsimNodeId to = tiers_pick(&self->tiers, host, fault->accessor, true, count);
    counters[COUNTER_CANDIDATES] += count;
    if (to == NSIM_NODE_NONE || self->queued >= self->config->queue_pages) {
        counters[COUNTER_DROPPED] += count;
        return;
    }
    self->queued += count;
    self->from[fault->space][unit] = (uint8_t)(nsim_page_node(host, fault->space, fault->page) + 1);
    (void)nsim_move(host, fault->space, page, count, to, fault->accessor, QUEUE_PROMOTE, NSIM_REASON_PROMOTION,
                    NSIM_MOVE_TRANSACTIONAL);
}

static void
nomad_faults(void *instance, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    Nomad *self = instance;
    for (uint32_t i = 0; i < count; i++) {
        const NsimFault *fault = &faults[i];
        const uint64_t unit = tiers_unit_of(&self->tiers, fault->space, fault->page);
        const NsimNodeId node = nsim_page_node(host, fault->space, fault->page);
        if (fault->kind != NSIM_FAULT_HINT || node == NSIM_NODE_NONE || !self->tiers.slow[node])
            continue;
        NsimTime *last_ps = &self->faulted_ps[fault->space][unit];
        const bool again = *last_ps > 0 && fault->time_ps - (*last_ps - 1) <= self->config->window_ps;
        *last_ps = again ? 0 : fault->time_ps + 1;
        if (again)
            promote(self, host, fault, unit);
        else
            nsim_counters(host)[COUNTER_FIRST]++;
    }
}

/* ---- Demotion ---------------------------------------------------------------------------------------------------- */

static uint64_t
share_of(uint64_t pages, uint64_t ppm)
{
    return pages / 1000000 * ppm + pages % 1000000 * ppm / 1000000;
}

/* Where a unit goes down to: back to its shadow, or the nearest slow node with room. */
static NsimNodeId
way_down(const Nomad *self, const NsimHost *host, Hand at, uint32_t pages)
{
    const uint8_t from = self->from[at.space][at.unit];
    return from > 0 ? (NsimNodeId)(from - 1) : tiers_pick(&self->tiers, host, 0, false, pages);
}

/* Go round fast memory until `need` pages that stayed idle are on their way. */
static void
demote(Nomad *self, NsimHost *host, uint64_t need)
{
    for (uint64_t units = 2 * all_units(self); units > 0 && need > 0; units--) {
        uint32_t count;
        const Hand at = self->clock;
        const NsimPage page = tiers_unit(&self->tiers, at.space, at.unit, &count);
        const NsimNodeId node = nsim_page_node(host, at.space, page);
        uint8_t *idle = &self->idle[at.space][at.unit];
        step(self, &self->clock);
        if (node == NSIM_NODE_NONE || !self->tiers.fast[node])
            continue;
        *idle = nsim_clear_young(host, at.space, page, count, QUEUE_SCAN, NULL) > 0 ? 0 : *idle + 1;
        const NsimNodeId to = *idle < 2 ? NSIM_NODE_NONE : way_down(self, host, at, count);
        if (to == NSIM_NODE_NONE)
            continue;
        *idle = 0;
        (void)nsim_move(host, at.space, page, count, to, 0, QUEUE_DEMOTE, NSIM_REASON_DEMOTION, 0);
        need -= MIN(need, count);
    }
}

static void
reclaim(Nomad *self, NsimHost *host)
{
    const uint64_t have = tiers_free(&self->tiers, host, true) + nsim_queue_pages(host, QUEUE_DEMOTE);
    const uint64_t high = share_of(self->tiers.fast_pages, self->config->high_ppm);
    if (have < share_of(self->tiers.fast_pages, self->config->low_ppm) && have < high)
        demote(self, host, high - have);
    (void)nsim_set_timer(host, nsim_now(host) + self->config->reclaim_ps, TIMER_RECLAIM);
}

/* ---- The contract ------------------------------------------------------------------------------------------------ */

static void
nomad_timer(void *instance, NsimHost *host, uint64_t cookie)
{
    if (cookie == TIMER_SCAN)
        scan(instance, host);
    else
        reclaim(instance, host);
}

static void
nomad_done(void *instance, NsimHost *host, const NsimOutcome *outcome)
{
    Nomad *self = instance;
    uint64_t *counters = nsim_counters(host);
    const bool up = self->tiers.fast[outcome->node];
    self->queued -= up ? outcome->count : 0;
    counters[up ? COUNTER_PROMOTED : COUNTER_DEMOTED] += outcome->moved_pages;
    counters[COUNTER_ABORTED] += up ? outcome->failed_pages : 0;
}

static void *
nomad_attach(NsimHost *host, const void *config, GError **error)
{
    Nomad *self = g_new0(Nomad, 1);
    self->config = config;
    if (!tiers_init(&self->tiers, host, "nomad", self->config->fast, error)) {
        tiers_clear(&self->tiers);
        g_free(self);
        return NULL;
    }
    self->faulted_ps = g_new0(NsimTime *, self->tiers.space_count + 1);
    self->idle = g_new0(uint8_t *, self->tiers.space_count + 1);
    self->from = g_new0(uint8_t *, self->tiers.space_count + 1);
    for (uint32_t s = 0; s < self->tiers.space_count; s++) {
        self->faulted_ps[s] = g_new0(NsimTime, self->tiers.unit_counts[s] + 1);
        self->idle[s] = g_new0(uint8_t, self->tiers.unit_counts[s] + 1);
        self->from[s] = g_new0(uint8_t, self->tiers.unit_counts[s] + 1);
    }
    (void)nsim_name_queue(host, QUEUE_PROMOTE, "kpromoted");
    (void)nsim_name_queue(host, QUEUE_DEMOTE, "kdemoted");
    (void)nsim_name_queue(host, QUEUE_SCAN, "kswapd");
    (void)nsim_set_timer(host, self->config->scan_ps, TIMER_SCAN);
    (void)nsim_set_timer(host, self->config->reclaim_ps, TIMER_RECLAIM);
    return self;
}

static void
nomad_detach(void *instance, NsimHost *host)
{
    Nomad *self = instance;
    (void)host;
    for (uint32_t s = 0; s < self->tiers.space_count; s++) {
        g_free(self->faulted_ps[s]);
        g_free(self->idle[s]);
        g_free(self->from[s]);
    }
    g_free(self->faulted_ps);
    g_free(self->idle);
    g_free(self->from);
    tiers_clear(&self->tiers);
    g_free(self);
}

static const NsimPolicyClass nomad_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "nomad",
    .summary =
        "pages that fault twice are copied to fast memory while they stay mapped; their old places serve as demotions",
    .source = "Xiang and others, Nomad, OSDI 2024; constants of NUMA balancing or assumed",
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
