/* SPDX-License-Identifier: MIT */
/*
 * dynamic-interleave: weighted interleaving whose weights follow the memory's bandwidth or loaded latency while the
 * program runs, and whose pages move after them.
 *
 * A page's node is that of its slot: its unit's offset in its region, modulo the sum of the weights, dealt out over the
 * nodes as DAMOS' weighted `dests` do. The sum never changes, so that a changed weight moves only pages whose slot
 * changed hands. Source: DAMOS migrate_hot with dests (Linux v6.17) driven by a watcher in user space, Micron RFC 2025;
 * that watcher is not published: signals, gain and hysteresis are this file's. Left out: DAMON as the judge of what is
 * hot.
 */
#include "policies/tiers.h"

#include <string.h>

typedef enum { SIGNAL_BANDWIDTH, SIGNAL_LATENCY } Signal;
typedef enum { START_NEAR, START_BANDWIDTH } Start;
typedef enum { HOT_ALL, HOT_ACCESSED } Hot;

typedef struct {
    const char *nodes;
    uint32_t signal, start, hot;
    NsimTime period_ps;
    uint64_t slots, gain_ppm, hysteresis_ppm, min_step, busy_ppm, quota_bytes;
} DynamicConfig;

typedef struct {
    const DynamicConfig *config;
    Tiers tiers; /* spaces and units of it */
    NodeList list;
    uint64_t rates[NODE_LIST_MAX];   /* bytes/s to the nearest CPU */
    NsimTime idle_ps[NODE_LIST_MAX]; /* unloaded read latency of it */
    uint64_t bytes[NODE_LIST_MAX];   /* counters at the last tick */
    uint64_t reads[NODE_LIST_MAX];
    NsimTime latency_ps[NODE_LIST_MAX];
    NsimTime last_ps;
    NsimAccessorId accessor; /* for whom pages move: the first one */
    /* where moving goes on */
    NsimSpaceId space;
    NsimPage page;
    bool moving;
    bool settled;      /* no page was on its way in the whole last period */
    int direction;     /* of the first node's last wish: -1 fewer, 1 more */
    uint64_t gain_ppm; /* latency signal: the present gain */
} Dynamic;

enum { COUNTER_CHANGES, COUNTER_MOVED, COUNTER_FAILED, COUNTER_SKIPPED, COUNTER_FIRST_WEIGHT };

static const NsimCounter dynamic_counters[] = {
    {.key = "weight_changes", .unit = "count", .help = "times the weights changed"},
    {.key = "moved_pages", .unit = "pages", .help = "pages that came to the node of their slot"},
    {.key = "failed_pages", .unit = "pages", .help = "pages that could not move there"},
    {.key = "cold_pages", .unit = "pages", .help = "pages that stayed because they were not accessed"},
    {.key = "first_weight", .unit = "count", .help = "slots of the first node at the end, of `slots`"},
};

static const char *const signal_words[] = {"bandwidth", "latency", NULL};
static const char *const start_words[] = {"near", "bandwidth", NULL};
static const char *const hot_words[] = {"all", "accessed", NULL};

static const NsimOption dynamic_options[] = {
    {.key = "nodes",
     .type = NSIM_OPTION_STRING,
     .offset = offsetof(DynamicConfig, nodes),
     .default_text = "all",
     .help = "the nodes, by id or number, the one to prefer first: DRAM0+CXL0, or all",
     .source = "DAMOS dests, Linux v6.17"},
    {.key = "signal",
     .type = NSIM_OPTION_ENUM,
     .offset = offsetof(DynamicConfig, signal),
     .default_text = "bandwidth",
     .choices = signal_words,
     .help = "bandwidth: weights in proportion to bandwidths while the first node is busy; latency: weights at which "
             "loaded "
             "read latencies agree",
     .source = "assumed: the watcher of the Micron RFC is not published; its weights were those of bandwidths"},
    {.key = "start",
     .type = NSIM_OPTION_ENUM,
     .offset = offsetof(DynamicConfig, start),
     .default_text = "near",
     .choices = start_words,
     .help = "first weights: near: everything on the first node; bandwidth: in proportion to bandwidths",
     .source = "Micron RFC: 1:0 at first"},
    {.key = "hot",
     .type = NSIM_OPTION_ENUM,
     .offset = offsetof(DynamicConfig, hot),
     .default_text = "all",
     .choices = hot_words,
     .help = "which pages move: all, or those accessed in the last period",
     .source = "DAMOS migrate_hot; accessed bits stand for DAMON"},
    {.key = "period",
     .type = NSIM_OPTION_TIME,
     .offset = offsetof(DynamicConfig, period_ps),
     .min = NSIM_US,
     .max = 3600 * NSIM_S,
     .default_text = "5s",
     .help = "time between two looks at the counters",
     .source = "Micron RFC: aggregation interval"},
    {.key = "slots",
     .type = NSIM_OPTION_INT,
     .offset = offsetof(DynamicConfig, slots),
     .min = 2,
     .max = 4096,
     .default_text = "16",
     .help = "sum of the weights: the grain of a share",
     .source = "assumed"},
    {.key = "gain",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(DynamicConfig, gain_ppm),
     .min = 1,
     .max = 1000000,
     .default_text = "50%",
     .help = "latency: how much of the difference to the mean latency changes a share in a period, at most",
     .source = "assumed"},
    {.key = "hysteresis",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(DynamicConfig, hysteresis_ppm),
     .min = 0,
     .max = 10000000,
     .default_text = "10%",
     .help = "latency: differences below change nothing; bandwidth: how far the load must fall below `busy` to go back",
     .source = "assumed"},
    {.key = "min_step",
     .type = NSIM_OPTION_INT,
     .offset = offsetof(DynamicConfig, min_step),
     .min = 1,
     .max = 4096,
     .default_text = "1",
     .help = "slots that a weight must change by, or none does",
     .source = "assumed"},
    {.key = "busy",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(DynamicConfig, busy_ppm),
     .min = 1,
     .max = 1000000,
     .default_text = "80%",
     .help = "bandwidth: load of the first node, of its bandwidth, from which on others help",
     .source = "assumed"},
    {.key = "quota",
     .type = NSIM_OPTION_BYTES,
     .offset = offsetof(DynamicConfig, quota_bytes),
     .default_text = "0B",
     .help = "most bytes to move in a period; 0B: no limit",
     .source = "Micron RFC: no quota"},
};

/* ---- Weights -------------------------------------------------------------------------------------------------- */

/* Whole slots from shares (any unit), by largest remainder; equal ones go to the node named first. */
static void
shares_to_slots(const uint64_t *shares, uint32_t count, uint64_t slots, uint32_t *ret)
{
    uint64_t sum = 0, given = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += shares[i];
    for (uint32_t i = 0; i < count; i++) {
        ret[i] = sum == 0 ? 0 : (uint32_t)(shares[i] * slots / sum);
        given += ret[i];
    }
    while (given < slots) {
        uint32_t best = 0;
        uint64_t most = 0;
        for (uint32_t i = 0; i < count; i++) {
            const uint64_t wanted = sum == 0 ? 0 : shares[i] * slots;
            const uint64_t rest = wanted > ret[i] * sum ? wanted - ret[i] * sum : 0;
            if (rest > most) {
                most = rest;
                best = i;
            }
        }
        ret[best]++;
        given++;
    }
}

static void
near_slots(const Dynamic *self, uint32_t *ret)
{
    memset(ret, 0, self->list.count * sizeof *ret);
    ret[0] = (uint32_t)self->config->slots;
}

static void
rate_slots(const Dynamic *self, uint32_t *ret)
{
    uint64_t shares[NODE_LIST_MAX];
    for (uint32_t i = 0; i < self->list.count; i++)
        shares[i] = self->rates[i] / 1000000;
    shares_to_slots(shares, self->list.count, self->config->slots, ret);
}

/* The bandwidth signal: spread while the first node could not serve all of it alone. */
static void
follow_bandwidth(const Dynamic *self, const uint64_t *bytes, NsimTime elapsed_ps, uint32_t *ret)
{
    const DynamicConfig *config = self->config;
    const bool spread = self->list.weights[0] < config->slots;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < self->list.count; i++)
        sum += bytes[i];
    /* Bytes that the first node moves in the time at its rate: in steps of a microsecond, so that they fit. */
    const uint64_t most = self->rates[0] / 1000000 * (elapsed_ps / NSIM_US);
    const uint64_t threshold_ppm = spread && config->busy_ppm > config->hysteresis_ppm
                                       ? config->busy_ppm - config->hysteresis_ppm
                                       : config->busy_ppm;
    if (sum >= most / 1000000 * threshold_ppm + most % 1000000 * threshold_ppm / 1000000)
        rate_slots(self, ret);
    else
        near_slots(self, ret);
}

/* A wish that turns round has gone too far: half the gain. One that stays wants more, an eighth at a time. */
static void
adapt_gain(Dynamic *self, int direction)
{
    if (direction == -self->direction)
        self->gain_ppm = MAX(self->gain_ppm / 2, (uint64_t)1);
    else
        self->gain_ppm = MIN(self->gain_ppm + self->gain_ppm / 8 + 1, self->config->gain_ppm);
    self->direction = direction;
}

/* The latency signal: shares go from nodes slower than the mean to faster ones. */
static void
follow_latency(Dynamic *self, const uint64_t *reads, const NsimTime *latency_ps, uint32_t *ret)
{
    const DynamicConfig *config = self->config;
    const uint32_t count = self->list.count;
    uint64_t shares[NODE_LIST_MAX];
    NsimTime mean_ps[NODE_LIST_MAX], low_ps = NSIM_TIME_MAX, high_ps = 0, sum_ps = 0;
    for (uint32_t i = 0; i < count; i++) {
        mean_ps[i] = reads[i] == 0 ? self->idle_ps[i] : latency_ps[i] / reads[i];
        low_ps = MIN(low_ps, mean_ps[i]);
        /* A node without pages that is slow has no share to give. */
        high_ps = self->list.weights[i] > 0 ? MAX(high_ps, mean_ps[i]) : high_ps;
        sum_ps += mean_ps[i];
    }
    memcpy(ret, self->list.weights, count * sizeof *ret);
    if (high_ps <= low_ps || (high_ps - low_ps) * 1000000 < low_ps * config->hysteresis_ppm)
        return;
    const NsimTime middle_ps = MAX(sum_ps / count, (NsimTime)1);
    adapt_gain(self, mean_ps[0] > middle_ps ? -1 : 1);
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t own = (uint64_t)self->list.weights[i] * 1000000;
        const NsimTime apart_ps = mean_ps[i] > middle_ps ? mean_ps[i] - middle_ps : middle_ps - mean_ps[i];
        const uint64_t change = MIN(apart_ps * self->gain_ppm / middle_ps, (NsimTime)1000000) * config->slots / count;
        shares[i] = mean_ps[i] > middle_ps ? (own > change ? own - change : 0) : own + change;
    }
    shares_to_slots(shares, count, config->slots, ret);
}

/* Take new weights if they differ enough. */
static bool
take_weights(Dynamic *self, const uint32_t *weights)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < self->list.count; i++) {
        const uint32_t old = self->list.weights[i];
        most = MAX(most, weights[i] > old ? weights[i] - old : old - weights[i]);
    }
    if (most < self->config->min_step)
        return false;
    memcpy(self->list.weights, weights, self->list.count * sizeof *weights);
    return true;
}

/* ---- Moving --------------------------------------------------------------------------------------------------- */

/* Move the pages of one region from self->page on that are not where their slot is; at most `*left` of them. */
static void
move_region(Dynamic *self, NsimHost *host, const NsimRegionInfo *region, const uint64_t *young, uint64_t *left)
{
    const NsimPage end = region->first + region->count;
    while (self->page<end && * left> 0) {
        const uint64_t unit = self->page / region->unit_pages;
        const NsimPage page = self->page, stop = MIN(end, (unit + 1) * region->unit_pages);
        const NsimNodeId node = nsim_page_node(host, self->space, page);
        const NsimNodeId wanted = node_list_deal(&self->list, unit - region->first / region->unit_pages);
        self->page = stop;
        if (node == NSIM_NODE_NONE || node == wanted || !node_list_has(&self->list, node))
            continue;
        if (young != NULL && (young[page / 64] >> (page % 64) & 1) == 0) {
            nsim_counters(host)[COUNTER_SKIPPED] += stop - page;
            continue;
        }
        (void)nsim_move(host, self->space, page, (uint32_t)(stop - page), wanted, self->accessor, 1,
                        NSIM_REASON_REBALANCE, 0);
        *left -= MIN(*left, stop - page);
    }
}

/* Go on with one space; accessed bits of all of it are read first where they count. */
static void
move_space(Dynamic *self, NsimHost *host, uint64_t *left)
{
    NsimSpaceInfo info = {0};
    g_autofree uint64_t *young = NULL;
    (void)nsim_space_info(host, self->space, &info);
    if (self->config->hot == HOT_ACCESSED) {
        young = g_new(uint64_t, info.page_count / 64 + 1);
        (void)nsim_clear_young(host, self->space, 0, info.page_count, 1, young);
    }
    for (uint32_t r = 0; r < info.region_count; r++) {
        NsimRegionInfo region = {0};
        if (nsim_region_info(host, self->space, r, &region) && self->page < region.first + region.count) {
            self->page = MAX(self->page, region.first);
            move_region(self, host, &region, young, left);
        }
    }
}

static void
go_on_moving(Dynamic *self, NsimHost *host)
{
    uint64_t left = self->config->quota_bytes == 0
                        ? UINT64_MAX
                        : MAX(self->config->quota_bytes / self->tiers.page_bytes, (uint64_t)1);
    while (left > 0 && self->space < self->tiers.space_count) {
        move_space(self, host, &left);
        if (left > 0) {
            self->space++;
            self->page = 0;
        }
    }
    /* Pages that were not accessed now may be later: then it goes on. */
    const bool again = self->config->hot == HOT_ACCESSED;
    if (self->space == self->tiers.space_count) {
        self->moving = again;
        self->space = 0;
        self->page = 0;
    }
}

/* ---- The contract ---------------------------------------------------------------------------------------------- */

static void
read_counters(Dynamic *self, const NsimHost *host, uint64_t *bytes, uint64_t *reads, NsimTime *latency_ps)
{
    for (uint32_t i = 0; i < self->list.count; i++) {
        NsimNodeCounters node = {0};
        uint64_t all_reads = 0;
        NsimTime all_ps = 0;
        (void)nsim_node_counters(host, self->list.nodes[i], &node);
        for (uint32_t a = 0; a < nsim_accessor_count(host); a++) {
            NsimRouteCounters route = {0};
            (void)nsim_route_counters(host, (NsimAccessorId)a, self->list.nodes[i], &route);
            all_reads += route.reads;
            all_ps += route.read_latency_ps;
        }
        bytes[i] = node.read_bytes + node.write_bytes - self->bytes[i];
        reads[i] = all_reads - self->reads[i];
        latency_ps[i] = all_ps - self->latency_ps[i];
        self->bytes[i] += bytes[i];
        self->reads[i] += reads[i];
        self->latency_ps[i] += latency_ps[i];
    }
}

static void
dynamic_timer(void *instance, NsimHost *host, uint64_t cookie)
{
    Dynamic *self = instance;
    uint64_t bytes[NODE_LIST_MAX], reads[NODE_LIST_MAX];
    NsimTime latency_ps[NODE_LIST_MAX];
    uint32_t weights[NODE_LIST_MAX];
    const NsimTime elapsed_ps = nsim_now(host) - self->last_ps;
    (void)cookie;
    read_counters(self, host, bytes, reads, latency_ps);
    self->last_ps = nsim_now(host);
    /* While pages are on their way the counters tell of the old weights, and of moving. */
    const bool quiet = nsim_queue_pages(host, 1) == 0 && !(self->moving && self->config->quota_bytes > 0);
    if (quiet && self->settled) {
        if (self->config->signal == SIGNAL_BANDWIDTH)
            follow_bandwidth(self, bytes, elapsed_ps, weights);
        else
            follow_latency(self, reads, latency_ps, weights);
        if (take_weights(self, weights)) {
            nsim_counters(host)[COUNTER_CHANGES]++;
            self->moving = true;
            self->space = 0;
            self->page = 0;
        }
    }
    self->settled = quiet && !(self->moving && self->config->hot == HOT_ALL);
    if (self->moving)
        go_on_moving(self, host);
    nsim_counters(host)[COUNTER_FIRST_WEIGHT] = self->list.weights[0];
    (void)nsim_set_timer(host, nsim_now(host) + self->config->period_ps, 0);
}

/* The nearest CPU's view of each node; any accessor's where no CPU reaches it. */
static void
measure_nodes(Dynamic *self, const NsimHost *host)
{
    for (uint32_t i = 0; i < self->list.count; i++) {
        bool by_cpu = false;
        self->idle_ps[i] = NSIM_TIME_MAX;
        for (uint32_t a = 0; a < nsim_accessor_count(host); a++) {
            NsimAccessorInfo accessor = {0};
            NsimRouteInfo route = {0};
            if (!nsim_accessor_info(host, (NsimAccessorId)a, &accessor) ||
                !nsim_route_info(host, (NsimAccessorId)a, self->list.nodes[i], &route) || !route.reachable)
                continue;
            const bool is_cpu = accessor.kind == NSIM_ACCESSOR_CPU;
            if (is_cpu == by_cpu ? route.latency_read_ps < self->idle_ps[i] : is_cpu) {
                by_cpu = is_cpu;
                self->idle_ps[i] = route.latency_read_ps;
                self->rates[i] = route.read_bytes_per_s;
            }
        }
    }
}

static void *
dynamic_attach(NsimHost *host, const void *config, GError **error)
{
    Dynamic *self = g_new0(Dynamic, 1);
    uint32_t weights[NODE_LIST_MAX];
    self->config = config;
    self->gain_ppm = self->config->gain_ppm;
    if (!node_list_parse(host, "dynamic-interleave", "nodes", self->config->nodes, false, &self->list, error)) {
        g_free(self);
        return NULL;
    }
    tiers_measure(&self->tiers, host);
    measure_nodes(self, host);
    if (self->config->start == START_NEAR)
        near_slots(self, weights);
    else
        rate_slots(self, weights);
    memcpy(self->list.weights, weights, self->list.count * sizeof *weights);
    nsim_counters(host)[COUNTER_FIRST_WEIGHT] = weights[0];
    (void)nsim_name_queue(host, 1, "kdamond.0");
    (void)nsim_set_timer(host, self->config->period_ps, 0);
    return self;
}

static void
dynamic_detach(void *instance, NsimHost *host)
{
    Dynamic *self = instance;
    (void)host;
    tiers_clear(&self->tiers);
    g_free(self);
}

static void
dynamic_faults(void *instance, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    const Dynamic *self = instance;
    for (uint32_t i = 0; i < count; i++) {
        if (faults[i].kind != NSIM_FAULT_HINT)
            node_list_place(host, &faults[i], &self->list);
    }
}

static void
dynamic_done(void *instance, NsimHost *host, const NsimOutcome *outcome)
{
    (void)instance;
    nsim_counters(host)[COUNTER_MOVED] += outcome->moved_pages;
    nsim_counters(host)[COUNTER_FAILED] += outcome->failed_pages;
}

static const NsimPolicyClass dynamic_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "dynamic-interleave",
    .summary = "weighted interleaving whose weights follow bandwidth or loaded latency while the program runs",
    .source = "DAMOS migrate_hot with weighted dests, Linux v6.17; Micron, RFC of dynamic interleaving, 2025",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = dynamic_options,
    .option_count = G_N_ELEMENTS(dynamic_options),
    .config_size = sizeof(DynamicConfig),
    .counters = dynamic_counters,
    .counter_count = G_N_ELEMENTS(dynamic_counters),
    .attach = dynamic_attach,
    .detach = dynamic_detach,
    .faults = dynamic_faults,
    .timer = dynamic_timer,
    .done = dynamic_done,
};

NSIM_POLICY_EXPORT(dynamic_interleave, dynamic_class);
