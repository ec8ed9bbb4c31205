/* SPDX-License-Identifier: MIT */
/*
 * The plug-in in an emulator of one program: see plugin.h. Not seen: what the kernel reads and writes in system calls,
 * and forked children, for which the plug-in does nothing at all.
 */
#include "plugin.h"

#include <string.h>
#include <sys/mman.h>

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

/* Where the guest's address 0 is; exported by the emulators. */
extern uintptr_t guest_base __attribute__((weak));

static Calls calls = {NULL, -1, -1, -1, -1, -1, -1};
/* A file was mapped since the map was last looked at. */
static atomic_bool map_changed;
static atomic_bool begun;

static void
look_at_map(void)
{
    atomic_store(&map_changed, false);
    nsim_plugin_ask_for_map();
}

/* ---- Accesses -------------------------------------------------------------------------------------------------- */

static inline void
touch(NsimVcpu *vcpu, uint64_t line, bool is_store, uint64_t clock)
{
    NsimRecent *recent = nsim_plugin_news(vcpu, line, is_store);
    if (recent == NULL)
        return;
    nsim_plugin_tell(vcpu, is_store ? NSIM_CHANNEL_STORE : NSIM_CHANNEL_LOAD, line, clock);
    nsim_plugin_note(vcpu, recent, line, is_store);
}

static void
on_access(unsigned int number, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
    NsimVcpu *vcpu = nsim_plugin_vcpu(number);
    if (vcpu == NULL)
        return;
    if (__builtin_expect(!vcpu->accessed, 0)) {
        vcpu->accessed = true;
        atomic_store(&nsim_plugin_channel->threads[vcpu->thread].first_address, address);
    }
    if (!atomic_load_explicit(&nsim_plugin_channel->recording, memory_order_relaxed))
        return;
    const uint64_t line = address >> NSIM_PLUGIN_LINE_SHIFT;
    const uint64_t clock = vcpu->block_clock + (uintptr_t)data;
    const bool is_store = qemu_plugin_mem_is_store(info);
    touch(vcpu, line, is_store, clock);
    if (__builtin_expect((address & 63) > 64 - NSIM_PLUGIN_ACCESS_BYTES_MAX / 2, 0)) {
        const uint64_t bytes = UINT64_C(1) << (qemu_plugin_mem_size_shift(info) & 7);
        for (uint64_t next = line + 1; next <= (address + bytes - 1) >> NSIM_PLUGIN_LINE_SHIFT; next++)
            touch(vcpu, next, is_store, clock);
    }
}

/* ---- Translation ----------------------------------------------------------------------------------------------- */

static void
on_watch(unsigned int number, void *data)
{
    NsimChannelWatch *watch = data;
    NsimVcpu *vcpu = nsim_plugin_vcpu(number);
    if (vcpu == NULL)
        return;
    const uint64_t call = atomic_fetch_add(&watch->calls, 1) + 1;
    if (watch->action == NSIM_WATCH_MARK) {
        if (atomic_load(&nsim_plugin_channel->recording))
            nsim_plugin_tell(vcpu, NSIM_CHANNEL_MARK, watch->mark, vcpu->block_clock);
    } else if (call == watch->nth) {
        nsim_plugin_set_recording(watch->action == NSIM_WATCH_START);
    }
}

static void
watch_instruction(struct qemu_plugin_insn *instruction)
{
    const uint64_t address = qemu_plugin_insn_vaddr(instruction);
    for (uint32_t i = 0; i < nsim_plugin_channel->watch_count; i++)
        if (atomic_load_explicit(&nsim_plugin_channel->watches[i].address, memory_order_relaxed) == address)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_watch, QEMU_PLUGIN_CB_NO_REGS,
                                                   &nsim_plugin_channel->watches[i]);
}

static void
on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    if (nsim_plugin_channel == NULL)
        return;
    if (!atomic_exchange(&begun, true)) {
        atomic_store(&nsim_plugin_channel->guest_base, &guest_base != NULL ? guest_base : 0);
        look_at_map();
    }
    const size_t count = qemu_plugin_tb_n_insns(block);
    nsim_plugin_watch_block(block, count);
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        if (nsim_plugin_channel->watch_count > 0)
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
    NsimVcpu *vcpu = nsim_plugin_vcpu(number);
    (void)id, (void)a1, (void)a5, (void)a6, (void)a7, (void)a8;
    if (vcpu == NULL)
        return;
    /* The thread may sleep now, or never come back. */
    nsim_plugin_hand_over(vcpu);
    vcpu->maps_code = call == calls.mmap && (a3 & PROT_EXEC) != 0;
    vcpu->maps_bytes = call == calls.mremap ? a3 : call == calls.mmap && (a4 & MAP_ANONYMOUS) != 0 ? a2 : 0;
    if (call == calls.exit_group)
        atomic_store(&nsim_plugin_channel->leaving, NSIM_CHANNEL_EXITS);
    if (call == calls.execve)
        atomic_store(&nsim_plugin_channel->leaving, NSIM_CHANNEL_IS_REPLACED);
    if (call == calls.exit_group || call == calls.execve ||
        ((call == calls.munmap || call == calls.mremap) && atomic_load(&map_changed)))
        look_at_map();
}

static void
on_return(qemu_plugin_id_t id, unsigned int number, int64_t call, int64_t result)
{
    NsimVcpu *vcpu = nsim_plugin_vcpu(number);
    (void)id;
    if (vcpu == NULL)
        return;
    /* Anonymous memory comes and goes a lot and needs no look at the map; files are rare. */
    const bool worked = (uint64_t)result < (uint64_t)-4095;
    if (worked && vcpu->maps_bytes > 0)
        nsim_plugin_tell(vcpu, NSIM_CHANNEL_MAP, (uint64_t)result >> NSIM_CHANNEL_PAGE_SHIFT, vcpu->maps_bytes);
    else if (worked && call == calls.mmap)
        atomic_store(&map_changed, true);
    vcpu->maps_bytes = 0;
    if (call == calls.execve)
        atomic_store(&nsim_plugin_channel->leaving, 0);
    if (call == calls.brk && result > 0) {
        uint64_t none = 0;
        atomic_compare_exchange_strong(&nsim_plugin_channel->heap_begin, &none, (uint64_t)result);
        uint64_t end = atomic_load(&nsim_plugin_channel->heap_end);
        while (end < (uint64_t)result &&
               !atomic_compare_exchange_weak(&nsim_plugin_channel->heap_end, &end, (uint64_t)result))
            ;
    }
    if (vcpu->maps_code && atomic_load(&nsim_plugin_channel->unresolved) > 0)
        look_at_map();
    vcpu->maps_code = false;
}

static void
on_exit_emulator(qemu_plugin_id_t id, void *data)
{
    (void)id, (void)data;
    if (nsim_plugin_channel == NULL || atomic_load(&nsim_plugin_channel->leaving))
        return;
    atomic_store(&nsim_plugin_channel->leaving, NSIM_CHANNEL_EXITS);
    look_at_map();
}

bool
nsim_plugin_begin_user(qemu_plugin_id_t id, const char *target)
{
    for (size_t i = 0; i < sizeof calls_known / sizeof *calls_known; i++)
        if (strcmp(calls_known[i].target, target) == 0)
            calls = calls_known[i];
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_vcpu_syscall_cb(id, on_call);
    qemu_plugin_register_vcpu_syscall_ret_cb(id, on_return);
    qemu_plugin_register_atexit_cb(id, on_exit_emulator, NULL);
    /* What is mapped now is the emulator's. */
    look_at_map();
    return true;
}
