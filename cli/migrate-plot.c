/* SPDX-License-Identifier: MIT */
/* A plot of a sweep of migrations, drawn by gnuplot from the template in plots/migrate.gp. */
#include <cli/cli.h>

#include <cli/migrate.h>
#include <cli/plot-migrate.h>

#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* "png" or "svg"; NULL: gnuplot is not asked for anything else. */
static const char *
terminal_of(const char *path)
{
    return g_str_has_suffix(path, ".png") ? "png" : g_str_has_suffix(path, ".svg") ? "svg" : NULL;
}

bool
nsim_migrate_plot_check(const char *path, GError **error)
{
    if (terminal_of(path) == NULL) {
        g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE,
                    "wrong name '%s' for --plot; allowed: FILE.png, FILE.svg", path);
        return false;
    }
    g_autofree char *program = g_find_program_in_path("gnuplot");
    if (program == NULL) {
        g_set_error(
            error, NSIM_CLI_ERROR, NSIM_CLI_ERROR_OUTPUT,
            "--plot needs gnuplot, which is not in PATH; install it (Debian: gnuplot-nox), or use --format csv");
        return false;
    }
    return nsim_cli_output_check(path, error);
}

/* A text in single quotes for gnuplot, in which nothing but the quote has a meaning. */
static void
append_assignment(GString *script, const char *name, const char *text)
{
    g_string_append_printf(script, "%s = '", name);
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            g_string_append_c(script, '\'');
        g_string_append_c(script, g_ascii_iscntrl(*text) ? '?' : *text);
    }
    g_string_append(script, "'\n");
}

static char *
make_script(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes, const char *terminal, const char *output)
{
    GString *script = g_string_new(NULL);
    g_autoptr(GString) series = g_string_new(NULL);
    g_autofree char *data = nsim_migrate_render_plot(plan, outcomes);
    g_autofree char *title =
        g_strdup_printf("Page migration from %s to %s on %s", plan->machine->nodes[plan->source].id,
                        plan->machine->nodes[plan->destination].id, plan->machine->name);
    for (uint32_t r = 0; r < plan->row_count; r++)
        g_string_append_printf(series, "%s%s", r > 0 ? "|" : "", plan->rows[r].label);
    append_assignment(script, "terminal_name", terminal);
    append_assignment(script, "output_name", output);
    append_assignment(script, "title_text", title);
    append_assignment(script, "x_label", plan->axes[NSIM_AXIS_FOLIO]->len > 1 ? "folio size" : "folios in one request");
    append_assignment(script, "series", series->str);
    g_string_append_printf(script, "series_count = %u\n$data << NSIM_END_OF_DATA\n%sNSIM_END_OF_DATA\n",
                           plan->row_count, data);
    g_string_append(script, plot_migrate);
    return g_string_free(script, FALSE);
}

static bool
run_gnuplot(const char *script, GError **error)
{
    g_autofree char *complaint = NULL;
    g_autoptr(GSubprocess) gnuplot = g_subprocess_new(
        G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE, error,
        "gnuplot", "-", NULL);
    if (gnuplot == NULL || !g_subprocess_communicate_utf8(gnuplot, script, NULL, NULL, &complaint, error))
        return false;
    if (g_subprocess_get_successful(gnuplot))
        return true;
    g_autofree char *clean = g_strstrip(g_strdup(complaint != NULL ? complaint : ""));
    g_set_error(error, NSIM_CLI_ERROR, NSIM_CLI_ERROR_OUTPUT, "gnuplot failed: %s",
                *clean != '\0' ? clean : "it did not say why");
    return false;
}

/* The picture appears whole, under its name, or not at all. */
bool
nsim_migrate_plot(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes, const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *temporary = g_strdup_printf("%s/.%s.XXXXXX", folder, name);
    const int fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, 0666);
    if (fd < 0) {
        g_set_error(error, NSIM_CLI_ERROR, NSIM_CLI_ERROR_OUTPUT, "cannot write '%s': %s", path, g_strerror(errno));
        return false;
    }
    close(fd);
    g_autofree char *script = make_script(plan, outcomes, terminal_of(path), temporary);
    bool drawn = run_gnuplot(script, error);
    if (drawn && g_rename(temporary, path) < 0) {
        g_set_error(error, NSIM_CLI_ERROR, NSIM_CLI_ERROR_OUTPUT, "cannot write '%s': %s", path, g_strerror(errno));
        drawn = false;
    }
    if (!drawn)
        (void)g_unlink(temporary);
    return drawn;
}
