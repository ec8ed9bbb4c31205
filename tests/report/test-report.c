/* SPDX-License-Identifier: MIT */
/* Unit tests of report/: registers the suites and turns the number of failures into the exit status. */
#include "test-report.h"

#include <stdlib.h>

#include <CUnit/Basic.h>

int
main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    const bool registered = test_format_register() && test_json_register() && test_migration_register() &&
                            test_csv_register() && test_table_register() && test_result_register() &&
                            test_summary_register() && test_render_register() && test_render_text_register() &&
                            test_schema_register();
    bool passed = false;
    if (registered) {
        CU_basic_set_mode(CU_BRM_VERBOSE);
        /* The runner's own result says only that it could run: count what failed. */
        passed =
            CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_failures() == 0 && CU_get_number_of_tests_run() > 0;
    }
    CU_cleanup_registry();
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
