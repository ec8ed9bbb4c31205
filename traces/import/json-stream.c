/* SPDX-License-Identifier: MIT */
/* Byte by byte through the input's buffer. */
#include <traces/import/json-stream.h>

#include <traces/trace.h>

#define PIECE_BYTES 65536u

void
nsim_json_stream_init(NsimJsonStream *json, NsimInput *input, const char *path)
{
    *json = (NsimJsonStream){input, path, 1};
}

static bool
bad(const NsimJsonStream *json, int found, const char *wanted, GError **error)
{
    if (*error != NULL)
        return false;
    if (found < 0)
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT,
                    "%s:%" G_GUINT64_FORMAT ": the text ends where %s should be", json->path, json->line, wanted);
    else
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT,
                    "%s:%" G_GUINT64_FORMAT ": '%c' where %s should be", json->path, json->line,
                    g_ascii_isprint((gchar)found) ? (char)found : '?', wanted);
    return false;
}

/* The next byte, which stays; -1 at the end or with `error`. */
static int
look(NsimJsonStream *json, GError **error)
{
    if (G_UNLIKELY(json->input->at == json->input->end)) {
        (void)nsim_input_more(json->input, PIECE_BYTES, error);
        if (*error != NULL || json->input->at == json->input->end)
            return -1;
    }
    return *json->input->at;
}

static int
look_beyond_blanks(NsimJsonStream *json, GError **error)
{
    int found;
    while ((found = look(json, error)) == ' ' || found == '\n' || found == '\t' || found == '\r') {
        json->line += found == '\n';
        json->input->at++;
    }
    return found;
}

static bool
take(NsimJsonStream *json, char wanted, GError **error)
{
    const char text[] = {'\'', wanted, '\'', '\0'};
    const int found = look_beyond_blanks(json, error);
    if (found != wanted)
        return bad(json, found, text, error);
    json->input->at++;
    return true;
}

static void
put(char *text, size_t text_bytes, size_t *length, int byte)
{
    if (*length + 1 < text_bytes)
        text[(*length)++] = (char)byte;
}

static bool
read_string(NsimJsonStream *json, char *text, size_t text_bytes, GError **error)
{
    size_t length = 0;
    int found;
    if (!take(json, '"', error))
        return false;
    while ((found = look(json, error)) != '"') {
        if (found < 0x20)
            return bad(json, found, "the rest of a string", error);
        json->input->at++;
        if (found == '\\') {
            found = look(json, error);
            if (found < 0x20)
                return bad(json, found, "the rest of an escape", error);
            json->input->at++;
            found = found == '"' || found == '\\' || found == '/' ? found : '?';
        }
        put(text, text_bytes, &length, found);
    }
    json->input->at++;
    text[length] = '\0';
    return true;
}

bool
nsim_json_stream_is_next(NsimJsonStream *json, char first, GError **error)
{
    return look_beyond_blanks(json, error) == first;
}

bool
nsim_json_stream_scalar(NsimJsonStream *json, char *text, size_t text_bytes, GError **error)
{
    size_t length = 0;
    int found = look_beyond_blanks(json, error);
    if (found == '"')
        return read_string(json, text, text_bytes, error);
    while (found >= 0 && (g_ascii_isalnum((gchar)found) || found == '-' || found == '+' || found == '.')) {
        put(text, text_bytes, &length, found);
        json->input->at++;
        found = look(json, error);
    }
    text[length] = '\0';
    return length > 0 ? *error == NULL : bad(json, found, "a string or a number", error);
}

/* To the next member of an array or object. */
static bool
next_member(NsimJsonStream *json, bool *first, char open, char close, GError **error)
{
    if (*first && !take(json, open, error))
        return false;
    const int found = look_beyond_blanks(json, error);
    if (found == close) {
        json->input->at++;
        return false;
    }
    if (!*first && !take(json, ',', error))
        return false;
    *first = false;
    return *error == NULL;
}

bool
nsim_json_stream_element(NsimJsonStream *json, bool *first, GError **error)
{
    return next_member(json, first, '[', ']', error);
}

bool
nsim_json_stream_key(NsimJsonStream *json, bool *first, char *key, size_t key_bytes, GError **error)
{
    return next_member(json, first, '{', '}', error) && read_string(json, key, key_bytes, error) &&
           take(json, ':', error);
}

static bool
skip(NsimJsonStream *json, unsigned depth, GError **error)
{
    char text[8];
    const int found = look_beyond_blanks(json, error);
    bool first = true;
    if (found != '{' && found != '[')
        return nsim_json_stream_scalar(json, text, sizeof text, error);
    if (depth >= NSIM_JSON_STREAM_DEPTH)
        return bad(json, found, "a value of at most 32 levels", error);
    if (found == '[')
        while (nsim_json_stream_element(json, &first, error))
            if (!skip(json, depth + 1, error))
                return false;
    if (found == '{')
        while (nsim_json_stream_key(json, &first, text, sizeof text, error))
            if (!skip(json, depth + 1, error))
                return false;
    return *error == NULL;
}

bool
nsim_json_stream_skip(NsimJsonStream *json, GError **error)
{
    return skip(json, 0, error);
}

bool
nsim_json_stream_end(NsimJsonStream *json, GError **error)
{
    const int found = look_beyond_blanks(json, error);
    return found < 0 ? *error == NULL : bad(json, found, "the end", error);
}
