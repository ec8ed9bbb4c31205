/* SPDX-License-Identifier: MIT */
/*
 * tpp-damon: tiering by DAMON alone. Along a path of nodes, nearest first, each node's cold memory goes down and its
 * hot memory up, held by goals for the nodes' free and used memory. It sees one path: that of one accessor, whoever
 * touches.
 *
 * The policy is the command line it gives to damo (numasim damo explain says what it does); mechanism and costs are
 * DAMON's. Left out: memory policies of processes are ignored, as in the kernel.
 */
#include "policies/damon-scheme.h"
#include "policies/path.h"

typedef struct {
    const char *path, *from;
    DamonTiering tiering;
} TppDamonConfig;

static const NsimOption tpp_damon_options[] = {
    {.key = "path",
     .type = NSIM_OPTION_STRING,
     .offset = offsetof(TppDamonConfig, path),
     .default_text = "auto",
     .help = "the nodes from the fastest to the slowest: DRAM1+CXL1; auto: all but disks by latency",
     .source = "Park, LPC 2025 talk: applicable to N tiers"},
    {.key = "from",
     .type = NSIM_OPTION_STRING,
     .offset = offsetof(TppDamonConfig, from),
     .default_text = "auto",
     .help = "accessor whose latencies order an automatic path; auto: the first CPU",
     .source = "numasim: the kernel's tiers do not depend on who accesses"},
    DAMON_TIERING_OPTIONS(TppDamonConfig),
};

static void *
tpp_damon_attach(NsimHost *host, const void *config, GError **error)
{
    const TppDamonConfig *from = config;
    NodeList path;
    NsimAccessorId accessor;
    DamoText damo;
    if (!path_find_accessor(host, "tpp-damon", from->from, &accessor, error) ||
        !path_parse(host, "tpp-damon", from->path, accessor, &path, error))
        return NULL;
    damo_text_begin(&damo);
    damon_tiering_append(&damo, host, &from->tiering, &path, NULL, NULL);
    g_autofree char *text = damo_text_end(&damo);
    return nsim_damon(host, text, error) ? host : NULL;
}

static void
tpp_damon_detach(void *self, NsimHost *host)
{
    (void)self;
    (void)host;
}

static const NsimPolicyClass tpp_damon_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "tpp-damon",
    .summary = "DAMON moves hot pages up and cold pages down a path of nodes, led by goals for free and used memory",
    .source = "Park, TPP-DAMON RFC 2025-03-20 and LPC 2025; damo scripts/mem_tier.sh",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = tpp_damon_options,
    .option_count = G_N_ELEMENTS(tpp_damon_options),
    .config_size = sizeof(TppDamonConfig),
    .attach = tpp_damon_attach,
    .detach = tpp_damon_detach,
};

NSIM_POLICY_EXPORT(tpp_damon, tpp_damon_class);
