/* Lines from plain, gzip and zstd files, and every way such a file can be bad. */
#include "io/input_file.h"

#include <glib/gstdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

static InputFile *from_bytes(Str bytes, GError **error) {
    const int fd = memfd_create("test", MFD_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    for (size_t at = 0; at < bytes.len;) {
        const ssize_t wrote = write(fd, bytes.data + at, bytes.len - at);
        g_assert_cmpint(wrote, >, 0);
        at += (size_t)wrote;
    }
    g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
    return input_file_from_fd(fd, "test.csv", error);
}

static GString *gzipped(Str bytes) {
    GString *out = g_string_new(NULL);
    g_string_set_size(out, compressBound(bytes.len) + 64);
    z_stream z = {0};
    g_assert_cmpint(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
    g_autofree char *copy = g_memdup2(bytes.data, bytes.len);
    z.next_in = (Bytef *)copy;
    z.avail_in = (uInt)bytes.len;
    z.next_out = (Bytef *)out->str;
    z.avail_out = (uInt)out->len;
    g_assert_cmpint(deflate(&z, Z_FINISH), ==, Z_STREAM_END);
    g_string_truncate(out, z.total_out);
    deflateEnd(&z);
    return out;
}

static GString *zstandard(Str bytes) {
    GString *out = g_string_new(NULL);
    g_string_set_size(out, ZSTD_compressBound(bytes.len));
    const size_t len = ZSTD_compress(out->str, out->len, bytes.data, bytes.len, 3);
    g_assert_false(ZSTD_isError(len));
    g_string_truncate(out, len);
    return out;
}

typedef GString *Pack(Str bytes);

static GString *as_it_is(Str bytes) {
    return g_string_new_len(bytes.data, (gssize)bytes.len);
}

static Pack *const packs[] = {as_it_is, gzipped, zstandard};

/* Numbered lines of uneven length, some empty, over several blocks. */
static GString *many_lines(int count) {
    GString *text = g_string_new(NULL);
    for (int i = 0; i < count; i++) {
        if (i % 7) g_string_append_printf(text, "%d:", i);
        for (int j = i % 7 * (i % 311); j > 0; j--)
            g_string_append_c(text, (char)('a' + (i + j) % 26));
        g_string_append_c(text, '\n');
    }
    return text;
}

static void assert_same_lines(InputFile *file, const GString *text) {
    Str line;
    GError *error = NULL;
    uint64_t number = 0;
    const char *at = text->str, *end = text->str + text->len;
    while (at < end) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        const char *stop = feed ? feed : end;
        g_assert_cmpint(input_file_line(file, &line, &error), ==, LINE_OK);
        g_assert_no_error(error);
        g_assert_cmpuint(line.len, ==, (size_t)(stop - at));
        g_assert_cmpint(memcmp(line.data, at, line.len), ==, 0);
        g_assert_cmpuint(input_file_line_number(file), ==, ++number);
        at = stop + 1;
    }
    g_assert_cmpint(input_file_line(file, &line, &error), ==, LINE_END);
    g_assert_cmpint(input_file_line(file, &line, &error), ==, LINE_END);
}

static void test_forms(void) {
    GString *text = many_lines(8000);
    g_assert_cmpuint(text->len, >, 3 << 20);
    for (int last_feed = 0; last_feed < 2; last_feed++) {
        for (size_t i = 0; i < G_N_ELEMENTS(packs); i++) {
            GString *packed = packs[i]((Str){text->str, text->len});
            GError *error = NULL;
            InputFile *file = from_bytes((Str){packed->str, packed->len}, &error);
            g_assert_no_error(error);
            g_assert_cmpuint(input_file_size(file), ==, packed->len);
            assert_same_lines(file, text);
            g_assert_cmpuint(input_file_position(file), ==, packed->len);
            input_file_close(file);
            g_string_free(packed, TRUE);
        }
        g_string_truncate(text, text->len - 1); /* and without the last line feed */
    }
    g_string_free(text, TRUE);
}

/* Compressed files may be several, joined. */
static void test_joined(void) {
    for (size_t i = 1; i < G_N_ELEMENTS(packs); i++) {
        GString *packed = packs[i](STR("one\ntw")), *second = packs[i](STR("o\nthree\n"));
        g_string_append_len(packed, second->str, (gssize)second->len);
        GError *error = NULL;
        InputFile *file = from_bytes((Str){packed->str, packed->len}, &error);
        g_assert_no_error(error);
        GString *text = g_string_new("one\ntwo\nthree\n");
        assert_same_lines(file, text);
        input_file_close(file);
        g_string_free(text, TRUE);
        g_string_free(packed, TRUE);
        g_string_free(second, TRUE);
    }
}

static void test_empty(void) {
    for (size_t i = 0; i < G_N_ELEMENTS(packs); i++) {
        GString *packed = packs[i](STR(""));
        GError *error = NULL;
        Str line;
        InputFile *file = from_bytes((Str){packed->str, packed->len}, &error);
        g_assert_no_error(error);
        g_assert_cmpint(input_file_line(file, &line, &error), ==, LINE_END);
        g_assert_cmpuint(input_file_line_number(file), ==, 0);
        input_file_close(file);
        g_string_free(packed, TRUE);
    }
}

/* Reads on to the end or an error. */
static bool reads_to_end(InputFile *file, GError **error) {
    Str line;
    for (;;) {
        const LineStatus status = input_file_line(file, &line, error);
        if (status == LINE_END) return true;
        if (status == LINE_ERROR) {
            g_assert_cmpint(input_file_line(file, &line, NULL), ==, LINE_END);
            return false;
        }
    }
}

/* A compressed file cut anywhere is known to be cut. */
static void test_truncated(void) {
    GString *text = many_lines(200);
    for (size_t i = 1; i < G_N_ELEMENTS(packs); i++) {
        GString *packed = packs[i]((Str){text->str, text->len});
        for (size_t len = 4; len < packed->len; len += 1 + len / 16) {
            GError *error = NULL;
            InputFile *file = from_bytes((Str){packed->str, len}, &error);
            g_assert_no_error(error);
            g_assert_false(reads_to_end(file, &error));
            g_assert_error(error, INPUT_ERROR, INPUT_ERROR_DAMAGED);
            g_assert_cmpstr(error->message, ==,
                            "test.csv: truncated: the compressed file ends early");
            g_error_free(error);
            input_file_close(file);
        }
        g_string_free(packed, TRUE);
    }
    g_string_free(text, TRUE);
}

/* A bit that flipped in a gzip file is found by its checksum at the latest. */
static void test_damaged(void) {
    GString *text = many_lines(200);
    GString *packed = gzipped((Str){text->str, text->len});
    for (size_t at = 20; at < packed->len; at += 97) {
        packed->str[at] ^= 0x10;
        GError *error = NULL;
        InputFile *file = from_bytes((Str){packed->str, packed->len}, &error);
        g_assert_no_error(error);
        g_assert_false(reads_to_end(file, &error));
        g_assert_error(error, INPUT_ERROR, INPUT_ERROR_DAMAGED);
        g_error_free(error);
        input_file_close(file);
        packed->str[at] ^= 0x10;
    }
    g_string_free(packed, TRUE);
    g_string_free(text, TRUE);
}

static void test_long_lines(void) {
    GString *text = g_string_new("before\n");
    const size_t lengths[] = {INPUT_LINE_MAX, INPUT_LINE_MAX + 1, 10 << 20};
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        const gsize at = text->len;
        g_string_set_size(text, at + lengths[i]);
        memset(text->str + at, 'x', lengths[i]);
        g_string_append_c(text, '\n');
    }
    g_string_append(text, "after");
    for (size_t i = 0; i < G_N_ELEMENTS(packs); i++) {
        GString *packed = packs[i]((Str){text->str, text->len});
        GError *error = NULL;
        InputFile *file = from_bytes((Str){packed->str, packed->len}, &error);
        static const LineStatus want[] = {LINE_OK,       LINE_OK, LINE_TOO_LONG,
                                          LINE_TOO_LONG, LINE_OK, LINE_END};
        Str line;
        for (size_t j = 0; j < G_N_ELEMENTS(want); j++) {
            g_assert_cmpint(input_file_line(file, &line, &error), ==, want[j]);
            g_assert_no_error(error);
            if (want[j] == LINE_TOO_LONG) g_assert_cmpuint(line.len, ==, 256);
            if (j == 4) g_assert_cmpmem(line.data, line.len, "after", 5);
        }
        g_assert_cmpuint(input_file_line_number(file), ==, 5);
        input_file_close(file);
        g_string_free(packed, TRUE);
    }
    g_string_free(text, TRUE);
}

/* A line of 256 MiB from 256 KiB of gzip: read in the memory of one block. */
static void test_bomb(void) {
    const size_t chunk = 64 << 20;
    g_autofree char *zeros = g_malloc0(chunk);
    GString *packed = gzipped((Str){zeros, chunk});
    GString *bomb = g_string_new(NULL);
    for (int i = 0; i < 4; i++)
        g_string_append_len(bomb, packed->str, (gssize)packed->len);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    GError *error = NULL;
    Str line;
    InputFile *file = from_bytes((Str){bomb->str, bomb->len}, &error);
    g_assert_cmpint(input_file_line(file, &line, &error), ==, LINE_TOO_LONG);
    g_assert_cmpint(input_file_line(file, &line, &error), ==, LINE_END);
    getrusage(RUSAGE_SELF, &after);
    g_assert_cmpint(after.ru_maxrss - before.ru_maxrss, <, 16 * 1024); /* KiB */
    input_file_close(file);
    g_string_free(packed, TRUE);
    g_string_free(bomb, TRUE);
}

static void assert_no_open(Str bytes, InputError code, const char *message) {
    GError *error = NULL;
    g_assert_null(from_bytes(bytes, &error));
    g_assert_error(error, INPUT_ERROR, (int)code);
    g_assert_cmpstr(error->message, ==, message);
    g_error_free(error);
}

static void test_other_forms(void) {
    assert_no_open(STR("PK\x03\x04rest"), INPUT_ERROR_FORMAT,
                   "test.csv: a zip archive or a spreadsheet: unpack it, or save it as CSV");
    assert_no_open(STR("\xff\xfe,\0"), INPUT_ERROR_FORMAT,
                   "test.csv: text in UTF-16: save it as UTF-8");
    GError *error = NULL;
    g_assert_null(input_file_open("/no/such/file.csv", &error));
    g_assert_error(error, INPUT_ERROR, INPUT_ERROR_OPEN);
    g_assert_cmpstr(error->message, ==, "/no/such/file.csv: No such file or directory");
    g_clear_error(&error);
    g_assert_null(input_file_open("/tmp", &error));
    g_assert_error(error, INPUT_ERROR, INPUT_ERROR_OPEN);
    g_assert_cmpstr(error->message, ==, "/tmp: is a folder");
    g_error_free(error);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/input-file/forms", test_forms);
    g_test_add_func("/input-file/joined", test_joined);
    g_test_add_func("/input-file/empty", test_empty);
    g_test_add_func("/input-file/truncated", test_truncated);
    g_test_add_func("/input-file/damaged", test_damaged);
    g_test_add_func("/input-file/long-lines", test_long_lines);
    g_test_add_func("/input-file/bomb", test_bomb);
    g_test_add_func("/input-file/other-forms", test_other_forms);
    return g_test_run();
}
