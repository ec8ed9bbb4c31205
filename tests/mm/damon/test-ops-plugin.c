/* SPDX-License-Identifier: MIT */
/*
 * Goal: operations of a plug-in are asked as built-in ones are, and no answer of theirs does harm. Method: fvaddr made
 * anew from public questions has the regions of the built-in one; answers that are not sound end the run with a
 * message.
 */
#include "test-damos.h"

#include "rig.h"

#include <string.h>

#include <CUnit/CUnit.h>

#define PAGE ((uint64_t)4096)
/* Where box_add() puts a space. */
#define BASE ((uint64_t)0x80000 << 21)

/* One space, by its virtual addresses; `bad` says which answer is not sound. */
typedef struct {
    uint64_t bytes;
    const char *bad;
} Own;

static bool
is_bad(const Own *own, const char *what)
{
    return own->bad != NULL && strcmp(own->bad, what) == 0;
}

static uint32_t
own_ranges(void *data, NsimHost *host, const NsimDamonTargetInfo *target, NsimDamonRange *ret, NsimTime *ret_cost_ps)
{
    const Own *own = data;
    (void)host, (void)target;
    ret[0] = (NsimDamonRange){BASE, BASE + own->bytes};
    if (is_bad(own, "many"))
        return UINT32_MAX;
    if (is_bad(own, "odd"))
        ret[0].end--;
    if (is_bad(own, "empty"))
        ret[0].end = ret[0].start;
    if (is_bad(own, "far"))
        ret[0].end = UINT64_MAX & ~(PAGE - 1);
    ret[1] = ret[0];
    *ret_cost_ps = is_bad(own, "slow") ? UINT64_MAX : 0;
    return is_bad(own, "overlap") ? 2 : is_bad(own, "none") ? 0 : 1;
}

static bool
clear(NsimHost *host, uint64_t address)
{
    NsimPage page;
    return nsim_page_at(host, 0, address, &page) && nsim_clear_young(host, 0, page, 1, 0, NULL) > 0;
}

static void
own_prepare(void *data, NsimHost *host, const NsimDamonProbe *probe, NsimTime *ret_cost_ps)
{
    (void)data;
    (void)clear(host, probe->address);
    *ret_cost_ps = 400 * NSIM_NS;
}

static bool
own_accessed(void *data, NsimHost *host, const NsimDamonProbe *probe, NsimTime *ret_cost_ps)
{
    (void)data;
    CU_ASSERT_TRUE(probe->start <= probe->address && probe->address < probe->end);
    *ret_cost_ps = 400 * NSIM_NS;
    return clear(host, probe->address);
}

static bool
own_pages(void *data, NsimHost *host, uint32_t kdamond, uint32_t target, uint64_t address, NsimDamonPages *ret)
{
    const Own *own = data;
    (void)kdamond, (void)target;
    if (!nsim_page_at(host, 0, address, &ret->page))
        return false;
    ret->space = is_bad(own, "space") ? 9 : 0;
    ret->page = is_bad(own, "page") ? UINT64_MAX : ret->page;
    ret->count = is_bad(own, "count") ? UINT64_MAX : 1;
    return true;
}

static NsimDamonOpsClass
own_class(void)
{
    return (NsimDamonOpsClass){.struct_size = sizeof(NsimDamonOpsClass),
                               .actions = 1u << NSIM_DAMOS_MIGRATE_COLD,
                               .name = "own",
                               .summary = "own",
                               .ranges = own_ranges,
                               .prepare = own_prepare,
                               .accessed = own_accessed,
                               .pages = own_pages};
}

static void
open_rig(Rig *rig, Own *own)
{
    const NsimDamonOpsClass class = own_class();
    rig_open(rig, 64, 64, 8, 1);
    rig_start(rig);
    (void)nsim_space_place(rig->box.spaces[0], 0, rig->box.spaces[0]->page_count, 0);
    own->bytes = rig->box.spaces[0]->page_count * PAGE;
    rig->hot_pages = 400;
    rig->accesses_per_tick = 400;
    CU_ASSERT_TRUE(nsim_damon_ops(&rig->box.mm->host, &class, own, NULL));
}

static void
start(Rig *rig, const char *ops, bool moves)
{
    NsimDamonContextPlan *context;
    NsimDamonPlan *plan = rig_plan(&context);
    CU_ASSERT_TRUE(nsim_damon_set_ops(context, ops));
    const NsimDamonRange range = {BASE, BASE + rig->box.spaces[0]->page_count * PAGE};
    g_array_append_val(rig_add_target(context)->ranges, range);
    if (moves)
        (void)rig_add_scheme(context, NSIM_DAMOS_MIGRATE_COLD, 1);
    rig_damon(rig, plan);
}

static void
test_equal(void)
{
    Own owns[2] = {0};
    Rig rigs[2];
    for (int i = 0; i < 2; i++) {
        open_rig(&rigs[i], &owns[i]);
        start(&rigs[i], i == 0 ? "fvaddr" : "plugin:own", false);
        rig_access(&rigs[i]);
    }
    for (NsimTime until_ps = 50 * NSIM_MS; until_ps < 3 * NSIM_S; until_ps += 50 * NSIM_MS) {
        const NsimDamonTarget *targets[2];
        for (int i = 0; i < 2; i++) {
            rig_run(&rigs[i], until_ps);
            targets[i] = nsim_kdamond_context(nsim_damon_session_at(rigs[i].session, 0))->targets;
        }
        CU_ASSERT_EQUAL_FATAL(targets[0]->count, targets[1]->count);
        for (uint32_t r = 0; r < targets[0]->count; r++) {
            const NsimDamonRegion *a = &targets[0]->regions[r], *b = &targets[1]->regions[r];
            CU_ASSERT_TRUE(a->start == b->start && a->end == b->end && a->nr_accesses == b->nr_accesses &&
                           a->age == b->age);
        }
    }
    for (int i = 0; i < 2; i++)
        rig_close(&rigs[i]);
}

static void
test_hostile(void)
{
    static const char *const bads[] = {"many",  "odd",  "empty", "far",  "overlap", "slow",
                                       "space", "page", "count", "none", NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(bads); i++) {
        Own own = {.bad = bads[i]};
        Rig rig;
        open_rig(&rig, &own);
        start(&rig, "plugin:own", true);
        rig_run(&rig, 300 * NSIM_MS);
        const bool sound = bads[i] == NULL || strcmp(bads[i], "none") == 0;
        CU_ASSERT_EQUAL(rig.box.mm->failure == NULL, sound);
        CU_ASSERT_TRUE(sound || strstr(rig.box.mm->failure, "operations 'own': ") != NULL);
        CU_ASSERT_EQUAL(rig_count(&rig, 0, 4096, 1), bads[i] == NULL ? 4096 : 0);
        rig_close(&rig);
    }
}

static void
test_register(void)
{
    Own own = {0};
    Rig rig;
    open_rig(&rig, &own);
    NsimDamonOpsClass bad[8];
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        bad[i] = own_class();
    bad[1].name = "own:own";
    bad[2].name = "No";
    bad[3].name = NULL;
    bad[4].struct_size++;
    bad[5].ranges = NULL;
    bad[6].actions = UINT32_MAX;
    bad[7].struct_size = 8;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        bad[i].pages = i == 0 ? bad[i].pages : NULL;
        CU_ASSERT_FALSE(nsim_damon_ops(&rig.box.mm->host, &bad[i], &own, &error));
        CU_ASSERT_PTR_NOT_NULL(error);
    }
    rig_close(&rig);
}

bool
test_ops_plugin_register(void)
{
    CU_pSuite suite = CU_add_suite("operations of plug-ins", NULL, NULL);
    return suite && CU_add_test(suite, "equal to fvaddr", test_equal) &&
           CU_add_test(suite, "hostile answers", test_hostile) && CU_add_test(suite, "registering", test_register);
}
