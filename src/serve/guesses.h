/* Slows those who guess tokens: wrong ones cost, from what each address may spend in a minute.
 * Where too many addresses guess at once to keep apart, the one that guessed least is forgotten. */
#pragma once

#include "base/str.h"
#include <glib.h>
#include <stdint.h>

enum {
    GUESSES_PER_MINUTE = 120, /* what an address may spend */
    GUESS_BEARER = 1,         /* what a wrong Authorization header costs */
    GUESS_SIGN_IN = 12,       /* what a wrong sign-in costs */
    SIGN_IN_COST = 2,         /* and what a right one does: each is an entry of the audit trail */
    GUESSERS_MAX = 1024,      /* addresses kept apart */
    GUESSER_ADDRESS_MAX = 64, /* bytes of an address that count */
};

typedef struct Guesses Guesses;

Guesses *guesses_new(void);
void guesses_free(Guesses *guesses); /* NULL is allowed */

/* Seconds until this address may try again; 0: now. `now` is in seconds of a clock that never goes
 * back, here as below. */
unsigned guesses_wait(const Guesses *guesses, Str address, int64_t now);

/* Notes a wrong one. */
void guesses_add(Guesses *guesses, Str address, unsigned cost, int64_t now);
