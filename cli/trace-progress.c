/* SPDX-License-Identifier: MIT */
/* Progress of work on a trace: a line on standard error, if that is a terminal, and the ear for SIGINT. */
#include <cli/cli.h>

#include <report/format.h>

#include <stdio.h>
#include <unistd.h>

#define BAR_COLUMNS 20u
#define INTERVAL_US ((gint64)100 * 1000)
/* Before this much time has passed a rate is worth nothing, and the line only flickers. */
#define QUIET_US ((gint64)500 * 1000)

struct _NsimTraceJob {
    NsimTraceTick tick;
    GCancellable *cancel;
    NsimInterrupt *interrupt;
    char *verb;
    gint64 start_us, last_us;
    uint64_t last_done;
    bool wanted, visible;
};

static void
show(NsimTraceJob *job, uint64_t done, uint64_t total)
{
    const gint64 now_us = g_get_monotonic_time();
    if (done < job->last_done) /* another pass */
        job->start_us = now_us;
    job->last_done = done;
    if (now_us - job->start_us < QUIET_US || now_us - job->last_us < INTERVAL_US)
        return;
    const uint64_t elapsed_ms = (uint64_t)(now_us - job->start_us) / 1000;
    const uint64_t ppm = nsim_share_ppm(MIN(done, total), total);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "%3u%% [", (unsigned)(ppm / 10000));
    for (unsigned i = 0; i < BAR_COLUMNS; i++)
        g_string_append_c(text, i < ppm * BAR_COLUMNS / NSIM_PPM ? '#' : ' ');
    g_string_append_printf(text, "] %s  ", job->verb);
    nsim_format_si(text, done / elapsed_ms * 1000);
    g_string_append(text, " lines/s");
    if (ppm > 0) {
        const uint64_t left_s = elapsed_ms * (NSIM_PPM - ppm) / ppm / 1000;
        g_string_append_printf(text, "  ETA %" G_GUINT64_FORMAT ":%02u", left_s / 60, (unsigned)(left_s % 60));
    }
    fprintf(stderr, "\r%s\033[K", text->str);
    fflush(stderr);
    job->last_us = now_us;
    job->visible = true;
}

static bool
tick(uint64_t done, uint64_t total, void *user_data, GError **error)
{
    NsimTraceJob *job = user_data;
    if (g_cancellable_set_error_if_cancelled(job->cancel, error)) {
        g_prefix_error(error, "interrupted: ");
        return false;
    }
    if (job->wanted)
        show(job, done, total);
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
    job->start_us = g_get_monotonic_time();
    job->wanted = isatty(STDERR_FILENO) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
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
    if (job->visible) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    nsim_interrupt_free(job->interrupt);
    g_object_unref(job->cancel);
    g_free(job->verb);
    g_free(job);
}
