/* SPDX-License-Identifier: MIT */
/* What readers of text share: see lines.h. */
#include <traces/import/lines.h>

#define PROBE_LINES 1000u
#define GO_ON_LINES 65536u
#define GAP_DEFAULT_PS 1000u
#define FRACTION_DIGITS_MAX 15u

/* Each line's kind is told by one of the two. */
static NsimMatch
probe(const uint8_t *head, size_t bytes, NsimLineJudge judge, bool (*is_own)(const char *line, size_t length))
{
    const char *at = (const char *)head, *end = at + bytes;
    bool likely = false, own = false;
    for (unsigned i = 0; i < PROBE_LINES && at < end; i++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        if (next == NULL && bytes >= NSIM_IMPORT_HEAD_BYTES)
            break; /* cut by the end of what there is to see */
        const char *last = next != NULL ? next : end;
        const size_t length = (size_t)(last - at) - (last > at && last[-1] == '\r');
        const NsimLineKind kind = judge != NULL        ? judge(at, length)
                                  : length == 0        ? NSIM_LINE_NEUTRAL
                                  : is_own(at, length) ? NSIM_LINE_OWN
                                                       : NSIM_LINE_FOREIGN;
        if (kind == NSIM_LINE_FOREIGN)
            return NSIM_MATCH_NO;
        likely |= kind == NSIM_LINE_LIKELY;
        own |= kind == NSIM_LINE_OWN;
        at = next != NULL ? next + 1 : end;
    }
    return own ? NSIM_MATCH_SURE : likely ? NSIM_MATCH_POSSIBLE : NSIM_MATCH_NO;
}

NsimMatch
nsim_lines_probe(const uint8_t *head, size_t bytes, NsimLineJudge judge)
{
    return probe(head, bytes, judge, NULL);
}

NsimMatch
nsim_lines_probe_own(const uint8_t *head, size_t bytes, bool (*is_own)(const char *line, size_t length))
{
    return probe(head, bytes, NULL, is_own);
}

bool
nsim_lines_read(NsimImport *import, NsimInput *input, NsimLineTaker take, void *context, GError **error)
{
    g_autoptr(GError) problem = NULL;
    const char *line;
    size_t length;
    while (nsim_input_line(input, &line, &length, &problem)) {
        if (!take(context, line, length, error))
            return false;
        if (nsim_input_line_number(input) % GO_ON_LINES == 0 && !nsim_import_go_on(import, input, error))
            return false;
    }
    if (problem != NULL)
        g_propagate_error(error, g_steal_pointer(&problem));
    return *error == NULL;
}

typedef struct {
    NsimImport *import;
    const NsimLineTable *table;
    void *context;
    bool begun;
} TableReader;

static bool
take_table_line(void *context, const char *line, size_t length, GError **error)
{
    TableReader *reader = context;
    bool is_header = false;
    const bool is_first = !reader->begun;
    if (length == 0 || line[0] == '#') {
        nsim_import_skip(reader->import);
        return true;
    }
    reader->begun = true;
    if (is_first && !reader->table->begin(reader->context, line, length, &is_header, error))
        return false;
    if (is_header) {
        nsim_import_skip(reader->import);
        return true;
    }
    return reader->table->take_row(reader->context, line, length, error);
}

bool
nsim_lines_read_table(NsimImport *import, NsimInput *input, const NsimLineTable *table, void *context, GError **error)
{
    TableReader reader = {.import = import, .table = table, .context = context};
    return nsim_lines_read(import, input, take_table_line, &reader, error);
}

uint64_t
nsim_lines_gap_16ths(const NsimImport *import)
{
    const uint64_t gap_ps = nsim_import_options(import)->gap_ps;
    return (gap_ps == UINT64_MAX ? GAP_DEFAULT_PS : gap_ps) * 16;
}

bool
nsim_text_take_instant(const char **at, const char *end, uint64_t unit_ps, NsimInstant *ret_instant)
{
    const char *here = *at;
    uint64_t whole, fraction = 0, scale = 1;
    if (!nsim_text_take_decimal(&here, end, &whole))
        return false;
    if (end - here >= 2 && here[0] == '.' && (unsigned)(unsigned char)here[1] - '0' < 10u) {
        here++;
        for (unsigned i = 0; here < end && (unsigned)(unsigned char)*here - '0' < 10u; i++, here++) {
            if (i >= FRACTION_DIGITS_MAX)
                continue;
            fraction = fraction * 10 + ((unsigned)(unsigned char)*here - '0');
            scale *= 10;
        }
    }
    if (scale == 1 && unit_ps % 1000 == 0) { /* the usual case, without long division */
        if (__builtin_mul_overflow(whole, unit_ps / 1000, &ret_instant->ns))
            return false;
        ret_instant->rest_ps = 0;
        *at = here;
        return true;
    }
    uint64_t fraction_ps, short_ps;
    if (!__builtin_mul_overflow(fraction, unit_ps, &fraction_ps) &&
        !__builtin_mul_overflow(whole, unit_ps, &short_ps) &&
        !__builtin_add_overflow(short_ps, fraction_ps / scale, &short_ps)) { /* so too here */
        ret_instant->ns = short_ps / 1000;
        ret_instant->rest_ps = (uint32_t)(short_ps % 1000);
        *at = here;
        return true;
    }
    const unsigned __int128 ps =
        (unsigned __int128)whole * unit_ps + (uint64_t)((unsigned __int128)fraction * unit_ps / scale);
    if (ps / 1000 > UINT64_MAX)
        return false;
    ret_instant->ns = (uint64_t)(ps / 1000);
    ret_instant->rest_ps = (uint32_t)(ps % 1000);
    *at = here;
    return true;
}

bool
nsim_lines_clock_16ths(NsimImport *import, const NsimInstant *instant, uint64_t *ret_16ths)
{
    const uint64_t origin_ns = nsim_import_origin(import, instant->ns);
    const uint64_t ns = instant->ns > origin_ns ? instant->ns - origin_ns : 0;
    const uint64_t rest_ps = instant->ns >= origin_ns ? instant->rest_ps : 0;
    if (ns >= (UINT64_C(1) << 60) / 1000)
        return false;
    *ret_16ths = (ns * 1000 + rest_ps) * 16;
    return true;
}
