/* SPDX-License-Identifier: MIT */
/* Unit tests of schemes and kdamonds: registers the suites and turns the number of failures into the exit status. */
#include "test-damos.h"

#include <stdlib.h>

#include <CUnit/Basic.h>

int
main(void)
{
    bool passed = false;
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    if (test_quota_register() && test_filter_register() && test_walk_register() && test_kdamond_register() &&
        test_report_register() && test_recorded_register() && test_feed_register() && test_ops_plugin_register()) {
        CU_basic_set_mode(CU_BRM_VERBOSE);
        /* The runner's own result says only that it could run: count what failed. */
        passed =
            CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_failures() == 0 && CU_get_number_of_tests_run() > 0;
    }
    CU_cleanup_registry();
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
