/* The page's sessions: whoever signed in with a token gets a cookie in its place, which lasts
 * SESSION_SECONDS, or until no person asked anything with it for SESSION_IDLE_SECONDS: what a page
 * asks by itself does not count. Its value is 256
 * random bits from the kernel, of which only the SHA-256 is kept, in memory: a restart ends all
 * sessions. With each goes a second secret, made of the first, that a page sends in a header of its
 * own: what another site's page makes a browser send carries the cookie, but not that.
 *
 * At most SESSIONS_MAX at once, and SESSIONS_PER_NAME_MAX of one name, so that nobody can push out
 * others: beyond that, the one that was idle longest ends. Used by one thread. */
#pragma once

#include "serve/digest.h"
#include "serve/identity.h"

enum {
    SESSION_SECONDS = 12 * 3600,
    SESSION_IDLE_SECONDS = 2 * 3600,
    SESSIONS_MAX = 1024,
    SESSIONS_PER_NAME_MAX = 32,
};

#define SESSION_COOKIE "haechi_session"

/* Secrets are sent as this many digits. */
typedef char SecretText[DIGEST_HEX + 1];

typedef struct Sessions Sessions;

Sessions *sessions_new(void);
void sessions_free(Sessions *sessions); /* NULL is allowed */

/* Begins a session of `identity`, which must outlive it, and says the cookie's value. `now` is in
 * seconds of a clock that never goes back, here as below. False when the kernel has no random bits
 * to give. */
bool sessions_begin(Sessions *sessions, const Identity *identity, int64_t now, SecretText cookie);

/* Whose session it is, having noted, where it is `attended` by a person, that it was used now; NULL
 * when there is none, or no more. */
const Identity *sessions_use(Sessions *sessions, Str cookie, bool attended, int64_t now);

/* Whether there is, still, the session whose cookie has this digest; its use is not noted. */
bool sessions_has(Sessions *sessions, const Digest *digest, int64_t now);

/* Ends it, if there is one; says whose it was, or NULL. */
const Identity *sessions_end(Sessions *sessions, Str cookie, int64_t now);

/* The second secret that goes with a cookie. */
void session_csrf(Str cookie, SecretText csrf);

/* The value of SESSION_COOKIE in a Cookie header (NULL for none): a view, of DIGEST_HEX digits, or
 * empty where there is none, several, or none of that form. */
Str session_cookie_find(const char *header);
