/* SPDX-License-Identifier: MIT */
/*
 * numab: the kernel's NUMA balancing. Mode 2 (memory tiering) promotes pages of slow memory that are touched soon after
 * a scan armed them; mode 1 moves pages to the node of the CPU that keeps touching them; 3 does both.
 *
 * kernel/sched/fair.c and mm/memory.c of Linux 6.1 to 6.12; docs/numa-balancing.md. A page moves in the fault, and the
 * faulting thread does the work. Left out: groups of tasks, moving tasks to their pages.
 */
#include "policies/hot-threshold.h"
#include "policies/numa-move.h"
#include "policies/top-tier.h"

#define MODE_NORMAL 1u
#define MODE_TIERING 2u
#define FREE_ENOUGH_BYTES ((uint64_t)1 << 30)
#define FREE_ENOUGH_SHARE 16u

typedef struct {
    NumaScanConfig scan;
    uint64_t mode;
    NsimTime hot_threshold_ps;
    uint64_t promote_rate;
} NumabConfig;

typedef struct {
    const NumabConfig *config;
    NumaScan *scan;
    bool *top;          /* by node */
    HotTarget *targets; /* by node */
    NumaMoves *moves;
} Numab;

enum {
    PTE_UPDATES,
    HINT_FAULTS,
    HINT_FAULTS_LOCAL,
    PAGES_MIGRATED,
    PROMOTE_SUCCESS,
    PROMOTE_CANDIDATE,
    NOT_HOT,
    RATE_LIMITED,
    NO_ROOM,
    SCAN_TIME
};

static const NsimCounter numab_counters[] = {
    {"numa_pte_updates", "pages", "pages armed by scans"},
    {"numa_hint_faults", "count", "faults on armed pages"},
    {"numa_hint_faults_local", "count", "of them on the node nearest to the accessor"},
    {"numa_pages_migrated", "pages", "pages moved in these faults"},
    {"pgpromote_success", "pages", "of them from slow memory to the top tier"},
    {"pgpromote_candidate", "pages", "pages of slow memory found hot while fast memory is short"},
    {"not_hot", "pages", "pages of slow memory touched too late after their scan"},
    {"rate_limited", "pages", "hot pages above the rate limit"},
    {"no_room", "pages", "pages that found no memory on their node"},
    {"scan_time", "ns", "time of threads spent on scanning"},
};

static const NsimOption numab_options[] = {
    {.key = "mode",
     .type = NSIM_OPTION_INT,
     .offset = offsetof(NumabConfig, mode),
     .min = 1,
     .max = 3,
     .default_text = "2",
     .help = "1: pages go to the CPU that uses them; 2: hot pages of slow memory go up; 3: both",
     .source = "Linux kernel.numa_balancing; 2 as in published comparisons of tiering"},
    {.key = "hot_threshold",
     .type = NSIM_OPTION_TIME,
     .offset = offsetof(NumabConfig, hot_threshold_ps),
     .min = 1 * NSIM_MS,
     .max = 60 * NSIM_S,
     .default_text = "1s",
     .help = "a page is hot that is touched sooner than this after its scan; adjusts itself up to twice as much",
     .source = "Linux sched/numa_balancing/hot_threshold_ms"},
    {.key = "promote_rate_limit",
     .type = NSIM_OPTION_RATE,
     .offset = offsetof(NumabConfig, promote_rate),
     .min = (uint64_t)1 << 20,
     .default_text = "64GiB/s",
     .max = (uint64_t)1 << 50,
     .help = "hot pages beyond this rate stay, for each node they would go to",
     .source = "Linux kernel.numa_balancing_promote_rate_limit_MBps, 65536"},
    NUMA_SCAN_OPTIONS(NumabConfig),
};

/* ---- Deciding --------------------------------------------------------------------------------------------------- */

/* Is there so much free memory that pages need not be hot? */
static bool
free_space_enough(const NsimHost *host, NsimNodeId node, uint64_t page_bytes)
{
    NsimNodeInfo info;
    if (!nsim_node_info(host, node, &info))
        return false;
    return nsim_free_pages(host, node) >= MAX(FREE_ENOUGH_BYTES / page_bytes, info.capacity_pages / FREE_ENOUGH_SHARE);
}

/* May a page of slow memory go up? */
static bool
is_hot(Numab *self, NsimHost *host, const NsimFault *fault, uint64_t pages, NsimNodeId node)
{
    NumaSpace *space = &self->scan->spaces[fault->space];
    HotTarget *target = &self->targets[node];
    const NsimTime clock_ps = self->config->scan.clock_ps;
    const uint64_t rate_pages = self->config->promote_rate / (NSIM_MS / clock_ps) / space->page_bytes;
    const uint32_t reference_ms = (uint32_t)(self->config->hot_threshold_ps / clock_ps);
    const uint32_t now_ms = numa_scan_now_ms(self->scan, host);
    uint64_t *counters = nsim_counters(host);
    if (free_space_enough(host, node, space->page_bytes)) {
        target->threshold_ms = 0;
        return true;
    }
    hot_adjust(target, rate_pages, reference_ms, (uint32_t)(self->config->scan.period_max_ps / clock_ps), now_ms);
    const uint32_t threshold_ms = target->threshold_ms != 0 ? target->threshold_ms : reference_ms;
    const uint32_t latency_ms = hot_latency(space->marks[fault->page], now_ms);
    space->marks[fault->page] = hot_mark(now_ms);
    if (latency_ms >= threshold_ms) {
        counters[NOT_HOT] += pages;
        return false;
    }
    const bool limited = hot_limit(target, rate_pages, pages, now_ms);
    counters[PROMOTE_CANDIDATE] += pages;
    counters[RATE_LIMITED] += limited ? pages : 0;
    return !limited;
}

/* The two-stage filter of mode 1: a page goes to a node when the last fault on it came from there too, or there was
 * none. */
static bool
is_settled(const Numab *self, const NumaTask *task, uint16_t last)
{
    const NumaSpace *space = &self->scan->spaces[task->space];
    if (last >= space->thread_room || space->tasks[last] == UINT32_MAX)
        return true;
    return self->scan->tasks[space->tasks[last]].home == task->home;
}

/* A move must leave the target above its high watermark. */
static bool
has_room(const Numab *self, NsimHost *host, const NumaFault *what)
{
    (void)self;
    return nsim_free_pages(host, what->task->home) >= what->count;
}

/* Does the page's node, or the page, call for a move? Leaves the mark of this fault. */
static bool
is_wanted(Numab *self, NsimHost *host, NumaFault *what)
{
    uint16_t *mark = &self->scan->spaces[what->fault->space].marks[what->fault->page];
    const bool timed = self->scan->timed[what->node], local = what->node == what->task->home;
    what->own = timed || *mark == NUMA_MARK_NONE || *mark == what->task->number;
    what->promotion = timed && self->top[what->task->home];
    if (timed)
        return !local && is_hot(self, host, what->fault, what->count, what->task->home);
    const bool settled = is_settled(self, what->task, *mark);
    *mark = (uint16_t)what->task->number;
    return !local && settled;
}

static void
hint_fault(Numab *self, NsimHost *host, const NsimFault *fault)
{
    uint64_t *counters = nsim_counters(host);
    NumaFault what;
    counters[HINT_FAULTS]++;
    if (!numa_fault_begin(self->scan, host, fault, &what))
        return;
    const bool local = what.node == what.task->home;
    const bool wanted = is_wanted(self, host, &what);
    counters[HINT_FAULTS_LOCAL] += local;
    if (wanted && has_room(self, host, &what)) {
        numa_fault_move(self->moves, host, &what);
        return;
    }
    counters[NO_ROOM] += wanted ? what.count : 0;
    if (!self->scan->timed[what.node])
        numa_scan_note(self->scan, host, what.task, what.count, local, what.own, wanted);
}

/* ---- Call-backs -------------------------------------------------------------------------------------------------- */

static void
numab_detach(void *instance, NsimHost *host)
{
    Numab *self = instance;
    (void)host;
    numa_scan_free(self->scan);
    numa_moves_free(self->moves);
    g_free(self->top);
    g_free(self->targets);
    g_free(self);
}

static void *
numab_attach(NsimHost *host, const void *config, GError **error)
{
    const NumabConfig *options = config;
    (void)error;
    Numab *self = g_new0(Numab, 1);
    self->config = options;
    self->top = g_new0(bool, nsim_node_count(host) + 1);
    self->targets = g_new0(HotTarget, nsim_node_count(host) + 1);
    self->moves = numa_moves_new();
    self->scan = numa_scan_new(host, &options->scan);
    self->scan->spare_home = true;
    top_tier_find(host, self->top);
    for (uint32_t n = 0; n < nsim_node_count(host); n++) {
        self->scan->timed[n] = (options->mode & MODE_TIERING) != 0 && !self->top[n];
        self->scan->nodes[n] = self->scan->timed[n] || (options->mode & MODE_NORMAL) != 0;
    }
    numa_scan_start(self->scan, host, 0);
    return self;
}

static void
numab_faults(void *instance, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (faults[i].kind == NSIM_FAULT_HINT)
            hint_fault(instance, host, &faults[i]);
    }
}

static void
numab_timer(void *instance, NsimHost *host, uint64_t cookie)
{
    Numab *self = instance;
    numa_scan_tick(self->scan, host, cookie);
    nsim_counters(host)[PTE_UPDATES] = self->scan->updates;
    nsim_counters(host)[SCAN_TIME] = self->scan->cost_ps / NSIM_NS;
}

static void
numab_done(void *instance, NsimHost *host, const NsimOutcome *outcome)
{
    Numab *self = instance;
    uint64_t *counters = nsim_counters(host);
    uint64_t promoted;
    if (!numa_fault_moved(self->moves, self->scan, host, outcome, &promoted))
        return;
    counters[PAGES_MIGRATED] += outcome->moved_pages;
    counters[PROMOTE_SUCCESS] += promoted;
}

static const NsimPolicyClass numab_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "numab",
    .summary = "NUMA balancing: pages are armed now and then, and move in the fault to whoever touches them soon",
    .source = "Linux 6.12 kernel/sched/fair.c",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = numab_options,
    .option_count = G_N_ELEMENTS(numab_options),
    .config_size = sizeof(NumabConfig),
    .counters = numab_counters,
    .counter_count = G_N_ELEMENTS(numab_counters),
    .attach = numab_attach,
    .detach = numab_detach,
    .faults = numab_faults,
    .timer = numab_timer,
    .done = numab_done,
};

NSIM_POLICY_EXPORT(numab, numab_class);
