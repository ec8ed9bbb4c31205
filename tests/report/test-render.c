/* SPDX-License-Identifier: MIT */
/*
 * Goal: every renderer prints a result the same, to the byte, for ever or until someone means to change it.
 * Method: results made by hand against the files of golden/. After a change that is meant, run the test with
 * NUMASIM_UPDATE_GOLDEN=1 in the environment and look at the difference before keeping it.
 */
#include "test-report.h"

#include "cases.h"
#include "sample.h"

#include <CUnit/CUnit.h>

#include <numasim/version.h>
#include <report/render.h>

#include <stdio.h>
#include <string.h>

static char *
golden_path(const char *name, const char *extension)
{
    const char *srcdir = g_getenv("srcdir");
    g_autofree char *file = g_strdup_printf("%s.%s", name, extension);
    return g_build_filename(srcdir ? srcdir : ".", "tests", "report", "golden", file, NULL);
}

/* Goldens outlive versions. */
static char *
without_version(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "\"version\": \"" NSIM_VERSION "\"", -1);
    return g_strjoinv("\"version\": \"VERSION\"", parts);
}

static void
check_golden(const char *name, const char *extension, const char *text)
{
    g_autofree char *path = golden_path(name, extension), *expected = NULL, *found = without_version(text);
    g_autoptr(GError) error = NULL;
    if (g_getenv("NUMASIM_UPDATE_GOLDEN")) {
        CU_ASSERT_TRUE(g_file_set_contents(path, found, -1, &error));
        return;
    }
    const bool loaded = g_file_get_contents(path, &expected, NULL, &error);
    CU_ASSERT_TRUE(loaded);
    if (!loaded)
        return;
    CU_ASSERT_STRING_EQUAL(found, expected);
    if (!g_str_equal(found, expected))
        fprintf(stderr, "%s differs:\n%s\n", path, found);
}

static void
test_goldens(void)
{
    for (const ResultCase *one = result_cases; one->name; one++) {
        g_autoptr(NsimResult) result = one->make();
        for (const NsimRenderer *renderer = nsim_renderers; renderer->name; renderer++) {
            g_autofree char *text = renderer->render(result);
            check_golden(one->name, renderer->extension, text);
        }
        g_autofree char *timeline = nsim_render_timeline(result);
        g_autofree char *name = g_strconcat(one->name, "-timeline", NULL);
        check_golden(name, "csv", timeline);
    }
}

static void
test_find(void)
{
    CU_ASSERT_PTR_EQUAL(nsim_renderer_find("text"), &nsim_renderers[0]);
    CU_ASSERT_PTR_NOT_NULL(nsim_renderer_find("html"));
    CU_ASSERT_PTR_NULL(nsim_renderer_find("JSON"));
    CU_ASSERT_PTR_NULL(nsim_renderer_find(""));
}

/* Fields of a CSV line, quotes understood. */
static unsigned
count_fields(const char **position)
{
    unsigned count = 1;
    bool quoted = false;
    const char *p = *position;
    for (; *p && (quoted || *p != '\n'); p++) {
        if (*p == '"')
            quoted = !quoted;
        else if (*p == ',' && !quoted)
            count++;
    }
    *position = *p ? p + 1 : p;
    return count;
}

static void
check_rectangular(const char *csv, unsigned lines_expected)
{
    const char *position = csv;
    const unsigned columns = count_fields(&position);
    unsigned lines = 1;
    for (; *position; lines++)
        CU_ASSERT_EQUAL(count_fields(&position), columns);
    CU_ASSERT_EQUAL(lines, lines_expected);
}

static void
test_csv_shape(void)
{
    for (const ResultCase *one = result_cases; one->name; one++) {
        g_autoptr(NsimResult) result = one->make();
        g_autofree char *csv = nsim_render_csv(result), *timeline = nsim_render_timeline(result);
        unsigned rows = 0;
        for (uint32_t i = 0; i < result->run_count; i++)
            rows += result->runs[i].timeline_count;
        check_rectangular(csv, result->run_count + 1);
        check_rectangular(timeline, rows + 1);
    }
}

/* A run without an operation that another has: empty fields, not shifted ones. */
static void
test_csv_missing(void)
{
    g_autoptr(NsimResult) result = sample_new(2);
    NsimRunResult *run = &result->runs[0];
    g_free(run->operations[0].name);
    run->operations[0] = run->operations[1];
    run->operation_count = 1;
    run->vmstat_count = 0;
    g_autofree char *csv = nsim_render_csv(result);
    check_rectangular(csv, 3);
    /* The names of both runs, in the order of first appearance. */
    const char *token = strstr(csv, "operation.token.count"), *prompt = strstr(csv, "operation.prompt.count");
    CU_ASSERT(token && prompt && token < prompt);
    g_auto(GStrv) lines = g_strsplit(csv, "\n", -1);
    CU_ASSERT_TRUE(g_str_has_suffix(lines[1], ",,,,,,,,")); /* six fields of "prompt", two of vmstat */
    run->vmstat_count = 2;
}

/* A run without payers and groups that another has: zeros for the ones, empty fields for the others. */
static void
test_csv_payers(void)
{
    g_autoptr(NsimResult) result = sample_new(2);
    sample_add_migrations(result, 1);
    g_autofree char *csv = nsim_render_csv(result);
    check_rectangular(csv, 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(csv, ",payer.CPU1.charged_ns,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(csv, ",group.serving.migrated_bytes,group.serving.cpu_ns,"));
    g_auto(GStrv) lines = g_strsplit(csv, "\n", -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(lines[1], ",0,0,0,0,0,0,0,,,,,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(
        lines[2], ",6000000,2000000,8000000,18000000,1000000,1000000,4000000,204800000,4000000,4096,12345678.901,"));
}

/* Nothing of a page may come from elsewhere, and no text may become markup. */
static void
test_html_safety(void)
{
    g_autoptr(NsimResult) result = sample_new(2);
    static const char evil[] = "\"><script src=\"http://example.org/\">'</script>";
    sample_set(&result->config, evil);
    sample_set(&result->machine, evil);
    sample_set(&result->inputs[0].name, evil);
    sample_set(&result->runs[0].label, evil);
    sample_set(&result->runs[0].policy, evil);
    sample_set(&result->runs[0].bound_by, evil);
    sample_set(&result->runs[0].nodes[0].id, evil);
    sample_set(&result->runs[0].links[0].id, evil);
    sample_set(&result->runs[0].accessors[0].id, evil);
    sample_set(&result->runs[0].operations[0].name, evil);
    sample_set(&result->runs[0].vmstat[0].key, evil);
    sample_add_migrations(result, 0);
    sample_set(&result->runs[0].migration.charged[0].payer, evil);
    sample_set(&result->runs[0].groups[0].id, evil);
    result->warning_count = 1;
    result->warnings = g_new0(char *, 1);
    result->warnings[0] = g_strdup(evil);
    g_autofree char *html = nsim_render_html(result);
    CU_ASSERT_PTR_NULL(strstr(html, "<script"));
    CU_ASSERT_PTR_NULL(strstr(html, "src=\""));
    CU_ASSERT_PTR_NULL(strstr(html, "href"));
    CU_ASSERT_PTR_NULL(strstr(html, "url("));
    CU_ASSERT_PTR_NOT_NULL(strstr(html, "&lt;script src=&quot;"));
}

/* The chart sums long timelines in groups instead of drawing every row. */
static void
test_html_chart(void)
{
    g_autoptr(NsimResult) result = sample_new(1);
    sample_add_timeline(result, 5000);
    g_autofree char *html = nsim_render_html(result);
    const char *points = strstr(html, "points=\"");
    CU_ASSERT_PTR_NOT_NULL_FATAL(points);
    g_autofree char *list = g_strndup(points + 8, strcspn(points + 8, "\""));
    g_auto(GStrv) pairs = g_strsplit(list, " ", -1);
    CU_ASSERT_EQUAL(g_strv_length(pairs), 360);
    CU_ASSERT_TRUE(g_str_has_prefix(pairs[0], "0,"));
    CU_ASSERT_TRUE(g_str_has_prefix(pairs[359], "720,"));
    CU_ASSERT_PTR_NULL(strstr(html, "bytes moved"));
    sample_add_migrations(result, 0);
    g_autofree char *moving = nsim_render_html(result);
    CU_ASSERT_PTR_NOT_NULL(strstr(moving, "<title>bytes moved</title>"));
}

bool
test_render_register(void)
{
    CU_pSuite suite = CU_add_suite("render", NULL, NULL);
    return suite && CU_add_test(suite, "goldens", test_goldens) && CU_add_test(suite, "find", test_find) &&
           CU_add_test(suite, "shape of CSV", test_csv_shape) &&
           CU_add_test(suite, "CSV with gaps", test_csv_missing) &&
           CU_add_test(suite, "CSV of payers", test_csv_payers) &&
           CU_add_test(suite, "HTML is closed", test_html_safety) && CU_add_test(suite, "HTML chart", test_html_chart);
}
