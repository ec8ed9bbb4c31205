/* SPDX-License-Identifier: MIT */
/*
 * Latencies given as a table of accessors x nodes instead of by links.
 *
 * relative_latency: every figure is a ratio to an anchor, linear: latency = anchor x figure / 10, so 60 is six
 * times 10.
 *
 * slit: distances of the ACPI System Locality table, which are abstract. Turned into time by
 * latency = local x (1 + (d - 10) / 22), which makes the usual 21 one and a half times local, as measured on two-socket
 * servers. Rules as Linux applies them (drivers/acpi/numa/srat.c): 10 on the diagonal, more than 10 beside it, 255
 * unreachable.
 *
 * Left out: different tables for reads and writes.
 */
#include <models/machine-build.h>

#include <models/quantity.h>
#include <sim/assert.h>
#include <sim/time.h>
#include <string.h>

#define SLIT_LOCAL 10u
#define SLIT_UNREACHABLE 255u
/* Distance beyond 10 that adds one local latency. */
#define SLIT_SPAN 22u

static const char unreachable_word[] = "none";

/* Where the columns of a table lead: nodes by column, from `nodes:` or in the order of declaration. */
static bool
parse_columns(const NsimMachineBuild *build, const NsimValue *map, GArray *columns, GError **error)
{
    const NsimValue *list;
    if (!nsim_build_read_list(map, "nodes", false, NSIM_NODES_MAX, "NSIM_NODES_MAX", &list, error))
        return false;
    if (!list) {
        for (uint32_t n = 0; n < build->node_count; n++)
            g_array_append_val(columns, n);
        return true;
    }
    g_autofree bool *seen = g_new0(bool, build->node_count);
    for (uint32_t i = 0; i < nsim_value_count(list); i++) {
        const NsimValue *name = nsim_value_item(list, i);
        uint32_t point;
        if (!nsim_build_find_point(build, name, &point, error))
            return false;
        if (point >= build->node_count)
            return nsim_value_error(name, error, "\"%s\" is not a node", nsim_value_text(name));
        if (seen[point])
            return nsim_value_error(name, error, "node \"%s\" given twice", nsim_value_text(name));
        seen[point] = true;
        g_array_append_val(columns, point);
    }
    if (columns->len != build->node_count)
        return nsim_value_error(list, error, "%u of %u nodes in the table; every node needs a column", columns->len,
                                build->node_count);
    return true;
}

static bool
check_row(const NsimValue *row, const char *name, uint32_t columns, GError **error)
{
    if (nsim_value_kind(row) != NSIM_VALUE_LIST || nsim_value_count(row) != columns) {
        g_autofree char *found = nsim_value_excerpt(row);
        return nsim_value_error(row, error, "row \"%s\" must be a list of %u figures, one a node, found %s with %u",
                                name, columns, found, nsim_value_count(row));
    }
    return true;
}

/* latency = anchor x figure / 10; "none" is unreachable. */
static bool
relative_cell(const NsimValue *cell, NsimTime anchor_ps, NsimTime *ret, GError **error)
{
    uint64_t ratio_ppm;
    g_autofree char *problem = NULL;
    g_autofree char *found = nsim_value_excerpt(cell);
    const char *text = nsim_value_text(cell);
    if (text && strcmp(text, unreachable_word) == 0) {
        *ret = NSIM_TIME_MAX;
        return true;
    }
    if (!text || strchr(text, '%') || !nsim_quantity_parse(text, NSIM_QUANTITY_RATIO, &ratio_ppm, &problem))
        return nsim_value_error(cell, error, "a relative latency is a number (10 = the anchor) or none, found %s",
                                found);
    *ret = nsim_mul_div(anchor_ps, ratio_ppm, 10 * 1000000);
    if (*ret == 0 || *ret > NSIM_LATENCY_MAX_PS)
        return nsim_value_error(cell, error, "a relative latency must give more than 0 and at most 10s, found %s",
                                found);
    return true;
}

/* An accessor cannot be called like a key of the table. */
static bool
check_relative_keys(const NsimMachineBuild *build, const NsimValue *map, GError **error)
{
    if (nsim_value_kind(map) != NSIM_VALUE_MAP) {
        g_autofree char *found = nsim_value_excerpt(map);
        return nsim_value_error(map, error, "\"relative_latency\" must be a map, found %s", found);
    }
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    g_ptr_array_add(keys, (gpointer) "anchor");
    g_ptr_array_add(keys, (gpointer) "nodes");
    for (uint32_t a = 0; a < build->accessor_count; a++) {
        const char *id = build->accessors[a].id;
        if (strcmp(id, "anchor") == 0 || strcmp(id, "nodes") == 0)
            return nsim_value_error(map, error, "an accessor called \"%s\" cannot have a row in \"relative_latency\"",
                                    id);
        g_ptr_array_add(keys, (gpointer)id);
    }
    g_ptr_array_add(keys, NULL);
    return nsim_value_check_map(map, "relative_latency", (const char *const *)keys->pdata, error);
}

/* What an engine sits at gives its latencies: the point of an accessor, or of a node where `nodes_too`. */
static bool
engine_row_of(const NsimMachineBuild *build, uint32_t engine, bool nodes_too, uint32_t *ret, GError **error)
{
    const uint32_t self = nsim_build_engine_point(build, engine);
    const uint32_t accessors_end = build->node_count + build->accessor_count;
    for (uint32_t e = 0; e < build->edges->len; e++) {
        const NsimEdge *edge = &g_array_index(build->edges, NsimEdge, e);
        if (edge->link == NSIM_NO_LINK && edge->ends[0] == self && edge->ends[1] < accessors_end &&
            (nodes_too || edge->ends[1] >= build->node_count)) {
            *ret = edge->ends[1];
            return true;
        }
    }
    return nsim_value_error(nsim_value_get(nsim_value_item(build->engines_value, engine), "at"), error,
                            "with a table of latencies a copy engine is at an accessor%s, whose row it has; \"%s\" is "
                            "none",
                            nodes_too ? " or a node" : "", build->engines[engine].at);
}

/* Engines have the row of the accessor they are at. */
static bool
fill_engine_rows(NsimMachineBuild *build, GError **error)
{
    for (uint32_t e = 0; e < build->engine_count; e++) {
        uint32_t point = 0;
        if (!engine_row_of(build, e, false, &point, error))
            return false;
        memcpy(&build->table[(size_t)(build->accessor_count + e) * build->node_count],
               &build->table[(size_t)(point - build->node_count) * build->node_count],
               build->node_count * sizeof *build->table);
    }
    return true;
}

static bool
parse_relative(NsimMachineBuild *build, const NsimValue *map, GError **error)
{
    NsimTime anchor_ps = 0;
    g_autoptr(GArray) columns = g_array_new(FALSE, TRUE, sizeof(uint32_t));
    if (!check_relative_keys(build, map, error) || !nsim_build_read_latency(map, "anchor", true, &anchor_ps, error) ||
        !parse_columns(build, map, columns, error))
        return false;
    for (uint32_t a = 0; a < build->accessor_count; a++) {
        const char *id = build->accessors[a].id;
        const NsimValue *row = nsim_value_get(map, id);
        if (!row)
            return nsim_value_error(map, error, "accessor \"%s\" has no row in \"relative_latency\"", id);
        if (!check_row(row, id, columns->len, error))
            return false;
        for (uint32_t i = 0; i < columns->len; i++) {
            const size_t node = g_array_index(columns, uint32_t, i);
            if (!relative_cell(nsim_value_item(row, i), anchor_ps, &build->table[a * (size_t)build->node_count + node],
                               error))
                return false;
        }
    }
    return fill_engine_rows(build, error);
}

static bool
slit_cell(const NsimValue *cell, bool own, uint32_t *ret, GError **error)
{
    uint64_t distance = 0;
    g_autofree char *problem = NULL;
    g_autofree char *found = nsim_value_excerpt(cell);
    const char *text = nsim_value_text(cell);
    if (!text || !nsim_quantity_parse(text, NSIM_QUANTITY_COUNT, &distance, &problem) || distance > SLIT_UNREACHABLE)
        return nsim_value_error(cell, error, "a distance is a number from 10 to 255, found %s", found);
    if (own && distance != SLIT_LOCAL)
        return nsim_value_error(cell, error, "the distance of a node to itself must be 10, found %s", found);
    if (!own && distance <= SLIT_LOCAL)
        return nsim_value_error(cell, error, "the distance to another node must be more than 10, found %s", found);
    *ret = (uint32_t)distance;
    return true;
}

/* The value of `rows:` or `matrix:`, of the right shape. */
static bool
slit_rows(const NsimValue *map, uint32_t columns, const NsimValue **ret, GError **error)
{
    const NsimValue *rows = nsim_value_get(map, "rows"), *matrix = nsim_value_get(map, "matrix");
    if ((rows != NULL) == (matrix != NULL))
        return nsim_value_error(map, error, "\"slit\" needs either \"rows\" (a map) or \"matrix\" (a list of rows)");
    if (rows && nsim_value_kind(rows) != NSIM_VALUE_MAP)
        return nsim_value_error(rows, error, "\"rows\" must be a map from node to distances");
    if (matrix && (nsim_value_kind(matrix) != NSIM_VALUE_LIST || nsim_value_count(matrix) != columns)) {
        g_autofree char *found = nsim_value_excerpt(matrix);
        return nsim_value_error(matrix, error, "\"matrix\" must be a list of %u rows, found %s with %u", columns, found,
                                nsim_value_count(matrix));
    }
    *ret = rows ? rows : matrix;
    return true;
}

/*
 * Distances by row: rows of the nodes in column order, then those of accessors that have one of their own (CPUs without
 * memory of their own sit at no node). UINT32_MAX: no such row.
 */
static bool
parse_slit_row(const NsimMachineBuild *build, const NsimValue *row, uint32_t point, const GArray *columns,
               uint32_t *distance, GError **error)
{
    const uint32_t count = build->node_count;
    if (!check_row(row, g_array_index(build->points, NsimPoint, point).id, count, error))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t node = g_array_index(columns, uint32_t, i);
        if (!slit_cell(nsim_value_item(row, i), node == point, &distance[(size_t)point * count + node], error))
            return false;
    }
    return true;
}

static bool
parse_slit_rows(const NsimMachineBuild *build, const NsimValue *map, const GArray *columns, uint32_t *distance,
                GError **error)
{
    const NsimValue *rows = NULL;
    if (!slit_rows(map, columns->len, &rows, error))
        return false;
    for (uint32_t i = 0; i < nsim_value_count(rows); i++) {
        uint32_t point = g_array_index(columns, uint32_t, MIN(i, columns->len - 1));
        if (nsim_value_kind(rows) == NSIM_VALUE_MAP) {
            const char *key = nsim_value_key(rows, i);
            const uint32_t position = GPOINTER_TO_UINT(g_hash_table_lookup(build->point_by_id, key));
            if (position == 0 || position > build->node_count + build->accessor_count)
                return nsim_value_key_error(rows, i, error, "no node or accessor is called \"%s\"", key);
            point = position - 1;
        }
        if (!parse_slit_row(build, nsim_value_item(rows, i), point, columns, distance, error))
            return false;
    }
    for (uint32_t n = 0; n < build->node_count; n++) {
        if (distance[(size_t)n * build->node_count] == UINT32_MAX)
            return nsim_value_error(rows, error, "node \"%s\" has no row of distances", build->nodes[n].id);
    }
    return true;
}

/* The row that holds an accessor's distances: its own, else that of the node it is at. */
static bool
slit_row_of(const NsimMachineBuild *build, const NsimValue *map, uint32_t accessor, const uint32_t *distance,
            uint32_t *ret, GError **error)
{
    const uint32_t self = nsim_build_accessor_point(build, accessor);
    if (distance[(size_t)self * build->node_count] != UINT32_MAX) {
        *ret = self;
        return true;
    }
    for (uint32_t e = 0; e < build->edges->len; e++) {
        const NsimEdge *edge = &g_array_index(build->edges, NsimEdge, e);
        if (edge->link == NSIM_NO_LINK && edge->ends[0] == self && edge->ends[1] < build->node_count) {
            *ret = edge->ends[1];
            return true;
        }
    }
    return nsim_value_error(map, error,
                            "accessor \"%s\" is at no node (\"at: NODE\"), so \"slit\" does not say how far it "
                            "is from memory",
                            build->accessors[accessor].id);
}

static bool
parse_slit(NsimMachineBuild *build, const NsimValue *map, GError **error)
{
    static const char *const keys[] = {"local", "nodes", "rows", "matrix", NULL};
    NsimTime local_ps = 0;
    const uint32_t nodes = build->node_count, rows = nodes + build->accessor_count;
    g_autoptr(GArray) columns = g_array_new(FALSE, TRUE, sizeof(uint32_t));
    if (!nsim_value_check_map(map, "slit", keys, error) ||
        !nsim_build_read_latency(map, "local", true, &local_ps, error) || !parse_columns(build, map, columns, error))
        return false;
    /* 255 x local stays in range after the formula. */
    if (local_ps == 0 || local_ps > NSIM_S)
        return nsim_value_error(nsim_value_get(map, "local"), error, "\"local\" must be more than 0 and at most 1s");
    g_autofree uint32_t *distance = g_new(uint32_t, (size_t)rows * nodes);
    memset(distance, 0xff, (size_t)rows * nodes * sizeof *distance);
    if (!parse_slit_rows(build, map, columns, distance, error))
        return false;
    for (uint32_t a = 0; a < build->accessor_count + build->engine_count; a++) {
        uint32_t row = nodes + a;
        if (a >= build->accessor_count && !engine_row_of(build, a - build->accessor_count, true, &row, error))
            return false;
        if (row >= nodes && !slit_row_of(build, map, row - nodes, distance, &row, error))
            return false;
        for (uint32_t n = 0; n < nodes; n++) {
            const uint32_t d = distance[(size_t)row * nodes + n];
            build->table[(size_t)a * nodes + n] =
                d == SLIT_UNREACHABLE ? NSIM_TIME_MAX : nsim_mul_div(local_ps, SLIT_SPAN + d - SLIT_LOCAL, SLIT_SPAN);
        }
    }
    g_autofree char *local = nsim_quantity_format(local_ps, NSIM_QUANTITY_TIME);
    nsim_build_assume(
        build, NULL, "latencies follow from SLIT distances d as %s x (1 + (d - 10) / 22); firmware does not give times",
        local);
    return true;
}

/* With a table, a latency elsewhere would be a second answer to the same question. */
static bool
refuse_second_latency(const NsimMachineBuild *build, const char *table, GError **error)
{
    const NsimValue *nodes = nsim_value_get(build->root, "nodes");
    for (uint32_t n = 0; n < build->node_count; n++) {
        const NsimValue *latency = nsim_value_get(nsim_value_item(nodes, n), "latency");
        if (latency)
            return nsim_value_error(latency, error, "the latency of node \"%s\" contradicts \"%s\"; leave one out",
                                    build->nodes[n].id, table);
    }
    for (uint32_t l = 0; l < build->link_count; l++) {
        const NsimValue *latency = nsim_value_get(nsim_value_item(build->links_value, l), "latency");
        if (latency)
            return nsim_value_error(latency, error, "the latency of link \"%s\" contradicts \"%s\"; leave one out",
                                    build->links[l].id, table);
    }
    return true;
}

/* Without a table every node needs its own latency. */
static bool
check_own_latencies(NsimMachineBuild *build, GError **error)
{
    const NsimValue *nodes = nsim_value_get(build->root, "nodes");
    for (uint32_t n = 0; n < build->node_count; n++) {
        if (build->nodes[n].latency_read_ps == 0)
            return nsim_value_error(nsim_value_item(nodes, n), error,
                                    "node \"%s\" has no latency; give \"latency\" or \"curve\" here, or a table "
                                    "(\"relative_latency\" or \"slit\") for all nodes",
                                    build->nodes[n].id);
    }
    for (uint32_t l = 0; l < build->link_count; l++) {
        if (!nsim_value_get(nsim_value_item(build->links_value, l), "latency"))
            nsim_build_assume(build, build->links[l].id, "the link adds no latency");
    }
    return true;
}

/* A node's own latency is what its nearest accessor sees; a curve's is its own. */
static void
set_node_latencies(NsimMachineBuild *build)
{
    for (uint32_t n = 0; n < build->node_count; n++) {
        NsimTime nearest_ps = NSIM_TIME_MAX;
        for (uint32_t a = 0; a < build->accessor_count; a++)
            nearest_ps = MIN(nearest_ps, build->table[(size_t)a * build->node_count + n]);
        if (build->nodes[n].curve.mix_count == 0 && nearest_ps != NSIM_TIME_MAX)
            build->nodes[n].latency_read_ps = build->nodes[n].latency_write_ps = nearest_ps;
    }
}

bool
nsim_build_parse_table(NsimMachineBuild *build, GError **error)
{
    const NsimValue *relative = nsim_value_get(build->root, "relative_latency");
    const NsimValue *slit = nsim_value_get(build->root, "slit");
    if (relative && slit)
        return nsim_value_error(slit, error, "\"slit\" contradicts \"relative_latency\"; leave one out");
    build->full->public.latency_source = relative ? "relative_latency" : slit ? "slit" : "links";
    if (!relative && !slit)
        return check_own_latencies(build, error);
    build->form = relative ? NSIM_LATENCY_RELATIVE : NSIM_LATENCY_SLIT;
    build->table = g_new0(NsimTime, (size_t)(build->accessor_count + build->engine_count) * build->node_count);
    if (!refuse_second_latency(build, relative ? "relative_latency" : "slit", error) ||
        !(relative ? parse_relative(build, relative, error) : parse_slit(build, slit, error)))
        return false;
    set_node_latencies(build);
    return true;
}
