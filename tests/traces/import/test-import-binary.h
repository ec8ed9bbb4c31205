/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the binary import formats share: suites, bytes put together by hand, scratch files, and a trace as
 * text, so that a test says all of what must come out.
 */
#pragma once

#include <stdbool.h>

#include <gio/gio.h>
#include <traces/import/formats.h>

bool test_champsim_register(void);
bool test_corpus_register(void);
bool test_damo_register(void);
bool test_drmemtrace_register(void);
bool test_json_stream_register(void);
bool test_nsys_register(void);
bool test_objects_register(void);
bool test_oracle_general_register(void);
bool test_packing_register(void);
bool test_damo_rates_register(void);

/* ---- Bytes ------------------------------------------------------------------------------------------------------- */

/* Append a little-endian number of 1 to 8 bytes. */
void put(GByteArray *bytes, unsigned width, uint64_t value);
void put_text(GByteArray *bytes, const char *text);
/* Compressed by GLib: gzip, or zlib, or deflate alone. (transfer full) */
GByteArray *deflated(const GByteArray *bytes, GZlibCompressorFormat format);
/* A zip archive of these two halves of the bytes; `stored` or deflated, with or without sizes in front. (transfer full)
 */
GByteArray *zipped(const GByteArray *bytes, bool stored, bool descriptor);

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* In the scratch directory, which is made on first use. (transfer full) */
char *scratch_path(const char *name);
/* (transfer full): the path. Folders in the name are made. */
char *save_scratch(const char *name, const void *data, size_t bytes);
void remove_scratch(void);
/* Number of files, folders not counted, in the scratch directory and its folders. */
unsigned scratch_file_count(void);

/* ---- Imports ----------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *from; /* NULL: found out */
    const char *columns;
    uint64_t gap_ps; /* 0: the format's */
    uint64_t instructions_per_s;
} ImportCase;

/*
 * Import files and give the trace as text (transfer full), the message after "error: " when it fails. One line a thread
 * ("thread NAME"), one a record: "r|w ADDRESS xLINES +GAP", "mark NAME +GAP", "pause N"; before them the unit and, when
 * it has any, regions ("region NAME ADDRESS BYTES"). Paths in messages have lost the scratch directory.
 */
char *import_text(const ImportCase *how, const char *const *paths, NsimImportResult *ret_result);
/* Of bytes, through a file of this name. */
char *import_bytes(const ImportCase *how, const char *name, const GByteArray *bytes);

/* Assert that both are equal, or show them. */
void expect_text(const char *got, const char *wanted);

/* ---- What the corpus is made of ---------------------------------------------------------------------------------- */

/* (transfer full) */
GByteArray *champsim_sample(void);
GByteArray *cloudsuite_sample(void);
GByteArray *oracle_general_sample(void);
/* Thread 100 for 0, thread 101 for 1. */
GByteArray *drmemtrace_sample(unsigned number);
/* The database is made at `path`. */
void nsys_sample(const char *path);
const char *damo_json_sample(void);
const char *damo_perf_sample(void);
const char *damo_trace_cmd_sample(void);
