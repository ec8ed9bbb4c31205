/* SPDX-License-Identifier: MIT */
/*
 * Goal: whole outputs and whole error messages stay what they are. Method: every file NAME.yaml, NAME.txt or NAME.xml
 * of tests/models/corpus is read, and what comes out is compared with NAME.expected beside it: the description with
 * routes of a valid machine, the YAML of a valid import, the message of an invalid file. With NUMASIM_UPDATE=yes in the
 * environment the expectations are written instead, to be reviewed as a change.
 */
#include "test-models.h"

#include <models/import.h>
#include <string.h>

#include <CUnit/CUnit.h>

/* What a machine file gives: its description, or the message. */
static char *
machine_result(const char *text, size_t length, const char *name, bool *ret_valid)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimDocument) document = nsim_document_parse(text, length, name, &error);
    const NsimValue *root = document ? nsim_document_root(document) : NULL;
    g_autoptr(NsimMachine) machine = root ? nsim_machine_from_value(root, ".", &error) : NULL;
    *ret_valid = machine != NULL;
    return machine ? nsim_machine_describe(machine, true) : g_strdup_printf("%s\n", error->message);
}

static char *
import_result(const char *text, size_t length, const char *name, bool *ret_valid)
{
    g_autoptr(GError) error = NULL;
    char *yaml = nsim_import_machine(text, length, name, NSIM_IMPORT_AUTO, &error);
    *ret_valid = yaml != NULL;
    return yaml ? yaml : g_strdup_printf("%s\n", error->message);
}

static void
check_file(const char *directory, const char *name, bool expect_valid)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *stem = g_strndup(path, (gsize)(strrchr(path, '.') - path));
    g_autofree char *expected_path = g_strconcat(stem, ".expected", NULL);
    g_autofree char *text = NULL, *expected = NULL;
    gsize length = 0;
    bool valid = false;
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &text, &length, NULL));
    g_autofree char *result = g_str_has_suffix(name, ".yaml") ? machine_result(text, length, name, &valid)
                                                              : import_result(text, length, name, &valid);
    CU_ASSERT_EQUAL(valid, expect_valid);
    if (g_getenv("NUMASIM_UPDATE")) {
        CU_ASSERT_TRUE(g_file_set_contents(expected_path, result, -1, NULL));
        return;
    }
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(expected_path, &expected, NULL, NULL));
    CU_ASSERT_STRING_EQUAL(result, expected);
    if (strcmp(result, expected) != 0)
        g_printerr("\n%s gives:\n%s", path, result);
}

static int
by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All inputs of a folder in the order of their names. */
static uint32_t
check_folder(const char *format, const char *validity)
{
    g_autofree char *below = g_strdup_printf("tests/models/corpus/%s/%s", format, validity);
    g_autofree char *directory = test_path(below);
    g_autoptr(GDir) folder = g_dir_open(directory, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    while ((name = g_dir_read_name(folder)) != NULL) {
        if (!g_str_has_suffix(name, ".expected"))
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, by_name);
    for (uint32_t i = 0; i < names->len; i++)
        check_file(directory, g_ptr_array_index(names, i), strcmp(validity, "valid") == 0);
    return names->len;
}

static void
test_yaml(void)
{
    CU_ASSERT_TRUE(check_folder("yaml", "valid") >= 6);
    CU_ASSERT_TRUE(check_folder("yaml", "invalid") >= 10);
}

static void
test_numactl(void)
{
    CU_ASSERT_TRUE(check_folder("numactl", "valid") >= 6);
    CU_ASSERT_TRUE(check_folder("numactl", "invalid") >= 8);
}

static void
test_hwloc(void)
{
    CU_ASSERT_TRUE(check_folder("hwloc", "valid") >= 5);
    CU_ASSERT_TRUE(check_folder("hwloc", "invalid") >= 5);
}

bool
test_corpus_register(void)
{
    CU_pSuite suite = CU_add_suite("corpus", NULL, NULL);
    return suite && CU_add_test(suite, "machine files", test_yaml) &&
           CU_add_test(suite, "numactl listings", test_numactl) && CU_add_test(suite, "hwloc XML", test_hwloc);
}
