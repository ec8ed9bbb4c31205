/* SPDX-License-Identifier: MIT */
/*
 * A trace in formats that other programs read. Accesses come in the order of the threads' clocks
 * (traces/tool-order.h), as the formats have one sequence. Marks and barriers are left out: no format has them.
 *
 * csv: a line "thread,clock_ps,op,address,bytes,flags", then one line for each run: thread number from 0, clock of the
 * first line, read, write or rfo, hexadecimal address with 0x, bytes, and "d" for dependent and "p" for prefetchable.
 * lackey: what valgrind's lackey prints with --trace-mem=yes: " L address,64" or " S address,64" for each cache line,
 * writes and reads for ownership being stores; no instructions, no threads, no time.
 * oracleGeneral: libCacheSim's binary format: packed records of 24 bytes, u32 seconds, u64 object, u32 bytes of the
 * object, i64 number of the next request for the same object, counted from 1, or -1 (libCacheSim,
 * traceConvOracleGeneral.cpp). A run is one request for each object that it touches; an object is known by its first
 * address.
 */
#pragma once

#include <traces/tool-order.h>

typedef enum { NSIM_EXPORT_CSV, NSIM_EXPORT_LACKEY, NSIM_EXPORT_ORACLE_GENERAL, NSIM_EXPORT_FORMATS } NsimExportFormat;

/* "csv", "lackey", "oracleGeneral", NULL. */
extern const char *const nsim_export_format_names[NSIM_EXPORT_FORMATS + 1];

typedef struct {
    NsimExportFormat format;
    uint32_t object_bytes; /* oracleGeneral: a power of two, 64 to 2 MiB */
    const char *directory; /* oracleGeneral: where a temporary file of the size of the output may be */
} NsimExportOptions;

/* Where the text or the records go. False with `error` ends the export. */
typedef bool (*NsimExportFunc)(const void *data, size_t bytes, void *user_data, GError **error);

/*
 * Hand everything to `sink`. NSIM_TRACE_ERROR_LIMIT for an option out of range. oracleGeneral needs the whole future of
 * each object: requests go to a temporary file without a name, which is then read backward, in parts if a table of
 * all objects would pass 256 MiB. `tick` may be NULL.
 */
bool nsim_trace_export(NsimTrace *trace, const NsimExportOptions *options, NsimExportFunc sink, void *user_data,
                       const NsimTraceTick *tick, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* To a file that appears whole or not at all. */
bool nsim_trace_export_file(NsimTrace *trace, const NsimExportOptions *options, const char *path,
                            const NsimTraceTick *tick, GError **error) G_GNUC_WARN_UNUSED_RESULT;
