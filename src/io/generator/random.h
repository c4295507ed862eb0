/* Random numbers that are the same bytes on every machine: xoshiro256++ (Blackman and Vigna, 2019)
 * seeded through splitmix64, and samplers that use nothing but IEEE 754's exactly rounded
 * operations. The C library's log and exp are avoided on purpose: their last bit differs between
 * versions and processors. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct Random {
    uint64_t state[4];
    double spare; /* the second value of the last pair of normals */
    bool has_spare;
} Random;

/* Stafford's 13th mix, the finaliser of splitmix64: a bijection of 64-bit numbers. */
uint64_t random_mix(uint64_t value);

/* Who draws from which stream of a seed: what one part draws never changes what another sees. */
enum { STREAM_WORLD, STREAM_SCENARIOS, STREAM_TRANS_NUM, STREAM_CARDS /* + the card's index */ };

/* Starts the stream numbered `stream` of `seed`. Different streams are independent for every
 * practical purpose. */
void random_init(Random *random, uint64_t seed, uint64_t stream);

uint64_t random_next(Random *random);
double random_uniform(Random *random);                 /* in [0, 1) */
uint32_t random_below(Random *random, uint32_t bound); /* in [0, bound), bound at least 1 */
int random_between(Random *random, int low, int high); /* both included, low <= high */
double random_normal(Random *random);                  /* mean 0, variance 1 */

/* A gamma variate of `shape` > 0 and scale 1 (Marsaglia and Tsang, 2000; for shapes under 1 their
 * boost by a power of a uniform). */
double random_gamma(Random *random, double shape);

/* Natural logarithm of a positive normal number, and exponential; relative error under 1e-15 and
 * the same bits everywhere. exact_exp gives 0 below -700 and is not for arguments above 700. */
double exact_log(double x);
double exact_exp(double x);
