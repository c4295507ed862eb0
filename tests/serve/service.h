/* What the tests of the service share: a small world (data and a model trained on it, made by the
 * real commands), the real binary on a port of its own choice, and an HTTP client. */
#pragma once

#include "io/csv_log.h"
#include "record/json.h"

#include <curl/curl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The world */

typedef struct World {
    char *dir, *model;
    GPtrArray *transactions; /* char *: a transaction each, as JSON */
    GPtrArray *labels;       /* char *: of the same transactions */
    GPtrArray *numbers;      /* char *: their trans_num */
} World;

static inline void run_command(const char *first, ...) {
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_ptr_array_add(words, (gpointer)(uintptr_t)g_getenv("HAECHI"));
    va_list more;
    va_start(more, first);
    for (const char *word = first; word; word = va_arg(more, const char *))
        g_ptr_array_add(words, (gpointer)(uintptr_t)word);
    va_end(more);
    g_ptr_array_add(words, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *said = NULL, *output = NULL;
    int status;
    g_spawn_sync(NULL, (char **)words->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, &said,
                 &status, &error);
    g_assert_no_error(error);
    if (status != 0) g_error("haechi %s: %s", first, said);
}

static inline void world_read(World *world, const char *path) {
    g_autoptr(GError) error = NULL;
    CsvLogOptions options = {
        .paths = &path, .path_count = 1, .label_delay = -1, .no_reject_files = true};
    EventLog *log = csv_log_open(&options, &error);
    g_assert_no_error(error);
    Event event;
    while (log->next(log, &event, &error) == LOG_EVENT) {
        Transaction *t = &event.transaction;
        GString *json = g_string_new(NULL);
        transaction_write_json(json, t, CARD_FULL, false);
        g_ptr_array_add(world->transactions, g_string_free(json, FALSE));
        g_ptr_array_add(world->numbers, g_strndup(t->trans_num.data, t->trans_num.len));
        g_ptr_array_add(world->labels,
                        g_strdup_printf("{\"trans_num\":\"%.*s\",\"is_fraud\":%d}",
                                        (int)t->trans_num.len, t->trans_num.data, t->is_fraud));
    }
    g_assert_no_error(error);
    log->free(log);
}

static inline World *world_new(void) {
    World *world = g_new0(World, 1);
    world->dir = g_dir_make_tmp("haechi-serve-XXXXXX", NULL);
    world->model = g_build_filename(world->dir, "model", NULL);
    world->transactions = g_ptr_array_new_with_free_func(g_free);
    world->labels = g_ptr_array_new_with_free_func(g_free);
    world->numbers = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *train = g_build_filename(world->dir, "fraudTrain.csv", NULL);
    g_autofree char *test = g_build_filename(world->dir, "fraudTest.csv", NULL);
    run_command("data", "generate", "--out", world->dir, "--cards", "60", "--days", "40", "--seed",
                "7", NULL);
    run_command("train", "xgboost", "--train", train, "--out", world->model, "--param",
                "num_round=12", "--param", "max_depth=4", NULL);
    world_read(world, test);
    g_assert_cmpuint(world->transactions->len, >, 500);
    return world;
}

static inline char *world_path(const World *world, const char *name) {
    return g_build_filename(world->dir, name, NULL);
}

static inline void remove_tree(const char *path) {
    GDir *entries = g_dir_open(path, 0, NULL);
    const char *name;
    while (entries && (name = g_dir_read_name(entries))) {
        g_autofree char *inside = g_build_filename(path, name, NULL);
        remove_tree(inside);
    }
    if (entries) g_dir_close(entries);
    g_remove(path);
}

static inline void world_free(World *world) {
    remove_tree(world->dir);
    g_ptr_array_unref(world->transactions);
    g_ptr_array_unref(world->labels);
    g_ptr_array_unref(world->numbers);
    g_free(world->model);
    g_free(world->dir);
    g_free(world);
}

/* The service */

typedef struct Service {
    GPid pid;
    FILE *said;   /* its standard error */
    GString *log; /* what was read of it */
    char *url;    /* without the slash at the end; NULL when it did not come up */
    CURL *curl;   /* one connection, kept */
    const char *token;
} Service;

static inline void service_read_log(Service *service) {
    char line[1024];
    while (!service->url && fgets(line, sizeof line, service->said)) {
        g_string_append(service->log, line);
        if (!g_str_has_prefix(line, "listening on ")) continue;
        g_strchomp(line);
        service->url = g_strndup(line + 13, strlen(line + 13) - 1);
    }
}

/* A test that fails leaves no service behind. */
static inline void die_with_parent(void *unused) {
    (void)unused;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Starts the binary; `more` is NULL or a vector of further options. Returns when it listens or has
 * said all it had to say. */
static inline Service service_start(const char *model, const char *data_dir,
                                    const char *const *more) {
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    const char *const start[] = {g_getenv("HAECHI"), "serve", "--model", model,
                                 "--data-dir",       data_dir};
    for (size_t i = 0; i < G_N_ELEMENTS(start); i++)
        g_ptr_array_add(words, (gpointer)(uintptr_t)start[i]);
    bool listens = false;
    for (; more && *more; more++) {
        listens |= strcmp(*more, "--listen") == 0 || strcmp(*more, "--config") == 0;
        g_ptr_array_add(words, (gpointer)(uintptr_t)*more);
    }
    if (!listens) {
        g_ptr_array_add(words, (gpointer)(uintptr_t) "--listen");
        g_ptr_array_add(words, (gpointer)(uintptr_t) "127.0.0.1:0");
    }
    g_ptr_array_add(words, NULL);
    Service service = {.log = g_string_new(NULL)};
    g_autoptr(GError) error = NULL;
    int said;
    g_spawn_async_with_pipes(NULL, (char **)words->pdata, NULL,
                             G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL,
                             die_with_parent, NULL, &service.pid, NULL, NULL, &said, &error);
    g_assert_no_error(error);
    service.said = fdopen(said, "r");
    service.curl = curl_easy_init();
    service_read_log(&service);
    return service;
}

/* Sends the signal (0: none, it ends by itself) and returns the exit status, or minus the signal
 * that killed it. What it said is in service->log until service_clear. */
static inline int service_end(Service *service, int signal_number) {
    int status;
    if (signal_number) g_assert_cmpint(kill(service->pid, signal_number), ==, 0);
    g_assert_cmpint(waitpid(service->pid, &status, 0), ==, service->pid);
    char line[1024];
    while (fgets(line, sizeof line, service->said))
        g_string_append(service->log, line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline void service_clear(Service *service) {
    fclose(service->said);
    g_string_free(service->log, TRUE);
    g_free(service->url);
    curl_easy_cleanup(service->curl);
}

/* The client */

typedef struct Response {
    long status; /* 0 when the connection failed */
    GString *body, *headers;
} Response;

static inline size_t response_take(char *bytes, size_t size, size_t count, void *data) {
    g_string_append_len(data, bytes, (gssize)(size * count));
    return size * count;
}

static inline void response_clear(Response *response) {
    g_string_free(response->body, TRUE);
    g_string_free(response->headers, TRUE);
}

/* A header's value, NULL when absent; the caller frees. */
static inline char *response_header(const Response *response, const char *name) {
    g_auto(GStrv) lines = g_strsplit(response->headers->str, "\r\n", -1);
    size_t len = strlen(name);
    for (size_t i = 0; lines[i]; i++)
        if (g_ascii_strncasecmp(lines[i], name, len) == 0 && lines[i][len] == ':')
            return g_strdup(g_strstrip(lines[i] + len + 1));
    return NULL;
}

/* `type` and `body` are NULL for a request without one; `extra` is NULL or one more header. */
static inline Response request_with(Service *service, const char *method, const char *path,
                                    const char *type, const char *body, size_t body_len,
                                    const char *extra) {
    Response response = {.body = g_string_new(NULL), .headers = g_string_new(NULL)};
    g_autofree char *url = g_strconcat(service->url, path, NULL);
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    g_autofree char *content_type = g_strconcat("Content-Type:", type ? " " : "", type, NULL);
    headers = curl_slist_append(headers, content_type);
    if (extra) headers = curl_slist_append(headers, extra);
    g_autofree char *bearer = g_strconcat("Authorization: Bearer ", service->token, NULL);
    if (service->token) headers = curl_slist_append(headers, bearer);
    CURL *curl = service->curl;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_len);
    }
    if (strcmp(method, "HEAD") == 0) curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, response_take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, response.body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, response_take);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, response.headers);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &response.status);
    curl_slist_free_all(headers);
    return response;
}

static inline Response request(Service *service, const char *method, const char *path,
                               const char *body) {
    return request_with(service, method, path, body ? "application/json" : NULL, body,
                        body ? strlen(body) : 0, NULL);
}

static inline Response post_lines(Service *service, const char *path, const char *body,
                                  size_t len) {
    return request_with(service, "POST", path, "application/x-ndjson", body, len, NULL);
}
