/* The C face of simdjson's DOM. A JsonValue is the two words of a dom::element; nothing here
 * throws: simdjson reports by code, and memory is asked for with std::nothrow. */
#include "base/json.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <simdjson.h>
#include <string_view>
#include <type_traits>
#include <utility>

using simdjson::dom::element;
using simdjson::dom::element_type;

static_assert(sizeof(element) == sizeof(JsonValue), "a JsonValue holds an element");
static_assert(std::is_trivially_copyable<element>::value, "a JsonValue holds an element");

/* simdjson readies itself for 32 bytes at least, whatever the limit. */
static const size_t FIRST_CAPACITY = 4096;

struct JsonParser {
    explicit JsonParser(size_t max) : max_bytes(max), dom(std::max(max, FIRST_CAPACITY)) {}
    const size_t max_bytes;
    simdjson::dom::parser dom;
    std::unique_ptr<char[]> buffer; /* the text, with the padding simdjson reads past its end */
    size_t capacity = 0;            /* longest text that buffer and dom are ready for */
};

namespace {

element to_element(JsonValue value) {
    element e;
    std::memcpy(static_cast<void *>(&e), &value, sizeof e);
    return e;
}

JsonValue from_element(element e) {
    JsonValue value;
    std::memcpy(&value, &e, sizeof value);
    return value;
}

Str from_view(std::string_view view) {
    return Str{view.data(), view.size()};
}

bool fail(const char **message, const char *phrase) {
    *message = phrase;
    return false;
}

/* Makes room for `len` bytes. Capacities double, so that texts of creeping length do not allocate
 * each time. */
bool reserve(JsonParser *parser, size_t len) {
    if (len <= parser->capacity) return true;
    size_t capacity = parser->capacity ? parser->capacity : FIRST_CAPACITY;
    while (capacity < len)
        capacity *= 2;
    if (capacity > parser->max_bytes) capacity = parser->max_bytes;
    parser->capacity = 0;
    parser->buffer.reset(new (std::nothrow) char[capacity + simdjson::SIMDJSON_PADDING]);
    if (!parser->buffer || parser->dom.allocate(capacity, JSON_MAX_DEPTH) ||
        parser->dom.doc.allocate(capacity))
        return false;
    parser->capacity = capacity;
    return true;
}

const char *phrase_of(simdjson::error_code code) {
    switch (code) {
    case simdjson::CAPACITY:
        return "too long";
    case simdjson::MEMALLOC:
        return "out of memory";
    case simdjson::DEPTH_ERROR:
        return "nested too deeply";
    case simdjson::STRING_ERROR:
        return "bad escape in a string";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
        return "not a JSON value";
    case simdjson::NUMBER_ERROR:
        return "bad number, or one out of range";
    case simdjson::UTF8_ERROR:
        return "not UTF-8";
    case simdjson::EMPTY:
        return "empty";
    case simdjson::UNESCAPED_CHARS:
        return "control character in a string";
    case simdjson::UNCLOSED_STRING:
        return "string without its closing quote";
    default:
        return "not JSON, or cut short";
    }
}

/* The code unit of the \uXXXX at text[at], or -1. */
int escaped_unit(const char *text, size_t len, size_t at) {
    if (len - at < 6 || text[at] != '\\' || text[at + 1] != 'u') return -1;
    int unit = 0;
    for (size_t i = at + 2; i < at + 6; i++) {
        const char c = text[i];
        const int lower = c | 0x20;
        if (c >= '0' && c <= '9')
            unit = unit * 16 + (c - '0');
        else if (lower >= 'a' && lower <= 'f')
            unit = unit * 16 + (lower - 'a' + 10);
        else
            return -1;
    }
    return unit;
}

/* simdjson 3.0 lets an escaped surrogate without its pair through as bytes that are not UTF-8. A
 * backslash outside a string is refused by the parser, so that looking at all of them is enough. */
bool has_lone_surrogate(const char *text, size_t len) {
    const char *next = static_cast<const char *>(std::memchr(text, '\\', len));
    while (next != nullptr) {
        size_t at = static_cast<size_t>(next - text);
        const int unit = escaped_unit(text, len, at);
        at += 2;
        if (unit >= 0xdc00 && unit <= 0xdfff) return true;
        if (unit >= 0xd800 && unit <= 0xdbff) {
            const int low = escaped_unit(text, len, at + 4);
            if (low < 0xdc00 || low > 0xdfff) return true;
            at += 10;
        }
        next =
            at < len ? static_cast<const char *>(std::memchr(text + at, '\\', len - at)) : nullptr;
    }
    return false;
}

template <typename T> T value_or(simdjson::simdjson_result<T> result, T otherwise) {
    T value;
    return std::move(result).get(value) ? otherwise : value;
}

} // namespace

JsonParser *json_parser_new(size_t max_bytes) {
    if (max_bytes > simdjson::SIMDJSON_MAXSIZE_BYTES) max_bytes = simdjson::SIMDJSON_MAXSIZE_BYTES;
    JsonParser *parser = new (std::nothrow) JsonParser(max_bytes);
    if (parser == nullptr) std::abort(); /* as GLib does when memory ends */
    return parser;
}

void json_parser_free(JsonParser *parser) {
    delete parser;
}

bool json_parse(JsonParser *parser, const char *text, size_t len, JsonValue *root,
                const char **message) {
    if (len > parser->max_bytes) return fail(message, "too long");
    if (len == 0) return fail(message, "empty");
    if (!reserve(parser, len)) return fail(message, "out of memory");
    std::memcpy(parser->buffer.get(), text, len);
    std::memset(parser->buffer.get() + len, 0, simdjson::SIMDJSON_PADDING);
    element e;
    const simdjson::error_code code = parser->dom.parse(parser->buffer.get(), len, false).get(e);
    if (code) return fail(message, phrase_of(code));
    if (has_lone_surrogate(text, len))
        return fail(message, "surrogate without its pair in a string");
    *root = from_element(e);
    return true;
}

JsonType json_type(JsonValue value) {
    switch (to_element(value).type()) {
    case element_type::ARRAY:
        return JSON_ARRAY;
    case element_type::OBJECT:
        return JSON_OBJECT;
    case element_type::INT64:
        return JSON_INT;
    case element_type::UINT64:
        return JSON_UINT;
    case element_type::DOUBLE:
        return JSON_DOUBLE;
    case element_type::STRING:
        return JSON_STRING;
    case element_type::BOOL:
        return JSON_BOOL;
    default:
        return JSON_NULL;
    }
}

bool json_is_number(JsonValue value) {
    return to_element(value).is_number();
}

bool json_get_bool(JsonValue value) {
    return value_or<bool>(to_element(value).get_bool(), false);
}

int64_t json_get_int(JsonValue value) {
    return value_or<int64_t>(to_element(value).get_int64(), 0);
}

uint64_t json_get_uint(JsonValue value) {
    return value_or<uint64_t>(to_element(value).get_uint64(), 0);
}

double json_get_double(JsonValue value) {
    return value_or<double>(to_element(value).get_double(), std::nan(""));
}

Str json_get_str(JsonValue value) {
    return from_view(value_or<std::string_view>(to_element(value).get_string(), {}));
}

bool json_member(JsonValue object, const char *name, JsonValue *out) {
    simdjson::dom::object members;
    element member;
    if (to_element(object).get(members) || members.at_key(name).get(member)) return false;
    *out = from_element(member);
    return true;
}

bool json_each(JsonValue container, JsonEach *each, void *data) {
    const element e = to_element(container);
    simdjson::dom::object members;
    simdjson::dom::array elements;
    if (e.get(members) == simdjson::SUCCESS) {
        for (const auto member : members)
            if (!each(from_view(member.key), from_element(member.value), data)) return false;
        return true;
    }
    if (e.get(elements) == simdjson::SUCCESS) {
        for (const auto member : elements)
            if (!each(Str{nullptr, 0}, from_element(member), data)) return false;
        return true;
    }
    return false;
}

/* simdjson keeps counts in 24 bits and says 0xffffff for anything larger, which a file of many
 * millions of numbers reaches. */
size_t json_count(JsonValue container) {
    const size_t saturated = 0xffffff;
    const element e = to_element(container);
    simdjson::dom::object members;
    simdjson::dom::array elements;
    size_t count = 0;
    if (e.get(members) == simdjson::SUCCESS)
        count = members.size();
    else if (e.get(elements) == simdjson::SUCCESS)
        count = elements.size();
    if (count < saturated) return count;
    count = 0;
    json_each(
        container,
        [](Str, JsonValue, void *data) {
            ++*static_cast<size_t *>(data);
            return true;
        },
        &count);
    return count;
}
