# SPDX-License-Identifier: MIT
# The kernels have a Makefile of their own, independent of this build; here they are distributed.
EXTRA_DIST += \
    docs/capture.md \
    docs/kernels.md \
    traces/kernels/Makefile \
    traces/kernels/calibrate.sh \
    traces/kernels/calibrate-kernels.sh \
    traces/kernels/check.sh \
    traces/kernels/check-kernels.sh \
    traces/kernels/shapes.txt \
    traces/kernels/chase/chase.c \
    traces/kernels/cnn/cnn.c \
    traces/kernels/cnn/cnn.h \
    traces/kernels/cnn/convolution.c \
    traces/kernels/cnn/reference.c \
    traces/kernels/common/gpu.c \
    traces/kernels/common/gpu.h \
    traces/kernels/common/kernel.h \
    traces/kernels/common/kernels.c \
    traces/kernels/common/kernels.h \
    traces/kernels/common/main.c \
    traces/kernels/common/random.h \
    traces/kernels/common/zipf.c \
    traces/kernels/common/zipf.h \
    traces/kernels/embedding/embedding.c \
    traces/kernels/gemm/gemm.c \
    traces/kernels/graph/bfs.c \
    traces/kernels/graph/graph.c \
    traces/kernels/graph/graph.h \
    traces/kernels/graph/louvain.c \
    traces/kernels/graph/pagerank.c \
    traces/kernels/graph/wcc.c \
    traces/kernels/gups/gups.c \
    traces/kernels/kvs/kvs.c \
    traces/kernels/kvs/kvs.h \
    traces/kernels/kvs/requests.c \
    traces/kernels/kvs/shadow.c \
    traces/kernels/kvs/store.c \
    traces/kernels/multigrid/multigrid.c \
    traces/kernels/stream/stream.c \
    traces/kernels/llama/barrier.c traces/kernels/llama/barrier.h \
    traces/kernels/llama/cost.h \
    traces/kernels/llama/forward.c \
    traces/kernels/llama/llama.h \
    traces/kernels/llama/main.c \
    traces/kernels/llama/model.c \
    traces/kernels/llama/numbers.h \
    traces/kernels/llama/quant.h \
    traces/kernels/llama/reference.c \
    traces/kernels/mark-dependent.c \
    traces/kernels/verify.c \
    traces/llama.trace
EXTRA_DIST += \
    traces/bfs.trace \
    traces/bfs-gpu.trace \
    traces/chase.trace \
    traces/cnn.trace \
    traces/embedding.trace \
    traces/embedding-gpu.trace \
    traces/gemm.trace \
    traces/gemm-gpu.trace \
    traces/gups.trace \
    traces/kvs.trace \
    traces/louvain.trace \
    traces/multigrid.trace \
    traces/multigrid-gpu.trace \
    traces/pagerank.trace \
    traces/stream.trace \
    traces/wcc.trace

TESTS += tests/traces/kernels.test
EXTRA_DIST += tests/traces/kernels.test
