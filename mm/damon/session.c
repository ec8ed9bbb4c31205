/* SPDX-License-Identifier: MIT */
/* The kdamonds of a run. Source and what is left out: session.h, kdamond.h. */
#include <mm/damon/session.h>

#include <mm/damon/cores.h>
#include <mm/damon/damo.h>

#include <gio/gio.h>
#include <sim/assert.h>

struct _NsimDamonSession {
    NsimMm *mm;
    GPtrArray *kdamonds; /* NsimKdamond * */
    NsimKdamondConfig config;
    NsimDamonListener listeners[NSIM_DAMON_LISTENERS_MAX];
    uint32_t listener_count;
    uint32_t split_count; /* of the last split, all contexts of a kernel together */
    GPtrArray *plugins;   /* NsimDamonPlugin * */
    GArray *regions;      /* NsimSnapshotRegion: what a policy is told of */
    char *args;           /* carried out last; NULL */
    NsimDamonFeeds *feeds; /* of the config's text; NULL: none */
    uint32_t default_primitives; /* contexts that did not name their primitive */
    bool samples;         /* kdamonds listen to hardware samples */
};

static void
kdamond_free(gpointer data)
{
    nsim_kdamond_free(data);
}

static void
plugin_free(gpointer data)
{
    nsim_damon_plugin_free(data);
}

/* ---- The policy as a listener ------------------------------------------------------------------------------- */

static void
tell_policy(void *data, const NsimKdamond *kdamond, uint32_t number, NsimTime now_ps)
{
    NsimDamonSession *session = data;
    NsimMm *mm = session->mm;
    const NsimDamonContext *context = nsim_kdamond_context(kdamond);
    const NsimDamonTarget *target = &context->targets[number];
    NsimSpaceId space;
    if (mm->instance == NULL || mm->policy->regions == NULL)
        return;
    if (nsim_kdamond_space(kdamond, number, &space) == NULL)
        space = NSIM_SPACE_NONE;
    g_array_set_size(session->regions, target->count);
    for (uint32_t i = 0; i < target->count; i++) {
        const NsimDamonRegion *from = &target->regions[i];
        g_array_index(session->regions, NsimSnapshotRegion, i) =
            (NsimSnapshotRegion){from->start, from->end, from->nr_accesses, from->age};
    }
    const NsimSnapshot snapshot = {.struct_size = sizeof snapshot,
                                   .kdamond = nsim_kdamond_number(kdamond),
                                   .target = number,
                                   .space = space,
                                   .region_count = target->count,
                                   .time_ps = now_ps,
                                   .sample_ps = context->attrs.sample_ps,
                                   .aggr_ps = context->attrs.aggr_ps,
                                   .aggr_samples = context->aggr_samples,
                                   .regions = (const NsimSnapshotRegion *)(void *)session->regions->data};
    mm->policy->regions(mm->instance, &mm->host, &snapshot);
}

/* ---- Life ------------------------------------------------------------------------------------------------------ */

NsimDamonSession *
nsim_damon_session(NsimMm *mm)
{
    if (mm->damon != NULL)
        return mm->damon;
    NsimDamonSession *session = g_new0(NsimDamonSession, 1);
    session->mm = mm;
    session->config = nsim_kdamond_config_default();
    session->kdamonds = g_ptr_array_new_with_free_func(kdamond_free);
    session->plugins = g_ptr_array_new_with_free_func(plugin_free);
    session->regions = g_array_new(FALSE, FALSE, sizeof(NsimSnapshotRegion));
    nsim_damon_session_listen(session, &(NsimDamonListener){.aggregated = tell_policy, .data = session});
    mm->damon = session;
    return session;
}

void
nsim_damon_session_free(NsimDamonSession *session)
{
    if (session == NULL)
        return;
    g_ptr_array_unref(session->kdamonds);
    g_array_unref(session->regions);
    g_ptr_array_unref(session->plugins);
    g_free(session->args);
    nsim_damon_feeds_free(session->feeds);
    g_free(session);
}

NsimKdamondConfig *
nsim_damon_session_config(NsimDamonSession *session)
{
    return &session->config;
}

void
nsim_damon_session_listen(NsimDamonSession *session, const NsimDamonListener *listener)
{
    nsim_assert(session->listener_count < NSIM_DAMON_LISTENERS_MAX);
    session->listeners[session->listener_count++] = *listener;
}

bool
nsim_damon_session_add_ops(NsimDamonSession *session, const NsimDamonOpsClass *class, void *data, GError **error)
{
    NsimDamonPlugin *plugin = nsim_damon_plugin_new(session->plugins, class, data, error);
    if (plugin != NULL)
        g_ptr_array_add(session->plugins, plugin);
    return plugin != NULL;
}

/* ---- Plans ------------------------------------------------------------------------------------------------------ */

/* Contexts that do not name a primitive have the run's. */
static void
complete(NsimDamonSession *session, const NsimDamonPlan *plan)
{
    for (guint k = 0; k < plan->kdamonds->len; k++) {
        const NsimKdamondPlan *kdamond = g_ptr_array_index(plan->kdamonds, k);
        for (guint c = 0; c < kdamond->contexts->len; c++) {
            NsimDamonContextPlan *context = g_ptr_array_index(kdamond->contexts, c);
            if (context->primitive_given || context->ops == NSIM_DAMON_NAMED)
                continue;
            context->primitive = session->config.primitive;
            session->default_primitives++;
        }
    }
}

/* Kdamonds that do not name a core have the config's. */
static bool
complete_cores(const NsimDamonSession *session, const NsimDamonPlan *plan, GError **error)
{
    const char *text = session->config.core;
    if (text == NULL || *text == '\0')
        return true;
    if (nsim_damon_cores_set(text, plan, nsim_mover_setup(session->mm->mover)->cpus, error))
        return true;
    g_prefix_error(error, "option 'damon_core': ");
    return false;
}

/* Who feeds which goal of the plan. */
static bool
bind_feeds(NsimDamonSession *session, const NsimDamonPlan *plan, GError **error)
{
    const char *text = session->config.feed;
    if (text == NULL || *text == '\0')
        return true;
    if (session->feeds == NULL)
        session->feeds = nsim_damon_feeds_read(text, error);
    if (session->feeds != NULL && nsim_damon_feeds_bind(session->feeds, plan, session->mm, error))
        return true;
    g_prefix_error(error, "option 'damon_feed': ");
    return false;
}

/* Hardware samples are taken once somebody listens; a policy that takes them already has its own way. */
static void
start_sampling(NsimDamonSession *session)
{
    NsimSampler *sampler = &session->mm->sampler;
    for (guint k = 0; k < session->kdamonds->len; k++)
        session->samples |= nsim_kdamond_samples(g_ptr_array_index(session->kdamonds, k));
    if (session->samples && !sampler->active && !nsim_sampler_set(sampler, &session->config.sampling))
        nsim_assert(false); /* options are in range */
}

static bool
start(NsimDamonSession *session, NsimDamonPlan *plan, GError **error)
{
    while (plan->kdamonds->len > 0) {
        const NsimKdamondSetup setup = {.mm = session->mm,
                                        .number = session->kdamonds->len,
                                        .config = &session->config,
                                        .plugins = session->plugins,
                                        .listeners = session->listeners,
                                        .listener_count = &session->listener_count,
                                        .shared_split_count = &session->split_count,
                                        .feeds = (const NsimDamonFeeds *const *)&session->feeds,
                                        .seed = session->mm->seed};
        NsimKdamond *kdamond = nsim_kdamond_new(&setup, g_ptr_array_steal_index(plan->kdamonds, 0), error);
        if (kdamond == NULL) {
            g_ptr_array_set_size(session->kdamonds, 0);
            return false;
        }
        g_ptr_array_add(session->kdamonds, kdamond);
    }
    start_sampling(session);
    return true;
}

static bool
commit(NsimDamonSession *session, NsimDamonPlan *plan, GError **error)
{
    if (plan->kdamonds->len != session->kdamonds->len) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "new parameters are for %u kdamonds, and %u of them run", plan->kdamonds->len,
                    session->kdamonds->len);
        return false;
    }
    for (guint k = 0; k < plan->kdamonds->len; k++) {
        if (!nsim_kdamond_check(g_ptr_array_index(session->kdamonds, k), g_ptr_array_index(plan->kdamonds, k), error))
            return false;
    }
    for (guint k = 0; plan->kdamonds->len > 0; k++)
        nsim_kdamond_commit(g_ptr_array_index(session->kdamonds, k), g_ptr_array_steal_index(plan->kdamonds, 0));
    return true;
}

bool
nsim_damon_session_run(NsimDamonSession *session, NsimDamonPlan *plan, GError **error)
{
    bool done = false;
    complete(session, plan);
    if (session->mm->mover == NULL)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "DAMON needs a mover");
    else if (complete_cores(session, plan, error) && bind_feeds(session, plan, error))
        done = session->kdamonds->len == 0 ? start(session, plan, error) : commit(session, plan, error);
    nsim_damon_plan_free(plan);
    return done;
}

bool
nsim_damon_session_run_args(NsimDamonSession *session, const char *args, GError **error)
{
    NsimDamonPlan *plan = nsim_damo_read(args, error);
    if (plan == NULL || !nsim_damon_session_run(session, plan, error))
        return false;
    char *kept = g_strdup(args);
    g_free(session->args);
    session->args = kept;
    return true;
}

const char *
nsim_damon_session_args(const NsimDamonSession *session)
{
    return session->args != NULL ? session->args : "";
}

bool
nsim_damon_session_needs_primitive(const NsimDamonSession *session)
{
    return session->default_primitives > 0;
}

/* ---- Access reports --------------------------------------------------------------------------------------------- */

void
nsim_damon_report_access(const NsimMm *mm, const NsimDamonReport *report)
{
    for (guint k = 0; mm->damon != NULL && k < mm->damon->kdamonds->len; k++)
        nsim_kdamond_report(g_ptr_array_index(mm->damon->kdamonds, k), report);
}

/* One entry maps a huge page: its fault takes the protection off all of it. */
static void
disarm_folio(NsimSpace *space, NsimPage page)
{
    NsimPage first;
    uint32_t count;
    if ((nsim_space_state(space, page) & NSIM_PAGE_SPLIT) != 0)
        return;
    nsim_space_unit_of(space, page, &first, &count);
    (void)nsim_space_arm(space, first, count, false);
}

void
nsim_damon_report_fault(NsimMm *mm, const NsimFault *fault)
{
    bool arms = false;
    if (mm->damon == NULL)
        return;
    for (guint k = 0; k < mm->damon->kdamonds->len; k++)
        arms |= nsim_kdamond_arms(g_ptr_array_index(mm->damon->kdamonds, k));
    if (!arms)
        return;
    const NsimCpus *cpus = nsim_mover_setup(mm->mover)->cpus;
    const uint32_t core = mm->fault_core < cpus->core_count ? cpus->cores[mm->fault_core].number : 0;
    const NsimDamonReport report = {.time_ps = fault->time_ps,
                                    .page = fault->page,
                                    .space = fault->space,
                                    .write = fault->write != 0,
                                    .primitive = NSIM_PRIMITIVE_PAGE_FAULT,
                                    .cpu = nsim_damon_cpu(mm->machine, fault->accessor, core),
                                    .thread = fault->thread};
    disarm_folio(mm->spaces[fault->space], fault->page);
    nsim_damon_report_access(mm, &report);
}

NsimHintOwner
nsim_damon_hint_owner(const NsimMm *mm, const NsimFault *fault)
{
    if (mm->damon == NULL || !mm->damon->config.report_rules.exclusive)
        return NSIM_HINT_BOTH;
    for (guint k = 0; k < mm->damon->kdamonds->len; k++) {
        if (nsim_kdamond_armed(g_ptr_array_index(mm->damon->kdamonds, k), fault->space, fault->page))
            return NSIM_HINT_DAMON;
    }
    return NSIM_HINT_POLICY;
}

void
nsim_damon_report_samples(const NsimMm *mm, const NsimSample *samples, uint32_t count)
{
    for (uint32_t i = 0; mm->damon != NULL && mm->damon->samples && i < count; i++) {
        const NsimSample *sample = &samples[i];
        const NsimDamonReport report = {.time_ps = sample->time_ps,
                                        .page = sample->page,
                                        .space = sample->space,
                                        .write = sample->write != 0,
                                        .primitive = NSIM_PRIMITIVE_HW_SAMPLE,
                                        .cpu = nsim_damon_cpu(mm->machine, sample->accessor, sample->core),
                                        .thread = sample->thread};
        nsim_damon_report_access(mm, &report);
    }
}

uint32_t
nsim_damon_session_count(const NsimDamonSession *session)
{
    return session->kdamonds->len;
}

NsimKdamond *
nsim_damon_session_at(const NsimDamonSession *session, uint32_t kdamond)
{
    return kdamond < session->kdamonds->len ? g_ptr_array_index(session->kdamonds, kdamond) : NULL;
}
