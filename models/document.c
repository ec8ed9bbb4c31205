/* SPDX-License-Identifier: MIT */
/*
 * YAML documents as trees with positions, read event by event through libyaml.
 *
 * What configuration does not need is refused, because it makes a file mean something else than it shows: aliases and
 * anchors (a small file could stand for a huge one), tags, merge keys, several documents in a file. Size, depth and the
 * number of values are bounded before anything is kept.
 */
#include <models/document.h>

#include <errno.h>
#include <sim/assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include <models/document-private.h>

/* Maps with more keys than this get an index. */
#define MAP_LINEAR_MAX 8u
/* Longest key, and longest piece of a value that a message repeats. */
#define KEY_BYTES_MAX 128u
#define EXCERPT_BYTES_MAX 64u
#define MESSAGE_BYTES_MAX 2000u

struct _NsimDocument {
    char *name;
    NsimValue *root;
    uint32_t value_count;
};

GQuark
nsim_config_error_quark(void)
{
    return g_quark_from_static_string("nsim-config-error-quark");
}

typedef struct {
    yaml_parser_t yaml;
    NsimDocument *document;
    uint32_t depth;
} Parser;

static NsimValue *parse_value(Parser *parser, yaml_event_t *event, GError **error);

static void
value_free(NsimValue *value)
{
    if (!value)
        return;
    for (uint32_t i = 0; i < value->count; i++) {
        value_free(value->items[i]);
        if (value->keys)
            g_free(value->keys[i].text);
    }
    g_clear_pointer(&value->index, g_hash_table_unref);
    g_free(value->items);
    g_free(value->keys);
    g_free(value->text);
    g_free(value);
}

/* Control characters would garble a terminal: each becomes '?'. */
static char *
clean_message(const char *message)
{
    g_autofree char *valid = g_utf8_make_valid(message, -1);
    GString *clean = g_string_new(NULL);
    for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
        const gunichar u = g_utf8_get_char(c);
        if (clean->len > MESSAGE_BYTES_MAX) {
            g_string_append(clean, "...");
            break;
        }
        g_string_append_unichar(clean, g_unichar_iscntrl(u) ? '?' : u);
    }
    return g_string_free(clean, FALSE);
}

static bool
set_error(GError **error, NsimConfigError code, const char *name, uint64_t line, uint64_t column, const char *message)
{
    g_autofree char *clean = clean_message(message);
    g_set_error(error, NSIM_CONFIG_ERROR, (int)code, "%s:%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT ": %s", name, line,
                column, clean);
    return false;
}

static bool mark_error(const Parser *parser, const yaml_mark_t *mark, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static bool
mark_error(const Parser *parser, const yaml_mark_t *mark, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return set_error(error, NSIM_CONFIG_ERROR_SYNTAX, parser->document->name, mark->line + 1, mark->column + 1,
                     message);
}

/* Next event; libyaml's own complaint becomes ours. */
static bool
next_event(Parser *parser, yaml_event_t *event, GError **error)
{
    if (yaml_parser_parse(&parser->yaml, event))
        return true;
    const yaml_parser_t *yaml = &parser->yaml;
    g_autoptr(GString) message = g_string_new("not YAML: ");
    g_string_append(message, yaml->problem ? yaml->problem : "unreadable");
    if (yaml->context)
        g_string_append_printf(message, " %s that began at line %zu", yaml->context, yaml->context_mark.line + 1);
    const yaml_mark_t here = yaml->problem_mark;
    return mark_error(parser, &here, error, "%s", message->str);
}

static NsimValue *
value_new(Parser *parser, NsimValueKind kind, const yaml_mark_t *mark, GError **error)
{
    if (parser->document->value_count >= NSIM_DOCUMENT_VALUES_MAX) {
        mark_error(parser, mark, error, "more than %u values in one document (NSIM_DOCUMENT_VALUES_MAX)",
                   NSIM_DOCUMENT_VALUES_MAX);
        return NULL;
    }
    parser->document->value_count++;
    NsimValue *value = g_new0(NsimValue, 1);
    value->document = parser->document;
    value->kind = kind;
    value->line = (uint32_t)(mark->line + 1);
    value->column = (uint32_t)(mark->column + 1);
    return value;
}

/* Room for one more item: doubles, so a list of n items costs O(n). */
static void
value_reserve(NsimValue *value)
{
    if (value->count < value->room)
        return;
    value->room = value->room ? value->room * 2 : 4;
    value->items = g_renew(NsimValue *, value->items, value->room);
    if (value->kind == NSIM_VALUE_MAP)
        value->keys = g_renew(NsimValueKey, value->keys, value->room);
}

static bool
refuse_tag_and_anchor(Parser *parser, const yaml_event_t *event, const void *tag, const void *anchor, GError **error)
{
    if (tag)
        return mark_error(parser, &event->start_mark, error, "tag \"%s\": tags are not used here", (const char *)tag);
    if (anchor)
        return mark_error(parser, &event->start_mark, error,
                          "anchor \"&%s\": anchors and aliases are not used here, write the value out",
                          (const char *)anchor);
    return true;
}

static NsimValue *
parse_scalar(Parser *parser, const yaml_event_t *event, GError **error)
{
    const char *text = (const char *)event->data.scalar.value;
    if (!refuse_tag_and_anchor(parser, event, event->data.scalar.tag, event->data.scalar.anchor, error))
        return NULL;
    if (strlen(text) != event->data.scalar.length) {
        mark_error(parser, &event->start_mark, error, "text with a NUL character in it");
        return NULL;
    }
    NsimValue *value = value_new(parser, NSIM_VALUE_SCALAR, &event->start_mark, error);
    if (value)
        value->text = g_strdup(text);
    return value;
}

static NsimValue *
parse_list(Parser *parser, const yaml_event_t *start, GError **error)
{
    if (!refuse_tag_and_anchor(parser, start, start->data.sequence_start.tag, start->data.sequence_start.anchor, error))
        return NULL;
    NsimValue *list = value_new(parser, NSIM_VALUE_LIST, &start->start_mark, error);
    while (list) {
        yaml_event_t event;
        if (!next_event(parser, &event, error)) {
            g_clear_pointer(&list, value_free);
            break;
        }
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        NsimValue *item = parse_value(parser, &event, error);
        yaml_event_delete(&event);
        if (!item) {
            g_clear_pointer(&list, value_free);
            break;
        }
        value_reserve(list);
        list->items[list->count++] = item;
    }
    return list;
}

static int64_t
find_key(const NsimValue *map, const char *key)
{
    if (map->index) {
        gpointer found;
        return g_hash_table_lookup_extended(map->index, key, NULL, &found) ? (int64_t)GPOINTER_TO_UINT(found) : -1;
    }
    for (uint32_t i = 0; i < map->count; i++) {
        if (strcmp(map->keys[i].text, key) == 0)
            return i;
    }
    return -1;
}

/* Append `item` under a checked key. The index is for look-ups only; nothing ever iterates over it. */
static void
map_append(NsimValue *map, const yaml_event_t *key, NsimValue *item)
{
    value_reserve(map);
    map->keys[map->count] = (NsimValueKey){.text = g_strdup((const char *)key->data.scalar.value),
                                           .line = (uint32_t)(key->start_mark.line + 1),
                                           .column = (uint32_t)(key->start_mark.column + 1)};
    map->items[map->count++] = item;
    if (map->index) {
        g_hash_table_insert(map->index, map->keys[map->count - 1].text, GUINT_TO_POINTER(map->count - 1));
    } else if (map->count > MAP_LINEAR_MAX) {
        map->index = g_hash_table_new(g_str_hash, g_str_equal);
        for (uint32_t i = 0; i < map->count; i++)
            g_hash_table_insert(map->index, map->keys[i].text, GUINT_TO_POINTER(i));
    }
}

static bool
check_key(Parser *parser, const NsimValue *map, const yaml_event_t *event, GError **error)
{
    if (event->type != YAML_SCALAR_EVENT)
        return mark_error(parser, &event->start_mark, error, "a key must be a word, found %s",
                          event->type == YAML_SEQUENCE_START_EVENT  ? "a list"
                          : event->type == YAML_MAPPING_START_EVENT ? "a map"
                                                                    : "an alias");
    if (!refuse_tag_and_anchor(parser, event, event->data.scalar.tag, event->data.scalar.anchor, error))
        return false;
    const char *key = (const char *)event->data.scalar.value;
    if (strlen(key) != event->data.scalar.length || event->data.scalar.length > KEY_BYTES_MAX)
        return mark_error(parser, &event->start_mark, error, "a key must be a word of at most %u bytes", KEY_BYTES_MAX);
    if (event->data.scalar.length == 0)
        return mark_error(parser, &event->start_mark, error, "empty key");
    if (strcmp(key, "<<") == 0)
        return mark_error(parser, &event->start_mark, error, "merge key \"<<\" is not used here, write the keys out");
    const int64_t first = find_key(map, key);
    if (first >= 0)
        return mark_error(parser, &event->start_mark, error, "key \"%s\" given twice, first at line %u", key,
                          map->keys[first].line);
    return true;
}

/* One key and its value; `*ret_end` when the map ended instead. */
static bool
parse_pair(Parser *parser, NsimValue *map, bool *ret_end, GError **error)
{
    yaml_event_t key;
    if (!next_event(parser, &key, error))
        return false;
    *ret_end = key.type == YAML_MAPPING_END_EVENT;
    if (*ret_end) {
        yaml_event_delete(&key);
        return true;
    }
    NsimValue *item = NULL;
    yaml_event_t event;
    if (check_key(parser, map, &key, error) && next_event(parser, &event, error)) {
        item = parse_value(parser, &event, error);
        yaml_event_delete(&event);
    }
    if (item)
        map_append(map, &key, item);
    yaml_event_delete(&key);
    return item != NULL;
}

static NsimValue *
parse_map(Parser *parser, const yaml_event_t *start, GError **error)
{
    if (!refuse_tag_and_anchor(parser, start, start->data.mapping_start.tag, start->data.mapping_start.anchor, error))
        return NULL;
    NsimValue *map = value_new(parser, NSIM_VALUE_MAP, &start->start_mark, error);
    bool end = false;
    while (map && !end) {
        if (!parse_pair(parser, map, &end, error))
            g_clear_pointer(&map, value_free);
    }
    return map;
}

static NsimValue *
parse_value(Parser *parser, yaml_event_t *event, GError **error)
{
    NsimValue *value = NULL;
    if (parser->depth >= NSIM_DOCUMENT_DEPTH_MAX) {
        mark_error(parser, &event->start_mark, error, "nested deeper than %u (NSIM_DOCUMENT_DEPTH_MAX)",
                   NSIM_DOCUMENT_DEPTH_MAX);
        return NULL;
    }
    parser->depth++;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        value = parse_scalar(parser, event, error);
        break;
    case YAML_SEQUENCE_START_EVENT:
        value = parse_list(parser, event, error);
        break;
    case YAML_MAPPING_START_EVENT:
        value = parse_map(parser, event, error);
        break;
    case YAML_ALIAS_EVENT:
        mark_error(parser, &event->start_mark, error, "alias \"*%s\": aliases are not used here, write the value out",
                   (const char *)event->data.alias.anchor);
        break;
    default:
        mark_error(parser, &event->start_mark, error, "a value is missing");
        break;
    }
    parser->depth--;
    return value;
}

/* Stream start, one document, stream end. */
static bool
parse_stream(Parser *parser, GError **error)
{
    static const yaml_event_type_t before[] = {YAML_STREAM_START_EVENT, YAML_DOCUMENT_START_EVENT};
    static const yaml_event_type_t after[] = {YAML_DOCUMENT_END_EVENT, YAML_STREAM_END_EVENT};
    yaml_event_t event;
    for (size_t i = 0; i < G_N_ELEMENTS(before); i++) {
        if (!next_event(parser, &event, error))
            return false;
        const bool good = event.type == before[i];
        const yaml_mark_t mark = event.start_mark;
        yaml_event_delete(&event);
        if (!good)
            return mark_error(parser, &mark, error, "empty document");
    }
    if (!next_event(parser, &event, error))
        return false;
    parser->document->root = parse_value(parser, &event, error);
    yaml_event_delete(&event);
    if (!parser->document->root)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(after); i++) {
        if (!next_event(parser, &event, error))
            return false;
        const bool good = event.type == after[i];
        const yaml_mark_t mark = event.start_mark;
        yaml_event_delete(&event);
        if (!good)
            return mark_error(parser, &mark, error, "a second document begins here, one is expected");
    }
    return true;
}

NsimDocument *
nsim_document_parse(const char *text, size_t length, const char *name, GError **error)
{
    g_autoptr(NsimDocument) document = g_new0(NsimDocument, 1);
    document->name = g_strdup(name);
    if (length > NSIM_DOCUMENT_BYTES_MAX) {
        set_error(error, NSIM_CONFIG_ERROR_SYNTAX, name, 1, 1, "larger than 16 MiB (NSIM_DOCUMENT_BYTES_MAX)");
        return NULL;
    }
    Parser parser = {.document = document};
    const int ready = yaml_parser_initialize(&parser.yaml);
    nsim_assert(ready == 1);
    /* The parser asserts that there is a text; nothing read is none. */
    yaml_parser_set_input_string(&parser.yaml, (const unsigned char *)(text ? text : ""), length);
    const bool good = parse_stream(&parser, error);
    yaml_parser_delete(&parser.yaml);
    return good ? g_steal_pointer(&document) : NULL;
}

/* A whole file, at most one byte more than allowed: devices and pipes may have no end. */
static GByteArray *
read_bounded(const char *path, GError **error)
{
    FILE *file = fopen(path, "rbe");
    if (!file) {
        const int reason = errno;
        g_set_error(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_IO, "%s: cannot be opened: %s", path,
                    g_strerror(reason));
        return NULL;
    }
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    uint8_t chunk[16384];
    size_t got;
    while (bytes->len <= NSIM_DOCUMENT_BYTES_MAX && (got = fread(chunk, 1, sizeof chunk, file)) > 0)
        g_byte_array_append(bytes, chunk, (guint)got);
    const bool failed = ferror(file) != 0;
    const int reason = errno;
    fclose(file);
    if (failed) {
        g_set_error(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_IO, "%s: cannot be read: %s", path, g_strerror(reason));
        return NULL;
    }
    return g_steal_pointer(&bytes);
}

NsimDocument *
nsim_document_load(const char *path, GError **error)
{
    g_autoptr(GByteArray) bytes = read_bounded(path, error);
    return bytes ? nsim_document_parse((const char *)bytes->data, bytes->len, path, error) : NULL;
}

void
nsim_document_free(NsimDocument *document)
{
    if (!document)
        return;
    value_free(document->root);
    g_free(document->name);
    g_free(document);
}

const NsimValue *
nsim_document_root(const NsimDocument *document)
{
    return document->root;
}

const char *
nsim_document_name(const NsimDocument *document)
{
    return document->name;
}

NsimValueKind
nsim_value_kind(const NsimValue *value)
{
    return value->kind;
}

const char *
nsim_value_text(const NsimValue *value)
{
    return value->text;
}

uint32_t
nsim_value_count(const NsimValue *value)
{
    return value->count;
}

const NsimValue *
nsim_value_item(const NsimValue *value, uint32_t i)
{
    nsim_assert(i < value->count);
    return value->items[i];
}

const char *
nsim_value_key(const NsimValue *map, uint32_t i)
{
    nsim_assert(map->kind == NSIM_VALUE_MAP && i < map->count);
    return map->keys[i].text;
}

const NsimValue *
nsim_value_get(const NsimValue *map, const char *key)
{
    const int64_t i = map->kind == NSIM_VALUE_MAP ? find_key(map, key) : -1;
    return i < 0 ? NULL : map->items[i];
}

static void
merge_from(NsimValue *merged, const NsimValue *map, const char *except)
{
    for (uint32_t i = 0; i < map->count; i++) {
        if (strcmp(map->keys[i].text, except) == 0 || find_key(merged, map->keys[i].text) >= 0)
            continue;
        merged->keys[merged->count] = map->keys[i];
        merged->items[merged->count++] = map->items[i];
    }
}

NsimValue *
nsim_value_merge(const NsimValue *map, const NsimValue *base, const char *except)
{
    nsim_assert(map->kind == NSIM_VALUE_MAP && base->kind == NSIM_VALUE_MAP);
    NsimValue *merged = g_new0(NsimValue, 1);
    merged->document = map->document;
    merged->kind = NSIM_VALUE_MAP;
    merged->line = map->line;
    merged->column = map->column;
    merged->items = g_new(NsimValue *, map->count + base->count + 1);
    merged->keys = g_new(NsimValueKey, map->count + base->count + 1);
    merge_from(merged, map, except);
    merge_from(merged, base, except);
    return merged;
}

void
nsim_value_merged_free(NsimValue *merged)
{
    if (!merged)
        return;
    g_free(merged->items);
    g_free(merged->keys);
    g_free(merged);
}

bool
nsim_value_error(const NsimValue *value, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return set_error(error, NSIM_CONFIG_ERROR_VALUE, value->document->name, value->line, value->column, message);
}

bool
nsim_value_key_error(const NsimValue *map, uint32_t i, GError **error, const char *format, ...)
{
    nsim_assert(map->kind == NSIM_VALUE_MAP && i < map->count);
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return set_error(error, NSIM_CONFIG_ERROR_VALUE, map->document->name, map->keys[i].line, map->keys[i].column,
                     message);
}

char *
nsim_value_excerpt(const NsimValue *value)
{
    if (value->kind != NSIM_VALUE_SCALAR)
        return g_strdup(value->kind == NSIM_VALUE_LIST ? "a list" : "a map");
    if (strlen(value->text) <= EXCERPT_BYTES_MAX)
        return g_strdup_printf("\"%s\"", value->text);
    g_autofree char *cut = g_strndup(value->text, EXCERPT_BYTES_MAX);
    g_autofree char *valid = g_utf8_make_valid(cut, -1);
    return g_strdup_printf("\"%s...\"", valid);
}
