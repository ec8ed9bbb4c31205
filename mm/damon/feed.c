/* SPDX-License-Identifier: MIT */
/* Values for `user_input` goals: text, names, measures. Grammar and what is left out: feed.h. */
#include <mm/damon/feed.h>

#include <mm/damon/goal.h>
#include <models/quantity.h>

#include <gio/gio.h>
#include <stdarg.h>
#include <string.h>

#define BP 10000u
#define BLANKS " \t\r\n"

typedef enum { SCHEDULE, PAGES, SERVED, RECORDS, KINDS } Kind;

/* What stands before the colon. */
static const char *const measures[KINDS] = {[PAGES] = "pages:", [SERVED] = "served:", [RECORDS] = "records:"};
static const char allowed[] =
    "a source is TIME:VALUE,TIME:VALUE,... or pages:WORKLOAD@NODE or served:NODE or records:WORKLOAD";

typedef struct {
    NsimTime time_ps;
    uint64_t value;
} Step;

struct _NsimDamonFeed {
    size_t at; /* of the source, in the text */
    bool addressed;
    uint32_t kdamond, scheme, goal;
    Kind kind;
    GArray *steps; /* Step, ascending: SCHEDULE */
    char *workload, *node_name;
    NsimSpaceId space; /* found */
    NsimNodeId node;
    uint64_t part, all; /* counts when it was read last */
    NsimTime read_ps;
};

struct _NsimDamonFeeds {
    GArray *of; /* NsimDamonFeed */
};

/* False, with where it is: characters count from 1. */
static bool G_GNUC_PRINTF(3, 4) fail(GError **error, size_t at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "character %" G_GSIZE_FORMAT ": %s", at + 1, what);
    return false;
}

/* ---- Text --------------------------------------------------------------------------------------------------- */

/* `TIME:VALUE`, which begins at `at`. */
static bool
read_step(NsimDamonFeed *feed, const char *text, size_t at, GError **error)
{
    const char *colon = strchr(text, ':');
    g_autofree char *time = g_strndup(text, colon == NULL ? strlen(text) : (size_t)(colon - text)), *problem = NULL;
    Step step;
    if (colon == NULL)
        return fail(error, at, "'%s' has no value: TIME:VALUE is wanted, as 1s:12000", text);
    if (!nsim_quantity_parse(time, NSIM_QUANTITY_TIME, &step.time_ps, &problem))
        return fail(error, at, "%s", problem);
    if (!nsim_quantity_parse(colon + 1, NSIM_QUANTITY_COUNT, &step.value, &problem))
        return fail(error, at + (size_t)(colon + 1 - text), "%s", problem);
    if (feed->steps->len > 0 && step.time_ps <= g_array_index(feed->steps, Step, feed->steps->len - 1).time_ps)
        return fail(error, at, "%s is not later than the time before it", time);
    g_array_append_val(feed->steps, step);
    return true;
}

static bool
read_schedule(NsimDamonFeed *feed, const char *text, GError **error)
{
    g_auto(GStrv) steps = g_strsplit(text, ",", -1);
    size_t at = feed->at;
    feed->steps = g_array_new(FALSE, FALSE, sizeof(Step));
    for (char **step = steps; *step != NULL; step++) {
        if (!read_step(feed, *step, at, error))
            return false;
        at += strlen(*step) + 1;
    }
    return true;
}

/* Names behind the measure. A node's has no `@` in it. */
static bool
read_names(NsimDamonFeed *feed, const char *text, GError **error)
{
    const char *names = text + strlen(measures[feed->kind]), *last = strrchr(names, '@');
    if (feed->kind == PAGES && last == NULL)
        return fail(error, feed->at, "'%s' names no node: pages:WORKLOAD@NODE is wanted", text);
    if (feed->kind == PAGES)
        feed->workload = g_strndup(names, (size_t)(last - names));
    else if (feed->kind == RECORDS)
        feed->workload = g_strdup(names);
    if (feed->kind != RECORDS)
        feed->node_name = g_strdup(feed->kind == PAGES ? last + 1 : names);
    if ((feed->workload != NULL && *feed->workload == '\0') || (feed->node_name != NULL && *feed->node_name == '\0'))
        return fail(error, feed->at, "'%s' lacks a name; %s", text, allowed);
    return true;
}

static bool
read_source(NsimDamonFeed *feed, const char *text, GError **error)
{
    if (g_ascii_isdigit(*text))
        return read_schedule(feed, text, error);
    for (feed->kind = PAGES; feed->kind < KINDS; feed->kind++) {
        if (g_str_has_prefix(text, measures[feed->kind]))
            return read_names(feed, text, error);
    }
    return fail(error, feed->at, "'%s': %s", text, allowed);
}

/* `KDAMOND.SCHEME.GOAL` */
static bool
read_address(NsimDamonFeed *feed, const char *text, size_t at, GError **error)
{
    uint32_t *const numbers[] = {&feed->kdamond, &feed->scheme, &feed->goal};
    g_auto(GStrv) parts = g_strsplit(text, ".", -1);
    bool good = g_strv_length(parts) == G_N_ELEMENTS(numbers);
    for (size_t i = 0; good && i < G_N_ELEMENTS(numbers); i++) {
        guint64 number = 0;
        good = g_ascii_string_to_unsigned(parts[i], 10, 0, UINT32_MAX, &number, NULL);
        *numbers[i] = (uint32_t)number;
    }
    feed->addressed = true;
    return good || fail(error, at, "'%s' names no goal: KDAMOND.SCHEME.GOAL is wanted, numbers from 0, as 0.0.0", text);
}

static bool
read_entry(NsimDamonFeed *feed, char *text, size_t at, GError **error)
{
    size_t blanks = strspn(text, BLANKS);
    g_strchomp(text + blanks);
    char *equals = strchr(text + blanks, '=');
    if (equals != NULL && g_ascii_isdigit(text[blanks])) {
        *equals = '\0';
        if (!read_address(feed, g_strchomp(text + blanks), at + blanks, error))
            return false;
        blanks = (size_t)(equals + 1 - text);
        blanks += strspn(text + blanks, BLANKS);
    }
    feed->at = at + blanks;
    return read_source(feed, text + blanks, error);
}

static void
feed_clear(gpointer data)
{
    NsimDamonFeed *feed = data;
    g_clear_pointer(&feed->steps, g_array_unref);
    g_free(feed->workload);
    g_free(feed->node_name);
}

NsimDamonFeeds *
nsim_damon_feeds_read(const char *text, GError **error)
{
    g_autoptr(NsimDamonFeeds) feeds = g_new0(NsimDamonFeeds, 1);
    g_auto(GStrv) entries = g_strsplit(text, ";", -1);
    size_t at = 0;
    feeds->of = g_array_new(FALSE, TRUE, sizeof(NsimDamonFeed));
    g_array_set_clear_func(feeds->of, feed_clear);
    for (char **entry = entries; *entry != NULL; entry++) {
        const size_t length = strlen(*entry);
        g_array_set_size(feeds->of, feeds->of->len + 1);
        if (!read_entry(&g_array_index(feeds->of, NsimDamonFeed, feeds->of->len - 1), *entry, at, error))
            return NULL;
        at += length + 1;
    }
    if (feeds->of->len == 0 && !fail(error, 0, "nothing is there; %s", allowed))
        return NULL;
    return g_steal_pointer(&feeds);
}

void
nsim_damon_feeds_free(NsimDamonFeeds *feeds)
{
    if (feeds == NULL)
        return;
    g_array_unref(feeds->of);
    g_free(feeds);
}

/* ---- Names -------------------------------------------------------------------------------------------------- */

static bool
bind_workload(NsimDamonFeed *feed, const NsimMm *mm, GError **error)
{
    g_autoptr(GString) all = g_string_new(NULL);
    guint64 number;
    for (uint32_t s = 0; s < mm->space_count; s++) {
        g_string_append_printf(all, "%s%s", s > 0 ? ", " : "", mm->spaces[s]->workload);
        feed->space = (NsimSpaceId)s;
        if (strcmp(mm->spaces[s]->workload, feed->workload) == 0)
            return true;
    }
    if (!g_ascii_string_to_unsigned(feed->workload, 10, 0, G_MAXUINT16, &number, NULL) || number >= mm->space_count)
        return fail(error, feed->at, "there is no workload '%s'; there are: %s", feed->workload, all->str);
    feed->space = (NsimSpaceId)number;
    return true;
}

static bool
bind_node(NsimDamonFeed *feed, const NsimMachine *machine, GError **error)
{
    g_autoptr(GString) all = g_string_new(NULL);
    feed->node = nsim_machine_find_node(machine, feed->node_name);
    if (feed->node != NSIM_NODE_NONE)
        return true;
    for (uint32_t n = 0; n < machine->node_count; n++)
        g_string_append_printf(all, "%s%s", n > 0 ? ", " : "", machine->nodes[n].id);
    return fail(error, feed->at, "there is no node '%s'; there are: %s", feed->node_name, all->str);
}

static const GArray *
goals_of(const NsimDamonPlan *plan, uint32_t kdamond, uint32_t scheme)
{
    const NsimKdamondPlan *of = kdamond < plan->kdamonds->len ? g_ptr_array_index(plan->kdamonds, kdamond) : NULL;
    const NsimDamonContextPlan *context =
        of != NULL && of->contexts->len > 0 ? g_ptr_array_index(of->contexts, 0) : NULL;
    if (context == NULL || scheme >= context->schemes->len)
        return NULL;
    return ((const NsimDamosPlan *)g_ptr_array_index(context->schemes, scheme))->goals;
}

static bool
is_fed(const GArray *goals, uint32_t goal)
{
    return goals != NULL && goal < goals->len &&
           g_array_index(goals, NsimDamosGoalPlan, goal).metric == NSIM_GOAL_USER_INPUT;
}

/* The goals that can be fed; the last one is kept in the feed. */
static uint32_t
find_goal(NsimDamonFeed *feed, const NsimDamonPlan *plan)
{
    const GArray *goals;
    uint32_t count = 0;
    for (uint32_t k = 0; k < plan->kdamonds->len; k++) {
        for (uint32_t s = 0; (goals = goals_of(plan, k, s)) != NULL; s++) {
            for (uint32_t g = 0; g < goals->len; g++) {
                if (!is_fed(goals, g))
                    continue;
                count++;
                feed->kdamond = k;
                feed->scheme = s;
                feed->goal = g;
            }
        }
    }
    return count;
}

static bool
bind_goal(NsimDamonFeed *feed, const NsimDamonPlan *plan, GError **error)
{
    if (feed->addressed) {
        return is_fed(goals_of(plan, feed->kdamond, feed->scheme), feed->goal) ||
               fail(error, feed->at, "%u.%u.%u is no user_input goal of these kdamonds", feed->kdamond, feed->scheme,
                    feed->goal);
    }
    const uint32_t count = find_goal(feed, plan);
    if (count == 0)
        return fail(error, feed->at, "no quota has a user_input goal that this could feed");
    return count == 1 || fail(error, feed->at, "there are %u user_input goals: KDAMOND.SCHEME.GOAL= says which", count);
}

bool
nsim_damon_feeds_bind(NsimDamonFeeds *feeds, const NsimDamonPlan *plan, const NsimMm *mm, GError **error)
{
    for (guint i = 0; i < feeds->of->len; i++) {
        NsimDamonFeed *feed = &g_array_index(feeds->of, NsimDamonFeed, i);
        if (!bind_goal(feed, plan, error) || (feed->workload != NULL && !bind_workload(feed, mm, error)) ||
            (feed->node_name != NULL && !bind_node(feed, mm->machine, error)))
            return false;
        if (nsim_damon_feeds_find(feeds, feed->kdamond, feed->scheme, feed->goal) != feed)
            return fail(error, feed->at, "goal %u.%u.%u is fed twice", feed->kdamond, feed->scheme, feed->goal);
    }
    return true;
}

NsimDamonFeed *
nsim_damon_feeds_find(const NsimDamonFeeds *feeds, uint32_t kdamond, uint32_t scheme, uint32_t goal)
{
    for (guint i = 0; feeds != NULL && i < feeds->of->len; i++) {
        NsimDamonFeed *feed = &g_array_index(feeds->of, NsimDamonFeed, i);
        if (feed->kdamond == kdamond && feed->scheme == scheme && feed->goal == goal)
            return feed;
    }
    return NULL;
}

/* ---- Values ------------------------------------------------------------------------------------------------- */

static uint64_t
of_schedule(const NsimDamonFeed *feed, NsimTime now_ps, uint64_t current)
{
    for (guint i = 0; i < feed->steps->len && g_array_index(feed->steps, Step, i).time_ps <= now_ps; i++)
        current = g_array_index(feed->steps, Step, i).value;
    return current;
}

/* `part` of `all` times `scale`. */
static uint64_t
share(uint64_t part, uint64_t all, uint64_t scale, uint64_t current)
{
    const unsigned __int128 value = all == 0 ? current : (unsigned __int128)part * scale / all;
    return value > UINT64_MAX ? UINT64_MAX : (uint64_t)value;
}

static void
count_served(const NsimDamonFeed *feed, const NsimMm *mm, uint64_t *ret_part, uint64_t *ret_all)
{
    for (uint32_t a = 0; mm->fabric != NULL && a < mm->machine->accessor_count; a++) {
        for (uint32_t n = 0; n < mm->machine->node_count; n++) {
            const uint64_t lines = nsim_fabric_route_total(mm->fabric, a, (NsimNodeId)n, NSIM_DIR_READ).lines +
                                   nsim_fabric_route_total(mm->fabric, a, (NsimNodeId)n, NSIM_DIR_WRITE).lines;
            *ret_all += lines;
            *ret_part += n == feed->node ? lines : 0;
        }
    }
}

static uint64_t
count_records(const NsimDamonFeed *feed, const NsimMm *mm)
{
    uint64_t records = 0;
    for (uint32_t t = 0; t < mm->tasks.count; t++) {
        NsimTaskInfo info = {.struct_size = sizeof info};
        mm->tasks.info(mm->tasks.context, t, mm->now_ps, &info);
        if (info.space == feed->space)
            records += mm->tasks.records(mm->tasks.context, t);
    }
    return records;
}

/* Counts since it was read last. They may have begun anew meanwhile, with the statistics. */
static uint64_t
since(uint64_t *last, uint64_t now)
{
    const uint64_t gone = now - (now < *last ? 0 : *last);
    *last = now;
    return gone;
}

uint64_t
nsim_damon_feed_read(NsimDamonFeed *feed, const NsimMm *mm, uint64_t current)
{
    const NsimTime gone_ps = mm->now_ps - feed->read_ps;
    uint64_t part = 0, all = 0;
    feed->read_ps = mm->now_ps;
    switch (feed->kind) {
    case SCHEDULE:
        return of_schedule(feed, mm->now_ps, current);
    case PAGES:
        part = nsim_damos_pages_on(mm->spaces[feed->space], feed->node);
        return share(part, mm->spaces[feed->space]->resident_count, BP, current);
    case SERVED:
        count_served(feed, mm, &part, &all);
        part = since(&feed->part, part);
        return share(part, since(&feed->all, all), BP, current);
    case RECORDS:
        return share(since(&feed->part, count_records(feed, mm)), gone_ps, NSIM_S, current);
    case KINDS:
        break;
    }
    return current;
}
