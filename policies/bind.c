/* SPDX-License-Identifier: MIT */
/*
 * bind: pages only on the given nodes, nearest to the toucher first; when all of them are full the run fails, as a
 * bound task is killed. Linux MPOL_BIND (mm/mempolicy.c).
 */
#include "policies/node-list.h"

typedef struct {
    const char *nodes;
} BindConfig;

static const NsimOption bind_options[] = {
    { .key = "nodes",
      .type = NSIM_OPTION_STRING,
      .offset = offsetof(BindConfig, nodes),
      .help = "the nodes, by id or number: DRAM1+DRAM2, 0-1",
      .source = "numactl --membind" },
};

static void *
bind_attach(NsimHost *host, const void *config, GError **error)
{
    const BindConfig *bind = config;
    NodeList *list = g_new0(NodeList, 1);
    if (!node_list_parse(host, "bind", "nodes", bind->nodes, false, list, error)) {
        g_free(list);
        return NULL;
    }
    return list;
}

static void
bind_detach(void *self, NsimHost *host)
{
    (void)host;
    g_free(self);
}

static void
bind_faults(void *self, NsimHost *host, const NsimFault *faults, uint32_t count)
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
        if (done < fault->count) {
            nsim_fail(host, "out of memory on the nodes of 'nodes'; name more nodes or use 'preferred'");
            return;
        }
    }
}

static const NsimPolicyClass bind_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "bind",
    .summary = "pages only on the given nodes, nearest first; out of memory when they are full",
    .source = "Linux mm/mempolicy.c (MPOL_BIND), v6.16",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = bind_options,
    .option_count = G_N_ELEMENTS(bind_options),
    .config_size = sizeof(BindConfig),
    .attach = bind_attach,
    .detach = bind_detach,
    .faults = bind_faults,
};

NSIM_POLICY_EXPORT(bind, bind_class);
