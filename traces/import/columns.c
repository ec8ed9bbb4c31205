/* SPDX-License-Identifier: MIT */
/* Which column of a table is what, and the fields of a row: see columns.h. */
#include <traces/import/columns.h>

#define PS_PER_S UINT64_C(1000000000000)
#define PROBE_ROWS 1000u

static const char *const role_names[NSIM_COLUMN_COUNT] = {"time", "address", "object", "op", "bytes", "thread"};

static const struct {
    const char *name;
    uint64_t ps;
} time_units[] = {{"ps", 1}, {"ns", 1000}, {"us", 1000000}, {"ms", UINT64_C(1000000000)}, {"s", PS_PER_S}};

/* Names of columns that are usual, in lower case, with '_' for any other character than letters and digits. */
static const struct {
    NsimColumnRole role;
    const char *name;
} usual_names[] = {{NSIM_COLUMN_TIME, "time"},
                   {NSIM_COLUMN_TIME, "timestamp"},
                   {NSIM_COLUMN_TIME, "ts"},
                   {NSIM_COLUMN_TIME, "clock_time"},
                   {NSIM_COLUMN_TIME, "real_time"},
                   {NSIM_COLUMN_ADDRESS, "address"},
                   {NSIM_COLUMN_ADDRESS, "addr"},
                   {NSIM_COLUMN_ADDRESS, "vaddr"},
                   {NSIM_COLUMN_ADDRESS, "paddr"},
                   {NSIM_COLUMN_ADDRESS, "virtual_address"},
                   {NSIM_COLUMN_ADDRESS, "physical_address"},
                   {NSIM_COLUMN_OBJECT, "obj_id"},
                   {NSIM_COLUMN_OBJECT, "objid"},
                   {NSIM_COLUMN_OBJECT, "object_id"},
                   {NSIM_COLUMN_OBJECT, "object"},
                   {NSIM_COLUMN_OBJECT, "id"},
                   {NSIM_COLUMN_OBJECT, "key"},
                   {NSIM_COLUMN_OBJECT, "lbn"},
                   {NSIM_COLUMN_OBJECT, "lba"},
                   {NSIM_COLUMN_OBJECT, "block_id"},
                   {NSIM_COLUMN_OP, "op"},
                   {NSIM_COLUMN_OP, "operation"},
                   {NSIM_COLUMN_OP, "type"},
                   {NSIM_COLUMN_OP, "rw"},
                   {NSIM_COLUMN_OP, "r_w"},
                   {NSIM_COLUMN_OP, "access"},
                   {NSIM_COLUMN_BYTES, "bytes"},
                   {NSIM_COLUMN_BYTES, "size"},
                   {NSIM_COLUMN_BYTES, "length"},
                   {NSIM_COLUMN_BYTES, "obj_size"},
                   {NSIM_COLUMN_BYTES, "object_size"},
                   {NSIM_COLUMN_THREAD, "thread"},
                   {NSIM_COLUMN_THREAD, "tid"},
                   {NSIM_COLUMN_THREAD, "core"},
                   {NSIM_COLUMN_THREAD, "cpu"},
                   {NSIM_COLUMN_THREAD, "thread_id"}};

void
nsim_columns_init(NsimColumns *columns)
{
    memset(columns, 0, sizeof *columns);
    columns->header = -1;
    columns->address_unit = 1;
    for (unsigned i = 0; i < NSIM_COLUMN_COUNT; i++)
        columns->roles[i].number = NSIM_COLUMN_NONE;
    memset(columns->role_of, -1, sizeof columns->role_of);
}

void
nsim_columns_clear(NsimColumns *columns)
{
    for (unsigned i = 0; i < NSIM_COLUMN_COUNT; i++)
        g_clear_pointer(&columns->roles[i].name, g_free);
    g_clear_pointer(&columns->read_word, g_free);
    g_clear_pointer(&columns->write_word, g_free);
}

/* ---- The specification ----------------------------------------------------------------------------------------- */

static bool
parse_time_unit(NsimColumns *columns, const char *text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(time_units); i++) {
        if (strcmp(text, time_units[i].name) == 0) {
            columns->time_unit_ps = time_units[i].ps;
            return true;
        }
    }
    columns->instructions = strcmp(text, "instructions") == 0;
    return columns->instructions;
}

static bool
parse_address_unit(NsimColumns *columns, const char *text)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {{"page", 4096}, {"line", 64}, {"sector", 512}};
    guint64 bytes;
    if (strcmp(text, "hex") == 0 || strcmp(text, "dec") == 0) {
        columns->base = text[0] == 'h' ? NSIM_NUMBER_HEX : NSIM_NUMBER_DECIMAL;
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (strcmp(text, units[i].name) == 0) {
            columns->address_unit = units[i].bytes;
            return true;
        }
    }
    if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &bytes, NULL))
        return false;
    columns->address_unit = bytes;
    return true;
}

static bool
parse_words(NsimColumns *columns, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, "/", 3);
    if (g_strv_length(words) != 2 || words[0][0] == '\0' || words[1][0] == '\0')
        return false;
    g_free(columns->read_word);
    g_free(columns->write_word);
    columns->read_word = g_strdup(words[0]);
    columns->write_word = g_strdup(words[1]);
    return true;
}

static char *
parse_unit(NsimColumns *columns, NsimColumnRole role, const char *unit)
{
    switch (role) {
    case NSIM_COLUMN_TIME:
        return parse_time_unit(columns, unit)
                   ? NULL
                   : g_strdup_printf("unit '%s' of the time (ps, ns, us, ms, s or instructions)", unit);
    case NSIM_COLUMN_ADDRESS:
    case NSIM_COLUMN_OBJECT:
        return parse_address_unit(columns, unit)
                   ? NULL
                   : g_strdup_printf("unit '%s' of the address (hex, dec, page, line, sector or a number of bytes)",
                                     unit);
    case NSIM_COLUMN_OP:
        return parse_words(columns, unit) ? NULL : g_strdup_printf("words '%s' of the op (READ/WRITE)", unit);
    case NSIM_COLUMN_BYTES:
    case NSIM_COLUMN_THREAD:
    case NSIM_COLUMN_COUNT:
        break;
    }
    return g_strdup_printf("unit '%s': only time, address and op have one", unit);
}

static char *
set_role(NsimColumns *columns, NsimColumnRole role, char *value)
{
    guint64 number;
    char *colon = strchr(value, ':');
    if (columns->roles[role].number != NSIM_COLUMN_NONE || columns->roles[role].name != NULL)
        return g_strdup_printf("'%s' is given twice", role_names[role]);
    if (colon != NULL)
        *colon = '\0';
    if (value[0] == '\0')
        return g_strdup_printf("'%s' has no column", role_names[role]);
    if (g_ascii_isdigit(value[0])) {
        if (!g_ascii_string_to_unsigned(value, 10, 1, NSIM_COLUMNS_MAX, &number, NULL))
            return g_strdup_printf("column '%s' (1 to %u, or a name in the first line)", value, NSIM_COLUMNS_MAX);
        columns->roles[role].number = (uint32_t)number - 1;
    } else {
        columns->roles[role].name = g_strdup(value);
    }
    return colon != NULL ? parse_unit(columns, role, colon + 1) : NULL;
}

static char *
set_separator(NsimColumns *columns, const char *value)
{
    static const struct {
        const char *name;
        char separator;
    } separators[] = {{"comma", ','}, {"semicolon", ';'}, {";", ';'}, {"tab", '\t'}, {"space", ' '}};
    for (size_t i = 0; i < G_N_ELEMENTS(separators); i++) {
        if (strcmp(value, separators[i].name) == 0) {
            columns->separator = separators[i].separator;
            return NULL;
        }
    }
    return g_strdup_printf("separator '%s' (comma, semicolon, tab or space)", value);
}

static char *
set_item(NsimColumns *columns, const char *key, char *value)
{
    if (strcmp(key, "separator") == 0)
        return set_separator(columns, value);
    if (strcmp(key, "header") == 0) {
        columns->header = strcmp(value, "yes") == 0 ? 1 : 0;
        return columns->header == 1 || strcmp(value, "no") == 0 ? NULL
                                                                : g_strdup_printf("header '%s' (yes or no)", value);
    }
    for (unsigned role = 0; role < NSIM_COLUMN_COUNT; role++)
        if (strcmp(key, role_names[role]) == 0)
            return set_role(columns, (NsimColumnRole)role, value);
    return g_strdup_printf("'%s' (time, address, object, op, bytes, thread, separator or header)", key);
}

bool
nsim_columns_parse(NsimColumns *columns, const char *text, char **ret_problem)
{
    g_auto(GStrv) items = g_strsplit(text, ",", -1);
    for (char **item = items; *item != NULL; item++) {
        g_strstrip(*item);
        char *equals = strchr(*item, '=');
        if (equals == NULL) {
            *ret_problem = g_strdup_printf("'%s' is not of the form KEY=VALUE", *item);
            return false;
        }
        *equals = '\0';
        *ret_problem = set_item(columns, *item, equals + 1);
        if (*ret_problem != NULL)
            return false;
    }
    return true;
}

/* ---- The first line -------------------------------------------------------------------------------------------- */

/* A field of the line from `at` on; `at` goes to the next one, or beyond the end after the last. */
static inline NsimField
next_field(const char **at, const char *end, char separator)
{
    NsimField field;
    const char *here = *at, *last;
    while (here < end && (*here == ' ' || *here == '\t') && (*here != separator || separator == ' '))
        here++;
    if (here < end && *here == '"') {
        field.at = ++here;
        while (here < end && (*here != '"' || (here + 1 < end && here[1] == '"')))
            here += *here == '"' ? 2 : 1;
        here = MIN(here, end);
        field.length = (size_t)(here - field.at);
        while (here < end && *here != separator)
            here++;
    } else {
        field.at = here;
        while (here < end && *here != separator)
            here++;
        last = here;
        while (last > field.at && (last[-1] == ' ' || last[-1] == '\t'))
            last--;
        field.length = (size_t)(last - field.at);
    }
    if (separator == ' ')
        while (here + 1 < end && here[1] == ' ')
            here++;
    *at = here + 1;
    return field;
}

static void
find_separator(NsimColumns *columns, const char *line, size_t length)
{
    static const char candidates[] = {'\t', ';', ',', ' '};
    for (size_t i = 0; columns->separator == 0 && i < sizeof candidates; i++)
        if (memchr(line, candidates[i], length) != NULL)
            columns->separator = candidates[i];
    if (columns->separator == 0)
        columns->separator = ',';
}

/* The name as in usual_names. */
static char *
plain_name(const NsimField *field)
{
    char *name = g_ascii_strdown(field->at, (gssize)MIN(field->length, 64));
    for (char *at = name; *at != '\0'; at++)
        *at = g_ascii_isalnum(*at) ? *at : '_';
    /* "time (us)" */
    size_t length = strlen(name);
    while (length > 0 && name[length - 1] == '_')
        name[--length] = '\0';
    for (char *from = name, *to = name;; from++) {
        if (*from != '_' || to == name || to[-1] != '_')
            *to++ = *from;
        if (*from == '\0')
            break;
    }
    return name;
}

static const char *const time_suffixes[] = {"ps", "ns", "us", "ms", "s", "sec", "seconds"};

/* "time_us": the unit is the name's end, which is cut off. */
static void
take_time_suffix(NsimColumns *columns, char *name)
{
    char *last = strrchr(name, '_');
    for (size_t i = 0; last != NULL && i < G_N_ELEMENTS(time_suffixes); i++) {
        if (strcmp(last + 1, time_suffixes[i]) == 0) {
            columns->time_unit_ps = i < G_N_ELEMENTS(time_units) ? time_units[i].ps : PS_PER_S;
            *last = '\0';
            return;
        }
    }
}

static void
guess_role(NsimColumns *columns, const NsimField *field, uint32_t number)
{
    g_autofree char *name = plain_name(field);
    const uint64_t unit = columns->time_unit_ps;
    if (columns->roles[NSIM_COLUMN_TIME].number == NSIM_COLUMN_NONE)
        take_time_suffix(columns, name);
    for (size_t i = 0; i < G_N_ELEMENTS(usual_names); i++) {
        const NsimColumnRole role = usual_names[i].role;
        if (strcmp(name, usual_names[i].name) == 0 && columns->roles[role].number == NSIM_COLUMN_NONE) {
            columns->roles[role].number = number;
            if (role == NSIM_COLUMN_TIME)
                return;
        }
    }
    columns->time_unit_ps = unit; /* the suffix was of something else */
}

static bool
is_named(const NsimField *field, const char *name)
{
    return name != NULL && strlen(name) == field->length && g_ascii_strncasecmp(field->at, name, field->length) == 0;
}

static void
read_names(NsimColumns *columns, const char *line, size_t length, bool guess)
{
    const char *at = line, *end = line + length;
    for (uint32_t number = 0; number < NSIM_COLUMNS_MAX && at <= end; number++) {
        const NsimField field = next_field(&at, end, columns->separator);
        for (unsigned role = 0; role < NSIM_COLUMN_COUNT; role++)
            if (columns->roles[role].number == NSIM_COLUMN_NONE && is_named(&field, columns->roles[role].name)) {
                columns->roles[role].number = number;
                if (role == NSIM_COLUMN_TIME && columns->time_unit_ps == 0 && !columns->instructions) {
                    g_autofree char *name = plain_name(&field);
                    take_time_suffix(columns, name);
                }
            }
        if (guess)
            guess_role(columns, &field, number);
    }
}

/* Without being told: a first line whose numbers are none. */
static bool
looks_like_header(const NsimColumns *columns, const char *line, size_t length)
{
    const char *at = line, *end = line + length;
    uint64_t value;
    for (uint32_t number = 0; number < NSIM_COLUMNS_MAX && at <= end; number++) {
        const NsimField field = next_field(&at, end, columns->separator);
        if ((columns->roles[NSIM_COLUMN_ADDRESS].number == number ||
             columns->roles[NSIM_COLUMN_BYTES].number == number || columns->roles[NSIM_COLUMN_TIME].number == number) &&
            !nsim_columns_number(columns, &field, &value) &&
            (columns->roles[NSIM_COLUMN_TIME].number != number || !g_ascii_isdigit(*field.at)))
            return true;
    }
    return false;
}

static bool
settle_roles(NsimColumns *columns, char **ret_problem)
{
    for (unsigned role = 0; role < NSIM_COLUMN_COUNT; role++) {
        const uint32_t number = columns->roles[role].number;
        if (number == NSIM_COLUMN_NONE && columns->roles[role].name != NULL) {
            *ret_problem = g_strdup_printf("the first line has no column '%s'", columns->roles[role].name);
            return false;
        }
        if (number == NSIM_COLUMN_NONE)
            continue;
        if (columns->role_of[number] >= 0) {
            *ret_problem = g_strdup_printf("column %u is both '%s' and '%s'", number + 1,
                                           role_names[columns->role_of[number]], role_names[role]);
            return false;
        }
        columns->role_of[number] = (int8_t)role;
        columns->needed = MAX(columns->needed, number + 1);
    }
    return true;
}

bool
nsim_columns_begin(NsimColumns *columns, const char *line, size_t length, bool guess, bool *ret_is_header,
                   char **ret_problem)
{
    bool named = guess;
    for (unsigned role = 0; role < NSIM_COLUMN_COUNT; role++)
        named |= columns->roles[role].name != NULL;
    find_separator(columns, line, length);
    if (named && columns->header == 0) {
        *ret_problem = g_strdup("columns are known by their names, but there is no first line with names");
        return false;
    }
    if (named)
        read_names(columns, line, length, guess);
    *ret_is_header = columns->header == 1 || named || (columns->header < 0 && looks_like_header(columns, line, length));
    return settle_roles(columns, ret_problem);
}

/* ---- Rows ------------------------------------------------------------------------------------------------------ */

bool
nsim_columns_split(const NsimColumns *columns, const char *line, size_t length, NsimField *ret_fields)
{
    const char *at = line, *end = line + length;
    memset(ret_fields, 0, NSIM_COLUMN_COUNT * sizeof *ret_fields);
    for (uint32_t number = 0; number < columns->needed; number++) {
        if (at > end)
            return false;
        const NsimField field = next_field(&at, end, columns->separator);
        if (columns->role_of[number] >= 0)
            ret_fields[columns->role_of[number]] = field;
    }
    return true;
}

bool
nsim_columns_number(const NsimColumns *columns, const NsimField *field, uint64_t *ret_value)
{
    const char *at = field->at, *end = at + field->length;
    switch (columns->base) {
    case NSIM_NUMBER_HEX:
        if (end - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
            at += 2;
        return nsim_text_take_hex(&at, end, ret_value) && at == end;
    case NSIM_NUMBER_DECIMAL:
        return nsim_text_take_decimal(&at, end, ret_value) && at == end;
    case NSIM_NUMBER_AUTO:
        break;
    }
    return nsim_text_take_number(&at, end, ret_value) && at == end;
}

uint64_t
nsim_columns_key(const NsimField *field)
{
    const char *at = field->at, *end = at + field->length;
    uint64_t key;
    if (nsim_text_take_number(&at, end, &key) && at == end)
        return key;
    key = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (at = field->at; at < end; at++)
        key = (key ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
    return key;
}

bool
nsim_columns_probe(const uint8_t *head, size_t bytes, NsimColumnRole role)
{
    g_auto(NsimColumns) columns;
    g_autofree char *problem = NULL;
    const char *at = (const char *)head, *end = at + bytes, *next;
    bool is_header;
    nsim_columns_init(&columns);
    next = bytes > 0 ? memchr(at, '\n', bytes) : NULL;
    if (next == NULL || !nsim_columns_begin(&columns, at, (size_t)(next - at) - (next > at && next[-1] == '\r'), true,
                                            &is_header, &problem))
        return false;
    /* Both: which of them counts is for the user to say. */
    if (columns.separator == ' ' || columns.roles[role].number == NSIM_COLUMN_NONE ||
        columns.roles[role == NSIM_COLUMN_ADDRESS ? NSIM_COLUMN_OBJECT : NSIM_COLUMN_ADDRESS].number !=
            NSIM_COLUMN_NONE)
        return false;
    unsigned rows = 0;
    for (at = next + 1; rows < PROBE_ROWS && at < end && (next = memchr(at, '\n', (size_t)(end - at))) != NULL;
         at = next + 1, rows++) {
        NsimField fields[NSIM_COLUMN_COUNT];
        uint64_t value;
        const size_t length = (size_t)(next - at) - (next > at && next[-1] == '\r');
        if (!nsim_columns_split(&columns, at, length, fields) || fields[role].length == 0 ||
            (fields[NSIM_COLUMN_TIME].at != NULL &&
             (fields[NSIM_COLUMN_TIME].length == 0 || !g_ascii_isdigit(fields[NSIM_COLUMN_TIME].at[0]))) ||
            (role == NSIM_COLUMN_ADDRESS && !nsim_columns_number(&columns, &fields[role], &value)))
            return false;
    }
    return rows > 0;
}
