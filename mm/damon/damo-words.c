/* SPDX-License-Identifier: MIT */
/* Cutting a command line into words: GLib unquotes, positions are kept here. */
#include <mm/damon/damo-words.h>

#include <models/document.h>
#include <stdarg.h>
#include <string.h>

/* What a message repeats at most. */
#define MESSAGE_BYTES_MAX 1000u

void
nsim_damo_words_clear(NsimDamoWords *words)
{
    for (uint32_t i = 0; i < words->count; i++)
        g_free(words->items[i].text);
    g_clear_pointer(&words->items, g_free);
    words->count = 0;
}

static char *
printable(const char *message)
{
    g_autofree char *valid = g_utf8_make_valid(message, -1);
    GString *clean = g_string_new(NULL);
    for (const char *c = valid; *c != '\0' && clean->len < MESSAGE_BYTES_MAX; c = g_utf8_next_char(c)) {
        const gunichar u = g_utf8_get_char(c);
        g_string_append_unichar(clean, g_unichar_iscntrl(u) ? '?' : u);
    }
    return g_string_free(clean, FALSE);
}

bool
nsim_damo_word_error(const NsimDamoWords *words, const NsimDamoWord *word, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *clean = printable(message);
    if (word == NULL)
        g_set_error(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_VALUE, "%s: %s", words->name, clean);
    else
        g_set_error(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_VALUE, "%s, word %u (line %u, column %u): %s",
                    words->name, word->number, word->line, word->column, clean);
    return false;
}

typedef struct {
    const char *at;
    const char *line_start;
    uint32_t line;
} Scan;

static void
step(Scan *scan)
{
    if (*scan->at == '\n') {
        scan->line++;
        scan->line_start = scan->at + 1;
    }
    scan->at++;
}

/* To the next `end`, past it when `past`; or to the end of the text. */
static void
skip_to(Scan *scan, char end, bool past)
{
    while (*scan->at != '\0' && *scan->at != end)
        step(scan);
    if (past && *scan->at != '\0')
        step(scan);
}

/* Blanks, line breaks with a backslash before them, and comments: `# ...` and, within a command, "`# ...`". */
static void
skip_between(Scan *scan)
{
    for (;;) {
        if (g_ascii_isspace(*scan->at) ||
            (*scan->at == '\\' && (g_ascii_isspace(scan->at[1]) || scan->at[1] == '\0'))) {
            step(scan);
        } else if (*scan->at == '#') {
            skip_to(scan, '\n', false);
        } else if (scan->at[0] == '`' && scan->at[1] == '#') {
            step(scan);
            skip_to(scan, '`', true);
        } else {
            return;
        }
    }
}

/* Past a quoted part; at its end when nothing closes it. */
static void
skip_quoted(Scan *scan)
{
    const char quote = *scan->at;
    step(scan);
    while (*scan->at != '\0' && *scan->at != quote) {
        if (*scan->at == '\\' && quote == '"' && scan->at[1] != '\0')
            step(scan);
        step(scan);
    }
    if (*scan->at != '\0')
        step(scan);
}

static void
skip_word(Scan *scan)
{
    while (*scan->at != '\0' && !g_ascii_isspace(*scan->at)) {
        if (*scan->at == '\'' || *scan->at == '"') {
            skip_quoted(scan);
        } else if (*scan->at == '$' && scan->at[1] == '(') {
            skip_to(scan, ')', true);
        } else {
            if (*scan->at == '\\' && scan->at[1] != '\0')
                step(scan);
            step(scan);
        }
    }
}

/* "# " or "$ " in front of a command that was copied with it; else "# " begins a comment. */
static void
skip_prompt(Scan *scan)
{
    while (g_ascii_isspace(*scan->at))
        step(scan);
    if ((scan->at[0] != '#' && scan->at[0] != '$') || scan->at[1] != ' ')
        return;
    const char *command = scan->at + 2;
    if (g_str_has_prefix(command, "damo ") || g_str_has_prefix(command, "sudo ") ||
        g_str_has_prefix(command, "./damo "))
        step(scan);
}

bool
nsim_damo_words_split(const char *text, const char *name, NsimDamoWords *ret, GError **error)
{
    g_autoptr(GArray) words = g_array_new(FALSE, FALSE, sizeof(NsimDamoWord));
    Scan scan = {text, text, 1};
    GError *quoting = NULL;
    skip_prompt(&scan);
    for (skip_between(&scan); *scan.at != '\0' && quoting == NULL; skip_between(&scan)) {
        const char *start = scan.at;
        NsimDamoWord word = {
            .line = scan.line, .column = (uint32_t)(start - scan.line_start) + 1, .number = words->len + 1};
        skip_word(&scan);
        g_autofree char *raw = g_strndup(start, (gsize)(scan.at - start));
        word.text = g_shell_unquote(raw, &quoting);
        g_array_append_val(words, word);
    }
    *ret = (NsimDamoWords){.count = words->len, .name = name};
    ret->items = (NsimDamoWord *)(void *)g_array_free(g_steal_pointer(&words), FALSE);
    if (quoting == NULL)
        return true;
    nsim_damo_word_error(ret, &ret->items[ret->count - 1], error, "%s", quoting->message);
    g_error_free(quoting);
    nsim_damo_words_clear(ret);
    return false;
}
