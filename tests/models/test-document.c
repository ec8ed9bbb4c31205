/* SPDX-License-Identifier: MIT */
/*
 * Goal: YAML becomes a tree with positions, and everything configuration does not use is refused where it stands.
 * Method: small documents with positions counted by hand, the whole message of each refusal, and texts at the limits.
 */
#include "test-models.h"

#include <string.h>

#include <CUnit/CUnit.h>

static NsimDocument *
parse(const char *text)
{
    return nsim_document_parse(text, strlen(text), "f", NULL);
}

static char *
refusal(const char *text, size_t length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimDocument) document = nsim_document_parse(text, length, "f", &error);
    return g_strdup(document ? "" : error->message);
}

static void
test_tree(void)
{
    g_autoptr(NsimDocument) document = parse("# comment\na: 1\n\"b\": [x, 'y z', {c: d}]\ne:\n  - |\n    line\n");
    CU_ASSERT_PTR_NOT_NULL_FATAL(document);
    CU_ASSERT_STRING_EQUAL(nsim_document_name(document), "f");
    const NsimValue *root = nsim_document_root(document);
    CU_ASSERT_EQUAL(nsim_value_kind(root), NSIM_VALUE_MAP);
    CU_ASSERT_EQUAL(nsim_value_count(root), 3);
    CU_ASSERT_STRING_EQUAL(nsim_value_key(root, 1), "b");
    CU_ASSERT_STRING_EQUAL(nsim_value_text(nsim_value_get(root, "a")), "1");
    CU_ASSERT_PTR_NULL(nsim_value_get(root, "z"));
    const NsimValue *list = nsim_value_get(root, "b");
    CU_ASSERT_EQUAL(nsim_value_kind(list), NSIM_VALUE_LIST);
    CU_ASSERT_PTR_NULL(nsim_value_text(list));
    CU_ASSERT_PTR_NULL(nsim_value_get(list, "c"));
    CU_ASSERT_STRING_EQUAL(nsim_value_text(nsim_value_item(list, 1)), "y z");
    CU_ASSERT_STRING_EQUAL(nsim_value_text(nsim_value_get(nsim_value_item(list, 2), "c")), "d");
    CU_ASSERT_STRING_EQUAL(nsim_value_text(nsim_value_item(nsim_value_get(root, "e"), 0)), "line\n");
}

static void
test_positions(void)
{
    g_autoptr(NsimDocument) document = parse("a:\n  b: [1, two]\n");
    g_autoptr(GError) error = NULL, key_error = NULL;
    const NsimValue *map = nsim_value_get(nsim_document_root(document), "a");
    CU_ASSERT_FALSE(nsim_value_error(nsim_value_item(nsim_value_get(map, "b"), 1), &error, "no %s", "good"));
    CU_ASSERT_STRING_EQUAL(error->message, "f:2:10: no good");
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_VALUE));
    CU_ASSERT_FALSE(nsim_value_key_error(map, 0, &key_error, "bad key"));
    CU_ASSERT_STRING_EQUAL(key_error->message, "f:2:3: bad key");
}

typedef struct {
    const char *text;
    const char *message;
} Refusal;

static void
test_refusals(void)
{
    static const Refusal cases[] = {
        {"", "f:1:1: empty document"},
        {"# only a comment\n", "f:2:1: empty document"},
        {"a: &x 1\n", "f:1:4: anchor \"&x\": anchors and aliases are not used here, write the value out"},
        {"a: *x\n", "f:1:4: alias \"*x\": aliases are not used here, write the value out"},
        {"a: !!int 1\n", "f:1:4: tag \"tag:yaml.org,2002:int\": tags are not used here"},
        {"a: !x [1]\n", "f:1:4: tag \"!x\": tags are not used here"},
        {"<<: {a: 1}\n", "f:1:1: merge key \"<<\" is not used here, write the keys out"},
        {"a: 1\nb: 2\na: 3\n", "f:3:1: key \"a\" given twice, first at line 1"},
        {"? [a]\n: 1\n", "f:1:3: a key must be a word, found a list"},
        {"? {a: b}\n: 1\n", "f:1:3: a key must be a word, found a map"},
        {"'': 1\n", "f:1:1: empty key"},
        {"a: 1\n---\nb: 2\n", "f:2:1: a second document begins here, one is expected"},
        {"a: \"x\\0y\"\n", "f:1:4: text with a NUL character in it"},
        {"a: [1, 2\n", "f:2:1: not YAML: did not find expected ',' or ']' while parsing a flow sequence that began at "
                       "line 1"},
        {"\ta: 1\n", "f:1:1: not YAML: found character that cannot start any token while scanning for the next token "
                     "that began at line 1"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *message = refusal(cases[i].text, strlen(cases[i].text));
        CU_ASSERT_STRING_EQUAL(message, cases[i].message);
    }
    g_autofree char *invalid = refusal("a: \xff\n", 5);
    CU_ASSERT_STRING_EQUAL(invalid, "f:1:1: not YAML: invalid leading UTF-8 octet");
}

/* Duplicates are found by an index as well as by looking, and look-ups work in large maps. */
static void
test_large_map(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (uint32_t i = 0; i < 5000; i++)
        g_string_append_printf(text, "k%u: v%u\n", i, i);
    g_autoptr(NsimDocument) document = parse(text->str);
    CU_ASSERT_PTR_NOT_NULL_FATAL(document);
    const NsimValue *root = nsim_document_root(document);
    CU_ASSERT_EQUAL(nsim_value_count(root), 5000);
    CU_ASSERT_STRING_EQUAL(nsim_value_text(nsim_value_get(root, "k4321")), "v4321");
    CU_ASSERT_STRING_EQUAL(nsim_value_key(root, 4321), "k4321");
    CU_ASSERT_PTR_NULL(nsim_value_get(root, "k5000"));
    g_string_append(text, "k7: again\n");
    g_autofree char *message = refusal(text->str, text->len);
    CU_ASSERT_STRING_EQUAL(message, "f:5001:1: key \"k7\" given twice, first at line 8");
}

static void
test_limits(void)
{
    g_autoptr(GString) deep = g_string_new(NULL), wide = g_string_new("[");
    for (uint32_t i = 0; i < NSIM_DOCUMENT_DEPTH_MAX; i++)
        g_string_append_c(deep, '[');
    g_autofree char *just = g_strdup(deep->str);
    g_string_append_c(deep, '[');
    g_autofree char *too_deep = refusal(deep->str, deep->len);
    CU_ASSERT_STRING_EQUAL(too_deep, "f:1:65: nested deeper than 64 (NSIM_DOCUMENT_DEPTH_MAX)");
    g_autofree char *not_too_deep = refusal(just, strlen(just));
    CU_ASSERT_PTR_NOT_NULL(strstr(not_too_deep, "did not find expected"));
    for (uint32_t i = 0; i < NSIM_DOCUMENT_VALUES_MAX; i++)
        g_string_append(wide, "1,");
    g_string_append_c(wide, ']');
    g_autofree char *too_many = refusal(wide->str, wide->len);
    CU_ASSERT_PTR_NOT_NULL(strstr(too_many, "more than 1048576 values in one document (NSIM_DOCUMENT_VALUES_MAX)"));
    g_autofree char *large = g_malloc0(NSIM_DOCUMENT_BYTES_MAX + 1);
    g_autofree char *too_large = refusal(large, NSIM_DOCUMENT_BYTES_MAX + 1);
    CU_ASSERT_STRING_EQUAL(too_large, "f:1:1: larger than 16 MiB (NSIM_DOCUMENT_BYTES_MAX)");
    g_autofree char *key = g_strnfill(129, 'k');
    g_autofree char *long_key = g_strdup_printf("%s: 1\n", key);
    g_autofree char *key_message = refusal(long_key, strlen(long_key));
    CU_ASSERT_STRING_EQUAL(key_message, "f:1:1: a key must be a word of at most 128 bytes");
}

static void
test_files(void)
{
    g_autoptr(GError) missing = NULL, directory = NULL, endless = NULL;
    CU_ASSERT_PTR_NULL(nsim_document_load("/nonexistent/machine.yaml", &missing));
    CU_ASSERT_TRUE(g_error_matches(missing, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_IO));
    CU_ASSERT_STRING_EQUAL(missing->message, "/nonexistent/machine.yaml: cannot be opened: No such file or directory");
    CU_ASSERT_PTR_NULL(nsim_document_load("/", &directory));
    CU_ASSERT_TRUE(g_error_matches(directory, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_IO));
    CU_ASSERT_PTR_NULL(nsim_document_load("/dev/zero", &endless));
    CU_ASSERT_TRUE(g_error_matches(endless, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_SYNTAX));
}

/* One map with every kind of value, and the message of each reader. */
static void
test_readers(void)
{
    static const char *const words[] = {"half", "full", NULL};
    g_autoptr(NsimDocument) document =
        parse("n: 7\nt: 85ns\nb: 4KiB\nr: 2GB/s\nf: 2GHz\np: 5%\ny: yes\ne: full\ns: text\nl: [1]\nv:\nbare: 85\n");
    const NsimValue *map = nsim_document_root(document);
    uint64_t value = 0;
    uint32_t word = 9;
    bool flag = false;
    const char *text = "unchanged";
    CU_ASSERT_TRUE(nsim_value_read_count(map, "n", true, 1, 7, &value, NULL) && value == 7);
    CU_ASSERT_TRUE(nsim_value_read_time(map, "t", true, &value, NULL) && value == 85000);
    CU_ASSERT_TRUE(nsim_value_read_bytes(map, "b", true, &value, NULL) && value == 4096);
    CU_ASSERT_TRUE(nsim_value_read_rate(map, "r", true, &value, NULL) && value == 2000000000);
    CU_ASSERT_TRUE(nsim_value_read_frequency(map, "f", true, &value, NULL) && value == 2000000000);
    CU_ASSERT_TRUE(nsim_value_read_ratio(map, "p", true, &value, NULL) && value == 50000);
    CU_ASSERT_TRUE(nsim_value_read_bool(map, "y", true, &flag, NULL) && flag);
    CU_ASSERT_TRUE(nsim_value_read_enum(map, "e", true, words, &word, NULL) && word == 1);
    CU_ASSERT_TRUE(nsim_value_read_text(map, "missing", false, &text, NULL));
    CU_ASSERT_STRING_EQUAL(text, "unchanged");
    CU_ASSERT_TRUE(nsim_value_read_text(map, "s", true, &text, NULL));
    CU_ASSERT_STRING_EQUAL(text, "text");
    value = 3;
    CU_ASSERT_TRUE(nsim_value_read_count(map, "missing", false, 1, 7, &value, NULL) && value == 3);

    g_autoptr(GError) e1 = NULL, e2 = NULL, e3 = NULL, e4 = NULL, e5 = NULL, e6 = NULL;
    CU_ASSERT_FALSE(nsim_value_read_count(map, "n", true, 8, 9, &value, &e1));
    CU_ASSERT_STRING_EQUAL(e1->message, "f:1:4: \"n\" must be 8 to 9, found 7");
    CU_ASSERT_FALSE(nsim_value_read_time(map, "bare", true, &value, &e2));
    CU_ASSERT_STRING_EQUAL(e2->message,
                           "f:12:7: \"bare\": \"85\" has no unit; write a time with unit ps, ns, us, ms, s, "
                           "min or h");
    CU_ASSERT_FALSE(nsim_value_read_time(map, "missing", true, &value, &e3));
    CU_ASSERT_STRING_EQUAL(e3->message, "f:1:1: key \"missing\" is missing");
    CU_ASSERT_FALSE(nsim_value_read_text(map, "l", true, &text, &e4));
    CU_ASSERT_STRING_EQUAL(e4->message, "f:10:4: \"l\" must be a single value, found a list");
    CU_ASSERT_FALSE(nsim_value_read_text(map, "v", true, &text, &e5));
    CU_ASSERT_STRING_EQUAL(e5->message, "f:11:3: \"v\" has no value");
    CU_ASSERT_FALSE(nsim_value_read_enum(map, "s", true, words, &word, &e6));
    CU_ASSERT_STRING_EQUAL(e6->message, "f:9:4: \"s\" is \"text\", must be one of: half, full");
    CU_ASSERT_EQUAL(value, 3);
    CU_ASSERT_EQUAL(word, 1);
}

static void
test_nearest(void)
{
    static const char *const words[] = {"latency", "capacity", "kind", "id", "read", NULL};
    CU_ASSERT_STRING_EQUAL(nsim_nearest_word("latencies", words), "latency");
    CU_ASSERT_STRING_EQUAL(nsim_nearest_word("capcaity", words), "capacity");
    CU_ASSERT_STRING_EQUAL(nsim_nearest_word("rea", words), "read");
    CU_ASSERT_STRING_EQUAL(nsim_nearest_word("Kind", words), "kind");
    CU_ASSERT_PTR_NULL(nsim_nearest_word("bandwidth", words));
    CU_ASSERT_PTR_NULL(nsim_nearest_word("", words));
    g_autofree char *huge = g_strnfill(100000, 'x');
    CU_ASSERT_PTR_NULL(nsim_nearest_word(huge, words));
    g_autoptr(NsimDocument) document = parse("latencyy: 1\n");
    g_autoptr(GError) error = NULL;
    CU_ASSERT_FALSE(nsim_value_check_map(nsim_document_root(document), "a node", words, &error));
    CU_ASSERT_STRING_EQUAL(error->message,
                           "f:1:1: unknown key \"latencyy\" in a node, did you mean \"latency\"? (keys: "
                           "latency, capacity, kind, id, read)");
}

/* A message neither floods nor garbles the terminal. */
static void
test_messages(void)
{
    g_autofree char *fill = g_strnfill(5000, 'x');
    g_autofree char *text = g_strdup_printf("a: \"\\e[31m%s\"\n", fill);
    g_autoptr(NsimDocument) document = parse(text);
    const NsimValue *value = nsim_value_get(nsim_document_root(document), "a");
    g_autoptr(GError) error = NULL, flood = NULL;
    g_autofree char *excerpt = nsim_value_excerpt(value);
    CU_ASSERT_EQUAL(strlen(excerpt), 64 + strlen("\"...\""));
    CU_ASSERT_FALSE(nsim_value_error(value, &error, "found %s", excerpt));
    CU_ASSERT_PTR_NULL(strchr(error->message, '\033'));
    CU_ASSERT_FALSE(nsim_value_error(value, &flood, "found %s", nsim_value_text(value)));
    CU_ASSERT_TRUE(strlen(flood->message) < 2100);
}

bool
test_document_register(void)
{
    CU_pSuite suite = CU_add_suite("document", NULL, NULL);
    return suite && CU_add_test(suite, "tree", test_tree) && CU_add_test(suite, "positions", test_positions) &&
           CU_add_test(suite, "refusals", test_refusals) && CU_add_test(suite, "large map", test_large_map) &&
           CU_add_test(suite, "limits", test_limits) && CU_add_test(suite, "files", test_files) &&
           CU_add_test(suite, "readers", test_readers) && CU_add_test(suite, "nearest word", test_nearest) &&
           CU_add_test(suite, "messages", test_messages);
}
