/* SPDX-License-Identifier: MIT */
/*
 * colloid: move hot pages towards whichever tier answers faster under load, until both answer equally fast.
 *
 * Every quantum: the loaded latency of each tier is the mean of its reads in the quantum (what a caching agent's
 * occupancy over its rate of arrivals gives), smoothed, and p is the fast tier's share of the reads. Two watermarks
 * enclose the p at which latencies agree; the next p is their middle. The share to shift is taken off hot pages of the
 * one tier, whose share of the samples stands for their share of the accesses, within a limit of bytes. Source:
 * Colloid, SOSP 2024; the reference gives the principle, the watermarks and constants are from the paper, unverified.
 * It sits on a tiering system: on counts of hardware samples as HeMem's, or on the time to hint faults as TPP's.
 * More than two tiers are balanced pair by pair: neighbours have watermarks of their own and take turns. That is ours;
 * the paper's system has two.
 */
#include "policies/fault-heat.h"

#include <string.h>

#define PPM 1000000u

typedef struct {
    const char *fast, *tiers;
    TiersSampling sampling;
    NsimTime quantum_ps, scan_ps;
    uint64_t counts, scan_bytes;
    uint64_t delta_ppm, epsilon_ppm, weight_ppm, cooling, limit_bytes;
} ColloidConfig;

#define TIERS_MAX 8u

enum { COUNTS_SAMPLES, COUNTS_FAULTS };
static const char *const counts_names[] = {[COUNTS_SAMPLES] = "samples", [COUNTS_FAULTS] = "faults", NULL};

typedef struct {
    bool nodes[NODE_LIST_MAX];
    uint64_t new_reads;  /* of the last quantum */
    uint64_t reads;      /* counters at the last quantum */
    NsimTime latency_ps; /* the same */
    NsimTime mean_ps;    /* smoothed */
    NsimTime idle_ps;    /* unloaded: what a tier without reads would take */
} Tier;

/* Neighbours: tier i and tier i + 1. */
typedef struct {
    Tier *fast, *slow;
    uint64_t low_ppm, high_ppm; /* watermarks of p */
    NsimSpaceId space;          /* where looking for pages goes on, */
    uint64_t unit;
    NsimSpaceId cold_space; /* ... and for cold ones that make room */
    uint64_t cold_unit;
} Pair;

typedef struct {
    const ColloidConfig *config;
    Tiers tiers;
    Heat heat;
    FaultHeat faults;
    uint32_t tier_count;
    Tier tier[TIERS_MAX]; /* fastest first */
    Pair pair[TIERS_MAX];
    uint32_t turn;    /* the pair that is next */
    const Pair *last; /* whose moves are under way */
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
    {.key = "promoted_pages", .unit = "pages", .help = "pages moved to a faster tier"},
    {.key = "demoted_pages", .unit = "pages", .help = "pages moved to a slower tier, by load or to make room"},
    {.key = "fast_latency", .unit = "ns", .help = "loaded read latency of the first tier at the end, smoothed"},
    {.key = "slow_latency", .unit = "ns", .help = "the same of the last tier"},
    {.key = "fast_share", .unit = "ppm", .help = "the first tier's share of the reads in the last quantum"},
};

static const NsimOption colloid_options[] = {
    {.key = "fast",
     .type = NSIM_OPTION_STRING,
     .offset = offsetof(ColloidConfig, fast),
     .default_text = "auto",
     .help = "the default tier's nodes, by id or number; auto: all dram and hbm",
     .source = "none"},
    {.key = "tiers",
     .type = NSIM_OPTION_STRING,
     .offset = offsetof(ColloidConfig, tiers),
     .default_text = "auto",
     .help = "up to 8 tiers, fastest first: DRAM0+DRAM1/CXL0/FAR0; auto: 'fast' and all others but disks",
     .source = "the paper's system has two tiers"},
    {.key = "counts",
     .type = NSIM_OPTION_ENUM,
     .offset = offsetof(ColloidConfig, counts),
     .choices = counts_names,
     .default_text = "samples",
     .help = "what tells hot pages: hardware samples, or the time from arming a page to its hint fault",
     .source = "Colloid on HeMem; Colloid on TPP"},
    {.key = "scan_period",
     .type = NSIM_OPTION_TIME,
     .offset = offsetof(ColloidConfig, scan_ps),
     .min = NSIM_US,
     .max = 3600 * NSIM_S,
     .default_text = "1s",
     .help = "counts=faults: time between two scans that arm pages",
     .source = "Linux numa_balancing_scan_period_min"},
    {.key = "scan_size",
     .type = NSIM_OPTION_BYTES,
     .offset = offsetof(ColloidConfig, scan_bytes),
     .min = 4096,
     .max = (uint64_t)1 << 50,
     .default_text = "256MiB",
     .help = "counts=faults: bytes that a scan arms",
     .source = "Linux numa_balancing_scan_size"},
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
enum { TIMER_QUANTUM, TIMER_SCAN };

/* ---- What to shift ---------------------------------------------------------------------------------------------- */

/* The tier's mean read latency in this quantum goes into the smoothed one. Returns its reads. */
static uint64_t
measure(const Colloid *self, const NsimHost *host, Tier *tier)
{
    uint64_t reads = 0;
    NsimTime latency_ps = 0;
    for (uint32_t n = 0; n < self->tiers.node_count; n++) {
        for (uint32_t a = 0; tier->nodes[n] && a < nsim_accessor_count(host); a++) {
            NsimRouteCounters route = {0};
            (void)nsim_route_counters(host, (NsimAccessorId)a, (NsimNodeId)n, &route);
            reads += route.reads;
            latency_ps += route.read_latency_ps;
        }
    }
    tier->new_reads = reads - tier->reads;
    const NsimTime new_ps = tier->new_reads == 0 ? tier->idle_ps : (latency_ps - tier->latency_ps) / tier->new_reads;
    const uint64_t weight = self->config->weight_ppm;
    tier->mean_ps = tier->mean_ps == 0 ? new_ps : (tier->mean_ps * (PPM - weight) + new_ps * weight) / PPM;
    tier->reads = reads;
    tier->latency_ps = latency_ps;
    return tier->new_reads;
}

/* Do the latencies agree? */
static bool
agree(const Colloid *self, const Pair *pair)
{
    const NsimTime fast_ps = pair->fast->mean_ps, slow_ps = pair->slow->mean_ps;
    const NsimTime apart_ps = fast_ps > slow_ps ? fast_ps - slow_ps : slow_ps - fast_ps;
    return apart_ps * PPM <= fast_ps * self->config->delta_ppm;
}

/* How far the share should go from `p_ppm`, up where the fast tier is the faster one. */
static uint64_t
shift_ppm(const Colloid *self, Pair *pair, uint64_t p_ppm, bool up)
{
    if (up)
        pair->low_ppm = p_ppm;
    else
        pair->high_ppm = p_ppm;
    /* Closed, or crossed: the balance is elsewhere now. */
    if (pair->high_ppm < pair->low_ppm + self->config->epsilon_ppm) {
        if (up)
            pair->high_ppm = PPM;
        else
            pair->low_ppm = 0;
    }
    const uint64_t middle = (pair->low_ppm + pair->high_ppm) / 2;
    return up ? (middle > p_ppm ? middle - p_ppm : 0) : (p_ppm > middle ? p_ppm - middle : 0);
}

/* ---- Pages ------------------------------------------------------------------------------------------------------ */

/* Move a unit to the pair's other tier. Returns the pages that are on their way. */
static uint64_t
move_unit(Colloid *self, NsimHost *host, const Pair *pair, NsimSpaceId space, uint64_t unit, bool up)
{
    uint32_t count;
    const NsimPage page = tiers_unit(&self->tiers, space, unit, &count);
    const NsimAccessorId accessor = self->heat.accessors[space][unit];
    const NsimNodeId to = tiers_pick_of((up ? pair->fast : pair->slow)->nodes, host, accessor, count);
    if (to == NSIM_NODE_NONE)
        return 0;
    (void)nsim_move(host, space, page, count, to, accessor, QUEUE_MIGRATE,
                    up ? NSIM_REASON_PROMOTION : NSIM_REASON_DEMOTION, 0);
    return count;
}

/* Is the unit in this tier? */
static bool
is_in(const Colloid *self, const NsimHost *host, NsimSpaceId space, uint64_t unit, const Tier *tier)
{
    uint32_t count;
    const NsimNodeId node = nsim_page_node(host, space, tiers_unit(&self->tiers, space, unit, &count));
    return node != NSIM_NODE_NONE && tier->nodes[node];
}

/* The faster tier is full: pages that were not accessed lately leave. */
static void
make_room(Colloid *self, NsimHost *host, Pair *pair, uint64_t pages)
{
    for (uint64_t left = tiers_all_units(&self->tiers); left > 0 && pages > 0; left--) {
        const NsimSpaceId space = pair->cold_space;
        const uint64_t unit = pair->cold_unit;
        tiers_next_unit(&self->tiers, &pair->cold_space, &pair->cold_unit);
        if (self->heat.counts[space][unit] == 0 && is_in(self, host, space, unit, pair->fast))
            pages -= MIN(pages, move_unit(self, host, pair, space, unit, false));
    }
}

/* All counts of the pair's pages. */
static uint64_t
counts_of(const Colloid *self, const NsimHost *host, const Pair *pair)
{
    uint64_t total = 0;
    for (uint32_t s = 0; s < self->tiers.space_count; s++) {
        for (uint64_t u = 0; u < self->tiers.unit_counts[s]; u++) {
            const uint32_t count = self->heat.counts[s][u];
            if (count > 0 && (self->tier_count == 2 || is_in(self, host, (NsimSpaceId)s, u, pair->fast) ||
                              is_in(self, host, (NsimSpaceId)s, u, pair->slow)))
                total += count;
        }
    }
    return total;
}

static uint64_t
free_of(const Colloid *self, const NsimHost *host, const Tier *tier)
{
    uint64_t pages = 0;
    for (uint32_t n = 0; n < self->tiers.node_count; n++)
        pages += tier->nodes[n] ? nsim_free_pages(host, (NsimNodeId)n) : 0;
    return pages;
}

/* Move units whose counts add up to the wanted share of the pair's counts, hotter bins first. */
static void
shift(Colloid *self, NsimHost *host, Pair *pair, uint64_t share_ppm, bool up)
{
    uint64_t left_pages = self->config->limit_bytes / self->tiers.page_bytes;
    uint64_t budget = counts_of(self, host, pair) * share_ppm / PPM;
    const uint64_t room = free_of(self, host, up ? pair->fast : pair->slow);
    if (up && room < left_pages)
        make_room(self, host, pair, left_pages - room);
    for (uint32_t bin = HEAT_BINS; bin-- > 1 && budget > 0 && left_pages > 0;) {
        if (self->heat.bins[bin] == 0)
            continue;
        for (uint64_t left = tiers_all_units(&self->tiers); left > 0 && budget > 0 && left_pages > 0; left--) {
            const NsimSpaceId space = pair->space;
            const uint64_t unit = pair->unit;
            const uint32_t count = self->heat.counts[space][unit];
            tiers_next_unit(&self->tiers, &pair->space, &pair->unit);
            /* A page with more than is left of the share would go too far. */
            if (heat_bin(count) != bin || count > budget ||
                !is_in(self, host, space, unit, up ? pair->slow : pair->fast))
                continue;
            const uint64_t pages = move_unit(self, host, pair, space, unit, up);
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
colloid_faults(void *instance, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    Colloid *self = instance;
    (void)host;
    for (uint32_t i = 0; self->config->counts == COUNTS_FAULTS && i < count; i++)
        fault_heat_fault(&self->faults, &faults[i]);
}

/* Compare the two tiers of a pair and shift accesses between them. */
static void
balance(Colloid *self, NsimHost *host, Pair *pair)
{
    uint64_t *counters = nsim_counters(host);
    const uint64_t fast = pair->fast->new_reads, slow = pair->slow->new_reads;
    if (fast + slow == 0)
        return;
    const uint64_t p_ppm = fast * PPM / (fast + slow);
    const bool up = pair->fast->mean_ps < pair->slow->mean_ps;
    counters[COUNTER_QUANTA]++;
    if (agree(self, pair)) {
        counters[COUNTER_BALANCED]++;
        return;
    }
    const uint64_t share_ppm = shift_ppm(self, pair, p_ppm, up);
    /* What was asked for last time comes first. */
    if (share_ppm == 0 || nsim_queue_pages(host, QUEUE_MIGRATE) > 0)
        return;
    self->last = pair;
    shift(self, host, pair, share_ppm, up);
}

static void
quantum(Colloid *self, NsimHost *host)
{
    uint64_t *counters = nsim_counters(host);
    uint64_t reads = 0;
    (void)nsim_read_samples(host);
    for (uint32_t t = 0; t < self->tier_count; t++)
        reads += measure(self, host, &self->tier[t]);
    (void)nsim_set_timer(host, nsim_now(host) + self->config->quantum_ps, TIMER_QUANTUM);
    if (reads == 0)
        return;
    counters[COUNTER_FAST_NS] = self->tier[0].mean_ps / NSIM_NS;
    counters[COUNTER_SLOW_NS] = self->tier[self->tier_count - 1].mean_ps / NSIM_NS;
    counters[COUNTER_SHARE] = self->tier[0].new_reads * PPM / reads;
    balance(self, host, &self->pair[self->turn]);
    self->turn = (self->turn + 1) % (self->tier_count - 1);
}

static void
colloid_timer(void *instance, NsimHost *host, uint64_t cookie)
{
    Colloid *self = instance;
    if (cookie == TIMER_QUANTUM) {
        quantum(self, host);
        return;
    }
    (void)fault_heat_scan(&self->faults, host, self->config->scan_bytes / self->tiers.page_bytes);
    (void)nsim_set_timer(host, nsim_now(host) + self->config->scan_ps, TIMER_SCAN);
}

static void
colloid_done(void *instance, NsimHost *host, const NsimOutcome *outcome)
{
    const Colloid *self = instance;
    const bool up = self->last->fast->nodes[outcome->node];
    nsim_counters(host)[up ? COUNTER_PROMOTED : COUNTER_DEMOTED] += outcome->moved_pages;
}

/* The least unloaded latency from any accessor to a node of the tier. */
static NsimTime
idle_latency(const Colloid *self, const NsimHost *host, const Tier *tier)
{
    NsimTime least_ps = NSIM_TIME_MAX;
    for (uint32_t n = 0; n < self->tiers.node_count; n++) {
        for (uint32_t a = 0; tier->nodes[n] && a < nsim_accessor_count(host); a++) {
            NsimRouteInfo route = {0};
            if (nsim_route_info(host, (NsimAccessorId)a, (NsimNodeId)n, &route) && route.reachable)
                least_ps = MIN(least_ps, route.latency_read_ps);
        }
    }
    return least_ps == NSIM_TIME_MAX ? 0 : least_ps;
}

static bool
refuse_tiers(GError **error, const char *text, const char *why)
{
    g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION, "policy 'colloid': tiers: %s '%s'", why, text);
    return false;
}

/* The tiers of the option, or fast and slow memory. */
static bool
read_tiers(Colloid *self, const NsimHost *host, GError **error)
{
    const char *text = self->config->tiers;
    if (strcmp(text, "auto") == 0) {
        memcpy(self->tier[0].nodes, self->tiers.fast, sizeof self->tiers.fast);
        memcpy(self->tier[1].nodes, self->tiers.slow, sizeof self->tiers.slow);
        self->tier_count = 2;
        return true;
    }
    g_auto(GStrv) parts = g_strsplit(text, "/", -1);
    g_autofree NodeList *list = g_new0(NodeList, 1);
    self->tier_count = g_strv_length(parts);
    if (self->tier_count < 2 || self->tier_count > TIERS_MAX)
        return refuse_tiers(error, text, "2 to 8 tiers with '/' in between, found");
    for (uint32_t t = 0; t < self->tier_count; t++) {
        if (!node_list_parse(host, "colloid", "tiers", parts[t], false, list, error))
            return false;
        for (uint32_t i = 0; i < list->count; i++) {
            for (uint32_t before = 0; before < t; before++) {
                if (self->tier[before].nodes[list->nodes[i]])
                    return refuse_tiers(error, text, "a node named twice in");
            }
            self->tier[t].nodes[list->nodes[i]] = true;
        }
    }
    return true;
}

static void
colloid_detach(void *instance, NsimHost *host)
{
    Colloid *self = instance;
    (void)host;
    fault_heat_clear(&self->faults);
    heat_clear(&self->heat);
    tiers_clear(&self->tiers);
    g_free(self);
}

static void *
colloid_attach(NsimHost *host, const void *config, GError **error)
{
    Colloid *self = g_new0(Colloid, 1);
    self->config = config;
    if (!tiers_init(&self->tiers, host, "colloid", self->config->fast, error) || !read_tiers(self, host, error)) {
        colloid_detach(self, host);
        return NULL;
    }
    heat_init(&self->heat, &self->tiers);
    for (uint32_t t = 0; t < self->tier_count; t++)
        self->tier[t].idle_ps = idle_latency(self, host, &self->tier[t]);
    for (uint32_t t = 0; t + 1 < self->tier_count; t++)
        self->pair[t] = (Pair){.fast = &self->tier[t], .slow = &self->tier[t + 1], .high_ppm = PPM};
    (void)nsim_name_queue(host, QUEUE_MIGRATE, "kcolloid");
    (void)nsim_set_timer(host, self->config->quantum_ps, TIMER_QUANTUM);
    if (self->config->counts == COUNTS_SAMPLES) {
        tiers_sample(host, &self->config->sampling, 0);
        return self;
    }
    fault_heat_init(&self->faults, &self->heat, self->config->scan_ps);
    (void)nsim_set_timer(host, self->config->scan_ps, TIMER_SCAN);
    return self;
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
    .faults = colloid_faults,
    .timer = colloid_timer,
    .done = colloid_done,
    .samples = colloid_samples,
};

NSIM_POLICY_EXPORT(colloid, colloid_class);
