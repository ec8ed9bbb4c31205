/* SPDX-License-Identifier: MIT */
/* Points, memory nodes and links of a machine description, and the resources they are. */
#include <models/machine-build.h>

#include <models/quantity.h>
#include <string.h>

#define NID_MAX 1023u
#define ID_BYTES_MAX 63u
/* Protocol bytes of one message; bounds the service time of a line. */
#define HEADER_BYTES_MAX 1024u
#define DEFAULT_CURVE_WINDOW_PS (1 * NSIM_US)
#define NAMES_SHOWN 12u
#define ASSUMED_MAX 1024u
#define LINE_BYTES_MAX 1000u

static const char *const machine_keys[] = {"like",   "name",         "source",    "page", "curve_window",     "points",
                                           "nodes",  "links",        "accessors", "slit", "relative_latency", "assumed",
                                           "curves", "copy_engines", "migration", NULL};
static const char *const node_keys[] = {"id",    "nid",   "kind",   "capacity", "latency", "read",
                                        "write", "total", "duplex", "curve",    "at",      NULL};
static const char *const node_kinds[] = {"dram", "cxl", "hbm", "gpu", "compressed", "remote", "disk", NULL};
static const char *const link_keys[] = {"id",      "between", "kind",    "bandwidth", "forward", "reverse",
                                        "latency", "duplex",  "request", "response",  "loaded",  "window",
                                        NULL};
static const char *const link_kinds[] = {"link", "upi",  "qpi", "xgmi",   "mesh",    "port",
                                         "cxl",  "pcie", "c2c", "nvlink", "network", NULL};
static const char *const duplex_words[] = {"half", "full", NULL};

G_STATIC_ASSERT(G_N_ELEMENTS(node_kinds) == NSIM_NODE_KINDS + 1);

static NsimPoint *
point_at(const NsimMachineBuild *build, uint32_t i)
{
    return &g_array_index(build->points, NsimPoint, i);
}

bool
nsim_build_read_latency(const NsimValue *map, const char *key, bool required, NsimTime *ret, GError **error)
{
    NsimTime latency_ps = 0;
    if (!nsim_value_read_time(map, key, required, &latency_ps, error))
        return false;
    const NsimValue *value = nsim_value_get(map, key);
    if (!value)
        return true;
    if (latency_ps > NSIM_LATENCY_MAX_PS)
        return nsim_value_error(value, error, "\"%s\" must be at most 10s, found %s", key, nsim_value_text(value));
    *ret = latency_ps;
    return true;
}

bool
nsim_build_read_rate(const NsimValue *map, const char *key, bool required, uint64_t *ret, GError **error)
{
    uint64_t rate = 0;
    if (!nsim_value_read_rate(map, key, required, &rate, error))
        return false;
    const NsimValue *value = nsim_value_get(map, key);
    if (!value)
        return true;
    if (rate < NSIM_RATE_MIN_BYTES_PER_S || rate > NSIM_RATE_MAX_BYTES_PER_S)
        return nsim_value_error(value, error, "\"%s\" must be 1MB/s to 64TB/s, found %s", key, nsim_value_text(value));
    *ret = rate;
    return true;
}

static bool
good_id(const char *id)
{
    if (!g_ascii_isalpha(id[0]) || strlen(id) > ID_BYTES_MAX)
        return false;
    for (const char *c = id; *c; c++) {
        if (!g_ascii_isalnum(*c) && !strchr("_-.", *c))
            return false;
    }
    return true;
}

static bool
check_id(NsimMachineBuild *build, const NsimValue *value, const char **ret, GError **error)
{
    if (nsim_value_kind(value) == NSIM_VALUE_SCALAR && good_id(nsim_value_text(value))) {
        *ret = nsim_build_string(build, nsim_value_text(value));
        return true;
    }
    g_autofree char *found = nsim_value_excerpt(value);
    return nsim_value_error(value, error,
                            "an id is 1 to %u letters, digits, '_', '-' or '.' and begins with a letter, found %s",
                            ID_BYTES_MAX, found);
}

bool
nsim_build_read_id(NsimMachineBuild *build, const NsimValue *map, const char **ret, GError **error)
{
    const NsimValue *value = nsim_value_get(map, "id");
    if (!value)
        return nsim_value_error(map, error, "key \"id\" is missing");
    return check_id(build, value, ret, error);
}

bool
nsim_build_read_list(const NsimValue *map, const char *key, bool required, uint32_t max, const char *limit,
                     const NsimValue **ret, GError **error)
{
    const NsimValue *list = nsim_value_get(map, key);
    *ret = list;
    if (!list)
        return !required || nsim_value_error(map, error, "key \"%s\" is missing", key);
    if (nsim_value_kind(list) != NSIM_VALUE_LIST) {
        g_autofree char *found = nsim_value_excerpt(list);
        return nsim_value_error(list, error, "\"%s\" must be a list, found %s", key, found);
    }
    if (required && nsim_value_count(list) == 0)
        return nsim_value_error(list, error, "\"%s\" is empty; a machine needs at least one", key);
    if (nsim_value_count(list) > max)
        return nsim_value_error(list, error, "%u entries in \"%s\", at most %u are allowed (%s)",
                                nsim_value_count(list), key, max, limit);
    return true;
}

bool
nsim_build_add_point(NsimMachineBuild *build, const char *id, NsimPointKind kind, uint32_t index,
                     const NsimValue *value, GError **error)
{
    if (g_hash_table_contains(build->point_by_id, id))
        return nsim_value_error(value, error,
                                "id \"%s\" given twice; nodes, accessors, points and copy engines share one set of "
                                "names",
                                id);
    const NsimPoint point = {.id = id, .kind = kind, .index = index, .forwards = true, .value = value};
    g_array_append_val(build->points, point);
    g_hash_table_insert(build->point_by_id, (gpointer)id, GUINT_TO_POINTER(build->points->len));
    return true;
}

uint32_t
nsim_build_node_point(const NsimMachineBuild *build G_GNUC_UNUSED, uint32_t node)
{
    return node;
}

uint32_t
nsim_build_accessor_point(const NsimMachineBuild *build, uint32_t accessor)
{
    return build->node_count + accessor;
}

uint32_t
nsim_build_engine_point(const NsimMachineBuild *build, uint32_t engine)
{
    return build->points->len - build->engine_count + engine;
}

/* Names to choose from, the first dozen of them. */
static char *
known_points(const NsimMachineBuild *build)
{
    g_autoptr(GString) list = g_string_new(NULL);
    const uint32_t count = build->points->len;
    const uint32_t shown = count <= NAMES_SHOWN + 1 ? count : NAMES_SHOWN;
    for (uint32_t i = 0; i < shown; i++)
        g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", point_at(build, i)->id);
    if (shown < count)
        g_string_append_printf(list, " and %u more", count - shown);
    return g_strdup(list->str);
}

bool
nsim_build_find_point(const NsimMachineBuild *build, const NsimValue *value, uint32_t *ret, GError **error)
{
    g_autofree char *found = nsim_value_excerpt(value);
    if (nsim_value_kind(value) != NSIM_VALUE_SCALAR)
        return nsim_value_error(value, error, "a name of a node, accessor or point is needed, found %s", found);
    gpointer position = g_hash_table_lookup(build->point_by_id, nsim_value_text(value));
    if (position) {
        *ret = GPOINTER_TO_UINT(position) - 1;
        return true;
    }
    const char **words = g_new0(const char *, build->points->len + 1);
    for (uint32_t i = 0; i < build->points->len; i++)
        words[i] = point_at(build, i)->id;
    const char *near = nsim_nearest_word(nsim_value_text(value), words);
    g_free(words);
    g_autofree char *hint = near ? g_strdup_printf(", did you mean \"%s\"?", near) : g_strdup("");
    g_autofree char *known = known_points(build);
    return nsim_value_error(value, error, "no node, accessor or point is called %s%s (there are: %s)", found, hint,
                            known);
}

static uint32_t
add_resource(NsimMachineBuild *build, NsimResourceKind kind, uint32_t owner, uint32_t direction, const char *id,
             const char *suffix)
{
    g_autofree char *name = g_strconcat(id, suffix, NULL);
    const NsimResource resource = {
        .kind = kind, .owner = owner, .direction = direction, .name = (char *)nsim_build_string(build, name)};
    g_array_append_val(build->resources, resource);
    return build->resources->len - 1;
}

bool
nsim_build_parse_at(NsimMachineBuild *build, const NsimValue *map, uint32_t point, uint32_t *ret, GError **error)
{
    const NsimValue *at = nsim_value_get(map, "at");
    NsimEdge edge = {.ends = {point}, .link = NSIM_NO_LINK};
    if (ret)
        *ret = NSIM_NO_POINT;
    if (!at)
        return true;
    /* A node's number serves as its name here, as it does on the command line. */
    guint64 nid;
    if (nsim_value_kind(at) == NSIM_VALUE_SCALAR &&
        g_ascii_string_to_unsigned(nsim_value_text(at), 10, 0, NID_MAX, &nid, NULL)) {
        edge.ends[1] = NSIM_NO_POINT;
        for (uint32_t n = 0; n < build->node_count; n++) {
            if (build->nodes[n].nid == (int32_t)nid)
                edge.ends[1] = nsim_build_node_point(build, n);
        }
        if (edge.ends[1] == NSIM_NO_POINT)
            return nsim_value_error(at, error, "no node has the number %s", nsim_value_text(at));
    } else if (!nsim_build_find_point(build, at, &edge.ends[1], error)) {
        return false;
    }
    if (edge.ends[1] == point)
        return nsim_value_error(at, error, "\"%s\" cannot be at itself", nsim_value_text(at));
    g_array_append_val(build->edges, edge);
    if (ret)
        *ret = edge.ends[1];
    return true;
}

static bool
parse_duplex(const NsimValue *map, bool fallback, bool *ret, GError **error)
{
    uint32_t word = fallback ? 1 : 0;
    if (!nsim_value_read_enum(map, "duplex", false, duplex_words, &word, error))
        return false;
    *ret = word == 1;
    return true;
}

/* `latency: 90ns` or `latency: {read: 300ns, write: 90ns}`. */
static bool
parse_node_latency(const NsimValue *map, NsimMemoryNode *node, GError **error)
{
    static const char *const keys[] = {"read", "write", NULL};
    const NsimValue *value = nsim_value_get(map, "latency");
    if (value && nsim_value_kind(value) == NSIM_VALUE_MAP) {
        if (!nsim_value_check_map(value, "latency", keys, error) ||
            !nsim_build_read_latency(value, "read", true, &node->latency_read_ps, error) ||
            !nsim_build_read_latency(value, "write", true, &node->latency_write_ps, error))
            return false;
    } else {
        if (!nsim_build_read_latency(map, "latency", false, &node->latency_read_ps, error))
            return false;
        node->latency_write_ps = node->latency_read_ps;
    }
    if (value && (node->latency_read_ps == 0 || node->latency_write_ps == 0))
        return nsim_value_error(value, error, "the latency of a node must be more than zero");
    return true;
}

/* What a curve says is not said again. */
static bool
apply_curve(const NsimValue *map, NsimMemoryNode *node, GError **error)
{
    static const char *const measured[] = {"read", "write", "total", "duplex", NULL};
    const NsimValue *latency = nsim_value_get(map, "latency");
    const NsimTime unloaded_ps = nsim_curve_latency(&node->curve, 0, 1000000);
    for (uint32_t i = 0; measured[i]; i++) {
        const NsimValue *value = nsim_value_get(map, measured[i]);
        if (value)
            return nsim_value_error(value, error, "\"%s\" contradicts \"curve\", which was measured; leave one out",
                                    measured[i]);
    }
    if (latency && (node->latency_read_ps != unloaded_ps || node->latency_write_ps != unloaded_ps)) {
        g_autofree char *curve_text = nsim_quantity_format(unloaded_ps, NSIM_QUANTITY_TIME);
        g_autofree char *found = nsim_value_excerpt(latency);
        return nsim_value_error(latency, error,
                                "the latency, %s, contradicts the curve, which begins at %s; leave it out", found,
                                curve_text);
    }
    node->latency_read_ps = node->latency_write_ps = unloaded_ps;
    node->read_bytes_per_s = nsim_curve_rate_max(&node->curve, 1000000);
    node->write_bytes_per_s = nsim_curve_rate_max(&node->curve, 0);
    node->total_bytes_per_s = node->read_bytes_per_s;
    return true;
}

static bool
parse_node_rates(NsimMachineBuild *build, const NsimValue *map, NsimMemoryNode *node, GError **error)
{
    const NsimValue *total = nsim_value_get(map, "total");
    if (!parse_duplex(map, false, &node->full_duplex, error) ||
        !nsim_build_read_rate(map, "read", true, &node->read_bytes_per_s, error))
        return false;
    node->write_bytes_per_s = node->read_bytes_per_s;
    if (!nsim_build_read_rate(map, "write", false, &node->write_bytes_per_s, error))
        return false;
    if (!nsim_value_get(map, "write"))
        nsim_build_assume(build, node->id, "writes are as fast as reads");
    if (!node->full_duplex) {
        node->total_bytes_per_s = MAX(node->read_bytes_per_s, node->write_bytes_per_s);
        return !total || nsim_value_error(total, error,
                                          "\"total\" needs \"duplex: full\"; a half-duplex node serves "
                                          "reads and writes one after the other");
    }
    node->total_bytes_per_s = node->read_bytes_per_s + node->write_bytes_per_s;
    if (!nsim_build_read_rate(map, "total", false, &node->total_bytes_per_s, error))
        return false;
    if (total &&
        (node->total_bytes_per_s < node->read_bytes_per_s || node->total_bytes_per_s < node->write_bytes_per_s))
        return nsim_value_error(total, error, "\"total\", %s, is less than one direction alone",
                                nsim_value_text(total));
    return true;
}

static void
add_node_resources(NsimMachineBuild *build, NsimMemoryNode *node, uint32_t index, bool shared)
{
    uint32_t *resource = node->resource;
    if (node->full_duplex) {
        resource[NSIM_DIR_READ] = add_resource(build, NSIM_RESOURCE_NODE, index, NSIM_DIR_READ, node->id, ".read");
        resource[NSIM_DIR_WRITE] = add_resource(build, NSIM_RESOURCE_NODE, index, NSIM_DIR_WRITE, node->id, ".write");
        if (shared)
            node->resource_shared = add_resource(build, NSIM_RESOURCE_NODE, index, 2, node->id, ".total");
    } else {
        resource[NSIM_DIR_READ] = add_resource(build, NSIM_RESOURCE_NODE, index, NSIM_DIR_READ, node->id, "");
        resource[NSIM_DIR_WRITE] = resource[NSIM_DIR_READ];
    }
}

static bool
parse_nid(NsimMachineBuild *build, const NsimValue *map, uint32_t index, GError **error)
{
    uint64_t nid = index;
    if (!nsim_value_read_count(map, "nid", false, 0, NID_MAX, &nid, error))
        return false;
    for (uint32_t n = 0; n < index; n++) {
        if (build->nodes[n].nid == (int32_t)nid)
            return nsim_value_error(
                map, error, "nid %u given twice, to \"%s\" and \"%s\" (a nid left out is the place in the list)",
                (unsigned)nid, build->nodes[n].id, build->nodes[index].id);
    }
    build->nodes[index].nid = (int32_t)nid;
    return true;
}

static bool
parse_node(NsimMachineBuild *build, const NsimValue *map, uint32_t index, GError **error)
{
    NsimMemoryNode *node = &build->nodes[index];
    uint32_t kind = 0;
    if (!nsim_value_check_map(map, "a node", node_keys, error) || !nsim_build_read_id(build, map, &node->id, error) ||
        !nsim_build_add_point(build, node->id, NSIM_POINT_NODE, index, map, error) ||
        !parse_nid(build, map, index, error) || !nsim_value_read_enum(map, "kind", true, node_kinds, &kind, error) ||
        !nsim_value_read_bytes(map, "capacity", true, &node->capacity_bytes, error) ||
        !parse_node_latency(map, node, error))
        return false;
    node->kind = (NsimNodeKind)kind;
    const NsimValue *capacity = nsim_value_get(map, "capacity");
    const uint64_t page_bytes = (uint64_t)1 << build->full->public.page_shift;
    if (node->capacity_bytes < page_bytes || node->capacity_bytes > NSIM_CAPACITY_MAX_BYTES)
        return nsim_value_error(capacity, error,
                                "\"capacity\" must be one page (%" G_GUINT64_FORMAT "KiB) to 4096TiB, found %s",
                                page_bytes >> 10, nsim_value_text(capacity));
    if (nsim_value_get(map, "curve")) {
        if (!nsim_build_parse_curve(build, nsim_value_get(map, "curve"), &node->curve, error) ||
            !apply_curve(map, node, error))
            return false;
    } else if (!parse_node_rates(build, map, node, error)) {
        return false;
    }
    add_node_resources(build, node, index, nsim_value_get(map, "total") != NULL);
    return true;
}

/* A plain point: `switch0`, or `{id: gpu0, forwards: no}`. */
static bool
parse_point(NsimMachineBuild *build, const NsimValue *value, GError **error)
{
    static const char *const keys[] = {"id", "forwards", NULL};
    const char *id = NULL;
    bool forwards = true;
    if (nsim_value_kind(value) == NSIM_VALUE_MAP) {
        if (!nsim_value_check_map(value, "a point", keys, error) || !nsim_build_read_id(build, value, &id, error) ||
            !nsim_value_read_bool(value, "forwards", false, &forwards, error))
            return false;
    } else if (!check_id(build, value, &id, error)) {
        return false;
    }
    if (!nsim_build_add_point(build, id, NSIM_POINT_PLAIN, 0, value, error))
        return false;
    point_at(build, build->points->len - 1)->forwards = forwards;
    return true;
}

static bool
parse_link_ends(NsimMachineBuild *build, const NsimValue *map, NsimEdge *edge, GError **error)
{
    const NsimValue *between = nsim_value_get(map, "between");
    if (!between)
        return nsim_value_error(map, error, "key \"between\" is missing");
    if (nsim_value_kind(between) != NSIM_VALUE_LIST || nsim_value_count(between) != 2) {
        g_autofree char *found = nsim_value_excerpt(between);
        return nsim_value_error(between, error, "\"between\" must be a list of two names, found %s with %u entries",
                                found, nsim_value_count(between));
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (!nsim_build_find_point(build, nsim_value_item(between, i), &edge->ends[i], error))
            return false;
    }
    if (edge->ends[0] == edge->ends[1])
        return nsim_value_error(between, error, "link from \"%s\" to itself",
                                nsim_value_text(nsim_value_item(between, 0)));
    return true;
}

/* `bandwidth` for both directions, or `forward` and `reverse`; none: unlimited. */
static bool
parse_link_rates(NsimMachineBuild *build, const NsimValue *map, NsimLink *link, uint32_t index, GError **error)
{
    const NsimValue *both = nsim_value_get(map, "bandwidth");
    const NsimValue *forward = nsim_value_get(map, "forward"), *reverse = nsim_value_get(map, "reverse");
    if (both && (forward || reverse))
        return nsim_value_error(both, error, "\"bandwidth\" contradicts \"%s\"; give one or the other",
                                forward ? "forward" : "reverse");
    if ((forward == NULL) != (reverse == NULL))
        return nsim_value_error(map, error, "\"forward\" and \"reverse\" go together; \"%s\" is missing",
                                forward ? "reverse" : "forward");
    if (!nsim_build_read_rate(map, "bandwidth", false, &link->forward_bytes_per_s, error))
        return false;
    link->reverse_bytes_per_s = link->forward_bytes_per_s;
    if (!nsim_build_read_rate(map, "forward", false, &link->forward_bytes_per_s, error) ||
        !nsim_build_read_rate(map, "reverse", false, &link->reverse_bytes_per_s, error) ||
        !parse_duplex(map, true, &link->full_duplex, error))
        return false;
    if (link->forward_bytes_per_s == 0)
        return true;
    if (link->full_duplex) {
        link->resource[0] = add_resource(build, NSIM_RESOURCE_LINK, index, 0, link->id, ">");
        link->resource[1] = add_resource(build, NSIM_RESOURCE_LINK, index, 1, link->id, "<");
    } else {
        link->resource[0] = add_resource(build, NSIM_RESOURCE_LINK, index, 0, link->id, "");
        link->resource[1] = link->resource[0];
    }
    return true;
}

static bool
read_header_bytes(const NsimValue *map, const char *key, uint32_t *ret, GError **error)
{
    uint64_t bytes = 0;
    if (!nsim_value_read_bytes(map, key, false, &bytes, error))
        return false;
    if (bytes > HEADER_BYTES_MAX)
        return nsim_value_error(nsim_value_get(map, key), error, "\"%s\" must be at most 1024B, found %s", key,
                                nsim_value_text(nsim_value_get(map, key)));
    *ret = (uint32_t)bytes;
    return true;
}

/* `window: 32`: lines that the link takes at once. */
static bool
parse_link_window(const NsimValue *map, NsimLink *link, GError **error)
{
    const NsimValue *window = nsim_value_get(map, "window");
    uint64_t lines = 0;
    if (!nsim_value_read_count(map, "window", false, 1, NSIM_WINDOW_MAX, &lines, error))
        return false;
    if (window && link->forward_bytes_per_s == 0)
        return nsim_value_error(window, error, "\"window\" needs a \"bandwidth\"; on an unlimited link nothing queues");
    link->window_lines = (uint32_t)lines;
    return true;
}

/* `loaded: {0GB/s: 0ns, 30GB/s: 20ns, ...}`: the latency that the load of a direction adds. */
static bool
parse_loaded(NsimMachineBuild *build, const NsimValue *map, NsimLink *link, GError **error)
{
    const NsimValue *loaded = nsim_value_get(map, "loaded");
    if (!loaded)
        return true;
    if (link->forward_bytes_per_s == 0)
        return nsim_value_error(loaded, error, "\"loaded\" needs a \"bandwidth\"; an unlimited link has no load");
    return nsim_build_parse_points(build, loaded, "loaded", 0, &link->loaded_count, &link->loaded_bytes_per_s,
                                   &link->loaded_ps, error);
}

static bool
parse_link(NsimMachineBuild *build, const NsimValue *map, uint32_t index, GHashTable *names, GError **error)
{
    NsimLink *link = &build->links[index];
    NsimEdge edge = {.link = index};
    uint32_t kind = 0;
    if (!nsim_value_check_map(map, "a link", link_keys, error) || !nsim_build_read_id(build, map, &link->id, error) ||
        !parse_link_ends(build, map, &edge, error) ||
        !nsim_value_read_enum(map, "kind", false, link_kinds, &kind, error) ||
        !nsim_build_read_latency(map, "latency", false, &link->latency_ps, error) ||
        !read_header_bytes(map, "request", &link->request_bytes, error) ||
        !read_header_bytes(map, "response", &link->response_bytes, error))
        return false;
    if (!g_hash_table_add(names, (gpointer)link->id))
        return nsim_value_error(map, error, "link id \"%s\" given twice", link->id);
    link->kind = link_kinds[kind];
    for (uint32_t i = 0; i < 2; i++)
        link->ends[i] = point_at(build, edge.ends[i])->id;
    if (!parse_link_rates(build, map, link, index, error) || !parse_loaded(build, map, link, error) ||
        !parse_link_window(map, link, error))
        return false;
    g_array_append_val(build->edges, edge);
    return true;
}

static bool
parse_links(NsimMachineBuild *build, GError **error)
{
    if (!nsim_build_read_list(build->root, "links", false, NSIM_LINKS_MAX, "NSIM_LINKS_MAX", &build->links_value,
                              error))
        return false;
    build->link_count = build->links_value ? nsim_value_count(build->links_value) : 0;
    build->links = nsim_build_alloc(build, build->link_count, sizeof *build->links);
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (uint32_t i = 0; i < build->link_count; i++) {
        if (!parse_link(build, nsim_value_item(build->links_value, i), i, names, error))
            return false;
    }
    return true;
}

static bool
parse_accessors(NsimMachineBuild *build, const NsimValue *list, GError **error)
{
    build->accessor_count = nsim_value_count(list);
    build->accessors = nsim_build_alloc(build, build->accessor_count, sizeof *build->accessors);
    for (uint32_t a = 0; a < build->accessor_count; a++) {
        const NsimValue *map = nsim_value_item(list, a);
        NsimAccessor *accessor = &build->accessors[a];
        if (!nsim_build_parse_accessor(build, map, accessor, error) ||
            !nsim_build_add_point(build, accessor->id, NSIM_POINT_ACCESSOR, a, map, error))
            return false;
    }
    return true;
}

/* Attachments come when all names are known, so that the lists may stand in any order. */
static bool
parse_attachments(NsimMachineBuild *build, const NsimValue *nodes, const NsimValue *accessors, GError **error)
{
    for (uint32_t n = 0; n < build->node_count; n++) {
        if (!nsim_build_parse_at(build, nsim_value_item(nodes, n), nsim_build_node_point(build, n), NULL, error))
            return false;
    }
    for (uint32_t a = 0; a < build->accessor_count; a++) {
        if (!nsim_build_parse_at(build, nsim_value_item(accessors, a), nsim_build_accessor_point(build, a), NULL,
                                 error))
            return false;
    }
    return true;
}

bool
nsim_build_check_line(const NsimValue *value, const char *what, GError **error)
{
    bool good = nsim_value_kind(value) == NSIM_VALUE_SCALAR && strlen(nsim_value_text(value)) <= LINE_BYTES_MAX;
    for (const char *c = good ? nsim_value_text(value) : ""; *c; c++)
        good = good && !g_ascii_iscntrl(*c);
    return good || nsim_value_error(value, error, "%s is a text on one line, at most %u bytes", what, LINE_BYTES_MAX);
}

bool
nsim_build_read_line(NsimMachineBuild *build, const NsimValue *map, const char *key, const char *fallback,
                     const char **ret, GError **error)
{
    const NsimValue *value = nsim_value_get(map, key);
    g_autofree char *what = g_strdup_printf("\"%s\"", key);
    if (value && !nsim_build_check_line(value, what, error))
        return false;
    *ret = nsim_build_string(build, value ? nsim_value_text(value) : fallback);
    return true;
}

/* Sentences for `topo show`, from an importer or an honest author. */
static bool
parse_assumed(NsimMachineBuild *build, GError **error)
{
    const NsimValue *list;
    if (!nsim_build_read_list(build->root, "assumed", false, ASSUMED_MAX, "sentences", &list, error))
        return false;
    for (uint32_t i = 0; list && i < nsim_value_count(list); i++) {
        if (!nsim_build_check_line(nsim_value_item(list, i), "an entry of \"assumed\"", error))
            return false;
        nsim_build_assume(build, NULL, "%s", nsim_value_text(nsim_value_item(list, i)));
    }
    return true;
}

static bool
parse_head(NsimMachineBuild *build, GError **error)
{
    NsimMachine *machine = &build->full->public;
    uint64_t page_bytes = 4096;
    machine->curve_window_ps = DEFAULT_CURVE_WINDOW_PS;
    if (!nsim_value_check_map(build->root, "machine", machine_keys, error) ||
        !nsim_build_read_line(build, build->root, "name", "unnamed", &machine->name, error) ||
        !nsim_build_read_line(build, build->root, "source", "", &machine->source, error) ||
        !nsim_value_read_bytes(build->root, "page", false, &page_bytes, error) ||
        !nsim_build_read_latency(build->root, "curve_window", false, &machine->curve_window_ps, error))
        return false;
    if (!parse_assumed(build, error))
        return false;
    if (machine->curve_window_ps < NSIM_NS)
        return nsim_value_error(nsim_value_get(build->root, "curve_window"), error,
                                "\"curve_window\" must be 1ns to 10s, found %s",
                                nsim_value_text(nsim_value_get(build->root, "curve_window")));
    machine->page_shift = 12;
    while (machine->page_shift < 21 && (uint64_t)1 << machine->page_shift < page_bytes)
        machine->page_shift++;
    if ((uint64_t)1 << machine->page_shift != page_bytes)
        return nsim_value_error(nsim_value_get(build->root, "page"), error,
                                "\"page\" must be a power of two from 4KiB to 2MiB, found %s",
                                nsim_value_text(nsim_value_get(build->root, "page")));
    return true;
}

bool
nsim_build_parse(NsimMachineBuild *build, GError **error)
{
    const NsimValue *points, *nodes, *accessors;
    if (!parse_head(build, error) ||
        !nsim_build_read_list(build->root, "nodes", true, NSIM_NODES_MAX, "NSIM_NODES_MAX", &nodes, error) ||
        !nsim_build_read_list(build->root, "accessors", true, NSIM_ACCESSORS_MAX, "NSIM_ACCESSORS_MAX", &accessors,
                              error) ||
        !nsim_build_read_list(build->root, "points", false, NSIM_POINTS_MAX, "NSIM_POINTS_MAX", &points, error))
        return false;
    if (!nsim_build_parse_curves(build, error))
        return false;
    add_resource(build, NSIM_RESOURCE_NULL, 0, 0, "none", "");
    build->node_count = nsim_value_count(nodes);
    build->nodes = nsim_build_alloc(build, build->node_count, sizeof *build->nodes);
    for (uint32_t n = 0; n < build->node_count; n++) {
        if (!parse_node(build, nsim_value_item(nodes, n), n, error))
            return false;
    }
    if (!parse_accessors(build, accessors, error))
        return false;
    for (uint32_t i = 0; points && i < nsim_value_count(points); i++) {
        if (!parse_point(build, nsim_value_item(points, i), error))
            return false;
    }
    return parse_attachments(build, nodes, accessors, error) && parse_links(build, error) &&
           nsim_build_parse_engines(build, error) && nsim_build_parse_migration(build, error);
}
