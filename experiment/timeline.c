/* SPDX-License-Identifier: MIT */
/* Samples the counters at equal intervals and keeps the differences. */
#include <experiment/timeline.h>

#include <sim/time.h>

struct _NsimTimeline {
    const NsimMachine *machine;
    const NsimFabric *fabric;
    const NsimReplay *replay;
    const NsimMover *mover;
    uint64_t migrated_pages;
    NsimEventQueue *events;
    NsimTime interval_ps, last_ps;
    GArray *rows; /* NsimTimelineRow */
    bool truncated;
    uint64_t access_count, latency_sum_ps;
    uint64_t *bytes; /* by resource, at the last row */
    uint64_t *node_bytes[NSIM_DIRS];
};

static void
node_bytes(const NsimTimeline *timeline, NsimDir dir, uint64_t *ret)
{
    for (uint32_t n = 0; n < timeline->machine->node_count; n++) {
        ret[n] = nsim_fabric_node_lines(timeline->fabric, (NsimNodeId)n, dir) * NSIM_LINE_BYTES;
    }
}

/* now - before in each slot; `before` becomes `now`. */
static void
take_difference(uint64_t *now, uint64_t *before, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t value = now[i];
        now[i] = value - before[i];
        before[i] = value;
    }
}

/* False: there are too many rows. */
static bool
add_row(NsimTimeline *timeline, NsimTime now_ps)
{
    if (timeline->rows->len >= NSIM_TIMELINE_ROWS_MAX)
        timeline->truncated = true;
    if (timeline->truncated)
        return false;
    const NsimMachine *machine = timeline->machine;
    NsimTimelineRow row = { .time_ps = now_ps };
    uint64_t counts[2];
    uint64_t before[2] = { timeline->access_count, timeline->latency_sum_ps };
    g_autofree uint64_t *bytes = g_new(uint64_t, machine->resource_count);
    g_autofree NsimTime *busy_ps = g_new(NsimTime, machine->resource_count);

    nsim_replay_peek(timeline->replay, &counts[0], &counts[1]);
    take_difference(counts, before, 2);
    timeline->access_count = before[0];
    timeline->latency_sum_ps = before[1];
    row.access_count = counts[0];
    row.latency_mean_ps = counts[0] == 0 ? 0 : counts[1] / counts[0];

    uint64_t migrated_pages = nsim_mover_stats(timeline->mover)->pages;
    take_difference(&migrated_pages, &timeline->migrated_pages, 1);
    row.migrated_bytes = migrated_pages << machine->page_shift;

    row.node_read_bytes = g_new(uint64_t, machine->node_count);
    row.node_write_bytes = g_new(uint64_t, machine->node_count);
    row.link_forward_bytes = g_new0(uint64_t, machine->link_count);
    row.link_reverse_bytes = g_new0(uint64_t, machine->link_count);
    node_bytes(timeline, NSIM_DIR_READ, row.node_read_bytes);
    node_bytes(timeline, NSIM_DIR_WRITE, row.node_write_bytes);
    take_difference(row.node_read_bytes, timeline->node_bytes[NSIM_DIR_READ], machine->node_count);
    take_difference(row.node_write_bytes, timeline->node_bytes[NSIM_DIR_WRITE], machine->node_count);

    nsim_fabric_usage(timeline->fabric, bytes, busy_ps);
    take_difference(bytes, timeline->bytes, machine->resource_count);
    for (uint32_t l = 0; l < machine->link_count; l++) {
        const NsimLink *link = &machine->links[l];
        row.link_forward_bytes[l] = bytes[link->resource[0]];
        row.link_reverse_bytes[l] = link->resource[1] == link->resource[0] ? 0 : bytes[link->resource[1]];
    }
    g_array_append_val(timeline->rows, row);
    timeline->last_ps = now_ps;
    return true;
}

static void plan_sample(NsimTimeline *timeline, uint64_t number);

static void
sample(void *context, uint64_t number)
{
    NsimTimeline *timeline = context;
    if (add_row(timeline, number * timeline->interval_ps))
        plan_sample(timeline, number + 1);
}

/* Row `number` is due at so many intervals; one beyond the range of simulated time never is. */
static void
plan_sample(NsimTimeline *timeline, uint64_t number)
{
    NsimEvent event = {
        .priority = NSIM_PRIORITY_REPORT, .run = sample, .context = timeline, .argument = number
    };
    if (nsim_time_mul(timeline->interval_ps, number, &event.time_ps))
        nsim_event_queue_push(timeline->events, &event);
}

NsimTimeline *
nsim_timeline_new(const NsimMachine *machine, const NsimFabric *fabric, const NsimReplay *replay,
                  const NsimMover *mover, NsimEventQueue *events, NsimTime begin_ps, NsimTime interval_ps)
{
    NsimTimeline *timeline = g_new0(NsimTimeline, 1);
    *timeline = (NsimTimeline){ .machine = machine,
                                .fabric = fabric,
                                .replay = replay,
                                .mover = mover,
                                .events = events,
                                .interval_ps = interval_ps,
                                .last_ps = begin_ps,
                                .rows = g_array_new(FALSE, FALSE, sizeof(NsimTimelineRow)) };
    timeline->bytes = g_new0(uint64_t, machine->resource_count);
    for (int dir = 0; dir < NSIM_DIRS; dir++)
        timeline->node_bytes[dir] = g_new0(uint64_t, machine->node_count);
    plan_sample(timeline, begin_ps / interval_ps + 1);
    return timeline;
}

NsimTimelineRow *
nsim_timeline_finish(NsimTimeline *timeline, NsimTime end_ps, uint32_t *ret_count, bool *ret_truncated)
{
    /* Nothing was issued any more that would have brought the time forward, but lines were still on their way. */
    const NsimTime interval_ps = timeline->interval_ps;
    for (uint64_t number = timeline->last_ps / interval_ps + 1; number <= (MAX(end_ps, 1) - 1) / interval_ps; number++) {
        if (!add_row(timeline, number * interval_ps))
            break;
    }
    /* A run may end before its statistics were to begin: then they are of all of it. */
    if (end_ps > timeline->last_ps || timeline->rows->len == 0)
        (void)add_row(timeline, end_ps);
    *ret_count = timeline->rows->len;
    *ret_truncated = timeline->truncated;
    NsimTimelineRow *rows = (NsimTimelineRow *)(void *)g_array_free(timeline->rows, FALSE);
    timeline->rows = NULL;
    return rows;
}

void
nsim_timeline_free(NsimTimeline *timeline)
{
    if (timeline == NULL)
        return;
    if (timeline->rows != NULL) {
        for (guint i = 0; i < timeline->rows->len; i++) {
            NsimTimelineRow *row = &g_array_index(timeline->rows, NsimTimelineRow, i);
            g_free(row->node_read_bytes);
            g_free(row->node_write_bytes);
            g_free(row->link_forward_bytes);
            g_free(row->link_reverse_bytes);
        }
        g_array_free(timeline->rows, TRUE);
    }
    g_free(timeline->bytes);
    for (int dir = 0; dir < NSIM_DIRS; dir++)
        g_free(timeline->node_bytes[dir]);
    g_free(timeline);
}
