/* SPDX-License-Identifier: MIT */
/* Policies and their options from the command line and the config. */
#include <experiment/policy-spec.h>

#include <experiment/experiment.h>
#include <mm/damon/damo.h>
#include <models/quantity.h>
#include <string.h>

#define LABEL_BYTES_MAX 200

/* ---- One option ----------------------------------------------------------------------------------------------- */

static bool
quantity_kind(NsimOptionType type, NsimQuantityKind *ret)
{
    switch (type) {
    case NSIM_OPTION_INT:
        *ret = NSIM_QUANTITY_COUNT;
        return true;
    case NSIM_OPTION_TIME:
        *ret = NSIM_QUANTITY_TIME;
        return true;
    case NSIM_OPTION_BYTES:
        *ret = NSIM_QUANTITY_BYTES;
        return true;
    case NSIM_OPTION_RATE:
        *ret = NSIM_QUANTITY_RATE;
        return true;
    case NSIM_OPTION_RATIO:
        *ret = NSIM_QUANTITY_RATIO;
        return true;
    case NSIM_OPTION_BOOL:
    case NSIM_OPTION_ENUM:
    case NSIM_OPTION_STRING:
    case NSIM_OPTION_FILE:
    case NSIM_OPTION_DAMON:
        break;
    }
    return false;
}

static char *
format_value(const NsimOption *option, uint64_t value)
{
    NsimQuantityKind kind;
    return quantity_kind(option->type, &kind) ? nsim_quantity_format(value, kind)
                                              : g_strdup_printf("%" G_GUINT64_FORMAT, value);
}

char *
nsim_option_describe(const NsimOption *option)
{
    static const char *const types[] = { [NSIM_OPTION_BOOL] = "yes or no",    [NSIM_OPTION_INT] = "number",
                                         [NSIM_OPTION_TIME] = "time",         [NSIM_OPTION_BYTES] = "size",
                                         [NSIM_OPTION_RATE] = "rate",         [NSIM_OPTION_RATIO] = "ratio",
                                         [NSIM_OPTION_ENUM] = "one of",       [NSIM_OPTION_STRING] = "text",
                                         [NSIM_OPTION_FILE] = "file",       [NSIM_OPTION_DAMON] = "damo command line" };
    GString *text = g_string_new(types[option->type]);
    NsimQuantityKind kind;
    if (option->type == NSIM_OPTION_ENUM) {
        g_autofree char *choices = g_strjoinv(", ", (char **)(uintptr_t)option->choices);
        g_string_append_printf(text, " %s", choices);
    } else if (quantity_kind(option->type, &kind) && kind != NSIM_QUANTITY_COUNT && kind != NSIM_QUANTITY_RATIO) {
        g_string_append_printf(text, " in %s", nsim_quantity_units(kind));
    }
    if (option->min != 0 || option->max != 0) {
        g_autofree char *low = format_value(option, option->min);
        g_autofree char *high = format_value(option, option->max);
        g_string_append_printf(text, ", %s to %s", low, high);
    }
    return g_string_free(text, FALSE);
}

char *
nsim_option_store(const NsimOption *option, const char *text, void *config)
{
    char *field = (char *)config + option->offset;
    NsimQuantityKind kind;
    if (quantity_kind(option->type, &kind)) {
        uint64_t value;
        char *problem = NULL;
        if (!nsim_quantity_parse(text, kind, &value, &problem))
            return problem;
        if ((option->min != 0 || option->max != 0) && (value < option->min || value > option->max)) {
            g_autofree char *range = nsim_option_describe(option);
            return g_strdup_printf("'%s' is out of range; expected a %s", text, range);
        }
        memcpy(field, &value, sizeof value);
        return NULL;
    }
    if (option->type == NSIM_OPTION_BOOL) {
        const bool yes = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
        if (!yes && strcmp(text, "no") != 0 && strcmp(text, "false") != 0)
            return g_strdup_printf("'%s' is not yes, no, true or false", text);
        memcpy(field, &yes, sizeof yes);
        return NULL;
    }
    if (option->type == NSIM_OPTION_ENUM) {
        for (uint32_t i = 0; option->choices[i] != NULL; i++) {
            if (strcmp(option->choices[i], text) == 0) {
                memcpy(field, &i, sizeof i);
                return NULL;
            }
        }
        g_autofree char *choices = g_strjoinv(", ", (char **)(uintptr_t)option->choices);
        return g_strdup_printf("'%s' is not one of %s", text, choices);
    }
    if (option->type == NSIM_OPTION_DAMON) {
        g_autoptr(GError) problem = NULL;
        g_autoptr(NsimDamonPlan) plan = nsim_damo_read(text, &problem);
        if (plan == NULL)
            return g_strdup(problem->message);
    }
    memcpy(field, &text, sizeof text);
    return NULL;
}

/* ---- A spec ---------------------------------------------------------------------------------------------------- */

void
nsim_policy_spec_free(NsimPolicySpec *spec)
{
    if (spec == NULL)
        return;
    for (uint32_t i = 0; spec->texts != NULL && i < spec->class->option_count; i++)
        g_free(spec->texts[i]);
    for (uint32_t i = 0; i < NSIM_MOVER_OPTION_COUNT; i++)
        g_free(spec->mover_texts[i]);
    for (uint32_t i = 0; i < NSIM_DAMON_OPTION_COUNT; i++)
        g_free(spec->damon_texts[i]);
    g_free(spec->texts);
    g_ptr_array_unref(spec->paths);
    g_free(spec->label);
    g_free(spec->config);
    g_free(spec);
}

static NsimPolicySpec *
spec_new(const NsimPolicyClass *class)
{
    NsimPolicySpec *spec = g_new0(NsimPolicySpec, 1);
    spec->class = class;
    spec->damon = nsim_damon_options_default();
    spec->paths = g_ptr_array_new_with_free_func(g_free);
    spec->texts = g_new0(char *, class->option_count + 1);
    spec->config = g_malloc0(MAX(class->config_size, (size_t)1));
    return spec;
}

/* Words a policy takes, for messages. (transfer full) */
static char **
option_words(const NsimPolicyClass *class)
{
    char **words = g_new0(char *, class->option_count + 2);
    for (uint32_t i = 0; i < class->option_count; i++)
        words[i] = g_strdup(class->options[i].key);
    words[class->option_count] = g_strdup("label");
    return words;
}

/* The option of every policy nearest to a word that no option has, or NULL. */
static const char *
near_common_option(const char *key)
{
    const char *words[NSIM_MOVER_OPTION_COUNT + NSIM_DAMON_OPTION_COUNT + 1] = { NULL };
    for (uint32_t i = 0; i < NSIM_MOVER_OPTION_COUNT; i++)
        words[i] = nsim_mover_options[i].key;
    for (uint32_t i = 0; i < NSIM_DAMON_OPTION_COUNT; i++)
        words[NSIM_MOVER_OPTION_COUNT + i] = nsim_damon_options[i].key;
    return nsim_nearest_word(key, words);
}

/* A row of `count` that `key` names is given: its text is kept and its value stored. NULL, or what is wrong. */
static char *
give_row(const NsimOption *rows, uint32_t count, char **texts, void *config, const char *key, const char *text,
         bool *ret_known)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(rows[i].key, key) != 0)
            continue;
        *ret_known = true;
        if (texts[i] != NULL)
            return g_strdup_printf("option '%s' is given twice", key);
        texts[i] = g_strdup(text);
        g_autofree char *problem = nsim_option_store(&rows[i], texts[i], config);
        return problem == NULL ? NULL : g_strdup_printf("option '%s': %s", key, problem);
    }
    return NULL;
}

/* What is wrong with a text for kdamonds that was just stored, or NULL. (transfer full) */
static char *
damon_problem(const NsimDamonOptions *options, const char *key)
{
    g_autofree char *problem = nsim_damon_options_problem(options, key);
    return problem == NULL ? NULL : g_strdup_printf("option '%s': %s", key, problem);
}

/* NULL, or what is wrong. (transfer full) */
static char *
give(NsimPolicySpec *spec, const char *key, const char *text)
{
    if (strcmp(key, "label") == 0) {
        if (*text == '\0' || strlen(text) > LABEL_BYTES_MAX || !g_utf8_validate(text, -1, NULL))
            return g_strdup("'label' must be a text of 1 to " G_STRINGIFY(LABEL_BYTES_MAX) " bytes in UTF-8");
        g_free(spec->label);
        spec->label = g_strdup(text);
        return NULL;
    }
    bool known = false;
    char *problem = give_row(spec->class->options, spec->class->option_count, spec->texts, spec->config, key, text, &known);
    if (!known)
        problem = give_row(nsim_mover_options, NSIM_MOVER_OPTION_COUNT, spec->mover_texts, &spec->mover, key, text, &known);
    if (!known) {
        problem = give_row(nsim_damon_options, NSIM_DAMON_OPTION_COUNT, spec->damon_texts, &spec->damon, key, text, &known);
        if (known && problem == NULL)
            problem = damon_problem(&spec->damon, key);
    }
    if (known)
        return problem;
    g_auto(GStrv) words = option_words(spec->class);
    g_autofree char *all = g_strjoinv(", ", words);
    const char *near = nsim_nearest_word(key, (const char *const *)(void *)words);
    near = near != NULL ? near : near_common_option(key);
    if (near != NULL)
        return g_strdup_printf("unknown option '%s'; did you mean '%s'? It takes %s", key, near, all);
    return g_strdup_printf("unknown option '%s'; it takes %s, and those of 'numasim policies migration' and "
                           "'numasim policies monitoring'", key, all);
}

/* Options that were given, as part of a label. */
static void
label_rows(GString *label, char *separator, const NsimOption *rows, uint32_t count, char *const *texts)
{
    for (uint32_t i = 0; i < count; i++) {
        if (texts[i] == NULL)
            continue;
        /* A command line would be too long. */
        if (rows[i].type == NSIM_OPTION_DAMON)
            g_string_append_printf(label, "%c%s", *separator, rows[i].key);
        else
            g_string_append_printf(label, "%c%s=%s", *separator, rows[i].key, texts[i]);
        *separator = ',';
    }
}

/* Fill defaults and the label. NULL, or what is wrong. (transfer full) */
static char *
complete(NsimPolicySpec *spec)
{
    g_autoptr(GString) label = g_string_new(spec->class->name);
    char separator = ':';
    for (uint32_t i = 0; i < spec->class->option_count; i++) {
        const NsimOption *option = &spec->class->options[i];
        if (spec->texts[i] != NULL) {
            /* A command line is no name. */
            if (option->type != NSIM_OPTION_DAMON) {
                g_string_append_printf(label, "%c%s=%s", separator, option->key, spec->texts[i]);
                separator = ',';
            }
            continue;
        }
        if (option->default_text == NULL) {
            g_autofree char *range = nsim_option_describe(option);
            return g_strdup_printf("option '%s' must be given (%s): %s", option->key, range, option->help);
        }
        spec->texts[i] = g_strdup(option->default_text);
        g_autofree char *problem = nsim_option_store(option, spec->texts[i], spec->config);
        if (problem != NULL)
            return g_strdup_printf("default of option '%s': %s", option->key, problem);
    }
    label_rows(label, &separator, nsim_mover_options, NSIM_MOVER_OPTION_COUNT, spec->mover_texts);
    label_rows(label, &separator, nsim_damon_options, NSIM_DAMON_OPTION_COUNT, spec->damon_texts);
    if (spec->label == NULL) {
        if (label->len > LABEL_BYTES_MAX) {
            const char *cut = g_utf8_find_prev_char(label->str, label->str + LABEL_BYTES_MAX + 1);
            g_string_truncate(label, (gsize)(cut - label->str));
        }
        spec->label = g_strdup(label->str);
    }
    return NULL;
}

/* ---- The command line ------------------------------------------------------------------------------------------- */

/* Cut the next key=value off `*text`; quoted values lose their quotes. NULL, or what is wrong. */
static const char *
next_pair(const char **text, GString *key, GString *value)
{
    const char *at = *text;
    g_string_truncate(key, 0);
    g_string_truncate(value, 0);
    while (*at != '\0' && *at != '=' && *at != ',')
        g_string_append_c(key, *at++);
    if (*at != '=')
        return "expected key=value";
    at++;
    if (*at == '"') {
        for (at++; *at != '\0' && *at != '"'; at++)
            g_string_append_c(value, *at);
        if (*at++ != '"')
            return "a quoted value has no closing '\"'";
        if (*at != '\0' && *at != ',')
            return "expected ',' after a quoted value";
    } else {
        while (*at != '\0' && *at != ',')
            g_string_append_c(value, *at++);
    }
    *text = *at == ',' ? at + 1 : at;
    return NULL;
}

NsimPolicySpec *
nsim_policy_spec_parse(const NsimPlugins *plugins, const char *text, GError **error)
{
    const char *colon = strchr(text, ':');
    g_autofree char *name = colon == NULL ? g_strdup(text) : g_strndup(text, (gsize)(colon - text));
    const NsimPolicyClass *class = nsim_plugins_find(plugins, name, error);
    if (class == NULL)
        return NULL;

    g_autoptr(NsimPolicySpec) spec = spec_new(class);
    g_autoptr(GString) key = g_string_new(NULL);
    g_autoptr(GString) value = g_string_new(NULL);
    const char *rest = colon == NULL ? "" : colon + 1;
    g_autofree char *problem = NULL;
    while (*rest != '\0' && problem == NULL) {
        const char *syntax = next_pair(&rest, key, value);
        problem = syntax != NULL ? g_strdup_printf("%s in '%s'", syntax, colon + 1) : give(spec, key->str, value->str);
    }
    if (problem == NULL)
        problem = complete(spec);
    if (problem != NULL) {
        g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE, "policy '%s': %s", name, problem);
        return NULL;
    }
    return g_steal_pointer(&spec);
}

NsimPolicySpec *
nsim_policy_spec_damo(const NsimPlugins *plugins, const char *text, const char *name, GError **error)
{
    const NsimPolicyClass *class = nsim_plugins_find(plugins, "damon", error);
    g_autoptr(NsimDamonPlan) plan = class == NULL ? NULL : nsim_damo_read_named(text, name, error);
    if (plan == NULL)
        return NULL;
    g_autoptr(NsimPolicySpec) spec = spec_new(class);
    g_autofree char *label_problem = give(spec, "label", "damo");
    g_autofree char *problem = give(spec, "args", text);
    if (label_problem == NULL && problem == NULL)
        problem = complete(spec);
    if (problem == NULL)
        return g_steal_pointer(&spec);
    g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE, "%s: %s", name, problem);
    return NULL;
}

/* Files that a config names stand beside it. */
static void
find_files(NsimPolicySpec *spec, const char *base_dir)
{
    for (uint32_t i = 0; i < spec->class->option_count; i++) {
        const NsimOption *option = &spec->class->options[i];
        if (option->type != NSIM_OPTION_FILE || g_path_is_absolute(spec->texts[i]))
            continue;
        char *path = g_build_filename(base_dir, spec->texts[i], NULL);
        g_ptr_array_add(spec->paths, path);
        memcpy((char *)spec->config + option->offset, &path, sizeof path);
    }
}

/* ---- The config -------------------------------------------------------------------------------------------------- */

/* The text of {file: PATH}, checked; NULL with `error`. The path becomes one of the spec's. (transfer full) */
static char *
read_damon_file(NsimPolicySpec *spec, const NsimValue *map, const char *base_dir, GError **error)
{
    static const char *const keys[] = { "file", NULL };
    g_autoptr(GError) local = NULL;
    g_autofree char *text = NULL;
    const char *name;
    if (!nsim_value_check_map(map, "a text for DAMON", keys, error) ||
        !nsim_value_read_text(map, "file", true, &name, error))
        return NULL;
    char *path = g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(base_dir, name, NULL);
    g_ptr_array_add(spec->paths, path);
    text = nsim_damo_load(path, &local);
    if (text == NULL)
        nsim_value_error(nsim_value_get(map, "file"), error, "%s", local->message);
    return g_steal_pointer(&text);
}

/* What a config gives for the option `key`: its text, or that of a file. NULL with `error`. (transfer full) */
static char *
option_text(NsimPolicySpec *spec, const char *key, const NsimValue *item, const char *base_dir, GError **error)
{
    if (nsim_value_text(item) != NULL)
        return g_strdup(nsim_value_text(item));
    for (uint32_t i = 0; i < spec->class->option_count; i++) {
        const NsimOption *option = &spec->class->options[i];
        if (option->type == NSIM_OPTION_DAMON && strcmp(option->key, key) == 0 && nsim_value_kind(item) == NSIM_VALUE_MAP)
            return read_damon_file(spec, item, base_dir, error);
    }
    nsim_value_error(item, error, "policy '%s': option '%s' wants one value", spec->class->name, key);
    return NULL;
}

NsimPolicySpec *
nsim_policy_spec_from_value(const NsimPlugins *plugins, const NsimValue *value, const char *base_dir, GError **error)
{
    g_autoptr(GError) local = NULL;
    const char *name = nsim_value_text(value);
    if (nsim_value_kind(value) == NSIM_VALUE_SCALAR) {
        NsimPolicySpec *spec = nsim_policy_spec_parse(plugins, name, &local);
        if (spec == NULL)
            nsim_value_error(value, error, "%s", local->message);
        else
            find_files(spec, base_dir);
        return spec;
    }
    if (nsim_value_kind(value) != NSIM_VALUE_MAP) {
        nsim_value_error(value, error, "expected a policy: a name, or a map with 'name'");
        return NULL;
    }
    if (!nsim_value_read_text(value, "name", true, &name, error))
        return NULL;
    const NsimPolicyClass *class = nsim_plugins_find(plugins, name, &local);
    if (class == NULL) {
        nsim_value_error(nsim_value_get(value, "name"), error, "%s", local->message);
        return NULL;
    }
    g_autoptr(NsimPolicySpec) spec = spec_new(class);
    for (uint32_t i = 0; i < nsim_value_count(value); i++) {
        const NsimValue *item = nsim_value_item(value, i);
        if (strcmp(nsim_value_key(value, i), "name") == 0)
            continue;
        g_autofree char *text = option_text(spec, nsim_value_key(value, i), item, base_dir, error);
        if (text == NULL)
            return NULL;
        g_autofree char *problem = give(spec, nsim_value_key(value, i), text);
        if (problem != NULL) {
            nsim_value_error(item, error, "policy '%s': %s", name, problem);
            return NULL;
        }
    }
    g_autofree char *problem = complete(spec);
    if (problem != NULL) {
        nsim_value_error(value, error, "policy '%s': %s", name, problem);
        return NULL;
    }
    find_files(spec, base_dir);
    return g_steal_pointer(&spec);
}
