/* SPDX-License-Identifier: MIT */
/*
 * interleave: units dealt out over the nodes in turn, by their offset in the mapping. Linux MPOL_INTERLEAVE
 * (mm/mempolicy.c, interleave_nid). A full node is passed over to the nearest with room.
 */
#include "policies/node-list.h"

typedef struct {
    const char *nodes;
} InterleaveConfig;

static const NsimOption interleave_options[] = {
    { .key = "nodes",
      .type = NSIM_OPTION_STRING,
      .offset = offsetof(InterleaveConfig, nodes),
      .default_text = "all",
      .help = "the nodes, by id or number: DRAM1+DRAM2, 0-3, or all",
      .source = "numactl --interleave" },
};

static void *
interleave_attach(NsimHost *host, const void *config, GError **error)
{
    const InterleaveConfig *interleave = config;
    NodeList *list = g_new0(NodeList, 1);
    if (!node_list_parse(host, "interleave", "nodes", interleave->nodes, false, list, error)) {
        g_free(list);
        return NULL;
    }
    return list;
}

static void
interleave_detach(void *self, NsimHost *host)
{
    (void)host;
    g_free(self);
}

static void
interleave_faults(void *self, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (faults[i].kind != NSIM_FAULT_HINT)
            node_list_place(host, &faults[i], self);
    }
}

static const NsimPolicyClass interleave_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "interleave",
    .summary = "pages dealt out over the nodes in turn",
    .source = "Linux mm/mempolicy.c (MPOL_INTERLEAVE), v6.16",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = interleave_options,
    .option_count = G_N_ELEMENTS(interleave_options),
    .config_size = sizeof(InterleaveConfig),
    .attach = interleave_attach,
    .detach = interleave_detach,
    .faults = interleave_faults,
};

NSIM_POLICY_EXPORT(interleave, interleave_class);
