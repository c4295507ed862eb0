/* Cards and merchants as the features see them: read here, changed only by the graph. */
#pragma once

#include "graph/history.h"
#include "graph/pair.h"
#include "record/category.h"

/* Count, mean and sum of squared deviations of ln(1 + amount), kept by Welford's update (1962). */
typedef struct Habit {
    uint32_t count;
    float mean, m2;
} Habit;

typedef struct Card {
    uint64_t number;
    History history;           /* edges to merchants, on the card's clock */
    uint32_t recent[4];        /* times of the latest edges, latest first; 0 for none */
    float latitude, longitude; /* of the latest merchant; NaN for none */
    Habit habit;
    Habit category_habit[CATEGORY_COUNT];
    uint32_t
        category_last[CATEGORY_COUNT]; /* time of the latest edge in the category; 0 for none */
    uint32_t hour_count[24];           /* edges ever, by hour of the day (UTC) */
    uint32_t fraud_labels;             /* transactions of the card whose latest label is fraud */
} Card;

typedef struct Merchant {
    Str name;
    History history; /* edges to cards, on the merchant's clock */
    Habit habit;
} Merchant;

/* The cards that a merchant met within 30 days. The tallies of all merchants lie side by side,
 * because a card's exposure reads those of many. */
typedef struct CardTally {
    uint32_t cards;       /* distinct ones */
    uint32_t compromised; /* of them, how many are known to be compromised */
} CardTally;

const Card *graph_card(const Graph *graph, CardId card);
const Merchant *graph_merchant(const Graph *graph, MerchantId merchant);
CardTally graph_card_tally(const Graph *graph, MerchantId merchant);

/* Of the merchants of the card's last edges, EXPOSURE_EDGES at most (a bound on the work, not a
 * window): the largest share, and the largest number, of known compromised cards among their cards,
 * as of each merchant's clock. */
enum { EXPOSURE_EDGES = 64 };
void graph_exposure(const Graph *graph, CardId card, float *share, float *count);

const Pair *graph_pair(const Graph *graph, CardId card, MerchantId merchant); /* NULL: never met */
