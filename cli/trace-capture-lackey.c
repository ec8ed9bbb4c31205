/* SPDX-License-Identifier: MIT */
/*
 * numasim trace capture by valgrind's lackey: the program's accesses come as text through a pipe and are imported as they
 * come. Where QEMU is not there; slower, all threads as one, and without names for memory.
 */
#include <cli/trace-capture.h>

#include <cli/cli.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <traces/import/import.h>
#include <unistd.h>

bool
nsim_lackey_is_there(void)
{
    g_autofree char *path = g_find_program_in_path("valgrind");
    return path != NULL;
}

/* In the new process: never returns. */
static _Noreturn void
become_valgrind(char *const *program, int log_fd)
{
    g_autofree char *log = g_strdup_printf("--log-fd=%d", log_fd);
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    char *const own[] = {(char *)"valgrind", (char *)"--tool=lackey", (char *)"--basic-counts=no",
                         (char *)"--trace-mem=yes", log, (char *)"--"};
    for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
        g_ptr_array_add(words, own[i]);
    for (char *const *word = program; *word != NULL; word++)
        g_ptr_array_add(words, *word);
    g_ptr_array_add(words, NULL);
    execvp("valgrind", (char **)words->pdata);
    _exit(127);
}

static void
say_end(int status, const NsimImportResult *result, const NsimLackeyCapture *capture)
{
    if (WIFSIGNALED(status))
        nsim_cli_complain("the program was ended by signal %d (%s)", WTERMSIG(status), g_strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        nsim_cli_complain("the program ended with status %d", WEXITSTATUS(status));
    nsim_cli_complain("%s: lines: %" G_GUINT64_FORMAT " read, %" G_GUINT64_FORMAT " for ownership, %" G_GUINT64_FORMAT
                      " written; all threads as one",
                      capture->output, result->line_count[NSIM_OP_READ], result->line_count[NSIM_OP_RFO],
                      result->line_count[NSIM_OP_WRITE]);
    nsim_cli_complain("next: numasim --config FILE --trace %s", capture->output);
}

int
nsim_lackey_capture(const NsimLackeyCapture *capture)
{
    g_autoptr(GError) error = NULL;
    NsimImportOptions options;
    NsimImportResult result;
    int ends[2], status;
    if (pipe(ends) != 0) {
        nsim_cli_complain("cannot make a pipe: %s", g_strerror(errno));
        return NSIM_EXIT_FAILED;
    }
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        become_valgrind(capture->program, ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        nsim_cli_complain("cannot start a process: %s", g_strerror(errno));
        return NSIM_EXIT_FAILED;
    }
    /* An interrupt is for the program; what it did until then becomes the trace. */
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGINT, &ignore, &before);
    g_autofree char *input = g_strdup_printf("/dev/fd/%d", ends[0]);
    const char *const inputs[] = {input, NULL};
    nsim_import_options_init(&options);
    options.from = "lackey";
    options.inputs = inputs;
    options.output = capture->output;
    options.program = capture->title;
    options.cache_bytes = capture->cache_bytes;
    options.cache_ways = capture->ways;
    options.instructions_per_s = capture->instructions_per_s;
    options.level = capture->level;
    const bool good = nsim_import_trace(&options, &result, &error);
    /* After a failure nobody reads on: the program must not wait for ever. */
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    sigaction(SIGINT, &before, NULL);
    if (g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT)) {
        nsim_cli_complain("valgrind has recorded no access of '%s'", capture->title);
        return NSIM_EXIT_FAILED;
    }
    if (!good)
        return nsim_cli_fail(error);
    if (!capture->quiet)
        say_end(status, &result, capture);
    return NSIM_EXIT_OK;
}
