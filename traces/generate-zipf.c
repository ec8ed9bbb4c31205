/* SPDX-License-Identifier: MIT */
/*
 * Zipf ranks by table.
 *
 * Rejection-inversion (Hoermann and Derflinger, ACM TOMACS 6(3), 1996) takes a uniform number u between H(n + 1/2) and
 * H(3/2) - 1, where H is the integral of x^-theta, rounds x = H^-1(u) to the rank k, and accepts it unless x lies in a
 * sliver at the lower end of (k - 1/2, k + 1/2). It needs four exponentials or logarithms a number. Here H^-1 is a
 * cubic for each of 4096 parts of u. Whenever the cubic leaves any doubt about rounding or acceptance, the number is
 * put back and drawn again exactly, so that the ranks are those of nsim_zipf_next() to the last one.
 *
 * Acceptance: with E the mean of (1 + s / k)^-theta - 1 over s from -1/2 to 1/2, the sliver is narrower than E, because
 * the density left of k is above that at k. E = theta (theta + 1) / (24 k^2) + ..., and as long as
 * theta (theta + 1) / (16 k^2) is below 1/2 the rest of the series adds less than half of its first term. Values from k
 * on are always accepted.
 */
#include <traces/generate-zipf.h>

#define BINS (1u << NSIM_ZIPF_TABLE_BITS)
/* Far above the rounding errors of two computations of an inverse. */
#define ERROR_RELATIVE 1e-11
#define ERROR_ABSOLUTE 1e-9
/* A cubic that is further off than this many ranks is of no use. */
#define ERROR_MOST 0.25
/* Where theta is above 1, u nears an asymptote and the inverse its limits of accuracy: from here on exact only. */
#define ASYMPTOTE 0x1p-6

/* H^-1(u) = (1 + (1 - theta) u)^(1 / (1 - theta)), e^u for theta = 1. */
static double
inverse(double theta, double u)
{
    const double scaled = (1.0 - theta) * u;
    const double sum = 1.0 + scaled;
    /* ln(1 + scaled) / scaled: the quotient's errors cancel where the sum rounds (Kahan). */
    const double slope = sum == 1.0 ? 1.0 : nsim_log(sum) / (sum - 1.0);
    return nsim_exp(slope * u);
}

static double
value_at(const double *cubic, double t)
{
    return cubic[0] + t * (cubic[1] + t * (cubic[2] + t * cubic[3]));
}

/*
 * A bound of the difference between the cubic and the inverse as either is computed. A cubic through two values and
 * slopes is worst near the middle, by its fourth derivative; four times what is seen at three places covers the rest.
 */
static double
error_bound(const NsimZipfBin *bin, double theta, double first, double width, double most)
{
    double worst = 0;
    for (unsigned i = 1; i <= 3; i++) {
        const double t = 0.25 * i;
        const double error = value_at(bin->cubic, t) - inverse(theta, first + t * width);
        worst = error > worst ? error : -error > worst ? -error : worst;
    }
    return 4 * worst + ERROR_RELATIVE * most + ERROR_ABSOLUTE;
}

static void
init_bin(NsimZipfBin *bin, double theta, double first, double width)
{
    /* No value has a fraction of 2 or more: this bin is always exact. */
    *bin = (NsimZipfBin){.cubic = {0.5, 0, 0, 0}, .least = 2, .most = 2};
    const double last = first + width;
    if (1.0 + (1.0 - theta) * first < ASYMPTOTE || 1.0 + (1.0 - theta) * last < ASYMPTOTE)
        return;
    const double x[2] = {inverse(theta, first), inverse(theta, last)};
    /* The derivative of H^-1 at u is x^theta. */
    const double slope[2] = {width * nsim_exp(theta * nsim_log(x[0])), width * nsim_exp(theta * nsim_log(x[1]))};
    const double most = x[0] > x[1] ? x[0] : x[1], least = x[0] > x[1] ? x[1] : x[0];
    bin->cubic[0] = x[0];
    bin->cubic[1] = slope[0];
    bin->cubic[2] = 3 * (x[1] - x[0]) - 2 * slope[0] - slope[1];
    bin->cubic[3] = 2 * (x[0] - x[1]) + slope[0] + slope[1];
    const double error = error_bound(bin, theta, first, width, most);
    if (!(error < ERROR_MOST))
        return;
    const double rank = least < 1.5 ? 1.0 : (double)(uint64_t)(least + 0.5);
    const double sliver = theta * (theta + 1.0) / (16.0 * rank * rank);
    bin->least = (sliver < 0.5 ? sliver : 0.5) + error;
    bin->most = 1.0 - error;
}

void
nsim_zipf_table_init(NsimZipfTable *table, uint64_t n, double theta)
{
    nsim_zipf_init(&table->exact, n, theta);
    const double first = table->exact.h_n, width = (table->exact.h_x1 - first) / BINS;
    for (uint32_t i = 0; i < BINS; i++)
        init_bin(&table->bins[i], theta, first + i * width, width);
}
