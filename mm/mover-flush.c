/* SPDX-License-Identifier: MIT */
/*
 * TLB shootdowns: interrupting the CPUs that ran an address space, and what whoever asks for it waits.
 *
 * Source: the formula below, with the costs of docs/migration.md. Left out: lazy TLB mode; tracking which pages a CPU
 * really holds.
 */
#include <mm/mover-private.h>

#include <sim/assert.h>

/* Interrupt the CPUs that run threads of a space, but `core`; their time is in the books of `task` unless NULL. Returns
 * how many. */
static uint32_t
interrupt_mask(NsimMover *mover, NsimSpaceId space, uint32_t own_core, uint64_t rounds, Task *task, NsimTime now_ps)
{
    const NsimMigrationCosts *costs = mover->costs;
    const GArray *mask = mover->masks[space];
    uint32_t targets = 0;
    for (guint i = 0; i < mask->len; i++) {
        const uint32_t core = g_array_index(mask, uint32_t, i);
        if (core == own_core)
            continue;
        targets++;
        if (costs->broadcast || rounds == 0)
            continue;
        const NsimTime stolen_ps = rounds * costs->flush_stolen_ps;
        (void)nsim_cpus_run(mover->setup.cpus, core, now_ps, stolen_ps);
        if (task != NULL)
            mover_charge(task, mover->accessor_payers[mover->setup.cpus->cores[core].accessor], NSIM_PHASE_FLUSH,
                         stolen_ps);
    }
    mover->stats.shootdowns += costs->broadcast ? 0 : targets * rounds;
    return targets;
}

/* What whoever asks for a shootdown waits. */
static NsimTime
shoot_down_time(const NsimMover *mover, uint64_t base_pages, uint64_t huge_folios, uint32_t targets)
{
    const NsimMigrationCosts *costs = mover->costs;
    const uint64_t rounds = huge_folios + (base_pages > 0 ? 1 : 0);
    const uint64_t singly = huge_folios + (base_pages <= costs->flush_ceiling ? base_pages : 0);
    return rounds * (costs->flush_base_ps + targets * costs->flush_target_ps) + singly * costs->flush_page_ps;
}

/*
 * Shootdown of the other CPUs that ran the address space: t_base + targets x t_target + pages x t_page while there are
 * few of them, once for all base pages and once for each huge page. The task's own TLB is part of unmapping.
 */
NsimTime
flush_shoot_down(Task *task, uint64_t base_pages, uint64_t huge_folios, NsimTime now_ps)
{
    const uint64_t rounds = huge_folios + (base_pages > 0 ? 1 : 0);
    const uint32_t targets = interrupt_mask(task->mover, task->space, task->core, rounds, task, now_ps);
    if (targets == 0 || rounds == 0)
        return now_ps;
    const NsimTime cost_ps = shoot_down_time(task->mover, base_pages, huge_folios, targets);
    return mover_work(task, NSIM_PHASE_FLUSH, now_ps, cost_ps);
}

void
nsim_mover_interrupt(NsimMover *mover, NsimAccessorId accessor, uint32_t core, NsimTime ps, NsimTime now_ps)
{
    const uint32_t index = nsim_cpus_find(mover->setup.cpus, accessor, core);
    nsim_assert(index != NSIM_CORE_NONE);
    (void)nsim_cpus_run(mover->setup.cpus, index, now_ps, ps);
}

NsimTime
nsim_mover_flush(NsimMover *mover, NsimSpaceId space, uint64_t pages, NsimAccessorId accessor, uint32_t core,
                 NsimTime now_ps)
{
    const uint32_t own_core = nsim_cpus_find(mover->setup.cpus, accessor, core);
    const uint32_t targets = interrupt_mask(mover, space, own_core, 1, NULL, now_ps);
    return targets == 0 ? 0 : shoot_down_time(mover, pages, 0, targets);
}
