/* SPDX-License-Identifier: MIT */
/*
 * From what an importer found to a YAML description that loads.
 *
 * Defaults, each marked in the text: rates by kind of memory (about eight channels of DDR4-3200 after overheads, a
 * PCIe 5.0 x8 expander, HBM2e of a socket, HBM2 of a GPU), 90 ns for local memory, and 10 or 20 for distances that are
 * not told (LOCAL_DISTANCE and REMOTE_DISTANCE of Linux). Latencies between places whose latency is not told follow
 * from distances by the rule of models/machine-table.c.
 */
#include <models/import-private.h>

#include <models/quantity.h>
#include <sim/assert.h>
#include <stdarg.h>
#include <string.h>

#define LOCAL_DISTANCE 10u
#define REMOTE_DISTANCE 20u
#define UNREACHABLE_DISTANCE 255u
#define LOCAL_LATENCY_NS 90u
/* Distance d is (d - 10) / 22 of a local latency further away. */
#define DISTANCE_SPAN 22u

static const uint64_t default_rate_gb[NSIM_NODE_KINDS] = {
    [NSIM_NODE_DRAM] = 150,     [NSIM_NODE_CXL] = 26,    [NSIM_NODE_HBM] = 700, [NSIM_NODE_GPU] = 800,
    [NSIM_NODE_COMPRESSED] = 5, [NSIM_NODE_REMOTE] = 10, [NSIM_NODE_DISK] = 3};
static const char *const kind_words[NSIM_NODE_KINDS] = {"dram", "cxl", "hbm", "gpu", "compressed", "remote", "disk"};

NsimImport *
nsim_import_new(const char *format)
{
    NsimImport *import = g_new0(NsimImport, 1);
    import->format = format;
    import->places = g_array_new(FALSE, TRUE, sizeof(NsimImportPlace));
    import->cpus = g_array_new(FALSE, TRUE, sizeof(NsimImportCpus));
    import->notes = g_ptr_array_new_with_free_func(g_free);
    return import;
}

void
nsim_import_free(NsimImport *import)
{
    if (!import)
        return;
    g_array_unref(import->places);
    g_array_unref(import->cpus);
    g_ptr_array_unref(import->notes);
    g_free(import->distances);
    g_free(import->latency_ns);
    g_free(import);
}

void
nsim_import_note(NsimImport *import, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(import->notes, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static NsimImportPlace *
place_at(const NsimImport *import, uint32_t i)
{
    return &g_array_index(import->places, NsimImportPlace, i);
}

static const NsimImportCpus *
cpus_at(const NsimImport *import, uint32_t i)
{
    return &g_array_index(import->cpus, NsimImportCpus, i);
}

/* Distance between two places under the rules the machine model checks; notes what had to be changed. */
static uint32_t
distance(NsimImport *import, uint32_t from, uint32_t to)
{
    const uint32_t found =
        import->distances ? import->distances[(size_t)from * import->places->len + to] : NSIM_IMPORT_UNKNOWN;
    const uint32_t from_nid = place_at(import, from)->nid, to_nid = place_at(import, to)->nid;
    if (from == to) {
        if (found != NSIM_IMPORT_UNKNOWN && found != LOCAL_DISTANCE)
            nsim_import_note(import, "the distance of node %u to itself is %u in the source, 10 here", from_nid, found);
        return LOCAL_DISTANCE;
    }
    if (found == NSIM_IMPORT_UNKNOWN) {
        if (import->distances)
            nsim_import_note(import, "distance 20 from node %u to node %u", from_nid, to_nid);
        return REMOTE_DISTANCE;
    }
    if (found <= LOCAL_DISTANCE) {
        nsim_import_note(import,
                         "the distance of node %u to node %u is %u in the source, 11 here: only a node itself is "
                         "at 10",
                         from_nid, to_nid, found);
        return LOCAL_DISTANCE + 1;
    }
    return MIN(found, UNREACHABLE_DISTANCE);
}

/* All distances once, so that each change is noted once. */
static void
settle_distances(NsimImport *import)
{
    const uint32_t count = import->places->len;
    uint32_t *settled = g_new(uint32_t, (size_t)count * count);
    if (!import->distances && count > 1)
        nsim_import_note(import, "distance 20 between any two nodes: none are told");
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < count; j++)
            settled[(size_t)i * count + j] = distance(import, i, j);
    }
    g_free(import->distances);
    import->distances = settled;
}

/* Nanoseconds from CPUs at place `from` to place `to`: a known latency of `to`, scaled by distance. 0: unreachable. */
static uint32_t
scaled_latency(const NsimImport *import, uint32_t from, uint32_t to)
{
    const uint32_t count = import->places->len;
    const uint32_t d = import->distances[(size_t)from * count + to];
    uint64_t known_ns = LOCAL_LATENCY_NS;
    uint32_t known_d = LOCAL_DISTANCE;
    if (d == UNREACHABLE_DISTANCE)
        return 0;
    for (uint32_t c = 0; c < import->cpus->len; c++) {
        const uint32_t other = cpus_at(import, c)->place;
        const uint32_t other_d = import->distances[(size_t)other * count + to];
        const uint32_t ns = import->latency_ns[(size_t)c * count + to];
        if (ns > 0 && other_d != UNREACHABLE_DISTANCE) {
            known_ns = ns;
            known_d = other_d;
            break;
        }
    }
    const uint64_t base = DISTANCE_SPAN + known_d - LOCAL_DISTANCE;
    return (uint32_t)((known_ns * (DISTANCE_SPAN + d - LOCAL_DISTANCE) + base / 2) / base);
}

/* The file's head comes last into being: it lists what was assumed while the rest was written. */
static char *
with_head(const NsimImport *import, const GString *body)
{
    g_autoptr(GString) yaml = g_string_new(NULL);
    g_string_append_printf(
        yaml,
        "# A machine imported from %s. What the source does not tell is marked \"assumed\": measure\n"
        "# or look up these values before trusting a result that depends on them.\n"
        "machine:\n  name: imported\n  source: imported from %s\n",
        import->format, import->format);
    g_string_append(yaml, "  assumed:\n");
    for (uint32_t i = 0; i < import->notes->len; i++)
        g_string_append_printf(yaml, "    - \"%s\"\n", (char *)g_ptr_array_index(import->notes, i));
    g_string_append(yaml, body->str);
    return g_strdup(yaml->str);
}

/* "node0, node2: sentence" for the places marked. */
static void
note_places(NsimImport *import, const bool *marked, const char *sentence)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (uint32_t i = 0; i < import->places->len; i++) {
        if (marked[i])
            g_string_append_printf(names, "%snode%u", names->len > 0 ? ", " : "", place_at(import, i)->nid);
    }
    if (names->len > 0)
        nsim_import_note(import, "%s: %s", names->str, sentence);
}

static NsimNodeKind
settle_kind(const NsimImportPlace *place, const char **ret_comment)
{
    *ret_comment = "";
    if (place->kind_known)
        return place->kind;
    *ret_comment = place->has_cpus ? "  # assumed: ordinary memory beside CPUs" : "  # assumed: no CPUs beside it";
    return place->has_cpus ? NSIM_NODE_DRAM : NSIM_NODE_CXL;
}

static void
write_rate(GString *yaml, const char *key, uint64_t bytes_per_s, uint64_t fallback_gb)
{
    if (bytes_per_s > 0)
        g_string_append_printf(yaml, "      %s: %" G_GUINT64_FORMAT "MB/s\n", key, bytes_per_s / 1000000);
    else
        g_string_append_printf(yaml, "      %s: %" G_GUINT64_FORMAT "GB/s  # assumed\n", key, fallback_gb);
}

static void
write_nodes(NsimImport *import, GString *yaml)
{
    bool kind_assumed[NSIM_NODES_MAX] = {false}, rate_assumed[NSIM_NODES_MAX] = {false};
    g_string_append(yaml, "  nodes:\n");
    for (uint32_t i = 0; i < import->places->len; i++) {
        const NsimImportPlace *place = place_at(import, i);
        const char *comment;
        const NsimNodeKind kind = settle_kind(place, &comment);
        if (place->bytes == 0)
            continue;
        kind_assumed[i] = !place->kind_known;
        rate_assumed[i] = place->read_bytes_per_s == 0;
        g_string_append_printf(yaml, "    - id: node%u\n      nid: %u\n      kind: %s%s\n", place->nid, place->nid,
                               kind_words[kind], comment);
        g_string_append_printf(yaml, "      capacity: %" G_GUINT64_FORMAT "KiB\n", place->bytes >> 10);
        write_rate(yaml, "read", place->read_bytes_per_s, default_rate_gb[kind]);
        write_rate(yaml, "write", place->write_bytes_per_s ? place->write_bytes_per_s : place->read_bytes_per_s,
                   default_rate_gb[kind]);
    }
    note_places(import, kind_assumed, "the kind of memory (dram beside CPUs, cxl elsewhere)");
    note_places(import, rate_assumed, "the rates, by kind of memory");
}

static void
write_accessors(NsimImport *import, GString *yaml)
{
    bool logical = false;
    g_string_append(yaml, "  accessors:\n");
    for (uint32_t c = 0; c < import->cpus->len; c++) {
        const NsimImportCpus *cpus = cpus_at(import, c);
        const NsimImportPlace *place = place_at(import, cpus->place);
        const uint32_t cores = MIN(cpus->core_count, NSIM_CORES_MAX);
        const char *comment = "";
        logical = logical || cpus->logical;
        if (cores < cpus->core_count)
            comment = "  # of more: NSIM_CORES_MAX";
        else if (cpus->logical)
            comment = "  # assumed: a core for each logical CPU";
        g_string_append_printf(yaml, "    - id: cpu%u\n      kind: cpu\n      cores: %u%s\n", place->nid, cores,
                               comment);
        g_string_append(yaml, "      clock: 2.5GHz  # assumed\n"
                              "      ipc: 2.0  # assumed\n"
                              "      window: {random: 12, stream: 32}  # assumed: lines in flight of a core\n"
                              "      fault: {minor: 700ns, hint: 1.5us}  # assumed\n");
        if (place->bytes > 0)
            g_string_append_printf(yaml, "      at: node%u\n", place->nid);
    }
    nsim_import_note(import, "clock, instructions per cycle, windows and fault costs of all CPUs");
    if (logical)
        nsim_import_note(import, "one core for each logical CPU");
}

static void
write_row(const NsimImport *import, GString *yaml, const char *prefix, uint32_t from)
{
    const uint32_t count = import->places->len;
    const char *separator = "";
    g_string_append_printf(yaml, "      %s%u: [", prefix, place_at(import, from)->nid);
    for (uint32_t i = 0; i < count; i++) {
        if (place_at(import, i)->bytes == 0)
            continue;
        g_string_append_printf(yaml, "%s%u", separator, import->distances[(size_t)from * count + i]);
        separator = ", ";
    }
    g_string_append(yaml, "]\n");
}

static void
write_columns(const NsimImport *import, GString *yaml)
{
    const char *separator = "";
    g_string_append(yaml, "    nodes: [");
    for (uint32_t i = 0; i < import->places->len; i++) {
        if (place_at(import, i)->bytes == 0)
            continue;
        g_string_append_printf(yaml, "%snode%u", separator, place_at(import, i)->nid);
        separator = ", ";
    }
    g_string_append(yaml, "]\n");
}

/* Distances only: time follows from them by an assumed local latency. */
static void
write_slit(NsimImport *import, GString *yaml)
{
    g_string_append_printf(yaml, "  slit:\n    local: %uns  # assumed\n", LOCAL_LATENCY_NS);
    nsim_import_note(import, "the latency of local memory, %uns", LOCAL_LATENCY_NS);
    write_columns(import, yaml);
    g_string_append(yaml, "    rows:\n");
    for (uint32_t i = 0; i < import->places->len; i++) {
        if (place_at(import, i)->bytes > 0)
            write_row(import, yaml, "node", i);
    }
    /* CPUs beside no memory have distances of their own. */
    for (uint32_t c = 0; c < import->cpus->len; c++) {
        if (place_at(import, cpus_at(import, c)->place)->bytes == 0)
            write_row(import, yaml, "cpu", cpus_at(import, c)->place);
    }
}

/* Latencies are told, at least some: a table of nanoseconds. */
static void
write_latencies(NsimImport *import, GString *yaml)
{
    const uint32_t count = import->places->len;
    g_string_append(yaml, "  relative_latency:\n    anchor: 10ns  # so that the figures are nanoseconds\n");
    write_columns(import, yaml);
    for (uint32_t c = 0; c < import->cpus->len; c++) {
        const uint32_t from = cpus_at(import, c)->place;
        const char *separator = "";
        bool assumed = false;
        g_string_append_printf(yaml, "    cpu%u: [", place_at(import, from)->nid);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t ns = import->latency_ns[(size_t)c * count + i];
            if (place_at(import, i)->bytes == 0)
                continue;
            if (ns == 0) {
                ns = scaled_latency(import, from, i);
                assumed = true;
            }
            if (ns == 0)
                g_string_append_printf(yaml, "%snone", separator);
            else
                g_string_append_printf(yaml, "%s%u", separator, ns);
            separator = ", ";
        }
        g_string_append_printf(yaml, "]%s\n", assumed ? "  # assumed in part: scaled by distance" : "");
        if (assumed)
            nsim_import_note(import, "cpu%u: latencies the source does not tell, scaled by distance",
                             place_at(import, from)->nid);
    }
}

/* What is written must load: the rules of the machine model are the last check of an import. */
static bool
check_loads(const char *yaml, const char *name, GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autoptr(NsimDocument) document = nsim_document_parse(yaml, strlen(yaml), "the imported machine", &reason);
    const NsimValue *value = document ? nsim_value_get(nsim_document_root(document), "machine") : NULL;
    g_autoptr(NsimMachine) machine = value ? nsim_machine_from_value(value, ".", &reason) : NULL;
    if (machine)
        return true;
    g_set_error(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_VALUE, "%s: does not describe a usable machine: %s", name,
                reason ? reason->message : "nothing was imported");
    return false;
}

static bool
check_contents(const NsimImport *import, const char *name, GError **error)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < import->places->len; i++)
        bytes |= place_at(import, i)->bytes;
    if (bytes == 0 || import->cpus->len == 0) {
        g_set_error(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_VALUE, "%s: no node with %s is listed", name,
                    bytes == 0 ? "memory" : "CPUs");
        return false;
    }
    return true;
}

char *
nsim_import_machine(const char *text, size_t length, const char *name, NsimImportFormat format, GError **error)
{
    if (length > NSIM_IMPORT_BYTES_MAX) {
        g_set_error(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_SYNTAX, "%s: larger than 4 MiB (NSIM_IMPORT_BYTES_MAX)",
                    name);
        return NULL;
    }
    /* A copy that ends with a NUL, as the readers want it; a NUL inside ends the text. */
    g_autofree char *copy = g_strndup(text, length);
    if (format == NSIM_IMPORT_AUTO)
        format = copy[strspn(copy, " \t\r\n")] == '<' ? NSIM_IMPORT_HWLOC : NSIM_IMPORT_NUMACTL;
    g_autoptr(NsimImport) import = format == NSIM_IMPORT_HWLOC ? nsim_import_hwloc(copy, strlen(copy), name, error)
                                                               : nsim_import_numactl(copy, name, error);
    if (!import || !check_contents(import, name, error))
        return NULL;
    settle_distances(import);
    g_autoptr(GString) body = g_string_new("  page: 4KiB  # assumed\n");
    nsim_import_note(import, "pages of 4KiB");
    write_nodes(import, body);
    write_accessors(import, body);
    if (import->latency_ns)
        write_latencies(import, body);
    else
        write_slit(import, body);
    g_autofree char *yaml = with_head(import, body);
    return check_loads(yaml, name, error) ? g_steal_pointer(&yaml) : NULL;
}
