/* The client of Neo4j's Query API against a server that says what the test tells it to. */
#include "io/neo4j.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* The server: answers one request a connection with the same bytes, and keeps the last request. */
typedef struct Server {
    int fd;
    char *url;
    GString *answer;
    GString *request;
    unsigned requests;
    _Atomic bool silent; /* answers nothing, until the client has gone */
    GThread *thread;
} Server;

/* Until the head and as many bytes as it says have come. */
static void read_request(Server *server, int client) {
    char block[4096];
    g_string_truncate(server->request, 0);
    for (;;) {
        const char *end = strstr(server->request->str, "\r\n\r\n");
        const char *length = strstr(server->request->str, "Content-Length: ");
        if (end && length) {
            const size_t body = strtoul(length + strlen("Content-Length: "), NULL, 10);
            if (server->request->len >= (size_t)(end + 4 - server->request->str) + body) return;
        }
        const ssize_t got = read(client, block, sizeof block);
        if (got <= 0) return;
        g_string_append_len(server->request, block, got);
    }
}

static void answer(const Server *server, int client) {
    size_t sent = 0;
    while (sent < server->answer->len) {
        const ssize_t put =
            send(client, server->answer->str + sent, server->answer->len - sent, MSG_NOSIGNAL);
        if (put <= 0) return;
        sent += (size_t)put;
    }
}

static void *serve(void *data) {
    Server *server = data;
    int client;
    while ((client = accept(server->fd, NULL, NULL)) >= 0) {
        read_request(server, client);
        server->requests++;
        char byte;
        if (server->silent)
            while (read(client, &byte, 1) > 0)
                ;
        else
            answer(server, client);
        close(client);
    }
    return NULL;
}

static Server *server_new(void) {
    Server *server = g_new0(Server, 1);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(server->fd, (struct sockaddr *)&at, sizeof at), ==, 0);
    g_assert_cmpint(listen(server->fd, 8), ==, 0);
    g_assert_cmpint(getsockname(server->fd, (struct sockaddr *)&at, &len), ==, 0);
    server->url = g_strdup_printf("http://127.0.0.1:%d", ntohs(at.sin_port));
    server->answer = g_string_new(NULL);
    server->request = g_string_new(NULL);
    server->thread = g_thread_new("server", serve, server);
    return server;
}

static void server_free(Server *server) {
    shutdown(server->fd, SHUT_RDWR);
    g_thread_join(server->thread);
    close(server->fd);
    g_string_free(server->answer, TRUE);
    g_string_free(server->request, TRUE);
    g_free(server->url);
    g_free(server);
}

static void set_answer(Server *server, const char *status, const char *body) {
    g_string_printf(server->answer,
                    "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                    "Connection: close\r\n\r\n%s",
                    status, strlen(body), body);
}

static Neo4j *client_new(const char *url) {
    g_autoptr(GError) error = NULL;
    const Neo4jOptions options = {.url = url};
    Neo4j *neo4j = neo4j_new(&options, &error);
    g_assert_no_error(error);
    return neo4j;
}

/* The statement fails with `code` and one line that names address and work, and holds `part`. */
static void check_fails(Neo4j *neo4j, int code, const char *part) {
    g_autoptr(GError) error = NULL;
    g_assert_false(neo4j_run(neo4j, "counting", "RETURN 1", STR(""), NEO4J_READ, NULL, &error));
    g_test_message("%s", error->message);
    g_assert_error(error, NEO4J_ERROR, code);
    g_assert_nonnull(strstr(error->message, neo4j_address(neo4j)));
    g_assert_nonnull(strstr(error->message, ": counting: "));
    g_assert_nonnull(strstr(error->message, part));
    g_assert_null(strchr(error->message, '\n'));
    g_assert_cmpint(neo4j_is_transient(error), ==, code == NEO4J_ERROR_AWAY);
}

static void test_rows(void) {
    Server *server = server_new();
    Neo4j *neo4j = client_new(server->url);
    set_answer(server, "202 Accepted",
               "{\"data\":{\"fields\":[\"a\"],\"values\":[[1],[2]]},\"bookmarks\":[\"x\"]}");
    Neo4jResult result;
    g_autoptr(GError) error = NULL;
    g_assert_true(neo4j_run(neo4j, "counting", "RETURN $a // \"quoted\"", STR("{\"a\":1}"),
                            NEO4J_WRITE, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(json_count(result.fields), ==, 1);
    g_assert_cmpuint(json_count(result.rows), ==, 2);
    g_assert_true(g_str_has_prefix(server->request->str, "POST /db/neo4j/query/v2 HTTP/1.1\r\n"));
    g_assert_nonnull(strstr(server->request->str,
                            "\r\n\r\n{\"statement\":\"RETURN $a // \\\"quoted\\\"\","
                            "\"accessMode\":\"WRITE\",\"parameters\":{\"a\":1}}"));
    neo4j_free(neo4j);
    server_free(server);
}

static void test_errors_of_neo4j(void) {
    static const struct {
        const char *status, *code;
        int kind;
    } cases[] = {
        {"400 Bad Request", "Neo.ClientError.Statement.SyntaxError", NEO4J_ERROR_REFUSED},
        {"202 Accepted", "Neo.ClientError.Statement.ArithmeticError", NEO4J_ERROR_REFUSED},
        {"404 Not Found", "Neo.ClientError.Database.DatabaseNotFound", NEO4J_ERROR_REFUSED},
        {"401 Unauthorized", "Neo.ClientError.Security.Unauthorized", NEO4J_ERROR_CREDENTIALS},
        {"400 Bad Request", "Neo.ClientError.Security.Forbidden", NEO4J_ERROR_CREDENTIALS},
        {"400 Bad Request", "Neo.TransientError.Transaction.DeadlockDetected", NEO4J_ERROR_AWAY},
        {"503 Service Unavailable", "Neo.ClientError.General.Unknown", NEO4J_ERROR_AWAY},
        {"500 Server Error", "Neo.DatabaseError.General.UnknownError", NEO4J_ERROR_AWAY},
    };
    Server *server = server_new();
    Neo4j *neo4j = client_new(server->url);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *body = g_strdup_printf(
            "{\"data\":{\"fields\":[],\"values\":[]},\"errors\":[{\"code\":\"%s\","
            "\"message\":\"line one\\nof card 4111111111111111\"},{\"code\":\"x\"}]}",
            cases[i].code);
        set_answer(server, cases[i].status, body);
        g_autofree char *part =
            g_strconcat(cases[i].code, ": line one of card ************1111", NULL);
        check_fails(neo4j, cases[i].kind, part);
    }
    neo4j_free(neo4j);
    server_free(server);
}

static void test_other_answers(void) {
    Server *server = server_new();
    Neo4j *neo4j = client_new(server->url);
    set_answer(server, "200 OK", "<html>hello</html>");
    check_fails(neo4j, NEO4J_ERROR_ANSWER, "cannot be read");
    set_answer(server, "200 OK", "{\"data\":{\"fields\":[]}}");
    check_fails(neo4j, NEO4J_ERROR_ANSWER, "it has no data");
    set_answer(server, "200 OK", "[]");
    check_fails(neo4j, NEO4J_ERROR_ANSWER, "cannot be read");
    set_answer(server, "404 Not Found", "");
    check_fails(neo4j, NEO4J_ERROR_ANSWER, "answered 404, and no Query API");
    set_answer(server, "503 Service Unavailable", "busy");
    check_fails(neo4j, NEO4J_ERROR_AWAY, "answered 503");
    neo4j_free(neo4j);
    server_free(server);
}

static void test_redirect(void) {
    Server *server = server_new();
    Neo4j *neo4j = client_new(server->url);
    g_string_printf(server->answer,
                    "HTTP/1.1 302 Found\r\nLocation: %s/elsewhere\r\nContent-Length: 0\r\n"
                    "Connection: close\r\n\r\n",
                    server->url);
    check_fails(neo4j, NEO4J_ERROR_ANSWER, "answered 302");
    g_assert_cmpuint(server->requests, ==, 1);
    neo4j_free(neo4j);
    server_free(server);
}

static void test_cut_off(void) {
    Server *server = server_new();
    Neo4j *neo4j = client_new(server->url);
    set_answer(server, "200 OK", "{\"data\":{\"fields\":[],\"values\":[]}}");
    const size_t whole = server->answer->len;
    for (size_t len = 0; len < whole; len += 7) {
        set_answer(server, "200 OK", "{\"data\":{\"fields\":[],\"values\":[]}}");
        g_string_truncate(server->answer, len);
        check_fails(neo4j, NEO4J_ERROR_AWAY, "");
    }
    neo4j_free(neo4j);
    server_free(server);
}

static void test_too_long(void) {
    Server *server = server_new();
    Neo4j *neo4j = client_new(server->url);
    g_autoptr(GString) body = g_string_new("{\"data\":{\"fields\":[\"");
    while (body->len <= NEO4J_ANSWER_MAX)
        g_string_append(body, "0123456789abcdef0123456789abcdef0123456789abcdef");
    set_answer(server, "200 OK", body->str);
    check_fails(neo4j, NEO4J_ERROR_ANSWER, "longer than 16 MiB");
    neo4j_free(neo4j);
    server_free(server);
}

static void test_nobody_there(void) {
    Server *server = server_new();
    Neo4j *neo4j = client_new(server->url);
    server_free(server);
    check_fails(neo4j, NEO4J_ERROR_AWAY, "");
    neo4j_free(neo4j);
}

static bool stopped(void *data) {
    (void)data;
    return false;
}

static void test_stopped(void) {
    Server *server = server_new();
    server->silent = true;
    g_autoptr(GError) error = NULL;
    const Neo4jOptions options = {.url = server->url, .go_on = stopped};
    Neo4j *neo4j = neo4j_new(&options, &error);
    g_assert_no_error(error);
    const int64_t start = g_get_monotonic_time();
    check_fails(neo4j, NEO4J_ERROR_STOPPED, "stopped");
    g_assert_cmpint(g_get_monotonic_time() - start, <, 30 * G_USEC_PER_SEC);
    neo4j_free(neo4j);
    server_free(server);
}

static void check_setting(Neo4jOptions options, const char *part, const char *hidden) {
    g_autoptr(GError) error = NULL;
    g_assert_null(neo4j_new(&options, &error));
    g_assert_nonnull(error);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, part));
    if (hidden) g_assert_null(strstr(error->message, hidden));
}

static void test_settings(void) {
    static const char *const addresses[] = {
        "",
        "127.0.0.1:7474",
        "ftp://host",
        "bolt://host:7687",
        "http://",
        "http:///",
        "http://host?a",
        "http://host#b",
        "http://host:port",
        "http://a b/",
        "file:///",
        "-",
        "http://[::1",
        "neo4j",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++)
        check_setting((Neo4jOptions){.url = addresses[i]}, "the address of Neo4j must be", NULL);
    check_setting((Neo4jOptions){.url = "http://neo4j:secret@host"}, "without user", "secret");
    check_setting((Neo4jOptions){.url = "http://host", .database = "a/b"}, "no name", NULL);
    check_setting((Neo4jOptions){.url = "http://host", .database = ""}, "no name", NULL);
    check_setting((Neo4jOptions){.url = "https://host", .ca_file = "/nowhere"}, "/nowhere", NULL);
    check_setting((Neo4jOptions){.url = "http://host", .password_file = "/nowhere"}, "/nowhere",
                  NULL);
}

static void test_addresses(void) {
    static const struct {
        const char *url, *address;
    } cases[] = {
        {"http://127.0.0.1:7474", "http://127.0.0.1:7474"},
        {"http://127.0.0.1:7474/", "http://127.0.0.1:7474"},
        {"https://graph.bank.example/neo4j/", "https://graph.bank.example/neo4j"},
        {"neo4j://localhost", "http://localhost:7474"},
        {"neo4j://localhost:17474", "http://localhost:17474"},
        {"neo4j+s://graph.example", "https://graph.example:443"},
        {"http://[::1]:7474", "http://[::1]:7474"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Neo4j *neo4j = client_new(cases[i].url);
        g_assert_cmpstr(neo4j_address(neo4j), ==, cases[i].address);
        neo4j_free(neo4j);
    }
}

/* A password comes from a private file or the environment, and goes into one header only. */
static void test_password(void) {
    Server *server = server_new();
    set_answer(server, "200 OK", "{\"data\":{\"fields\":[],\"values\":[]}}");
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    const int fd = g_file_open_tmp("haechi-password-XXXXXX", &path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(write(fd, "open sesame\n", 12), ==, 12);
    close(fd);
    const Neo4jOptions options = {.url = server->url, .user = "ali", .password_file = path};
    g_assert_cmpint(g_chmod(path, 0644), ==, 0);
    check_setting(options, "others can read it", "sesame");
    g_assert_cmpint(g_chmod(path, 0600), ==, 0);
    Neo4j *neo4j = neo4j_new(&options, &error);
    g_assert_no_error(error);
    g_assert_true(neo4j_run(neo4j, "asking", "RETURN 1", STR(""), NEO4J_READ, NULL, &error));
    g_autofree char *login = g_base64_encode((const guchar *)"ali:open sesame", 15);
    g_assert_nonnull(strstr(server->request->str, login));
    g_assert_null(strstr(server->request->str, "sesame"));
    neo4j_free(neo4j);
    g_remove(path);
    server_free(server);
}

int main(int argc, char **argv) {
    g_unsetenv("NEO4J_PASSWORD");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neo4j/rows", test_rows);
    g_test_add_func("/neo4j/errors-of-neo4j", test_errors_of_neo4j);
    g_test_add_func("/neo4j/other-answers", test_other_answers);
    g_test_add_func("/neo4j/redirect", test_redirect);
    g_test_add_func("/neo4j/cut-off", test_cut_off);
    g_test_add_func("/neo4j/too-long", test_too_long);
    g_test_add_func("/neo4j/nobody-there", test_nobody_there);
    g_test_add_func("/neo4j/stopped", test_stopped);
    g_test_add_func("/neo4j/settings", test_settings);
    g_test_add_func("/neo4j/addresses", test_addresses);
    g_test_add_func("/neo4j/password", test_password);
    return g_test_run();
}
