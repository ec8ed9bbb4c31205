/* SPDX-License-Identifier: MIT */
/*
 * writes: operations of DAMON to start from. They see writes only, by hardware samples of stores, and watch the memory of
 * all workloads as one target: their addresses are the pages of the workloads one after the other. The policy itself does
 * nothing; say what is to be done in damo's words:
 *
 *     numasim --config FILE --plugin ./writes.so --policy 'writes:damo="--ops plugin:writes --damos_action migrate_hot 0"'
 *
 * Left out: several kdamonds with these operations at a time, which would take each other's samples.
 */
#include <numasim/damon.h>

#define LOG_MAX 65536u

typedef struct {
    uint64_t period;
} WritesConfig;

typedef struct {
    uint64_t pages[LOG_MAX]; /* written since the sample began, by number among all workloads */
    uint32_t count;
    uint64_t sample; /* that the log is of */
    unsigned page_shift;
} Writes;

static const NsimOption writes_options[] = {
    { .key = "period",
      .type = NSIM_OPTION_INT,
      .offset = offsetof(WritesConfig, period),
      .min = 1,
      .max = UINT32_MAX,
      .default_text = "50",
      .help = "lines that a core writes from one sample to the next",
      .source = "assumed" },
};

/* The number of the first page of a space; of the space behind the last one: how many pages there are. */
static uint64_t
first_page(const NsimHost *host, uint32_t space)
{
    NsimSpaceInfo info;
    uint64_t first = 0;
    for (uint32_t s = 0; s < space && nsim_space_info(host, (NsimSpaceId)s, &info); s++)
        first += info.page_count;
    return first;
}

/* One range: all there is. */
static uint32_t
writes_ranges(void *data, NsimHost *host, const NsimDamonTargetInfo *target, NsimDamonRange *ret_ranges,
              NsimTime *ret_cost_ps)
{
    const Writes *self = data;
    (void)target, (void)ret_cost_ps;
    ret_ranges[0].start = 0;
    ret_ranges[0].end = first_page(host, nsim_space_count(host)) << self->page_shift;
    return 1;
}

/* The first region of a new sample: what was written before does not count. */
static void
writes_prepare(void *data, NsimHost *host, const NsimDamonProbe *probe, NsimTime *ret_cost_ps)
{
    Writes *self = data;
    (void)host, (void)ret_cost_ps;
    if (probe->sample != self->sample)
        self->count = 0;
    self->sample = probe->sample;
}

/* Samples are few: a region is written when any page of it was. */
static bool
writes_accessed(void *data, NsimHost *host, const NsimDamonProbe *probe, NsimTime *ret_cost_ps)
{
    const Writes *self = data;
    (void)host;
    *ret_cost_ps = 100 * NSIM_NS;
    for (uint32_t i = 0; i < self->count; i++) {
        const uint64_t address = self->pages[i] << self->page_shift;
        if (address >= probe->start && address < probe->end)
            return true;
    }
    return false;
}

static bool
writes_pages(void *data, NsimHost *host, uint32_t kdamond, uint32_t target, uint64_t address, NsimDamonPages *ret_pages)
{
    const Writes *self = data;
    const uint64_t page = address >> self->page_shift;
    NsimSpaceInfo info;
    uint64_t first = 0;
    (void)kdamond, (void)target;
    for (NsimSpaceId space = 0; nsim_space_info(host, space, &info); space++) {
        if (page < first + info.page_count) {
            ret_pages->space = space;
            ret_pages->page = page - first;
            ret_pages->count = info.page_count - ret_pages->page;
            return true;
        }
        first += info.page_count;
    }
    return false;
}

static const NsimDamonOpsClass writes_ops = {
    .struct_size = sizeof(NsimDamonOpsClass),
    .actions = 1u << NSIM_DAMOS_STAT | 1u << NSIM_DAMOS_MIGRATE_HOT | 1u << NSIM_DAMOS_MIGRATE_COLD,
    .name = "writes",
    .summary = "writes to the memory of all workloads, by hardware samples",
    .ranges = writes_ranges,
    .prepare = writes_prepare,
    .accessed = writes_accessed,
    .pages = writes_pages,
};

static void *
writes_attach(NsimHost *host, const void *config, GError **error)
{
    const WritesConfig *options = config;
    const NsimSampling sampling = { .struct_size = sizeof sampling,
                                    .flags = NSIM_SAMPLE_WRITES,
                                    .accessor = NSIM_ACCESSOR_NONE,
                                    .buffer = 1,
                                    .period_lines = options->period,
                                    .sample_ps = 20 * NSIM_NS };
    Writes *self = g_new0(Writes, 1);
    NsimSpaceInfo info;
    if (nsim_space_info(host, 0, &info))
        for (uint64_t bytes = 1; bytes < info.page_bytes; bytes <<= 1)
            self->page_shift++;
    if (nsim_damon_ops(host, &writes_ops, self, error) && nsim_sample(host, &sampling))
        return self;
    g_free(self);
    return NULL;
}

static void
writes_detach(void *self, NsimHost *host)
{
    (void)host;
    g_free(self);
}

static void
writes_samples(void *instance, NsimHost *host, const NsimSample *samples, uint32_t count)
{
    Writes *self = instance;
    for (uint32_t i = 0; i < count && self->count < LOG_MAX; i++)
        self->pages[self->count++] = first_page(host, samples[i].space) + samples[i].page;
}

static const NsimPolicyClass writes_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "writes",
    .summary = "operations of DAMON that see writes only; the key damo says what is done",
    .source = "none",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = writes_options,
    .option_count = G_N_ELEMENTS(writes_options),
    .config_size = sizeof(WritesConfig),
    .attach = writes_attach,
    .detach = writes_detach,
    .samples = writes_samples,
};

NSIM_POLICY_EXPORT(writes, writes_class);
