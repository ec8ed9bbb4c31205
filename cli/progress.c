/* SPDX-License-Identifier: MIT */
/* The progress line: the one place where the time of day matters, and it reaches nothing but the terminal. */
#include <cli/cli.h>

#include <report/format.h>

#include <stdio.h>
#include <unistd.h>

#define BAR_COLUMNS 20u
#define INTERVAL_US ((gint64)100 * 1000)
/* Before this much time has passed an estimate of the rest is worth nothing. */
#define ESTIMATE_AFTER_US ((gint64)500 * 1000)

struct _NsimProgressLine {
    gint64 start_us, last_us;
    uint64_t last_done;
    bool visible;
};

NsimProgressLine *
nsim_progress_line_new(void)
{
    NsimProgressLine *line = g_new0(NsimProgressLine, 1);
    line->start_us = g_get_monotonic_time();
    return line;
}

NsimProgressLine *
nsim_progress_line_new_on_terminal(void)
{
    const bool can = isatty(STDERR_FILENO) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
    return can ? nsim_progress_line_new() : NULL;
}

/* "  42% [########            ] " */
static void
append_bar(GString *text, uint64_t done_ppm)
{
    const unsigned filled = (unsigned)(done_ppm * BAR_COLUMNS / NSIM_PPM);
    g_string_append_printf(text, "%3u%% [", (unsigned)(done_ppm / 10000));
    for (unsigned i = 0; i < BAR_COLUMNS; i++)
        g_string_append_c(text, i < filled ? '#' : ' ');
    g_string_append(text, "] ");
}

static void
append_rate(GString *text, uint64_t count, const char *what, gint64 elapsed_us)
{
    if (elapsed_us < ESTIMATE_AFTER_US)
        return;
    nsim_format_si(text, count / ((uint64_t)elapsed_us / 1000) * 1000);
    g_string_append_printf(text, " %s/s", what);
}

static void
append_estimate(GString *text, uint64_t done_ppm, gint64 elapsed_us)
{
    if (elapsed_us < ESTIMATE_AFTER_US || done_ppm == 0)
        return;
    const uint64_t left_s = (uint64_t)elapsed_us / 1000 * (NSIM_PPM - done_ppm) / done_ppm / 1000;
    g_string_append_printf(text, "  ETA %" G_GUINT64_FORMAT ":%02u", left_s / 60, (unsigned)(left_s % 60));
}

/* "  42% [########            ] 2/5 policies  31.4 M accesses/s  ETA 0:12" */
static char *
describe(const NsimProgress *progress, gint64 elapsed_us)
{
    GString *text = g_string_new(NULL);
    const uint64_t done =
        nsim_share_ppm(MIN(progress->accesses_done, progress->accesses_total), progress->accesses_total);
    append_bar(text, done);
    g_string_append_printf(text, "%u/%u %s  ", progress->runs_done, progress->run_count,
                           progress->run_count == 1 ? "policy" : "policies");
    append_rate(text, progress->accesses_done, "accesses", elapsed_us);
    append_estimate(text, done, elapsed_us);
    return g_string_free(text, FALSE);
}

/* Is it time to show something new? */
static bool
is_due(const NsimProgressLine *line, gint64 now_us)
{
    return !line->visible || now_us - line->last_us >= INTERVAL_US;
}

static void
show(NsimProgressLine *line, const char *text, gint64 now_us)
{
    fprintf(stderr, "\r%s\033[K", text);
    fflush(stderr);
    line->last_us = now_us;
    line->visible = true;
}

void
nsim_progress_line_update(const NsimProgress *progress, void *user_data)
{
    NsimProgressLine *line = user_data;
    const gint64 now_us = g_get_monotonic_time();
    if (!is_due(line, now_us))
        return;
    g_autofree char *text = describe(progress, now_us - line->start_us);
    show(line, text, now_us);
}

/* "  42% [########            ] cutting  31.4 M lines/s  ETA 0:12" */
void
nsim_progress_line_amount(NsimProgressLine *line, const NsimProgressAmount *amount)
{
    const gint64 now_us = g_get_monotonic_time();
    if (!line)
        return;
    if (amount->done < line->last_done)
        line->start_us = now_us;
    line->last_done = amount->done;
    const gint64 elapsed_us = now_us - line->start_us;
    if (elapsed_us < ESTIMATE_AFTER_US || !is_due(line, now_us))
        return;
    g_autoptr(GString) text = g_string_new(NULL);
    uint64_t done_ppm = 0;
    if (amount->total > 0) {
        done_ppm = nsim_share_ppm(MIN(amount->done, amount->total), amount->total);
        append_bar(text, done_ppm);
    }
    if (amount->verb) {
        g_string_append_printf(text, "%s  ", amount->verb);
    } else {
        nsim_format_si(text, amount->count);
        g_string_append_printf(text, " %s  ", amount->what);
    }
    append_rate(text, amount->count, amount->what, elapsed_us);
    append_estimate(text, done_ppm, elapsed_us);
    show(line, text->str, now_us);
}

void
nsim_progress_line_steps(NsimProgressLine *line, uint32_t done, uint32_t count, const char *what)
{
    const gint64 now_us = g_get_monotonic_time();
    g_autoptr(GString) text = g_string_new(NULL);
    if (!is_due(line, now_us))
        return;
    const uint64_t done_ppm = nsim_share_ppm(done, count);
    append_bar(text, done_ppm);
    g_string_append_printf(text, "%u/%u %s", done, count, what);
    append_estimate(text, done_ppm, now_us - line->start_us);
    show(line, text->str, now_us);
}

void
nsim_progress_line_free(NsimProgressLine *line)
{
    if (!line)
        return;
    if (line->visible) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    g_free(line);
}
