/* SPDX-License-Identifier: MIT */
/*
 * hmsdk: capacity expansion of SK hynix HMSDK 4.0. Each CXL node and the DRAM node beside it exchange what was not
 * accessed for a while and what was, by DAMON with fixed thresholds and without goals; `split` gives each part of a
 * node a kdamond of its own, which migrate side by side.
 *
 * Left out: its cgroup filter unless `group` names one; its recommendation to turn on the kernel's own demotion, which
 * is every policy's key `demotion`.
 */
#include "policies/damo-text.h"
#include "policies/path.h"

#include <string.h>

typedef struct {
    const char *pairs, *group;
    uint64_t split_bytes;
    uint64_t quota_bytes;
    NsimTime quota_interval_ps, demote_time_ps, promote_time_ps, age_ps;
    uint64_t hot_ppm;
    const char *intervals;
} HmsdkConfig;

#define GEN_MIGPOL "HMSDK 4.0 tools/gen_migpol.py"

static const NsimOption hmsdk_options[] = {
    {.key = "pairs",
     .type = NSIM_OPTION_STRING,
     .offset = offsetof(HmsdkConfig, pairs),
     .default_text = "auto",
     .help =
         "fast and slow node in turn: DRAM1+CXL1+DRAM2+CXL2; auto: each CXL node with the DRAM its nearest CPU is at",
     .source = GEN_MIGPOL ": --demote, --promote"},
    {.key = "group",
     .type = NSIM_OPTION_STRING,
     .offset = offsetof(HmsdkConfig, group),
     .default_text = "",
     .help = "the group of workloads whose pages move; \"\": all (its option -g)",
     .source = GEN_MIGPOL ": /hmsdk"},
    {.key = "split",
     .type = NSIM_OPTION_BYTES,
     .offset = offsetof(HmsdkConfig, split_bytes),
     .max = (uint64_t)1 << 50,
     .default_text = "0B",
     .help = "largest part of a node that one kdamond watches; 0B: one kdamond a node",
     .source = GEN_MIGPOL ": -s"},
    {.key = "quota",
     .type = NSIM_OPTION_BYTES,
     .offset = offsetof(HmsdkConfig, quota_bytes),
     .min = 4096,
     .max = (uint64_t)1 << 50,
     .default_text = "50GiB",
     .help = "bytes a scheme may try in a quota interval",
     .source = GEN_MIGPOL},
    {.key = "quota_interval",
     .type = NSIM_OPTION_TIME,
     .offset = offsetof(HmsdkConfig, quota_interval_ps),
     .min = 1000000000ull,
     .max = 1000000000000000ull,
     .default_text = "20s",
     .help = "window of the quotas",
     .source = GEN_MIGPOL},
    {.key = "demote_time",
     .type = NSIM_OPTION_TIME,
     .offset = offsetof(HmsdkConfig, demote_time_ps),
     .max = 1000000000000000ull,
     .default_text = "1s",
     .help = "CPU time for demotion in a quota interval",
     .source = GEN_MIGPOL},
    {.key = "promote_time",
     .type = NSIM_OPTION_TIME,
     .offset = offsetof(HmsdkConfig, promote_time_ps),
     .max = 1000000000000000ull,
     .default_text = "2s",
     .help = "CPU time for promotion in a quota interval",
     .source = GEN_MIGPOL},
    {.key = "age",
     .type = NSIM_OPTION_TIME,
     .offset = offsetof(HmsdkConfig, age_ps),
     .max = 1000000000000000ull,
     .default_text = "30s",
     .help = "how long a region was not accessed when it is demoted",
     .source = GEN_MIGPOL},
    {.key = "hot",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(HmsdkConfig, hot_ppm),
     .max = 1000000,
     .default_text = "5%",
     .help = "least access rate that is promoted",
     .source = GEN_MIGPOL},
    {.key = "intervals",
     .type = NSIM_OPTION_STRING,
     .offset = offsetof(HmsdkConfig, intervals),
     .default_text = "100ms 2s 20s",
     .help = "sampling, aggregation and update interval",
     .source = GEN_MIGPOL},
};

/* The nearest DRAM of the CPU that is nearest to a node. */
static NsimNodeId
partner_of(const NsimHost *host, NsimNodeId slow)
{
    NsimTime nearest_ps = NSIM_TIME_MAX;
    NsimAccessorId cpu = 0;
    for (uint32_t a = 0; a < nsim_accessor_count(host); a++) {
        NsimAccessorInfo info = {0};
        NsimRouteInfo route = {0};
        if (nsim_accessor_info(host, (NsimAccessorId)a, &info) && info.kind == NSIM_ACCESSOR_CPU &&
            nsim_route_info(host, (NsimAccessorId)a, slow, &route) && route.reachable &&
            route.latency_read_ps < nearest_ps) {
            nearest_ps = route.latency_read_ps;
            cpu = (NsimAccessorId)a;
        }
    }
    for (uint32_t rank = 0; nearest_ps != NSIM_TIME_MAX; rank++) {
        const NsimNodeId node = nsim_node_by_rank(host, cpu, rank);
        NsimNodeInfo info = {0};
        if (node == NSIM_NODE_NONE || !nsim_node_info(host, node, &info))
            break;
        if (info.kind == NSIM_NODE_DRAM)
            return node;
    }
    return NSIM_NODE_NONE;
}

static bool
find_pairs(const NsimHost *host, const char *text, NodeList *list, GError **error)
{
    *list = (NodeList){0};
    if (strcmp(text, "auto") != 0 && !node_list_parse(host, "hmsdk", "pairs", text, false, list, error))
        return false;
    for (uint32_t n = 0; strcmp(text, "auto") == 0 && n < nsim_node_count(host); n++) {
        NsimNodeInfo info = {0};
        const NsimNodeId fast = partner_of(host, (NsimNodeId)n);
        if (!nsim_node_info(host, (NsimNodeId)n, &info) || info.kind != NSIM_NODE_CXL || fast == NSIM_NODE_NONE)
            continue;
        list->nodes[list->count++] = fast;
        list->nodes[list->count++] = (NsimNodeId)n;
    }
    if (list->count >= 2 && list->count % 2 == 0)
        return true;
    g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION,
                "policy 'hmsdk': pairs=%s gives %u nodes; it takes a fast and a slow node in turn", text, list->count);
    return false;
}

/* Physical addresses go through the nodes in the machine's order. */
static uint64_t
first_address(const NsimHost *host, NsimNodeId node, uint64_t page_bytes)
{
    uint64_t pages = 0;
    for (uint32_t n = 0; n < node; n++) {
        NsimNodeInfo info = {0};
        if (nsim_node_info(host, (NsimNodeId)n, &info))
            pages += info.capacity_pages;
    }
    return pages * page_bytes;
}

static void
append_scheme(DamoText *damo, const HmsdkConfig *config, bool demote, int32_t nid)
{
    g_autofree char *window = damo_time(config->quota_interval_ps);
    g_autofree char *time = damo_time(demote ? config->demote_time_ps : config->promote_time_ps);
    g_autofree char *age = damo_time(demote ? config->age_ps : 0);
    g_autofree char *hot = damo_percent(config->hot_ppm);
    damo_text_scheme(damo, demote ? "migrate_cold" : "migrate_hot", nid);
    damo_text_word(damo, "--damos_sz_region 4096 max --damos_access_rate %s %s --damos_age %s max", demote ? "0%" : hot,
                   demote ? "0%" : "100%", age);
    damo_text_word(damo, "--damos_quotas %s %" G_GUINT64_FORMAT " %s 0%% 0%% 1%%", time, config->quota_bytes, window);
    if (*config->group != '\0') {
        g_autofree char *filter = g_strdup_printf("reject none memcg %s", config->group);
        damo_text_filter(damo, filter);
    }
    damo_text_filter(damo, demote ? "reject young" : "reject none young");
}

static void
append_node(DamoText *damo, const NsimHost *host, const HmsdkConfig *config, NsimNodeId node, NsimNodeId other,
            bool demote)
{
    NsimNodeInfo info = {0};
    NsimSpaceInfo space = {.page_bytes = 4096};
    nsim_space_info(host, 0, &space);
    if (!nsim_node_info(host, node, &info))
        return;
    const uint64_t start = first_address(host, node, space.page_bytes);
    const uint64_t end = start + info.capacity_pages * space.page_bytes;
    const uint64_t part = config->split_bytes == 0 ? end - start : MAX(config->split_bytes, space.page_bytes);
    for (uint64_t from = start; from < end; from += MIN(part, end - from)) {
        if (config->split_bytes == 0)
            damo_text_node(damo, info.nid);
        else
            damo_text_range(damo, from, from + MIN(part, end - from));
        damo_text_word(damo, "--monitoring_intervals %s --monitoring_nr_regions_range 100 10000", config->intervals);
        append_scheme(damo, config, demote, path_nid(host, other));
    }
}

static void *
hmsdk_attach(NsimHost *host, const void *config, GError **error)
{
    const HmsdkConfig *from = config;
    NodeList pairs;
    DamoText damo;
    if (!find_pairs(host, from->pairs, &pairs, error))
        return NULL;
    damo_text_begin(&damo);
    for (uint32_t i = 0; i < pairs.count; i += 2) {
        append_node(&damo, host, from, pairs.nodes[i], pairs.nodes[i + 1], true);
        append_node(&damo, host, from, pairs.nodes[i + 1], pairs.nodes[i], false);
    }
    g_autofree char *text = damo_text_end(&damo);
    return nsim_damon(host, text, error) ? host : NULL;
}

static void
hmsdk_detach(void *self, NsimHost *host)
{
    (void)self;
    (void)host;
}

static const NsimPolicyClass hmsdk_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "hmsdk",
    .summary = "each CXL node and the DRAM beside it exchange cold and hot pages by DAMON with fixed thresholds",
    .source = "SK hynix HMSDK 4.0, capacity expansion, tools/gen_migpol.py",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = hmsdk_options,
    .option_count = G_N_ELEMENTS(hmsdk_options),
    .config_size = sizeof(HmsdkConfig),
    .attach = hmsdk_attach,
    .detach = hmsdk_detach,
};

NSIM_POLICY_EXPORT(hmsdk, hmsdk_class);
