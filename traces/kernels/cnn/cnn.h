/* SPDX-License-Identifier: MIT */
/*
 * One training step of a small convolutional network: forward, backward, stochastic gradient descent.
 *
 *   images -> 3 x 3 convolution, rectifier, 2 x 2 maximum -> the same again -> fully connected layer -> outputs
 *
 * Source: LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition" (1998). The loss
 * is half the squared distance from random targets, so that no exponential is needed. Left out: biases, momentum,
 * normalisation, more than one step.
 *
 * Planes have a border of zeros: (side + 2) rows of side + 16 numbers, of which those from 8 on are the plane's, so
 * that rows are aligned for vectors.
 */
#pragma once

#include <traces/kernels/common/kernel.h>

#define CNN_INPUT_CHANNELS 4u /* three colours, and one that is always 0 */
#define CNN_RATE 0x1p-10f     /* of learning */

/* A convolution and what it works on; `out` is after the rectifier, `pooled` after the maximum. */
typedef struct {
    uint64_t in_channels, out_channels, side;
    float *weights, *gradients;                 /* out x in x 3 x 3 */
    float *turned;                              /* in x out x 3 x 3, turned by half a circle: for the way back */
    float *in, *out, *pooled;                   /* image x channel x plane */
    float *in_slope, *out_slope, *pooled_slope; /* the loss's derivatives by them; in_slope may be NULL */
} CnnLayer;

typedef struct {
    uint64_t image_count, output_count, flat_count;
    CnnLayer layers[2];
    float *weights, *gradients;       /* of the last layer: output x flat */
    float *flat, *flat_slope;         /* image x flat */
    float *outputs, *targets, *slope; /* image x output; the slope is their difference */
    float *all_weights, *all_gradients;
    uint64_t weight_count;
    float *first_weights; /* a copy from before the step, for the check */
} Cnn;

static inline uint64_t
cnn_row(uint64_t side)
{
    return side + 16;
}

static inline uint64_t
cnn_plane(uint64_t side)
{
    return (side + 2) * cnn_row(side);
}

/* Where the number at (y, x) of a plane lies. */
static inline uint64_t
cnn_at(uint64_t side, uint64_t y, uint64_t x)
{
    return (y + 1) * cnn_row(side) + x + 8;
}

/* ---- convolution.c: out = weights * in; turn the weights; the gradients of output channels [first, end). */
void cnn_convolve(const float *in, uint64_t in_channels, const float *weights, float *out, uint64_t out_channels,
                  uint64_t side);
void cnn_turn_weights(const CnnLayer *layer, uint64_t first, uint64_t end);
void cnn_convolve_gradients(const CnnLayer *layer, uint64_t image_count, uint64_t first, uint64_t end);

/* ---- reference.c: the loss with these weights, in double and by the plainest loops. */
double cnn_plain_loss(const Cnn *cnn, const double *weights);
