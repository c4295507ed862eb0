/* The lines of a file, plain or compressed with gzip or zstd (told by its first bytes, not by its
 * name), read through blocks of a fixed size: neither a long line nor a file that unpacks to
 * terabytes makes memory grow. */
#pragma once

#include "base/str.h"
#include <glib.h>
#include <stdint.h>

enum { INPUT_LINE_MAX = 65536 }; /* bytes, the line feed not counted */

#define INPUT_ERROR input_error_quark()
GQuark input_error_quark(void);
typedef enum InputError {
    INPUT_ERROR_OPEN,    /* not there, or may not be read */
    INPUT_ERROR_READ,    /* the system failed to read on */
    INPUT_ERROR_DAMAGED, /* compressed, and truncated or corrupt */
    INPUT_ERROR_FORMAT,  /* of a form that is not read here, such as a zip archive */
} InputError;

typedef enum LineStatus { LINE_OK, LINE_TOO_LONG, LINE_END, LINE_ERROR } LineStatus;

typedef struct InputFile InputFile;

/* "-" is standard input. Every error is one line that starts with the file's name. */
InputFile *input_file_open(const char *path, GError **error);

/* The same over an open file, which becomes the InputFile's to close; `name` is for messages. */
InputFile *input_file_from_fd(int fd, const char *name, GError **error);
void input_file_close(InputFile *file); /* NULL is allowed */

/* The next line without its line feed, a view that lives until the next call. LINE_TOO_LONG: the
 * line exceeded INPUT_LINE_MAX, was skipped whole, and *line is its beginning. LINE_ERROR sets
 * *error; the file is at its end then. */
LineStatus input_file_line(InputFile *file, Str *line, GError **error);

/* The next line, where the whole of it is in memory: reading it then neither waits nor disturbs the
 * line returned last. False when that is not so. */
bool input_file_peek(const InputFile *file, Str *line);

/* 1-based number of the line last returned; 0 before the first. */
uint64_t input_file_line_number(const InputFile *file);

/* Bytes read so far, as stored (compressed), and the file's size: 0 when it is not known. */
uint64_t input_file_position(const InputFile *file);
uint64_t input_file_size(const InputFile *file);
