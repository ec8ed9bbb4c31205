/* SPDX-License-Identifier: MIT */
/*
 * The program of the kernels: makes the input, runs the threads, captured when asked for, checks the result and prints
 * its checksum.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "gpu.h"
#include "kernels.h"

typedef struct {
    KernelRun *run;
    uint32_t index;
} Worker;

enum { THREADS = 256, SEED, TIME, GPU, RESIDENT, BLOCK_MARKS, CAPTURE, CACHE, WAYS, CACHES, TURN, LEVEL, RAW };

static const struct option common_options[] = {
    {"threads", required_argument, NULL, THREADS},
    {"seed", required_argument, NULL, SEED},
    {"time", no_argument, NULL, TIME},
    {"gpu", no_argument, NULL, GPU},
    {"resident", required_argument, NULL, RESIDENT},
    {"block-marks", no_argument, NULL, BLOCK_MARKS},
    {"capture", required_argument, NULL, CAPTURE},
    {"cache", required_argument, NULL, CACHE},
    {"ways", required_argument, NULL, WAYS},
    {"caches", required_argument, NULL, CACHES},
    {"turn", required_argument, NULL, TURN},
    {"level", required_argument, NULL, LEVEL},
    {"raw", required_argument, NULL, RAW},
};
#define COMMON_COUNT (sizeof common_options / sizeof common_options[0])

static const char usage_text[] =
    "usage: kernels KERNEL [options]\n"
    "  --threads N      threads, or streaming multiprocessors, 1 to 64 (1)\n"
    "  --seed N         of the input (1)\n"
    "  --time           print times to standard error\n"
    "  --gpu            in thread-block order\n"
    "  --resident N     blocks in flight on a multiprocessor, 1 to 32 (8)\n"
    "  --block-marks    mark whose turn begins, with --gpu\n"
    "with capture built in:\n"
    "  --capture FILE   write a trace\n"
    "  --cache KIB --ways N  last-level cache in front (4096, 16)\n"
    "  --caches N       number of such caches (1)\n"
    "  --turn N         instructions before the next thread's turn (16384; 128 with --gpu)\n"
    "  --level N        zstd level (19)\n"
    "  --raw FILE       also write every access before the cache\n"
    "kernels and their options:\n";

static _Noreturn void
usage(void)
{
    fputs(usage_text, stderr);
    for (const Kernel *const *kernel = all_kernels; *kernel; kernel++) {
        fprintf(stderr, "  %s: %s%s\n", (*kernel)->name, (*kernel)->summary, (*kernel)->gpu_work ? " (--gpu too)" : "");
        for (const KernelOption *option = (*kernel)->options; option->name; option++)
            fprintf(stderr, "    --%s N: %s (%llu)\n", option->name, option->help, (unsigned long long)option->value);
    }
    exit(2);
}

static _Noreturn void
die(const char *problem)
{
    fprintf(stderr, "kernels: %s\n", problem);
    exit(1);
}

void *
kernel_map(const char *name, uint64_t bytes)
{
    void *memory = nsim_capture_map(name, bytes);
    if (!memory)
        die("out of memory");
    return memory;
}

void *
kernel_alloc(uint64_t count, uint64_t bytes)
{
    void *memory = calloc(count ? count : 1, bytes);
    if (!memory)
        die("out of memory");
    return memory;
}

bool
kernel_wrong(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("check: FAILED: ", stdout);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
    return false;
}

void
kernel_barrier(KernelRun *run)
{
    if (!nsim_capture_barrier(run->capture_barrier))
        pthread_barrier_wait(&run->barrier);
}

static uint64_t
parse_number(const char *name, const char *text, uint64_t least, uint64_t most)
{
    char *end;
    const uint64_t value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || value < least || value > most) {
        fprintf(stderr, "kernels: --%s %s: want a number from %llu to %llu\n", name, text, (unsigned long long)least,
                (unsigned long long)most);
        exit(2);
    }
    return value;
}

static void
apply_common(KernelRun *run, NsimCaptureOptions *capture, bool *time, int code)
{
    const char *name = common_options[code - THREADS].name;
    switch (code) {
    case THREADS:
        run->thread_count = (uint32_t)parse_number(name, optarg, 1, KERNEL_THREADS_MAX);
        break;
    case SEED:
        run->seed = parse_number(name, optarg, 0, UINT64_MAX);
        break;
    case TIME:
        *time = true;
        break;
    case GPU:
        run->gpu = true;
        break;
    case RESIDENT:
        run->resident_count = (uint32_t)parse_number(name, optarg, 1, GPU_RESIDENT_MAX);
        break;
    case BLOCK_MARKS:
        run->block_marks = true;
        break;
    case CAPTURE:
        capture->path = optarg;
        break;
    case CACHE:
        capture->cache_bytes = parse_number(name, optarg, 1, 1u << 24) << 10;
        break;
    case WAYS:
        capture->cache_ways = (unsigned)parse_number(name, optarg, 1, 64);
        break;
    case CACHES:
        capture->cache_count = (unsigned)parse_number(name, optarg, 1, NSIM_CAPTURE_CACHES_MAX);
        break;
    case TURN:
        capture->turn_instructions = parse_number(name, optarg, 1, 1u << 30);
        break;
    case LEVEL:
        capture->level = (int)parse_number(name, optarg, 0, 19);
        break;
    default:
        capture->raw_path = optarg;
    }
}

static const Kernel *
find_kernel(const char *name)
{
    for (const Kernel *const *kernel = all_kernels; *kernel; kernel++)
        if (strcmp((*kernel)->name, name) == 0)
            return *kernel;
    usage();
}

static void
parse_options(KernelRun *run, NsimCaptureOptions *capture, bool *time, int argc, char **argv)
{
    const Kernel *kernel = run->kernel;
    struct option options[COMMON_COUNT + KERNEL_OPTIONS_MAX + 1] = {0};
    unsigned own = 0;
    memcpy(options, common_options, sizeof common_options);
    for (; own < KERNEL_OPTIONS_MAX && kernel->options[own].name; own++) {
        options[COMMON_COUNT + own] = (struct option){kernel->options[own].name, required_argument, NULL, (int)own};
        run->values[own] = kernel->options[own].value;
    }
    int code;
    while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (code >= THREADS) {
            apply_common(run, capture, time, code);
        } else if ((unsigned)code < own) {
            const KernelOption *option = &kernel->options[code];
            run->values[code] = parse_number(option->name, optarg, option->least, option->most);
        } else {
            usage();
        }
    }
    if (optind < argc || (run->gpu && !kernel->gpu_work))
        usage();
}

/* A function of its own, for a profiler to count its instructions (calibrate-kernels.sh). */
static __attribute__((noinline)) void
kernel_work(KernelRun *run, uint32_t thread)
{
    (run->gpu ? run->kernel->gpu_work : run->kernel->work)(run, thread);
}

static void *
start_worker(void *argument)
{
    const Worker *worker = argument;
    nsim_capture_join(worker->index);
    kernel_work(worker->run, worker->index);
    kernel_barrier(worker->run);
    kernel_mark(worker->index, "end");
    nsim_capture_leave();
    return NULL;
}

static void
run_workers(KernelRun *run)
{
    pthread_t threads[KERNEL_THREADS_MAX];
    Worker workers[KERNEL_THREADS_MAX];
    for (uint32_t i = 0; i < run->thread_count; i++) {
        workers[i] = (Worker){run, i};
        if (pthread_create(&threads[i], NULL, start_worker, &workers[i]) != 0)
            die("cannot start a thread");
    }
    for (uint32_t i = 0; i < run->thread_count; i++)
        pthread_join(threads[i], NULL);
}

static double
seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void
print_capture(const NsimCaptureStats *stats)
{
    printf("capture: %llu instructions, %llu accesses, %llu elsewhere; lines: %llu read, %llu rfo, %llu write; %llu "
           "runs, %llu turns\n",
           (unsigned long long)stats->instruction_count, (unsigned long long)stats->access_count,
           (unsigned long long)stats->elsewhere_count, (unsigned long long)stats->read_lines,
           (unsigned long long)stats->rfo_lines, (unsigned long long)stats->write_lines,
           (unsigned long long)stats->run_count, (unsigned long long)stats->turn_count);
}

/* "bfs: breadth-first search ...; scale 20, ...; 8 threads, seed 1" */
static void
describe(const KernelRun *run, char *text, size_t room)
{
    const Kernel *kernel = run->kernel;
    size_t used = (size_t)snprintf(text, room, "%s: %s;", kernel->name, kernel->summary);
    for (unsigned i = 0; i < KERNEL_OPTIONS_MAX && kernel->options[i].name && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, " %s %llu,", kernel->options[i].name,
                                 (unsigned long long)run->values[i]);
    if (used < room && run->gpu)
        used += (size_t)snprintf(text + used, room - used, " %u multiprocessors with %u blocks in flight each,",
                                 run->thread_count, run->resident_count);
    else if (used < room)
        used += (size_t)snprintf(text + used, room - used, " %u threads,", run->thread_count);
    if (used < room)
        snprintf(text + used, room - used, " seed %llu", (unsigned long long)run->seed);
}

/* Run the threads under a capture. */
static void
run_captured(KernelRun *run, NsimCaptureOptions *capture)
{
    static char program[512];
    const NsimCaptureWork work = {run->kernel->name,
                                  run->gpu ? run->kernel->gpu_instructions_256ths : run->kernel->instructions_256ths};
    describe(run, program, sizeof program);
    capture->program = program;
    capture->thread_count = run->thread_count;
    capture->works = &work;
    capture->work_count = 1;
    capture->instructions_per_s = run->gpu ? GPU_INSTRUCTIONS_PER_S : run->kernel->instructions_per_s;
    if (run->gpu)
        capture->method =
            "thread-block order, each thread a streaming multiprocessor, instructions are those of a warp";
    if (capture->turn_instructions == 0)
        capture->turn_instructions = run->gpu ? 128 : 16384;
    const char *problem = nsim_capture_start(capture);
    if (problem)
        die(problem);
    run_workers(run);
    NsimCaptureStats stats;
    problem = nsim_capture_stop(&stats);
    if (problem)
        die(problem);
    print_capture(&stats);
}

int
main(int argc, char **argv)
{
    static KernelRun run = {.seed = 1, .thread_count = 1, .resident_count = 8};
    NsimCaptureOptions capture = {.cache_bytes = UINT64_C(4) << 20, .cache_ways = 16, .cache_count = 1, .level = 19};
    bool time = false;
    if (argc < 2)
        usage();
    run.kernel = find_kernel(argv[1]);
    parse_options(&run, &capture, &time, argc - 1, argv + 1);
    run.capture_barrier = nsim_capture_add_barrier(run.thread_count);
    if (pthread_barrier_init(&run.barrier, NULL, run.thread_count) != 0)
        die("cannot make a barrier");
    const double start = seconds();
    run.kernel->prepare(&run);
    const double prepared = seconds();
    if (capture.path)
        run_captured(&run, &capture);
    else
        run_workers(&run);
    const double done = seconds();
    const bool ok = run.kernel->check(&run);
    if (time)
        fprintf(stderr, "prepare: %.3f s, run: %.6f s, check: %.3f s\n", prepared - start, done - prepared,
                seconds() - done);
    if (!ok)
        return 1;
    printf("check: passed\nchecksum: %016llx\n", (unsigned long long)run.checksum);
    return 0;
}
