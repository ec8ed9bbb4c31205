/* SPDX-License-Identifier: MIT */
/*
 * Speed of the replay: accesses/s with 1, 2, 8 and 32 accessors, exact order, every queue on, pages dealt out over all
 * nodes so that every frame is split (sequential cases: also all on one node); against the same records only decoded and their page state touched ("floor": share of
 * the replay's time) and against the event-per-hop model on the first records ("x judge": how many times faster). Prints
 * one row a case in CPU time; ratios hold on a noisy machine, absolute figures do not.
 *
 * Usage: bench-replay [--records N] [--directory DIR] [--only NAME]
 */
#include <experiment/replay.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <tests/judge/judge.h>
#include <time.h>
#include <traces/generate.h>
#include <unistd.h>

#define REPEATS 3

/* Two sockets and two expanders: four nodes, links between them; N accessors of one core each. */
static NsimMachine *
build_machine(uint32_t accessor_count, uint64_t pages)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new("name: bench\npoints: [s1, s2]\naccessors:\n");
    for (uint32_t a = 0; a < accessor_count; a++)
        g_string_append_printf(text,
                               "  - {id: C%u, kind: cpu, cores: 1, clock: 2GHz, ipc: 1, window: {random: 16, stream: 48}, "
                               "fault: {minor: 700ns, hint: 1us}, at: s%u}\n",
                               a, 1 + a % 2);
    g_string_append(text, "nodes:\n");
    for (int n = 0; n < 4; n++)
        g_string_append_printf(text,
                               "  - {id: N%d, nid: %d, kind: %s, capacity: %" PRIu64
                               "KiB, latency: 100ns, read: 38.4GB/s, write: 38.4GB/s%s}\n",
                               n, n, n < 2 ? "dram" : "cxl", (pages + 4096) * 4, n < 2 ? (n == 0 ? ", at: s1" : ", at: s2") : "");
    g_string_append(text, "links:\n"
                          "  - {id: upi, kind: upi, between: [s1, s2], bandwidth: 34.4GB/s, latency: 60ns}\n"
                          "  - {id: x1, kind: cxl, between: [s1, N2], bandwidth: 26.8GB/s, latency: 100ns}\n"
                          "  - {id: x2, kind: cxl, between: [s2, N3], bandwidth: 26.8GB/s, latency: 100ns}\n");
    g_autoptr(NsimDocument) document = nsim_document_parse(text->str, text->len, "bench", &error);
    NsimMachine *machine = document == NULL ? NULL : nsim_machine_from_value(nsim_document_root(document), ".", &error);
    if (machine == NULL) {
        fprintf(stderr, "bench-replay: %s\n", error->message);
        exit(1);
    }
    return machine;
}

static double
cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void
stop(const GError *error)
{
    fprintf(stderr, "bench-replay: %s\n", error->message);
    exit(1);
}

/* Decode every record and touch its page's state: the floor under any replay. */
static double
time_floor(NsimTrace *trace, const NsimSpace *space)
{
    g_autoptr(GError) error = NULL;
    uint64_t sum = 0;
    const double begin_s = cpu_s();
    for (uint32_t t = 0; t < nsim_trace_info(trace)->thread_count; t++) {
        g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, t, 12, &error);
        if (cursor == NULL)
            stop(error);
        while (nsim_trace_cursor_fill(cursor, &error) && cursor->filled > cursor->next) {
            for (uint32_t i = cursor->next; i < cursor->filled; i++)
                sum += nsim_space_state(space, cursor->bursts[i].page);
            cursor->next = cursor->filled;
        }
    }
    const double elapsed_s = cpu_s() - begin_s;
    if (sum == 1)
        puts("");
    return elapsed_s;
}

/* Records a thread gives the judge: it is slow. */
#define JUDGE_LINES 1000000u

static NsimNodeId
dealt_node(void *context, uint32_t page)
{
    return *(const bool *)context ? 0 : (NsimNodeId)(page % 4);
}

/* Lines/s of the event-per-hop model on the beginning of the trace. */
static double
judge_lines_per_s(NsimTrace *trace, const NsimMachine *machine, bool one_node)
{
    g_autoptr(GError) error = NULL;
    const uint32_t thread_count = nsim_trace_info(trace)->thread_count;
    g_autofree NsimJudgeCore *cores = g_new0(NsimJudgeCore, thread_count);
    for (uint32_t t = 0; t < thread_count; t++) {
        g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, t, 12, &error);
        GArray *bursts = g_array_new(FALSE, FALSE, sizeof(NsimBurst));
        uint64_t lines = 0;
        if (cursor == NULL)
            stop(error);
        while (lines < JUDGE_LINES / thread_count && nsim_trace_cursor_fill(cursor, &error) &&
               cursor->filled > cursor->next) {
            for (uint32_t i = cursor->next; i < cursor->filled; i++)
                lines += cursor->bursts[i].count;
            g_array_append_vals(bursts, &cursor->bursts[cursor->next], cursor->filled - cursor->next);
            cursor->next = cursor->filled;
        }
        cores[t] = (NsimJudgeCore){ .accessor = (NsimAccessorId)(t % machine->accessor_count),
                                    .burst_count = bursts->len,
                                    .gap_mult = NSIM_JUDGE_GAP_PS };
        cores[t].bursts = (const NsimBurst *)(void *)g_array_free(bursts, FALSE);
    }
    const NsimJudgeOptions options = {
        .machine = machine, .cores = cores, .core_count = thread_count, .node_of = dealt_node, .context = &one_node
    };
    const double begin_s = cpu_s();
    g_autoptr(NsimJudgeResult) result = nsim_judge_run(&options);
    const double elapsed_s = cpu_s() - begin_s;
    for (uint32_t t = 0; t < thread_count; t++)
        g_free((void *)(uintptr_t)cores[t].bursts);
    return (double)result->line_count / elapsed_s;
}

typedef struct {
    double replay_s, floor_s;
    NsimTime runtime_ps;
    uint64_t accesses;
} Timing;

/* One replay, split into set-up (not timed) and run. */
static Timing
time_replay(NsimTrace *trace, const NsimMachine *machine, bool one_node)
{
    g_autoptr(GError) error = NULL;
    const NsimTraceInfo *info = nsim_trace_info(trace);
    NsimMemory *memory = nsim_memory_new(machine);
    NsimSpace *space = nsim_space_new(memory, "bench", info->frames, info->frame_count, NULL, 0, 1, &error);
    NsimEventQueue *events = nsim_event_queue_new();
    NsimFabric *fabric = nsim_fabric_new(machine);
    NsimMm *mm = nsim_mm_new(machine, memory, &space, 1, events, 1);
    g_autofree NsimReplayThread *threads = g_new0(NsimReplayThread, info->thread_count);
    g_autofree NsimTraceCursor **cursors = g_new0(NsimTraceCursor *, info->thread_count);
    const NsimReplayWorkload workload = { .barrier_count = info->barrier_count, .barriers = info->barriers };
    Timing timing = { 0 };

    for (NsimPage page = 0; page < space->page_count; page++)
        (void)nsim_space_place(space, page, 1, one_node ? 0 : (NsimNodeId)(page % 4));
    for (uint32_t t = 0; t < info->thread_count; t++) {
        cursors[t] = nsim_trace_cursor_new(trace, t, machine->page_shift, &error);
        if (cursors[t] == NULL)
            stop(error);
        threads[t] = (NsimReplayThread){ .source = nsim_burst_source_of_cursor(cursors[t]),
                                         .accessor = (NsimAccessorId)(t % machine->accessor_count),
                                         .number = t,
                                         .gap_mult = (uint64_t)1 << 16,
                                         .filtered = true };
    }
    const NsimReplayOptions options = { .machine = machine,
                                        .mm = mm,
                                        .fabric = fabric,
                                        .events = events,
                                        .workloads = &workload,
                                        .workload_count = 1,
                                        .threads = threads,
                                        .thread_count = info->thread_count,
                                        .until_ps = NSIM_TIME_MAX };
    NsimReplay *replay = nsim_replay_new(&options);
    const double begin_s = cpu_s();
    if (!nsim_replay_run(replay, &error))
        stop(error);
    timing.replay_s = cpu_s() - begin_s;
    timing.runtime_ps = nsim_replay_stats(replay)->end_ps;
    timing.accesses = nsim_replay_stats(replay)->access_count;
    timing.floor_s = time_floor(trace, space);

    nsim_replay_free(replay);
    for (uint32_t t = 0; t < info->thread_count; t++)
        nsim_trace_cursor_free(cursors[t]);
    nsim_mm_free(mm);
    nsim_space_free(space);
    nsim_fabric_free(fabric);
    nsim_event_queue_free(events);
    nsim_memory_free(memory);
    return timing;
}

typedef struct {
    const char *name;
    NsimGeneratePattern pattern;
    uint32_t threads, burst_lines;
    uint64_t pages;
    bool one_node; /* all pages on node 0; else dealt out over the four */
} Case;

static void
measure(const Case *bench, const char *directory, uint64_t records)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_strdup_printf("%s/bench-replay-%ld.trace", directory, (long)getpid());
    NsimGenerateOptions options;
    nsim_generate_options_init(&options);
    options.pattern = bench->pattern;
    options.threads = bench->threads;
    options.pages = bench->pages;
    options.records = records / bench->burst_lines * (bench->burst_lines > 1 ? 16 : 1);
    options.burst_lines = bench->burst_lines;
    options.shared = true;
    options.gap = 1000;
    options.gap_unit = NSIM_GAP_PS;
    options.level = 0;
    options.gap_per_s = 0;
    if (!nsim_trace_generate(path, &options, &error))
        stop(error);
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    if (trace == NULL)
        stop(error);
    g_autoptr(NsimMachine) machine = build_machine(bench->threads, bench->pages);
    Timing best = { 0 };
    for (int i = 0; i < REPEATS; i++) {
        const Timing timing = time_replay(trace, machine, bench->one_node);
        if (i == 0 || timing.replay_s < best.replay_s)
            best = timing;
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    const double lines_per_s = (double)best.accesses / best.replay_s;
    printf("%-14s %9.1f %9.1f %6.2f %8.1f %8.2f %9.1f %8.1f %8ld\n", bench->name, lines_per_s / 1e6,
           best.replay_s * 1e9 / (double)nsim_trace_info(trace)->burst_count, best.floor_s / best.replay_s,
           lines_per_s / judge_lines_per_s(trace, machine, bench->one_node),
           (double)nsim_trace_info(trace)->file_bytes / (double)nsim_trace_info(trace)->burst_count,
           (double)best.accesses * 64e3 / (double)best.runtime_ps, (double)nsim_trace_info(trace)->file_bytes / 1048576, usage.ru_maxrss / 1024);
    fflush(stdout);
    unlink(path);
}

int
main(int argc, char **argv)
{
    static const Case cases[] = {
        { "zipf-1x1M", NSIM_GENERATE_ZIPF, 1, 1, 1u << 20, false },
        { "zipf-2x1M", NSIM_GENERATE_ZIPF, 2, 1, 1u << 20, false },
        { "zipf-8x1M", NSIM_GENERATE_ZIPF, 8, 1, 1u << 20, false },
        { "zipf-32x1M", NSIM_GENERATE_ZIPF, 32, 1, 1u << 20, false },
        { "seq64-1x1M", NSIM_GENERATE_SEQUENTIAL, 1, 64, 1u << 20, true },
        { "seq1-1x1M", NSIM_GENERATE_SEQUENTIAL, 1, 1, 1u << 20, true },
        { "seq64-dealt", NSIM_GENERATE_SEQUENTIAL, 1, 64, 1u << 20, false },
        { "seq1-dealt", NSIM_GENERATE_SEQUENTIAL, 1, 1, 1u << 20, false },
        { "zipf-1x256M", NSIM_GENERATE_ZIPF, 1, 1, 1u << 28, false },
        { "zipf-32x256M", NSIM_GENERATE_ZIPF, 32, 1, 1u << 28, false },
    };
    gint64 records = 50000000;
    char *directory = NULL, *only = NULL;
    const GOptionEntry entries[] = {
        { "records", 0, 0, G_OPTION_ARG_INT64, &records, "records a case", "N" },
        { "directory", 0, 0, G_OPTION_ARG_FILENAME, &directory, "where traces are made (default /tmp)", "DIR" },
        { "only", 0, 0, G_OPTION_ARG_STRING, &only, "run the cases whose name contains this", "TEXT" },
        { 0 }
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        stop(error);
    printf("%-14s %9s %9s %6s %8s %8s %9s %8s %8s\n", "case", "M lines/s", "ns/record", "floor", "x judge", "B/record",
           "sim GB/s", "file MiB", "peak MiB");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (only == NULL || strstr(cases[i].name, only) != NULL)
            measure(&cases[i], directory != NULL ? directory : "/tmp", (uint64_t)records);
    }
    g_free(directory);
    g_free(only);
    return 0;
}
