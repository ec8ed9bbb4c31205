/* SPDX-License-Identifier: MIT */
/* Writing CSV: fields are quoted only when they have to be. */
#include <report/csv.h>

#include <report/format.h>

#include <string.h>

static void
begin_field(NsimCsv *csv)
{
    if (csv->started)
        g_string_append_c(csv->out, ',');
    csv->started = true;
}

void
nsim_csv_text(NsimCsv *csv, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
    begin_field(csv);
    if (valid[strcspn(valid, ",\"\r\n")] == '\0') {
        g_string_append(csv->out, valid);
        return;
    }
    g_string_append_c(csv->out, '"');
    for (const char *p = valid; *p; p++) {
        if (*p == '"')
            g_string_append_c(csv->out, '"');
        g_string_append_c(csv->out, *p);
    }
    g_string_append_c(csv->out, '"');
}

void
nsim_csv_printf(NsimCsv *csv, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    nsim_csv_text(csv, text);
}

void
nsim_csv_uint(NsimCsv *csv, uint64_t value)
{
    begin_field(csv);
    g_string_append_printf(csv->out, "%" G_GUINT64_FORMAT, value);
}

void
nsim_csv_ns(NsimCsv *csv, NsimTime time_ps)
{
    begin_field(csv);
    nsim_format_exact(csv->out, time_ps, 3);
}

void
nsim_csv_ratio(NsimCsv *csv, uint64_t ppm)
{
    begin_field(csv);
    nsim_format_decimal(csv->out, ppm, 6, 6);
}

void
nsim_csv_empty(NsimCsv *csv)
{
    begin_field(csv);
}

void
nsim_csv_end_line(NsimCsv *csv)
{
    g_string_append_c(csv->out, '\n');
    csv->started = false;
}
