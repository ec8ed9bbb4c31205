/* SPDX-License-Identifier: MIT */
/*
 * oracle: the best static placement that knowledge of the whole trace allows, as the upper bound of a comparison. No
 * real system can be this policy; it is the one that reads the trace (NSIM_CAP_FUTURE).
 *
 * Pages that the same accessors read and write about equally often (power-of-two classes) are interchangeable. For each
 * class the share of each node is chosen so that the time of the slowest constraint is least:
 *
 *   - each resource (channel, link direction):  sum of lines x service
 *   - each accessor:                            sum of lines x unloaded latency / lines it can have outstanding
 *
 * under the nodes' capacities. The maximum is smoothed to a norm of order 16, which makes the problem convex; a small
 * linear term also puts those pages near that are not on the critical path. It is solved by moving shares, ever smaller
 * ones, from node to node and exchanging them between classes while that helps.
 *
 * Left out: phases of the trace (a page has one place for all of it), loaded latency below saturation, first-touch
 * faults, the workload's unit of movement (base pages are placed one by one).
 */
#include <numasim/policy.h>

#include <string.h>

#define NODES_MAX 64u
#define CLASSES_MAX 128u
#define HOPS_MAX 16u
/* Shares are moved in steps of 1 / 2, 1 / 4 ... 1 / 2^STEPS of a class. */
#define STEPS 9
/* Exchanges tried at one step size: a bound on the work, far above what is used. */
#define SWEEPS_MAX 64
/* Weight of the linear term beside the norm: moves the balance of the slowest constraints by less than 0.01 %. */
#define NEARNESS 1e-3
/* An exchange must lower the objective by this share of it: far below what counts, far above rounding. */
#define GAIN_MIN 1e-10

typedef struct {
    uint64_t signature; /* hash of the log2 counts of all accessors */
    uint64_t pages;
    double *reads, *writes; /* lines of all its pages, by accessor */
    double share[NODES_MAX];
    double given[NODES_MAX]; /* pages dealt to each node so far */
    double *cost;            /* [node][constraint]: load of the whole class if it were all there */
} PageClass;

typedef struct {
    uint32_t node_count, accessor_count, constraint_count;
    double capacity[NODES_MAX]; /* pages */
    double used[NODES_MAX];
    double *load; /* by constraint */
    PageClass classes[CLASSES_MAX];
    uint32_t class_count;
    uint32_t coarseness; /* counts are classed by log2 / coarseness */
    bool overflow;       /* more kinds of pages than classes at this coarseness */
} Oracle;

static uint32_t
magnitude(uint32_t lines)
{
    return lines == 0 ? 0 : 32u - (uint32_t)__builtin_clz(lines);
}

/* Which class a page with these counts belongs to. */
static uint64_t
signature_of(const Oracle *oracle, const uint32_t *counts)
{
    uint64_t hash = 1469598103934665603u;
    for (uint32_t i = 0; i < 2 * oracle->accessor_count; i++)
        hash = (hash ^ (magnitude(counts[i]) + oracle->coarseness - 1) / oracle->coarseness) * 1099511628211u;
    return hash;
}

static PageClass *
find_class(Oracle *oracle, uint64_t signature)
{
    for (uint32_t c = 0; c < oracle->class_count; c++) {
        if (oracle->classes[c].signature == signature)
            return &oracle->classes[c];
    }
    return NULL;
}

static PageClass *
class_for(Oracle *oracle, uint64_t signature)
{
    PageClass *found = find_class(oracle, signature);
    if (found != NULL)
        return found;
    if (oracle->class_count == CLASSES_MAX) {
        oracle->overflow = true;
        return &oracle->classes[CLASSES_MAX - 1];
    }
    found = &oracle->classes[oracle->class_count++];
    found->signature = signature;
    found->reads = g_new0(double, oracle->accessor_count);
    found->writes = g_new0(double, oracle->accessor_count);
    return found;
}

/* ---- Reading the future --------------------------------------------------------------------------------------- */

/* Counts of `count` pages: counts[page * 2 * accessors + accessor * 2 + (0 read, 1 write)]. */
static void
read_counts(const Oracle *oracle, const NsimHost *host, NsimSpaceId space, NsimPage page, uint32_t count,
            uint32_t *counts)
{
    uint32_t reads[512], writes[512];
    for (uint32_t a = 0; a < oracle->accessor_count; a++) {
        if (!nsim_future_lines(host, space, (NsimAccessorId)a, page, count, reads, writes))
            memset(reads, 0, sizeof reads), memset(writes, 0, sizeof writes);
        for (uint32_t i = 0; i < count; i++) {
            counts[((size_t)i * oracle->accessor_count + a) * 2] = reads[i];
            counts[((size_t)i * oracle->accessor_count + a) * 2 + 1] = writes[i];
        }
    }
}

static void
clear_classes(Oracle *oracle)
{
    for (uint32_t c = 0; c < oracle->class_count; c++) {
        g_free(oracle->classes[c].reads);
        g_free(oracle->classes[c].writes);
        g_free(oracle->classes[c].cost);
    }
    memset(oracle->classes, 0, sizeof oracle->classes);
    oracle->class_count = 0;
    oracle->overflow = false;
}

static void
classify_pages(Oracle *oracle, const NsimHost *host)
{
    g_autofree uint32_t *counts = g_new(uint32_t, (size_t)512 * 2 * oracle->accessor_count);
    for (uint32_t s = 0; s < nsim_space_count(host); s++) {
        NsimSpaceInfo space = { 0 };
        (void)nsim_space_info(host, (NsimSpaceId)s, &space);
        for (NsimPage page = 0; page < space.page_count; page += 512) {
            const uint32_t count = (uint32_t)MIN(space.page_count - page, (uint64_t)512);
            read_counts(oracle, host, (NsimSpaceId)s, page, count, counts);
            for (uint32_t i = 0; i < count; i++) {
                const uint32_t *mine = &counts[(size_t)i * 2 * oracle->accessor_count];
                PageClass *class = class_for(oracle, signature_of(oracle, mine));
                class->pages++;
                for (uint32_t a = 0; a < oracle->accessor_count; a++) {
                    class->reads[a] += mine[2 * a];
                    class->writes[a] += mine[2 * a + 1];
                }
            }
        }
    }
}

/* The finest classes that are few enough. */
static void
classify(Oracle *oracle, const NsimHost *host)
{
    for (oracle->coarseness = 1;; oracle->coarseness *= 2) {
        clear_classes(oracle);
        classify_pages(oracle, host);
        /* At 32 only touched and untouched differ; kinds of pages that still find no class share the last one. */
        if (!oracle->overflow || oracle->coarseness == 32)
            return;
    }
}

/* Load that one class puts on every constraint when all of it lies on `node`. */
static void
price(const Oracle *oracle, const NsimHost *host, PageClass *class, NsimNodeId node)
{
    double *cost = &class->cost[(size_t)node * oracle->constraint_count];
    const uint32_t resource_count = nsim_resource_count(host);
    for (uint32_t a = 0; a < oracle->accessor_count; a++) {
        const double lines[] = { class->reads[a], class->writes[a] };
        NsimTime gap_ps = 0;
        uint32_t window = 1;
        NsimRouteInfo route = { 0 };
        (void)nsim_future_compute(host, (NsimAccessorId)a, &gap_ps, &window);
        (void)nsim_route_info(host, (NsimAccessorId)a, node, &route);
        for (int write = 0; write < 2; write++) {
            NsimRouteHop hops[HOPS_MAX];
            const uint32_t hop_count = nsim_route_hops(host, (NsimAccessorId)a, node, write != 0, HOPS_MAX, hops);
            for (uint32_t h = 0; h < hop_count; h++)
                cost[hops[h].resource] += lines[write] * hops[h].service_ps;
            const NsimTime latency_ps = write != 0 ? route.latency_write_ps : route.latency_read_ps;
            cost[resource_count + a] += lines[write] * (double)latency_ps / MAX(window, 1u);
            /* A node out of reach is as bad as one can be. */
            if (!route.reachable && lines[write] > 0)
                cost[resource_count + a] += lines[write] * 1e12;
        }
    }
}

/* ---- Solving --------------------------------------------------------------------------------------------------- */

/* Sum of the 16th powers of the loads, in units of `scale` so that no power overflows, and the linear term. */
static double
objective(const Oracle *oracle, double scale)
{
    double sum = 0, linear = 0;
    for (uint32_t r = 0; r < oracle->constraint_count; r++) {
        double x = oracle->load[r] / scale;
        linear += x;
        x *= x, x *= x, x *= x, x *= x;
        sum += x;
    }
    return sum + NEARNESS / oracle->constraint_count * linear;
}

static double
greatest_load(const Oracle *oracle)
{
    double most = 1;
    for (uint32_t r = 0; r < oracle->constraint_count; r++)
        most = MAX(most, oracle->load[r]);
    return most;
}

static void
shift(Oracle *oracle, PageClass *class, uint32_t from, uint32_t to, double share)
{
    const double *cost_from = &class->cost[(size_t)from * oracle->constraint_count];
    const double *cost_to = &class->cost[(size_t)to * oracle->constraint_count];
    class->share[from] -= share;
    class->share[to] += share;
    oracle->used[from] -= share * (double)class->pages;
    oracle->used[to] += share * (double)class->pages;
    for (uint32_t r = 0; r < oracle->constraint_count; r++)
        oracle->load[r] += share * (cost_to[r] - cost_from[r]);
}

/* Move `share` of a class, with as many pages of `partner` (nullable) going the other way; keep it when it helps. */
static bool
try_move(Oracle *oracle, PageClass *class, uint32_t from, uint32_t to, double share, PageClass *partner, double scale,
         double before)
{
    const double pages = share * (double)class->pages;
    const double back = partner == NULL ? 0 : pages / (double)partner->pages;
    if (partner == NULL ? oracle->used[to] + pages > oracle->capacity[to] : back > partner->share[to])
        return false;
    shift(oracle, class, from, to, share);
    if (partner != NULL)
        shift(oracle, partner, to, from, back);
    if (objective(oracle, scale) < before * (1 - GAIN_MIN))
        return true;
    if (partner != NULL)
        shift(oracle, partner, from, to, back);
    shift(oracle, class, to, from, share);
    return false;
}

/* A move that helps, alone or against a class it changes places with. */
static bool
improve(Oracle *oracle, PageClass *class, uint32_t from, uint32_t to, double share)
{
    const double scale = greatest_load(oracle);
    const double before = objective(oracle, scale);
    const double moved = MIN(share, class->share[from]);
    bool improved = try_move(oracle, class, from, to, moved, NULL, scale, before);
    for (uint32_t p = 0; !improved && p < oracle->class_count; p++) {
        PageClass *partner = &oracle->classes[p];
        if (partner != class && partner->share[to] > 0)
            improved = try_move(oracle, class, from, to, moved, partner, scale, before);
    }
    return improved;
}

/* One pass over all classes and pairs of nodes. True when something improved. */
static bool
sweep(Oracle *oracle, double share)
{
    bool improved = false;
    for (uint32_t c = 0; c < oracle->class_count; c++) {
        for (uint32_t from = 0; from < oracle->node_count; from++) {
            for (uint32_t to = 0; to < oracle->node_count; to++) {
                PageClass *class = &oracle->classes[c];
                if (from != to && class->share[from] > 0)
                    improved |= improve(oracle, class, from, to, share);
            }
        }
    }
    return improved;
}

/* Start with every class in proportion to capacity, which is feasible, then move and exchange. */
static void
solve(Oracle *oracle)
{
    double capacity = 0;
    for (uint32_t n = 0; n < oracle->node_count; n++)
        capacity += oracle->capacity[n];
    if (capacity <= 0)
        return;
    for (uint32_t c = 0; c < oracle->class_count; c++) {
        PageClass *class = &oracle->classes[c];
        for (uint32_t n = 0; n < oracle->node_count; n++) {
            class->share[n] = oracle->capacity[n] / capacity;
            oracle->used[n] += class->share[n] * (double)class->pages;
            for (uint32_t r = 0; r < oracle->constraint_count; r++)
                oracle->load[r] += class->share[n] * class->cost[(size_t)n * oracle->constraint_count + r];
        }
    }
    double share = 0.5;
    for (int i = 0; i < STEPS; i++, share /= 2) {
        for (int j = 0; j < SWEEPS_MAX && sweep(oracle, share); j++)
            continue;
    }
}

/* ---- Policy ---------------------------------------------------------------------------------------------------- */

static void
oracle_detach(void *instance, NsimHost *host)
{
    Oracle *oracle = instance;
    (void)host;
    clear_classes(oracle);
    g_free(oracle->load);
    g_free(oracle);
}

static void *
oracle_attach(NsimHost *host, const void *config, GError **error)
{
    (void)config;
    if (nsim_node_count(host) > NODES_MAX) {
        g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION,
                    "policy 'oracle' handles machines of at most %u nodes, this one has %u", NODES_MAX,
                    nsim_node_count(host));
        return NULL;
    }
    Oracle *oracle = g_new0(Oracle, 1);
    oracle->node_count = nsim_node_count(host);
    oracle->accessor_count = nsim_accessor_count(host);
    oracle->constraint_count = nsim_resource_count(host) + oracle->accessor_count;
    oracle->load = g_new0(double, oracle->constraint_count);
    for (uint32_t n = 0; n < oracle->node_count; n++) {
        NsimNodeInfo info = { 0 };
        (void)nsim_node_info(host, (NsimNodeId)n, &info);
        /* Swap space holds no pages that are in use. */
        oracle->capacity[n] = info.kind == NSIM_NODE_DISK ? 0 : (double)nsim_free_pages(host, (NsimNodeId)n);
    }
    classify(oracle, host);
    for (uint32_t c = 0; c < oracle->class_count; c++) {
        PageClass *class = &oracle->classes[c];
        class->cost = g_new0(double, (size_t)oracle->node_count * oracle->constraint_count);
        for (uint32_t n = 0; n < oracle->node_count; n++)
            price(oracle, host, class, (NsimNodeId)n);
    }
    solve(oracle);
    return oracle;
}

/* The node furthest behind its share of the class. */
static NsimNodeId
deal(Oracle *oracle, PageClass *class)
{
    double total = 1;
    uint32_t best = 0;
    double behind = -1e300;
    for (uint32_t n = 0; n < oracle->node_count; n++)
        total += class->given[n];
    for (uint32_t n = 0; n < oracle->node_count; n++) {
        const double lag = class->share[n] * total - class->given[n];
        if (class->share[n] > 0 && lag > behind) {
            behind = lag;
            best = n;
        }
    }
    class->given[best] += 1;
    return (NsimNodeId)best;
}

static void
oracle_faults(void *instance, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    Oracle *oracle = instance;
    g_autofree uint32_t *counts = g_new(uint32_t, (size_t)512 * 2 * oracle->accessor_count);
    for (uint32_t i = 0; i < count; i++) {
        const NsimFault *fault = &faults[i];
        if (fault->kind == NSIM_FAULT_HINT)
            continue;
        read_counts(oracle, host, fault->space, fault->page, fault->count, counts);
        for (uint32_t p = 0; p < fault->count; p++) {
            PageClass *class =
                class_for(oracle, signature_of(oracle, &counts[(size_t)p * 2 * oracle->accessor_count]));
            (void)nsim_place(host, fault->space, fault->page + p, 1, deal(oracle, class), fault->accessor,
                             NSIM_PLACE_FALLBACK);
        }
    }
}

static const NsimPolicyClass oracle_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "oracle",
    .summary = "the best static placement that knowing the whole trace allows: a bound, not a real policy",
    .source = "convex placement over page classes; see the head of policies/oracle.c",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC | NSIM_CAP_FUTURE,
    .attach = oracle_attach,
    .detach = oracle_detach,
    .faults = oracle_faults,
};

NSIM_POLICY_EXPORT(oracle, oracle_class);
