/* SPDX-License-Identifier: MIT */
/* What the tests of traces/ share: suites, scratch files, and scripts of what to write with what must be read back. */
#pragma once

#include <stdbool.h>

#include <glib.h>
#include <sim/random.h>
#include <traces/trace.h>

#include "reference-reader.h"

bool
test_check_register(void);
bool
test_cursor_register(void);
bool
test_decode_register(void);
bool
test_encode_register(void);
bool
test_generate_register(void);
bool
test_generate_spec_register(void);
bool
test_generate_transformer_register(void);
bool
test_generate_zipf_register(void);
bool
test_info_register(void);
bool
test_output_register(void);
bool
test_parse_register(void);
bool
test_writer_register(void);
bool
test_xxh64_register(void);

/* ---- Scratch files ------------------------------------------------------------------------------------------- */

/* The scratch directory, made on first use, and a path in it. (transfer none), (transfer full). */
const char *
test_directory(void);
char *
test_path(const char *name);
/* Number of files in the scratch directory. */
unsigned
test_file_count(void);
/* Remove the scratch directory and what tests left in it. */
void
test_remove_directory(void);

GByteArray *
test_load(const char *path);
void
test_save(const char *path, const void *data, size_t bytes);

/* Make all checksums right again after bytes were changed on purpose; block offsets come from the index. */
void
test_reseal(GByteArray *file);

/* ---- Scripts ------------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t thread;
    NsimOp op; /* READ, WRITE, RFO: `run`; BARRIER, MARK: `number` and `gap` */
    NsimRun run;
    uint32_t number;
    uint64_t gap;
} TestStep;

typedef struct {
    uint32_t threads, marks, barriers;
    uint64_t gap_bits;    /* gaps have up to this many bits */
    uint32_t count_max;   /* lines of a run */
    uint64_t frames;      /* places are spread over so many frames */
    uint32_t stream_ppm;  /* share of runs that go on where one of the last runs ended */
    uint32_t control_ppm; /* share of control records */
    uint32_t steps;
} TestScriptShape;

/* Random steps of that shape. Free with g_array_unref(). */
GArray *
test_script(NsimRandom *random, const TestScriptShape *shape);
/* Write a script, with names and regions. False with a failed assertion. */
bool
test_write_script(const char *path, GArray *script, const TestScriptShape *shape, int level);

/* What the file must hold for a thread: GArray of ReferenceRecord. */
GArray *
test_expected_records(GArray *script, uint32_t thread);
/* And what a cursor must make of it: runs cut at pages. */
GArray *
test_expected_bursts(GArray *records, unsigned page_shift);

/* Whether reading the thread gives exactly `expected` (virtual places are translated by the trace's frame table). */
bool
test_reads_as(NsimTrace *trace, uint32_t thread, unsigned page_shift, GArray *expected);
/* Whether the second reader's records are exactly these. */
bool
test_reference_reads_as(const ReferenceTrace *trace, uint32_t thread, GArray *expected);

/* A small trace with everything in it: two threads, both place codings, marks, barriers, regions, a pause. */
void
test_write_small(const char *path, int level);
