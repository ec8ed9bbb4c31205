/* SPDX-License-Identifier: MIT */
/*
 * What cannot be a machine: PCIe and CXL fabrics with a cycle (their routing is by tree, PCI Express Base Specification
 * 6.0, section 1.3, and CXL 2.0 with virtual hierarchies that are trees each), nodes that nobody reaches.
 */
#include <models/machine-build.h>

#include <string.h>

/* Representative of a set, with path halving. */
static uint32_t
set_of(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

static bool
is_tree_kind(const char *kind)
{
    return strcmp(kind, "cxl") == 0 || strcmp(kind, "pcie") == 0;
}

static bool
check_trees(const NsimMachineBuild *build, GError **error)
{
    g_autofree uint32_t *parent = g_new(uint32_t, build->points->len);
    for (uint32_t i = 0; i < build->points->len; i++)
        parent[i] = i;
    for (uint32_t e = 0; e < build->edges->len; e++) {
        const NsimEdge *edge = &g_array_index(build->edges, NsimEdge, e);
        if (edge->link == NSIM_NO_LINK || !is_tree_kind(build->links[edge->link].kind))
            continue;
        const uint32_t a = set_of(parent, edge->ends[0]), b = set_of(parent, edge->ends[1]);
        if (a == b) {
            const NsimLink *link = &build->links[edge->link];
            return nsim_value_error(nsim_value_item(build->links_value, edge->link), error,
                                    "link \"%s\" closes a cycle: \"%s\" and \"%s\" are already joined by pcie and cxl "
                                    "links, which form trees",
                                    link->id, link->ends[0], link->ends[1]);
        }
        parent[b] = a;
    }
    return true;
}

/* A table may say "unreachable", but not of everything a node or an accessor has. */
static bool
check_table(const NsimMachineBuild *build, GError **error)
{
    const uint32_t nodes = build->node_count;
    const NsimValue *node_list = nsim_value_get(build->root, "nodes");
    const NsimValue *accessor_list = nsim_value_get(build->root, "accessors");
    for (uint32_t n = 0; n < nodes; n++) {
        bool reached = false;
        for (uint32_t a = 0; a < build->accessor_count; a++)
            reached = reached || build->table[(size_t)a * nodes + n] != NSIM_TIME_MAX;
        if (!reached)
            return nsim_value_error(nsim_value_item(node_list, n), error, "no accessor reaches node \"%s\"",
                                    build->nodes[n].id);
    }
    for (uint32_t a = 0; a < build->accessor_count; a++) {
        bool reaches = false;
        for (uint32_t n = 0; n < nodes; n++)
            reaches = reaches || build->table[(size_t)a * nodes + n] != NSIM_TIME_MAX;
        if (!reaches)
            return nsim_value_error(nsim_value_item(accessor_list, a), error, "accessor \"%s\" reaches no node",
                                    build->accessors[a].id);
    }
    return true;
}

bool
nsim_build_check(NsimMachineBuild *build, GError **error)
{
    return check_trees(build, error) && (build->form == NSIM_LATENCY_LINKS || check_table(build, error));
}
