#include "io/http_set_up.h"

#include <glib.h>

void http_set_up(CURL *curl) {
    const char *set = g_getenv("no_proxy");
    g_autofree char *direct =
        g_strconcat(set ? set : "", set && *set ? "," : "", "localhost,127.0.0.1,::1", NULL);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, direct);
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
}
