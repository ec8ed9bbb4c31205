/* SPDX-License-Identifier: MIT */
/*
 * The capture's header as the traced kernels of this tree include it: they are built apart from the project, without
 * the linker's help, so that their calls of memcpy() and its like are replaced here.
 */
#pragma once

#include <stdio.h>
#include <string.h>

#include <numasim/capture.h>

#if defined NSIM_CAPTURE && !defined NSIM_CAPTURE_RUNTIME
#define memcpy(to, from, bytes) nsim_capture_memcpy(to, from, bytes)
#define memmove(to, from, bytes) nsim_capture_memmove(to, from, bytes)
#define memset(to, value, bytes) nsim_capture_memset(to, value, bytes)
#endif
