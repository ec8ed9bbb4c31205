/* SPDX-License-Identifier: MIT */
/*
 * Exponential, sine and cosine from +, -, *, / only, which IEEE 754 fixes to the bit: which token is decoded, and so
 * which row of the embedding is read, must not depend on a machine's mathematics library. (sqrtf() is used as it is:
 * IEEE 754 fixes it too.)
 */
#pragma once

#include "quant.h"

/* e^x, relative error about 2e-7, for x in [-87, 87]; outside, the value at the bound. */
static inline float
llama_exp(float x)
{
    x = x < -87.0f ? -87.0f : x > 87.0f ? 87.0f : x;
    const float shifted = x * 1.44269504f + 12582912.0f; /* round to an integer, as in llama_quantise() */
    const float n = shifted - 12582912.0f;
    /* ln 2 in two parts, the first exact for every n here. */
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float sum = 1.0f / 5040.0f;
    sum = sum * r + 1.0f / 720.0f;
    sum = sum * r + 1.0f / 120.0f;
    sum = sum * r + 1.0f / 24.0f;
    sum = sum * r + 1.0f / 6.0f;
    sum = sum * r + 0.5f;
    sum = sum * r + 1.0f;
    sum = sum * r + 1.0f;
    return sum * llama_float_of_bits((uint32_t)((int32_t)n + 127) << 23);
}

/* e^-x for x in [0, 700], relative error below 1e-14: the Taylor series at x / 1024, squared ten times. */
static inline double
llama_exp_minus(double x)
{
    const double r = -x / 1024.0;
    double sum = 1.0;
    for (int k = 18; k >= 1; k--)
        sum = 1.0 + sum * r / k;
    for (int i = 0; i < 10; i++)
        sum *= sum;
    return sum;
}

/* Sine and cosine of an angle in [0, 1e5], error below 1e-11. */
static inline void
llama_sin_cos(double angle, double *ret_sin, double *ret_cos)
{
    const int64_t quarter = (int64_t)(angle * 0.63661977236758134 + 0.5);
    /* pi / 2 in two parts: 33 bits, and the rest. */
    const double r = (angle - (double)quarter * 1.57079632673412561417) - (double)quarter * 6.07710050650619224932e-11;
    const double square = r * r;
    double sine = 1.0, cosine = 1.0;
    for (int k = 8; k >= 1; k--) {
        sine = 1.0 - sine * square / (double)(2 * k * (2 * k + 1));
        cosine = 1.0 - cosine * square / (double)(2 * k * (2 * k - 1));
    }
    sine *= r;
    switch (quarter & 3) {
    case 0:
        *ret_sin = sine;
        *ret_cos = cosine;
        break;
    case 1:
        *ret_sin = cosine;
        *ret_cos = -sine;
        break;
    case 2:
        *ret_sin = -sine;
        *ret_cos = -cosine;
        break;
    default:
        *ret_sin = -cosine;
        *ret_cos = sine;
    }
}
