/* Who may do what: the token file, sessions, guessing, the gate's every case, and the real binary's
 * every operation asked by every role. */
#include "serve/access.h"
#include "serve/config.h"
#include "serve/gate.h"
#include "serve/service.h"

#include "base/json.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sqlite3.h>
#include <sys/stat.h>

static const char viewer_token[] = "viewer-0123456789", analyst_token[] = "analyst-0123456789";
static const char admin_token[] = "admin-0123456789";
static const char three_lines[] = "kim viewer viewer-0123456789\n"
                                  "# who decides\n"
                                  "\n"
                                  "  김민수 \t analyst analyst-0123456789\r\n"
                                  "ops@bank admin admin-0123456789";

static Tokens *parse(const char *text) {
    g_autoptr(GError) error = NULL;
    Tokens *tokens = tokens_parse("FILE", text, strlen(text), &error);
    g_assert_no_error(error);
    return tokens;
}

static void check_identity(const Tokens *tokens, const char *token, const char *name, Role role) {
    const Identity *identity = tokens_find(tokens, str_from(token));
    g_assert_nonnull(identity);
    g_assert_cmpstr(identity->name, ==, name);
    g_assert_cmpint(identity->role, ==, role);
}

/* The token file */

static void test_tokens(void) {
    Tokens *tokens = parse(three_lines);
    check_identity(tokens, viewer_token, "kim", ROLE_VIEWER);
    check_identity(tokens, analyst_token, "김민수", ROLE_ANALYST);
    check_identity(tokens, admin_token, "ops@bank", ROLE_ADMIN);
    g_assert_null(tokens_find(tokens, STR("viewer-012345678")));
    g_assert_null(tokens_find(tokens, STR("viewer-01234567890")));
    g_assert_null(tokens_find(tokens, STR("")));
    tokens_free(tokens);
}

static void test_bare_token(void) {
    static const char *const files[] = {"0123456789abcdef", "0123456789abcdef\n",
                                        "0123456789abcdef\r\n", "\n 0123456789abcdef \n\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        Tokens *tokens = parse(files[i]);
        check_identity(tokens, "0123456789abcdef", "admin", ROLE_ADMIN);
        tokens_free(tokens);
    }
}

static void test_hashed_token(void) {
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, admin_token, -1);
    g_autofree char *line = g_strdup_printf("kim admin sha256:%s\n", hash);
    g_autofree char *upper = g_ascii_strup(hash, -1);
    g_autofree char *bare = g_strdup_printf("sha256:%s\n", upper);
    Tokens *tokens = parse(line), *alone = parse(bare);
    check_identity(tokens, admin_token, "kim", ROLE_ADMIN);
    check_identity(alone, admin_token, "admin", ROLE_ADMIN);
    g_assert_null(tokens_find(tokens, str_from(hash))); /* the hash opens nothing */
    tokens_free(tokens);
    tokens_free(alone);
}

static void check_bad(const char *text, size_t len, const char *told) {
    g_autoptr(GError) error = NULL;
    g_assert_null(tokens_parse("FILE", text, len, &error));
    if (!strstr(error->message, told)) g_error("'%s' is not in: %s", told, error->message);
    g_assert_null(strchr(error->message, '\n'));
    g_assert_null(strstr(error->message, "hunter2"));
    g_assert_true(g_str_has_prefix(error->message, "cannot use the token file FILE: "));
}

static void test_bad_tokens(void) {
    static const struct {
        const char *text, *told;
    } cases[] = {
        {"", "16 to 256"},
        {"\n\n", "16 to 256"},
        {"# nobody\n", "16 to 256"},
        {"hunter2\n", "16 to 256"},
        {"hunter2-hunter2-hunter2\nhunter2-hunter2-hunter3\n", "line 1: a line is NAME ROLE TOKEN"},
        {"kim viewer hunter2\n", "line 1: a token has 16 to 256"},
        {"kim viewer\n", "line 1: a line is NAME ROLE TOKEN"},
        {"kim viewer hunter2hunter2hunter2 more\n", "line 1: a line is NAME ROLE TOKEN"},
        {"# x\n\nkim boss hunter2hunter2hunter2\n", "line 3: a role is viewer, analyst or admin"},
        {"kim Admin hunter2hunter2hunter2\n", "a role is"},
        {"kim none hunter2hunter2hunter2\n", "a role is"},
        {"k;m viewer hunter2hunter2hunter2\n", "line 1: a name has 1 to 64"},
        {"\xff\xfe viewer hunter2hunter2hunter2\n", "line 1: a name has 1 to 64"},
        {"kim viewer hunter2hunter2\x01hunter2\n", "line 1: a token has"},
        {"kim viewer sha256:hunter2\n", "line 1: after sha256: stand 64"},
        {"kim viewer hunter2hunter2hunter2\nkim admin hunter2hunter2hunter3\n",
         "line 2: the name stands"},
        {"kim viewer hunter2hunter2hunter2\nlee admin hunter2hunter2hunter2\n",
         "line 2: the token stands"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        check_bad(cases[i].text, strlen(cases[i].text), cases[i].told);
    static const char nul[] = "kim viewer hunter2hunter2\0hunter2\n";
    check_bad(nul, sizeof nul - 1, "line 1: a token has");
    g_autofree char *name = g_strnfill(IDENTITY_NAME_MAX + 1, 'n');
    g_autofree char *named = g_strdup_printf("%s viewer hunter2hunter2hunter2\n", name);
    check_bad(named, strlen(named), "a name has");
    g_autofree char *token = g_strnfill(TOKEN_MAX + 1, 't');
    check_bad(token, strlen(token), "16 to 256");
}

/* As many as there may be, and one more. */
static void test_many_tokens(void) {
    g_autoptr(GString) text = g_string_new(NULL);
    for (int i = 0; i < TOKENS_MAX; i++)
        g_string_append_printf(text, "n%d viewer hunter2hunter2-%d\n", i, i);
    Tokens *tokens = parse(text->str);
    check_identity(tokens, "hunter2hunter2-0", "n0", ROLE_VIEWER);
    check_identity(tokens, "hunter2hunter2-999", "n999", ROLE_VIEWER);
    tokens_free(tokens);
    g_string_append(text, "more viewer hunter2hunter2-more\n");
    check_bad(text->str, text->len, "line 1001: there are more than 1000 tokens");
}

static void check_file(const char *path, mode_t mode, const char *told) {
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(chmod(path, mode), ==, 0);
    Tokens *tokens = tokens_read(path, &error);
    if (told)
        g_assert_nonnull(strstr(error->message, told));
    else
        g_assert_no_error(error);
    g_assert_true((tokens == NULL) == (told != NULL));
    tokens_free(tokens);
}

static void test_token_files(void) {
    g_autofree char *dir = g_dir_make_tmp("haechi-access-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "tokens", NULL);
    g_autofree char *large = g_strnfill(TOKEN_FILE_BYTES_MAX + 1, '\n');
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents(path, three_lines, -1, NULL));
    check_file(path, 0600, NULL);
    check_file(path, 0400, NULL);
    check_file(path, 0640, "chmod 600");
    check_file(path, 0604, "chmod 600");
    g_assert_true(g_file_set_contents(path, large, -1, NULL));
    check_file(path, 0600, "too large");
    g_assert_null(tokens_read(dir, &error));
    g_assert_nonnull(strstr(error->message, "not a file"));
    remove_tree(dir);
}

/* Sessions */

static const Identity kim = {"kim", ROLE_VIEWER};

static const Identity *use(Sessions *sessions, const char *cookie, int64_t now) {
    return sessions_use(sessions, str_from(cookie), true, now);
}

/* What only looks whether there is a session does not prolong it. */
static void test_session_look(void) {
    SecretText cookie;
    Sessions *sessions = sessions_new();
    g_assert_true(sessions_begin(sessions, &kim, 1, cookie));
    const Digest digest = digest_of(str_from(cookie)), other = digest_of(STR("other"));
    g_assert_true(sessions_has(sessions, &digest, 1));
    g_assert_false(sessions_has(sessions, &other, 1));
    g_assert_true(sessions_has(sessions, &digest, SESSION_IDLE_SECONDS));
    g_assert_false(sessions_has(sessions, &digest, 1 + SESSION_IDLE_SECONDS));
    g_assert_true(sessions_begin(sessions, &kim, 1, cookie));
    const Digest ended = digest_of(str_from(cookie));
    sessions_end(sessions, str_from(cookie), 1);
    g_assert_false(sessions_has(sessions, &ended, 1));
    sessions_free(sessions);
}

static void test_session_expiry(void) {
    enum { START = 1000000 };
    SecretText cookie, csrf;
    Sessions *sessions = sessions_new();
    g_assert_true(sessions_begin(sessions, &kim, START, cookie));
    g_assert_cmpuint(strspn(cookie, "0123456789abcdef"), ==, DIGEST_HEX);
    session_csrf(str_from(cookie), csrf);
    g_assert_cmpstr(cookie, !=, csrf);
    g_assert_true(use(sessions, cookie, START) == &kim);
    g_assert_null(use(sessions, csrf, START));
    g_assert_null(use(sessions, "", START));
    int64_t now = START + SESSION_IDLE_SECONDS - 1;
    for (; now < START + SESSION_SECONDS; now += SESSION_IDLE_SECONDS - 1)
        g_assert_true(use(sessions, cookie, now) == &kim);
    g_assert_true(use(sessions, cookie, START + SESSION_SECONDS - 1) == &kim);
    g_assert_null(use(sessions, cookie, START + SESSION_SECONDS));
    g_assert_true(sessions_begin(sessions, &kim, now, cookie));
    g_assert_null(use(sessions, cookie, now + SESSION_IDLE_SECONDS));
    g_assert_true(sessions_begin(sessions, &kim, now, cookie));
    g_assert_true(sessions_end(sessions, str_from(cookie), now) == &kim);
    g_assert_null(use(sessions, cookie, now));
    g_assert_null(sessions_end(sessions, str_from(cookie), now));
    sessions_free(sessions);
}

/* Of one name, the one idle longest ends; of all, too. */
static void test_sessions_bounded(void) {
    enum { PEOPLE = SESSIONS_MAX / SESSIONS_PER_NAME_MAX + 1 };
    static Identity people[PEOPLE];
    static SecretText cookies[PEOPLE][SESSIONS_PER_NAME_MAX];
    SecretText more;
    Sessions *sessions = sessions_new();
    int64_t now = 5;
    for (int p = 0; p < PEOPLE; p++)
        for (int i = 0; i < SESSIONS_PER_NAME_MAX; i++)
            g_assert_true(sessions_begin(sessions, &people[p], ++now, cookies[p][i]));
    size_t alive = 0;
    for (int p = 0; p < PEOPLE; p++)
        for (int i = 0; i < SESSIONS_PER_NAME_MAX; i++)
            alive += use(sessions, cookies[p][i], now) != NULL;
    g_assert_cmpuint(alive, ==, SESSIONS_MAX);
    g_assert_null(use(sessions, cookies[0][SESSIONS_PER_NAME_MAX - 1], now));
    for (int i = 1; i < SESSIONS_PER_NAME_MAX; i++) /* the first of the last one is idle longest */
        use(sessions, cookies[PEOPLE - 1][i], now + 1);
    g_assert_true(sessions_begin(sessions, &people[PEOPLE - 1], now + 2, more));
    g_assert_null(use(sessions, cookies[PEOPLE - 1][0], now + 2));
    g_assert_nonnull(use(sessions, cookies[PEOPLE - 1][1], now + 2));
    g_assert_nonnull(use(sessions, cookies[1][0], now + 2));
    g_assert_nonnull(use(sessions, more, now + 2));
    sessions_free(sessions);
}

#define SIXTY_FOUR "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

static void test_cookies(void) {
    static const struct {
        const char *header;
        bool found;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"haechi_session=" SIXTY_FOUR, true},
        {"a=b; haechi_session=" SIXTY_FOUR "; c=d", true},
        {"a=b;haechi_session=" SIXTY_FOUR ";c", true},
        {"haechi_session=" SIXTY_FOUR "0", false},
        {"haechi_session=" SIXTY_FOUR " ; a=b", true},
        {"haechi_session=", false},
        {"haechi_session", false},
        {"xhaechi_session=" SIXTY_FOUR, false},
        {"HAECHI_SESSION=" SIXTY_FOUR, false},
        {"haechi_session=\"" SIXTY_FOUR "\"", false},
        {"a=haechi_session=" SIXTY_FOUR, false},
        {"haechi_session=" SIXTY_FOUR "; haechi_session=" SIXTY_FOUR, false},
        {";;;= ;  haechi_session=" SIXTY_FOUR, true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Str found = session_cookie_find(cases[i].header);
        g_assert_cmpint(str_equal(found, STR(SIXTY_FOUR)), ==, cases[i].found);
        g_assert_cmpint(found.len == 0, ==, !cases[i].found);
    }
}

/* Guessing */

static void test_guesses(void) {
    const Str one = STR("203.0.113.1"), other = STR("203.0.113.2");
    Guesses *guesses = guesses_new();
    int64_t now = 100;
    for (int i = 0; i < GUESSES_PER_MINUTE / GUESS_SIGN_IN; i++) {
        g_assert_cmpuint(guesses_wait(guesses, one, now), ==, 0);
        guesses_add(guesses, one, GUESS_SIGN_IN, now);
    }
    const unsigned wait = guesses_wait(guesses, one, now);
    g_assert_cmpuint(wait, >, 0);
    g_assert_cmpuint(wait, <=, 60);
    g_assert_cmpuint(guesses_wait(guesses, other, now), ==, 0);
    g_assert_cmpuint(guesses_wait(guesses, one, now + wait - 1), >, 0);
    g_assert_cmpuint(guesses_wait(guesses, one, now + wait), ==, 0);
    /* Over an hour, whoever tries as soon as they may has had so many tries and no more. */
    unsigned tries = 0;
    for (now = 10000; now < 10000 + 3600; now++)
        for (; guesses_wait(guesses, one, now) == 0; tries++)
            guesses_add(guesses, one, GUESS_SIGN_IN, now);
    g_assert_cmpuint(tries, <=, 61 * GUESSES_PER_MINUTE / GUESS_SIGN_IN + 1);
    g_assert_cmpuint(tries, >=, 59 * GUESSES_PER_MINUTE / GUESS_SIGN_IN);
    guesses_free(guesses);
}

/* Many addresses take no more room, and do not set free the one that guesses most. */
static void test_guesses_bounded(void) {
    const Str one = STR("203.0.113.1");
    Guesses *guesses = guesses_new();
    for (int i = 0; i < 2 * GUESSES_PER_MINUTE; i++)
        guesses_add(guesses, one, GUESS_BEARER, 1);
    for (int i = 0; i < 5 * GUESSERS_MAX; i++) {
        g_autofree char *address = g_strdup_printf("198.51.%d.%d", i / 256, i % 256);
        guesses_add(guesses, str_from(address), GUESS_BEARER, 2);
    }
    g_assert_cmpuint(guesses_wait(guesses, one, 3), >, 0);
    g_autofree char *endless = g_strnfill(100000, 'x');
    guesses_add(guesses, str_from(endless), GUESSES_PER_MINUTE, 3);
    g_assert_cmpuint(guesses_wait(guesses, str_from(endless), 3), >, 0);
    guesses_free(guesses);
}

static void check_address(const char *peer, const char *forwarded, const char *expected) {
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const bool is_v4 = inet_pton(AF_INET, peer, &v4.sin_addr) == 1;
    g_assert_true(is_v4 || inet_pton(AF_INET6, peer, &v6.sin6_addr) == 1);
    const void *address = is_v4 ? (const void *)&v4 : (const void *)&v6;
    char out[CLIENT_ADDRESS_LEN];
    client_address(address, forwarded, out);
    g_assert_cmpstr(out, ==, expected);
}

static void test_client_address(void) {
    check_address("203.0.113.9", NULL, "203.0.113.9");
    check_address("203.0.113.9", "10.0.0.1", "203.0.113.9"); /* its own words */
    check_address("127.0.0.1", NULL, "127.0.0.1");
    check_address("127.0.0.1", "10.0.0.1", "10.0.0.1");
    check_address("127.0.0.1", "10.0.0.1, 203.0.113.7 ", "203.0.113.7");
    check_address("::1", "10.0.0.1,2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
    check_address("2001:db8:1:2:ffff::1", NULL, "2001:db8:1:2::");
    check_address("::ffff:203.0.113.9", NULL, "203.0.113.9");
    check_address("127.0.0.1", "", "");
    g_autofree char *endless = g_strnfill(100000, 'x');
    g_autofree char *cut = g_strnfill(CLIENT_ADDRESS_LEN - 1, 'x');
    check_address("127.0.0.1", endless, cut);
}

/* A page that is left open asks on by itself; its session ends all the same. */
static void test_unattended(void) {
    enum { START = 100 };
    Gate *gate = gate_new(parse(three_lines));
    Claim claim = {.method = "POST", .host = "a", .address = STR_INIT("203.0.113.1")};
    SecretText cookie;
    g_assert_cmpuint(gate_sign_in(gate, &claim, str_from(viewer_token), START, cookie).status, ==,
                     0);
    g_autofree char *header = g_strconcat("haechi_session=", cookie, NULL);
    claim.method = "GET";
    claim.cookie = header;
    const int64_t last = START + SESSION_IDLE_SECONDS - 1;
    g_assert_cmpuint(gate_pass(gate, &claim, ROLE_VIEWER, last).status, ==, 0);
    claim.unattended = true;
    for (int64_t now = last; now < last + SESSION_IDLE_SECONDS; now += 60)
        g_assert_cmpuint(gate_pass(gate, &claim, ROLE_VIEWER, now).status, ==, 0);
    g_assert_cmpuint(gate_pass(gate, &claim, ROLE_VIEWER, last + SESSION_IDLE_SECONDS).status, ==,
                     401);
    gate_free(gate);
}

/* The gate: every method with every way to say who one is, every csrf and every origin. */

enum { NOBODY, GOOD_TOKEN, WRONG_TOKEN, GOOD_COOKIE, WRONG_COOKIE, OTHER_SCHEME, WAYS };
enum { NO_CSRF, WRONG_CSRF, GOOD_CSRF, CSRFS };
enum { NO_ORIGIN, SAME_ORIGIN, SAME_ORIGIN_TLS, OTHER_ORIGIN, OTHER_PORT, NULL_ORIGIN, ORIGINS };

/* As the contract says it, in other words than gate.c. */
static unsigned expected_status(bool change, int way, int csrf, int origin) {
    if (change && origin >= OTHER_ORIGIN) return 403;
    if (way == GOOD_TOKEN) return 0;
    if (way != GOOD_COOKIE) return 401;
    return change && csrf != GOOD_CSRF ? 403 : 0;
}

static void check_case(Gate *gate, const char *method, int way, int csrf, int origin,
                       const char *cookie, int64_t now) {
    static const char *const origins[ORIGINS] = {NULL,
                                                 "http://fraud.example:8080",
                                                 "https://FRAUD.example:8080",
                                                 "http://evil.example",
                                                 "http://fraud.example:8081",
                                                 "null"};
    SecretText secret;
    session_csrf(str_from(cookie), secret);
    const char *const csrfs[CSRFS] = {NULL, "00", secret};
    g_autofree char *right = g_strconcat("theme=dark; haechi_session=", cookie, NULL);
    g_autofree char *wrong = g_strconcat("haechi_session=", secret, NULL);
    g_autofree char *bearer = g_strconcat("bearer ", viewer_token, NULL);
    const char *const authorizations[WAYS] = {
        [GOOD_TOKEN] = bearer, [WRONG_TOKEN] = "Bearer x", [OTHER_SCHEME] = "Basic YTpi"};
    const char *const cookies[WAYS] = {[GOOD_COOKIE] = right, [WRONG_COOKIE] = wrong};
    const Claim claim = {
        .method = method,
        .host = "fraud.example:8080",
        .origin = origins[origin],
        .authorization = authorizations[way],
        .cookie = cookies[way],
        .csrf = csrfs[csrf],
        .address = STR_INIT("203.0.113.1"),
    };
    const bool change = strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
    const unsigned status = expected_status(change, way, csrf, origin);
    const Pass pass = gate_pass(gate, &claim, ROLE_VIEWER, now);
    if (pass.status != status)
        g_error("%s way %d csrf %d origin %d: %u, not %u", method, way, csrf, origin, pass.status,
                status);
    g_assert_true(status ? pass.why != NULL : pass.identity->role == ROLE_VIEWER);
    const Pass above = gate_pass(gate, &claim, ROLE_ANALYST, now);
    g_assert_cmpuint(above.status, ==, status ? status : 403);
    g_assert_cmpint(pass.cookie.len > 0, ==, status == 0 && way == GOOD_COOKIE);
}

static void test_gate(void) {
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"};
    Gate *gate = gate_new(parse(three_lines));
    const Claim sign_in = {.method = "POST", .address = STR_INIT("203.0.113.1")};
    SecretText cookie;
    int64_t now = 1;
    g_assert_true(gate_requires(gate));
    g_assert_cmpuint(gate_sign_in(gate, &sign_in, STR("viewer"), now, cookie).status, ==, 401);
    g_assert_cmpuint(gate_sign_in(gate, &sign_in, str_from(viewer_token), now, cookie).status, ==,
                     0);
    for (size_t m = 0; m < G_N_ELEMENTS(methods); m++)
        for (int way = 0; way < WAYS; way++)
            for (int csrf = 0; csrf < CSRFS; csrf++)
                for (int origin = 0; origin < ORIGINS; origin++)
                    check_case(gate, methods[m], way, csrf, origin, cookie, ++now);
    gate_free(gate);
}

/* The page of the same host is another site's where its scheme is not the one that was asked for.
 */
static void test_origin_schemes(void) {
    static const struct {
        const char *scheme, *origin;
        bool own;
    } cases[] = {
        {NULL, "http://a:8080", true},           {NULL, "https://a:8080", true},
        {NULL, "ftp://a:8080", false},           {NULL, "//a:8080", false},
        {NULL, "x://http://a:8080", false},      {"https", "https://A:8080", true},
        {"https", "http://a:8080", false},       {"HTTPS", "http://a:8080", false},
        {"http", "http://a:8080", true},         {"http", "https://a:8080", false},
        {"https, http", "https://a:8080", true},
    };
    g_autofree char *bearer = g_strconcat("Bearer ", viewer_token, NULL);
    Gate *gate = gate_new(parse(three_lines));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Claim claim = {.method = "POST",
                             .host = "a:8080",
                             .scheme = cases[i].scheme,
                             .origin = cases[i].origin,
                             .authorization = bearer,
                             .address = STR_INIT("203.0.113.1")};
        const Pass pass = gate_pass(gate, &claim, ROLE_VIEWER, 1);
        if ((pass.status == 0) != cases[i].own)
            g_error("%s of %s: %u", cases[i].origin, cases[i].scheme, pass.status);
        /* Whoever set up the proxy is told where to look. */
        const bool proxys = !cases[i].own && cases[i].scheme;
        g_assert_cmpint(pass.why && strstr(pass.why, "X-Forwarded-Proto"), ==, proxys);
    }
    gate_free(gate);
}

/* An open route asks nobody, but knows whoever says who they are; no page of others changes it. */
static void test_open_routes(void) {
    Gate *gate = gate_new(parse(three_lines));
    g_autofree char *bearer = g_strconcat("Bearer ", admin_token, NULL);
    Claim claim = {.method = "POST", .host = "a", .address = STR_INIT("203.0.113.1")};
    Pass pass = gate_pass(gate, &claim, ROLE_NONE, 1);
    g_assert_cmpuint(pass.status, ==, 0);
    g_assert_null(pass.identity);
    claim.authorization = bearer;
    pass = gate_pass(gate, &claim, ROLE_NONE, 1);
    g_assert_cmpint(pass.identity->role, ==, ROLE_ADMIN);
    claim.origin = "https://b";
    g_assert_cmpuint(gate_pass(gate, &claim, ROLE_NONE, 1).status, ==, 403);
    gate_free(gate);
}

/* Without a token file whoever is at the machine may do all, but no page of another site. */
static void test_no_tokens(void) {
    Gate *gate = gate_new(NULL);
    Claim claim = {.method = "DELETE", .host = "localhost:1", .address = STR_INIT("127.0.0.1")};
    g_assert_false(gate_requires(gate));
    Pass pass = gate_pass(gate, &claim, ROLE_ADMIN, 1);
    g_assert_cmpuint(pass.status, ==, 0);
    g_assert_cmpstr(pass.identity->name, ==, "local");
    g_assert_cmpuint(gate_host(gate, &claim).status, ==, 0);
    claim.origin = "http://localhost:1";
    g_assert_cmpuint(gate_pass(gate, &claim, ROLE_ADMIN, 1).status, ==, 0);
    claim.origin = "http://localhost:2";
    g_assert_cmpuint(gate_pass(gate, &claim, ROLE_ADMIN, 1).status, ==, 403);
    claim.host = "evil.example";
    g_assert_cmpuint(gate_host(gate, &claim).status, ==, 421);
    gate_free(gate);
}

/* Too many wrong tokens: no other is looked at and nobody signs in, until the time is over; others,
 * whoever is signed in, and whoever brings the right one with a request notice nothing. */
static void test_gate_slows(void) {
    Gate *gate = gate_new(parse(three_lines));
    Claim claim = {.method = "POST", .host = "a", .address = STR_INIT("203.0.113.1")};
    SecretText cookie, unused;
    g_assert_cmpuint(gate_sign_in(gate, &claim, str_from(admin_token), 1, cookie).status, ==, 0);
    for (int i = 0; i < GUESSES_PER_MINUTE / GUESS_SIGN_IN; i++)
        g_assert_cmpuint(gate_sign_in(gate, &claim, STR("x"), 1, unused).status, ==, 401);
    Pass pass = gate_sign_in(gate, &claim, str_from(admin_token), 1, unused);
    g_assert_cmpuint(pass.status, ==, 429);
    g_assert_cmpuint(pass.wait, >, 0);
    g_autofree char *bearer = g_strconcat("Bearer ", admin_token, NULL);
    g_autofree char *session = g_strconcat("haechi_session=", cookie, NULL);
    Claim by_token = {.method = "GET", .host = "a", .authorization = bearer};
    by_token.address = claim.address;
    g_assert_cmpuint(gate_pass(gate, &by_token, ROLE_VIEWER, 1).status, ==, 0);
    by_token.authorization = "Bearer not-a-token-of-anybody";
    g_assert_cmpuint(gate_pass(gate, &by_token, ROLE_VIEWER, 1).status, ==, 429);
    by_token.authorization = bearer;
    by_token.address = STR("203.0.113.2");
    g_assert_cmpuint(gate_pass(gate, &by_token, ROLE_VIEWER, 1).status, ==, 0);
    const Claim by_cookie = {
        .method = "GET", .host = "a", .cookie = session, .address = claim.address};
    g_assert_cmpuint(gate_pass(gate, &by_cookie, ROLE_VIEWER, 1).status, ==, 0);
    g_assert_cmpuint(
        gate_sign_in(gate, &claim, str_from(admin_token), 1 + pass.wait, unused).status, ==, 0);
    gate_free(gate);
}

/* The configuration */

static void test_config(void) {
    Config *config = config_new();
    config_add(config, "serve", "token-file", "/etc/haechi/tokens");
    config_add(config, "serve", "model", NULL);
    config_add(config, "kafka", "sasl.password", "hunter2");
    config_add(config, "kafka", "ssl.key.pem", "hunter2");
    config_add(config, "kafka", "ssl.key.location", "/etc/key");
    config_add(config, "kafka", "sasl.oauthbearer.client.secret", "hunter2");
    config_add(config, "neo4j", "url", "http://neo4j:hunter2/hunter2@host:7474/a");
    config_add(config, "x", "urls", "http://a:hunter2@h,https://hunter2@i/?q=hunter2");
    config_add(config, "environment", "NEO4J_PASSWORD", "hunter2");
    g_autoptr(GString) out = g_string_new(NULL);
    config_write(config, out);
    config_free(config);
    g_assert_cmpstr(
        out->str, ==,
        "{\"settings\":["
        "{\"section\":\"serve\",\"name\":\"token-file\",\"value\":\"/etc/haechi/"
        "tokens\",\"secret\":false},"
        "{\"section\":\"serve\",\"name\":\"model\",\"value\":null,\"secret\":false},"
        "{\"section\":\"kafka\",\"name\":\"sasl.password\",\"value\":null,\"secret\":true},"
        "{\"section\":\"kafka\",\"name\":\"ssl.key.pem\",\"value\":null,\"secret\":true},"
        "{\"section\":\"kafka\",\"name\":\"ssl.key.location\",\"value\":\"/etc/"
        "key\",\"secret\":false},"
        "{\"section\":\"kafka\",\"name\":\"sasl.oauthbearer.client.secret\",\"value\":null,"
        "\"secret\":true},"
        "{\"section\":\"neo4j\",\"name\":\"url\",\"value\":\"http://host:7474/"
        "a\",\"secret\":false},"
        "{\"section\":\"x\",\"name\":\"urls\",\"value\":\"http://h,https://i/"
        "\",\"secret\":false},"
        "{\"section\":\"environment\",\"name\":\"NEO4J_PASSWORD\",\"value\":null,\"secret\":true}]"
        "}");
}

/* The service */

static World *world;

/* What each operation of the description needs; one that is missing here fails the test. */
static const struct {
    const char *operation;
    Role role; /* ROLE_NONE: open */
} needed[] = {
    {"post /v1/transactions", ROLE_ADMIN},
    {"get /v1/transactions", ROLE_VIEWER},
    {"get /v1/transactions/{trans_num}", ROLE_VIEWER},
    {"get /v1/transactions/{trans_num}/card_history", ROLE_VIEWER},
    {"post /v1/transactions/{trans_num}/card", ROLE_ANALYST},
    {"post /v1/labels", ROLE_ADMIN},
    {"get /v1/alerts", ROLE_VIEWER},
    {"get /v1/alerts/{trans_num}", ROLE_VIEWER},
    {"post /v1/alerts/{trans_num}", ROLE_ANALYST},
    {"get /v1/audit", ROLE_ANALYST},
    {"get /v1/people", ROLE_ANALYST},
    {"get /v1/cards/{card}", ROLE_ANALYST},
    {"get /v1/merchants/{name}", ROLE_VIEWER},
    {"post /v1/graph/neighbourhood", ROLE_VIEWER},
    {"post /v1/graph/paths", ROLE_VIEWER},
    {"post /v1/graph/ring", ROLE_VIEWER},
    {"get /v1/stats", ROLE_VIEWER},
    {"get /v1/board", ROLE_VIEWER},
    {"get /v1/drift", ROLE_VIEWER},
    {"get /v1/models", ROLE_VIEWER},
    {"get /v1/models/compare", ROLE_VIEWER},
    {"get /v1/models/live", ROLE_VIEWER},
    {"get /v1/models/{name}/{version}", ROLE_VIEWER},
    {"delete /v1/models/{name}/{version}", ROLE_ADMIN},
    {"get /v1/models/{name}/{version}/files/{file}", ROLE_VIEWER},
    {"post /v1/models/{name}/{version}/promote", ROLE_ADMIN},
    {"post /v1/models/{name}/rollback", ROLE_ADMIN},
    {"get /v1/pipelines", ROLE_VIEWER},
    {"post /v1/pipelines/{name}/run", ROLE_ADMIN},
    {"get /v1/pipelines/runs", ROLE_VIEWER},
    {"get /v1/pipelines/runs/{id}", ROLE_VIEWER},
    {"get /v1/pipelines/runs/{id}/steps/{step}/log", ROLE_VIEWER},
    {"post /v1/pipelines/runs/{id}/cancel", ROLE_ADMIN},
    {"post /v1/pipelines/runs/{id}/resume", ROLE_ADMIN},
    {"get /v1/session", ROLE_NONE},
    {"post /v1/session", ROLE_NONE},
    {"delete /v1/session", ROLE_NONE},
    {"get /v1/config", ROLE_ADMIN},
    {"get /v1/stream", ROLE_VIEWER},
    {"get /metrics", ROLE_VIEWER},
    {"get /healthz", ROLE_NONE},
    {"get /readyz", ROLE_NONE},
    {"get /openapi.json", ROLE_NONE},
    {"get /", ROLE_NONE},
};

static Role role_needed(const char *operation) {
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++)
        if (strcmp(needed[i].operation, operation) == 0) return needed[i].role;
    g_error("no role is expected for: %s", operation);
}

typedef struct Asking {
    Service *service;
    Role role;
    const char *path;
    unsigned asked;
} Asking;

/* The description says the same role. */
static void check_described(JsonValue operation, Role role) {
    JsonValue described;
    const bool has = json_member(operation, "x-role", &described);
    g_assert_cmpint(has, ==, role != ROLE_NONE);
    if (has) g_assert_cmpint(role_find(json_get_str(described)), ==, role);
}

static bool ask_operation(Str verb, JsonValue operation, void *data) {
    Asking *asking = data;
    g_autofree char *name = g_strdup_printf("%.*s %s", (int)verb.len, verb.data, asking->path);
    const Role role = role_needed(name);
    g_autoptr(GRegex) parameter = g_regex_new("\\{[a-z_]+\\}", 0, 0, NULL);
    g_autofree char *url = g_regex_replace_literal(parameter, asking->path, -1, 0, "x", 0, NULL);
    g_autofree char *upper = g_ascii_strup(verb.data, (gssize)verb.len);
    const bool post = strcmp(upper, "POST") == 0;
    /* The stream has no end. */
    const char *method = strcmp(asking->path, "/v1/stream") == 0 ? "HEAD" : upper;
    Response response = request(asking->service, method, url, post ? "{}" : NULL);
    const bool refused = response.status == 401 || response.status == 403;
    if (refused != (role > asking->role))
        g_error("%s by a %s: %ld", name, role_name(asking->role), response.status);
    if (refused) {
        g_assert_cmpint(response.status, ==, asking->role == ROLE_NONE ? 401 : 403);
        g_autofree char *type = response_header(&response, "Content-Type");
        g_assert_cmpstr(type, ==, "application/problem+json");
        if (asking->role != ROLE_NONE)
            g_assert_nonnull(strstr(response.body->str, role_name(role)));
    }
    response_clear(&response);
    check_described(operation, role);
    asking->asked++;
    return true;
}

static bool ask_path(Str path, JsonValue operations, void *data) {
    Asking *asking = data;
    g_autofree char *text = g_strndup(path.data, path.len);
    asking->path = text;
    json_each(operations, ask_operation, asking);
    return true;
}

/* `more` is one more option, or NULL. */
static Service start_guarded_with(const char *data_dir, const char *more) {
    g_autofree char *tokens = world_path(world, "tokens");
    g_assert_true(g_file_set_contents(tokens, three_lines, -1, NULL));
    g_assert_cmpint(chmod(tokens, 0600), ==, 0);
    return service_start(world->model, data_dir,
                         (const char *[]){"--token-file", tokens, more, NULL});
}

static Service start_guarded(const char *data_dir) {
    return start_guarded_with(data_dir, NULL);
}

static void test_roles(void) {
    static const char *const tokens[] = {NULL, viewer_token, analyst_token, admin_token};
    g_autofree char *data = world_path(world, "roles");
    Service service = start_guarded(data);
    Response description = request(&service, "GET", "/openapi.json", NULL);
    JsonParser *parser = json_parser_new(1 << 20);
    JsonValue root, paths;
    const char *message;
    g_assert_true(
        json_parse(parser, description.body->str, description.body->len, &root, &message));
    g_assert_true(json_member(root, "paths", &paths));
    for (Role role = ROLE_NONE; role <= ROLE_ADMIN; role++) {
        Asking asking = {.service = &service, .role = role};
        service.token = tokens[role];
        json_each(paths, ask_path, &asking);
        g_assert_cmpuint(asking.asked, ==, G_N_ELEMENTS(needed));
    }
    json_parser_free(parser);
    response_clear(&description);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    g_assert_null(strstr(service.log->str, "0123456789"));
    service_clear(&service);
}

/* As the page does it: sign in, look, change, sign out. */

/* The body's member, a text; the caller frees. */
static char *body_text(const Response *response, const char *name) {
    JsonParser *parser = json_parser_new(1 << 16);
    JsonValue root, value;
    const char *message;
    g_assert_true(json_parse(parser, response->body->str, response->body->len, &root, &message));
    g_assert_true(json_member(root, name, &value));
    char *text = json_type(value) == JSON_STRING
                     ? g_strndup(json_get_str(value).data, json_get_str(value).len)
                     : NULL;
    json_parser_free(parser);
    return text;
}

static void check_session(Service *service, const char *header, const char *expected) {
    Response response = request_with(service, "GET", "/v1/session", NULL, NULL, 0, header);
    g_assert_cmpint(response.status, ==, 200);
    if (!g_str_has_prefix(response.body->str, expected)) g_error("%s", response.body->str);
    response_clear(&response);
}

/* `headers` are several, each after the first on a line of its own. */
static long status_of(Service *service, const char *method, const char *path, const char *body,
                      const char *headers) {
    Response response = request_with(service, method, path, body ? "application/json" : NULL, body,
                                     body ? strlen(body) : 0, headers);
    const long status = response.status;
    response_clear(&response);
    return status;
}

static char *sign_in(Service *service, const char *token, const char *header, char **csrf) {
    g_autofree char *body = g_strdup_printf("{\"token\":\"%s\"}", token);
    Response response = request_with(service, "POST", "/v1/session", "application/json", body,
                                     strlen(body), header);
    g_assert_cmpint(response.status, ==, 200);
    g_autofree char *cookie = response_header(&response, "Set-Cookie");
    const bool tls = strstr(cookie, "; Secure") != NULL;
    g_assert_cmpint(tls, ==, header && strcmp(header, "X-Forwarded-Proto: https") == 0);
    g_assert_nonnull(strstr(cookie, "; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200"));
    *csrf = body_text(&response, "csrf");
    response_clear(&response);
    cookie[strcspn(cookie, ";")] = '\0';
    return g_strconcat("Cookie: ", cookie, NULL);
}

/* The trail tells who began and ended a session, and that someone was refused, before they hear.
 */
static void check_trail(Service *service) {
    static const char *const told[] = {
        "\"by\":\"김민수\",\"role\":\"analyst\",\"action\":\"session.begin\"",
        "\"by\":\"김민수\",\"role\":\"analyst\",\"action\":\"session.end\"",
        "\"by\":\"unknown\",\"role\":\"none\",\"action\":\"session.refused\"",
    };
    service->token = analyst_token;
    Response response = request(service, "GET", "/v1/audit", NULL);
    g_assert_cmpint(response.status, ==, 200);
    for (size_t i = 0; i < G_N_ELEMENTS(told); i++)
        g_assert_nonnull(strstr(response.body->str, told[i]));
    g_assert_null(strstr(response.body->str, "viewer-0"));
    response_clear(&response);
    service->token = NULL;
}

/* Whom alerts can be assigned to: not to those who may only look. */
static void check_people(Service *service, const char *header) {
    Response response = request_with(service, "GET", "/v1/people", NULL, NULL, 0, header);
    g_assert_cmpint(response.status, ==, 200);
    g_assert_cmpstr(response.body->str, ==, "{\"people\":[\"김민수\",\"ops@bank\"]}");
    response_clear(&response);
}

static void test_sign_in(void) {
    g_autofree char *data = world_path(world, "signed");
    Service service = start_guarded(data);
    static const char change[] = "{\"status\":\"fraud\"}", path[] = "/v1/alerts/x";
    check_session(&service, NULL, "{\"required\":true,\"name\":null,\"role\":null,\"csrf\":null}");
    g_autofree char *csrf = NULL, *csrf2 = NULL;
    g_autofree char *cookie = sign_in(&service, analyst_token, NULL, &csrf);
    g_autofree char *expected = g_strdup_printf(
        "{\"required\":true,\"name\":\"김민수\",\"role\":\"analyst\",\"csrf\":\"%s\"}", csrf);
    check_session(&service, cookie, expected);
    check_people(&service, cookie);
    g_assert_cmpint(status_of(&service, "GET", "/v1/stats", NULL, cookie), ==, 200);
    g_assert_cmpint(status_of(&service, "HEAD", "/v1/stream", NULL, cookie), ==, 200);
    g_assert_cmpint(status_of(&service, "GET", "/v1/config", NULL, cookie), ==, 403);
    g_assert_cmpint(status_of(&service, "POST", path, change, cookie), ==, 403);
    g_autofree char *both = g_strdup_printf("%s\r\nX-Haechi-Csrf: %s", cookie, csrf);
    g_assert_cmpint(status_of(&service, "POST", path, change, both), ==, 404);
    g_assert_cmpint(status_of(&service, "POST", "/v1/transactions", "{}", both), ==, 403);
    g_autofree char *foreign = g_strconcat(both, "\r\nOrigin: https://evil.example", NULL);
    g_assert_cmpint(status_of(&service, "POST", path, change, foreign), ==, 403);
    g_autofree char *own = g_strconcat(both, "\r\nOrigin: ", service.url, NULL);
    g_assert_cmpint(status_of(&service, "POST", path, change, own), ==, 404);
    g_assert_cmpint(status_of(&service, "DELETE", "/v1/session", NULL, cookie), ==, 403);
    g_assert_cmpint(status_of(&service, "DELETE", "/v1/session", NULL, both), ==, 200);
    g_assert_cmpint(status_of(&service, "GET", "/v1/stats", NULL, cookie), ==, 401);
    g_assert_cmpint(status_of(&service, "DELETE", "/v1/session", NULL, cookie), ==, 200);
    g_assert_cmpint(
        status_of(&service, "POST", "/v1/session", "{\"token\":\"viewer-012345678\"}", NULL), ==,
        401);
    check_trail(&service);
    g_autofree char *cookie2 = sign_in(&service, viewer_token, "X-Forwarded-Proto: https", &csrf2);
    g_assert_cmpstr(cookie, !=, cookie2);
    g_assert_cmpint(status_of(&service, "GET", "/v1/stats", NULL, cookie2), ==, 200);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    g_assert_null(strstr(service.log->str, "0123456789"));
    service_clear(&service);
    service = start_guarded(data); /* sessions end with the process */
    g_assert_cmpint(status_of(&service, "GET", "/v1/stats", NULL, cookie2), ==, 401);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

static void change_schema(const char *data, const char *sql) {
    g_autofree char *path = g_build_filename(data, "cases.db", NULL);
    sqlite3 *casebook;
    g_assert_cmpint(sqlite3_open(path, &casebook), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(casebook, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(casebook);
}

/* What cannot be told of is not done: nobody signs in, and nobody asks by a card's number. Who
 * signs out has done so all the same. */
static void test_trail_fails(void) {
    static const char guess[] = "{\"token\":\"viewer-012345678\"}";
    static const char ring[] = "{\"of\":\"card:4111111111111111\"}";
    g_autofree char *data = world_path(world, "untold"), *csrf = NULL;
    Service service = start_guarded(data);
    g_autofree char *cookie = sign_in(&service, analyst_token, NULL, &csrf);
    g_autofree char *both = g_strdup_printf("%s\r\nX-Haechi-Csrf: %s", cookie, csrf);
    g_autofree char *token = g_strdup_printf("{\"token\":\"%s\"}", admin_token);
    change_schema(data, "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN"
                        " SELECT raise(ABORT, 'full'); END");
    Response response = request(&service, "POST", "/v1/session", token);
    g_assert_cmpint(response.status, ==, 500);
    g_assert_null(response_header(&response, "Set-Cookie"));
    response_clear(&response);
    g_assert_cmpint(status_of(&service, "POST", "/v1/session", guess, NULL), ==, 500);
    g_assert_cmpint(status_of(&service, "GET", "/v1/cards/4111111111111111", NULL, cookie), ==,
                    500);
    g_assert_cmpint(status_of(&service, "POST", "/v1/graph/ring", ring, both), ==, 500);
    g_assert_cmpint(status_of(&service, "DELETE", "/v1/session", NULL, both), ==, 500);
    g_assert_cmpint(status_of(&service, "GET", "/v1/stats", NULL, cookie), ==, 401);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* Whoever tries card numbers is found by the trail, known ones or not; it holds none of them whole.
 */
static void test_asked_by_number(void) {
    static const char *const bodies[][2] = {
        {"/v1/graph/neighbourhood", "{\"of\":\"card:4111111111110002\"}"},
        {"/v1/graph/ring", "{\"of\":\"card:4111111111110003\"}"},
        {"/v1/graph/paths",
         "{\"from\":\"card:4111111111110004\",\"to\":\"card:4111111111110005\"}"},
        {"/v1/graph/paths", "{\"from\":\"merchant:m\",\"to\":\"card:4111111111110006\"}"},
    };
    static const char *const told[] = {"************0001\"", "************0002\"",
                                       "************0003\"", "************0004, ************0005\"",
                                       "************0006\""};
    g_autofree char *data = world_path(world, "tried");
    Service service = start_guarded(data);
    service.token = analyst_token;
    g_assert_cmpint(status_of(&service, "GET", "/v1/cards/4111111111110001", NULL, NULL), ==, 404);
    g_assert_cmpint(status_of(&service, "GET", "/v1/cards/x", NULL, NULL), ==, 400);
    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++)
        g_assert_cmpint(status_of(&service, "POST", bodies[i][0], bodies[i][1], NULL), ==, 404);
    Response response = request(&service, "GET", "/v1/audit", NULL);
    const char *at = response.body->str;
    for (size_t i = G_N_ELEMENTS(told); i > 0; i--) { /* the latest first */
        at = strstr(at, "\"by\":\"김민수\",\"role\":\"analyst\",\"action\":\"card.asked\"");
        g_assert_nonnull(at);
        at = strstr(at, "\"text\":\"") + strlen("\"text\":\"");
        g_assert_true(g_str_has_prefix(at, told[i - 1]));
    }
    g_assert_null(strstr(at, "card.asked"));
    g_assert_null(strstr(response.body->str, "411111"));
    response_clear(&response);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* Whoever guesses is slowed, told when to come again, and holds up nobody else. */
static void test_guessing(void) {
    g_autofree char *data = world_path(world, "guessed");
    Service service = start_guarded_with(data, "--trust-proxy");
    static const char guess[] = "{\"token\":\"hunter2-hunter2-hunter2\"}";
    static const char guesser[] = "X-Forwarded-For: 10.9.8.7, 203.0.113.9";
    int64_t wait = 0;
    for (int tries = 0; wait < 4; tries++) { /* the last one has to wait long */
        Response response = request_with(&service, "POST", "/v1/session", "application/json", guess,
                                         strlen(guess), guesser);
        g_autofree char *after = response_header(&response, "Retry-After");
        g_assert_cmpint(response.status, ==, after ? 429 : 401);
        if (tries < GUESSES_PER_MINUTE / GUESS_SIGN_IN) g_assert_null(after);
        wait = after ? g_ascii_strtoll(after, NULL, 10) : 0;
        if (wait > 0 && wait < 4) g_usleep((gulong)wait * G_USEC_PER_SEC);
        g_assert_cmpint(tries, <, 100);
        response_clear(&response);
    }
    service.token = admin_token;
    Response response = request_with(&service, "GET", "/v1/stats", NULL, NULL, 0, guesser);
    g_assert_cmpint(response.status, ==, 200);
    response_clear(&response);
    service.token = "not-a-token-of-anybody";
    response = request_with(&service, "GET", "/v1/stats", NULL, NULL, 0, guesser);
    g_assert_cmpint(response.status, ==, 429);
    g_autofree char *after = response_header(&response, "Retry-After");
    g_assert_cmpint(g_ascii_strtoll(after, NULL, 10), >, 0);
    response_clear(&response);
    service.token = admin_token;
    g_assert_cmpint(status_of(&service, "GET", "/v1/stats", NULL, NULL), ==, 200);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    g_assert_null(strstr(service.log->str, "hunter2"));
    service_clear(&service);
}

/* Where no proxy is trusted, another address in each guess's header helps nobody. */
static void test_forged_address(void) {
    static const char guess[] = "{\"token\":\"hunter2-hunter2-hunter2\"}";
    g_autofree char *data = world_path(world, "forged");
    Service service = start_guarded(data);
    long status = 401;
    for (int i = 0; status == 401 && i < 3 * GUESSES_PER_MINUTE / GUESS_SIGN_IN; i++) {
        g_autofree char *forged = g_strdup_printf("X-Forwarded-For: 203.0.113.%d", i);
        status = status_of(&service, "POST", "/v1/session", guess, forged);
    }
    g_assert_cmpint(status, ==, 429);
    service.token = analyst_token;
    Response response = request(&service, "GET", "/v1/audit", NULL);
    g_assert_nonnull(strstr(response.body->str, "127.0.0.1"));
    g_assert_null(strstr(response.body->str, "203.0.113."));
    response_clear(&response);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* The configuration in force has what was set where, and no secret. */
static void test_served_config(void) {
    g_autofree char *data = world_path(world, "configured"), *config = world_path(world, "conf");
    g_autofree char *text = g_strdup_printf("[serve]\nmlflow-every=5m\ntrust-proxy=true\n[neo4j]\n"
                                            "user=hans\n[kafka]\nsasl.password=hunter2\n");
    g_assert_true(g_file_set_contents(config, text, -1, NULL));
    g_assert_cmpint(setenv("NEO4J_PASSWORD", "hunter2", 1), ==, 0);
    Service service =
        service_start(world->model, data,
                      (const char *[]){"--config", config, "--listen", "127.0.0.1:0", "--neo4j",
                                       "http://127.0.0.1:1", "--neo4j-database", "cards", NULL});
    unsetenv("NEO4J_PASSWORD");
    Response response = request(&service, "GET", "/v1/config", NULL);
    g_assert_cmpint(response.status, ==, 200);
    static const char *const told[] = {
        "{\"section\":\"serve\",\"name\":\"mlflow-every\",\"value\":\"5m\",\"secret\":false}",
        "{\"section\":\"serve\",\"name\":\"listen\",\"value\":\"127.0.0.1:0\",\"secret\":false}",
        "{\"section\":\"serve\",\"name\":\"trust-proxy\",\"value\":\"true\",\"secret\":false}",
        "{\"section\":\"serve\",\"name\":\"challenger\",\"value\":null,\"secret\":false}",
        "\"name\":\"url\",\"value\":\"http://127.0.0.1:1\",\"secret\":false}",
        "{\"section\":\"neo4j\",\"name\":\"database\",\"value\":\"cards\",\"secret\":false}",
        "{\"section\":\"neo4j\",\"name\":\"user\",\"value\":\"hans\",\"secret\":false}",
        "\"name\":\"NEO4J_PASSWORD\",\"value\":null,\"secret\":true}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(told); i++)
        if (!strstr(response.body->str, told[i]))
            g_error("%s is not in %s", told[i], response.body->str);
    g_assert_null(strstr(response.body->str, "hunter2"));
    response_clear(&response);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    world = world_new();
    g_test_add_func("/access/tokens", test_tokens);
    g_test_add_func("/access/bare_token", test_bare_token);
    g_test_add_func("/access/hashed_token", test_hashed_token);
    g_test_add_func("/access/bad_tokens", test_bad_tokens);
    g_test_add_func("/access/many_tokens", test_many_tokens);
    g_test_add_func("/access/token_files", test_token_files);
    g_test_add_func("/access/session_expiry", test_session_expiry);
    g_test_add_func("/access/session_look", test_session_look);
    g_test_add_func("/access/sessions_bounded", test_sessions_bounded);
    g_test_add_func("/access/cookies", test_cookies);
    g_test_add_func("/access/guesses", test_guesses);
    g_test_add_func("/access/guesses_bounded", test_guesses_bounded);
    g_test_add_func("/access/client_address", test_client_address);
    g_test_add_func("/access/gate", test_gate);
    g_test_add_func("/access/unattended", test_unattended);
    g_test_add_func("/access/origin_schemes", test_origin_schemes);
    g_test_add_func("/access/open_routes", test_open_routes);
    g_test_add_func("/access/no_tokens", test_no_tokens);
    g_test_add_func("/access/gate_slows", test_gate_slows);
    g_test_add_func("/access/config", test_config);
    g_test_add_func("/access/roles", test_roles);
    g_test_add_func("/access/sign_in", test_sign_in);
    g_test_add_func("/access/trail_fails", test_trail_fails);
    g_test_add_func("/access/asked_by_number", test_asked_by_number);
    g_test_add_func("/access/guessing", test_guessing);
    g_test_add_func("/access/forged_address", test_forged_address);
    g_test_add_func("/access/served_config", test_served_config);
    const int status = g_test_run();
    world_free(world);
    curl_global_cleanup();
    return status;
}
