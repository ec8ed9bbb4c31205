/* SPDX-License-Identifier: MIT */
/* Writing a damo command line. See damo-text.h. */
#include "policies/damo-text.h"

#include <stdarg.h>

#define NS ((uint64_t)1000)
#define US ((uint64_t)1000 * NS)
#define MS ((uint64_t)1000 * US)
#define SECOND ((uint64_t)1000 * MS)

void
damo_text_begin(DamoText *damo)
{
    *damo = (DamoText){.text = g_string_new("damo start"),
                       .schemes = g_string_new(NULL),
                       .goals = g_string_new(NULL),
                       .filters = g_string_new(NULL),
                       .sample_filters = g_string_new(NULL)};
}

static void
end_scheme(DamoText *damo)
{
    if (damo->scheme_count == 0)
        return;
    g_string_append_printf(damo->goals, " %u", damo->goal_count);
    g_string_append_printf(damo->filters, " %u", damo->filter_count);
    damo->goal_count = damo->filter_count = 0;
}

static void
end_kdamond(DamoText *damo)
{
    end_scheme(damo);
    if (damo->kdamonds > 0) {
        g_string_append_printf(damo->schemes, " %u", damo->scheme_count);
        g_string_append_printf(damo->sample_filters, " %u", damo->sample_filter_count);
    }
    damo->scheme_count = damo->sample_filter_count = 0;
}

static void
begin_kdamond(DamoText *damo)
{
    end_kdamond(damo);
    damo->kdamonds++;
    g_string_append(damo->text, " \\\n   ");
}

void
damo_text_node(DamoText *damo, int32_t nid)
{
    begin_kdamond(damo);
    damo_text_word(damo, "--numa_node %d", nid);
}

void
damo_text_range(DamoText *damo, uint64_t start, uint64_t end)
{
    begin_kdamond(damo);
    damo_text_word(damo, "--ops paddr --regions %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, start, end);
}

void
damo_text_space(DamoText *damo, uint32_t space)
{
    begin_kdamond(damo);
    damo_text_word(damo, "--ops vaddr --target_pid %u", space);
}

void
damo_text_sample_filter(DamoText *damo, const char *filter)
{
    damo_text_word(damo, "--sample_filter %s", filter);
    damo->sample_filter_count++;
    damo->sample_filters_all++;
}

void
damo_text_word(DamoText *damo, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    g_string_append_c(damo->text, ' ');
    g_string_append_vprintf(damo->text, format, list);
    va_end(list);
}

void
damo_text_scheme(DamoText *damo, const char *action, int32_t nid)
{
    end_scheme(damo);
    damo->scheme_count++;
    g_string_append(damo->text, " \\\n       ");
    damo_text_word(damo, "--damos_action %s %d", action, nid);
}

void
damo_text_goal(DamoText *damo, const char *metric, uint64_t ppm, int32_t nid)
{
    g_autofree char *share = damo_percent(ppm);
    damo->goal_count++;
    damo_text_word(damo, "--damos_quota_goal %s %s %d", metric, share, nid);
}

void
damo_text_filter(DamoText *damo, const char *filter)
{
    damo->filter_count++;
    damo_text_word(damo, "--damos_filter %s", filter);
}

static void
append_ones(GString *text, const char *option, uint32_t count)
{
    g_string_append_printf(text, " %s", option);
    for (uint32_t i = 0; i < count; i++)
        g_string_append(text, " 1");
}

char *
damo_text_end(DamoText *damo)
{
    end_kdamond(damo);
    if (damo->goals->len > 0)
        g_string_append_printf(damo->text, " \\\n    --damos_nr_quota_goals%s --damos_nr_filters%s", damo->goals->str,
                               damo->filters->str);
    if (damo->sample_filters_all > 0)
        g_string_append_printf(damo->text, " \\\n    --nr_sample_filters%s", damo->sample_filters->str);
    g_string_append(damo->text, " \\\n   ");
    append_ones(damo->text, "--nr_targets", damo->kdamonds);
    g_string_append_printf(damo->text, " --nr_schemes%s", damo->schemes->str);
    append_ones(damo->text, "--nr_ctxs", damo->kdamonds);
    g_string_free(damo->schemes, TRUE);
    g_string_free(damo->goals, TRUE);
    g_string_free(damo->filters, TRUE);
    g_string_free(damo->sample_filters, TRUE);
    return g_string_free(damo->text, FALSE);
}

char *
damo_time(NsimTime time_ps)
{
    if (time_ps % SECOND == 0)
        return g_strdup_printf("%" G_GUINT64_FORMAT "s", time_ps / SECOND);
    if (time_ps % MS == 0)
        return g_strdup_printf("%" G_GUINT64_FORMAT "ms", time_ps / MS);
    return g_strdup_printf("%" G_GUINT64_FORMAT "us", time_ps / US);
}

char *
damo_percent(uint64_t ppm)
{
    if (ppm % 10000 == 0)
        return g_strdup_printf("%" G_GUINT64_FORMAT "%%", ppm / 10000);
    g_autofree char *digits = g_strdup_printf("%04" G_GUINT64_FORMAT, ppm % 10000);
    for (size_t end = 4; end > 1 && digits[end - 1] == '0'; end--)
        digits[end - 1] = '\0';
    return g_strdup_printf("%" G_GUINT64_FORMAT ".%s%%", ppm / 10000, digits);
}
