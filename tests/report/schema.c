/* SPDX-License-Identifier: MIT */
/* A small validator of JSON Schema; see schema.h. */
#include "schema.h"

#include <math.h>
#include <string.h>

#define DEPTH_MAX 64

typedef struct {
    json_t *document;
    GString *path; /* of the value looked at: "/runs/0/speedup" */
    char *problem;
    int depth;
} Check;

static bool
validate(Check *check, json_t *schema, json_t *value);

static bool G_GNUC_PRINTF(2, 3) fail(Check *check, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_free(check->problem);
    check->problem = g_strdup_printf("%s: %s", check->path->len ? check->path->str : "/", text);
    return false;
}

static bool
has_type(const char *type, json_t *value)
{
    if (g_str_equal(type, "object"))
        return json_is_object(value);
    if (g_str_equal(type, "array"))
        return json_is_array(value);
    if (g_str_equal(type, "string"))
        return json_is_string(value);
    if (g_str_equal(type, "boolean"))
        return json_is_boolean(value);
    if (g_str_equal(type, "number"))
        return json_is_number(value);
    if (g_str_equal(type, "integer")) /* integers past 2^63 were read as reals */
        return json_is_integer(value) ||
               (json_is_real(value) && fabs(json_real_value(value) - floor(json_real_value(value))) < 1e-9);
    return false;
}

/* "#" or "#/$defs/NAME"; NULL when it leads nowhere. */
static json_t *
follow(json_t *document, const char *reference)
{
    static const char prefix[] = "#/$defs/";
    if (!g_str_has_prefix(reference, prefix))
        return NULL;
    return json_object_get(json_object_get(document, "$defs"), reference + strlen(prefix));
}

static bool
validate_object(Check *check, json_t *schema, json_t *value)
{
    json_t *properties = json_object_get(schema, "properties");
    json_t *others = json_object_get(schema, "additionalProperties");
    json_t *item, *name;
    const char *key;
    size_t i;
    json_array_foreach(json_object_get(schema, "required"), i, name)
    {
        if (!json_object_get(value, json_string_value(name)))
            return fail(check, "key '%s' is missing", json_string_value(name));
    }
    json_object_foreach(value, key, item)
    {
        json_t *rule = properties ? json_object_get(properties, key) : NULL;
        const gsize length = check->path->len;
        rule = rule ? rule : others;
        if (json_is_false(rule))
            return fail(check, "key '%s' is not allowed", key);
        if (!rule || json_is_true(rule))
            continue;
        g_string_append_printf(check->path, "/%s", key);
        if (!validate(check, rule, item))
            return false;
        g_string_truncate(check->path, length);
    }
    return true;
}

static bool
validate_array(Check *check, json_t *schema, json_t *value)
{
    json_t *rule = json_object_get(schema, "items"), *least = json_object_get(schema, "minItems"), *item;
    size_t i;
    if (least && json_array_size(value) < (size_t)json_integer_value(least))
        return fail(check, "fewer than %d items", (int)json_integer_value(least));
    json_array_foreach(value, i, item)
    {
        const gsize length = check->path->len;
        g_string_append_printf(check->path, "/%zu", i);
        if (rule && !validate(check, rule, item))
            return false;
        g_string_truncate(check->path, length);
    }
    return true;
}

static bool
validate_string(Check *check, json_t *schema, json_t *value)
{
    json_t *pattern = json_object_get(schema, "pattern"), *least = json_object_get(schema, "minLength");
    const char *text = json_string_value(value);
    if (least && g_utf8_strlen(text, -1) < (glong)json_integer_value(least))
        return fail(check, "'%s' is too short", text);
    if (pattern && !g_regex_match_simple(json_string_value(pattern), text, G_REGEX_DOLLAR_ENDONLY, 0))
        return fail(check, "'%s' does not match %s", text, json_string_value(pattern));
    return true;
}

static bool
validate_scalar(Check *check, json_t *schema, json_t *value)
{
    json_t *least = json_object_get(schema, "minimum"), *most = json_object_get(schema, "maximum"), *allowed;
    json_t *fixed = json_object_get(schema, "const"), *list = json_object_get(schema, "enum");
    size_t i;
    if (json_is_number(value) && least && json_number_value(value) < json_number_value(least))
        return fail(check, "%g is below the minimum", json_number_value(value));
    if (json_is_number(value) && most && json_number_value(value) > json_number_value(most))
        return fail(check, "%g is above the maximum", json_number_value(value));
    if (fixed && !json_equal(fixed, value))
        return fail(check, "it is not the one value allowed");
    if (!list)
        return true;
    json_array_foreach(list, i, allowed) if (json_equal(allowed, value)) return true;
    return fail(check, "it is none of the values allowed");
}

/* The first alternative that fits decides; the last one's problem is reported. */
static bool
validate_any(Check *check, json_t *alternatives, json_t *value)
{
    const gsize length = check->path->len;
    json_t *alternative;
    size_t i;
    json_array_foreach(alternatives, i, alternative)
    {
        g_string_truncate(check->path, length);
        if (validate(check, alternative, value))
            return true;
    }
    return false;
}

static bool
validate_rules(Check *check, json_t *schema, json_t *value)
{
    json_t *reference = json_object_get(schema, "$ref"), *type = json_object_get(schema, "type");
    json_t *alternatives = json_object_get(schema, "anyOf");
    if (reference) {
        json_t *target = follow(check->document, json_string_value(reference));
        if (!target)
            return fail(check, "the schema's '%s' leads nowhere", json_string_value(reference));
        if (!validate(check, target, value))
            return false;
    }
    if (type && !has_type(json_string_value(type), value))
        return fail(check, "it is no %s", json_string_value(type));
    if (alternatives && !validate_any(check, alternatives, value))
        return false;
    if (!validate_scalar(check, schema, value))
        return false;
    if (json_is_object(value))
        return validate_object(check, schema, value);
    if (json_is_array(value))
        return validate_array(check, schema, value);
    return !json_is_string(value) || validate_string(check, schema, value);
}

static bool
validate(Check *check, json_t *schema, json_t *value)
{
    if (check->depth >= DEPTH_MAX)
        return fail(check, "nested too deeply");
    check->depth++;
    const bool valid = validate_rules(check, schema, value);
    check->depth--;
    return valid;
}

bool
schema_validate(json_t *document, json_t *value, char **ret_problem)
{
    Check check = {.document = document, .path = g_string_new(NULL)};
    const bool valid = validate(&check, document, value);
    g_string_free(check.path, TRUE);
    *ret_problem = valid ? NULL : g_steal_pointer(&check.problem);
    g_free(check.problem);
    return valid;
}

/* ---- The schema itself ------------------------------------------------------------------------------------------- */

static bool
check_rules(Check *check, json_t *schema);

static bool
check_map(Check *check, json_t *map)
{
    const char *key;
    json_t *rule;
    json_object_foreach(map, key, rule) if (!check_rules(check, rule)) return false;
    return true;
}

static bool
check_keyword(Check *check, const char *key, json_t *value)
{
    static const char *const plain[] = {"$schema",   "title",    "description", "required", "enum",    "const",
                                        "minLength", "minItems", "minimum",     "maximum",  "pattern", NULL};
    static const char *const types[] = {"object", "array", "string", "boolean", "number", "integer", NULL};
    json_t *alternative;
    size_t i;
    if (g_strv_contains(plain, key))
        return true;
    if (g_str_equal(key, "type"))
        return (json_is_string(value) && g_strv_contains(types, json_string_value(value))) ||
               fail(check, "a type that is not known");
    if (g_str_equal(key, "$ref"))
        return follow(check->document, json_string_value(value)) ||
               fail(check, "'%s' leads nowhere", json_string_value(value));
    if (g_str_equal(key, "properties") || g_str_equal(key, "$defs"))
        return check_map(check, value);
    if (g_str_equal(key, "items") || g_str_equal(key, "additionalProperties"))
        return json_is_boolean(value) || check_rules(check, value);
    if (!g_str_equal(key, "anyOf"))
        return fail(check, "keyword '%s' is not known", key);
    json_array_foreach(value, i, alternative) if (!check_rules(check, alternative)) return false;
    return true;
}

static bool
check_rules(Check *check, json_t *schema)
{
    const char *key;
    json_t *value;
    if (!json_is_object(schema))
        return fail(check, "a schema is no object");
    json_object_foreach(schema, key, value) if (!check_keyword(check, key, value)) return false;
    return true;
}

bool
schema_check(json_t *document, char **ret_problem)
{
    Check check = {.document = document, .path = g_string_new("(schema)")};
    const bool valid = check_rules(&check, document);
    g_string_free(check.path, TRUE);
    *ret_problem = valid ? NULL : g_steal_pointer(&check.problem);
    g_free(check.problem);
    return valid;
}
