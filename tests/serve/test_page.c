/* The embedded web page: its files are there, are gzip, and open to what the browser expects. */
#include "serve/page.h"

#include <gio/gio.h>
#include <glib.h>

/* Decompresses an embedded body; the caller frees it. */
static char *inflate_body(Str body) {
    GInputStream *packed = g_memory_input_stream_new_from_data(body.data, (gssize)body.len, NULL);
    GConverter *gunzip = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP));
    GInputStream *plain = g_converter_input_stream_new(packed, gunzip);
    GString *text = g_string_new(NULL);
    char block[4096];
    gssize len;
    GError *error = NULL;
    while ((len = g_input_stream_read(plain, block, sizeof block, NULL, &error)) > 0)
        g_string_append_len(text, block, len);
    g_assert_no_error(error);
    g_object_unref(plain);
    g_object_unref(gunzip);
    g_object_unref(packed);
    return g_string_free(text, FALSE);
}

static void test_index(void) {
    Str body = {0};
    const char *type = NULL;
    g_assert_true(page_find("/", &body, &type));
    g_assert_cmpstr(type, ==, "text/html; charset=utf-8");
    char *html = inflate_body(body);
    g_assert_true(g_str_has_prefix(html, "<!doctype html>"));
    g_assert_nonnull(strstr(html, "<title>haechi 해치</title>"));
    g_free(html);
}

static void test_unknown(void) {
    Str body = {0};
    const char *type = NULL;
    g_assert_false(page_find("/nothing-here", &body, &type));
    g_assert_false(page_find("", &body, &type));
    g_assert_false(page_find("/index.html/", &body, &type));
    g_assert_null(body.data);
    g_assert_null(type);
}

/* Every file opens, and nothing in the page reaches outside the binary. */
static void test_every_file(void) {
    size_t total = 0;
    for (size_t i = 0; i < page_file_count; i++) {
        const PageFile *file = &page_files[i];
        Str body = {0};
        const char *type = NULL;
        g_assert_true(page_find(file->path, &body, &type));
        g_assert_true(body.data == file->body.data);
        char *text = inflate_body(body);
        if (g_str_has_prefix(type, "text/html") || g_str_has_prefix(type, "text/css")) {
            g_assert_null(strstr(text, "src=\"http"));
            g_assert_null(strstr(text, "url(http"));
            g_assert_null(strstr(text, "style=\""));
        }
        g_free(text);
        total += body.len;
    }
    g_assert_cmpuint(total, <, 500 * 1000);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/page/index", test_index);
    g_test_add_func("/page/unknown", test_unknown);
    g_test_add_func("/page/every-file", test_every_file);
    return g_test_run();
}
