/* Who asks: what of a request says so, signing in and out, and who else there is. */
#include "base/json_write.h"
#include "serve/http/endpoints.h"

int64_t http_now_seconds(void) {
    return g_get_monotonic_time() / G_USEC_PER_SEC;
}

static enum MHD_Result keep_last(void *data, enum MHD_ValueKind kind, const char *name,
                                 const char *value) {
    (void)kind;
    if (g_ascii_strcasecmp(name, "X-Forwarded-For") == 0) *(const char **)data = value;
    return MHD_YES;
}

/* The strings live as long as the request and `address`. */
Claim http_claim_of(const Request *request, const char *method, char address[CLIENT_ADDRESS_LEN]) {
    const char *forwarded = NULL; /* a proxy may put a header of its own after the client's */
    Claim claim = {
        .method = method,
        .host = http_header(request, "Host"),
        .origin = http_header(request, "Origin"),
        .scheme = http_header(request, "X-Forwarded-Proto"),
    };
    if (!gate_requires(request->http->options.gate)) return claim; /* no more is looked at */
    if (request->http->options.trust_proxy)
        MHD_get_connection_values(request->connection, MHD_HEADER_KIND, keep_last, &forwarded);
    client_address(MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
                       ->client_addr,
                   forwarded, address);
    claim.authorization = http_header(request, "Authorization");
    claim.cookie = http_header(request, "Cookie");
    claim.csrf = http_header(request, "X-Haechi-Csrf");
    claim.unattended = http_header(request, "X-Haechi-Unattended") != NULL;
    claim.address = str_from(address);
    return claim;
}

static void write_text_or_null(GString *out, const char *name, const char *text) {
    g_string_append_printf(out, ",\"%s\":", name);
    if (text)
        json_write_str(out, str_from(text));
    else
        g_string_append(out, "null");
}

/* The session as the page knows it; `cookie` is empty where there is none. */
static struct MHD_Response *session_response(const Request *request, const Identity *identity,
                                             Str cookie) {
    SecretText csrf;
    GString *body = g_string_new("{\"required\":");
    g_string_append(body, gate_requires(request->http->options.gate) ? "true" : "false");
    write_text_or_null(body, "name", identity ? identity->name : NULL);
    write_text_or_null(body, "role", identity ? role_name(identity->role) : NULL);
    if (cookie.len > 0) session_csrf(cookie, csrf);
    write_text_or_null(body, "csrf", cookie.len > 0 ? csrf : NULL);
    g_string_append_c(body, '}');
    return http_response_of(JSON_TYPE, body);
}

/* A session's cookie, for `seconds` of which 0 takes it away. Secure where a proxy in front speaks
 * TLS: over plain HTTP a browser would not send it back. */
static void set_cookie(const Request *request, struct MHD_Response *response, const char *value,
                       int seconds) {
    const char *scheme = http_header(request, "X-Forwarded-Proto");
    const bool secure = scheme && g_ascii_strcasecmp(scheme, "https") == 0;
    g_autofree char *cookie =
        g_strdup_printf(SESSION_COOKIE "=%s; HttpOnly; SameSite=Strict; Path=/; Max-Age=%d%s",
                        value, seconds, secure ? "; Secure" : "");
    http_add_header(response, "Set-Cookie", cookie);
}

enum MHD_Result http_get_session(Request *request) {
    return http_respond(request, 200,
                        session_response(request, request->identity, request->cookie));
}

static bool read_token_member(Str key, JsonValue value, void *data) {
    *(Str *)data = json_get_str(value);
    return str_equal(key, STR("token")) && json_type(value) == JSON_STRING;
}

/* Without its entry in the audit trail there is no session, and the one before goes on. */
static enum MHD_Result begin_session(Request *request) {
    const Str made = {request->made, DIGEST_HEX};
    const bool told = request->job.reply.status == 0;
    const Str over = told ? session_cookie_find(http_header(request, "Cookie")) : made;
    gate_end_session(request->http->options.gate, over, http_now_seconds());
    if (!told) return http_send_reply(request);
    struct MHD_Response *response = session_response(request, request->pass.identity, made);
    if (response) set_cookie(request, response, request->made, SESSION_SECONDS);
    return http_respond(request, 200, response);
}

static enum MHD_Result refuse_session(Request *request) {
    if (request->job.reply.status) return http_send_reply(request);
    return http_send_refusal(request, &request->pass);
}

/* Of tokens that are nobody's the gate lets so many through from an address and no more. */
enum MHD_Result http_post_session(Request *request) {
    char address[CLIENT_ADDRESS_LEN];
    JsonValue value;
    const char *message;
    Str token = {"", 0};
    Http *http = request->http;
    Gate *gate = http->options.gate;
    if (!gate_requires(gate))
        return http_send_problem(request, 409, "this service asks nobody to sign in");
    if (!json_parse(http->parser, request->body, request->length, &value, &message))
        return http_send_problem(request, 400, message);
    if (!json_each(value, read_token_member, &token) || json_count(value) != 1)
        return http_send_problem(request, 422, "the only member is \"token\", a text");
    if (!http_may_tell(request)) return http_send_queue_full(request);
    const Claim claim = http_claim_of(request, "POST", address);
    const Pass pass = gate_sign_in(gate, &claim, token, http_now_seconds(), request->made);
    request->pass = pass;
    if (pass.status == 401)
        return http_tell(request, NULL, "session.refused", address, refuse_session);
    if (pass.status) return http_send_refusal(request, &pass);
    return http_tell(request, pass.identity, "session.begin", address, begin_session);
}

/* A session has ended whether or not the trail could say so. */
static enum MHD_Result end_session(Request *request) {
    if (request->job.reply.status) return http_send_reply(request);
    struct MHD_Response *response = session_response(request, request->identity, (Str){"", 0});
    if (response) set_cookie(request, response, "", 0);
    return http_respond(request, 200, response);
}

enum MHD_Result http_delete_session(Request *request) {
    char address[CLIENT_ADDRESS_LEN];
    Gate *gate = request->http->options.gate;
    if (!gate_requires(gate)) return end_session(request);
    if (!http_may_tell(request)) return http_send_queue_full(request);
    const Claim claim = http_claim_of(request, "DELETE", address);
    const Pass pass = gate_sign_out(gate, &claim, http_now_seconds());
    if (pass.status) return http_send_refusal(request, &pass);
    request->identity = NULL;
    request->cookie = (Str){"", 0};
    if (!pass.identity) return end_session(request);
    return http_tell(request, pass.identity, "session.end", address, end_session);
}

enum MHD_Result http_get_people(Request *request) {
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    gate_names(request->http->options.gate, ROLE_ANALYST, names);
    GString *body = g_string_new("{\"people\":[");
    for (guint i = 0; i < names->len; i++) {
        if (i > 0) g_string_append_c(body, ',');
        json_write_str(body, str_from(g_ptr_array_index(names, i)));
    }
    g_string_append(body, "]}");
    return http_send_json(request, body);
}
