/* SPDX-License-Identifier: MIT */
/*
 * While a trace is made: a line of progress on a terminal, and SIGINT ends the work without leaving a file behind.
 */
#include <cli/trace-generate.h>

void
nsim_generate_watch_begin(NsimGenerateWatch *watch, const char *unit)
{
    *watch =
        (NsimGenerateWatch){.unit = unit, .cancel = g_cancellable_new(), .line = nsim_progress_line_new_on_terminal()};
    watch->interrupt = nsim_interrupt_new(watch->cancel);
}

bool
nsim_generate_watch_tick(uint64_t done, uint64_t total, void *user_data)
{
    NsimGenerateWatch *watch = user_data;
    const NsimProgressAmount amount = {
        .verb = "writing", .done = done, .total = total, .count = done, .what = watch->unit};
    nsim_progress_line_amount(watch->line, &amount);
    return !g_cancellable_is_cancelled(watch->cancel);
}

int
nsim_generate_watch_end(NsimGenerateWatch *watch, const GError *error)
{
    int status = NSIM_EXIT_OK;
    nsim_interrupt_free(watch->interrupt);
    nsim_progress_line_free(watch->line);
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
