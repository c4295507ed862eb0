#include "io/neo4j.h"

#include "base/json_write.h"
#include "io/http_set_up.h"
#include "io/secret_file.h"

enum {
    GRACE_US = 2000000, /* what a statement under way gets to end in when told to stop */
    DATABASE_NAME_MAX = 63,
};

struct Neo4j {
    char *address, *endpoint;
    bool (*go_on)(void *data);
    void *data;
    CURL *curl;
    struct curl_slist *headers;
    GString *body, *answer;
    bool too_long;   /* the answer */
    int64_t stop_at; /* microseconds, monotonic: when to give up, told to stop; 0: not told */
    JsonParser *json;
    char message[CURL_ERROR_SIZE];
};

G_DEFINE_QUARK(haechi - neo4j - error, neo4j_error)

bool neo4j_is_transient(const GError *error) {
    return g_error_matches(error, NEO4J_ERROR, NEO4J_ERROR_AWAY);
}

/* The address */

static bool database_is_well(const char *name) {
    const size_t len = strlen(name);
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isalnum(name[i]) && !strchr(".-_", name[i])) return false;
    return g_ascii_isalnum(*name) && len <= DATABASE_NAME_MAX;
}

/* "http" or "https", and the port where none is given; NULL for a scheme that is not read here. */
static const char *scheme_of(GUri *uri, int *port) {
    const char *scheme = g_uri_get_scheme(uri);
    *port = -1;
    if (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) return scheme;
    *port = strcmp(scheme, "neo4j") == 0 ? 7474 : 443;
    if (strcmp(scheme, "neo4j") == 0) return "http";
    return strcmp(scheme, "neo4j+s") == 0 ? "https" : NULL;
}

/* Takes the address apart and together again. What is wrong with it is told without showing it, as
 * a password may be in it. */
static char *read_address(const char *url, GError **error) {
    g_autoptr(GUri) uri =
        strpbrk(url, " \t\r\n") ? NULL : g_uri_parse(url, G_URI_FLAGS_HAS_PASSWORD, NULL);
    int port;
    const char *host = uri ? g_uri_get_host(uri) : NULL, *scheme;
    if (!host || !*host || !(scheme = scheme_of(uri, &port)) || g_uri_get_query(uri) ||
        g_uri_get_fragment(uri) || g_uri_get_userinfo(uri)) {
        g_set_error(error, NEO4J_ERROR, NEO4J_ERROR_SETTING,
                    "the address of Neo4j must be such as http://127.0.0.1:7474, without user and "
                    "password");
        return NULL;
    }
    if (g_uri_get_port(uri) >= 0) port = g_uri_get_port(uri);
    g_autofree char *path = g_strdup(g_uri_get_path(uri));
    while (g_str_has_suffix(path, "/"))
        path[strlen(path) - 1] = '\0';
    return g_uri_join(G_URI_FLAGS_NONE, scheme, NULL, host, port, path, NULL, NULL);
}

/* Talking */

static size_t take_answer(char *data, size_t size, size_t count, void *user) {
    Neo4j *neo4j = user;
    const size_t len = size * count;
    neo4j->too_long = len > NEO4J_ANSWER_MAX - neo4j->answer->len;
    if (neo4j->too_long) return 0;
    g_string_append_len(neo4j->answer, data, (gssize)len);
    return len;
}

/* Not 0 ends the transfer. */
static int keep_transfer(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    (void)a, (void)b, (void)c, (void)d;
    Neo4j *neo4j = user;
    if (!neo4j->go_on || neo4j->go_on(neo4j->data)) return 0;
    const int64_t now = g_get_monotonic_time();
    if (neo4j->stop_at == 0) neo4j->stop_at = now + GRACE_US;
    return now >= neo4j->stop_at;
}

static void set_up_curl(Neo4j *neo4j, const Neo4jOptions *options) {
    CURL *curl = neo4j->curl;
    http_set_up(curl);
    curl_easy_setopt(curl, CURLOPT_URL, neo4j->endpoint);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)NEO4J_CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)NEO4J_RUN_SECONDS);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, neo4j->headers);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, neo4j->message);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, neo4j);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, keep_transfer);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, neo4j);
    if (options->ca_file) curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_file);
}

static bool set_password(const Neo4j *neo4j, const Neo4jOptions *options, GError **error) {
    g_autofree char *password = NULL;
    if (options->password_file) {
        password = secret_file_read(options->password_file, "password file", 1, error);
        if (!password) return false;
    } else {
        password = g_strdup(g_getenv("NEO4J_PASSWORD"));
    }
    if (!password) return true;
    curl_easy_setopt(neo4j->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(neo4j->curl, CURLOPT_USERNAME, options->user ? options->user : "neo4j");
    curl_easy_setopt(neo4j->curl, CURLOPT_PASSWORD, password);
    return true;
}

Neo4j *neo4j_new(const Neo4jOptions *options, GError **error) {
    const char *database = options->database ? options->database : "neo4j";
    g_autofree char *address = read_address(options->url, error);
    if (!address) return NULL;
    if (!database_is_well(database)) {
        g_set_error(error, NEO4J_ERROR, NEO4J_ERROR_SETTING, "'%s' is no name of a Neo4j database",
                    database);
        return NULL;
    }
    if (options->ca_file && !g_file_test(options->ca_file, G_FILE_TEST_IS_REGULAR)) {
        g_set_error(error, NEO4J_ERROR, NEO4J_ERROR_SETTING, "there is no CA file %s",
                    options->ca_file);
        return NULL;
    }
    Neo4j *neo4j = g_new0(Neo4j, 1);
    neo4j->endpoint = g_strdup_printf("%s/db/%s/query/v2", address, database);
    neo4j->address = g_steal_pointer(&address);
    neo4j->go_on = options->go_on;
    neo4j->data = options->data;
    neo4j->body = g_string_new(NULL);
    neo4j->answer = g_string_new(NULL);
    neo4j->json = json_parser_new(NEO4J_ANSWER_MAX);
    neo4j->headers = curl_slist_append(NULL, "Content-Type: application/json");
    neo4j->headers = curl_slist_append(neo4j->headers, "Accept: application/json");
    neo4j->headers = curl_slist_append(neo4j->headers, "Expect:"); /* send the body at once */
    neo4j->curl = curl_easy_init();
    g_assert(neo4j->curl);
    set_up_curl(neo4j, options);
    if (set_password(neo4j, options, error)) return neo4j;
    neo4j_free(neo4j);
    return NULL;
}

void neo4j_free(Neo4j *neo4j) {
    if (!neo4j) return;
    curl_easy_cleanup(neo4j->curl);
    curl_slist_free_all(neo4j->headers);
    json_parser_free(neo4j->json);
    g_string_free(neo4j->body, TRUE);
    g_string_free(neo4j->answer, TRUE);
    g_free(neo4j->address);
    g_free(neo4j->endpoint);
    g_free(neo4j);
}

const char *neo4j_address(const Neo4j *neo4j) {
    return neo4j->address;
}

/* Errors */

static bool fail(const Neo4j *neo4j, const char *doing, Neo4jError code, const char *what,
                 GError **error) {
    g_set_error(error, NEO4J_ERROR, (int)code, "Neo4j at %s: %s: %s", neo4j->address, doing, what);
    return false;
}

/* libcurl failed: nothing was answered, or not all of it. */
static bool fail_transfer(const Neo4j *neo4j, const char *doing, CURLcode code, GError **error) {
    Neo4jError kind = NEO4J_ERROR_AWAY;
    const char *what = *neo4j->message ? neo4j->message : curl_easy_strerror(code);
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        kind = NEO4J_ERROR_STOPPED;
        what = "stopped";
    } else if (neo4j->too_long) {
        kind = NEO4J_ERROR_ANSWER;
        what = "the answer is longer than 16 MiB: ask for less (LIMIT)";
    } else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
               code == CURLE_SSL_CONNECT_ERROR || code == CURLE_UNSUPPORTED_PROTOCOL) {
        kind = NEO4J_ERROR_ANSWER;
    }
    g_autofree char *line = http_one_line(str_from(what));
    return fail(neo4j, doing, kind, line, error);
}

static Neo4jError kind_of(long status, Str code) {
    static const char security[] = "Neo.ClientError.Security.";
    static const char transient[] = "Neo.TransientError.", database[] = "Neo.DatabaseError.";
    g_autofree char *text = g_strndup(code.len ? code.data : "", code.len);
    if (status == 401 || status == 403 || g_str_has_prefix(text, security))
        return NEO4J_ERROR_CREDENTIALS;
    if (g_str_has_prefix(text, transient) || g_str_has_prefix(text, database))
        return NEO4J_ERROR_AWAY;
    if (status == 429 || status == 502 || status == 503 || status == 504) return NEO4J_ERROR_AWAY;
    return code.len ? NEO4J_ERROR_REFUSED : NEO4J_ERROR_ANSWER;
}

static bool keep_first(Str key, JsonValue value, void *data) {
    (void)key;
    *(JsonValue *)data = value;
    return false;
}

/* The first of the answer's errors, if it has any. */
static bool find_error(JsonValue root, Str *code, Str *message) {
    JsonValue list, first, member;
    if (!json_member(root, "errors", &list) || json_each(list, keep_first, &first)) return false;
    *code = json_member(first, "code", &member) ? json_get_str(member) : STR("");
    *message = json_member(first, "message", &member) ? json_get_str(member) : STR("");
    return true;
}

/* Neo4j, or whatever else answered, did not do it. */
static bool fail_answered(const Neo4j *neo4j, const char *doing, long status, Str code, Str message,
                          GError **error) {
    g_autofree char *said = http_one_line(message), *name = http_one_line(code);
    g_autofree char *what = code.len ? g_strdup_printf("%s: %s", name, said)
                                     : g_strdup_printf("answered %ld, and no Query API", status);
    return fail(neo4j, doing, kind_of(status, code), what, error);
}

static bool read_answer(Neo4j *neo4j, const char *doing, long status, Neo4jResult *result,
                        GError **error) {
    JsonValue root, data;
    const char *wrong = "not an object";
    Str code = {NULL, 0}, message = {NULL, 0};
    const bool good = status == 200 || status == 202;
    const bool read =
        json_parse(neo4j->json, neo4j->answer->str, neo4j->answer->len, &root, &wrong) &&
        json_type(root) == JSON_OBJECT;
    if ((read && find_error(root, &code, &message)) || !good)
        return fail_answered(neo4j, doing, status, code, message, error);
    if (neo4j->answer->len == 0)
        return fail(neo4j, doing, NEO4J_ERROR_AWAY, "the answer ended before it began", error);
    if (read && json_member(root, "data", &data) && json_member(data, "fields", &result->fields) &&
        json_member(data, "values", &result->rows))
        return true;
    g_autofree char *what =
        g_strdup_printf("the answer cannot be read: %s", read ? "it has no data" : wrong);
    return fail(neo4j, doing, NEO4J_ERROR_ANSWER, what, error);
}

/* Running */

static void write_body(const Neo4j *neo4j, const char *statement, Str parameters,
                       Neo4jAccess access) {
    GString *body = neo4j->body;
    g_string_assign(body, "{\"statement\":");
    json_write_str(body, str_from(statement));
    g_string_append_printf(
        body, ",\"accessMode\":\"%s\",\"parameters\":", access == NEO4J_READ ? "READ" : "WRITE");
    if (parameters.len)
        g_string_append_len(body, parameters.data, (gssize)parameters.len);
    else
        g_string_append(body, "{}");
    g_string_append_c(body, '}');
}

bool neo4j_run(Neo4j *neo4j, const char *doing, const char *statement, Str parameters,
               Neo4jAccess access, Neo4jResult *result, GError **error) {
    Neo4jResult unused;
    write_body(neo4j, statement, parameters, access);
    g_string_truncate(neo4j->answer, 0);
    neo4j->too_long = false;
    neo4j->stop_at = 0;
    neo4j->message[0] = '\0';
    curl_easy_setopt(neo4j->curl, CURLOPT_POSTFIELDS, neo4j->body->str);
    curl_easy_setopt(neo4j->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)neo4j->body->len);
    const CURLcode code = curl_easy_perform(neo4j->curl);
    if (code != CURLE_OK) return fail_transfer(neo4j, doing, code, error);
    long status = 0;
    curl_easy_getinfo(neo4j->curl, CURLINFO_RESPONSE_CODE, &status);
    return read_answer(neo4j, doing, status, result ? result : &unused, error);
}
