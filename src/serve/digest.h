/* SHA-256 of a secret, which is kept in its place. */
#pragma once

#include "base/str.h"
#include <glib.h>
#include <stdint.h>

enum { DIGEST_LEN = 32, DIGEST_HEX = 2 * DIGEST_LEN };

typedef struct Digest {
    uint8_t bytes[DIGEST_LEN];
} Digest;

static inline Digest digest_of(Str secret) {
    Digest digest;
    gsize len = DIGEST_LEN;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, (const guchar *)(secret.len ? secret.data : ""), (gssize)secret.len);
    g_checksum_get_digest(sum, digest.bytes, &len);
    return digest;
}

/* In the same time wherever they differ. */
static inline bool digest_equal(const Digest *a, const Digest *b) {
    unsigned difference = 0;
    for (size_t i = 0; i < DIGEST_LEN; i++)
        difference |= (unsigned)(a->bytes[i] ^ b->bytes[i]);
    return difference == 0;
}

/* DIGEST_HEX digits and a NUL. */
static inline void digest_to_hex(const uint8_t bytes[DIGEST_LEN], char out[DIGEST_HEX + 1]) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_LEN; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[DIGEST_HEX] = '\0';
}

/* False when it is not DIGEST_HEX hexadecimal digits. */
static inline bool digest_from_hex(Str hex, Digest *out) {
    if (hex.len != DIGEST_HEX) return false;
    for (size_t i = 0; i < DIGEST_LEN; i++) {
        const int high = g_ascii_xdigit_value(hex.data[2 * i]);
        const int low = g_ascii_xdigit_value(hex.data[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
