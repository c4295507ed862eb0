/* A simulated transaction, compact, before it is written; and why it was made. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum Scenario {
    SCENARIO_NONE,              /* the card holder's own, as ever */
    SCENARIO_STOLEN_CARD,       /* the published method's fraud: two days of a thief's habits */
    SCENARIO_COMPROMISED_VISIT, /* no fraud: where and when the card was copied */
    SCENARIO_COMPROMISED,       /* fraud, later and elsewhere, on a card that was copied */
    SCENARIO_RING,              /* fraud: cards and merchants trading among themselves */
    SCENARIO_CARD_TESTING,      /* fraud: a run of tiny amounts, then a large one */
    SCENARIO_SLOW_DRIFT,        /* no fraud: the card holder's habits are changing */
    SCENARIO_COUNT,
} Scenario;

/* As truth.csv names it; NULL for SCENARIO_NONE. */
const char *scenario_name(Scenario scenario);
bool scenario_is_fraud(Scenario scenario);

typedef struct Row {
    uint32_t shown;              /* trans_date_trans_time, seconds since the epoch */
    uint32_t simulated;          /* unix_time */
    uint32_t card;               /* index into the world's cards */
    uint32_t amount;             /* cents */
    int32_t latitude, longitude; /* the merchant's, millionths of a degree */
    uint16_t merchant;           /* index into the world's merchants */
    uint8_t scenario;
} Row;

/* Rows in one growing array. */
typedef struct RowList {
    Row *rows;
    size_t count, capacity;
} RowList;

/* Makes room for `count` rows in all; false when there is no memory for them. */
bool row_list_reserve(RowList *list, size_t count);
void row_list_clear(RowList *list);

static inline void row_list_add(RowList *list, Row row) {
    g_assert(list->count < list->capacity);
    list->rows[list->count++] = row;
}

/* Sorts by shown time; rows of the same second stay in their order. False without memory for the
 * second array it needs. */
bool row_list_sort(RowList *list);
