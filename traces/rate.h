/* SPDX-License-Identifier: MIT */
/*
 * Rate traces: how often threads touched ranges of memory, interval by interval. The coarse grain beside bursts: hours of
 * a large machine in a few megabytes, from `damo record`, DAMON's tracepoints, a burst trace summarised, or by hand.
 *
 * A rate trace is a text (docs/rate-format.md), read and written interval by interval in bounded memory; gz, xz and zst
 * files are read as they are, and a name that ends in .zst is written compressed.
 *
 * Left out: order within an interval, and which accesses depend on others.
 */
#pragma once

#include <traces/trace.h>

/* How accesses are spread over a range. */
typedef enum {
    NSIM_RATE_UNIFORM,    /* every touched page equally often, lines in no order */
    NSIM_RATE_SEQUENTIAL, /* from begin to end, again and again */
    NSIM_RATE_TEXTURES
} NsimRateTexture;

/* "uniform", "sequential", NULL. */
extern const char *const nsim_rate_texture_names[NSIM_RATE_TEXTURES + 1];

/* One thread's use of a range during an interval. */
typedef struct {
    uint64_t address, bytes;     /* bytes >= 1 */
    uint64_t reads_per_s;        /* lines */
    uint64_t writes_per_s;       /* lines, read for ownership or written */
    uint32_t touched_ppm;        /* share of its pages that are touched at all, up to 1000000 */
    uint32_t thread;
    uint32_t texture; /* NsimRateTexture */
} NsimRateRange;

typedef struct {
    NsimTime start_ps, end_ps; /* end > start, start not before the end of the interval before */
    uint32_t range_count;
    const NsimRateRange *ranges; /* in ascending order of (thread, address), not overlapping within a thread */
} NsimRateInterval;

#define NSIM_RATE_RANGES_MAX (1u << 20) /* of one interval */
#define NSIM_RATE_REGIONS_MAX 4096u
#define NSIM_RATE_PER_S_MAX UINT64_C(1000000000000)

/* ---- Reading ---------------------------------------------------------------------------------------------------- */

typedef struct _NsimRateReader NsimRateReader;

typedef struct {
    const char *program, *capture; /* "" when not given */
    uint32_t thread_count, region_count;
    const char *const *threads; /* names */
    const NsimTraceRegion *regions;
} NsimRateInfo;

/* Open and read the header. (transfer full); NULL with `error` (FORMAT: no rate trace). */
NsimRateReader *
nsim_rate_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same of bytes in memory, not copied. */
NsimRateReader *
nsim_rate_open_memory(const void *data, size_t bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
const NsimRateInfo *
nsim_rate_info(const NsimRateReader *reader);
/* The next interval, valid until the next call. False at the end, or with `error`. */
bool
nsim_rate_next(NsimRateReader *reader, NsimRateInterval *ret_interval, GError **error);
void
nsim_rate_close(NsimRateReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimRateReader, nsim_rate_close)

/* Is this the beginning of a rate trace? */
bool
nsim_rate_probe(const uint8_t *head, size_t bytes);
/* A description in words and figures: reads the whole trace. (transfer full) */
char *
nsim_rate_describe(const char *path, GError **error);

/* ---- Writing ---------------------------------------------------------------------------------------------------- */

typedef struct _NsimRateWriter NsimRateWriter;

/* `program` and `capture` may be NULL. (transfer full) */
NsimRateWriter *
nsim_rate_writer_new(const char *path, const char *program, const char *capture, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* Before the first interval. */
uint32_t
nsim_rate_writer_add_thread(NsimRateWriter *writer, const char *name);
void
nsim_rate_writer_add_region(NsimRateWriter *writer, const char *name, uint64_t address, uint64_t bytes);
/* Checks the order that NsimRateInterval states (asserts) and appends. Errors are kept for close(). */
void
nsim_rate_writer_interval(NsimRateWriter *writer, const NsimRateInterval *interval);
/* Flush and give the file its name. False with `error`: nothing is left behind. Frees either way. */
bool
nsim_rate_writer_close(NsimRateWriter *writer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void
nsim_rate_writer_abandon(NsimRateWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimRateWriter, nsim_rate_writer_abandon)
