#include "io/mlflow_http.h"

#include "io/http_set_up.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct Mlflow {
    char *address;
    char *username, *password; /* or NULL */
    char *certificates;        /* or NULL */
    struct curl_slist *question_headers, *file_headers;
    GPtrArray *secrets; /* what must not be seen in an error */
    int64_t deadline;
    const _Atomic bool *stop; /* the caller's, or NULL */
    CURL *curl;
    GString *body, *answer;
    JsonParser *json;
    FILE *file;          /* what an artifact is received into */
    uint64_t received;   /* its bytes */
    bool too_long, full; /* the answer; the disk */
    char message[CURL_ERROR_SIZE];
};

G_DEFINE_QUARK(haechi - mlflow - error, mlflow_error)

/* Settings */

static bool fail_setting(GError **error, const char *what) {
    g_set_error(error, MLFLOW_ERROR, MLFLOW_ERROR_SETTING, "MLflow: %s", what);
    return false;
}

static const char *variable(const char *name) {
    const char *value = g_getenv(name);
    return value && *value ? value : NULL;
}

bool mlflow_options_read(MlflowOptions *out, GError **error) {
    const char *insecure = variable("MLFLOW_TRACKING_INSECURE_TLS");
    *out = (MlflowOptions){
        .uri = variable("MLFLOW_TRACKING_URI"),
        .username = variable("MLFLOW_TRACKING_USERNAME"),
        .password = variable("MLFLOW_TRACKING_PASSWORD"),
        .token = variable("MLFLOW_TRACKING_TOKEN"),
        .certificates = variable("MLFLOW_TRACKING_SERVER_CERT_PATH"),
    };
    if (!insecure || strcmp(insecure, "0") == 0 || g_ascii_strcasecmp(insecure, "false") == 0)
        return true;
    return fail_setting(error, "MLFLOW_TRACKING_INSECURE_TLS is set, and certificates are always "
                               "checked here: name yours in MLFLOW_TRACKING_SERVER_CERT_PATH");
}

/* Takes the address apart and together again. What is wrong with it is told without showing it, as
 * a password may be in it. */
static char *read_address(const char *text, GError **error) {
    g_autoptr(GUri) uri =
        strpbrk(text, " \t\r\n") ? NULL : g_uri_parse(text, G_URI_FLAGS_HAS_PASSWORD, NULL);
    const char *host = uri ? g_uri_get_host(uri) : NULL;
    if (!host || !*host || !http_is_url(text) || g_uri_get_query(uri) || g_uri_get_fragment(uri) ||
        g_uri_get_userinfo(uri)) {
        fail_setting(error, "MLFLOW_TRACKING_URI must be such as http://127.0.0.1:5000, without "
                            "user and password (they go into MLFLOW_TRACKING_USERNAME and "
                            "MLFLOW_TRACKING_PASSWORD)");
        return NULL;
    }
    g_autofree char *path = g_strdup(g_uri_get_path(uri));
    while (g_str_has_suffix(path, "/"))
        path[strlen(path) - 1] = '\0';
    return g_uri_join(G_URI_FLAGS_NONE, g_uri_get_scheme(uri), NULL, host, g_uri_get_port(uri),
                      path, NULL, NULL);
}

static bool one_line_only(const char *secret) {
    return !secret || !strpbrk(secret, "\r\n");
}

static bool check_options(const MlflowOptions *o, GError **error) {
    if (!o->username != !o->password)
        return fail_setting(error, "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD go "
                                   "together: one is missing");
    if (!one_line_only(o->username) || !one_line_only(o->password) || !one_line_only(o->token))
        return fail_setting(error, "user, password and token must be one line each");
    if (o->certificates && !g_file_test(o->certificates, G_FILE_TEST_EXISTS))
        return fail_setting(error, "MLFLOW_TRACKING_SERVER_CERT_PATH names no file");
    return true;
}

static void keep_secret(Mlflow *mlflow, char *secret) {
    g_ptr_array_add(mlflow->secrets, secret);
}

static void set_credentials(Mlflow *mlflow, const MlflowOptions *o) {
    if (o->username) {
        mlflow->username = g_strdup(o->username);
        mlflow->password = g_strdup(o->password);
        g_autofree char *pair = g_strconcat(o->username, ":", o->password, NULL);
        keep_secret(mlflow, g_base64_encode((const guchar *)pair, strlen(pair)));
        keep_secret(mlflow, g_strdup(o->password));
    } else if (o->token) {
        keep_secret(mlflow, g_strdup(o->token));
    }
    const char *token = o->username ? NULL : o->token;
    mlflow->question_headers = http_post_headers("application/json", token);
    mlflow->file_headers = http_post_headers("application/octet-stream", token);
}

Mlflow *mlflow_new(const MlflowOptions *options, GError **error) {
    if (!check_options(options, error)) return NULL;
    char *address = read_address(options->uri, error);
    if (!address) return NULL;
    Mlflow *mlflow = g_new0(Mlflow, 1);
    mlflow->address = address;
    mlflow->certificates = g_strdup(options->certificates);
    mlflow->secrets = g_ptr_array_new_with_free_func(g_free);
    mlflow->deadline = options->deadline;
    mlflow->stop = options->stop;
    mlflow->body = g_string_new(NULL);
    mlflow->answer = g_string_new(NULL);
    mlflow->json = json_parser_new(MLFLOW_ANSWER_MAX);
    set_credentials(mlflow, options);
    mlflow->curl = curl_easy_init();
    g_assert(mlflow->curl);
    return mlflow;
}

void mlflow_free(Mlflow *mlflow) {
    if (!mlflow) return;
    curl_easy_cleanup(mlflow->curl);
    curl_slist_free_all(mlflow->question_headers);
    curl_slist_free_all(mlflow->file_headers);
    json_parser_free(mlflow->json);
    g_string_free(mlflow->body, TRUE);
    g_string_free(mlflow->answer, TRUE);
    g_ptr_array_unref(mlflow->secrets);
    g_free(mlflow->address);
    g_free(mlflow->username);
    g_free(mlflow->password);
    g_free(mlflow->certificates);
    g_free(mlflow);
}

const char *mlflow_address(const Mlflow *mlflow) {
    return mlflow->address;
}

GString *mlflow_body(Mlflow *mlflow) {
    g_string_truncate(mlflow->body, 0);
    return mlflow->body;
}

char *mlflow_escape(const char *text) {
    return g_uri_escape_string(text, NULL, FALSE);
}

/* Errors */

/* A server, or whatever stands before it, may say again what it was told. */
static char *without_secrets(const Mlflow *mlflow, Str text) {
    g_autoptr(GString) clean = g_string_new_len(text.len ? text.data : "", (gssize)text.len);
    for (guint i = 0; i < mlflow->secrets->len; i++) {
        const char *secret = g_ptr_array_index(mlflow->secrets, i);
        if (*secret) g_string_replace(clean, secret, "***", 0);
    }
    return http_one_line((Str){clean->str, clean->len});
}

bool mlflow_fail(const Mlflow *mlflow, const char *doing, MlflowError code, const char *what,
                 GError **error) {
    g_autofree char *clean = without_secrets(mlflow, str_from(what));
    g_set_error(error, MLFLOW_ERROR, (int)code, "MLflow at %s: %s: %s", mlflow->address, doing,
                clean);
    return false;
}

static bool fail_file(const Mlflow *mlflow, const char *doing, const char *file, int number,
                      GError **error) {
    g_autofree char *what = g_strdup_printf("%s: %s", file, g_strerror(number));
    return mlflow_fail(mlflow, doing, MLFLOW_ERROR_FILE, what, error);
}

/* libcurl failed: nothing was answered, or not all of it. */
static bool fail_transfer(const Mlflow *mlflow, const char *doing, CURLcode code, GError **error) {
    MlflowError kind = MLFLOW_ERROR_AWAY;
    const char *what = *mlflow->message ? mlflow->message : curl_easy_strerror(code);
    if (mlflow->too_long) {
        kind = MLFLOW_ERROR_ANSWER;
        what = "the answer is too long";
    } else if (mlflow->full) {
        kind = MLFLOW_ERROR_FILE;
        what = "what came cannot be written: the disk is full, or fails";
    } else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
               code == CURLE_SSL_CONNECT_ERROR || code == CURLE_UNSUPPORTED_PROTOCOL) {
        kind = MLFLOW_ERROR_ANSWER;
    }
    return mlflow_fail(mlflow, doing, kind, what, error);
}

static MlflowError kind_of(long status, Str code) {
    if (status == 401 || status == 403) return MLFLOW_ERROR_CREDENTIALS;
    if (status == 408 || status == 429 || status >= 500) return MLFLOW_ERROR_AWAY;
    if (str_equal(code, STR("RESOURCE_ALREADY_EXISTS"))) return MLFLOW_ERROR_EXISTS;
    if (str_equal(code, STR("RESOURCE_DOES_NOT_EXIST"))) return MLFLOW_ERROR_MISSING;
    return code.len ? MLFLOW_ERROR_REFUSED : MLFLOW_ERROR_ANSWER;
}

/* MLflow, or whatever else answered, did not do it. */
static bool fail_answered(Mlflow *mlflow, const char *doing, long status, GError **error) {
    JsonValue root;
    const char *wrong;
    Str code = STR(""), message = STR("");
    if (json_parse(mlflow->json, mlflow->answer->str, mlflow->answer->len, &root, &wrong))
        mlflow_read_error(root, &code, &message);
    const MlflowError kind = kind_of(status, code);
    g_autofree char *said = without_secrets(mlflow, message);
    const char *hint = kind == MLFLOW_ERROR_CREDENTIALS ? ": it needs another user and password, "
                                                          "or token (MLFLOW_TRACKING_...)"
                       : code.len == 0                  ? ", and is no MLflow"
                                                        : "";
    if (kind == MLFLOW_ERROR_AWAY) hint = "";
    g_autofree char *what =
        g_strdup_printf("answered %ld%s%s%s", status, hint, *said ? ": " : "", said);
    return mlflow_fail(mlflow, doing, kind, what, error);
}

/* Talking */

static size_t take_answer(char *data, size_t size, size_t count, void *user) {
    Mlflow *mlflow = user;
    const size_t len = size * count;
    long status = 0;
    curl_easy_getinfo(mlflow->curl, CURLINFO_RESPONSE_CODE, &status);
    if (mlflow->file && status == 200) {
        mlflow->too_long = len > MLFLOW_FILE_MAX - mlflow->received;
        if (mlflow->too_long) return 0;
        mlflow->received += len;
        mlflow->full = fwrite(data, 1, len, mlflow->file) != len;
        return mlflow->full ? 0 : len;
    }
    mlflow->too_long = len > MLFLOW_ANSWER_MAX - mlflow->answer->len;
    if (mlflow->too_long) return 0;
    g_string_append_len(mlflow->answer, data, (gssize)len);
    return len;
}

/* Called about once a second while a transfer goes on, or waits. */
static int keep_transfer(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                         curl_off_t up) {
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    const Mlflow *mlflow = user;
    return mlflow->stop && atomic_load(mlflow->stop);
}

static void set_up(Mlflow *mlflow) {
    CURL *curl = mlflow->curl;
    curl_easy_reset(curl);
    http_set_up(curl);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)MLFLOW_CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)MLFLOW_SILENT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, mlflow->message);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, keep_transfer);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, mlflow);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, mlflow);
    if (mlflow->username) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(curl, CURLOPT_USERNAME, mlflow->username);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, mlflow->password);
    }
    if (!mlflow->certificates) return;
    const bool folder = g_file_test(mlflow->certificates, G_FILE_TEST_IS_DIR);
    curl_easy_setopt(curl, folder ? CURLOPT_CAPATH : CURLOPT_CAINFO, mlflow->certificates);
}

/* Performs what was set up, within `seconds` and before the deadline. True for an answer of 200. */
static bool perform(Mlflow *mlflow, const char *doing, const char *path, int seconds,
                    GError **error) {
    g_autofree char *url = g_strconcat(mlflow->address, path, NULL);
    int64_t ms = (int64_t)seconds * 1000;
    if (mlflow->deadline) ms = MIN(ms, (mlflow->deadline - g_get_monotonic_time()) / 1000);
    if (ms <= 0) return mlflow_fail(mlflow, doing, MLFLOW_ERROR_AWAY, "it took too long", error);
    curl_easy_setopt(mlflow->curl, CURLOPT_URL, url);
    curl_easy_setopt(mlflow->curl, CURLOPT_TIMEOUT_MS, (long)ms);
    g_string_truncate(mlflow->answer, 0);
    mlflow->too_long = mlflow->full = false;
    mlflow->message[0] = '\0';
    const CURLcode code = curl_easy_perform(mlflow->curl);
    if (code != CURLE_OK) return fail_transfer(mlflow, doing, code, error);
    long status = 0;
    curl_easy_getinfo(mlflow->curl, CURLINFO_RESPONSE_CODE, &status);
    return status == 200 || fail_answered(mlflow, doing, status, error);
}

bool mlflow_ask(Mlflow *mlflow, const char *doing, const char *path, Str question, JsonValue *root,
                GError **error) {
    JsonValue unused;
    const char *wrong = "not an object";
    set_up(mlflow);
    curl_easy_setopt(mlflow->curl, CURLOPT_HTTPHEADER, mlflow->question_headers);
    if (question.data) {
        /* libcurl sends a request anew when a connection that it used before is closed without an
         * answer. What creates something would be done twice. */
        curl_easy_setopt(mlflow->curl, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(mlflow->curl, CURLOPT_POSTFIELDS, question.data);
        curl_easy_setopt(mlflow->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)question.len);
    }
    if (!perform(mlflow, doing, path, MLFLOW_ASK_SECONDS, error)) return false;
    if (!root) root = &unused;
    if (json_parse(mlflow->json, mlflow->answer->str, mlflow->answer->len, root, &wrong) &&
        json_type(*root) == JSON_OBJECT)
        return true;
    g_autofree char *what = g_strdup_printf("the answer cannot be read: %s", wrong);
    return mlflow_fail(mlflow, doing, MLFLOW_ERROR_ANSWER, what, error);
}

static size_t give_file(char *data, size_t size, size_t count, void *user) {
    return fread(data, size, count, user);
}

/* A part that was sent is sent again, on a new connection for one that was closed meanwhile. */
static int rewind_file(void *user, curl_off_t offset, int origin) {
    return fseeko(user, offset, origin) == 0 ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

/* O_NONBLOCK: a pipe in a file's place must not make us wait. */
static FILE *open_to_send(const char *path, curl_off_t *size, int *number) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        *number = errno;
    } else if (!S_ISREG(st.st_mode)) {
        *number = EINVAL;
    } else if (st.st_size > MLFLOW_FILE_MAX) {
        *number = EFBIG;
    } else {
        *size = st.st_size;
        return fdopen(fd, "r");
    }
    if (fd >= 0) close(fd);
    return NULL;
}

bool mlflow_send_file(Mlflow *mlflow, const char *doing, const char *path, const char *file,
                      GError **error) {
    int number = 0;
    curl_off_t size;
    FILE *source = open_to_send(file, &size, &number);
    if (!source) return fail_file(mlflow, doing, file, number, error);
    set_up(mlflow);
    curl_easy_setopt(mlflow->curl, CURLOPT_HTTPHEADER, mlflow->file_headers);
    curl_easy_setopt(mlflow->curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(mlflow->curl, CURLOPT_INFILESIZE_LARGE, size);
    curl_easy_setopt(mlflow->curl, CURLOPT_READFUNCTION, give_file);
    curl_easy_setopt(mlflow->curl, CURLOPT_READDATA, source);
    curl_easy_setopt(mlflow->curl, CURLOPT_SEEKFUNCTION, rewind_file);
    curl_easy_setopt(mlflow->curl, CURLOPT_SEEKDATA, source);
    const bool sent = perform(mlflow, doing, path, MLFLOW_FILE_SECONDS, error);
    fclose(source);
    return sent;
}

bool mlflow_receive_file(Mlflow *mlflow, const char *doing, const char *path, const char *file,
                         GError **error) {
    mlflow->file = fopen(file, "wxe");
    mlflow->received = 0;
    if (!mlflow->file) return fail_file(mlflow, doing, file, errno, error);
    set_up(mlflow);
    curl_easy_setopt(mlflow->curl, CURLOPT_HTTPHEADER, mlflow->question_headers);
    bool received = perform(mlflow, doing, path, MLFLOW_FILE_SECONDS, error);
    if (fclose(mlflow->file) != 0 && received)
        received = fail_file(mlflow, doing, file, errno, error);
    mlflow->file = NULL;
    if (!received) unlink(file);
    return received;
}
