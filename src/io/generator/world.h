/* Who takes part: card holders with their homes, segments and rates, and the merchants of each
 * category. Everything that a row says of them is put into CSV form once, here, quoted where it
 * must be. */
#pragma once

#include "io/generator/figures.h"
#include "io/generator/random.h"

#include <glib.h>

enum {
    MERCHANTS_PER_CATEGORY = 50,
    MERCHANT_COUNT = SPENDING_COUNT * MERCHANTS_PER_CATEGORY,
    /* As in the published set, a few names sell in two categories. */
    MERCHANT_NAMES_SHARED = SPENDING_COUNT / 2,
    MERCHANT_NAME_COUNT = MERCHANT_COUNT - MERCHANT_NAMES_SHARED,
    WORLD_TEXT_MAX = 512, /* bytes of one text below */
};

typedef struct Text {
    char *bytes;
    uint32_t length;
} Text;

typedef struct Card {
    uint64_t number;
    const Segment *segment;
    int rate;                    /* transactions a day; may be 0 */
    int32_t latitude, longitude; /* home, millionths of a degree */
    Text head;                   /* "cc_num," */
    Text tail;                   /* ",first,last,...,dob," : the columns after the amount */
} Card;

typedef struct World {
    size_t card_count;
    Card *cards;
    Text merchants[MERCHANT_COUNT]; /* "fraud_NAME,category,"; those of one category together */
} World;

/* Invents `card_count` card holders and all merchants. `start`, days since the epoch, is the day
 * on which ages are counted. Free with world_clear. */
void world_init(World *world, uint64_t seed, size_t card_count, int32_t start);
void world_clear(World *world);

/* The first merchant with the same name: two merchants are one name if this is equal. */
static inline int world_merchant_identity(int merchant) {
    const int category = merchant / MERCHANTS_PER_CATEGORY;
    const bool shares = merchant % MERCHANTS_PER_CATEGORY == 0 && category % 2 == 1;
    return shares ? merchant - MERCHANTS_PER_CATEGORY : merchant;
}
