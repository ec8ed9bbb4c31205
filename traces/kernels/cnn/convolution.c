/* SPDX-License-Identifier: MIT */
/* The convolutions of cnn.h: direct, eight neighbours of a row at a time, four output channels for each reading. */
#include "cnn.h"

typedef float Vector __attribute__((vector_size(32)));
typedef float Unaligned __attribute__((vector_size(32), aligned(4)));

/* Eight numbers from anywhere. */
#define LOAD(from) ((Vector) * (const Unaligned *)(const void *)(from))

void
cnn_convolve(const float *in, uint64_t in_channels, const float *weights, float *out, uint64_t out_channels,
             uint64_t side)
{
    const uint64_t row = cnn_row(side), plane = cnn_plane(side), kernel = in_channels * 9;
    for (uint64_t channel = 0; channel < out_channels; channel += 4) {
        for (uint64_t y = 0; y < side; y++) {
            for (uint64_t x = 0; x < side; x += 8) {
                Vector s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
                const float *weight = weights + channel * kernel;
                const float *from = in + cnn_at(side, y, x) - row - 1;
                for (uint64_t i = 0; i < in_channels; i++, from += plane) {
                    for (uint64_t k = 0; k < 9; k++, weight++) {
                        const Vector values = LOAD(from + k / 3 * row + k % 3);
                        s0 += weight[0] * values;
                        s1 += weight[kernel] * values;
                        s2 += weight[2 * kernel] * values;
                        s3 += weight[3 * kernel] * values;
                    }
                }
                float *to = out + channel * plane + cnn_at(side, y, x);
                *(Vector *)(void *)to = s0;
                *(Vector *)(void *)(to + plane) = s1;
                *(Vector *)(void *)(to + 2 * plane) = s2;
                *(Vector *)(void *)(to + 3 * plane) = s3;
            }
        }
    }
}

void
cnn_turn_weights(const CnnLayer *layer, uint64_t first, uint64_t end)
{
    for (uint64_t in = first; in < end; in++)
        for (uint64_t out = 0; out < layer->out_channels; out++)
            for (uint64_t k = 0; k < 9; k++)
                layer->turned[(in * layer->out_channels + out) * 9 + k] =
                    layer->weights[(out * layer->in_channels + in) * 9 + 8 - k];
}

static float
add_up(const Vector *sums)
{
    const Vector v = *sums;
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/* The nine weights between two channels: slopes of the output times the input, shifted, over all images. */
static void
pair_gradients(const CnnLayer *layer, uint64_t image_count, uint64_t out, uint64_t in)
{
    const uint64_t side = layer->side, row = cnn_row(side), plane = cnn_plane(side);
    Vector sums[9] = {0};
    for (uint64_t image = 0; image < image_count; image++) {
        const float *slopes = layer->out_slope + (image * layer->out_channels + out) * plane;
        const float *values = layer->in + (image * layer->in_channels + in) * plane;
        for (uint64_t y = 0; y < side; y++) {
            for (uint64_t x = 0; x < side; x += 8) {
                const Vector slope = LOAD(slopes + cnn_at(side, y, x));
                const float *from = values + cnn_at(side, y, x) - row - 1;
                for (unsigned k = 0; k < 9; k++)
                    sums[k] += slope * LOAD(from + k / 3 * row + k % 3);
            }
        }
    }
    for (unsigned k = 0; k < 9; k++)
        layer->gradients[(out * layer->in_channels + in) * 9 + k] = add_up(&sums[k]);
}

void
cnn_convolve_gradients(const CnnLayer *layer, uint64_t image_count, uint64_t first, uint64_t end)
{
    for (uint64_t out = first; out < end; out++)
        for (uint64_t in = 0; in < layer->in_channels; in++)
            pair_gradients(layer, image_count, out, in);
}
