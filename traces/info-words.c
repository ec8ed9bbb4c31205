/* SPDX-License-Identifier: MIT */
/*
 * The scan of a trace in sentences. Each sentence follows from the figures by a rule with thresholds that stand here;
 * nothing is known of any program.
 */
#include <traces/info-private.h>

#include <inttypes.h>

#define COLUMNS 100u
/* Regions with a sentence of their own: those with most lines. */
#define SENTENCES 8u
/* "Every", "about as many", "hardly any": within so many percent. */
#define NEARLY_PERCENT 2u
/* Memory is hot when half of its touches come after less than this part of the footprint was touched in between. */
#define HOT_PART 8u
/* Stands for a space at which no line may be broken. */
#define GLUE '\x01'

static uint64_t
region_sum(const NsimScanRegion *region)
{
    return region->lines[NSIM_OP_READ] + region->lines[NSIM_OP_WRITE] + region->lines[NSIM_OP_RFO];
}

/* Is part at least `percent` of whole? */
static bool
is_share(uint64_t part, uint64_t whole, unsigned percent)
{
    return whole > 0 && (unsigned __int128)part * 100 >= (unsigned __int128)whole * percent;
}

static void
append_percent(GString *text, uint64_t part, uint64_t whole)
{
    nsim_append_ratio(text, part, whole, 100);
    g_string_append_printf(text, "%c%%", GLUE);
}

/* ---- The trace ----------------------------------------------------------------------------------------------- */

static void
say_threads(GString *text, const NsimTraceInfo *info, const NsimTraceScan *scan)
{
    uint64_t least = UINT64_MAX, most = 0;
    for (uint32_t i = 0; i < info->thread_count; i++) {
        least = MIN(least, scan->threads[i].lines);
        most = MAX(most, scan->threads[i].lines);
    }
    g_string_append_printf(text, "%" PRIu32 " %s", info->thread_count, info->thread_count == 1 ? "thread" : "threads");
    if (info->thread_count > 1)
        g_string_append(text, is_share(least, most, 90)   ? ", all with about as many lines,"
                              : is_share(least, most, 50) ? ", with lines in unequal parts,"
                                                          : ", with lines in very unequal parts,");
    g_string_append(text, info->thread_count == 1 ? " touches " : " touch ");
    nsim_append_size(text, scan->touched_pages << 12);
    g_string_append(text, info->thread_count == 1 ? " and moves " : " and move ");
    nsim_append_size(text, nsim_line_bytes(scan->lines));
    g_string_append(text, info->filtered ? " behind the cache; " : ", before any cache; ");
    append_percent(text, nsim_sum_saturated(info->read_lines, info->rfo_lines), scan->lines);
    g_string_append(text, " of the lines are read. ");
    if (info->thread_count > 1 && scan->sampled_lines > 0) {
        append_percent(text, scan->sampled_shared, scan->sampled_lines);
        g_string_append(text, " of the different lines are touched by more than one thread. ");
    }
}

static void
say_streams(GString *text, const NsimTraceScan *scan)
{
    if (is_share(scan->stream_lines, scan->lines, 90))
        g_string_append(text, "Nearly everything streams: ");
    else if (is_share(scan->stream_lines, scan->lines, 50))
        g_string_append(text, "Most of it streams: ");
    else
        g_string_append(text, "Most of it is scattered: only ");
    append_percent(text, scan->stream_lines, scan->lines);
    g_string_append(text, " of the lines are in streams. ");
    if (scan->dependent_count > 0) {
        append_percent(text, scan->dependent_count, scan->run_count);
        g_string_append(text, " of the runs wait for the one before them. ");
    }
}

static void
say_reuse(GString *text, const NsimTraceScan *scan)
{
    const uint64_t again = scan->reuse_bytes->count;
    if (!is_share(again, scan->sampled_count, NEARLY_PERCENT)) {
        g_string_append(text, "Hardly a line is touched again. ");
        return;
    }
    append_percent(text, again, scan->sampled_count);
    g_string_append(text, " of the lines were touched before, half of them with at least ");
    nsim_append_size(text, nsim_trace_reuse_quantile(scan->reuse_bytes, 500000));
    g_string_append(text, " of other lines in between");
    if (is_share(nsim_trace_reuse_quantile(scan->reuse_bytes, 500000), scan->touched_pages << 12, 90))
        g_string_append(text, ": only a cache as large as the footprint would help");
    g_string_append(text, ". ");
    if (is_share(scan->heat[1], scan->lines, 50)) {
        g_string_append(text, "It is skewed: the hottest tenth of the memory has ");
        append_percent(text, scan->heat[1], scan->lines);
        g_string_append(text, " of the lines. ");
    } else if (!is_share(scan->heat[1], scan->lines, 15)) {
        g_string_append(text, "All of the memory is about equally hot. ");
    }
}

static void
say_growth(GString *text, const NsimTraceScan *scan)
{
    uint64_t early = 0, late = 0;
    for (unsigned i = 0; i < NSIM_SCAN_SLICES; i++)
        *(i < NSIM_SCAN_SLICES / 4 ? &early : &late) += scan->slices[i].new_pages;
    if (is_share(early, scan->touched_pages, 100 - NEARLY_PERCENT))
        g_string_append(text, "All of it has been touched once in the first quarter of the time. ");
    else if (is_share(late, scan->touched_pages, 50))
        g_string_append(text, "New memory is touched all the time. ");
}

/* ---- Marks and regions --------------------------------------------------------------------------------------- */

/* The mark with most passes, which is what repeats; pass_marks when there is none with two. */
static uint32_t
main_mark(const NsimTraceScan *scan)
{
    uint32_t best = scan->pass_marks;
    for (uint32_t i = 0; i < scan->pass_marks; i++)
        if (scan->marks[i].passes > 1 && (best == scan->pass_marks || scan->marks[i].passes > scan->marks[best].passes))
            best = i;
    return best;
}

static void
say_marks(GString *text, const NsimTraceInfo *info, const NsimTraceScan *scan, uint32_t number)
{
    const NsimScanMark *mark = &scan->marks[number];
    for (uint32_t i = 0; i < scan->pass_marks; i++) {
        const NsimScanMark *other = &scan->marks[i];
        if (i == number || other->passes != 1 || other->lines == 0)
            continue;
        g_string_append_printf(text, "After '%s' it moves ", info->marks[i]);
        nsim_append_size(text, nsim_line_bytes(other->lines));
        g_string_append(text, " in ");
        nsim_append_time(text, other->ps);
        g_string_append(text, ". ");
    }
    g_string_append_printf(text, "'%s' comes %" PRIu64 " times and begins a pass of ", info->marks[number],
                           mark->passes);
    nsim_append_size(text, nsim_line_bytes(mark->lines / mark->passes));
    g_string_append(text, " and ");
    nsim_append_time(text, mark->ps / mark->passes);
    g_string_append(text, is_share(mark->least, mark->most, 100 - NEARLY_PERCENT) ? ", each time the same. "
                          : is_share(mark->least, mark->most, 80)                 ? ", nearly the same each time. "
                                                                  : ", which differs from pass to pass. ");
}

/* What the passes of the main mark do to a region. False when there is nothing to say. */
static bool
say_pass(GString *text, const NsimScanPass *pass, const NsimScanMark *mark, const char *name, uint64_t region_lines)
{
    if (!is_share(pass->total, region_lines, 10))
        return false;
    const uint64_t mean_bytes = nsim_line_bytes(pass->total / mark->passes);
    const bool is_once = is_share(pass->sampled_first, pass->sampled_count, 100 - NEARLY_PERCENT);
    if (is_once && is_share(pass->least, pass->most, 100 - NEARLY_PERCENT)) {
        g_string_append_printf(text, "every line once a pass of '%s' (", name);
        nsim_append_size(text, mean_bytes);
        g_string_append(text, " a pass)");
    } else if (is_share(pass->rises, mark->passes - 1, 75) && is_share(pass->last, pass->first, 110)) {
        g_string_append_printf(text, "it grows with each '%s', from ", name);
        nsim_append_size(text, nsim_line_bytes(pass->first));
        g_string_append(text, " to ");
        nsim_append_size(text, nsim_line_bytes(pass->last));
        g_string_append(text, " a pass");
    } else {
        nsim_append_size(text, mean_bytes);
        g_string_append_printf(text, " a pass of '%s'", name);
        if (is_once)
            g_string_append(text, ", no line twice in a pass");
        else if (pass->sampled_first > 0 && pass->sampled_count >= pass->sampled_first * 2) {
            g_string_append(text, ", each line ");
            nsim_append_ratio(text, pass->sampled_count, pass->sampled_first, 1);
            g_string_append(text, " times");
        }
    }
    return true;
}

static void
say_region(GString *text, const NsimTraceInfo *info, const NsimTraceScan *scan, uint32_t number, uint32_t mark)
{
    const NsimScanRegion *region = &scan->regions[number];
    const uint64_t lines = region_sum(region), reads = region->lines[NSIM_OP_READ];
    const NsimHistogram *reuse = region->reuse_bytes;
    g_string_append_printf(text, "\n%s: ", number < info->region_count ? info->regions[number].name : "(no region)");
    append_percent(text, lines, scan->lines);
    g_string_append(text, " of the lines, ");
    nsim_append_size(text, region->touched_pages << 12);
    g_string_append(text, " touched; ");
    if (reads == lines)
        g_string_append(text, "only read");
    else if (is_share(lines - reads, lines, 10)) {
        append_percent(text, reads, lines);
        g_string_append(text, " read");
    } else
        g_string_append(text, "nearly only read");
    if (is_share(region->stream_lines, lines, 90))
        g_string_append(text, ", in order");
    else if (!is_share(region->stream_lines, lines, 10))
        g_string_append(text, ", here and there");
    g_string_append(text, "; ");
    if (mark < scan->pass_marks && number < scan->pass_regions &&
        say_pass(text, &scan->passes[(size_t)mark * (scan->pass_regions + 1) + number], &scan->marks[mark],
                 info->marks[mark], lines))
        g_string_append(text, "; ");
    if (reuse != NULL && is_share(reuse->count, region->sampled_count, 50) &&
        nsim_trace_reuse_quantile(reuse, 500000) < (scan->touched_pages << 12) / HOT_PART) {
        g_string_append(text, "hot, half of it touched again within ");
        nsim_append_size(text, nsim_trace_reuse_quantile(reuse, 500000));
        g_string_append(text, "; ");
    }
    if (info->thread_count > 1 && region->sampled_lines > 0)
        g_string_append(text, is_share(region->sampled_shared, region->sampled_lines, 50) ? "shared by threads"
                              : is_share(region->sampled_shared, region->sampled_lines, 5)
                                  ? "partly shared by threads"
                                  : "each thread has its own part");
    else /* the sample has none, or there is nobody to share with */
        g_string_truncate(text, text->len - 2);
    g_string_append_c(text, '.');
}

/* The regions with most lines, the largest first. */
static void
say_regions(GString *text, const NsimTraceInfo *info, const NsimTraceScan *scan, uint32_t mark)
{
    uint32_t chosen[SENTENCES];
    uint32_t count = 0;
    for (uint32_t i = 0; i <= info->region_count; i++) {
        const uint64_t lines = region_sum(&scan->regions[i]);
        if (lines == 0 || (i == info->region_count && info->region_count == 0))
            continue;
        uint32_t at = MIN(count, SENTENCES - 1);
        if (count == SENTENCES && region_sum(&scan->regions[chosen[at]]) >= lines)
            continue;
        for (; at > 0 && region_sum(&scan->regions[chosen[at - 1]]) < lines; at--)
            chosen[at] = chosen[at - 1];
        chosen[at] = i;
        count = MIN(count + 1, SENTENCES);
    }
    for (uint32_t i = 0; i < count; i++)
        say_region(text, info, scan, chosen[i], mark);
}

/* ---- The paragraph ------------------------------------------------------------------------------------------- */

/* Break lines at spaces; each line of `words` begins a new one, later ones indented further. */
static void
append_wrapped(GString *text, const char *words)
{
    g_auto(GStrv) lines = g_strsplit(words, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        g_auto(GStrv) parts = g_strsplit(lines[i], " ", -1);
        size_t column = 0;
        for (size_t j = 0; parts[j] != NULL; j++) {
            const size_t length = (size_t)g_utf8_strlen(parts[j], -1);
            if (length == 0)
                continue;
            if (column > 0 && column + 1 + length > COLUMNS) {
                g_string_append_c(text, '\n');
                column = 0;
            }
            g_string_append(text, column > 0 ? " " : j > 0 && i > 0 ? "    " : "  ");
            g_string_append(text, g_strdelimit(parts[j], "\x01", ' '));
            column += 1 + length + (column == 0);
        }
        g_string_append_c(text, '\n');
    }
}

void
nsim_append_words(GString *text, const NsimTraceInfo *info, const NsimTraceScan *scan)
{
    g_autoptr(GString) words = g_string_new(NULL);
    const uint32_t mark = main_mark(scan);
    g_string_append(text, "\nin words\n");
    if (scan->lines == 0) {
        g_string_append(text, "  No memory is touched.\n");
        return;
    }
    say_threads(words, info, scan);
    say_streams(words, scan);
    say_reuse(words, scan);
    say_growth(words, scan);
    if (mark < scan->pass_marks)
        say_marks(words, info, scan, mark);
    say_regions(words, info, scan, mark);
    append_wrapped(text, words->str);
}
