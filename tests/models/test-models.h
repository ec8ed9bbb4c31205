/* SPDX-License-Identifier: MIT */
/* The suites of this folder and what they share. Each register function returns false when CUnit refuses it. */
#pragma once

#include <glib.h>
#include <models/machine.h>

bool test_corpus_register(void);
bool test_curve_register(void);
bool test_document_register(void);
bool test_fabric_register(void);
bool test_import_register(void);
bool test_isolate_register(void);
bool test_machine_register(void);
bool test_machine_check_register(void);
bool test_machine_describe_register(void);
bool test_machine_engine_register(void);
bool test_machine_route_register(void);
bool test_machine_table_register(void);
bool test_quantity_register(void);

/* A file of the source tree. (transfer full) */
char *test_path(const char *below_srcdir);
/* The machine in `yaml` (the map under `machine:`); aborts the test program with the message when it does not load. */
NsimMachine *test_machine(const char *yaml);
/* The message `yaml` is refused with, as "LINE:COLUMN: ..."; "" when it loads. (transfer full) */
char *test_machine_error(const char *yaml);
