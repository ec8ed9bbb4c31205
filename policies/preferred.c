/* SPDX-License-Identifier: MIT */
/*
 * preferred: pages on the given node while it has room, then as by default. With several nodes they are tried nearest
 * to the toucher first. Linux MPOL_PREFERRED and MPOL_PREFERRED_MANY (mm/mempolicy.c); there the fall-back order starts
 * from the preferred node, here from the toucher.
 */
#include "policies/node-list.h"

typedef struct {
    const char *nodes;
} PreferredConfig;

static const NsimOption preferred_options[] = {
    { .key = "nodes",
      .type = NSIM_OPTION_STRING,
      .offset = offsetof(PreferredConfig, nodes),
      .help = "the node or nodes, by id or number: CXL1, 0+2",
      .source = "numactl --preferred, --preferred-many" },
};

static void *
preferred_attach(NsimHost *host, const void *config, GError **error)
{
    const PreferredConfig *preferred = config;
    NodeList *list = g_new0(NodeList, 1);
    if (!node_list_parse(host, "preferred", "nodes", preferred->nodes, false, list, error)) {
        g_free(list);
        return NULL;
    }
    return list;
}

static void
preferred_detach(void *self, NsimHost *host)
{
    (void)host;
    g_free(self);
}

static void
preferred_faults(void *self, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    const NodeList *list = self;
    for (uint32_t i = 0; i < count; i++) {
        const NsimFault *fault = &faults[i];
        uint64_t done = 0;
        if (fault->kind == NSIM_FAULT_HINT)
            continue;
        for (uint32_t rank = 0; done < fault->count && rank < nsim_node_count(host); rank++) {
            const NsimNodeId node = nsim_node_by_rank(host, fault->accessor, rank);
            if (node != NSIM_NODE_NONE && node_list_has(list, node))
                done += nsim_place(host, fault->space, fault->page + done, (uint32_t)(fault->count - done), node,
                                   fault->accessor, 0);
        }
        /* What does not fit the core places by default. */
    }
}

static const NsimPolicyClass preferred_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "preferred",
    .summary = "pages on the given nodes while they have room, then on the nearest others",
    .source = "Linux mm/mempolicy.c (MPOL_PREFERRED, MPOL_PREFERRED_MANY), v6.16",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = preferred_options,
    .option_count = G_N_ELEMENTS(preferred_options),
    .config_size = sizeof(PreferredConfig),
    .attach = preferred_attach,
    .detach = preferred_detach,
    .faults = preferred_faults,
};

NSIM_POLICY_EXPORT(preferred, preferred_class);
