/* The history of a name in the registry: its lines, read and written. */
#include "model/registry_internal.h"

#include "base/civil.h"
#include "base/json.h"
#include "base/json_write.h"
#include "model/model.h"

static const char *const aliases[REGISTRY_ALIASES] = {"champion", "challenger"};
static const char *const actions[] = {"promote", "rollback", "delete"};

enum { LINE_BYTES_MAX = 1024 };

const char *registry_alias_name(RegistryAlias alias) {
    return aliases[alias];
}

static bool find_word(const char *const *words, size_t count, Str word, int *index) {
    for (size_t i = 0; i < count; i++) {
        if (!str_equal(word, str_from(words[i]))) continue;
        *index = (int)i;
        return true;
    }
    return false;
}

bool registry_alias_find(Str name, RegistryAlias *alias) {
    int index;
    if (!find_word(aliases, REGISTRY_ALIASES, name, &index)) return false;
    *alias = (RegistryAlias)index;
    return true;
}

static void record_clear(void *data) {
    RegistryRecord *record = data;
    g_free(record->version);
    for (int i = 0; i < REGISTRY_ALIASES; i++)
        g_free(record->meant[i]);
}

/* A version, or null where `may_be_null`. */
static bool read_version(JsonValue line, const char *key, bool may_be_null, char **out) {
    JsonValue value;
    if (!json_member(line, key, &value)) return false;
    if (may_be_null && json_type(value) == JSON_NULL) return true;
    const Str text = json_get_str(value);
    if (!model_name_valid(text)) return false;
    *out = g_strndup(text.data, text.len);
    return true;
}

static bool read_word(JsonValue line, const char *key, const char *const *words, size_t count,
                      int *index) {
    JsonValue value;
    return json_member(line, key, &value) && find_word(words, count, json_get_str(value), index);
}

static bool read_record(JsonValue line, RegistryRecord *record) {
    JsonValue time;
    int action = 0, alias = 0;
    if (!json_member(line, "time", &time) || json_type(time) != JSON_STRING ||
        civil_read_time(json_get_str(time), &record->time) != NULL ||
        !read_word(line, "action", actions, G_N_ELEMENTS(actions), &action) ||
        !read_version(line, "version", false, &record->version))
        return false;
    record->action = (RegistryAction)action;
    if (record->action != REGISTRY_DELETE &&
        !read_word(line, "alias", aliases, REGISTRY_ALIASES, &alias))
        return false;
    record->alias = (RegistryAlias)alias;
    for (int i = 0; i < REGISTRY_ALIASES; i++)
        if (!read_version(line, aliases[i], true, &record->meant[i])) return false;
    return true;
}

static bool parse_line(JsonParser *parser, const char *text, size_t len, RegistryRecord *record) {
    JsonValue line;
    const char *message;
    return json_parse(parser, text, len, &line, &message) && read_record(line, record);
}

GArray *registry_history_parse(const char *path, const char *text, size_t len, GError **error) {
    GArray *records = g_array_new(FALSE, TRUE, sizeof(RegistryRecord));
    g_array_set_clear_func(records, record_clear);
    JsonParser *parser = json_parser_new(LINE_BYTES_MAX);
    bool good = true;
    for (size_t at = 0; good && at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        if (!end) break;
        RegistryRecord record = {0};
        good = parse_line(parser, text + at, (size_t)(end - text) - at, &record);
        g_array_append_val(records, record);
        at = (size_t)(end - text) + 1;
    }
    json_parser_free(parser);
    if (good) return records;
    g_set_error(error, MODEL_ERROR, MODEL_ERROR_INVALID, "%s/%s: line %u is no record of a change",
                path, REGISTRY_HISTORY_FILE, records->len);
    g_array_unref(records);
    return NULL;
}

static void write_text(GString *out, const char *key, const char *text) {
    g_string_append_printf(out, "%s\"%s\":", out->str[out->len - 1] == '{' ? "" : ",", key);
    if (text)
        json_write_str(out, str_from(text));
    else
        g_string_append(out, "null");
}

void registry_record_write(const RegistryRecord *record, const char *from, GString *out) {
    char when[CIVIL_TIME_LEN + 2];
    civil_write_time(record->time, when);
    when[10] = 'T';
    when[CIVIL_TIME_LEN] = 'Z';
    when[CIVIL_TIME_LEN + 1] = '\0';
    g_string_append_c(out, '{');
    write_text(out, "time", when);
    write_text(out, "action", actions[record->action]);
    write_text(out, "version", record->version);
    if (record->action != REGISTRY_DELETE) {
        write_text(out, "alias", aliases[record->alias]);
        write_text(out, "from", from);
    }
    for (int i = 0; i < REGISTRY_ALIASES; i++)
        write_text(out, aliases[i], record->meant[i]);
    g_string_append(out, "}\n");
}

const char *registry_meant(const GArray *records, RegistryAlias alias) {
    if (records->len == 0) return NULL;
    return g_array_index(records, RegistryRecord, records->len - 1).meant[alias];
}

GPtrArray *registry_undo_stack(const GArray *records, RegistryAlias alias) {
    GPtrArray *stack = g_ptr_array_new();
    for (guint i = 0; i < records->len; i++) {
        const RegistryRecord *record = &g_array_index(records, RegistryRecord, i);
        char *meant = record->meant[alias];
        const bool back = record->action == REGISTRY_ROLLBACK && record->alias == alias;
        while (back && stack->len > 0 &&
               g_strcmp0(g_ptr_array_index(stack, stack->len - 1), meant) != 0)
            g_ptr_array_set_size(stack, (gint)stack->len - 1);
        if (stack->len == 0 || g_strcmp0(g_ptr_array_index(stack, stack->len - 1), meant) != 0)
            g_ptr_array_add(stack, meant);
    }
    return stack;
}
