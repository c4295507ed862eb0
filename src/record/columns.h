/* A record as a row of text fields, one a column of the published files. The CSV codec and the JSON
 * codec both end here, so a value is read and checked in one place whatever form it came in.
 *
 * Readers return NULL on success and otherwise a static phrase that says what is wrong. */
#pragma once

#include "record/transaction.h"

typedef enum Column {
    COLUMN_TIME,
    COLUMN_CARD,
    COLUMN_MERCHANT,
    COLUMN_CATEGORY,
    COLUMN_AMOUNT,
    COLUMN_FIRST,
    COLUMN_LAST,
    COLUMN_GENDER,
    COLUMN_STREET,
    COLUMN_CITY,
    COLUMN_STATE,
    COLUMN_ZIP,
    COLUMN_LATITUDE,
    COLUMN_LONGITUDE,
    COLUMN_CITY_POPULATION,
    COLUMN_JOB,
    COLUMN_BIRTH,
    COLUMN_TRANS_NUM,
    COLUMN_UNIX_TIME,
    COLUMN_MERCHANT_LATITUDE,
    COLUMN_MERCHANT_LONGITUDE,
    COLUMN_IS_FRAUD,
    COLUMN_COUNT,
} Column;

/* The column's name in the published files, in their order: "trans_date_trans_time", ... */
const char *column_name(Column column);

/* The column of that name, or COLUMN_COUNT when there is none. */
Column column_find(Str name);

/* Reads and checks one record. An empty field is an absent one. trans_num, cc_num, merchant, amt
 * and a time must be there; the time is trans_date_trans_time, or unix_time where that is absent
 * (the published unix_time is seven years behind). `plain` promises that every byte is printable
 * ASCII. The transaction's strings are the fields themselves. On failure returns false and fills
 * *reject, whose line the caller knows. */
bool transaction_from_columns(const Str columns[COLUMN_COUNT], bool plain, Transaction *out,
                              Reject *reject);

/* Readers of single values, for those who read no whole row. */
const char *read_trans_num(Str text);
const char *read_card(Str text, uint64_t *out);
const char *read_unix_time(Str text, int64_t *out);
const char *read_time(Str text,
                      int64_t *out); /* a date and time of day, within TIME_MIN..TIME_MAX */
const char *read_label_time(Str text,
                            int64_t *out); /* either form, within TIME_MIN..LABEL_TIME_MAX */
const char *read_is_fraud(Str text, int8_t *out);

/* What is wrong with a text field of at most NAME_MAX_LEN bytes: too long, a NUL byte, a control
 * character, not UTF-8; NULL when it is well. */
const char *check_text(Str text);

/* A phrase that read_card() gives and that callers tell from others. */
extern const char reason_rounded_card[];
