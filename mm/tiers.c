/* SPDX-License-Identifier: MIT */
/* Abstract distances, tiers, demotion targets. */
#include <mm/tiers.h>

#include <glib.h>

#define CHUNK_BITS 7u
#define ADISTANCE_UNKNOWN (5 * NSIM_ADISTANCE_DRAM)

/* What a node's nearest CPU can expect of it, in the kernel's units. */
typedef struct {
    uint64_t read_ns, write_ns, read_mb_s, write_mb_s;
} Performance;

NsimAccessorId
nsim_nearest_cpu(const NsimMachine *machine, NsimNodeId node)
{
    NsimAccessorId best = NSIM_ACCESSOR_NONE;
    NsimTime best_ps = NSIM_TIME_MAX;
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        const NsimRoute *read = nsim_machine_route(machine, (NsimAccessorId)a, node, NSIM_DIR_READ);
        const NsimRoute *write = nsim_machine_route(machine, (NsimAccessorId)a, node, NSIM_DIR_WRITE);
        if (machine->accessors[a].kind != NSIM_ACCESSOR_CPU || !read->reachable || !write->reachable ||
            read->fixed_ps >= best_ps)
            continue;
        best = (NsimAccessorId)a;
        best_ps = read->fixed_ps;
    }
    return best;
}

/* False: no CPU reaches it. No figure is 0. */
static bool
performance_of(const NsimMachine *machine, NsimNodeId node, Performance *ret)
{
    const NsimAccessorId cpu = nsim_nearest_cpu(machine, node);
    if (cpu == NSIM_ACCESSOR_NONE)
        return false;
    const NsimRoute *read = nsim_machine_route(machine, cpu, node, NSIM_DIR_READ);
    const NsimRoute *write = nsim_machine_route(machine, cpu, node, NSIM_DIR_WRITE);
    *ret = (Performance){.read_ns = MAX(read->fixed_ps / NSIM_NS, (NsimTime)1),
                         .write_ns = MAX(write->fixed_ps / NSIM_NS, (NsimTime)1),
                         .read_mb_s = MAX(read->bytes_per_s / 1000000, (uint64_t)1),
                         .write_mb_s = MAX(write->bytes_per_s / 1000000, (uint64_t)1)};
    return true;
}

static bool
within_a_tenth(uint64_t a, uint64_t b)
{
    return (a > b ? a - b : b - a) * 10 <= b;
}

static bool
agree(const Performance *a, const Performance *b)
{
    return within_a_tenth(a->read_ns, b->read_ns) && within_a_tenth(a->write_ns, b->write_ns) &&
           within_a_tenth(a->read_mb_s, b->read_mb_s) && within_a_tenth(a->write_mb_s, b->write_mb_s);
}

/* What DRAM is like. False: there is none, or its nodes disagree. */
static bool
dram_performance(const NsimMachine *machine, Performance *ret)
{
    bool found = false;
    for (uint32_t n = 0; n < machine->node_count; n++) {
        Performance one;
        if (machine->nodes[n].kind != NSIM_NODE_DRAM || !performance_of(machine, (NsimNodeId)n, &one))
            continue;
        if (found && !agree(&one, ret))
            return false;
        *ret = found ? *ret : one;
        found = true;
    }
    return found;
}

static uint32_t
distance_from(const Performance *node, const Performance *dram)
{
    /* Divisions that truncate, in the kernel's order. */
    const unsigned __int128 by_latency =
        (unsigned __int128)NSIM_ADISTANCE_DRAM * (node->read_ns + node->write_ns) / (dram->read_ns + dram->write_ns);
    const unsigned __int128 distance =
        by_latency * (dram->read_mb_s + dram->write_mb_s) / (node->read_mb_s + node->write_mb_s);
    return (uint32_t)MIN(distance, (unsigned __int128)INT32_MAX);
}

static void
fill_tiers(NsimTiers *tiers, const NsimMachine *machine)
{
    Performance dram = {0}, node;
    const bool known = dram_performance(machine, &dram);
    for (uint32_t n = 0; n < machine->node_count; n++) {
        const NsimNodeKind kind = machine->nodes[n].kind;
        tiers->tiers[n] = NSIM_TIER_NONE;
        if (kind == NSIM_NODE_DISK || !performance_of(machine, (NsimNodeId)n, &node))
            continue;
        if (kind == NSIM_NODE_DRAM)
            tiers->adistances[n] = NSIM_ADISTANCE_DRAM;
        else
            tiers->adistances[n] = known ? distance_from(&node, &dram) : ADISTANCE_UNKNOWN;
        tiers->tiers[n] = tiers->adistances[n] >> CHUNK_BITS;
    }
}

/* The fastest of the tiers slower than `tier`. */
static uint32_t
next_tier(const NsimTiers *tiers, uint32_t tier)
{
    uint32_t next = NSIM_TIER_NONE;
    for (uint32_t n = 0; n < tiers->node_count; n++) {
        if (tiers->tiers[n] != NSIM_TIER_NONE && tiers->tiers[n] > tier)
            next = MIN(next, tiers->tiers[n]);
    }
    return next;
}

/* Nodes of a tier that are nearest to `cpu`, and equally near. */
static void
find_targets(NsimTiers *tiers, const NsimMachine *machine, uint32_t node, uint32_t tier)
{
    const NsimAccessorId cpu = nsim_nearest_cpu(machine, (NsimNodeId)node);
    NsimNodeId *targets = tiers->targets[node];
    NsimTime best_ps = NSIM_TIME_MAX;
    uint32_t count = 0;
    for (uint32_t n = 0; n < machine->node_count; n++) {
        const NsimRoute *route = nsim_machine_route(machine, cpu, (NsimNodeId)n, NSIM_DIR_READ);
        if (tiers->tiers[n] != tier || !route->reachable || route->fixed_ps > best_ps)
            continue;
        count = route->fixed_ps < best_ps ? 0 : count;
        best_ps = route->fixed_ps;
        targets[count++] = (NsimNodeId)n;
    }
    targets[count] = NSIM_NODE_NONE;
}

NsimTiers *
nsim_tiers_new(const NsimMachine *machine)
{
    NsimTiers *tiers = g_new0(NsimTiers, 1);
    tiers->node_count = machine->node_count;
    tiers->adistances = g_new0(uint32_t, machine->node_count + 1);
    tiers->tiers = g_new0(uint32_t, machine->node_count + 1);
    tiers->targets = g_new0(NsimNodeId *, machine->node_count + 1);
    fill_tiers(tiers, machine);
    for (uint32_t n = 0; n < machine->node_count; n++) {
        tiers->targets[n] = g_new(NsimNodeId, machine->node_count + 1);
        tiers->targets[n][0] = NSIM_NODE_NONE;
        const uint32_t next = tiers->tiers[n] == NSIM_TIER_NONE ? NSIM_TIER_NONE : next_tier(tiers, tiers->tiers[n]);
        if (next != NSIM_TIER_NONE)
            find_targets(tiers, machine, n, next);
    }
    return tiers;
}

void
nsim_tiers_free(NsimTiers *tiers)
{
    if (tiers == NULL)
        return;
    for (uint32_t n = 0; n < tiers->node_count; n++)
        g_free(tiers->targets[n]);
    g_free(tiers->targets);
    g_free(tiers->adistances);
    g_free(tiers->tiers);
    g_free(tiers);
}
