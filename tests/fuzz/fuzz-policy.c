/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of policies as a user asks for them, and of scripts. The first line of the input is NAME:key=value,...;
 * the rest is a script of the policy `scripted`. A policy that is accepted is attached to a small machine and sees its
 * pages loaded; its moves are carried out, with the options for migration and kdamonds that were given; afterwards the books of the memory
 * and of who paid must agree. Scripts stay in memory. Not attached are a script that
 * the first line names and policies that must know the trace.
 */
#include <experiment/policy-spec.h>
#include <mm/damon/session.h>
#include <mm/host.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SPACES = 2, FIRST_FRAME = 0x80000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char machine_text[] =
    "nodes:\n"
    "  - {id: D0, kind: dram, capacity: 1MiB, read: 20GB/s, at: C0}\n"
    "  - {id: D1, kind: dram, capacity: 3MiB, read: 20GB/s, at: C1}\n"
    "  - {id: X, kind: cxl, capacity: 5MiB, read: 10GB/s, at: hub}\n"
    "points: [hub]\n"
    "accessors: [{id: C0, cores: 4}, {id: C1, cores: 4}]\n"
    "links:\n"
    "  - {id: L0, between: [C0, hub], bandwidth: 30GB/s}\n"
    "  - {id: L1, between: [C1, hub], bandwidth: 30GB/s}\n"
    "relative_latency: {anchor: 100ns, nodes: [D0, D1, X], C0: [10, 30, 20], C1: [30, 10, 20]}\n"
    "copy_engines: [{id: E, preset: dsa, at: C0}]\n";

/* What one policy is attached to; the machine is the same for all. */
typedef struct {
    NsimMemory *memory;
    NsimSpace *spaces[SPACES];
    NsimEventQueue *events;
    NsimMm *mm;
    NsimFabric *fabric;
    NsimCpus *cpus;
    NsimPayers *payers;
    NsimMover *mover;
    uint32_t groups[SPACES];
    NsimAccessorId accessors[SPACES];
} Rig;

static NsimMachine *
machine_new(void)
{
    g_autoptr(NsimDocument) document = nsim_document_parse(machine_text, strlen(machine_text), "fuzz", NULL);
    NsimMachine *machine = document == NULL ? NULL : nsim_machine_from_value(nsim_document_root(document), ".", NULL);
    if (machine == NULL)
        abort();
    return machine;
}

/* The options for moves that came with the policy. False: they name what is not there. */
static bool
read_moves(const NsimPolicySpec *spec, NsimMoverConfig *ret)
{
    NsimCopierKind copiers[NSIM_REASONS];
    *ret = nsim_mover_config_default();
    for (uint32_t i = 0; i < NSIM_MOVER_OPTION_COUNT; i++) {
        g_autofree char *problem = spec->mover_texts[i] == NULL
                                       ? NULL
                                       : nsim_option_store(&nsim_mover_options[i], spec->mover_texts[i], ret);
        if (problem != NULL)
            abort();
    }
    g_autofree char *problem = nsim_mover_read_reasons(ret, copiers);
    return problem == NULL;
}

static void
give_mover(Rig *rig, const NsimMachine *machine, const NsimMoverConfig *config)
{
    rig->fabric = nsim_fabric_new(machine);
    rig->cpus = nsim_cpus_new(machine);
    rig->payers = nsim_payers_new(NULL, 0);
    for (uint32_t s = 0; s < SPACES; s++)
        rig->groups[s] = NSIM_GROUP_NONE;
    const NsimMoverSetup setup = { .machine = machine,
                                   .fabric = rig->fabric,
                                   .memory = rig->memory,
                                   .spaces = rig->spaces,
                                   .space_groups = rig->groups,
                                   .space_accessors = rig->accessors,
                                   .space_count = SPACES,
                                   .events = rig->events,
                                   .cpus = rig->cpus,
                                   .payers = rig->payers,
                                   .config = *config,
                                   .seed = 1 };
    nsim_fabric_watch(rig->fabric);
    rig->mover = nsim_mover_new(&setup);
    nsim_mover_set_ahead(rig->mover, NSIM_TIME_MAX);
    nsim_mover_set_mask(rig->mover, 0, nsim_cpus_find(rig->cpus, 0, 0));
    nsim_mover_set_mask(rig->mover, 0, nsim_cpus_find(rig->cpus, 1, 0));
    nsim_mm_set_mover(rig->mm, rig->mover);
}

/* Spaces `w` of one frame and `v` of two. */
#define STEPS_MAX 500u

static void
rig_open(Rig *rig, const NsimMachine *machine, const NsimMoverConfig *config)
{
    static const char *const names[SPACES] = { "w", "v" };
    static const uint64_t frames[SPACES] = { FIRST_FRAME, FIRST_FRAME + 1 };
    *rig = (Rig){ .memory = nsim_memory_new(machine), .events = nsim_event_queue_new() };
    for (uint32_t s = 0; s < SPACES; s++) {
        const NsimSpaceRange range = { "data", (uint64_t)FIRST_FRAME << 21, 3u << 20 };
        rig->spaces[s] = nsim_space_new(rig->memory, names[s], frames, s + 1, &range, s, s == 0 ? 1 : 16, NULL);
        if (rig->spaces[s] == NULL)
            abort();
    }
    rig->mm = nsim_mm_new(machine, rig->memory, rig->spaces, SPACES, rig->events, 1);
    give_mover(rig, machine, config);
}

static void
rig_close(Rig *rig)
{
    nsim_mover_stop(rig->mover);
    nsim_space_audit((const NsimSpace *const *)rig->spaces, SPACES, rig->memory, NULL);
    nsim_mm_free(rig->mm);
    nsim_mover_free(rig->mover);
    nsim_payers_free(rig->payers);
    nsim_cpus_free(rig->cpus);
    nsim_fabric_free(rig->fabric);
    for (uint32_t s = 0; s < SPACES; s++)
        nsim_space_free(rig->spaces[s]);
    nsim_event_queue_free(rig->events);
    nsim_memory_free(rig->memory);
}

/* Each accessor loads a space; then what the policy planned for later happens, at so many times: timers never end. */
static void
rig_run(Rig *rig)
{
    for (uint32_t s = 0; s < SPACES && rig->mm->failure == NULL; s++) {
        const bool loaded = nsim_mm_load(rig->mm, (NsimSpaceId)s, (NsimAccessorId)s);
        if (loaded != (rig->mm->failure == NULL))
            abort();
    }
    for (uint32_t step = 0; step < STEPS_MAX; step++) {
        const NsimTime next_ps = nsim_event_queue_next_time(rig->events);
        if (next_ps == NSIM_TIME_MAX)
            break;
        rig->mm->now_ps = next_ps;
        (void)nsim_event_queue_run(rig->events, next_ps);
    }
}

static void
use_policy(const NsimMachine *machine, const NsimPolicySpec *spec)
{
    g_autoptr(GError) error = NULL;
    NsimMoverConfig config;
    Rig rig;
    if (!read_moves(spec, &config))
        return;
    rig_open(&rig, machine, &config);
    *nsim_damon_session_config(nsim_damon_session(rig.mm)) = nsim_damon_options_config(&spec->damon);
    const bool attached = nsim_mm_attach(rig.mm, spec->class, spec->config, &error);
    if (attached != (error == NULL) || (error != NULL && *error->message == '\0'))
        abort();
    if (attached)
        rig_run(&rig);
    rig_close(&rig);
}

static void
try_policy(const NsimMachine *machine, const NsimPlugins *plugins, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimPolicySpec) spec = nsim_policy_spec_parse(plugins, text, &error);
    if ((spec == NULL) != (error != NULL) || (error != NULL && *error->message == '\0'))
        abort();
    if (spec == NULL)
        return;
    if (*spec->label == '\0' || strlen(spec->label) > 200)
        abort();
    if ((spec->class->caps & NSIM_CAP_FUTURE) == 0 && strcmp(spec->class->name, "scripted") != 0)
        use_policy(machine, spec);
}

static void
try_script(const NsimMachine *machine, const NsimPlugins *plugins, const uint8_t *data, size_t size)
{
    const int fd = memfd_create("script", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    g_autofree char *text = g_strdup_printf("scripted:script=/proc/self/fd/%d", fd);
    g_autoptr(NsimPolicySpec) spec = nsim_policy_spec_parse(plugins, text, NULL);
    if (spec == NULL)
        abort();
    use_policy(machine, spec);
    close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static NsimMachine *machine;
    static NsimPlugins *plugins;
    if (machine == NULL) {
        machine = machine_new();
        plugins = nsim_plugins_new(NULL, NULL);
    }
    const uint8_t *newline = size == 0 ? NULL : memchr(data, '\n', size);
    const size_t length = newline == NULL ? size : (size_t)(newline - data);
    g_autofree char *text = g_strndup((const char *)data, length);
    try_policy(machine, plugins, text);
    if (newline != NULL)
        try_script(machine, plugins, newline + 1, size - length - 1);
    return 0;
}
