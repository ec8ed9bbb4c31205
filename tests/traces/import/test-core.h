/* SPDX-License-Identifier: MIT */
/* What the tests of the import's core share: scratch files, and imports whose outcome is compared as text. */
#pragma once

#include <traces/import/import.h>

bool
test_input_register(void);
bool
test_core_import_register(void);
bool
test_lackey_register(void);
bool
test_rate_register(void);
bool
test_records16_register(void);

/* A path in the scratch directory, which is made on first use. (transfer full) */
char *
scratch_path(const char *name);
void
scratch_save(const char *name, const void *data, size_t bytes);
void
scratch_remove(void);
/* Number of files in the scratch directory. */
unsigned
scratch_count(void);

/*
 * Import these bytes (by way of a file called `name`) and print what the trace holds, a record a line: "THREAD GAP+STEP OP
 * ADDRESS xLINES FLAGS"; or "error: MESSAGE" with the scratch directory's name left out. (transfer full)
 */
char *
import_as_text(const char *name, const void *data, size_t bytes, const NsimImportOptions *changes);
