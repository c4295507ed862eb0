/* Whatever a token file holds, it is refused in one line, or it tells whose each token is. */
#include "serve/tokens.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each word of the text that is taken for a token is somebody's. */
static void look_up(const Tokens *tokens, Str text) {
    for (size_t i = 0; i < text.len;) {
        size_t len = 0;
        while (i + len < text.len && !g_ascii_isspace(text.data[i + len]))
            len++;
        const Identity *identity = tokens_find(tokens, (Str){text.data + i, len});
        if (identity) {
            g_assert_cmpint(identity->role, >=, ROLE_VIEWER);
            g_assert_cmpint(identity->role, <=, ROLE_ADMIN);
            g_assert_cmpuint(strlen(identity->name), >, 0);
            g_assert_cmpuint(strlen(identity->name), <=, IDENTITY_NAME_MAX);
            g_assert_true(g_utf8_validate(identity->name, -1, NULL));
            g_assert_cmpuint(len, >=, TOKEN_MIN);
        }
        i += len + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(GError) error = NULL;
    Tokens *tokens = tokens_parse("file", (const char *)data, size, &error);
    if (tokens)
        look_up(tokens, (Str){(const char *)data, size});
    else
        g_assert_null(strchr(error->message, '\n'));
    tokens_free(tokens);
    return 0;
}
