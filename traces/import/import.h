/* SPDX-License-Identifier: MIT */
/*
 * From the traces that other tools make to the native format.
 *
 * A format is a reader that walks through its input and tells the import what it finds: threads, the passing of time,
 * accesses, marks, regions. The import cuts accesses into cache lines, sends them through a last-level cache when asked
 * to, joins them to runs and writes the trace. Readers neither allocate for each record nor know the native format.
 *
 * Left out: instruction fetches, and whatever a format has beyond addresses, order and time (values, registers).
 */
#pragma once

#include <traces/import/input.h>
#include <traces/trace.h>

/* Progress of a long import: bytes of input read and in all (0: not known), accesses so far. */
typedef void (*NsimImportProgress)(void *context, uint64_t done_bytes, uint64_t total_bytes, uint64_t access_count);

typedef struct {
    const char *from;          /* name of a format; NULL: find out */
    const char *const *inputs; /* paths, "-" for standard input; NULL-terminated, at least one */
    const char *output;
    const char *program;      /* what was captured, NULL: the first input's base name */
    uint64_t instructions_per_s; /* declared rate of formats that count instructions or cycles; 0: the format's default */
    uint64_t gap_ps;          /* time of one access in formats without a clock; UINT64_MAX: the format's default */
    const char *columns;      /* csv: which column is what; NULL: the header line tells */
    uint64_t cache_bytes;     /* a last-level cache in front, for all threads; 0: none */
    uint32_t cache_ways;
    const char *filtered;     /* the input is known to be misses of this cache; NULL: as the format says */
    int level;                /* of compression */
    uint64_t access_max;      /* give up after about so many accesses; 0: never */
    NsimImportProgress progress;
    void *progress_context;
} NsimImportOptions;

void
nsim_import_options_init(NsimImportOptions *options);

/* What an import found. */
typedef struct {
    const char *format;
    uint64_t record_count;  /* records of the input that were understood, of any sort */
    uint64_t skipped_count; /* those that say nothing about memory */
    uint64_t access_count, read_count, write_count;
    uint64_t line_count[3];         /* written to the trace, by NsimOp */
    uint64_t backward_count;        /* records whose time lies before their thread's previous one; taken as equal */
    bool filtered;                  /* the trace holds misses of a last-level cache */
    uint32_t thread_count;
    bool is_rate; /* a rate trace was written: none of the counts above */
} NsimImportResult;

/*
 * Import. An output that ends in .rate or .rate.zst becomes a rate trace. False with `error`: NSIM_TRACE_ERROR_IO (1), _FORMAT (not of this kind, or of an unknown one), _CORRUPT (3; with
 * the record's number and byte offset or line), _LIMIT; nothing is left behind.
 */
bool
nsim_import_trace(const NsimImportOptions *options, NsimImportResult *ret_result, GError **error);

/* The same from memory, for tests; `from` is needed, the first of `inputs` is a name for messages, the rest is ignored. */
bool
nsim_import_memory(const NsimImportOptions *options, const void *data, size_t bytes, NsimImportResult *ret_result,
                   GError **error);

/* ---- For readers ----------------------------------------------------------------------------------------------- */

typedef struct _NsimImport NsimImport;

/* How surely some first bytes are of a format. */
typedef enum { NSIM_MATCH_NO, NSIM_MATCH_POSSIBLE, NSIM_MATCH_SURE } NsimMatch;

/* Bytes of the beginning that a probe sees, if there are as many; decompressed. */
#define NSIM_IMPORT_HEAD_BYTES 65536u

typedef struct {
    const char *name;    /* as in --from */
    const char *summary; /* one line */
    /* Ends of file names (before .gz, .xz, .zst) that decide where the content cannot. NULL-terminated; NULL: none */
    const char *const *endings;
    /* NULL: the content never tells. Must be strict enough that at most one format is SURE of anything. */
    NsimMatch (*probe)(const uint8_t *head, size_t bytes);
    /*
     * Read all of one input; called once for each. `input` is NULL with `by_path`; `error` is not NULL. False with `error`,
     * from nsim_import_bad() or the input.
     */
    bool (*read)(NsimImport *import, NsimInput *input, GError **error);
    bool by_path; /* opens nsim_import_path() itself: a directory or a database */
    /* Make a rate trace (traces/rate.h) of one input, where the output's name asks for one. NULL: there is no such way. */
    bool (*convert)(const NsimImportOptions *options, const char *path, GError **error);
} NsimTraceFormat;

/* All formats, NULL-terminated, in the order of their names. */
extern const NsimTraceFormat *const nsim_trace_formats[];

const NsimImportOptions *
nsim_import_options(const NsimImport *import);
/* The present input, and its number from 0. */
const char *
nsim_import_path(const NsimImport *import);
uint32_t
nsim_import_input_number(const NsimImport *import);
/*
 * Of an input that is a directory: what is said from now on is about the file of this name in it, whose records are counted
 * from 1 again. NULL: about the input itself.
 */
void
nsim_import_set_file(NsimImport *import, const char *name);
/* The time, in a unit of the format's, from which the clocks of all inputs count: the first that is told. */
uint64_t
nsim_import_origin(NsimImport *import, uint64_t time);

/* What the clock counts, and how records came to be. Once, before the first thread; of several inputs the first decides. */
typedef struct {
    NsimGapUnit unit;
    uint64_t instructions_per_s; /* with INSTRUCTIONS, when the options do not say */
    const char *capture;         /* how such traces are made, for the trace's header */
    const char *filter;          /* the cache the records have been through; NULL: none */
} NsimImportHeader;

/* False with `error`: the output cannot be made, or a later input has another clock. */
bool
nsim_import_begin(NsimImport *import, const NsimImportHeader *header, GError **error);

/*
 * The thread `key` of the present input (a tid, a core number), made on first use with the name from `name` (NULL: "thread
 * KEY"). Fast when it is the same as before.
 */
uint32_t
nsim_import_thread(NsimImport *import, uint64_t key, const char *name);

/* The thread computes: so many 1/16 gap units pass. */
void
nsim_import_advance(NsimImport *import, uint32_t thread, uint64_t sixteenths);
/* The thread's clock is at `now`, in 1/16 gap units from the begin of the trace. Earlier than it was: stays. */
void
nsim_import_set_clock(NsimImport *import, uint32_t thread, uint64_t now_16ths);
/* One access of `bytes` (0 counts as 1) by the thread, now. Whatever lies beyond 2^64 is cut off. */
void
nsim_import_access(NsimImport *import, uint32_t thread, NsimOp op, uint64_t address, uint64_t bytes);
/* An access as above, `advance_16ths` after what the thread did before it. */
typedef struct {
    uint64_t advance_16ths;
    uint64_t address;
    uint32_t bytes;
    uint32_t op; /* NsimOp */
} NsimImportAccess;

/* So many are worth being gathered. */
#define NSIM_IMPORT_BATCH 256u

/* Several accesses of one thread: cheaper than one after the other. */
void
nsim_import_accesses(NsimImport *import, uint32_t thread, const NsimImportAccess *accesses, size_t count);
/* The thread passes a mark. */
void
nsim_import_mark(NsimImport *import, uint32_t thread, const char *name);
/* A named range; those that overlap an earlier one are cut. */
void
nsim_import_region(NsimImport *import, const char *name, uint64_t address, uint64_t bytes);
/* A record of the input is done (for counting and for messages), or says nothing about memory. */
void
nsim_import_record(NsimImport *import);
void
nsim_import_skip(NsimImport *import);
/* `count` records are done, of which `skipped_count` say nothing about memory. */
void
nsim_import_records(NsimImport *import, uint64_t count, uint64_t skipped_count);
/* Now and then: report progress, notice a full disk. False: give up, `error` is set. */
bool
nsim_import_go_on(NsimImport *import, const NsimInput *input, GError **error);

/*
 * Set `error`: "PATH: record N at byte B: MESSAGE", or "PATH:LINE: MESSAGE" for texts. Returns false. The message says what
 * was found and what is allowed.
 */
bool
nsim_import_bad(NsimImport *import, const NsimInput *input, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
bool
nsim_import_bad_line(NsimImport *import, const NsimInput *input, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
