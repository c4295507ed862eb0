/* The HTTP API as a client sees it: the real binary, over a socket. Every answer is held against
 * openapi.json, and every documented answer that can be provoked from outside is. */
#include "base/json.h"
#include "serve/service.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

static World *world;

static const char *transaction(guint i) {
    return world->transactions->pdata[i];
}

static const char *label(guint i) {
    return world->labels->pdata[i];
}

/* Against the description */

typedef struct Api {
    JsonParser *parser, *body_parser;
    JsonValue root;
    GHashTable *seen; /* "post /v1/labels 404" */
} Api;

static JsonValue member(JsonValue object, const char *name) {
    JsonValue value;
    if (!json_member(object, name, &value)) g_error("no member '%s'", name);
    return value;
}

static JsonValue resolve(const Api *api, JsonValue schema) {
    JsonValue ref;
    if (!json_member(schema, "$ref", &ref)) return schema;
    g_autofree char *path = g_strndup(json_get_str(ref).data, json_get_str(ref).len);
    JsonValue schemas = member(member(api->root, "components"), "schemas");
    return member(schemas, strrchr(path, '/') + 1);
}

static bool has_type(JsonValue value, Str type) {
    switch (json_type(value)) {
    case JSON_NULL:
        return str_equal(type, STR("null"));
    case JSON_BOOL:
        return str_equal(type, STR("boolean"));
    case JSON_INT:
    case JSON_UINT:
        return str_equal(type, STR("integer")) || str_equal(type, STR("number"));
    case JSON_DOUBLE:
        return str_equal(type, STR("number"));
    case JSON_STRING:
        return str_equal(type, STR("string"));
    case JSON_ARRAY:
        return str_equal(type, STR("array"));
    case JSON_OBJECT:
        return str_equal(type, STR("object"));
    }
    return false;
}

typedef struct Choice {
    JsonValue value;
    bool found;
} Choice;

static bool try_type(Str key, JsonValue type, void *data) {
    (void)key;
    Choice *choice = data;
    choice->found |= has_type(choice->value, json_get_str(type));
    return true;
}

static bool try_enum(Str key, JsonValue word, void *data) {
    (void)key;
    Choice *choice = data;
    choice->found |= str_equal(json_get_str(choice->value), json_get_str(word));
    return true;
}

typedef struct Walk {
    const Api *api;
    JsonValue schema, value;
} Walk;

static void validate(const Api *api, JsonValue schema, JsonValue value);

static bool check_required(Str key, JsonValue name, void *data) {
    (void)key;
    Walk *walk = data;
    g_autofree char *text = g_strndup(json_get_str(name).data, json_get_str(name).len);
    member(walk->value, text);
    return true;
}

static bool check_property(Str key, JsonValue value, void *data) {
    Walk *walk = data;
    g_autofree char *name = g_strndup(key.data, key.len);
    JsonValue schema;
    if (!json_member(walk->schema, name, &schema)) g_error("'%s' is not documented", name);
    validate(walk->api, schema, value);
    return true;
}

static bool check_element(Str key, JsonValue value, void *data) {
    (void)key;
    Walk *walk = data;
    validate(walk->api, walk->schema, value);
    return true;
}

static void validate(const Api *api, JsonValue schema, JsonValue value) {
    schema = resolve(api, schema);
    JsonValue rule;
    Choice choice = {.value = value};
    if (json_member(schema, "type", &rule)) {
        if (json_type(rule) == JSON_STRING)
            choice.found = has_type(value, json_get_str(rule));
        else
            json_each(rule, try_type, &choice);
        g_assert_true(choice.found);
        if (json_type(value) == JSON_NULL) return;
    }
    choice.found = false;
    if (json_member(schema, "enum", &rule)) {
        json_each(rule, try_enum, &choice);
        g_assert_true(choice.found);
    }
    Walk walk = {.api = api, .schema = schema, .value = value};
    if (json_member(schema, "required", &rule)) json_each(rule, check_required, &walk);
    if (json_member(schema, "properties", &walk.schema)) json_each(value, check_property, &walk);
    if (json_member(schema, "items", &walk.schema)) json_each(value, check_element, &walk);
}

/* An answer to `path` of the description must be documented with its status, media type and
 * shape. */
static void check_documented(Api *api, const char *method, const char *path,
                             const Response *response) {
    char status[8];
    g_snprintf(status, sizeof status, "%ld", response->status);
    g_autofree char *verb = g_ascii_strdown(method, -1);
    JsonValue answers = member(member(member(member(api->root, "paths"), path), verb), "responses");
    JsonValue content = member(member(answers, status), "content");
    g_autofree char *type = response_header(response, "Content-Type");
    g_assert_nonnull(type);
    type[strcspn(type, ";")] = '\0';
    JsonValue schema = member(member(content, type), "schema"), value;
    if (g_str_has_suffix(type, "json") && !g_str_has_suffix(type, "x-ndjson")) {
        const char *message = NULL;
        if (!json_parse(api->body_parser, response->body->str, response->body->len, &value,
                        &message))
            g_error("%s: %s", path, message);
        validate(api, schema, value);
    }
    g_hash_table_add(api->seen, g_strdup_printf("%s %s %s", verb, path, status));
}

static void api_open(Api *api, Service *service) {
    *api = (Api){.parser = json_parser_new(1 << 20), .body_parser = json_parser_new(1 << 20)};
    api->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Response response = request(service, "GET", "/openapi.json", NULL);
    g_assert_cmpint(response.status, ==, 200);
    const char *message;
    g_assert_true(
        json_parse(api->parser, response.body->str, response.body->len, &api->root, &message));
    response_clear(&response);
}

static void api_close(Api *api) {
    json_parser_free(api->parser);
    json_parser_free(api->body_parser);
    g_hash_table_unref(api->seen);
}

/* One call: its status must be as expected and its answer as documented. */
static void call(Api *api, Service *service, const char *method, const char *template,
                 const char *path, const char *type, const char *body, long status) {
    Response response =
        request_with(service, method, path, type, body, body ? strlen(body) : 0, NULL);
    if (response.status != status)
        g_error("%s %s: %ld %s", method, path, response.status, response.body->str);
    check_documented(api, method, template, &response);
    response_clear(&response);
}

static bool note_operation(Str verb, JsonValue operation, void *data) {
    (void)operation;
    g_ptr_array_add(data, g_strndup(verb.data, verb.len));
    return true;
}

typedef struct Operations {
    Api *api;
    Service *service;
    const char *header; /* that each request carries */
    long status;        /* that each must get, unless it is documented as open */
} Operations;

/* A string member of a body; the caller frees. */
static char *string_member(const GString *body, const char *name) {
    JsonParser *parser = json_parser_new(1 << 20);
    JsonValue root;
    const char *message;
    if (!json_parse(parser, body->str, body->len, &root, &message)) g_error("%s", body->str);
    const Str text = json_get_str(member(root, name));
    char *copy = g_strndup(text.data, text.len);
    json_parser_free(parser);
    return copy;
}

/* Calls every operation of a path, whose parameters are filled with "x". */
static bool call_path(Str key, JsonValue path, void *data) {
    Operations *all = data;
    g_autofree char *template = g_strndup(key.data, key.len);
    g_autoptr(GRegex) parameter = g_regex_new("\\{[a-z_]+\\}", 0, 0, NULL);
    g_autofree char *url = g_regex_replace_literal(parameter, template, -1, 0, "x", 0, NULL);
    g_autoptr(GPtrArray) verbs = g_ptr_array_new_with_free_func(g_free);
    json_each(path, note_operation, verbs);
    for (guint i = 0; i < verbs->len; i++) {
        JsonValue security;
        bool open = json_member(member(path, verbs->pdata[i]), "security", &security);
        if (open && (all->status == 401 || all->status == 429)) continue;
        g_autofree char *method = g_ascii_strup(verbs->pdata[i], -1);
        if (all->status == 403 && strcmp(method, "GET") == 0) continue; /* changes nothing */
        bool post = strcmp(method, "POST") == 0;
        Response response =
            request_with(all->service, method, url, post ? "application/json" : NULL,
                         post ? "{}" : NULL, post ? 2 : 0, all->header);
        g_assert_cmpint(response.status, ==, all->status);
        check_documented(all->api, method, template, &response);
        response_clear(&response);
    }
    return true;
}

static const char json_type_name[] = "application/json";
static const char ndjson_type_name[] = "application/x-ndjson";

static void call_records(Api *api, Service *service) {
    static const char *const paths[] = {"/v1/transactions", "/v1/labels"};
    g_autofree char *large = g_strnfill((64 << 10) + 1, ' ');
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        const char *path = paths[i], *good = i == 0 ? transaction(0) : label(0);
        call(api, service, "POST", path, path, json_type_name, good, 200);
        call(api, service, "POST", path, path, json_type_name, good, 200);
        call(api, service, "POST", path, path, ndjson_type_name, good, 200);
        call(api, service, "POST", path, path, json_type_name, "{\"trans_num\":", 400);
        call(api, service, "POST", path, path, json_type_name, "[1,2]", 400);
        call(api, service, "POST", path, path, json_type_name, "", 400);
        call(api, service, "POST", path, path, json_type_name, "{\"trans_num\":\"a b\"}", 422);
        call(api, service, "POST", path, path, json_type_name, large, 413);
        call(api, service, "POST", path, path, "text/plain", good, 415);
        call(api, service, "POST", path, path, NULL, good, 415);
    }
    call(api, service, "POST", paths[1], paths[1], json_type_name,
         "{\"trans_num\":\"unheard-of\",\"is_fraud\":1}", 404);
}

/* The value of a string member of a transaction's JSON; the caller frees. */
static char *field(guint i, const char *name) {
    JsonParser *parser = json_parser_new(1 << 16);
    JsonValue value;
    const char *message;
    g_assert_true(json_parse(parser, transaction(i), strlen(transaction(i)), &value, &message));
    Str text = json_get_str(member(value, name));
    char *copy = g_strndup(text.data, text.len);
    json_parser_free(parser);
    return copy;
}

static void call_questions(Api *api, Service *service) {
    g_autofree char *card = field(0, "cc_num"), *merchant = field(0, "merchant");
    g_autofree char *escaped = g_uri_escape_string(merchant, NULL, FALSE);
    g_autofree char *one = g_strconcat("/v1/transactions/", world->numbers->pdata[0], NULL);
    g_autofree char *of_card = g_strconcat("/v1/cards/", card, NULL);
    g_autofree char *of_merchant = g_strconcat("/v1/merchants/", escaped, NULL);
    static const char list[] = "/v1/transactions", number[] = "/v1/transactions/{trans_num}";
    static const char cards[] = "/v1/cards/{card}", merchants[] = "/v1/merchants/{name}";
    call(api, service, "GET", list, list, NULL, NULL, 200);
    call(api, service, "GET", list, "/v1/transactions?limit=1&decision=decline", NULL, NULL, 200);
    call(api, service, "GET", list, "/v1/transactions?limit=0", NULL, NULL, 400);
    call(api, service, "GET", list, "/v1/transactions?limit=501", NULL, NULL, 400);
    call(api, service, "GET", list, "/v1/transactions?decision=maybe", NULL, NULL, 400);
    call(api, service, "GET", "/v1/board", "/v1/board?window=2h", NULL, NULL, 400);
    call(api, service, "GET", number, one, NULL, NULL, 200);
    call(api, service, "GET", number, "/v1/transactions/unheard-of", NULL, NULL, 404);
    call(api, service, "GET", "/v1/models/live", "/v1/models/live", NULL, NULL, 404);
    call(api, service, "GET", "/v1/models", "/v1/models", NULL, NULL, 404); /* no registry */
    call(api, service, "GET", cards, of_card, NULL, NULL, 200);
    call(api, service, "GET", cards, "/v1/cards/4999999999999999", NULL, NULL, 404);
    call(api, service, "GET", cards, "/v1/cards/none", NULL, NULL, 400);
    call(api, service, "GET", merchants, of_merchant, NULL, NULL, 200);
    call(api, service, "GET", merchants, "/v1/merchants/nobody", NULL, NULL, 404);
    static const char *const simple[] = {"/v1/stats", "/v1/board", "/v1/drift",     "/metrics",
                                         "/healthz",  "/readyz",   "/openapi.json", "/"};
    for (size_t i = 0; i < G_N_ELEMENTS(simple); i++)
        call(api, service, "GET", simple[i], simple[i], NULL, NULL, 200);
}

/* Questions about surroundings: what is wrong with each is said, and no number is. */

static const char *const explore_paths[] = {"/v1/graph/neighbourhood", "/v1/graph/paths",
                                            "/v1/graph/ring"};

static void ask(Api *api, Service *service, const char *path, const char *body, long status) {
    call(api, service, "POST", path, path, json_type_name, body, status);
}

static void ask_wrongly(Api *api, Service *service, const char *path) {
    static const char *const wrong[] = {
        "{}",
        "{\"of\":7}",
        "{\"of\":\"card:\",\"from\":\"card:\"}",
        "{\"of\":\"card:41x1\",\"from\":\"card:41x1\"}",
        "{\"of\":\"merchant:\",\"from\":\"merchant:\"}",
        "{\"of\":\"4111\",\"from\":\"4111\"}",
        "{\"of\":\"card:99999999999999999999\"}",
        "{\"of\":\"merchant:x\",\"from\":\"merchant:x\",\"unheard_of\":1}",
    };
    g_autofree char *large = g_strnfill((64 << 10) + 1, ' ');
    g_autofree char *name = g_strnfill(257, 'x');
    g_autofree char *named = g_strdup_printf("{\"of\":\"merchant:%s\"}", name);
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
        ask(api, service, path, wrong[i], 422);
    ask(api, service, path, named, 422);
    ask(api, service, path, "", 400);
    ask(api, service, path, "{\"of\":", 400);
    ask(api, service, path, "[]", 400);
    ask(api, service, path, large, 413);
    call(api, service, "POST", path, path, "text/plain", "{}", 415);
    call(api, service, "POST", path, path, ndjson_type_name, "{}", 415);
}

static void ask_out_of_range(Api *api, Service *service, const char *card) {
    static const char *const ranges[][2] = {
        {"/v1/graph/neighbourhood", "{\"of\":\"card:%s\",\"steps\":3}"},
        {"/v1/graph/neighbourhood", "{\"of\":\"card:%s\",\"steps\":0}"},
        {"/v1/graph/neighbourhood", "{\"of\":\"card:%s\",\"limit\":201}"},
        {"/v1/graph/neighbourhood", "{\"of\":\"card:%s\",\"limit\":18446744073709551615}"},
        {"/v1/graph/neighbourhood", "{\"of\":\"card:%s\",\"limit\":-1}"},
        {"/v1/graph/neighbourhood", "{\"of\":\"card:%s\",\"limit\":2.5}"},
        {"/v1/graph/neighbourhood", "{\"of\":\"card:%s\",\"limit\":\"10\"}"},
        {"/v1/graph/paths", "{\"from\":\"card:%s\"}"},
        {"/v1/graph/paths", "{\"from\":\"card:%s\",\"to_fraud\":false}"},
        {"/v1/graph/paths", "{\"from\":\"card:%s\",\"to_fraud\":1}"},
        {"/v1/graph/paths", "{\"from\":\"card:%s\",\"to_fraud\":true,\"to\":\"merchant:x\"}"},
        {"/v1/graph/paths", "{\"from\":\"card:%s\",\"to\":\"x\"}"},
        {"/v1/graph/paths", "{\"from\":\"card:%s\",\"to_fraud\":true,\"length\":7}"},
        {"/v1/graph/paths", "{\"from\":\"card:%s\",\"to_fraud\":true,\"limit\":101}"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++) {
        g_auto(GStrv) parts = g_strsplit(ranges[i][1], "%s", 2);
        g_autofree char *body = g_strjoinv(card, parts);
        ask(api, service, ranges[i][0], body, 422);
    }
    g_autofree char *same =
        g_strdup_printf("{\"from\":\"card:%s\",\"to\":\"card:0%s\"}", card, card);
    ask(api, service, explore_paths[1], same, 422);
}

/* A card by a transaction of it, and by what an answer refers to it by: the same as by its number.
 */
static void ask_by_other_names(Api *api, Service *service, const char *of_card) {
    static const char mark[] = "\"ref\":\"";
    g_autofree char *number = field(0, "trans_num");
    g_autofree char *by_transaction = g_strdup_printf("{\"of\":\"transaction:%s\"}", number);
    Response by_number = request(service, "POST", explore_paths[0], of_card);
    const char *ref = strstr(by_number.body->str, mark);
    g_assert_nonnull(ref);
    g_autofree char *by_ref = g_strdup_printf("{\"of\":\"card_ref:%.16s\"}", ref + strlen(mark));
    const char *const others[] = {by_transaction, by_ref};
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        Response response = request(service, "POST", explore_paths[0], others[i]);
        g_assert_cmpint(response.status, ==, 200);
        g_assert_cmpstr(response.body->str, ==, by_number.body->str);
        response_clear(&response);
        ask(api, service, explore_paths[2], others[i], 200);
    }
    g_autofree char *back = g_strdup_printf(
        "{\"from\":\"transaction:%s\",\"to\":\"card_ref:%.16s\"}", number, ref + strlen(mark));
    ask(api, service, explore_paths[1], back, 422);
    ask(api, service, explore_paths[0], "{\"of\":\"transaction:unheard-of\"}", 404);
    ask(api, service, explore_paths[0], "{\"of\":\"card_ref:0123456789abcdef\"}", 404);
    ask(api, service, explore_paths[0], "{\"of\":\"card_ref:0123\"}", 422);
    response_clear(&by_number);
}

static void call_explore(Api *api, Service *service) {
    g_autofree char *card = field(0, "cc_num"), *merchant = field(0, "merchant");
    g_autofree char *of_card = g_strdup_printf("{\"of\":\"card:%s\"}", card);
    g_autofree char *of_merchant =
        g_strdup_printf("{\"of\":\"merchant:%s\",\"steps\":1,\"limit\":200}", merchant);
    g_autofree char *paths =
        g_strdup_printf("{\"from\":\"card:%s\",\"to\":\"merchant:%s\"}", card, merchant);
    g_autofree char *frauds = g_strdup_printf(
        "{\"from\":\"card:%s\",\"to_fraud\":true,\"length\":6,\"limit\":100}", card);
    for (size_t i = 0; i < G_N_ELEMENTS(explore_paths); i++)
        ask_wrongly(api, service, explore_paths[i]);
    ask_out_of_range(api, service, card);
    ask(api, service, explore_paths[0], of_card, 200);
    ask(api, service, explore_paths[0], of_merchant, 200);
    ask(api, service, explore_paths[1], paths, 200);
    ask(api, service, explore_paths[1], frauds, 200);
    ask(api, service, explore_paths[2], of_card, 200);
    ask_by_other_names(api, service, of_card);
    static const char unknown[] = "{\"of\":\"card:4999999999999999\"}";
    g_autofree char *to_nobody =
        g_strdup_printf("{\"from\":\"card:%s\",\"to\":\"merchant:nobody\"}", card);
    ask(api, service, explore_paths[0], unknown, 404);
    ask(api, service, explore_paths[1], to_nobody, 404);
    ask(api, service, explore_paths[2], "{\"of\":\"merchant:nobody\"}", 404);
}

/* What cannot be brought about from outside, or has a test of its own below. */
static bool is_excused(const char *operation) {
    return g_str_has_suffix(operation, " 500") || g_str_has_suffix(operation, " 503") ||
           strcmp(operation, "get /v1/stream 200") == 0;
}

/* The desk */

static bool take_first(Str key, JsonValue value, void *data) {
    (void)key;
    *(JsonValue *)data = value;
    return false;
}

/* The number of the first alert among the transactions; the caller frees. */
static char *find_an_alert(Api *api, Service *service) {
    g_autoptr(GString) body = g_string_new(NULL);
    for (guint i = 0; i < 500; i++)
        g_string_append_printf(body, "%s\n", transaction(i));
    Response sent = post_lines(service, "/v1/transactions", body->str, body->len);
    g_assert_cmpint(sent.status, ==, 200);
    response_clear(&sent);
    Response response = request(service, "GET", "/v1/alerts?limit=1", NULL);
    const char *message;
    JsonValue root, first;
    g_assert_true(
        json_parse(api->body_parser, response.body->str, response.body->len, &root, &message));
    const JsonValue alerts = member(root, "alerts");
    g_assert_cmpuint(json_count(alerts), ==, 1);
    json_each(alerts, take_first, &first);
    const Str number = json_get_str(member(first, "trans_num"));
    char *copy = g_strndup(number.data, number.len);
    response_clear(&response);
    return copy;
}

static void call_changes_of(Api *api, Service *service, const char *path, const char *at,
                            const char *good) {
    g_autofree char *large = g_strnfill((64 << 10) + 1, ' ');
    g_autofree char *with = g_strconcat(at, "?limit=1", NULL);
    const char *const json = json_type_name;
    call(api, service, "POST", path, at, json, good, 200);
    call(api, service, "POST", path, at, json, "[]", 400);
    call(api, service, "POST", path, at, json, "", 400);
    call(api, service, "POST", path, with, json, good, 400);
    call(api, service, "POST", path, at, json, "{\"unheard_of\":1}", 422);
    call(api, service, "POST", path, at, json, large, 413);
    call(api, service, "POST", path, at, "text/plain", good, 415);
    call(api, service, "POST", path, at, ndjson_type_name, good, 415);
}

static void call_desk(Api *api, Service *service) {
    static const char list[] = "/v1/alerts", one[] = "/v1/alerts/{trans_num}";
    static const char card[] = "/v1/transactions/{trans_num}/card";
    static const char history[] = "/v1/transactions/{trans_num}/card_history";
    static const char audit[] = "/v1/audit";
    g_autofree char *number = find_an_alert(api, service);
    g_autofree char *at = g_strconcat("/v1/alerts/", number, NULL);
    g_autofree char *odd = g_strconcat(at, "?limit=1", NULL);
    g_autofree char *card_at = g_strconcat("/v1/transactions/", number, "/card", NULL);
    g_autofree char *history_at = g_strconcat("/v1/transactions/", number, "/card_history", NULL);
    g_autofree char *history_odd = g_strconcat(history_at, "?limit=0", NULL);
    call(api, service, "GET", list, "/v1/alerts?status=all&limit=3&order=score", NULL, NULL, 200);
    call(api, service, "GET", list, "/v1/alerts?status=closed", NULL, NULL, 400);
    call(api, service, "GET", one, at, NULL, NULL, 200);
    call(api, service, "GET", one, odd, NULL, NULL, 400);
    call(api, service, "GET", one, "/v1/alerts/unheard-of", NULL, NULL, 404);
    call_changes_of(api, service, one, at,
                    "{\"status\":\"in_review\",\"assignee\":\"kim\",\"note\":\"called\"}");
    call(api, service, "POST", one, at, json_type_name,
         "{\"status\":\"fraud\",\"expected\":{\"assignee\":null}}", 409);
    call(api, service, "POST", one, at, json_type_name, "{\"status\":\"fraud\"}", 200);
    call(api, service, "POST", one, "/v1/alerts/unheard-of", json_type_name,
         "{\"status\":\"fraud\"}", 404);
    call(api, service, "GET", list, "/v1/alerts?status=fraud", NULL, NULL, 200);
    call_changes_of(api, service, card, card_at, "{}");
    call(api, service, "POST", card, "/v1/transactions/unheard-of/card", json_type_name, "{}", 404);
    call(api, service, "GET", history, history_at, NULL, NULL, 200);
    call(api, service, "GET", history, history_odd, NULL, NULL, 400);
    call(api, service, "GET", history, "/v1/transactions/unheard-of/card_history", NULL, NULL, 404);
    call(api, service, "GET", audit, "/v1/audit?limit=2", NULL, NULL, 200);
    call(api, service, "GET", audit, "/v1/audit?before=0", NULL, NULL, 400);
    call(api, service, "GET", "/v1/people", "/v1/people", NULL, NULL, 200);
}

typedef struct Uncovered {
    Api *api;
    const char *path, *verb;
} Uncovered;

static bool status_was_seen(Str status, JsonValue answer, void *data) {
    (void)answer;
    Uncovered *at = data;
    g_autofree char *operation =
        g_strdup_printf("%s %s %.*s", at->verb, at->path, (int)status.len, status.data);
    if (!g_hash_table_contains(at->api->seen, operation) && !is_excused(operation))
        g_error("documented but not seen: %s", operation);
    return true;
}

static bool verb_was_seen(Str verb, JsonValue operation, void *data) {
    Uncovered *at = data;
    g_autofree char *text = g_strndup(verb.data, verb.len);
    at->verb = text;
    json_each(member(operation, "responses"), status_was_seen, at);
    return true;
}

static bool path_was_seen(Str path, JsonValue operations, void *data) {
    g_autofree char *text = g_strndup(path.data, path.len);
    Uncovered at = {.api = data, .path = text};
    json_each(operations, verb_was_seen, &at);
    return true;
}

static char *write_token(const char *name, const char *text, mode_t mode) {
    char *path = world_path(world, name);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(chmod(path, mode), ==, 0);
    return path;
}

/* Between Kafka topics, whose brokers need not be there for it: no records over HTTP, and no state
 * to ask for yet. */
static void call_without_brokers(Api *api) {
    g_autofree char *data = world_path(world, "brokerless");
    Service service =
        service_start(world->model, data, (const char *[]){"--kafka", "127.0.0.1:1", NULL});
    call(api, &service, "POST", "/v1/transactions", "/v1/transactions", json_type_name, "{}", 409);
    call(api, &service, "POST", "/v1/labels", "/v1/labels", json_type_name, "{}", 409);
    call(api, &service, "GET", "/readyz", "/readyz", NULL, NULL, 503);
    call(api, &service, "GET", "/v1/stats", "/v1/stats", NULL, NULL, 200);
    call(api, &service, "GET", "/metrics", "/metrics", NULL, NULL, 200);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* A challenger follows in the shadow; the first look at the folders is soon after the start. */
static void call_with_challenger(Api *api) {
    g_autofree char *data = world_path(world, "challenged"), *other = world_path(world, "other");
    g_autofree char *train = world_path(world, "fraudTrain.csv");
    run_command("train", "xgboost", "--train", train, "--out", other, "--param", "num_round=3",
                NULL);
    Service service =
        service_start(world->model, data, (const char *[]){"--challenger", other, NULL});
    for (int i = 0; i < 200; i++) {
        Response response = request(&service, "GET", "/v1/models/live", NULL);
        const bool follows = response.status == 200;
        response_clear(&response);
        if (follows) break;
        g_usleep(50000);
    }
    call(api, &service, "GET", "/v1/models/live", "/v1/models/live", NULL, NULL, 200);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* The versions of a registry, the latest first. */
static GPtrArray *versions_of(const char *registry) {
    g_autofree char *shelf = g_build_filename(registry, "xgboost", NULL);
    GPtrArray *versions = g_ptr_array_new_with_free_func(g_free);
    GDir *entries = g_dir_open(shelf, 0, NULL);
    for (const char *name; (name = g_dir_read_name(entries)) != NULL;)
        if (g_str_has_prefix(name, "2")) g_ptr_array_add(versions, g_strdup(name));
    g_dir_close(entries);
    g_assert_cmpuint(versions->len, ==, 2);
    return versions;
}

static void call_changes(Api *api, Service *service, const char *one, const char *two) {
    static const char promote[] = "/v1/models/{name}/{version}/promote";
    static const char back[] = "/v1/models/{name}/rollback", undo[] = "/v1/models/xgboost/rollback";
    static const char version[] = "/v1/models/{name}/{version}";
    g_autofree char *path1 = g_strconcat("/v1/models/xgboost/", one, NULL);
    g_autofree char *path2 = g_strconcat("/v1/models/xgboost/", two, NULL);
    g_autofree char *up1 = g_strconcat(path1, "/promote", NULL);
    g_autofree char *up2 = g_strconcat(path2, "/promote", NULL);
    g_autofree char *forced = g_strconcat(path1, "?force=true", NULL);
    g_autofree char *unsure = g_strconcat(path1, "?force=yes", NULL);
    g_autofree char *large = g_strnfill((64 << 10) + 1, ' ');
    const char *const json = json_type_name;
    call(api, service, "POST", back, undo, json, "{}", 409);
    call(api, service, "POST", back, "/v1/models/nobody/rollback", json, "{}", 404);
    call(api, service, "POST", promote, up1, json, "{}", 200);
    call(api, service, "POST", promote, up1, json, "{\"as\":\"challenger\"}", 409);
    call(api, service, "POST", promote, up2, json, "{\"as\":\"challenger\"}", 200);
    call(api, service, "POST", promote, up2, json, "{\"as\":\"champion\"}", 200);
    call(api, service, "POST", promote, "/v1/models/xgboost/x/promote", json, "{}", 404);
    call(api, service, "POST", back, undo, json, "{\"as\":\"champion\"}", 200);
    for (int i = 0; i < 2; i++) {
        const char *const template = i ? promote : back, *const path = i ? up1 : undo;
        call(api, service, "POST", template, path, json, "[]", 400);
        call(api, service, "POST", template, path, json, "", 400);
        call(api, service, "POST", template, path, json, "{\"as\":\"latest\"}", 422);
        call(api, service, "POST", template, path, json, "{\"to\":\"champion\"}", 422);
        call(api, service, "POST", template, path, json, large, 413);
        call(api, service, "POST", template, path, "text/plain", "{}", 415);
        call(api, service, "POST", template, path, ndjson_type_name, "{}", 415);
        call(api, service, "POST", template, path, NULL, "{}", 415);
    }
    call(api, service, "DELETE", version, path1, NULL, NULL, 409);
    call(api, service, "DELETE", version, unsure, NULL, NULL, 400);
    call(api, service, "DELETE", version, path2, NULL, NULL, 200);
    call(api, service, "DELETE", version, path2, NULL, NULL, 404);
    call(api, service, "DELETE", version, forced, NULL, NULL, 200);
}

static void call_models(Api *api) {
    g_autofree char *data = world_path(world, "librarian"), *registry = world_path(world, "models");
    g_autofree char *train = world_path(world, "fraudTrain.csv");
    for (int i = 0; i < 2; i++)
        run_command("train", "xgboost", "--train", train, "--models", registry, "--param",
                    i ? "num_round=2" : "num_round=3", NULL);
    g_autoptr(GPtrArray) versions = versions_of(registry);
    const char *one = versions->pdata[0], *two = versions->pdata[1];
    static const char list[] = "/v1/models", compare[] = "/v1/models/compare";
    static const char version[] = "/v1/models/{name}/{version}";
    static const char file[] = "/v1/models/{name}/{version}/files/{file}";
    g_autofree char *path = g_strconcat("/v1/models/xgboost/", one, NULL);
    g_autofree char *report = g_strconcat(path, "/files/report.json", NULL);
    g_autofree char *picture = g_strconcat(path, "/files/roc.png", NULL);
    g_autofree char *both =
        g_strdup_printf("/v1/models/compare?models=xgboost/%s,xgboost/%s", one, two);
    Service service =
        service_start(world->model, data, (const char *[]){"--models", registry, NULL});
    call(api, &service, "GET", list, list, NULL, NULL, 200);
    call(api, &service, "GET", list, "/v1/models?name=xgboost", NULL, NULL, 200);
    call(api, &service, "GET", list, "/v1/models?name=nobody", NULL, NULL, 404);
    call(api, &service, "GET", compare, both, NULL, NULL, 200);
    call(api, &service, "GET", compare, compare, NULL, NULL, 400);
    call(api, &service, "GET", compare, "/v1/models/compare?models=a,b", NULL, NULL, 404);
    call(api, &service, "GET", version, path, NULL, NULL, 200);
    call(api, &service, "GET", version, "/v1/models/xgboost/latest", NULL, NULL, 200);
    call(api, &service, "GET", version, "/v1/models/xgboost/champion", NULL, NULL, 404);
    call(api, &service, "GET", version, "/v1/models/xgboost/2", NULL, NULL, 404);
    call(api, &service, "GET", file, report, NULL, NULL, 200);
    call(api, &service, "GET", file, picture, NULL, NULL, 200);
    g_autofree char *unlisted = g_strconcat(path, "/files/history.jsonl", NULL);
    call(api, &service, "GET", file, unlisted, NULL, NULL, 404);
    call_changes(api, &service, one, two);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* Pipelines: `quick` ends at once, `slow` waits for a service that is not there. */

static char *write_pipelines(void) {
    char *data = world_path(world, "piped");
    g_autofree char *file = g_build_filename(data, "pipelines.conf", NULL);
    g_autofree char *text = g_strdup_printf(
        "[quick]\ndescription=d\nargument.word=\n[quick/s]\nrun=data check ${word}\n"
        "[slow]\ndescription=d\nschedule=0 0 1 1 *\n"
        "[slow/s]\nrun=stream %s/fraudTest.csv --to http://127.0.0.1:1 --rate 1\n",
        world->dir);
    g_assert_cmpint(g_mkdir(data, 0700), ==, 0);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    return data;
}

/* Runs the pipeline; the path of its run, which the caller frees. */
static char *run_pipeline(Api *api, Service *service, const char *name, const char *body) {
    static const char template[] = "/v1/pipelines/{name}/run";
    g_autofree char *path = g_strdup_printf("/v1/pipelines/%s/run", name);
    Response response = request(service, "POST", path, body);
    if (response.status != 202) g_error("%s: %s", path, response.body->str);
    check_documented(api, "POST", template, &response);
    g_autofree char *id = string_member(response.body, "id");
    response_clear(&response);
    return g_strconcat("/v1/pipelines/runs/", id, NULL);
}

/* Waits until the run's state is one of `states` ("failed,cancelled"), for up to a minute. */
static void wait_for_state(Service *service, const char *run, const char *states) {
    g_auto(GStrv) any = g_strsplit(states, ",", -1);
    for (int i = 0; i < 1200; i++) {
        Response response = request(service, "GET", run, NULL);
        g_autofree char *state = string_member(response.body, "state");
        response_clear(&response);
        if (g_strv_contains((const char *const *)any, state)) return;
        g_usleep(50000);
    }
    g_error("%s is not %s", run, states);
}

static void change_pipelines_wrongly(Api *api, Service *service) {
    static const char *const changes[][3] = {
        {"/v1/pipelines/{name}/run", "/v1/pipelines/quick/run", "{\"arguments\":[]}"},
        {"/v1/pipelines/runs/{id}/cancel", "/v1/pipelines/runs/x/cancel", "{\"arguments\":{}}"},
        {"/v1/pipelines/runs/{id}/resume", "/v1/pipelines/runs/x/resume", "{\"x\":1}"},
    };
    g_autofree char *large = g_strnfill((64 << 10) + 1, ' ');
    for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
        const char *const template = changes[i][0], *const path = changes[i][1];
        call(api, service, "POST", template, path, json_type_name, changes[i][2], 422);
        call(api, service, "POST", template, path, json_type_name, "[]", 400);
        call(api, service, "POST", template, path, json_type_name, "", 400);
        call(api, service, "POST", template, path, json_type_name, large, 413);
        call(api, service, "POST", template, path, ndjson_type_name, "{}", 415);
        call(api, service, "POST", template, path, NULL, "{}", 415);
        if (i > 0) call(api, service, "POST", template, path, json_type_name, "{}", 404);
    }
    static const char *const wrong[] = {"{}",
                                        "{\"arguments\":{\"word\":1}}",
                                        "{\"arguments\":{\"word\":\"--x\"}}",
                                        "{\"arguments\":{\"word\":\"a\\u0000b\"}}",
                                        "{\"arguments\":{\"w\":\"a\"}}",
                                        "{\"arguments\":{\"word\":\"4111-1111-1111-1111\"}}",
                                        "{\"word\":\"a\"}"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
        call(api, service, "POST", changes[0][0], changes[0][1], json_type_name, wrong[i], 422);
    call(api, service, "POST", changes[0][0], "/v1/pipelines/none/run", json_type_name, "{}", 404);
}

static void call_ended_run(Api *api, Service *service, const char *run) {
    static const char log[] = "/v1/pipelines/runs/{id}/steps/{step}/log";
    g_autofree char *from = g_strconcat(run, "/steps/s/log?from=3", NULL);
    g_autofree char *beyond = g_strconcat(run, "/steps/s/log?from=9999999", NULL);
    g_autofree char *odd = g_strconcat(run, "/steps/s/log?from=-1", NULL);
    g_autofree char *none = g_strconcat(run, "/steps/t/log", NULL);
    g_autofree char *cancel = g_strconcat(run, "/cancel", NULL);
    call(api, service, "GET", "/v1/pipelines/runs/{id}", run, NULL, NULL, 200);
    call(api, service, "GET", log, from, NULL, NULL, 200);
    call(api, service, "GET", log, beyond, NULL, NULL, 200);
    call(api, service, "GET", log, odd, NULL, NULL, 400);
    call(api, service, "GET", log, none, NULL, NULL, 404);
    call(api, service, "POST", "/v1/pipelines/runs/{id}/cancel", cancel, json_type_name, "{}", 409);
}

/* As many as there may be; cancelled, one is resumed. */
static void call_with_many_runs(Api *api, Service *service) {
    enum { RUNS = 8 };
    static const char cancel[] = "/v1/pipelines/runs/{id}/cancel";
    static const char resume[] = "/v1/pipelines/runs/{id}/resume";
    char *runs[RUNS];
    for (int i = 0; i < RUNS; i++)
        runs[i] = run_pipeline(api, service, "slow", "{}");
    call(api, service, "POST", "/v1/pipelines/{name}/run", "/v1/pipelines/slow/run", json_type_name,
         "{}", 409);
    for (int i = 0; i < RUNS; i++) {
        g_autofree char *end = g_strconcat(runs[i], "/cancel", NULL);
        call(api, service, "POST", cancel, end, json_type_name, "{}", 202);
    }
    for (int i = 0; i < RUNS; i++)
        wait_for_state(service, runs[i], "cancelled");
    g_autofree char *again = g_strconcat(runs[0], "/resume", NULL);
    g_autofree char *end = g_strconcat(runs[0], "/cancel", NULL);
    call(api, service, "POST", resume, again, json_type_name, "{}", 202);
    call(api, service, "POST", resume, again, json_type_name, "{}", 409);
    call(api, service, "POST", cancel, end, json_type_name, "{}", 202);
    wait_for_state(service, runs[0], "cancelled");
    for (int i = 0; i < RUNS; i++)
        g_free(runs[i]);
}

static void call_pipelines(Api *api) {
    static const char list[] = "/v1/pipelines", runs[] = "/v1/pipelines/runs";
    g_autofree char *data = write_pipelines();
    Service service = service_start(world->model, data, NULL);
    call(api, &service, "GET", list, list, NULL, NULL, 200);
    call(api, &service, "GET", runs, runs, NULL, NULL, 200);
    change_pipelines_wrongly(api, &service);
    g_autofree char *body =
        g_strdup_printf("{\"arguments\":{\"word\":\"%s/fraudTest.csv\"}}", world->dir);
    g_autofree char *run = run_pipeline(api, &service, "quick", body);
    wait_for_state(&service, run, "succeeded");
    call_ended_run(api, &service, run);
    call_with_many_runs(api, &service);
    call(api, &service, "GET", list, list, NULL, NULL, 200);
    call(api, &service, "GET", runs, "/v1/pipelines/runs?pipeline=slow&limit=3", NULL, NULL, 200);
    call(api, &service, "GET", runs, "/v1/pipelines/runs?limit=201", NULL, NULL, 400);
    call(api, &service, "GET", "/v1/pipelines/runs/{id}", "/v1/pipelines/runs/x", NULL, NULL, 404);
    call(api, &service, "GET", "/metrics", "/metrics", NULL, NULL, 200);
    g_autofree char *file = g_build_filename(data, "pipelines.conf", NULL);
    g_assert_true(g_file_set_contents(file, "[wrong]\n", -1, NULL));
    call(api, &service, "GET", list, list, NULL, NULL, 409);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

static char *rename_model(const char *name);

/* A model whose report is gone decides as before, but there is nothing to measure drift by. */
static void call_without_report(Api *api) {
    g_autofree char *data = world_path(world, "reportless"),
                    *model = rename_model("reportless_model");
    Service service = service_start(model, data, NULL);
    call(api, &service, "GET", "/v1/drift", "/v1/drift", NULL, NULL, 404);
    Response response = request(&service, "GET", "/metrics", NULL);
    g_assert_null(strstr(response.body->str, "haechi_drift"));
    response_clear(&response);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    g_assert_nonnull(strstr(service.log->str, "drift is not measured: "));
    service_clear(&service);
}

/* Sessions: what can be asked of a service with named tokens, and who may see the configuration. */
static void call_sessions(Api *api, Service *plain) {
    static const char path[] = "/v1/session", guess[] = "{\"token\":\"0123456789abcdef\"}";
    g_autofree char *data = world_path(world, "sessions"), *large = g_strnfill((64 << 10) + 1, ' ');
    g_autofree char *tokens =
        write_token("tokens", "kim viewer viewer-0123456789\nlee admin admin-0123456789\n", 0600);
    Service service =
        service_start(world->model, data, (const char *[]){"--token-file", tokens, NULL});
    call(api, plain, "GET", path, path, NULL, NULL, 200);
    call(api, plain, "DELETE", path, path, NULL, NULL, 200);
    call(api, plain, "POST", path, path, json_type_name, guess, 409);
    call(api, plain, "GET", "/v1/config", "/v1/config", NULL, NULL, 200);
    call(api, &service, "POST", path, path, json_type_name, "{\"token\":\"viewer-0123456789\"}",
         200);
    call(api, &service, "GET", path, path, NULL, NULL, 200);
    call(api, &service, "POST", path, path, json_type_name, "{", 400);
    call(api, &service, "POST", path, path, json_type_name, "{}", 422);
    call(api, &service, "POST", path, path, json_type_name, "{\"token\":7}", 422);
    call(api, &service, "POST", path, path, json_type_name, large, 413);
    call(api, &service, "POST", path, path, NULL, guess, 415);
    service.token = "viewer-0123456789";
    call(api, &service, "GET", "/v1/config", "/v1/config", NULL, NULL, 403);
    call(api, &service, "GET", "/v1/audit", "/v1/audit", NULL, NULL, 403);
    call(api, &service, "GET", "/v1/people", "/v1/people", NULL, NULL, 403);
    call(api, &service, "GET", "/v1/cards/{card}", "/v1/cards/4111111111111111", NULL, NULL, 403);
    static const char *const by_number[][2] = {
        {"/v1/graph/neighbourhood", "{\"of\":\"card:4111111111111111\"}"},
        {"/v1/graph/ring", "{\"of\":\"card:4111111111111111\"}"},
        {"/v1/graph/paths", "{\"from\":\"merchant:m\",\"to\":\"card:4111111111111111\"}"}};
    for (size_t i = 0; i < G_N_ELEMENTS(by_number); i++)
        call(api, &service, "POST", by_number[i][0], by_number[i][0], json_type_name,
             by_number[i][1], 403);
    service.token = NULL;
    for (int i = 0; i < 10; i++)
        call(api, &service, "POST", path, path, json_type_name, guess, 401);
    for (int i = 0; i < 2; i++) { /* its bucket fills up by a little each second */
        Response response = request(&service, "POST", path, guess);
        if (response.status == 429) check_documented(api, "POST", path, &response);
        response_clear(&response);
    }
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* Every operation that asks who one is slows down those who guess. */
static void call_guessing(Api *api, Service *guarded) {
    static const char guesser[] = "X-Forwarded-For: 203.0.113.9";
    static const char guess[] = "{\"token\":\"0123456789abcde-\"}";
    const char *const wrong = guarded->token;
    for (int i = 0; i < 21; i++) { /* the last one goes as far over the limit as one can */
        const bool signs_in = i < 9 || i == 20;
        guarded->token = signs_in ? NULL : wrong;
        Response response =
            request_with(guarded, signs_in ? "POST" : "GET", "/v1/session", json_type_name,
                         signs_in ? guess : NULL, signs_in ? strlen(guess) : 0, guesser);
        response_clear(&response);
    }
    guarded->token = wrong;
    Operations slowed = {api, guarded, guesser, 429};
    json_each(member(api->root, "paths"), call_path, &slowed);
}

static void test_description(void) {
    g_autofree char *data = world_path(world, "described"), *data2 = world_path(world, "tokened");
    g_autofree char *token = write_token("token", "0123456789abcdef\n", 0600);
    Service plain = service_start(world->model, data, NULL);
    Service guarded = service_start(world->model, data2,
                                    (const char *[]){"--token-file", token, "--trust-proxy", NULL});
    Api api;
    api_open(&api, &plain);
    call_records(&api, &plain);
    call_questions(&api, &plain);
    call_explore(&api, &plain);
    call_desk(&api, &plain);
    Operations misdirected = {&api, &plain, "Host: evil.example", 421};
    json_each(member(api.root, "paths"), call_path, &misdirected);
    Operations unknown = {&api, &guarded, NULL, 401};
    json_each(member(api.root, "paths"), call_path, &unknown);
    guarded.token = "0123456789abcdee";
    json_each(member(api.root, "paths"), call_path, &unknown);
    call_guessing(&api, &guarded);
    Operations foreign = {&api, &plain, "Origin: https://evil.example", 403};
    json_each(member(api.root, "paths"), call_path, &foreign);
    call_sessions(&api, &plain);
    guarded.token = "0123456789abcdef";
    call_records(&api, &guarded);
    call_questions(&api, &guarded);
    call_explore(&api, &guarded);
    call_without_brokers(&api);
    call_with_challenger(&api);
    call_without_report(&api);
    call_models(&api);
    call_pipelines(&api);
    json_each(member(api.root, "paths"), path_was_seen, &api);
    g_assert_cmpint(service_end(&plain, SIGTERM), ==, 0);
    g_assert_cmpint(service_end(&guarded, SIGINT), ==, 0);
    g_assert_null(strstr(guarded.log->str, "0123456789abcde"));
    service_clear(&plain);
    service_clear(&guarded);
    api_close(&api);
}

/* Records */

/* Sends the first transactions; their answers must be those in `first`, or become them. */
static void send_same(Service *service, GPtrArray *first, const char *duplicates) {
    for (guint i = 0; i < 20; i++) {
        Response response = request(service, "POST", "/v1/transactions", transaction(i));
        g_assert_cmpint(response.status, ==, 200);
        g_autofree char *header = response_header(&response, "Haechi-Duplicates");
        g_assert_cmpstr(header, ==, duplicates);
        if (first->len == i) g_ptr_array_add(first, g_strdup(response.body->str));
        g_assert_cmpstr(response.body->str, ==, first->pdata[i]);
        response_clear(&response);
    }
    Response stats = request(service, "GET", "/v1/stats", NULL);
    g_assert_nonnull(strstr(stats.body->str, "\"transactions\":20,"));
    response_clear(&stats);
}

/* Sent again, at once and after a restart, a transaction is answered byte for byte as before. */
static void test_same_answer(void) {
    g_autofree char *data = world_path(world, "same");
    g_autoptr(GPtrArray) first = g_ptr_array_new_with_free_func(g_free);
    Service service = service_start(world->model, data, NULL);
    send_same(&service, first, NULL);
    send_same(&service, first, "1");
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
    service = service_start(world->model, data, NULL);
    send_same(&service, first, "1");
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* The reasons of a stored transaction: an alert's are its strongest features, in order and in words
 * of all languages; what is approved has none. */
typedef struct Reasons {
    double last; /* absolute contribution */
    size_t alerts, approved;
} Reasons;

static bool check_reason(Str key, JsonValue reason, void *data) {
    (void)key;
    Reasons *reasons = data;
    const double size = fabs(json_get_double(member(reason, "contribution")));
    g_assert_cmpfloat(size, >, 0);
    g_assert_cmpfloat(size, <=, reasons->last);
    reasons->last = size;
    g_assert_cmpuint(json_get_str(member(member(reason, "text"), "en")).len, >, 0);
    g_assert_cmpuint(json_get_str(member(member(reason, "text"), "ko")).len, >, 0);
    return true;
}

static bool check_reasons(Str key, JsonValue item, void *data) {
    (void)key;
    Reasons *reasons = data;
    JsonValue all = member(item, "reasons");
    if (str_equal(json_get_str(member(item, "decision")), STR("approve"))) {
        g_assert_cmpuint(json_count(all), ==, 0);
        reasons->approved++;
        return true;
    }
    reasons->last = INFINITY;
    reasons->alerts++;
    g_assert_cmpuint(json_count(all), >, 0);
    g_assert_cmpuint(json_count(all), <=, 5);
    json_each(all, check_reason, reasons);
    return true;
}

static void check_listed(Service *service, JsonParser *parser, const char *path, Reasons *reasons) {
    Response response = request(service, "GET", path, NULL);
    JsonValue list;
    const char *message;
    g_assert_cmpint(response.status, ==, 200);
    g_assert_true(json_parse(parser, response.body->str, response.body->len, &list, &message));
    json_each(member(list, "transactions"), check_reasons, reasons);
    response_clear(&response);
}

static void test_reasons(void) {
    g_autofree char *data = world_path(world, "reasons");
    Service service = service_start(world->model, data, NULL);
    g_autoptr(GString) body = g_string_new(NULL);
    for (guint i = 0; i < world->transactions->len; i++)
        g_string_append_printf(body, "%s\n", transaction(i));
    Response response = post_lines(&service, "/v1/transactions", body->str, body->len);
    g_assert_cmpint(response.status, ==, 200);
    response_clear(&response);
    JsonParser *parser = json_parser_new(4 << 20);
    Reasons reasons = {0};
    check_listed(&service, parser, "/v1/transactions?limit=100&decision=review,decline", &reasons);
    check_listed(&service, parser, "/v1/transactions?limit=100&decision=approve", &reasons);
    g_assert_cmpuint(reasons.alerts, >, 0);
    g_assert_cmpuint(reasons.approved, >, 0);
    json_parser_free(parser);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* Good lines among bad: each answered in its place, the bad ones kept aside. */
static void test_many(void) {
    g_autofree char *data = world_path(world, "many");
    Service service = service_start(world->model, data, NULL);
    g_autoptr(GString) body = g_string_new(NULL);
    g_string_append_printf(body,
                           "%s\n\nnot json\n%s\r\n{\"trans_num\":\"z\",\"cc_num\":\"4111x\"}\n",
                           transaction(0), transaction(1));
    g_string_append_printf(body, "%s\n%s", transaction(0), transaction(2));
    Response response = post_lines(&service, "/v1/transactions", body->str, body->len);
    g_assert_cmpint(response.status, ==, 200);
    g_auto(GStrv) lines = g_strsplit(response.body->str, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 7); /* six, and nothing after the last newline */
    static const char *const starts[] = {"{\"trans_num\"", "{\"type\"",      "{\"trans_num\"",
                                         "{\"type\"",      "{\"trans_num\"", "{\"trans_num\""};
    for (size_t i = 0; i < G_N_ELEMENTS(starts); i++)
        g_assert_true(g_str_has_prefix(lines[i], starts[i]));
    g_assert_nonnull(strstr(lines[1], "\"line\":3,"));
    g_assert_nonnull(strstr(lines[3], "\"line\":5,"));
    g_assert_cmpstr(lines[0], ==, lines[4]);
    g_autofree char *duplicates = response_header(&response, "Haechi-Duplicates");
    g_assert_cmpstr(duplicates, ==, "1");
    response_clear(&response);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
    g_autofree char *rejects = g_build_filename(data, "rejects.jsonl", NULL);
    g_autofree char *kept = NULL;
    g_assert_true(g_file_get_contents(rejects, &kept, NULL, NULL));
    g_auto(GStrv) aside = g_strsplit(kept, "\n", -1);
    g_assert_cmpuint(g_strv_length(aside), ==, 3);
}

/* Live, many at a time and one at a time give the same scores. */
static void test_many_as_one_by_one(void) {
    enum { COUNT = 600 };
    g_autofree char *a = world_path(world, "single"), *b = world_path(world, "together");
    Service single = service_start(world->model, a, NULL);
    Service together = service_start(world->model, b, NULL);
    g_autoptr(GString) body = g_string_new(NULL), answers = g_string_new(NULL);
    for (guint i = 0; i < COUNT; i++) {
        Response response = request(&single, "POST", "/v1/transactions", transaction(i));
        g_string_append_printf(answers, "%s\n", response.body->str);
        g_string_append_printf(body, "%s\n", transaction(i));
        response_clear(&response);
    }
    Response response = post_lines(&together, "/v1/transactions", body->str, body->len);
    g_assert_cmpstr(response.body->str, ==, answers->str);
    response_clear(&response);
    service_end(&single, SIGTERM);
    service_end(&together, SIGTERM);
    service_clear(&single);
    service_clear(&together);
}

static void test_labels(void) {
    g_autofree char *data = world_path(world, "labels");
    Service service = service_start(world->model, data, NULL);
    Response response = request(&service, "POST", "/v1/transactions", transaction(0));
    response_clear(&response);
    g_autofree char *path = g_strconcat("/v1/transactions/", world->numbers->pdata[0], NULL);
    static const char *const shown[] = {"\"is_fraud\":true", "\"is_fraud\":false"};
    for (int i = 0; i < 4; i++) {
        g_autofree char *body =
            g_strdup_printf("{\"trans_num\":\"%s\",\"is_fraud\":%s}",
                            (char *)world->numbers->pdata[0], i / 2 ? "\"0\"" : "true");
        response = request(&service, "POST", "/v1/labels", body);
        g_assert_cmpint(response.status, ==, 200);
        g_autofree char *duplicates = response_header(&response, "Haechi-Duplicates");
        g_assert_cmpstr(duplicates, ==, i % 2 ? "1" : NULL);
        response_clear(&response);
        response = request(&service, "GET", path, NULL);
        g_assert_nonnull(strstr(response.body->str, shown[i / 2]));
        response_clear(&response);
    }
    response = request(&service, "GET", "/v1/stats", NULL);
    g_assert_nonnull(strstr(response.body->str, "\"labels\":2,\"frauds_labelled\":0,"));
    response_clear(&response);
    service_end(&service, SIGTERM);
    service_clear(&service);
}

/* The whole card number is nowhere: not in answers, the log, or the reject file. */
static void test_cards_are_masked(void) {
    g_autofree char *data = world_path(world, "masked"), *card = field(0, "cc_num");
    g_autofree char *rejects = g_build_filename(data, "rejects.jsonl", NULL);
    g_autofree char *bad = g_strdup_printf("{\"trans_num\":\"q\",\"cc_num\":\"%sx\"}", card);
    g_autofree char *unknown = g_strdup_printf("{\"trans_num\":\"%s\",\"is_fraud\":true}", card);
    g_autofree char *of_card = g_strconcat("/v1/cards/", card, NULL);
    g_autofree char *around = g_strdup_printf("{\"of\":\"card:%s\"}", card);
    g_autofree char *wrongly = g_strdup_printf("{\"of\":\"card:%sx\"}", card);
    g_autofree char *fraud = g_strdup_printf("{\"from\":\"card:%s\",\"to_fraud\":true}", card);
    Service service = service_start(world->model, data, NULL);
    GString *all = g_string_new(NULL);
    const char *const calls[][3] = {{"POST", "/v1/transactions", transaction(0)},
                                    {"POST", "/v1/transactions", bad},
                                    {"POST", "/v1/labels", unknown},
                                    {"GET", "/v1/transactions", NULL},
                                    {"GET", of_card, NULL},
                                    {"POST", "/v1/graph/neighbourhood", around},
                                    {"POST", "/v1/graph/neighbourhood", wrongly},
                                    {"POST", "/v1/graph/paths", fraud},
                                    {"POST", "/v1/graph/ring", around},
                                    {"GET", "/metrics", NULL}};
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        Response response = request(&service, calls[i][0], calls[i][1], calls[i][2]);
        g_string_append(all, response.body->str);
        response_clear(&response);
    }
    service_end(&service, SIGTERM);
    g_autofree char *kept = NULL;
    g_assert_true(g_file_get_contents(rejects, &kept, NULL, NULL));
    g_string_append(g_string_append(all, kept), service.log->str);
    g_assert_null(strstr(all->str, card));
    g_assert_nonnull(strstr(all->str, card + strlen(card) - 4));
    g_string_free(all, TRUE);
    service_clear(&service);
}

/* Limits and wrong use */

static void check_status(Service *service, const char *method, const char *path, const char *type,
                         const char *body, size_t len, long status) {
    Response response = request_with(service, method, path, type, body, len, NULL);
    g_assert_cmpint(response.status, ==, status);
    g_autofree char *content_type = response_header(&response, "Content-Type");
    if (status >= 400) g_assert_cmpstr(content_type, ==, "application/problem+json");
    response_clear(&response);
}

static void test_limits(void) {
    g_autofree char *data = world_path(world, "limits");
    Service service = service_start(world->model, data, NULL);
    const size_t most = 16 << 20;
    g_autofree char *body = g_strnfill(most + 1, ' ');
    check_status(&service, "POST", "/v1/transactions", ndjson_type_name, body, most + 1, 413);
    check_status(&service, "POST", "/v1/transactions", ndjson_type_name, body, most, 200);
    memset(body, '\n', most);
    check_status(&service, "POST", "/v1/transactions", ndjson_type_name, body, 200000, 413);
    memset(body, '[', most);
    check_status(&service, "POST", "/v1/transactions", ndjson_type_name, body, most, 200);
    check_status(&service, "POST", "/v1/transactions", json_type_name, body, 64 << 10, 400);
    check_status(&service, "POST", "/v1/transactions", json_type_name, body, (64 << 10) + 1, 413);
    check_status(&service, "POST", "/v1/graph/paths", json_type_name, body, most, 413);
    check_status(&service, "POST", "/v1/transactions", json_type_name, transaction(0),
                 strlen(transaction(0)), 200);
    service_end(&service, SIGTERM);
    service_clear(&service);
}

/* A request of nothing but bad records gets a small answer, and those after the thousandth are not
 * even looked at. */
static void test_many_bad(void) {
    g_autofree char *data = world_path(world, "bad");
    Service service = service_start(world->model, data, NULL);
    g_autoptr(GString) body = g_string_new(NULL);
    for (int i = 0; i < 1000; i++)
        g_string_append(body, "1\n");
    Response response = post_lines(&service, "/v1/labels", body->str, body->len);
    g_auto(GStrv) all = g_strsplit(response.body->str, "\n", -1);
    g_assert_cmpuint(g_strv_length(all), ==, 1001);
    g_assert_null(strstr(response.body->str, "not looked at"));
    response_clear(&response);
    g_string_append_printf(body, "\n%s\n", transaction(0));
    for (int i = 0; i < 90000; i++)
        g_string_append(body, "1\n");
    response = post_lines(&service, "/v1/transactions", body->str, body->len);
    g_assert_cmpint(response.status, ==, 200);
    g_auto(GStrv) lines = g_strsplit(response.body->str, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 1002);
    g_assert_nonnull(strstr(lines[1000], "not looked at"));
    g_assert_nonnull(strstr(lines[1000], "\"line\":1002,"));
    response_clear(&response);
    response = request(&service, "GET", "/v1/stats", NULL);
    g_assert_nonnull(strstr(response.body->str, "\"transactions\":0,"));
    g_assert_nonnull(strstr(response.body->str, "\"rejected\":2001,"));
    response_clear(&response);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* `ahead` is in seconds from now; returns the answer's body, which the caller frees. */
static char *post_ahead(Service *service, const char *number, const char *form, int64_t ahead,
                        long status) {
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(g_get_real_time() / 1000000 + ahead);
    g_autofree char *text = g_date_time_format(time, form);
    g_autofree char *body =
        g_strdup_printf("{\"trans_num\":\"%s\",\"cc_num\":\"4111111111111111\",\"merchant\":\"m\","
                        "\"amt\":1,\"is_fraud\":1,%s}",
                        number, text);
    bool is_label = strstr(form, "\"time\"");
    Response response =
        request(service, "POST", is_label ? "/v1/labels" : "/v1/transactions", body);
    g_assert_cmpint(response.status, ==, status);
    g_string_free(response.headers, TRUE);
    return g_string_free(response.body, FALSE);
}

/* Times may be up to a day ahead of this machine's clock. */
static void test_future(void) {
    g_autofree char *data = world_path(world, "future");
    Service service = service_start(world->model, data, NULL);
    static const struct {
        const char *number, *form, *field;
        int64_t ahead;
        long status;
    } cases[] = {
        {"a", "\"trans_date_trans_time\":\"%Y-%m-%d %H:%M:%S\"", NULL, 86000, 200},
        {"b", "\"trans_date_trans_time\":\"%Y-%m-%d %H:%M:%S\"", "trans_date_trans_time", 87000,
         422},
        {"b", "\"trans_date_trans_time\":null,\"unix_time\":%s", "unix_time", 87000, 422},
        {"b", "\"unix_time\":%s", NULL, 86000, 200},
        {"a", "\"time\":%s", "time", 87000, 422},
        {"a", "\"time\":%s", NULL, 86000, 200},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *answer =
            post_ahead(&service, cases[i].number, cases[i].form, cases[i].ahead, cases[i].status);
        if (!cases[i].field) continue;
        g_autofree char *field = g_strdup_printf("\"field\":\"%s\"", cases[i].field);
        g_assert_nonnull(strstr(answer, field));
        g_assert_nonnull(
            strstr(answer, "\"reason\":\"more than a day ahead of this machine's clock\""));
    }
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

static void expect_jumps(Service *service, const char *line) {
    Response response = request(service, "GET", "/metrics", NULL);
    g_assert_nonnull(strstr(response.body->str, line));
    response_clear(&response);
}

/* A time far after all before it is taken, and counted. */
static void test_time_jumps(void) {
    g_autofree char *data = world_path(world, "jumps");
    Service service = service_start(world->model, data, NULL);
    enum { DAY = 86400 };
    static const struct {
        const char *number, *jumps;
        int64_t days;
    } cases[] = {
        {"a", "\nhaechi_time_jumps_total 0\n", -1000}, /* the first of all */
        {"b", "\nhaechi_time_jumps_total 0\n", -971},  {"c", "\nhaechi_time_jumps_total 1\n", -940},
        {"d", "\nhaechi_time_jumps_total 1\n", -960},  {"e", "\nhaechi_time_jumps_total 2\n", 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_free(post_ahead(&service, cases[i].number, "\"unix_time\":%s", cases[i].days * DAY, 200));
        expect_jumps(&service, cases[i].jumps);
    }
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

static void test_methods(void) {
    g_autofree char *data = world_path(world, "methods");
    Service service = service_start(world->model, data, NULL);
    static const char *const wrong[][3] = {{"DELETE", "/v1/transactions", "POST, GET"},
                                           {"GET", "/v1/labels", "POST"},
                                           {"POST", "/v1/stats", "GET"},
                                           {"PUT", "/v1/transactions/x", "GET"},
                                           {"POST", "/", "GET"}};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        Response response = request(&service, wrong[i][0], wrong[i][1], NULL);
        g_assert_cmpint(response.status, ==, 405);
        g_autofree char *allow = response_header(&response, "Allow");
        g_assert_cmpstr(allow, ==, wrong[i][2]);
        response_clear(&response);
    }
    static const char *const nowhere[] = {
        "/nothing",      "/v1",        "/v1/", "/v1/stats/x",
        "/../../passwd", "/v1/cards/", "//",   "/v1/transactions/"};
    for (size_t i = 0; i < G_N_ELEMENTS(nowhere); i++)
        check_status(&service, "GET", nowhere[i], NULL, NULL, 0, 404);
    check_status(&service, "HEAD", "/v1/stats", NULL, NULL, 0, 200);
    check_status(&service, "HEAD", "/", NULL, NULL, 0, 200);
    service_end(&service, SIGTERM);
    service_clear(&service);
}

static int connect_to(const Service *service) {
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)g_ascii_strtoull(strrchr(service->url, ':') + 1, NULL, 10)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    return fd;
}

/* What is no HTTP, or ends half-way, or comes in pieces, disturbs nobody. */
static void test_malformed_http(void) {
    static const char *const texts[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01",
        "POST /v1/transactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 100\r\n\r\n{\"trans_num\":",
        "POST /v1/transactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: -5\r\n\r\n",
        "POST /v1/transactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 99999999999999999999\r\n\r\n",
        "POST /v1/transactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET /v1/stats HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "GET /v1/transactions/%00%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    };
    g_autofree char *data = world_path(world, "malformed");
    Service service = service_start(world->model, data, NULL);
    for (int round = 0; round < 300; round++) {
        const char *text = texts[(size_t)round % G_N_ELEMENTS(texts)];
        g_autofree char *noise = g_strdup(text);
        size_t len = strlen(text);
        if (round >= (int)G_N_ELEMENTS(texts)) /* later rounds: a byte of it changed */
            noise[g_test_rand_int_range(0, (gint32)len)] = (char)g_test_rand_int_range(0, 256);
        int fd = connect_to(&service);
        g_assert_cmpint(send(fd, noise, len, MSG_NOSIGNAL), ==, (ssize_t)len);
        close(fd);
    }
    check_status(&service, "GET", "/healthz", NULL, NULL, 0, 200);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

static void send_record(int fd, guint i) {
    g_autofree char *text =
        g_strdup_printf("POST /v1/transactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                        "application/json\r\nContent-Length: %zu\r\n\r\n%s",
                        strlen(transaction(i)), transaction(i));
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
}

/* Many clients in step, about as many as libmicrohttpd takes events at a time: none is left
 * waiting. The limit on a read only ends the test where it would hang. */
static void test_in_step(void) {
    enum { MOST = 131 };
    const struct timeval limit = {.tv_sec = 20};
    g_autofree char *data = world_path(world, "step");
    Service service = service_start(world->model, data, NULL);
    int clients[MOST];
    char answer[4096];
    for (int i = 0; i < MOST; i++) {
        clients[i] = connect_to(&service);
        setsockopt(clients[i], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        if (i < 120) continue;
        for (int round = 0; round < 8; round++) {
            for (int j = 0; j <= i; j++)
                send_record(clients[j], (guint)(round * MOST + j) % world->transactions->len);
            for (int j = 0; j <= i; j++)
                g_assert_cmpint(read(clients[j], answer, sizeof answer), >, 0);
        }
    }
    for (int i = 0; i < MOST; i++)
        close(clients[i]);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* The stream */

typedef struct Watch {
    Service service;
    GString *seen;
    bool all;
} Watch;

static size_t watch_take(char *bytes, size_t size, size_t count, void *data) {
    Watch *watch = data;
    g_string_append_len(watch->seen, bytes, (gssize)(size * count));
    watch->all = strstr(watch->seen->str, "event: decisions\ndata: {\"items\":[{\"trans_num\"") &&
                 strstr(watch->seen->str, "event: labels\ndata: {\"items\":[{\"trans_num\"") &&
                 strstr(watch->seen->str, "event: stats\ndata: {\"version\"");
    return watch->all ? 0 : size * count; /* 0 ends the transfer */
}

static void *watch_stream(void *data) {
    Watch *watch = data;
    g_autofree char *url = g_strconcat(watch->service.url, "/v1/stream", NULL);
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, watch_take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, watch);
    curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    return NULL;
}

static void test_stream(void) {
    g_autofree char *data = world_path(world, "streamed");
    Service service = service_start(world->model, data, NULL);
    Watch watch = {.service = service, .seen = g_string_new(NULL)};
    GThread *thread = g_thread_new("watch", watch_stream, &watch);
    guint sent = 0;
    while (sent < 400 && !__atomic_load_n(&watch.all, __ATOMIC_ACQUIRE)) {
        check_status(&service, "POST", "/v1/transactions", json_type_name, transaction(sent),
                     strlen(transaction(sent)), 200);
        check_status(&service, "POST", "/v1/labels", json_type_name, label(sent),
                     strlen(label(sent)), 200);
        g_usleep(10000);
        sent++;
    }
    g_thread_join(thread);
    g_assert_true(watch.all);
    g_string_free(watch.seen, TRUE);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* A client over the limit is turned away; clients that never read are no burden; all end with the
 * service. */
static void test_stream_clients(void) {
    enum { MAX = 64 };
    g_autofree char *data = world_path(world, "crowd");
    Service service = service_start(world->model, data, NULL);
    static const char ask[] = "GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int clients[MAX];
    char buffer[512];
    for (int i = 0; i < MAX; i++) {
        clients[i] = connect_to(&service);
        g_assert_cmpint(write(clients[i], ask, sizeof ask - 1), ==, sizeof ask - 1);
        g_assert_cmpint(read(clients[i], buffer, sizeof buffer), >, 0);
    }
    check_status(&service, "GET", "/v1/stream", NULL, NULL, 0, 503);
    g_autoptr(GString) body = g_string_new(NULL);
    for (guint i = 0; i < 500; i++)
        g_string_append_printf(body, "%s\n", transaction(i));
    for (int i = 0; i < 20; i++)
        check_status(&service, "POST", "/v1/transactions", ndjson_type_name, body->str, body->len,
                     200);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    for (int i = 0; i < MAX; i++)
        close(clients[i]);
    service_clear(&service);
}

/* -1 where it is refused. */
static int try_stream(const Service *service, const char *header) {
    g_autofree char *ask =
        g_strdup_printf("GET /v1/stream HTTP/1.0\r\nHost: localhost\r\n%s\r\n\r\n", header);
    const struct timeval patience = {.tv_sec = 60};
    const int fd = connect_to(service);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), ==, 0);
    g_assert_cmpint(write(fd, ask, strlen(ask)), ==, (ssize_t)strlen(ask));
    char buffer[512] = "";
    g_assert_cmpint(read(fd, buffer, sizeof buffer - 1), >, 0);
    if (strstr(buffer, " 200 OK")) return fd;
    close(fd);
    return -1;
}

static int open_stream(const Service *service, const char *header) {
    const int fd = try_stream(service, header);
    g_assert_cmpint(fd, >=, 0);
    return fd;
}

/* Nobody takes the places of others, and who has gone leaves theirs. */
static void test_stream_places(void) {
    enum { PLACES = 16 };
    g_autofree char *data = world_path(world, "places");
    g_autofree char *tokens =
        write_token("tokens", "kim viewer viewer-0123456789\nlee admin admin-0123456789\n", 0600);
    Service service =
        service_start(world->model, data, (const char *[]){"--token-file", tokens, NULL});
    int streams[PLACES];
    for (int i = 0; i < PLACES; i++)
        streams[i] = open_stream(&service, "Authorization: Bearer viewer-0123456789");
    service.token = "viewer-0123456789";
    Response response = request(&service, "GET", "/v1/stream", NULL);
    g_assert_cmpint(response.status, ==, 429);
    g_assert_nonnull(strstr(response.body->str, "too many streams are open under this name"));
    g_autofree char *after = response_header(&response, "Retry-After");
    g_assert_cmpstr(after, ==, "5");
    response_clear(&response);
    close(open_stream(&service, "Authorization: Bearer admin-0123456789"));
    close(streams[0]); /* which is noticed with the next message, within a second */
    for (int tries = 0;; tries++) {
        streams[0] = try_stream(&service, "Authorization: Bearer viewer-0123456789");
        if (streams[0] >= 0) break;
        g_assert_cmpint(tries, <, 600);
        g_usleep(100 * 1000);
    }
    for (int i = 0; i < PLACES; i++)
        close(streams[i]);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* Whoever signs out sees no more, nor does another page of the same session; other sessions do. */
static void test_stream_of_session(void) {
    static const char body[] = "{\"token\":\"viewer-0123456789\"}";
    g_autofree char *data = world_path(world, "left");
    g_autofree char *tokens = write_token("tokens", "kim viewer viewer-0123456789\n", 0600);
    Service service =
        service_start(world->model, data, (const char *[]){"--token-file", tokens, NULL});
    char *cookies[2], *csrf = NULL;
    int streams[2];
    for (int i = 0; i < 2; i++) {
        Response response = request(&service, "POST", "/v1/session", body);
        g_assert_cmpint(response.status, ==, 200);
        g_autofree char *set = response_header(&response, "Set-Cookie");
        set[strcspn(set, ";")] = '\0';
        cookies[i] = g_strconcat("Cookie: ", set, NULL);
        streams[i] = open_stream(&service, cookies[i]);
        g_free(csrf);
        csrf = string_member(response.body, "csrf");
        response_clear(&response);
    }
    g_autofree char *leave = g_strdup_printf("%s\r\nX-Haechi-Csrf: %s", cookies[1], csrf);
    Response response = request_with(&service, "DELETE", "/v1/session", NULL, NULL, 0, leave);
    g_assert_cmpint(response.status, ==, 200);
    response_clear(&response);
    char buffer[512];
    ssize_t got;
    while ((got = read(streams[1], buffer, sizeof buffer)) > 0)
        ;
    g_assert_cmpint(got, ==, 0); /* its end, and no error */
    while (recv(streams[0], buffer, sizeof buffer, MSG_DONTWAIT) > 0)
        ; /* what came before */
    g_assert_cmpint(read(streams[0], buffer, sizeof buffer), >, 0);
    for (int i = 0; i < 2; i++) {
        close(streams[i]);
        g_free(cookies[i]);
    }
    g_free(csrf);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* Start and end */

static void check_no_start(const char *model, const char *data, const char *const *more, int status,
                           const char *text) {
    Service service = service_start(model, data, more);
    g_assert_null(service.url);
    g_assert_cmpint(service_end(&service, 0), ==, status);
    if (!strstr(service.log->str, text)) g_error("'%s' is not in: %s", text, service.log->str);
    g_assert_cmpuint(service.log->len, ==, strcspn(service.log->str, "\n") + 1);
    service_clear(&service);
}

static void test_refused_starts(void) {
    g_autofree char *data = world_path(world, "refused"), *other = world_path(world, "refused2");
    g_autofree char *open = write_token("open", "0123456789abcdef\n", 0644);
    g_autofree char *brief = write_token("brief", "secret\n", 0600);
    g_autofree char *config = world_path(world, "serve.conf");
    g_assert_true(g_file_set_contents(config, "[serve]\nport=1\n", -1, NULL));
    Service service = service_start(world->model, data, NULL);
    const char *address = service.url + strlen("http://");
    const char *model = world->model;
    check_no_start("/nonexistent", other, NULL, 1, "/nonexistent");
    check_no_start(model, data, NULL, 1, "in use by another haechi (pid ");
    check_no_start(model, other, (const char *[]){"--listen", address, NULL}, 1, "port is in use");
    check_no_start(model, other, (const char *[]){"--listen", "here", NULL}, 1, "HOST:PORT");
    check_no_start(model, other, (const char *[]){"--listen", "1.2.3.4:99999", NULL}, 1,
                   "HOST:PORT");
    check_no_start(model, other, (const char *[]){"--listen", "0.0.0.0:0", NULL}, 1,
                   "--token-file");
    check_no_start(model, other, (const char *[]){"--token-file", open, NULL}, 1, "chmod 600");
    check_no_start(model, other, (const char *[]){"--token-file", brief, NULL}, 1, "16 to 256");
    check_no_start(model, other, (const char *[]){"--token-file", "/none", NULL}, 1, "/none");
    check_no_start(model, other, (const char *[]){"--config", config, NULL}, 1, "'port'");
    check_no_start(model, other, (const char *[]){"--config", "/none", NULL}, 1, "/none");
    check_no_start(model, "/dev/null/x", NULL, 1, "/dev/null/x");
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* What is wrong with a configuration is told without what may be a password. */
static void test_refused_configurations(void) {
    static const struct {
        const char *text, *told;
    } cases[] = {
        {"[kafka]\nsasl.password: hunter2\n", "neither [GROUP] nor NAME=VALUE"},
        {"[kafka]\nsasl.password=hunter2\xff\n", "'sasl.password'"},
        {"[kafka]\nsasl.password=\\qhunter2\n", "'sasl.password'"},
        {"[kafak]\nbrokers=127.0.0.1:1\n", "unknown group [kafak]"},
        {"[kafka]\nbroker=127.0.0.1:1\n", "unknown Kafka setting 'broker'"},
        {"[kafka]\nbrokers=127.0.0.1:1\nrejects=transactions\n",
         "transactions and rejects in [kafka] are one topic, 'transactions'"},
        {"[kafka]\nbrokers=127.0.0.1:1\nlabels=haechi-merchants\n", "are one topic"},
        {"[kafka]\nbrokers=127.0.0.1:1\ndecisions=a b\n", "'a b' is no name of a topic"},
        {"[kafka]\nbrokers=127.0.0.1:1\ngroup=\n", "group in [kafka] is empty"},
    };
    g_autofree char *data = world_path(world, "refused3"), *config = world_path(world, "bad.conf");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_true(g_file_set_contents(config, cases[i].text, -1, NULL));
        Service service =
            service_start(world->model, data, (const char *[]){"--config", config, NULL});
        g_assert_null(service.url);
        g_assert_cmpint(service_end(&service, 0), ==, 1);
        if (!strstr(service.log->str, cases[i].told) || strstr(service.log->str, "hunter2"))
            g_error("'%s' is not in, or the password is: %s", cases[i].told, service.log->str);
        service_clear(&service);
    }
}

static void test_config_file(void) {
    g_autofree char *data = world_path(world, "configured"), *config = world_path(world, "conf");
    g_autofree char *text = g_strdup_printf(
        "[serve]\nlisten=127.0.0.1:0\nmodel=/overridden/by/the/command/line\ndata-dir=/neither\n");
    g_assert_true(g_file_set_contents(config, text, -1, NULL));
    Service service = service_start(world->model, data, (const char *[]){"--config", config, NULL});
    g_assert_nonnull(service.url);
    check_status(&service, "GET", "/readyz", NULL, NULL, 0, 200);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

typedef struct Pour {
    Service service;
    _Atomic guint answered; /* the first so many were */
} Pour;

static void *pour(void *data) {
    Pour *p = data;
    for (guint i = 0; i < world->transactions->len; i++) {
        Response response = request(&p->service, "POST", "/v1/transactions", transaction(i));
        bool ok = response.status == 200;
        response_clear(&response);
        if (!ok) break;
        p->answered++;
    }
    return NULL;
}

/* SIGTERM under load: all that was answered is in the log, and the next start has nothing to fold.
 */
static void test_drain(void) {
    g_autofree char *data = world_path(world, "drained");
    Service service = service_start(world->model, data, NULL);
    Pour p = {.service = {.url = service.url, .curl = curl_easy_init()}};
    GThread *thread = g_thread_new("pour", pour, &p);
    for (int i = 0; i < 6000 && p.answered < 10; i++)
        g_usleep(10000);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    g_thread_join(thread);
    curl_easy_cleanup(p.service.curl);
    service_clear(&service);
    g_assert_cmpuint(p.answered, >=, 10);
    service = service_start(world->model, data, NULL);
    g_assert_nonnull(strstr(service.log->str, "and 0 from the log"));
    for (guint i = 0; i < p.answered; i++) {
        g_autofree char *path = g_strconcat("/v1/transactions/", world->numbers->pdata[i], NULL);
        check_status(&service, "GET", path, NULL, NULL, 0, 200);
    }
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* A full disk, by a limit on file sizes: the request that meets it gets 503, the process ends with
 * one line, and what was answered is there. */
static void test_full_disk(void) {
    g_autofree char *data = world_path(world, "full");
    struct rlimit before, tight;
    getrlimit(RLIMIT_FSIZE, &before);
    tight = (struct rlimit){300 << 10, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
    Service service = service_start(world->model, data, NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    guint answered = 0;
    long status = 200;
    for (; status == 200 && answered < world->transactions->len; answered += status == 200) {
        Response response = request(&service, "POST", "/v1/transactions", transaction(answered));
        status = response.status;
        if (status == 503) g_assert_nonnull(strstr(response.body->str, "may not have been kept"));
        response_clear(&response);
    }
    g_assert_cmpint(status, ==, 503);
    g_assert_cmpint(service_end(&service, 0), ==, 1);
    g_assert_nonnull(strstr(service.log->str, "haechi serve: cannot write the store"));
    service_clear(&service);
    service = service_start(world->model, data, NULL);
    for (guint i = 0; i < answered; i++) {
        g_autofree char *path = g_strconcat("/v1/transactions/", world->numbers->pdata[i], NULL);
        check_status(&service, "GET", path, NULL, NULL, 0, 200);
    }
    service_end(&service, SIGTERM);
    service_clear(&service);
}

/* The same model under another version, without its report. */
static char *rename_model(const char *name) {
    char *dir = world_path(world, name);
    g_assert_cmpint(g_mkdir(dir, 0700), ==, 0);
    static const char *const names[] = {"manifest.json", "xgboost.json", "suspicion.json"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *from = g_build_filename(world->model, names[i], NULL);
        g_autofree char *to = g_build_filename(dir, names[i], NULL);
        g_autofree char *text = NULL;
        gsize len;
        if (!g_file_get_contents(from, &text, &len, NULL)) continue;
        char *version = i == 0 ? strstr(text, "\"version\"") : NULL;
        if (version) version[strcspn(version, "0123456789")] = '9';
        g_assert_true(g_file_set_contents(to, text, (gssize)len, NULL));
    }
    return dir;
}

static void check_restart(const char *model, const char *data, const char *expected) {
    Service service = service_start(model, data, NULL);
    if (!strstr(service.log->str, expected))
        g_error("'%s' is not in: %s", expected, service.log->str);
    g_assert_nonnull(strstr(service.log->str, "; 0 scores differ"));
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* A folder of its own with the first `count` transactions in its log. */
static void fill_store(const char *data, guint count) {
    Service service = service_start(world->model, data, NULL);
    for (guint i = 0; i < count; i++)
        check_status(&service, "POST", "/v1/transactions", json_type_name, transaction(i),
                     strlen(transaction(i)), 200);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

/* A checkpoint is not taken for one of another store, though that may reach as far and further. */
static void test_store_swapped(void) {
    g_autofree char *data = world_path(world, "swapped"), *other = world_path(world, "longer");
    fill_store(data, 10);
    fill_store(other, 20);
    g_autofree char *from = g_build_filename(other, "haechi.db", NULL);
    g_autofree char *to = g_build_filename(data, "haechi.db", NULL);
    g_assert_cmpint(g_rename(from, to), ==, 0);
    check_restart(world->model, data, "it is of another log");
    check_restart(world->model, data, "recovered 20 events from the checkpoint and 0 from");
}

/* Checkpoints that do not fit are set aside, and the log is folded from its beginning. */
static void test_recovery(void) {
    g_autofree char *data = world_path(world, "recovered"), *other = rename_model("model2");
    g_autofree char *checkpoint = g_build_filename(data, "checkpoint", NULL);
    fill_store(data, 30);
    check_restart(world->model, data, "recovered 30 events from the checkpoint and 0 from");
    check_restart(other, data, "recovered 0 events from the checkpoint and 30 from");
    check_restart(other, data, "recovered 30 events from the checkpoint and 0 from");
    check_restart(world->model, data, "the model changed from");
    g_assert_cmpint(truncate(checkpoint, 100), ==, 0);
    check_restart(world->model, data, "the whole log is folded again");
    g_assert_cmpint(g_unlink(checkpoint), ==, 0);
    check_restart(world->model, data, "recovered 0 events from the checkpoint and 30 from");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    world = world_new();
    g_test_add_func("/api/description", test_description);
    g_test_add_func("/api/same_answer", test_same_answer);
    g_test_add_func("/api/reasons", test_reasons);
    g_test_add_func("/api/many", test_many);
    g_test_add_func("/api/many_as_one_by_one", test_many_as_one_by_one);
    g_test_add_func("/api/labels", test_labels);
    g_test_add_func("/api/cards_are_masked", test_cards_are_masked);
    g_test_add_func("/api/limits", test_limits);
    g_test_add_func("/api/many_bad", test_many_bad);
    g_test_add_func("/api/future", test_future);
    g_test_add_func("/api/time_jumps", test_time_jumps);
    g_test_add_func("/api/methods", test_methods);
    g_test_add_func("/api/malformed_http", test_malformed_http);
    g_test_add_func("/api/in_step", test_in_step);
    g_test_add_func("/api/stream", test_stream);
    g_test_add_func("/api/stream_clients", test_stream_clients);
    g_test_add_func("/api/stream_places", test_stream_places);
    g_test_add_func("/api/stream_of_session", test_stream_of_session);
    g_test_add_func("/api/refused_starts", test_refused_starts);
    g_test_add_func("/api/refused_configurations", test_refused_configurations);
    g_test_add_func("/api/config_file", test_config_file);
    g_test_add_func("/api/drain", test_drain);
    g_test_add_func("/api/full_disk", test_full_disk);
    g_test_add_func("/api/recovery", test_recovery);
    g_test_add_func("/api/store_swapped", test_store_swapped);
    int status = g_test_run();
    world_free(world);
    return status;
}
