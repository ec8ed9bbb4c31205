/* SPDX-License-Identifier: MIT */
/* Node lists: parsing and dealing pages out over them. */
#include "policies/node-list.h"

#include <string.h>

static void
set_error(const NsimHost *host, const char *policy, const char *key, const char *found, const char *problem,
          GError **error)
{
    g_autoptr(GString) ids = g_string_new(NULL);
    for (uint32_t n = 0; n < nsim_node_count(host); n++) {
        NsimNodeInfo info;
        if (nsim_node_info(host, (NsimNodeId)n, &info))
            g_string_append_printf(ids, "%s%s (%d)", n > 0 ? ", " : "", info.id, info.nid);
    }
    g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION, "policy '%s': option '%s': %s '%s'; nodes are %s",
                policy, key, problem, found, ids->str);
}

static bool
add_node(NodeList *list, NsimNodeId node, uint32_t weight)
{
    if (list->count == NODE_LIST_MAX || node_list_has(list, node))
        return false;
    list->nodes[list->count] = node;
    list->weights[list->count++] = weight;
    return true;
}

/* "0-3": every node whose number lies in the range. NULL, or what is wrong. */
static const char *
add_range(const NsimHost *host, NodeList *list, const char *item, uint32_t weight)
{
    char *end = NULL;
    const guint64 first = g_ascii_strtoull(item, &end, 10);
    if (!g_ascii_isdigit(*item) || *end != '-' || !g_ascii_isdigit(end[1]))
        return "no such node";
    const guint64 last = g_ascii_strtoull(end + 1, &end, 10);
    bool any = false;
    for (uint32_t n = 0; n < nsim_node_count(host) && *end == '\0'; n++) {
        NsimNodeInfo info;
        if (!nsim_node_info(host, (NsimNodeId)n, &info) || info.nid < 0 || (guint64)info.nid < first ||
            (guint64)info.nid > last)
            continue;
        if (!add_node(list, (NsimNodeId)n, weight))
            return "node named twice in";
        any = true;
    }
    return any ? NULL : "no such node";
}

/* Every node that holds memory in use: swap space does not. */
static void
add_all(const NsimHost *host, NodeList *list)
{
    for (uint32_t n = 0; n < nsim_node_count(host); n++) {
        NsimNodeInfo info;
        if (nsim_node_info(host, (NsimNodeId)n, &info) && info.kind != NSIM_NODE_DISK)
            (void)add_node(list, (NsimNodeId)n, 1);
    }
}

/* Weights run from 1 to 255 as in the kernel's sysfs files. */
static bool
split_weight(char *item, uint32_t *ret_weight)
{
    char *equals = strchr(item, '=');
    char *end = NULL;
    if (equals == NULL)
        return false;
    *equals = '\0';
    const guint64 weight = g_ascii_strtoull(equals + 1, &end, 10);
    *ret_weight = (uint32_t)MIN(weight, (guint64)256);
    return end != equals + 1 && *end == '\0' && weight >= 1 && weight <= 255;
}

bool
node_list_parse(const NsimHost *host, const char *policy, const char *key, const char *text, bool weighted,
                NodeList *ret, GError **error)
{
    NodeList list = { 0 };
    const bool all = !weighted && strcmp(text, "all") == 0;
    if (all)
        add_all(host, &list);
    g_auto(GStrv) items = g_strsplit_set(all ? "" : text, "+, ", -1);
    for (char **item = items; *item != NULL; item++) {
        g_autofree char *whole = g_strdup(*item);
        uint32_t weight = 1;
        if (**item == '\0')
            continue;
        if (weighted && !split_weight(*item, &weight)) {
            set_error(host, policy, key, whole, "expected NODE=WEIGHT with a weight from 1 to 255, found", error);
            return false;
        }
        const NsimNodeId node = nsim_node_by_id(host, *item);
        const char *problem = node == NSIM_NODE_NONE          ? add_range(host, &list, *item, weight)
                              : add_node(&list, node, weight) ? NULL
                                                              : "node named twice in";
        if (problem != NULL) {
            set_error(host, policy, key, whole, problem, error);
            return false;
        }
    }
    if (list.count == 0) {
        set_error(host, policy, key, text, "no node in", error);
        return false;
    }
    *ret = list;
    return true;
}

bool
node_list_has(const NodeList *list, NsimNodeId node)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->nodes[i] == node)
            return true;
    }
    return false;
}

uint64_t
node_list_weight(const NodeList *list)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < list->count; i++)
        sum += list->weights[i];
    return sum;
}

NsimNodeId
node_list_deal(const NodeList *list, uint64_t index)
{
    uint64_t target = index % node_list_weight(list);
    uint32_t i = 0;
    while (target >= list->weights[i])
        target -= list->weights[i++];
    return list->nodes[i];
}

/* The region a page is in. */
static NsimRegionInfo
region_of(const NsimHost *host, NsimSpaceId space, NsimPage page)
{
    NsimSpaceInfo info = { 0 };
    NsimRegionInfo region = { 0 };
    (void)nsim_space_info(host, space, &info);
    uint32_t low = 0, high = info.region_count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        (void)nsim_region_info(host, space, middle, &region);
        if (region.first <= page)
            low = middle;
        else
            high = middle;
    }
    (void)nsim_region_info(host, space, low, &region);
    return region;
}

void
node_list_place(NsimHost *host, const NsimFault *fault, const NodeList *list)
{
    const NsimRegionInfo region = region_of(host, fault->space, fault->page);
    const NsimPage end = fault->page + fault->count;
    for (NsimPage page = fault->page; page < end;) {
        const uint64_t unit = page / region.unit_pages;
        const NsimPage stop = MIN(end, (unit + 1) * region.unit_pages);
        NsimNodeId node = node_list_deal(list, unit - region.first / region.unit_pages);
        NsimRouteInfo route = { 0 };
        /* A node that the toucher does not reach is passed over like a full one. */
        if (!nsim_route_info(host, fault->accessor, node, &route) || !route.reachable)
            node = nsim_node_by_rank(host, fault->accessor, 0);
        (void)nsim_place(host, fault->space, page, (uint32_t)(stop - page), node, fault->accessor, NSIM_PLACE_FALLBACK);
        page = stop;
    }
}
