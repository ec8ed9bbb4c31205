/* SPDX-License-Identifier: MIT */
/* Unit tests of experiment/: registers the suites and turns the number of failures into the exit status. */
#include "test-experiment.h"

#include <stdlib.h>

#include <CUnit/Basic.h>

int
main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    const bool registered = test_replay_register() && test_tasks_register() && test_threads_register() && test_pages_register() && test_migration_register() &&
                            test_fabric_register() && test_conservation_register() && test_policy_spec_register() &&
                            test_plan_register() && test_timeline_register() && test_samples_register() && test_damon_samples_register() &&
                            test_rivals_register() &&
                            test_damo_register();
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
