/* SPDX-License-Identifier: MIT */
/* Writing JSON: two spaces of indentation, one member a line, small objects on one line. */
#include <report/json.h>

#include <report/format.h>
#include <sim/assert.h>

void
nsim_json_init(NsimJson *json, GString *out)
{
    *json = (NsimJson){.out = out, .first = true};
}

static bool
is_inline(const NsimJson *json)
{
    return json->depth > 0 && json->levels[json->depth - 1].inlined;
}

/* Quote a string; what is not UTF-8 is replaced, since JSON cannot carry it. */
static void
append_quoted(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
    g_string_append_c(out, '"');
    for (const char *p = valid; *p; p++) {
        const unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\')
            g_string_append_printf(out, "\\%c", c);
        else if (c == '\n')
            g_string_append(out, "\\n");
        else if (c == '\t')
            g_string_append(out, "\\t");
        else if (c < 0x20 || c == 0x7f)
            g_string_append_printf(out, "\\u%04x", c);
        else
            g_string_append_c(out, (char)c);
    }
    g_string_append_c(out, '"');
}

/* Whatever stands before a value: comma, line, key. */
static void
begin_value(NsimJson *json, const char *key)
{
    if (json->depth > 0) {
        nsim_assert((key != NULL) == (json->levels[json->depth - 1].closer == '}'));
        if (!json->first)
            g_string_append_c(json->out, ',');
        if (is_inline(json))
            g_string_append(json->out, json->first ? "" : " ");
        else
            g_string_append_printf(json->out, "\n%*s", (int)(2 * json->depth), "");
    }
    if (key) {
        append_quoted(json->out, key);
        g_string_append(json->out, ": ");
    }
    json->first = false;
}

static void
open_level(NsimJson *json, const char *key, char opener, char closer, bool inlined)
{
    nsim_assert(json->depth < NSIM_JSON_DEPTH_MAX);
    const bool inside_inline = is_inline(json);
    begin_value(json, key);
    g_string_append_c(json->out, opener);
    json->levels[json->depth].closer = closer;
    json->levels[json->depth].inlined = inlined || inside_inline;
    json->depth++;
    json->first = true;
}

void
nsim_json_object(NsimJson *json, const char *key)
{
    open_level(json, key, '{', '}', false);
}

void
nsim_json_object_inline(NsimJson *json, const char *key)
{
    open_level(json, key, '{', '}', true);
}

void
nsim_json_array(NsimJson *json, const char *key)
{
    open_level(json, key, '[', ']', false);
}

void
nsim_json_array_inline(NsimJson *json, const char *key)
{
    open_level(json, key, '[', ']', true);
}

void
nsim_json_end(NsimJson *json)
{
    nsim_assert(json->depth > 0);
    const bool inlined = is_inline(json);
    json->depth--;
    if (!json->first && !inlined)
        g_string_append_printf(json->out, "\n%*s", (int)(2 * json->depth), "");
    g_string_append_c(json->out, json->levels[json->depth].closer);
    json->first = false;
}

void
nsim_json_string(NsimJson *json, const char *key, const char *text)
{
    begin_value(json, key);
    append_quoted(json->out, text);
}

void
nsim_json_uint(NsimJson *json, const char *key, uint64_t value)
{
    begin_value(json, key);
    g_string_append_printf(json->out, "%" G_GUINT64_FORMAT, value);
}

void
nsim_json_null(NsimJson *json, const char *key)
{
    begin_value(json, key);
    g_string_append(json->out, "null");
}

void
nsim_json_bool(NsimJson *json, const char *key, bool value)
{
    begin_value(json, key);
    g_string_append(json->out, value ? "true" : "false");
}

void
nsim_json_ns(NsimJson *json, const char *key, NsimTime time_ps)
{
    begin_value(json, key);
    nsim_format_exact(json->out, time_ps, 3);
}

void
nsim_json_ratio(NsimJson *json, const char *key, uint64_t ppm)
{
    begin_value(json, key);
    nsim_format_decimal(json->out, ppm, 6, 6);
}
