/* One CSV file, row by row: the lines of the file through the CSV codec. */
#pragma once

#include "io/input_file.h"
#include "record/csv.h"

typedef enum ReadStatus { READ_ROW, READ_REJECT, READ_END, READ_ERROR } ReadStatus;

typedef struct CsvReader CsvReader;

/* Opens the file ("-" is standard input) and reads its header. Every error is one line that starts
 * with the file's name. */
CsvReader *csv_reader_open(const char *path, GError **error);
void csv_reader_close(CsvReader *reader); /* NULL is allowed */

/* The next row: READ_ROW fills *out, whose strings live until the next call, or the one after that
 * where csv_reader_ready; READ_REJECT fills *reject; READ_ERROR sets *error, and the file is at its
 * end then. Empty lines are passed over. */
ReadStatus csv_reader_next(CsvReader *reader, Transaction *out, Reject *reject, GError **error);

/* Whether the next row is in memory: reading it neither waits nor ends the life of the last one's
 * strings. */
bool csv_reader_ready(const CsvReader *reader);

const CsvParser *csv_reader_parser(const CsvReader *reader); /* for its columns */
const InputFile *csv_reader_file(const CsvReader *reader);   /* for its position */
