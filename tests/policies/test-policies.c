/* SPDX-License-Identifier: MIT */
/* Unit tests of policies/ and their loading: registers the suites, counts the failures. */
#include "test-policies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>

void
stage_open(Stage *stage, const char *yaml)
{
    *stage = (Stage){ 0 };
    box_open(&stage->box, yaml);
    stage->plugins = nsim_plugins_new(NULL, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stage->plugins);
}

char *
stage_attach(Stage *stage, const char *text)
{
    g_autoptr(GError) error = NULL;
    stage->spec = nsim_policy_spec_parse(stage->plugins, text, &error);
    if (stage->spec != NULL && box_attach(&stage->box, stage->spec->class, stage->spec->config, &error))
        return g_strdup("");
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    return g_strdup(error->message);
}

void
stage_close(Stage *stage)
{
    box_close(&stage->box);
    nsim_policy_spec_free(stage->spec);
    nsim_plugins_free(stage->plugins);
}

void
stage_open_simple(Stage *stage, unsigned near_mib, unsigned far_mib, uint64_t frame_count, const char *text)
{
    g_autofree char *yaml = box_yaml(near_mib, far_mib);
    stage_open(stage, yaml);
    (void)box_add(&stage->box, "w", frame_count, 1);
    g_autofree char *problem = stage_attach(stage, text);
    CU_ASSERT_STRING_EQUAL_FATAL(problem, "");
}

void
stage_expect(const Stage *stage, NsimPage page, const char *picture)
{
    g_autofree char *found = box_picture(&stage->box, 0, page, (uint32_t)strlen(picture));
    CU_ASSERT_STRING_EQUAL(found, picture);
    if (strcmp(found, picture) != 0)
        fprintf(stderr, "expected %s\nfound    %s\n", picture, found);
}

int
main(void)
{
    bool passed = false;
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    const bool registered = test_node_list_register() && test_first_touch_register() && test_bind_register() &&
                            test_preferred_register() && test_interleave_register() &&
                            test_weighted_interleave_register() && test_oracle_register() &&
                            test_oracle_random_register() && test_scripted_register() && test_fail_register() &&
                            test_plugins_register() && test_abi_register() && test_hot_threshold_register() &&
                            test_holistic_place_register();
    if (registered) {
        CU_basic_set_mode(CU_BRM_VERBOSE);
        /* The runner's own result says only that it could run: count what failed. */
        passed = CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_failures() == 0 &&
                 CU_get_number_of_tests_run() > 0;
    }
    CU_cleanup_registry();
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
