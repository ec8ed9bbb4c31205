/* SPDX-License-Identifier: MIT */
/* Plain types shared by the simulator and its plug-ins. Every quantity names its unit. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Simulated time in picoseconds: 64 B at 4 TB/s take 16 ps; the range is 213 days. Never a double. */
typedef uint64_t NsimTime;

#define NSIM_PS ((NsimTime)1)
#define NSIM_NS ((NsimTime)1000)
#define NSIM_US ((NsimTime)1000 * 1000)
#define NSIM_MS ((NsimTime)1000 * 1000 * 1000)
#define NSIM_S ((NsimTime)1000 * 1000 * 1000 * 1000)
/* "Never": later than every event. */
#define NSIM_TIME_MAX UINT64_MAX

/* An access is one cache line touched. */
#define NSIM_LINE_SHIFT 6
#define NSIM_LINE_BYTES ((uint64_t)1 << NSIM_LINE_SHIFT)

/* Index of a memory node, accessor, link or address space in its table of the machine or the run. */
typedef uint16_t NsimNodeId;
typedef uint16_t NsimAccessorId;
typedef uint16_t NsimLinkId;
typedef uint16_t NsimSpaceId;

#define NSIM_NODE_NONE ((NsimNodeId)0xffff)
#define NSIM_SPACE_NONE ((NsimSpaceId)0xffff)
#define NSIM_ACCESSOR_NONE ((NsimAccessorId)0xffff)

/* Index of a base page in an address space (the machine's page size, not always 4 KiB). */
typedef uint64_t NsimPage;
