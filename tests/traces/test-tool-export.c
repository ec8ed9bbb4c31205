/* SPDX-License-Identifier: MIT */
/* Goal: other formats say the same. Method: what comes out is read again, in the plainest way, and compared. */
#include "test-tools.h"

#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <traces/format.h>
#include <traces/tool-export.h>

static bool
collect(const void *data, size_t bytes, void *user_data, G_GNUC_UNUSED GError **error)
{
    g_string_append_len((GString *)user_data, data, (gssize)bytes);
    return true;
}

static GString *export(NsimTrace *trace, NsimExportFormat format, uint32_t object_bytes)
{
    const NsimExportOptions options = {.format = format, .object_bytes = object_bytes, .directory = test_directory()};
    g_autoptr(GError) error = NULL;
    GString *out = g_string_new(NULL);
    CU_ASSERT_TRUE(nsim_trace_export(trace, &options, collect, out, NULL, &error));
    CU_ASSERT_PTR_NULL(error);
    return out;
}

static void
test_csv(void)
{
    const TestToolShape shape = {3, 3, 100, 30, 1, true, false};
    g_autoptr(NsimTrace) trace = test_tool_trace("csv.trace", &shape);
    g_autoptr(GString) out = export(trace, NSIM_EXPORT_CSV, 64);
    g_auto(GStrv) rows = g_strsplit(out->str, "\n", -1);
    g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(trace, UINT32_MAX, NULL, NULL);
    const NsimTraceEvent *event = NULL;
    size_t row = 1;
    uint32_t wrong = 0;
    CU_ASSERT_STRING_EQUAL(rows[0], "thread,clock_ps,op,address,bytes,flags");
    while (nsim_trace_order_next(order, &event, NULL) && event != NULL) {
        uint32_t thread;
        uint64_t clock, address, bytes;
        char op[8] = "", flags[8] = "";
        if (event->count == 0)
            continue;
        CU_ASSERT_PTR_NOT_NULL_FATAL(rows[row]);
        wrong += sscanf(rows[row++], "%" SCNu32 ",%" SCNu64 ",%7[a-z],0x%" SCNx64 ",%" SCNu64 ",%7s", &thread, &clock,
                        op, &address, &bytes, flags) < 5;
        wrong += thread != event->thread || clock != (uint64_t)event->clock * 500 / 16 || address != event->line * 64 ||
                 bytes != event->count * 64u;
        wrong += strcmp(op, event->op == NSIM_OP_READ ? "read" : event->op == NSIM_OP_WRITE ? "write" : "rfo") != 0;
        wrong += strcmp(flags, ((const char *const[]){"", "d", "p", "dp"})[event->flags]) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_STRING_EQUAL(rows[row], "");
}

static void
test_lackey(void)
{
    const TestToolShape shape = {3, 3, 100, 30, 2, true, false};
    g_autoptr(NsimTrace) trace = test_tool_trace("lackey.trace", &shape);
    g_autoptr(GString) out = export(trace, NSIM_EXPORT_LACKEY, 64);
    g_auto(GStrv) rows = g_strsplit(out->str, "\n", -1);
    g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(trace, 1, NULL, NULL);
    const NsimTraceEvent *event = NULL;
    size_t row = 0;
    uint32_t wrong = 0;
    while (nsim_trace_order_next(order, &event, NULL) && event != NULL) {
        if (event->count == 0)
            continue;
        g_autofree char *expected =
            g_strdup_printf(" %c %08" PRIx64 ",64", event->op == NSIM_OP_READ ? 'L' : 'S', event->line * 64);
        wrong += rows[row] == NULL || strcmp(rows[row], expected) != 0;
        row++;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_STRING_EQUAL(rows[row], "");
}

/* Objects of a trace in its order, and for each the number of the next request for it, found by looking. */
static void
check_oracle(NsimTrace *trace, uint32_t object_bytes)
{
    g_autoptr(GString) out = export(trace, NSIM_EXPORT_ORACLE_GENERAL, object_bytes);
    g_autoptr(GArray) objects = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(trace, object_bytes == 64 ? 1 : UINT32_MAX, NULL, NULL);
    const NsimTraceEvent *event = NULL;
    while (nsim_trace_order_next(order, &event, NULL) && event != NULL) {
        for (uint32_t i = 0; i < event->count; i++) {
            const uint64_t object = (event->line + i) * 64 / object_bytes * object_bytes;
            if (i == 0 || object != g_array_index(objects, uint64_t, objects->len - 1))
                g_array_append_val(objects, object);
        }
    }
    const uint8_t *records = (const uint8_t *)out->str;
    uint32_t wrong = 0;
    CU_ASSERT_EQUAL_FATAL(out->len, objects->len * 24);
    for (guint i = 0; i < objects->len; i++) {
        const uint64_t object = g_array_index(objects, uint64_t, i);
        uint64_t next = UINT64_MAX;
        for (guint j = i + 1; j < objects->len && next == UINT64_MAX; j++)
            next = g_array_index(objects, uint64_t, j) == object ? j + 1 : next;
        wrong += nsim_get_32(records) != 0 || nsim_get_64(records + 4) != object ||
                 nsim_get_32(records + 12) != object_bytes || nsim_get_64(records + 16) != next;
        records += 24;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(objects->len > 100);
}

static void
test_oracle(void)
{
    const TestToolShape shape = {2, 2, 100, 20, 3, false, true};
    g_autoptr(NsimTrace) trace = test_tool_trace("oracle.trace", &shape);
    check_oracle(trace, 64);
    check_oracle(trace, 4096);
    check_oracle(trace, 2 << 20);
}

/* More requests than a chunk of the temporary file; the clock passes a second. */
static void
test_long_oracle(void)
{
    enum { REQUESTS = 150000, OBJECTS = 70000 };
    g_autofree char *path = test_path("long.trace");
    g_autoptr(GError) error = NULL;
    const NsimTraceWriterOptions texts = {.gap_unit = NSIM_GAP_PS};
    NsimTraceWriter *writer = nsim_trace_writer_new(path, &texts, &error);
    nsim_trace_writer_add_thread(writer, "t");
    for (uint32_t i = 0; i < REQUESTS; i++) {
        const NsimRun run = {.line = i % OBJECTS, .count = 1, .gap = UINT64_C(1000000000000) / (REQUESTS / 3)};
        nsim_trace_writer_run(writer, 0, &run);
    }
    CU_ASSERT_TRUE(nsim_trace_writer_close(writer, &error));
    g_autoptr(NsimTrace) trace = test_tool_open(path);
    g_autoptr(GString) out = export(trace, NSIM_EXPORT_ORACLE_GENERAL, 64);
    const uint8_t *records = (const uint8_t *)out->str;
    uint32_t wrong = 0;
    CU_ASSERT_EQUAL_FATAL(out->len, REQUESTS * 24);
    for (uint32_t i = 0; i < REQUESTS; i++, records += 24)
        wrong += nsim_get_64(records + 16) != (i + OBJECTS < REQUESTS ? i + OBJECTS + 1 : UINT64_MAX);
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(nsim_get_32(records - 24), 3);
}

static bool
refuse(G_GNUC_UNUSED const void *data, G_GNUC_UNUSED size_t bytes, G_GNUC_UNUSED void *user_data, GError **error)
{
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO, "full");
    return false;
}

static void
test_errors(void)
{
    const TestToolShape shape = {1, 1, 10, 5, 4, false, true};
    g_autoptr(NsimTrace) trace = test_tool_trace("errors.trace", &shape);
    const unsigned files = test_file_count();
    for (unsigned i = 0; i < NSIM_EXPORT_FORMATS; i++) {
        const NsimExportOptions options = {(NsimExportFormat)i, 64, test_directory()};
        g_autoptr(GError) error = NULL;
        CU_ASSERT_FALSE(nsim_trace_export(trace, &options, refuse, NULL, NULL, &error));
        CU_ASSERT_STRING_EQUAL(error->message, "full");
    }
    const uint32_t sizes[] = {0, 32, 96, 4 << 20};
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        const NsimExportOptions options = {NSIM_EXPORT_ORACLE_GENERAL, sizes[i], test_directory()};
        g_autoptr(GError) error = NULL;
        CU_ASSERT_FALSE(nsim_trace_export(trace, &options, refuse, NULL, NULL, &error));
        CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT));
    }
    CU_ASSERT_EQUAL(test_file_count(), files);
}

bool
test_tool_export_register(void)
{
    CU_pSuite suite = CU_add_suite("tool-export", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "csv", test_csv) != NULL &&
           CU_add_test(suite, "lackey", test_lackey) != NULL &&
           CU_add_test(suite, "oracleGeneral", test_oracle) != NULL &&
           CU_add_test(suite, "oracleGeneral, long", test_long_oracle) != NULL &&
           CU_add_test(suite, "errors", test_errors) != NULL;
}
