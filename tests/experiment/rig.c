/* SPDX-License-Identifier: MIT */
/* Building, running and freeing a replay by hand. */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

/* Where the pages of a rig stand: anywhere, as long as it is a multiple of 2 MiB. */
#define RIG_FRAME 512u
#define PIECE 1024u

typedef struct {
    RigFunc func;
    void *context;
    NsimBurst bursts[PIECE];
} FuncSource;

static bool
fill_from_func(void *context, const NsimBurst **ret_bursts, uint32_t *ret_count, GError **error)
{
    FuncSource *source = context;
    (void)error;
    *ret_bursts = source->bursts;
    *ret_count = 0;
    while (*ret_count < PIECE && source->func(source->context, &source->bursts[*ret_count]))
        (*ret_count)++;
    return true;
}

Rig *
rig_new_on(NsimMachine *machine, uint64_t page_count, uint32_t unit_pages)
{
    g_autoptr(GError) error = NULL;
    Rig *rig = g_new0(Rig, 1);
    rig->machine = machine;
    rig->owned = g_ptr_array_new_with_free_func(g_free);
    rig->until_ps = NSIM_TIME_MAX;
    rig->memory = nsim_memory_new(machine);
    const uint64_t frame_pages = (uint64_t)1 << (21 - machine->page_shift);
    const uint64_t frame_count = (page_count + frame_pages - 1) / frame_pages;
    uint64_t *frames = g_new(uint64_t, frame_count);
    g_ptr_array_add(rig->owned, frames);
    for (uint64_t f = 0; f < frame_count; f++)
        frames[f] = RIG_FRAME + f;
    rig->space = nsim_space_new(rig->memory, "rig", frames, frame_count, NULL, 0, unit_pages, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig->space);
    rig->events = nsim_event_queue_new();
    rig->fabric = nsim_fabric_new(machine);
    rig->mm = nsim_mm_new(machine, rig->memory, &rig->space, 1, rig->events, 1);
    rig->mm->fabric = rig->fabric;
    return rig;
}

NsimMachine *
rig_machine(const char *machine_text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimDocument) document = nsim_document_parse(machine_text, strlen(machine_text), "rig", &error);
    NsimMachine *machine =
        document == NULL ? NULL : nsim_machine_from_value(nsim_document_root(document), ".", &error);
    if (machine == NULL)
        printf("\n    %s", error->message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
    return machine;
}

Rig *
rig_new(const char *machine_text, uint64_t page_count)
{
    return rig_new_on(rig_machine(machine_text), page_count, 1);
}

void
rig_free(Rig *rig)
{
    nsim_replay_free(rig->replay);
    nsim_mm_free(rig->mm);
    nsim_mover_free(rig->mover);
    nsim_payers_free(rig->payers);
    nsim_cpus_free(rig->cpus);
    nsim_space_free(rig->space);
    nsim_fabric_free(rig->fabric);
    nsim_event_queue_free(rig->events);
    nsim_memory_free(rig->memory);
    nsim_machine_unref(rig->machine);
    g_clear_object(&rig->cancel);
    g_ptr_array_unref(rig->owned);
    g_free(rig);
}

void
rig_give_mover(Rig *rig, const NsimMoverConfig *config)
{
    rig->cpus = nsim_cpus_new(rig->machine);
    rig->payers = nsim_payers_new(NULL, 0);
    rig->group = NSIM_GROUP_NONE;
    const NsimMoverSetup setup = { .machine = rig->machine,
                                   .fabric = rig->fabric,
                                   .memory = rig->memory,
                                   .spaces = &rig->space,
                                   .space_groups = &rig->group,
                                   .space_accessors = &rig->main_accessor,
                                   .space_count = 1,
                                   .events = rig->events,
                                   .cpus = rig->cpus,
                                   .payers = rig->payers,
                                   .config = *config,
                                   .seed = 1 };
    rig->mover = nsim_mover_new(&setup);
    nsim_mm_set_mover(rig->mm, rig->mover);
}

void
rig_place(Rig *rig, NsimPage page, uint64_t count, NsimNodeId node)
{
    CU_ASSERT_EQUAL_FATAL(nsim_space_place(rig->space, page, count, node), count);
}

static NsimReplayThread *
add(Rig *rig, NsimAccessorId accessor, NsimBurstSource source)
{
    CU_ASSERT_TRUE_FATAL(rig->thread_count < RIG_THREADS_MAX);
    NsimReplayThread *thread = &rig->threads[rig->thread_count];
    *thread = (NsimReplayThread){ .source = source,
                                  .accessor = accessor,
                                  .core = rig->thread_count,
                                  .number = rig->thread_count,
                                  .gap_mult = RIG_GAP_PS,
                                  .filtered = true };
    rig->thread_count++;
    return thread;
}

NsimReplayThread *
rig_add(Rig *rig, NsimAccessorId accessor, const NsimBurst *bursts, uint32_t count)
{
    NsimBurst *copy = g_memdup2(bursts, count * sizeof *bursts);
    g_ptr_array_add(rig->owned, copy);
    return add(rig, accessor, (NsimBurstSource){ .bursts = copy, .filled = count });
}

NsimReplayThread *
rig_add_func(Rig *rig, NsimAccessorId accessor, RigFunc func, void *context)
{
    FuncSource *source = g_new0(FuncSource, 1);
    g_ptr_array_add(rig->owned, source);
    source->func = func;
    source->context = context;
    return add(rig, accessor, (NsimBurstSource){ .fill = fill_from_func, .context = source });
}

static bool
run(Rig *rig, GError **error)
{
    const NsimReplayOptions options = { .machine = rig->machine,
                                        .mm = rig->mm,
                                        .fabric = rig->fabric,
                                        .events = rig->events,
                                        .cpus = rig->cpus,
                                        .workloads = &rig->workload,
                                        .workload_count = 1,
                                        .threads = rig->threads,
                                        .thread_count = rig->thread_count,
                                        .until_ps = rig->until_ps,
                                        .warmup_ps = rig->warmup_ps,
                                        .cancel = rig->cancel,
                                        .progress_lines = &rig->progress_lines };
    rig->replay = nsim_replay_new(&options);
    return nsim_replay_run(rig->replay, error);
}

const NsimReplayStats *
rig_run(Rig *rig)
{
    g_autoptr(GError) error = NULL;
    if (!run(rig, &error)) {
        printf("\n    %s", error->message);
        CU_FAIL_FATAL("the replay failed");
    }
    return nsim_replay_stats(rig->replay);
}

char *
rig_run_failing(Rig *rig)
{
    g_autoptr(GError) error = NULL;
    CU_ASSERT_FALSE_FATAL(run(rig, &error));
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    return g_strdup(error->message);
}

double
rig_rate(const Rig *rig)
{
    const NsimReplayStats *stats = nsim_replay_stats(rig->replay);
    return (double)stats->access_count * (double)NSIM_LINE_BYTES * 1e12 / (double)(stats->end_ps - stats->begin_ps);
}

uint64_t
rig_node_lines(const Rig *rig, NsimNodeId node, NsimDir dir)
{
    uint64_t sum = 0;
    for (uint32_t a = 0; a < rig->machine->accessor_count; a++)
        sum += nsim_fabric_lines(rig->fabric, (NsimAccessorId)a, node, dir);
    return sum;
}

bool
rig_near(double value, double expected, double ppm)
{
    const double difference = value > expected ? value - expected : expected - value;
    return difference <= (expected < 0 ? -expected : expected) * ppm / 1e6;
}
