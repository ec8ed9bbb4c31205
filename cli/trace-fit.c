/* SPDX-License-Identifier: MIT */
/* Footprints beside the shipped machines: see trace-fit.h. */
#include <cli/trace-fit.h>

#include <models/machine.h>
#include <models/quantity.h>
#include <report/format.h>
#include <report/table.h>

/* A build tree lies in the source tree, or in a folder of it. */
#define LEVELS_UP 3u

struct _NsimShippedMachines {
    GPtrArray *machines; /* of NsimMachine */
};

/* The nodes of one kind. */
typedef struct {
    uint32_t node_count;
    uint64_t least_bytes, total_bytes; /* the smallest node's, all nodes' */
} Memory;

static const struct {
    NsimNodeKind kind;
    const char *heading, *key;
} kinds[] = {{NSIM_NODE_HBM, "HBM", "hbm"},
             {NSIM_NODE_DRAM, "DRAM", "dram"},
             {NSIM_NODE_CXL, "CXL", "cxl"},
             {NSIM_NODE_GPU, "GPU", "gpu"}};

/*
 * Above the program in a source tree, or in what was installed, also where that was moved; NUMASIM_MACHINES names
 * another. (transfer full)
 */
static char *
find_folder(void)
{
    static const char *const places[] = {"configs/machines", "share/numasim/configs/machines"};
    const char *named = g_getenv("NUMASIM_MACHINES");
    if (named)
        return g_strdup(named);
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = self ? g_path_get_dirname(self) : g_strdup(".");
    for (unsigned i = 0; i < LEVELS_UP; i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(places); j++) {
            g_autofree char *machines = g_build_filename(folder, places[j], NULL);
            if (g_file_test(machines, G_FILE_TEST_IS_DIR))
                return g_steal_pointer(&machines);
        }
        char *above = g_path_get_dirname(folder);
        g_free(folder);
        folder = above;
    }
    return g_build_filename(NSIM_PKGDATADIR, "configs", "machines", NULL);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    const NsimMachine *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

static void
free_machine(gpointer machine)
{
    nsim_machine_unref(machine);
}

NsimShippedMachines *
nsim_shipped_machines_load(void)
{
    NsimShippedMachines *self = g_new0(NsimShippedMachines, 1);
    g_autofree char *folder = find_folder();
    g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
    self->machines = g_ptr_array_new_with_free_func(free_machine);
    for (const char *name; directory && (name = g_dir_read_name(directory)) != NULL;) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        NsimMachine *machine = g_str_has_suffix(name, ".yaml") ? nsim_machine_load(path, NULL) : NULL;
        if (machine)
            g_ptr_array_add(self->machines, machine);
    }
    g_ptr_array_sort(self->machines, compare_names);
    return self;
}

void
nsim_shipped_machines_free(NsimShippedMachines *machines)
{
    if (!machines)
        return;
    g_ptr_array_unref(machines->machines);
    g_free(machines);
}

static Memory
memory_of(const NsimMachine *machine, NsimNodeKind kind)
{
    Memory memory = {.least_bytes = UINT64_MAX};
    for (uint32_t i = 0; i < machine->node_count; i++) {
        const NsimMemoryNode *node = &machine->nodes[i];
        if (node->kind != kind)
            continue;
        memory.node_count++;
        memory.least_bytes = MIN(memory.least_bytes, node->capacity_bytes);
        memory.total_bytes = nsim_add_saturated(memory.total_bytes, node->capacity_bytes);
    }
    return memory;
}

static uint64_t
all_memory(const NsimMachine *machine)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < machine->node_count; i++)
        bytes = nsim_add_saturated(bytes, machine->nodes[i].capacity_bytes);
    return bytes;
}

static void
add_share(NsimTable *table, uint64_t footprint_bytes, uint64_t bytes)
{
    g_autoptr(GString) text = g_string_new(NULL);
    nsim_format_decimal(text, nsim_share_ppm(footprint_bytes, bytes), 4, 1);
    nsim_table_cell(table, text->str);
}

static bool
has_kind(const NsimShippedMachines *machines, NsimNodeKind kind)
{
    for (guint i = 0; i < machines->machines->len; i++)
        if (memory_of(g_ptr_array_index(machines->machines, i), kind).node_count > 0)
            return true;
    return false;
}

/* Of a kind with one node the second cell would say the first again. */
static void
add_kind(NsimTable *table, const Memory *memory, uint64_t footprint_bytes)
{
    if (memory->node_count == 0)
        nsim_table_cell(table, "-");
    else
        add_share(table, footprint_bytes, memory->least_bytes);
    if (memory->node_count < 2)
        nsim_table_cell(table, "-");
    else
        add_share(table, footprint_bytes, memory->total_bytes);
}

void
nsim_shipped_machines_describe(const NsimShippedMachines *machines, uint64_t footprint_bytes, GString *out)
{
    g_autoptr(NsimTable) table = nsim_table_new();
    g_autofree char *size = nsim_quantity_format(footprint_bytes, NSIM_QUANTITY_BYTES);
    if (machines->machines->len == 0)
        return;
    nsim_table_column(table, "", "% taken of", false);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (!has_kind(machines, kinds[i].kind))
            continue;
        nsim_table_column(table, "one", kinds[i].heading, true);
        nsim_table_column(table, "all", kinds[i].heading, true);
    }
    nsim_table_column(table, "all", "memory", true);
    for (guint i = 0; i < machines->machines->len; i++) {
        const NsimMachine *machine = g_ptr_array_index(machines->machines, i);
        nsim_table_row(table, false);
        nsim_table_cell(table, machine->name);
        for (size_t j = 0; j < G_N_ELEMENTS(kinds); j++) {
            const Memory memory = memory_of(machine, kinds[j].kind);
            if (has_kind(machines, kinds[j].kind))
                add_kind(table, &memory, footprint_bytes);
        }
        add_share(table, footprint_bytes, all_memory(machine));
    }
    g_string_append_printf(out, "\nsize on the shipped machines (%s; above 100 it does not fit)\n", size);
    nsim_table_render(table, out, false);
}

void
nsim_shipped_machines_put(const NsimShippedMachines *machines, NsimJson *json)
{
    nsim_json_array(json, "machines");
    for (guint i = 0; i < machines->machines->len; i++) {
        const NsimMachine *machine = g_ptr_array_index(machines->machines, i);
        nsim_json_object_inline(json, NULL);
        nsim_json_string(json, "name", machine->name);
        nsim_json_uint(json, "capacity_bytes", all_memory(machine));
        nsim_json_array(json, "kinds");
        for (size_t j = 0; j < G_N_ELEMENTS(kinds); j++) {
            const Memory memory = memory_of(machine, kinds[j].kind);
            if (memory.node_count == 0)
                continue;
            nsim_json_object(json, NULL);
            nsim_json_string(json, "kind", kinds[j].key);
            nsim_json_uint(json, "nodes", memory.node_count);
            nsim_json_uint(json, "node_bytes", memory.least_bytes);
            nsim_json_uint(json, "capacity_bytes", memory.total_bytes);
            nsim_json_end(json);
        }
        nsim_json_end(json);
        nsim_json_end(json);
    }
    nsim_json_end(json);
}
