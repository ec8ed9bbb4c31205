/* SPDX-License-Identifier: MIT */
/*
 * weighted-interleave: like interleave, but each node gets `weight` units in a row. Linux MPOL_WEIGHTED_INTERLEAVE
 * (mm/mempolicy.c, weighted_interleave_nid), in the kernel since v6.9 with weights set by hand.
 *
 * `weights=auto` computes them from the nodes' bandwidths as the kernel does since v6.16 (reduce_interleave_weights):
 * the lesser of read and write bandwidth in MB/s, scaled so that all weights add up to about 32, at least 1 each,
 * divided by their greatest common divisor. As there, the weights are those of the whole machine, whatever `nodes` then
 * picks, and a node's bandwidth is what the nearest CPU gets from it, the links on the way included: firmware tables
 * (ACPI HMAT, CXL CDAT) say no more. v6.9 to v6.15 start from weight 1 everywhere, which is `interleave`.
 */
#include "policies/node-list.h"

#include <string.h>

/* Scale of the automatic weights: the kernel's compromise between fine steps and true ratios (v6.16). */
#define WEIGHTINESS 32u

typedef struct {
    const char *nodes, *weights;
} WeightedConfig;

static const NsimOption weighted_options[] = {
    { .key = "nodes",
      .type = NSIM_OPTION_STRING,
      .offset = offsetof(WeightedConfig, nodes),
      .default_text = "all",
      .help = "with weights=auto: the nodes, by id or number: DRAM1+DRAM2, 0-3, or all",
      .source = "numactl --weighted-interleave" },
    { .key = "weights",
      .type = NSIM_OPTION_STRING,
      .offset = offsetof(WeightedConfig, weights),
      .default_text = "auto",
      .help = "auto, or NODE=WEIGHT+NODE=WEIGHT with weights from 1 to 255",
      .source = "/sys/kernel/mm/mempolicy/weighted_interleave/nodeN; auto since v6.16" },
};

static uint32_t
gcd(uint32_t a, uint32_t b)
{
    while (b != 0) {
        const uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* MB/s between a node and the CPU nearest to it; any accessor where no CPU reaches it. */
static uint64_t
node_rate(const NsimHost *host, NsimNodeId node)
{
    uint64_t rate = 0;
    NsimTime nearest_ps = NSIM_TIME_MAX;
    bool by_cpu = false;
    for (uint32_t a = 0; a < nsim_accessor_count(host); a++) {
        NsimAccessorInfo accessor = { 0 };
        NsimRouteInfo route = { 0 };
        if (!nsim_accessor_info(host, (NsimAccessorId)a, &accessor) ||
            !nsim_route_info(host, (NsimAccessorId)a, node, &route) || !route.reachable)
            continue;
        const bool is_cpu = accessor.kind == NSIM_ACCESSOR_CPU;
        const uint64_t own = MIN(route.read_bytes_per_s, route.write_bytes_per_s) / 1000000;
        const bool nearer = route.latency_read_ps < nearest_ps || (route.latency_read_ps == nearest_ps && own > rate);
        if (is_cpu == by_cpu ? nearer : is_cpu) {
            by_cpu = is_cpu;
            nearest_ps = route.latency_read_ps;
            rate = own;
        }
    }
    return rate;
}

static void
set_auto_weights(const NsimHost *host, NodeList *list)
{
    NodeList whole = { 0 };
    uint64_t rates[NODE_LIST_MAX], sum = 0;
    uint32_t divisor = 0;
    if (!node_list_parse(host, "weighted-interleave", "nodes", "all", false, &whole, NULL))
        return;
    for (uint32_t i = 0; i < whole.count; i++) {
        rates[i] = node_rate(host, whole.nodes[i]);
        sum += rates[i];
    }
    for (uint32_t i = 0; i < whole.count; i++) {
        whole.weights[i] = sum == 0 ? 1 : (uint32_t)MAX(WEIGHTINESS * rates[i] / sum, (uint64_t)1);
        divisor = gcd(whole.weights[i], divisor);
    }
    for (uint32_t i = 0; i < whole.count; i++) {
        for (uint32_t j = 0; j < list->count; j++) {
            if (list->nodes[j] == whole.nodes[i])
                list->weights[j] = whole.weights[i] / divisor;
        }
    }
}

static void *
weighted_attach(NsimHost *host, const void *config, GError **error)
{
    const WeightedConfig *weighted = config;
    const bool automatic = strcmp(weighted->weights, "auto") == 0;
    NodeList *list = g_new0(NodeList, 1);
    const bool parsed =
        automatic ? node_list_parse(host, "weighted-interleave", "nodes", weighted->nodes, false, list, error)
                  : node_list_parse(host, "weighted-interleave", "weights", weighted->weights, true, list, error);
    if (!parsed) {
        g_free(list);
        return NULL;
    }
    if (automatic)
        set_auto_weights(host, list);
    return list;
}

static void
weighted_detach(void *self, NsimHost *host)
{
    (void)host;
    g_free(self);
}

static void
weighted_faults(void *self, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (faults[i].kind != NSIM_FAULT_HINT)
            node_list_place(host, &faults[i], self);
    }
}

static const NsimPolicyClass weighted_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "weighted-interleave",
    .summary = "pages dealt out over the nodes in proportion to weights, by default to their bandwidths",
    .source = "Linux mm/mempolicy.c (MPOL_WEIGHTED_INTERLEAVE), v6.9; automatic weights v6.16",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = weighted_options,
    .option_count = G_N_ELEMENTS(weighted_options),
    .config_size = sizeof(WeightedConfig),
    .attach = weighted_attach,
    .detach = weighted_detach,
    .faults = weighted_faults,
};

NSIM_POLICY_EXPORT(weighted_interleave, weighted_class);
