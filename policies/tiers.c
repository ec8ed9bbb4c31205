/* SPDX-License-Identifier: MIT */
/* What tiering policies share: which nodes are fast, units of movement, sampling. */
#include "policies/tiers.h"

#include <string.h>

static bool
is_fast_kind(NsimNodeKind kind)
{
    return kind == NSIM_NODE_DRAM || kind == NSIM_NODE_HBM;
}

static NsimNodeKind
kind_of(const NsimHost *host, uint32_t node)
{
    NsimNodeInfo info = {0};
    (void)nsim_node_info(host, (NsimNodeId)node, &info);
    return info.kind;
}

static bool
read_fast(Tiers *tiers, const NsimHost *host, const char *policy, const char *fast, GError **error)
{
    if (strcmp(fast, "auto") == 0) {
        for (uint32_t n = 0; n < tiers->node_count; n++)
            tiers->fast[n] = is_fast_kind(kind_of(host, n));
        return true;
    }
    g_autofree NodeList *list = g_new0(NodeList, 1);
    if (!node_list_parse(host, policy, "fast", fast, false, list, error))
        return false;
    for (uint32_t i = 0; i < list->count; i++)
        tiers->fast[list->nodes[i]] = true;
    return true;
}

void
tiers_measure(Tiers *tiers, const NsimHost *host)
{
    tiers->space_count = nsim_space_count(host);
    tiers->page_counts = g_new0(uint64_t, tiers->space_count + 1);
    tiers->unit_counts = g_new0(uint64_t, tiers->space_count + 1);
    tiers->unit_shifts = g_new0(unsigned, tiers->space_count + 1);
    for (uint32_t s = 0; s < tiers->space_count; s++) {
        NsimSpaceInfo info = {0};
        uint32_t most = 1;
        (void)nsim_space_info(host, (NsimSpaceId)s, &info);
        for (uint32_t r = 0; r < info.region_count; r++) {
            NsimRegionInfo region = {0};
            if (nsim_region_info(host, (NsimSpaceId)s, r, &region))
                most = MAX(most, region.unit_pages);
        }
        while (1u << tiers->unit_shifts[s] < most)
            tiers->unit_shifts[s]++;
        tiers->page_bytes = info.page_bytes;
        tiers->page_counts[s] = info.page_count;
        tiers->unit_counts[s] = (info.page_count + most - 1) >> tiers->unit_shifts[s];
    }
}

bool
tiers_init(Tiers *tiers, const NsimHost *host, const char *policy, const char *fast, GError **error)
{
    *tiers = (Tiers){.node_count = MIN(nsim_node_count(host), NODE_LIST_MAX)};
    if (!read_fast(tiers, host, policy, fast, error))
        return false;
    for (uint32_t n = 0; n < tiers->node_count; n++) {
        NsimNodeInfo info = {0};
        (void)nsim_node_info(host, (NsimNodeId)n, &info);
        tiers->slow[n] = !tiers->fast[n] && info.kind != NSIM_NODE_DISK;
        tiers->fast_pages += tiers->fast[n] ? info.capacity_pages : 0;
        tiers->slow_pages += tiers->slow[n] ? info.capacity_pages : 0;
    }
    if (tiers->fast_pages == 0 || tiers->slow_pages == 0) {
        g_set_error(
            error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION,
            "policy '%s': the machine has no %s node; 'fast' names the fast ones, and dram and hbm are without it",
            policy, tiers->fast_pages == 0 ? "fast" : "slow");
        return false;
    }
    tiers_measure(tiers, host);
    return true;
}

void
tiers_clear(Tiers *tiers)
{
    g_free(tiers->page_counts);
    g_free(tiers->unit_counts);
    g_free(tiers->unit_shifts);
}

NsimPage
tiers_unit(const Tiers *tiers, NsimSpaceId space, uint64_t unit, uint32_t *ret_count)
{
    const unsigned shift = tiers->unit_shifts[space];
    const NsimPage first = unit << shift;
    *ret_count = (uint32_t)MIN(tiers->page_counts[space] - first, (uint64_t)1 << shift);
    return first;
}

uint64_t
tiers_all_units(const Tiers *tiers)
{
    uint64_t units = 0;
    for (uint32_t s = 0; s < tiers->space_count; s++)
        units += tiers->unit_counts[s];
    return units;
}

NsimNodeId
tiers_pick_of(const bool *nodes, const NsimHost *host, NsimAccessorId accessor, uint64_t pages)
{
    for (uint32_t rank = 0;; rank++) {
        const NsimNodeId node = nsim_node_by_rank(host, accessor, rank);
        if (node == NSIM_NODE_NONE || (nodes[node] && nsim_free_pages(host, node) >= pages))
            return node;
    }
}

NsimNodeId
tiers_pick(const Tiers *tiers, const NsimHost *host, NsimAccessorId accessor, bool fast, uint64_t pages)
{
    return tiers_pick_of(fast ? tiers->fast : tiers->slow, host, accessor, pages);
}

uint64_t
tiers_free(const Tiers *tiers, const NsimHost *host, bool fast)
{
    const bool *tier = fast ? tiers->fast : tiers->slow;
    uint64_t pages = 0;
    for (uint32_t n = 0; n < tiers->node_count; n++)
        pages += tier[n] ? nsim_free_pages(host, (NsimNodeId)n) : 0;
    return pages;
}

void
tiers_sample(NsimHost *host, const TiersSampling *options, uint32_t flags)
{
    const NsimSampling sampling = {.struct_size = sizeof sampling,
                                   .flags = flags,
                                   .accessor = NSIM_ACCESSOR_NONE,
                                   .buffer = (uint32_t)options->buffer,
                                   .period_lines = options->period,
                                   .sample_ps = options->sample_ps,
                                   .interrupt_ps = options->interrupt_ps};
    (void)nsim_sample(host, &sampling);
}
