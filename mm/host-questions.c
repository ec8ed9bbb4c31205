/* SPDX-License-Identifier: MIT */
/* What a policy may ask about the machine, memory and, with NSIM_CAP_FUTURE, the trace. */
#include <mm/host-private.h>

#include <sim/time.h>
#include <string.h>

static NsimTime
host_now(const NsimHost *host)
{
    return mm_of(host)->now_ps;
}

static uint32_t
host_node_count(const NsimHost *host)
{
    return mm_of(host)->machine->node_count;
}

static uint32_t
host_accessor_count(const NsimHost *host)
{
    return mm_of(host)->machine->accessor_count;
}

static uint32_t
host_space_count(const NsimHost *host)
{
    return mm_of(host)->space_count;
}

static bool
host_node_info(const NsimHost *host, NsimNodeId node, NsimNodeInfo *info)
{
    const NsimMm *mm = mm_of(host);
    if (node >= mm->machine->node_count)
        return false;
    const NsimMemoryNode *from = &mm->machine->nodes[node];
    const NsimNodeInfo full = {.nid = from->nid,
                               .id = from->id,
                               .kind = from->kind,
                               .capacity_pages = mm->memory->nodes[node].capacity_pages,
                               .read_bytes_per_s = from->read_bytes_per_s,
                               .write_bytes_per_s = from->write_bytes_per_s};
    answer(info, &full, sizeof full);
    return true;
}

static bool
host_accessor_info(const NsimHost *host, NsimAccessorId accessor, NsimAccessorInfo *info)
{
    const NsimMm *mm = mm_of(host);
    if (accessor >= mm->machine->accessor_count)
        return false;
    const NsimAccessor *from = &mm->machine->accessors[accessor];
    const NsimAccessorInfo full = {.kind = from->kind, .id = from->id, .core_count = from->core_count};
    answer(info, &full, sizeof full);
    return true;
}

static bool
host_route_info(const NsimHost *host, NsimAccessorId accessor, NsimNodeId node, NsimRouteInfo *info)
{
    const NsimMachine *machine = mm_of(host)->machine;
    if (accessor >= machine->accessor_count || node >= machine->node_count)
        return false;
    const NsimRoute *read = nsim_machine_route(machine, accessor, node, NSIM_DIR_READ);
    const NsimRoute *write = nsim_machine_route(machine, accessor, node, NSIM_DIR_WRITE);
    const NsimRouteInfo full = {.reachable = read->reachable,
                                .latency_read_ps = read->fixed_ps,
                                .latency_write_ps = write->fixed_ps,
                                .read_bytes_per_s = read->bytes_per_s,
                                .write_bytes_per_s = write->bytes_per_s};
    answer(info, &full, sizeof full);
    return true;
}

static uint32_t
host_route_hops(const NsimHost *host, NsimAccessorId accessor, NsimNodeId node, bool write, uint32_t hop_max,
                NsimRouteHop *ret_hops)
{
    const NsimMachine *machine = mm_of(host)->machine;
    if (accessor >= machine->accessor_count || node >= machine->node_count)
        return 0;
    const NsimDir dir = write ? NSIM_DIR_WRITE : NSIM_DIR_READ;
    const NsimRoute *route = nsim_machine_route(machine, accessor, node, dir);
    const uint32_t count = MIN(route->hop_count, hop_max);
    for (uint32_t h = 0; h < count; h++) {
        uint32_t service_ps = route->hops[h].service_ps;
        /* A node with a curve: its highest measured rate. */
        if (route->hops[h].resource == machine->nodes[node].resource[dir] && machine->nodes[node].curve.mix_count > 0)
            service_ps = (uint32_t)nsim_time_of_transfer(
                NSIM_LINE_BYTES, nsim_curve_rate_max(&machine->nodes[node].curve, write ? 500000 : 1000000));
        ret_hops[h] = (NsimRouteHop){route->hops[h].resource, service_ps};
    }
    return count;
}

static uint32_t
host_resource_count(const NsimHost *host)
{
    return mm_of(host)->machine->resource_count;
}

static bool
host_space_info(const NsimHost *host, NsimSpaceId space, NsimSpaceInfo *info)
{
    const NsimMm *mm = mm_of(host);
    if (space >= mm->space_count)
        return false;
    const NsimSpaceInfo full = {.region_count = mm->spaces[space]->region_count,
                                .page_count = mm->spaces[space]->page_count,
                                .workload = mm->spaces[space]->workload,
                                .page_bytes = (uint64_t)1 << mm->spaces[space]->page_shift,
                                .resident_pages = mm->spaces[space]->resident_count};
    answer(info, &full, sizeof full);
    return true;
}

static bool
host_region_info(const NsimHost *host, NsimSpaceId space, uint32_t region, NsimRegionInfo *info)
{
    const NsimMm *mm = mm_of(host);
    if (space >= mm->space_count || region >= mm->spaces[space]->region_count)
        return false;
    const NsimSpaceRegion *from = &mm->spaces[space]->regions[region];
    const NsimRegionInfo full = {.unit_pages = from->unit_pages,
                                 .first = from->first,
                                 .count = from->count,
                                 .address = from->address,
                                 .name = from->name};
    answer(info, &full, sizeof full);
    return true;
}

static NsimNodeId
host_node_by_id(const NsimHost *host, const char *id_or_nid)
{
    return nsim_machine_find_node(mm_of(host)->machine, id_or_nid);
}

static NsimNodeId
host_node_by_rank(const NsimHost *host, NsimAccessorId accessor, uint32_t rank)
{
    const NsimMachine *machine = mm_of(host)->machine;
    if (accessor >= machine->accessor_count || rank >= machine->node_count)
        return NSIM_NODE_NONE;
    return machine->order[(size_t)accessor * machine->node_count + rank];
}

static uint64_t
host_free_pages(const NsimHost *host, NsimNodeId node)
{
    const NsimMm *mm = mm_of(host);
    return node < mm->machine->node_count ? nsim_memory_free_pages(mm->memory, node) : 0;
}

static NsimNodeId
host_page_node(const NsimHost *host, NsimSpaceId space, NsimPage page)
{
    const NsimMm *mm = mm_of(host);
    if (space >= mm->space_count || page >= mm->spaces[space]->page_count)
        return NSIM_NODE_NONE;
    const uint16_t state = nsim_space_state(mm->spaces[space], page);
    return (state & NSIM_PAGE_ABSENT) != 0 ? NSIM_NODE_NONE : (NsimNodeId)(state & NSIM_PAGE_NODE);
}

static bool
host_page_at(const NsimHost *host, NsimSpaceId space, uint64_t address, NsimPage *ret_page)
{
    const NsimMm *mm = mm_of(host);
    return space < mm->space_count && nsim_space_page_at(mm->spaces[space], address, ret_page);
}

static uint64_t
host_random(NsimHost *host)
{
    return nsim_random_u64(&mm_of(host)->random);
}

static uint64_t *
host_counters(NsimHost *host)
{
    return mm_of(host)->counters;
}

static bool
host_future_lines(const NsimHost *host, NsimSpaceId space, NsimAccessorId accessor, NsimPage page, uint32_t count,
                  uint32_t *ret_reads, uint32_t *ret_writes)
{
    const NsimMm *mm = mm_of(host);
    if (mm->future == NULL || space >= mm->space_count || accessor >= mm->machine->accessor_count ||
        !in_space(mm->spaces[space], page, count))
        return false;
    const size_t row = (size_t)space * mm->future->accessor_count + accessor;
    const uint32_t *const from[] = {mm->future->reads[row], mm->future->writes[row]};
    uint32_t *const to[] = {ret_reads, ret_writes};
    for (int i = 0; i < 2; i++) {
        if (to[i] != NULL && from[i] != NULL)
            memcpy(to[i], &from[i][page], count * sizeof *to[i]);
        else if (to[i] != NULL)
            memset(to[i], 0, count * sizeof *to[i]);
    }
    return true;
}

static bool
host_future_compute(const NsimHost *host, NsimAccessorId accessor, NsimTime *ret_gap_ps, uint32_t *ret_window_lines)
{
    const NsimMm *mm = mm_of(host);
    if (mm->future == NULL || accessor >= mm->machine->accessor_count)
        return false;
    *ret_gap_ps = mm->future->gap_ps[accessor];
    *ret_window_lines = mm->future->window_lines[accessor];
    return true;
}

void
host_questions_ops(NsimHostOps *ops)
{
    ops->now = host_now;
    ops->node_count = host_node_count;
    ops->accessor_count = host_accessor_count;
    ops->space_count = host_space_count;
    ops->node_info = host_node_info;
    ops->accessor_info = host_accessor_info;
    ops->route_info = host_route_info;
    ops->space_info = host_space_info;
    ops->region_info = host_region_info;
    ops->node_by_id = host_node_by_id;
    ops->node_by_rank = host_node_by_rank;
    ops->free_pages = host_free_pages;
    ops->page_node = host_page_node;
    ops->random = host_random;
    ops->counters = host_counters;
    ops->future_lines = host_future_lines;
    ops->future_compute = host_future_compute;
    ops->route_hops = host_route_hops;
    ops->resource_count = host_resource_count;
    ops->page_at = host_page_at;
}
