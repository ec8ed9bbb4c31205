/* SPDX-License-Identifier: MIT */
/*
 * Boot a real kernel in a guest machine and record what it does with known accesses:
 *
 *     record --kernel IMAGE --init FILE --guest FILE [--seed N] [--regions] -o FOLDER RUN[:SEED]...
 *
 * All runs of one boot are of a kind: monitoring, or schemes and balancing; the machines differ. A summary of each run
 * goes into the folder (reduce.h), with --regions the regions too. What the guest's kernel and program complain of is
 * printed where something failed. Status: 0 recorded, 1 not, 2 wrong use.
 */
#include "reduce.h"
#include "runs.h"

#include <traces/qemu/guest-machine.h>
#include <traces/qemu/initramfs.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define EMULATOR "qemu-system-x86_64"
#define CPU "max,-erms,-fsrm"
#define MIB (UINT64_C(1) << 20)
/*
 * Page-table isolation switches page tables at each entry of the kernel, which empties the emulator's TLB: without that
 * accessed bits that DAMON has cleared do not come back. NUMA balancing is off until a run asks for it.
 */
#define KERNEL_WORDS "mitigations=auto pti=on preempt=full numa_balancing=disable tsc=reliable no5lvl"
#define POLL_US 100000
#define DEFAULT_TIMEOUT_S 900

typedef struct {
    char *kernel, *init, *guest, *folder;
    int seed, timeout_s;
    gboolean regions;
    char **runs;
} Options;

/* What the guest writes, in memory. */
enum { OUT, ERR, REPORT, CONSOLE, TEXTS };

/* ---- The machine ---------------------------------------------------------------------------------------------------
 */

static const Run *
find_run(const char *word)
{
    const size_t length = strcspn(word, ":");
    for (size_t i = 0; i < RUN_COUNT; i++)
        if (strlen(runs[i].name) == length && strncmp(runs[i].name, word, length) == 0)
            return &runs[i];
    return NULL;
}

static NsimGuestMachine
make_machine(bool monitoring)
{
    const NsimGuestMachine one = {
        .node_bytes = {1024 * MIB, 1024 * MIB}, .node_cpus = {2, 0}, .node_count = 2, .cpu_count = 2};
    const NsimGuestMachine tiers = {.node_bytes = {384 * MIB, 512 * MIB},
                                    .node_cpus = {2, 0},
                                    .node_count = 2,
                                    .cpu_count = 2,
                                    .node_latency_ns = {80, 250},
                                    .node_gb_per_s = {100, 30}};
    return monitoring ? one : tiers;
}

/* The words of the guest's program. */
static char **
make_orders(const Options *options, const NsimGuestMachine *machine)
{
    GPtrArray *words = g_ptr_array_new();
    g_ptr_array_add(words, g_strdup("watch"));
    g_ptr_array_add(words, g_strdup_printf("%" G_GUINT64_FORMAT, machine->node_bytes[0]));
    for (char **run = options->runs; *run != NULL; run++)
        g_ptr_array_add(words, strchr(*run, ':') ? g_strdup(*run) : g_strdup_printf("%s:%d", *run, options->seed));
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

static int
make_initramfs(const Options *options, const NsimGuestMachine *machine, GError **error)
{
    char *nothing[] = {NULL};
    g_auto(GStrv) orders = make_orders(options, machine);
    g_autofree char *folder = g_get_current_dir();
    g_autofree char *guest = g_canonicalize_filename(options->guest, folder);
    return nsim_initramfs_make(&(NsimInitramfsOptions){.init = options->init,
                                                       .program = guest,
                                                       .arguments = orders,
                                                       .folder = "/",
                                                       .environment = nothing,
                                                       .node_count = 0,
                                                       .most_bytes = 64 * MIB},
                               error);
}

/* In the new process; what is given to it is inherited. */
static void
die_with_parent(void *data)
{
    (void)data;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static bool
start(const Options *options, int texts[TEXTS], GPid *ret_pid, GError **error)
{
    const Run *first = find_run(options->runs[0]);
    const NsimGuestMachine machine = make_machine(first->kind == RUN_MONITOR);
    const int initramfs = make_initramfs(options, &machine, error);
    if (initramfs < 0)
        return false;
    for (int i = 0; i < TEXTS; i++)
        texts[i] = memfd_create("guest", 0);
    g_auto(GStrv) words = nsim_guest_machine_arguments(&machine, &(NsimGuestLaunch){.emulator = EMULATOR,
                                                                                    .cpu = CPU,
                                                                                    .kernel = options->kernel,
                                                                                    .append = KERNEL_WORDS,
                                                                                    .seed = (uint32_t)options->seed,
                                                                                    .initramfs_fd = initramfs,
                                                                                    .out_fd = texts[OUT],
                                                                                    .err_fd = texts[ERR],
                                                                                    .report_fd = texts[REPORT],
                                                                                    .console_fd = texts[CONSOLE]});
    const GSpawnFlags flags = G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_LEAVE_DESCRIPTORS_OPEN;
    const bool ok = g_spawn_async(NULL, words, NULL, flags, die_with_parent, NULL, ret_pid, error);
    close(initramfs);
    return ok;
}

/* ---- What it says --------------------------------------------------------------------------------------------------
 */

/* The lines that are whole by now. `pending` keeps what is not. */
static bool
take_lines(int fd, off_t *at, GString *pending, Reduce *reduce, GError **error)
{
    char bytes[1 << 16];
    for (ssize_t got; (got = pread(fd, bytes, sizeof bytes, *at)) > 0; *at += got) {
        g_string_append_len(pending, bytes, got);
        char *from = pending->str;
        for (char *end; (end = strchr(from, '\n')) != NULL; from = end + 1) {
            *end = '\0';
            if (!reduce_line(reduce, from, error))
                return false;
        }
        g_string_erase(pending, 0, from - pending->str);
    }
    return true;
}

static void
show(const char *what, int fd)
{
    char bytes[4096];
    fprintf(stderr, "-- the guest's %s:\n", what);
    ssize_t got;
    for (off_t at = 0; (got = pread(fd, bytes, sizeof bytes, at)) > 0; at += got)
        fwrite(bytes, 1, (size_t)got, stderr);
}

static bool
follow(const Options *options, GPid pid, int out_fd, Reduce *reduce, GError **error)
{
    g_autoptr(GString) pending = g_string_new(NULL);
    const int64_t until_us = g_get_monotonic_time() + (int64_t)options->timeout_s * 1000000;
    off_t at = 0;
    bool ok = true, running = true;
    while (ok && running) {
        g_usleep(POLL_US);
        running = waitpid(pid, NULL, WNOHANG) == 0;
        ok = take_lines(out_fd, &at, pending, reduce, error);
        if (ok && g_get_monotonic_time() > until_us) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "not done after %d s", options->timeout_s);
            ok = false;
        }
    }
    if (running) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    if (ok && reduce_runs(reduce) < g_strv_length(options->runs)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "the guest ended after %u of %u runs",
                    reduce_runs(reduce), g_strv_length(options->runs));
        ok = false;
    }
    return ok;
}

static bool
record(const Options *options, GError **error)
{
    int texts[TEXTS];
    GPid pid;
    g_autoptr(Reduce) reduce = reduce_new(options->folder, options->regions);
    if (!start(options, texts, &pid, error))
        return false;
    const bool ok = follow(options, pid, texts[OUT], reduce, error);
    if (!ok) {
        show("console", texts[CONSOLE]);
        show("report", texts[REPORT]);
        show("complaints", texts[ERR]);
    }
    for (int i = 0; i < TEXTS; i++)
        close(texts[i]);
    return ok;
}

/* ---- Options --------------------------------------------------------------------------------------------------------
 */

static bool
check(const Options *options, char **ret_problem)
{
    if (options->kernel == NULL || options->init == NULL || options->guest == NULL || options->folder == NULL ||
        options->runs == NULL || options->runs[0] == NULL) {
        *ret_problem = g_strdup("--kernel, --init, --guest, -o and runs are needed");
        return false;
    }
    for (char **word = options->runs; *word != NULL; word++) {
        const Run *run = find_run(*word), *first = find_run(options->runs[0]);
        if (run == NULL)
            *ret_problem = g_strdup_printf("no run '%s'", *word);
        else if ((run->kind == RUN_MONITOR) != (first->kind == RUN_MONITOR))
            *ret_problem = g_strdup_printf("'%s' and '%s' need different machines", *word, options->runs[0]);
        if (*ret_problem != NULL)
            return false;
    }
    return true;
}

int
main(int argc, char **argv)
{
    Options options = {.seed = 1, .timeout_s = DEFAULT_TIMEOUT_S};
    const GOptionEntry entries[] = {
        {"kernel", 0, 0, G_OPTION_ARG_FILENAME, &options.kernel, "kernel image", "FILE"},
        {"init", 0, 0, G_OPTION_ARG_FILENAME, &options.init, "first program of the guest", "FILE"},
        {"guest", 0, 0, G_OPTION_ARG_FILENAME, &options.guest, "program of the guest", "FILE"},
        {"seed", 0, 0, G_OPTION_ARG_INT, &options.seed, "seed of the machine and of runs without one", "N"},
        {"timeout", 0, 0, G_OPTION_ARG_INT, &options.timeout_s, "seconds for all runs", "N"},
        {"regions", 0, 0, G_OPTION_ARG_NONE, &options.regions, "write the regions too", NULL},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options.folder, "folder of the summaries", "FOLDER"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.runs, NULL, "RUN[:SEED]..."},
        {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}};
    g_autoptr(GError) error = NULL;
    g_autofree char *problem = NULL;
    GOptionContext *context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    const bool parsed = g_option_context_parse(context, &argc, &argv, &error);
    g_option_context_free(context);
    if (!parsed || !check(&options, &problem)) {
        fprintf(stderr, "record: %s\n", parsed ? problem : error->message);
        return 2;
    }
    if (g_mkdir_with_parents(options.folder, 0755) == 0 && record(&options, &error))
        return 0;
    fprintf(stderr, "record: %s\n", error != NULL ? error->message : "no folder for the summaries");
    return 1;
}
