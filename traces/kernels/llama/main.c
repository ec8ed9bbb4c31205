/* SPDX-License-Identifier: MIT */
/*
 * The program: reads a random prompt as a batch, then decodes greedily, and prints the tokens and a checksum of the
 * logits. Built with capture it writes the trace of exactly that; making the weights is not part of it.
 */
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include <traces/capture/capture.h>

#include "cost.h"
#include "llama.h"

/* What one core retires on this kernel when its data is in cache (docs/capture.md). */
#define INSTRUCTIONS_PER_S UINT64_C(9000000000)

typedef struct {
    const LlamaShape *shape;
    uint32_t thread_count, prompt_count, token_count, batch_limit;
    uint64_t seed;
    bool self_check, show_time;
    NsimCaptureOptions capture;
} Options;

typedef struct {
    Llama llama;
    Options options;
    uint32_t *tokens;    /* the prompt, then what was decoded */
    uint64_t *checksums; /* of the logits behind each decoded token */
} Job;

typedef struct {
    Job *job;
    uint32_t index;
} Worker;

static const char usage_text[] = "usage: llama [options]\n"
                                 "  --shape tiny|small|1b|8b  model shape (tiny)\n"
                                 "  --threads N               worker threads, 1 to 64 (1)\n"
                                 "  --prompt N                tokens of the prompt (16)\n"
                                 "  --tokens N                decode steps after the prompt (16)\n"
                                 "  --batch N                 prompt tokens in one pass, 1 to 64 (64)\n"
                                 "  --seed N                  of weights and prompt (1)\n"
                                 "  --self-check              compare the logits with a plain floating-point network\n"
                                 "  --time                    print times to standard error\n"
                                 "with capture built in:\n"
                                 "  --capture FILE            write a trace\n"
                                 "  --cache KIB --ways N      last-level cache in front (32768, 16)\n"
                                 "  --caches N                number of such caches (1)\n"
                                 "  --turn N                  instructions before the next thread's turn (16384)\n"
                                 "  --level N                 zstd level (19)\n"
                                 "  --raw FILE                also write every access before the cache\n";

static uint64_t
parse_number(const char *name, const char *text, uint64_t least, uint64_t most)
{
    char *end;
    const uint64_t value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || value < least || value > most) {
        fprintf(stderr, "llama: --%s %s: want a number from %llu to %llu\n", name, text, (unsigned long long)least,
                (unsigned long long)most);
        exit(2);
    }
    return value;
}

enum { SHAPE, THREADS, PROMPT, TOKENS, BATCH, SEED, CHECK, TIME, CAPTURE, CACHE, WAYS, CACHES, TURN, LEVEL, RAW };

static const struct option long_options[] = {
    {"shape", required_argument, NULL, SHAPE},     {"threads", required_argument, NULL, THREADS},
    {"prompt", required_argument, NULL, PROMPT},   {"tokens", required_argument, NULL, TOKENS},
    {"batch", required_argument, NULL, BATCH},     {"seed", required_argument, NULL, SEED},
    {"self-check", no_argument, NULL, CHECK},      {"time", no_argument, NULL, TIME},
    {"capture", required_argument, NULL, CAPTURE}, {"cache", required_argument, NULL, CACHE},
    {"ways", required_argument, NULL, WAYS},       {"caches", required_argument, NULL, CACHES},
    {"turn", required_argument, NULL, TURN},       {"level", required_argument, NULL, LEVEL},
    {"raw", required_argument, NULL, RAW},         {NULL, 0, NULL, 0},
};

static void
apply_option(Options *options, int code)
{
    NsimCaptureOptions *capture = &options->capture;
    const char *name = long_options[code].name;
    switch (code) {
    case SHAPE:
        options->shape = llama_shape_find(optarg);
        if (!options->shape) {
            fprintf(stderr, "llama: no shape \"%s\": want tiny, small, 1b or 8b\n", optarg);
            exit(2);
        }
        break;
    case THREADS:
        options->thread_count = (uint32_t)parse_number(name, optarg, 1, LLAMA_THREADS_MAX);
        break;
    case PROMPT:
        options->prompt_count = (uint32_t)parse_number(name, optarg, 1, 1u << 20);
        break;
    case TOKENS:
        options->token_count = (uint32_t)parse_number(name, optarg, 0, 1u << 20);
        break;
    case BATCH:
        options->batch_limit = (uint32_t)parse_number(name, optarg, 1, LLAMA_BATCH_MAX);
        break;
    case SEED:
        options->seed = parse_number(name, optarg, 0, UINT64_MAX);
        break;
    case CHECK:
        options->self_check = true;
        break;
    case TIME:
        options->show_time = true;
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

static Options
parse_options(int argc, char **argv)
{
    Options options = {.shape = llama_shape_find("tiny"),
                       .thread_count = 1,
                       .prompt_count = 16,
                       .token_count = 16,
                       .batch_limit = LLAMA_BATCH_MAX,
                       .seed = 1,
                       .capture = {.cache_bytes = UINT64_C(32) << 20,
                                   .cache_ways = 16,
                                   .cache_count = 1,
                                   .turn_instructions = 16384,
                                   .instructions_per_s = INSTRUCTIONS_PER_S,
                                   .level = 19,
                                   .works = llama_works,
                                   .work_count = LLAMA_WORK_COUNT}};
    int code;
    while ((code = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (code == '?') {
            fputs(usage_text, stderr);
            exit(2);
        }
        apply_option(&options, code);
    }
    if (optind < argc || (uint64_t)options.prompt_count + options.token_count > options.shape->context_count) {
        fprintf(stderr, "llama: prompt and tokens must fit the context of %u\n%s", options.shape->context_count,
                usage_text);
        exit(2);
    }
    options.batch_limit = options.batch_limit < options.prompt_count ? options.batch_limit : options.prompt_count;
    options.capture.thread_count = options.thread_count;
    return options;
}

/* A step begins: the first worker says so for all, since barriers keep them together. */
static void
mark_step(const Worker *worker, const char *name)
{
    if (worker->index == 0)
        nsim_capture_mark(name);
}

/* One worker: the whole run, in step with the others. */
static void *
work(void *argument)
{
    const Worker *worker = argument;
    Job *job = worker->job;
    const uint32_t prompt_count = job->options.prompt_count, limit = job->options.batch_limit;
    uint64_t checksum;
    nsim_capture_join(worker->index);
    mark_step(worker, "prompt");
    uint32_t done = 0, next = 0;
    while (done < prompt_count) {
        const uint32_t count = prompt_count - done < limit ? prompt_count - done : limit;
        next = llama_forward(&job->llama, worker->index, job->tokens + done, count, done,
                             done + count == prompt_count ? &checksum : NULL);
        done += count;
    }
    for (uint32_t step = 0;; step++) {
        if (worker->index == 0) {
            job->tokens[prompt_count + step] = next;
            job->checksums[step] = checksum;
        }
        if (step == job->options.token_count)
            break;
        mark_step(worker, "token");
        next = llama_forward(&job->llama, worker->index, &next, 1, prompt_count + step, &checksum);
    }
    mark_step(worker, "end");
    nsim_capture_leave();
    return NULL;
}

static void
run_workers(Job *job)
{
    pthread_t threads[LLAMA_THREADS_MAX];
    Worker workers[LLAMA_THREADS_MAX];
    for (uint32_t i = 0; i < job->options.thread_count; i++) {
        workers[i] = (Worker){job, i};
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0) {
            fprintf(stderr, "llama: cannot start a thread\n");
            exit(1);
        }
    }
    for (uint32_t i = 0; i < job->options.thread_count; i++)
        pthread_join(threads[i], NULL);
}

/* The prompt is random, from the seed (a linear congruence; the weights' generator is not needed here). */
static void
make_prompt(Job *job)
{
    uint64_t state = job->options.seed * 2 + 1;
    for (uint32_t i = 0; i < job->options.prompt_count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        job->tokens[i] = (uint32_t)((state >> 32) % job->options.shape->vocab_count);
    }
}

/*
 * Compare the logits of the last decode step, still in place, with the reference's on the same tokens. Int8 inputs of
 * products are off by 1/254 of a block's largest value at most, about 0.4 % of the typical one; layers add theirs in
 * quadrature, so a few percent of the spread of the logits is the bound that right code keeps and wrong code misses.
 */
static bool
self_check(Job *job)
{
    const uint32_t vocab_count = job->options.shape->vocab_count;
    const uint32_t count = job->options.prompt_count + job->options.token_count;
    float *logits = calloc(vocab_count, sizeof *logits);
    if (!logits || !llama_reference(&job->llama, job->tokens, count, logits)) {
        free(logits);
        fprintf(stderr, "llama: out of memory\n");
        return false;
    }
    double difference = 0, spread = 0;
    for (uint32_t i = 0; i < vocab_count; i++) {
        const double delta = (double)logits[i] - (double)job->llama.act.logits[i];
        difference += delta * delta;
        spread += (double)logits[i] * (double)logits[i];
    }
    free(logits);
    const double error = sqrt(difference / spread);
    const bool ok = error < 0.03;
    printf("self-check: %s: logits differ from the reference by %.4f of their size (at most 0.03)\n",
           ok ? "passed" : "FAILED", error);
    return ok;
}

static double
seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void
print_result(const Job *job)
{
    uint64_t sum = 0;
    printf("tokens:");
    for (uint32_t i = 0; i <= job->options.token_count; i++) {
        printf(" %u", job->tokens[job->options.prompt_count + i]);
        sum = (sum ^ job->checksums[i]) * 0x94d049bb133111ebu;
    }
    printf("\nchecksum: %016llx\n", (unsigned long long)sum);
}

static void
print_capture(const NsimCaptureStats *stats)
{
    printf(
        "capture: %llu instructions, %llu accesses, %llu elsewhere; lines: %llu read, %llu rfo, %llu write; %llu runs,"
        " %llu turns\n",
        (unsigned long long)stats->instruction_count, (unsigned long long)stats->access_count,
        (unsigned long long)stats->elsewhere_count, (unsigned long long)stats->read_lines,
        (unsigned long long)stats->rfo_lines, (unsigned long long)stats->write_lines,
        (unsigned long long)stats->run_count, (unsigned long long)stats->turn_count);
    for (unsigned i = 0; i < LLAMA_WORK_COUNT; i++)
        printf("work: %s %llu accesses\n", llama_works[i].name, (unsigned long long)stats->work_access_count[i]);
}

/* The run itself, captured when asked for. False after a message. */
static bool
run(Job *job)
{
    const char *problem = job->options.capture.path ? nsim_capture_start(&job->options.capture) : NULL;
    if (problem) {
        fprintf(stderr, "llama: %s\n", problem);
        return false;
    }
    const double begin = seconds();
    run_workers(job);
    if (job->options.show_time)
        fprintf(stderr, "run: %.3f s\n", seconds() - begin);
    print_result(job);
    if (!job->options.capture.path)
        return true;
    NsimCaptureStats stats;
    problem = nsim_capture_stop(&stats);
    if (problem) {
        fprintf(stderr, "llama: %s\n", problem);
        return false;
    }
    print_capture(&stats);
    return true;
}

int
main(int argc, char **argv)
{
    static Job job;
    char program[256];
    job.options = parse_options(argc, argv);
    const Options *options = &job.options;
    const size_t room = (size_t)options->prompt_count + options->token_count + 1;
    job.tokens = calloc(room, sizeof *job.tokens);
    job.checksums = calloc(room, sizeof *job.checksums);
    const double begin = seconds();
    if (!job.tokens || !job.checksums ||
        !llama_init(&job.llama, options->shape, options->thread_count, options->batch_limit, options->seed)) {
        fprintf(stderr, "llama: out of memory\n");
        return 1;
    }
    if (options->show_time)
        fprintf(stderr, "weights: %.3f s\n", seconds() - begin);
    make_prompt(&job);
    snprintf(program, sizeof program,
             "llama %s: int8 decoder-only transformer, %u threads, prompt of %u tokens, %u decode steps, seed %llu",
             options->shape->name, options->thread_count, options->prompt_count, options->token_count,
             (unsigned long long)options->seed);
    job.options.capture.program = program;
    bool ok = run(&job);
    if (ok && options->self_check)
        ok = self_check(&job);
    llama_clear(&job.llama);
    free(job.tokens);
    free(job.checksums);
    return ok ? 0 : 1;
}
