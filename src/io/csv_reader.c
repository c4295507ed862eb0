#include "io/csv_reader.h"

_Static_assert((int)INPUT_LINE_MAX == (int)CSV_ROW_MAX, "the longest line is the longest row");

struct CsvReader {
    InputFile *file;
    CsvParser *parser;
};

/* The first line of any length above 0; an empty file has no header. */
static CsvParser *read_header(InputFile *file, const char *path, GError **error) {
    Str line;
    GError *wrong = NULL;
    CsvParser *parser = NULL;
    switch (input_file_line(file, &line, error)) {
    case LINE_OK:
        parser = csv_parser_new(line, &wrong);
        break;
    case LINE_TOO_LONG:
        g_set_error(&wrong, CSV_ERROR, CSV_ERROR_HEADER, "the header is longer than 64 KiB");
        break;
    case LINE_END:
        g_set_error(&wrong, CSV_ERROR, CSV_ERROR_HEADER, "the file is empty");
        break;
    case LINE_ERROR:
        return NULL;
    }
    if (wrong) g_propagate_prefixed_error(error, wrong, "%s: ", path);
    return parser;
}

CsvReader *csv_reader_open(const char *path, GError **error) {
    CsvReader *reader = g_new0(CsvReader, 1);
    reader->file = input_file_open(path, error);
    if (reader->file)
        reader->parser = read_header(reader->file, strcmp(path, "-") == 0 ? "stdin" : path, error);
    if (reader->parser) return reader;
    csv_reader_close(reader);
    return NULL;
}

void csv_reader_close(CsvReader *reader) {
    if (!reader) return;
    csv_parser_free(reader->parser);
    input_file_close(reader->file);
    g_free(reader);
}

static bool is_empty(Str line) {
    return line.len == 0 || (line.len == 1 && line.data[0] == '\r');
}

ReadStatus csv_reader_next(CsvReader *reader, Transaction *out, Reject *reject, GError **error) {
    Str line;
    for (;;) {
        const LineStatus status = input_file_line(reader->file, &line, error);
        if (status == LINE_END) return READ_END;
        if (status == LINE_ERROR) return READ_ERROR;
        if (status == LINE_OK && is_empty(line)) continue;
        if (status == LINE_OK && csv_parse(reader->parser, line, out, reject)) return READ_ROW;
        if (status == LINE_TOO_LONG) reject_set(reject, "", "row longer than 64 KiB", line);
        reject->line = input_file_line_number(reader->file);
        return READ_REJECT;
    }
}

bool csv_reader_ready(const CsvReader *reader) {
    Str line;
    return input_file_peek(reader->file, &line) && !is_empty(line);
}

const CsvParser *csv_reader_parser(const CsvReader *reader) {
    return reader->parser;
}

const InputFile *csv_reader_file(const CsvReader *reader) {
    return reader->file;
}
