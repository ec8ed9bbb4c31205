/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing traces in the native format (docs/trace-format.md).
 *
 * A trace is a set of threads, each a sequence of bursts and control records, over one address space of named regions.
 * Threads are stored apart from each other, in blocks, so that any number of them is read in bounded memory whatever
 * the length; time order between threads comes from replay, and barriers keep them together as in the real program.
 */
#pragma once

#include <glib.h>
#include <traces/burst.h>

#define NSIM_TRACE_ERROR (nsim_trace_error_quark())
GQuark nsim_trace_error_quark(void);

typedef enum {
    NSIM_TRACE_ERROR_IO,      /* the environment: open, read, write, disk full (exit status 1) */
    NSIM_TRACE_ERROR_FORMAT,  /* not a numasim trace, or a version this reader does not know (3) */
    NSIM_TRACE_ERROR_CORRUPT, /* truncated, bit-flipped or inconsistent (3) */
    NSIM_TRACE_ERROR_LIMIT    /* larger than this program's documented limits (3) */
} NsimTraceError;

/* What gaps count. */
typedef enum { NSIM_GAP_INSTRUCTIONS, NSIM_GAP_PS } NsimGapUnit;

/* Documented limits; exceeding one is an error that names it. */
#define NSIM_TRACE_THREADS_MAX 4096u
#define NSIM_TRACE_REGIONS_MAX 65536u
#define NSIM_TRACE_MARKS_MAX 65536u
#define NSIM_TRACE_BARRIERS_MAX 1024u
#define NSIM_TRACE_FRAMES_MAX (1u << 23) /* of 2 MiB: 16 TiB touched */
#define NSIM_TRACE_TEXT_MAX 4096u        /* bytes of any one name or description */
/* A run on disk: at most this many lines. */
#define NSIM_TRACE_RUN_LINES_MAX (1u << 20)

/* The address space is cut into 2 MiB frames; only touched frames get an index. */
#define NSIM_FRAME_SHIFT 21
#define NSIM_FRAME_LINES (1u << (NSIM_FRAME_SHIFT - NSIM_LINE_SHIFT))

typedef struct {
    char *name;
    uint64_t address; /* virtual, first byte */
    uint64_t bytes;
} NsimTraceRegion;

typedef struct {
    char *name;
    uint64_t burst_count; /* runs as stored, control records included */
    uint64_t read_lines, write_lines, rfo_lines;
    uint64_t gap_total; /* compute of this thread, in gap units, steps included, rounded down */
} NsimTraceThread;

/* What the header and trailer of a trace say. Owned by the trace. */
typedef struct {
    uint32_t version;
    NsimGapUnit gap_unit;
    uint64_t gap_per_s; /* INSTRUCTIONS: the declared rate used when no accessor says otherwise, > 0; PS: 0 */
    char *program;      /* what was captured */
    char *capture;      /* how */
    char *filter;       /* "none", or the cache in front: "llc 1MiB 16-way lru" */
    bool filtered;      /* true: the records are misses of a last-level cache */
    uint32_t thread_count, region_count, mark_count, barrier_count, frame_count;
    const NsimTraceThread *threads;
    const NsimTraceRegion *regions; /* sorted by address, not overlapping */
    char *const *marks;             /* names, e.g. "token" */
    const uint32_t *barriers;       /* number of member threads of each barrier group */
    const uint64_t *frames;         /* virtual address >> 21 of each dense frame, ascending */
    uint64_t file_bytes;
    uint64_t burst_count, read_lines, write_lines, rfo_lines;
} NsimTraceInfo;

/* ---- Reading ------------------------------------------------------------------------------------------------- */

typedef struct _NsimTrace NsimTrace;
typedef struct _NsimTraceCursor NsimTraceCursor;

/* Open and check header, trailer and index (not the blocks). (transfer full); NULL with `error` set. */
NsimTrace *nsim_trace_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
NsimTrace *nsim_trace_ref(NsimTrace *trace);
void nsim_trace_unref(NsimTrace *trace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimTrace, nsim_trace_unref)

/*
 * Does this name, `block:N`, say which thread block of a GPU what follows is of? Such a mark begins no operation; neither
 * does it end one. A label may stand before it: `bfs:block:7`.
 */
bool nsim_trace_mark_is_block(const char *name);

/* (transfer none) */
const NsimTraceInfo *nsim_trace_info(const NsimTrace *trace);
const char *nsim_trace_path(const NsimTrace *trace);

/* SHA-256 of the file, 64 hex digits, computed on the first call (reads the whole file). (transfer full) */
char *nsim_trace_sha256(NsimTrace *trace, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * A position in one thread. The fields are for the replay loop: bursts[next .. filled) are ready; when next == filled
 * call nsim_trace_cursor_fill(). Several cursors of one trace may be used from several host threads.
 */
struct _NsimTraceCursor {
    const NsimBurst *bursts;
    uint32_t next, filled;
    /* private fields follow in the implementation */
};

/* A cursor at the beginning of `thread`, cutting runs at pages of 2^page_shift bytes (12..21). (transfer full) */
NsimTraceCursor *nsim_trace_cursor_new(NsimTrace *trace, uint32_t thread, unsigned page_shift, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void nsim_trace_cursor_free(NsimTraceCursor *cursor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimTraceCursor, nsim_trace_cursor_free)

/*
 * Decode the next bursts, at most 256; those before are gone. True with filled > next; true with filled == next at the end
 * of the thread; false with `error` (record number and byte offset) when a block is damaged, after which only rewind and
 * free are useful. Control records have count 0. The first piece of a run that is cut has the run's gap and flags; later
 * pieces lack DEPENDENT and have gaps of one step, rounded so that a run's total is kept to within one gap unit. At
 * page_shift 21 no run is cut: the bursts are the records as stored.
 */
bool nsim_trace_cursor_fill(NsimTraceCursor *cursor, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Back to the beginning. */
void nsim_trace_cursor_rewind(NsimTraceCursor *cursor);

/* Verify every block's checksum and every record's invariants. */
bool nsim_trace_check(NsimTrace *trace, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- Writing ------------------------------------------------------------------------------------------------- */

typedef struct _NsimTraceWriter NsimTraceWriter;

/*
 * Texts, here and in names, are made valid UTF-8 without control characters and cut at NSIM_TRACE_TEXT_MAX bytes.
 * `filter` NULL stands for "none".
 */
typedef struct {
    NsimGapUnit gap_unit;
    uint64_t gap_per_s; /* with INSTRUCTIONS above 0; with PS ignored */
    const char *program, *capture, *filter;
    bool filtered;
    int level; /* zstd level; 0 stores blocks uncompressed */
} NsimTraceWriterOptions;

/*
 * One run of consecutive lines as a capture or generator sees it: absolute virtual line address (byte address >> 6), any
 * number of lines up to NSIM_TRACE_RUN_LINES_MAX, may span pages.
 */
typedef struct {
    uint64_t line;  /* virtual byte address >> 6, below 2^58 */
    uint32_t count; /* lines, >= 1 */
    uint64_t gap;   /* compute before the first line, in gap units */
    uint32_t step;  /* compute between lines, 1/16 gap unit, at most 65535; not kept for runs of one line */
    uint8_t op;     /* READ, WRITE or RFO */
    uint8_t flags;
} NsimRun;

/*
 * Write to `path` under a temporary name that close() renames; a pipe or a device is written to directly. (transfer
 * full)
 */
NsimTraceWriter *nsim_trace_writer_new(const char *path, const NsimTraceWriterOptions *options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* The number of the new thread, from 0. */
uint32_t nsim_trace_writer_add_thread(NsimTraceWriter *writer, const char *name);
/* A better name for a thread, and a better text on how it was captured, once these are known; before close. */
void nsim_trace_writer_rename_thread(NsimTraceWriter *writer, uint32_t thread, const char *name);
void nsim_trace_writer_set_capture(NsimTraceWriter *writer, const char *capture);
/* Name an address range (empty ones are ignored); at any time before close. Overlaps are refused by close. */
void nsim_trace_writer_add_region(NsimTraceWriter *writer, const char *name, uint64_t address, uint64_t bytes);
/* The number of the mark with this name, added on first use. */
uint32_t nsim_trace_writer_add_mark(NsimTraceWriter *writer, const char *name);
/* A barrier group of `members` threads. */
uint32_t nsim_trace_writer_add_barrier(NsimTraceWriter *writer, uint32_t members);

/* Append to a thread. Errors are kept and reported by close(), so the hot path needs no checks. */
void nsim_trace_writer_run(NsimTraceWriter *writer, uint32_t thread, const NsimRun *run);
void nsim_trace_writer_runs(NsimTraceWriter *writer, uint32_t thread, const NsimRun *runs, size_t count);
void nsim_trace_writer_mark(NsimTraceWriter *writer, uint32_t thread, uint32_t mark, uint64_t gap);
void nsim_trace_writer_barrier(NsimTraceWriter *writer, uint32_t thread, uint32_t barrier, uint64_t gap);

/* Lines of all threads' runs with this operation, which is READ, WRITE or RFO. */
uint64_t nsim_trace_writer_line_count(const NsimTraceWriter *writer, NsimOp op);
/* Whether close() is going to fail, so that a long run can stop early. Cheap. */
bool nsim_trace_writer_failed(const NsimTraceWriter *writer);

/* Flush, write index and trailer, rename. False with `error`: nothing is left behind. The writer is freed either way. */
bool nsim_trace_writer_close(NsimTraceWriter *writer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Give up: remove the temporary file and free. NULL is allowed. */
void nsim_trace_writer_abandon(NsimTraceWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimTraceWriter, nsim_trace_writer_abandon)
