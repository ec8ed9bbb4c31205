/* SPDX-License-Identifier: MIT */
/*
 * CSV traces of requests to a cache, as libCacheSim reads them (cacheMon/libCacheSim, doc/quickstart_cachesim.md,
 * version 0.3; data/trace.csv): a row names a time in seconds, an object, its bytes and an operation. Which columns
 * these are comes from --columns, in libCacheSim's own words,
 *
 *     time-col=2, obj-id-col=5, obj-size-col=4, op-col=3, obj-id-is-num=true, delimiter=,, has-header=true
 *
 * or in those of csv.c with object=COLUMN, or from usual names in the first line. A request is an access of all of its
 * object. Objects get places one behind the other (objects.h); with object=COLUMN:sector, page, line or a number of
 * bytes the object's number times that is its address, which is right for block traces. Writes are set, add, replace
 * and their like, write, and SCSI's 2a, 8a and aa; everything else reads. All requests of one time come one gap apart;
 * with a gap of the user's (--gap) it is the whole clock. Left out: time to live, tenants.
 */
#include <traces/import/columns.h>
#include <traces/import/formats.h>
#include <traces/import/objects.h>

#define PS_PER_S UINT64_C(1000000000000)
#define OBJECT_BYTES_MAX (UINT64_C(1) << 30)
/* Where the objects of the first input are. */
#define PLACES_BASE NSIM_OBJECTS_BYTES_MAX

typedef struct {
    NsimImport *import;
    NsimInput *input;
    NsimColumns columns;
    NsimObjects *objects; /* NULL: addresses are numbers times the unit */
    bool begun, timed;
    uint32_t thread;
    uint64_t gap_16ths;
    char op[16]; /* of the last row */
    size_t op_length;
    bool is_write;
    uint64_t time_16ths, now_16ths; /* of the last row; of the clock, which may be ahead of it */
} Reader;

static NsimMatch
probe(const uint8_t *head, size_t bytes)
{
    return nsim_columns_probe(head, bytes, NSIM_COLUMN_OBJECT) ? NSIM_MATCH_SURE : NSIM_MATCH_POSSIBLE;
}

/* ---- libCacheSim's words --------------------------------------------------------------------------------------- */

static bool
is_yes(const char *value)
{
    return strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
}

/* One KEY=VALUE in csv.c's words, appended; NULL: there is none, which is no fault. */
static bool
translate_item(const char *key, const char *value, GString *ret)
{
    static const struct {
        const char *key, *ours;
    } keys[] = {{"time-col", "time"}, {"obj-id-col", "object"}, {"obj-size-col", "bytes"}, {"op-col", "op"}};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (strcmp(key, keys[i].key) == 0) {
            g_string_append_printf(ret, "%s%s=%s", ret->len > 0 ? "," : "", keys[i].ours, value);
            return true;
        }
    }
    if (strcmp(key, "has-header") == 0)
        g_string_append_printf(ret, "%sheader=%s", ret->len > 0 ? "," : "", is_yes(value) ? "yes" : "no");
    else if (strcmp(key, "delimiter") == 0)
        g_string_append_printf(ret, "%sseparator=%s", ret->len > 0 ? "," : "",
                               value[0] == '\0'            ? "comma"
                               : strcmp(value, "\\t") == 0 ? "tab"
                                                           : value);
    else
        return strcmp(key, "obj-id-is-num") == 0;
    return true;
}

/* NULL with `ret_problem`. */
static char *
translate(const char *text, char **ret_problem)
{
    g_auto(GStrv) items = g_strsplit(text, ",", -1);
    g_autoptr(GString) ours = g_string_new(NULL);
    for (char **item = items; *item != NULL; item++) {
        g_strstrip(*item);
        char *equals = strchr(*item, '=');
        if ((*item)[0] == '\0') /* what is left of "delimiter=,," */
            continue;
        if (equals != NULL)
            *equals = '\0';
        if (equals == NULL || !translate_item(*item, equals + 1, ours)) {
            *ret_problem =
                g_strdup_printf("'%s' (time-col, obj-id-col, obj-size-col, op-col, obj-id-is-num, delimiter, "
                                "has-header)",
                                *item);
            return NULL;
        }
    }
    return g_string_free(g_steal_pointer(&ours), FALSE);
}

static bool
read_columns(NsimColumns *columns, const char *text, char **ret_problem)
{
    g_autofree char *ours = strstr(text, "-col") != NULL ? translate(text, ret_problem) : g_strdup(text);
    return ours != NULL && nsim_columns_parse(columns, ours, ret_problem);
}

/* ---- Rows ------------------------------------------------------------------------------------------------------ */

static bool
begin(void *context, const char *line, size_t length, bool *ret_is_header, GError **error)
{
    Reader *reader = context;
    NsimColumns *columns = &reader->columns;
    const bool guess = nsim_import_options(reader->import)->columns == NULL;
    g_autofree char *problem = NULL;
    if (!nsim_columns_begin(columns, line, length, guess, ret_is_header, &problem))
        return nsim_import_bad_line(reader->import, reader->input, error, "%s", problem);
    if (columns->roles[NSIM_COLUMN_OBJECT].number == NSIM_COLUMN_NONE)
        return nsim_import_bad_line(reader->import, reader->input, error,
                                    "no column is the object: say which with --columns (obj-id-col=5,...)");
    if (columns->time_unit_ps == 0)
        columns->time_unit_ps = PS_PER_S;
    reader->timed = columns->roles[NSIM_COLUMN_TIME].number != NSIM_COLUMN_NONE &&
                    nsim_import_options(reader->import)->gap_ps == UINT64_MAX;
    g_autofree char *capture = g_strdup_printf(
        "libCacheSim CSV: requests for objects, %s; %s%" G_GUINT64_FORMAT " ps from request to request",
        reader->objects != NULL ? "placed one behind the other when first asked for"
                                : "whose addresses are their numbers times a unit",
        reader->timed ? "the clock is the table's, within one time " : "without times: ", reader->gap_16ths / 16);
    const NsimImportHeader header = {.unit = NSIM_GAP_PS, .capture = capture};
    reader->begun = true;
    if (!nsim_import_begin(reader->import, &header, error))
        return false;
    reader->thread = nsim_import_thread(reader->import, 0, "requests");
    return true;
}

static bool
parse_op(const NsimField *op)
{
    static const char *const words[] = {"set",  "add",   "replace", "cas", "append", "prepend", "delete", "incr",
                                        "decr", "write", "update",  "put", "w",      "2a",      "8a",     "aa"};
    for (size_t i = 0; op->length > 0 && i < G_N_ELEMENTS(words); i++)
        if ((*op->at | 0x20) == (*words[i] | 0x20) && strlen(words[i]) == op->length &&
            g_ascii_strncasecmp(op->at, words[i], op->length) == 0)
            return true;
    return false;
}

/* Rows mostly do what the row before did. */
static bool
is_write(Reader *reader, const NsimField *op)
{
    if (op->at == NULL)
        return false;
    if (op->length != reader->op_length || memcmp(op->at, reader->op, op->length) != 0) {
        reader->is_write = parse_op(op);
        reader->op_length = MIN(op->length, sizeof reader->op);
        memcpy(reader->op, op->at, reader->op_length);
        /* One that is cut is like no other. */
        reader->op_length = op->length > sizeof reader->op ? SIZE_MAX : op->length;
    }
    return reader->is_write;
}

static bool
place(Reader *reader, const NsimField *object, uint64_t bytes, uint64_t *ret_address, GError **error)
{
    const char *problem = "a number of 64 bits times the unit";
    if (reader->objects != NULL) {
        *ret_address = nsim_objects_place(reader->objects, nsim_columns_key(object), (uint32_t)bytes, &problem);
        if (*ret_address != 0)
            return true;
    } else if (nsim_columns_number(&reader->columns, object, ret_address) &&
               !__builtin_mul_overflow(*ret_address, reader->columns.address_unit, ret_address)) {
        return true;
    }
    return nsim_import_bad_line(reader->import, reader->input, error, "object '%.*s': %s",
                                NSIM_LINE_SHOWN(object->at, object->length), problem);
}

static bool
take_time(Reader *reader, const NsimField *time, GError **error)
{
    const char *at = time->at, *end = at + time->length;
    NsimInstant instant;
    uint64_t now_16ths;
    if (!nsim_text_take_instant(&at, end, reader->columns.time_unit_ps, &instant) || at != end ||
        !nsim_lines_clock_16ths(reader->import, &instant, &now_16ths))
        return nsim_import_bad_line(reader->import, reader->input, error,
                                    "time '%.*s' (a decimal number within 13 days of the first)",
                                    NSIM_LINE_SHOWN(time->at, time->length));
    if (now_16ths >= reader->now_16ths || now_16ths < reader->time_16ths) /* the latter counts as gone backward */
        nsim_import_set_clock(reader->import, reader->thread, now_16ths);
    reader->time_16ths = now_16ths;
    reader->now_16ths = MAX(reader->now_16ths, now_16ths) + reader->gap_16ths;
    return true;
}

static bool
take_row(void *context, const char *text, size_t length, GError **error)
{
    Reader *reader = context;
    NsimField fields[NSIM_COLUMN_COUNT];
    uint64_t address, bytes = 1;
    if (!nsim_columns_split(&reader->columns, text, length, fields))
        return nsim_import_bad_line(reader->import, reader->input, error, "'%.*s' has fewer than %u columns",
                                    NSIM_LINE_SHOWN(text, length), reader->columns.needed);
    const NsimField *size = &fields[NSIM_COLUMN_BYTES];
    const char *at = size->at;
    if (at != NULL && (!nsim_text_take_decimal(&at, size->at + size->length, &bytes) || at != size->at + size->length ||
                       bytes > OBJECT_BYTES_MAX))
        return nsim_import_bad_line(reader->import, reader->input, error, "object size '%.*s' (0 to 2^30 bytes)",
                                    NSIM_LINE_SHOWN(size->at, size->length));
    if (!place(reader, &fields[NSIM_COLUMN_OBJECT], bytes, &address, error) ||
        (reader->timed && !take_time(reader, &fields[NSIM_COLUMN_TIME], error)))
        return false;
    nsim_import_record(reader->import);
    nsim_import_access(reader->import, reader->thread,
                       is_write(reader, &fields[NSIM_COLUMN_OP]) ? NSIM_OP_WRITE : NSIM_OP_READ, address, bytes);
    nsim_import_advance(reader->import, reader->thread, reader->gap_16ths);
    return true;
}

static const NsimLineTable table = {.begin = begin, .take_row = take_row};

static bool
read_libcachesim_csv(NsimImport *import, NsimInput *input, GError **error)
{
    const char *specification = nsim_import_options(import)->columns;
    g_auto(NsimColumns) columns;
    g_autofree char *problem = NULL;
    nsim_columns_init(&columns);
    columns.address_unit = 0;
    if (specification != NULL && !read_columns(&columns, specification, &problem)) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT, "columns '%s': %s", specification, problem);
        return false;
    }
    const uint64_t base = PLACES_BASE + nsim_import_input_number(import) * NSIM_OBJECTS_BYTES_MAX;
    g_autoptr(NsimObjects) objects = columns.address_unit == 0 ? nsim_objects_new(base) : NULL;
    Reader reader = {.import = import,
                     .input = input,
                     .columns = columns,
                     .objects = objects,
                     .gap_16ths = nsim_lines_gap_16ths(import)};
    if (!nsim_lines_read_table(import, input, &table, &reader, error))
        return false;
    if (objects != NULL && reader.begun)
        nsim_import_region(import, "objects", base, nsim_objects_bytes(objects));
    return true;
}

const NsimTraceFormat nsim_trace_format_libcachesim_csv = {
    .name = "libcachesim-csv",
    .summary = "CSV of requests for objects, as libCacheSim reads it",
    .probe = probe,
    .read = read_libcachesim_csv,
};
