/* SPDX-License-Identifier: MIT */
/*
 * Goal: what the writer writes is JSON, holds exactly what was given, and looks as documented.
 * Method: expected text for the layout; Jansson, an independent reader, for hostile strings.
 */
#include "test-report.h"

#include <CUnit/CUnit.h>
#include <jansson.h>

#include <report/json.h>

static void
test_layout(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    NsimJson json;
    nsim_json_init(&json, out);
    nsim_json_object(&json, NULL);
    nsim_json_string(&json, "name", "x");
    nsim_json_array(&json, "list");
    nsim_json_uint(&json, NULL, UINT64_MAX);
    nsim_json_bool(&json, NULL, true);
    nsim_json_object_inline(&json, NULL);
    nsim_json_ns(&json, "a", 1500);
    nsim_json_array(&json, "inside");
    nsim_json_ratio(&json, NULL, 1000000);
    nsim_json_ratio(&json, NULL, 1);
    nsim_json_end(&json);
    nsim_json_end(&json);
    nsim_json_end(&json);
    nsim_json_object(&json, "empty");
    nsim_json_end(&json);
    nsim_json_array_inline(&json, "none");
    nsim_json_end(&json);
    nsim_json_end(&json);
    CU_ASSERT_STRING_EQUAL(out->str, "{\n"
                                     "  \"name\": \"x\",\n"
                                     "  \"list\": [\n"
                                     "    18446744073709551615,\n"
                                     "    true,\n"
                                     "    {\"a\": 1.5, \"inside\": [1.000000, 0.000001]}\n"
                                     "  ],\n"
                                     "  \"empty\": {},\n"
                                     "  \"none\": []\n"
                                     "}");
}

/* Every byte value, alone and between letters, comes back as itself where it is UTF-8 and never breaks the document. */
static void
test_strings(void)
{
    for (unsigned byte = 1; byte < 256; byte++) {
        const char text[] = {'a', (char)byte, '"', 'b', '\0'};
        g_autoptr(GString) out = g_string_new(NULL);
        NsimJson json;
        nsim_json_init(&json, out);
        nsim_json_object(&json, NULL);
        nsim_json_string(&json, text, text);
        nsim_json_end(&json);
        json_t *parsed = json_loads(out->str, 0, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(parsed);
        g_autofree char *expected = g_utf8_make_valid(text, -1);
        CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(parsed, expected)), expected);
        json_decref(parsed);
    }
}

static void
test_utf8(void)
{
    static const char text[] = "\xe2\x82\xac \xf0\x9f\x98\x80 \xe2\x80\xa8";
    g_autoptr(GString) out = g_string_new(NULL);
    NsimJson json;
    nsim_json_init(&json, out);
    nsim_json_array_inline(&json, NULL);
    nsim_json_string(&json, NULL, text);
    nsim_json_string(&json, NULL, NULL);
    nsim_json_end(&json);
    json_t *parsed = json_loads(out->str, 0, NULL);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(parsed, 0)), text);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(parsed, 1)), "");
    json_decref(parsed);
}

bool
test_json_register(void)
{
    CU_pSuite suite = CU_add_suite("json", NULL, NULL);
    return suite && CU_add_test(suite, "layout", test_layout) && CU_add_test(suite, "hostile strings", test_strings) &&
           CU_add_test(suite, "UTF-8", test_utf8);
}
