/* SPDX-License-Identifier: MIT */
/*
 * Any table with a column of addresses: a row is a load or a store. Which column is what comes from --columns, a list
 * of KEY=COLUMN[:UNIT] with columns by number (from 1) or by name,
 *
 *     address=3[:UNIT]  needed; hex, dec, or else hexadecimal if it begins with 0x; page, line, sector, or a number:
 *                       in units of 4096, 64, 512 or so many bytes
 *     time=1:UNIT       ps, ns, us, ms, s or instructions; fractions allowed; without: a gap from row to row
 *     op=4[:R/W]        the two words; without the column all are loads
 *     bytes=5           1
 *     thread=2          one thread
 *     separator=        comma, semicolon, tab, space
 *     header=           yes, no
 *
 * or else from the first line, by usual names such as address, time_us, op, size, tid. Left out: quoted fields of
 * several lines.
 */
#include <traces/import/columns.h>
#include <traces/import/formats.h>

#define INSTRUCTIONS_PER_S UINT64_C(3000000000)
#define NAME_BYTES 64u

typedef struct {
    NsimImport *import;
    NsimInput *input;
    NsimColumns columns;
    uint64_t gap_16ths;
} Reader;

static NsimMatch
probe(const uint8_t *head, size_t bytes)
{
    return nsim_columns_probe(head, bytes, NSIM_COLUMN_ADDRESS) ? NSIM_MATCH_SURE : NSIM_MATCH_POSSIBLE;
}

/* ---- The first line -------------------------------------------------------------------------------------------- */

static bool
begin(void *context, const char *line, size_t length, bool *ret_is_header, GError **error)
{
    Reader *reader = context;
    NsimColumns *columns = &reader->columns;
    const bool guess = nsim_import_options(reader->import)->columns == NULL;
    g_autofree char *problem = NULL, *capture = NULL;
    if (!nsim_columns_begin(columns, line, length, guess, ret_is_header, &problem))
        return nsim_import_bad_line(reader->import, reader->input, error, "%s", problem);
    if (columns->roles[NSIM_COLUMN_ADDRESS].number == NSIM_COLUMN_NONE)
        return nsim_import_bad_line(reader->import, reader->input, error,
                                    "no column is the address: say which with --columns (address=3:hex,...)");
    const bool timed = columns->roles[NSIM_COLUMN_TIME].number != NSIM_COLUMN_NONE;
    if (timed && columns->time_unit_ps == 0 && !columns->instructions)
        return nsim_import_bad_line(
            reader->import, reader->input, error,
            "column %u is the time, in which unit is not said: say it with --columns (time=%u:us,"
            "...; allowed are ps, ns, us, ms, s and instructions)",
            columns->roles[NSIM_COLUMN_TIME].number + 1, columns->roles[NSIM_COLUMN_TIME].number + 1);
    capture = timed ? g_strdup(columns->instructions ? "a table; the clock counts instructions"
                                                     : "a table; the clock is its time")
                    : g_strdup_printf("a table without times: %" G_GUINT64_FORMAT " ps from row to row",
                                      reader->gap_16ths / 16);
    const NsimImportHeader header = {.unit = columns->instructions ? NSIM_GAP_INSTRUCTIONS : NSIM_GAP_PS,
                                     .instructions_per_s = INSTRUCTIONS_PER_S,
                                     .capture = capture};
    return nsim_import_begin(reader->import, &header, error);
}

/* ---- Rows ------------------------------------------------------------------------------------------------------ */

static bool
bad_field(Reader *reader, const char *what, const NsimField *field, const char *allowed, GError **error)
{
    return nsim_import_bad_line(reader->import, reader->input, error, "%s '%.*s' (%s)", what,
                                NSIM_LINE_SHOWN(field->at, field->length), allowed);
}

static bool
read_op(const NsimColumns *columns, const NsimField *field, NsimOp *ret)
{
    static const char *const reads[] = {"R", "READ", "L", "LD", "LOAD", "0", NULL};
    static const char *const writes[] = {"W", "WRITE", "S", "ST", "STORE", "1", NULL};
    const char *const own_reads[] = {columns->read_word, NULL}, *const own_writes[] = {columns->write_word, NULL};
    const char *const *words[] = {columns->read_word != NULL ? own_reads : reads,
                                  columns->read_word != NULL ? own_writes : writes};
    if (field->length == 1 && columns->read_word == NULL &&
        ((*field->at | 0x20) == 'r' || (*field->at | 0x20) == 'w')) {
        *ret = (*field->at | 0x20) == 'r' ? NSIM_OP_READ : NSIM_OP_WRITE; /* the usual ones, at once */
        return true;
    }
    for (unsigned i = 0; field->length > 0 && i < 2; i++) {
        for (const char *const *word = words[i]; *word != NULL; word++) {
            if ((*field->at | 0x20) == (**word | 0x20) && strlen(*word) == field->length &&
                g_ascii_strncasecmp(field->at, *word, field->length) == 0) {
                *ret = i == 0 ? NSIM_OP_READ : NSIM_OP_WRITE;
                return true;
            }
        }
    }
    return false;
}

static bool
read_time(Reader *reader, const NsimField *field, uint64_t *ret_16ths, GError **error)
{
    const char *at = field->at, *end = at + field->length;
    NsimInstant instant;
    uint64_t count;
    if (!reader->columns.instructions) {
        if (!nsim_text_take_instant(&at, end, reader->columns.time_unit_ps, &instant) || at != end)
            return bad_field(reader, "time", field, "a decimal number below 2^64 ns", error);
        return nsim_lines_clock_16ths(reader->import, &instant, ret_16ths) ||
               bad_field(reader, "time", field, "within 13 days of the first", error);
    }
    if (!nsim_text_take_decimal(&at, end, &count) || at != end)
        return bad_field(reader, "time", field, "a number of instructions", error);
    const uint64_t origin = nsim_import_origin(reader->import, count);
    count = count > origin ? count - origin : 0;
    *ret_16ths = count * 16;
    return count >> 60 == 0 || bad_field(reader, "time", field, "within 2^60 instructions of the first", error);
}

static uint32_t
thread_of(Reader *reader, const NsimField *field)
{
    char name[NAME_BYTES];
    if (field->at == NULL)
        return nsim_import_thread(reader->import, 0, "main");
    const bool number = field->length > 0 && g_ascii_isdigit(field->at[0]);
    if (!number)
        g_snprintf(name, sizeof name, "%.*s", NSIM_LINE_SHOWN(field->at, field->length));
    return nsim_import_thread(reader->import, nsim_columns_key(field), number ? NULL : name);
}

static bool
take_row(void *context, const char *text, size_t length, GError **error)
{
    Reader *reader = context;
    const NsimColumns *columns = &reader->columns;
    NsimField fields[NSIM_COLUMN_COUNT];
    uint64_t address, bytes = 1, now_16ths = 0;
    NsimOp op = NSIM_OP_READ;
    if (!nsim_columns_split(columns, text, length, fields))
        return nsim_import_bad_line(reader->import, reader->input, error, "'%.*s' has fewer than %u columns",
                                    NSIM_LINE_SHOWN(text, length), columns->needed);
    const NsimField *place = &fields[NSIM_COLUMN_ADDRESS], *size = &fields[NSIM_COLUMN_BYTES];
    if (!nsim_columns_number(columns, place, &address) ||
        __builtin_mul_overflow(address, columns->address_unit, &address))
        return bad_field(reader, "address", place,
                         columns->base == NSIM_NUMBER_HEX       ? "hexadecimal, 64 bits"
                         : columns->base == NSIM_NUMBER_DECIMAL ? "decimal, 64 bits"
                                                                : "0x and hexadecimal, or decimal, 64 bits; "
                                                                  "address=COLUMN:hex for hexadecimal without 0x",
                         error);
    if (fields[NSIM_COLUMN_OP].at != NULL && !read_op(columns, &fields[NSIM_COLUMN_OP], &op))
        return bad_field(reader, "op", &fields[NSIM_COLUMN_OP],
                         columns->read_word != NULL ? "the words of --columns"
                                                    : "R, READ, L, LD, LOAD, 0, W, WRITE, S, ST, STORE or 1",
                         error);
    if (size->at != NULL) {
        const char *at = size->at;
        if (!nsim_text_take_number(&at, size->at + size->length, &bytes) || at != size->at + size->length)
            return bad_field(reader, "bytes", size, "a number", error);
    }
    const bool timed = fields[NSIM_COLUMN_TIME].at != NULL;
    if (timed && !read_time(reader, &fields[NSIM_COLUMN_TIME], &now_16ths, error))
        return false;
    const uint32_t thread = thread_of(reader, &fields[NSIM_COLUMN_THREAD]);
    nsim_import_record(reader->import);
    if (timed)
        nsim_import_set_clock(reader->import, thread, now_16ths);
    else
        nsim_import_advance(reader->import, thread, reader->gap_16ths);
    nsim_import_access(reader->import, thread, op, address, bytes);
    return true;
}

static const NsimLineTable table = {.begin = begin, .take_row = take_row};

static bool
read_csv(NsimImport *import, NsimInput *input, GError **error)
{
    const char *specification = nsim_import_options(import)->columns;
    Reader reader = {.import = import, .input = input, .gap_16ths = nsim_lines_gap_16ths(import)};
    g_autofree char *problem = NULL;
    nsim_columns_init(&reader.columns);
    bool good = specification == NULL || nsim_columns_parse(&reader.columns, specification, &problem);
    if (!good)
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT, "columns '%s': %s", specification, problem);
    good = good && nsim_lines_read_table(import, input, &table, &reader, error);
    nsim_columns_clear(&reader.columns);
    return good;
}

static const char *const endings[] = {".csv", ".tsv", NULL};

const NsimTraceFormat nsim_trace_format_csv = {
    .name = "csv",
    .summary = "a table of accesses; columns by --columns or by their names",
    .endings = endings,
    .probe = probe,
    .read = read_csv,
};
