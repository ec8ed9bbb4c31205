/* SPDX-License-Identifier: MIT */
/* Keeping stories: events, what of them is the same again, stays. */
#include <mm/story.h>

#include <string.h>

/* Pages that failed in a batch, whose costs are not known yet. */
typedef struct {
    guint event;
    uint64_t batch, pages;
} Share;

static NsimStoryEvent *
at(const NsimStory *story, guint index)
{
    return &g_array_index(story->events, NsimStoryEvent, index);
}

/* ---- Life -------------------------------------------------------------------------------------------------------- */

static void on_space(void *context, const NsimSpaceEvent *event);

NsimStory *
nsim_story_new(const NsimStoryRange *range, NsimSpace *const *spaces, uint32_t space_count, uint32_t accessor_count,
               const NsimTime *now_ps)
{
    NsimStory *story = g_new0(NsimStory, 1);
    story->moves_only = range->count == 0;
    story->space = range->space;
    story->first = range->first;
    story->page_count = range->count;
    story->now_ps = now_ps;
    story->spaces = spaces;
    story->space_count = space_count;
    story->accessor_count = accessor_count;
    story->events = g_array_new(FALSE, TRUE, sizeof(NsimStoryEvent));
    story->counts = g_array_new(FALSE, TRUE, sizeof(NsimStoryCount));
    story->names = g_ptr_array_new_with_free_func(g_free);
    story->open = g_array_new(FALSE, FALSE, sizeof(guint));
    story->latest = g_array_new(FALSE, FALSE, sizeof(guint));
    story->failures = g_array_new(FALSE, FALSE, sizeof(guint));
    story->shares = g_array_new(FALSE, FALSE, sizeof(Share));
    story->stays = g_new0(uint32_t *, space_count + 1);
    story->wanted = NSIM_NODE_NONE;
    if (!story->moves_only)
        story->armed_ps = g_new0(NsimTime, range->count);
    for (uint32_t s = 0; s < space_count; s++) {
        if (!story->moves_only && s != range->space)
            continue;
        story->stays[s] = g_new0(uint32_t, story->moves_only ? spaces[s]->page_count + 1 : range->count);
        spaces[s]->watcher = on_space;
        spaces[s]->watcher_context = story;
    }
    return story;
}

void
nsim_story_detach(NsimStory *story)
{
    for (uint32_t s = 0; story->spaces != NULL && s < story->space_count; s++)
        story->spaces[s]->watcher = NULL;
    story->spaces = NULL;
}

void
nsim_story_free(NsimStory *story)
{
    if (story == NULL)
        return;
    nsim_story_detach(story);
    for (uint32_t s = 0; s < story->space_count; s++)
        g_free(story->stays[s]);
    g_free(story->stays);
    g_free(story->armed_ps);
    g_array_unref(story->events);
    g_array_unref(story->counts);
    g_array_unref(story->open);
    g_array_unref(story->latest);
    g_array_unref(story->failures);
    g_array_unref(story->shares);
    g_ptr_array_unref(story->names);
    g_free(story);
}

static uint32_t
name_of(NsimStory *story, const char *name)
{
    const char *text = name != NULL ? name : "";
    for (guint i = 0; i < story->names->len; i++) {
        if (strcmp(g_ptr_array_index(story->names, i), text) == 0)
            return i;
    }
    g_ptr_array_add(story->names, g_strdup(text));
    return story->names->len - 1;
}

/* ---- What is watched --------------------------------------------------------------------------------------------- */

/* Cut [page, page + count) to what is watched. False: nothing is left. */
static bool
clip(const NsimStory *story, NsimSpaceId space, NsimPage *page, uint64_t *count)
{
    if (story->moves_only)
        return *count > 0;
    const uint64_t end = MIN((uint64_t)*page + *count, (uint64_t)story->first + story->page_count);
    const uint64_t begin = MAX(*page, story->first);
    if (space != story->space || begin >= end)
        return false;
    *page = (NsimPage)begin;
    *count = end - begin;
    return true;
}

bool
nsim_story_watches(const NsimStory *story, NsimSpaceId space, NsimPage page, uint64_t count)
{
    return clip(story, space, &page, &count);
}

static uint32_t *
stay_of(const NsimStory *story, NsimSpaceId space, NsimPage page)
{
    return &story->stays[space][page - story->first];
}

/* ---- Events ------------------------------------------------------------------------------------------------------ */

/* A new event of these pages now; NULL: there are too many. */
static NsimStoryEvent *
append(NsimStory *story, NsimStoryKind kind, NsimSpaceId space, NsimPage page, uint64_t count)
{
    if (story->events->len == NSIM_STORY_EVENTS_MAX) {
        story->dropped++;
        return NULL;
    }
    const NsimStoryEvent event = {.kind = kind,
                                  .space = space,
                                  .from = NSIM_NODE_NONE,
                                  .to = NSIM_NODE_NONE,
                                  .accessor = NSIM_ACCESSOR_NONE,
                                  .time_ps = *story->now_ps,
                                  .last_ps = *story->now_ps,
                                  .repeats = 1,
                                  .page = page,
                                  .count = count,
                                  .address = nsim_space_address_of(story->spaces[space], page),
                                  .who = name_of(story, ""),
                                  .payer = name_of(story, "")};
    g_array_append_val(story->events, event);
    return at(story, story->events->len - 1);
}

/* The last event, if it is of this kind and of the pages just before `page`: then it can grow. */
static NsimStoryEvent *
grows(const NsimStory *story, NsimStoryKind kind, NsimSpaceId space, NsimPage page)
{
    NsimStoryEvent *last = story->events->len > 0 ? at(story, story->events->len - 1) : NULL;
    return last != NULL && last->kind == kind && last->space == space && last->page + last->count == page ? last : NULL;
}

/* Pages begin a stay with the last event. */
static void
begin_stay(NsimStory *story, NsimSpaceId space, NsimPage page, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint32_t *stay = stay_of(story, space, page + (NsimPage)i);
        if (*stay > 0 && at(story, *stay - 1)->end_ps == 0)
            at(story, *stay - 1)->end_ps = MAX(*story->now_ps, 1);
        *stay = story->events->len;
    }
}

static void
open_counts(NsimStory *story, NsimStoryEvent *event)
{
    event->counts = story->counts->len;
    g_array_set_size(story->counts, story->counts->len + story->accessor_count);
}

/* ---- Places ------------------------------------------------------------------------------------------------------ */

static const NsimFault *
fault_of(const NsimStory *story, NsimSpaceId space, NsimPage page)
{
    for (uint32_t i = 0; i < story->fault_count; i++) {
        const NsimFault *fault = &story->faults[i];
        if (fault->space == space && fault->page <= page && page - fault->page < fault->count)
            return fault;
    }
    return NULL;
}

static void
placed(NsimStory *story, NsimSpaceId space, NsimPage page, uint64_t count, NsimNodeId to)
{
    const NsimFault *fault = fault_of(story, space, page);
    const NsimAccessorId accessor = fault != NULL ? fault->accessor : NSIM_ACCESSOR_NONE;
    NsimStoryEvent *event = grows(story, NSIM_STORY_PLACED, space, page);
    if (event != NULL && event->to == to && event->from == story->wanted && event->accessor == accessor &&
        event->placed.by_policy == story->by_policy) {
        event->count += count;
        event->last_ps = *story->now_ps;
    } else {
        event = append(story, NSIM_STORY_PLACED, space, page, count);
        if (event == NULL)
            return;
        open_counts(story, event);
        event->from = story->wanted;
        event->to = to;
        event->accessor = accessor;
        event->what = fault != NULL ? fault->kind : NSIM_FAULT_FIRST_TOUCH;
        event->thread = fault != NULL ? fault->thread : 0;
        event->placed.by_policy = story->by_policy;
    }
    begin_stay(story, space, page, count);
}

/* Pages whose last move took them the other way. */
static uint64_t
came_back(const NsimStory *story, NsimSpaceId space, NsimPage page, uint64_t count, NsimNodeId to)
{
    uint64_t back = 0;
    for (uint64_t i = 0; i < count; i++) {
        const uint32_t stay = *stay_of(story, space, page + (NsimPage)i);
        back += stay > 0 && at(story, stay - 1)->kind == NSIM_STORY_MOVED && at(story, stay - 1)->from == to;
    }
    return back;
}

static void
set_move(NsimStory *story, NsimStoryEvent *event, const NsimStoryMove *move)
{
    if (move == NULL)
        return;
    event->who = name_of(story, move->who);
    event->payer = name_of(story, move->payer);
    event->move.batch = move->batch;
    event->move.token = move->token;
    event->move.reason = move->reason;
    event->move.in_fault = move->in_fault;
    event->move.asked_ps = move->asked_ps;
    event->move.began_ps = move->began_ps;
}

static void
moved(NsimStory *story, NsimSpaceId space, NsimPage page, uint64_t count, NsimNodeId from, NsimNodeId to)
{
    const NsimStoryMove *move = story->move;
    const uint64_t back = came_back(story, space, page, count, to);
    NsimStoryEvent *event = grows(story, NSIM_STORY_MOVED, space, page);
    if (event != NULL && move != NULL && event->move.batch == move->batch && event->move.token == move->token &&
        event->from == from) {
        event->count += count;
        event->last_ps = *story->now_ps;
    } else {
        event = append(story, NSIM_STORY_MOVED, space, page, count);
        if (event == NULL)
            return;
        open_counts(story, event);
        event->from = from;
        event->to = to;
        set_move(story, event, move);
        const guint index = story->events->len - 1;
        if (move != NULL)
            g_array_append_val(story->open, index);
    }
    event->move.back += back;
    begin_stay(story, space, page, count);
}

static void
on_space(void *context, const NsimSpaceEvent *event)
{
    NsimStory *story = context;
    NsimSpaceId space = 0;
    NsimPage page = event->page, partner = event->partner;
    uint64_t count = event->count, partner_count = event->count;
    while (space + 1u < story->space_count && story->spaces[space] != event->space)
        space++;
    if (event->kind == NSIM_SPACE_SPLIT || event->kind == NSIM_SPACE_MADE_OLD)
        return;
    if (event->kind == NSIM_SPACE_PLACED) {
        if (!story->moves_only && clip(story, space, &page, &count))
            placed(story, space, page, count, event->to);
    } else if (clip(story, space, &page, &count)) {
        moved(story, space, page, count, event->from, event->to);
    }
    if (event->kind == NSIM_SPACE_EXCHANGED && clip(story, space, &partner, &partner_count))
        moved(story, space, partner, partner_count, event->to, event->from);
    story->chapter++;
    g_array_set_size(story->latest, 0);
}

/* ---- What mechanisms tell ------------------------------------------------------------------------------------------
 */

static void
hint(NsimStory *story, const NsimFault *fault)
{
    if (!nsim_story_watches(story, fault->space, fault->page, 1))
        return;
    const NsimTime armed_ps = story->armed_ps[fault->page - story->first];
    const NsimTime since_ps = armed_ps > 0 && fault->time_ps >= armed_ps - 1 ? fault->time_ps - (armed_ps - 1) : 0;
    NsimStoryEvent *event = grows(story, NSIM_STORY_HINT, fault->space, fault->page);
    if (event != NULL && event->accessor == fault->accessor) {
        event->count++;
        event->last_ps = *story->now_ps;
        return;
    }
    event = append(story, NSIM_STORY_HINT, fault->space, fault->page, 1);
    if (event == NULL)
        return;
    event->what = NSIM_FAULT_HINT;
    event->accessor = fault->accessor;
    event->thread = fault->thread;
    event->armed.since_ps = since_ps;
}

void
nsim_story_faults(NsimStory *story, const NsimFault *faults, uint32_t count)
{
    if (story == NULL)
        return;
    story->faults = faults;
    story->fault_count = faults != NULL ? count : 0;
    for (uint32_t i = 0; !story->moves_only && i < story->fault_count; i++) {
        if (faults[i].kind == NSIM_FAULT_HINT)
            hint(story, &faults[i]);
    }
}

void
nsim_story_wants(NsimStory *story, NsimNodeId node, bool by_policy)
{
    if (story == NULL)
        return;
    story->wanted = node;
    story->by_policy = by_policy;
}

void
nsim_story_armed(NsimStory *story, NsimSpaceId space, NsimPage page, uint64_t count)
{
    if (story == NULL || story->moves_only || !clip(story, space, &page, &count))
        return;
    for (uint64_t i = 0; i < count; i++)
        story->armed_ps[page - story->first + i] = *story->now_ps + 1;
    NsimStoryEvent *event = grows(story, NSIM_STORY_ARMED, space, page);
    if (event != NULL)
        event->count += count;
    else
        (void)append(story, NSIM_STORY_ARMED, space, page, count);
}

void
nsim_story_listed(NsimStory *story, NsimSpaceId space, NsimPage page, uint64_t count, NsimListed what)
{
    if (story == NULL || story->moves_only || !clip(story, space, &page, &count))
        return;
    NsimStoryEvent *event = grows(story, NSIM_STORY_LISTED, space, page);
    if (event != NULL && event->what == what) {
        event->count += count;
        return;
    }
    event = append(story, NSIM_STORY_LISTED, space, page, count);
    if (event != NULL)
        event->what = what;
}

void
nsim_story_access(NsimStory *story, NsimSpaceId space, NsimPage page, NsimAccessorId accessor, bool write,
                  uint64_t lines, NsimTime latency_ps)
{
    if (!nsim_story_watches(story, space, page, 1))
        return;
    const uint32_t stay = *stay_of(story, space, page);
    if (stay == 0)
        return;
    NsimStoryCount *count = &g_array_index(story->counts, NsimStoryCount, at(story, stay - 1)->counts + accessor);
    *(write ? &count->writes : &count->reads) += lines;
    count->latency_ps += latency_ps;
}

/* ---- Moves ---------------------------------------------------------------------------------------------------------
 */

void
nsim_story_asked(NsimStory *story, const NsimStoryMove *move, const NsimDecision *decision)
{
    NsimPage page = decision->page;
    uint64_t count = decision->count;
    if (story == NULL || story->moves_only || !clip(story, decision->space, &page, &count))
        return;
    NsimStoryEvent *event = grows(story, NSIM_STORY_ASKED, decision->space, page);
    if (event != NULL && event->to == decision->node && event->time_ps == *story->now_ps) {
        event->count += count;
        return;
    }
    event = append(story, NSIM_STORY_ASKED, decision->space, page, count);
    if (event == NULL)
        return;
    event->to = decision->node;
    set_move(story, event, move);
}

void
nsim_story_settles(NsimStory *story, const NsimStoryMove *move)
{
    if (story != NULL)
        story->move = move;
}

/* ---- Moves that fail -----------------------------------------------------------------------------------------------
 */

/* The event of failures like this one, new or not: one for each would leave no room for anything else. NULL: no room.
 */
static NsimStoryEvent *
failures_alike(NsimStory *story, const NsimStoryMove *move, const NsimDecision *decision, NsimPage page,
               NsimCause cause)
{
    const uint32_t who = name_of(story, move->who), payer = name_of(story, move->payer);
    for (guint i = 0; i < story->failures->len; i++) {
        NsimStoryEvent *event = at(story, g_array_index(story->failures, guint, i));
        if (event->what == cause && event->space == decision->space && event->to == decision->node &&
            event->who == who && event->payer == payer && event->move.reason == move->reason &&
            event->move.in_fault == move->in_fault)
            return event;
    }
    NsimStoryEvent *event = append(story, NSIM_STORY_FAILED, decision->space, page, 0);
    if (event == NULL)
        return NULL;
    event->repeats = 0;
    event->to = decision->node;
    event->what = cause;
    set_move(story, event, move);
    const guint index = story->events->len - 1;
    g_array_append_val(story->failures, index);
    return event;
}

/* A folio or the rest of a request; folios of one request in one batch failed together. */
static void
failed_of_all(NsimStory *story, const NsimStoryMove *move, const NsimDecision *decision, NsimPage page, uint64_t count,
              NsimCause cause)
{
    NsimStoryEvent *event = failures_alike(story, move, decision, page, cause);
    if (event == NULL)
        return;
    const bool again = event->repeats > 0 && event->move.token == move->token && event->move.batch == move->batch;
    event->count += count;
    event->repeats += !again;
    event->last_ps = *story->now_ps;
    event->move.token = move->token;
    event->move.batch = move->batch;
    if (move->batch == 0)
        return;
    const Share share = {(guint)(event - at(story, 0)), move->batch, count};
    for (guint i = 0; i < story->shares->len; i++) {
        Share *other = &g_array_index(story->shares, Share, i);
        if (other->event == share.event && other->batch == share.batch) {
            other->pages += count;
            return;
        }
    }
    g_array_append_val(story->shares, share);
}

/* `part` of `all` pages' costs are added to an event's. */
static void
add_costs(NsimStoryEvent *event, const NsimTime *cost_ps, uint64_t part, uint64_t all)
{
    for (int phase = 0; phase < NSIM_PHASES && all > 0; phase++)
        event->move.cost_ps[phase] += (NsimTime)((unsigned __int128)cost_ps[phase] * MIN(part, all) / all);
}

static void
share_costs(NsimStory *story, uint64_t batch, const NsimTime *cost_ps, uint64_t pages)
{
    guint kept = 0;
    for (guint i = 0; i < story->shares->len; i++) {
        const Share share = g_array_index(story->shares, Share, i);
        if (share.batch == batch)
            add_costs(at(story, share.event), cost_ps, share.pages, pages);
        else
            g_array_index(story->shares, Share, kept++) = share;
    }
    g_array_set_size(story->shares, kept);
}

void
nsim_story_failed(NsimStory *story, const NsimStoryMove *move, const NsimDecision *decision, NsimPage page,
                  uint64_t count, NsimCause cause)
{
    if (story == NULL || !clip(story, decision->space, &page, &count))
        return;
    if (story->moves_only) {
        failed_of_all(story, move, decision, page, count, cause);
        return;
    }
    NsimStoryEvent *event = grows(story, NSIM_STORY_FAILED, decision->space, page);
    if (event != NULL && event->what == cause && event->move.token == move->token) {
        event->count += count;
        return;
    }
    event = append(story, NSIM_STORY_FAILED, decision->space, page, count);
    if (event == NULL)
        return;
    event->to = decision->node;
    event->what = cause;
    set_move(story, event, move);
    const guint index = story->events->len - 1;
    if (move->batch > 0)
        g_array_append_val(story->open, index);
}

void
nsim_story_costs(NsimStory *story, uint64_t batch, const NsimTime *cost_ps, uint64_t pages)
{
    if (story == NULL)
        return;
    guint kept = 0;
    for (guint i = 0; i < story->open->len; i++) {
        const guint index = g_array_index(story->open, guint, i);
        NsimStoryEvent *event = at(story, index);
        if (event->move.batch != batch) {
            g_array_index(story->open, guint, kept++) = index;
            continue;
        }
        add_costs(event, cost_ps, event->count, pages);
    }
    g_array_set_size(story->open, kept);
    share_costs(story, batch, cost_ps, pages);
}

void
nsim_story_waited(NsimStory *story, NsimSpaceId space, NsimPage page, NsimTime wait_ps)
{
    if (story == NULL || !nsim_story_watches(story, space, page, 1) || *stay_of(story, space, page) == 0)
        return;
    NsimStoryEvent *event = at(story, *stay_of(story, space, page) - 1);
    event->waits++;
    event->wait_ps += wait_ps;
    event->wait_max_ps = MAX(event->wait_max_ps, wait_ps);
}

/* ---- DAMON ---------------------------------------------------------------------------------------------------------
 */

static bool
is_same_again(const NsimStoryEvent *event, uint32_t who, const NsimStoryEvent *next)
{
    return event->kind == next->kind && event->who == who && event->damon.target == next->damon.target &&
           event->damon.scheme == next->damon.scheme && event->what == next->what;
}

void
nsim_story_damon(NsimStory *story, const char *who, const NsimStoryEvent *next)
{
    const uint32_t name = name_of(story, who);
    guint l = 0;
    for (; l < story->latest->len; l++) {
        NsimStoryEvent *event = at(story, g_array_index(story->latest, guint, l));
        if (event->kind != next->kind || event->who != name || event->damon.target != next->damon.target ||
            event->damon.scheme != next->damon.scheme)
            continue;
        if (!is_same_again(event, name, next) || (next->kind == NSIM_STORY_SEEN && event->damon.nr != next->damon.nr))
            break;
        event->repeats++;
        event->last_ps = *story->now_ps;
        event->damon.last_age = next->damon.age;
        event->damon.nr_max = MAX(event->damon.nr_max, next->damon.nr_max);
        return;
    }
    NsimStoryEvent *event = append(story, next->kind, story->space, story->first, story->page_count);
    if (event == NULL)
        return;
    const guint index = story->events->len - 1;
    event->who = name;
    event->what = next->what;
    event->damon = next->damon;
    event->damon.last_age = next->damon.age;
    if (l < story->latest->len)
        g_array_index(story->latest, guint, l) = index;
    else
        g_array_append_val(story->latest, index);
}
