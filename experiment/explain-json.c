/* SPDX-License-Identifier: MIT */
/* A story for programs: schema "numasim-explain-1", docs/numasim-explain.1. */
#include <experiment/explain.h>

#include <experiment/plan.h>
#include <mm/damon/plan.h>
#include <report/json.h>
#include <report/migration.h>

typedef struct {
    const NsimExplanation *explanation;
    const NsimExplainView *view;
    NsimJson json;
} Writer;

static void
write_node(Writer *writer, const char *key, NsimNodeId node)
{
    const NsimMachine *machine = writer->explanation->plan->machine;
    if (node < machine->node_count)
        nsim_json_string(&writer->json, key, machine->nodes[node].id);
    else
        nsim_json_null(&writer->json, key);
}

static void
write_counts(Writer *writer, const NsimStoryEvent *event)
{
    const NsimMachine *machine = writer->explanation->plan->machine;
    const NsimStoryCount *counts = nsim_story_counts(writer->explanation->story, event);
    nsim_json_array(&writer->json, "accesses");
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        if (counts[a].reads + counts[a].writes == 0)
            continue;
        nsim_json_object_inline(&writer->json, NULL);
        nsim_json_string(&writer->json, "accessor", machine->accessors[a].id);
        nsim_json_uint(&writer->json, "reads", counts[a].reads);
        nsim_json_uint(&writer->json, "writes", counts[a].writes);
        nsim_json_ns(&writer->json, "latency_sum_ns", counts[a].latency_ps);
        nsim_json_end(&writer->json);
    }
    nsim_json_end(&writer->json);
    nsim_json_uint(&writer->json, "waits", event->waits);
    nsim_json_ns(&writer->json, "wait_ns", event->wait_ps);
    nsim_json_ns(&writer->json, "wait_max_ns", event->wait_max_ps);
}

static void
write_move(Writer *writer, const NsimStoryEvent *event)
{
    NsimJson *json = &writer->json;
    nsim_json_string(
        json, "reason",
        event->kind == NSIM_STORY_MOVED && event->move.batch == 0 ? "swap" : nsim_explain_reasons[event->move.reason]);
    nsim_json_string(json, "by", nsim_story_name(writer->explanation->story, event->who));
    nsim_json_string(json, "for", nsim_story_name(writer->explanation->story, event->payer));
    nsim_json_bool(json, "in_fault", event->move.in_fault);
    nsim_json_ns(json, "asked_ns", event->move.asked_ps);
    if (event->kind == NSIM_STORY_ASKED)
        return;
    nsim_json_ns(json, "began_ns", event->move.began_ps);
    nsim_json_object_inline(json, "cost_ns");
    for (int phase = 0; phase < NSIM_PHASES; phase++)
        nsim_json_ns(json, nsim_phase_name((NsimPhase)phase), event->move.cost_ps[phase]);
    nsim_json_end(json);
}

static void
write_moved(Writer *writer, const NsimStoryEvent *event)
{
    NsimJson *json = &writer->json;
    const NsimExplainBalance balance = nsim_explain_balance(writer->explanation, event);
    write_move(writer, event);
    nsim_json_uint(json, "came_back_pages", event->move.back);
    write_counts(writer, event);
    nsim_json_bool(json, "compared", balance.compared);
    nsim_json_ns(json, "saved_ns", balance.saved_ps > 0 ? (NsimTime)balance.saved_ps : 0);
    nsim_json_ns(json, "lost_ns", balance.saved_ps < 0 ? (NsimTime)-balance.saved_ps : 0);
    nsim_json_ns(json, "cost_all_ns", balance.cost_ps);
}

static void
write_damon(Writer *writer, const NsimStoryEvent *event)
{
    NsimJson *json = &writer->json;
    nsim_json_string(json, "by", nsim_story_name(writer->explanation->story, event->who));
    nsim_json_uint(json, "target", event->damon.target);
    nsim_json_uint(json, "start", event->damon.start);
    nsim_json_uint(json, "end", event->damon.end);
    nsim_json_uint(json, "nr_accesses", event->damon.nr);
    nsim_json_uint(json, "samples", event->damon.nr_max);
    nsim_json_uint(json, "age", event->damon.age);
    nsim_json_uint(json, "last_age", event->damon.last_age);
    if (event->kind == NSIM_STORY_SEEN)
        return;
    nsim_json_uint(json, "scheme", event->damon.scheme);
    nsim_json_string(json, "action", nsim_damos_action_names[event->damon.action]);
    nsim_json_string(json, "fate", nsim_explain_fates[event->what]);
    nsim_json_uint(json, "score", event->damon.score);
    nsim_json_uint(json, "min_score", event->damon.min_score);
    nsim_json_bool(json, "limited", event->damon.limited);
    nsim_json_uint(json, "quota_bytes", event->damon.quota_bytes);
    nsim_json_uint(json, "charged_bytes", event->damon.charged_bytes);
    if (event->damon.goal_metric == UINT32_MAX)
        return;
    nsim_json_string(json, "goal", nsim_damos_metric_names[event->damon.goal_metric]);
    nsim_json_uint(json, "goal_current", event->damon.goal_current);
    nsim_json_uint(json, "goal_target", event->damon.goal_target);
}

static void
write_touch(Writer *writer, const NsimStoryEvent *event)
{
    const NsimMachine *machine = writer->explanation->plan->machine;
    if (event->accessor < machine->accessor_count)
        nsim_json_string(&writer->json, "accessor", machine->accessors[event->accessor].id);
    nsim_json_uint(&writer->json, "thread", event->thread);
}

static void
write_part(Writer *writer, const NsimStoryEvent *event)
{
    NsimJson *json = &writer->json;
    switch (event->kind) {
    case NSIM_STORY_PLACED:
        write_touch(writer, event);
        write_node(writer, "wanted", event->from);
        write_node(writer, "to", event->to);
        nsim_json_bool(json, "by_policy", event->placed.by_policy);
        nsim_json_bool(json, "loaded", event->what == NSIM_FAULT_LOAD);
        write_counts(writer, event);
        break;
    case NSIM_STORY_MOVED:
        write_node(writer, "from", event->from);
        write_node(writer, "to", event->to);
        write_moved(writer, event);
        break;
    case NSIM_STORY_FAILED:
        nsim_json_string(json, "cause", nsim_cause_name((NsimCause)event->what));
        write_node(writer, "to", event->to);
        write_move(writer, event);
        nsim_json_ns(json, "cost_all_ns", nsim_explain_cost(event));
        break;
    case NSIM_STORY_ASKED:
        write_node(writer, "to", event->to);
        write_move(writer, event);
        break;
    case NSIM_STORY_HINT:
        write_touch(writer, event);
        nsim_json_ns(json, "armed_ns", event->armed.since_ps);
        break;
    case NSIM_STORY_LISTED:
        nsim_json_string(json, "list", nsim_explain_listed[event->what]);
        break;
    case NSIM_STORY_SEEN:
    case NSIM_STORY_SCHEME:
        write_damon(writer, event);
        break;
    case NSIM_STORY_ARMED:
    case NSIM_STORY_KINDS:
        break;
    }
}

static void
write_event(Writer *writer, const NsimStoryEvent *event)
{
    NsimJson *json = &writer->json;
    nsim_json_object(json, NULL);
    nsim_json_string(json, "kind", nsim_explain_kinds[event->kind]);
    nsim_json_ns(json, "time_ns", event->time_ps);
    nsim_json_ns(json, "last_ns", event->last_ps);
    nsim_json_uint(json, "repeats", event->repeats);
    nsim_json_string(json, "workload", writer->explanation->plan->workloads[event->space].name);
    nsim_json_uint(json, "address", event->address);
    nsim_json_uint(json, "pages", event->count);
    write_part(writer, event);
    nsim_json_end(json);
}

static void
write_events(Writer *writer)
{
    const NsimStory *story = writer->explanation->story;
    uint64_t written = 0;
    nsim_json_array(&writer->json, "events");
    for (guint i = 0; i < story->events->len && written < writer->view->limit; i++) {
        const NsimStoryEvent *event = nsim_story_at(story, i);
        if (event->last_ps < writer->view->from_ps || event->time_ps > writer->view->until_ps)
            continue;
        write_event(writer, event);
        written++;
    }
    nsim_json_end(&writer->json);
}

static void
write_lists(Writer *writer)
{
    static const char *const keys[] = {[NSIM_EXPLAIN_COSTLY] = "most_expensive",
                                       [NSIM_EXPLAIN_USEFUL] = "most_useful",
                                       [NSIM_EXPLAIN_USELESS] = "most_useless",
                                       [NSIM_EXPLAIN_FAILED] = "failed"};
    for (int list = 0; list < NSIM_EXPLAIN_LISTS; list++) {
        g_autoptr(GArray) indices = nsim_explain_list(writer->explanation, (NsimExplainList)list, writer->view);
        nsim_json_array(&writer->json, keys[list]);
        for (guint i = 0; i < indices->len; i++)
            write_event(writer, nsim_story_at(writer->explanation->story, g_array_index(indices, guint, i)));
        nsim_json_end(&writer->json);
    }
}

char *
nsim_explain_json(const NsimExplanation *explanation, const NsimExplainView *view)
{
    Writer writer = {.explanation = explanation, .view = view};
    GString *out = g_string_new(NULL);
    nsim_json_init(&writer.json, out);
    nsim_json_object(&writer.json, NULL);
    nsim_json_string(&writer.json, "schema", "numasim-explain-1");
    nsim_json_string(&writer.json, "policy", explanation->label);
    if (explanation->target != NULL)
        nsim_json_string(&writer.json, "target", explanation->target);
    else
        nsim_json_null(&writer.json, "target");
    nsim_json_ns(&writer.json, "runtime_ns", explanation->runtime_ps);
    nsim_json_bool(&writer.json, "complete", explanation->complete);
    nsim_json_uint(&writer.json, "dropped_events", explanation->story->dropped);
    if (explanation->target != NULL)
        write_events(&writer);
    else
        write_lists(&writer);
    nsim_json_end(&writer.json);
    if (out->len == 0 || out->str[out->len - 1] != '\n')
        g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}
