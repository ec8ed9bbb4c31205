/* SPDX-License-Identifier: MIT */
/*
 * Structures of parameters that begin with the values of a preset and are overridden key by key: which keys there are,
 * and which of the preset's values are left that nobody has verified.
 */
#include <models/machine-build.h>

#include <models/quantity.h>

const NsimValue *
nsim_field_value(const NsimField *field, const NsimValue *map)
{
    const NsimValue *inner = field->map && map ? nsim_value_get(map, field->map) : map;
    return inner && nsim_value_kind(inner) == NSIM_VALUE_MAP ? nsim_value_get(inner, field->key) : NULL;
}

static bool
read_bytes(const NsimField *field, const NsimValue *map, uint64_t *ret, GError **error)
{
    uint64_t bytes = 0;
    if (!nsim_value_read_bytes(map, field->key, true, &bytes, error))
        return false;
    if (bytes < field->least || bytes > field->most) {
        g_autofree char *least = nsim_quantity_format(field->least, NSIM_QUANTITY_BYTES);
        g_autofree char *most = nsim_quantity_format(field->most, NSIM_QUANTITY_BYTES);
        const NsimValue *value = nsim_value_get(map, field->key);
        return nsim_value_error(value, error, "\"%s\" must be %s to %s, found %s", field->key, least, most,
                                nsim_value_text(value));
    }
    *ret = bytes;
    return true;
}

bool
nsim_field_read(const NsimField *field, const NsimValue *map, void *structure, GError **error)
{
    void *member = (char *)structure + field->offset;
    uint64_t count = 0;
    if (!nsim_field_value(field, map))
        return true;
    map = field->map ? nsim_value_get(map, field->map) : map;
    switch (field->kind) {
    case NSIM_FIELD_BYTES:
        return read_bytes(field, map, member, error);
    case NSIM_FIELD_RATE:
        return nsim_build_read_rate(map, field->key, true, member, error);
    case NSIM_FIELD_TIME:
        return nsim_build_read_latency(map, field->key, true, member, error);
    case NSIM_FIELD_BOOL:
        return nsim_value_read_bool(map, field->key, true, member, error);
    case NSIM_FIELD_COUNT:
    default:
        if (!nsim_value_read_count(map, field->key, true, field->least, field->most, &count, error))
            return false;
        *(uint32_t *)member = (uint32_t)count;
        return true;
    }
}

bool
nsim_field_read_preset(const NsimValue *map, const char *key, const char *const *words, uint32_t *ret, GError **error)
{
    const NsimValue *value = nsim_value_get(map, key);
    const char *text = value ? nsim_value_text(value) : NULL;
    const char *near = text && !g_strv_contains(words, text) ? nsim_nearest_word(text, words) : NULL;
    if (near) {
        g_autofree char *found = nsim_value_excerpt(value);
        g_autofree char *list = g_strjoinv(", ", (char **)words);
        return nsim_value_error(value, error, "\"%s\" is %s, did you mean \"%s\"? (one of: %s)", key, found, near,
                                list);
    }
    return nsim_value_read_enum(map, key, false, words, ret, error);
}

/* (transfer full) */
static char *
field_text(const NsimField *field, const void *structure)
{
    const void *member = (const char *)structure + field->offset;
    switch (field->kind) {
    case NSIM_FIELD_BYTES:
        return nsim_quantity_format(*(const uint64_t *)member, NSIM_QUANTITY_BYTES);
    case NSIM_FIELD_RATE:
        return nsim_quantity_format(*(const uint64_t *)member, NSIM_QUANTITY_RATE);
    case NSIM_FIELD_TIME:
        return *(const NsimTime *)member == 0 ? g_strdup("0ns")
                                              : nsim_quantity_format(*(const NsimTime *)member, NSIM_QUANTITY_TIME);
    case NSIM_FIELD_BOOL:
        return g_strdup(*(const bool *)member ? "yes" : "no");
    case NSIM_FIELD_COUNT:
    default:
        return g_strdup_printf("%u", *(const uint32_t *)member);
    }
}

char *
nsim_fields_left_out(const NsimField *fields, uint32_t count, uint32_t mask, const NsimValue *map,
                     const void *structure)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (uint32_t i = 0; i < count; i++) {
        if (!(mask >> i & 1) || nsim_field_value(&fields[i], map))
            continue;
        g_autofree char *value = field_text(&fields[i], structure);
        g_string_append_printf(text, "%s%s%s%s %s", text->len > 0 ? ", " : "", fields[i].map ? fields[i].map : "",
                               fields[i].map ? " " : "", fields[i].key, value);
    }
    return g_strdup(text->str);
}
