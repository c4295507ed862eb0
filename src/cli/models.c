#include "cli/models.h"
#include "cli/options.h"
#include "model/model.h"

#include <math.h>
#include <string.h>

void models_words_entries(ModelsWords *words, GOptionEntry *entries) {
    entries[0] = (GOptionEntry){"models",    'm',
                                0,           G_OPTION_ARG_FILENAME,
                                &words->dir, "The folder of models (" MODELS_DIR ")",
                                "DIR"};
    entries[1] = (GOptionEntry){
        "json", 0, 0, G_OPTION_ARG_NONE, &words->json, "Print one JSON object", NULL};
}

const char *models_dir(const ModelsWords *words) {
    return words->dir ? words->dir : MODELS_DIR;
}

ModelView *model_view_new(RegistryVersion *version) {
    ModelView *view = g_new0(ModelView, 1);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = model_manifest_read(version->path, &error);
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

ModelView *model_view_find(const char *command, const char *dir, const char *words) {
    g_autoptr(GError) error = NULL;
    RegistryVersion *version = registry_find(dir, words, &error);
    if (!version) {
        options_fail(command, 0, "%s", error->message);
        return NULL;
    }
    ModelView *view = model_view_new(version);
    if (!view->error) return view;
    options_fail(command, 0, "%s", view->error);
    model_view_free(view);
    return NULL;
}

bool model_view_value(const ModelView *view, const char *part, const char *key, JsonValue *out) {
    JsonValue object = view->manifest;
    return (!part || json_member(view->manifest, part, &object)) && json_member(object, key, out);
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

static bool add_kind(Str key, JsonValue member, void *data) {
    (void)key;
    GString *out = data;
    JsonValue kind;
    if (!json_member(member, "kind", &kind)) return true;
    g_autofree char *text = model_view_printable(json_get_str(kind));
    g_string_append_printf(out, "%s%s", out->len ? "+" : "", text);
    return true;
}

char *model_view_kinds(const ModelView *view) {
    GString *out = g_string_new(NULL);
    JsonValue members;
    if (json_member(view->manifest, "members", &members)) json_each(members, add_kind, out);
    if (out->len == 0) g_string_append_c(out, '-');
    return g_string_free(out, FALSE);
}

char *model_view_aliases(const ModelView *view) {
    GString *out = g_string_new(NULL);
    for (int i = 0; i < REGISTRY_ALIASES; i++)
        if (view->version->is[i])
            g_string_append_printf(out, "%s%s", out->len ? "," : "", registry_alias_name(i));
    if (out->len == 0) g_string_append_c(out, '-');
    return g_string_free(out, FALSE);
}

/* "2026-11-22T12:13:14Z" to the minute. */
char *model_view_time(const ModelView *view, const char *part, const char *key) {
    enum { TO_THE_MINUTE = 16 };
    char *text = model_view_text(view, part, key);
    if (strlen(text) > TO_THE_MINUTE) text[TO_THE_MINUTE] = '\0';
    return g_strdelimit(text, "T", ' ');
}
