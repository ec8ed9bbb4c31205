/* SPDX-License-Identifier: MIT */
/*
 * Instructions that one captured memory access stands for, in 1/256, by kind of work: the clock of a capture.
 *
 * Measured by `make -C traces/kernels calibrate`: instructions of the uninstrumented program (valgrind
 * --tool=callgrind, gcc 12.2 -O3 -mavx2 -mf16c, the 1b shape, one thread) over the accesses that the capture of the
 * same run saw.
 */
#pragma once

#include <traces/capture/capture.h>

#include "llama.h"

static const NsimCaptureWork llama_works[LLAMA_WORK_COUNT] = {
    [LLAMA_WORK_OTHER] = {"other", 407},
    [LLAMA_WORK_NORM] = {"norm", 667},
    [LLAMA_WORK_PRODUCT_ONE] = {"product-one", 1228},
    [LLAMA_WORK_PRODUCT_BATCH] = {"product-batch", 1174},
    [LLAMA_WORK_ROPE] = {"rope", 407},
    [LLAMA_WORK_ATTENTION] = {"attention", 856},
    [LLAMA_WORK_SWIGLU] = {"swiglu", 2622},
    [LLAMA_WORK_PICK] = {"pick", 4095},
};
