/* SPDX-License-Identifier: MIT */
/*
 * Goal: a plug-in that breaks the contract is refused with its path, the reason and the fix; a good one works. Method:
 * variants of tests/policies/plugin.c, built here with $CC; files that are no shared objects.
 */
#include "test-policies.h"

#include <experiment/experiment.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <CUnit/CUnit.h>

/* Where the shared objects are built. */
static char *directory;

static int
make_directory(void)
{
    directory = g_dir_make_tmp("nsim-test-XXXXXX", NULL);
    return directory == NULL;
}

static int
remove_directory(void)
{
    const int failed = g_rmdir(directory);
    g_free(directory);
    return failed;
}

static const char *
environment(const char *name, const char *otherwise)
{
    const char *value = g_getenv(name);
    return value != NULL && *value != '\0' ? value : otherwise;
}

/* Build tests/policies/plugin.c with these definitions. The path, or NULL. (transfer full) */
static char *
build(const char *definitions)
{
    static const char include_flags[] = PLUGIN_CFLAGS;
    g_autofree char *path = g_build_filename(directory, "plugin.so", NULL);
    const char *sources = environment("srcdir", "."), *builds = environment("builddir", ".");
    g_autofree char *command = g_strdup_printf("%s -std=gnu17 -w -shared -fPIC '-I%s/include' '-I%s/include' %s %s "
                                               "-o '%s' '%s/tests/policies/plugin.c'",
                                               environment("CC", "cc"), sources, builds, include_flags, definitions,
                                               path, sources);
    g_autoptr(GError) error = NULL;
    int status = 0;
    if (!g_spawn_command_line_sync(command, NULL, NULL, &status, &error) ||
        !g_spawn_check_wait_status(status, &error)) {
        fprintf(stderr, "%s: %s\n", command, error->message);
        return NULL;
    }
    return g_steal_pointer(&path);
}

/* Load one plug-in; NULL with the message after its path. */
static NsimPlugins *
load(const char *path, char **ret_problem)
{
    const char *const paths[] = { path, NULL };
    g_autoptr(GError) error = NULL;
    g_autofree char *prefix = g_strdup_printf("plug-in '%s': ", path);
    NsimPlugins *plugins = nsim_plugins_new(paths, &error);
    *ret_problem = NULL;
    if (plugins != NULL)
        return plugins;
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE));
    CU_ASSERT_TRUE_FATAL(g_str_has_prefix(error->message, prefix));
    *ret_problem = g_strdup(error->message + strlen(prefix));
    return NULL;
}

/* ---- A good one -------------------------------------------------------------------------------------------------- */

static void
test_good(void)
{
    g_autofree char *path = build("");
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    g_autofree char *problem = NULL;
    g_autofree char *yaml = box_yaml(1, 1);
    Stage stage;
    stage_open(&stage, yaml);
    (void)box_add(&stage.box, "w", 1, 1);
    nsim_plugins_free(stage.plugins);
    stage.plugins = load(path, &problem);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stage.plugins);
    CU_ASSERT_EQUAL(nsim_plugins_count(stage.plugins), 21);
    CU_ASSERT_STRING_EQUAL(nsim_plugins_get(stage.plugins, 20)->name, "small");
    g_autofree char *refused = stage_attach(&stage, "small:wait=3us");
    CU_ASSERT_STRING_EQUAL(refused, "");
    CU_ASSERT_EQUAL(nsim_mm_counters(stage.box.mm)[0], 3 * NSIM_US);
    CU_ASSERT_TRUE(box_touch(&stage.box, 0, 0, 1, 1)); /* no `faults`: placed by default */
    stage_expect(&stage, 0, "1.");
    stage_close(&stage);
    g_remove(path);
}

/* Built when the class ended before `timer`: the call-backs after it are absent, whatever follows in memory. */
static void
test_shorter_class(void)
{
    g_autofree char *path = build("-DSIZE='offsetof(NsimPolicyClass,timer)'");
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    g_autofree char *problem = NULL;
    g_autoptr(NsimPlugins) plugins = load(path, &problem);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plugins);
    const NsimPolicyClass *class = nsim_plugins_find(plugins, "small", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(class);
    CU_ASSERT_PTR_NULL(class->timer);
    CU_ASSERT_PTR_NULL(class->pressure);
    CU_ASSERT_PTR_NOT_NULL(class->attach);
    g_remove(path);
}

/* A name that is taken, by a built-in policy or by the plug-in itself. */
static void
test_taken_names(void)
{
    g_autofree char *path = build("-DNAME='\"bind\"'"), *problem = NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    CU_ASSERT_PTR_NULL(load(path, &problem));
    CU_ASSERT_STRING_EQUAL(problem, "there is already a policy called 'bind'");
    g_remove(path);

    g_autofree char *again = build("");
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    const char *const twice[] = { again, again, NULL };
    g_autoptr(GError) error = NULL;
    CU_ASSERT_PTR_NULL(nsim_plugins_new(twice, &error));
    CU_ASSERT_TRUE(g_str_has_suffix(error->message, "': there is already a policy called 'small'"));
    g_remove(again);
}

/* ---- Bad ones ---------------------------------------------------------------------------------------------------- */

#define ROW_OF(more) "-DROW='{.key=\"k\",.type=NSIM_OPTION_INT,.default_text=\"1\",.help=\"h\",.source=\"s\"," more "}'"

static void
test_refused(void)
{
    static const struct {
        const char *definitions, *problem;
    } cases[] = {
        { "-DABI=2", "it was built for ABI version 2, this numasim has 1; rebuild it against the installed headers" },
        { "-DABI=0", "it was built for ABI version 0, this numasim has 1; rebuild it against the installed headers" },
        { "-DSIZE=4096",
          "it was built against a newer numasim (class of 4096 bytes, 144 known); rebuild it against the installed "
          "headers" },
        { "-DSIZE=40", "its class is too small (40 bytes)" },
        { "-DSIZE=0", "its class is too small (0 bytes)" },
        { "-DNAME=NULL", "its name is not made of lower-case letters, digits and '-'" },
        { "-DNAME='\"\"'", "its name is not made of lower-case letters, digits and '-'" },
        { "-DNAME='\"Small\"'", "its name is not made of lower-case letters, digits and '-'" },
        { "-DNAME='\"a:b\"'", "its name is not made of lower-case letters, digits and '-'" },
        { "-DNAME='\"9a\"'", "its name is not made of lower-case letters, digits and '-'" },
        { "-DSUMMARY=NULL", "summary, source or licence is empty" },
        { "-DSOURCE='\"\"'", "summary, source or licence is empty" },
        { "-DLICENCE='\"\\xff\"'", "summary, source or licence is empty" },
        { "-DATTACH=NULL", "it lacks a required call-back: attach and detach must be set" },
        { "-DDETACH=NULL", "it lacks a required call-back: attach and detach must be set" },
        { "-DCAPS=0x81", "it wants capabilities this numasim does not know (flags 0x80)" },
        { "-DOPTION_COUNT=257",
          "it has more than 256 options or counters, or a config struct of more than 1 MiB" },
        { "-DCOUNTER_COUNT=0xffffffffu",
          "it has more than 256 options or counters, or a config struct of more than 1 MiB" },
        { "-DCONFIG_SIZE=1048577",
          "it has more than 256 options or counters, or a config struct of more than 1 MiB" },
        { "-DOPTION_TABLE=NULL", "it has a count of options or counters without their table" },
        { "-DCOUNTER_TABLE=NULL", "it has a count of options or counters without their table" },
        { ROW_OF(".key=NULL"), "it has an option whose key is not made of lower-case letters, digits and '_'" },
        { ROW_OF(".key=\"a-b\""), "it has an option whose key is not made of lower-case letters, digits and '_'" },
        { ROW_OF(".key=\"label\""), "it has an option called 'label' or 'name', which every policy has" },
        { ROW_OF(".type=10"), "it has an option of a type this numasim does not know" },
        { ROW_OF(".type=-1"), "it has an option of a type this numasim does not know" },
        { ROW_OF(".help=NULL"), "it has an option without help or source" },
        { ROW_OF(".source=\"\""), "it has an option without help or source" },
        { ROW_OF(".offset=1"), "it has an option whose field lies outside config_size" },
        { ROW_OF(".offset=9"), "it has an option whose field lies outside config_size" },
        { ROW_OF(".offset=(size_t)-4"), "it has an option whose field lies outside config_size" },
        { ROW_OF(".offset=8,.type=NSIM_OPTION_BOOL"), "it has an option whose field lies outside config_size" },
        { "-DCONFIG_SIZE=0", "it has an option whose field lies outside config_size" },
        { ROW_OF(".min=3,.max=2"), "it has an option whose min is above its max" },
        { ROW_OF(".type=NSIM_OPTION_ENUM"), "it has an enum option without choices" },
        { "-DROW='{.key=\"k\",.help=\"h\",.source=\"s\"},{.key=\"k\",.help=\"h\",.source=\"s\"}'",
          "it has two options of one name" },
        { "-DCOUNTER='{.key=\"k\",.unit=\"pages\"}'",
          "it has a counter without a key of lower-case letters, digits and '_', a unit or help" },
        { "-DCOUNTER='{.key=\"k\",.unit=\"u\",.help=\"h\"},{.key=\"k\",.unit=\"u\",.help=\"h\"}'",
          "it has two counters of one name" },
        { "-DNULL_CLASS", "its plug-in symbol is NULL" },
        { "-DNO_EXPORT", "it does not export 'nsim_plugin_policy'; end its source with NSIM_POLICY_EXPORT" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = build(cases[i].definitions), *problem = NULL;
        CU_ASSERT_PTR_NOT_NULL_FATAL(path);
        CU_ASSERT_PTR_NULL_FATAL(load(path, &problem));
        CU_ASSERT_STRING_EQUAL(problem, cases[i].problem);
        if (strcmp(problem, cases[i].problem) != 0)
            fprintf(stderr, "%s: %s\n", cases[i].definitions, problem);
        g_remove(path);
    }
}

/* A default that its own row does not allow shows when the policy is asked for. */
static void
test_bad_default(void)
{
    g_autofree char *path = build(ROW_OF(".default_text=\"7\",.min=8,.max=9")), *problem = NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    g_autoptr(NsimPlugins) plugins = load(path, &problem);
    g_autoptr(GError) error = NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(plugins);
    CU_ASSERT_PTR_NULL(nsim_policy_spec_parse(plugins, "small", &error));
    CU_ASSERT_STRING_EQUAL(error->message,
                           "policy 'small': default of option 'k': '7' is out of range; expected a number, 8 to 9");
    g_remove(path);
}

static void
test_no_shared_object(void)
{
    g_autofree char *path = g_build_filename(directory, "text.so", NULL);
    g_autofree char *of_text = NULL, *of_nothing = NULL, *of_directory = NULL, *of_missing = NULL, *of_library = NULL;
    CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, "int policy;\n", -1, NULL));
    CU_ASSERT_PTR_NULL(load(path, &of_text));
    CU_ASSERT_PTR_NOT_NULL(strstr(of_text, path)); /* the loader's own words */
    CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, "", 0, NULL));
    CU_ASSERT_PTR_NULL(load(path, &of_nothing));
    CU_ASSERT_PTR_NOT_NULL(strstr(of_nothing, path));
    g_remove(path);
    CU_ASSERT_PTR_NULL(load(directory, &of_directory));
    CU_ASSERT_STRING_EQUAL(of_directory, "no such file");
    CU_ASSERT_PTR_NULL(load("nowhere.so", &of_missing));
    CU_ASSERT_STRING_EQUAL(of_missing, "no such file");
    /* A name without a slash is a file here, never a library of the system. */
    CU_ASSERT_PTR_NULL(load("libm.so.6", &of_library));
    CU_ASSERT_STRING_EQUAL(of_library, "no such file");
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

static void
test_find(void)
{
    static const char names[] = "first-touch, local, bind, preferred, interleave, weighted-interleave, dynamic-interleave, nop, oracle, "
                                "scripted, fail, numab, tpp, damon, tpp-damon, hmsdk, holistic, memtis, "
                                "colloid, nomad";
    g_autoptr(NsimPlugins) plugins = nsim_plugins_new(NULL, NULL);
    g_autoptr(GError) near = NULL, far = NULL;
    CU_ASSERT_EQUAL(nsim_plugins_count(plugins), 20);
    CU_ASSERT_PTR_NULL(nsim_plugins_find(plugins, "interleaf", &near));
    g_autofree char *expected_near =
        g_strdup_printf("unknown policy 'interleaf'; did you mean 'interleave'? There are %s", names);
    CU_ASSERT_STRING_EQUAL(near->message, expected_near);
    CU_ASSERT_PTR_NULL(nsim_plugins_find(plugins, "tiering-of-pages", &far));
    g_autofree char *expected_far = g_strdup_printf("unknown policy 'tiering-of-pages'; there are %s", names);
    CU_ASSERT_STRING_EQUAL(far->message, expected_far);
    for (uint32_t i = 0; i < nsim_plugins_count(plugins); i++) {
        const NsimPolicyClass *class = nsim_plugins_get(plugins, i);
        CU_ASSERT_PTR_EQUAL(nsim_plugins_find(plugins, class->name, NULL), class);
        CU_ASSERT_TRUE((class->caps & NSIM_CAP_DETERMINISTIC) != 0);
        CU_ASSERT_EQUAL(class->abi_version, NSIM_ABI_VERSION);
        CU_ASSERT_EQUAL(class->struct_size, sizeof(NsimPolicyClass));
        CU_ASSERT_TRUE(*class->summary != '\0' && *class->source != '\0' && *class->licence != '\0');
    }
    nsim_plugins_free(NULL);
}

bool
test_plugins_register(void)
{
    CU_pSuite suite = CU_add_suite("plug-ins", make_directory, remove_directory);
    return suite && CU_add_test(suite, "a good one", test_good) &&
           CU_add_test(suite, "a shorter class", test_shorter_class) &&
           CU_add_test(suite, "taken names", test_taken_names) && CU_add_test(suite, "refused", test_refused) &&
           CU_add_test(suite, "a bad default", test_bad_default) &&
           CU_add_test(suite, "no shared object", test_no_shared_object) && CU_add_test(suite, "find", test_find);
}
