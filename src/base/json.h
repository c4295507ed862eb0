/* Reading JSON: simdjson's document tree behind a C face. A parser owns its document and reuses its
 * memory from one text to the next; values and strings are views that die at the next parse.
 * Nesting deeper than JSON_MAX_DEPTH and texts over the given limit are errors, never a crash. */
#pragma once

#include "base/str.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { JSON_MAX_DEPTH = 64 }; /* arrays and objects inside one another */

typedef struct JsonParser JsonParser;

typedef enum JsonType {
    JSON_NULL,
    JSON_BOOL,
    JSON_INT,    /* fits int64_t */
    JSON_UINT,   /* over INT64_MAX, fits uint64_t */
    JSON_DOUBLE, /* every other number; always finite */
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
} JsonType;

/* A place in a parsed document: pass by value, take it only from json_parse, json_member and
 * json_each. */
typedef struct JsonValue {
    const void *document;
    size_t index;
} JsonValue;

/* A parser for texts of up to max_bytes. Its memory grows to about ten times the longest text it
 * has met. One thread at a time. */
JsonParser *json_parser_new(size_t max_bytes);
void json_parser_free(JsonParser *parser);

/* Parses text[0..len), which needs no padding and is not kept. On failure returns false and points
 * *message at a static English phrase. Refused besides bad grammar: text that is not UTF-8, a
 * surrogate without its pair, an integer over 64 bits, a number too large for a double. */
bool json_parse(JsonParser *parser, const char *text, size_t len, JsonValue *root,
                const char **message);

JsonType json_type(JsonValue value);
bool json_is_number(JsonValue value);

/* A value's content. Of a value of another type: false, 0, NaN or the empty string. */
bool json_get_bool(JsonValue value);
int64_t json_get_int(JsonValue value);   /* JSON_INT */
uint64_t json_get_uint(JsonValue value); /* JSON_UINT, or JSON_INT when not negative */
double json_get_double(JsonValue value); /* any of the three number types */
Str json_get_str(JsonValue value);       /* UTF-8, escapes resolved; may hold NUL bytes */

/* First member `name` of an object; false when it is absent or value is no object. */
bool json_member(JsonValue object, const char *name, JsonValue *out);

/* Calls `each` for every member or element in order until it returns false; returns false then and
 * when value is no container. `key` is empty for arrays. */
typedef bool JsonEach(Str key, JsonValue value, void *data);
bool json_each(JsonValue container, JsonEach *each, void *data);

/* Number of elements of an array or members of an object; 0 for the rest. */
size_t json_count(JsonValue container);

#ifdef __cplusplus
}
#endif
