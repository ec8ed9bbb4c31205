/* SPDX-License-Identifier: MIT */
/*
 * Goal: what --format json writes follows docs/report.schema.json, and the schema would notice if it did not; every
 * configuration shipped follows configs/config.schema.json; the manual names every key of both.
 * Method: reports of odd results against the schema; then one report damaged in many ways, each of which must be
 * refused. Configurations are read as YAML and seen as JSON. Keys are searched for in the pages' sources.
 */
#include "test-report.h"

#include "cases.h"
#include "sample.h"
#include "schema.h"

#include <CUnit/CUnit.h>

#include <models/document.h>
#include <report/render.h>

#include <stdio.h>
#include <string.h>

static json_t *
load_schema(const char *folder, const char *file)
{
    const char *srcdir = g_getenv("srcdir");
    g_autofree char *path = g_build_filename(srcdir ? srcdir : ".", folder, file, NULL);
    json_error_t error;
    json_t *schema = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!schema)
        fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
    return schema;
}

static json_t *
report_of(const NsimResult *result)
{
    g_autofree char *text = nsim_render_json(result);
    return json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
}

static bool
is_valid(json_t *schema, json_t *value, bool expected)
{
    g_autofree char *problem = NULL;
    const bool valid = schema_validate(schema, value, &problem);
    if (valid != expected)
        fprintf(stderr, "schema: %s\n", problem ? problem : "a wrong report is taken for a right one");
    return valid;
}

static void
check_schema(const char *folder, const char *file)
{
    json_t *schema = load_schema(folder, file);
    g_autofree char *problem = NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
    CU_ASSERT_TRUE(schema_check(schema, &problem));
    if (problem)
        fprintf(stderr, "%s: %s\n", file, problem);
    json_decref(schema);
}

static void
test_schemas_themselves(void)
{
    check_schema("docs", "report.schema.json");
    check_schema("configs", "config.schema.json");
}

static void
test_reports(void)
{
    json_t *schema = load_schema("docs", "report.schema.json");
    CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
    for (const ResultCase *one = result_cases; one->name; one++) {
        g_autoptr(NsimResult) result = one->make();
        json_t *report = report_of(result);
        CU_ASSERT_PTR_NOT_NULL_FATAL(report);
        CU_ASSERT_TRUE(is_valid(schema, report, true));
        json_decref(report);
    }
    json_decref(schema);
}

/* Damage to one key of an object: remove it, or give it a value of the wrong kind. */
static void
check_damage(json_t *schema, json_t *report, json_t *object)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) g_ptr_array_add(keys, g_strdup(key));
    for (guint i = 0; i < keys->len; i++) {
        key = g_ptr_array_index(keys, i);
        value = json_incref(json_object_get(object, key));
        json_object_del(object, key);
        CU_ASSERT_FALSE(is_valid(schema, report, false));
        json_object_set_new(object, key, json_null());
        CU_ASSERT_FALSE(is_valid(schema, report, false));
        if (json_is_number(value)) {
            json_object_set_new(object, key, json_integer(-1));
            CU_ASSERT_FALSE(is_valid(schema, report, false));
        }
        json_object_set_new(object, key, value);
    }
    json_object_set_new(object, "surprise", json_true());
    CU_ASSERT_FALSE(is_valid(schema, report, false));
    json_object_del(object, "surprise");
    CU_ASSERT_TRUE(is_valid(schema, report, true));
}

static void
test_damage(void)
{
    json_t *schema = load_schema("docs", "report.schema.json");
    g_autoptr(NsimResult) result = sample_new(1);
    sample_add_migrations(result, 0);
    json_t *report = report_of(result);
    CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    json_t *run = json_array_get(json_object_get(report, "runs"), 0);
    check_damage(schema, report, report);
    check_damage(schema, report, json_object_get(report, "numasim"));
    check_damage(schema, report, json_object_get(report, "experiment"));
    check_damage(schema, report, run);
    check_damage(schema, report, json_object_get(run, "latency_ns"));
    check_damage(schema, report, json_array_get(json_object_get(run, "accessors"), 0));
    check_damage(schema, report, json_array_get(json_object_get(run, "nodes"), 3));
    check_damage(schema, report, json_array_get(json_object_get(run, "links"), 0));
    check_damage(schema, report, json_object_get(json_object_get(run, "operations"), "token"));
    check_damage(schema, report, json_array_get(json_object_get(run, "groups"), 0));
    json_t *migration = json_object_get(run, "migration");
    check_damage(schema, report, migration);
    check_damage(schema, report, json_object_get(migration, "cost_ns"));
    check_damage(schema, report, json_object_get(migration, "failed_by_cause"));
    check_damage(schema, report, json_object_get(migration, "copied_bytes"));
    json_object_set_new(json_object_get(migration, "charged_ns"), "CPU1", json_integer(-1));
    CU_ASSERT_FALSE(is_valid(schema, report, false));
    json_object_set_new(json_object_get(migration, "charged_ns"), "CPU1", json_integer(1));
    check_damage(schema, report, json_object_get(run, "bound"));
    json_object_set_new(report, "schema", json_string("numasim-report-2"));
    CU_ASSERT_FALSE(is_valid(schema, report, false));
    json_decref(report);
    json_decref(schema);
}

/* The validator knows what it does not know. */
static void
test_validator(void)
{
    static const struct {
        const char *schema;
        bool sound;
    } cases[] = {{"{\"type\": \"object\"}", true},
                 {"{\"type\": \"thing\"}", false},
                 {"{\"$ref\": \"#/$defs/none\"}", false},
                 {"{\"oneOf\": []}", false},
                 {"{\"properties\": {\"a\": {\"items\": {\"minimun\": 1}}}}", false},
                 {"{\"anyOf\": [{\"const\": 1}, {\"wrong\": 1}]}", false}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        json_t *schema = json_loads(cases[i].schema, 0, NULL);
        g_autofree char *problem = NULL;
        CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
        CU_ASSERT_EQUAL(schema_check(schema, &problem), cases[i].sound);
        json_decref(schema);
    }
}

/* Two renderings of one result are the same bytes: nothing depends on addresses or on what ran before. */
static void
test_repeatable(void)
{
    for (const ResultCase *one = result_cases; one->name; one++) {
        g_autoptr(NsimResult) first = one->make(), second = one->make();
        for (const NsimRenderer *renderer = nsim_renderers; renderer->name; renderer++) {
            g_autofree char *a = renderer->render(first), *b = renderer->render(second);
            CU_ASSERT_STRING_EQUAL(a, b);
        }
    }
}

/* The keys, in the order that the contract gives them. */
static void
test_key_order(void)
{
    static const char *const expected[] = {
        "policy",     "label",        "options",      "complete",     "runtime_ns", "work",
        "speedup",    "access_count", "burst_count",  "access_bytes", "latency_ns", "blocked_count",
        "blocked_ns", "accessors",    "nodes",        "links",        "groups",     "operations",
        "migration",  "vmstat",       "policy_stats", "timeline",     "bound",      "barrier_ns"};
    g_autoptr(NsimResult) result = sample_new(1);
    json_t *report = report_of(result);
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    json_t *run = json_array_get(json_object_get(report, "runs"), 0), *value;
    const char *key;
    size_t i = 0;
    CU_ASSERT_EQUAL_FATAL(json_object_size(run), G_N_ELEMENTS(expected));
    json_object_foreach(run, key, value)
    {
        CU_ASSERT_STRING_EQUAL(key, expected[i]);
        i++;
    }
    json_decref(report);
}

/* ---- Configurations ---------------------------------------------------------------------------------------------- */

/* As YAML's core schema reads a plain scalar. */
static json_t *
scalar_to_json(const char *text)
{
    if (g_regex_match_simple("^[0-9]{1,18}$", text, 0, 0))
        return json_integer((json_int_t)g_ascii_strtoll(text, NULL, 10));
    if (g_regex_match_simple("^[0-9]+\\.[0-9]+$", text, 0, 0))
        return json_real(g_ascii_strtod(text, NULL));
    if (g_str_equal(text, "true") || g_str_equal(text, "false"))
        return json_boolean(text[0] == 't');
    return json_string(text);
}

static json_t *
value_to_json(const NsimValue *value)
{
    json_t *json;
    switch (nsim_value_kind(value)) {
    case NSIM_VALUE_SCALAR:
        return scalar_to_json(nsim_value_text(value));
    case NSIM_VALUE_LIST:
        json = json_array();
        for (uint32_t i = 0; i < nsim_value_count(value); i++)
            json_array_append_new(json, value_to_json(nsim_value_item(value, i)));
        return json;
    case NSIM_VALUE_MAP:
        json = json_object();
        for (uint32_t i = 0; i < nsim_value_count(value); i++)
            json_object_set_new(json, nsim_value_key(value, i), value_to_json(nsim_value_item(value, i)));
        return json;
    }
    return NULL;
}

static unsigned
check_configs_in(json_t *schema, const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    unsigned count = 0;
    for (const char *name; folder && (name = g_dir_read_name(folder));) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_autoptr(GError) error = NULL;
        if (!g_str_has_suffix(name, ".yaml"))
            continue;
        g_autoptr(NsimDocument) document = nsim_document_load(file, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(document);
        json_t *json = value_to_json(nsim_document_root(document));
        const bool valid = is_valid(schema, json, true);
        CU_ASSERT_TRUE(valid);
        if (!valid)
            fprintf(stderr, "in %s\n", file);
        json_decref(json);
        count++;
    }
    return count;
}

static void
test_configs(void)
{
    const char *srcdir = g_getenv("srcdir");
    json_t *schema = load_schema("configs", "config.schema.json");
    g_autofree char *configs = g_build_filename(srcdir ? srcdir : ".", "configs", NULL);
    g_autofree char *machines = g_build_filename(configs, "machines", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
    check_configs_in(schema, configs);
    CU_ASSERT(check_configs_in(schema, machines) >= 1);
    json_decref(schema);
}

/* Wrong configurations: the schema must not let everything pass. */
static void
test_wrong_configs(void)
{
    static const char *const texts[] = {
        "workloads: []",
        "machine: a.yaml\nsurprise: 1",
        "machine: a.yaml\nrun: {until: 5}",
        "machine: a.yaml\nrun: {until: 5parsecs}",
        "machine: a.yaml\nworkloads: [{name: x, initial: {}}]",
        "machine: a.yaml\npolicies: [{label: x}]",
        "machine: {nodes: [], accessors: [{id: a}]}",
        "machine: {nodes: [{id: n, kind: dream, capacity: 1GiB}], accessors: [{id: a}]}",
        "machine: {nodes: [{id: n, kind: dram, capacity: 1}], accessors: [{id: a}]}",
        "machine: {nodes: [{id: n, kind: dram, capacity: 1GiB, read: 1GB}], accessors: [{id: a}]}",
        "machine: {nodes: [{id: n, kind: dram, capacity: 1GiB}], accessors: [{id: a}], links: [{id: l, between: [n]}]}",
        "machine: {nodes: [{id: n, kind: dram, capacity: 1GiB}], accessors: [{id: a}], copy_engines: [{id: e}]}",
        "machine: {nodes: [{id: n, kind: dram, capacity: 1GiB}], accessors: [{id: a}], migration: {costs: linux}}",
    };
    static const char right[] = "machine: {nodes: [{id: n, kind: dram, capacity: 1GiB, latency: 80ns}], "
                                "accessors: [{id: a, ipc: 2.0, at: n}], copy_engines: [{id: e, preset: dsa, at: a}], "
                                "migration: {costs: generic, flush: {broadcast: yes}}}\nrun: {seed: 1k, until: 2.5ms}";
    json_t *schema = load_schema("configs", "config.schema.json");
    CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
    for (size_t i = 0; i <= G_N_ELEMENTS(texts); i++) {
        const char *text = i < G_N_ELEMENTS(texts) ? texts[i] : right;
        g_autoptr(GError) error = NULL;
        g_autoptr(NsimDocument) document = nsim_document_parse(text, strlen(text), "test", &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(document);
        json_t *json = value_to_json(nsim_document_root(document));
        CU_ASSERT_EQUAL(is_valid(schema, json, text == right), text == right);
        json_decref(json);
    }
    json_decref(schema);
}

/* ---- The manual -------------------------------------------------------------------------------------------------- */

/* Every key that stands under "properties" anywhere in the schema is a word of the page. */
static void
check_manual(json_t *schema, const char *page, const char *name)
{
    json_t *value, *item;
    const char *key, *property;
    size_t i;
    json_object_foreach(schema, key, value)
    {
        json_t *unused;
        if (g_str_equal(key, "properties")) {
            json_object_foreach(value, property, unused)
            {
                g_autofree char *pattern = g_strdup_printf("\\b%s\\b", property);
                const bool found = g_regex_match_simple(pattern, page, 0, 0);
                CU_ASSERT_TRUE(found);
                if (!found)
                    fprintf(stderr, "%s says nothing about '%s'\n", name, property);
                check_manual(unused, page, name);
            }
        } else if (json_is_object(value)) {
            check_manual(value, page, name);
        }
        json_array_foreach(value, i, item) if (json_is_object(item)) check_manual(item, page, name);
    }
}

static void
check_page(const char *folder, const char *file, const char *name)
{
    const char *srcdir = g_getenv("srcdir");
    g_autofree char *path = g_build_filename(srcdir ? srcdir : ".", "docs", name, NULL), *page = NULL;
    json_t *schema = load_schema(folder, file);
    CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &page, NULL, NULL));
    /* Font changes stand right before words. */
    g_auto(GStrv) pieces = g_regex_split_simple("\\\\f[BIPR]|\\\\~", page, 0, 0);
    g_autofree char *plain = g_strjoinv(" ", pieces);
    check_manual(schema, plain, name);
    json_decref(schema);
}

static void
test_manual(void)
{
    check_page("docs", "report.schema.json", "numasim-results.5");
    check_page("configs", "config.schema.json", "numasim-config.5");
}

bool
test_schema_register(void)
{
    CU_pSuite suite = CU_add_suite("schema", NULL, NULL);
    return suite && CU_add_test(suite, "the validator", test_validator) &&
           CU_add_test(suite, "the schemas", test_schemas_themselves) && CU_add_test(suite, "reports", test_reports) &&
           CU_add_test(suite, "damaged reports", test_damage) && CU_add_test(suite, "repeatable", test_repeatable) &&
           CU_add_test(suite, "order of keys", test_key_order) && CU_add_test(suite, "configurations", test_configs) &&
           CU_add_test(suite, "wrong configurations", test_wrong_configs) &&
           CU_add_test(suite, "the manual", test_manual);
}
