/* SPDX-License-Identifier: MIT */
/* The text of `numasim topo show`: what was read, what follows from it and what was filled in, at 80 columns. */
#include <models/machine.h>

#include <models/quantity.h>
#include <sim/time.h>
#include <string.h>

#define WIDTH 80u
#define COLUMN_GAP 2u

/* A table being laid out: cells row by row, the first row is the heading. */
typedef struct {
    uint32_t columns;
    GPtrArray *cells;
    uint64_t left; /* bit c: column c is aligned left */
} Table;

static Table
table_new(uint32_t columns, uint64_t left)
{
    return (Table){.columns = columns, .cells = g_ptr_array_new_with_free_func(g_free), .left = left};
}

/* Add a cell. (transfer full) */
static void
table_take(Table *table, char *cell)
{
    g_ptr_array_add(table->cells, cell);
}

static void
table_row(Table *table, const char *const *cells)
{
    for (uint32_t c = 0; c < table->columns; c++)
        table_take(table, g_strdup(cells[c]));
}

static void
pad(GString *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        g_string_append_c(text, ' ');
}

/* Print and clear. Nothing trails a line. */
static void
table_print(Table *table, GString *text)
{
    const uint32_t rows = table->cells->len / table->columns;
    g_autofree size_t *width = g_new0(size_t, table->columns);
    for (uint32_t i = 0; i < table->cells->len; i++)
        width[i % table->columns] = MAX(width[i % table->columns], strlen(g_ptr_array_index(table->cells, i)));
    for (uint32_t r = 0; r < rows; r++) {
        g_autoptr(GString) line = g_string_new("  ");
        for (uint32_t c = 0; c < table->columns; c++) {
            const char *cell = g_ptr_array_index(table->cells, r * table->columns + c);
            const size_t space = width[c] - strlen(cell);
            const bool left = (table->left >> c & 1) != 0;
            pad(line, c > 0 ? COLUMN_GAP : 0);
            pad(line, left ? 0 : space);
            g_string_append(line, cell);
            pad(line, left ? space : 0);
        }
        while (line->len > 0 && line->str[line->len - 1] == ' ')
            g_string_truncate(line, line->len - 1);
        g_string_append_printf(text, "%s\n", line->str);
    }
    g_ptr_array_unref(table->cells);
}

/* Nanoseconds with a decimal where there is one: "81.3", "600". */
static char *
ns_text(NsimTime ps)
{
    const uint64_t tenths = (ps + 50) / 100;
    if (tenths % 10 == 0 || tenths >= 100000)
        return g_strdup_printf("%" G_GUINT64_FORMAT, (tenths + 5) / 10);
    return g_strdup_printf("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT, tenths / 10, tenths % 10);
}

/* GB/s with a decimal below 1000. */
static char *
gb_text(uint64_t bytes_per_s)
{
    const uint64_t tenths = (bytes_per_s + 50000000) / 100000000;
    if (tenths >= 10000)
        return g_strdup_printf("%" G_GUINT64_FORMAT, (tenths + 5) / 10);
    return g_strdup_printf("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT, tenths / 10, tenths % 10);
}

static char *
rate_text(uint64_t bytes_per_s)
{
    return bytes_per_s == 0 ? g_strdup("unlimited") : nsim_quantity_format(bytes_per_s, NSIM_QUANTITY_RATE);
}

/* Nothing is "0ns", not "0ps". */
static char *
latency_text(NsimTime latency_ps)
{
    return latency_ps == 0 ? g_strdup("0ns") : nsim_quantity_format(latency_ps, NSIM_QUANTITY_TIME);
}

/* "a" or "a/b" */
static char *
pair_text(uint64_t a, uint64_t b, NsimQuantityKind kind)
{
    g_autofree char *first = nsim_quantity_format(a, kind);
    g_autofree char *second = nsim_quantity_format(b, kind);
    return a == b ? g_steal_pointer(&first) : g_strdup_printf("%s/%s", first, second);
}

/* Words of `sentence` broken at WIDTH, later lines indented. */
static void
append_wrapped(GString *text, const char *first, const char *later, const char *sentence)
{
    g_auto(GStrv) words = g_strsplit(sentence, " ", -1);
    size_t column = strlen(first) - (*first == '\n' ? 1 : 0);
    g_string_append(text, first);
    for (uint32_t i = 0; words[i]; i++) {
        if (i > 0 && column + 1 + strlen(words[i]) > WIDTH) {
            g_string_append_printf(text, "\n%s", later);
            column = strlen(later);
        } else if (i > 0) {
            g_string_append_c(text, ' ');
            column++;
        }
        g_string_append(text, words[i]);
        column += strlen(words[i]);
    }
    g_string_append_c(text, '\n');
}

/* Two figures of each accessor (or engine) x node; returns false for "-". */
typedef bool (*PairFunc)(const NsimMachine *machine, uint32_t row, uint32_t node, char **ret_a, char **ret_b);

/* What the rows of a matrix are, and its figures. */
typedef struct {
    uint32_t rows;
    const char *(*name)(const NsimMachine *machine, uint32_t row);
    PairFunc pair;
    const char *head_a, *head_b;
} Matrix;

static const char *
accessor_name(const NsimMachine *machine, uint32_t a)
{
    return machine->accessors[a].id;
}

static const char *
engine_name(const NsimMachine *machine, uint32_t e)
{
    return machine->engines[e].id;
}

static bool
read_pair(const NsimMachine *machine, uint32_t accessor, uint32_t node, char **ret_a, char **ret_b)
{
    const NsimRoute *route = nsim_machine_route(machine, (NsimAccessorId)accessor, (NsimNodeId)node, NSIM_DIR_READ);
    if (!route->reachable)
        return false;
    *ret_a = ns_text(route->fixed_ps);
    *ret_b = gb_text(route->bytes_per_s);
    return true;
}

static bool
write_pair(const NsimMachine *machine, uint32_t accessor, uint32_t node, char **ret_a, char **ret_b)
{
    const NsimRoute *route = nsim_machine_route(machine, (NsimAccessorId)accessor, (NsimNodeId)node, NSIM_DIR_WRITE);
    if (!route->reachable)
        return false;
    *ret_a = ns_text(route->fixed_ps);
    *ret_b = gb_text(route->bytes_per_s);
    return true;
}

/* Little's law: what one core can have in flight, never more than the route carries. */
static char *
reach_text(const NsimRoute *route, uint32_t window)
{
    const uint64_t little = nsim_mul_div(window * NSIM_LINE_BYTES, NSIM_S, MAX(route->fixed_ps, 1));
    return gb_text(MIN(little, route->bytes_per_s));
}

static bool
reach_pair(const NsimMachine *machine, uint32_t accessor, uint32_t node, char **ret_a, char **ret_b)
{
    const NsimRoute *route = nsim_machine_route(machine, (NsimAccessorId)accessor, (NsimNodeId)node, NSIM_DIR_READ);
    if (!route->reachable)
        return false;
    *ret_a = reach_text(route, machine->accessors[accessor].window_random);
    *ret_b = reach_text(route, machine->accessors[accessor].window_stream);
    return true;
}

static bool
engine_pair(const NsimMachine *machine, uint32_t engine, uint32_t node, char **ret_a, char **ret_b)
{
    const NsimRoute *route = nsim_machine_engine_route(machine, engine, (NsimNodeId)node, NSIM_DIR_READ);
    if (!route->reachable)
        return false;
    *ret_a = ns_text(route->fixed_ps);
    *ret_b = gb_text(route->bytes_per_s);
    return true;
}

/* One column of a matrix as a text of its own, so that a node's name can stand over its two figures. */
static void
matrix_column(const NsimMachine *machine, uint32_t node, const Matrix *matrix, GPtrArray *lines)
{
    const uint32_t rows = matrix->rows;
    g_autoptr(GPtrArray) a = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) b = g_ptr_array_new_with_free_func(g_free);
    size_t width_a = strlen(matrix->head_a), width_b = strlen(matrix->head_b);
    for (uint32_t i = 0; i < rows; i++) {
        char *first = NULL, *second = NULL;
        if (!matrix->pair(machine, i, node, &first, &second)) {
            first = g_strdup("-");
            second = g_strdup("-");
        }
        width_a = MAX(width_a, strlen(first));
        width_b = MAX(width_b, strlen(second));
        g_ptr_array_add(a, first);
        g_ptr_array_add(b, second);
    }
    const int wide = (int)MAX(width_a + 1 + width_b, strlen(machine->nodes[node].id));
    const int rest = wide - (int)width_b - 1;
    g_ptr_array_add(lines, g_strdup_printf("%*s", wide, machine->nodes[node].id));
    g_ptr_array_add(lines, g_strdup_printf("%*s %*s", rest, matrix->head_a, (int)width_b, matrix->head_b));
    for (uint32_t i = 0; i < rows; i++)
        g_ptr_array_add(lines, g_strdup_printf("%*s %*s", rest, (char *)g_ptr_array_index(a, i), (int)width_b,
                                               (char *)g_ptr_array_index(b, i)));
}

/* Rows x nodes, in as many panels as the width asks for. */
static void
append_rows(const NsimMachine *machine, GString *text, const Matrix *matrix)
{
    const uint32_t rows = matrix->rows + 2;
    size_t name_width = 0;
    for (uint32_t i = 0; i < matrix->rows; i++)
        name_width = MAX(name_width, strlen(matrix->name(machine, i)));
    for (uint32_t n = 0; n < machine->node_count;) {
        g_autoptr(GPtrArray) panel = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
        size_t width = 2 + name_width;
        for (; n < machine->node_count; n++) {
            g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
            matrix_column(machine, n, matrix, lines);
            const size_t more = COLUMN_GAP + 1 + strlen(g_ptr_array_index(lines, 0));
            if (panel->len > 0 && width + more > WIDTH)
                break;
            width += more;
            g_ptr_array_add(panel, g_steal_pointer(&lines));
        }
        for (uint32_t r = 0; r < rows; r++) {
            g_string_append_printf(text, "  %-*s", (int)name_width, r < 2 ? "" : matrix->name(machine, r - 2));
            for (uint32_t c = 0; c < panel->len; c++)
                g_string_append_printf(text, "   %s",
                                       (char *)g_ptr_array_index((GPtrArray *)g_ptr_array_index(panel, c), r));
            g_string_append_c(text, '\n');
        }
        if (n < machine->node_count)
            g_string_append_c(text, '\n');
    }
}

static void
append_matrix(const NsimMachine *machine, GString *text, PairFunc pair, const char *head_a, const char *head_b)
{
    const Matrix matrix = {machine->accessor_count, accessor_name, pair, head_a, head_b};
    append_rows(machine, text, &matrix);
}

static bool
writes_differ(const NsimMachine *machine)
{
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        for (uint32_t n = 0; n < machine->node_count; n++) {
            const NsimRoute *route = nsim_machine_route(machine, (NsimAccessorId)a, (NsimNodeId)n, NSIM_DIR_READ);
            if (route[NSIM_DIR_WRITE].fixed_ps != route->fixed_ps ||
                route[NSIM_DIR_WRITE].bytes_per_s != route->bytes_per_s)
                return true;
        }
    }
    return false;
}

static const char *
node_kind_text(NsimNodeKind kind)
{
    static const char *const names[NSIM_NODE_KINDS] = {"dram", "cxl", "hbm", "gpu", "compressed", "remote", "disk"};
    return names[kind];
}

static const char *
accessor_kind_text(NsimAccessorKind kind)
{
    static const char *const names[NSIM_ACCESSOR_KINDS] = {"cpu", "gpu", "device"};
    return names[kind];
}

static void
append_nodes(const NsimMachine *machine, GString *text)
{
    static const char *const head[] = {"node", "nid", "kind", "capacity", "latency", "read", "write", "served"};
    Table table = table_new(G_N_ELEMENTS(head), 1 << 0 | 1 << 2 | 1 << 7);
    table_row(&table, head);
    for (uint32_t n = 0; n < machine->node_count; n++) {
        const NsimMemoryNode *node = &machine->nodes[n];
        table_take(&table, g_strdup(node->id));
        table_take(&table, g_strdup_printf("%d", node->nid));
        table_take(&table, g_strdup(node_kind_text(node->kind)));
        table_take(&table, nsim_quantity_format(node->capacity_bytes, NSIM_QUANTITY_BYTES));
        table_take(&table, pair_text(node->latency_read_ps, node->latency_write_ps, NSIM_QUANTITY_TIME));
        table_take(&table, rate_text(node->read_bytes_per_s));
        table_take(&table, rate_text(node->write_bytes_per_s));
        if (node->curve.mix_count > 0) {
            table_take(&table, g_strdup_printf("by curve (%u mix%s)", node->curve.mix_count,
                                               node->curve.mix_count > 1 ? "es" : ""));
        } else if (node->resource_shared != 0) {
            g_autofree char *total = rate_text(node->total_bytes_per_s);
            table_take(&table, g_strdup_printf("full, %s in all", total));
        } else {
            table_take(&table, g_strdup(node->full_duplex ? "full duplex" : "half duplex"));
        }
    }
    table_print(&table, text);
    for (uint32_t n = 0; n < machine->node_count; n++) {
        const NsimCurve *curve = &machine->nodes[n].curve;
        if (curve->mix_count > 0 && *curve->source) {
            g_autofree char *sentence = g_strdup_printf("curve of %s: %s", machine->nodes[n].id, curve->source);
            append_wrapped(text, "  ", "    ", sentence);
        }
    }
}

/* "the load of a direction of xgmi adds 0ns at 0B/s, 20ns at 30GB/s" */
static void
append_loaded(const NsimLink *link, GString *text)
{
    g_autoptr(GString) sentence = g_string_new(NULL);
    if (link->window_lines > 0) {
        g_autofree char *window = g_strdup_printf("a direction of %s takes %u lines at once", link->id, link->window_lines);
        append_wrapped(text, "  ", "    ", window);
    }
    if (link->loaded_count == 0)
        return;
    g_string_append_printf(sentence, "the load of %s of %s adds", link->full_duplex ? "a direction" : "both directions",
                           link->id);
    for (uint32_t i = 0; i < link->loaded_count; i++) {
        g_autofree char *rate = nsim_quantity_format(link->loaded_bytes_per_s[i], NSIM_QUANTITY_RATE);
        g_autofree char *added = latency_text(link->loaded_ps[i]);
        g_string_append_printf(sentence, "%s %s at %s", i > 0 ? "," : "", added, rate);
    }
    append_wrapped(text, "  ", "    ", sentence->str);
}

static void
append_links(const NsimMachine *machine, GString *text)
{
    static const char *const head[] = {"link", "kind", "between", "forward", "reverse", "latency", "duplex"};
    if (machine->link_count == 0)
        return;
    const bool by_links = strcmp(machine->latency_source, "links") == 0;
    Table table = table_new(G_N_ELEMENTS(head), 1 << 0 | 1 << 1 | 1 << 2 | 1 << 6);
    table_row(&table, head);
    for (uint32_t l = 0; l < machine->link_count; l++) {
        const NsimLink *link = &machine->links[l];
        table_take(&table, g_strdup(link->id));
        table_take(&table, g_strdup(link->kind));
        table_take(&table, g_strdup_printf("%s - %s", link->ends[0], link->ends[1]));
        table_take(&table, rate_text(link->forward_bytes_per_s));
        table_take(&table, rate_text(link->reverse_bytes_per_s));
        table_take(&table, by_links ? latency_text(link->latency_ps) : g_strdup("by table"));
        if (link->request_bytes || link->response_bytes)
            table_take(&table, g_strdup_printf("%s, +%u/+%uB", link->full_duplex ? "full" : "half", link->request_bytes,
                                               link->response_bytes));
        else
            table_take(&table, g_strdup(link->full_duplex ? "full" : "half"));
    }
    g_string_append_c(text, '\n');
    table_print(&table, text);
    for (uint32_t l = 0; l < machine->link_count; l++)
        append_loaded(&machine->links[l], text);
}

static void
append_accessors(const NsimMachine *machine, GString *text)
{
    static const char *const head[] = {"accessor", "kind", "cores", "clock", "ipc", "window", "cache", "TLB", "fault"};
    Table table = table_new(G_N_ELEMENTS(head), 1 << 0 | 1 << 1);
    table_row(&table, head);
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        const NsimAccessor *accessor = &machine->accessors[a];
        table_take(&table, g_strdup(accessor->id));
        table_take(&table, g_strdup(accessor_kind_text(accessor->kind)));
        table_take(&table, g_strdup_printf("%u", accessor->core_count));
        table_take(&table, nsim_quantity_format(accessor->clock_hz, NSIM_QUANTITY_FREQUENCY));
        table_take(&table, g_strdup_printf("%u.%02u", accessor->ipc_ppm / 1000000, accessor->ipc_ppm / 10000 % 100));
        table_take(&table, g_strdup_printf("%u/%u", accessor->window_random, accessor->window_stream));
        table_take(&table, accessor->cache_bytes ? nsim_quantity_format(accessor->cache_bytes, NSIM_QUANTITY_BYTES)
                                                 : g_strdup("none"));
        table_take(&table, accessor->tlb_entries ? g_strdup_printf("%u", accessor->tlb_entries) : g_strdup("none"));
        table_take(&table, pair_text(accessor->fault_minor_ps, accessor->fault_hint_ps, NSIM_QUANTITY_TIME));
    }
    g_string_append_c(text, '\n');
    table_print(&table, text);
    g_string_append(text, "  (window: lines in flight of a core, random/streaming; fault: first touch/hint)\n");
}

/* What engines are. */
static void
append_engine_table(const NsimMachine *machine, GString *text)
{
    static const char *const head[] = {"engine", "preset", "at",         "channels", "group",
                                       "window", "rate",   "descriptor", "list"};
    Table table = table_new(G_N_ELEMENTS(head), 1 << 0 | 1 << 1 | 1 << 2);
    table_row(&table, head);
    for (uint32_t e = 0; e < machine->engine_count; e++) {
        const NsimCopyEngine *engine = &machine->engines[e];
        table_take(&table, g_strdup(engine->id));
        table_take(&table, g_strdup(*engine->preset ? engine->preset : "none"));
        table_take(&table, g_strdup(engine->at));
        table_take(&table, g_strdup_printf("%u", engine->channel_count));
        table_take(&table, g_strdup_printf("%u", engine->group_channels));
        table_take(&table, g_strdup_printf("%u", engine->window_lines));
        table_take(&table, nsim_quantity_format(engine->channel_bytes_per_s, NSIM_QUANTITY_RATE));
        table_take(&table, nsim_quantity_format(engine->descriptor_bytes_max, NSIM_QUANTITY_BYTES));
        table_take(&table, g_strdup_printf("%u", engine->list_max));
    }
    table_print(&table, text);
    append_wrapped(
        text, "  ", "  ",
        "(channels share a window of lines in flight by groups; rate: of a channel; descriptor: the longest; "
        "list: the most descriptors submitted at once)");
}

/* What using them takes. */
static void
append_engine_times(const NsimMachine *machine, GString *text)
{
    static const char *const head[] = {"engine", "map", "submit", "descriptor", "translate", "completion", "timeout"};
    Table table = table_new(G_N_ELEMENTS(head), 1 << 0);
    table_row(&table, head);
    for (uint32_t e = 0; e < machine->engine_count; e++) {
        const NsimCopyEngine *engine = &machine->engines[e];
        const NsimTime times[] = {engine->map_ps,       engine->submit_ps,     engine->descriptor_ps,
                                  engine->translate_ps, engine->completion_ps, engine->timeout_ps};
        table_take(&table, g_strdup(engine->id));
        for (size_t i = 0; i < G_N_ELEMENTS(times); i++)
            table_take(&table, latency_text(times[i]));
    }
    table_print(&table, text);
    append_wrapped(text, "  ", "  ",
                   "(on the submitting core: map for each descriptor, submit and completion for each list; on the "
                   "channel: descriptor for each, translate for each page)");
}

static void
append_engines(const NsimMachine *machine, GString *text)
{
    const Matrix matrix = {machine->engine_count, engine_name, engine_pair, "ns", "GB/s"};
    if (machine->engine_count == 0)
        return;
    append_wrapped(text, "\n", "", "copy engines: latency and rate of what they read, as above");
    append_rows(machine, text, &matrix);
    g_string_append_c(text, '\n');
    append_engine_table(machine, text);
    append_engine_times(machine, text);
}

static void
append_migration(const NsimMachine *machine, GString *text)
{
    const NsimMigrationCosts *costs = &machine->migration;
    const NsimTime times[] = {costs->call_ps,         costs->start_ps,        costs->isolate_ps,
                              costs->unmap_folio_ps,  costs->unmap_entry_ps,  costs->move_ps,
                              costs->remap_entry_ps,  costs->release_ps,      costs->split_ps,
                              costs->flush_base_ps,   costs->flush_target_ps, costs->flush_page_ps,
                              costs->flush_stolen_ps, costs->dispatch_ps,     costs->wake_ps};
    char *t[G_N_ELEMENTS(times) + 1] = {NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++)
        t[i] = latency_text(times[i]);
    g_autofree char *stolen =
        costs->broadcast ? g_strdup("broadcast by hardware") : g_strdup_printf("%s lost by each", t[12]);
    g_autofree char *sentence = g_strdup_printf(
        "migration (%s): call %s, list %s; a folio: isolate %s, unmap %s + %s an entry, move %s, remap %s an entry, "
        "release %s; split %s; flush %s + %s a CPU + %s a page up to %u, %s; dispatch %s, wake %s",
        costs->preset, t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11], costs->flush_ceiling,
        stolen, t[13], t[14]);
    append_wrapped(text, "\n", "  ", sentence);
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++)
        g_free(t[i]);
}

/* Time a line takes at a hop; of a curve at its highest rate in this direction. */
static uint32_t
nominal_service(const NsimMachine *machine, const NsimRoute *route, uint32_t h, NsimDir dir)
{
    const NsimMemoryNode *node = &machine->nodes[route->node];
    const uint64_t rate = dir == NSIM_DIR_READ ? node->read_bytes_per_s : node->write_bytes_per_s;
    if (route->hops[h].service_ps > 0)
        return route->hops[h].service_ps;
    return (uint32_t)nsim_time_of_transfer(NSIM_LINE_BYTES, rate);
}

static void
append_route(const NsimMachine *machine, const char *from, const NsimRoute *route, NsimDir dir, GString *text)
{
    g_string_append_printf(text, "\n  %s %s %s: ", from, dir == NSIM_DIR_READ ? "reads" : "writes",
                           machine->nodes[route->node].id);
    if (!route->reachable) {
        g_string_append(text, "unreachable\n");
        return;
    }
    g_autofree char *latency = nsim_quantity_format(route->fixed_ps, NSIM_QUANTITY_TIME);
    g_autofree char *rate = rate_text(route->bytes_per_s);
    g_string_append_printf(text, "%s unloaded, at most %s\n", latency, rate);
    uint32_t slowest_ps = 0;
    for (uint32_t h = 0; h < route->hop_count; h++)
        slowest_ps = MAX(slowest_ps, nominal_service(machine, route, h, dir));
    for (uint32_t h = 0; h < route->hop_count; h++) {
        const NsimHop *hop = &route->hops[h];
        const uint32_t nominal_ps = nominal_service(machine, route, h, dir);
        g_autofree char *service = nsim_quantity_format(nominal_ps, NSIM_QUANTITY_TIME);
        g_string_append_printf(text, "    %-24s %4uB  %s%s%s\n", machine->resources[hop->resource].name,
                               route->forward_bytes[h], service, hop->service_ps == 0 ? " at best, by curve" : "",
                               nominal_ps == slowest_ps ? "  (bottleneck)" : "");
    }
}

static void
append_routes(const NsimMachine *machine, GString *text)
{
    append_wrapped(text, "\n", "",
                   "routes: resources crossed in order, bytes a line puts on each, time a line takes there");
    const uint32_t per_row = machine->node_count * NSIM_DIRS;
    for (uint32_t i = 0; i < machine->accessor_count * per_row; i++)
        append_route(machine, machine->accessors[i / per_row].id, &machine->routes[i], (NsimDir)(i % NSIM_DIRS), text);
    for (uint32_t i = 0; i < machine->engine_count * per_row; i++)
        append_route(machine, machine->engines[i / per_row].id, &machine->engine_routes[i], (NsimDir)(i % NSIM_DIRS),
                     text);
}

static void
append_head(const NsimMachine *machine, GString *text)
{
    g_autofree char *page = nsim_quantity_format((uint64_t)1 << machine->page_shift, NSIM_QUANTITY_BYTES);
    g_autofree char *sentence = g_strdup_printf(
        "machine %s: %u accessor%s, %u node%s, %u link%s, %s pages", machine->name, machine->accessor_count,
        machine->accessor_count == 1 ? "" : "s", machine->node_count, machine->node_count == 1 ? "" : "s",
        machine->link_count, machine->link_count == 1 ? "" : "s", page);
    append_wrapped(text, "", "  ", sentence);
    if (*machine->source)
        append_wrapped(text, "source: ", "  ", machine->source);
}

char *
nsim_machine_describe(const NsimMachine *machine, bool routes)
{
    GString *text = g_string_new(NULL);
    append_head(machine, text);
    const bool both = writes_differ(machine);
    append_wrapped(text, "\n", "",
                   both ? "reads: latency with nothing else running, and rate of the slowest resource on the way"
                        : "latency with nothing else running, and rate of the slowest resource on the way "
                          "(reads and writes alike)");
    append_matrix(machine, text, read_pair, "ns", "GB/s");
    if (both) {
        g_string_append(text, "\nwrites:\n");
        append_matrix(machine, text, write_pair, "ns", "GB/s");
    }
    append_wrapped(text, "\n", "",
                   "what one core alone can read, GB/s: window x 64 B / latency (Little's law), random and "
                   "streaming, never more than the way carries");
    append_matrix(machine, text, reach_pair, "rnd", "str");
    g_string_append_c(text, '\n');
    append_nodes(machine, text);
    append_links(machine, text);
    append_accessors(machine, text);
    append_engines(machine, text);
    append_migration(machine, text);
    if (machine->assumption_count > 0)
        g_string_append(text, "\nassumed or not verified:\n");
    for (uint32_t i = 0; i < machine->assumption_count; i++)
        append_wrapped(text, "  - ", "    ", machine->assumptions[i]);
    if (routes)
        append_routes(machine, text);
    return g_string_free(text, FALSE);
}
