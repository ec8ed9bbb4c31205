/* SPDX-License-Identifier: MIT */
/* Finding policies: built in, or loaded with GModule and checked against the contract before anything is called. */
#include <experiment/plugins.h>

#include <experiment/experiment.h>
#include <gmodule.h>
#include <mm/damon/options.h>
#include <mm/mover.h>
#include <models/document.h>
#include <policies/builtin.h>
#include <string.h>

/* Bounds on what a plug-in may declare; far above what a policy needs. */
#define ROWS_MAX 256u
#define CONFIG_BYTES_MAX ((size_t)1 << 20)

/* Flags this version knows how to honour. */
#define CAPS_KNOWN ((uint32_t)(NSIM_CAP_DETERMINISTIC | NSIM_CAP_FUTURE | NSIM_CAP_LAZY))

struct _NsimPlugins {
    GPtrArray *classes; /* const NsimPolicyClass * */
    GPtrArray *copies;  /* NsimPolicyClass *, of loaded ones: as long as this version's whatever they were built with */
    GPtrArray *modules; /* GModule *, closed with the object */
};

static void
close_module(gpointer module)
{
    g_module_close(module);
}

/* Lower-case letters, digits and `joint`, beginning with a letter. */
static bool
name_is_sound(const char *name, char joint)
{
    if (name == NULL || !g_ascii_islower(*name))
        return false;
    for (const char *c = name; *c != '\0'; c++) {
        if (!g_ascii_islower(*c) && !g_ascii_isdigit(*c) && *c != joint)
            return false;
    }
    return true;
}

/* A text that can stand in a report. */
static bool
filled(const char *text)
{
    return text != NULL && *text != '\0' && g_utf8_validate(text, -1, NULL);
}

/* Bytes of the field an option of this type is stored in. */
static size_t
field_size(NsimOptionType type)
{
    switch (type) {
    case NSIM_OPTION_BOOL:
        return sizeof(bool);
    case NSIM_OPTION_ENUM:
        return sizeof(uint32_t);
    case NSIM_OPTION_STRING:
    case NSIM_OPTION_FILE:
    case NSIM_OPTION_DAMON:
        return sizeof(const char *);
    case NSIM_OPTION_INT:
    case NSIM_OPTION_TIME:
    case NSIM_OPTION_BYTES:
    case NSIM_OPTION_RATE:
    case NSIM_OPTION_RATIO:
        break;
    }
    return sizeof(uint64_t);
}

/* What is wrong with one option row, or NULL. */
static const char *
option_problem(const NsimPolicyClass *class, const NsimOption *option)
{
    if (!name_is_sound(option->key, '_'))
        return "an option whose key is not made of lower-case letters, digits and '_'";
    if (strcmp(option->key, "label") == 0 || strcmp(option->key, "name") == 0)
        return "an option called 'label' or 'name', which every policy has";
    for (uint32_t i = 0; i < NSIM_MOVER_OPTION_COUNT; i++) {
        if (strcmp(option->key, nsim_mover_options[i].key) == 0)
            return "an option called like one of 'numasim policies migration', which every policy has";
    }
    for (uint32_t i = 0; i < NSIM_DAMON_OPTION_COUNT; i++) {
        if (strcmp(option->key, nsim_damon_options[i].key) == 0)
            return "an option called like one of 'numasim policies monitoring', which every policy has";
    }
    if (option->type > NSIM_OPTION_DAMON)
        return "an option of a type this numasim does not know";
    if (!filled(option->help) || !filled(option->source))
        return "an option without help or source";
    if (option->offset > class->config_size || class->config_size - option->offset < field_size(option->type))
        return "an option whose field lies outside config_size";
    if (option->min > option->max)
        return "an option whose min is above its max";
    if (option->type == NSIM_OPTION_ENUM && (option->choices == NULL || option->choices[0] == NULL))
        return "an enum option without choices";
    return NULL;
}

/* What is wrong with the tables of options and counters, or NULL. */
static const char *
rows_problem(const NsimPolicyClass *class)
{
    if (class->option_count > ROWS_MAX || class->counter_count > ROWS_MAX || class->config_size > CONFIG_BYTES_MAX)
        return "more than 256 options or counters, or a config struct of more than 1 MiB";
    if ((class->option_count > 0 && class->options == NULL) || (class->counter_count > 0 && class->counters == NULL))
        return "a count of options or counters without their table";
    for (uint32_t i = 0; i < class->option_count; i++) {
        const char *problem = option_problem(class, &class->options[i]);
        if (problem != NULL)
            return problem;
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(class->options[j].key, class->options[i].key) == 0)
                return "two options of one name";
        }
    }
    for (uint32_t i = 0; i < class->counter_count; i++) {
        const NsimCounter *counter = &class->counters[i];
        if (!name_is_sound(counter->key, '_') || !filled(counter->unit) || !filled(counter->help))
            return "a counter without a key of lower-case letters, digits and '_', a unit or help";
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(class->counters[j].key, counter->key) == 0)
                return "two counters of one name";
        }
    }
    return NULL;
}

/* What a class lacks, or NULL. (transfer full) */
static char *
class_problem(const NsimPolicyClass *class)
{
    if (class == NULL)
        return g_strdup("its plug-in symbol is NULL");
    if (class->abi_version != NSIM_ABI_VERSION)
        return g_strdup_printf("it was built for ABI version %u, this numasim has %u; rebuild it against the installed "
                               "headers",
                               class->abi_version, NSIM_ABI_VERSION);
    if (class->struct_size > sizeof(NsimPolicyClass))
        return g_strdup_printf("it was built against a newer numasim (class of %u bytes, %zu known); rebuild it "
                               "against the installed headers",
                               class->struct_size, sizeof(NsimPolicyClass));
    if (class->struct_size < offsetof(NsimPolicyClass, faults))
        return g_strdup_printf("its class is too small (%u bytes)", class->struct_size);
    if (!name_is_sound(class->name, '-'))
        return g_strdup("its name is not made of lower-case letters, digits and '-'");
    if (!filled(class->summary) || !filled(class->source) || !filled(class->licence))
        return g_strdup("summary, source or licence is empty");
    if (class->attach == NULL || class->detach == NULL)
        return g_strdup("it lacks a required call-back: attach and detach must be set");
    if ((class->caps & ~CAPS_KNOWN) != 0)
        return g_strdup_printf("it wants capabilities this numasim does not know (flags 0x%x)",
                               class->caps & ~CAPS_KNOWN);
    const char *problem = rows_problem(class);
    return problem == NULL ? NULL : g_strdup_printf("it has %s", problem);
}

static const NsimPolicyClass *
lookup(const NsimPlugins *plugins, const char *name)
{
    for (guint i = 0; i < plugins->classes->len; i++) {
        const NsimPolicyClass *class = g_ptr_array_index(plugins->classes, i);
        if (strcmp(class->name, name) == 0)
            return class;
    }
    return NULL;
}

static bool
load(NsimPlugins *plugins, const char *path, GError **error)
{
    gpointer symbol = NULL;
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE, "plug-in '%s': no such file", path);
        return false;
    }
    /* A path without a slash would be looked for in the system's library folders. */
    g_autofree char *full = g_canonicalize_filename(path, NULL);
    GModule *module = g_module_open(full, G_MODULE_BIND_LOCAL);
    if (module == NULL) {
        g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE, "plug-in '%s': %s", path,
                    g_module_error());
        return false;
    }
    g_ptr_array_add(plugins->modules, module);
    if (!g_module_symbol(module, NSIM_POLICY_SYMBOL, &symbol) || symbol == NULL) {
        g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE,
                    "plug-in '%s': it does not export '%s'; end its source with NSIM_POLICY_EXPORT", path,
                    NSIM_POLICY_SYMBOL);
        return false;
    }
    const NsimPolicyClass *class = *(const NsimPolicyClass *const *)symbol;
    g_autofree char *problem = class_problem(class);
    if (problem == NULL && lookup(plugins, class->name) != NULL)
        problem = g_strdup_printf("there is already a policy called '%s'", class->name);
    if (problem != NULL) {
        g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE, "plug-in '%s': %s", path, problem);
        return false;
    }
    /* Call-backs that came after the plug-in was built are absent, not what happens to follow its struct. */
    NsimPolicyClass *copy = g_new0(NsimPolicyClass, 1);
    memcpy(copy, class, class->struct_size);
    g_ptr_array_add(plugins->copies, copy);
    g_ptr_array_add(plugins->classes, copy);
    return true;
}

NsimPlugins *
nsim_plugins_new(const char *const *paths, GError **error)
{
    g_autoptr(NsimPlugins) plugins = g_new0(NsimPlugins, 1);
    plugins->classes = g_ptr_array_new();
    plugins->copies = g_ptr_array_new_with_free_func(g_free);
    plugins->modules = g_ptr_array_new_with_free_func(close_module);
    for (const NsimPolicyClass *const *const *entry = nsim_builtin_policies; *entry != NULL; entry++)
        g_ptr_array_add(plugins->classes, (gpointer)**entry);
    for (; paths != NULL && *paths != NULL; paths++) {
        if (!load(plugins, *paths, error))
            return NULL;
    }
    return g_steal_pointer(&plugins);
}

void
nsim_plugins_free(NsimPlugins *plugins)
{
    if (plugins == NULL)
        return;
    g_ptr_array_unref(plugins->classes);
    g_ptr_array_unref(plugins->copies);
    g_ptr_array_unref(plugins->modules);
    g_free(plugins);
}

uint32_t
nsim_plugins_count(const NsimPlugins *plugins)
{
    return plugins->classes->len;
}

const NsimPolicyClass *
nsim_plugins_get(const NsimPlugins *plugins, uint32_t i)
{
    return g_ptr_array_index(plugins->classes, i);
}

const NsimPolicyClass *
nsim_plugins_find(const NsimPlugins *plugins, const char *name, GError **error)
{
    const NsimPolicyClass *class = lookup(plugins, name);
    if (class != NULL)
        return class;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < plugins->classes->len; i++)
        g_ptr_array_add(names, (gpointer)nsim_plugins_get(plugins, i)->name);
    g_ptr_array_add(names, NULL);
    const char *const *words = (const char *const *)(void *)names->pdata;
    const char *near = nsim_nearest_word(name, words);
    g_autofree char *all = g_strjoinv(", ", (char **)names->pdata);
    if (near != NULL)
        g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE,
                    "unknown policy '%s'; did you mean '%s'? There are %s", name, near, all);
    else
        g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE, "unknown policy '%s'; there are %s",
                    name, all);
    return NULL;
}
