/* Card numbers in text that others wrote: a run of 12 to 19 digits, as card numbers are (ISO/IEC
 * 7812-1 allows no more), that does not follow a digit and a '.' as a number's decimals do. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Whether `text` holds one, as what is masked in a log. */
bool card_mask_needed(const char *text);

/* Whether a person may have written one in `text`: also in groups of digits with a space or '-'
 * between, as on the card, and behind any '.', where its check digit is right (Luhn's formula). */
bool card_mask_written(const char *text);

/* Text that comes in pieces: digits at the end of one are held back until it is known how many
 * follow. Begin with {0}. */
typedef struct CardMask {
    char digits[24];
    guint count;  /* of digits held back, or counted once they are too many for a card number */
    bool decimal; /* a digit and a '.' stand before them */
} CardMask;

/* Appends data[0..len) to `out`, all but the last four digits of a card number as '*'. */
void card_mask_add(CardMask *mask, const char *data, gsize len, GString *out);
void card_mask_end(CardMask *mask, GString *out); /* appends what is held back */
