/* Finding an embedded file of the web page: a walk over the few there are. */
#include "serve/page.h"

bool page_find(const char *path, Str *body, const char **content_type) {
    for (size_t i = 0; i < page_file_count; i++) {
        const PageFile *file = &page_files[i];
        if (strcmp(file->path, path) != 0) continue;
        *body = file->body;
        *content_type = file->content_type;
        return true;
    }
    return false;
}
