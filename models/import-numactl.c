/* SPDX-License-Identifier: MIT */
/*
 * The listing of `numactl --hardware` (numactl 2.0):
 *
 *     available: 2 nodes (0-1)
 *     node 0 cpus: 0 1 2 3
 *     node 0 size: 64350 MB
 *     node 0 free: 63414 MB
 *     ...
 *     node distances:
 *     node   0   1
 *       0:  10  21
 *       1:  21  10
 *
 * Its MB are MiB (it shifts by 20). Free memory is not a property of the machine and is left out, as are CPU numbers:
 * only how many there are matters.
 */
#include <models/import-private.h>

#include <stdio.h>
#include <string.h>

#define NID_MAX 1023u
#define CPUS_MAX 8192u

typedef struct {
    const char *name;
    NsimImport *import;
    uint32_t line;
    uint32_t cpu_counts[NSIM_NODES_MAX]; /* by place */
    bool seen_size[NSIM_NODES_MAX];
    GArray *columns; /* places in the order of the distance heading; NULL before it */
    uint32_t row_count;
} Reader;

static bool fail(const Reader *reader, const char *text, GError **error, const char *format, ...) G_GNUC_PRINTF(4, 5);

/* `text` is the line, which the message repeats in part; NULL at the end. */
static bool
fail(const Reader *reader, const char *text, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *valid = text ? g_utf8_make_valid(text, (gssize)strnlen(text, 60)) : g_strdup("");
    for (char *c = valid; *c; c++)
        *c = g_ascii_iscntrl(*c) ? '?' : *c;
    g_set_error(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_SYNTAX, "%s:%u:1: %s%s%s%s", reader->name, reader->line,
                message, text ? ", found \"" : "", valid, text ? "\"" : "");
    return false;
}

/* A number up to `max` at `*text`, which it advances over. */
static bool
read_number(const char **text, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;
    const char *at = *text;
    while (*at == ' ' || *at == '\t')
        at++;
    if (!g_ascii_isdigit(*at))
        return false;
    for (; g_ascii_isdigit(*at); at++) {
        value = value * 10 + (uint64_t)(*at - '0');
        if (value > max)
            return false;
    }
    *text = at;
    *ret = value;
    return true;
}

static bool
at_end(const char *text)
{
    return text[strspn(text, " \t\r")] == '\0';
}

static int64_t
find_place(const Reader *reader, uint64_t nid)
{
    const GArray *places = reader->import->places;
    for (uint32_t i = 0; i < places->len; i++) {
        if (g_array_index(places, NsimImportPlace, i).nid == nid)
            return i;
    }
    return -1;
}

/* The place numbered `nid`, made when it is new. */
static bool
get_place(Reader *reader, const char *line, uint64_t nid, uint32_t *ret, GError **error)
{
    const int64_t found = find_place(reader, nid);
    if (found >= 0) {
        *ret = (uint32_t)found;
        return true;
    }
    if (reader->import->places->len >= NSIM_NODES_MAX)
        return fail(reader, line, error, "more than %u nodes (NSIM_NODES_MAX)", NSIM_NODES_MAX);
    const NsimImportPlace place = {.nid = (uint32_t)nid};
    *ret = reader->import->places->len;
    g_array_append_val(reader->import->places, place);
    return true;
}

static bool
read_cpus(Reader *reader, const char *line, const char *text, uint32_t place, GError **error)
{
    uint64_t cpu;
    while (read_number(&text, UINT32_MAX, &cpu)) {
        if (reader->cpu_counts[place]++ >= CPUS_MAX)
            return fail(reader, line, error, "more than %u CPUs in one node", CPUS_MAX);
    }
    if (!at_end(text))
        return fail(reader, line, error, "CPU numbers are expected");
    g_array_index(reader->import->places, NsimImportPlace, place).has_cpus = reader->cpu_counts[place] > 0;
    return true;
}

static bool
read_size(Reader *reader, const char *line, const char *text, uint32_t place, GError **error)
{
    uint64_t mib;
    if (!read_number(&text, UINT32_MAX, &mib) || strncmp(text + strspn(text, " "), "MB", 2) != 0)
        return fail(reader, line, error, "a size in MB is expected");
    if (reader->seen_size[place])
        return fail(reader, line, error, "the size of this node is given twice");
    reader->seen_size[place] = true;
    g_array_index(reader->import->places, NsimImportPlace, place).bytes = mib << 20;
    return true;
}

/* "node 3 cpus: ..." and its like. */
static bool
read_node_line(Reader *reader, const char *line, GError **error)
{
    const char *text = line + strlen("node");
    uint64_t nid;
    uint32_t place = 0;
    if (!read_number(&text, NID_MAX, &nid))
        return fail(reader, line, error, "a node number up to %u is expected", NID_MAX);
    text += strspn(text, " ");
    const bool cpus = g_str_has_prefix(text, "cpus:"), size = g_str_has_prefix(text, "size:");
    if (!cpus && !size && !g_str_has_prefix(text, "free:"))
        return fail(reader, line, error, "\"cpus:\", \"size:\" or \"free:\" is expected after \"node %u\"",
                    (unsigned)nid);
    if (!get_place(reader, line, nid, &place, error))
        return false;
    text += strlen("cpus:");
    if (cpus)
        return read_cpus(reader, line, text, place, error);
    return !size || read_size(reader, line, text, place, error);
}

/* "node   0   1" above the distances. */
static bool
read_columns(Reader *reader, const char *line, GError **error)
{
    const char *text = line + strlen("node");
    uint64_t nid;
    while (read_number(&text, NID_MAX, &nid)) {
        const int64_t place = find_place(reader, nid);
        const uint32_t column = (uint32_t)place;
        if (place < 0)
            return fail(reader, line, error, "distances of node %u, which was not listed", (unsigned)nid);
        if (reader->columns->len >= reader->import->places->len)
            return fail(reader, line, error, "more columns of distances than nodes");
        g_array_append_val(reader->columns, column);
    }
    if (!at_end(text) || reader->columns->len == 0)
        return fail(reader, line, error, "a heading of node numbers is expected");
    const uint32_t places = reader->import->places->len;
    reader->import->distances = g_new(uint32_t, (size_t)places * places);
    memset(reader->import->distances, 0xff, (size_t)places * places * sizeof(uint32_t));
    return true;
}

/* "  0:  10  21" */
static bool
read_row(Reader *reader, const char *line, GError **error)
{
    const char *text = line;
    uint64_t nid, distance;
    if (!read_number(&text, NID_MAX, &nid) || *text != ':')
        return fail(reader, line, error, "a row of distances is expected");
    text++;
    const int64_t place = find_place(reader, nid);
    if (place < 0)
        return fail(reader, line, error, "distances of node %u, which was not listed", (unsigned)nid);
    for (uint32_t i = 0; i < reader->columns->len; i++) {
        if (!read_number(&text, 255, &distance))
            return fail(reader, line, error, "%u distances up to 255 are expected", reader->columns->len);
        const uint32_t column = g_array_index(reader->columns, uint32_t, i);
        reader->import->distances[(size_t)place * reader->import->places->len + column] = (uint32_t)distance;
    }
    if (!at_end(text))
        return fail(reader, line, error, "%u distances are expected", reader->columns->len);
    reader->row_count++;
    return true;
}

static bool
read_line(Reader *reader, const char *line, GError **error)
{
    if (at_end(line))
        return true;
    if (reader->columns && reader->columns->len > 0)
        return read_row(reader, line, error);
    if (reader->columns)
        return g_str_has_prefix(line, "node") ? read_columns(reader, line, error)
                                              : fail(reader, line, error, "a heading of node numbers is expected");
    if (g_str_has_prefix(line, "node distances:")) {
        reader->columns = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        return true;
    }
    if (g_str_has_prefix(line, "node "))
        return read_node_line(reader, line, error);
    if (g_str_has_prefix(line, "available:") || g_str_has_prefix(line, "No distance information available"))
        return true;
    return fail(reader, line, error, "a line of \"numactl -H\" is expected");
}

static void
collect_cpus(Reader *reader)
{
    for (uint32_t i = 0; i < reader->import->places->len; i++) {
        const NsimImportCpus cpus = {.place = i, .core_count = reader->cpu_counts[i], .logical = 1};
        if (cpus.core_count > 0)
            g_array_append_val(reader->import->cpus, cpus);
    }
}

static bool
read_all(Reader *reader, const char *text, GError **error)
{
    while (*text) {
        const size_t length = strcspn(text, "\n");
        g_autofree char *line = g_strndup(text, length);
        reader->line++;
        if (!read_line(reader, line, error))
            return false;
        text += length + (text[length] == '\n');
    }
    reader->line++;
    if (reader->import->places->len == 0)
        return fail(reader, NULL, error, "no node is listed");
    for (uint32_t i = 0; i < reader->import->places->len; i++) {
        if (!reader->seen_size[i])
            return fail(reader, NULL, error, "the size of node %u is missing",
                        g_array_index(reader->import->places, NsimImportPlace, i).nid);
    }
    if (reader->columns && reader->row_count != reader->import->places->len)
        return fail(reader, NULL, error, "%u rows of distances are expected, there are %u", reader->import->places->len,
                    reader->row_count);
    return true;
}

NsimImport *
nsim_import_numactl(const char *text, const char *name, GError **error)
{
    g_autoptr(NsimImport) import = nsim_import_new("numactl -H");
    Reader reader = {.name = name, .import = import};
    const bool good = read_all(&reader, text, error);
    if (reader.columns)
        g_array_unref(reader.columns);
    if (!good)
        return NULL;
    collect_cpus(&reader);
    return g_steal_pointer(&import);
}
