#include "io/http_ask.h"

#include "io/http_set_up.h"

#include <gio/gio.h>

enum { CONNECT_SECONDS = 5, ASK_SECONDS = 30 };

static size_t take_answer(char *data, size_t size, size_t count, void *user) {
    GString *answer = user;
    const size_t len = size * count;
    if (answer->len + len > HTTP_ANSWER_MAX) return 0;
    g_string_append_len(answer, data, (gssize)len);
    return len;
}

/* One POST, or GET. Returns the HTTP status; 0, and why in `message`, when there was no answer. */
static long ask(const char *address, struct curl_slist *headers, Str question, GString *answer,
                char message[CURL_ERROR_SIZE]) {
    CURL *curl = curl_easy_init();
    g_assert(curl);
    message[0] = '\0';
    http_set_up(curl);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)ASK_SECONDS);
    curl_easy_setopt(curl, CURLOPT_URL, address);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (question.data) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, question.data);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)question.len);
    }
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    const CURLcode code = curl_easy_perform(curl);
    long status = 0;
    if (code == CURLE_OK) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK && !*message)
        g_strlcpy(message, curl_easy_strerror(code), CURL_ERROR_SIZE);
    curl_easy_cleanup(curl);
    return status;
}

bool http_ask(const char *url, const char *path, const char *token, Str question,
              JsonParser *parser, GString *answer, GError **error) {
    if (!http_is_url(url)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "'%s' is not an address such as http://127.0.0.1:8080", url);
        return false;
    }
    char message[CURL_ERROR_SIZE];
    g_autofree char *base = g_strndup(url, strlen(url) - g_str_has_suffix(url, "/"));
    g_autofree char *address = g_strconcat(base, path, NULL);
    struct curl_slist *headers = http_post_headers("application/json", token);
    const long status = ask(address, headers, question, answer, message);
    curl_slist_free_all(headers);
    if (status == 200) return true;
    g_autofree char *why =
        status ? http_refusal(base, path, status, parser, (Str){answer->str, answer->len})
               : g_strdup_printf("%s: %s", base, message);
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, why);
    return false;
}
