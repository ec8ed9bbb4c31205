/* SPDX-License-Identifier: MIT */
/* What DAMON did as tables. */
#include <report/damon-table.h>

#include <report/format.h>
#include <report/table.h>

#include <string.h>

#define COLUMNS 80u
#define LABEL_COLUMNS 14u
#define ID_COLUMNS 10u
/* A score above it is shown as ">999": far beyond its goal. */
#define SCORE_SHOWN_MAX 99900u

static char *
percent(uint64_t value, unsigned scale)
{
    GString *text = g_string_new(NULL);
    nsim_format_decimal(text, value, scale, 1);
    return g_string_free(text, FALSE);
}

static char *
bytes_text(uint64_t bytes)
{
    GString *text = g_string_new(NULL);
    nsim_format_bytes(text, bytes);
    return g_string_free(text, FALSE);
}

/* In a unit of its own: intervals of kdamonds may be a thousandfold apart. */
static char *
time_text(NsimTime time_ps)
{
    const NsimTimeScale scale = nsim_time_scale(time_ps, time_ps, 1);
    g_autofree char *number = nsim_time_in_scale(time_ps, &scale);
    return g_strdup_printf("%s %s", number, scale.unit);
}

static void
add_text(NsimTable *table, const char *text, unsigned columns)
{
    g_autofree char *clean = nsim_text_clean(text);
    nsim_table_take_cell(table, nsim_text_fit(clean, columns));
}

static void
render(const NsimTable *table, GString *out, bool colour)
{
    g_string_append_c(out, '\n');
    nsim_table_render(table, out, colour);
}

/* ---- Text ------------------------------------------------------------------------------------------------------- */

static void
append_kdamonds(GString *out, const NsimResult *result, bool colour)
{
    g_autoptr(NsimTable) table = nsim_table_new();
    nsim_table_column(table, "", "DAMON", false);
    nsim_table_column(table, "kda-", "mond", true);
    nsim_table_column(table, "", "watches", false);
    nsim_table_column(table, "sampling", "interval", true);
    nsim_table_column(table, "aggre-", "gation", true);
    nsim_table_column(table, "regions", "mean", true);
    nsim_table_column(table, "CPU, %", "of core", true);
    nsim_table_column(table, "time", "moving", true);
    for (uint32_t i = 0; i < result->run_count; i++) {
        const NsimDamonResult *damon = result->runs[i].damon;
        for (uint32_t k = 0; damon != NULL && k < damon->kdamond_count; k++) {
            const NsimKdamondResult *kdamond = &damon->kdamonds[k];
            nsim_table_row(table, false);
            add_text(table, result->runs[i].label, LABEL_COLUMNS);
            nsim_table_take_cell(table, g_strdup_printf("%u", kdamond->number));
            add_text(table, kdamond->watches, ID_COLUMNS);
            nsim_table_take_cell(table, time_text(kdamond->sample_ps));
            nsim_table_take_cell(table, time_text(kdamond->aggr_ps));
            nsim_table_take_cell(table, g_strdup_printf("%" G_GUINT64_FORMAT, kdamond->regions_mean));
            nsim_table_take_cell(table, percent(kdamond->cpu_ppm, 4));
            nsim_table_take_cell(table, kdamond->migrating_ps > 0 ? time_text(kdamond->migrating_ps) : g_strdup("-"));
        }
    }
    render(table, out, colour);
}

/* The tuner goes by the highest score. "-": no goals. */
static char *
score_text(const NsimDamonSchemeResult *scheme)
{
    uint64_t score = 0;
    for (uint32_t g = 0; g < scheme->goal_count; g++)
        score = MAX(score, scheme->goals[g].score);
    if (scheme->goal_count == 0)
        return g_strdup("-");
    return score > SCORE_SHOWN_MAX ? g_strdup(">999") : percent(score, 2);
}

static void
add_scheme(NsimTable *table, const NsimRunResult *run, const NsimKdamondResult *kdamond, uint32_t number)
{
    const NsimDamonSchemeResult *scheme = &kdamond->schemes[number];
    nsim_table_row(table, false);
    add_text(table, run->label, LABEL_COLUMNS);
    nsim_table_take_cell(table, g_strdup_printf("%u.%u", kdamond->number, number));
    nsim_table_cell(table, scheme->action);
    add_text(table, scheme->destination, ID_COLUMNS);
    nsim_table_take_cell(table, bytes_text(scheme->sz_tried));
    nsim_table_take_cell(table, bytes_text(scheme->sz_applied));
    nsim_table_take_cell(table, scheme->has_quota ? bytes_text(scheme->effective_bytes) : g_strdup("-"));
    nsim_table_take_cell(table, score_text(scheme));
}

static void
append_schemes(GString *out, const NsimResult *result, bool colour)
{
    g_autoptr(NsimTable) table = nsim_table_new();
    bool any = false;
    nsim_table_column(table, "", "schemes", false);
    nsim_table_column(table, "", "", true);
    nsim_table_column(table, "", "action", false);
    nsim_table_column(table, "", "to", false);
    nsim_table_column(table, "", "tried", true);
    nsim_table_column(table, "", "applied", true);
    nsim_table_column(table, "quota", "at end", true);
    nsim_table_column(table, "goal,", "%", true);
    for (uint32_t i = 0; i < result->run_count; i++) {
        const NsimDamonResult *damon = result->runs[i].damon;
        for (uint32_t k = 0; damon != NULL && k < damon->kdamond_count; k++) {
            for (uint32_t s = 0; s < damon->kdamonds[k].scheme_count; s++) {
                add_scheme(table, &result->runs[i], &damon->kdamonds[k], s);
                any = true;
            }
        }
    }
    if (any)
        render(table, out, colour);
}

/* The next word of a command line, quotes and all; `*text` goes behind it. NULL: there is none. (transfer full) */
static char *
next_word(const char **text)
{
    const char *at = *text;
    while (*at == ' ' || *at == '\n' || *at == '\t' || (*at == '\\' && at[1] == '\n'))
        at++;
    const char *begin = at;
    for (char quote = '\0'; *at != '\0' && (quote != '\0' || (*at != ' ' && *at != '\n' && *at != '\t')); at++) {
        if (*at == '\'' || *at == '"')
            quote = quote == '\0' ? *at : quote == *at ? '\0' : quote;
    }
    *text = at;
    return at == begin ? NULL : g_strndup(begin, (gsize)(at - begin));
}

/* Columns of a word and, where it is an option, of the values behind it. */
static unsigned
group_columns(const char *word, const char *rest)
{
    unsigned columns = nsim_text_columns(word);
    if (!g_str_has_prefix(word, "--"))
        return columns;
    for (char *next = next_word(&rest); next != NULL; next = next_word(&rest)) {
        const bool is_option = g_str_has_prefix(next, "--");
        columns += is_option ? 0 : 1 + nsim_text_columns(next);
        g_free(next);
        if (is_option)
            break;
    }
    return columns;
}

/* A command line to be copied as it stands, broken before options, and between words where values are too many. */
static void
append_command(GString *out, const char *text)
{
    unsigned column = 0;
    for (char *word = next_word(&text); word != NULL; word = next_word(&text)) {
        const unsigned columns = nsim_text_columns(word), room = COLUMNS - 3 - MIN(column, COLUMNS - 3);
        const bool fits = columns <= room && (group_columns(word, text) <= room || column <= 4);
        const bool breaks = column > 0 && !fits;
        g_string_append(out, breaks ? " \\\n    " : column > 0 ? " " : "  ");
        g_string_append(out, word);
        column = (breaks ? 4 : column > 0 ? column + 1 : 2) + columns;
        g_free(word);
    }
    g_string_append_c(out, '\n');
}

/* Of the policies that wrote one; those that were given one had it from the user. */
static void
append_commands(GString *out, const NsimResult *result)
{
    for (uint32_t i = 0; i < result->run_count; i++) {
        const NsimRunResult *run = &result->runs[i];
        if (run->damon == NULL || g_str_equal(run->policy, "damon") || !g_str_has_prefix(run->damon->args, "damo "))
            continue;
        g_autofree char *clean = nsim_text_clean(run->label);
        g_autofree char *label = nsim_text_fit(clean, COLUMNS - 20);
        g_string_append_printf(out, "\ncarried out for %s:\n", label);
        append_command(out, run->damon->args);
    }
}

void
nsim_damon_append_text(GString *out, const NsimResult *result, bool colour)
{
    bool any = false;
    for (uint32_t i = 0; i < result->run_count; i++)
        any |= result->runs[i].damon != NULL;
    if (!any)
        return;
    append_kdamonds(out, result, colour);
    append_schemes(out, result, colour);
    append_commands(out, result);
}

char *
nsim_damon_goals_text(const NsimDamonSchemeResult *scheme)
{
    GString *text = g_string_new(NULL);
    for (uint32_t g = 0; g < scheme->goal_count; g++) {
        g_string_append_printf(text, "%s%s: ", g > 0 ? ", " : "", scheme->goals[g].metric);
        nsim_format_decimal(text, scheme->goals[g].score, 2, 1);
    }
    return g_string_free(text, FALSE);
}

/* ---- CSV -------------------------------------------------------------------------------------------------------- */

static uint32_t
most_kdamonds(const NsimResult *result)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < result->run_count; i++)
        most = result->runs[i].damon == NULL ? most : MAX(most, result->runs[i].damon->kdamond_count);
    return most;
}

static const NsimKdamondResult *
kdamond_at(const NsimRunResult *run, uint32_t kdamond)
{
    return run->damon != NULL && kdamond < run->damon->kdamond_count ? &run->damon->kdamonds[kdamond] : NULL;
}

static uint32_t
most_schemes(const NsimResult *result, uint32_t kdamond)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < result->run_count; i++) {
        const NsimKdamondResult *at = kdamond_at(&result->runs[i], kdamond);
        most = at == NULL ? most : MAX(most, at->scheme_count);
    }
    return most;
}

static const char *const kdamond_columns[] = {"watches",      "primitive", "sample_ns", "aggr_ns",   "regions",
                                              "regions_mean", "samples",   "cpu_ns",    "cpu_share", "migrating_ns"};
static const char *const scheme_columns[] = {
    "action",     "destination",  "nr_tried",        "sz_tried", "nr_applied", "sz_applied", "sz_ops_filter_passed",
    "qt_exceeds", "nr_snapshots", "effective_bytes", "goals"};

void
nsim_damon_csv_heading(NsimCsv *csv, const NsimResult *result)
{
    for (uint32_t k = 0; k < most_kdamonds(result); k++) {
        for (size_t c = 0; c < G_N_ELEMENTS(kdamond_columns); c++)
            nsim_csv_printf(csv, "kdamond.%u.%s", k, kdamond_columns[c]);
        for (uint32_t s = 0; s < most_schemes(result, k); s++)
            for (size_t c = 0; c < G_N_ELEMENTS(scheme_columns); c++)
                nsim_csv_printf(csv, "kdamond.%u.scheme.%u.%s", k, s, scheme_columns[c]);
    }
}

static void
write_kdamond(NsimCsv *csv, const NsimKdamondResult *kdamond)
{
    nsim_csv_text(csv, kdamond->watches);
    nsim_csv_text(csv, kdamond->primitive);
    nsim_csv_ns(csv, kdamond->sample_ps);
    nsim_csv_ns(csv, kdamond->aggr_ps);
    nsim_csv_uint(csv, kdamond->regions);
    nsim_csv_uint(csv, kdamond->regions_mean);
    nsim_csv_uint(csv, kdamond->samples);
    nsim_csv_ns(csv, kdamond->cpu_ps);
    nsim_csv_ratio(csv, kdamond->cpu_ppm);
    nsim_csv_ns(csv, kdamond->migrating_ps);
}

static void
write_scheme(NsimCsv *csv, const NsimDamonSchemeResult *scheme)
{
    g_autofree char *goals = nsim_damon_goals_text(scheme);
    nsim_csv_text(csv, scheme->action);
    nsim_csv_text(csv, scheme->destination);
    nsim_csv_uint(csv, scheme->nr_tried);
    nsim_csv_uint(csv, scheme->sz_tried);
    nsim_csv_uint(csv, scheme->nr_applied);
    nsim_csv_uint(csv, scheme->sz_applied);
    nsim_csv_uint(csv, scheme->sz_ops_filter_passed);
    nsim_csv_uint(csv, scheme->qt_exceeds);
    nsim_csv_uint(csv, scheme->nr_snapshots);
    if (scheme->has_quota)
        nsim_csv_uint(csv, scheme->effective_bytes);
    else
        nsim_csv_empty(csv);
    nsim_csv_text(csv, goals);
}

static void
write_empty(NsimCsv *csv, size_t count)
{
    for (size_t i = 0; i < count; i++)
        nsim_csv_empty(csv);
}

void
nsim_damon_csv_row(NsimCsv *csv, const NsimResult *result, const NsimRunResult *run)
{
    for (uint32_t k = 0; k < most_kdamonds(result); k++) {
        const NsimKdamondResult *kdamond = kdamond_at(run, k);
        if (kdamond != NULL)
            write_kdamond(csv, kdamond);
        else
            write_empty(csv, G_N_ELEMENTS(kdamond_columns));
        for (uint32_t s = 0; s < most_schemes(result, k); s++) {
            if (kdamond != NULL && s < kdamond->scheme_count)
                write_scheme(csv, &kdamond->schemes[s]);
            else
                write_empty(csv, G_N_ELEMENTS(scheme_columns));
        }
    }
}
