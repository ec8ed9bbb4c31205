/* SPDX-License-Identifier: MIT */
/* The kernels of the program, in the order of its help. */
#include "kernels.h"

const Kernel *const all_kernels[] = {
    &stream_kernel, &gups_kernel,      &chase_kernel, &bfs_kernel,     &pagerank_kernel, &kvs_kernel, &embedding_kernel,
    &gemm_kernel,   &multigrid_kernel, &wcc_kernel,   &louvain_kernel, &cnn_kernel,      NULL,
};
