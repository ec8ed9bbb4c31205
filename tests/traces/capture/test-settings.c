/* SPDX-License-Identifier: MIT */
/* The environment's options. Goal: right ones are understood to the unit, wrong ones named with what is allowed. */
#include "test-capture.h"

#include <string.h>

#include <CUnit/Basic.h>
#include <glib.h>

#include <traces/capture/settings.h>

static void
test_defaults(void)
{
    NsimSettings settings;
    char message[512];
    nsim_settings_init(&settings);
    CU_ASSERT_TRUE(nsim_settings_parse(&settings, NULL, message, sizeof message));
    CU_ASSERT_TRUE(nsim_settings_parse(&settings, "", message, sizeof message));
    CU_ASSERT_EQUAL(settings.cache_bytes, 32u << 20);
    CU_ASSERT_EQUAL(settings.ways, 16);
    CU_ASSERT_EQUAL(settings.caches, 1);
    CU_ASSERT_EQUAL(settings.instructions_256ths, 3 * 256);
    CU_ASSERT_EQUAL(settings.bytes_max, 0);
    CU_ASSERT_FALSE(settings.manual);
}

static void
test_all(void)
{
    NsimSettings settings;
    char message[512];
    nsim_settings_init(&settings);
    CU_ASSERT_TRUE(nsim_settings_parse(&settings,
                                       "cache=6MiB,ways=12,caches=4,threads-per-cache=8,rate=2.25e9,"
                                       "instructions-per-access=1.5,max-bytes=3GB,level=19,start=manual",
                                       message, sizeof message));
    CU_ASSERT_EQUAL(settings.cache_bytes, 6u << 20);
    CU_ASSERT_EQUAL(settings.ways, 12);
    CU_ASSERT_EQUAL(settings.caches, 4);
    CU_ASSERT_EQUAL(settings.threads_per_cache, 8);
    CU_ASSERT_EQUAL(settings.instructions_per_s, 2250000000);
    CU_ASSERT_EQUAL(settings.instructions_256ths, 384);
    CU_ASSERT_EQUAL(settings.bytes_max, 3000000000);
    CU_ASSERT_EQUAL(settings.level, 19);
    CU_ASSERT_TRUE(settings.manual);
    CU_ASSERT_TRUE(nsim_settings_parse(&settings, "start=auto,rate=1e15,cache=64GiB,ways=64", message, sizeof message));
    CU_ASSERT_FALSE(settings.manual);
    CU_ASSERT_EQUAL(settings.instructions_per_s, 1000000000000000);
}

static void
test_refused(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"cache", "\"cache\" is not of the form key=value"},
        {",", "\"\" is not of the form key=value"},
        {"=", "unknown option \"\""},
        {"cache=", "cache is \"\""},
        {"cache=0MiB", "cache is \"0MiB\" (allowed: 4KiB to 64GiB"},
        {"cache=65GiB", "cache is"},
        {"cache=99999999999999999999B", "cache is"},
        {"cache=18446744073709551615GiB", "cache is"},
        {"cache=32mib", "cache is"},
        {"cache=33MiB", "no power of two of sets"},
        {"cache=64B,ways=2", "no power of two of sets"},
        {"ways=65", "ways is \"65\" (allowed: 1 to 64)"},
        {"ways=-1", "ways is"},
        {"ways= 1", "ways is"},
        {"caches=17", "caches is"},
        {"threads-per-cache=0", "threads-per-cache is"},
        {"rate=0", "rate is"},
        {"rate=1e16", "rate is"},
        {"rate=1.e3", "rate is"},
        {"rate=9999999999999e15", "rate is"},
        {"rate=1e", "rate is"},
        {"instructions-per-access=0.001", "instructions-per-access is"},
        {"instructions-per-access=1001", "instructions-per-access is"},
        {"max-bytes=9223372036854775807kB", "max-bytes is"},
        {"level=20", "level is"},
        {"start=never", "start is \"never\" (allowed: auto or manual)"},
        {"colour=red", "unknown option \"colour\" (allowed: cache, ways"},
        {"ways=4,,", "\"\" is not of the form key=value"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        NsimSettings settings;
        char message[512] = "";
        nsim_settings_init(&settings);
        CU_ASSERT_FALSE(nsim_settings_parse(&settings, cases[i].text, message, sizeof message));
        CU_ASSERT_PTR_NOT_NULL(strstr(message, cases[i].message));
    }
    /* Longer than any room for it. */
    g_autofree char *text = g_strnfill(100000, 'x');
    NsimSettings settings;
    char message[64];
    nsim_settings_init(&settings);
    CU_ASSERT_FALSE(nsim_settings_parse(&settings, text, message, sizeof message));
    text[10] = '=';
    CU_ASSERT_FALSE(nsim_settings_parse(&settings, text, message, sizeof message));
    CU_ASSERT(strlen(message) < sizeof message);
}

static void
test_names(void)
{
    char path[NSIM_SETTINGS_PATH_MAX];
    CU_ASSERT_TRUE(nsim_settings_expand("out-%p.trace", 1234, path));
    CU_ASSERT_STRING_EQUAL(path, "out-1234.trace");
    CU_ASSERT_TRUE(nsim_settings_expand("%%p%p%%%x%", 7, path));
    CU_ASSERT_STRING_EQUAL(path, "%p7%%x%");
    g_autofree char *name = g_strnfill(NSIM_SETTINGS_PATH_MAX - 1, 'x');
    CU_ASSERT_FALSE(nsim_settings_expand(name, 1, path));
}

bool
test_settings_register(void)
{
    CU_pSuite suite = CU_add_suite("settings", NULL, NULL);
    return suite && CU_add_test(suite, "defaults", test_defaults) && CU_add_test(suite, "every option", test_all) &&
           CU_add_test(suite, "options refused", test_refused) && CU_add_test(suite, "names of files", test_names);
}
