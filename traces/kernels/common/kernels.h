/* SPDX-License-Identifier: MIT */
/* The kernels of the program. */
#pragma once

#include "kernel.h"

extern const Kernel stream_kernel, gups_kernel, chase_kernel;
extern const Kernel bfs_kernel, pagerank_kernel, kvs_kernel;
extern const Kernel embedding_kernel, gemm_kernel, multigrid_kernel, wcc_kernel, louvain_kernel, cnn_kernel;

extern const Kernel *const all_kernels[]; /* NULL ends them */
