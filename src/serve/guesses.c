#include "serve/guesses.h"

#include <string.h>

/* Spent is what was spent and has not come back since; it comes back evenly. */
typedef struct Guesser {
    char address[GUESSER_ADDRESS_MAX];
    size_t len;
    int64_t at; /* seconds; when `spent` was so */
    int spent;  /* GUESSES_PER_MINUTE to the minute, in sixtieths */
} Guesser;

enum { UNIT = 60 }; /* a guess, in sixtieths: GUESSES_PER_MINUTE of them come back each second */

struct Guesses {
    size_t count;
    Guesser guessers[GUESSERS_MAX];
};

Guesses *guesses_new(void) {
    return g_new0(Guesses, 1);
}

void guesses_free(Guesses *guesses) {
    g_free(guesses);
}

static int spent_at(const Guesser *guesser, int64_t now) {
    const int64_t back = MIN(now - guesser->at, (int64_t)3600) * GUESSES_PER_MINUTE;
    return (int)MAX(guesser->spent - back, 0);
}

static Str key_of(Str address) {
    return (Str){address.data, MIN(address.len, (size_t)GUESSER_ADDRESS_MAX)};
}

static bool is_of(const Guesser *guesser, Str key) {
    return str_equal((Str){guesser->address, guesser->len}, key);
}

unsigned guesses_wait(const Guesses *guesses, Str address, int64_t now) {
    const Str key = key_of(address);
    for (size_t i = 0; i < guesses->count; i++) {
        if (!is_of(&guesses->guessers[i], key)) continue;
        const int over = spent_at(&guesses->guessers[i], now) - GUESSES_PER_MINUTE * UNIT;
        return over < 0 ? 0 : (unsigned)(over / GUESSES_PER_MINUTE + 1);
    }
    return 0;
}

/* The address's place, or one for it. */
static Guesser *place_of(Guesses *guesses, Str key, int64_t now) {
    Guesser *least = guesses->guessers;
    for (size_t i = 0; i < guesses->count; i++) {
        Guesser *guesser = &guesses->guessers[i];
        if (is_of(guesser, key)) return guesser;
        if (spent_at(guesser, now) < spent_at(least, now)) least = guesser;
    }
    Guesser *place = guesses->count < GUESSERS_MAX ? &guesses->guessers[guesses->count++] : least;
    *place = (Guesser){.len = key.len, .at = now};
    if (key.len > 0) memcpy(place->address, key.data, key.len);
    return place;
}

void guesses_add(Guesses *guesses, Str address, unsigned cost, int64_t now) {
    Guesser *guesser = place_of(guesses, key_of(address), now);
    guesser->spent = spent_at(guesser, now) + (int)cost * UNIT;
    guesser->at = now;
}
