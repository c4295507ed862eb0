/* Transactions as rows of CSV: RFC 4180 with the published files' columns.
 *
 * A row is a line. A line break inside quotes is therefore refused rather than read on, so that a
 * quote that somebody forgot to close costs its own row and not the rest of the file.
 *
 * Columns are found by the header's names, in any order; those with other names (such as the
 * unnamed leading index) are passed over. */
#pragma once

#include "record/columns.h"
#include <glib.h>

enum {
    CSV_ROW_MAX = 65536,   /* bytes in a row */
    CSV_COLUMNS_MAX = 256, /* columns in a file */
};

#define CSV_ERROR csv_error_quark()
GQuark csv_error_quark(void);
typedef enum CsvError { CSV_ERROR_HEADER } CsvError;

typedef struct CsvParser CsvParser;

/* A parser for rows under this header line (a byte order mark before it is passed over). Fails with
 * one line that says what the header lacks. */
CsvParser *csv_parser_new(Str header, GError **error);
void csv_parser_free(CsvParser *parser);

/* Reads one row, without its line feed; a carriage return at its end is passed over. The strings of
 * *out point into `row` or the parser; those in the parser live until the next call but one. On
 * failure returns false and fills *reject, whose line the caller knows. */
bool csv_parse(CsvParser *parser, Str row, Transaction *out, Reject *reject);

bool csv_has_column(const CsvParser *parser, Column column);

/* The text of a column in the row that was last parsed with success; empty where there is none. */
Str csv_column(const CsvParser *parser, Column column);
