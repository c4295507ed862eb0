/* Cards and merchants as the features see them: read here, changed only by the graph. */
#pragma once

#include "graph/day.h"
#include "graph/habit.h"
#include "graph/history.h"
#include "graph/others.h"
#include "graph/pair.h"
#include "record/category.h"

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
    ActiveDays days;
    uint32_t fraud_labels; /* transactions of the card whose latest label is fraud */
} Card;

typedef struct Merchant {
    Str name;
    History history; /* edges to cards, on the merchant's clock */
    Habit habit;
    MerchantId touched_next; /* the one touched after it, TOUCHED_LAST or TOUCHED_NOT */
    Others *others;          /* NULL where no other partition has met it, or there is none */
} Merchant;

/* Merchants whose own partial has changed form a queue through `touched_next`. */
#define TOUCHED_NOT  VERTEX_NONE
#define TOUCHED_LAST (VERTEX_NONE - 1)

const Card *graph_card(const Graph *graph, CardId card);
const Merchant *graph_merchant(const Graph *graph, MerchantId merchant);

/* Of all partitions together. */
CardTally graph_card_tally(const Graph *graph, MerchantId merchant);

/* Of the merchants of the card's last edges, EXPOSURE_EDGES at most (a bound on the work, not a
 * window): the largest share, and the largest number, of known compromised cards among their cards,
 * as of each merchant's clock. */
enum { EXPOSURE_EDGES = 64 };
void graph_exposure(const Graph *graph, CardId card, float *share, float *count);

const Pair *graph_pair(const Graph *graph, CardId card, MerchantId merchant); /* NULL: never met */
