/* SPDX-License-Identifier: MIT */
/* Unit tests of models/: registers the suites and turns the number of failures into the exit status. */
#include "test-models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>

static const char document_name[] = "test";

char *
test_path(const char *below_srcdir)
{
    const char *srcdir = g_getenv("srcdir");
    return g_build_filename(srcdir ? srcdir : ".", below_srcdir, NULL);
}

static NsimMachine *
parse(const char *yaml, GError **error)
{
    g_autoptr(NsimDocument) document = nsim_document_parse(yaml, strlen(yaml), document_name, error);
    return document ? nsim_machine_from_value(nsim_document_root(document), ".", error) : NULL;
}

NsimMachine *
test_machine(const char *yaml)
{
    g_autoptr(GError) error = NULL;
    NsimMachine *machine = parse(yaml, &error);
    if (!machine) {
        fprintf(stderr, "a machine of the tests is refused: %s\n%s\n", error->message, yaml);
        abort();
    }
    return machine;
}

char *
test_machine_error(const char *yaml)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimMachine) machine = parse(yaml, &error);
    if (machine)
        return g_strdup("");
    const char *message = error->message;
    return g_strdup(g_str_has_prefix(message, "test:") ? message + strlen("test:") : message);
}

int
main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    const bool registered = test_quantity_register() && test_document_register() && test_curve_register() &&
                            test_machine_register() && test_machine_table_register() && test_machine_check_register() &&
                            test_machine_route_register() && test_machine_engine_register() &&
                            test_machine_describe_register() && test_fabric_register() && test_import_register() &&
                            test_isolate_register() && test_corpus_register();
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
