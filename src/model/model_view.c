#include "model/model_view.h"

#include "base/json_write.h"
#include "model/model.h"

#include <math.h>
#include <string.h>

ModelView *model_view_new(RegistryVersion *version) {
    ModelView *view = g_new0(ModelView, 1);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = registry_version_manifest(version, &error);
    const char *message;
    view->version = version;
    view->parser = json_parser_new(MODEL_MANIFEST_BYTES_MAX);
    if (!text) view->error = g_strdup(error->message);
    if (!text || !json_parse(view->parser, text, strlen(text), &view->manifest, &message))
        json_parse(view->parser, "{}", 2, &view->manifest, &message);
    return view;
}

void model_view_free(ModelView *view) {
    if (!view) return;
    registry_version_free(view->version);
    json_parser_free(view->parser);
    g_free(view->error);
    g_free(view);
}

bool model_view_value(const ModelView *view, const char *part, const char *key, JsonValue *out) {
    JsonValue object = view->manifest;
    return (!part || json_member(view->manifest, part, &object)) && json_member(object, key, out);
}

double model_view_number(const ModelView *view, const char *part, const char *key) {
    JsonValue value;
    return model_view_value(view, part, key, &value) && json_is_number(value)
               ? json_get_double(value)
               : NAN;
}

char *model_view_printable(Str text) {
    char *out = g_strndup(text.data, text.len);
    for (size_t i = 0; i < text.len; i++)
        if (!g_ascii_isprint(out[i])) out[i] = '?';
    return out;
}

char *model_view_text(const ModelView *view, const char *part, const char *key) {
    JsonValue value;
    if (!model_view_value(view, part, key, &value)) return g_strdup("-");
    if (json_type(value) == JSON_STRING) return model_view_printable(json_get_str(value));
    if (!json_is_number(value)) return g_strdup("-");
    const double number = json_get_double(value);
    const bool whole = number == floor(number) && fabs(number) < 1e15;
    return json_type(value) == JSON_DOUBLE && !whole ? g_strdup_printf("%.4f", number)
                                                     : g_strdup_printf("%.6g", number);
}

/* Side by side */

bool models_compared_add(ModelsCompared *compared, const char *dir, const char *words,
                         GError **error) {
    g_assert(compared->count < MODELS_COMPARED_MAX);
    RegistryVersion *version = registry_find(dir, words, error);
    if (!version) return false;
    ModelView *view = compared->views[compared->count++] = model_view_new(version);
    if (!view->error) return true;
    g_set_error_literal(error, MODEL_ERROR, MODEL_ERROR_INVALID, view->error);
    return false;
}

void models_compared_clear(ModelsCompared *compared) {
    for (size_t i = 0; i < compared->count; i++)
        model_view_free(compared->views[i]);
    compared->count = 0;
}

static bool add_key(Str key, JsonValue value, void *data) {
    (void)value;
    GPtrArray *keys = data;
    char *name = g_strndup(key.data, key.len);
    if (g_ptr_array_find_with_equal_func(keys, name, g_str_equal, NULL))
        g_free(name);
    else
        g_ptr_array_add(keys, name);
    return true;
}

GPtrArray *models_compared_keys(const ModelsCompared *compared, const char *part) {
    GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
    JsonValue object;
    for (size_t i = 0; i < compared->count; i++)
        if (json_member(compared->views[i]->manifest, part, &object))
            json_each(object, add_key, keys);
    return keys;
}

bool models_compared_differ(const ModelsCompared *compared, const char *part, const char *key) {
    g_autofree char *first = model_view_text(compared->views[0], part, key);
    for (size_t i = 1; i < compared->count; i++) {
        g_autofree char *other = model_view_text(compared->views[i], part, key);
        if (strcmp(first, other) != 0) return true;
    }
    return false;
}

typedef void WriteValue(GString *out, const ModelView *view, const char *part, const char *key);

static void write_values(GString *out, const ModelsCompared *compared, const char *part, bool all,
                         WriteValue *write) {
    g_autoptr(GPtrArray) keys = models_compared_keys(compared, part);
    g_string_append_printf(out, ",\"%s\":{", part);
    for (guint k = 0; k < keys->len; k++) {
        const char *key = g_ptr_array_index(keys, k);
        if (!all && !models_compared_differ(compared, part, key)) continue;
        if (out->str[out->len - 1] != '{') g_string_append_c(out, ',');
        json_write_str(out, str_from(key));
        g_string_append_c(out, ':');
        for (size_t i = 0; i < compared->count; i++) {
            g_string_append_c(out, i ? ',' : '[');
            write(out, compared->views[i], part, key);
        }
        g_string_append_c(out, ']');
    }
    g_string_append_c(out, '}');
}

static void write_number(GString *out, const ModelView *view, const char *part, const char *key) {
    json_write_double(out, model_view_number(view, part, key), 10);
}

static void write_text(GString *out, const ModelView *view, const char *part, const char *key) {
    JsonValue value;
    if (model_view_value(view, part, key, &value) && json_type(value) == JSON_STRING)
        json_write_str(out, json_get_str(value));
    else
        g_string_append(out, "null");
}

void models_compared_write(const ModelsCompared *compared, GString *out) {
    g_string_append(out, "{\"models\":[");
    for (size_t i = 0; i < compared->count; i++) {
        if (i > 0) g_string_append_c(out, ',');
        registry_version_write(compared->views[i]->version, out);
    }
    g_string_append_c(out, ']');
    write_values(out, compared, "metrics", true, write_number);
    write_values(out, compared, "parameters", false, write_text);
    g_string_append_c(out, '}');
}

/* The registry's answers */

void registry_list_write(const GPtrArray *versions, GString *out) {
    g_string_append(out, "{\"models\":[");
    for (guint i = 0; i < versions->len; i++) {
        if (i > 0) g_string_append_c(out, ',');
        registry_version_write(g_ptr_array_index(versions, i), out);
    }
    g_string_append(out, "]}");
}

static void write_member(GString *out, const char *before, const char *key, const char *text) {
    g_string_append_printf(out, "%s\"%s\":", before, key);
    if (text)
        json_write_str(out, str_from(text));
    else
        g_string_append(out, "null");
}

void registry_change_write(const char *name, RegistryAlias alias, const RegistryChange *change,
                           GString *out) {
    write_member(out, "{", "name", name);
    write_member(out, ",", "alias", registry_alias_name(alias));
    write_member(out, ",", "from", change->from);
    write_member(out, ",", "to", change->to);
    g_string_append_c(out, '}');
}

void registry_name_write(const RegistryVersion *version, GString *out) {
    write_member(out, "{", "name", version->name);
    write_member(out, ",", "version", version->version);
    g_string_append_c(out, '}');
}
