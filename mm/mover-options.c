/* SPDX-License-Identifier: MIT */
/*
 * How migrations and page replacement are done, as option rows: keys that every policy takes, and keys of the config's
 * `migration:`.
 */
#include <mm/mover.h>

#include <string.h>

const char *const nsim_copier_names[] = {[NSIM_COPIER_CPU] = "cpu",
                                      [NSIM_COPIER_MTCPU] = "mtcpu",
                                      [NSIM_COPIER_DMA] = "dma",
                                      [NSIM_COPIER_AUTO] = "auto",
                                      NULL};
const char *const nsim_spread_names[] = {
    [NSIM_SPREAD_CLUSTERS] = "clusters",       [NSIM_SPREAD_FILL] = "fill", [NSIM_SPREAD_SOURCE] = "source",
    [NSIM_SPREAD_DESTINATION] = "destination", [NSIM_SPREAD_IDLE] = "idle", NULL};
static const char *const scales[] = {[NSIM_SCALE_FIXED] = "fixed",
                                     [NSIM_SCALE_BYTES] = "bytes",
                                     [NSIM_SCALE_LOAD] = "load",
                                     [NSIM_SCALE_BANDWIDTH] = "bandwidth",
                                     NULL};
static const char *const flows[] = {
    [NSIM_FLOW_AUTO] = "auto", [NSIM_FLOW_FOLIO] = "folio", [NSIM_FLOW_BATCH] = "batch", NULL};
static const char *const attributions[] = {
    [NSIM_ATTRIBUTE_INITIATOR] = "initiator", [NSIM_ATTRIBUTE_WORKER] = "worker",
    [NSIM_ATTRIBUTE_THREAD] = "thread",       [NSIM_ATTRIBUTE_DESTINATION] = "destination",
    [NSIM_ATTRIBUTE_ROOT] = "root",           NULL};
static const char *const reasons[] = {[NSIM_REASON_POLICY] = "policy",     [NSIM_REASON_PROMOTION] = "promotion",
                                      [NSIM_REASON_DEMOTION] = "demotion", [NSIM_REASON_HARVEST] = "harvest",
                                      [NSIM_REASON_SWAP] = "swap",         [NSIM_REASON_REBALANCE] = "rebalance",
                                      [NSIM_REASON_SYSCALL] = "syscall",   NULL};

#define FIELD(name) offsetof(NsimMoverConfig, name)
#define SERIES "the page migration offload series, versions 1 to 5 (Garg 2024 to 2026)"

const NsimOption nsim_mover_options[NSIM_MOVER_OPTION_COUNT] = {
    {.key = "copier",
     .type = NSIM_OPTION_ENUM,
     .offset = FIELD(copier),
     .choices = nsim_copier_names,
     .default_text = "cpu",
     .help = "who copies: the migrating core, several cores, copy engines, or whichever is predicted to finish first",
     .source = "Linux mm/migrate.c copies on the migrating core"},
    {.key = "copier_by_reason",
     .type = NSIM_OPTION_STRING,
     .offset = FIELD(by_reason),
     .default_text = "",
     .help = "other copiers for some reasons, e.g. 'promotion=cpu demotion=dma'",
     .source = SERIES},
    {.key = "copy_threads",
     .type = NSIM_OPTION_INT,
     .offset = FIELD(threads),
     .min = 1,
     .max = 1024,
     .default_text = "4",
     .help = "most copy workers of the mtcpu copier",
     .source = "returns vanish at 8 to 12 threads (" SERIES ")"},
    {.key = "copy_spread",
     .type = NSIM_OPTION_ENUM,
     .offset = FIELD(spread),
     .choices = nsim_spread_names,
     .default_text = "clusters",
     .help = "which cores copy workers run on",
     .source = SERIES},
    {.key = "copy_scale",
     .type = NSIM_OPTION_ENUM,
     .offset = FIELD(scale),
     .choices = scales,
     .default_text = "fixed",
     .help =
         "how many workers: always copy_threads, by size, as many as cores are idle, or while bandwidth still grows",
     .source = "questions of the offload proposal; none is in the kernel"},
    {.key = "copy_thread_bytes",
     .type = NSIM_OPTION_BYTES,
     .offset = FIELD(thread_bytes),
     .min = 4096,
     .max = (uint64_t)1 << 40,
     .default_text = "512KiB",
     .help = "with copy_scale=bytes: one worker for so much",
     .source = "none"},
    {.key = "copy_gain",
     .type = NSIM_OPTION_RATIO,
     .offset = FIELD(gain_ppm),
     .min = 0,
     .max = 1000000,
     .default_text = "5%",
     .help = "with copy_scale=bandwidth: what one more worker must gain",
     .source = "none"},
    {.key = "copy_engine",
     .type = NSIM_OPTION_STRING,
     .offset = FIELD(engine),
     .default_text = "",
     .help = "id of the copy engine of the dma copier; empty: the first that reaches both nodes",
     .source = "none"},
    {.key = "copy_channels",
     .type = NSIM_OPTION_INT,
     .offset = FIELD(channels),
     .min = 0,
     .max = 4096,
     .default_text = "0",
     .help = "channels of it to use; 0: all",
     .source = SERIES},
    {.key = "copy_nt",
     .type = NSIM_OPTION_BOOL,
     .offset = FIELD(nt),
     .default_text = "no",
     .help = "cores copy with non-temporal stores, which do not fetch the destination's lines",
     .source = "the kernel's copy_mc and copy_page use ordinary stores"},
    {.key = "copy_flow",
     .type = NSIM_OPTION_ENUM,
     .offset = FIELD(flow),
     .choices = flows,
     .default_text = "auto",
     .help = "copy and remap folio by folio, or a whole batch at a time",
     .source = SERIES},
    {.key = "batch_pages",
     .type = NSIM_OPTION_INT,
     .offset = FIELD(batch_pages),
     .min = 1,
     .max = 1u << 24,
     .default_text = "512",
     .help = "base pages of a batch",
     .source = "NR_MAX_BATCHED_MIGRATION, mm/migrate.c"},
    {.key = "transactional",
     .type = NSIM_OPTION_BOOL,
     .offset = FIELD(transactional),
     .default_text = "no",
     .help = "every move outside faults is a transaction that leaves a shadow",
     .source = "Nomad (OSDI 2024)"},
    {.key = "transaction_retries",
     .type = NSIM_OPTION_INT,
     .offset = FIELD(transaction_retries),
     .min = 0,
     .max = 100,
     .default_text = "3",
     .help = "how often a page that was written meanwhile is copied again",
     .source = "unverified"},
    {.key = "attribution",
     .type = NSIM_OPTION_ENUM,
     .offset = FIELD(attribution),
     .choices = attributions,
     .default_text = "initiator",
     .help = "who is charged for the cores' time",
     .source = "an open question of " SERIES},
    {.key = "fail_locked",
     .type = NSIM_OPTION_RATIO,
     .offset = FIELD(locked_ppm),
     .min = 0,
     .max = 1000000,
     .default_text = "0",
     .help = "share of attempts that find the folio locked",
     .source = "workload-dependent"},
    {.key = "fail_pinned",
     .type = NSIM_OPTION_RATIO,
     .offset = FIELD(pinned_ppm),
     .min = 0,
     .max = 1000000,
     .default_text = "0",
     .help = "share of attempts that find extra references",
     .source = "workload-dependent"},
    {.key = "fail_writeback",
     .type = NSIM_OPTION_RATIO,
     .offset = FIELD(writeback_ppm),
     .min = 0,
     .max = 1000000,
     .default_text = "0",
     .help = "share of attempts that find the folio being written out",
     .source = "workload-dependent"},
    {.key = "ping_pong",
     .type = NSIM_OPTION_TIME,
     .offset = FIELD(ping_pong_ps),
     .min = 0,
     .max = 3600 * NSIM_S,
     .default_text = "10s",
     .help = "back on a node that it left less than this before counts as ping-pong",
     .source = "the definition in numasim-results(5)"},
    {.key = "reclaim",
     .type = NSIM_OPTION_BOOL,
     .offset = FIELD(reclaim_on),
     .default_text = "no",
     .help = "nodes have watermarks, LRU lists and a kswapd; full ones are reclaimed",
     .source = "Linux mm/vmscan.c; without it nodes fill to the last page"},
    {.key = "demotion",
     .type = NSIM_OPTION_BOOL,
     .offset = FIELD(reclaim.demotion),
     .default_text = "no",
     .help = "reclaim moves pages to the next lower tier; yes turns reclaim on",
     .source = "/sys/kernel/mm/numa/demotion_enabled, false by default"},
    {.key = "swap",
     .type = NSIM_OPTION_BOOL,
     .offset = FIELD(reclaim.swap),
     .default_text = "yes",
     .help = "reclaim writes pages to a disk node, where the machine has one",
     .source = "as with swapon"},
    {.key = "swappiness",
     .type = NSIM_OPTION_INT,
     .offset = FIELD(reclaim.swappiness),
     .min = 0,
     .max = 200,
     .default_text = "60",
     .help = "anonymous against file pages, when both can be reclaimed",
     .source = "vm.swappiness (unverified)"},
    {.key = "watermark_scale_factor",
     .type = NSIM_OPTION_INT,
     .offset = FIELD(reclaim.watermark_scale_factor),
     .min = 1,
     .max = 3000,
     .default_text = "10",
     .help = "distance of a node's watermarks in parts per 10000 of it",
     .source = "vm.watermark_scale_factor (unverified)"},
    {.key = "demote_scale_factor",
     .type = NSIM_OPTION_INT,
     .offset = FIELD(reclaim.demote_scale_factor),
     .min = 0,
     .max = 5000,
     .default_text = "0",
     .help = "kswapd keeps so many parts per 10000 of a node free, whatever allocations need; 0: it does not",
     .source = "TPP (ASPLOS 2023) has 200, which is 2%; 0 is the kernel without it"},
    {.key = "promo_watermark",
     .type = NSIM_OPTION_BOOL,
     .offset = FIELD(reclaim.promo),
     .default_text = "no",
     .help = "kswapd works until the promo watermark, one step above high",
     .source = "WMARK_PROMO, used with NUMA balancing in tiering mode"},
    {.key = "kswapd_wake_low",
     .type = NSIM_OPTION_BOOL,
     .offset = FIELD(reclaim.wake_low),
     .default_text = "no",
     .help = "a node's kswapd wakes when that node is below low, not when all nodes of an allocation are",
     .source = "the kernel wakes it in the slow path of an allocation"},
    {.key = "min_free",
     .type = NSIM_OPTION_BYTES,
     .offset = FIELD(reclaim.min_free_bytes),
     .default_text = "0B",
     .help = "min watermarks of all nodes together; 0: 4 x sqrt(KiB of memory) KiB",
     .source = "vm.min_free_kbytes (unverified)"},
    {.key = "reclaim_scan",
     .type = NSIM_OPTION_TIME,
     .offset = FIELD(reclaim.scan_ps),
     .min = 0,
     .max = NSIM_MS,
     .default_text = "500ns",
     .help = "CPU time for each page that reclaim looks at",
     .source = "assumed: the low end of 0.5 to 2 us for a check of one page through the reverse map"},
    {.key = "swap_fault",
     .type = NSIM_OPTION_TIME,
     .offset = FIELD(reclaim.swap_fault_ps),
     .min = 0,
     .max = NSIM_S,
     .default_text = "4us",
     .help = "CPU time of a fault on a page on a disk, besides its input",
     .source = "the middle of 3 to 5 us (unverified)"},
    {.key = "swap_io",
     .type = NSIM_OPTION_TIME,
     .offset = FIELD(reclaim.swap_io_ps),
     .min = 0,
     .max = NSIM_S,
     .default_text = "6us",
     .help = "CPU time of the block layer for each page read or written",
     .source = "the middle of 4 to 8 us (unverified)"},
};

NsimMoverConfig
nsim_mover_config_default(void)
{
    return (NsimMoverConfig){.copier = NSIM_COPIER_CPU,
                             .by_reason = "",
                             .threads = 4,
                             .spread = NSIM_SPREAD_CLUSTERS,
                             .scale = NSIM_SCALE_FIXED,
                             .thread_bytes = 512 << 10,
                             .gain_ppm = 50000,
                             .engine = "",
                             .batch_pages = 512,
                             .transaction_retries = 3,
                             .attribution = NSIM_ATTRIBUTE_INITIATOR,
                             .ping_pong_ps = 10 * NSIM_S,
                             .reclaim = NSIM_RECLAIM_DEFAULTS};
}

static bool
find_word(const char *const *words, const char *text, uint32_t *ret)
{
    for (uint32_t i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

char *
nsim_mover_read_reasons(const NsimMoverConfig *config, NsimCopierKind ret_copiers[NSIM_REASONS])
{
    g_auto(GStrv) pairs = g_strsplit_set(config->by_reason != NULL ? config->by_reason : "", " +", -1);
    for (int r = 0; r < NSIM_REASONS; r++)
        ret_copiers[r] = (NsimCopierKind)config->copier;
    for (char **pair = pairs; *pair != NULL; pair++) {
        uint32_t reason, copier;
        if (**pair == '\0')
            continue;
        g_auto(GStrv) sides = g_strsplit(*pair, "=", 2);
        if (sides[1] == NULL || !find_word(reasons, sides[0], &reason) || !find_word(nsim_copier_names, sides[1], &copier)) {
            g_autofree char *known = g_strjoinv(", ", (char **)(uintptr_t)reasons);
            return g_strdup_printf(
                "'%s' in 'copier_by_reason' is not REASON=COPIER; reasons are %s; copiers cpu, mtcpu, dma, "
                "auto",
                *pair, known);
        }
        ret_copiers[reason] = (NsimCopierKind)copier;
    }
    return NULL;
}
