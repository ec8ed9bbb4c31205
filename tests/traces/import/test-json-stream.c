/* SPDX-License-Identifier: MIT */
/* Goal: JSON is walked through value by value, and what is none is told with its line. Method: texts by hand. */
#include "test-import-binary.h"

#include <string.h>
#include <traces/import/json-stream.h>

#include <CUnit/CUnit.h>

/* Walk through everything, giving "[a,b]" and "{k:v}" back without blanks; the message when it fails. */
static bool
render(NsimJsonStream *json, GString *text, unsigned depth, GError **error)
{
    char word[16];
    bool first = true;
    if (depth < 4 && nsim_json_stream_is_next(json, '[', error)) {
        g_string_append_c(text, '[');
        while (nsim_json_stream_element(json, &first, error))
            if (!render(json, text, depth + 1, error))
                return false;
        g_string_append_c(text, ']');
    } else if (depth < 4 && nsim_json_stream_is_next(json, '{', error)) {
        g_string_append_c(text, '{');
        while (nsim_json_stream_key(json, &first, word, sizeof word, error)) {
            g_string_append_printf(text, "%s:", word);
            if (!render(json, text, depth + 1, error))
                return false;
        }
        g_string_append_c(text, '}');
    } else if (depth >= 4) {
        g_string_append_c(text, '?');
        return nsim_json_stream_skip(json, error);
    } else {
        if (!nsim_json_stream_scalar(json, word, sizeof word, error))
            return false;
        g_string_append_printf(text, "%s ", word);
    }
    return *error == NULL;
}

static char *
rendered(const char *source)
{
    g_autoptr(NsimInput) input = nsim_input_new_from_memory(source, strlen(source));
    g_autoptr(GError) error = NULL;
    NsimJsonStream json;
    GString *text = g_string_new(NULL);
    nsim_json_stream_init(&json, input, "t");
    if (render(&json, text, 0, &error) && nsim_json_stream_end(&json, &error))
        return g_string_free(text, FALSE);
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    g_string_assign(text, error->message);
    return g_string_free(text, FALSE);
}

static void
values(void)
{
    static const char *const cases[][2] = {
        {"[]", "[]"},
        {" { } \n", "{}"},
        {"[1, -2.5e+3 ,\"a b\",true,null]", "[1 -2.5e+3 a b true null ]"},
        {"{\"k\" : [ {\"x\":1}, \"\\\"\\\\\\/\\n\\u0041\" ]}", "{k:[{x:1 }\"\\/??0041 ]}"},
        {"[\"0123456789abcdefgh\"]", "[0123456789abcde ]"},
        {"[[[[[[[1,2],3],{\"a\":[]}],\"x\"]]]]", "[[[[??]]]]"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = rendered(cases[i][0]);
        expect_text(text, cases[i][1]);
    }
}

static void
damage(void)
{
    static const char *const cases[][2] = {
        {"", "t:1: the text ends where a string or a number should be"},
        {"[1,\n2", "t:2: the text ends where ',' should be"},
        {"[1 2]", "t:1: '2' where ',' should be"},
        {"{1:2}", "t:1: '1' where '\"' should be"},
        {"{\"a\" 2}", "t:1: '2' where ':' should be"},
        {"[\"abc", "t:1: the text ends where the rest of a string should be"},
        {"[\"a\nb\"]", "t:1: '?' where the rest of a string should be"},
        {"[\"a\\", "t:1: the text ends where the rest of an escape should be"},
        {"\n[] x", "t:2: 'x' where the end should be"},
        {"[1,]", "t:1: ']' where a string or a number should be"},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "t:1: '[' where a value of at most 32 levels should be"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = rendered(cases[i][0]);
        expect_text(text, cases[i][1]);
    }
}

bool
test_json_stream_register(void)
{
    CU_pSuite suite = CU_add_suite("json-stream", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "values", values) != NULL &&
           CU_add_test(suite, "damage", damage) != NULL;
}
