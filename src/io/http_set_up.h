/* What every HTTP client of ours asks of libcurl. */
#pragma once

#include <curl/curl.h>

/* HTTP and HTTPS only, no signals, small writes at once, and the own machine without a proxy,
 * whatever proxy is set for the world. Redirects are not followed and certificates are checked, as
 * libcurl has it. */
void http_set_up(CURL *curl);
