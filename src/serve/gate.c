#include "serve/gate.h"

#include "serve/access.h"

struct Gate {
    Tokens *tokens; /* NULL: no token file */
    Sessions *sessions;
    Guesses *guesses;
};

static const Identity local = {"local", ROLE_ADMIN};

Gate *gate_new(Tokens *tokens) {
    Gate *gate = g_new(Gate, 1);
    *gate = (Gate){tokens, sessions_new(), guesses_new()};
    return gate;
}

void gate_free(Gate *gate) {
    if (!gate) return;
    tokens_free(gate->tokens);
    sessions_free(gate->sessions);
    guesses_free(gate->guesses);
    g_free(gate);
}

bool gate_requires(const Gate *gate) {
    return gate->tokens != NULL;
}

void gate_names(const Gate *gate, Role role, GPtrArray *out) {
    if (gate->tokens)
        tokens_names(gate->tokens, role, out);
    else
        g_ptr_array_add(out, g_strdup(local.name));
}

static Pass refuse(unsigned status, const char *why) {
    return (Pass){.status = status, .why = why};
}

Pass gate_host(const Gate *gate, const Claim *claim) {
    if (gate->tokens || host_is_loopback(claim->host)) return (Pass){0};
    return refuse(421, "the Host header names another machine");
}

/* Changes */

static bool changes(const Claim *claim) {
    return strcmp(claim->method, "GET") != 0 && strcmp(claim->method, "HEAD") != 0;
}

static bool is_origin(const Claim *claim, const char *scheme) {
    g_autofree char *own = g_strconcat(scheme, "://", claim->host, NULL);
    return g_ascii_strcasecmp(claim->origin, own) == 0;
}

static bool is_scheme(const Claim *claim, const char *scheme) {
    return claim->scheme && g_ascii_strcasecmp(claim->scheme, scheme) == 0;
}

/* A browser sends a page's own origin with every change; a program sends none. */
static bool is_foreign(const Claim *claim) {
    if (!claim->origin) return false;
    if (!claim->host) return true;
    return !(is_origin(claim, "http") && !is_scheme(claim, "https")) &&
           !(is_origin(claim, "https") && !is_scheme(claim, "http"));
}

/* The page is this service's, but for what a proxy says of its scheme. */
static bool is_other_scheme(const Claim *claim) {
    return claim->host && (is_origin(claim, "http") || is_origin(claim, "https"));
}

static bool has_csrf(const Claim *claim, Str cookie) {
    SecretText expected;
    session_csrf(cookie, expected);
    const Digest a = digest_of(str_from(expected));
    const Digest b = digest_of(str_from(claim->csrf ? claim->csrf : ""));
    return digest_equal(&a, &b);
}

/* Who it is */

static Pass slow_down(const Gate *gate, const Claim *claim, int64_t now) {
    Pass pass = {.wait = guesses_wait(gate->guesses, claim->address, now)};
    if (pass.wait == 0) return pass;
    pass.status = 429;
    pass.why = "too many wrong tokens came from this address";
    return pass;
}

/* A token that is right is never held back: others may share its address, and it has too many
 * characters to be guessed. */
static Pass by_token(Gate *gate, const Claim *claim, Str token, unsigned cost, int64_t now) {
    const Identity *identity = tokens_find(gate->tokens, token);
    if (identity) return (Pass){.identity = identity};
    const Pass pass = slow_down(gate, claim, now);
    if (pass.status) return pass;
    guesses_add(gate->guesses, claim->address, cost, now);
    return refuse(401, "this is no token of this service");
}

static Pass by_cookie(Gate *gate, const Claim *claim, int64_t now) {
    const Str cookie = session_cookie_find(claim->cookie);
    const Identity *identity = sessions_use(gate->sessions, cookie, !claim->unattended, now);
    if (!identity) return refuse(401, "sign in, or send an API token: Authorization: Bearer TOKEN");
    if (changes(claim) && !has_csrf(claim, cookie))
        return refuse(403, "a change needs the session's csrf in the header X-Haechi-Csrf");
    return (Pass){.identity = identity, .cookie = cookie};
}

/* An Authorization of another scheme is a proxy's own matter. */
static Pass identify(Gate *gate, const Claim *claim, int64_t now) {
    static const char scheme[] = "Bearer ";
    if (!gate->tokens) return (Pass){.identity = &local};
    if (!claim->authorization ||
        g_ascii_strncasecmp(claim->authorization, scheme, sizeof scheme - 1) != 0)
        return by_cookie(gate, claim, now);
    const Str token = str_from(claim->authorization + sizeof scheme - 1);
    return by_token(gate, claim, token, GUESS_BEARER, now);
}

static const char *const needs[] = {
    [ROLE_NONE] = "nobody may do this",
    [ROLE_VIEWER] = "this needs the role viewer",
    [ROLE_ANALYST] = "this needs the role analyst",
    [ROLE_ADMIN] = "this needs the role admin",
};

Pass gate_pass(Gate *gate, const Claim *claim, Role role, int64_t now) {
    if (changes(claim) && is_foreign(claim))
        return refuse(403, is_other_scheme(claim)
                               ? "X-Forwarded-Proto is not what the page was fetched by"
                               : "the page of another site may change nothing here");
    const Pass pass = identify(gate, claim, now);
    if (role == ROLE_NONE) return (Pass){.identity = pass.identity, .cookie = pass.cookie};
    if (pass.status || pass.identity->role >= role) return pass;
    return (Pass){.status = 403, .why = needs[role], .identity = pass.identity};
}

/* Sessions */

Pass gate_sign_in(Gate *gate, const Claim *claim, Str token, int64_t now, SecretText cookie) {
    g_assert(gate->tokens);
    const Pass slow = slow_down(gate, claim, now);
    if (slow.status) return slow;
    const Pass pass = by_token(gate, claim, token, GUESS_SIGN_IN, now);
    if (pass.status) return pass;
    guesses_add(gate->guesses, claim->address, SIGN_IN_COST, now);
    if (sessions_begin(gate->sessions, pass.identity, now, cookie)) return pass;
    return refuse(500, "no session could be made: the system has no random bits");
}

bool gate_has_session(Gate *gate, const Digest *digest, int64_t now) {
    return sessions_has(gate->sessions, digest, now);
}

void gate_end_session(Gate *gate, Str cookie, int64_t now) {
    sessions_end(gate->sessions, cookie, now);
}

Pass gate_sign_out(Gate *gate, const Claim *claim, int64_t now) {
    const Pass pass = by_cookie(gate, claim, now);
    if (pass.status == 403) return pass;
    sessions_end(gate->sessions, session_cookie_find(claim->cookie), now);
    return (Pass){.identity = pass.identity};
}
