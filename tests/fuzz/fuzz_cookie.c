/* Whatever a Cookie header says, a session's secret is found in it whole, or none is. */
#include "serve/session.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autofree char *header = g_strndup((const char *)data, size);
    const Str found = session_cookie_find(header);
    if (found.len == 0) return 0;
    g_assert_cmpuint(found.len, ==, DIGEST_HEX);
    g_assert_true(found.data > header && found.data + found.len <= header + strlen(header));
    const size_t name_len = strlen(SESSION_COOKIE "=");
    g_assert_cmpuint((size_t)(found.data - header), >=, name_len);
    g_assert_true(memcmp(found.data - name_len, SESSION_COOKIE "=", name_len) == 0);
    SecretText csrf;
    session_csrf(found, csrf);
    g_assert_cmpuint(strlen(csrf), ==, DIGEST_HEX);
    return 0;
}
