#include "serve/tokens.h"

#include "io/secret_file.h"
#include "serve/digest.h"

#include <gio/gio.h>

#define HASHED "sha256:"

typedef struct Entry {
    Identity identity;
    char *name;
    Digest digest;
} Entry;

struct Tokens {
    GArray *entries; /* Entry */
};

static void entry_clear(void *entry) {
    g_free(((Entry *)entry)->name);
}

static Tokens *tokens_new(void) {
    Tokens *tokens = g_new(Tokens, 1);
    tokens->entries = g_array_new(FALSE, TRUE, sizeof(Entry));
    g_array_set_clear_func(tokens->entries, entry_clear);
    return tokens;
}

void tokens_free(Tokens *tokens) {
    if (!tokens) return;
    g_array_unref(tokens->entries);
    g_free(tokens);
}

/* Parts of a line: each says what is wrong with it, or NULL. */

/* Letters of any script, digits and what addresses have: a name goes into lists and trails. */
static const char *read_name(Str word, char **out) {
    static const char wrong[] = "a name has 1 to 64 bytes of UTF-8: letters, digits, and . _ - + @";
    if (word.len == 0 || word.len > IDENTITY_NAME_MAX ||
        !g_utf8_validate_len(word.data, word.len, NULL))
        return wrong;
    for (const char *at = word.data; at < word.data + word.len; at += g_utf8_skip[(guchar)*at]) {
        const gunichar c = g_utf8_get_char(at);
        if (!g_unichar_isalnum(c) && !g_unichar_ismark(c) && !(c < 0x80 && strchr("._-+@", (int)c)))
            return wrong;
    }
    *out = g_strndup(word.data, word.len);
    return NULL;
}

static bool is_printable(Str word) {
    for (size_t i = 0; i < word.len; i++)
        if (!g_ascii_isgraph(word.data[i])) return false;
    return true;
}

static const char *read_token(Str word, Digest *out) {
    const Str prefix = STR(HASHED);
    if (word.len >= prefix.len && memcmp(word.data, prefix.data, prefix.len) == 0) {
        const Str digits = {word.data + prefix.len, word.len - prefix.len};
        return digest_from_hex(digits, out) ? NULL : "after " HASHED " stand 64 hexadecimal digits";
    }
    if (word.len < TOKEN_MIN || word.len > TOKEN_MAX || !is_printable(word))
        return "a token has 16 to 256 printable characters";
    *out = digest_of(word);
    return NULL;
}

/* Lines */

static Str trim(Str line) {
    while (line.len > 0 && g_ascii_isspace(line.data[line.len - 1]))
        line.len--;
    while (line.len > 0 && g_ascii_isspace(*line.data)) {
        line.data++;
        line.len--;
    }
    return line;
}

/* Takes the next word off the line; empty at its end. */
static Str next_word(Str *line) {
    size_t len = 0;
    while (len < line->len && !g_ascii_isspace(line->data[len]))
        len++;
    const Str word = {line->data, len};
    *line = trim((Str){line->data + len, line->len - len});
    return word;
}

static const char *check_unique(const Tokens *tokens, const Entry *entry) {
    for (guint i = 0; i < tokens->entries->len; i++) {
        const Entry *other = &g_array_index(tokens->entries, Entry, i);
        if (strcmp(other->name, entry->name) == 0) return "the name stands in a line before";
        if (digest_equal(&other->digest, &entry->digest))
            return "the token stands in a line before";
    }
    return NULL;
}

static const char *add(Tokens *tokens, Entry *entry) {
    const char *wrong = check_unique(tokens, entry);
    if (!wrong && tokens->entries->len == TOKENS_MAX) wrong = "there are more than 1000 tokens";
    if (wrong) return wrong;
    entry->identity.name = entry->name;
    g_array_append_vals(tokens->entries, entry, 1);
    entry->name = NULL;
    return NULL;
}

static const char *read_line(Tokens *tokens, Str line) {
    Entry entry = {0};
    const Str name = next_word(&line), role = next_word(&line), token = next_word(&line);
    if (token.len == 0 || line.len > 0) return "a line is NAME ROLE TOKEN";
    const char *wrong = read_name(name, &entry.name);
    entry.identity.role = role_find(role);
    if (!wrong && entry.identity.role == ROLE_NONE) wrong = "a role is viewer, analyst or admin";
    if (!wrong) wrong = read_token(token, &entry.digest);
    if (!wrong) wrong = add(tokens, &entry);
    entry_clear(&entry);
    return wrong;
}

static const char *read_bare(Tokens *tokens, Str token) {
    Entry entry = {.identity.role = ROLE_ADMIN, .name = g_strdup("admin")};
    const char *wrong = read_token(token, &entry.digest);
    if (!wrong) wrong = add(tokens, &entry);
    entry_clear(&entry);
    return wrong;
}

static bool is_one_word(Str text) {
    for (size_t i = 0; i < text.len; i++)
        if (g_ascii_isspace(text.data[i])) return false;
    return text.len > 0;
}

/* The next line without the space around it; false at the end. */
static bool next_line(Str *text, Str *line) {
    if (text->len == 0) return false;
    const char *end = memchr(text->data, '\n', text->len);
    const size_t len = end ? (size_t)(end - text->data) : text->len;
    *line = trim((Str){text->data, len});
    text->data += len + (end != NULL);
    text->len -= len + (end != NULL);
    return true;
}

/* *number is the line at which it went wrong. */
static const char *read_lines(Tokens *tokens, Str text, unsigned *number) {
    const char *wrong = NULL;
    Str line;
    for (*number = 1; !wrong && next_line(&text, &line); *number += !wrong)
        if (line.len > 0 && *line.data != '#') wrong = read_line(tokens, line);
    if (wrong) return wrong;
    *number = 0;
    return tokens->entries->len > 0 ? NULL : "it holds no token of 16 to 256 printable characters";
}

Tokens *tokens_parse(const char *path, const char *text, size_t len, GError **error) {
    Tokens *tokens = tokens_new();
    unsigned number = 0;
    const Str whole = trim((Str){text, len});
    const char *wrong = is_one_word(whole) ? read_bare(tokens, whole)
                                           : read_lines(tokens, (Str){text, len}, &number);
    if (!wrong) return tokens;
    if (number > 0)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "cannot use the token file %s: line %u: %s", path, number, wrong);
    else
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "cannot use the token file %s: %s",
                    path, wrong);
    tokens_free(tokens);
    return NULL;
}

Tokens *tokens_read(const char *path, GError **error) {
    size_t len;
    char *text = secret_file_text(path, "token file", TOKEN_FILE_BYTES_MAX, &len, error);
    if (!text) return NULL;
    Tokens *tokens = tokens_parse(path, text, len, error);
    explicit_bzero(text, len);
    g_free(text);
    return tokens;
}

const Identity *tokens_find(const Tokens *tokens, Str token) {
    const Digest digest = digest_of(token);
    const Identity *found = NULL;
    for (guint i = 0; i < tokens->entries->len; i++) {
        const Entry *entry = &g_array_index(tokens->entries, Entry, i);
        if (digest_equal(&entry->digest, &digest)) found = &entry->identity;
    }
    return found;
}

void tokens_names(const Tokens *tokens, Role role, GPtrArray *out) {
    for (guint i = 0; i < tokens->entries->len; i++) {
        const Entry *entry = &g_array_index(tokens->entries, Entry, i);
        if (entry->identity.role >= role) g_ptr_array_add(out, g_strdup(entry->name));
    }
}
