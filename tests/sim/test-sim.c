/* SPDX-License-Identifier: MIT */
/* Unit tests of sim/: registers the suites and turns the number of failures into the exit status. */
#include "test-sim.h"

#include <stdlib.h>

#include <CUnit/Basic.h>

int
main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    const bool registered = test_time_register() && test_histogram_register() && test_integer_register() && test_random_register() &&
                            test_event_queue_register();
    bool passed = false;
    if (registered) {
        CU_basic_set_mode(CU_BRM_VERBOSE);
        /* The runner's own result says only that it could run: count what failed. */
        passed = CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_failures() == 0 &&
                 CU_get_number_of_tests_run() > 0;
    }
    CU_cleanup_registry();
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
