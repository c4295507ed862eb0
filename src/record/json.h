/* Transactions and labels as JSON objects. The members are the CSV's columns by name, each a number
 * or a string as the sender likes; null is absent, other members are passed over. Every value goes
 * through the same checks as the CSV's. */
#pragma once

#include "base/json.h"
#include "record/columns.h"
#include <glib.h>

/* Where numbers are spelt out as text while a record is read from JSON. */
typedef struct JsonScratch {
    char text[COLUMN_COUNT][40];
} JsonScratch;

/* Reads one transaction. The strings of *out point into the parsed document or into *scratch. On
 * failure returns false and fills *reject, whose line the caller knows. */
bool transaction_from_json(JsonValue object, JsonScratch *scratch, Transaction *out,
                           Reject *reject);

/* The same of a transaction whose members stand in `count` objects; where two have the same one,
 * the first object's is taken. */
bool transaction_from_objects(const JsonValue *objects, size_t count, JsonScratch *scratch,
                              Transaction *out, Reject *reject);

enum { LABEL_TIME_ABSENT = -1 };

/* Reads {"trans_num": ..., "is_fraud": true | false | 0 | 1, "time": ..., "cc_num": ...}. The time,
 * when the label became known, is seconds since the epoch or a date and time of day;
 * LABEL_TIME_ABSENT when it is not given. The card, 0 when it is not given, is for those who cannot
 * look the transaction up. Fills these four of *out and empties the others: they belong to the
 * transaction it names. */
bool label_from_json(JsonValue object, JsonScratch *scratch, Label *out, Reject *reject);

typedef enum CardForm { CARD_FULL, CARD_MASKED } CardForm;

/* Appends the transaction as an object on one line. Card number and zip are strings, as neither is
 * a quantity; what is absent is left out. `with_label`: is_fraud too, where it is known. What is
 * written in full reads back as the same transaction, bit for bit. */
void transaction_write_json(GString *out, const Transaction *transaction, CardForm card,
                            bool with_label);

/* Appends the object of what is known of the card's holder alone, first name to date of birth. */
void holder_write_json(GString *out, const Transaction *transaction);

/* Appends the label as label_from_json() reads it; the card where it is not 0. */
void label_write_json(GString *out, const Label *label);
