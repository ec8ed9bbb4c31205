/* SPDX-License-Identifier: MIT */
/* The top memory tier by latency. */
#include "policies/top-tier.h"

/* A node is of the top tier up to this much slower than the slowest CPU's own node: a tier's upper end, 640 of 576. */
#define TIER_NUMERATOR 640u
#define TIER_DENOMINATOR 576u

static bool
is_cpu(const NsimHost *host, NsimAccessorId accessor)
{
    NsimAccessorInfo info;
    return nsim_accessor_info(host, accessor, &info) && info.kind == NSIM_ACCESSOR_CPU;
}

/* From the nearest CPU; NSIM_TIME_MAX when none reaches it. */
static NsimTime
latency_of(const NsimHost *host, NsimNodeId node)
{
    NsimTime best_ps = NSIM_TIME_MAX;
    for (uint32_t a = 0; a < nsim_accessor_count(host); a++) {
        NsimRouteInfo route;
        if (is_cpu(host, (NsimAccessorId)a) && nsim_route_info(host, (NsimAccessorId)a, node, &route) &&
            route.reachable)
            best_ps = MIN(best_ps, route.latency_read_ps);
    }
    return best_ps;
}

void
top_tier_find(const NsimHost *host, bool *ret)
{
    NsimTime slowest_ps = 0;
    for (uint32_t a = 0; a < nsim_accessor_count(host); a++) {
        const NsimNodeId own = nsim_node_by_rank(host, (NsimAccessorId)a, 0);
        if (is_cpu(host, (NsimAccessorId)a) && own != NSIM_NODE_NONE)
            slowest_ps = MAX(slowest_ps, latency_of(host, own));
    }
    const NsimTime limit_ps = slowest_ps * TIER_NUMERATOR / TIER_DENOMINATOR;
    for (uint32_t n = 0; n < nsim_node_count(host); n++)
        ret[n] = latency_of(host, (NsimNodeId)n) <= limit_ps;
}
