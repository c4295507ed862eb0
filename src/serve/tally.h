/* What the board shows, counted: of the transactions of four windows of their own time how many
 * there were, how many of them are labelled, by merchant, amount, category and place, and how right
 * the decisions were where labels have come.
 *
 * A window is made of slots, and begins where a slot does: 1h of 60 minutes, 24h of 48 half hours,
 * 7d of 28 times six hours; `all` is one slot without an end. A transaction is counted in a slot of
 * each window, a label that comes later in the slots of its transaction, for as long as the window
 * holds them. All counts are exact. A slot keeps 24 bytes, with room to grow at most 64, for each
 * merchant and place that it has seen, so 100,000 merchants that are all met in every slot take
 * less than 1 GiB, and as many that are met a hundred times in a week under 200 MiB. Used by one
 * thread. */
#pragma once

#include "base/str.h"
#include "record/category.h"
#include <glib.h>
#include <stdint.h>

typedef enum TallyWindow { TALLY_1H, TALLY_24H, TALLY_7D, TALLY_ALL, TALLY_WINDOWS } TallyWindow;

enum {
    TALLY_MERCHANTS_SHOWN = 10,
    TALLY_PLACES_SHOWN = 2000,
    TALLY_PLACE_NONE = UINT16_MAX,
};

/* A decided transaction, as far as the board goes. */
typedef struct TallyRow {
    int64_t time;     /* seconds */
    int64_t amount;   /* cents */
    uint16_t place;   /* tally_place */
    uint8_t category; /* category_code */
    bool alert;
    uint8_t members;       /* of the model, when it has several; else 0 */
    uint8_t members_alert; /* how many of them would alert */
} TallyRow;

/* The cell of one degree in which a place lies; TALLY_PLACE_NONE of NaN. */
uint16_t tally_place(double latitude, double longitude);

/* The window named so: "24h". TALLY_WINDOWS for none. */
TallyWindow tally_window_find(Str name);

typedef struct Tally Tally;

Tally *tally_new(void);
void tally_free(Tally *tally); /* NULL is allowed */

/* Counts a transaction with its label: 0, 1 or LABEL_NONE. */
void tally_add(Tally *tally, const TallyRow *row, Str merchant, int label);

/* The label of a transaction has changed. It need not have been added yet: what is counted of both
 * does not depend on the order. */
void tally_label(Tally *tally, const TallyRow *row, Str merchant, int before, int after);

/* Appends the answer of GET /v1/board. Where not `complete`, transactions that were not decided to
 * be alerts have no labels here, so how many frauds were missed is not known. */
void tally_write(const Tally *tally, TallyWindow window, bool complete, GString *out);
