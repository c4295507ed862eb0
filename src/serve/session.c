#include "serve/session.h"

#include <string.h>
#include <sys/random.h>

typedef struct Session {
    Digest digest;
    const Identity *identity;
    int64_t began, used; /* seconds */
} Session;

struct Sessions {
    size_t count;
    Session sessions[SESSIONS_MAX];
};

Sessions *sessions_new(void) {
    return g_new0(Sessions, 1);
}

void sessions_free(Sessions *sessions) {
    g_free(sessions);
}

static void drop(Sessions *sessions, size_t i) {
    sessions->sessions[i] = sessions->sessions[--sessions->count];
}

static void drop_expired(Sessions *sessions, int64_t now) {
    for (size_t i = sessions->count; i-- > 0;) {
        const Session *session = &sessions->sessions[i];
        if (now - session->began >= SESSION_SECONDS || now - session->used >= SESSION_IDLE_SECONDS)
            drop(sessions, i);
    }
}

/* How many there are of a name (NULL: of all); *idle is the one used longest ago. */
static size_t count_of(const Sessions *sessions, const Identity *identity, size_t *idle) {
    size_t count = 0;
    for (size_t i = 0; i < sessions->count; i++) {
        const Session *session = &sessions->sessions[i];
        if (identity && session->identity != identity) continue;
        if (count++ == 0 || session->used < sessions->sessions[*idle].used) *idle = i;
    }
    return count;
}

static void make_room(Sessions *sessions, const Identity *identity, int64_t now) {
    size_t idle = 0;
    drop_expired(sessions, now);
    if (count_of(sessions, identity, &idle) >= SESSIONS_PER_NAME_MAX) drop(sessions, idle);
    if (count_of(sessions, NULL, &idle) >= SESSIONS_MAX) drop(sessions, idle);
}

bool sessions_begin(Sessions *sessions, const Identity *identity, int64_t now, SecretText cookie) {
    uint8_t secret[DIGEST_LEN];
    if (getrandom(secret, sizeof secret, 0) != sizeof secret) return false;
    digest_to_hex(secret, cookie);
    explicit_bzero(secret, sizeof secret);
    make_room(sessions, identity, now);
    sessions->sessions[sessions->count++] =
        (Session){digest_of((Str){cookie, DIGEST_HEX}), identity, now, now};
    return true;
}

/* The digest is of 256 random bits, so how far two of them agree tells nothing; compared in the
 * same time all the same. SESSIONS_MAX: none. */
static size_t find_digest(Sessions *sessions, const Digest *digest, int64_t now) {
    drop_expired(sessions, now);
    for (size_t i = 0; i < sessions->count; i++)
        if (digest_equal(&sessions->sessions[i].digest, digest)) return i;
    return SESSIONS_MAX;
}

static size_t find(Sessions *sessions, Str cookie, int64_t now) {
    if (cookie.len != DIGEST_HEX) return SESSIONS_MAX;
    const Digest digest = digest_of(cookie);
    return find_digest(sessions, &digest, now);
}

bool sessions_has(Sessions *sessions, const Digest *digest, int64_t now) {
    return find_digest(sessions, digest, now) < SESSIONS_MAX;
}

const Identity *sessions_use(Sessions *sessions, Str cookie, bool attended, int64_t now) {
    const size_t i = find(sessions, cookie, now);
    if (i == SESSIONS_MAX) return NULL;
    if (attended) sessions->sessions[i].used = now;
    return sessions->sessions[i].identity;
}

const Identity *sessions_end(Sessions *sessions, Str cookie, int64_t now) {
    const size_t i = find(sessions, cookie, now);
    if (i == SESSIONS_MAX) return NULL;
    const Identity *identity = sessions->sessions[i].identity;
    drop(sessions, i);
    return identity;
}

void session_csrf(Str cookie, SecretText csrf) {
    static const char purpose[] = "haechi csrf";
    g_autofree char *text = g_compute_hmac_for_string(
        G_CHECKSUM_SHA256, (const guchar *)cookie.data, cookie.len, purpose, sizeof purpose - 1);
    memcpy(csrf, text, DIGEST_HEX + 1);
}

/* The Cookie header: NAME=VALUE; NAME=VALUE (RFC 6265, 4.2.1) */

static bool is_secret(Str text) {
    Digest unused;
    return digest_from_hex(text, &unused);
}

Str session_cookie_find(const char *header) {
    static const char name[] = SESSION_COOKIE "=";
    Str found = {"", 0};
    unsigned count = 0;
    while (header && *header) {
        header += strspn(header, " \t");
        const size_t len = strcspn(header, ";");
        if (strncmp(header, name, sizeof name - 1) == 0) {
            const char *value = header + sizeof name - 1;
            found = (Str){value, strcspn(value, "; \t")};
            count++;
        }
        header += len + (header[len] == ';');
    }
    return count == 1 && is_secret(found) ? found : (Str){"", 0};
}
