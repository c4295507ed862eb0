/* A card's reference: by it a client can ask about a card whose number it is not shown. It is the
 * number, enciphered under a key that this process drew at its start: whoever has no key learns
 * nothing from it, and it means nothing to another process.
 *
 * The cipher is a Feistel network of eight rounds on the number's 64 bits, whose round function is
 * HMAC-SHA256 (Luby and Rackoff 1988, "How to construct pseudorandom permutations from pseudorandom
 * functions": four rounds are enough for that). */
#pragma once

#include "base/str.h"
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { CARD_REF_KEY_BYTES = 32, CARD_REF_LEN = 16 };

typedef struct CardRefKey {
    uint8_t bytes[CARD_REF_KEY_BYTES];
} CardRefKey;

/* From the kernel's random numbers. */
bool card_ref_key_draw(CardRefKey *key, GError **error);

/* CARD_REF_LEN hexadecimal digits and a NUL. */
void card_ref_write(const CardRefKey *key, uint64_t card, char out[CARD_REF_LEN + 1]);

/* Any reference of the right form means some number; false for what has not the form. */
bool card_ref_read(const CardRefKey *key, Str text, uint64_t *card);
