/* SPDX-License-Identifier: MIT */
/*
 * template: a policy to start from. Copy this folder, rename, keep what you need: every hook says when it runs, what it
 * may do, what it must return and whether it is required. The contract itself is numasim/policy.h and
 * numasim-plugin(7).
 *
 * What it does: pages go to the nearest node on which `reserve` stays free, and a timer arms some pages now and then to
 * count from where memory is used. With `promote` a page that another accessor touches moves to the nearest node of that
 * one while it has room: the simplest of tiering policies.
 */
#include <numasim/policy.h>

/* What a user can set. The rows below fill it in before `attach`. */
typedef struct {
    uint64_t reserve_pages;
    NsimTime interval_ps;
    uint64_t batch_pages;
    bool promote;
} TemplateConfig;

/* What the policy remembers during one run. */
typedef struct {
    const TemplateConfig *config;
    NsimSpaceId space; /* where arming goes on */
    NsimPage page;
} Template;

/* Places in nsim_counters(), in the order of the table. */
enum { COUNTER_LOCAL, COUNTER_REMOTE, COUNTER_PRESSED, COUNTER_PROMOTED };

/*
 * One row a counter; they appear under policy_stats in the report. Optional.
 */
static const NsimCounter template_counters[] = {
    { .key = "local_faults", .unit = "count", .help = "armed pages touched by an accessor nearest to them" },
    { .key = "remote_faults", .unit = "count", .help = "armed pages touched by another accessor" },
    { .key = "pressed_pages", .unit = "pages", .help = "pages for which a node had no room" },
    { .key = "promoted_pages", .unit = "pages", .help = "pages that moved to the node nearest to who touched them" },
};

/*
 * One row an option: help, checks, `numasim policies template` and the report come from it. `default_text` is what a
 * user would type, with its unit; NULL means that the option must be given. `source` says where the default comes from:
 * a paper and its section, a kernel file and its version. Optional.
 */
static const NsimOption template_options[] = {
    { .key = "reserve",
      .type = NSIM_OPTION_INT,
      .offset = offsetof(TemplateConfig, reserve_pages),
      .default_text = "0",
      .help = "base pages to leave free on each node while another one has room",
      .source = "none" },
    { .key = "interval",
      .type = NSIM_OPTION_TIME,
      .offset = offsetof(TemplateConfig, interval_ps),
      .min = 1 * NSIM_US,
      .max = 1000 * NSIM_S,
      .default_text = "1ms",
      .help = "time between two batches of armed pages",
      .source = "none" },
    { .key = "batch",
      .type = NSIM_OPTION_INT,
      .offset = offsetof(TemplateConfig, batch_pages),
      .min = 0,
      .max = 65536,
      .default_text = "64",
      .help = "pages armed at a time; 0 for none",
      .source = "none" },
    { .key = "promote",
      .type = NSIM_OPTION_BOOL,
      .offset = offsetof(TemplateConfig, promote),
      .default_text = "no",
      .help = "move pages to the nearest node of an accessor that touches them",
      .source = "none" },
};

/*
 * attach: begins a run. Required.
 *
 * When:    once for each run, before any page has memory, at simulated time 0. Several runs may go on at the same time
 *          in different threads of the program: keep everything in the instance, nothing in global variables.
 * May:     ask everything, set timers, decide (pages placed here are placed before the loader touches them).
 * Returns: the instance, or NULL with `error` set when options do not fit the machine; the user then sees the message
 *          and exit status 2. `config` is yours to read until `detach` has run.
 */
static void *
template_attach(NsimHost *host, const void *config, GError **error)
{
    const TemplateConfig *options = config;
    uint64_t page_count = 0;
    for (uint32_t s = 0; s < nsim_space_count(host); s++) {
        NsimSpaceInfo space;
        if (nsim_space_info(host, (NsimSpaceId)s, &space))
            page_count += space.page_count;
    }
    if (page_count == 0) {
        g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION,
                    "policy 'template': the workloads have no pages");
        return NULL;
    }
    Template *self = g_new0(Template, 1);
    self->config = options;
    if (options->batch_pages > 0)
        (void)nsim_set_timer(host, options->interval_ps, 0);
    return self;
}

/*
 * detach: ends a run. Required.
 *
 * When:    once for each instance, after the last other call-back, also when the run failed.
 * May:     free what attach allocated. Deciding has no effect any more.
 */
static void
template_detach(void *self, NsimHost *host)
{
    (void)host;
    g_free(self);
}

/* Nearest node that keeps its reserve, or NSIM_NODE_NONE. */
static NsimNodeId
choose_node(const Template *self, const NsimHost *host, const NsimFault *fault)
{
    for (uint32_t rank = 0; rank < nsim_node_count(host); rank++) {
        const NsimNodeId node = nsim_node_by_rank(host, fault->accessor, rank);
        if (node != NSIM_NODE_NONE && nsim_free_pages(host, node) >= fault->count &&
            nsim_free_pages(host, node) - fault->count >= self->config->reserve_pages)
            return node;
    }
    return NSIM_NODE_NONE;
}

/*
 * faults: pages were touched. Optional: without it the default policy places everything.
 *
 * When:    LOAD and FIRST_TOUCH: the pages have no memory yet. HINT: an accessor touched a page that was armed. It runs
 *          in the fault path: the accessor goes on when this returns, and pays the machine's price for the fault.
 * May:     place each range wholly, in parts or not at all (the core places the rest by default), arm and disarm pages,
 *          move pages, set timers, and end the run with nsim_fail(). A move in queue 0 is the fault's own: the accessor does
 *          the work and waits for it. One in another queue is a kernel thread's, and the accessor does not wait.
 */
static void
template_faults(void *instance, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    const Template *self = instance;
    for (uint32_t i = 0; i < count; i++) {
        const NsimFault *fault = &faults[i];
        if (fault->kind == NSIM_FAULT_HINT) {
            const NsimNodeId nearest = nsim_node_by_rank(host, fault->accessor, 0);
            const bool local = nsim_page_node(host, fault->space, fault->page) == nearest;
            nsim_counters(host)[local ? COUNTER_LOCAL : COUNTER_REMOTE]++;
            if (self->config->promote && !local && nsim_free_pages(host, nearest) > self->config->reserve_pages)
                (void)nsim_move(host, fault->space, fault->page, 1, nearest, fault->accessor, 0, NSIM_REASON_PROMOTION, 0);
            continue;
        }
        const NsimNodeId node = choose_node(self, host, fault);
        if (node != NSIM_NODE_NONE)
            (void)nsim_place(host, fault->space, fault->page, fault->count, node, fault->accessor, NSIM_PLACE_FALLBACK);
    }
}

/*
 * timer: a timer that nsim_set_timer() set is due. Optional.
 *
 * When:    at exactly the time it was set for, in the order timers of one time were set. `cookie` is what was given
 *          there.
 * May:     the same as `faults`. A timer rings once: set the next one here, later than now, or time stands still.
 */
static void
template_timer(void *instance, NsimHost *host, uint64_t cookie)
{
    Template *self = instance;
    NsimSpaceInfo space;
    (void)cookie;
    if (nsim_space_info(host, self->space, &space)) {
        const uint64_t left = space.page_count - self->page;
        const uint32_t count = (uint32_t)MIN(left, self->config->batch_pages);
        (void)nsim_arm(host, self->space, self->page, count);
        self->page += count;
        if (self->page == space.page_count) {
            self->page = 0;
            self->space = (NsimSpaceId)((self->space + 1u) % nsim_space_count(host));
        }
    }
    (void)nsim_set_timer(host, nsim_now(host) + self->config->interval_ps, 0);
}

/*
 * pressure: `node` has no room for `need` more pages. Optional.
 *
 * When:    in the middle of a placement, once for each node that is full, before the allocation goes on to the next
 *          node or comes up short. It is not called again for what is decided inside it.
 * May:     decide on other pages. Return quickly: an accessor is waiting.
 */
static void
template_pressure(void *instance, NsimHost *host, NsimNodeId node, uint64_t need)
{
    (void)instance, (void)node;
    nsim_counters(host)[COUNTER_PRESSED] += need;
}

/*
 * done: a move has ended, wholly, in part or not at all. Optional.
 *
 * When:    once for each token that nsim_move() returned, after its last page, unless the run ends before.
 * May:     the same as `timer`: a policy that retries decides on the next move here.
 */
static void
template_done(void *instance, NsimHost *host, const NsimOutcome *outcome)
{
    (void)instance;
    nsim_counters(host)[COUNTER_PROMOTED] += outcome->moved_pages;
}

/*
 * The class: one constant struct. Name, summary, source and licence are required; the name is what users type and
 * should be the file's name. Say NSIM_CAP_DETERMINISTIC when equal inputs bring equal decisions: no time of day, no
 * addresses, no order of a hash table, random numbers only from nsim_random_next().
 */
static const NsimPolicyClass template_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "template",
    .summary = "a policy to start from: the nearest node that keeps a reserve",
    .source = "none",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = template_options,
    .option_count = G_N_ELEMENTS(template_options),
    .config_size = sizeof(TemplateConfig),
    .counters = template_counters,
    .counter_count = G_N_ELEMENTS(template_counters),
    .attach = template_attach,
    .detach = template_detach,
    .faults = template_faults,
    .timer = template_timer,
    .pressure = template_pressure,
    .done = template_done,
};

/* Last in the file, once. */
NSIM_POLICY_EXPORT(template, template_class);
