/* SPDX-License-Identifier: MIT */
/* Runs an experiment's policies side by side on the host's cores and puts their results together. */
#include <experiment/experiment.h>

#include <experiment/plan.h>
#include <experiment/run.h>
#include <sim/time.h>

G_DEFINE_QUARK(nsim-experiment-error-quark, nsim_experiment_error)

/* How often the progress call-back runs. */
#define PROGRESS_INTERVAL_US (G_USEC_PER_SEC / 5)

NsimExperiment *
nsim_experiment_new(const NsimExperimentOptions *options, GError **error)
{
    return nsim_plan_read(options, error);
}

const char *
nsim_experiment_damo_record(const NsimExperiment *experiment)
{
    return experiment->damo_record;
}

const char *
nsim_experiment_damo_schemes(const NsimExperiment *experiment)
{
    return experiment->damo_schemes;
}

const NsimMachine *
nsim_experiment_machine(const NsimExperiment *experiment)
{
    return experiment->machine;
}

/* ---- Work shared by the pool ------------------------------------------------------------------------------------ */

/* Digests of the inputs are computed beside the runs: they read whole files. */
typedef struct {
    NsimTrace *trace;
    char *sha256;
    GError *error;
} DigestJob;

typedef struct {
    GMutex mutex;
    GCond changed;
    uint32_t runs_done;
    uint32_t jobs_done;
    GCancellable *abandon; /* one failed run ends the others */
} Shared;

typedef struct {
    Shared *shared;
    NsimRunJob *run;   /* either ... */
    DigestJob *digest; /* ... or */
} Job;

static void
work(gpointer data, gpointer user_data)
{
    Job *job = data;
    (void)user_data;
    if (job->run != NULL)
        nsim_run(job->run);
    else
        job->digest->sha256 = nsim_trace_sha256(job->digest->trace, &job->digest->error);
    if ((job->run != NULL ? job->run->error : job->digest->error) != NULL)
        g_cancellable_cancel(job->shared->abandon);
    g_mutex_lock(&job->shared->mutex);
    job->shared->runs_done += job->run != NULL;
    job->shared->jobs_done++;
    g_cond_signal(&job->shared->changed);
    g_mutex_unlock(&job->shared->mutex);
}

static uint64_t
total_lines(const NsimExperiment *plan)
{
    uint64_t lines = 0;
    for (uint32_t w = 0; w < plan->workload_count; w++) {
        const NsimTraceInfo *info = nsim_trace_info(plan->workloads[w].trace);
        lines += info->read_lines + info->write_lines + info->rfo_lines;
    }
    return lines;
}

/* Until all jobs are done, report progress. */
static void
wait_for(Shared *shared, uint32_t job_count, const NsimExperiment *plan, const uint64_t *lines, NsimProgressFunc progress,
         void *user_data)
{
    const uint64_t total = total_lines(plan) * plan->policy_count;
    g_mutex_lock(&shared->mutex);
    while (shared->jobs_done < job_count) {
        const gint64 until = g_get_monotonic_time() + PROGRESS_INTERVAL_US;
        (void)g_cond_wait_until(&shared->changed, &shared->mutex, until);
        if (progress == NULL)
            continue;
        const NsimProgress now = { .runs_done = shared->runs_done,
                                   .run_count = plan->policy_count,
                                   .accesses_done = __atomic_load_n(lines, __ATOMIC_RELAXED),
                                   .accesses_total = total };
        g_mutex_unlock(&shared->mutex);
        progress(&now, user_data);
        g_mutex_lock(&shared->mutex);
    }
    g_mutex_unlock(&shared->mutex);
}

/* ---- Putting it together ------------------------------------------------------------------------------------------ */

static NsimResult *
result_new(const NsimExperiment *plan)
{
    NsimResult *result = nsim_result_new();
    result->config = g_strdup(plan->config_name);
    result->seed = plan->seed;
    result->machine = g_strdup(plan->machine->name);
    result->node_count = plan->machine->node_count;
    result->accessor_count = plan->machine->accessor_count;
    result->link_count = plan->machine->link_count;
    result->run_count = plan->policy_count;
    result->timeline_interval_ps = plan->timeline_ps;
    result->host_stats = plan->host_stats;
    result->runs = g_new0(NsimRunResult, plan->policy_count);
    result->input_count = plan->workload_count;
    result->inputs = g_new0(NsimInputResult, plan->workload_count);
    return result;
}

/* Baseline runtime over runtime; work over baseline work when `until` ended the runs. */
static void
set_speedups(NsimResult *result, bool by_work)
{
    const NsimRunResult *base = &result->runs[0];
    for (uint32_t r = 0; r < result->run_count; r++) {
        NsimRunResult *run = &result->runs[r];
        const uint64_t numerator = by_work ? run->access_count : base->runtime_ps;
        const uint64_t denominator = by_work ? base->access_count : run->runtime_ps;
        run->speedup_ppm = denominator == 0 ? 1000000 : nsim_mul_div(numerator, 1000000, denominator);
    }
}

static bool
ended_by_time(const NsimExperiment *plan, const NsimResult *result)
{
    for (uint32_t r = 0; r < result->run_count; r++) {
        if (plan->until_ps != NSIM_TIME_MAX && result->runs[r].runtime_ps >= plan->until_ps - plan->warmup_ps)
            return true;
        if (!result->runs[r].complete)
            return true;
    }
    return false;
}

static void
collect_warnings(NsimResult *result, const NsimExperiment *plan, const NsimRunJob *runs)
{
    GPtrArray *all = g_ptr_array_new();
    for (guint i = 0; i < plan->warnings->len; i++)
        g_ptr_array_add(all, g_strdup(g_ptr_array_index(plan->warnings, i)));
    for (uint32_t r = 0; r < plan->policy_count; r++) {
        for (guint i = 0; i < runs[r].warnings->len; i++)
            g_ptr_array_add(all, g_strdup(g_ptr_array_index(runs[r].warnings, i)));
    }
    result->warning_count = all->len;
    g_ptr_array_add(all, NULL);
    result->warnings = (char **)g_ptr_array_free(all, FALSE);
}

/* The first error in the order of the policies, whichever happened first on the host. Being abandoned is no error. */
static GError *
first_error(NsimRunJob *runs, uint32_t run_count, DigestJob *digests, uint32_t digest_count)
{
    GError *first = NULL;
    for (uint32_t i = 0; i < run_count + digest_count; i++) {
        GError **error = i < run_count ? &runs[i].error : &digests[i - run_count].error;
        if (first == NULL && *error != NULL && !g_error_matches(*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
            first = g_steal_pointer(error);
        g_clear_error(error);
    }
    return first;
}

static void
forward_cancel(GCancellable *cancel, gpointer abandon)
{
    (void)cancel;
    g_cancellable_cancel(abandon);
}

static bool
needs_future(const NsimExperiment *plan)
{
    for (uint32_t p = 0; p < plan->policy_count; p++) {
        if ((plan->policies[p]->class->caps & NSIM_CAP_FUTURE) != 0)
            return true;
    }
    return false;
}

NsimResult *
nsim_experiment_run(NsimExperiment *plan, unsigned jobs, NsimProgressFunc progress, void *user_data,
                    GCancellable *cancel, GError **error)
{
    NsimFuture *future = NULL;
    if (needs_future(plan) && (future = nsim_future_new(plan, cancel, error)) == NULL)
        return NULL;

    g_autoptr(GCancellable) abandon = g_cancellable_new();
    const gulong handler =
        cancel == NULL ? 0 : g_cancellable_connect(cancel, G_CALLBACK(forward_cancel), abandon, NULL);
    Shared shared = { .abandon = abandon };
    uint64_t lines = 0;
    const uint32_t job_count = plan->policy_count + plan->workload_count;
    g_autofree NsimRunJob *runs = g_new0(NsimRunJob, plan->policy_count);
    g_autofree DigestJob *digests = g_new0(DigestJob, plan->workload_count);
    g_autofree Job *queue = g_new0(Job, job_count);
    g_autoptr(NsimResult) result = result_new(plan);
    g_mutex_init(&shared.mutex);
    g_cond_init(&shared.changed);

    GThreadPool *pool = g_thread_pool_new(work, NULL, (gint)(jobs > 0 ? jobs : g_get_num_processors()), FALSE, NULL);
    for (uint32_t p = 0; p < plan->policy_count; p++) {
        runs[p] = (NsimRunJob){ .plan = plan,
                                .spec = plan->policies[p],
                                .future = future,
                                .cancel = abandon,
                                .progress_lines = &lines,
                                .result = &result->runs[p],
                                .warnings = g_ptr_array_new_with_free_func(g_free) };
        queue[p] = (Job){ .shared = &shared, .run = &runs[p] };
        g_thread_pool_push(pool, &queue[p], NULL);
    }
    for (uint32_t w = 0; w < plan->workload_count; w++) {
        digests[w].trace = plan->workloads[w].trace;
        queue[plan->policy_count + w] = (Job){ .shared = &shared, .digest = &digests[w] };
        g_thread_pool_push(pool, &queue[plan->policy_count + w], NULL);
    }
    wait_for(&shared, job_count, plan, &lines, progress, user_data);
    g_thread_pool_free(pool, FALSE, TRUE);
    if (cancel != NULL)
        g_cancellable_disconnect(cancel, handler);
    g_mutex_clear(&shared.mutex);
    g_cond_clear(&shared.changed);
    nsim_future_free(future);

    GError *failure = first_error(runs, plan->policy_count, digests, plan->workload_count);
    for (uint32_t w = 0; w < plan->workload_count; w++) {
        result->inputs[w].name = g_strdup(plan->workloads[w].trace_name);
        result->inputs[w].sha256 = digests[w].sha256;
    }
    collect_warnings(result, plan, runs);
    for (uint32_t p = 0; p < plan->policy_count; p++)
        g_ptr_array_unref(runs[p].warnings);
    if (failure != NULL) {
        g_propagate_error(error, failure);
        return NULL;
    }
    set_speedups(result, ended_by_time(plan, result));
    return g_steal_pointer(&result);
}
