/* SPDX-License-Identifier: MIT */
/*
 * Why things are as they are: one policy is run while somebody watches some pages (mm/story.h), and their story is told
 * with what each move cost and saved. docs/numasim-explain.1 has the words and the JSON ("numasim-explain-1").
 *
 * What a move saves is counted, not simulated: accesses after it, by whom, times the difference of unloaded latencies
 * of the place before and the place after. Left out: what other programs gain; how much of a latency the core hides.
 */
#pragma once

#include <experiment/experiment.h>
#include <mm/story.h>

/* What to watch, as the user says it. At most one; none: all moves. */
typedef struct {
    const char *page;   /* "[WORKLOAD:]ADDRESS" */
    const char *range;  /* "[WORKLOAD:]START-END", END not included */
    const char *region; /* "[WORKLOAD:]NAME" */
} NsimExplainWhat;

/* What to show of it. */
typedef struct {
    NsimTime from_ps, until_ps;
    uint64_t limit; /* lines at most: events, or moves of each list */
} NsimExplainView;

typedef struct _NsimExplanation NsimExplanation;
struct _NsimExplanation {
    const NsimExperiment *plan; /* borrowed */
    char *label;                /* of the policy */
    char *target;               /* "page 0x1000", "region heap"; NULL: all moves */
    NsimStoryRange range;       /* in pages; count 0: all moves */
    NsimStory *story;
    NsimTime runtime_ps;
    bool complete;
    GPtrArray *warnings; /* char * */
};

/* What a change of place came to. */
typedef struct {
    uint64_t reads, writes; /* lines, until the next one */
    NsimTime cost_ps;       /* of the move, and what accesses waited for it */
    int64_t saved_ps;       /* below 0: accesses took longer */
    bool compared;          /* false: one of the places has no latency (a disk), nothing is saved */
} NsimExplainBalance;

/* Run. The experiment must have one policy and outlives the explanation. (transfer full) */
NsimExplanation *nsim_explain_run(NsimExperiment *experiment, const NsimExplainWhat *what, GCancellable *cancel,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
void nsim_explanation_free(NsimExplanation *explanation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimExplanation, nsim_explanation_free)

/* What its steps took: of a MOVED or FAILED event. */
NsimTime nsim_explain_cost(const NsimStoryEvent *event);
/* Of a MOVED event. */
NsimExplainBalance nsim_explain_balance(const NsimExplanation *explanation, const NsimStoryEvent *event);
/* Moves of the whole run in one order; FAILED: those that came to nothing, what cost most and then most pages first. */
typedef enum {
    NSIM_EXPLAIN_COSTLY,
    NSIM_EXPLAIN_USEFUL,
    NSIM_EXPLAIN_USELESS,
    NSIM_EXPLAIN_FAILED,
    NSIM_EXPLAIN_LISTS
} NsimExplainList;
/* Indices (guint) of MOVED or FAILED events, the first ones of the list. (transfer full) */
GArray *nsim_explain_list(const NsimExplanation *explanation, NsimExplainList list, const NsimExplainView *view);

/* (transfer full) */
char *nsim_explain_text(const NsimExplanation *explanation, const NsimExplainView *view);
char *nsim_explain_json(const NsimExplanation *explanation, const NsimExplainView *view);

/* Words of both, by value. */
extern const char *const nsim_explain_kinds[NSIM_STORY_KINDS];
extern const char *const nsim_explain_fates[NSIM_FATES];
extern const char *const nsim_explain_reasons[NSIM_REASONS];
extern const char *const nsim_explain_listed[NSIM_LISTED_CHOSEN + 1];
