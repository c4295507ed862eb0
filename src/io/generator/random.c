#include "io/generator/random.h"

#include <math.h>
#include <string.h>

uint64_t random_mix(uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

void random_init(Random *random, uint64_t seed, uint64_t stream) {
    uint64_t state = random_mix(seed + 0x9e3779b97f4a7c15u) ^ random_mix(~stream);
    for (int i = 0; i < 4; i++)
        random->state[i] = random_mix(state += 0x9e3779b97f4a7c15u);
    random->has_spare = false;
    random->spare = 0;
}

static inline uint64_t rotate(uint64_t x, int bits) {
    return (x << bits) | (x >> (64 - bits));
}

uint64_t random_next(Random *random) {
    uint64_t *s = random->state;
    const uint64_t result = rotate(s[0] + s[3], 23) + s[0];
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double random_uniform(Random *random) {
    return (double)(random_next(random) >> 11) * 0x1p-53;
}

/* The high half of a product: its bias is under bound / 2^32 of a part, far below what 2^32
 * transactions could show. */
uint32_t random_below(Random *random, uint32_t bound) {
    return (uint32_t)(((random_next(random) >> 32) * bound) >> 32);
}

int random_between(Random *random, int low, int high) {
    return low + (int)random_below(random, (uint32_t)(high - low) + 1);
}

/* Marsaglia's polar method. */
double random_normal(Random *random) {
    if (random->has_spare) {
        random->has_spare = false;
        return random->spare;
    }
    double x, y, square;
    do {
        x = 2 * random_uniform(random) - 1;
        y = 2 * random_uniform(random) - 1;
        square = x * x + y * y;
    } while (square >= 1 || square == 0);
    const double factor = sqrt(-2 * exact_log(square) / square);
    random->spare = y * factor;
    random->has_spare = true;
    return x * factor;
}

static double gamma_from_one(Random *random, double shape) {
    const double d = shape - 1.0 / 3.0;
    const double c = 1 / sqrt(9 * d);
    for (;;) {
        const double x = random_normal(random);
        const double root = 1 + c * x;
        if (root <= 0) continue;
        const double v = root * root * root;
        const double u = 1 - random_uniform(random); /* never 0 */
        if (u < 1 - 0.0331 * (x * x) * (x * x)) return d * v;
        if (exact_log(u) < 0.5 * x * x + d * (1 - v + exact_log(v))) return d * v;
    }
}

double random_gamma(Random *random, double shape) {
    if (shape >= 1) return gamma_from_one(random, shape);
    const double u = 1 - random_uniform(random);
    return gamma_from_one(random, shape + 1) * exact_exp(exact_log(u) / shape);
}

/* x = 2^e * m with m in [sqrt(1/2), sqrt(2)); log m = 2 artanh((m - 1) / (m + 1)) by its series. */
double exact_log(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > 1.4142135623730951) {
        m *= 0.5;
        exponent++;
    }
    const double s = (m - 1) / (m + 1), q = s * s;
    double sum = 0;
    for (int k = 23; k >= 3; k -= 2)
        sum = (sum + 1.0 / k) * q;
    return (double)exponent * 0.69314718055994530942 + 2 * s * (1 + sum);
}

static const double inverse_factorial[15] = {
    1.0,
    1.0,
    1.0 / 2,
    1.0 / 6,
    1.0 / 24,
    1.0 / 120,
    1.0 / 720,
    1.0 / 5040,
    1.0 / 40320,
    1.0 / 362880,
    1.0 / 3628800,
    1.0 / 39916800,
    1.0 / 479001600,
    1.0 / 6227020800,
    1.0 / 87178291200,
};

/* x = k log 2 + r with |r| at most half of log 2; the power series of r, times 2^k. */
double exact_exp(double x) {
    if (x < -700) return 0;
    const double k = floor(x * 1.44269504088896340736 + 0.5);
    const double r = (x - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33;
    double sum = 0;
    for (int n = 14; n >= 0; n--)
        sum = sum * r + inverse_factorial[n];
    const uint64_t bits = (uint64_t)((int64_t)k + 1023) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return sum * scale;
}
