/* SPDX-License-Identifier: MIT */
/*
 * The report as one page that needs nothing else: no script, no font, no picture from outside. Bars are inline SVG in
 * integers. Every text from outside is escaped.
 */
#include <report/render.h>

#include <report/damon-table.h>
#include <report/format.h>
#include <report/migration.h>
#include <report/summary.h>
#include <sim/time.h>

#define BAR_WIDTH 240u
#define SHARE_WIDTH 320u
#define BAR_HEIGHT 14u
#define CHART_WIDTH 720u
#define CHART_HEIGHT 160u
/* A polyline has at most this many points; longer timelines are summed in groups. */
#define CHART_POINTS_MAX 360u
#define COLOUR_COUNT 8u

/* Okabe and Ito's palette: told apart by colour-blind readers too. */
static const char *const colours[COLOUR_COUNT] = {"#0072b2", "#e69f00", "#009e73", "#cc79a7",
                                                  "#56b4e9", "#d55e00", "#b8a500", "#777777"};

static const char style[] =
    ":root{color-scheme:light dark}"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.4rem;margin-bottom:.2rem}h2{font-size:1.1rem;margin-top:2rem}"
    "table{border-collapse:collapse;margin:.6rem 0}"
    "th,td{padding:.2rem .7rem;text-align:right;border-bottom:1px solid #8884;font-variant-numeric:tabular-nums}"
    "th:first-child,td:first-child,td.t,th.t{text-align:left}thead th{border-bottom:2px solid #888}"
    ".best td{font-weight:600}.lead{font-size:1.05rem}.scroll{overflow-x:auto}"
    "summary{cursor:pointer;margin:.4rem 0}.key{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 .9em}"
    "code{overflow-wrap:anywhere}svg{vertical-align:middle}";

static void
append_escaped(GString *out, const char *text)
{
    g_autofree char *clean = nsim_text_clean(text);
    g_autofree char *escaped = g_markup_escape_text(clean, -1);
    g_string_append(out, escaped);
}

static void
append_text_cell(GString *out, const char *text)
{
    g_string_append(out, "<td class=\"t\">");
    append_escaped(out, text);
    g_string_append(out, "</td>");
}

static void
append_heading_cell(GString *out, const char *text)
{
    g_string_append(out, "<th>");
    append_escaped(out, text);
    g_string_append(out, "</th>");
}

static void
append_uint_cell(GString *out, uint64_t value)
{
    g_string_append_printf(out, "<td>%" G_GUINT64_FORMAT "</td>", value);
}

static void
append_decimal_cell(GString *out, uint64_t value, unsigned scale, unsigned digits)
{
    g_string_append(out, "<td>");
    nsim_format_decimal(out, value, scale, digits);
    g_string_append(out, "</td>");
}

/* In microseconds. */
static void
append_latency_cells(GString *out, const NsimLatencySummary *time)
{
    append_decimal_cell(out, time->mean_ps, 6, 3);
    append_decimal_cell(out, time->p50_ps, 6, 3);
    append_decimal_cell(out, time->p90_ps, 6, 3);
    append_decimal_cell(out, time->p99_ps, 6, 3);
    append_decimal_cell(out, time->max_ps, 6, 3);
}

static void
open_table(GString *out, const char *const *headings)
{
    g_string_append(out, "<div class=\"scroll\"><table><thead><tr>");
    for (; *headings; headings++)
        append_heading_cell(out, *headings);
    g_string_append(out, "</tr></thead><tbody>\n");
}

static void
close_table(GString *out)
{
    g_string_append(out, "</tbody></table></div>\n");
}

/* ---- The comparison ---------------------------------------------------------------------------------------------- */

static void
append_bar(GString *out, uint64_t value, uint64_t highest)
{
    const uint64_t width = highest ? nsim_mul_div(value, BAR_WIDTH, highest) : 0;
    g_string_append_printf(out,
                           "<td class=\"t\"><svg role=\"img\" width=\"%u\" height=\"%u\"><title>speed-up</title>"
                           "<rect width=\"%" G_GUINT64_FORMAT "\" height=\"%u\" fill=\"%s\"/></svg></td>",
                           BAR_WIDTH, BAR_HEIGHT, width, BAR_HEIGHT, colours[0]);
}

static void
append_comparison(GString *out, const NsimResult *result)
{
    static const char *const headings[] = {"policy",          "speed-up",       "",           "runtime ms",
                                           "mean latency ns", "p99 latency ns", "limited by", NULL};
    const uint32_t best = nsim_result_best(result);
    uint64_t highest = 0;
    for (uint32_t i = 0; i < result->run_count; i++)
        highest = MAX(highest, result->runs[i].speedup_ppm);
    open_table(out, headings);
    for (uint32_t i = 0; i < result->run_count; i++) {
        const NsimRunResult *run = &result->runs[i];
        g_autofree char *bound = nsim_run_bound_words(run);
        g_string_append(out, result->run_count > 1 && i == best ? "<tr class=\"best\">" : "<tr>");
        g_string_append(out, "<td>");
        append_escaped(out, run->label);
        g_string_append(out, run->complete ? "</td>" : " <em>(incomplete)</em></td>");
        append_decimal_cell(out, run->speedup_ppm, 6, 2);
        append_bar(out, run->speedup_ppm, highest);
        append_decimal_cell(out, run->runtime_ps, 9, 3);
        append_decimal_cell(out, run->latency.mean_ps, 3, 1);
        append_decimal_cell(out, run->latency.p99_ps, 3, 1);
        append_text_cell(out, bound);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
}

static void
append_key(GString *out, const NsimResult *result)
{
    g_string_append(out, "<p>");
    for (uint32_t node = 0; node < result->node_count; node++) {
        g_string_append_printf(out, "<span class=\"key\" style=\"background:%s\"></span>",
                               colours[node % COLOUR_COUNT]);
        append_escaped(out, result->runs[0].nodes[node].id);
    }
    g_string_append(out, "</p>\n");
}

static void
append_share_bar(GString *out, const NsimResult *result, const NsimRunResult *run)
{
    uint64_t left = 0;
    g_string_append_printf(out, "<svg role=\"img\" width=\"%u\" height=\"%u\">", SHARE_WIDTH, BAR_HEIGHT);
    for (uint32_t node = 0; node < result->node_count; node++) {
        /* Edges are placed by the running sum, so that rounding leaves no gaps. */
        const uint64_t right = left + nsim_run_node_share_ppm(result, run, node);
        const uint64_t x = nsim_mul_div(left, SHARE_WIDTH, NSIM_PPM), end = nsim_mul_div(right, SHARE_WIDTH, NSIM_PPM);
        left = right;
        if (end == x)
            continue;
        g_string_append_printf(
            out, "<rect x=\"%" G_GUINT64_FORMAT "\" width=\"%" G_GUINT64_FORMAT "\" height=\"%u\" fill=\"%s\"><title>",
            x, end - x, BAR_HEIGHT, colours[node % COLOUR_COUNT]);
        append_escaped(out, run->nodes[node].id);
        g_string_append(out, "</title></rect>");
    }
    g_string_append(out, "</svg>");
}

static void
append_shares(GString *out, const NsimResult *result)
{
    g_string_append(out, "<h2>Where the accesses went</h2>\n");
    append_key(out, result);
    g_string_append(out, "<div class=\"scroll\"><table><thead><tr><th>policy</th><th></th>");
    for (uint32_t node = 0; node < result->node_count; node++) {
        g_autofree char *heading = g_strdup_printf("%s %%", result->runs[0].nodes[node].id);
        append_heading_cell(out, heading);
    }
    g_string_append(out, "</tr></thead><tbody>\n");
    for (uint32_t i = 0; i < result->run_count; i++) {
        const NsimRunResult *run = &result->runs[i];
        g_string_append(out, "<tr>");
        append_text_cell(out, run->label);
        g_string_append(out, "<td>");
        append_share_bar(out, result, run);
        g_string_append(out, "</td>");
        for (uint32_t node = 0; node < result->node_count; node++)
            append_decimal_cell(out, nsim_run_node_share_ppm(result, run, node), 4, 1);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
}

/* ---- Migrations -------------------------------------------------------------------------------------------------- */

static void
append_moves(GString *out, const NsimResult *result)
{
    static const char *const headings[] = {"policy",
                                           "moved MB",
                                           "promoted pages",
                                           "demoted pages",
                                           "failed pages",
                                           "ping-pong pages",
                                           "retried pages",
                                           "shadow pages",
                                           "exchanged pages",
                                           "cost ms",
                                           NULL};
    open_table(out, headings);
    for (uint32_t i = 0; i < result->run_count; i++) {
        const NsimMigrationResult *migration = &result->runs[i].migration;
        g_string_append(out, "<tr>");
        append_text_cell(out, result->runs[i].label);
        append_decimal_cell(out, migration->bytes, 6, 1);
        append_uint_cell(out, migration->promoted_pages);
        append_uint_cell(out, migration->demoted_pages);
        append_uint_cell(out, migration->failed_pages);
        append_uint_cell(out, migration->ping_pong_pages);
        append_uint_cell(out, migration->retried_pages);
        append_uint_cell(out, migration->shadow_pages);
        append_uint_cell(out, migration->exchanged_pages);
        append_decimal_cell(out, nsim_migration_cost_ps(migration), 9, 3);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
}

static void
append_payers(GString *out, const NsimResult *result)
{
    g_autoptr(GPtrArray) payers = nsim_result_payers(result);
    if (payers->len == 0)
        return;
    g_string_append(out, "<p>Who paid for migrations, ms</p>\n"
                         "<div class=\"scroll\"><table><thead><tr><th>policy</th>");
    for (guint payer = 0; payer < payers->len; payer++)
        append_heading_cell(out, g_ptr_array_index(payers, payer));
    g_string_append(out, "</tr></thead><tbody>\n");
    for (uint32_t i = 0; i < result->run_count; i++) {
        g_string_append(out, "<tr>");
        append_text_cell(out, result->runs[i].label);
        for (guint payer = 0; payer < payers->len; payer++)
            append_decimal_cell(
                out, nsim_migration_charged_ps(&result->runs[i].migration, g_ptr_array_index(payers, payer)), 9, 3);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
}

static void
append_waits(GString *out, const NsimResult *result)
{
    static const char *const headings[] = {"policy", "accesses", "mean us", "p50 us",
                                           "p90 us", "p99 us",   "max us",  NULL};
    bool any = false;
    for (uint32_t i = 0; i < result->run_count; i++)
        any = any || result->runs[i].blocked_count > 0;
    if (!any)
        return;
    g_string_append(out, "<p>Accesses that waited for migrations</p>\n");
    open_table(out, headings);
    for (uint32_t i = 0; i < result->run_count; i++) {
        if (result->runs[i].blocked_count == 0)
            continue;
        g_string_append(out, "<tr>");
        append_text_cell(out, result->runs[i].label);
        append_uint_cell(out, result->runs[i].blocked_count);
        append_latency_cells(out, &result->runs[i].blocked);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
}

static void
append_migrations(GString *out, const NsimResult *result)
{
    if (!nsim_result_has_migration(result))
        return;
    g_string_append(out, "<h2>Migrations</h2>\n");
    append_moves(out, result);
    append_payers(out, result);
    append_waits(out, result);
}

/* ---- Details of a run -------------------------------------------------------------------------------------------- */

static void
append_accessors(GString *out, const NsimResult *result, const NsimRunResult *run)
{
    static const char *const headings[] = {"accessor",  "runtime ms", "accesses", "stall ms",
                                           "kernel ms", "blocked ms", NULL};
    open_table(out, headings);
    for (uint32_t i = 0; i < result->accessor_count; i++) {
        g_string_append(out, "<tr>");
        append_text_cell(out, run->accessors[i].id);
        append_decimal_cell(out, run->accessors[i].runtime_ps, 9, 3);
        append_uint_cell(out, run->accessors[i].access_count);
        append_decimal_cell(out, run->accessors[i].stall_ps, 9, 3);
        append_decimal_cell(out, run->accessors[i].kernel_ps, 9, 3);
        append_decimal_cell(out, run->accessors[i].blocked_ps, 9, 3);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
}

static void
append_nodes(GString *out, const NsimResult *result, const NsimRunResult *run)
{
    static const char *const headings[] = {"node",       "capacity MB", "used MB",  "peak MB", "read MB",
                                           "written MB", "busy %",      "queue ms", NULL};
    open_table(out, headings);
    for (uint32_t i = 0; i < result->node_count; i++) {
        const NsimNodeResult *node = &run->nodes[i];
        g_string_append(out, "<tr>");
        append_text_cell(out, node->id);
        append_decimal_cell(out, node->capacity_bytes, 6, 1);
        append_decimal_cell(out, node->used_bytes, 6, 1);
        append_decimal_cell(out, node->used_peak_bytes, 6, 1);
        append_decimal_cell(out, node->read_bytes, 6, 1);
        append_decimal_cell(out, node->write_bytes, 6, 1);
        append_decimal_cell(out, node->utilisation_ppm, 4, 1);
        append_decimal_cell(out, node->queue_ps, 9, 3);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
}

static void
append_links(GString *out, const NsimResult *result, const NsimRunResult *run)
{
    static const char *const headings[] = {"link", "forward MB", "reverse MB", "busy %", "queue ms", NULL};
    if (result->link_count == 0)
        return;
    open_table(out, headings);
    for (uint32_t i = 0; i < result->link_count; i++) {
        const NsimLinkResult *link = &run->links[i];
        g_string_append(out, "<tr>");
        append_text_cell(out, link->id);
        append_decimal_cell(out, link->forward_bytes, 6, 1);
        append_decimal_cell(out, link->reverse_bytes, 6, 1);
        append_decimal_cell(out, link->utilisation_ppm, 4, 1);
        append_decimal_cell(out, link->queue_ps, 9, 3);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
}

static void
append_operations(GString *out, const NsimRunResult *run)
{
    static const char *const headings[] = {"operation", "count",  "mean us", "p50 us",
                                           "p90 us",    "p99 us", "max us",  NULL};
    if (run->operation_count == 0)
        return;
    open_table(out, headings);
    for (uint32_t i = 0; i < run->operation_count; i++) {
        g_string_append(out, "<tr>");
        append_text_cell(out, run->operations[i].name);
        append_uint_cell(out, run->operations[i].count);
        append_latency_cells(out, &run->operations[i].time);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
}

static void
append_counters(GString *out, const char *heading, const NsimCounterResult *counters, uint32_t count)
{
    const char *const headings[] = {heading, "value", "unit", NULL};
    if (count == 0)
        return;
    open_table(out, headings);
    for (uint32_t i = 0; i < count; i++) {
        g_string_append(out, "<tr>");
        append_text_cell(out, counters[i].key);
        append_uint_cell(out, counters[i].value);
        append_text_cell(out, counters[i].unit);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
}

static void
append_steps(GString *out, const NsimMigrationResult *migration)
{
    static const char *const headings[] = {"step of migrations", "ms", "%", NULL};
    const NsimTime whole = nsim_migration_cost_ps(migration);
    if (whole == 0)
        return;
    open_table(out, headings);
    for (NsimPhase phase = 0; phase < NSIM_PHASES; phase++) {
        g_string_append(out, "<tr>");
        append_text_cell(out, nsim_phase_name(phase));
        append_decimal_cell(out, migration->cost_ps[phase], 9, 3);
        append_decimal_cell(out, nsim_share_ppm(migration->cost_ps[phase], whole), 4, 1);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
}

static void
append_failures(GString *out, const NsimMigrationResult *migration)
{
    static const char *const headings[] = {"not moved because", "pages", NULL};
    if (migration->failed_pages == 0)
        return;
    open_table(out, headings);
    for (NsimCause cause = NSIM_CAUSE_NONE + 1; cause < NSIM_CAUSES; cause++) {
        if (migration->failed_by_cause[cause] == 0)
            continue;
        g_string_append(out, "<tr>");
        append_text_cell(out, nsim_cause_name(cause));
        append_uint_cell(out, migration->failed_by_cause[cause]);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
}

static void
append_copiers(GString *out, const NsimMigrationResult *migration)
{
    static const char *const headings[] = {"copied by", "MB", NULL};
    if (migration->pages == 0)
        return;
    open_table(out, headings);
    for (NsimCopierKind kind = 0; kind < NSIM_COPIER_AUTO; kind++) {
        g_string_append(out, "<tr>");
        append_text_cell(out, nsim_copier_name(kind));
        append_decimal_cell(out, migration->copied_bytes[kind], 6, 1);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
}

static void
append_groups(GString *out, const NsimRunResult *run)
{
    static const char *const headings[] = {"group", "moved MB", "CPU ms", "throttled pages", "throttled ms", NULL};
    if (run->group_count == 0)
        return;
    open_table(out, headings);
    for (uint32_t i = 0; i < run->group_count; i++) {
        const NsimGroupResult *group = &run->groups[i];
        g_string_append(out, "<tr>");
        append_text_cell(out, group->id);
        append_decimal_cell(out, group->migrated_bytes, 6, 1);
        append_decimal_cell(out, group->cpu_ps, 9, 3);
        append_uint_cell(out, group->throttled_pages);
        append_decimal_cell(out, group->throttled_ps, 9, 3);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
}

static void
append_kdamonds(GString *out, const NsimDamonResult *damon)
{
    static const char *const headings[] = {"kdamond", "watches",      "by",      "sampling ms", "aggregation ms",
                                           "regions", "mean regions", "samples", "CPU ms",      "% of a core",
                                           "migrating ms", NULL};
    open_table(out, headings);
    for (uint32_t k = 0; k < damon->kdamond_count; k++) {
        const NsimKdamondResult *kdamond = &damon->kdamonds[k];
        g_string_append(out, "<tr>");
        append_uint_cell(out, kdamond->number);
        append_text_cell(out, kdamond->watches);
        append_text_cell(out, kdamond->primitive);
        append_decimal_cell(out, kdamond->sample_ps, 9, 3);
        append_decimal_cell(out, kdamond->aggr_ps, 9, 3);
        append_uint_cell(out, kdamond->regions);
        append_uint_cell(out, kdamond->regions_mean);
        append_uint_cell(out, kdamond->samples);
        append_decimal_cell(out, kdamond->cpu_ps, 9, 3);
        append_decimal_cell(out, kdamond->cpu_ppm, 4, 2);
        append_decimal_cell(out, kdamond->migrating_ps, 9, 3);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
}

static void
append_scheme(GString *out, const NsimKdamondResult *kdamond, const NsimDamonSchemeResult *scheme)
{
    g_string_append(out, "<tr>");
    append_uint_cell(out, kdamond->number);
    append_text_cell(out, scheme->action);
    append_text_cell(out, scheme->destination);
    append_uint_cell(out, scheme->nr_tried);
    append_decimal_cell(out, scheme->sz_tried, 6, 1);
    append_decimal_cell(out, scheme->sz_ops_filter_passed, 6, 1);
    append_uint_cell(out, scheme->nr_applied);
    append_decimal_cell(out, scheme->sz_applied, 6, 1);
    append_uint_cell(out, scheme->qt_exceeds);
    append_uint_cell(out, scheme->nr_snapshots);
    if (scheme->has_quota)
        append_decimal_cell(out, scheme->effective_bytes, 6, 3);
    else
        append_text_cell(out, "-");
    g_autofree char *goals = nsim_damon_goals_text(scheme);
    append_text_cell(out, goals);
    g_string_append(out, "</tr>\n");
}

static void
append_damon(GString *out, const NsimDamonResult *damon)
{
    static const char *const headings[] = {"kdamond",    "action",     "to",           "nr_tried", "sz_tried MB",
                                           "passed MB",  "nr_applied", "sz_applied MB", "qt_exceeds", "nr_snapshots",
                                           "quota MB",   "goals: score %", NULL};
    uint32_t schemes = 0;
    if (damon == NULL)
        return;
    append_kdamonds(out, damon);
    for (uint32_t k = 0; k < damon->kdamond_count; k++)
        schemes += damon->kdamonds[k].scheme_count;
    if (schemes > 0) {
        open_table(out, headings);
        for (uint32_t k = 0; k < damon->kdamond_count; k++)
            for (uint32_t s = 0; s < damon->kdamonds[k].scheme_count; s++)
                append_scheme(out, &damon->kdamonds[k], &damon->kdamonds[k].schemes[s]);
        close_table(out);
    }
    g_string_append(out, "<pre>");
    append_escaped(out, damon->args);
    g_string_append(out, "</pre>\n");
}

static void
append_options(GString *out, const NsimRunResult *run)
{
    g_string_append(out, "<p>policy <code>");
    append_escaped(out, run->policy);
    for (uint32_t i = 0; i < run->option_count; i++) {
        g_string_append(out, i == 0 ? ":" : ",");
        append_escaped(out, run->options[i].key);
        g_string_append_c(out, '=');
        append_escaped(out, run->options[i].value);
    }
    g_string_append(out, "</code></p>\n");
}

/* ---- The timeline ------------------------------------------------------------------------------------------------ */

/* One line of a chart: bytes of a row of the timeline, `index` for the place they belong to. */
typedef uint64_t (*Series)(const NsimTimelineRow *row, uint32_t index);

static uint64_t
row_node_bytes(const NsimTimelineRow *row, uint32_t index)
{
    return nsim_add_saturated(row->node_read_bytes[index], row->node_write_bytes[index]);
}

static uint64_t
row_migrated_bytes(const NsimTimelineRow *row, uint32_t index)
{
    (void)index;
    return row->migrated_bytes;
}

/* Bytes in the rows of group `point` of `points`. */
static uint64_t
group_bytes(const NsimRunResult *run, Series series, uint32_t index, uint32_t point, uint32_t points)
{
    const uint32_t first = (uint32_t)((uint64_t)point * run->timeline_count / points);
    const uint32_t end = (uint32_t)((uint64_t)(point + 1) * run->timeline_count / points);
    uint64_t sum = 0;
    for (uint32_t i = first; i < end; i++)
        sum = nsim_add_saturated(sum, series(&run->timeline[i], index));
    return sum;
}

/* A chart of `count` lines over simulated time; none where there are fewer than two points, or nothing but zeros. */
static void
append_chart(GString *out, const NsimRunResult *run, Series series, uint32_t count, const char *caption,
             const char *title)
{
    const uint32_t points = MIN(run->timeline_count, CHART_POINTS_MAX);
    uint64_t highest = 0;
    if (points < 2)
        return;
    for (uint32_t line = 0; line < count; line++)
        for (uint32_t point = 0; point < points; point++)
            highest = MAX(highest, group_bytes(run, series, line, point, points));
    if (highest == 0)
        return;
    g_string_append_printf(out, "<p>%s over simulated time, from 0 to ", caption);
    nsim_format_decimal(out, run->timeline[run->timeline_count - 1].time_ps, 9, 3);
    g_string_append_printf(out, " ms</p>\n<svg role=\"img\" width=\"%u\" height=\"%u\"><title>%s</title>", CHART_WIDTH,
                           CHART_HEIGHT, title);
    for (uint32_t line = 0; line < count; line++) {
        g_string_append_printf(out, "<polyline fill=\"none\" stroke-width=\"1.5\" stroke=\"%s\" points=\"",
                               colours[line % COLOUR_COUNT]);
        for (uint32_t point = 0; point < points; point++) {
            const uint64_t bytes = group_bytes(run, series, line, point, points);
            const uint64_t height = nsim_mul_div(bytes, CHART_HEIGHT - 4, highest);
            g_string_append_printf(out, "%s%u,%u", point ? " " : "", point * CHART_WIDTH / (points - 1),
                                   CHART_HEIGHT - 2 - (unsigned)height);
        }
        g_string_append(out, "\"/>");
    }
    g_string_append(out, "</svg>\n");
}

static void
append_traffic_chart(GString *out, const NsimResult *result, const NsimRunResult *run)
{
    append_chart(out, run, row_node_bytes, result->node_count, "Bytes of each node", "traffic of each node");
}

static void
append_migration_chart(GString *out, const NsimRunResult *run)
{
    append_chart(out, run, row_migrated_bytes, 1, "Bytes moved by migrations", "bytes moved");
}

/* ---- The page ---------------------------------------------------------------------------------------------------- */

static void
append_details(GString *out, const NsimResult *result)
{
    g_string_append(out, "<h2>Details</h2>\n");
    for (uint32_t i = 0; i < result->run_count; i++) {
        const NsimRunResult *run = &result->runs[i];
        g_string_append(out, "<details><summary>");
        append_escaped(out, run->label);
        g_string_append(out, "</summary>\n");
        append_options(out, run);
        append_accessors(out, result, run);
        append_nodes(out, result, run);
        append_links(out, result, run);
        append_operations(out, run);
        append_steps(out, &run->migration);
        append_failures(out, &run->migration);
        append_copiers(out, &run->migration);
        append_groups(out, run);
        append_damon(out, run->damon);
        append_counters(out, "kernel counter", run->vmstat, run->vmstat_count);
        append_counters(out, "counted by the policy", run->policy_stats, run->policy_stat_count);
        append_traffic_chart(out, result, run);
        append_migration_chart(out, run);
        g_string_append(out, "</details>\n");
    }
}

static void
append_inputs(GString *out, const NsimResult *result)
{
    static const char *const headings[] = {"input", "SHA-256", NULL};
    if (result->input_count == 0)
        return;
    g_string_append(out, "<details><summary>Inputs</summary>\n");
    open_table(out, headings);
    for (uint32_t i = 0; i < result->input_count; i++) {
        g_string_append(out, "<tr>");
        append_text_cell(out, result->inputs[i].name);
        append_text_cell(out, result->inputs[i].sha256);
        g_string_append(out, "</tr>\n");
    }
    close_table(out);
    g_string_append(out, "</details>\n");
}

static void
append_warnings(GString *out, const NsimResult *result)
{
    if (result->warning_count == 0)
        return;
    g_string_append(out, "<h2>Warnings</h2>\n<ul>\n");
    for (uint32_t i = 0; i < result->warning_count; i++) {
        g_string_append(out, "<li>");
        append_escaped(out, result->warnings[i]);
        g_string_append(out, "</li>\n");
    }
    g_string_append(out, "</ul>\n");
}

char *
nsim_render_html(const NsimResult *result)
{
    GString *out = g_string_new("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                                "<meta name=\"viewport\" content=\"width=device-width\">\n<title>numasim: ");
    g_autofree char *title = nsim_result_title(result);
    g_autofree char *subtitle = nsim_result_subtitle(result);
    g_autofree char *conclusion = nsim_result_conclusion(result);
    append_escaped(out, title);
    g_string_append_printf(out, "</title>\n<style>%s</style></head><body>\n<h1>", style);
    append_escaped(out, title);
    g_string_append(out, "</h1>\n<p>");
    append_escaped(out, subtitle);
    g_string_append(out, "</p>\n<p class=\"lead\">");
    append_escaped(out, conclusion);
    g_string_append(out, "</p>\n");
    if (result->run_count > 0) {
        append_comparison(out, result);
        append_shares(out, result);
        append_migrations(out, result);
        append_details(out, result);
    }
    append_inputs(out, result);
    append_warnings(out, result);
    g_string_append(out, "</body></html>\n");
    return g_string_free(out, FALSE);
}
