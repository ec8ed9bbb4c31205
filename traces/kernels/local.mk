# SPDX-License-Identifier: MIT
# The kernels have a Makefile of their own, independent of this build; here they are distributed.
EXTRA_DIST += \
    docs/capture.md \
    traces/kernels/Makefile \
    traces/kernels/calibrate.sh \
    traces/kernels/check.sh \
    traces/kernels/llama/barrier.c traces/kernels/llama/barrier.h \
    traces/kernels/llama/cost.h \
    traces/kernels/llama/forward.c \
    traces/kernels/llama/llama.h \
    traces/kernels/llama/main.c \
    traces/kernels/llama/model.c \
    traces/kernels/llama/numbers.h \
    traces/kernels/llama/quant.h \
    traces/kernels/llama/reference.c \
    traces/kernels/verify.c \
    traces/llama.trace
