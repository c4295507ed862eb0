/* The gate: whether a request may pass, told by its headers and the role that its route needs.
 *
 * Without a token file whoever reaches the loopback may do all, but must name it as Host. With one,
 * a request brings a token (Authorization: Bearer) or a session's cookie. A change (anything but
 * GET and HEAD) by cookie also brings the session's second secret in X-Haechi-Csrf, and no change
 * may come from another site's page, which its Origin tells: scheme, host and port. The service
 * speaks plain HTTP; where a proxy's word does not tell the scheme, http and https are both its
 * own. Used by one thread. */
#pragma once

#include "serve/guesses.h"
#include "serve/session.h"
#include "serve/tokens.h"

/* What a request says for itself; NULL where it has no such header. */
typedef struct Claim {
    const char *method;
    const char *host, *origin, *authorization, *cookie, *csrf;
    const char *scheme; /* of the address asked for, by a proxy's word: X-Forwarded-Proto */
    Str address;        /* whose guesses these are */
    bool unattended;    /* a page asks by itself: no session is prolonged by it */
} Claim;

typedef struct Pass {
    unsigned status;          /* HTTP: 0 lets it pass */
    const char *why;          /* it does not, in one line */
    unsigned wait;            /* with 429: seconds */
    const Identity *identity; /* who it is; NULL where nobody had to say */
    Str cookie;               /* of the session that told so; empty where a token did */
} Pass;

typedef struct Gate Gate;

/* `tokens` becomes the gate's; NULL: no token file. */
Gate *gate_new(Tokens *tokens);
void gate_free(Gate *gate); /* NULL is allowed */

/* Whether anyone has to say who they are. */
bool gate_requires(const Gate *gate);

/* Adds copies of the names (char *, `out` is to free them) of those who may do what `role` may:
 * without a token file of the one person there is. */
void gate_names(const Gate *gate, Role role, GPtrArray *out);

/* What may be told before it is known what is asked for: 421 where the Host is another machine. */
Pass gate_host(const Gate *gate, const Claim *claim);

/* Whether the claim is good for a route that needs `role`; ROLE_NONE: for one that is open, where
 * the identity is told all the same if it is good. `now` is in seconds of a clock that never goes
 * back, here as below. */
Pass gate_pass(Gate *gate, const Claim *claim, Role role, int64_t now);

/* The one whose token it is, and the cookie of a session for them. 401 or 429 when it is nobody's.
 */
Pass gate_sign_in(Gate *gate, const Claim *claim, Str token, int64_t now, SecretText cookie);

/* Whether the session of a cookie with this digest goes on. */
bool gate_has_session(Gate *gate, const Digest *digest, int64_t now);

/* Ends a cookie's session, if there is one: another took its place, or it came to nothing. */
void gate_end_session(Gate *gate, Str cookie, int64_t now);

/* Ends the claim's session, and says whose it was, if there was one. 403 where a change by that
 * session may not pass. */
Pass gate_sign_out(Gate *gate, const Claim *claim, int64_t now);
