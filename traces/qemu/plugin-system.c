/* SPDX-License-Identifier: MIT */
/*
 * The plug-in in an emulator of a whole machine: see plugin.h. What programs and the kernel load and store, by physical
 * address. Until the guest's first program (guest/init.c) says that recording begins, and after it says that it is
 * over, code runs as if there were no plug-in but for a look for such words in new code; the one and the other make the
 * emulator forget what it translated.
 *
 * The kernel's accesses are those of instructions in the upper half of the address space. Lines told a little while ago
 * are remembered by their virtual address, and forgotten when the kernel changes what addresses mean. Not seen: what
 * devices read and write, and page-table walks.
 */
#include "guest/marks.h"
#include "plugin.h"

#include <string.h>

/* The data of an access call-back: instruction in its block, and whether it is the kernel's. */
#define BY_KERNEL (UINT64_C(1) << 32)
#define PAGE_SHIFT 12u

static qemu_plugin_id_t plugin;
/* What a reset of the plug-in is for. */
static bool is_recording;

static bool
is_kernel(uint64_t address)
{
    return address >> 63 != 0;
}

/* ---- Accesses -------------------------------------------------------------------------------------------------- */

/* Where the emulator says that an address is; false: not in memory. */
static bool
find_place(qemu_plugin_meminfo_t info, uint64_t address, uint64_t *ret)
{
    const struct qemu_plugin_hwaddr *place = qemu_plugin_get_hwaddr(info, address);
    if (place == NULL || qemu_plugin_hwaddr_is_io(place))
        return false;
    *ret = qemu_plugin_hwaddr_phys_addr(place);
    return true;
}

static inline void
touch(NsimVcpu *vcpu, qemu_plugin_meminfo_t info, uint64_t address, unsigned kind, uint64_t clock)
{
    uint64_t place;
    const bool is_store = (kind & NSIM_CHANNEL_STORE) != 0;
    const uint64_t line = address >> NSIM_PLUGIN_LINE_SHIFT;
    NsimRecent *recent = nsim_plugin_news(vcpu, line, is_store);
    if (recent == NULL || !find_place(info, address, &place))
        return;
    nsim_plugin_tell(vcpu, kind, place >> NSIM_PLUGIN_LINE_SHIFT, clock);
    nsim_plugin_note(vcpu, recent, line, is_store);
}

static void
on_access(unsigned int number, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
    NsimVcpu *vcpu = nsim_plugin_vcpu(number);
    if (vcpu == NULL || !atomic_load_explicit(&nsim_plugin_channel->recording, memory_order_relaxed))
        return;
    const uint64_t clock = vcpu->block_clock + ((uintptr_t)data & (BY_KERNEL - 1));
    const unsigned kind = (qemu_plugin_mem_is_store(info) ? NSIM_CHANNEL_STORE : NSIM_CHANNEL_LOAD) |
                          (((uintptr_t)data & BY_KERNEL) != 0 ? NSIM_CHANNEL_BY_KERNEL : 0);
    touch(vcpu, info, address, kind, clock);
    if (__builtin_expect((address & 63) > 64 - NSIM_PLUGIN_ACCESS_BYTES_MAX / 2, 0)) {
        const uint64_t end = address + (UINT64_C(1) << (qemu_plugin_mem_size_shift(info) & 7));
        for (uint64_t next = (address | 63) + 1; next < end; next += 64)
            touch(vcpu, info, next, kind, clock);
    }
}

/* The guest's store to a page of which its address says where it is. */
static void
on_probe(unsigned int number, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
    const uint64_t wanted = address - NSIM_GUEST_WINDOW;
    uint64_t told;
    (void)number, (void)data;
    if (wanted >= NSIM_GUEST_WINDOW_BYTES || !find_place(info, address, &told))
        return;
    for (uint32_t i = 0; i < nsim_plugin_channel->node_count && i < NSIM_CHANNEL_NODES; i++) {
        NsimChannelNode *node = &nsim_plugin_channel->nodes[i];
        if (wanted < node->begin || wanted >= node->end)
            continue;
        atomic_store(&node->shift, told - wanted);
        atomic_store(&node->is_known, 1);
    }
}

/* ---- What instructions mean ------------------------------------------------------------------------------------ */

/* The mark that an instruction is, or 0. */
static unsigned
read_mark(const struct qemu_plugin_insn *instruction)
{
    static const uint8_t head[] = {NSIM_GUEST_MARK_HEAD};
    if (qemu_plugin_insn_size(instruction) != NSIM_GUEST_MARK_BYTES)
        return 0;
    const uint8_t *bytes = qemu_plugin_insn_data(instruction);
    return memcmp(bytes, head, sizeof head) == 0 ? bytes[sizeof head] : 0;
}

/* Does a kernel's instruction change what addresses mean: a write to a control register, INVLPG, INVPCID? */
static bool
changes_addresses(const uint8_t *bytes, size_t count)
{
    while (count > 3 && (bytes[0] == 0x66 || (bytes[0] & 0xf0) == 0x40)) {
        bytes++;
        count--;
    }
    if (count < 3 || bytes[0] != 0x0f)
        return false;
    return bytes[1] == 0x22 || (bytes[1] == 0x01 && (bytes[2] >> 3 & 7) == 7 && bytes[2] >> 6 != 3) ||
           (bytes[1] == 0x38 && bytes[2] == 0x82);
}

static bool
is_halt(const uint8_t *bytes, size_t count)
{
    return count == 1 && bytes[0] == 0xf4;
}

/* ---- Call-backs ------------------------------------------------------------------------------------------------ */

static void
on_change(unsigned int number, void *data)
{
    NsimVcpu *vcpu = nsim_plugin_vcpu(number);
    (void)data;
    if (vcpu != NULL)
        nsim_plugin_forget_recent(vcpu);
}

static void
on_halt(unsigned int number, void *data)
{
    NsimVcpu *vcpu = nsim_plugin_vcpu(number);
    (void)data;
    if (vcpu != NULL)
        nsim_plugin_wait(vcpu);
}

static void
watch_instruction(struct qemu_plugin_insn *instruction, size_t number)
{
    const bool by_kernel = is_kernel(qemu_plugin_insn_vaddr(instruction));
    const unsigned wanted = by_kernel ? NSIM_CHANNEL_KERNEL : NSIM_CHANNEL_USER;
    if ((nsim_plugin_channel->accesses & wanted) != 0)
        qemu_plugin_register_vcpu_mem_cb(instruction, on_access, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
                                         (void *)(uintptr_t)(number | (by_kernel ? BY_KERNEL : 0)));
    if (!by_kernel)
        return;
    const uint8_t *bytes = qemu_plugin_insn_data(instruction);
    const size_t count = qemu_plugin_insn_size(instruction);
    if (changes_addresses(bytes, count))
        qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_change, QEMU_PLUGIN_CB_NO_REGS, NULL);
    if (is_halt(bytes, count))
        qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_halt, QEMU_PLUGIN_CB_NO_REGS, NULL);
}

static void on_mark(unsigned int number, void *data);

static void
on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    if (nsim_plugin_channel == NULL)
        return;
    unsigned mark = 0;
    const size_t count = qemu_plugin_tb_n_insns(block);
    if (is_recording)
        nsim_plugin_watch_block(block, count);
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        if (mark == NSIM_GUEST_PROBE)
            qemu_plugin_register_vcpu_mem_cb(instruction, on_probe, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_W, NULL);
        mark = read_mark(instruction);
        if (mark == NSIM_GUEST_START || mark == NSIM_GUEST_STOP)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_mark, QEMU_PLUGIN_CB_NO_REGS,
                                                   (void *)(uintptr_t)mark);
        if (is_recording)
            watch_instruction(instruction, i);
    }
}

/* No code is translated. */
static void
on_reset(qemu_plugin_id_t id)
{
    if (nsim_plugin_channel == NULL)
        return;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    if (is_recording)
        nsim_plugin_set_recording(true);
}

static void
end_recording(void)
{
    nsim_plugin_set_recording(false);
    for (uint32_t i = 0; i < atomic_load(&nsim_plugin_channel->thread_count) && i < NSIM_CHANNEL_THREADS; i++)
        if (nsim_plugin_vcpu(i) != NULL)
            nsim_plugin_hand_over(nsim_plugin_vcpu(i));
}

static void
on_mark(unsigned int number, void *data)
{
    (void)number;
    const bool starts = (uintptr_t)data == NSIM_GUEST_START;
    if (nsim_plugin_channel == NULL || starts == is_recording)
        return;
    if (!starts)
        end_recording();
    is_recording = starts;
    qemu_plugin_reset(plugin, on_reset);
}

bool
nsim_plugin_begin_system(qemu_plugin_id_t id, const char *target)
{
    if (strcmp(target, "x86_64") != 0)
        return false;
    plugin = id;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    return true;
}
