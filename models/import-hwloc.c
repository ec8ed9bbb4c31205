/* SPDX-License-Identifier: MIT */
/*
 * hwloc XML (`lstopo --of xml`), read by libhwloc: NUMA nodes with their memory, the cores beside them, the distance
 * matrix "NUMALatency" (which is the SLIT) and the memory attributes Latency, Bandwidth and their read and write forms
 * (nanoseconds and MiB/s, filled from the ACPI HMAT).
 *
 * Before libhwloc sees the text it is checked to be well-formed XML of bounded depth, with one <topology>, which gives
 * complaints a position. libhwloc itself trusts what it reads and crashes on XML that is well-formed but no sound
 * topology, so it runs in a child process (models/isolate.h) that hands back plain tables.
 *
 * Left out: caches (their sharing is not one accessor's own), I/O devices and GPUs (counted in a note).
 */
#include <models/import-private.h>

#include <errno.h>
#include <hwloc.h>
#include <models/isolate.h>
#include <string.h>

#define DEPTH_MAX 64u
#define ELEMENTS_MAX 200000u
#define LATENCY_NS_MAX 1000000u
#define RATE_MIB_PER_S_MAX ((uint64_t)32 << 20)
#define SLIT_MAX 255u

/* What the child found. */
typedef struct {
    uint32_t place_count, cpus_count, gpu_count;
    uint32_t has_distances, has_latencies, distances_left_out; /* 0 or not */
    NsimImportPlace places[NSIM_NODES_MAX];
    NsimImportCpus cpus[NSIM_NODES_MAX];
    uint32_t distances[NSIM_NODES_MAX * NSIM_NODES_MAX];  /* place x place */
    uint32_t latency_ns[NSIM_NODES_MAX * NSIM_NODES_MAX]; /* cpus x place */
} Found;

typedef struct {
    uint32_t depth;
    uint32_t elements;
    const char *name;
} Check;

static void
refuse(GMarkupParseContext *context, const Check *check, GError **error, const char *message)
{
    int line, column;
    g_markup_parse_context_get_position(context, &line, &column);
    g_set_error(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_SYNTAX, "%s:%d:%d: %s", check->name, line, column, message);
}

static void
check_start(GMarkupParseContext *context, const char *element, const char **names G_GNUC_UNUSED,
            const char **values G_GNUC_UNUSED, gpointer data, GError **error)
{
    Check *check = data;
    if (check->elements == 0 && strcmp(element, "topology") != 0)
        refuse(context, check, error, "not hwloc XML: the outermost element must be \"topology\"");
    else if (check->depth >= DEPTH_MAX)
        refuse(context, check, error, "elements nested deeper than 64");
    else if (check->elements >= ELEMENTS_MAX)
        refuse(context, check, error, "more than 200000 elements");
    check->depth++;
    check->elements++;
}

static void
check_end(GMarkupParseContext *context G_GNUC_UNUSED, const char *element G_GNUC_UNUSED, gpointer data,
          GError **error G_GNUC_UNUSED)
{
    Check *check = data;
    check->depth--;
}

static bool
check_xml(const char *text, size_t length, const char *name, GError **error)
{
    static const GMarkupParser parser = {.start_element = check_start, .end_element = check_end};
    Check check = {.name = name};
    GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, &check, NULL);
    g_autoptr(GError) reason = NULL;
    const bool good = g_markup_parse_context_parse(context, text, (gssize)length, &reason) &&
                      g_markup_parse_context_end_parse(context, &reason);
    if (!good && reason->domain == NSIM_CONFIG_ERROR) {
        g_propagate_error(error, g_steal_pointer(&reason));
    } else if (!good) {
        refuse(context, &check, error, "not well-formed XML");
    }
    g_markup_parse_context_free(context);
    return good;
}

static hwloc_topology_t
load(const char *text, size_t length)
{
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology) != 0)
        return NULL;
    if (hwloc_topology_set_xmlbuffer(topology, text, (int)length + 1) == 0 &&
        hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) == 0 &&
        hwloc_topology_set_io_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_IMPORTANT) == 0 &&
        hwloc_topology_load(topology) == 0)
        return topology;
    hwloc_topology_destroy(topology);
    return NULL;
}

static struct hwloc_obj *
numa_node(hwloc_topology_t topology, uint32_t i)
{
    return hwloc_get_obj_by_type(topology, HWLOC_OBJ_NUMANODE, i);
}

/* The kind hwloc tells by the node's subtype, which depends on its version and the firmware. */
static void
read_kind(const struct hwloc_obj *object, NsimImportPlace *place)
{
    static const struct {
        const char *subtype;
        NsimNodeKind kind;
    } kinds[] = {{"DRAM", NSIM_NODE_DRAM},  {"DDR", NSIM_NODE_DRAM},      {"HBM", NSIM_NODE_HBM},
                 {"MCDRAM", NSIM_NODE_HBM}, {"GPUMemory", NSIM_NODE_GPU}, {"CXL-DRAM", NSIM_NODE_CXL}};
    for (size_t i = 0; object->subtype && i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(object->subtype, kinds[i].subtype) == 0) {
            place->kind = kinds[i].kind;
            place->kind_known = 1;
        }
    }
}

static void
read_places(hwloc_topology_t topology, Found *found)
{
    for (uint32_t i = 0; i < found->place_count; i++) {
        const struct hwloc_obj *object = numa_node(topology, i);
        NsimImportPlace *place = &found->places[i];
        place->nid = object->os_index == HWLOC_UNKNOWN_INDEX ? i : object->os_index;
        place->bytes = object->attr->numanode.local_memory;
        place->has_cpus = hwloc_bitmap_iszero(object->cpuset) ? 0 : 1;
        read_kind(object, place);
    }
}

/* Whether the CPUs of place i are those of an earlier place or hold those of another: then they are not its own. */
static bool
shares_cpus(hwloc_topology_t topology, uint32_t i, uint32_t count)
{
    const struct hwloc_obj *own = numa_node(topology, i);
    for (uint32_t j = 0; j < count; j++) {
        const struct hwloc_obj *other = numa_node(topology, j);
        if (j == i || hwloc_bitmap_iszero(other->cpuset))
            continue;
        const bool equal = hwloc_bitmap_isequal(own->cpuset, other->cpuset) != 0;
        if (equal ? j < i : hwloc_bitmap_isincluded(other->cpuset, own->cpuset) != 0)
            return true;
    }
    return false;
}

static void
read_cpus(hwloc_topology_t topology, Found *found)
{
    for (uint32_t i = 0; i < found->place_count; i++) {
        const struct hwloc_obj *object = numa_node(topology, i);
        if (hwloc_bitmap_iszero(object->cpuset) || shares_cpus(topology, i, found->place_count))
            continue;
        NsimImportCpus *cpus = &found->cpus[found->cpus_count++];
        int cores = hwloc_get_nbobjs_inside_cpuset_by_type(topology, object->cpuset, HWLOC_OBJ_CORE);
        cpus->place = i;
        cpus->logical = cores <= 0;
        if (cores <= 0)
            cores = hwloc_get_nbobjs_inside_cpuset_by_type(topology, object->cpuset, HWLOC_OBJ_PU);
        cpus->core_count = cores > 0 ? (uint32_t)cores : 1;
    }
}

/* The place an object of a matrix is; the number of places when it is none. */
static uint32_t
place_of(const Found *found, const struct hwloc_obj *object)
{
    if (!object || object->type != HWLOC_OBJ_NUMANODE)
        return found->place_count;
    return MIN(object->logical_index, found->place_count);
}

/* The matrix Linux and hwloc call NUMALatency is the SLIT. */
static void
read_distances(hwloc_topology_t topology, Found *found)
{
    struct hwloc_distances_s *matrix = NULL;
    unsigned matrices = 1;
    const uint32_t count = found->place_count;
    if (hwloc_distances_get_by_name(topology, "NUMALatency", &matrices, &matrix, 0) != 0 || matrices < 1 || !matrix)
        return;
    found->has_distances = 1;
    memset(found->distances, 0xff, sizeof found->distances);
    for (uint32_t i = 0; i < matrix->nbobjs; i++) {
        for (uint32_t j = 0; j < matrix->nbobjs; j++) {
            const uint32_t from = place_of(found, matrix->objs[i]), to = place_of(found, matrix->objs[j]);
            const uint64_t value = matrix->values[(size_t)i * matrix->nbobjs + j];
            found->distances_left_out |= value > SLIT_MAX;
            if (from < count && to < count)
                found->distances[(size_t)from * count + to] = (uint32_t)MIN(value, (uint64_t)SLIT_MAX);
        }
    }
    hwloc_distances_release(topology, matrix);
}

/* The value of the first of two attributes that has one, as CPUs of place `from` see place `to`; 0: none. */
static uint64_t
attribute(hwloc_topology_t topology, hwloc_memattr_id_t first, hwloc_memattr_id_t second, uint32_t from, uint32_t to)
{
    struct hwloc_location initiator = {.type = HWLOC_LOCATION_TYPE_CPUSET,
                                       .location = {.cpuset = numa_node(topology, from)->cpuset}};
    hwloc_uint64_t value;
    if (hwloc_memattr_get_value(topology, first, numa_node(topology, to), &initiator, 0, &value) == 0 && value > 0)
        return value;
    if (hwloc_memattr_get_value(topology, second, numa_node(topology, to), &initiator, 0, &value) == 0)
        return value;
    return 0;
}

/* MiB/s to bytes/s, forgetting what no memory does. */
static uint64_t
plausible_rate(uint64_t mib_per_s)
{
    return mib_per_s >= 1 && mib_per_s <= RATE_MIB_PER_S_MAX ? mib_per_s << 20 : 0;
}

static void
read_attributes(hwloc_topology_t topology, Found *found)
{
    const uint32_t count = found->place_count;
    for (uint32_t c = 0; c < found->cpus_count; c++) {
        const uint32_t from = found->cpus[c].place;
        for (uint32_t to = 0; to < count; to++) {
            NsimImportPlace *place = &found->places[to];
            const uint64_t ns = attribute(topology, HWLOC_MEMATTR_ID_READ_LATENCY, HWLOC_MEMATTR_ID_LATENCY, from, to);
            const uint64_t read = plausible_rate(
                attribute(topology, HWLOC_MEMATTR_ID_READ_BANDWIDTH, HWLOC_MEMATTR_ID_BANDWIDTH, from, to));
            const uint64_t write = plausible_rate(
                attribute(topology, HWLOC_MEMATTR_ID_WRITE_BANDWIDTH, HWLOC_MEMATTR_ID_BANDWIDTH, from, to));
            if (ns > 0 && ns <= LATENCY_NS_MAX) {
                found->latency_ns[(size_t)c * count + to] = (uint32_t)ns;
                found->has_latencies = 1;
            }
            /* The node's own rate is what its best-placed CPUs get. */
            place->read_bytes_per_s = MAX(place->read_bytes_per_s, read);
            place->write_bytes_per_s = MAX(place->write_bytes_per_s, write);
        }
    }
}

static void
count_devices(hwloc_topology_t topology, Found *found)
{
    struct hwloc_obj *device = NULL;
    while ((device = hwloc_get_next_osdev(topology, device)) != NULL) {
        const hwloc_obj_osdev_type_t type = device->attr->osdev.type;
        found->gpu_count += type == HWLOC_OBJ_OSDEV_GPU || type == HWLOC_OBJ_OSDEV_COPROC;
    }
}

/* In the child: everything libhwloc is asked. */
static bool
read_topology(const void *text, size_t length, void *result)
{
    Found *found = result;
    const hwloc_topology_t topology = load(text, length);
    if (!topology)
        return false;
    const int nodes = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE);
    found->place_count = (uint32_t)MAX(nodes, 0);
    if (found->place_count == 0 || found->place_count > NSIM_NODES_MAX)
        return true; /* the parent says why this is refused */
    read_places(topology, found);
    read_cpus(topology, found);
    read_distances(topology, found);
    read_attributes(topology, found);
    count_devices(topology, found);
    return true;
}

/* The child handled hostile data: nothing it says is taken on trust. */
static bool
is_sound(const Found *found)
{
    const uint32_t places = found->place_count;
    bool sound = found->cpus_count <= places;
    for (uint32_t i = 0; sound && i < places; i++)
        sound = (uint32_t)found->places[i].kind < NSIM_NODE_KINDS;
    for (uint32_t c = 0; sound && c < found->cpus_count; c++)
        sound = found->cpus[c].place < places;
    for (uint32_t i = 0; sound && found->has_distances && i < places * places; i++)
        sound = found->distances[i] <= SLIT_MAX || found->distances[i] == NSIM_IMPORT_UNKNOWN;
    for (uint32_t i = 0; sound && found->has_latencies && i < found->cpus_count * places; i++)
        sound = found->latency_ns[i] <= LATENCY_NS_MAX;
    return sound;
}

static NsimImport *
import_found(const Found *found)
{
    const uint32_t places = found->place_count;
    NsimImport *import = nsim_import_new("hwloc XML");
    g_array_append_vals(import->places, found->places, places);
    g_array_append_vals(import->cpus, found->cpus, found->cpus_count);
    if (found->has_distances && !found->distances_left_out)
        import->distances = g_memdup2(found->distances, (size_t)places * places * sizeof(uint32_t));
    if (found->has_latencies)
        import->latency_ns = g_memdup2(found->latency_ns, (size_t)found->cpus_count * places * sizeof(uint32_t));
    if (found->distances_left_out)
        nsim_import_note(import, "the distance matrix was left out: it has values above 255 and is no SLIT");
    if (found->gpu_count > 0)
        nsim_import_note(import, "not imported: %u GPU or accelerator device%s", found->gpu_count,
                         found->gpu_count == 1 ? "" : "s");
    return import;
}

static void
outcome_error(NsimIsolateOutcome outcome, const char *name, GError **error)
{
    const int reason = errno;
    switch (outcome) {
    case NSIM_ISOLATE_FAILED:
        g_set_error(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_IO, "%s: no process to read it in could be made: %s",
                    name, g_strerror(reason));
        break;
    case NSIM_ISOLATE_DIED:
        g_set_error(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_SYNTAX,
                    "%s: not a sound topology: libhwloc fails on it", name);
        break;
    case NSIM_ISOLATE_REFUSED:
    case NSIM_ISOLATE_GOOD:
    default:
        g_set_error(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_SYNTAX,
                    "%s: libhwloc does not accept it as a topology (version 2 of the XML format is needed)", name);
        break;
    }
}

NsimImport *
nsim_import_hwloc(const char *text, size_t length, const char *name, GError **error)
{
    if (!check_xml(text, length, name, error))
        return NULL;
    g_autofree Found *found = g_new0(Found, 1);
    const NsimIsolateOutcome outcome = nsim_isolate_run(read_topology, text, length, found, sizeof *found);
    if (outcome != NSIM_ISOLATE_GOOD) {
        outcome_error(outcome, name, error);
        return NULL;
    }
    if (found->place_count == 0 || found->place_count > NSIM_NODES_MAX) {
        g_set_error(error, NSIM_CONFIG_ERROR, NSIM_CONFIG_ERROR_VALUE,
                    "%s: %u NUMA nodes, 1 to %u are allowed (NSIM_NODES_MAX)", name, found->place_count,
                    NSIM_NODES_MAX);
        return NULL;
    }
    if (!is_sound(found)) {
        outcome_error(NSIM_ISOLATE_DIED, name, error);
        return NULL;
    }
    return import_found(found);
}
