/* SPDX-License-Identifier: MIT */
/* Finding policies: built in, or loaded with GModule and checked against the contract before anything is called. */
#include <experiment/plugins.h>

#include <experiment/experiment.h>
#include <gmodule.h>
#include <models/document.h>
#include <policies/builtin.h>
#include <string.h>

struct _NsimPlugins {
    GPtrArray *classes; /* const NsimPolicyClass * */
    GPtrArray *modules; /* GModule *, closed with the object */
};

static void
close_module(gpointer module)
{
    g_module_close(module);
}

/* Lower case letters, digits and '-', beginning with a letter. */
static bool
name_is_sound(const char *name)
{
    if (name == NULL || !g_ascii_islower(*name))
        return false;
    for (const char *c = name; *c != '\0'; c++) {
        if (!g_ascii_islower(*c) && !g_ascii_isdigit(*c) && *c != '-')
            return false;
    }
    return true;
}

static bool
filled(const char *text)
{
    return text != NULL && *text != '\0';
}

/* What is wrong with the option rows, or NULL. */
static const char *
options_problem(const NsimPolicyClass *class)
{
    for (uint32_t i = 0; i < class->option_count; i++) {
        const NsimOption *option = &class->options[i];
        if (!filled(option->key) || !filled(option->help) || option->type > NSIM_OPTION_STRING)
            return "an option row without key, help or a known type";
        if (option->offset >= class->config_size)
            return "an option row whose offset lies outside config_size";
        if (option->type == NSIM_OPTION_ENUM && (option->choices == NULL || option->choices[0] == NULL))
            return "an enum option without choices";
        if (strcmp(option->key, "label") == 0 || strcmp(option->key, "name") == 0)
            return "an option called 'label' or 'name', which every policy has";
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(class->options[j].key, option->key) == 0)
                return "two options of one name";
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
        return g_strdup_printf("it was built for ABI version %u, this numasim has %u; rebuild it against the installed headers",
                               class->abi_version, NSIM_ABI_VERSION);
    if (class->struct_size > sizeof(NsimPolicyClass))
        return g_strdup_printf("it was built against a newer numasim (class of %u bytes, %zu known); rebuild it against "
                               "the installed headers",
                               class->struct_size, sizeof(NsimPolicyClass));
    if (class->struct_size < offsetof(NsimPolicyClass, faults))
        return g_strdup_printf("its class is too small (%u bytes)", class->struct_size);
    if (!name_is_sound(class->name))
        return g_strdup("its name is not made of lower-case letters, digits and '-'");
    if (!filled(class->summary) || !filled(class->source) || !filled(class->licence))
        return g_strdup("summary, source or licence is empty");
    if (class->attach == NULL || class->detach == NULL)
        return g_strdup("it lacks a required call-back: attach and detach must be set");
    return g_strdup(options_problem(class));
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
    g_ptr_array_add(plugins->classes, (gpointer)class);
    return true;
}

NsimPlugins *
nsim_plugins_new(const char *const *paths, GError **error)
{
    g_autoptr(NsimPlugins) plugins = g_new0(NsimPlugins, 1);
    plugins->classes = g_ptr_array_new();
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
        g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE, "unknown policy '%s'; there are %s", name,
                    all);
    return NULL;
}
