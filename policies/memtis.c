/* SPDX-License-Identifier: MIT */
/*
 * memtis: which pages are hot follows from how many there are and how much fast memory there is.
 *
 * Hardware samples count into pages and a histogram in powers of two; counts are halved every so many samples. The hot
 * threshold is the lowest bin from which on all pages fit into fast memory; when they fill less than `alpha` of it, the
 * bin below is warm: it stays where it is. Kernel threads promote hot pages and, where free memory is short, demote
 * pages colder than warm, then warm ones. Source: Memtis, SOSP 2023; the reference gives the threshold's rule,
 * constants are from the paper, unverified. Left out: splitting and collapsing huge pages by skew, the threshold of
 * sampling costs (3 % of a core), page faults before the first sample.
 */
#include "policies/heat.h"

typedef struct {
    const char *fast;
    TiersSampling sampling;
    uint64_t cooling, adaptation, alpha_ppm, free_ppm, scan_pages;
    NsimTime period_ps, process_ps;
} MemtisConfig;

typedef struct {
    const MemtisConfig *config;
    Tiers tiers;
    Heat heat;
    uint32_t hot, warm; /* bins from which on pages are hot, or at least warm */
    uint64_t adapted;   /* samples at the last adaptation */
    /* where looking for pages to demote goes on */
    NsimSpaceId space;
    uint64_t unit;
    GArray *wanted; /* Unit: promotion candidates since the last wake-up */
} Memtis;

typedef struct {
    NsimSpaceId space;
    uint64_t unit;
} Unit;

enum { COUNTER_SAMPLES, COUNTER_COOLINGS, COUNTER_HOT_BIN, COUNTER_PROMOTED, COUNTER_DEMOTED, COUNTER_FULL };

static const NsimCounter memtis_counters[] = {
    {.key = "samples", .unit = "count", .help = "hardware samples"},
    {.key = "coolings", .unit = "count", .help = "times the counts were halved"},
    {.key = "hot_bin",
     .unit = "count",
     .help = "bin from which on pages are hot, at the end; bin b begins at 2^(b-1) samples"},
    {.key = "promoted_pages", .unit = "pages", .help = "pages moved to fast memory"},
    {.key = "demoted_pages", .unit = "pages", .help = "pages moved to slow memory"},
    {.key = "full_pages", .unit = "pages", .help = "hot pages that found no room in fast memory"},
};

static const NsimOption memtis_options[] = {
    {.key = "fast",
     .type = NSIM_OPTION_STRING,
     .offset = offsetof(MemtisConfig, fast),
     .default_text = "auto",
     .help = "the fast nodes, by id or number; auto: all dram and hbm",
     .source = "none"},
    TIERS_SAMPLING_OPTIONS(MemtisConfig, sampling, "200",
                           "Memtis, loads that miss the LLC; from the paper, unverified"),
    {.key = "cooling",
     .type = NSIM_OPTION_INT,
     .offset = offsetof(MemtisConfig, cooling),
     .min = 1,
     .max = UINT32_MAX,
     .default_text = "2000000",
     .help = "samples between two halvings of all counts",
     .source = "Memtis; from the paper, unverified"},
    {.key = "adaptation",
     .type = NSIM_OPTION_INT,
     .offset = offsetof(MemtisConfig, adaptation),
     .min = 1,
     .max = UINT32_MAX,
     .default_text = "100000",
     .help = "samples between two settings of the thresholds",
     .source = "Memtis; from the paper, unverified"},
    {.key = "alpha",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(MemtisConfig, alpha_ppm),
     .min = 0,
     .max = 1000000,
     .default_text = "90%",
     .help = "share of fast memory that hot pages must fill, or there are warm ones",
     .source = "Memtis; from the paper, unverified"},
    {.key = "free",
     .type = NSIM_OPTION_RATIO,
     .offset = offsetof(MemtisConfig, free_ppm),
     .min = 0,
     .max = 1000000,
     .default_text = "2%",
     .help = "share of fast memory that demotion keeps free",
     .source = "Memtis; from the paper, unverified"},
    {.key = "period",
     .type = NSIM_OPTION_TIME,
     .offset = offsetof(MemtisConfig, period_ps),
     .min = NSIM_US,
     .max = 3600 * NSIM_S,
     .default_text = "500ms",
     .help = "time between two wake-ups of the threads that migrate",
     .source = "Memtis; from the paper, unverified"},
    {.key = "scan",
     .type = NSIM_OPTION_INT,
     .offset = offsetof(MemtisConfig, scan_pages),
     .min = 1,
     .max = UINT32_MAX,
     .default_text = "262144",
     .help = "most pages looked at for demotion in one wake-up",
     .source = "assumed"},
    {.key = "process_cost",
     .type = NSIM_OPTION_TIME,
     .offset = offsetof(MemtisConfig, process_ps),
     .default_text = "50ns",
     .help = "time of the kernel thread that reads samples for each of them",
     .source = "assumed"},
};

enum { QUEUE_SAMPLES = 1, QUEUE_MIGRATE };

static uint32_t
bin_of(const Memtis *self, NsimSpaceId space, uint64_t unit)
{
    return heat_bin(self->heat.counts[space][unit]);
}

/* ---- Thresholds ------------------------------------------------------------------------------------------------ */

static void
adapt(Memtis *self, NsimHost *host)
{
    const uint64_t pages = self->tiers.fast_pages;
    self->hot = heat_threshold(&self->heat, pages);
    const bool roomy = heat_pages(&self->heat, self->hot) <
                       pages / 1000000 * self->config->alpha_ppm + pages % 1000000 * self->config->alpha_ppm / 1000000;
    self->warm = roomy && self->hot > 1 ? self->hot - 1 : self->hot;
    self->adapted = self->heat.samples;
    nsim_counters(host)[COUNTER_HOT_BIN] = self->hot;
}

static void
memtis_samples(void *instance, NsimHost *host, const NsimSample *samples, uint32_t count)
{
    Memtis *self = instance;
    for (uint32_t i = 0; i < count; i++) {
        const NsimSample *sample = &samples[i];
        const uint64_t cooled = self->heat.cooled;
        const uint32_t heat = heat_add(&self->heat, sample, self->config->cooling);
        nsim_counters(host)[COUNTER_COOLINGS] += self->heat.cooled != cooled;
        if (self->heat.samples - self->adapted >= self->config->adaptation)
            adapt(self, host);
        /* Once when it becomes hot, and again while it stays there. */
        if (heat_bin(heat) >= self->hot && self->tiers.slow[sample->node]) {
            const Unit unit = {sample->space, tiers_unit_of(&self->tiers, sample->space, sample->page)};
            g_array_append_val(self->wanted, unit);
        }
    }
    nsim_counters(host)[COUNTER_SAMPLES] = self->heat.samples;
    (void)nsim_kernel_work(host, QUEUE_SAMPLES, count * self->config->process_ps);
}

/* ---- Migration ------------------------------------------------------------------------------------------------- */

/* Demote a unit when it is below the bin. */
static uint64_t
demote(Memtis *self, NsimHost *host, NsimSpaceId space, uint64_t unit, uint32_t below)
{
    uint32_t count;
    const NsimPage page = tiers_unit(&self->tiers, space, unit, &count);
    const NsimNodeId node = nsim_page_node(host, space, page);
    const NsimAccessorId accessor = self->heat.accessors[space][unit];
    if (node == NSIM_NODE_NONE || !self->tiers.fast[node] || bin_of(self, space, unit) >= below)
        return 0;
    const NsimNodeId to = tiers_pick(&self->tiers, host, accessor, false, count);
    if (to == NSIM_NODE_NONE)
        return 0;
    (void)nsim_move(host, space, page, count, to, accessor, QUEUE_MIGRATE, NSIM_REASON_DEMOTION, 0);
    return count;
}

/* Go round the units until `need` pages are on their way, or all were looked at. */
static uint64_t
demote_below(Memtis *self, NsimHost *host, uint32_t below, uint64_t need)
{
    uint64_t left = self->config->scan_pages, done = 0, units = 0;
    for (uint32_t s = 0; s < self->tiers.space_count; s++)
        units += self->tiers.unit_counts[s];
    for (; left > 0 && units > 0 && done < need; left--, units--) {
        while (self->unit >= self->tiers.unit_counts[self->space]) {
            self->unit = 0;
            self->space = (NsimSpaceId)((self->space + 1u) % self->tiers.space_count);
        }
        done += demote(self, host, self->space, self->unit++, below);
    }
    return done;
}

/* Make room: cold pages first, warm ones when they are not enough. */
static void
make_room(Memtis *self, NsimHost *host, uint64_t wanted)
{
    const uint64_t capacity = self->tiers.fast_pages;
    const uint64_t keep =
        capacity / 1000000 * self->config->free_ppm + capacity % 1000000 * self->config->free_ppm / 1000000;
    const uint64_t have = tiers_free(&self->tiers, host, true);
    const uint64_t need = MAX(keep, wanted) > have ? MAX(keep, wanted) - have : 0;
    const uint64_t done = need == 0 ? 0 : demote_below(self, host, self->warm, need);
    if (done < need && self->warm < self->hot)
        (void)demote_below(self, host, self->hot, need - done);
}

static void
promote(Memtis *self, NsimHost *host, const Unit *unit)
{
    uint32_t count;
    const NsimPage page = tiers_unit(&self->tiers, unit->space, unit->unit, &count);
    const NsimNodeId node = nsim_page_node(host, unit->space, page);
    const NsimAccessorId accessor = self->heat.accessors[unit->space][unit->unit];
    if (node == NSIM_NODE_NONE || !self->tiers.slow[node] || bin_of(self, unit->space, unit->unit) < self->hot)
        return;
    const NsimNodeId to = tiers_pick(&self->tiers, host, accessor, true, count);
    if (to == NSIM_NODE_NONE)
        nsim_counters(host)[COUNTER_FULL] += count;
    else
        (void)nsim_move(host, unit->space, page, count, to, accessor, QUEUE_MIGRATE, NSIM_REASON_PROMOTION, 0);
}

static gint
compare_units(gconstpointer a, gconstpointer b)
{
    const Unit *x = a, *y = b;
    if (x->space != y->space)
        return x->space < y->space ? -1 : 1;
    return (x->unit > y->unit) - (x->unit < y->unit);
}

static void
memtis_timer(void *instance, NsimHost *host, uint64_t cookie)
{
    Memtis *self = instance;
    uint64_t wanted = 0;
    (void)cookie;
    (void)nsim_read_samples(host);
    g_array_sort(self->wanted, compare_units);
    const Unit *units = (const Unit *)(const void *)self->wanted->data;
    for (guint i = 0; i < self->wanted->len; i++) {
        uint32_t count;
        (void)tiers_unit(&self->tiers, units[i].space, units[i].unit, &count);
        wanted += i == 0 || compare_units(&units[i - 1], &units[i]) != 0 ? count : 0;
    }
    make_room(self, host, wanted);
    for (guint i = 0; i < self->wanted->len; i++) {
        if (i == 0 || compare_units(&units[i - 1], &units[i]) != 0)
            promote(self, host, &units[i]);
    }
    g_array_set_size(self->wanted, 0);
    (void)nsim_set_timer(host, nsim_now(host) + self->config->period_ps, 0);
}

static void
memtis_done(void *instance, NsimHost *host, const NsimOutcome *outcome)
{
    const Memtis *self = instance;
    nsim_counters(host)[self->tiers.fast[outcome->node] ? COUNTER_PROMOTED : COUNTER_DEMOTED] += outcome->moved_pages;
}

/* ---- Life ------------------------------------------------------------------------------------------------------- */

static void *
memtis_attach(NsimHost *host, const void *config, GError **error)
{
    Memtis *self = g_new0(Memtis, 1);
    self->config = config;
    if (!tiers_init(&self->tiers, host, "memtis", self->config->fast, error)) {
        tiers_clear(&self->tiers);
        g_free(self);
        return NULL;
    }
    heat_init(&self->heat, &self->tiers);
    self->wanted = g_array_new(FALSE, FALSE, sizeof(Unit));
    self->hot = self->warm = 1; /* everything that is sampled */
    nsim_counters(host)[COUNTER_HOT_BIN] = self->hot;
    (void)nsim_name_queue(host, QUEUE_SAMPLES, "ksampled");
    (void)nsim_name_queue(host, QUEUE_MIGRATE, "kmigrated");
    tiers_sample(host, &self->config->sampling, 0);
    (void)nsim_set_timer(host, self->config->period_ps, 0);
    return self;
}

static void
memtis_detach(void *instance, NsimHost *host)
{
    Memtis *self = instance;
    (void)host;
    g_array_unref(self->wanted);
    heat_clear(&self->heat);
    tiers_clear(&self->tiers);
    g_free(self);
}

static const NsimPolicyClass memtis_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "memtis",
    .summary = "hardware samples in a histogram; as many of the hottest pages as fit are kept in fast memory",
    .source = "Lee and others, Memtis, SOSP 2023; constants unverified",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = memtis_options,
    .option_count = G_N_ELEMENTS(memtis_options),
    .config_size = sizeof(MemtisConfig),
    .counters = memtis_counters,
    .counter_count = G_N_ELEMENTS(memtis_counters),
    .attach = memtis_attach,
    .detach = memtis_detach,
    .timer = memtis_timer,
    .done = memtis_done,
    .samples = memtis_samples,
};

NSIM_POLICY_EXPORT(memtis, memtis_class);
