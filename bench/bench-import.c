/* SPDX-License-Identifier: MIT */
/*
 * Cost of importing binary traces: writes inputs and imports them, by one thread of the host. Prints millions of
 * records a second of processor time, best of three, the file in the page cache. The inputs are the extremes: streams,
 * which become few records, and random lines, which stay one record each.
 *
 * Usage: bench-import [RECORDS [DIRECTORY]]
 */

#include <sim/random.h>
#include <traces/import/import.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { REPEATS = 3, FOOTPRINT_LINES = 1 << 24 };

/* One access of an input. */
typedef struct {
    uint64_t address;
    uint32_t instructions;
    bool is_store;
} Access;

typedef Access (*Pattern)(NsimRandom *random, uint64_t number);

static Access
stream(NsimRandom *random, uint64_t number)
{
    (void)random;
    return (Access){.address = UINT64_C(1) << 32 | number * 64, .instructions = 4};
}

/* Lines of 1 GiB, nothing else. */
static Access
random_lines(NsimRandom *random, uint64_t number)
{
    (void)number;
    return (Access){.address = UINT64_C(1) << 32 | nsim_random_below(random, FOOTPRINT_LINES) * 64, .instructions = 4};
}

/* The same with compute and stores that nothing foretells. */
static Access
random_mix(NsimRandom *random, uint64_t number)
{
    Access access = random_lines(random, number);
    access.instructions = (uint32_t)nsim_random_below(random, 16);
    access.is_store = nsim_random_below(random, 4) == 0;
    return access;
}

static void
put_16(FILE *file, uint16_t value)
{
    const uint16_t stored = GUINT16_TO_LE(value);
    fwrite(&stored, sizeof stored, 1, file);
}

static void
put_32(FILE *file, uint32_t value)
{
    const uint32_t stored = GUINT32_TO_LE(value);
    fwrite(&stored, sizeof stored, 1, file);
}

static void
put_64(FILE *file, uint64_t value)
{
    const uint64_t stored = GUINT64_TO_LE(value);
    fwrite(&stored, sizeof stored, 1, file);
}

/* As capture plug-ins write them (traces/import/records16.c). */
static void
put_records16(FILE *file, const Access *access)
{
    put_64(file, access->address);
    put_32(file, access->instructions);
    put_16(file, (uint16_t)(access->is_store | 3u << 8)); /* 8 bytes */
    put_16(file, 0);
}

/* A record of drmemtrace (traces/import/drmemtrace.c). */
static void
put_drmemtrace(FILE *file, uint16_t type, uint16_t size, uint64_t value)
{
    put_16(file, type);
    put_16(file, size);
    put_64(file, value);
}

enum { TYPE_READ = 0, TYPE_WRITE = 1, TYPE_INSTR = 10, TYPE_THREAD = 22, TYPE_HEADER = 25, TYPE_FOOTER = 26 };

/* An access of drmemtrace with its instruction: two records. */
static void
put_instruction(FILE *file, const Access *access)
{
    put_drmemtrace(file, TYPE_INSTR, 4, 0x400000);
    put_drmemtrace(file, access->is_store ? TYPE_WRITE : TYPE_READ, 8, access->address);
}

static void
stop(const char *message)
{
    fprintf(stderr, "bench-import: %s\n", message);
    exit(1);
}

static void
write_input(const char *path, const char *format, Pattern pattern, uint64_t records)
{
    FILE *file = fopen(path, "wb");
    NsimRandom random;
    const bool drmemtrace = strcmp(format, "drmemtrace") == 0;
    if (file == NULL)
        stop("cannot create the input");
    nsim_random_init(&random, 1, "bench-import");
    if (drmemtrace) {
        put_drmemtrace(file, TYPE_HEADER, 0, 3);
        put_drmemtrace(file, TYPE_THREAD, 4, 1);
        records /= 2;
    }
    for (uint64_t i = 0; i < records; i++) {
        const Access access = pattern(&random, i);
        (drmemtrace ? put_instruction : put_records16)(file, &access);
    }
    if (drmemtrace)
        put_drmemtrace(file, TYPE_FOOTER, 0, 0);
    if (fclose(file) != 0)
        stop("cannot write the input");
}

static double
cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void
measure(const char *label, const char *directory, const char *format, Pattern pattern, uint64_t records, int level)
{
    g_autofree char *input = g_strdup_printf("%s/bench-import-%ld.in", directory, (long)getpid());
    g_autofree char *output = g_strdup_printf("%s/bench-import-%ld.trace", directory, (long)getpid());
    const char *const inputs[] = {input, NULL};
    NsimImportOptions options;
    NsimImportResult result = {0};
    double best_s = 1e18;
    nsim_import_options_init(&options);
    options.from = format;
    options.inputs = inputs;
    options.output = output;
    options.level = level;
    write_input(input, format, pattern, records);
    for (int i = 0; i < REPEATS; i++) {
        g_autoptr(GError) error = NULL;
        const double begin_s = cpu_seconds();
        if (!nsim_import_trace(&options, &result, &error))
            stop(error->message);
        best_s = MIN(best_s, cpu_seconds() - begin_s);
    }
    printf("%-10s %-34s %7.1f M records/s\n", format, label, (double)result.record_count / best_s / 1e6);
    fflush(stdout);
    unlink(input);
    unlink(output);
}

int
main(int argc, char **argv)
{
    const uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000000;
    const char *directory = argc > 2 ? argv[2] : g_get_tmp_dir();
    measure("stream", directory, "records16", stream, records, 3);
    measure("random lines", directory, "records16", random_lines, records, 3);
    measure("random lines, gaps and stores", directory, "records16", random_mix, records, 3);
    measure("random lines, gaps and stores, stored", directory, "records16", random_mix, records, 0);
    measure("stream", directory, "drmemtrace", stream, records, 3);
    measure("random lines", directory, "drmemtrace", random_lines, records, 3);
    measure("random lines and stores", directory, "drmemtrace", random_mix, records, 3);
    return 0;
}
