/* SPDX-License-Identifier: MIT */
/*
 * colloid: move hot pages towards whichever tier answers faster under load, until both answer equally fast.
 *
 * Every quantum: the loaded latency of each tier is the mean of its reads in the quantum (what a caching agent's
 * occupancy over its rate of arrivals gives), smoothed, and p is the fast tier's share of the reads. Two watermarks
 * enclose the p at which latencies agree; the next p is their middle. The share to shift is taken off hot pages of the
 * one tier, whose share of the samples stands for their share of the accesses, within a limit of bytes. Source:
 * Colloid, SOSP 2024; the reference gives the principle, the watermarks and constants are from the paper, unverified.
 * It sits on a tiering system: here on counts of hardware samples as HeMem's. Left out: hint faults as the monitor,
 * more than two tiers.
 */
#include "policies/heat.h"

#define PPM 1000000u

typedef struct {
    const char *fast;
    TiersSampling sampling;
    NsimTime quantum_ps;
    uint64_t delta_ppm, epsilon_ppm, weight_ppm, cooling, limit_bytes;
} ColloidConfig;

typedef struct {
    uint64_t reads;      /* counters at the last quantum */
    NsimTime latency_ps; /* the same */
    NsimTime mean_ps;    /* smoothed */
    NsimTime idle_ps;    /* unloaded: what a tier without reads would take */
} Tier;

typedef struct {
    const ColloidConfig *config;
    Tiers tiers;
    Heat heat;
    Tier tier[2];               /* fast, slow */
    uint64_t low_ppm, high_ppm; /* watermarks of p */
    NsimSpaceId space;          /* where looking for pages goes on, */
    uint64_t unit;
    NsimSpaceId cold_space; /* ... and for cold ones that make room */
    uint64_t cold_unit;
} Colloid;

enum {
    COUNTER_QUANTA,
    COUNTER_BALANCED,
    COUNTER_PROMOTED,
    COUNTER_DEMOTED,
    COUNTER_FAST_NS,
    COUNTER_SLOW_NS,
    COUNTER_SHARE
};

static const NsimCounter colloid_counters[] = {
    {.key = "quanta", .unit = "count", .help = "times the latencies were compared"},
    {.key = "balanced_quanta", .unit = "count", .help = "times among them that they agreed"},
    {.key = "promoted_pages", .unit = "pages", .help = "pages moved to the fast tier"},
    {.key = "demoted_pages", .unit = "pages", .help = "pages moved to the slow tier, by load or to make room"},
    {.key = "fast_latency", .unit = "ns", .help = "loaded read latency of the fast tier at the end, smoothed"},
    {.key = "slow_latency", .unit = "ns", .help = "the same of the slow tier"},
    {.key = "fast_share", .unit = "ppm", .help = "the fast tier's share of the reads in the last quantum"},
};

static const NsimOption colloid_options[] = {
    {.key = "fast",
     .type = NSIM_OPTION_STRING,
     .offset = offsetof(ColloidConfig, fast),
     .default_text = "auto",
     .help = "the default tier's nodes, by id or number; auto: all dram and hbm",
     .source = "none"},
    TIERS_SAMPLING_OPTIONS(ColloidConfig, sampling, "200", "assumed: as memtis"),
    {.key = "quantum",
     .type = NSIM_OPTION_TIME,
     .offset = offsetof(ColloidConfig, quantum_ps),
     .min = NSIM_US,
     .max = 3600 * NSIM_S,
     .default_text = "10ms",
     .help = "time between two comparisons",
     .source = "Colloid on HeMem; from the paper, unverified"},
    {.key = "delta",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(ColloidConfig, delta_ppm),
     .min = 0,
     .max = PPM,
     .default_text = "5%",
     .help = "latencies that differ by less than this share of the fast tier's agree",
     .source = "Colloid; from the paper, unverified"},
    {.key = "epsilon",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(ColloidConfig, epsilon_ppm),
     .min = 1,
     .max = PPM,
     .default_text = "1%",
     .help = "watermarks closer than this enclose nothing any more: one of them is reset",
     .source = "Colloid; from the paper, unverified"},
    {.key = "smoothing",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(ColloidConfig, weight_ppm),
     .min = 1,
     .max = PPM,
     .default_text = "50%",
     .help = "weight of the newest quantum in the smoothed latencies",
     .source = "assumed"},
    {.key = "cooling",
     .type = NSIM_OPTION_INT,
     .offset = offsetof(ColloidConfig, cooling),
     .min = 1,
     .max = UINT32_MAX,
     .default_text = "100000",
     .help = "samples between two halvings of all counts",
     .source = "assumed: HeMem halves them when one page reaches 18"},
    {.key = "limit",
     .type = NSIM_OPTION_BYTES,
     .offset = offsetof(ColloidConfig, limit_bytes),
     .min = 4096,
     .max = (uint64_t)1 << 50,
     .default_text = "16MiB",
     .help = "most bytes to move in a quantum",
     .source = "assumed"},
};

enum { QUEUE_MIGRATE = 1 };

/* ---- What to shift ---------------------------------------------------------------------------------------------- */

/* The tier's mean read latency in this quantum goes into the smoothed one. Returns its reads. */
static uint64_t
measure(const Colloid *self, const NsimHost *host, bool fast, Tier *tier)
{
    const bool *nodes = fast ? self->tiers.fast : self->tiers.slow;
    uint64_t reads = 0;
    NsimTime latency_ps = 0;
    for (uint32_t n = 0; n < self->tiers.node_count; n++) {
        for (uint32_t a = 0; nodes[n] && a < nsim_accessor_count(host); a++) {
            NsimRouteCounters route = {0};
            (void)nsim_route_counters(host, (NsimAccessorId)a, (NsimNodeId)n, &route);
            reads += route.reads;
            latency_ps += route.read_latency_ps;
        }
    }
    const uint64_t new_reads = reads - tier->reads;
    const NsimTime new_ps = new_reads == 0 ? tier->idle_ps : (latency_ps - tier->latency_ps) / new_reads;
    const uint64_t weight = self->config->weight_ppm;
    tier->mean_ps = tier->mean_ps == 0 ? new_ps : (tier->mean_ps * (PPM - weight) + new_ps * weight) / PPM;
    tier->reads = reads;
    tier->latency_ps = latency_ps;
    return new_reads;
}

/* Do the latencies agree? */
static bool
agree(const Colloid *self)
{
    const NsimTime fast_ps = self->tier[0].mean_ps, slow_ps = self->tier[1].mean_ps;
    const NsimTime apart_ps = fast_ps > slow_ps ? fast_ps - slow_ps : slow_ps - fast_ps;
    return apart_ps * PPM <= fast_ps * self->config->delta_ppm;
}

/* How far the share should go from `p_ppm`, up where the fast tier is the faster one. */
static uint64_t
shift_ppm(Colloid *self, uint64_t p_ppm, bool up)
{
    if (up)
        self->low_ppm = p_ppm;
    else
        self->high_ppm = p_ppm;
    /* Closed, or crossed: the balance is elsewhere now. */
    if (self->high_ppm < self->low_ppm + self->config->epsilon_ppm) {
        if (up)
            self->high_ppm = PPM;
        else
            self->low_ppm = 0;
    }
    const uint64_t middle = (self->low_ppm + self->high_ppm) / 2;
    return up ? (middle > p_ppm ? middle - p_ppm : 0) : (p_ppm > middle ? p_ppm - middle : 0);
}

/* ---- Pages ------------------------------------------------------------------------------------------------------ */

/* Move a unit to the other tier. Returns the pages that are on their way. */
static uint64_t
move_unit(Colloid *self, NsimHost *host, NsimSpaceId space, uint64_t unit, bool up)
{
    uint32_t count;
    const NsimPage page = tiers_unit(&self->tiers, space, unit, &count);
    const NsimAccessorId accessor = self->heat.accessors[space][unit];
    const NsimNodeId to = tiers_pick(&self->tiers, host, accessor, up, count);
    if (to == NSIM_NODE_NONE)
        return 0;
    (void)nsim_move(host, space, page, count, to, accessor, QUEUE_MIGRATE,
                    up ? NSIM_REASON_PROMOTION : NSIM_REASON_DEMOTION, 0);
    return count;
}

/* Is the unit in this tier? */
static bool
is_in(const Colloid *self, const NsimHost *host, NsimSpaceId space, uint64_t unit, bool fast)
{
    uint32_t count;
    const NsimNodeId node = nsim_page_node(host, space, tiers_unit(&self->tiers, space, unit, &count));
    return node != NSIM_NODE_NONE && (fast ? self->tiers.fast : self->tiers.slow)[node];
}

static void
step(const Colloid *self, NsimSpaceId *space, uint64_t *unit)
{
    if (++*unit < self->tiers.unit_counts[*space])
        return;
    *unit = 0;
    *space = (NsimSpaceId)((*space + 1u) % self->tiers.space_count);
}

static uint64_t
all_units(const Colloid *self)
{
    uint64_t units = 0;
    for (uint32_t s = 0; s < self->tiers.space_count; s++)
        units += self->tiers.unit_counts[s];
    return units;
}

/* Fast memory is full: pages that were not sampled lately leave. */
static void
make_room(Colloid *self, NsimHost *host, uint64_t pages)
{
    for (uint64_t left = all_units(self); left > 0 && pages > 0; left--) {
        const NsimSpaceId space = self->cold_space;
        const uint64_t unit = self->cold_unit;
        step(self, &self->cold_space, &self->cold_unit);
        if (self->heat.counts[space][unit] == 0 && is_in(self, host, space, unit, true))
            pages -= MIN(pages, move_unit(self, host, space, unit, false));
    }
}

/* Move units whose counts add up to the wanted share of all counts, hotter bins first. */
static void
shift(Colloid *self, NsimHost *host, uint64_t share_ppm, bool up)
{
    uint64_t total = 0, left_pages = self->config->limit_bytes / self->tiers.page_bytes;
    for (uint32_t s = 0; s < self->tiers.space_count; s++) {
        for (uint64_t u = 0; u < self->tiers.unit_counts[s]; u++)
            total += self->heat.counts[s][u];
    }
    uint64_t budget = total * share_ppm / PPM;
    const uint64_t room = tiers_free(&self->tiers, host, up);
    if (up && room < left_pages)
        make_room(self, host, left_pages - room);
    for (uint32_t bin = HEAT_BINS; bin-- > 1 && budget > 0 && left_pages > 0;) {
        if (self->heat.bins[bin] == 0)
            continue;
        for (uint64_t left = all_units(self); left > 0 && budget > 0 && left_pages > 0; left--) {
            const NsimSpaceId space = self->space;
            const uint64_t unit = self->unit;
            const uint32_t count = self->heat.counts[space][unit];
            step(self, &self->space, &self->unit);
            /* A page with more than is left of the share would go too far. */
            if (heat_bin(count) != bin || count > budget || !is_in(self, host, space, unit, !up))
                continue;
            const uint64_t pages = move_unit(self, host, space, unit, up);
            if (pages == 0)
                return;
            budget -= count;
            left_pages -= MIN(left_pages, pages);
        }
    }
}

/* ---- The contract ------------------------------------------------------------------------------------------------ */

static void
colloid_samples(void *instance, NsimHost *host, const NsimSample *samples, uint32_t count)
{
    Colloid *self = instance;
    (void)host;
    for (uint32_t i = 0; i < count; i++)
        (void)heat_add(&self->heat, &samples[i], self->config->cooling);
}

static void
colloid_timer(void *instance, NsimHost *host, uint64_t cookie)
{
    Colloid *self = instance;
    uint64_t *counters = nsim_counters(host);
    (void)cookie;
    (void)nsim_read_samples(host);
    const uint64_t fast = measure(self, host, true, &self->tier[0]);
    const uint64_t slow = measure(self, host, false, &self->tier[1]);
    (void)nsim_set_timer(host, nsim_now(host) + self->config->quantum_ps, 0);
    if (fast + slow == 0)
        return;
    const uint64_t p_ppm = fast * PPM / (fast + slow);
    const bool up = self->tier[0].mean_ps < self->tier[1].mean_ps;
    counters[COUNTER_QUANTA]++;
    counters[COUNTER_FAST_NS] = self->tier[0].mean_ps / NSIM_NS;
    counters[COUNTER_SLOW_NS] = self->tier[1].mean_ps / NSIM_NS;
    counters[COUNTER_SHARE] = p_ppm;
    if (agree(self)) {
        counters[COUNTER_BALANCED]++;
        return;
    }
    const uint64_t share_ppm = shift_ppm(self, p_ppm, up);
    /* What was asked for last time comes first. */
    if (share_ppm > 0 && nsim_queue_pages(host, QUEUE_MIGRATE) == 0)
        shift(self, host, share_ppm, up);
}

static void
colloid_done(void *instance, NsimHost *host, const NsimOutcome *outcome)
{
    const Colloid *self = instance;
    nsim_counters(host)[self->tiers.fast[outcome->node] ? COUNTER_PROMOTED : COUNTER_DEMOTED] += outcome->moved_pages;
}

/* The least unloaded latency from any accessor to a node of the tier. */
static NsimTime
idle_latency(const Colloid *self, const NsimHost *host, bool fast)
{
    NsimTime least_ps = NSIM_TIME_MAX;
    for (uint32_t n = 0; n < self->tiers.node_count; n++) {
        for (uint32_t a = 0; (fast ? self->tiers.fast : self->tiers.slow)[n] && a < nsim_accessor_count(host); a++) {
            NsimRouteInfo route = {0};
            if (nsim_route_info(host, (NsimAccessorId)a, (NsimNodeId)n, &route) && route.reachable)
                least_ps = MIN(least_ps, route.latency_read_ps);
        }
    }
    return least_ps == NSIM_TIME_MAX ? 0 : least_ps;
}

static void *
colloid_attach(NsimHost *host, const void *config, GError **error)
{
    Colloid *self = g_new0(Colloid, 1);
    self->config = config;
    if (!tiers_init(&self->tiers, host, "colloid", self->config->fast, error)) {
        tiers_clear(&self->tiers);
        g_free(self);
        return NULL;
    }
    heat_init(&self->heat, &self->tiers);
    self->high_ppm = PPM;
    self->tier[0].idle_ps = idle_latency(self, host, true);
    self->tier[1].idle_ps = idle_latency(self, host, false);
    (void)nsim_name_queue(host, QUEUE_MIGRATE, "kcolloid");
    tiers_sample(host, &self->config->sampling, 0);
    (void)nsim_set_timer(host, self->config->quantum_ps, 0);
    return self;
}

static void
colloid_detach(void *instance, NsimHost *host)
{
    Colloid *self = instance;
    (void)host;
    heat_clear(&self->heat);
    tiers_clear(&self->tiers);
    g_free(self);
}

static const NsimPolicyClass colloid_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "colloid",
    .summary = "hot pages move towards the tier that answers faster under load, until both answer equally fast",
    .source = "Vuppalapati and Agarwal, Colloid, SOSP 2024; constants unverified",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = colloid_options,
    .option_count = G_N_ELEMENTS(colloid_options),
    .config_size = sizeof(ColloidConfig),
    .counters = colloid_counters,
    .counter_count = G_N_ELEMENTS(colloid_counters),
    .attach = colloid_attach,
    .detach = colloid_detach,
    .timer = colloid_timer,
    .done = colloid_done,
    .samples = colloid_samples,
};

NSIM_POLICY_EXPORT(colloid, colloid_class);
