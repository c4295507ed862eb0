#include "io/generator/write.h"

#include "base/civil.h"
#include "io/generator/calendar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 1 << 20,
    TRANS_NUM_DIGITS = 32,
    /* Two world texts, the merchant, and under 200 bytes of numbers. */
    ROW_BYTES_MAX = 3 * WORLD_TEXT_MAX + 200,
    ROWS_PER_REPORT = 1 << 15, /* between two calls of `progress` */
};

static const char header[] =
    ",trans_date_trans_time,cc_num,merchant,category,amt,first,last,gender,street,city,state,zip,"
    "lat,long,city_pop,job,dob,trans_num,unix_time,merch_lat,merch_long,is_fraud\n";
static const char truth_header[] = "trans_num,scenario\n";

/* A file under its temporary name, with its buffer. */
typedef struct Output {
    char *path, *temporary;
    int fd; /* -1 when not open */
    size_t used;
    char *buffer;
} Output;

static bool fail(const Output *output, GError **error) {
    g_set_error(error, GENERATOR_ERROR, GENERATOR_ERROR_WRITE, "cannot write '%s': %s",
                output->path, g_strerror(errno));
    return false;
}

/* The temporary name is no other run's, so that two runs into one folder end as one or the other.
 */
static bool output_open(Output *output, const char *folder, const char *name, GError **error) {
    g_autofree char *pattern = g_strdup_printf(".%s.XXXXXX", name);
    output->path = g_build_filename(folder, name, NULL);
    output->buffer = g_malloc(BUFFER_BYTES);
    if (g_file_test(output->path, G_FILE_TEST_IS_DIR)) { /* rename would fail, too late for all */
        errno = EISDIR;
        return fail(output, error);
    }
    output->temporary = g_build_filename(folder, pattern, NULL);
    output->fd = g_mkstemp_full(output->temporary, O_WRONLY | O_CLOEXEC, 0666);
    return output->fd >= 0 || fail(output, error);
}

static bool output_flush(Output *output, GError **error) {
    for (size_t done = 0; done < output->used;) {
        const ssize_t n = write(output->fd, output->buffer + done, output->used - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(output, error);
        done += (size_t)n;
    }
    output->used = 0;
    return true;
}

/* Makes room for `bytes` more and points *at to it. */
static bool output_room(Output *output, size_t bytes, char **at, GError **error) {
    if (output->used + bytes > BUFFER_BYTES && !output_flush(output, error)) return false;
    *at = output->buffer + output->used;
    return true;
}

static void output_used(Output *output, const char *end) {
    output->used = (size_t)(end - output->buffer);
}

static bool output_close(Output *output, GError **error) {
    if (!output_flush(output, error)) return false;
    const int fd = output->fd;
    output->fd = -1;
    return close(fd) == 0 || fail(output, error);
}

/* Formatting: each put_ writes at `at` and returns the place behind. */

static char *put_bytes(char *at, const char *bytes, size_t length) {
    memcpy(at, bytes, length);
    return at + length;
}

static char *put_text(char *at, const Text *text) {
    return put_bytes(at, text->bytes, text->length);
}

static char *put_number(char *at, uint64_t value) {
    char digits[20];
    size_t first = sizeof digits;
    do
        digits[--first] = (char)('0' + value % 10);
    while (value /= 10);
    return put_bytes(at, digits + first, sizeof digits - first);
}

/* value / 10^decimals in the shortest form with at least one decimal, as Python writes floats. */
static char *put_decimal(char *at, uint32_t value, int decimals) {
    uint32_t unit = 1;
    for (int i = 0; i < decimals; i++)
        unit *= 10;
    at = put_number(at, value / unit);
    *at++ = '.';
    uint32_t rest = value % unit;
    do {
        unit /= 10;
        *at++ = (char)('0' + rest / unit);
        rest %= unit;
    } while (rest > 0);
    return at;
}

static char *put_degrees(char *at, int32_t millionths) {
    if (millionths < 0) *at++ = '-';
    return put_decimal(at, millionths < 0 ? -(uint32_t)millionths : (uint32_t)millionths, 6);
}

static char *put_two(char *at, uint32_t value) {
    at[0] = (char)('0' + value / 10);
    at[1] = (char)('0' + value % 10);
    return at + 2;
}

static char *put_clock(char *at, uint32_t second) {
    at = put_two(at, second / 3600);
    *at++ = ':';
    at = put_two(at, second / 60 % 60);
    *at++ = ':';
    return put_two(at, second % 60);
}

static char *put_hex(char *at, uint64_t value) {
    for (int shift = 60; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[value >> shift & 15];
    return at;
}

/* The two halves of a seed's transaction numbers. */
typedef struct TransNumKey {
    uint64_t first, second;
} TransNumKey;

static TransNumKey trans_num_key(uint64_t seed) {
    Random random;
    random_init(&random, seed, STREAM_TRANS_NUM);
    TransNumKey key = {.first = random_next(&random)};
    key.second = random_next(&random);
    return key;
}

/* No two indices share a number: the first half alone is a bijection of the index. */
static char *put_trans_num(char *at, TransNumKey key, uint64_t index) {
    const uint64_t first = random_mix(key.first + index * 0x9e3779b97f4a7c15u);
    return put_hex(put_hex(at, first), random_mix(first ^ key.second));
}

/* What stays the same from one row to the next. */
typedef struct RowFormat {
    const World *world;
    TransNumKey key;
    uint32_t day; /* midnight of `date`, seconds */
    char date[11];
} RowFormat;

static void format_day(RowFormat *format, uint32_t shown) {
    const uint32_t day = shown - shown % DAY_SECONDS;
    if (day == format->day) return;
    format->day = day;
    civil_write_date((int32_t)(day / DAY_SECONDS), format->date);
}

static char *put_row(char *at, RowFormat *format, const Row *row, uint64_t file_index,
                     uint64_t index) {
    const Card *card = &format->world->cards[row->card];
    format_day(format, row->shown);
    at = put_number(at, file_index);
    *at++ = ',';
    at = put_bytes(at, format->date, 10);
    *at++ = ' ';
    at = put_clock(at, row->shown % DAY_SECONDS);
    *at++ = ',';
    at = put_text(at, &card->head);
    at = put_text(at, &format->world->merchants[row->merchant]);
    at = put_decimal(at, row->amount, 2);
    at = put_text(at, &card->tail);
    at = put_trans_num(at, format->key, index);
    *at++ = ',';
    at = put_number(at, row->simulated);
    *at++ = ',';
    at = put_degrees(at, row->latitude);
    *at++ = ',';
    at = put_degrees(at, row->longitude);
    *at++ = ',';
    *at++ = scenario_is_fraud(row->scenario) ? '1' : '0';
    *at++ = '\n';
    return at;
}

static bool write_row(Output *output, RowFormat *format, const Row *row, uint64_t file_index,
                      uint64_t index, GError **error) {
    char *at;
    if (!output_room(output, ROW_BYTES_MAX, &at, error)) return false;
    output_used(output, put_row(at, format, row, file_index, index));
    return true;
}

static bool write_truth(Output *output, const RowFormat *format, const Row *row, uint64_t index,
                        GError **error) {
    char *at;
    if (!output_room(output, ROW_BYTES_MAX, &at, error)) return false;
    const char *name = scenario_name(row->scenario);
    at = put_trans_num(at, format->key, index);
    *at++ = ',';
    at = put_bytes(at, name, strlen(name));
    *at++ = '\n';
    output_used(output, at);
    return true;
}

static bool write_text(Output *output, const char *text, GError **error) {
    char *at;
    if (!output_room(output, strlen(text), &at, error)) return false;
    output_used(output, put_bytes(at, text, strlen(text)));
    return true;
}

static bool report_progress(const RowWriter *writer, double fraction, GError **error) {
    if (!writer->progress || writer->progress(writer->progress_data, "writing", fraction))
        return true;
    g_set_error_literal(error, GENERATOR_ERROR, GENERATOR_ERROR_CANCELLED,
                        "interrupted: nothing was written");
    return false;
}

static bool write_all(const RowWriter *writer, const RowList *rows, size_t train_count,
                      Output *outputs, uint64_t *truth_rows, GError **error) {
    RowFormat format = {
        .world = writer->world, .key = trans_num_key(writer->seed), .day = UINT32_MAX};
    if (!write_text(&outputs[GENERATOR_TRAIN], header, error) ||
        !write_text(&outputs[GENERATOR_TEST], header, error) ||
        !write_text(&outputs[GENERATOR_TRUTH], truth_header, error))
        return false;
    *truth_rows = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const Row *row = &rows->rows[i];
        const bool train = i < train_count;
        if (!write_row(&outputs[train ? GENERATOR_TRAIN : GENERATOR_TEST], &format, row,
                       train ? i : i - train_count, i, error))
            return false;
        if (row->scenario != SCENARIO_NONE) {
            if (!write_truth(&outputs[GENERATOR_TRUTH], &format, row, i, error)) return false;
            ++*truth_rows;
        }
        if (i % ROWS_PER_REPORT == 0 &&
            !report_progress(writer, (double)i / (double)rows->count, error))
            return false;
    }
    return report_progress(writer, 1, error);
}

static bool rename_all(Output *outputs, GError **error) {
    for (int i = 0; i < GENERATOR_FILE_COUNT; i++)
        if (!output_close(&outputs[i], error)) return false;
    for (int i = 0; i < GENERATOR_FILE_COUNT; i++)
        if (rename(outputs[i].temporary, outputs[i].path) != 0) return fail(&outputs[i], error);
    return true;
}

bool write_rows(const RowWriter *writer, const RowList *rows, size_t train_count,
                uint64_t *truth_rows, GError **error) {
    Output outputs[GENERATOR_FILE_COUNT] = {{.fd = -1}, {.fd = -1}, {.fd = -1}};
    bool good = true;
    for (int i = 0; good && i < GENERATOR_FILE_COUNT; i++)
        good = output_open(&outputs[i], writer->folder, generator_file_names[i], error);
    good = good && write_all(writer, rows, train_count, outputs, truth_rows, error) &&
           rename_all(outputs, error);
    for (int i = 0; i < GENERATOR_FILE_COUNT; i++) {
        if (outputs[i].fd >= 0) close(outputs[i].fd);
        if (!good && outputs[i].temporary) unlink(outputs[i].temporary);
        g_free(outputs[i].path);
        g_free(outputs[i].temporary);
        g_free(outputs[i].buffer);
    }
    return good;
}
