/* SPDX-License-Identifier: MIT */
/*
 * How long would a copy take now? For `auto`, and for workers that are added while they gain.
 *
 * A flow (workers of one accessor, or channels of one group) wants what its windows and its own rate allow:
 *
 *     demand = min(streams x own rate, windows x lines x 64 B / latency)
 *
 * with the latencies of the lines it keeps outstanding, raised by what its links' loads add. All flows of a resource
 * together get what others leave of it. The two depend on each other and are brought together by a few damped rounds.
 * Time = bytes / rate + one latency, and what setting up costs. What other flows will do meanwhile is not known and
 * taken to stay as it is. Doubles are used with the four operations alone, whose results IEEE 754 fixes to the bit; no time of
 * the simulation comes from here, only the choice between copiers.
 */
#include <mm/mover-private.h>

#include <sim/time.h>

#define ROUNDS 24

typedef struct {
    uint32_t agent, streams;
    uint32_t window_lines;  /* of all its windows together */
    double own_bytes_per_s; /* of a stream; 0: no limit */
    bool fetch, hold;
    double bytes_per_s; /* found: of all its streams */
} Flow;

typedef struct {
    const Task *task;
    const NsimPiece *piece; /* stands for all: the same nodes, as migrations mostly have */
    Flow *flows;
    uint32_t flow_count;
    double *demand_ppm; /* by resource: of the flows */
} Model;

/* A route's share in a flow: reads of the source, of the destination for ownership, writes. */
static const NsimRoute *
route_of(const Model *model, const Flow *flow, int part)
{
    const NsimFabric *fabric = model->task->mover->setup.fabric;
    if (part == 0)
        return nsim_fabric_machine_route(fabric, flow->agent, model->piece->source, NSIM_DIR_READ);
    if (part == 1)
        return flow->fetch ? nsim_fabric_machine_route(fabric, flow->agent, model->piece->destination, NSIM_DIR_READ)
                           : NULL;
    return nsim_fabric_machine_route(fabric, flow->agent, model->piece->destination, NSIM_DIR_WRITE);
}

/* Picoseconds a line keeps hop `h` busy. */
static double
service(const Model *model, const NsimRoute *route, uint32_t h)
{
    const NsimServer *server = &model->task->mover->setup.fabric->servers[route->hops[h].resource];
    return (double)route->hops[h].service_ps + (double)server->service_ps;
}

/* What a load of `bytes_per_s` adds to a link's latency. */
static double
loaded(const NsimLink *link, double bytes_per_s)
{
    if (link->loaded_count == 0)
        return 0;
    uint32_t i = 0;
    while (i < link->loaded_count && (double)link->loaded_bytes_per_s[i] < bytes_per_s)
        i++;
    if (i == 0)
        return (double)link->loaded_ps[0];
    if (i == link->loaded_count)
        return (double)link->loaded_ps[i - 1];
    const double low = (double)link->loaded_bytes_per_s[i - 1], high = (double)link->loaded_bytes_per_s[i];
    const double share = (bytes_per_s - low) / (high - low);
    return (double)link->loaded_ps[i - 1] + share * ((double)link->loaded_ps[i] - (double)link->loaded_ps[i - 1]);
}

/* Latency of a route at the loads of this round: as the fabric has it, the longest wait of all hops. */
static double
latency(const Model *model, const NsimRoute *route)
{
    const NsimMover *mover = model->task->mover;
    double wait_ps = 0;
    for (uint32_t h = 0; h < route->hop_count; h++) {
        const uint32_t index = route->hops[h].resource;
        const NsimResource *resource = &mover->setup.machine->resources[index];
        double floor_ps = (double)mover->setup.fabric->servers[index].floor_ps;
        if (resource->kind == NSIM_RESOURCE_LINK) {
            const NsimLink *link = &mover->setup.machine->links[resource->owner];
            const double rate =
                (double)(resource->direction == 0 ? link->forward_bytes_per_s : link->reverse_bytes_per_s);
            const double load =
                (model->demand_ppm[index] + nsim_fabric_load_ppm(mover->setup.fabric, index)) * rate / 1e6;
            floor_ps = loaded(link, load);
        }
        wait_ps = MAX(wait_ps, floor_ps);
    }
    return (double)route->fixed_ps + wait_ps;
}

/* The flow's outstanding lines over their latency. */
static double
window_rate(const Model *model, const Flow *flow)
{
    double latency_ps = latency(model, route_of(model, flow, 0)), lines = flow->window_lines;
    if (flow->hold)
        latency_ps += latency(model, route_of(model, flow, 2));
    if (flow->fetch) {
        /* Half of the window for each side; the slower one sets the pace. */
        lines /= 2;
        latency_ps = MAX(latency_ps, latency(model, route_of(model, flow, 1)));
    }
    return lines * (double)NSIM_LINE_BYTES / latency_ps * 1e12;
}

static void
sum_demands(Model *model)
{
    const NsimMachine *machine = model->task->mover->setup.machine;
    for (uint32_t r = 0; r < machine->resource_count; r++)
        model->demand_ppm[r] = 0;
    for (uint32_t f = 0; f < model->flow_count; f++) {
        const Flow *flow = &model->flows[f];
        for (int part = 0; part < 3; part++) {
            const NsimRoute *route = route_of(model, flow, part);
            for (uint32_t h = 0; route != NULL && h < route->hop_count; h++)
                model->demand_ppm[route->hops[h].resource] +=
                    flow->bytes_per_s / (double)NSIM_LINE_BYTES * service(model, route, h) / 1e6;
        }
    }
}

/* What others leave of a resource, in parts per million of its time; a little is always to be had. */
static double
left_of(const NsimFabric *fabric, uint32_t resource)
{
    return MAX(1e6 - nsim_fabric_load_ppm(fabric, resource), 5e4);
}

/* How far the most crowded resource of a flow lets it go. */
static double
squeeze(const Model *model, const Flow *flow)
{
    const NsimFabric *fabric = model->task->mover->setup.fabric;
    double factor = 1;
    for (int part = 0; part < 3; part++) {
        const NsimRoute *route = route_of(model, flow, part);
        for (uint32_t h = 0; route != NULL && h < route->hop_count; h++) {
            const uint32_t r = route->hops[h].resource;
            const double left = left_of(fabric, r);
            if (model->demand_ppm[r] > left)
                factor = MIN(factor, left / model->demand_ppm[r]);
        }
    }
    return factor;
}

static void
solve(Model *model)
{
    for (int round = 0; round < ROUNDS; round++) {
        for (uint32_t f = 0; f < model->flow_count; f++) {
            Flow *flow = &model->flows[f];
            double rate = window_rate(model, flow);
            if (flow->own_bytes_per_s > 0)
                rate = MIN(rate, flow->own_bytes_per_s * flow->streams);
            /* Damped: rate and latency pull at each other. */
            flow->bytes_per_s = round == 0 ? rate : (flow->bytes_per_s + rate) / 2;
        }
        sum_demands(model);
        for (uint32_t f = 0; f < model->flow_count; f++)
            model->flows[f].bytes_per_s *= squeeze(model, &model->flows[f]);
        sum_demands(model);
    }
}

static double
bytes_of(const NsimPiece *pieces, uint32_t count)
{
    double bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        bytes += (double)pieces[i].lines * (double)NSIM_LINE_BYTES;
    return bytes;
}

static NsimTime
to_time(double ps)
{
    return ps < 1 ? 1 : ps > 9e18 ? NSIM_TIME_MAX / 2 : (NsimTime)ps;
}

/* Bytes a second of one worker, the slowest, when all of them copy. */
static double
worker_rate(Model *model, const uint32_t *cores, uint32_t core_count)
{
    const NsimMover *mover = model->task->mover;
    Flow *flows = model->flows;
    double slowest = 0;
    model->flow_count = 0;
    for (uint32_t c = 0; c < core_count; c++) {
        const NsimAccessorId accessor = mover->setup.cpus->cores[cores[c]].accessor;
        const uint32_t agent = nsim_fabric_copy_agent(mover->setup.fabric, accessor);
        uint32_t f = 0;
        while (f < model->flow_count && flows[f].agent != agent)
            f++;
        if (f == model->flow_count) {
            model->flow_count++;
            flows[f] = (Flow){.agent = agent, .fetch = !mover->setup.config.nt};
        }
        flows[f].streams++;
        flows[f].window_lines += mover->setup.machine->accessors[accessor].window_stream;
    }
    solve(model);
    for (uint32_t f = 0; f < model->flow_count; f++) {
        const double one = flows[f].bytes_per_s / flows[f].streams;
        slowest = f == 0 || one < slowest ? one : slowest;
    }
    return slowest;
}

/* Time that the longest burst which nobody waits for saves, at the rate that others leave. */
static double
slack(const Model *model, const NsimRoute *route)
{
    const NsimFabric *fabric = model->task->mover->setup.fabric;
    double most_ps = 0;
    for (uint32_t h = 0; h < route->hop_count; h++) {
        const uint32_t r = route->hops[h].resource;
        most_ps = MAX(most_ps, fabric->servers[r].slack_ps * 1e6 / left_of(fabric, r));
    }
    return most_ps;
}

NsimTime
predict_own(const Task *task, const NsimPiece *pieces, uint32_t count, NsimTime gap_ps)
{
    const NsimMachine *machine = task->mover->setup.machine;
    g_autofree Flow *flows = g_new0(Flow, machine->accessor_count);
    g_autofree double *demand = g_new0(double, machine->resource_count);
    Model model = {.task = task, .piece = &pieces[0], .flows = flows, .demand_ppm = demand};
    const double rate = worker_rate(&model, &task->core, 1);
    const double bytes = bytes_of(pieces, count);
    const NsimRoute *reads = route_of(&model, &flows[0], 0);
    if (gap_ps == 0)
        return to_time(bytes / rate * 1e12 + latency(&model, reads));
    /* Piece by piece: in the gap a link with a window gets ready for a burst, and each piece ends with the arrival of
     * its last round of lines. */
    const double saved_ps = MIN((double)gap_ps, slack(&model, reads)) * (count - 1);
    const double in_flight = flows[0].window_lines / (flows[0].fetch ? 2.0 : 1.0);
    const double rounds = bytes / count / (double)NSIM_LINE_BYTES / in_flight;
    const double partial = rounds - (double)(uint64_t)rounds;
    const double fill_ps = latency(&model, reads) * (partial > 0 ? 1 - partial : 0);
    const double least_ps = bytes / window_rate(&model, &flows[0]) * 1e12;
    return to_time(MAX(bytes / rate * 1e12 - saved_ps, least_ps) + fill_ps * count);
}

NsimTime
predict_cpu(const Task *task, const NsimPiece *pieces, uint32_t count, const uint32_t *cores, uint32_t core_count)
{
    const NsimMover *mover = task->mover;
    const NsimMachine *machine = mover->setup.machine;
    if (core_count == 0)
        return NSIM_TIME_MAX;
    g_autofree Flow *flows = g_new0(Flow, machine->accessor_count);
    g_autofree double *demand = g_new0(double, machine->resource_count);
    Model model = {.task = task, .piece = &pieces[0], .flows = flows, .demand_ppm = demand};
    double most = bytes_of(pieces, count) / core_count;
    if (count >= core_count)
        most = bytes_of(pieces, count) * ((count + core_count - 1) / core_count) / count;
    /* The first workers begin alone, while the initiator still hands out work to the others. */
    const double alone = worker_rate(&model, cores, 1);
    const double together = worker_rate(&model, cores, core_count);
    const double dispatch_ps = (double)mover->costs->dispatch_ps;
    const double last_ps = MAX(dispatch_ps * core_count + most / alone * 1e12, dispatch_ps + most / together * 1e12);
    return to_time(last_ps + (double)mover->costs->wake_ps + latency(&model, route_of(&model, &flows[0], 0)));
}

NsimTime
predict_dma(const Task *task, const NsimPiece *pieces, uint32_t count, uint32_t engine, uint32_t channels,
            NsimTime queue_ps)
{
    const NsimMover *mover = task->mover;
    const NsimCopyEngine *model_engine = &mover->setup.machine->engines[engine];
    const uint32_t group = model_engine->group_channels, groups = (channels + group - 1) / group;
    g_autofree Flow *flows = g_new0(Flow, groups);
    g_autofree double *demand = g_new0(double, mover->setup.machine->resource_count);
    const double bytes = bytes_of(pieces, count);
    const double mapping = (double)pieces[0].mapping_lines * (double)NSIM_LINE_BYTES;
    const double mapping_ps =
        mapping / (double)model_engine->channel_bytes_per_s * 1e12 + (double)model_engine->translate_ps;
    Model model = {.task = task, .piece = &pieces[0], .flows = flows, .flow_count = groups, .demand_ppm = demand};
    for (uint32_t g = 0; g < groups; g++)
        flows[g] = (Flow){.agent = nsim_fabric_engine_agent(mover->setup.fabric, engine),
                          .streams = MIN(group, channels - g * group),
                          .window_lines = model_engine->window_lines,
                          .hold = true,
                          .own_bytes_per_s = mapping / mapping_ps * 1e12};
    solve(&model);
    double slowest = 0;
    for (uint32_t g = 0; g < groups; g++) {
        const double one = flows[g].bytes_per_s / flows[g].streams;
        slowest = g == 0 || one < slowest ? one : slowest;
    }
    const double share = (double)((count + channels - 1) / channels); /* descriptors of the busiest channel */
    const double lists = MAX((double)count / model_engine->list_max, (double)channels);
    const double channel_ps = bytes * share / count / slowest * 1e12 + share * (double)model_engine->descriptor_ps;
    const double serial_ps = count * (double)model_engine->map_ps + lists * (double)model_engine->submit_ps;
    const double completions_ps = lists * (double)model_engine->completion_ps;
    /* The first channel begins after its own list; the last one after all first lists. */
    const double first_ps =
        MIN(serial_ps, channels * (MIN(share, (double)model_engine->list_max) * (double)model_engine->map_ps +
                                   (double)model_engine->submit_ps));
    const double work_ps = MAX(serial_ps + completions_ps, first_ps + channel_ps + (double)model_engine->completion_ps);
    return to_time(work_ps + latency(&model, route_of(&model, &flows[0], 0)) + (double)queue_ps);
}
