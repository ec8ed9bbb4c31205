/* SPDX-License-Identifier: MIT */
/* Machines as guest-machine.h says. */
#include <traces/qemu/guest-machine.h>

#include <stdarg.h>
#include <string.h>

#include <glib.h>

#define MIB_SHIFT 20
/*
 * The kernel's command line. Errors only, and a panic ends the machine; no addresses drawn at random; no watchdogs,
 * which a machine slower than they think would set off; no flushes of what processors have known for the sake of
 * secrets, which this one does not keep.
 */
#define KERNEL_WORDS                                                                                                   \
    "console=ttyS0 loglevel=4 panic=-1 oops=panic nokaslr norandmaps nowatchdog rcupdate.rcu_cpu_stall_suppress=1 "    \
    "mitigations=off rdinit=/init"

/* ---- What it is ------------------------------------------------------------------------------------------------ */

static char *
find_problem(const NsimGuestMachine *machine)
{
    uint64_t bytes = 0;
    uint32_t cpus = 0;
    for (uint32_t i = 0; i < machine->node_count; i++) {
        if (machine->node_bytes[i] < NSIM_GUEST_MACHINE_NODE_BYTES_MIN ||
            machine->node_bytes[i] > NSIM_GUEST_MACHINE_BYTES_MAX ||
            machine->node_bytes[i] % NSIM_GUEST_MACHINE_UNIT_BYTES != 0)
            return g_strdup_printf("node %u is not a multiple of %uMiB from %uMiB on", i,
                                   (unsigned)(NSIM_GUEST_MACHINE_UNIT_BYTES >> MIB_SHIFT),
                                   (unsigned)(NSIM_GUEST_MACHINE_NODE_BYTES_MIN >> MIB_SHIFT));
        bytes += machine->node_bytes[i];
        cpus += MIN(machine->node_cpus[i], NSIM_GUEST_MACHINE_CPUS_MAX + 1);
    }
    if (bytes < NSIM_GUEST_MACHINE_BYTES_MIN || bytes > NSIM_GUEST_MACHINE_BYTES_MAX)
        return g_strdup_printf("all memory together is %" G_GUINT64_FORMAT "MiB; allowed: %uMiB to %uMiB",
                               bytes >> MIB_SHIFT, (unsigned)(NSIM_GUEST_MACHINE_BYTES_MIN >> MIB_SHIFT),
                               (unsigned)(NSIM_GUEST_MACHINE_BYTES_MAX >> MIB_SHIFT));
    if (cpus > NSIM_GUEST_MACHINE_CPUS_MAX || machine->cpu_count > NSIM_GUEST_MACHINE_CPUS_MAX)
        return g_strdup_printf("more than %u processors", NSIM_GUEST_MACHINE_CPUS_MAX);
    if (cpus > 0 && machine->cpu_count > 0 && cpus != machine->cpu_count)
        return g_strdup_printf("the nodes have %u processors, and the machine has %u", cpus, machine->cpu_count);
    return NULL;
}

bool
nsim_guest_machine_complete(NsimGuestMachine *machine, char **ret_problem)
{
    uint32_t cpus = 0;
    char *problem = find_problem(machine);
    if (problem != NULL) {
        *ret_problem = problem;
        return false;
    }
    for (uint32_t i = 0; i < machine->node_count; i++)
        cpus += machine->node_cpus[i];
    if (machine->cpu_count == 0)
        machine->cpu_count = MAX(cpus, 1);
    if (cpus == 0)
        machine->node_cpus[0] = machine->cpu_count;
    return true;
}

char *
nsim_guest_machine_describe(const NsimGuestMachine *machine)
{
    GString *text = g_string_new(NULL);
    for (uint32_t i = 0; i < machine->node_count; i++) {
        g_string_append_printf(text, "%snode%u %" G_GUINT64_FORMAT "MiB", i > 0 ? ", " : "", i,
                               machine->node_bytes[i] >> MIB_SHIFT);
        if (machine->node_cpus[i] > 0)
            g_string_append_printf(text, " with %u processor%s", machine->node_cpus[i],
                                   machine->node_cpus[i] > 1 ? "s" : "");
    }
    return g_string_free(text, FALSE);
}

/* ---- The command line ------------------------------------------------------------------------------------------ */

G_GNUC_PRINTF(3, 4) static void add(GPtrArray *words, const char *option, const char *format, ...)
{
    va_list arguments;
    g_ptr_array_add(words, g_strdup(option));
    va_start(arguments, format);
    g_ptr_array_add(words, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static bool
has_tiers(const NsimGuestMachine *machine)
{
    return machine->node_latency_ns[0] > 0;
}

static void
add_tiers(GPtrArray *words, const NsimGuestMachine *machine)
{
    for (uint32_t i = 0; i < machine->node_count; i++) {
        add(words, "-numa", "hmat-lb,initiator=0,target=%u,hierarchy=memory,data-type=access-latency,latency=%u", i,
            machine->node_latency_ns[i]);
        add(words, "-numa", "hmat-lb,initiator=0,target=%u,hierarchy=memory,data-type=access-bandwidth,bandwidth=%uG",
            i, machine->node_gb_per_s[i]);
    }
}

static void
add_nodes(GPtrArray *words, const NsimGuestMachine *machine)
{
    uint32_t cpu = 0;
    for (uint32_t i = 0; i < machine->node_count; i++) {
        g_autofree char *cpus = machine->node_cpus[i] > 0
                                    ? g_strdup_printf(",cpus=%u-%u", cpu, cpu + machine->node_cpus[i] - 1)
                                    : g_strdup("");
        add(words, "-object", "memory-backend-ram,id=node%u,size=%" G_GUINT64_FORMAT, i, machine->node_bytes[i]);
        add(words, "-numa", "node,nodeid=%u,memdev=node%u%s%s", i, i, cpus,
            has_tiers(machine) && machine->node_cpus[i] == 0 ? ",initiator=0" : "");
        cpu += machine->node_cpus[i];
    }
    if (has_tiers(machine))
        add_tiers(words, machine);
}

/* A port of the virtual serial device; guest/init.c opens it by its number. */
static void
add_port(GPtrArray *words, unsigned number, int fd)
{
    add(words, "-chardev", "file,id=port%u,path=/proc/self/fd/%d", number, fd);
    add(words, "-device", "virtserialport,chardev=port%u,nr=%u", number, number);
}

/* Commas end a plug-in's path unless they are doubled. */
static void
add_plugin(GPtrArray *words, const char *path, int channel_fd)
{
    g_auto(GStrv) parts = g_strsplit(path, ",", -1);
    g_autofree char *plugin = g_strjoinv(",,", parts);
    add(words, "-plugin", "%s,fd=%d", plugin, channel_fd);
}

char **
nsim_guest_machine_arguments(const NsimGuestMachine *machine, const NsimGuestLaunch *launch)
{
    uint64_t bytes = 0;
    GPtrArray *words = g_ptr_array_new();
    for (uint32_t i = 0; i < machine->node_count; i++)
        bytes += machine->node_bytes[i];
    g_ptr_array_add(words, g_strdup(launch->emulator));
    g_ptr_array_add(words, g_strdup("-nodefaults"));
    g_ptr_array_add(words, g_strdup("-no-user-config"));
    g_ptr_array_add(words, g_strdup("-no-reboot"));
    add(words, "-display", "none");
    add(words, "-machine", has_tiers(machine) ? "pc,hmat=on" : "pc");
    add(words, "-accel", "tcg,thread=single");
    /* The guest's time is instructions, and its dice and its calendar are the same each time. */
    add(words, "-icount", "shift=0,sleep=off");
    add(words, "-rtc", "base=2020-01-01,clock=vm");
    add(words, "-seed", "%u", launch->seed + 1);
    add(words, "-cpu", "%s", launch->cpu);
    add(words, "-smp", "%u,sockets=%u,cores=1,threads=1", machine->cpu_count, machine->cpu_count);
    add(words, "-m", "%" G_GUINT64_FORMAT "M", bytes >> MIB_SHIFT);
    add_nodes(words, machine);
    add(words, "-kernel", "%s", launch->kernel);
    add(words, "-initrd", "/proc/self/fd/%d", launch->initramfs_fd);
    add(words, "-append", "%s%s%s", KERNEL_WORDS, launch->append != NULL ? " " : "",
        launch->append != NULL ? launch->append : "");
    add(words, "-chardev", "file,id=console,path=/proc/self/fd/%d", launch->console_fd);
    add(words, "-serial", "chardev:console");
    /* Served at once and not by another thread, whose turn would depend on the host. */
    add(words, "-device", "virtio-serial-pci,max_ports=4,ioeventfd=off");
    add_port(words, 1, launch->out_fd);
    add_port(words, 2, launch->err_fd);
    add_port(words, 3, launch->report_fd);
    if (launch->plugin != NULL)
        add_plugin(words, launch->plugin, launch->channel_fd);
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}
