/* SPDX-License-Identifier: MIT */
/* Cores: who runs on them, kernel work, and which ones copy workers take. */
#include <mm/cpus.h>

#include <sim/assert.h>

NsimCpus *
nsim_cpus_new(const NsimMachine *machine)
{
    NsimCpus *cpus = g_new0(NsimCpus, 1);
    cpus->machine = machine;
    cpus->first = g_new0(uint32_t, machine->accessor_count + 1);
    for (uint32_t a = 0; a < machine->accessor_count; a++)
        cpus->first[a + 1] = cpus->first[a] + machine->accessors[a].core_count;
    cpus->core_count = cpus->first[machine->accessor_count];
    cpus->cores = g_new0(NsimCpuCore, cpus->core_count);
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        for (uint32_t c = 0; c < machine->accessors[a].core_count; c++) {
            cpus->cores[cpus->first[a] + c].accessor = (NsimAccessorId)a;
            cpus->cores[cpus->first[a] + c].number = (uint16_t)c;
        }
    }
    return cpus;
}

void
nsim_cpus_free(NsimCpus *cpus)
{
    if (cpus == NULL)
        return;
    g_free(cpus->cores);
    g_free(cpus->first);
    g_free(cpus);
}

uint32_t
nsim_cpus_find(const NsimCpus *cpus, NsimAccessorId accessor, uint32_t number)
{
    if (accessor >= cpus->machine->accessor_count || number >= cpus->machine->accessors[accessor].core_count)
        return NSIM_CORE_NONE;
    return cpus->first[accessor] + number;
}

static void
steal(NsimCpus *cpus, const NsimCpuCore *core, NsimTime ps)
{
    if (ps > 0 && core->thread_count > 0 && cpus->steal != NULL)
        cpus->steal(cpus->steal_context, core->accessor, core->number, ps);
}

NsimTime
nsim_cpus_run(NsimCpus *cpus, uint32_t index, NsimTime from_ps, NsimTime work_ps)
{
    NsimCpuCore *core = &cpus->cores[index];
    core->kernel_free_ps = MAX(core->kernel_free_ps, from_ps) + work_ps;
    core->kernel_ps += work_ps;
    steal(cpus, core, work_ps);
    return core->kernel_free_ps;
}

void
nsim_cpus_begin(NsimCpus *cpus, uint32_t index)
{
    cpus->cores[index].work_count++;
}

void
nsim_cpus_spend(NsimCpus *cpus, uint32_t index, NsimTime until_ps, NsimTime ps)
{
    NsimCpuCore *core = &cpus->cores[index];
    core->kernel_free_ps = MAX(core->kernel_free_ps, until_ps);
    core->kernel_ps += ps;
    steal(cpus, core, ps);
}

void
nsim_cpus_end(NsimCpus *cpus, uint32_t index)
{
    nsim_assert(cpus->cores[index].work_count > 0);
    cpus->cores[index].work_count--;
}

/* ---- Choosing ------------------------------------------------------------------------------------------------- */

static bool
is_idle(const NsimCpuCore *core, NsimTime now_ps)
{
    return core->thread_count == 0 && core->work_count == 0 && core->kernel_free_ps <= now_ps;
}

static NsimTime
distance(const NsimCpus *cpus, NsimAccessorId accessor, NsimNodeId node)
{
    const NsimRoute *route = nsim_machine_route(cpus->machine, accessor, node, NSIM_DIR_READ);
    return route->reachable ? route->fixed_ps : NSIM_TIME_MAX;
}

/* Can its cores copy between the two nodes? */
static bool
can_copy(const NsimCpus *cpus, NsimAccessorId accessor, NsimNodeId source, NsimNodeId destination)
{
    return cpus->machine->accessors[accessor].kind == NSIM_ACCESSOR_CPU &&
           nsim_machine_route(cpus->machine, accessor, source, NSIM_DIR_READ)->reachable &&
           nsim_machine_route(cpus->machine, accessor, destination, NSIM_DIR_WRITE)->reachable;
}

/* How busy a core is with work that does not give way. */
static uint32_t
burden(const NsimCpuCore *core, NsimTime now_ps)
{
    const uint32_t kernel = core->work_count > 0 || core->kernel_free_ps > now_ps ? 2 : 0;
    return kernel + (core->thread_count > 0 ? 1 : 0);
}

uint32_t
nsim_cpus_idlest(const NsimCpus *cpus, NsimNodeId source, NsimNodeId destination, NsimTime now_ps)
{
    uint32_t best = NSIM_CORE_NONE;
    for (uint32_t c = 0; c < cpus->core_count; c++) {
        const NsimCpuCore *core = &cpus->cores[c];
        if (!can_copy(cpus, core->accessor, source, destination))
            continue;
        if (best == NSIM_CORE_NONE) {
            best = c;
            continue;
        }
        const NsimCpuCore *other = &cpus->cores[best];
        const uint32_t mine = burden(core, now_ps), its = burden(other, now_ps);
        if (mine < its ||
            (mine == its && distance(cpus, core->accessor, destination) < distance(cpus, other->accessor, destination)))
            best = c;
    }
    return best;
}

/* Accessors whose cores may copy, nearest to `near` first; equal ones in the machine's order. Returns how many. */
static uint32_t
order_accessors(const NsimCpus *cpus, NsimNodeId near, NsimNodeId source, NsimNodeId destination, NsimAccessorId *order)
{
    uint32_t count = 0;
    for (uint32_t a = 0; a < cpus->machine->accessor_count; a++) {
        if (!can_copy(cpus, (NsimAccessorId)a, source, destination))
            continue;
        uint32_t place = count++;
        for (; place > 0 && distance(cpus, order[place - 1], near) > distance(cpus, (NsimAccessorId)a, near); place--)
            order[place] = order[place - 1];
        order[place] = (NsimAccessorId)a;
    }
    return count;
}

/* The next cores of accessors order[from .. to): one of each in turn, or all of one after the other. */
static uint32_t
take_cores(const NsimCpus *cpus, const NsimAccessorId *order, uint32_t from, uint32_t to, bool fill, bool idle_only,
           NsimTime now_ps, uint32_t count, uint32_t *ret_cores)
{
    uint32_t found = 0, most = 0;
    for (uint32_t i = from; i < to; i++)
        most = MAX(most, cpus->machine->accessors[order[i]].core_count);
    const uint32_t outer_end = fill ? to - from : most, inner_end = fill ? most : to - from;
    for (uint32_t outer = 0; outer < outer_end && found < count; outer++) {
        for (uint32_t inner = 0; inner < inner_end && found < count; inner++) {
            const NsimAccessorId accessor = order[from + (fill ? outer : inner)];
            const uint32_t number = fill ? inner : outer;
            const uint32_t core = nsim_cpus_find(cpus, accessor, number);
            if (core != NSIM_CORE_NONE && (!idle_only || is_idle(&cpus->cores[core], now_ps)))
                ret_cores[found++] = core;
        }
    }
    return found;
}

/* The idlest cores; of equal ones, near the destination and spread over the clusters. */
static uint32_t
take_idlest(const NsimCpus *cpus, const NsimAccessorId *order, uint32_t accessors, bool idle_only, NsimTime now_ps,
            uint32_t count, uint32_t *ret_cores)
{
    g_autofree uint32_t *all = g_new(uint32_t, cpus->core_count);
    const uint32_t total = take_cores(cpus, order, 0, accessors, false, idle_only, now_ps, cpus->core_count, all);
    uint32_t found = 0;
    for (uint32_t load = 0; load <= 3 && found < count; load++) {
        for (uint32_t i = 0; i < total && found < count; i++) {
            if (burden(&cpus->cores[all[i]], now_ps) == load)
                ret_cores[found++] = all[i];
        }
    }
    return found;
}

uint32_t
nsim_cpus_choose(const NsimCpus *cpus, NsimSpread spread, NsimNodeId source, NsimNodeId destination, bool idle_only,
                 NsimTime now_ps, uint32_t count, uint32_t *ret_cores)
{
    const NsimNodeId near = spread == NSIM_SPREAD_SOURCE ? source : destination;
    g_autofree NsimAccessorId *order = g_new(NsimAccessorId, cpus->machine->accessor_count + 1);
    const uint32_t accessors = order_accessors(cpus, near, source, destination, order);
    if (spread == NSIM_SPREAD_IDLE)
        return take_idlest(cpus, order, accessors, idle_only, now_ps, count, ret_cores);

    const bool bound = spread == NSIM_SPREAD_SOURCE || spread == NSIM_SPREAD_DESTINATION;
    uint32_t found = 0;
    for (uint32_t from = 0, to; from < accessors && found < count; from = to) {
        /* Clusters at the same distance belong together: a socket is used up before the next one is. */
        for (to = from + 1; to < accessors && distance(cpus, order[to], near) == distance(cpus, order[from], near);
             to++)
            continue;
        found += take_cores(cpus, order, from, to, spread == NSIM_SPREAD_FILL, idle_only, now_ps, count - found,
                            ret_cores + found);
        if (bound)
            break;
    }
    return found;
}
