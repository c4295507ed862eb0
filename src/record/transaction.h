/* A card payment: the schema, once. Every form it comes in (CSV row, JSON object, stored row) is
 * read into this struct, and everything after reads only this struct. Strings are views into the
 * reader's buffer and live until the reader is asked for the next record. */
#pragma once

#include "base/str.h"
#include <stdint.h>

enum {
    TRANS_NUM_MAX = 64, /* bytes in a transaction number */
    NAME_MAX_LEN = 256, /* bytes in any other text field */
};

#define AMOUNT_MAX     1000000000000LL /* cents; ten thousand million units of money */
#define TIME_MIN       0LL             /* 1970-01-01T00:00:00Z */
#define TIME_MAX       4102444800LL    /* 2100-01-01T00:00:00Z */
#define LABEL_TIME_MAX (2 * TIME_MAX)  /* a label may come long after its transaction */
#define LABEL_NONE     (-1)
#define CARD_MAX       9999999999999999999ULL
#define BIRTH_MIN      (-62091) /* 1800-01-01, in days since the epoch */
#define BIRTH_MAX      47481    /* 2099-12-31 */
#define POPULATION_MAX 100000000000LL

typedef struct Transaction {
    Str trans_num;  /* 1 to TRANS_NUM_MAX bytes, printable ASCII without quotes and backslashes */
    Str merchant;   /* 1 to NAME_MAX_LEN bytes; UTF-8 without control characters, as all text is */
    uint64_t card;  /* the card number; 1 to 19 digits, never 0 */
    int64_t time;   /* seconds since the epoch, UTC, TIME_MIN to TIME_MAX */
    int64_t amount; /* cents, 0 to AMOUNT_MAX */
    uint8_t category;           /* category_code() of its name */
    int8_t is_fraud;            /* 0, 1 or LABEL_NONE */
    char gender;                /* 'F', 'M' or 0 when absent */
    int32_t birth;              /* days since the epoch, INT32_MIN when absent */
    int64_t city_population;    /* -1 when absent */
    double latitude, longitude; /* degrees, the card holder's home; NaN when absent */
    double merchant_latitude, merchant_longitude;                  /* degrees; NaN when absent */
    Str category_name, first, last, street, city, state, zip, job; /* empty when absent */
} Transaction;

/* What was learnt later of a transaction: fraud or not. It names the edge it speaks of in full, so
 * that folding it needs nothing but the graph. */
typedef struct Label {
    Str trans_num;
    Str merchant;
    uint64_t card;
    int64_t transaction_time; /* seconds */
    int64_t time;             /* seconds: when the label became known */
    bool is_fraud;
    bool was_fraud; /* the latest earlier label in the log said so: this one corrects or repeats it
                     */
} Label;

/* Why a record was refused. `value` is at most 64 bytes of what was found, card numbers masked. */
typedef struct Reject {
    uint64_t line; /* 1-based line of the input where the record starts; 0 when it has no lines */
    const char *field;  /* static: a column's name, or "" for the whole record */
    const char *reason; /* static phrase: "not a number", "unknown date", ... */
    char value[65];
} Reject;

/* Writes `card` with all but its last four digits as '*'. */
enum { CARD_MASKED_SIZE = 24 };
void card_mask(uint64_t card, char out[CARD_MASKED_SIZE]);

/* Masks in place what may be a card number, wherever it stands in the text: twelve digits in a row
 * and more, thirteen and more in groups. */
void mask_card_numbers(char *text);

/* Fills in all but the line. `field` and `reason` are kept as they are and must be static. Of
 * `value` its first 64 bytes are kept, with question marks for what is not printable and card
 * numbers masked. */
void reject_set(Reject *reject, const char *field, const char *reason, Str value);
