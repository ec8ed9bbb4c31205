/* SPDX-License-Identifier: MIT */
/* The suites of this folder, one for each source file of report/ and one for the schemas. */
#pragma once

#include <stdbool.h>

bool
test_csv_register(void);
bool
test_format_register(void);
bool
test_json_register(void);
bool
test_migration_register(void);
bool
test_render_register(void);
bool
test_render_text_register(void);
bool
test_result_register(void);
bool
test_schema_register(void);
bool
test_summary_register(void);
bool
test_table_register(void);
