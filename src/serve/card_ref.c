#include "serve/card_ref.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/random.h>

enum { ROUNDS = 8, DIGEST_BYTES = 32 };

bool card_ref_key_draw(CardRefKey *key, GError **error) {
    if (getrandom(key->bytes, sizeof key->bytes, 0) == (ssize_t)sizeof key->bytes) return true;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot draw a key: %s", g_strerror(errno));
    return false;
}

static uint32_t mix(const CardRefKey *key, uint8_t round, uint32_t half) {
    const uint8_t message[] = {round, (uint8_t)(half >> 24), (uint8_t)(half >> 16),
                               (uint8_t)(half >> 8), (uint8_t)half};
    uint8_t digest[DIGEST_BYTES];
    gsize len = sizeof digest;
    g_autoptr(GHmac) hmac = g_hmac_new(G_CHECKSUM_SHA256, key->bytes, sizeof key->bytes);
    g_hmac_update(hmac, message, sizeof message);
    g_hmac_get_digest(hmac, digest, &len);
    return (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 |
           digest[3];
}

void card_ref_write(const CardRefKey *key, uint64_t card, char out[CARD_REF_LEN + 1]) {
    uint32_t left = (uint32_t)(card >> 32), right = (uint32_t)card;
    for (uint8_t round = 0; round < ROUNDS; round++) {
        const uint32_t next = left ^ mix(key, round, right);
        left = right;
        right = next;
    }
    g_snprintf(out, CARD_REF_LEN + 1, "%08x%08x", left, right);
}

bool card_ref_read(const CardRefKey *key, Str text, uint64_t *card) {
    if (text.len != CARD_REF_LEN) return false;
    uint64_t block = 0;
    for (size_t i = 0; i < text.len; i++) {
        const int digit = g_ascii_xdigit_value(text.data[i]);
        if (digit < 0) return false;
        block = block << 4 | (uint64_t)digit;
    }
    uint32_t left = (uint32_t)(block >> 32), right = (uint32_t)block;
    for (uint8_t round = ROUNDS; round-- > 0;) {
        const uint32_t before = right ^ mix(key, round, left);
        right = left;
        left = before;
    }
    *card = (uint64_t)left << 32 | right;
    return true;
}
