/* SPDX-License-Identifier: MIT */
/* Running an emulator with our plug-in to its end, and what is said then: see trace-capture.h. */
#include <cli/trace-capture.h>

#include <cli/cli.h>

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* After this time a program that does not end when asked to is killed. */
#define PATIENCE_US (5 * G_USEC_PER_SEC)

/* ---- Running it ------------------------------------------------------------------------------------------------ */

/* A signal handler has no other way to learn whom to tell. */
static volatile sig_atomic_t running_pid;
static volatile sig_atomic_t signals_seen;

static void
on_signal(int number, siginfo_t *info, void *context)
{
    const int saved = errno;
    (void)context;
    /* What a terminal sends, the program gets as well. The second one is for who does not listen. */
    if (running_pid > 0 && signals_seen > 0)
        kill((pid_t)running_pid, SIGKILL);
    else if (running_pid > 0 && info->si_code != SI_KERNEL)
        kill((pid_t)running_pid, number);
    signals_seen++;
    errno = saved;
}

/* What would end us and leave a half-written file behind. */
static const int signals_caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

typedef struct {
    struct sigaction old[G_N_ELEMENTS(signals_caught)];
} Signals;

static void
catch_signals(Signals *signals)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (unsigned i = 0; i < G_N_ELEMENTS(signals_caught); i++) {
        sigaction(signals_caught[i], NULL, &signals->old[i]);
        if (signals->old[i].sa_handler != SIG_IGN)
            sigaction(signals_caught[i], &action, NULL);
    }
}

static pid_t
start(const NsimCaptureRun *run, const NsimRecorder *recorder, const Signals *signals)
{
    g_auto(GStrv) arguments = run->make_arguments(run->context, nsim_recorder_fd(recorder));
    const pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        if (run->guest != NULL)
            run->guest->prepare(run->context, parent);
        for (unsigned i = 0; i < G_N_ELEMENTS(signals_caught); i++)
            sigaction(signals_caught[i], &signals->old[i], NULL);
        execv(arguments[0], arguments);
        _exit(127);
    }
    return pid;
}

/* Until it ends. Returns its status as waitpid() has it. */
static int
follow(const NsimCaptureRun *run, NsimRecorder *recorder, pid_t pid, NsimCaptureEnd *ret_end)
{
    int status = 0;
    gint64 asked = 0;
    const gint64 begun = g_get_monotonic_time();
    for (;;) {
        const pid_t got = waitpid(pid, &status, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR))
            return status;
        nsim_recorder_step(recorder, pid);
        if (run->guest != NULL)
            run->guest->step(run->context);
        /* A capture that cannot be written is not worth the program's time. */
        const gint64 now = g_get_monotonic_time();
        const bool is_late = run->timeout_us > 0 && now - begun > run->timeout_us;
        const bool is_over =
            nsim_recorder_failed(recorder) || (run->end_when_over && nsim_recorder_is_over(recorder)) || is_late;
        if (is_over && asked == 0) {
            asked = now;
            *ret_end = is_late ? NSIM_CAPTURE_LATE : NSIM_CAPTURE_OVER;
            kill(pid, SIGTERM);
        } else if (asked != 0 && now - asked > PATIENCE_US) {
            kill(pid, SIGKILL);
        }
    }
}

/* ---- What is said ---------------------------------------------------------------------------------------------- */

static void
say_end(const NsimCaptureRun *run, int status, NsimCaptureEnd end)
{
    if (end == NSIM_CAPTURE_LATE)
        nsim_cli_complain("'%s' was ended after %" G_GINT64_FORMAT " s; --timeout gives it longer", run->name,
                          run->timeout_us / G_USEC_PER_SEC);
    else if (end == NSIM_CAPTURE_OVER)
        nsim_cli_complain("'%s' was ended because recording is over", run->name);
    else if (run->guest != NULL && signals_seen && !run->guest->ended(run->context))
        nsim_cli_complain("'%s' was interrupted", run->name);
    else if (run->guest != NULL)
        run->guest->say_end(run->context);
    else if (WIFSIGNALED(status))
        nsim_cli_complain("'%s' was killed by signal %d (%s)", run->name, WTERMSIG(status),
                          g_strsignal(WTERMSIG(status)));
    else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        nsim_cli_complain("'%s' ended with status %d", run->name, WEXITSTATUS(status));
}

static void
say_warnings(const NsimRecorderTotals *totals, const NsimRecorderOptions *options)
{
    if (totals->stop_unknown)
        nsim_cli_complain("warning: no symbol '%s' to stop at in the program or its libraries", options->stop.symbol);
    if (totals->marks_unknown)
        nsim_cli_complain("warning: %u of %u marks name no symbol of the program or its libraries",
                          totals->marks_unknown, options->mark_count);
    if (totals->thread_lost)
        nsim_cli_complain("warning: %u threads beyond %u were not captured", totals->thread_lost,
                          NSIM_TRACE_THREADS_MAX);
    if (totals->replaced)
        nsim_cli_complain("warning: the program ran another one in its place, which was not captured; name that one");
    if (totals->unplaced_count > 0 && options->node_count > 1)
        nsim_cli_complain(
            "warning: where %u of %u nodes are is not known, so the nodes of what was recorded may be wrong; "
            "the guest's kernel needs CONFIG_NUMA and CONFIG_PROC_PAGE_MONITOR",
            totals->unplaced_count, options->node_count);
    if (totals->limited)
        nsim_cli_complain("the limit of --max-records was reached");
    if (totals->read_lines + totals->rfo_lines + totals->write_lines == 0)
        nsim_cli_complain("warning: nothing was recorded%s",
                          options->start.kind != NSIM_WHERE_NOWHERE ? ": the start was not reached" : "");
}

static void
say_totals(const NsimRecorderTotals *totals, const NsimRecorderOptions *options)
{
    GStatBuf file;
    g_autofree char *size =
        nsim_quantity_format(g_stat(options->output, &file) == 0 ? (uint64_t)file.st_size : 0, NSIM_QUANTITY_BYTES);
    nsim_cli_complain("%s: %" G_GUINT64_FORMAT " records, %s; lines: %" G_GUINT64_FORMAT " read, %" G_GUINT64_FORMAT
                      " for ownership, %" G_GUINT64_FORMAT " written; %" G_GUINT64_FORMAT
                      " instructions of %" G_GUINT64_FORMAT ", %u thread%s",
                      options->output, totals->records, size, totals->read_lines, totals->rfo_lines,
                      totals->write_lines, totals->instructions_recorded, totals->instructions, totals->thread_count,
                      totals->thread_count == 1 ? "" : "s");
    if (options->node_count > 0)
        nsim_cli_complain("of these lines the kernel caused %" G_GUINT64_FORMAT, totals->kernel_lines);
    if (totals->outside_count > 0)
        nsim_cli_complain("left out: %" G_GUINT64_FORMAT " accesses to what is in no node", totals->outside_count);
    nsim_cli_complain("next: numasim --config FILE --trace %s", options->output);
}

/* Nothing was recorded because nothing ran. */
static void
say_failure(const NsimCaptureRun *run, bool is_attached)
{
    if (!is_attached)
        nsim_cli_complain("the emulator '%s' did not load the plug-in to run '%s'; QEMU 7.2 is known to work",
                          run->emulator, run->path);
    else if (run->guest == NULL)
        nsim_cli_complain("the emulator '%s' could not run '%s'", run->emulator, run->path);
    if (run->guest != NULL)
        run->guest->say_failure(run->context, is_attached);
}

/* After the program: the trace, and what there is to say. Frees the recorder. */
static int
finish(const NsimCaptureRun *run, NsimRecorder *recorder, int status, NsimCaptureEnd end)
{
    g_autoptr(GError) error = NULL;
    NsimRecorderTotals totals;
    const bool failed = nsim_recorder_failed(recorder);
    const bool ran = run->guest == NULL || run->guest->ran(run->context);
    nsim_recorder_drain(recorder, &totals);
    if (!failed && (!totals.attached || totals.instructions == 0 || !ran)) {
        nsim_recorder_abandon(recorder);
        if (signals_seen)
            return NSIM_EXIT_INTERRUPTED;
        if (end == NSIM_CAPTURE_LATE)
            say_end(run, status, end);
        say_failure(run, totals.attached);
        return NSIM_EXIT_FAILED;
    }
    if (totals.start_unknown) {
        nsim_recorder_abandon(recorder);
        nsim_cli_complain("no symbol '%s' to start at in '%s' or the libraries that it loaded",
                          run->options->start.symbol, run->path);
        return NSIM_EXIT_USAGE;
    }
    if (!nsim_recorder_close(recorder, &error))
        return nsim_cli_fail(error);
    say_end(run, status, end);
    say_warnings(&totals, run->options);
    if (!run->quiet)
        say_totals(&totals, run->options);
    const bool was_stopped = run->guest != NULL ? !run->guest->ended(run->context) : WIFSIGNALED(status);
    return signals_seen && was_stopped ? NSIM_EXIT_INTERRUPTED : NSIM_EXIT_OK;
}

int
nsim_capture_run(const NsimCaptureRun *run)
{
    g_autoptr(GError) error = NULL;
    Signals signals;
    NsimCaptureEnd end = NSIM_CAPTURE_BY_ITSELF;
    NsimRecorder *recorder = nsim_recorder_new(run->options, &error);
    if (!recorder)
        return nsim_cli_fail(error);
    catch_signals(&signals);
    const pid_t pid = start(run, recorder, &signals);
    if (pid < 0) {
        nsim_recorder_abandon(recorder);
        nsim_cli_complain("cannot start a process: %s", g_strerror(errno));
        return NSIM_EXIT_FAILED;
    }
    running_pid = pid;
    const int status = follow(run, recorder, pid, &end);
    running_pid = 0;
    if (run->guest != NULL)
        run->guest->step(run->context);
    return finish(run, recorder, status, end);
}
