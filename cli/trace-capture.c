/* SPDX-License-Identifier: MIT */
/*
 * numasim trace capture: run an unmodified program under QEMU's user-mode emulator with our plug-in, and write what it
 * does to memory. The other ways to do so are in trace-capture-system.c and trace-capture-lackey.c.
 */
#include <cli/trace-capture.h>

#include <cli/cli.h>

#include <traces/qemu/elf.h>
#include <traces/qemu/recorder.h>

#include <elf.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define PLUGIN_NAME "numasim-qemu.so"
#define DEFAULT_CACHE_BYTES (UINT64_C(32) << 20)
#define DEFAULT_WAYS 16u
#define DEFAULT_RATE UINT64_C(3000000000)
#define DEFAULT_LEVEL 3
#define SCRIPT_LINE_MAX 255u
#define SCRIPT_DEPTH_MAX 4u

/* ---- Options --------------------------------------------------------------------------------------------------- */

typedef struct {
    char *output, *cache, *ways, *rate, *level, *records, *start, *stop, *toggle, *emulator, *cpu;
    char **marks;
    gboolean end, lackey, quiet, system;
    NsimSystemTexts guest;
} Texts;

static void
texts_clear(Texts *texts)
{
    g_free(texts->output);
    g_free(texts->cache);
    g_free(texts->ways);
    g_free(texts->rate);
    g_free(texts->level);
    g_free(texts->records);
    g_free(texts->start);
    g_free(texts->stop);
    g_free(texts->toggle);
    g_free(texts->emulator);
    g_free(texts->cpu);
    g_strfreev(texts->marks);
    nsim_system_texts_clear(&texts->guest);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Texts, texts_clear)

/* What to run, and how to record it. */
typedef struct {
    NsimRecorderOptions options;
    NsimRecorderMark marks[NSIM_RECORDER_MARKS_MAX];
    char **program; /* what the emulator runs, and its arguments; a script's interpreter comes first */
    char *path;     /* of the executable */
    char *title;    /* as the user typed it */
    char *emulator, *plugin, *cpu, *capture;
    bool by_lackey; /* and not by the emulator */
} Capture;

static void
capture_clear(Capture *capture)
{
    for (uint32_t i = 0; i < capture->options.mark_count; i++) {
        nsim_where_clear(&capture->marks[i].where);
        g_free(capture->marks[i].name);
    }
    nsim_where_clear(&capture->options.start);
    nsim_where_clear(&capture->options.stop);
    g_strfreev(capture->program);
    g_free(capture->path);
    g_free(capture->title);
    g_free(capture->emulator);
    g_free(capture->plugin);
    g_free(capture->cpu);
    g_free(capture->capture);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Capture, capture_clear)

static bool
read_cache(const NsimCommand *command, const Texts *texts, NsimRecorderOptions *options, int *ret_status)
{
    uint64_t ways = DEFAULT_WAYS;
    options->cache_bytes = DEFAULT_CACHE_BYTES;
    if (!nsim_command_quantity(command, "ways", texts->ways, NSIM_QUANTITY_COUNT, 1, NSIM_RECORDER_WAYS_MAX, &ways,
                               ret_status))
        return false;
    options->ways = (uint32_t)ways;
    if (texts->cache && g_str_equal(texts->cache, "none")) {
        options->cache_bytes = 0;
        return true;
    }
    if (!nsim_command_quantity(command, "cache", texts->cache, NSIM_QUANTITY_BYTES, 1024, NSIM_RECORDER_CACHE_MAX,
                               &options->cache_bytes, ret_status))
        return false;
    const uint64_t sets = options->cache_bytes / NSIM_LINE_BYTES / ways;
    if (sets * ways * NSIM_LINE_BYTES == options->cache_bytes && (sets & (sets - 1)) == 0 && sets > 0 &&
        options->cache_bytes % 1024 == 0)
        return true;
    *ret_status =
        nsim_command_misuse(command, "a cache of %s with %u ways does not have a power of two of sets of 64-byte lines",
                            texts->cache ? texts->cache : "32MiB", (unsigned)ways);
    return false;
}

static bool
read_where(const NsimCommand *command, const char *option, const char *text, NsimWhere *ret, int *ret_status)
{
    g_autofree char *problem = NULL;
    if (!text || nsim_where_parse(text, ret, &problem))
        return true;
    *ret_status = nsim_command_misuse(command, "wrong value '%s' for --%s: %s", text, option, problem);
    return false;
}

/* "PLACE" or "PLACE:NAME". */
static bool
read_mark(const NsimCommand *command, const char *text, Capture *capture, int *ret_status)
{
    const char *colon = strrchr(text, ':');
    g_autofree char *place = colon ? g_strndup(text, (gsize)(colon - text)) : g_strdup(text);
    if (capture->options.mark_count == NSIM_RECORDER_MARKS_MAX) {
        *ret_status = nsim_command_misuse(command, "more than %u of --mark", NSIM_RECORDER_MARKS_MAX);
        return false;
    }
    NsimRecorderMark *mark = &capture->marks[capture->options.mark_count];
    if (!read_where(command, "mark", place, &mark->where, ret_status))
        return false;
    mark->name = g_strdup(colon ? colon + 1 : place);
    capture->options.mark_count++;
    if (mark->where.kind != NSIM_WHERE_COUNT && mark->where.nth == 1 && !strchr(place, '@') && *mark->name)
        return true;
    *ret_status =
        nsim_command_misuse(command, "wrong value '%s' for --mark; allowed: SYMBOL or 0xADDRESS, then :NAME", text);
    return false;
}

static bool
read_options(const NsimCommand *command, const Texts *texts, Capture *capture, int *ret_status)
{
    NsimRecorderOptions *options = &capture->options;
    uint64_t level = DEFAULT_LEVEL;
    options->rate = DEFAULT_RATE;
    options->records_max = UINT64_MAX;
    options->marks = capture->marks;
    options->toggle = texts->toggle;
    if (!read_cache(command, texts, options, ret_status) ||
        !nsim_command_quantity(command, "rate", texts->rate, NSIM_QUANTITY_COUNT, 1, UINT64_C(1000000000000),
                               &options->rate, ret_status) ||
        !nsim_command_quantity(command, "level", texts->level, NSIM_QUANTITY_COUNT, 0, 19, &level, ret_status) ||
        !nsim_command_quantity(command, "max-records", texts->records, NSIM_QUANTITY_COUNT, 1, UINT64_C(1) << 60,
                               &options->records_max, ret_status) ||
        !read_where(command, "start", texts->start, &options->start, ret_status) ||
        !read_where(command, "stop", texts->stop, &options->stop, ret_status))
        return false;
    options->level = (int)level;
    for (char **mark = texts->marks; mark && *mark; mark++)
        if (!read_mark(command, *mark, capture, ret_status))
            return false;
    if (!texts->output || nsim_cli_output_is_stdout(texts->output)) {
        *ret_status = nsim_command_misuse(command, "name the file to write with -o FILE");
        return false;
    }
    if (texts->start && texts->toggle) {
        *ret_status = nsim_command_misuse(command, "--start and --toggle contradict each other");
        return false;
    }
    options->output = texts->output;
    return true;
}

/* ---- What to run ----------------------------------------------------------------------------------------------- */

/* Emulators by what ELF says of a program; those whose data is big endian are told apart where both exist. */
static const struct {
    uint16_t machine;
    bool is_64, is_big_endian;
    const char *name;
    const char *cpu; /* with everything the emulator knows; NULL: its default */
} machines[] = {
    {EM_X86_64, true, false, "x86_64", "max"},   {EM_386, false, false, "i386", "max"},
    {EM_AARCH64, true, false, "aarch64", "max"}, {EM_AARCH64, true, true, "aarch64_be", "max"},
    {EM_ARM, false, false, "arm", "max"},        {EM_ARM, false, true, "armeb", "max"},
    {EM_RISCV, true, false, "riscv64", NULL},    {EM_RISCV, false, false, "riscv32", NULL},
    {EM_PPC64, true, false, "ppc64le", NULL},    {EM_PPC64, true, true, "ppc64", NULL},
    {EM_PPC, false, true, "ppc", NULL},          {EM_S390, true, true, "s390x", "max"},
    {258, true, false, "loongarch64", NULL},
};

static int
fail_at(const char *path, const char *problem)
{
    nsim_cli_complain("cannot capture '%s': %s", path, problem);
    return NSIM_EXIT_USAGE;
}

/*
 * The interpreter that the first line of a script names, and its one argument; what `env` would look for stands for
 * `env`, since a program that takes the place of another is not followed. (transfer full), NULL: no script
 */
static char **
read_interpreter(const char *path)
{
    char line[SCRIPT_LINE_MAX + 1] = "";
    FILE *file = g_fopen(path, "re");
    if (!file)
        return NULL;
    const size_t got = fread(line, 1, SCRIPT_LINE_MAX, file);
    fclose(file);
    line[got] = '\0';
    if (strncmp(line, "#!", 2) != 0)
        return NULL;
    line[strcspn(line, "\n")] = '\0';
    g_strchomp(line);
    char *name = line + 2 + strspn(line + 2, " \t");
    char *argument = name + strcspn(name, " \t");
    if (*argument)
        *argument++ = '\0';
    argument += strspn(argument, " \t");
    if (!*name)
        return NULL;
    g_autofree char *base = g_path_get_basename(name);
    if (g_str_equal(base, "env") && *argument && argument[0] != '-' && !strpbrk(argument, " \t="))
        return g_strdupv((char *[]){argument, NULL});
    return g_strdupv((char *[]){name, *argument ? argument : NULL, NULL});
}

/* Find the program; a script becomes its interpreter. */
static bool
find_program(char **arguments, Capture *capture, int *ret_status)
{
    capture->path = g_find_program_in_path(arguments[0]);
    capture->title = g_strjoinv(" ", arguments);
    capture->program = g_strdupv(arguments);
    for (unsigned depth = 0; capture->path; depth++) {
        g_auto(GStrv) script = read_interpreter(capture->path);
        if (!script)
            return true;
        if (depth == SCRIPT_DEPTH_MAX) {
            *ret_status = fail_at(arguments[0], "too many interpreters of interpreters");
            return false;
        }
        g_autoptr(GPtrArray) words = g_ptr_array_new();
        for (char **word = script; *word; word++)
            g_ptr_array_add(words, g_strdup(*word));
        g_ptr_array_add(words, g_steal_pointer(&capture->path));
        for (char **word = capture->program + 1; *word; word++)
            g_ptr_array_add(words, g_strdup(*word));
        g_ptr_array_add(words, NULL);
        g_strfreev(capture->program);
        capture->program = (char **)g_ptr_array_steal(words, NULL);
        capture->path = g_find_program_in_path(script[0]);
    }
    *ret_status =
        fail_at(arguments[0],
                g_str_equal(arguments[0], capture->program[0]) ? "no such program" : "its interpreter is not there");
    return false;
}

/* An option that lackey cannot serve, or NULL. */
static const char *
option_for_qemu(const Texts *texts)
{
    return texts->start      ? "start"
           : texts->stop     ? "stop"
           : texts->toggle   ? "toggle"
           : texts->marks    ? "mark"
           : texts->records  ? "max-records"
           : texts->end      ? "end"
           : texts->emulator ? "emulator"
           : texts->cpu      ? "cpu"
                             : NULL;
}

static bool
find_emulator(const Texts *texts, Capture *capture, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimElf) elf = nsim_elf_open(capture->path, &error);
    if (!elf) {
        *ret_status = fail_at(capture->path, error->message);
        return false;
    }
    const NsimElfInfo *info = nsim_elf_info(elf);
    for (unsigned i = 0; i < G_N_ELEMENTS(machines); i++) {
        if (machines[i].machine != info->machine || machines[i].is_64 != info->is_64 ||
            machines[i].is_big_endian != info->is_big_endian)
            continue;
        g_autofree char *name = g_strconcat("qemu-", machines[i].name, NULL);
        capture->emulator = g_find_program_in_path(texts->emulator ? texts->emulator : name);
        capture->cpu = g_strdup(texts->cpu ? texts->cpu : machines[i].cpu);
        capture->capture = g_strdup_printf(
            "%s with the plug-in of numasim: user-mode loads and stores of all threads; what the kernel "
            "reads and writes is not seen; clock: instructions of each thread, at a declared rate",
            name);
        if (capture->emulator)
            return true;
        if (option_for_qemu(texts) == NULL && nsim_lackey_is_there()) {
            nsim_cli_complain("'%s' is not there: recording by valgrind's lackey, which is much slower and takes all "
                              "threads as one; on Debian: apt-get install qemu-user",
                              name);
            return capture->by_lackey = true;
        }
        nsim_cli_complain("cannot find the emulator '%s', which runs the program; on Debian: "
                          "apt-get install qemu-user",
                          texts->emulator ? texts->emulator : name);
        *ret_status = NSIM_EXIT_FAILED;
        return false;
    }
    g_autofree char *problem =
        g_strdup_printf("it is for a machine (ELF number %u) without a known emulator", info->machine);
    *ret_status = fail_at(capture->path, problem);
    return false;
}

char *
nsim_capture_find_part(const char *name)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = self ? g_path_get_dirname(self) : NULL;
    g_autofree char *beside = folder ? g_build_filename(folder, name, NULL) : NULL;
    if (beside && g_file_test(beside, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer(&beside);
    return g_build_filename(NSIM_PKGLIBDIR, name, NULL);
}

/* NUMASIM_QEMU_PLUGIN names another than ours. */
static bool
find_plugin(Capture *capture, int *ret_status)
{
    const char *named = g_getenv("NUMASIM_QEMU_PLUGIN");
    capture->plugin = named ? g_strdup(named) : nsim_capture_find_part(PLUGIN_NAME);
    if (g_file_test(capture->plugin, G_FILE_TEST_IS_REGULAR))
        return true;
    nsim_cli_complain("cannot find the plug-in '%s'", capture->plugin);
    *ret_status = NSIM_EXIT_FAILED;
    return false;
}

static bool
prepare(const Texts *texts, char **arguments, Capture *capture, int *ret_status)
{
    if (!find_program(arguments, capture, ret_status))
        return false;
    capture->options.program_path = capture->path;
    capture->options.program = capture->title;
    capture->by_lackey = texts->lackey;
    if (!capture->by_lackey && !texts->system && !find_emulator(texts, capture, ret_status))
        return false;
    capture->options.capture = capture->capture;
    return capture->by_lackey || find_plugin(capture, ret_status);
}

/* ---- Running it ------------------------------------------------------------------------------------------------ */

/* The emulator's command line. Commas end a plug-in's path unless they are doubled. */
static char **
emulator_arguments(void *context, int fd)
{
    const Capture *capture = context;
    GPtrArray *words = g_ptr_array_new();
    g_auto(GStrv) parts = g_strsplit(capture->plugin, ",", -1);
    g_autofree char *plugin = g_strjoinv(",,", parts);
    g_ptr_array_add(words, g_strdup(capture->emulator));
    if (capture->cpu) {
        g_ptr_array_add(words, g_strdup("-cpu"));
        g_ptr_array_add(words, g_strdup(capture->cpu));
    }
    g_ptr_array_add(words, g_strdup("-plugin"));
    g_ptr_array_add(words, g_strdup_printf("%s,fd=%d", plugin, fd));
    g_ptr_array_add(words, g_strdup("-0"));
    g_ptr_array_add(words, g_strdup(capture->program[0]));
    g_ptr_array_add(words, g_strdup(capture->path));
    for (char **word = capture->program + 1; *word; word++)
        g_ptr_array_add(words, g_strdup(*word));
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

static int
run(const Capture *capture, const Texts *texts)
{
    return nsim_capture_run(&(NsimCaptureRun){.options = &capture->options,
                                              .name = capture->program[0],
                                              .path = capture->path,
                                              .emulator = capture->emulator,
                                              .end_when_over = texts->end,
                                              .quiet = texts->quiet,
                                              .make_arguments = emulator_arguments,
                                              .context = (void *)capture});
}

static int
run_system(const NsimCommand *command, const Capture *capture, const Texts *texts)
{
    return nsim_system_capture(command, &(NsimSystemCapture){.options = &capture->options,
                                                             .texts = &texts->guest,
                                                             .program = capture->program,
                                                             .path = capture->path,
                                                             .plugin = capture->plugin,
                                                             .emulator = texts->emulator,
                                                             .cpu = texts->cpu,
                                                             .end_when_over = texts->end,
                                                             .quiet = texts->quiet});
}

static int
run_lackey(const Capture *capture, const Texts *texts)
{
    const NsimRecorderOptions *options = &capture->options;
    return nsim_lackey_capture(&(NsimLackeyCapture){.output = texts->output,
                                                    .title = capture->title,
                                                    .program = capture->program,
                                                    .cache_bytes = options->cache_bytes,
                                                    .ways = options->ways,
                                                    .instructions_per_s = options->rate,
                                                    .level = options->level,
                                                    .quiet = texts->quiet});
}

/* Do the options fit the way to capture? */
static bool
check_kind(const NsimCommand *command, const Texts *texts, int *ret_status)
{
    const char *of_guest = nsim_system_texts_given(&texts->guest);
    const char *of_program = texts->start    ? "start"
                             : texts->stop   ? "stop"
                             : texts->toggle ? "toggle"
                             : texts->marks  ? "mark"
                             : texts->lackey ? "lackey"
                                             : NULL;
    if (!texts->system && of_guest)
        *ret_status = nsim_command_misuse(command, "--%s is for --system only", of_guest);
    else if (texts->system && of_program)
        *ret_status = nsim_command_misuse(command, "--system cannot do --%s", of_program);
    return texts->system ? !of_program : !of_guest;
}

int
nsim_cmd_trace_capture(int argc, char **argv)
{
    g_auto(Texts) texts = {0};
    g_auto(Capture) capture = {0};
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &texts.output, "write the trace to FILE (needed)", "FILE"},
        {"cache", 0, 0, G_OPTION_ARG_FILENAME, &texts.cache,
         "the last-level cache whose misses are recorded (default 32MiB); none: every access", "SIZE"},
        {"ways", 0, 0, G_OPTION_ARG_FILENAME, &texts.ways, "ways of the cache (default 16)", "N"},
        {"rate", 0, 0, G_OPTION_ARG_FILENAME, &texts.rate, "instructions a second that the trace declares (default 3G)",
         "N"},
        {"start", 0, 0, G_OPTION_ARG_FILENAME, &texts.start,
         "record from SYMBOL, SYMBOL@CALL, 0xADDRESS or +INSTRUCTIONS on", "PLACE"},
        {"stop", 0, 0, G_OPTION_ARG_FILENAME, &texts.stop, "record up to there", "PLACE"},
        {"toggle", 0, 0, G_OPTION_ARG_FILENAME, &texts.toggle, "record while FILE exists", "FILE"},
        {"mark", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &texts.marks,
         "SYMBOL[:NAME]: a mark at each call of a function; may be repeated", "MARK"},
        {"max-records", 0, 0, G_OPTION_ARG_FILENAME, &texts.records, "stop recording after N records", "N"},
        {"end", 0, 0, G_OPTION_ARG_NONE, &texts.end, "end the program when recording is over", NULL},
        {"level", 0, 0, G_OPTION_ARG_FILENAME, &texts.level, "zstd level (default 3), 0 stores uncompressed", "N"},
        {"emulator", 0, 0, G_OPTION_ARG_FILENAME, &texts.emulator, "the emulator (default: qemu-MACHINE in the PATH)",
         "FILE"},
        {"cpu", 0, 0, G_OPTION_ARG_FILENAME, &texts.cpu, "the processor it is to be (default max)", "MODEL"},
        {"lackey", 0, 0, G_OPTION_ARG_NONE, &texts.lackey, "by valgrind's lackey instead of QEMU: slow, threads as one",
         NULL},
        {"system", 0, 0, G_OPTION_ARG_NONE, &texts.system,
         "in a guest machine with a kernel: physical addresses, the kernel's too", NULL},
        {"kernel", 0, 0, G_OPTION_ARG_FILENAME, &texts.guest.kernel, "its kernel (default: the newest /boot/vmlinuz-*)",
         "FILE"},
        {"append", 0, 0, G_OPTION_ARG_FILENAME, &texts.guest.append, "more of the kernel's command line", "TEXT"},
        {"memory", 0, 0, G_OPTION_ARG_FILENAME, &texts.guest.memory, "its memory, in one node (default 1GiB)", "SIZE"},
        {"nodes", 0, 0, G_OPTION_ARG_FILENAME, &texts.guest.nodes,
         "its NUMA nodes: SIZE[:CPUS],... (default: CPUs at node 0)", "LIST"},
        {"cpus", 0, 0, G_OPTION_ARG_FILENAME, &texts.guest.cpus, "its processors (default 1)", "N"},
        {"accesses", 0, 0, G_OPTION_ARG_FILENAME, &texts.guest.accesses,
         "whose accesses: user, kernel or all (default all)", "WHOSE"},
        {"include", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &texts.guest.includes,
         "a file or folder that it has too; may be repeated", "PATH"},
        {"timeout", 0, 0, G_OPTION_ARG_FILENAME, &texts.guest.timeout, "end it after so long (default 10min)", "TIME"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &texts.quiet, "no summary", NULL},
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim trace capture",
                                 .synopsis = "-o FILE [OPTION]... -- PROGRAM [ARGUMENT]...",
                                 .summary = "Run a program, unmodified, and record what it does to memory.",
                                 .entries = entries};
    int status, own = 1;
    /* What stands behind "--" is not for us to parse. */
    while (own < argc && !g_str_equal(argv[own], "--"))
        own++;
    char **program = own < argc ? argv + own + 1 : NULL;
    int own_argc = own;
    char **own_argv = argv;
    if (own < argc)
        argv[own] = NULL;
    if (!nsim_command_parse(&command, &own_argc, &own_argv, &status) ||
        !nsim_command_operands(&command, own_argc, own_argv, 0, program ? 0 : G_MAXINT, &status))
        return status;
    if (!program || !program[0])
        return nsim_command_misuse(&command, "name the program to run after '--'");
    if (!check_kind(&command, &texts, &status))
        return status;
    if (texts.lackey && option_for_qemu(&texts) != NULL)
        return nsim_command_misuse(&command, "--lackey cannot do --%s", option_for_qemu(&texts));
    if (texts.lackey && !nsim_lackey_is_there()) {
        nsim_cli_complain("cannot find valgrind; on Debian: apt-get install valgrind");
        return NSIM_EXIT_FAILED;
    }
    if (!read_options(&command, &texts, &capture, &status) || !prepare(&texts, program, &capture, &status))
        return status;
    if (texts.system)
        return run_system(&command, &capture, &texts);
    return capture.by_lackey ? run_lackey(&capture, &texts) : run(&capture, &texts);
}
