/* The web page, inside the binary: the files that ui/build.py makes at build time, each compressed
 * once there and never again. A request costs a look-up and no memory. */
#pragma once

#include "base/str.h"

typedef struct PageFile {
    const char *path; /* as in the URL: "/", "/app.js" */
    const char *content_type;
    Str body; /* gzip */
} PageFile;

/* The generated table. */
extern const PageFile page_files[];
extern const size_t page_file_count;

/* Finds an embedded file by its path as in the URL, without query. `body` is to be sent with
 * "Content-Encoding: gzip"; it and `content_type` are static. False when there is no such file. */
bool page_find(const char *path, Str *body, const char **content_type);
