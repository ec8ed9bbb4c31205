/* SPDX-License-Identifier: MIT */
/* A story as a person reads it: a sentence an event, at most 80 columns wide, then what it all came to. */
#include <experiment/explain.h>

#include <experiment/damo-text.h>
#include <experiment/plan.h>
#include <mm/damon/plan.h>
#include <report/format.h>
#include <report/migration.h>
#include <sim/time.h>

#define COLUMNS 80u
#define TIME_COLUMNS 12u
#define INDENT (TIME_COLUMNS + 2u)

typedef struct {
    const NsimExplanation *explanation;
    const NsimExplainView *view;
    GString *out;
} Teller;

/* ---- Values -------------------------------------------------------------------------------------------------------
 */

static void
add_time(GString *text, NsimTime time_ps)
{
    static const struct {
        const char *unit;
        unsigned scale;
        NsimTime ps;
    } units[] = {{"s", 12, NSIM_S}, {"ms", 9, NSIM_MS}, {"us", 6, NSIM_US}, {"ns", 3, NSIM_NS}, {"ps", 0, 0}};
    unsigned u = 0;
    if (time_ps == 0) {
        g_string_append(text, "0 s");
        return;
    }
    while (time_ps < units[u].ps)
        u++;
    nsim_format_decimal(text, time_ps, units[u].scale, MIN(units[u].scale, 3u));
    g_string_append_printf(text, " %s", units[u].unit);
}

static void
add_signed_time(GString *text, __int128 time_ps)
{
    g_string_append_c(text, time_ps < 0 ? '-' : '+');
    add_time(text, (NsimTime)(time_ps < 0 ? -time_ps : time_ps));
}

static const char *
node_id(const Teller *teller, NsimNodeId node)
{
    const NsimMachine *machine = teller->explanation->plan->machine;
    return node < machine->node_count ? machine->nodes[node].id : "no node";
}

static const char *
accessor_id(const Teller *teller, NsimAccessorId accessor)
{
    const NsimMachine *machine = teller->explanation->plan->machine;
    return accessor < machine->accessor_count ? machine->accessors[accessor].id : "somebody";
}

static bool
is_one_page(const Teller *teller)
{
    return teller->explanation->range.count == 1;
}

/* "4 pages at 0x1000" */
static void
add_pages(const NsimStoryEvent *event, GString *text)
{
    g_string_append_printf(text, "%" G_GUINT64_FORMAT " page%s at 0x%" G_GINT64_MODIFIER "x", event->count,
                           event->count == 1 ? "" : "s", event->address);
}

/* "It", or which of the pages. */
static void
add_subject(const Teller *teller, const NsimStoryEvent *event, GString *text)
{
    if (is_one_page(teller))
        g_string_append(text, "It");
    else
        add_pages(event, text);
}

static const char *
was(const NsimStoryEvent *event)
{
    return event->count == 1 ? "was" : "were";
}

static void
add_lines(GString *text, uint64_t lines, const char *what)
{
    g_autofree char *number = nsim_damo_text_number(lines);
    g_string_append_printf(text, "%s %s%s", number, what, lines == 1 ? "" : "s");
}

/* A paragraph that begins at a time. */
static void
tell_at(const Teller *teller, NsimTime time_ps, const char *sentence)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GString) time = g_string_new(NULL);
    g_autofree char *clean = nsim_text_clean(sentence);
    add_time(time, time_ps);
    g_string_append_printf(text, "%*s  ", (int)TIME_COLUMNS, time->str);
    g_string_append(text, clean);
    nsim_text_wrap(teller->out, text->str, INDENT, COLUMNS);
}

/* ---- Places and moves -----------------------------------------------------------------------------------------------
 */

static void
say_placed(const Teller *teller, const NsimStoryEvent *event, GString *text)
{
    const char *whose = event->placed.by_policy ? "the policy" : "the default (nearest node first)";
    add_subject(teller, event, text);
    g_string_append_printf(text, " got memory on %s. %s touched %s first%s; ", node_id(teller, event->to),
                           accessor_id(teller, event->accessor), is_one_page(teller) ? "it" : "them",
                           event->what == NSIM_FAULT_LOAD ? ", when the workload was loaded" : "");
    if (event->from == NSIM_NODE_NONE || event->from == event->to)
        g_string_append_printf(text, "%s chose that node.", whose);
    else
        g_string_append_printf(text, "%s wanted %s, which had no room: it fell back.", whose,
                               node_id(teller, event->from));
}

static void
add_mover(const NsimStory *story, const NsimStoryEvent *event, GString *text)
{
    const char *who = nsim_story_name(story, event->who), *payer = nsim_story_name(story, event->payer);
    if (*who != '\0')
        g_string_append_printf(text, " by %s%s", who, event->move.in_fault ? ", in its fault" : "");
    if (*payer != '\0' && !g_str_equal(payer, who))
        g_string_append_printf(text, ", for %s", payer);
}

static void
say_asked(const Teller *teller, const NsimStoryEvent *event, GString *text)
{
    add_subject(teller, event, text);
    g_string_append_printf(text, " %s to move to %s: %s, in the %s of %s.", was(event), node_id(teller, event->to),
                           nsim_explain_reasons[event->move.reason], event->move.in_fault ? "fault" : "queue",
                           nsim_story_name(teller->explanation->story, event->who));
}

/* What its steps took, if that is known. */
static void
add_costs(const NsimStoryEvent *event, GString *text)
{
    const NsimTime sum_ps = nsim_explain_cost(event);
    bool first = true;
    if (sum_ps == 0)
        return;
    g_string_append(text, " It cost ");
    add_time(text, sum_ps);
    for (int phase = 0; phase < NSIM_PHASES; phase++) {
        if (event->move.cost_ps[phase] == 0)
            continue;
        g_string_append_printf(text, "%s%s ", first ? " (" : ", ", nsim_phase_name((NsimPhase)phase));
        add_time(text, event->move.cost_ps[phase]);
        first = false;
    }
    g_string_append(text, ").");
}

static void
add_waits(const NsimStoryEvent *event, GString *text)
{
    if (event->waits == 0)
        return;
    g_string_append(text, " ");
    add_lines(text, event->waits, "access");
    if (event->waits != 1)
        g_string_insert(text, (gssize)text->len - 1, "e");
    g_string_append(text, " waited for it, ");
    add_time(text, event->wait_ps);
    g_string_append(text, event->waits > 1 ? " in all." : ".");
}

static void
say_moved(const Teller *teller, const NsimStoryEvent *event, GString *text)
{
    add_subject(teller, event, text);
    g_string_append_printf(text, " moved from %s to %s", node_id(teller, event->from), node_id(teller, event->to));
    if (event->move.batch == 0) {
        g_string_append(text, ": reclaim swapped it.");
        return;
    }
    g_string_append_printf(text, ": %s", nsim_explain_reasons[event->move.reason]);
    add_mover(teller->explanation->story, event, text);
    g_string_append(text, ", ");
    add_time(text, event->time_ps - MIN(event->move.asked_ps, event->time_ps));
    g_string_append(text, " after it was asked for.");
    add_costs(event, text);
    add_waits(event, text);
    if (event->move.back > 0 && is_one_page(teller))
        g_string_append(text, " With that it is back where its last move took it from.");
    else if (event->move.back > 0)
        g_string_append_printf(text,
                               " %" G_GUINT64_FORMAT " of them came back from where their last move had taken them.",
                               event->move.back);
}

/* Why a move came to nothing. */
static const char *const causes[NSIM_CAUSES] = {[NSIM_CAUSE_NONE] = "no cause is known",
                                                [NSIM_CAUSE_LOCKED] = "it stayed locked, or somebody else moved it",
                                                [NSIM_CAUSE_PINNED] = "it was pinned",
                                                [NSIM_CAUSE_WRITEBACK] = "it was being written back",
                                                [NSIM_CAUSE_NO_DESTINATION] = "the node had no free memory",
                                                [NSIM_CAUSE_DIRTIED] =
                                                    "it was written to while it was copied, every time",
                                                [NSIM_CAUSE_CANCELLED] = "the policy called it off",
                                                [NSIM_CAUSE_THROTTLED] = "the group's budget was used up",
                                                [NSIM_CAUSE_UNREACHABLE] = "no copier reaches both nodes"};

static void
say_failed(const Teller *teller, const NsimStoryEvent *event, GString *text)
{
    add_subject(teller, event, text);
    g_string_append_printf(text, " could not move to %s: %s.", node_id(teller, event->to), causes[event->what]);
    add_costs(event, text);
}

/* ---- What was seen
 * ----------------------------------------------------------------------------------------------------- */

static void
say_hint(const Teller *teller, const NsimStoryEvent *event, GString *text)
{
    g_string_append_printf(text, "Thread %u on %s touched ", event->thread, accessor_id(teller, event->accessor));
    if (is_one_page(teller))
        g_string_append(text, "it");
    else
        add_pages(event, text);
    g_string_append(text, " and took a hint fault");
    if (event->armed.since_ps > 0) {
        g_string_append(text, ", ");
        add_time(text, event->armed.since_ps);
        g_string_append(text, " after the scan");
    }
    g_string_append_c(text, '.');
}

/* Of more pages than one the faults that follow each other are one sentence: how many of whom. Returns the last event.
 */
static guint
say_hints(const Teller *teller, guint first, GString *text)
{
    const NsimStory *story = teller->explanation->story;
    const NsimMachine *machine = teller->explanation->plan->machine;
    g_autofree uint64_t *faults = g_new0(uint64_t, machine->accessor_count);
    uint64_t all = 0;
    guint last = first;
    for (guint i = first; i < story->events->len && nsim_story_at(story, i)->kind == NSIM_STORY_HINT &&
                          nsim_story_at(story, i)->time_ps <= teller->view->until_ps;
         i++) {
        faults[nsim_story_at(story, i)->accessor] += nsim_story_at(story, i)->count;
        all += nsim_story_at(story, i)->count;
        last = i;
    }
    if (last == first) {
        say_hint(teller, nsim_story_at(story, first), text);
        return first;
    }
    g_string_append_printf(text, "%" G_GUINT64_FORMAT " pages took hint faults until ", all);
    add_time(text, nsim_story_at(story, last)->last_ps);
    const char *separator = ":";
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        if (faults[a] > 0) {
            g_string_append_printf(text, "%s %" G_GUINT64_FORMAT " by %s", separator, faults[a],
                                   machine->accessors[a].id);
            separator = ",";
        }
    }
    g_string_append_c(text, '.');
    return last;
}

static void
say_listed(const Teller *teller, const NsimStoryEvent *event, GString *text)
{
    static const char *const words[] = {[NSIM_LISTED_ACTIVATED] = " went to the active list.",
                                        [NSIM_LISTED_DEACTIVATED] = " went to the inactive list.",
                                        [NSIM_LISTED_KEPT] = " had been accessed when reclaim looked: a second chance.",
                                        [NSIM_LISTED_CHOSEN] =
                                            " had not been accessed when reclaim looked: chosen to go."};
    add_subject(teller, event, text);
    g_string_append(text, words[event->what]);
}

static void
add_repeats(const NsimStoryEvent *event, const char *in, const char *times, GString *text)
{
    if (event->repeats == 1)
        return;
    g_string_append_printf(text, " The same %s%" G_GUINT64_FORMAT " %s, until ", in, event->repeats, times);
    add_time(text, event->last_ps);
    if (event->damon.last_age != event->damon.age)
        g_string_append_printf(text, " (age %u)", event->damon.last_age);
    g_string_append_c(text, '.');
}

static void
say_seen(const Teller *teller, const NsimStoryEvent *event, GString *text)
{
    g_autofree char *size = nsim_damo_text_short_size(event->damon.end - event->damon.start);
    g_string_append_printf(text, "%s saw %u access%s in %u samples in the region of %s around it, age %u.",
                           nsim_story_name(teller->explanation->story, event->who), event->damon.nr,
                           event->damon.nr == 1 ? "" : "es", event->damon.nr_max, size, event->damon.age);
    add_repeats(event, "in ", "aggregations", text);
}

static void
add_bound(GString *text, const char *what, uint64_t is, const char *word, uint64_t bound)
{
    g_string_append_printf(text, "passed it over: %s %" G_GUINT64_FORMAT ", its pattern wants at %s %" G_GUINT64_FORMAT,
                           what, is, word, bound);
}

static void
add_quota(const NsimStoryEvent *event, GString *text)
{
    if (!event->damon.limited)
        return;
    g_autofree char *size = nsim_damo_text_short_size(event->damon.quota_bytes);
    g_autofree char *used = nsim_damo_text_short_size(event->damon.charged_bytes);
    g_string_append_printf(text, " The window's quota: %s, used so far: %s", size, used);
    if (event->damon.goal_metric != UINT32_MAX)
        g_string_append_printf(text, "; goal %s at %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT,
                               nsim_damos_metric_names[event->damon.goal_metric], event->damon.goal_current,
                               event->damon.goal_target);
    g_string_append_c(text, '.');
}

static void
add_fate(const NsimStoryEvent *event, GString *text)
{
    const uint64_t bytes = event->damon.end - event->damon.start;
    switch ((NsimStoryFate)event->what) {
    case NSIM_FATE_INACTIVE:
        g_string_append(text, "slept: its watermarks keep it inactive");
        break;
    case NSIM_FATE_SIZE:
        if (bytes < event->damon.bytes_least)
            add_bound(text, "bytes of the region", bytes, "least", event->damon.bytes_least);
        else
            add_bound(text, "bytes of the region", bytes, "most", event->damon.bytes_most);
        break;
    case NSIM_FATE_RARE:
        add_bound(text, "accesses", event->damon.nr, "least", event->damon.nr_least);
        break;
    case NSIM_FATE_FREQUENT:
        add_bound(text, "accesses", event->damon.nr, "most", event->damon.nr_most);
        break;
    case NSIM_FATE_YOUNG:
        add_bound(text, "age", event->damon.age, "least", event->damon.age_least);
        break;
    case NSIM_FATE_OLD:
        add_bound(text, "age", event->damon.age, "most", event->damon.age_most);
        break;
    case NSIM_FATE_FULL:
        g_string_append(text, "passed it over: its quota was used up");
        break;
    case NSIM_FATE_CHARGED:
        g_string_append(text, "passed it over: this window goes on behind it, where the last one ended");
        break;
    case NSIM_FATE_SCORE:
        g_string_append_printf(text, "passed it over: its score %u is below the window's least, %u", event->damon.score,
                               event->damon.min_score);
        break;
    case NSIM_FATE_CLIPPED:
        g_string_append(text, "passed it over: less than the smallest region was left of its quota");
        break;
    case NSIM_FATE_CORE_FILTER:
        g_string_append(text, "left it out: a filter on addresses or targets");
        break;
    case NSIM_FATE_FOLIO_FILTER:
        g_string_append(text, "left it out: a filter on pages");
        break;
    case NSIM_FATE_TRIED:
        g_string_append(text, "tried the region; nothing was to be done to the page");
        break;
    case NSIM_FATE_THERE:
        g_string_append(text, "tried it, and it was there already");
        break;
    case NSIM_FATE_DONE:
        g_string_append(text, "took it");
        if (event->damon.limited)
            g_string_append_printf(text, ": its score %u reaches the window's least, %u", event->damon.score,
                                   event->damon.min_score);
        break;
    case NSIM_FATES:
        break;
    }
}

static void
say_scheme(const Teller *teller, const NsimStoryEvent *event, GString *text)
{
    g_string_append_printf(text, "Scheme %u of %s (%s) ", event->damon.scheme,
                           nsim_story_name(teller->explanation->story, event->who),
                           nsim_damos_action_names[event->damon.action]);
    add_fate(event, text);
    g_string_append_c(text, '.');
    if (event->what >= NSIM_FATE_FULL)
        add_quota(event, text);
    add_repeats(event, "", "times", text);
}

static void
say(const Teller *teller, const NsimStoryEvent *event, GString *text)
{
    switch (event->kind) {
    case NSIM_STORY_PLACED:
        say_placed(teller, event, text);
        break;
    case NSIM_STORY_ASKED:
        say_asked(teller, event, text);
        break;
    case NSIM_STORY_MOVED:
        say_moved(teller, event, text);
        break;
    case NSIM_STORY_FAILED:
        say_failed(teller, event, text);
        break;
    case NSIM_STORY_ARMED:
        add_subject(teller, event, text);
        g_string_append_printf(text, " %s armed by a scan: the next access faults.", was(event));
        break;
    case NSIM_STORY_HINT:
        say_hint(teller, event, text);
        break;
    case NSIM_STORY_LISTED:
        say_listed(teller, event, text);
        break;
    case NSIM_STORY_SEEN:
        say_seen(teller, event, text);
        break;
    case NSIM_STORY_SCHEME:
        say_scheme(teller, event, text);
        break;
    case NSIM_STORY_KINDS:
        break;
    }
}

/* ---- What it came to
 * ----------------------------------------------------------------------------------------------------- */

static void
add_accesses(const Teller *teller, const NsimStoryEvent *event, GString *text)
{
    const NsimMachine *machine = teller->explanation->plan->machine;
    const NsimStoryCount *counts = nsim_story_counts(teller->explanation->story, event);
    bool any = false;
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        const uint64_t lines = counts[a].reads + counts[a].writes;
        if (lines == 0)
            continue;
        g_string_append_printf(text, "%s%s ", any ? "; " : ": ", machine->accessors[a].id);
        add_lines(text, counts[a].reads, "read");
        g_string_append(text, " and ");
        add_lines(text, counts[a].writes, "write");
        g_string_append(text, ", ");
        add_time(text, counts[a].latency_ps / lines);
        g_string_append(text, " each");
        any = true;
    }
    g_string_append(text, any ? "." : ": no accesses.");
}

static void
add_balance(const Teller *teller, const NsimStoryEvent *event, GString *text)
{
    const NsimExplainBalance balance = nsim_explain_balance(teller->explanation, event);
    if (!balance.compared) {
        g_string_append(text, " A disk is no place to access: nothing is held against it.");
        return;
    }
    g_string_append_printf(text, " Against %s that %s ", node_id(teller, event->from),
                           balance.saved_ps < 0 ? "lost" : "saved");
    add_time(text, (NsimTime)ABS(balance.saved_ps));
    g_string_append(text, " of latency for a cost of ");
    add_time(text, balance.cost_ps);
    g_string_append(text, ": ");
    add_signed_time(text, (__int128)balance.saved_ps - balance.cost_ps);
    g_string_append_c(text, '.');
}

static void
tell_stays(const Teller *teller)
{
    const NsimStory *story = teller->explanation->story;
    uint64_t told = 0;
    g_string_append(teller->out, "\nWhat it came to (accesses of each place until the next move):\n\n");
    for (guint i = 0; i < story->events->len; i++) {
        const NsimStoryEvent *event = nsim_story_at(story, i);
        g_autoptr(GString) text = g_string_new(NULL);
        if (event->kind != NSIM_STORY_PLACED && event->kind != NSIM_STORY_MOVED)
            continue;
        if (event->time_ps < teller->view->from_ps || event->time_ps > teller->view->until_ps)
            continue;
        if (told++ == teller->view->limit) {
            g_string_append(teller->out, "              ... and more (--limit)\n");
            break;
        }
        if (!is_one_page(teller))
            add_pages(event, text);
        g_string_append_printf(text, "%s %s", is_one_page(teller) ? "On" : ", on", node_id(teller, event->to));
        add_accesses(teller, event, text);
        if (event->kind == NSIM_STORY_MOVED)
            add_balance(teller, event, text);
        tell_at(teller, event->time_ps, text->str);
    }
}

static void
tell_events(const Teller *teller)
{
    const NsimStory *story = teller->explanation->story;
    uint64_t told = 0, left = 0;
    for (guint i = 0; i < story->events->len; i++) {
        const NsimStoryEvent *event = nsim_story_at(story, i);
        g_autoptr(GString) text = g_string_new(NULL);
        if (event->last_ps < teller->view->from_ps || event->time_ps > teller->view->until_ps)
            continue;
        if (told == teller->view->limit) {
            left++;
            continue;
        }
        told++;
        if (event->kind == NSIM_STORY_HINT && !is_one_page(teller))
            i = say_hints(teller, i, text);
        else
            say(teller, event, text);
        tell_at(teller, event->time_ps, text->str);
    }
    if (told == 0)
        g_string_append(teller->out, "Nothing happened to it.\n");
    if (left > 0)
        g_string_append_printf(teller->out, "              ... and %" G_GUINT64_FORMAT " more events (--limit)\n",
                               left);
    if (story->dropped > 0)
        g_string_append_printf(teller->out, "              %" G_GUINT64_FORMAT " events were too many to keep\n",
                               story->dropped);
}

/* ---- Moves of a whole run
 * -------------------------------------------------------------------------------------------------- */

static void
tell_move(const Teller *teller, const NsimStoryEvent *event)
{
    const NsimStory *story = teller->explanation->story;
    const NsimExplainBalance balance = nsim_explain_balance(teller->explanation, event);
    g_autoptr(GString) text = g_string_new(NULL);
    add_pages(event, text);
    g_string_append_printf(text, " of %s, %s to %s: %s", teller->explanation->plan->workloads[event->space].name,
                           node_id(teller, event->from), node_id(teller, event->to),
                           event->move.batch > 0 ? nsim_explain_reasons[event->move.reason] : "swap");
    add_mover(story, event, text);
    g_string_append(text, "; cost ");
    add_time(text, balance.cost_ps);
    g_string_append(text, ", ");
    add_lines(text, balance.reads + balance.writes, "line");
    g_string_append_printf(text, " %s ", balance.saved_ps < 0 ? "lost" : "saved");
    add_time(text, (NsimTime)ABS(balance.saved_ps));
    g_string_append(text, ": ");
    add_signed_time(text, (__int128)balance.saved_ps - balance.cost_ps);
    if (event->move.back > 0)
        g_string_append_printf(text, "; %" G_GUINT64_FORMAT " came back", event->move.back);
    g_string_append_c(text, '.');
    tell_at(teller, event->time_ps, text->str);
}

/* All that are alike: first and last time, pages in sum. */
static void
tell_failures(const Teller *teller, const NsimStoryEvent *event)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(
        text, "%" G_GUINT64_FORMAT " page%s of %s, at 0x%" G_GINT64_MODIFIER "x first, could not move to %s",
        event->count, event->count == 1 ? "" : "s", teller->explanation->plan->workloads[event->space].name,
        event->address, node_id(teller, event->to));
    if (event->repeats > 1) {
        g_string_append_printf(text, " in %" G_GUINT64_FORMAT " attempts until ", event->repeats);
        add_time(text, event->last_ps);
    }
    g_string_append_printf(text, ": %s; %s", causes[event->what], nsim_explain_reasons[event->move.reason]);
    add_mover(teller->explanation->story, event, text);
    g_string_append(text, "; cost ");
    add_time(text, nsim_explain_cost(event));
    g_string_append_c(text, '.');
    tell_at(teller, event->time_ps, text->str);
}

static void
tell_lists(const Teller *teller)
{
    static const char *const titles[] = {[NSIM_EXPLAIN_COSTLY] = "Most expensive moves",
                                         [NSIM_EXPLAIN_USEFUL] = "Most useful moves",
                                         [NSIM_EXPLAIN_USELESS] = "Most useless moves",
                                         [NSIM_EXPLAIN_FAILED] = "Moves that failed"};
    for (int list = 0; list < NSIM_EXPLAIN_LISTS; list++) {
        g_autoptr(GArray) indices = nsim_explain_list(teller->explanation, (NsimExplainList)list, teller->view);
        g_string_append_printf(teller->out, "%s%s:%s\n", list > 0 ? "\n" : "", titles[list],
                               indices->len == 0 ? " none" : "\n");
        for (guint i = 0; i < indices->len; i++) {
            const NsimStoryEvent *event = nsim_story_at(teller->explanation->story, g_array_index(indices, guint, i));
            if (list == NSIM_EXPLAIN_FAILED)
                tell_failures(teller, event);
            else
                tell_move(teller, event);
        }
    }
}

char *
nsim_explain_text(const NsimExplanation *explanation, const NsimExplainView *view)
{
    const Teller teller = {explanation, view, g_string_new(NULL)};
    g_autoptr(GString) title = g_string_new(NULL);
    if (explanation->target == NULL)
        g_string_append_printf(title, "The moves under policy %s, a run of ", explanation->label);
    else
        g_string_append_printf(
            title, "The story of %s (%" G_GUINT64_FORMAT " page%s of workload %s) under policy %s, a run of ",
            explanation->target, explanation->range.count, explanation->range.count == 1 ? "" : "s",
            explanation->plan->workloads[explanation->range.space].name, explanation->label);
    add_time(title, explanation->runtime_ps);
    g_string_append(title, explanation->complete ? "." : ", interrupted.");
    g_autofree char *clean = nsim_text_clean(title->str);
    nsim_text_wrap(teller.out, clean, 0, COLUMNS);
    g_string_append_c(teller.out, '\n');
    if (explanation->target == NULL) {
        tell_lists(&teller);
    } else {
        tell_events(&teller);
        tell_stays(&teller);
    }
    return g_string_free(teller.out, FALSE);
}
