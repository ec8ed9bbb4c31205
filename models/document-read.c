/* SPDX-License-Identifier: MIT */
/*
 * Typed access to the keys of a map: each reader names the key, shows the value it found and says what is allowed.
 */
#include <models/document.h>

#include <models/quantity.h>
#include <string.h>

/* A key further than this from every known one is not a slip of the pen. */
#define NEAR_DISTANCE_MAX 3u
#define WORD_BYTES_MAX 64u

/* Levenshtein distance, with two swapped neighbours counted as one slip; words longer than the bound never match. */
static uint32_t
edit_distance(const char *a, const char *b)
{
    const size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > WORD_BYTES_MAX || b_length > WORD_BYTES_MAX)
        return UINT32_MAX;
    uint32_t rows[3][WORD_BYTES_MAX + 1];
    uint32_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        above[j] = (uint32_t)j;
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = (uint32_t)i;
        for (size_t j = 1; j <= b_length; j++) {
            const uint32_t change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = MIN(MIN(above[j], row[j - 1]) + 1, change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = MIN(row[j], before[j - 2] + 1);
        }
        uint32_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_length];
}

const char *
nsim_nearest_word(const char *text, const char *const *words)
{
    const char *best = NULL;
    uint32_t best_distance = NEAR_DISTANCE_MAX + 1;
    for (uint32_t i = 0; words[i]; i++) {
        if (g_ascii_strcasecmp(text, words[i]) == 0)
            return words[i];
    }
    for (uint32_t i = 0; words[i]; i++) {
        const uint32_t distance = edit_distance(text, words[i]);
        const size_t longer = MAX(strlen(words[i]), strlen(text));
        /* At most a third of the word may be wrong, and something must be right. */
        if (distance < best_distance && distance * 3 <= MAX(longer, 3) && distance < longer) {
            best = words[i];
            best_distance = distance;
        }
    }
    return best;
}

bool
nsim_value_check_map(const NsimValue *value, const char *what, const char *const *allowed, GError **error)
{
    if (nsim_value_kind(value) != NSIM_VALUE_MAP) {
        g_autofree char *found = nsim_value_excerpt(value);
        return nsim_value_error(value, error, "%s must be a map of keys, found %s", what, found);
    }
    for (uint32_t i = 0; i < nsim_value_count(value); i++) {
        const char *key = nsim_value_key(value, i);
        if (g_strv_contains(allowed, key))
            continue;
        const char *near = nsim_nearest_word(key, allowed);
        g_autofree char *list = g_strjoinv(", ", (char **)allowed);
        g_autofree char *hint = near ? g_strdup_printf(", did you mean \"%s\"?", near) : g_strdup("");
        return nsim_value_key_error(value, i, error, "unknown key \"%s\" in %s%s (keys: %s)", key, what, hint, list);
    }
    return true;
}

/* The scalar under `key`; NULL with or without an error when there is none. */
static const NsimValue *
scalar(const NsimValue *map, const char *key, bool required, bool *ret_good, GError **error)
{
    const NsimValue *value = nsim_value_get(map, key);
    *ret_good = true;
    if (!value) {
        if (required)
            *ret_good = nsim_value_error(map, error, "key \"%s\" is missing", key);
        return NULL;
    }
    if (nsim_value_kind(value) != NSIM_VALUE_SCALAR) {
        g_autofree char *found = nsim_value_excerpt(value);
        *ret_good = nsim_value_error(value, error, "\"%s\" must be a single value, found %s", key, found);
        return NULL;
    }
    if (*nsim_value_text(value) == '\0') {
        *ret_good = nsim_value_error(value, error, "\"%s\" has no value", key);
        return NULL;
    }
    return value;
}

bool
nsim_value_read_text(const NsimValue *map, const char *key, bool required, const char **ret, GError **error)
{
    bool good;
    const NsimValue *value = scalar(map, key, required, &good, error);
    if (value)
        *ret = nsim_value_text(value);
    return good;
}

static bool
read_quantity(const NsimValue *map, const char *key, bool required, NsimQuantityKind kind, uint64_t *ret,
              GError **error)
{
    bool good;
    const NsimValue *value = scalar(map, key, required, &good, error);
    if (!value)
        return good;
    g_autofree char *problem = NULL;
    if (!nsim_quantity_parse(nsim_value_text(value), kind, ret, &problem))
        return nsim_value_error(value, error, "\"%s\": %s", key, problem);
    return true;
}

bool
nsim_value_read_count(const NsimValue *map, const char *key, bool required, uint64_t min, uint64_t max, uint64_t *ret,
                      GError **error)
{
    uint64_t count = 0;
    if (!read_quantity(map, key, required, NSIM_QUANTITY_COUNT, &count, error))
        return false;
    const NsimValue *value = nsim_value_get(map, key);
    if (!value)
        return true;
    if (count < min || count > max)
        return nsim_value_error(value, error, "\"%s\" must be %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT ", found %s",
                                key, min, max, nsim_value_text(value));
    *ret = count;
    return true;
}

bool
nsim_value_read_time(const NsimValue *map, const char *key, bool required, NsimTime *ret, GError **error)
{
    return read_quantity(map, key, required, NSIM_QUANTITY_TIME, ret, error);
}

bool
nsim_value_read_bytes(const NsimValue *map, const char *key, bool required, uint64_t *ret, GError **error)
{
    return read_quantity(map, key, required, NSIM_QUANTITY_BYTES, ret, error);
}

bool
nsim_value_read_rate(const NsimValue *map, const char *key, bool required, uint64_t *ret, GError **error)
{
    return read_quantity(map, key, required, NSIM_QUANTITY_RATE, ret, error);
}

bool
nsim_value_read_frequency(const NsimValue *map, const char *key, bool required, uint64_t *ret, GError **error)
{
    return read_quantity(map, key, required, NSIM_QUANTITY_FREQUENCY, ret, error);
}

bool
nsim_value_read_ratio(const NsimValue *map, const char *key, bool required, uint64_t *ret, GError **error)
{
    return read_quantity(map, key, required, NSIM_QUANTITY_RATIO, ret, error);
}

bool
nsim_value_read_enum(const NsimValue *map, const char *key, bool required, const char *const *words, uint32_t *ret,
                     GError **error)
{
    bool good;
    const NsimValue *value = scalar(map, key, required, &good, error);
    if (!value)
        return good;
    for (uint32_t i = 0; words[i]; i++) {
        if (strcmp(nsim_value_text(value), words[i]) == 0) {
            *ret = i;
            return true;
        }
    }
    g_autofree char *found = nsim_value_excerpt(value);
    g_autofree char *list = g_strjoinv(", ", (char **)words);
    return nsim_value_error(value, error, "\"%s\" is %s, must be one of: %s", key, found, list);
}

bool
nsim_value_read_bool(const NsimValue *map, const char *key, bool required, bool *ret, GError **error)
{
    static const char *const words[] = {"no", "yes", "false", "true", NULL};
    uint32_t index = UINT32_MAX;
    if (!nsim_value_read_enum(map, key, required, words, &index, error))
        return false;
    if (index != UINT32_MAX)
        *ret = index % 2 == 1;
    return true;
}
