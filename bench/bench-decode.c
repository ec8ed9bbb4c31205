/* SPDX-License-Identifier: MIT */
/*
 * Cost of decoding: generates traces and reads them with one cursor at 4 KiB pages. Prints bytes a record, the time to
 * write and the time to decode a record; best of three, the file in the page cache.
 *
 * Usage: bench-decode [RECORDS [DIRECTORY]]
 */

#include <traces/generate.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { REPEATS = 3, PAGE_SHIFT = 12 };

static double
seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void
stop(const GError *error)
{
    fprintf(stderr, "bench-decode: %s\n", error->message);
    exit(1);
}

/* Read all of thread 0; the sum keeps the compiler from leaving anything out. */
static uint64_t
decode(NsimTrace *trace, uint64_t *ret_sum)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, 0, PAGE_SHIFT, &error);
    uint64_t bursts = 0, sum = 0;
    if (cursor == NULL)
        stop(error);
    for (;;) {
        if (!nsim_trace_cursor_fill(cursor, &error))
            stop(error);
        if (cursor->filled == 0)
            break;
        bursts += cursor->filled;
        sum += cursor->bursts[cursor->filled - 1].page;
    }
    *ret_sum += sum;
    return bursts;
}

static void
measure(const char *label, const char *path, const NsimGenerateOptions *options)
{
    g_autoptr(GError) error = NULL;
    const double started = seconds_now();
    if (!nsim_trace_generate(path, options, &error))
        stop(error);
    const double written = seconds_now();
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    if (trace == NULL)
        stop(error);
    const NsimTraceInfo *info = nsim_trace_info(trace);
    double best_ns = 1e18;
    uint64_t bursts = 0, sum = 0;
    for (int i = 0; i < REPEATS; i++) {
        const double begin = seconds_now();
        bursts = decode(trace, &sum);
        const double ns = (seconds_now() - begin) * 1e9;
        best_ns = ns < best_ns ? ns : best_ns;
    }
    printf("%-34s %8.3f B/record %8.2f ns/record written %8.3f ns/burst decoded  (%" PRIu64 " bursts)\n", label,
           (double)info->file_bytes / (double)info->burst_count, (written - started) * 1e9 / (double)info->burst_count,
           best_ns / (double)bursts, bursts);
    fflush(stdout);
    unlink(path);
}

int
main(int argc, char **argv)
{
    const uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    const char *directory = argc > 2 ? argv[2] : g_get_tmp_dir();
    g_autofree char *path = g_strdup_printf("%s/bench-decode-%ld.nst", directory, (long)getpid());
    NsimGenerateOptions options;
    nsim_generate_options_init(&options);
    options.records = records;

    options.pages = 1 << 20;
    options.level = 0;
    measure("zipf 0.99, 1 M pages, stored", path, &options);
    options.level = 3;
    measure("zipf 0.99, 1 M pages, zstd 3", path, &options);
    options.write_ppm = 300000;
    options.level = 0;
    measure("the same, 30 % writes, stored", path, &options);
    options.pages = 1 << 28;
    options.write_ppm = 0;
    measure("zipf 0.99, 256 M pages, stored", path, &options);
    options.pages = 1 << 20;
    options.pattern = NSIM_GENERATE_SEQUENTIAL;
    options.burst_lines = 64;
    measure("sequential 64 lines, stored", path, &options);
    options.level = 3;
    measure("sequential 64 lines, zstd 3", path, &options);
    options.burst_lines = 1 << 14;
    options.records = records / 256 + 1;
    measure("sequential 1 MiB runs cut at 4 KiB", path, &options);
    return 0;
}
