#include "cli/models.h"
#include "cli/options.h"

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
