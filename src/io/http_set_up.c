#include "io/http_set_up.h"

#include "record/transaction.h"
#include <glib.h>

enum { MESSAGE_MAX = 400 }; /* bytes of a server's message in an error */

void http_set_up(CURL *curl) {
    const char *set = g_getenv("no_proxy");
    g_autofree char *direct =
        g_strconcat(set ? set : "", set && *set ? "," : "", "localhost,127.0.0.1,::1", NULL);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, direct);
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
}

bool http_is_url(const char *text) {
    return g_str_has_prefix(text, "http://") || g_str_has_prefix(text, "https://");
}

struct curl_slist *http_post_headers(const char *content_type, const char *token) {
    g_autofree char *type = g_strconcat("Content-Type: ", content_type, NULL);
    struct curl_slist *headers = curl_slist_append(NULL, type);
    headers = curl_slist_append(headers, "Expect:"); /* send the body at once */
    if (!token) return headers;
    g_autofree char *header = g_strconcat("Authorization: Bearer ", token, NULL);
    return curl_slist_append(headers, header);
}

char *http_refusal(const char *url, const char *path, long status, JsonParser *parser, Str answer) {
    JsonValue root, value;
    const char *message, *hint = "";
    g_autofree char *detail = NULL;
    if (json_parse(parser, answer.data, answer.len, &root, &message) &&
        json_member(root, "detail", &value) && json_type(value) == JSON_STRING) {
        const Str text = json_get_str(value);
        detail = g_strndup(text.data, text.len);
    }
    if (status == 401 || status == 403) hint = ": it needs another API token (--token-file)";
    return g_strdup_printf("%s%s answered %ld%s%s%s", url, path, status, hint, detail ? ": " : "",
                           detail ? detail : "");
}

/* A database's messages have several lines, show statements, and may quote the values of a row. */
char *http_one_line(Str text) {
    char *line = g_utf8_make_valid(text.len ? text.data : "", (gssize)text.len);
    mask_card_numbers(line);
    for (char *at = line; *at; at++)
        if (g_ascii_iscntrl(*at)) *at = ' ';
    g_strchomp(line);
    if (strlen(line) <= MESSAGE_MAX) return line;
    *g_utf8_find_prev_char(line, line + MESSAGE_MAX) = '\0';
    char *cut = g_strconcat(line, "…", NULL);
    g_free(line);
    return cut;
}
