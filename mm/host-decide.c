/* SPDX-License-Identifier: MIT */
/* A policy's decisions: checked, then executed. Moves go to the mover (mm/mover.h). */
#include <mm/host-private.h>

#include <string.h>

/* A bug in the policy: the run fails. */
void
host_refuse(NsimMm *mm, const char *problem)
{
    if (mm->failure == NULL)
        mm->failure = g_strdup_printf("policy '%s' decided on %s", mm->policy != NULL ? mm->policy->name : "", problem);
}

/* What is wrong with a MOVE, or NULL. */
static const char *
move_problem(const NsimMm *mm, const NsimDecision *decision)
{
    if (decision->node >= mm->machine->node_count)
        return "a node that does not exist";
    if (decision->queue >= NSIM_QUEUES_MAX)
        return "a queue that does not exist";
    if (decision->reason >= NSIM_REASONS)
        return "a reason this version does not know";
    if (decision->queue == 0 && mm->fault_thread == NSIM_THREAD_NONE)
        return "a move in queue 0, which is for faults, outside one";
    if ((decision->flags & NSIM_MOVE_COLLAPSE) != 0)
        return "a flag this version does not know";
    if ((decision->flags & NSIM_MOVE_EXCHANGE) != 0 &&
        !in_space(mm->spaces[decision->space], decision->partner, decision->count))
        return "an exchange with pages beyond the end of the address space";
    if (mm->mover == NULL)
        return "a move where nothing can move";
    return NULL;
}

/* A decision that names something the machine or the run does not have is a bug in the policy: the run fails. */
static bool
decision_is_sound(NsimMm *mm, const NsimDecision *decision)
{
    const char *problem = NULL;
    if (decision->space >= mm->space_count)
        problem = "an address space that does not exist";
    else if (!in_space(mm->spaces[decision->space], decision->page, decision->count))
        problem = "pages beyond the end of the address space";
    else if (decision->kind == NSIM_DECIDE_PLACE && decision->node >= mm->machine->node_count)
        problem = "a node that does not exist";
    else if (decision->kind == NSIM_DECIDE_PLACE && decision->accessor >= mm->machine->accessor_count)
        problem = "an accessor that does not exist";
    else if (decision->kind == NSIM_DECIDE_MOVE)
        problem = move_problem(mm, decision);
    else if (decision->kind > NSIM_DECIDE_MOVE)
        problem = "a kind of decision this version does not know";
    if (problem != NULL)
        host_refuse(mm, problem);
    return problem == NULL;
}

static uint64_t
move(NsimMm *mm, const NsimDecision *decision)
{
    const bool in_fault = decision->queue == 0;
    const NsimInitiator initiator = {.thread = in_fault ? mm->fault_thread : NSIM_THREAD_NONE,
                                     .core = in_fault ? mm->fault_core : NSIM_CORE_NONE,
                                     .payer = in_fault ? mm->machine->accessors[mm->fault_accessor].id : NULL};
    return nsim_mover_request(mm->mover, decision, &initiator, in_fault ? mm->fault_done_ps : mm->now_ps);
}

static uint64_t
host_decide(NsimHost *host, const NsimDecision *from)
{
    NsimMm *mm = mm_of(host);
    NsimDecision decision = {0};
    memcpy(&decision, from, MIN((size_t)from->struct_size, sizeof decision));
    if (!decision_is_sound(mm, &decision))
        return 0;

    NsimSpace *space = mm->spaces[decision.space];
    switch ((NsimDecisionKind)decision.kind) {
    case NSIM_DECIDE_PLACE:
        nsim_story_wants(mm->story, decision.node, true);
        return host_place(mm, decision.space, decision.page, decision.count, decision.node, decision.accessor,
                          (decision.flags & NSIM_PLACE_FALLBACK) != 0);
    case NSIM_DECIDE_ARM:
        nsim_story_armed(mm->story, decision.space, decision.page, decision.count);
        return nsim_space_arm(space, decision.page, decision.count, true);
    case NSIM_DECIDE_DISARM:
        return nsim_space_arm(space, decision.page, decision.count, false);
    case NSIM_DECIDE_MOVE:
        return move(mm, &decision);
    }
    return 0;
}

static bool
host_cancel(NsimHost *host, uint64_t token)
{
    NsimMm *mm = mm_of(host);
    return mm->mover != NULL && nsim_mover_cancel(mm->mover, token);
}

static bool
host_name_queue(NsimHost *host, uint32_t queue, const char *name)
{
    NsimMm *mm = mm_of(host);
    if (queue == 0 || queue >= NSIM_QUEUES_MAX || name == NULL || *name == '\0')
        return false;
    if (mm->mover != NULL)
        nsim_mover_name_queue(mm->mover, queue, name, NSIM_CORE_NONE);
    return true;
}

static uint64_t
host_queue_pages(const NsimHost *host, uint32_t queue)
{
    const NsimMm *mm = mm_of(host);
    return mm->mover == NULL ? 0 : nsim_mover_pending(mm->mover, queue);
}

void
host_decide_ops(NsimHostOps *ops)
{
    ops->decide = host_decide;
    ops->cancel = host_cancel;
    ops->name_queue = host_name_queue;
    ops->queue_pages = host_queue_pages;
}
