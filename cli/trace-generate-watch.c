/* SPDX-License-Identifier: MIT */
/*
 * While a trace is made: a line of progress on a terminal, and SIGINT ends the work without leaving a file behind.
 */
#include <cli/trace-generate.h>

#include <report/format.h>

#include <stdio.h>
#include <unistd.h>

#define INTERVAL_US ((gint64)100 * 1000)
/* What takes less time than this shows no line. */
#define QUIET_US ((gint64)500 * 1000)

void
nsim_generate_watch_begin(NsimGenerateWatch *watch, const char *unit)
{
    *watch = (NsimGenerateWatch){.unit = unit, .cancel = g_cancellable_new(), .start_us = g_get_monotonic_time()};
    watch->shows = isatty(STDERR_FILENO) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
    watch->interrupt = nsim_interrupt_new(watch->cancel);
}

/* "  42%  31.4 M runs/s  ETA 0:12" */
static void
show(NsimGenerateWatch *watch, uint64_t done, uint64_t total, gint64 elapsed_us)
{
    const uint64_t ms = (uint64_t)elapsed_us / 1000;
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "%3u%%  ", (unsigned)(nsim_share_ppm(done, total) / 10000));
    nsim_format_si(text, (uint64_t)((unsigned __int128)done * 1000 / ms));
    g_string_append_printf(text, " %s/s", watch->unit);
    if (done > 0) {
        const uint64_t left_s = (uint64_t)((unsigned __int128)(total - done) * ms / done / 1000);
        g_string_append_printf(text, "  ETA %" G_GUINT64_FORMAT ":%02u", left_s / 60, (unsigned)(left_s % 60));
    }
    fprintf(stderr, "\r%s\033[K", text->str);
    fflush(stderr);
    watch->visible = true;
}

bool
nsim_generate_watch_tick(uint64_t done, uint64_t total, void *user_data)
{
    NsimGenerateWatch *watch = user_data;
    if (watch->shows) {
        const gint64 now_us = g_get_monotonic_time();
        if (now_us - watch->start_us >= QUIET_US && now_us - watch->last_us >= INTERVAL_US) {
            show(watch, done, total, now_us - watch->start_us);
            watch->last_us = now_us;
        }
    }
    return !g_cancellable_is_cancelled(watch->cancel);
}

int
nsim_generate_watch_end(NsimGenerateWatch *watch, const GError *error)
{
    int status = NSIM_EXIT_OK;
    nsim_interrupt_free(watch->interrupt);
    if (watch->visible) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    if (error) {
        status = nsim_cli_fail(error);
        /* Here a limit is one that an option exceeds. */
        status = g_cancellable_is_cancelled(watch->cancel) ? NSIM_EXIT_INTERRUPTED
                 : status == NSIM_EXIT_DATA                ? NSIM_EXIT_USAGE
                                                           : status;
    }
    g_object_unref(watch->cancel);
    return status;
}
