/* SPDX-License-Identifier: MIT */
/* The judge: the loss of the same network, written a second time in double. It shares the images, targets and shapes.
 */
#include <stdlib.h>

#include "cnn.h"

/* A plane of one output channel: convolution, rectifier and maximum; planes here have no border. */
static void
plain_channel(const double *in, uint64_t channels, const double *weights, uint64_t side, double *pooled)
{
    for (uint64_t i = 0; i < side / 2 * (side / 2); i++)
        pooled[i] = 0; /* the rectifier */
    for (uint64_t y = 0; y < side; y++) {
        for (uint64_t x = 0; x < side; x++) {
            double sum = 0;
            for (uint64_t c = 0; c < channels; c++)
                for (uint64_t k = 0; k < 9; k++)
                    if (y + k / 3 >= 1 && y + k / 3 <= side && x + k % 3 >= 1 && x + k % 3 <= side)
                        sum += weights[c * 9 + k] * in[(c * side + y + k / 3 - 1) * side + x + k % 3 - 1];
            double *slot = &pooled[y / 2 * (side / 2) + x / 2];
            *slot = sum > *slot ? sum : *slot;
        }
    }
}

/* The loss of one image; `planes` has room for what is between the layers. */
static double
image_loss(const Cnn *cnn, const double *weights, uint64_t image, double *planes)
{
    const CnnLayer *first = &cnn->layers[0], *second = &cnn->layers[1];
    const uint64_t side = first->side;
    double *middle = planes + first->in_channels * side * side;
    double *flat = middle + second->in_channels * second->side * second->side;
    const float *image_planes = first->in + image * first->in_channels * cnn_plane(side);
    for (uint64_t i = 0; i < first->in_channels * side * side; i++)
        planes[i] = (double)image_planes[i / (side * side) * cnn_plane(side) + cnn_at(side, i / side % side, i % side)];
    for (uint64_t c = 0; c < first->out_channels; c++, weights += first->in_channels * 9)
        plain_channel(planes, first->in_channels, weights, side, middle + c * second->side * second->side);
    const uint64_t part = second->side / 2 * (second->side / 2);
    for (uint64_t c = 0; c < second->out_channels; c++, weights += second->in_channels * 9)
        plain_channel(middle, second->in_channels, weights, second->side, flat + c * part);
    double loss = 0;
    for (uint64_t o = 0; o < cnn->output_count; o++, weights += cnn->flat_count) {
        double output = 0;
        for (uint64_t i = 0; i < cnn->flat_count; i++)
            output += weights[i] * flat[i];
        const double off = output - (double)cnn->targets[image * cnn->output_count + o];
        loss += off * off / 2;
    }
    return loss;
}

double
cnn_plain_loss(const Cnn *cnn, const double *weights)
{
    const CnnLayer *first = &cnn->layers[0], *second = &cnn->layers[1];
    double loss = 0;
    double *planes = kernel_alloc(first->in_channels * first->side * first->side +
                                      second->in_channels * second->side * second->side + cnn->flat_count,
                                  sizeof *planes);
    for (uint64_t image = 0; image < cnn->image_count; image++)
        loss += image_loss(cnn, weights, image, planes);
    free(planes);
    return loss;
}
