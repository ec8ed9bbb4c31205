/* SPDX-License-Identifier: MIT */
/*
 * Unified memory as Nsight Systems saw it: the SQLite database of `nsys export --type sqlite` (NVIDIA, "Nsight Systems
 * User Guide" 2024.6, SQLite schema reference; access types from CUPTI's CUpti_ActivityUnifiedMemoryAccessType).
 * Tables:
 *
 *     CUDA_UM_GPU_PAGE_FAULT_EVENTS  start, deviceId, address, faultAccessType: an access to the page by thread "GPU N"
 *     CUDA_UM_CPU_PAGE_FAULT_EVENTS  start, globalPid, address: a read of the page by thread "CPU of process N"
 *     CUPTI_ACTIVITY_KIND_KERNEL     start, deviceId, shortName: a mark "kernel NAME" in the GPU's thread
 *     CUPTI_ACTIVITY_KIND_MEMCPY     start, copyKind 11 to 13: migrations, which are counted as records without an
 * access StringIds                      id, value: names of kernels
 *
 * At least one of the first two must be there. Rows are taken in the order of time, in nanoseconds. A fault is what the
 * hardware tells of a page that was used: uses of pages that are present do not show, a CPU fault does not tell reads
 * from writes, and how often a page faulted in a group is left out. So are names that are not text, and all other
 * tables.
 */
#include <traces/import/formats.h>

#include <sqlite3.h>

#define PAGE_BYTES 4096u
#define NS_16THS UINT64_C(16000)
#define GO_ON_ROWS 16384u
#define COLUMNS_MAX 5
/* No row of a sound database has more. */
#define VALUE_BYTES_MAX (1 << 20)
/* Not the number of any process. */
#define GPU_KEY (UINT64_C(1) << 32)

enum { ACCESS_UNKNOWN = 0, ACCESS_READ = 1, ACCESS_WRITE = 2, ACCESS_ATOMIC = 3, ACCESS_PREFETCH = 4 };

/* The first column of each is the time. */
typedef struct {
    const char *table;
    const char *columns[COLUMNS_MAX];
    const char *query;
} Source;

enum { SOURCE_GPU, SOURCE_CPU, SOURCE_KERNEL, SOURCE_MIGRATION, SOURCE_COUNT };

static const Source sources[SOURCE_COUNT] = {
    [SOURCE_GPU] = {"CUDA_UM_GPU_PAGE_FAULT_EVENTS",
                    {"start", "deviceId", "address", "faultAccessType"},
                    "SELECT start, deviceId, address, faultAccessType FROM CUDA_UM_GPU_PAGE_FAULT_EVENTS "
                    "ORDER BY start, rowid"},
    [SOURCE_CPU] = {"CUDA_UM_CPU_PAGE_FAULT_EVENTS",
                    {"start", "globalPid", "address"},
                    "SELECT start, globalPid, address FROM CUDA_UM_CPU_PAGE_FAULT_EVENTS ORDER BY start, rowid"},
    [SOURCE_KERNEL] = {"CUPTI_ACTIVITY_KIND_KERNEL",
                       {"start", "deviceId", "shortName"},
                       "SELECT start, deviceId, shortName FROM CUPTI_ACTIVITY_KIND_KERNEL ORDER BY start, rowid"},
    [SOURCE_MIGRATION] = {"CUPTI_ACTIVITY_KIND_MEMCPY",
                          {"start", "copyKind"},
                          "SELECT start, copyKind FROM CUPTI_ACTIVITY_KIND_MEMCPY WHERE copyKind BETWEEN 11 AND 13 "
                          "ORDER BY start, rowid"},
};

typedef struct {
    NsimImport *import;
    sqlite3 *database;
    sqlite3_stmt *rows[SOURCE_COUNT]; /* NULL: there is no such table, or it is through */
    uint64_t row_number[SOURCE_COUNT];
    int64_t start_ns[SOURCE_COUNT]; /* of the present rows */
    sqlite3_stmt *name;             /* NULL: there is no StringIds */
    uint64_t origin_ns;
} Reader;

static bool
failed(const Reader *reader, GError **error)
{
    const int code = sqlite3_errcode(reader->database);
    const bool damaged =
        code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR || code == SQLITE_TOOBIG;
    g_set_error(error, NSIM_TRACE_ERROR, damaged ? NSIM_TRACE_ERROR_CORRUPT : NSIM_TRACE_ERROR_IO, "%s: %s",
                nsim_import_path(reader->import), sqlite3_errmsg(reader->database));
    return false;
}

static bool
bad_row(const Reader *reader, unsigned source, GError **error, const char *what, const char *allowed)
{
    return nsim_import_bad(reader->import, NULL, error, "table %s, row %" G_GUINT64_FORMAT " by time: %s (%s)",
                           sources[source].table, reader->row_number[source], what, allowed);
}

/* ---- Rows ------------------------------------------------------------------------------------------------------ */

/* A number from the present row. False with `error`: it is none. */
static bool
number_at(const Reader *reader, unsigned source, int column, uint64_t *ret_number, GError **error)
{
    sqlite3_stmt *row = reader->rows[source];
    if (sqlite3_column_type(row, column) != SQLITE_INTEGER) {
        g_autofree char *what = g_strdup_printf("%s is not a number", sources[source].columns[column]);
        return bad_row(reader, source, error, what, "an integer");
    }
    *ret_number = (uint64_t)sqlite3_column_int64(row, column);
    return true;
}

/* To the next row of a table. */
static bool
step(Reader *reader, unsigned source, GError **error)
{
    uint64_t start;
    const int result = sqlite3_step(reader->rows[source]);
    if (result == SQLITE_DONE) {
        sqlite3_finalize(g_steal_pointer(&reader->rows[source]));
        return true;
    }
    if (result != SQLITE_ROW)
        return failed(reader, error);
    reader->row_number[source]++;
    if (!number_at(reader, source, 0, &start, error))
        return false;
    reader->start_ns[source] = (int64_t)start;
    if (reader->start_ns[source] >= 0)
        return true;
    g_autofree char *what = g_strdup_printf("start is %" G_GINT64_FORMAT, reader->start_ns[source]);
    return bad_row(reader, source, error, what, "0 or more nanoseconds");
}

static bool
set_clock(Reader *reader, unsigned source, uint32_t thread, GError **error)
{
    uint64_t now_16ths;
    const uint64_t since_ns = (uint64_t)reader->start_ns[source] - reader->origin_ns;
    if (__builtin_mul_overflow(since_ns, NS_16THS, &now_16ths)) {
        g_autofree char *what = g_strdup_printf("start is %" G_GINT64_FORMAT ", the first row's is %" G_GUINT64_FORMAT,
                                                reader->start_ns[source], reader->origin_ns);
        return bad_row(reader, source, error, what, "at most 13 days later");
    }
    nsim_import_set_clock(reader->import, thread, now_16ths);
    return true;
}

static uint32_t
gpu_thread(NsimImport *import, uint64_t device)
{
    char name[32];
    g_snprintf(name, sizeof name, "GPU %" G_GUINT64_FORMAT, device);
    return nsim_import_thread(import, GPU_KEY + device, name);
}

static bool
read_gpu_fault(Reader *reader, GError **error)
{
    uint64_t device, address, type;
    if (!number_at(reader, SOURCE_GPU, 1, &device, error) || !number_at(reader, SOURCE_GPU, 2, &address, error) ||
        !number_at(reader, SOURCE_GPU, 3, &type, error))
        return false;
    if (type > ACCESS_PREFETCH) {
        g_autofree char *what = g_strdup_printf("faultAccessType is %" G_GINT64_FORMAT, (int64_t)type);
        return bad_row(reader, SOURCE_GPU, error, what, "0 unknown, 1 read, 2 write, 3 atomic, 4 prefetch");
    }
    const uint32_t thread = gpu_thread(reader->import, device);
    const NsimOp op = type == ACCESS_WRITE || type == ACCESS_ATOMIC ? NSIM_OP_WRITE : NSIM_OP_READ;
    nsim_import_record(reader->import);
    if (!set_clock(reader, SOURCE_GPU, thread, error))
        return false;
    nsim_import_access(reader->import, thread, op, address & ~(uint64_t)(PAGE_BYTES - 1), PAGE_BYTES);
    return true;
}

static bool
read_cpu_fault(Reader *reader, GError **error)
{
    uint64_t global, address;
    char name[40];
    if (!number_at(reader, SOURCE_CPU, 1, &global, error) || !number_at(reader, SOURCE_CPU, 2, &address, error))
        return false;
    /* A global number has the process in bits 24 to 47. */
    const uint64_t process = global >> 24 & 0xffffff;
    g_snprintf(name, sizeof name, "CPU of process %" G_GUINT64_FORMAT, process);
    const uint32_t thread = nsim_import_thread(reader->import, process, name);
    nsim_import_record(reader->import);
    if (!set_clock(reader, SOURCE_CPU, thread, error))
        return false;
    nsim_import_access(reader->import, thread, NSIM_OP_READ, address & ~(uint64_t)(PAGE_BYTES - 1), PAGE_BYTES);
    return true;
}

/* The kernel's mark. Its name is looked up in StringIds. */
static bool
read_kernel(Reader *reader, GError **error)
{
    uint64_t device, id;
    g_autofree char *mark = NULL;
    if (!number_at(reader, SOURCE_KERNEL, 1, &device, error) || !number_at(reader, SOURCE_KERNEL, 2, &id, error))
        return false;
    if (reader->name != NULL) {
        sqlite3_bind_int64(reader->name, 1, (int64_t)id);
        if (sqlite3_step(reader->name) == SQLITE_ROW && sqlite3_column_type(reader->name, 0) == SQLITE_TEXT)
            mark = g_strdup_printf("kernel %.200s", (const char *)sqlite3_column_text(reader->name, 0));
        sqlite3_reset(reader->name);
    }
    const uint32_t thread = gpu_thread(reader->import, device);
    nsim_import_skip(reader->import);
    if (!set_clock(reader, SOURCE_KERNEL, thread, error))
        return false;
    nsim_import_mark(reader->import, thread, mark != NULL ? mark : "kernel");
    return true;
}

static bool
read_row(Reader *reader, unsigned source, GError **error)
{
    switch (source) {
    case SOURCE_GPU:
        return read_gpu_fault(reader, error);
    case SOURCE_CPU:
        return read_cpu_fault(reader, error);
    case SOURCE_KERNEL:
        return read_kernel(reader, error);
    default:
        nsim_import_skip(reader->import);
        return true;
    }
}

/* The table with the earliest row, or SOURCE_COUNT. */
static unsigned
earliest(const Reader *reader)
{
    unsigned found = SOURCE_COUNT;
    for (unsigned i = 0; i < SOURCE_COUNT; i++)
        if (reader->rows[i] != NULL && (found == SOURCE_COUNT || reader->start_ns[i] < reader->start_ns[found]))
            found = i;
    return found;
}

static bool
read_rows(Reader *reader, GError **error)
{
    uint64_t done = 0;
    for (unsigned i = 0; i < SOURCE_COUNT; i++)
        if (reader->rows[i] != NULL && !step(reader, i, error))
            return false;
    unsigned source = earliest(reader);
    if (source != SOURCE_COUNT)
        reader->origin_ns = (uint64_t)reader->start_ns[source];
    for (; source != SOURCE_COUNT; source = earliest(reader)) {
        if (!read_row(reader, source, error) || !step(reader, source, error))
            return false;
        if (++done % GO_ON_ROWS == 0 && !nsim_import_go_on(reader->import, NULL, error))
            return false;
    }
    return true;
}

/* ---- Tables ---------------------------------------------------------------------------------------------------- */

/* Is this an ordinary table? Views and virtual tables could make sqlite compute whatever they say. */
static bool
has_table(const Reader *reader, const char *table, bool *ret_has, GError **error)
{
    sqlite3_stmt *query;
    *ret_has = false;
    if (sqlite3_prepare_v2(reader->database,
                           "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1 AND rootpage > 0", -1,
                           &query, NULL) != SQLITE_OK)
        return failed(reader, error);
    sqlite3_bind_text(query, 1, table, -1, SQLITE_STATIC);
    const int result = sqlite3_step(query);
    *ret_has = result == SQLITE_ROW;
    const bool good = result == SQLITE_ROW || result == SQLITE_DONE || failed(reader, error);
    sqlite3_finalize(query);
    return good;
}

/* Without it sqlite would only say that there is no such column. Generated columns are refused like views. */
static bool
check_columns(const Reader *reader, unsigned source, GError **error)
{
    for (int i = 0; i < COLUMNS_MAX && sources[source].columns[i] != NULL; i++) {
        sqlite3_stmt *query;
        if (sqlite3_prepare_v2(reader->database, "SELECT 1 FROM pragma_table_xinfo(?1) WHERE name = ?2 AND hidden = 0",
                               -1, &query, NULL) != SQLITE_OK)
            return failed(reader, error);
        sqlite3_bind_text(query, 1, sources[source].table, -1, SQLITE_STATIC);
        sqlite3_bind_text(query, 2, sources[source].columns[i], -1, SQLITE_STATIC);
        const int result = sqlite3_step(query);
        sqlite3_finalize(query);
        if (result == SQLITE_DONE)
            return nsim_import_bad(reader->import, NULL, error, "table %s has no column %s: a schema that is not known",
                                   sources[source].table, sources[source].columns[i]);
        if (result != SQLITE_ROW)
            return failed(reader, error);
    }
    return true;
}

static bool
open_tables(Reader *reader, GError **error)
{
    bool has_strings;
    for (unsigned i = 0; i < SOURCE_COUNT; i++) {
        bool has;
        if (!has_table(reader, sources[i].table, &has, error))
            return false;
        if (!has)
            continue;
        if (!check_columns(reader, i, error))
            return false;
        if (sqlite3_prepare_v2(reader->database, sources[i].query, -1, &reader->rows[i], NULL) != SQLITE_OK)
            return failed(reader, error);
    }
    if (reader->rows[SOURCE_GPU] == NULL && reader->rows[SOURCE_CPU] == NULL)
        return nsim_import_bad(reader->import, NULL, error,
                               "no table %s or %s in it: record with nsys profile --cuda-um-gpu-page-faults=true "
                               "--cuda-um-cpu-page-faults=true",
                               sources[SOURCE_GPU].table, sources[SOURCE_CPU].table);
    if (!has_table(reader, "StringIds", &has_strings, error))
        return false;
    if (has_strings && sqlite3_prepare_v2(reader->database, "SELECT value FROM StringIds WHERE id = ?1", -1,
                                          &reader->name, NULL) != SQLITE_OK)
        return failed(reader, error);
    return true;
}

static bool
read_database(Reader *reader, GError **error)
{
    static const NsimImportHeader header = {.unit = NSIM_GAP_PS,
                                            .capture =
                                                "Nsight Systems: page faults of unified memory, each an access to "
                                                "all of its page of 4 KiB; the clock is the recording's"};
    /* As a file that nobody changes: no lock, no journal, nothing is made beside it. */
    g_autofree char *full = g_canonicalize_filename(nsim_import_path(reader->import), NULL);
    g_autofree char *plain = g_filename_to_uri(full, NULL, NULL);
    g_autofree char *uri = g_strconcat(plain, "?immutable=1", NULL);
    if (sqlite3_open_v2(uri, &reader->database, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) != SQLITE_OK)
        return failed(reader, error);
    sqlite3_limit(reader->database, SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX);
    sqlite3_db_config(reader->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(reader->database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return open_tables(reader, error) && nsim_import_begin(reader->import, &header, error) && read_rows(reader, error);
}

static bool
read_nsys(NsimImport *import, NsimInput *none, GError **error)
{
    Reader reader = {.import = import};
    (void)none;
    const bool good = read_database(&reader, error);
    for (unsigned i = 0; i < SOURCE_COUNT; i++)
        sqlite3_finalize(reader.rows[i]);
    sqlite3_finalize(reader.name);
    sqlite3_close(reader.database);
    return good;
}

/* Nothing else that is imported is a database. */
static NsimMatch
probe(const uint8_t *head, size_t bytes)
{
    static const char magic[16] = "SQLite format 3";
    return bytes >= sizeof magic && memcmp(head, magic, sizeof magic) == 0 ? NSIM_MATCH_SURE : NSIM_MATCH_NO;
}

const NsimTraceFormat nsim_trace_format_nsys = {
    .name = "nsys",
    .summary = "Nsight Systems: unified-memory page faults in the SQLite export",
    .probe = probe,
    .read = read_nsys,
    .by_path = true,
};
