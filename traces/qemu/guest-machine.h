/* SPDX-License-Identifier: MIT */
/*
 * The machine that QEMU is to be for `numasim trace capture --system`: processors, and memory in NUMA nodes, of which
 * some may have no processor; and the emulator's command line.
 *
 * One processor runs at a time, and the guest's clock goes one nanosecond an instruction, waiting none, so that what
 * happens does not depend on how fast we are. Left out: other distances between nodes than those QEMU gives (10 and
 * 20), huge or more than 3 GiB of memory (beyond, QEMU leaves a hole for devices), more than one core a socket.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <traces/qemu/recorder.h>

#define NSIM_GUEST_MACHINE_CPUS_MAX 64u
#define NSIM_GUEST_MACHINE_BYTES_MIN                                                                                   \
    (UINT64_C(128) << 20) /* of all nodes: less does not hold a kernel and a program                                   \
                           */
#define NSIM_GUEST_MACHINE_BYTES_MAX (UINT64_C(3) << 30)
#define NSIM_GUEST_MACHINE_NODE_BYTES_MIN (UINT64_C(16) << 20)
#define NSIM_GUEST_MACHINE_UNIT_BYTES (UINT64_C(2) << 20) /* nodes consist of so large parts */

typedef struct {
    uint64_t node_bytes[NSIM_RECORDER_NODES_MAX];
    uint32_t node_cpus[NSIM_RECORDER_NODES_MAX]; /* how many; their numbers go on from the node before */
    uint32_t node_count, cpu_count;
    /* What firmware says of memory as processors of node 0 see it (ACPI HMAT), by which kernels sort it into tiers. All
     * 0: it says nothing. */
    uint32_t node_latency_ns[NSIM_RECORDER_NODES_MAX];
    uint32_t node_gb_per_s[NSIM_RECORDER_NODES_MAX];
} NsimGuestMachine;

/*
 * Complete a machine, of which nodes and their bytes are given, and `cpu_count` or what the nodes have of them: 0
 * stands for "not said". Where no node says, node 0 has them all; where nobody says, there is one. False:
 * `*ret_problem` says what cannot be (transfer full).
 */
bool nsim_guest_machine_complete(NsimGuestMachine *machine, char **ret_problem);
/* "node0 512MiB with 2 processors, node1 512MiB". (transfer full) */
char *nsim_guest_machine_describe(const NsimGuestMachine *machine);

typedef struct {
    const char *emulator, *cpu; /* cpu: its model and features */
    const char *plugin;         /* NULL: none, and `channel_fd` is not used */
    const char *kernel;
    const char *append; /* more of the kernel's command line; NULL: nothing */
    uint32_t seed;      /* of what is random in there; 0 is as good as any */
    /* Descriptors that the emulator inherits. */
    int channel_fd, initramfs_fd;
    int out_fd, err_fd, report_fd; /* what the guest's program prints, and what its first program reports */
    int console_fd;                /* the kernel's messages */
} NsimGuestLaunch;

/* The emulator's command line, NULL-terminated. (transfer full) */
char **nsim_guest_machine_arguments(const NsimGuestMachine *machine, const NsimGuestLaunch *launch);
