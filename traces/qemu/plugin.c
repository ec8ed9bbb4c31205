/* SPDX-License-Identifier: MIT */
/*
 * The plug-in for QEMU's user-mode emulators: tells the recorder, over the memory of channel.h, which cache lines each
 * guest thread loads and stores, by the thread's instruction count.
 *
 * An access to a line that the thread told a little while ago is not told again, unless it is the first store to it:
 * it would be a hit in any cache worth simulating, and not telling it only lets the line look older by so many
 * accesses. Not seen: what the kernel reads and writes in system calls, instruction fetches, and forked children, for
 * which the plug-in does nothing at all.
 */
#include "channel.h"
#include "interface.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define EXPORT __attribute__((visibility("default")))

/* The emulator numbers processors (threads) from 0 and uses numbers again. */
#define VCPUS_MAX 32768u
#define NO_CHUNK UINT32_MAX
#define LINE_SHIFT 6u
/* No single access is wider. */
#define ACCESS_BYTES_MAX 64u

typedef struct {
    uint64_t line_store; /* line << 1 | stored to */
    uint64_t at;         /* number of the record that told it */
} Recent;

typedef struct {
    uint64_t clock;       /* instructions while recording */
    uint64_t block_clock; /* the same when the present block began */
    uint64_t instructions;
    uint64_t next_count; /* of `instructions`, at which to look at all threads' sum */
    uint64_t told;       /* records */
    NsimChannelChunk *chunk;
    uint32_t thread, filled;
    bool accessed;
    bool maps_code;      /* in a system call that maps code */
    uint64_t maps_bytes; /* in one that maps so much anonymous memory */
    Recent recent[NSIM_CHANNEL_RECENT];
} Vcpu;

/*
 * System calls that change the memory map, by emulated machine (Linux, asm/unistd.h of each). -1, or a machine that is
 * not here: the map is only looked at in the end.
 */
typedef struct {
    const char *target;
    int mmap, munmap, mremap, brk, exit_group, execve;
} Calls;

static const Calls calls_known[] = {
    {"x86_64", 9, 11, 25, 12, 231, 59},       {"i386", 192, 91, 163, 45, 252, 11},
    {"arm", 192, 91, 163, 45, 248, 11},       {"aarch64", 222, 215, 216, 214, 94, 221},
    {"riscv64", 222, 215, 216, 214, 94, 221}, {"loongarch64", 222, 215, 216, 214, 94, 221},
    {"ppc64le", 90, 91, 163, 45, 234, 11},    {"ppc64", 90, 91, 163, 45, 234, 11},
    {"s390x", -1, 91, 163, 45, 248, 11},
};

EXPORT int qemu_plugin_version = NSIM_QEMU_INTERFACE_VERSION;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv);

/* Where the guest's address 0 is; exported by the emulators. */
extern uintptr_t guest_base __attribute__((weak));

/* Call-backs carry no context but a processor's number. */
static NsimChannel *channel;
static Vcpu *vcpus[VCPUS_MAX];
static Calls calls = {NULL, -1, -1, -1, -1, -1, -1};
/* A file was mapped since the map was last looked at. */
static atomic_bool map_changed;
static atomic_bool begun;

static inline Vcpu *
get_vcpu(unsigned number)
{
    return number < VCPUS_MAX ? vcpus[number] : NULL;
}

/* ---- Towards the recorder -------------------------------------------------------------------------------------- */

/* Nobody reads any more: let the program go on by itself. */
static bool
is_recorder_gone(void)
{
    if (getppid() == channel->recorder)
        return false;
    atomic_store(&channel->over, 1);
    atomic_store(&channel->recording, 0);
    return true;
}

static void
ask_for_map(void)
{
    const uint32_t ticket = atomic_fetch_add(&channel->request, 1) + 1;
    atomic_store(&map_changed, false);
    atomic_fetch_add(&channel->full.wake, 1);
    nsim_channel_wake(&channel->full.wake);
    for (;;) {
        const uint32_t answer = atomic_load(&channel->answer);
        if ((int32_t)(answer - ticket) >= 0 || atomic_load(&channel->over) || is_recorder_gone())
            return;
        nsim_channel_sleep(&channel->answer, answer, 20);
    }
}

static void
tell_progress(const Vcpu *vcpu)
{
    NsimChannelThread *thread = &channel->threads[vcpu->thread];
    atomic_store_explicit(&thread->clock, vcpu->clock, memory_order_relaxed);
    atomic_store_explicit(&thread->instructions, vcpu->instructions, memory_order_relaxed);
}

static void
hand_over(Vcpu *vcpu)
{
    tell_progress(vcpu);
    if (vcpu->chunk == NULL)
        return;
    atomic_store(&vcpu->chunk->state, NSIM_CHUNK_QUEUED);
    nsim_channel_put(&channel->full, (uint32_t)(vcpu->chunk - channel->chunks));
    vcpu->chunk = NULL;
}

/* Take an empty chunk, waiting for the recorder when it is behind. False: nothing is recorded any more. */
static bool
take_chunk(Vcpu *vcpu)
{
    uint32_t id;
    for (;;) {
        const uint32_t wake = atomic_load(&channel->free.wake);
        id = nsim_channel_take(&channel->free);
        if (id < NSIM_CHANNEL_CHUNKS)
            break;
        if (atomic_load(&channel->over) || is_recorder_gone())
            return false;
        atomic_fetch_add(&channel->free.sleepers, 1);
        nsim_channel_sleep(&channel->free.wake, wake, 20);
        atomic_fetch_sub(&channel->free.sleepers, 1);
    }
    vcpu->chunk = &channel->chunks[id];
    vcpu->filled = 0;
    vcpu->chunk->thread = vcpu->thread;
    atomic_store(&vcpu->chunk->filled, 0);
    atomic_store(&vcpu->chunk->state, NSIM_CHUNK_FILLING);
    return true;
}

static void
tell(Vcpu *vcpu, unsigned kind, uint64_t operand, uint64_t clock)
{
    if (vcpu->chunk == NULL && !take_chunk(vcpu))
        return;
    vcpu->chunk->records[vcpu->filled] = (NsimChannelRecord){operand << NSIM_CHANNEL_KIND_BITS | kind, clock};
    vcpu->told++;
    vcpu->filled++;
    atomic_store_explicit(&vcpu->chunk->filled, vcpu->filled, memory_order_release);
    if (vcpu->filled == NSIM_CHANNEL_RECORDS)
        hand_over(vcpu);
}

/* ---- Accesses -------------------------------------------------------------------------------------------------- */

static inline void
touch(Vcpu *vcpu, uint64_t line, bool is_store, uint64_t clock)
{
    Recent *recent = &vcpu->recent[line % NSIM_CHANNEL_RECENT];
    if ((recent->line_store | is_store) == recent->line_store && recent->line_store >> 1 == line &&
        vcpu->told - recent->at <= channel->window)
        return;
    tell(vcpu, is_store ? NSIM_CHANNEL_STORE : NSIM_CHANNEL_LOAD, line, clock);
    const bool was_store = recent->line_store >> 1 == line && (recent->line_store & 1) != 0;
    recent->line_store = line << 1 | (is_store || was_store);
    recent->at = vcpu->told - 1;
}

static void
on_access(unsigned int number, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
    Vcpu *vcpu = get_vcpu(number);
    if (vcpu == NULL)
        return;
    if (__builtin_expect(!vcpu->accessed, 0)) {
        vcpu->accessed = true;
        atomic_store(&channel->threads[vcpu->thread].first_address, address);
    }
    if (!atomic_load_explicit(&channel->recording, memory_order_relaxed))
        return;
    const uint64_t line = address >> LINE_SHIFT;
    const uint64_t clock = vcpu->block_clock + (uintptr_t)data;
    const bool is_store = qemu_plugin_mem_is_store(info);
    touch(vcpu, line, is_store, clock);
    if (__builtin_expect((address & 63) > 64 - ACCESS_BYTES_MAX / 2, 0)) {
        const uint64_t bytes = UINT64_C(1) << (qemu_plugin_mem_size_shift(info) & 7);
        for (uint64_t next = line + 1; next <= (address + bytes - 1) >> LINE_SHIFT; next++)
            touch(vcpu, next, is_store, clock);
    }
}

/* ---- Start and stop by count ----------------------------------------------------------------------------------- */

static void
set_recording(bool on)
{
    if (on && !atomic_load(&channel->over) && !atomic_load(&channel->stopped))
        atomic_store(&channel->recording, 1);
    if (!on) {
        atomic_store(&channel->stopped, 1);
        atomic_store(&channel->recording, 0);
    }
}

/*
 * How many instructions all threads have run, and what follows from it. With one thread the count is exact to a block
 * of instructions; with more, each looks again when it alone could have done its part of what is missing.
 */
static void
look_at_count(Vcpu *vcpu)
{
    uint64_t sum = 0, next = UINT64_MAX;
    const uint32_t count = atomic_load(&channel->thread_count);
    tell_progress(vcpu);
    for (uint32_t i = 0; i < count && i < NSIM_CHANNEL_THREADS; i++)
        sum += atomic_load_explicit(&channel->threads[i].instructions, memory_order_relaxed);
    if (channel->start_count != UINT64_MAX && sum < channel->start_count)
        next = channel->start_count;
    else if (channel->start_count != UINT64_MAX && !atomic_load(&channel->recording) && !atomic_load(&channel->stopped))
        set_recording(true);
    if (next == UINT64_MAX && channel->stop_count != UINT64_MAX && !atomic_load(&channel->stopped)) {
        if (sum >= channel->stop_count)
            set_recording(false);
        else
            next = channel->stop_count;
    }
    const uint64_t step = next == UINT64_MAX ? 0 : (next - sum) / (count == 0 ? 1 : count);
    vcpu->next_count = next == UINT64_MAX ? UINT64_MAX : vcpu->instructions + (step == 0 ? 1 : step);
}

static void
on_block(unsigned int number, void *data)
{
    Vcpu *vcpu = get_vcpu(number);
    if (vcpu == NULL)
        return;
    if (__builtin_expect(vcpu->instructions >= vcpu->next_count, 0))
        look_at_count(vcpu);
    vcpu->instructions += (uintptr_t)data;
    vcpu->block_clock = vcpu->clock;
    if (atomic_load_explicit(&channel->recording, memory_order_relaxed))
        vcpu->clock += (uintptr_t)data;
}

static void
on_watch(unsigned int number, void *data)
{
    NsimChannelWatch *watch = data;
    Vcpu *vcpu = get_vcpu(number);
    if (vcpu == NULL)
        return;
    const uint64_t call = atomic_fetch_add(&watch->calls, 1) + 1;
    if (watch->action == NSIM_WATCH_MARK) {
        if (atomic_load(&channel->recording))
            tell(vcpu, NSIM_CHANNEL_MARK, watch->mark, vcpu->block_clock);
    } else if (call == watch->nth) {
        set_recording(watch->action == NSIM_WATCH_START);
    }
}

/* ---- Translation ----------------------------------------------------------------------------------------------- */

static void
watch_instruction(struct qemu_plugin_insn *instruction)
{
    const uint64_t address = qemu_plugin_insn_vaddr(instruction);
    for (uint32_t i = 0; i < channel->watch_count; i++)
        if (atomic_load_explicit(&channel->watches[i].address, memory_order_relaxed) == address)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_watch, QEMU_PLUGIN_CB_NO_REGS, &channel->watches[i]);
}

static void
on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    if (channel == NULL)
        return;
    if (!atomic_exchange(&begun, true)) {
        atomic_store(&channel->guest_base, &guest_base != NULL ? guest_base : 0);
        ask_for_map();
    }
    const size_t count = qemu_plugin_tb_n_insns(block);
    qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)count);
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        if (channel->watch_count > 0)
            watch_instruction(instruction);
        qemu_plugin_register_vcpu_mem_cb(instruction, on_access, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
                                         (void *)(uintptr_t)i);
    }
}

/* ---- System calls ---------------------------------------------------------------------------------------------- */

static void
on_call(qemu_plugin_id_t id, unsigned int number, int64_t call, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
        uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    Vcpu *vcpu = get_vcpu(number);
    (void)id, (void)a1, (void)a5, (void)a6, (void)a7, (void)a8;
    if (vcpu == NULL)
        return;
    /* The thread may sleep now, or never come back. */
    hand_over(vcpu);
    vcpu->maps_code = call == calls.mmap && (a3 & PROT_EXEC) != 0;
    vcpu->maps_bytes = call == calls.mremap ? a3 : call == calls.mmap && (a4 & MAP_ANONYMOUS) != 0 ? a2 : 0;
    if (call == calls.exit_group)
        atomic_store(&channel->leaving, NSIM_CHANNEL_EXITS);
    if (call == calls.execve)
        atomic_store(&channel->leaving, NSIM_CHANNEL_IS_REPLACED);
    if (call == calls.exit_group || call == calls.execve ||
        ((call == calls.munmap || call == calls.mremap) && atomic_load(&map_changed)))
        ask_for_map();
}

static void
on_return(qemu_plugin_id_t id, unsigned int number, int64_t call, int64_t result)
{
    Vcpu *vcpu = get_vcpu(number);
    (void)id;
    if (vcpu == NULL)
        return;
    /* Anonymous memory comes and goes a lot and needs no look at the map; files are rare. */
    const bool worked = (uint64_t)result < (uint64_t)-4095;
    if (worked && vcpu->maps_bytes > 0)
        tell(vcpu, NSIM_CHANNEL_MAP, (uint64_t)result >> NSIM_CHANNEL_PAGE_SHIFT, vcpu->maps_bytes);
    else if (worked && call == calls.mmap)
        atomic_store(&map_changed, true);
    vcpu->maps_bytes = 0;
    if (call == calls.execve)
        atomic_store(&channel->leaving, 0);
    if (call == calls.brk && result > 0) {
        uint64_t none = 0;
        atomic_compare_exchange_strong(&channel->heap_begin, &none, (uint64_t)result);
        uint64_t end = atomic_load(&channel->heap_end);
        while (end < (uint64_t)result && !atomic_compare_exchange_weak(&channel->heap_end, &end, (uint64_t)result))
            ;
    }
    if (vcpu->maps_code && atomic_load(&channel->unresolved) > 0)
        ask_for_map();
    vcpu->maps_code = false;
}

/* ---- Threads and processes ------------------------------------------------------------------------------------- */

static void
on_thread_end(qemu_plugin_id_t id, unsigned int number)
{
    Vcpu *vcpu = get_vcpu(number);
    (void)id;
    if (vcpu == NULL)
        return;
    hand_over(vcpu);
    vcpus[number] = NULL;
    free(vcpu);
}

static void
on_thread_begin(qemu_plugin_id_t id, unsigned int number)
{
    if (channel == NULL)
        return;
    /* A number that is used again, when the emulator did not tell the end of its thread. */
    on_thread_end(id, number);
    uint32_t thread = atomic_load(&channel->thread_count);
    while (thread < NSIM_CHANNEL_THREADS && !atomic_compare_exchange_weak(&channel->thread_count, &thread, thread + 1))
        ;
    Vcpu *vcpu = thread < NSIM_CHANNEL_THREADS && number < VCPUS_MAX ? calloc(1, sizeof *vcpu) : NULL;
    if (vcpu == NULL) {
        atomic_fetch_add(&channel->thread_lost, 1);
        return;
    }
    vcpu->thread = thread;
    for (unsigned i = 0; i < NSIM_CHANNEL_RECENT; i++)
        vcpu->recent[i].line_store = UINT64_MAX << 1 & ~UINT64_C(1);
    vcpus[number] = vcpu;
}

/* In a forked child: be as if never loaded. The memory is the parent's. */
static void
leave_child(void)
{
    memset(vcpus, 0, sizeof vcpus);
    channel = NULL;
}

static void
on_exit_emulator(qemu_plugin_id_t id, void *data)
{
    (void)id, (void)data;
    if (channel == NULL || atomic_load(&channel->leaving))
        return;
    atomic_store(&channel->leaving, NSIM_CHANNEL_EXITS);
    ask_for_map();
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
    if (info->version.min > NSIM_QEMU_INTERFACE_VERSION || info->version.cur < NSIM_QEMU_INTERFACE_VERSION ||
        info->system_emulation)
        return -1;
    for (size_t i = 0; i < sizeof calls_known / sizeof *calls_known; i++)
        if (strcmp(calls_known[i].target, info->target_name) == 0)
            calls = calls_known[i];
    channel = attach(argc, argv);
    if (channel == NULL || pthread_atfork(NULL, NULL, leave_child) != 0)
        return -1;
    qemu_plugin_register_vcpu_init_cb(id, on_thread_begin);
    qemu_plugin_register_vcpu_exit_cb(id, on_thread_end);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_vcpu_syscall_cb(id, on_call);
    qemu_plugin_register_vcpu_syscall_ret_cb(id, on_return);
    qemu_plugin_register_atexit_cb(id, on_exit_emulator, NULL);
    atomic_store(&channel->attached, 1);
    /* What is mapped now is the emulator's. */
    ask_for_map();
    return 0;
}
