/* SPDX-License-Identifier: MIT */
/*
 * What the first program of a guest (init.c) and the plug-in (plugin-system.c) have agreed on: instructions that do
 * nothing and that no compiler writes, by which the one tells the other where recording begins and ends and where
 * memory is.
 *
 * Each is an 8-byte no-operation, `nopl 0xKK4d534e(%rax,%rax,1)`: the displacement is "NSM" and the mark. It is the
 * same in user mode and in the kernel, changes no register and traps nowhere.
 */
#pragma once

/* Recording begins; it is over; the next instruction stores to NSIM_GUEST_WINDOW + the physical address of what it
 * hits. */
#define NSIM_GUEST_START 1
#define NSIM_GUEST_STOP 2
#define NSIM_GUEST_PROBE 3

#define NSIM_GUEST_MARK_BYTES 8
#define NSIM_GUEST_MARK_HEAD 0x0f, 0x1f, 0x84, 0x00, 0x4e, 0x53, 0x4d

/* Virtual addresses from here on, as many as there may be physical ones, that nothing else uses. */
#define NSIM_GUEST_WINDOW 0x6e0000000000
#define NSIM_GUEST_WINDOW_BYTES 0x100000000
