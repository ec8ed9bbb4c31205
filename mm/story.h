/* SPDX-License-Identifier: MIT */
/*
 * The story of pages: what happened to those that somebody watches, in the order of time, for `numasim explain`.
 *
 * Mechanisms tell it what they do wherever they hold a story; they hold none (NULL) in all other runs. It only listens:
 * a run that is watched goes as one that is not. What happens again and again without a change is one event with a
 * count. A stay is the time between two changes of place: accesses are counted by stay, so that a move can be held
 * against what it cost.
 *
 * Left out: pages of exchanges on the partner's side, shadows and copies.
 */
#pragma once

#include <glib.h>
#include <mm/space.h>
#include <numasim/policy.h>

/* More events than this are counted and not kept. */
#define NSIM_STORY_EVENTS_MAX (UINT32_C(1) << 20)

typedef enum {
    NSIM_STORY_PLACED, /* pages got memory on `to`; `from`: the node that was wanted, or NONE */
    NSIM_STORY_ASKED,  /* somebody asked for a move to `to` */
    NSIM_STORY_MOVED,  /* pages left `from` for `to`; without a batch: to or from a disk */
    NSIM_STORY_FAILED, /* a move to `to` came to nothing; with moves_only all alike, of as many pages in sum */
    NSIM_STORY_ARMED,  /* the next access faults */
    NSIM_STORY_HINT,   /* it did */
    NSIM_STORY_LISTED, /* an LRU list */
    NSIM_STORY_SEEN,   /* what DAMON says of the region around the first page */
    NSIM_STORY_SCHEME, /* what a scheme made of it */
    NSIM_STORY_KINDS
} NsimStoryKind;

typedef enum {
    NSIM_LISTED_ACTIVATED,
    NSIM_LISTED_DEACTIVATED,
    NSIM_LISTED_KEPT,  /* a scan found it accessed: a second chance */
    NSIM_LISTED_CHOSEN /* a scan found it not accessed: it is to go */
} NsimListed;

/* What became of the first page when a scheme came by. The first that holds. */
typedef enum {
    NSIM_FATE_INACTIVE,     /* by its watermarks */
    NSIM_FATE_SIZE,         /* the region's size is outside the pattern */
    NSIM_FATE_RARE,         /* accessed less often than the pattern wants */
    NSIM_FATE_FREQUENT,     /* ... more often */
    NSIM_FATE_YOUNG,        /* its age is below the pattern's */
    NSIM_FATE_OLD,          /* ... above */
    NSIM_FATE_FULL,         /* the quota was used up */
    NSIM_FATE_CHARGED,      /* the window goes on behind it, where the last one ended */
    NSIM_FATE_SCORE,        /* other regions are better */
    NSIM_FATE_CLIPPED,      /* less than the smallest region was left of the quota */
    NSIM_FATE_CORE_FILTER,  /* by a filter on addresses or targets */
    NSIM_FATE_FOLIO_FILTER, /* by a filter on the page */
    NSIM_FATE_TRIED,        /* but there was nothing to do it to */
    NSIM_FATE_THERE,        /* it is where it should go */
    NSIM_FATE_DONE,
    NSIM_FATES
} NsimStoryFate;

/* A migration as its mover sees it. */
typedef struct {
    uint64_t batch, token;
    const char *who, *payer;
    uint32_t reason; /* NsimReason */
    bool in_fault;
    NsimTime asked_ps, began_ps;
} NsimStoryMove;

typedef struct {
    NsimStoryKind kind;
    NsimSpaceId space;
    NsimNodeId from, to;
    NsimAccessorId accessor; /* that touched */
    uint32_t what; /* PLACED, HINT: NsimFaultKind; FAILED: NsimCause; LISTED: NsimListed; SCHEME: NsimStoryFate */
    uint32_t thread;
    NsimTime time_ps, last_ps; /* of the first and the last time */
    uint64_t repeats;          /* times */
    NsimPage page;
    uint64_t count, address; /* pages from there on */
    uint32_t who, payer;     /* index into `names` */
    union {
        struct {
            bool by_policy; /* or by the default of the core */
        } placed;
        struct { /* ASKED, MOVED, FAILED */
            uint64_t batch, token;
            uint32_t reason;
            bool in_fault;
            NsimTime asked_ps, began_ps;
            NsimTime cost_ps[NSIM_PHASES]; /* its share of the batch's */
            uint64_t back;                 /* pages that left `to` for `from` with their last move */
        } move;
        struct {
            NsimTime since_ps; /* HINT: armed so long */
        } armed;
        struct { /* SEEN, SCHEME */
            uint64_t start, end;
            uint32_t target, nr, nr_max, age, last_age;
            /* SCHEME; bounds are those of the pattern, in samples and intervals */
            uint32_t scheme, action, score, min_score;
            uint32_t nr_least, nr_most, age_least, age_most;
            uint64_t bytes_least, bytes_most;
            bool limited;
            uint64_t quota_bytes, charged_bytes;
            NsimTime window_ps;
            uint32_t goal_metric; /* NsimDamosGoalMetric, or UINT32_MAX: no goal */
            uint64_t goal_current, goal_target;
        } damon;
    };
    /* PLACED, MOVED: the stay that begins */
    guint counts; /* of the first accessor, in `counts` */
    uint64_t waits;
    NsimTime wait_ps, wait_max_ps;
    NsimTime end_ps; /* the first of its pages went on then; 0: they stayed */
} NsimStoryEvent;

/* Accesses of a stay by one accessor, lines. */
typedef struct {
    uint64_t reads, writes;
    NsimTime latency_ps; /* measured, summed */
} NsimStoryCount;

typedef struct _NsimStory NsimStory;
struct _NsimStory {
    /* what is watched; all of it when `moves_only`, which keeps nothing but moves, and of failed ones those alike as
     * one */
    bool moves_only;
    NsimSpaceId space;
    NsimPage first;
    uint64_t page_count;
    const NsimTime *now_ps;
    NsimSpace *const *spaces;
    uint32_t space_count, accessor_count;
    /* what happened */
    GArray *events;   /* NsimStoryEvent */
    GArray *counts;   /* NsimStoryCount, accessor_count for each stay */
    GPtrArray *names; /* char * */
    uint64_t dropped;
    /* private */
    uint32_t **stays;          /* by space, by page from `first` on: the event that began the stay, plus one */
    NsimTime *armed_ps;        /* by page from `first` on, plus one; NULL with moves_only */
    const NsimStoryMove *move; /* that is being settled */
    const NsimFault *faults;   /* under way */
    uint32_t fault_count;
    NsimNodeId wanted;
    bool by_policy;
    uint32_t chapter; /* changes of place so far: what comes after one is news */
    GArray *open;     /* guint: events whose batch is under way */
    GArray *latest;   /* guint: events that may happen again */
    GArray *failures; /* guint: failed moves, with moves_only */
    GArray *shares;   /* of failures in batches under way, with moves_only */
};

/* What to watch: pages of one space, or (count 0) moves of all. */
typedef struct {
    NsimSpaceId space;
    NsimPage first;
    uint64_t count;
} NsimStoryRange;

/*
 * Listens to the spaces, which are borrowed and may have no other watcher, as is the clock. Detach before the spaces
 * are freed; it can be read after that. (transfer full)
 */
NsimStory *nsim_story_new(const NsimStoryRange *range, NsimSpace *const *spaces, uint32_t space_count,
                          uint32_t accessor_count, const NsimTime *now_ps);
void nsim_story_detach(NsimStory *story);
void nsim_story_free(NsimStory *story);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimStory, nsim_story_free)

static inline const NsimStoryEvent *
nsim_story_at(const NsimStory *story, guint index)
{
    return &g_array_index(story->events, NsimStoryEvent, index);
}
static inline const char *
nsim_story_name(const NsimStory *story, uint32_t name)
{
    return g_ptr_array_index(story->names, name);
}
/* Counts of a stay by accessor. */
static inline const NsimStoryCount *
nsim_story_counts(const NsimStory *story, const NsimStoryEvent *event)
{
    return &g_array_index(story->counts, NsimStoryCount, event->counts);
}
/* Are pages [page, page + count) watched, some of them? */
bool nsim_story_watches(const NsimStory *story, NsimSpaceId space, NsimPage page, uint64_t count);

/* ---- What mechanisms tell. `story` NULL: nothing happens --------------------------------------------------------- */

/* Faults are handled (NULL: no more). */
void nsim_story_faults(NsimStory *story, const NsimFault *faults, uint32_t count);
/* Pages are going to be placed on this node, if there is room. */
void nsim_story_wants(NsimStory *story, NsimNodeId node, bool by_policy);
void nsim_story_armed(NsimStory *story, NsimSpaceId space, NsimPage page, uint64_t count);
void nsim_story_listed(NsimStory *story, NsimSpaceId space, NsimPage page, uint64_t count, NsimListed what);
/* One access or more to a page, each with the same route; `latency_ps` of all. */
void nsim_story_access(NsimStory *story, NsimSpaceId space, NsimPage page, NsimAccessorId accessor, bool write,
                       uint64_t lines, NsimTime latency_ps);

void nsim_story_asked(NsimStory *story, const NsimStoryMove *move, const NsimDecision *decision);
/* The space's next changes are this move's (NULL: nobody's). */
void nsim_story_settles(NsimStory *story, const NsimStoryMove *move);
void nsim_story_failed(NsimStory *story, const NsimStoryMove *move, const NsimDecision *decision, NsimPage page,
                       uint64_t count, NsimCause cause);
/* A batch is over: what it cost, by step, for so many pages. */
void nsim_story_costs(NsimStory *story, uint64_t batch, const NsimTime *cost_ps, uint64_t pages);
/* An access waited for a page. */
void nsim_story_waited(NsimStory *story, NsimSpaceId space, NsimPage page, NsimTime wait_ps);

/* What a kdamond (`who`) saw or did, once more or anew; of `event` the kind, `what` and the part of DAMON count. */
void nsim_story_damon(NsimStory *story, const char *who, const NsimStoryEvent *event);
