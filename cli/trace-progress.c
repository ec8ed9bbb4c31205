/* SPDX-License-Identifier: MIT */
/* Progress of work on a trace: a line on standard error, if that is a terminal, and the ear for SIGINT. */
#include <cli/cli.h>

struct _NsimTraceJob {
    NsimTraceTick tick;
    GCancellable *cancel;
    NsimInterrupt *interrupt;
    NsimProgressLine *line;
    char *verb;
};

static bool
tick(uint64_t done, uint64_t total, void *user_data, GError **error)
{
    NsimTraceJob *job = user_data;
    if (g_cancellable_set_error_if_cancelled(job->cancel, error)) {
        g_prefix_error(error, "interrupted: ");
        return false;
    }
    const NsimProgressAmount amount = {.verb = job->verb, .done = done, .total = total, .count = done, .what = "lines"};
    nsim_progress_line_amount(job->line, &amount);
    return true;
}

NsimTraceJob *
nsim_trace_job_new(const char *verb)
{
    NsimTraceJob *job = g_new0(NsimTraceJob, 1);
    job->tick = (NsimTraceTick){.func = tick, .user_data = job};
    job->cancel = g_cancellable_new();
    job->interrupt = nsim_interrupt_new(job->cancel);
    job->verb = g_strdup(verb);
    job->line = nsim_progress_line_new_on_terminal();
    return job;
}

const NsimTraceTick *
nsim_trace_job_tick(const NsimTraceJob *job)
{
    return &job->tick;
}

void
nsim_trace_job_free(NsimTraceJob *job)
{
    if (job == NULL)
        return;
    nsim_progress_line_free(job->line);
    nsim_interrupt_free(job->interrupt);
    g_object_unref(job->cancel);
    g_free(job->verb);
    g_free(job);
}
