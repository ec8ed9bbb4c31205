/* SPDX-License-Identifier: MIT */
/*
 * Routes: the way of least latency from each accessor to each node (Dijkstra 1959), ties broken by the fewest links and
 * then by the order of declaration, and the resources a line reserves on it.
 *
 * A read sends `request` bytes along the forward direction of each link (none by default) and gets 64 bytes plus
 * `response` back along the other; a write sends 64 bytes plus `request` forward. Answers and requests take the same
 * links.
 *
 * Left out: routing that depends on load, several ways used at once, completions of writes (a few bytes on real links).
 */
#include <models/machine-build.h>

#include <sim/assert.h>
#include <sim/time.h>
#include <string.h>

/* A place of the search: twice a point, plus one when it was entered by a link, after which some points stop. */
typedef uint32_t State;

typedef struct {
    NsimTime latency_ps;
    uint32_t links;
    State state;
} Entry;

typedef struct {
    NsimTime latency_ps;
    uint32_t links; /* UINT32_MAX: not reached */
    State from;
    uint32_t edge; /* entered by; UINT32_MAX: the start */
} Best;

/* Edges of each point in the order of declaration: edges[first[p]] ... edges[first[p + 1] - 1]. */
typedef struct {
    const NsimMachineBuild *build;
    uint32_t *first;
    uint32_t *edges;
    Best *best;   /* by state */
    GArray *heap; /* Entry */
} Search;

typedef struct {
    uint32_t link;
    uint32_t forward; /* index of the direction a request takes: 0 from ends[0] to ends[1] */
} Crossing;

/* A resource on the way, before service times are known. */
typedef struct {
    uint32_t resource;
    uint32_t bytes;
    uint64_t bytes_per_s;
    NsimTime reached_ps; /* after issue, nothing else running */
    bool dynamic;        /* rate set at run time by a curve */
} Stage;

static void
search_init(Search *search, const NsimMachineBuild *build)
{
    const uint32_t points = build->points->len, edges = build->edges->len;
    const NsimEdge *edge = (const NsimEdge *)(void *)build->edges->data;
    search->build = build;
    search->first = g_new0(uint32_t, points + 2);
    search->edges = g_new0(uint32_t, (size_t)edges * 2 + 1);
    search->best = g_new0(Best, (size_t)points * 2);
    search->heap = g_array_new(FALSE, FALSE, sizeof(Entry));
    for (uint32_t e = 0; e < edges; e++) {
        search->first[edge[e].ends[0] + 2]++;
        search->first[edge[e].ends[1] + 2]++;
    }
    for (uint32_t p = 2; p < points + 2; p++)
        search->first[p] += search->first[p - 1];
    for (uint32_t e = 0; e < edges; e++) {
        search->edges[search->first[edge[e].ends[0] + 1]++] = e;
        search->edges[search->first[edge[e].ends[1] + 1]++] = e;
    }
}

static void
search_clear(Search *search)
{
    g_free(search->first);
    g_free(search->edges);
    g_free(search->best);
    g_array_unref(search->heap);
}

static bool
entry_before(const Entry *a, const Entry *b)
{
    if (a->latency_ps != b->latency_ps)
        return a->latency_ps < b->latency_ps;
    if (a->links != b->links)
        return a->links < b->links;
    return a->state < b->state;
}

static void
heap_push(GArray *heap, const Entry *entry)
{
    g_array_append_val(heap, *entry);
    Entry *entries = (Entry *)(void *)heap->data;
    uint32_t i = heap->len - 1;
    for (; i > 0 && entry_before(entry, &entries[(i - 1) / 2]); i = (i - 1) / 2)
        entries[i] = entries[(i - 1) / 2];
    entries[i] = *entry;
}

static Entry
heap_pop(GArray *heap)
{
    Entry *entries = (Entry *)(void *)heap->data;
    const Entry top = entries[0], last = entries[heap->len - 1];
    g_array_set_size(heap, heap->len - 1);
    uint32_t i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= heap->len)
            break;
        if (child + 1 < heap->len && entry_before(&entries[child + 1], &entries[child]))
            child++;
        if (!entry_before(&entries[child], &last))
            break;
        entries[i] = entries[child];
        i = child;
    }
    if (heap->len > 0)
        entries[i] = last;
    return top;
}

static void
relax(Search *search, const Entry *here, uint32_t e)
{
    const NsimEdge *edge = &g_array_index(search->build->edges, NsimEdge, e);
    const uint32_t point = here->state / 2;
    const bool real = edge->link != NSIM_NO_LINK;
    const bool forwards = g_array_index(search->build->points, NsimPoint, point).forwards;
    /* Turning back is never a way, and would be a way round the rule of points that do not forward. */
    if (e == search->best[here->state].edge || (real && here->state % 2 == 1 && !forwards))
        return;
    const uint32_t next = edge->ends[0] == point ? edge->ends[1] : edge->ends[0];
    const Entry entry = {.latency_ps = here->latency_ps + (real ? search->build->links[edge->link].latency_ps : 0),
                         .links = here->links + (real ? 1 : 0),
                         .state = next * 2 + (real ? 1 : 0)};
    Best *best = &search->best[entry.state];
    if (best->links != UINT32_MAX &&
        (best->latency_ps < entry.latency_ps || (best->latency_ps == entry.latency_ps && best->links <= entry.links)))
        return;
    *best = (Best){.latency_ps = entry.latency_ps, .links = entry.links, .from = here->state, .edge = e};
    heap_push(search->heap, &entry);
}

static void
search_from(Search *search, uint32_t start)
{
    const Entry origin = {.state = start * 2};
    for (uint32_t s = 0; s < search->build->points->len * 2; s++)
        search->best[s] = (Best){.links = UINT32_MAX, .edge = UINT32_MAX};
    search->best[origin.state].links = 0;
    heap_push(search->heap, &origin);
    while (search->heap->len > 0) {
        const Entry here = heap_pop(search->heap);
        const Best *best = &search->best[here.state];
        if (here.latency_ps != best->latency_ps || here.links != best->links)
            continue; /* a better way was found meanwhile */
        for (uint32_t i = search->first[here.state / 2]; i < search->first[here.state / 2 + 1]; i++)
            relax(search, &here, search->edges[i]);
    }
}

/* The links on the way to a point, in order; false when there is none. */
static bool
search_path(const Search *search, uint32_t point, GArray *crossings)
{
    const Best *by_at = &search->best[point * 2], *by_link = &search->best[point * 2 + 1];
    g_array_set_size(crossings, 0);
    if (by_at->links == UINT32_MAX && by_link->links == UINT32_MAX)
        return false;
    const bool link_better =
        by_at->links == UINT32_MAX ||
        (by_link->links != UINT32_MAX && (by_link->latency_ps < by_at->latency_ps ||
                                          (by_link->latency_ps == by_at->latency_ps && by_link->links < by_at->links)));
    State state = point * 2 + (link_better ? 1 : 0);
    while (search->best[state].edge != UINT32_MAX) {
        const NsimEdge *edge = &g_array_index(search->build->edges, NsimEdge, search->best[state].edge);
        const Crossing crossing = {.link = edge->link, .forward = edge->ends[1] == state / 2 ? 0 : 1};
        if (edge->link != NSIM_NO_LINK)
            g_array_append_val(crossings, crossing);
        state = search->best[state].from;
    }
    for (uint32_t i = 0; i < crossings->len / 2; i++) {
        Crossing *a = &g_array_index(crossings, Crossing, i);
        Crossing *b = &g_array_index(crossings, Crossing, crossings->len - 1 - i);
        const Crossing keep = *a;
        *a = *b;
        *b = keep;
    }
    return true;
}

/* Note a resource; one that is crossed twice (a half-duplex link, there and back) is reserved once for both. */
static void
add_stage(GArray *stages, const Stage *stage)
{
    if (stage->resource == 0 || stage->bytes == 0)
        return;
    for (uint32_t i = 0; i < stages->len; i++) {
        Stage *other = &g_array_index(stages, Stage, i);
        if (other->resource == stage->resource) {
            other->bytes += stage->bytes;
            return;
        }
    }
    g_array_append_val(stages, *stage);
}

static void
add_link_stage(const NsimMachineBuild *build, GArray *stages, const Crossing *crossing, bool answer, uint32_t bytes,
               NsimTime reached_ps)
{
    const NsimLink *link = &build->links[crossing->link];
    const uint32_t direction = answer ? 1 - crossing->forward : crossing->forward;
    const Stage stage = {.resource = link->resource[direction],
                         .bytes = bytes,
                         .bytes_per_s = direction == 0 ? link->forward_bytes_per_s : link->reverse_bytes_per_s,
                         .reached_ps = reached_ps};
    add_stage(stages, &stage);
}

static void
add_node_stages(const NsimMemoryNode *node, NsimDir dir, GArray *stages, NsimTime reached_ps)
{
    const Stage own = {.resource = node->resource[dir],
                       .bytes = (uint32_t)NSIM_LINE_BYTES,
                       .bytes_per_s = dir == NSIM_DIR_READ ? node->read_bytes_per_s : node->write_bytes_per_s,
                       .reached_ps = reached_ps,
                       .dynamic = node->curve.mix_count > 0};
    const Stage shared = {.resource = node->resource_shared,
                          .bytes = (uint32_t)NSIM_LINE_BYTES,
                          .bytes_per_s = node->total_bytes_per_s,
                          .reached_ps = reached_ps};
    add_stage(stages, &own);
    add_stage(stages, &shared);
}

/*
 * Latency each link of the way adds. With a table only the sum is known: what exceeds the node's own latency is spread
 * evenly over the links.
 */
static NsimTime
link_latencies(const NsimMachineBuild *build, const GArray *crossings, NsimTime node_ps, NsimTime table_ps,
               NsimTime *latency_ps)
{
    const uint32_t count = crossings->len;
    const NsimTime even_ps =
        build->form != NSIM_LATENCY_LINKS && count > 0 && table_ps > node_ps ? (table_ps - node_ps) / count : 0;
    NsimTime sum_ps = 0;
    for (uint32_t i = 0; i < count; i++) {
        const NsimLink *link = &build->links[g_array_index(crossings, Crossing, i).link];
        latency_ps[i] = build->form == NSIM_LATENCY_LINKS ? link->latency_ps : even_ps;
        sum_ps += latency_ps[i];
    }
    return sum_ps;
}

/* Stages in order of travel: half of each link's latency out, the node, its latency, the other half back. */
static void
plan(const NsimMachineBuild *build, const GArray *crossings, uint32_t node_index, NsimDir dir, NsimTime table_ps,
     GArray *stages, NsimTime *ret_fixed_ps)
{
    const NsimMemoryNode *node = &build->nodes[node_index];
    NsimTime node_ps = dir == NSIM_DIR_READ ? node->latency_read_ps : node->latency_write_ps;
    g_autofree NsimTime *latency_ps = g_new0(NsimTime, crossings->len + 1);
    const NsimTime links_ps = link_latencies(build, crossings, node_ps, table_ps, latency_ps);
    if (build->form != NSIM_LATENCY_LINKS)
        node_ps = table_ps - links_ps;
    g_array_set_size(stages, 0);
    NsimTime crossed_ps = 0;
    for (uint32_t i = 0; i < crossings->len; i++) {
        const Crossing *crossing = &g_array_index(crossings, Crossing, i);
        const uint32_t request = build->links[crossing->link].request_bytes;
        const uint32_t bytes = dir == NSIM_DIR_READ ? request : (uint32_t)NSIM_LINE_BYTES + request;
        add_link_stage(build, stages, crossing, false, bytes, crossed_ps / 2);
        crossed_ps += latency_ps[i];
    }
    add_node_stages(node, dir, stages, links_ps / 2);
    crossed_ps = 0;
    for (uint32_t i = crossings->len; dir == NSIM_DIR_READ && i-- > 0;) {
        const Crossing *crossing = &g_array_index(crossings, Crossing, i);
        const uint32_t bytes = (uint32_t)NSIM_LINE_BYTES + build->links[crossing->link].response_bytes;
        add_link_stage(build, stages, crossing, true, bytes, links_ps / 2 + node_ps + crossed_ps / 2);
        crossed_ps += latency_ps[i];
    }
    *ret_fixed_ps = node_ps + links_ps;
}

static void
fill_route(const NsimMachineBuild *build, uint32_t node_index, NsimDir dir, const GArray *stages, NsimTime fixed_ps,
           NsimRoute *route)
{
    NsimTime before_ps = 0;
    *route = (NsimRoute){.fixed_ps = fixed_ps,
                         .hop_count = stages->len,
                         .node = (NsimNodeId)node_index,
                         .reachable = 1,
                         .bytes_per_s = UINT64_MAX};
    for (uint32_t h = 0; h < stages->len; h++) {
        const Stage *stage = &g_array_index(stages, Stage, h);
        const NsimTime service_ps = MAX(nsim_time_of_transfer(stage->bytes, stage->bytes_per_s), 1);
        nsim_assert(service_ps <= UINT32_MAX && stage->reached_ps >= before_ps && stage->reached_ps <= fixed_ps);
        route->hops[h] =
            (NsimHop){.resource = stage->resource, .service_ps = stage->dynamic ? 0 : (uint32_t)service_ps};
        route->share_ps[h] = stage->reached_ps - before_ps;
        route->forward_bytes[h] = stage->bytes;
        route->service_max_ps = MAX(route->service_max_ps, route->hops[h].service_ps);
        route->bytes_per_s = MIN(route->bytes_per_s, nsim_mul_div(stage->bytes_per_s, NSIM_LINE_BYTES, stage->bytes));
        if (stage->resource == build->nodes[node_index].resource[dir])
            route->curve_hop = h;
        before_ps = stage->reached_ps;
    }
}

static bool
refuse_long_route(const NsimMachineBuild *build, const char *from, uint32_t node, const GArray *stages, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (uint32_t h = 0; h < stages->len && h < 2 * NSIM_HOPS_MAX; h++)
        g_string_append_printf(
            names, "%s%s", h > 0 ? ", " : "",
            g_array_index(build->resources, NsimResource, g_array_index(stages, Stage, h).resource).name);
    return nsim_value_error(build->links_value ? build->links_value : build->root, error,
                            "the route from \"%s\" to \"%s\" crosses %u limited resources, at most %u are allowed "
                            "(NSIM_HOPS_MAX): %s%s",
                            from, build->nodes[node].id, stages->len, NSIM_HOPS_MAX, names->str,
                            stages->len > 2 * NSIM_HOPS_MAX ? " ..." : "");
}

/* Who is cut off from a node, for the message about the first such pair. */
static bool
refuse_gap(const NsimMachineBuild *build, Search *search, uint32_t node, GError **error)
{
    enum { SHOWN = 8 };
    g_autoptr(GString) names = g_string_new(NULL);
    uint32_t cut = 0;
    for (uint32_t a = 0; a < build->accessor_count; a++) {
        search_from(search, nsim_build_accessor_point(build, a));
        const uint32_t point = nsim_build_node_point(build, node);
        if (search->best[point * 2].links != UINT32_MAX || search->best[point * 2 + 1].links != UINT32_MAX)
            continue;
        if (cut < SHOWN)
            g_string_append_printf(names, "%s%s", cut > 0 ? ", " : "", build->accessors[a].id);
        cut++;
    }
    if (cut > SHOWN)
        g_string_append_printf(names, " and %u more", cut - SHOWN);
    return nsim_value_error(nsim_value_item(nsim_value_get(build->root, "nodes"), node), error,
                            "no links lead from %s to node \"%s\"; join them by \"links\" or \"at\"", names->str,
                            build->nodes[node].id);
}

/* With a table and no links, a route is the node alone. */
static bool
needs_path(const NsimMachineBuild *build)
{
    return build->form == NSIM_LATENCY_LINKS || build->links_value != NULL;
}

/* Where routes begin. */
typedef struct {
    const char *id;
    uint32_t point;
    const NsimTime *table; /* latencies by node, or NULL */
    bool anywhere;         /* every node must be reached unless the table says otherwise */
} Origin;

static bool
routes_from(NsimMachineBuild *build, Search *search, const Origin *origin, NsimRoute *routes, GError **error)
{
    g_autoptr(GArray) crossings = g_array_new(FALSE, FALSE, sizeof(Crossing));
    g_autoptr(GArray) stages = g_array_new(FALSE, FALSE, sizeof(Stage));
    if (needs_path(build))
        search_from(search, origin->point);
    for (uint32_t n = 0; n < build->node_count; n++) {
        const NsimTime table_ps = origin->table ? origin->table[n] : 0;
        for (uint32_t dir = 0; dir < NSIM_DIRS; dir++)
            routes[n * NSIM_DIRS + dir].node = (NsimNodeId)n;
        if (table_ps == NSIM_TIME_MAX)
            continue;
        if (needs_path(build) && !search_path(search, nsim_build_node_point(build, n), crossings)) {
            if (origin->anywhere)
                return refuse_gap(build, search, n, error);
            continue;
        }
        for (uint32_t dir = 0; dir < NSIM_DIRS; dir++) {
            NsimTime fixed_ps;
            plan(build, crossings, n, (NsimDir)dir, table_ps, stages, &fixed_ps);
            if (stages->len > NSIM_HOPS_MAX)
                return refuse_long_route(build, origin->id, n, stages, error);
            fill_route(build, n, (NsimDir)dir, stages, fixed_ps, &routes[n * NSIM_DIRS + dir]);
        }
    }
    return true;
}

/* Nodes nearest first by reads; equal ones in the order of declaration. Insertion sort keeps it stable. */
static void
order_nodes(const NsimMachineBuild *build, const NsimRoute *routes, NsimNodeId *order)
{
    uint32_t count = 0;
    for (uint32_t n = 0; n < build->node_count; n++) {
        if (!routes[n * NSIM_DIRS].reachable)
            continue;
        uint32_t place = count++;
        for (; place > 0 && routes[order[place - 1] * NSIM_DIRS].fixed_ps > routes[n * NSIM_DIRS].fixed_ps; place--)
            order[place] = order[place - 1];
        order[place] = (NsimNodeId)n;
    }
    while (count < build->node_count)
        order[count++] = NSIM_NODE_NONE;
}

static bool
accessor_routes(NsimMachineBuild *build, Search *search, NsimRoute *routes, NsimNodeId *order, GError **error)
{
    const size_t nodes = build->node_count;
    for (uint32_t a = 0; a < build->accessor_count; a++) {
        const Origin origin = {.id = build->accessors[a].id,
                               .point = nsim_build_accessor_point(build, a),
                               .table = build->table ? build->table + a * nodes : NULL,
                               .anywhere = true};
        if (!routes_from(build, search, &origin, routes + a * nodes * NSIM_DIRS, error))
            return false;
        order_nodes(build, routes + a * nodes * NSIM_DIRS, order + a * nodes);
    }
    return true;
}

/* Engines may be cut off from some nodes, but not from all. */
static bool
engine_routes(NsimMachineBuild *build, Search *search, NsimRoute *routes, GError **error)
{
    const size_t nodes = build->node_count;
    for (uint32_t e = 0; e < build->engine_count; e++) {
        NsimRoute *own = routes + e * nodes * NSIM_DIRS;
        const Origin origin = {.id = build->engines[e].id,
                               .point = nsim_build_engine_point(build, e),
                               .table = build->table ? build->table + (build->accessor_count + e) * nodes : NULL};
        if (!routes_from(build, search, &origin, own, error))
            return false;
        bool reaches = false;
        for (size_t n = 0; n < nodes; n++)
            reaches = reaches || own[n * NSIM_DIRS].reachable;
        if (!reaches)
            return nsim_value_error(nsim_value_item(build->engines_value, e), error,
                                    "copy engine \"%s\" reaches no node from \"%s\"", origin.id, build->engines[e].at);
    }
    return true;
}

bool
nsim_build_routes(NsimMachineBuild *build, GError **error)
{
    NsimMachine *machine = &build->full->public;
    const size_t pairs = (size_t)build->accessor_count * build->node_count;
    const size_t engine_pairs = (size_t)build->engine_count * build->node_count;
    NsimRoute *routes = nsim_build_alloc(build, pairs * NSIM_DIRS, sizeof *routes);
    NsimRoute *of_engines = nsim_build_alloc(build, engine_pairs * NSIM_DIRS, sizeof *of_engines);
    NsimNodeId *order = nsim_build_alloc(build, pairs, sizeof *order);
    Search search;
    search_init(&search, build);
    const bool good =
        accessor_routes(build, &search, routes, order, error) && engine_routes(build, &search, of_engines, error);
    search_clear(&search);
    for (size_t r = 0; good && r < pairs * NSIM_DIRS; r++)
        machine->hop_max = MAX(machine->hop_max, routes[r].hop_count);
    for (size_t r = 0; good && r < engine_pairs * NSIM_DIRS; r++)
        machine->hop_max = MAX(machine->hop_max, of_engines[r].hop_count);
    machine->routes = routes;
    machine->engine_routes = of_engines;
    machine->order = order;
    return good;
}
