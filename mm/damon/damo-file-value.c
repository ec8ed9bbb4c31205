/* SPDX-License-Identifier: MIT */
/* Typed access to the values of a kdamonds file: texts, numbers, booleans and null, as damo writes and takes them. */
#include <mm/damon/damo-file.h>

#include <string.h>

const NsimValue *
nsim_damo_file_get(const NsimValue *map, const char *key)
{
    const NsimValue *value = nsim_value_get(map, key);
    if (value == NULL || nsim_value_kind(value) != NSIM_VALUE_SCALAR)
        return value;
    return nsim_damo_is_null(nsim_value_text(value)) ? NULL : value;
}

/* The text of a key's scalar; `*ret` NULL when there is none. */
static bool
get_text(const NsimValue *map, const char *key, const NsimValue **ret_value, const char **ret, GError **error)
{
    *ret_value = nsim_damo_file_get(map, key);
    *ret = *ret_value == NULL ? NULL : nsim_value_text(*ret_value);
    return *ret_value == NULL || *ret != NULL || nsim_value_error(*ret_value, error, "'%s' wants one value", key);
}

bool
nsim_damo_file_child(const NsimValue *map, const char *key, NsimValueKind kind, const NsimValue **ret, GError **error)
{
    *ret = nsim_damo_file_get(map, key);
    return *ret == NULL || nsim_value_kind(*ret) == kind ||
           nsim_value_error(*ret, error, "'%s' wants a %s", key, kind == NSIM_VALUE_LIST ? "list" : "map");
}

bool
nsim_damo_file_unit(const NsimValue *map, const char *key, NsimDamoUnit unit, uint64_t *ret, GError **error)
{
    const NsimValue *value;
    const char *text;
    if (!get_text(map, key, &value, &text, error))
        return false;
    return text == NULL || nsim_damo_unit_parse(text, unit, ret) ||
           nsim_value_error(value, error, "'%s': '%s' is not %s", key, text, nsim_damo_unit_allowed(unit));
}

bool
nsim_damo_file_time(const NsimValue *map, const char *key, NsimDamoUnit unit, NsimTime *ret, GError **error)
{
    const NsimTime factor = unit == NSIM_DAMO_NS ? NSIM_NS : unit == NSIM_DAMO_US ? NSIM_US : NSIM_MS;
    uint64_t count = UINT64_MAX;
    if (nsim_damo_file_get(map, key) == NULL)
        return true;
    if (!nsim_damo_file_unit(map, key, unit, &count, error))
        return false;
    if (__builtin_mul_overflow(count, factor, ret))
        *ret = NSIM_TIME_MAX;
    return true;
}

bool
nsim_damo_file_count(const NsimValue *map, const char *key, uint32_t most, uint32_t *ret, GError **error)
{
    uint64_t count = *ret;
    if (!nsim_damo_file_unit(map, key, NSIM_DAMO_NUMBER, &count, error))
        return false;
    if (count > most && nsim_damo_file_get(map, key) != NULL)
        return nsim_value_error(nsim_damo_file_get(map, key), error, "'%s': expected a number from 0 to %u", key, most);
    *ret = (uint32_t)count;
    return true;
}

bool
nsim_damo_file_bool(const NsimValue *map, const char *key, bool *ret, GError **error)
{
    const NsimValue *value;
    const char *text;
    if (!get_text(map, key, &value, &text, error))
        return false;
    if (text == NULL)
        return true;
    g_autofree char *lower = g_ascii_strdown(text, -1);
    static const char *const words[] = {"n", "no", "false", "0", "y", "yes", "true", "1", NULL};
    const int index = nsim_damo_index_of(words, lower);
    if (index < 0)
        return nsim_value_error(value, error, "'%s': '%s' is not true or false", key, text);
    *ret = index >= 4;
    return true;
}

bool
nsim_damo_file_name(const NsimValue *map, const char *key, const char *const *names, uint32_t *ret, GError **error)
{
    const NsimValue *value;
    const char *text;
    if (!get_text(map, key, &value, &text, error))
        return false;
    if (text == NULL)
        return true;
    const int index = nsim_damo_index_of(names, text);
    if (index < 0) {
        g_autofree char *all = g_strjoinv(", ", (char **)(uintptr_t)names);
        return nsim_value_error(value, error, "'%s': '%s' is not one of %s", key, text, all);
    }
    *ret = (uint32_t)index;
    return true;
}

static bool
parse_end(const NsimValue *value, uint64_t *ret, GError **error)
{
    const char *text = nsim_value_text(value);
    return (text != NULL && nsim_damo_address_parse(text, ret)) ||
           nsim_value_error(value, error, "an end of a range is not %s", nsim_damo_unit_allowed(NSIM_DAMO_SIZE));
}

bool
nsim_damo_file_range(const NsimValue *value, uint64_t *start, uint64_t *end, GError **error)
{
    if (nsim_value_kind(value) == NSIM_VALUE_LIST && nsim_value_count(value) == 2)
        return parse_end(nsim_value_item(value, 0), start, error) && parse_end(nsim_value_item(value, 1), end, error);
    if (nsim_value_kind(value) != NSIM_VALUE_MAP)
        return nsim_value_error(value, error,
                                "expected a range: a map of start and end, or of min and max, or a list of two");
    const NsimValue *first = nsim_value_get(value, "start"), *last = nsim_value_get(value, "end");
    first = first != NULL ? first : nsim_value_get(value, "min");
    last = last != NULL ? last : nsim_value_get(value, "max");
    if (first == NULL || last == NULL)
        return nsim_value_error(value, error, "a range wants 'start' and 'end'");
    return parse_end(first, start, error) && parse_end(last, end, error);
}
