/* SPDX-License-Identifier: MIT */
/*
 * The plug-in for QEMU's emulators: tells the recorder, over the memory of channel.h, which cache lines each processor
 * loads and stores, by the processor's instruction count. Here is what both kinds of emulators need; plugin.h says what
 * the parts are. Not seen: instruction fetches, and what the processor itself does to walk page tables.
 */
#include "plugin.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = NSIM_QEMU_INTERFACE_VERSION;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv);

NsimChannel *nsim_plugin_channel;
NsimVcpu *nsim_plugin_vcpus[NSIM_PLUGIN_VCPUS_MAX];

void
nsim_plugin_forget_recent(NsimVcpu *vcpu)
{
    for (unsigned i = 0; i < NSIM_CHANNEL_RECENT; i++)
        vcpu->recent[i].line_store = UINT64_MAX << 1 & ~UINT64_C(1);
}

/* ---- Towards the recorder -------------------------------------------------------------------------------------- */

/* Nobody reads any more: let the program go on by itself. */
static bool
is_recorder_gone(void)
{
    if (getppid() == nsim_plugin_channel->recorder)
        return false;
    atomic_store(&nsim_plugin_channel->over, 1);
    atomic_store(&nsim_plugin_channel->recording, 0);
    return true;
}

void
nsim_plugin_ask_for_map(void)
{
    const uint32_t ticket = atomic_fetch_add(&nsim_plugin_channel->request, 1) + 1;
    atomic_fetch_add(&nsim_plugin_channel->full.wake, 1);
    nsim_channel_wake(&nsim_plugin_channel->full.wake);
    for (;;) {
        const uint32_t answer = atomic_load(&nsim_plugin_channel->answer);
        if ((int32_t)(answer - ticket) >= 0 || atomic_load(&nsim_plugin_channel->over) || is_recorder_gone())
            return;
        nsim_channel_sleep(&nsim_plugin_channel->answer, answer, 20);
    }
}

void
nsim_plugin_tell_progress(const NsimVcpu *vcpu)
{
    NsimChannelThread *thread = &nsim_plugin_channel->threads[vcpu->thread];
    atomic_store_explicit(&thread->clock, vcpu->clock, memory_order_relaxed);
    atomic_store_explicit(&thread->instructions, vcpu->instructions, memory_order_relaxed);
}

void
nsim_plugin_hand_over(NsimVcpu *vcpu)
{
    nsim_plugin_tell_progress(vcpu);
    if (vcpu->chunk == NULL)
        return;
    atomic_store(&vcpu->chunk->state, NSIM_CHUNK_QUEUED);
    nsim_channel_put(&nsim_plugin_channel->full, (uint32_t)(vcpu->chunk - nsim_plugin_channel->chunks));
    vcpu->chunk = NULL;
}

/* Take an empty chunk, waiting for the recorder when it is behind. False: nothing is recorded any more. */
static bool
take_chunk(NsimVcpu *vcpu)
{
    uint32_t id;
    for (;;) {
        const uint32_t wake = atomic_load(&nsim_plugin_channel->free.wake);
        id = nsim_channel_take(&nsim_plugin_channel->free);
        if (id < NSIM_CHANNEL_CHUNKS)
            break;
        if (atomic_load(&nsim_plugin_channel->over) || is_recorder_gone())
            return false;
        atomic_fetch_add(&nsim_plugin_channel->free.sleepers, 1);
        nsim_channel_sleep(&nsim_plugin_channel->free.wake, wake, 20);
        atomic_fetch_sub(&nsim_plugin_channel->free.sleepers, 1);
    }
    vcpu->chunk = &nsim_plugin_channel->chunks[id];
    vcpu->filled = 0;
    vcpu->chunk->thread = vcpu->thread;
    atomic_store(&vcpu->chunk->filled, 0);
    atomic_store(&vcpu->chunk->state, NSIM_CHUNK_FILLING);
    return true;
}

void
nsim_plugin_tell(NsimVcpu *vcpu, unsigned kind, uint64_t operand, uint64_t clock)
{
    if (vcpu->chunk == NULL && !take_chunk(vcpu))
        return;
    vcpu->chunk->records[vcpu->filled] = (NsimChannelRecord){operand << NSIM_CHANNEL_KIND_BITS | kind, clock};
    vcpu->told++;
    vcpu->filled++;
    atomic_store_explicit(&vcpu->chunk->filled, vcpu->filled, memory_order_release);
    if (vcpu->filled == NSIM_CHANNEL_RECORDS)
        nsim_plugin_hand_over(vcpu);
}

/* ---- The clock, start and stop by count ------------------------------------------------------------------------ */

void
nsim_plugin_set_recording(bool on)
{
    if (on && !atomic_load(&nsim_plugin_channel->over) && !atomic_load(&nsim_plugin_channel->stopped))
        atomic_store(&nsim_plugin_channel->recording, 1);
    if (!on) {
        atomic_store(&nsim_plugin_channel->stopped, 1);
        atomic_store(&nsim_plugin_channel->recording, 0);
    }
}

void
nsim_plugin_wait(NsimVcpu *vcpu)
{
    vcpu->waits = true;
    /* So that the next block looks. */
    vcpu->next_count = 0;
    nsim_plugin_hand_over(vcpu);
}

/* What others did while this processor waited took time for it as well. */
static void
catch_up(NsimVcpu *vcpu)
{
    const uint32_t count = atomic_load(&nsim_plugin_channel->thread_count);
    for (uint32_t i = 0; i < count && i < NSIM_CHANNEL_THREADS; i++)
        if (nsim_plugin_vcpus[i] != NULL && nsim_plugin_vcpus[i]->clock > vcpu->clock)
            vcpu->clock = nsim_plugin_vcpus[i]->clock;
    vcpu->waits = false;
}

/*
 * How many instructions all threads have run, and what follows from it. With one thread the count is exact to a block
 * of instructions; with more, each looks again when it alone could have done its part of what is missing.
 */
static void
look_at_count(NsimVcpu *vcpu)
{
    uint64_t sum = 0, next = UINT64_MAX;
    const uint32_t count = atomic_load(&nsim_plugin_channel->thread_count);
    if (vcpu->waits)
        catch_up(vcpu);
    nsim_plugin_tell_progress(vcpu);
    for (uint32_t i = 0; i < count && i < NSIM_CHANNEL_THREADS; i++)
        sum += atomic_load_explicit(&nsim_plugin_channel->threads[i].instructions, memory_order_relaxed);
    if (nsim_plugin_channel->start_count != UINT64_MAX && sum < nsim_plugin_channel->start_count)
        next = nsim_plugin_channel->start_count;
    else if (nsim_plugin_channel->start_count != UINT64_MAX && !atomic_load(&nsim_plugin_channel->recording) &&
             !atomic_load(&nsim_plugin_channel->stopped))
        nsim_plugin_set_recording(true);
    if (next == UINT64_MAX && nsim_plugin_channel->stop_count != UINT64_MAX &&
        !atomic_load(&nsim_plugin_channel->stopped)) {
        if (sum >= nsim_plugin_channel->stop_count)
            nsim_plugin_set_recording(false);
        else
            next = nsim_plugin_channel->stop_count;
    }
    const uint64_t step = next == UINT64_MAX ? 0 : (next - sum) / (count == 0 ? 1 : count);
    vcpu->next_count = next == UINT64_MAX ? UINT64_MAX : vcpu->instructions + (step == 0 ? 1 : step);
}

static void
on_block(unsigned int number, void *data)
{
    NsimVcpu *vcpu = nsim_plugin_vcpu(number);
    if (vcpu == NULL)
        return;
    if (__builtin_expect(vcpu->instructions >= vcpu->next_count, 0))
        look_at_count(vcpu);
    vcpu->instructions += (uintptr_t)data;
    vcpu->block_clock = vcpu->clock;
    if (atomic_load_explicit(&nsim_plugin_channel->recording, memory_order_relaxed))
        vcpu->clock += (uintptr_t)data;
}

void
nsim_plugin_watch_block(struct qemu_plugin_tb *block, size_t instructions)
{
    qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)instructions);
}

/* ---- Threads and processes ------------------------------------------------------------------------------------- */

static void
on_thread_end(qemu_plugin_id_t id, unsigned int number)
{
    NsimVcpu *vcpu = nsim_plugin_vcpu(number);
    (void)id;
    if (vcpu == NULL)
        return;
    nsim_plugin_hand_over(vcpu);
    nsim_plugin_vcpus[number] = NULL;
    free(vcpu);
}

static void
on_thread_begin(qemu_plugin_id_t id, unsigned int number)
{
    if (nsim_plugin_channel == NULL)
        return;
    /* A number that is used again, when the emulator did not tell the end of its thread. */
    on_thread_end(id, number);
    uint32_t thread = atomic_load(&nsim_plugin_channel->thread_count);
    while (thread < NSIM_CHANNEL_THREADS &&
           !atomic_compare_exchange_weak(&nsim_plugin_channel->thread_count, &thread, thread + 1))
        ;
    NsimVcpu *vcpu = thread < NSIM_CHANNEL_THREADS && number < NSIM_PLUGIN_VCPUS_MAX ? calloc(1, sizeof *vcpu) : NULL;
    if (vcpu == NULL) {
        atomic_fetch_add(&nsim_plugin_channel->thread_lost, 1);
        return;
    }
    vcpu->thread = thread;
    nsim_plugin_forget_recent(vcpu);
    nsim_plugin_vcpus[number] = vcpu;
}

/* In a forked child: be as if never loaded. The memory is the parent's. */
static void
leave_child(void)
{
    memset(nsim_plugin_vcpus, 0, sizeof nsim_plugin_vcpus);
    nsim_plugin_channel = NULL;
}

/* ---- Loading --------------------------------------------------------------------------------------------------- */

/* Map the memory that descriptor "fd=N" stands for, and close it: the guest must not find it open. */
static NsimChannel *
attach(int argc, char **argv)
{
    if (argc != 1 || strncmp(argv[0], "fd=", 3) != 0)
        return NULL;
    const int fd = atoi(argv[0] + 3);
    struct stat status;
    if (fd < 3 || fstat(fd, &status) < 0 || status.st_size != (off_t)sizeof(NsimChannel))
        return NULL;
    NsimChannel *found = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (found == MAP_FAILED)
        return NULL;
    if (found->version == NSIM_CHANNEL_VERSION)
        return found;
    munmap(found, sizeof *found);
    return NULL;
}

EXPORT int
qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv)
{
    if (info->version.min > NSIM_QEMU_INTERFACE_VERSION || info->version.cur < NSIM_QEMU_INTERFACE_VERSION)
        return -1;
    nsim_plugin_channel = attach(argc, argv);
    if (nsim_plugin_channel == NULL || pthread_atfork(NULL, NULL, leave_child) != 0 ||
        (nsim_plugin_channel->node_count > 0) != info->system_emulation)
        return -1;
    qemu_plugin_register_vcpu_init_cb(id, on_thread_begin);
    qemu_plugin_register_vcpu_exit_cb(id, on_thread_end);
    if (!(info->system_emulation ? nsim_plugin_begin_system : nsim_plugin_begin_user)(id, info->target_name))
        return -1;
    atomic_store(&nsim_plugin_channel->attached, 1);
    return 0;
}
