/* SPDX-License-Identifier: MIT */
/* Which kind of text it is, and what both kinds need. */
#include <mm/damon/damo-private.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

int
nsim_damo_index_of(const char *const *names, const char *text)
{
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    return -1;
}

bool
nsim_damo_is_null(const char *text)
{
    static const char *const nothing[] = {"null", "~", "None", "", NULL};
    return nsim_damo_index_of(nothing, text) >= 0;
}

char *
nsim_damo_group_name(const char *path)
{
    static const char mount[] = "/sys/fs/cgroup/";
    if (g_str_has_prefix(path, mount))
        path += strlen(mount);
    while (*path == '/')
        path++;
    return g_strdup(path);
}

bool
nsim_damo_metric_has_memcg(NsimDamosGoalMetric metric)
{
    return metric == NSIM_GOAL_NODE_MEMCG_USED_BP || metric == NSIM_GOAL_NODE_MEMCG_FREE_BP;
}

bool
nsim_damo_metric_has_nid(NsimDamosGoalMetric metric)
{
    return metric == NSIM_GOAL_NODE_MEM_USED_BP || metric == NSIM_GOAL_NODE_MEM_FREE_BP ||
           metric == NSIM_GOAL_NODE_ELIGIBLE_MEM_BP || nsim_damo_metric_has_memcg(metric);
}

NsimDamoUnit
nsim_damo_metric_unit(NsimDamosGoalMetric metric)
{
    return metric == NSIM_GOAL_USER_INPUT        ? NSIM_DAMO_NUMBER
           : metric == NSIM_GOAL_SOME_MEM_PSI_US ? NSIM_DAMO_US
                                                 : NSIM_DAMO_BP;
}

bool
nsim_damo_word_unit(const NsimDamoWords *words, const NsimDamoWord *word, NsimDamoUnit unit, const char *what,
                    uint64_t *ret, GError **error)
{
    return nsim_damo_unit_parse(word->text, unit, ret) ||
           nsim_damo_word_error(words, word, error, "%s '%s' is not %s", what, word->text,
                                nsim_damo_unit_allowed(unit));
}

bool
nsim_damo_word_count(const NsimDamoWords *words, const NsimDamoWord *word, uint64_t most, const char *what,
                     uint64_t *ret, GError **error)
{
    return (nsim_damo_unit_parse(word->text, NSIM_DAMO_NUMBER, ret) && *ret <= most) ||
           nsim_damo_word_error(words, word, error, "%s '%s' is not a number from 0 to %" G_GUINT64_FORMAT, what,
                                word->text, most);
}

bool
nsim_damo_word_name(const NsimDamoWords *words, const NsimDamoWord *word, const char *const *names, const char *what,
                    uint32_t *ret, GError **error)
{
    const int found = nsim_damo_index_of(names, word->text);
    if (found >= 0) {
        *ret = (uint32_t)found;
        return true;
    }
    g_autofree char *all = g_strjoinv(", ", (char **)(uintptr_t)names);
    return nsim_damo_word_error(words, word, error, "%s '%s' is not one of %s", what, word->text, all);
}

bool
nsim_damo_word_bool(const NsimDamoWords *words, const NsimDamoWord *word, bool *ret, GError **error)
{
    static const char *const names[] = {"n", "no", "false", "y", "yes", "true", NULL};
    uint32_t index = 0;
    if (!nsim_damo_word_name(words, word, names, "switch", &index, error))
        return false;
    *ret = index >= 3;
    return true;
}

/* `{`, or `kdamonds:` at the start of a line. */
static bool
is_file(const char *text)
{
    static const char key[] = "kdamonds:";
    while (g_ascii_isspace(*text))
        text++;
    if (*text == '{')
        return true;
    for (; text != NULL; text = strchr(text, '\n')) {
        text += *text == '\n';
        if (strncmp(text, key, strlen(key)) == 0)
            return true;
    }
    return false;
}

static bool
is_command(const NsimDamoWord *word, const char *name)
{
    const char *slash = strrchr(word->text, '/');
    return strcmp(slash == NULL ? word->text : slash + 1, name) == 0;
}

/* Past `sudo damo start`, `damo tune`, `damo args damon` or what of it is there. False with `error`: another command.
 */
static bool
skip_command(const NsimDamoWords *words, uint32_t *i, GError **error)
{
    static const char *const others[] = {"record", "report", "stop", "monitor", "schemes", NULL};
    const NsimDamoWord *items = words->items;
    *i = 0;
    if (*i < words->count && strcmp(items[*i].text, "$") == 0)
        (*i)++;
    if (*i < words->count && is_command(&items[*i], "sudo"))
        (*i)++;
    if (*i < words->count && (is_command(&items[*i], "damo") || is_command(&items[*i], "damo.py")))
        (*i)++;
    if (*i >= words->count)
        return true;
    if (strcmp(items[*i].text, "start") == 0 || strcmp(items[*i].text, "tune") == 0) {
        (*i)++;
    } else if (strcmp(items[*i].text, "args") == 0 && *i + 1 < words->count &&
               strcmp(items[*i + 1].text, "damon") == 0) {
        *i += 2;
    } else if (nsim_damo_index_of(others, items[*i].text) >= 0) {
        return nsim_damo_word_error(words, &items[*i], error,
                                    "'%s' starts no scheme; expected start, tune or args damon, or options alone",
                                    items[*i].text);
    }
    return true;
}

NsimDamonPlan *
nsim_damo_read_named(const char *text, const char *name, GError **error)
{
    g_auto(NsimDamoWords) words = {.name = name};
    uint32_t first;
    if (strlen(text) > NSIM_DAMO_TEXT_MAX) {
        nsim_damo_word_error(&words, NULL, error, "longer than %u bytes", NSIM_DAMO_TEXT_MAX);
        return NULL;
    }
    if (!g_utf8_validate(text, -1, NULL)) {
        nsim_damo_word_error(&words, NULL, error, "not UTF-8");
        return NULL;
    }
    if (is_file(text))
        return nsim_damo_file_read(text, name, error);
    if (!nsim_damo_words_split(text, name, &words, error) || !skip_command(&words, &first, error))
        return NULL;
    return nsim_damo_args_read(&words, first, error);
}

NsimDamonPlan *
nsim_damo_read(const char *text, GError **error)
{
    return nsim_damo_read_named(text, "damo", error);
}

char *
nsim_damo_load(const char *path, GError **error)
{
    g_autofree char *text = g_malloc(NSIM_DAMO_TEXT_MAX + 2);
    FILE *file = fopen(path, "re");
    const size_t length = file == NULL ? 0 : fread(text, 1, NSIM_DAMO_TEXT_MAX + 1, file);
    const int problem = file == NULL || ferror(file) ? errno : 0;
    if (file != NULL)
        fclose(file);
    text[length] = '\0';
    if (problem != 0) {
        g_set_error(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_IO, "cannot read '%s': %s", path, g_strerror(problem));
        return NULL;
    }
    if (strlen(text) != length) {
        g_set_error(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_SYNTAX, "'%s' has a NUL character in it", path);
        return NULL;
    }
    g_autoptr(NsimDamonPlan) plan = nsim_damo_read_named(text, path, error);
    return plan == NULL ? NULL : g_strchomp(g_steal_pointer(&text));
}
