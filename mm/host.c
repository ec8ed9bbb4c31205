/* SPDX-License-Identifier: MIT */
/*
 * The core's side of the policy contract: one run's memory and its policy. What the policy asks and decides is answered
 * in files of their own (host-*.c); here are its life, its call-backs and the faults.
 */
#include <mm/host-private.h>

#include <mm/damon/session.h>
#include <sim/assert.h>

/* Faults handed to a policy at once while a workload is loaded. */
#define LOAD_BATCH 64u

/* ---- Call-backs ---------------------------------------------------------------------------------------------- */

static void
tell_done(void *context, const NsimOutcome *outcome)
{
    NsimMm *mm = context;
    mm->now_ps = MAX(mm->now_ps, outcome->time_ps);
    if (mm->reclaim != NULL && nsim_reclaim_done(mm->reclaim, outcome))
        return;
    if (mm->instance != NULL && mm->policy->done != NULL)
        mm->policy->done(mm->instance, &mm->host, outcome);
}

void
nsim_mm_set_mover(NsimMm *mm, NsimMover *mover)
{
    mm->mover = mover;
    nsim_mover_listen_done(mover, tell_done, mm);
}

void
nsim_mm_set_story(NsimMm *mm, NsimStory *story)
{
    mm->story = story;
    if (mm->mover != NULL)
        nsim_mover_set_story(mm->mover, story);
    if (mm->reclaim != NULL)
        nsim_reclaim_lru(mm->reclaim)->story = story;
}

static void
run_timer(void *context, uint64_t cookie)
{
    NsimMm *mm = context;
    if (mm->instance != NULL && mm->policy->timer != NULL)
        mm->policy->timer(mm->instance, &mm->host, cookie);
}

static bool
host_set_timer(NsimHost *host, NsimTime when_ps, uint64_t cookie)
{
    NsimMm *mm = mm_of(host);
    if (when_ps < mm->now_ps)
        return false;
    const NsimEvent event = {
        .time_ps = when_ps, .priority = NSIM_PRIORITY_POLICY, .run = run_timer, .context = mm, .argument = cookie};
    nsim_event_queue_push(mm->events, &event);
    return true;
}

static void
host_fail(NsimHost *host, const char *message)
{
    NsimMm *mm = mm_of(host);
    if (mm->failure == NULL)
        mm->failure = g_strdup_printf("policy '%s': %s", mm->policy != NULL ? mm->policy->name : "", message);
}

/* ---- Life ---------------------------------------------------------------------------------------------------- */

static void
fill_ops(NsimHostOps *ops)
{
    *ops = (NsimHostOps){.struct_size = sizeof(NsimHostOps), .abi_version = NSIM_ABI_VERSION};
    host_questions_ops(ops);
    host_decide_ops(ops);
    host_tasks_ops(ops);
    host_kernel_ops(ops);
    host_sense_ops(ops);
    ops->set_timer = host_set_timer;
    ops->fail = host_fail;
}

NsimMm *
nsim_mm_new(const NsimMachine *machine, NsimMemory *memory, NsimSpace **spaces, uint32_t space_count,
            NsimEventQueue *events, uint64_t seed)
{
    NsimMm *mm = g_new0(NsimMm, 1);
    fill_ops(&mm->ops);
    mm->host.ops = &mm->ops;
    mm->machine = machine;
    mm->memory = memory;
    mm->spaces = spaces;
    mm->space_count = space_count;
    mm->events = events;
    mm->seed = seed;
    mm->fault_thread = NSIM_THREAD_NONE;
    nsim_random_init(&mm->random, seed, "policy");
    nsim_sampler_init(&mm->sampler, machine, seed);
    return mm;
}

void
nsim_mm_free(NsimMm *mm)
{
    if (mm == NULL)
        return;
    nsim_mm_detach(mm);
    nsim_damon_session_free(mm->damon);
    nsim_reclaim_free(mm->reclaim);
    nsim_frames_free(mm->frames);
    nsim_sampler_clear(&mm->sampler);
    g_free(mm->counters);
    g_free(mm->failure);
    g_free(mm);
}

bool
nsim_mm_attach(NsimMm *mm, const NsimPolicyClass *policy, const void *config, GError **error)
{
    mm->policy = policy;
    mm->counters = g_new0(uint64_t, policy->counter_count + 1);
    mm->instance = policy->attach(&mm->host, config, error);
    return mm->instance != NULL;
}

void
nsim_mm_detach(NsimMm *mm)
{
    if (mm->instance != NULL)
        mm->policy->detach(mm->instance, &mm->host);
    mm->instance = NULL;
}

/* Frames and lists have to know of every page from its beginning. */
static bool
nothing_is_placed(const NsimMm *mm, GError **error)
{
    for (uint32_t s = 0; s < mm->space_count; s++) {
        if (mm->spaces[s]->resident_count == 0)
            continue;
        g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION,
                    "physical frames and page replacement must be asked for in 'attach', before pages are placed");
        return false;
    }
    return true;
}

bool
nsim_mm_reclaim(NsimMm *mm, const NsimReclaimConfig *config, GError **error)
{
    if (mm->reclaim != NULL) {
        nsim_reclaim_configure(mm->reclaim, config);
        return true;
    }
    nsim_assert(mm->mover != NULL);
    if (!nothing_is_placed(mm, error) || !nsim_mm_need_frames(mm, error))
        return false;
    const NsimReclaimSetup setup = {
        .machine = mm->machine, .memory = mm->memory, .frames = mm->frames, .mover = mm->mover};
    mm->reclaim = nsim_reclaim_new(&setup, config);
    nsim_reclaim_lru(mm->reclaim)->story = mm->story;
    return true;
}

bool
nsim_mm_need_frames(NsimMm *mm, GError **error)
{
    if (mm->frames == NULL && nothing_is_placed(mm, error))
        mm->frames = nsim_frames_new(mm->memory, mm->spaces, mm->space_count, error);
    return mm->frames != NULL;
}

NsimTime
nsim_mm_stall_ps(const NsimMm *mm)
{
    return mm->reclaim == NULL ? 0
                               : nsim_pressure_total(nsim_reclaim_pressure(mm->reclaim), UINT32_MAX, mm->now_ps, false);
}

const uint64_t *
nsim_mm_counters(const NsimMm *mm)
{
    return mm->counters;
}

/* ---- Faults -------------------------------------------------------------------------------------------------- */

static bool
is_present(const NsimSpace *space, const NsimFault *fault)
{
    uint16_t all, any;
    nsim_space_survey(space, fault->page, fault->count, &all, &any);
    return (any & NSIM_PAGE_ABSENT) == 0;
}

/* Reclaim for `need` pages more: as nsim_reclaim_direct(), before time begins at once. */
bool
nsim_mm_waits(NsimMm *mm, uint32_t thread)
{
    return (mm->mover != NULL && nsim_mover_waits(mm->mover, thread)) ||
           (mm->reclaim != NULL && nsim_reclaim_waits(mm->reclaim, thread));
}

/* (transfer full) */
static char *
out_of_memory(const NsimMm *mm, const NsimFault *fault)
{
    const char *workload = mm->spaces[fault->space]->workload;
    if (mm->reclaim != NULL && nsim_reclaim_room(mm->reclaim, fault->space) < fault->count)
        return g_strdup_printf(
            "out of memory: workload '%s' has reached its group's limit, and nothing of the group can "
            "be written to a disk",
            workload);
    return g_strdup_printf(
        "out of memory: workload '%s' needs more pages than the nodes that accessor '%s' reaches have "
        "left",
        workload, mm->machine->accessors[fault->accessor].id);
}

bool
nsim_mm_fault(NsimMm *mm, const NsimFault *faults, uint32_t count)
{
    nsim_story_faults(mm->story, faults, count);
    /* Hint faults come one by one. */
    const NsimHintOwner owner = faults[0].kind == NSIM_FAULT_HINT ? nsim_damon_hint_owner(mm, faults) : NSIM_HINT_BOTH;
    if (mm->instance != NULL && mm->policy->faults != NULL && owner != NSIM_HINT_DAMON)
        mm->policy->faults(mm->instance, &mm->host, faults, count);
    for (uint32_t i = 0; i < count && mm->failure == NULL; i++) {
        const NsimFault *fault = &faults[i];
        NsimSpace *space = mm->spaces[fault->space];
        const NsimNodeId local = mm->machine->order[(size_t)fault->accessor * mm->machine->node_count];
        if (fault->kind == NSIM_FAULT_HINT) {
            if (owner != NSIM_HINT_POLICY)
                nsim_damon_report_fault(mm, fault);
            continue;
        }
        nsim_story_wants(mm->story, local, false);
        const uint64_t done = host_place(mm, fault->space, fault->page, fault->count, local, fault->accessor, true);
        if (done < fault->count && !(mm->reclaim != NULL && host_find_memory(mm, fault, done, local)))
            mm->failure = out_of_memory(mm, fault);
        else if (mm->reclaim != NULL && mm->fault_thread != NSIM_THREAD_NONE && is_present(space, fault))
            nsim_reclaim_satisfied(mm->reclaim, mm->fault_thread, mm->now_ps);
    }
    nsim_story_faults(mm->story, NULL, 0);
    return mm->failure == NULL;
}

bool
nsim_mm_load(NsimMm *mm, NsimSpaceId space_id, NsimAccessorId accessor)
{
    const NsimSpace *space = mm->spaces[space_id];
    const uint64_t frame_pages = (uint64_t)1 << space->frame_page_shift;
    NsimFault batch[LOAD_BATCH];
    uint32_t filled = 0;
    bool named = false;

    for (uint32_t r = 0; r < space->region_count; r++)
        named |= *space->regions[r].name != '\0';
    for (uint32_t r = 0; r < space->region_count; r++) {
        const NsimSpaceRegion *region = &space->regions[r];
        if (named && *region->name == '\0')
            continue;
        const NsimPage end = region->first + region->count;
        for (NsimPage page = region->first; page < end;) {
            const NsimPage stop = MIN(end, (page | (frame_pages - 1)) + 1);
            batch[filled++] = (NsimFault){.time_ps = mm->now_ps,
                                          .page = page,
                                          .count = (uint32_t)(stop - page),
                                          .space = space_id,
                                          .accessor = accessor,
                                          .kind = NSIM_FAULT_LOAD,
                                          .write = 1};
            page = stop;
            if (filled == LOAD_BATCH || (page == end && r + 1 == space->region_count)) {
                if (!nsim_mm_fault(mm, batch, filled))
                    return false;
                filled = 0;
            }
        }
    }
    return filled == 0 || nsim_mm_fault(mm, batch, filled);
}
