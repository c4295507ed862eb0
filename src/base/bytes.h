/* Writing and reading a state as bytes, little-endian. A reader that is asked for more than there
 * is answers zeros and remembers that it failed, so that a caller checks once at the end. */
#pragma once

#include "base/str.h"
#include <glib.h>
#include <stdint.h>

#if G_BYTE_ORDER != G_LITTLE_ENDIAN
#error "files are little-endian and written as they lie in memory"
#endif

static inline void bytes_put(GByteArray *out, const void *data, size_t len) {
    g_assert(len <= G_MAXUINT - out->len);
    g_byte_array_append(out, data, (guint)len);
}

#define BYTES_PUT(out, value) bytes_put((out), &(value), sizeof(value))

typedef struct BytesReader {
    const uint8_t *data;
    size_t len, at;
    bool failed;
} BytesReader;

static inline void bytes_get(BytesReader *in, void *out, size_t len) {
    if (in->failed || len > in->len - in->at) {
        in->failed = true;
        memset(out, 0, len);
        return;
    }
    memcpy(out, in->data + in->at, len);
    in->at += len;
}

#define BYTES_GET(in, value) bytes_get((in), &(value), sizeof(value))

/* A view of the next `len` bytes; empty on failure. */
static inline Str bytes_get_view(BytesReader *in, size_t len) {
    if (in->failed || len > in->len - in->at) {
        in->failed = true;
        return (Str){0};
    }
    Str view = {(const char *)in->data + in->at, len};
    in->at += len;
    return view;
}
