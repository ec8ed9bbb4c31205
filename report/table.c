/* SPDX-License-Identifier: MIT */
/* Tables of aligned text: columns as wide as their widest cell, two spaces between them, a rule under the heading. */
#include <report/table.h>

#include <report/format.h>
#include <sim/assert.h>

#define GAP 2u

typedef struct {
    char *heading[2];
    bool right;
    unsigned width;
} Column;

typedef struct {
    GPtrArray *cells; /* char * */
    bool bold;
} Row;

struct _NsimTable {
    GArray *columns; /* Column */
    GArray *rows;    /* Row */
};

NsimTable *
nsim_table_new(void)
{
    NsimTable *table = g_new0(NsimTable, 1);
    table->columns = g_array_new(FALSE, FALSE, sizeof(Column));
    table->rows = g_array_new(FALSE, FALSE, sizeof(Row));
    return table;
}

void
nsim_table_free(NsimTable *table)
{
    if (!table)
        return;
    for (guint i = 0; i < table->columns->len; i++) {
        g_free(g_array_index(table->columns, Column, i).heading[0]);
        g_free(g_array_index(table->columns, Column, i).heading[1]);
    }
    for (guint i = 0; i < table->rows->len; i++)
        g_ptr_array_unref(g_array_index(table->rows, Row, i).cells);
    g_array_unref(table->columns);
    g_array_unref(table->rows);
    g_free(table);
}

void
nsim_table_column(NsimTable *table, const char *upper, const char *lower, bool right)
{
    nsim_assert(table->rows->len == 0);
    const Column column = {.heading = {g_strdup(upper), g_strdup(lower)},
                           .right = right,
                           .width = MAX(nsim_text_columns(upper), nsim_text_columns(lower))};
    g_array_append_val(table->columns, column);
}

void
nsim_table_row(NsimTable *table, bool bold)
{
    const Row row = {.cells = g_ptr_array_new_with_free_func(g_free), .bold = bold};
    g_array_append_val(table->rows, row);
}

void
nsim_table_take_cell(NsimTable *table, char *text)
{
    nsim_assert(table->rows->len > 0);
    Row *row = &g_array_index(table->rows, Row, table->rows->len - 1);
    nsim_assert(row->cells->len < table->columns->len);
    Column *column = &g_array_index(table->columns, Column, row->cells->len);
    column->width = MAX(column->width, nsim_text_columns(text));
    g_ptr_array_add(row->cells, text);
}

void
nsim_table_cell(NsimTable *table, const char *text)
{
    nsim_table_take_cell(table, g_strdup(text));
}

static void
append_cell(GString *out, const Column *column, const char *text, bool first)
{
    const unsigned pad = column->width - nsim_text_columns(text);
    if (!first)
        g_string_append_printf(out, "%*s", (int)GAP, "");
    g_string_append_printf(out, "%*s%s%*s", column->right ? (int)pad : 0, "", text, column->right ? 0 : (int)pad, "");
}

/* Lines end with their last visible character. */
static void
end_line(GString *out)
{
    while (out->len > 0 && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}

static void
append_heading(const NsimTable *table, GString *out, unsigned line)
{
    bool empty = true;
    for (guint i = 0; i < table->columns->len; i++)
        empty = empty && g_array_index(table->columns, Column, i).heading[line][0] == '\0';
    if (empty)
        return;
    for (guint i = 0; i < table->columns->len; i++) {
        const Column *column = &g_array_index(table->columns, Column, i);
        append_cell(out, column, column->heading[line], i == 0);
    }
    end_line(out);
}

static void
append_row(const NsimTable *table, GString *out, const Row *row, bool bold)
{
    if (bold)
        g_string_append(out, "\033[1m");
    for (guint i = 0; i < row->cells->len; i++)
        append_cell(out, &g_array_index(table->columns, Column, i), g_ptr_array_index(row->cells, i), i == 0);
    while (out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append(out, bold ? "\033[0m\n" : "\n");
}

void
nsim_table_render(const NsimTable *table, GString *out, bool colour)
{
    unsigned width = 0;
    for (guint i = 0; i < table->columns->len; i++)
        width += g_array_index(table->columns, Column, i).width + (i > 0 ? GAP : 0);
    append_heading(table, out, 0);
    append_heading(table, out, 1);
    for (unsigned i = 0; i < width; i++)
        g_string_append_c(out, '-');
    g_string_append_c(out, '\n');
    for (guint i = 0; i < table->rows->len; i++) {
        const Row *row = &g_array_index(table->rows, Row, i);
        append_row(table, out, row, colour && row->bold);
    }
}
