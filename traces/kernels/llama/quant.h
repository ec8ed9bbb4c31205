/* SPDX-License-Identifier: MIT */
/*
 * Block quantisation and the dot products over it.
 *
 * A weight block is 32 int8 values and a half-precision scale, 34 bytes, packed one after the other. Inputs of products
 * keep their values and their float scales in two arrays. Each product has an AVX2 form and a portable form that adds
 * the same eight partial sums in the same order, so that both give the same bits.
 */
#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__AVX2__) && defined(__F16C__) && !defined(LLAMA_PORTABLE)
#define LLAMA_AVX2 1
#include <immintrin.h>
#else
#define LLAMA_AVX2 0
#endif

#define LLAMA_BLOCK 32u

typedef struct {
    uint16_t scale; /* half precision */
    int8_t q[LLAMA_BLOCK];
} LlamaBlock;

_Static_assert(sizeof(LlamaBlock) == 34, "blocks are packed: 34 bytes for 32 weights");

static inline float
llama_float_of_bits(uint32_t bits)
{
    union {
        uint32_t bits;
        float value;
    } pun = {.bits = bits};
    return pun.value;
}

static inline uint32_t
llama_bits_of_float(float value)
{
    union {
        float value;
        uint32_t bits;
    } pun = {.value = value};
    return pun.bits;
}

/* Half precision to float, exact. The kernel makes no infinity or NaN. */
static inline float
llama_half_to_float(uint16_t half)
{
#if LLAMA_AVX2
    return _cvtsh_ss(half);
#else
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    const uint32_t magnitude = half & 0x7fffu;
    if (magnitude < 0x0400u) /* zero and subnormal: a multiple of 2^-24 */
        return llama_float_of_bits(sign | llama_bits_of_float((float)magnitude * 0x1p-24f));
    return llama_float_of_bits(sign | ((magnitude << 13) + (112u << 23)));
#endif
}

/* Float to half precision, nearest, ties to even. |value| below 65504. */
static inline uint16_t
llama_float_to_half(float value)
{
#if LLAMA_AVX2
    return (uint16_t)_cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT);
#else
    const uint32_t bits = llama_bits_of_float(value);
    const uint32_t sign = bits >> 16 & 0x8000u;
    const uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude < (113u << 23)) { /* the result is subnormal: let a float addition of 0.5 do the rounding */
        const float shifted = llama_float_of_bits(magnitude) + 0.5f;
        return (uint16_t)(sign | (llama_bits_of_float(shifted) - llama_bits_of_float(0.5f)));
    }
    return (uint16_t)(sign | (magnitude - (112u << 23) + 0xfffu + (magnitude >> 13 & 1u)) >> 13);
#endif
}

/* Quantise `count` values (a multiple of 32) to int8 with a float scale for each 32, nearest, ties to even. */
static inline void
llama_quantise(const float *values, uint32_t count, int8_t *q, float *scale)
{
    for (uint32_t block = 0; block < count / LLAMA_BLOCK; block++) {
        const float *from = values + block * LLAMA_BLOCK;
        int8_t *to = q + block * LLAMA_BLOCK;
        float largest = 0;
        for (uint32_t i = 0; i < LLAMA_BLOCK; i++) {
            const float magnitude = from[i] < 0 ? -from[i] : from[i];
            largest = magnitude > largest ? magnitude : largest;
        }
        const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
        scale[block] = largest / 127.0f;
        for (uint32_t i = 0; i < LLAMA_BLOCK; i++) {
            /* Adding 1.5 * 2^23 leaves the rounded integer in the low bits of the sum. */
            const float sum = from[i] * inverse + 12582912.0f;
            to[i] = (int8_t)(uint8_t)llama_bits_of_float(sum);
        }
    }
}

#if LLAMA_AVX2

typedef __m256 LlamaLanes;

static inline LlamaLanes
llama_lanes_zero(void)
{
    return _mm256_setzero_ps();
}

static inline float
llama_lanes_sum(LlamaLanes lanes)
{
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

/* The weights of a block, split into magnitude and sign as the unsigned-by-signed multiply wants them. */
typedef struct {
    __m256i signs, magnitudes;
    float scale;
} LlamaOpenBlock;

static inline LlamaOpenBlock
llama_block_open(const LlamaBlock *block)
{
    const __m256i q = _mm256_loadu_si256((const __m256i *)(const void *)block->q);
    return (LlamaOpenBlock){q, _mm256_sign_epi8(q, q), llama_half_to_float(block->scale)};
}

/* lanes[i] += scales * (products of values 4 i to 4 i + 3). */
static inline LlamaLanes
llama_block_add(LlamaLanes lanes, const LlamaOpenBlock *block, const int8_t *q, float scale)
{
    const __m256i input = _mm256_sign_epi8(_mm256_load_si256((const __m256i *)(const void *)q), block->signs);
    const __m256i pairs = _mm256_maddubs_epi16(block->magnitudes, input);
    const __m256i quads = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    return _mm256_add_ps(lanes, _mm256_mul_ps(_mm256_set1_ps(block->scale * scale), _mm256_cvtepi32_ps(quads)));
}

/* lanes[i] += half[i] * values[i]; both aligned for vectors. */
static inline LlamaLanes
llama_half_add(LlamaLanes lanes, const uint16_t *half, const float *values)
{
    const __m256 wide = _mm256_cvtph_ps(_mm_load_si128((const __m128i *)(const void *)half));
    return _mm256_add_ps(lanes, _mm256_mul_ps(wide, _mm256_load_ps(values)));
}

/* values[i] += weight * half[i] for eight values. */
static inline void
llama_half_scale_add(float *values, float weight, const uint16_t *half)
{
    const __m256 wide = _mm256_cvtph_ps(_mm_load_si128((const __m128i *)(const void *)half));
    _mm256_store_ps(values, _mm256_add_ps(_mm256_load_ps(values), _mm256_mul_ps(_mm256_set1_ps(weight), wide)));
}

#else

typedef struct {
    float lane[8];
} LlamaLanes;

static inline LlamaLanes
llama_lanes_zero(void)
{
    return (LlamaLanes){{0}};
}

static inline float
llama_lanes_sum(LlamaLanes lanes)
{
    const float *lane = lanes.lane;
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

typedef struct {
    const int8_t *q;
    float scale;
} LlamaOpenBlock;

static inline LlamaOpenBlock
llama_block_open(const LlamaBlock *block)
{
    return (LlamaOpenBlock){block->q, llama_half_to_float(block->scale)};
}

static inline LlamaLanes
llama_block_add(LlamaLanes lanes, const LlamaOpenBlock *block, const int8_t *q, float scale)
{
    const float both = block->scale * scale;
    for (uint32_t i = 0; i < 8; i++) {
        int32_t quad = 0;
        for (uint32_t k = 4 * i; k < 4 * i + 4; k++)
            quad += block->q[k] * q[k];
        lanes.lane[i] += both * (float)quad;
    }
    return lanes;
}

static inline LlamaLanes
llama_half_add(LlamaLanes lanes, const uint16_t *half, const float *values)
{
    for (uint32_t i = 0; i < 8; i++)
        lanes.lane[i] += llama_half_to_float(half[i]) * values[i];
    return lanes;
}

static inline void
llama_half_scale_add(float *values, float weight, const uint16_t *half)
{
    for (uint32_t i = 0; i < 8; i++)
        values[i] += weight * llama_half_to_float(half[i]);
}

#endif
