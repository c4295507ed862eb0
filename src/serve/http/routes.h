/* The list of all there is to ask for: which method and path is answered by whom (endpoints.h), and
 * which role it needs. */
#pragma once

#include "serve/http/request.h"

enum {
    ROUTE_OPEN = 1,       /* asks nobody who they are */
    ROUTE_ONE = 2,        /* its body is one object, never many */
    ROUTE_UNATTENDED = 4, /* a page asks for it by itself, and a person's doing is not told apart */
};

struct Route {
    const char *method;
    const char *path; /* one that ends with a slash takes more, the subject; a '*' is a part of the
                         subject without a slash, which begins at the first of them */
    Handler *handle;
    Role role; /* that it needs; ROLE_NONE on an open route */
    unsigned flags;
};

/* The route of a request; else NULL, and `allow` says which methods the path has, if any. */
const Route *http_find_route(const char *method, const char *url, char allow[32]);

/* That of the page's files, whose subject is the whole path. */
const Route *http_page_route(void);

/* Where the subject begins in a URL; 0 for a path without one. */
size_t http_subject_at(const char *path);
