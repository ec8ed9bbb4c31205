/* SPDX-License-Identifier: MIT */
/* The workloads of tiering tests. */
#include "paced.h"

#include <stdio.h>

#include <CUnit/CUnit.h>

#define TICK_PS NSIM_MS
/* Populating is computing: its gaps are too short to be sleep. */
#define SLEEP_PS (100 * NSIM_US)
#define STEP_PS (90 * NSIM_US)

/* Of the tenths of the area, the one that is hot at a time. */
uint32_t
paced_hot_first(const Paced *paced, NsimTime now_ps)
{
    static const uint32_t windows[] = {4, 1, 7, 3, 9, 0};
    if (paced->window_ps == 0)
        return PACED_HOT_FIRST;
    return PACED_HOT_PAGES * windows[now_ps / paced->window_ps % G_N_ELEMENTS(windows)];
}

bool
paced_next(void *context, NsimBurst *ret)
{
    Paced *paced = context;
    if (paced->now_ps >= paced->until_ps)
        return false;
    const bool hot = nsim_random_u64(&paced->random) % 10 < 9;
    const uint64_t draw = nsim_random_u64(&paced->random);
    uint32_t page = (uint32_t)(draw % (hot ? PACED_HOT_PAGES : PACED_PAGES - PACED_HOT_PAGES));
    const uint32_t first = paced_hot_first(paced, paced->now_ps);
    if (hot)
        page += first;
    else if (page >= first)
        page += PACED_HOT_PAGES;
    NsimTime gap_ps = paced->gap_ps;
    if (paced->now_ps < paced->before_ps) {
        gap_ps = STEP_PS;
    } else if (++paced->in_tick > paced->per_tick) {
        paced->in_tick = 1;
        gap_ps = TICK_PS - (paced->per_tick - 1) * (NsimTime)paced->gap_ps;
    }
    paced->now_ps += gap_ps;
    *ret = (NsimBurst){.page = page, .count = 1, .gap = (uint32_t)gap_ps};
    return true;
}

Rig *
paced_rig(Paced *paced, NsimTime hint_ps, NsimTime start_ps)
{
    g_autofree char *text = g_strdup_printf(
        "nodes:\n"
        "  - {id: D, kind: dram, capacity: 384MiB, latency: 80ns, read: 100GB/s, at: C}\n"
        "  - {id: X, kind: cxl, capacity: 512MiB, latency: 250ns, read: 30GB/s, at: C}\n"
        "accessors: [{id: C, cores: 3, window: {random: 10}, fault: {minor: 1us, hint: %" G_GUINT64_FORMAT "ps}}]\n"
        "migration: {start: %" G_GUINT64_FORMAT "ps}\n",
        hint_ps, start_ps);
    const NsimMoverConfig config = nsim_mover_config_default();
    Rig *rig = rig_new(text, PACED_PAGES + 8);
    rig_give_mover(rig, &config);
    nsim_random_init(&paced->random, 1, "paced");
    rig_add_func(rig, 0, paced_next, paced)->sleep_ps = SLEEP_PS;
    return rig;
}

void
paced_place(Rig *rig)
{
    rig_place(rig, 0, PACED_PAGES, 1);
    rig_place(rig, PACED_PAGES, 8, 0);
}

uint32_t
paced_near(const Rig *rig, uint32_t first, bool hot)
{
    uint32_t near = 0;
    for (uint32_t p = 0; p < PACED_PAGES; p++) {
        const bool is_hot = p >= first && p < first + PACED_HOT_PAGES;
        near += is_hot == hot && (nsim_space_state(rig->space, p) & NSIM_PAGE_NODE) == 0;
    }
    return near;
}

bool
toucher_next(void *context, NsimBurst *ret)
{
    Toucher *toucher = context;
    const bool waits = toucher->now_ps < toucher->from_ps;
    if (toucher->now_ps >= toucher->until_ps)
        return false;
    toucher->now_ps += NSIM_US;
    if (waits)
        *ret =
            (NsimBurst){.op = NSIM_OP_BARRIER, .page = UINT32_MAX, .gap = (uint32_t)NSIM_US}; /* of no group: a gap */
    else
        *ret = (NsimBurst){.page = (uint32_t)(toucher->first + toucher->now_ps / NSIM_US % toucher->count),
                           .count = 1,
                           .gap = (uint32_t)NSIM_US};
    return true;
}

NsimPolicySpec *
rig_attach(Rig *rig, const NsimPlugins *plugins, const char *text)
{
    g_autoptr(GError) error = NULL;
    NsimPolicySpec *spec = nsim_policy_spec_parse(plugins, text, &error);
    if (spec == NULL)
        printf("\n    %s", error->message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(spec);
    CU_ASSERT_TRUE_FATAL(nsim_mm_attach(rig->mm, spec->class, spec->config, &error));
    return spec;
}
