/* A feature's value as a person reads it: "7 transactions in 1 h; this card's usual is 0.2". What
 * is usual for the card or the merchant is said where the other features tell it.
 *
 * Every feature of the catalogue has its phrase, in every language, in the table of phrase.c. */
#pragma once

#include "feature/feature.h"

typedef enum Language { LANGUAGE_EN, LANGUAGE_KO, LANGUAGE_COUNT } Language;
extern const char *const language_code[LANGUAGE_COUNT]; /* BCP 47: "en", "ko" */

enum { PHRASE_BYTES_MAX = 240 };

/* Appends the phrase of features[index], which may be NaN for unknown, in UTF-8 without a quote, a
 * backslash or a control character: at most PHRASE_BYTES_MAX bytes. `features` are all
 * feature_count() of one transaction. */
void feature_phrase(GString *out, size_t index, const float *features, Language language);

/* Whether the table has the feature, with what is known to be usual for it, in every language. */
bool feature_has_phrase(size_t index);

/* The table's names, as many as it has: a feature's without its window. NULL after the last. */
const char *phrase_name(size_t row);
