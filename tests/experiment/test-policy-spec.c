/* SPDX-License-Identifier: MIT */
/* Policies and their options as text and as YAML: values, defaults, labels, quoting, and every complaint. */
#include "test-experiment.h"

#include <experiment/experiment.h>
#include <experiment/policy-spec.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

static NsimPlugins *
builtin_plugins(void)
{
    NsimPlugins *plugins = nsim_plugins_new(NULL, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plugins);
    return plugins;
}

static NsimPolicySpec *
parse(const char *text)
{
    g_autoptr(NsimPlugins) plugins = builtin_plugins();
    g_autoptr(GError) error = NULL;
    NsimPolicySpec *spec = nsim_policy_spec_parse(plugins, text, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(spec);
    return spec;
}

static void
test_defaults(void)
{
    g_autoptr(NsimPolicySpec) spec = parse("interleave");
    CU_ASSERT_STRING_EQUAL(spec->class->name, "interleave");
    CU_ASSERT_STRING_EQUAL(spec->label, "interleave");
    CU_ASSERT_STRING_EQUAL(spec->texts[0], "all");
}

static void
test_options(void)
{
    g_autoptr(NsimPolicySpec) spec = parse("interleave:nodes=DRAM1+DRAM2");
    CU_ASSERT_STRING_EQUAL(spec->texts[0], "DRAM1+DRAM2");
    CU_ASSERT_STRING_EQUAL(spec->label, "interleave:nodes=DRAM1+DRAM2");
    g_autoptr(NsimPolicySpec) labelled = parse("interleave:label=\"a, b = c: d\",nodes=\"0,2\"");
    CU_ASSERT_STRING_EQUAL(labelled->label, "a, b = c: d");
    CU_ASSERT_STRING_EQUAL(labelled->texts[0], "0,2");
    /* The later label counts; a colon with nothing behind it changes nothing. */
    g_autoptr(NsimPolicySpec) twice = parse("nop:label=x,label=y");
    CU_ASSERT_STRING_EQUAL(twice->label, "y");
    g_autoptr(NsimPolicySpec) bare = parse("nop:");
    CU_ASSERT_STRING_EQUAL(bare->label, "nop");
    /* A label made of long options is cut between characters. */
    g_autoptr(GString) names = g_string_new("interleave:nodes=x");
    while (names->len < 300)
        g_string_append(names, "ä");
    g_autoptr(NsimPolicySpec) cut = parse(names->str);
    CU_ASSERT_TRUE(g_utf8_validate(cut->label, -1, NULL));
    CU_ASSERT_TRUE(strlen(cut->label) == 199 || strlen(cut->label) == 200);
}

static void
test_refusals(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "", "''" },
        { "first-tuch", "first-touch" },
        { "interleave:nodes", "expected key=value in 'nodes'" },
        { "interleave:=x", "unknown option ''" },
        { "interleave:node=0", "unknown option 'node'; did you mean 'nodes'?" },
        { "interleave:what=0", "it takes nodes, label" },
        { "interleave:nodes=0,nodes=1", "option 'nodes' is given twice" },
        { "interleave:nodes=\"0", "a quoted value has no closing '\"'" },
        { "interleave:nodes=\"0\"1", "expected ',' after a quoted value" },
        { "interleave:label=", "'label' must be a text of 1 to 200 bytes in UTF-8" },
        { "interleave:label=\377", "'label' must be a text of 1 to 200 bytes in UTF-8" },
        { "bind", "option 'nodes' must be given" },
        { "scripted", "option 'script' must be given" },
    };
    g_autoptr(NsimPlugins) plugins = builtin_plugins();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        CU_ASSERT_PTR_NULL_FATAL(nsim_policy_spec_parse(plugins, cases[i].text, &error));
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        if (strstr(error->message, cases[i].message) == NULL)
            printf("\n    %s: %s", cases[i].text, error->message);
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, cases[i].message));
        CU_ASSERT_TRUE(g_error_matches(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE));
    }
}

/* The spec of a YAML value, or the message. */
static NsimPolicySpec *
from_yaml(const char *text, char **ret_message)
{
    g_autoptr(NsimPlugins) plugins = builtin_plugins();
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimDocument) document = nsim_document_parse(text, strlen(text), "p.yaml", &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(document);
    NsimPolicySpec *spec = nsim_policy_spec_from_value(plugins, nsim_document_root(document), ".", &error);
    *ret_message = error == NULL ? NULL : g_strdup(error->message);
    return spec;
}

static void
test_yaml(void)
{
    g_autofree char *message = NULL;
    g_autoptr(NsimPolicySpec) text = from_yaml("\"interleave:nodes=1\"", &message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text->texts[0], "1");
    g_autoptr(NsimPolicySpec) map = from_yaml("{label: \"dealt, out\", nodes: \"0,1\", name: interleave}", &message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(map);
    CU_ASSERT_STRING_EQUAL(map->label, "dealt, out");
    CU_ASSERT_STRING_EQUAL(map->texts[0], "0,1");
}

static void
test_yaml_refusals(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "[nop]", "p.yaml:1:1: expected a policy: a name, or a map with 'name'" },
        { "nopp", "p.yaml:1:1: " },
        { "{label: x}", "p.yaml:1:1: " },
        { "{name: nopp}", "p.yaml:1:8: " },
        { "{name: interleave, node: 1}", "p.yaml:1:26: policy 'interleave': unknown option 'node'; did you mean 'nodes'?" },
        { "{name: interleave, nodes: [0, 1]}", "p.yaml:1:27: policy 'interleave': option 'nodes' wants one value" },
        { "{name: bind}", "p.yaml:1:1: policy 'bind': option 'nodes' must be given" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *message = NULL;
        CU_ASSERT_PTR_NULL_FATAL(from_yaml(cases[i].text, &message));
        CU_ASSERT_PTR_NOT_NULL_FATAL(message);
        if (!g_str_has_prefix(message, cases[i].message))
            printf("\n    %s: %s", cases[i].text, message);
        CU_ASSERT_TRUE(g_str_has_prefix(message, cases[i].message));
    }
}

/* What help and messages say of each type of option. */

static void
test_describe(void)
{
    static const char *const words[] = { "up", "down", NULL };
    const struct {
        NsimOption option;
        const char *text;
    } cases[] = {
        { { .type = NSIM_OPTION_BOOL }, "yes or no" },
        { { .type = NSIM_OPTION_INT, .min = 1, .max = 9 }, "number, 1 to 9" },
        { { .type = NSIM_OPTION_TIME, .min = NSIM_US, .max = NSIM_S }, ", 1us to 1s" },
        { { .type = NSIM_OPTION_BYTES, .min = 4096, .max = 1 << 21 }, ", 4KiB to 2MiB" },
        { { .type = NSIM_OPTION_RATE }, "rate in " },
        { { .type = NSIM_OPTION_RATIO }, "ratio" },
        { { .type = NSIM_OPTION_ENUM, .choices = words }, "one of up, down" },
        { { .type = NSIM_OPTION_STRING }, "text" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = nsim_option_describe(&cases[i].option);
        if (strstr(text, cases[i].text) == NULL)
            printf("\n    %s: %s", cases[i].text, text);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, cases[i].text));
    }
}

bool
test_policy_spec_register(void)
{
    CU_pSuite suite = CU_add_suite("policy specs", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "defaults", test_defaults) != NULL &&
           CU_add_test(suite, "options", test_options) != NULL &&
           CU_add_test(suite, "refusals", test_refusals) != NULL && CU_add_test(suite, "YAML", test_yaml) != NULL &&
           CU_add_test(suite, "YAML refusals", test_yaml_refusals) != NULL &&
           CU_add_test(suite, "descriptions of options", test_describe) != NULL;
}
