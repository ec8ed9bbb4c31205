/* SPDX-License-Identifier: MIT */
/*
 * numasim trace capture --system: run an unmodified program in a small guest machine with a kernel, under QEMU's system
 * emulator with our plug-in, and write what the program and the kernel do to physical memory.
 *
 * The guest's first file system is made in memory and what it prints comes by pipes, so that nothing is left behind.
 */
#include <cli/trace-capture.h>

#include <traces/qemu/elf.h>
#include <traces/qemu/guest-machine.h>
#include <traces/qemu/initramfs.h>
#include <traces/qemu/kernel.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define EMULATOR "qemu-system-x86_64"
#define INIT_NAME "numasim-init"
#define KERNEL_FOLDER "/boot"
#define PACKAGES "on Debian: apt-get install qemu-system-x86"
#define KERNEL_PACKAGES                                                                                                \
    "name one with --kernel; on Debian: apt-get install linux-image-6.12-cloud-amd64, or without installing it: apt-get "   \
    "download the package that it stands for, and dpkg-deb --fsys-tarfile FILE | tar x ./boot"
/* Everything the emulator knows, but for the instructions by which kernels clear pages byte by byte. */
#define CPU "max,-erms,-fsrm"
#define DEFAULT_BYTES (UINT64_C(1) << 30)
#define DEFAULT_TIMEOUT_PS (UINT64_C(600) * PS_PER_S)
#define PS_PER_S UINT64_C(1000000000000)
#define PS_PER_US UINT64_C(1000000)
/* What is kept of the kernel's messages and of what the guest's first program reports. */
#define TEXT_BYTES_MAX (64u << 10)
#define LINES_SHOWN 12u
/* Of the kernel's command line, which has room for 2048 in all. */
#define APPEND_BYTES_MAX 1024u

/* What the emulator writes comes by these pipes. */
enum { OUT, ERR, REPORT, CONSOLE, PIPES };

typedef struct {
    const NsimSystemCapture *capture;
    NsimRecorderOptions options;
    NsimGuestMachine machine;
    int64_t timeout_us;
    char *kernel, *version, *emulator, *init, *text;
    int initramfs_fd;
    int pipes[PIPES][2];
    GString *report, *console;
} Guest;

static void
guest_clear(Guest *guest)
{
    g_free(guest->kernel);
    g_free(guest->version);
    g_free(guest->emulator);
    g_free(guest->init);
    g_free(guest->text);
    if (guest->initramfs_fd >= 0)
        close(guest->initramfs_fd);
    for (unsigned i = 0; i < PIPES; i++)
        for (unsigned end = 0; end < 2; end++)
            if (guest->pipes[i][end] >= 0)
                close(guest->pipes[i][end]);
    g_string_free(guest->report, TRUE);
    g_string_free(guest->console, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Guest, guest_clear)

static void
guest_init(Guest *guest, const NsimSystemCapture *capture)
{
    guest->capture = capture;
    guest->options = *capture->options;
    guest->initramfs_fd = -1;
    for (unsigned i = 0; i < PIPES; i++)
        guest->pipes[i][0] = guest->pipes[i][1] = -1;
    guest->report = g_string_new(NULL);
    guest->console = g_string_new(NULL);
}

/* ---- Options --------------------------------------------------------------------------------------------------- */

void
nsim_system_texts_clear(NsimSystemTexts *texts)
{
    g_free(texts->kernel);
    g_free(texts->append);
    g_free(texts->memory);
    g_free(texts->nodes);
    g_free(texts->cpus);
    g_free(texts->accesses);
    g_free(texts->timeout);
    g_strfreev(texts->includes);
}

const char *
nsim_system_texts_given(const NsimSystemTexts *texts)
{
    return texts->kernel     ? "kernel"
           : texts->append   ? "append"
           : texts->memory   ? "memory"
           : texts->nodes    ? "nodes"
           : texts->cpus     ? "cpus"
           : texts->accesses ? "accesses"
           : texts->includes ? "include"
           : texts->timeout  ? "timeout"
                             : NULL;
}

/* "SIZE" or "SIZE:CPUS". */
static bool
read_node(const NsimCommand *command, const char *text, NsimGuestMachine *machine, int *ret_status)
{
    const char *colon = strchr(text, ':');
    g_autofree char *size = colon ? g_strndup(text, (gsize)(colon - text)) : g_strdup(text);
    uint64_t cpus = 0;
    if (machine->node_count == NSIM_RECORDER_NODES_MAX) {
        *ret_status = nsim_command_misuse(command, "more than %u of --nodes", NSIM_RECORDER_NODES_MAX);
        return false;
    }
    if (!nsim_command_quantity(command, "nodes", size, NSIM_QUANTITY_BYTES, NSIM_GUEST_MACHINE_NODE_BYTES_MIN,
                               NSIM_GUEST_MACHINE_BYTES_MAX, &machine->node_bytes[machine->node_count], ret_status) ||
        !nsim_command_quantity(command, "nodes", colon ? colon + 1 : NULL, NSIM_QUANTITY_COUNT, 0,
                               NSIM_GUEST_MACHINE_CPUS_MAX, &cpus, ret_status))
        return false;
    machine->node_cpus[machine->node_count++] = (uint32_t)cpus;
    return true;
}

static bool
read_machine(const NsimCommand *command, const NsimSystemTexts *texts, NsimGuestMachine *machine, int *ret_status)
{
    g_autofree char *problem = NULL;
    g_auto(GStrv) nodes = texts->nodes && *texts->nodes ? g_strsplit(texts->nodes, ",", -1) : NULL;
    uint64_t cpus = 0, bytes = DEFAULT_BYTES;
    if (texts->nodes && !nodes) {
        *ret_status = nsim_command_misuse(command, "wrong value '' for --nodes; allowed: SIZE[:CPUS],...");
        return false;
    }
    if (texts->nodes && texts->memory) {
        *ret_status = nsim_command_misuse(command, "--memory and --nodes contradict each other");
        return false;
    }
    if (!nsim_command_quantity(command, "memory", texts->memory, NSIM_QUANTITY_BYTES, NSIM_GUEST_MACHINE_BYTES_MIN,
                               NSIM_GUEST_MACHINE_BYTES_MAX, &bytes, ret_status) ||
        !nsim_command_quantity(command, "cpus", texts->cpus, NSIM_QUANTITY_COUNT, 1, NSIM_GUEST_MACHINE_CPUS_MAX, &cpus,
                               ret_status))
        return false;
    for (char **node = nodes; node && *node; node++)
        if (!read_node(command, *node, machine, ret_status))
            return false;
    if (machine->node_count == 0) {
        machine->node_bytes[0] = bytes;
        machine->node_count = 1;
    }
    machine->cpu_count = (uint32_t)cpus;
    if (nsim_guest_machine_complete(machine, &problem))
        return true;
    *ret_status = nsim_command_misuse(command, "wrong machine by --nodes, --memory or --cpus: %s", problem);
    return false;
}

static bool
read_accesses(const NsimCommand *command, const char *text, NsimAccesses *ret, int *ret_status)
{
    static const struct {
        const char *name;
        NsimAccesses accesses;
    } known[] = {{"all", NSIM_ACCESSES_ALL}, {"user", NSIM_ACCESSES_USER}, {"kernel", NSIM_ACCESSES_KERNEL}};
    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++)
        if (g_str_equal(text ? text : "all", known[i].name)) {
            *ret = known[i].accesses;
            return true;
        }
    *ret_status = nsim_command_misuse(command, "unknown value '%s' for --accesses; allowed: user, kernel, all", text);
    return false;
}

/* Values that are taken as they are, if only they can be. */
static bool
check_texts(const NsimCommand *command, const NsimSystemTexts *texts, int *ret_status)
{
    if (texts->append && strlen(texts->append) > APPEND_BYTES_MAX) {
        *ret_status = nsim_command_misuse(command, "more than %u characters for --append", APPEND_BYTES_MAX);
        return false;
    }
    for (char **name = texts->includes; name && *name; name++)
        if (!g_file_test(*name, G_FILE_TEST_EXISTS)) {
            *ret_status = nsim_command_misuse(command, "no file or folder '%s' for --include", *name);
            return false;
        }
    return true;
}

static bool
read_options(const NsimCommand *command, Guest *guest, int *ret_status)
{
    const NsimSystemTexts *texts = guest->capture->texts;
    uint64_t timeout_ps = DEFAULT_TIMEOUT_PS;
    if (!check_texts(command, texts, ret_status) || !read_machine(command, texts, &guest->machine, ret_status) ||
        !read_accesses(command, texts->accesses, &guest->options.accesses, ret_status) ||
        !nsim_command_quantity(command, "timeout", texts->timeout, NSIM_QUANTITY_TIME, PS_PER_S, PS_PER_S * 1000000,
                               &timeout_ps, ret_status))
        return false;
    guest->timeout_us = (int64_t)(timeout_ps / PS_PER_US);
    guest->options.node_bytes = guest->machine.node_bytes;
    guest->options.node_count = guest->machine.node_count;
    return true;
}

/* ---- What is needed -------------------------------------------------------------------------------------------- */

static bool
find_parts(Guest *guest)
{
    const NsimSystemCapture *capture = guest->capture;
    const char *emulator = capture->emulator ? capture->emulator : EMULATOR;
    guest->emulator = g_find_program_in_path(emulator);
    if (!guest->emulator) {
        nsim_cli_complain("cannot find the emulator '%s', which runs the guest; " PACKAGES, emulator);
        return false;
    }
    guest->init = nsim_capture_find_part(INIT_NAME);
    if (!g_file_test(guest->init, G_FILE_TEST_IS_REGULAR)) {
        nsim_cli_complain("cannot find the guest's first program '%s'; it is built on x86-64, where programs can be "
                          "linked statically",
                          guest->init);
        return false;
    }
    guest->kernel = capture->texts->kernel ? g_strdup(capture->texts->kernel) : nsim_kernel_newest(KERNEL_FOLDER);
    if (guest->kernel)
        return true;
    nsim_cli_complain("cannot find a kernel for the guest, " KERNEL_FOLDER "/vmlinuz-*; " KERNEL_PACKAGES);
    return false;
}

/* The guest is an x86-64. */
static bool
check_program(const Guest *guest)
{
    const NsimSystemCapture *capture = guest->capture;
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimElf) elf = nsim_elf_open(capture->path, &error);
    if (elf && (nsim_elf_info(elf)->machine == EM_X86_64 || nsim_elf_info(elf)->machine == EM_386))
        return true;
    nsim_cli_complain("cannot capture '%s': %s", capture->path,
                      elf ? "it is for another machine than the guest, which is an x86-64" : error->message);
    return false;
}

static void
describe(Guest *guest)
{
    static const char *const whose[] = {[NSIM_ACCESSES_USER] = "loads and stores of programs, not of the kernel,",
                                        [NSIM_ACCESSES_KERNEL] = "loads and stores of the kernel, not of programs,",
                                        [NSIM_ACCESSES_ALL] = "loads and stores of programs and the kernel"};
    g_autofree char *nodes = nsim_guest_machine_describe(&guest->machine);
    const char *append = guest->capture->texts->append;
    guest->text =
        g_strdup_printf(EMULATOR " with the plug-in of numasim: %s at physical addresses, from the program's "
                                 "exec to its end; Linux %s%s%s%s; %s; clock: instructions of each processor, "
                                 "the kernel's too, at a declared rate",
                        whose[guest->options.accesses], guest->version, append ? " with '" : "", append ? append : "",
                        append ? "'" : "", nodes);
    guest->options.capture = guest->text;
}

static bool
make_initramfs(Guest *guest, GError **error)
{
    const NsimSystemCapture *capture = guest->capture;
    g_autofree char *folder = g_get_current_dir();
    g_autofree char *path = g_canonicalize_filename(capture->path, folder);
    g_auto(GStrv) environment = g_get_environ();
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < guest->machine.node_count; i++)
        bytes += guest->machine.node_bytes[i];
    guest->initramfs_fd = nsim_initramfs_make(&(NsimInitramfsOptions){.init = guest->init,
                                                                      .program = path,
                                                                      .arguments = capture->program,
                                                                      .folder = folder,
                                                                      .environment = environment,
                                                                      .includes = capture->texts->includes,
                                                                      .node_count = guest->machine.node_count,
                                                                      /* It is there twice while it is unpacked. */
                                                                      .most_bytes = bytes / 2},
                                              error);
    return guest->initramfs_fd >= 0;
}

static bool
make_pipes(Guest *guest, GError **error)
{
    for (unsigned i = 0; i < PIPES; i++) {
        if (!g_unix_open_pipe(guest->pipes[i], FD_CLOEXEC, error) ||
            !g_unix_set_fd_nonblocking(guest->pipes[i][0], TRUE, error))
            return false;
    }
    return true;
}

static bool
prepare_guest(Guest *guest, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    *ret_status = NSIM_EXIT_USAGE;
    if (!check_program(guest))
        return false;
    *ret_status = NSIM_EXIT_FAILED;
    if (!find_parts(guest))
        return false;
    guest->version = nsim_kernel_version(guest->kernel, &error);
    if (!guest->version) {
        nsim_cli_complain("%s", error->message);
        *ret_status = NSIM_EXIT_USAGE;
        return false;
    }
    describe(guest);
    if (make_initramfs(guest, &error) && make_pipes(guest, &error))
        return true;
    nsim_cli_complain("cannot make a guest for '%s': %s", guest->capture->program[0], error->message);
    return false;
}

/* ---- While it runs --------------------------------------------------------------------------------------------- */

static char **
make_arguments(void *context, int channel_fd)
{
    const Guest *guest = context;
    const NsimSystemCapture *capture = guest->capture;
    return nsim_guest_machine_arguments(&guest->machine, &(NsimGuestLaunch){.emulator = guest->emulator,
                                                                            .cpu = capture->cpu ? capture->cpu : CPU,
                                                                            .plugin = capture->plugin,
                                                                            .kernel = guest->kernel,
                                                                            .append = capture->texts->append,
                                                                            .channel_fd = channel_fd,
                                                                            .initramfs_fd = guest->initramfs_fd,
                                                                            .out_fd = guest->pipes[OUT][1],
                                                                            .err_fd = guest->pipes[ERR][1],
                                                                            .report_fd = guest->pipes[REPORT][1],
                                                                            .console_fd = guest->pipes[CONSOLE][1]});
}

static void
prepare_emulator(void *context, pid_t parent)
{
    const Guest *guest = context;
    /* A machine that nobody listens to would run on for ever. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    for (unsigned i = 0; i < PIPES; i++)
        fcntl(guest->pipes[i][1], F_SETFD, 0);
    const int null = open("/dev/null", O_RDONLY);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    dup2(guest->pipes[CONSOLE][1], STDOUT_FILENO);
    dup2(guest->pipes[CONSOLE][1], STDERR_FILENO);
}

/* What the guest's program prints is the user's; nobody may listen any more. */
static void
pass_on(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        const ssize_t done = write(fd, bytes, count);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return;
        bytes += done;
        count -= (size_t)done;
    }
}

/* The end of a long text counts. */
static void
keep(GString *text, const char *bytes, size_t count)
{
    g_string_append_len(text, bytes, (gssize)count);
    if (text->len > 2 * TEXT_BYTES_MAX)
        g_string_erase(text, 0, (gssize)(text->len - TEXT_BYTES_MAX));
}

static void
listen(void *context)
{
    Guest *guest = context;
    char bytes[16384];
    for (unsigned i = 0; i < PIPES; i++) {
        ssize_t got;
        while ((got = read(guest->pipes[i][0], bytes, sizeof bytes)) > 0 || (got < 0 && errno == EINTR)) {
            if (got > 0 && i <= ERR)
                pass_on(i == OUT ? STDOUT_FILENO : STDERR_FILENO, bytes, (size_t)got);
            else if (got > 0)
                keep(i == REPORT ? guest->report : guest->console, bytes, (size_t)got);
        }
    }
}

/* ---- What is said ---------------------------------------------------------------------------------------------- */

/* What follows `word` in the report's first line that begins with it, or NULL. (transfer full) */
static char *
find_report(const Guest *guest, const char *word)
{
    g_auto(GStrv) lines = g_strsplit(guest->report->str, "\n", -1);
    for (char **line = lines; *line; line++)
        if (g_str_has_prefix(*line, word))
            return g_strdup(*line + strlen(word));
    return NULL;
}

/* The last lines of the kernel's and the emulator's messages, or the first of a panic, which traces of calls follow. */
static void
show_console(const Guest *guest)
{
    g_autofree char *valid = g_utf8_make_valid(guest->console->str, (gssize)guest->console->len);
    g_auto(GStrv) lines = g_strsplit(g_strdelimit(valid, "\r", ' '), "\n", -1);
    const unsigned count = g_strv_length(lines);
    unsigned first = count > LINES_SHOWN ? count - LINES_SHOWN : 0;
    for (unsigned i = 0; i < first; i++)
        if (strstr(lines[i], "Kernel panic"))
            first = i;
    for (unsigned i = first; i < count && i < first + LINES_SHOWN; i++)
        if (*g_strchomp(lines[i]))
            nsim_cli_complain("  %s", lines[i]);
}

static bool
has_run(void *context)
{
    g_autofree char *failure = find_report(context, "failed ");
    g_autofree char *started = find_report(context, "started");
    return !failure && started;
}

static bool
has_ended(void *context)
{
    g_autofree char *status = find_report(context, "exit ");
    g_autofree char *number = find_report(context, "signal ");
    return status || number;
}

static void
say_end(void *context)
{
    const Guest *guest = context;
    const char *name = guest->capture->program[0];
    g_autofree char *status = find_report(guest, "exit ");
    g_autofree char *number = find_report(guest, "signal ");
    if (number)
        nsim_cli_complain("'%s' was killed by signal %s (%s)", name, number, g_strsignal(atoi(number)));
    if (number && strstr(guest->console->str, "Out of memory"))
        nsim_cli_complain("the guest ran out of memory; --memory or --nodes gives it more");
    if (status && !g_str_equal(status, "0"))
        nsim_cli_complain("'%s' ended with status %s", name, status);
    if (!status && !number) {
        nsim_cli_complain("the guest ended before '%s' did; it said last:", name);
        show_console(guest);
    }
}

static void
say_failure(void *context, bool is_attached)
{
    const Guest *guest = context;
    g_autofree char *failure = find_report(guest, "failed ");
    if (is_attached && failure) {
        nsim_cli_complain("the guest could not run '%s': %s", guest->capture->program[0], failure);
        return;
    }
    if (is_attached)
        nsim_cli_complain("the guest with the kernel '%s' did not come to run '%s'", guest->kernel,
                          guest->capture->program[0]);
    if (guest->console->len > 0)
        nsim_cli_complain("the last that it said:");
    show_console(guest);
}

static const NsimCaptureGuest calls = {.prepare = prepare_emulator,
                                       .step = listen,
                                       .ran = has_run,
                                       .ended = has_ended,
                                       .say_end = say_end,
                                       .say_failure = say_failure};

int
nsim_system_capture(const NsimCommand *command, const NsimSystemCapture *capture)
{
    g_auto(Guest) guest = {0};
    int status;
    guest_init(&guest, capture);
    if (!read_options(command, &guest, &status) || !prepare_guest(&guest, &status))
        return status;
    /* Who does not want the program's output any more still wants the trace. */
    signal(SIGPIPE, SIG_IGN);
    return nsim_capture_run(&(NsimCaptureRun){.options = &guest.options,
                                              .name = capture->program[0],
                                              .path = capture->path,
                                              .emulator = guest.emulator,
                                              .end_when_over = capture->end_when_over,
                                              .quiet = capture->quiet,
                                              .timeout_us = guest.timeout_us,
                                              .make_arguments = make_arguments,
                                              .guest = &calls,
                                              .context = &guest});
}
