/* SPDX-License-Identifier: MIT */
/* The step of cnn.h, split over threads: images on the way forward and back, weights where gradients are made. */
#include "cnn.h"

#include <stdlib.h>

#include <traces/kernels/common/random.h>

enum { IMAGES, SIDE, CHANNELS, OUTPUTS, SAMPLES };

typedef float Vector __attribute__((vector_size(32)));

/* ---- Parts of the step ------------------------------------------------------------------------------------------ */

/* The rectifier and the maximum of 2 x 2: what is below 0 becomes 0. */
static void
pool(const float *out, uint64_t side, float *pooled, uint64_t row, uint64_t origin)
{
    for (uint64_t y = 0; y < side / 2; y++) {
        const float *upper = out + cnn_at(side, 2 * y, 0), *lower = upper + cnn_row(side);
        float *to = pooled + origin + y * row;
        for (uint64_t x = 0; x < side / 2; x++) {
            const float a = upper[2 * x] > upper[2 * x + 1] ? upper[2 * x] : upper[2 * x + 1];
            const float b = lower[2 * x] > lower[2 * x + 1] ? lower[2 * x] : lower[2 * x + 1];
            const float most = a > b ? a : b;
            to[x] = most > 0 ? most : 0;
        }
    }
}

/* The way back: the slope goes to the largest of the four, the first one of several, when it is above 0. */
static void
unpool(const float *out, uint64_t side, const float *pooled, const float *pooled_slope, uint64_t row, uint64_t origin,
       float *out_slope)
{
    for (uint64_t y = 0; y < side / 2; y++) {
        const float *most = pooled + origin + y * row, *slope = pooled_slope + origin + y * row;
        for (uint64_t x = 0; x < side / 2; x++) {
            bool given = most[x] <= 0;
            for (uint64_t k = 0; k < 4; k++) {
                const uint64_t at = cnn_at(side, 2 * y + k / 2, 2 * x + k % 2);
                const bool here = !given && out[at] >= most[x];
                out_slope[at] = here ? slope[x] : 0;
                given |= here;
            }
        }
    }
}

/* Pooled planes are the padded input of the second layer, or the flat input of the last. */
typedef struct {
    uint64_t plane, row, origin;
} Pooled;

static Pooled
pooled_shape(const Cnn *cnn, unsigned number)
{
    const uint64_t half = cnn->layers[number].side / 2;
    return number == 0 ? (Pooled){cnn_plane(half), cnn_row(half), cnn_at(half, 0, 0)} : (Pooled){half * half, half, 0};
}

static void
go_forward(const Cnn *cnn, unsigned number, KernelShare images)
{
    const CnnLayer *layer = &cnn->layers[number];
    const uint64_t plane = cnn_plane(layer->side);
    const Pooled shape = pooled_shape(cnn, number);
    for (uint64_t image = images.first; image < images.end; image++) {
        float *out = layer->out + image * layer->out_channels * plane;
        cnn_convolve(layer->in + image * layer->in_channels * plane, layer->in_channels, layer->weights, out,
                     layer->out_channels, layer->side);
        for (uint64_t c = 0; c < layer->out_channels; c++)
            pool(out + c * plane, layer->side, layer->pooled + (image * layer->out_channels + c) * shape.plane,
                 shape.row, shape.origin);
    }
}

static void
go_back(const Cnn *cnn, unsigned number, KernelShare images)
{
    const CnnLayer *layer = &cnn->layers[number];
    const uint64_t plane = cnn_plane(layer->side);
    const Pooled shape = pooled_shape(cnn, number);
    for (uint64_t image = images.first; image < images.end; image++) {
        for (uint64_t c = image * layer->out_channels; c < (image + 1) * layer->out_channels; c++)
            unpool(layer->out + c * plane, layer->side, layer->pooled + c * shape.plane,
                   layer->pooled_slope + c * shape.plane, shape.row, shape.origin, layer->out_slope + c * plane);
        if (layer->in_slope)
            cnn_convolve(layer->out_slope + image * layer->out_channels * plane, layer->out_channels, layer->turned,
                         layer->in_slope + image * layer->in_channels * plane, layer->in_channels, layer->side);
    }
}

/* Outputs of the last layer and their slopes, for a share of its rows: a row of weights is read once for all images. */
static void
connect(const Cnn *cnn, KernelShare rows)
{
    const uint64_t vectors = cnn->flat_count / 8;
    for (uint64_t o = rows.first; o < rows.end; o++) {
        const Vector *weights = (const Vector *)(const void *)(cnn->weights + o * cnn->flat_count);
        for (uint64_t image = 0; image < cnn->image_count; image++) {
            const Vector *flat = (const Vector *)(const void *)(cnn->flat + image * cnn->flat_count);
            Vector sum = {0};
            for (uint64_t i = 0; i < vectors; i++)
                sum += weights[i] * flat[i];
            const uint64_t at = image * cnn->output_count + o;
            cnn->outputs[at] = ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
            cnn->slope[at] = cnn->outputs[at] - cnn->targets[at];
        }
    }
}

static void
connect_gradients(const Cnn *cnn, KernelShare rows)
{
    for (uint64_t o = rows.first; o < rows.end; o++) {
        float *restrict gradients = cnn->gradients + o * cnn->flat_count;
        for (uint64_t image = 0; image < cnn->image_count; image++) {
            const float slope = cnn->slope[image * cnn->output_count + o];
            const float *restrict flat = cnn->flat + image * cnn->flat_count;
            for (uint64_t i = 0; i < cnn->flat_count; i++)
                gradients[i] += slope * flat[i];
        }
    }
}

/* Slopes of the flat input, for a share of its columns in vectors. */
static void
connect_back(const Cnn *cnn, KernelShare vectors)
{
    for (uint64_t image = 0; image < cnn->image_count; image++) {
        float *restrict to = cnn->flat_slope + image * cnn->flat_count;
        for (uint64_t o = 0; o < cnn->output_count; o++) {
            const float slope = cnn->slope[image * cnn->output_count + o];
            const float *restrict weights = cnn->weights + o * cnn->flat_count;
            for (uint64_t i = vectors.first * 8; i < vectors.end * 8; i++)
                to[i] += slope * weights[i];
        }
    }
}

static void
work(KernelRun *run, uint32_t thread)
{
    const Cnn *cnn = run->state;
    const KernelShare images = kernel_share(run, thread, cnn->image_count);
    const KernelShare rows = kernel_share(run, thread, cnn->output_count);
    kernel_mark(thread, "forward");
    for (unsigned i = 0; i < 2; i++)
        go_forward(cnn, i, images);
    kernel_barrier(run);
    connect(cnn, rows);
    kernel_barrier(run);
    kernel_mark(thread, "backward");
    connect_gradients(cnn, rows);
    connect_back(cnn, kernel_share(run, thread, cnn->flat_count / 8));
    const KernelShare turned = kernel_share(run, thread, cnn->layers[1].in_channels);
    cnn_turn_weights(&cnn->layers[1], turned.first, turned.end);
    kernel_barrier(run);
    for (unsigned i = 2; i-- > 0;) {
        go_back(cnn, i, images);
        kernel_barrier(run);
        const KernelShare channels = kernel_share(run, thread, cnn->layers[i].out_channels);
        cnn_convolve_gradients(&cnn->layers[i], cnn->image_count, channels.first, channels.end);
    }
    kernel_barrier(run);
    kernel_mark(thread, "descend");
    const KernelShare weights = kernel_share(run, thread, cnn->weight_count);
    for (uint64_t i = weights.first; i < weights.end; i++)
        cnn->all_weights[i] -= CNN_RATE / (float)cnn->image_count * cnn->all_gradients[i];
}

/* ---- Input ------------------------------------------------------------------------------------------------------ */

static float
random_float(uint64_t seed, uint64_t index)
{
    return (float)(2 * random_unit(seed, index) - 1);
}

static void
map_layers(KernelRun *run, Cnn *cnn)
{
    CnnLayer *first = &cnn->layers[0], *second = &cnn->layers[1];
    const uint64_t images = cnn->image_count, plane = cnn_plane(first->side), half = cnn_plane(second->side);
    first->in = kernel_map("cnn-images", images * first->in_channels * plane * sizeof(float));
    first->out = kernel_map("cnn-out-1", images * first->out_channels * plane * sizeof(float));
    first->pooled = second->in = kernel_map("cnn-pooled-1", images * first->out_channels * half * sizeof(float));
    second->out = kernel_map("cnn-out-2", images * second->out_channels * half * sizeof(float));
    cnn->flat = second->pooled = kernel_map("cnn-flat", images * cnn->flat_count * sizeof(float));
    cnn->flat_slope = second->pooled_slope = kernel_map("cnn-flat-slope", images * cnn->flat_count * sizeof(float));
    second->out_slope = kernel_map("cnn-out-2-slope", images * second->out_channels * half * sizeof(float));
    second->in_slope = first->pooled_slope =
        kernel_map("cnn-pooled-1-slope", images * first->out_channels * half * sizeof(float));
    first->out_slope = kernel_map("cnn-out-1-slope", images * first->out_channels * plane * sizeof(float));
    cnn->outputs = kernel_map("cnn-outputs", 3 * images * cnn->output_count * sizeof(float));
    cnn->targets = cnn->outputs + images * cnn->output_count;
    cnn->slope = cnn->targets + images * cnn->output_count;
    for (uint64_t i = 0; i < images * first->in_channels * first->side * first->side; i++) {
        const uint64_t square = first->side * first->side, x = i % first->side, y = i / first->side % first->side;
        if (i / square % first->in_channels < 3)
            first->in[i / square * plane + cnn_at(first->side, y, x)] = random_float(run->seed + 1, i);
    }
    for (uint64_t i = 0; i < images * cnn->output_count; i++)
        cnn->targets[i] = random_float(run->seed + 2, i);
}

/* Weights of a layer so large that numbers keep about their size through it. */
static float *
fill_weights(float *weights, uint64_t count, float size, uint64_t seed)
{
    for (uint64_t i = 0; i < count; i++)
        weights[i] = size * random_float(seed, i);
    return weights + count;
}

static void
prepare(KernelRun *run)
{
    Cnn *cnn = run->state = kernel_alloc(1, sizeof *cnn);
    const uint64_t channels = run->values[CHANNELS] * 4, side = run->values[SIDE] * 16;
    CnnLayer *first = &cnn->layers[0], *second = &cnn->layers[1];
    cnn->image_count = run->values[IMAGES];
    cnn->output_count = run->values[OUTPUTS];
    *first = (CnnLayer){.in_channels = CNN_INPUT_CHANNELS, .out_channels = channels, .side = side};
    *second = (CnnLayer){.in_channels = channels, .out_channels = 2 * channels, .side = side / 2};
    cnn->flat_count = second->out_channels * (side / 4) * (side / 4);
    map_layers(run, cnn);
    const uint64_t counts[] = {9 * first->in_channels * first->out_channels,
                               9 * second->in_channels * second->out_channels, cnn->output_count * cnn->flat_count};
    cnn->weight_count = counts[0] + counts[1] + counts[2];
    cnn->all_weights = kernel_map("cnn-weights", cnn->weight_count * sizeof(float));
    cnn->all_gradients = kernel_map("cnn-gradients", cnn->weight_count * sizeof(float));
    second->turned = kernel_map("cnn-turned-weights", counts[1] * sizeof(float));
    first->weights = cnn->all_weights;
    second->weights = fill_weights(first->weights, counts[0], 0.25f, run->seed + 3);
    cnn->weights = fill_weights(second->weights, counts[1], 0.5f / (float)channels, run->seed + 4);
    fill_weights(cnn->weights, counts[2], 4 / (float)cnn->flat_count, run->seed + 5);
    first->gradients = cnn->all_gradients;
    second->gradients = first->gradients + counts[0];
    cnn->gradients = second->gradients + counts[1];
    cnn->first_weights = kernel_alloc(cnn->weight_count, sizeof(float));
    memcpy(cnn->first_weights, cnn->all_weights, cnn->weight_count * sizeof(float));
}

/* ---- Check ------------------------------------------------------------------------------------------------------ */

/*
 * A gradient against the change of the plain loss between two weights next to this one: so near that hardly ever a
 * rectifier or a maximum changes its mind between them.
 */
static bool
check_gradient(const Cnn *cnn, double *weights, uint64_t index)
{
    const double step = 1e-6, kept = weights[index], got = (double)cnn->all_gradients[index];
    weights[index] = kept + step;
    const double above = cnn_plain_loss(cnn, weights);
    weights[index] = kept - step;
    const double below = cnn_plain_loss(cnn, weights);
    weights[index] = kept;
    const double want = (above - below) / (2 * step), off = got > want ? got - want : want - got;
    const double size = want > 0 ? want : -want;
    return off <= 0.002 * size + 1e-4 ||
           kernel_wrong("gradient %llu is %g: want %g", (unsigned long long)index, got, want);
}

/* Some gradients of each layer are right, the weights went down along them, and the loss with them. */
static bool
check(KernelRun *run)
{
    const Cnn *cnn = run->state;
    const uint64_t begins[] = {0, (uint64_t)(cnn->layers[1].weights - cnn->all_weights),
                               (uint64_t)(cnn->weights - cnn->all_weights), cnn->weight_count};
    double *weights = kernel_alloc(cnn->weight_count, sizeof *weights);
    bool ok = true;
    for (uint64_t i = 0; ok && i < cnn->weight_count; i++) {
        const float want = cnn->first_weights[i] - CNN_RATE / (float)cnn->image_count * cnn->all_gradients[i];
        uint32_t bits;
        weights[i] = (double)cnn->first_weights[i];
        memcpy(&bits, &cnn->all_weights[i], sizeof bits);
        run->checksum = checksum_add(run->checksum, bits);
        ok = cnn->all_weights[i] == want || kernel_wrong("weight %llu did not descend", (unsigned long long)i);
    }
    for (unsigned layer = 0; layer < 3; layer++)
        for (uint64_t i = 0; ok && i < run->values[SAMPLES]; i++)
            ok = check_gradient(cnn, weights,
                                begins[layer] +
                                    random_below(run->seed + 6 + layer, i, begins[layer + 1] - begins[layer]));
    const double before = ok ? cnn_plain_loss(cnn, weights) : 0;
    for (uint64_t i = 0; i < cnn->weight_count; i++)
        weights[i] = (double)cnn->all_weights[i];
    const double after = ok ? cnn_plain_loss(cnn, weights) : 0;
    free(weights);
    if (ok)
        printf("loss: %.6f before the step, %.6f after\n", before, after);
    return ok && (after < before || kernel_wrong("the loss did not fall"));
}

const Kernel cnn_kernel = {
    .name = "cnn",
    .summary = "training step of a small convolutional network",
    .options = {{"images", "of the batch", 4, 1, 1024},
                {"side", "of the images, in 16", 1, 1, 16},
                {"channels", "of the first convolution, in 4", 1, 1, 64},
                {"outputs", "of the network", 10, 1, 4096},
                {"samples", "gradients of a layer that are checked", 8, 1, 1000}},
    .instructions_256ths = 419,
    .instructions_per_s = 4000000000,
    .prepare = prepare,
    .work = work,
    .check = check,
};
