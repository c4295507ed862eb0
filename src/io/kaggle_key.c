/* Where the user's key of Kaggle is kept. */
#include "io/kaggle.h"

#include "base/json.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 4096, WORD_MAX = 256 };

#define HINT                                                                                       \
    "make an API token at https://www.kaggle.com/settings, and put its kaggle.json into "          \
    "~/.kaggle, "                                                                                  \
    "or set KAGGLE_USERNAME and KAGGLE_KEY"

G_DEFINE_QUARK(haechi - kaggle - error, kaggle_error)

void kaggle_key_clear(KaggleKey *key) {
    g_free(key->username);
    g_free(key->key);
    *key = (KaggleKey){0};
}

static bool fail(GError **error, const char *where, const char *why) {
    g_set_error(error, KAGGLE_ERROR, KAGGLE_ERROR_KEY, "Kaggle's key: %s: %s", where, why);
    return false;
}

/* One word of printable ASCII; a user's name has no ':' in it, which ends it on the wire. */
static bool is_word(const char *text, bool name) {
    const size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isgraph(text[i]) || (name && text[i] == ':')) return false;
    return len > 0 && len <= WORD_MAX;
}

static bool take(KaggleKey *out, char *username, char *key, const char *where, GError **error) {
    *out = (KaggleKey){username, key};
    if (is_word(username, true) && is_word(key, false)) return true;
    kaggle_key_clear(out);
    return fail(error, where, "user and key are one word each");
}

/* The first of the usual places that has the file; the caller frees it. */
static char *find_file(void) {
    const char *set = g_getenv("KAGGLE_CONFIG_DIR");
    if (set && *set) return g_build_filename(set, "kaggle.json", NULL);
    g_autofree char *usual = g_build_filename(g_get_home_dir(), ".kaggle", "kaggle.json", NULL);
    g_autofree char *other =
        g_build_filename(g_get_user_config_dir(), "kaggle", "kaggle.json", NULL);
    const bool there = g_file_test(usual, G_FILE_TEST_EXISTS);
    return there || !g_file_test(other, G_FILE_TEST_EXISTS) ? g_steal_pointer(&usual)
                                                            : g_steal_pointer(&other);
}

static char *member_of(JsonValue root, const char *name) {
    JsonValue value;
    if (!json_member(root, name, &value) || json_type(value) != JSON_STRING) return NULL;
    const Str text = json_get_str(value);
    return memchr(text.data, '\0', text.len) ? NULL : g_strndup(text.data, text.len);
}

static bool parse(KaggleKey *out, const char *path, const char *text, size_t len, GError **error) {
    JsonParser *parser = json_parser_new(FILE_BYTES_MAX);
    JsonValue root;
    const char *message;
    char *username = NULL, *key = NULL;
    if (json_parse(parser, text, len, &root, &message)) {
        username = member_of(root, "username");
        key = member_of(root, "key");
    }
    json_parser_free(parser);
    if (username && key) return take(out, username, key, path, error);
    g_free(username);
    g_free(key);
    return fail(error, path, "it is not {\"username\": \"...\", \"key\": \"...\"}");
}

static bool read_file(KaggleKey *out, const char *path, char **warning, GError **error) {
    char text[FILE_BYTES_MAX + 1];
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) return fail(error, path, "there is no such file: " HINT);
    if (fd < 0) return fail(error, path, g_strerror(errno));
    const bool plain = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    const ssize_t len = plain ? read(fd, text, sizeof text) : -1;
    close(fd);
    if (len < 0 || len > FILE_BYTES_MAX) return fail(error, path, "it is no small text file");
    if (st.st_mode & (S_IRGRP | S_IROTH))
        *warning = g_strdup_printf("your Kaggle key is readable by other users on this system: "
                                   "'chmod 600 %s' mends that",
                                   path);
    return parse(out, path, text, (size_t)len, error);
}

bool kaggle_key_read(KaggleKey *out, char **warning, GError **error) {
    const char *username = g_getenv("KAGGLE_USERNAME"), *key = g_getenv("KAGGLE_KEY");
    *warning = NULL;
    if (username && key)
        return take(out, g_strdup(username), g_strdup(key), "KAGGLE_USERNAME and KAGGLE_KEY",
                    error);
    if (username || key)
        return fail(error, username ? "KAGGLE_USERNAME" : "KAGGLE_KEY",
                    "is set without the other: KAGGLE_USERNAME and KAGGLE_KEY go together");
    g_autofree char *path = find_file();
    return read_file(out, path, warning, error);
}
