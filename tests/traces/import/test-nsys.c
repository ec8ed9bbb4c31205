/* SPDX-License-Identifier: MIT */
/*
 * Goal: faults of both sides come out in the order of time, with kernels as marks; tables that are missing, damaged or
 * not tables are told. Method: databases made by the tables' documented columns.
 */
#include "test-import-binary.h"

#include <glib/gstdio.h>
#include <sqlite3.h>

#include <CUnit/CUnit.h>

#define GPU_TABLE                                                                                                      \
    "CREATE TABLE CUDA_UM_GPU_PAGE_FAULT_EVENTS (start INTEGER NOT NULL, end INTEGER NOT NULL, globalPid INTEGER NOT " \
    "NULL, "                                                                                                           \
    "deviceId INTEGER NOT NULL, address INTEGER NOT NULL, numberOfPageFaults INTEGER NOT NULL, faultAccessType "       \
    "INTEGER);"
#define CPU_TABLE                                                                                                      \
    "CREATE TABLE CUDA_UM_CPU_PAGE_FAULT_EVENTS (start INTEGER NOT NULL, globalPid INTEGER NOT NULL, address INTEGER " \
    "NOT "                                                                                                             \
    "NULL, originalFaultPc INTEGER, CpuInstruction INTEGER, module INTEGER);"
#define OTHER_TABLES                                                                                                   \
    "CREATE TABLE StringIds (id INTEGER PRIMARY KEY, value TEXT NOT NULL);"                                            \
    "CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (start INTEGER, end INTEGER, deviceId INTEGER, shortName INTEGER);"       \
    "CREATE TABLE CUPTI_ACTIVITY_KIND_MEMCPY (start INTEGER, end INTEGER, deviceId INTEGER, copyKind INTEGER, bytes "  \
    "INTEGER);"
/* Process 77 is 77 * 2^24. Rows are not in the order of time. */
#define ROWS                                                                                                           \
    "INSERT INTO CUDA_UM_GPU_PAGE_FAULT_EVENTS VALUES (1300, 1400, 1291845632, 0, 139637976731648, 4, 2);"             \
    "INSERT INTO CUDA_UM_GPU_PAGE_FAULT_EVENTS VALUES (1200, 1250, 1291845632, 0, 139637976727680, 1, 1);"             \
    "INSERT INTO CUDA_UM_GPU_PAGE_FAULT_EVENTS VALUES (1400, 1450, 1291845632, 1, 139637976727552, 1, 3);"             \
    "INSERT INTO CUDA_UM_CPU_PAGE_FAULT_EVENTS VALUES (1000, 1291845632, 139637976727552, 1, 1, 1);"                   \
    "INSERT INTO CUDA_UM_CPU_PAGE_FAULT_EVENTS VALUES (2000, 1291845632, 139637976731648, 1, 1, 1);"                   \
    "INSERT INTO StringIds VALUES (5, 'saxpy');"                                                                       \
    "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES (1100, 1500, 0, 5);"                                                \
    "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES (1600, 1700, 0, 6);"                                                \
    "INSERT INTO CUPTI_ACTIVITY_KIND_MEMCPY VALUES (1210, 1220, 0, 11, 65536);"                                        \
    "INSERT INTO CUPTI_ACTIVITY_KIND_MEMCPY VALUES (1230, 1240, 0, 1, 4096);"

static void
make_database(const char *path, const char *statements)
{
    sqlite3 *database;
    char *problem = NULL;
    g_remove(path);
    g_assert(sqlite3_open(path, &database) == SQLITE_OK);
    /* Small pages, for a small file; no journal, so nothing waits for the disk. */
    (void)sqlite3_exec(database, "PRAGMA page_size = 512; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL,
                       NULL, NULL);
    if (sqlite3_exec(database, statements, NULL, NULL, &problem) != SQLITE_OK)
        g_error("%s", problem);
    sqlite3_close(database);
}

void
nsys_sample(const char *path)
{
    make_database(path, GPU_TABLE CPU_TABLE OTHER_TABLES ROWS);
}

static char *
import_database(const char *statements, NsimImportResult *ret_result)
{
    g_autofree char *path = scratch_path("report.sqlite");
    const char *const paths[] = {path, NULL};
    make_database(path, statements);
    char *text = import_text(&(ImportCase){0}, paths, ret_result);
    g_remove(path);
    return text;
}

static void
everything(void)
{
    NsimImportResult result;
    g_autofree char *text = import_database(GPU_TABLE CPU_TABLE OTHER_TABLES ROWS, &result);
    expect_text(text, "picoseconds\n"
                      "thread CPU of process 77\n"
                      "r 7f0000000000 x64 +0\n"
                      "r 7f0000001000 x64 +1000000\n"
                      "thread GPU 0\n"
                      "mark kernel saxpy +100000\n"
                      "r 7f0000000000 x64 +100000\n"
                      "w 7f0000001000 x64 +100000\n"
                      "mark kernel +300000\n"
                      "thread GPU 1\n"
                      "w 7f0000000000 x64 +400000\n");
    CU_ASSERT_STRING_EQUAL(result.format, "nsys");
    CU_ASSERT_EQUAL(result.record_count, 8);
    CU_ASSERT_EQUAL(result.skipped_count, 3);
    CU_ASSERT_EQUAL(result.access_count, 5);
}

static void
one_table(void)
{
    g_autofree char *text = import_database(
        CPU_TABLE "INSERT INTO CUDA_UM_CPU_PAGE_FAULT_EVENTS VALUES (9, 16777216, 4097, 1, 1, 1)", NULL);
    expect_text(text, "picoseconds\nthread CPU of process 1\nr 1000 x64 +0\n");
}

typedef struct {
    const char *statements, *message;
} Damage;

static void
damage(void)
{
    static const Damage cases[] = {
        {OTHER_TABLES,
         "error: report.sqlite: no table CUDA_UM_GPU_PAGE_FAULT_EVENTS or CUDA_UM_CPU_PAGE_FAULT_EVENTS in it: "
         "record with nsys profile --cuda-um-gpu-page-faults=true --cuda-um-cpu-page-faults=true"},
        {"CREATE VIEW CUDA_UM_CPU_PAGE_FAULT_EVENTS AS SELECT 1 AS start, 2 AS globalPid, 3 AS address",
         "error: report.sqlite: no table CUDA_UM_GPU_PAGE_FAULT_EVENTS or CUDA_UM_CPU_PAGE_FAULT_EVENTS in it: record "
         "with "
         "nsys profile --cuda-um-gpu-page-faults=true --cuda-um-cpu-page-faults=true"},
        {"CREATE TABLE CUDA_UM_CPU_PAGE_FAULT_EVENTS (start INTEGER, globalPid INTEGER)",
         "error: report.sqlite: table CUDA_UM_CPU_PAGE_FAULT_EVENTS has no column address: a schema that is not known"},
        {"CREATE TABLE CUDA_UM_CPU_PAGE_FAULT_EVENTS (start INTEGER, globalPid INTEGER, address INTEGER AS (start + "
         "1))",
         "error: report.sqlite: table CUDA_UM_CPU_PAGE_FAULT_EVENTS has no column address: a schema that is not known"},
        {CPU_TABLE "INSERT INTO CUDA_UM_CPU_PAGE_FAULT_EVENTS VALUES (9, 1, 'x', 1, 1, 1)",
         "error: report.sqlite: table CUDA_UM_CPU_PAGE_FAULT_EVENTS, row 1 by time: address is not a number (an "
         "integer)"},
        {CPU_TABLE "INSERT INTO CUDA_UM_CPU_PAGE_FAULT_EVENTS VALUES (-9, 1, 1, 1, 1, 1)",
         "error: report.sqlite: table CUDA_UM_CPU_PAGE_FAULT_EVENTS, row 1 by time: start is -9 (0 or more "
         "nanoseconds)"},
        {CPU_TABLE
         "INSERT INTO CUDA_UM_CPU_PAGE_FAULT_EVENTS VALUES (9, 1, 1, 1, 1, 1), (1152921504606856, 1, 1, 1, 1, 1)",
         "error: report.sqlite: table CUDA_UM_CPU_PAGE_FAULT_EVENTS, row 2 by time: start is 1152921504606856, the "
         "first "
         "row's is 9 (at most 13 days later)"},
        {GPU_TABLE "INSERT INTO CUDA_UM_GPU_PAGE_FAULT_EVENTS VALUES (9, 1, 1, 1, 1, 1, 5)",
         "error: report.sqlite: table CUDA_UM_GPU_PAGE_FAULT_EVENTS, row 1 by time: faultAccessType is 5 (0 unknown, 1 "
         "read, "
         "2 write, 3 atomic, 4 prefetch)"},
        {CPU_TABLE, "error: report.sqlite: no memory accesses in it, read as nsys"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = import_database(cases[i].statements, NULL);
        expect_text(text, cases[i].message);
    }
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    put_text(bytes, "no database at all, but long enough to be looked at as one, if it had the mark of one");
    g_autofree char *text = import_bytes(&(ImportCase){.from = "nsys"}, "t", bytes);
    expect_text(text, "error: t: file is not a database");
}

bool
test_nsys_register(void)
{
    CU_pSuite suite = CU_add_suite("nsys", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "everything", everything) != NULL &&
           CU_add_test(suite, "one table", one_table) != NULL && CU_add_test(suite, "damage", damage) != NULL;
}
