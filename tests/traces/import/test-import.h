/* SPDX-License-Identifier: MIT */
/* What the tests of the text formats share: imports whose outcome is compared as text. */
#pragma once

#include <CUnit/CUnit.h>
#include <traces/import/formats.h>

bool
test_csv_register(void);
bool
test_dramsim3_register(void);
bool
test_drmemtrace_text_register(void);
bool
test_libcachesim_csv_register(void);
bool
test_lines_register(void);
bool
test_nvbit_register(void);
bool
test_perf_script_register(void);
bool
test_probe_register(void);
bool
test_prospero_register(void);
bool
test_ramulator_register(void);
bool
test_uvm_log_register(void);

/* Options with this format and these columns (either may be NULL). */
NsimImportOptions
options_of(const char *from, const char *columns);

/* A file of tests/traces/import/corpus/text. (transfer full) */
char *
corpus_path(const char *name);

/*
 * Import these bytes, called "in" in messages, and print what the trace holds: "clock ps" or "clock instructions RATE",
 * "filter TEXT" if it has one, and for each thread "thread NAME" and a line for each record, "GAP[+STEP] OP ADDRESS
 * [xLINES]" or "GAP mark NAME"; then "region ADDRESS+BYTES NAME". Or "error: MESSAGE". (transfer full)
 */
char *
import_bytes(const NsimImportOptions *options, const void *data, size_t bytes);

/* Is this the outcome of importing the text? */
void
expect_text(const NsimImportOptions *options, const char *text, const char *expected);
/* Is this the outcome of importing the file of the corpus, whose format must be found out (`from` NULL) or be given? */
void
expect_file(const NsimImportOptions *options, const char *name, const char *expected);
/* Is this the text of the header on how the trace was made? */
void
expect_capture(const NsimImportOptions *options, const char *text, const char *expected);
