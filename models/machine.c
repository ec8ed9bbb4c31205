/* SPDX-License-Identifier: MIT */
/* The machine as an object: loading, reference counting, look-up by name. What it means is in docs/machine.md. */
#include <models/machine.h>

#include <string.h>

#include <models/machine-build.h>

static NsimMachineBuild *
build_new(const NsimValue *root)
{
    NsimMachineBuild *build = g_new0(NsimMachineBuild, 1);
    build->full = g_new0(NsimMachineFull, 1);
    g_atomic_ref_count_init(&build->full->references);
    build->full->strings = g_string_chunk_new(1024);
    build->full->owned = g_ptr_array_new_with_free_func(g_free);
    build->root = root;
    build->points = g_array_new(FALSE, TRUE, sizeof(NsimPoint));
    build->point_by_id = g_hash_table_new(g_str_hash, g_str_equal);
    build->edges = g_array_new(FALSE, TRUE, sizeof(NsimEdge));
    build->resources = g_array_new(FALSE, TRUE, sizeof(NsimResource));
    build->assumptions = g_ptr_array_new();
    return build;
}

static void
build_free(NsimMachineBuild *build)
{
    for (uint32_t i = 0; i < build->assumptions->len; i++) {
        NsimAssumption *assumption = g_ptr_array_index(build->assumptions, i);
        g_free(assumption->text);
        g_ptr_array_unref(assumption->ids);
        g_free(assumption);
    }
    g_ptr_array_unref(build->assumptions);
    g_array_unref(build->points);
    g_hash_table_unref(build->point_by_id);
    g_array_unref(build->edges);
    g_array_unref(build->resources);
    g_free(build->table);
    if (build->full)
        nsim_machine_unref(&build->full->public);
    g_free(build);
}

void *
nsim_build_alloc(NsimMachineBuild *build, size_t count, size_t size)
{
    void *memory = g_malloc0_n(MAX(count, 1), size);
    g_ptr_array_add(build->full->owned, memory);
    return memory;
}

const char *
nsim_build_string(NsimMachineBuild *build, const char *text)
{
    return g_string_chunk_insert_const(build->full->strings, text);
}

void
nsim_build_assume(NsimMachineBuild *build, const char *id, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    NsimAssumption *assumption = NULL;
    for (uint32_t i = 0; i < build->assumptions->len && !assumption; i++) {
        NsimAssumption *other = g_ptr_array_index(build->assumptions, i);
        if (strcmp(other->text, text) == 0)
            assumption = other;
    }
    if (!assumption) {
        assumption = g_new0(NsimAssumption, 1);
        assumption->text = g_steal_pointer(&text);
        assumption->ids = g_ptr_array_new();
        g_ptr_array_add(build->assumptions, assumption);
    }
    if (id)
        g_ptr_array_add(assumption->ids, (gpointer)id);
}

/* "CPU1, CPU2, CPU3 and 9 more: clock 2.5GHz" */
static void
publish_assumptions(NsimMachineBuild *build)
{
    enum { SHOWN = 4 };
    const uint32_t count = build->assumptions->len;
    const char **sentences = nsim_build_alloc(build, count, sizeof *sentences);
    for (uint32_t i = 0; i < count; i++) {
        const NsimAssumption *assumption = g_ptr_array_index(build->assumptions, i);
        g_autoptr(GString) sentence = g_string_new(NULL);
        const uint32_t ids = assumption->ids->len;
        const uint32_t shown = ids <= SHOWN + 1 ? ids : SHOWN;
        for (uint32_t k = 0; k < shown; k++)
            g_string_append_printf(sentence, "%s%s", k > 0 ? ", " : "", (char *)g_ptr_array_index(assumption->ids, k));
        if (shown < ids)
            g_string_append_printf(sentence, " and %u more", ids - shown);
        g_string_append_printf(sentence, "%s%s", ids > 0 ? ": " : "", assumption->text);
        sentences[i] = nsim_build_string(build, sentence->str);
    }
    build->full->public.assumptions = sentences;
    build->full->public.assumption_count = count;
}

static void
publish(NsimMachineBuild *build)
{
    NsimMachine *machine = &build->full->public;
    machine->nodes = build->nodes;
    machine->accessors = build->accessors;
    machine->links = build->links;
    machine->engines = build->engines;
    machine->engine_count = build->engine_count;
    machine->node_count = build->node_count;
    machine->accessor_count = build->accessor_count;
    machine->link_count = build->link_count;
    machine->resource_count = build->resources->len;
    NsimResource *resources = nsim_build_alloc(build, build->resources->len, sizeof *resources);
    memcpy(resources, build->resources->data, build->resources->len * sizeof *resources);
    machine->resources = resources;
    publish_assumptions(build);
}

static NsimMachine *
machine_build(const NsimValue *map, GError **error)
{
    NsimMachineBuild *build = build_new(map);
    NsimMachine *machine = NULL;
    if (nsim_build_parse(build, error) && nsim_build_parse_table(build, error) && nsim_build_check(build, error) &&
        nsim_build_routes(build, error)) {
        publish(build);
        machine = &build->full->public;
        build->full = NULL;
    }
    build_free(build);
    return machine;
}

/* The value of `machine:` at the top of a document. */
static const NsimValue *
machine_key(const NsimDocument *document, GError **error)
{
    const NsimValue *root = nsim_document_root(document);
    if (nsim_value_kind(root) != NSIM_VALUE_MAP) {
        g_autofree char *found = nsim_value_excerpt(root);
        nsim_value_error(root, error, "a machine file is a map with a key \"machine\", found %s", found);
        return NULL;
    }
    const NsimValue *machine = nsim_value_get(root, "machine");
    if (!machine)
        nsim_value_error(root, error, "key \"machine\" is missing");
    return machine;
}

/* The document that `name`, the value of `key`, names. It holds a machine as a map. (transfer full) */
static NsimDocument *
load_named(const NsimValue *name, const char *key, const char *base_dir, GError **error)
{
    const char *text = nsim_value_text(name);
    if (!text || *text == '\0') {
        nsim_value_error(name, error, "\"%s\" has no value; give a file name%s", key,
                         strcmp(key, "machine") == 0 ? " or a map" : "");
        return NULL;
    }
    g_autofree char *path = g_path_is_absolute(text) || strcmp(base_dir, ".") == 0
                                ? g_strdup(text)
                                : g_build_filename(base_dir, text, NULL);
    g_autoptr(GError) reason = NULL;
    g_autoptr(NsimDocument) document = nsim_document_load(path, &reason);
    if (!document && g_error_matches(reason, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_IO)) {
        nsim_value_error(name, error, "machine file %s", reason->message);
        return NULL;
    }
    if (!document) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return NULL;
    }
    /* It must hold the machine itself: a chain of names could have no end. */
    const NsimValue *machine = machine_key(document, error);
    if (machine && nsim_value_kind(machine) != NSIM_VALUE_MAP) {
        g_autofree char *found = nsim_value_excerpt(machine);
        nsim_value_error(machine, error,
                         "\"machine\" must be a map in a file that is itself named by a \"%s\" key, "
                         "found %s",
                         key, found);
        return NULL;
    }
    return machine ? g_steal_pointer(&document) : NULL;
}

/* A machine that is like another one but for the keys that it gives itself. */
static NsimMachine *
machine_like(const NsimValue *map, const NsimValue *like, const char *base_dir, GError **error)
{
    g_autoptr(NsimDocument) document = load_named(like, "like", base_dir, error);
    if (!document)
        return NULL;
    const NsimValue *base = nsim_value_get(nsim_document_root(document), "machine");
    if (nsim_value_get(base, "like")) {
        nsim_value_error(nsim_value_get(base, "like"), error,
                         "a machine that is itself named by a \"like\" key cannot be like a third one");
        return NULL;
    }
    /* What is wrong with the other machine by itself is found where it stands. */
    g_autoptr(NsimMachine) sound = machine_build(base, error);
    if (!sound)
        return NULL;
    NsimValue *merged = nsim_value_merge(map, base, "like");
    NsimMachine *machine = machine_build(merged, error);
    nsim_value_merged_free(merged);
    return machine;
}

static NsimMachine *
machine_from_map(const NsimValue *map, const char *base_dir, GError **error)
{
    const NsimValue *like = nsim_value_get(map, "like");
    return like ? machine_like(map, like, base_dir, error) : machine_build(map, error);
}

static NsimMachine *
machine_from_file(const NsimValue *name, const char *base_dir, GError **error)
{
    g_autoptr(NsimDocument) document = load_named(name, "machine", base_dir, error);
    if (!document)
        return NULL;
    g_autofree char *folder = g_path_get_dirname(nsim_document_name(document));
    return machine_from_map(nsim_value_get(nsim_document_root(document), "machine"), folder, error);
}

NsimMachine *
nsim_machine_from_value(const NsimValue *value, const char *base_dir, GError **error)
{
    switch (nsim_value_kind(value)) {
    case NSIM_VALUE_SCALAR:
        return machine_from_file(value, base_dir, error);
    case NSIM_VALUE_MAP:
        return machine_from_map(value, base_dir, error);
    case NSIM_VALUE_LIST:
    default:
        nsim_value_error(value, error, "\"machine\" must be a file name or a map, found a list");
        return NULL;
    }
}

NsimMachine *
nsim_machine_load(const char *path, GError **error)
{
    g_autoptr(NsimDocument) document = nsim_document_load(path, error);
    const NsimValue *machine = document ? machine_key(document, error) : NULL;
    g_autofree char *directory = g_path_get_dirname(path);
    return machine ? nsim_machine_from_value(machine, directory, error) : NULL;
}

NsimMachine *
nsim_machine_ref(NsimMachine *machine)
{
    g_atomic_ref_count_inc(&((NsimMachineFull *)machine)->references);
    return machine;
}

void
nsim_machine_unref(NsimMachine *machine)
{
    NsimMachineFull *full = (NsimMachineFull *)machine;
    if (!full || !g_atomic_ref_count_dec(&full->references))
        return;
    g_ptr_array_unref(full->owned);
    g_string_chunk_free(full->strings);
    g_free(full);
}

NsimAccessorId
nsim_machine_find_accessor(const NsimMachine *machine, const char *id)
{
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        if (strcmp(machine->accessors[a].id, id) == 0)
            return (NsimAccessorId)a;
    }
    return NSIM_ACCESSOR_NONE;
}

uint32_t
nsim_machine_find_engine(const NsimMachine *machine, const char *id)
{
    for (uint32_t e = 0; e < machine->engine_count; e++) {
        if (strcmp(machine->engines[e].id, id) == 0)
            return e;
    }
    return UINT32_MAX;
}

NsimNodeId
nsim_machine_find_node(const NsimMachine *machine, const char *id_or_nid)
{
    guint64 nid = 0;
    const bool number = g_ascii_string_to_unsigned(id_or_nid, 10, 0, INT32_MAX, &nid, NULL);
    for (uint32_t n = 0; n < machine->node_count; n++) {
        /* Ids begin with a letter, so a text is one or the other. */
        if (number ? machine->nodes[n].nid == (int32_t)nid : strcmp(machine->nodes[n].id, id_or_nid) == 0)
            return (NsimNodeId)n;
    }
    return NSIM_NODE_NONE;
}
