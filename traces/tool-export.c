/* SPDX-License-Identifier: MIT */
/* The text formats of tool-export.h, and where all of them go. Requests with a future are in tool-oracle.c. */
#include <traces/tool-export.h>

#include <traces/output.h>
#include <traces/tool-oracle.h>
#include <traces/trace-private.h>

#include <inttypes.h>

const char *const nsim_export_format_names[] = {"csv", "lackey", "oracleGeneral", NULL};

#define BUFFER_BYTES ((size_t)256 << 10)
/* No line of text is longer. */
#define LINE_BYTES 128u

typedef struct {
    NsimExportFunc sink;
    void *user_data;
    size_t filled;
    char buffer[BUFFER_BYTES];
} Text;

static bool
flush(Text *text, GError **error)
{
    const size_t filled = text->filled;
    text->filled = 0;
    return filled == 0 || text->sink(text->buffer, filled, text->user_data, error);
}

/* Room for one line. */
static bool
make_room(Text *text, GError **error)
{
    return text->filled + LINE_BYTES <= BUFFER_BYTES || flush(text, error);
}

/* ---- csv ----------------------------------------------------------------------------------------------------- */

static const char csv_header[] = "thread,clock_ps,op,address,bytes,flags\n";

static bool
put_csv(Text *text, const NsimTraceInfo *info, const NsimTraceEvent *event, GError **error)
{
    static const char *const ops[] = {"read", "write", "rfo"};
    if (!make_room(text, error))
        return false;
    const int length = g_snprintf(
        text->buffer + text->filled, LINE_BYTES, "%" PRIu32 ",%" PRIu64 ",%s,0x%" PRIx64 ",%" PRIu64 ",%s%s\n",
        event->thread, nsim_clock_to_ps(info, event->clock), ops[event->op], event->line << NSIM_LINE_SHIFT,
        (uint64_t)event->count << NSIM_LINE_SHIFT, event->flags & NSIM_BURST_DEPENDENT ? "d" : "",
        event->flags & NSIM_BURST_PREFETCHABLE ? "p" : "");
    text->filled += (size_t)length;
    return true;
}

/* ---- lackey -------------------------------------------------------------------------------------------------- */

/* " L 04222c40,64": eight digits at least. Printf would take most of the time of an export. */
static size_t
format_lackey(char *out, NsimOp op, uint64_t address)
{
    static const char digits[] = "0123456789abcdef";
    unsigned length = 8;
    while (length < 16 && address >> (4 * length) != 0)
        length++;
    memcpy(out, op == NSIM_OP_READ ? " L " : " S ", 3);
    for (unsigned i = 0; i < length; i++)
        out[3 + i] = digits[address >> (4 * (length - 1 - i)) & 15];
    memcpy(out + 3 + length, ",64\n", 4);
    return 7 + length;
}

static bool
put_lackey(Text *text, const NsimTraceEvent *event, GError **error)
{
    for (uint32_t i = 0; i < event->count; i++) {
        if (!make_room(text, error))
            return false;
        text->filled += format_lackey(text->buffer + text->filled, event->op, (event->line + i) << NSIM_LINE_SHIFT);
    }
    return true;
}

/* ---- Both ---------------------------------------------------------------------------------------------------- */

static bool
export_text(NsimTrace *trace, bool is_csv, Text *text, const NsimTraceTick *tick, GError **error)
{
    const NsimTraceInfo *info = nsim_trace_info(trace);
    /* Runs stay whole in csv, which has their thread; lackey's lines are in exact order. */
    const uint32_t piece_lines = is_csv || info->thread_count < 2 ? UINT32_MAX : 1;
    g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(trace, piece_lines, tick, error);
    if (order == NULL)
        return false;
    if (is_csv) {
        memcpy(text->buffer, csv_header, sizeof csv_header - 1);
        text->filled = sizeof csv_header - 1;
    }
    for (;;) {
        const NsimTraceEvent *event;
        if (!nsim_trace_order_next(order, &event, error))
            return false;
        if (event == NULL)
            return flush(text, error);
        if (event->count > 0 && !(is_csv ? put_csv(text, info, event, error) : put_lackey(text, event, error)))
            return false;
    }
}

bool
nsim_trace_export(NsimTrace *trace, const NsimExportOptions *options, NsimExportFunc sink, void *user_data,
                  const NsimTraceTick *tick, GError **error)
{
    g_return_val_if_fail(trace != NULL && options != NULL && sink != NULL, false);
    if (options->format == NSIM_EXPORT_ORACLE_GENERAL)
        return nsim_export_oracle(trace, options, sink, user_data, tick, error);
    Text *text = g_new(Text, 1);
    text->sink = sink;
    text->user_data = user_data;
    text->filled = 0;
    const bool ok = export_text(trace, options->format == NSIM_EXPORT_CSV, text, tick, error);
    g_free(text);
    return ok;
}

static bool
put_output(const void *data, size_t bytes, void *user_data, G_GNUC_UNUSED GError **error)
{
    nsim_output_write(user_data, data, bytes); /* keeps its error for close */
    return true;
}

bool
nsim_trace_export_file(NsimTrace *trace, const NsimExportOptions *options, const char *path, const NsimTraceTick *tick,
                       GError **error)
{
    NsimOutput *output = nsim_output_new(path, error);
    if (output == NULL)
        return false;
    if (nsim_trace_export(trace, options, put_output, output, tick, error))
        return nsim_output_close(output, error);
    nsim_output_abandon(output);
    return false;
}
