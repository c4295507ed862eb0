/* What the commands on the registry have in common: the folder they are about, and a version's
 * manifest to be shown. */
#pragma once

#include "base/json.h"
#include "model/registry.h"

typedef struct ModelsWords {
    char *dir; /* --models; NULL for MODELS_DIR */
    gboolean json;
} ModelsWords;

#define MODELS_DIR "models"

enum { MODELS_ENTRIES = 2 };

/* Fills entries[0..MODELS_ENTRIES). */
void models_words_entries(ModelsWords *words, GOptionEntry *entries);
const char *models_dir(const ModelsWords *words);

/* A version with what its manifest says. */
typedef struct ModelView {
    RegistryVersion *version;
    char *error; /* why the manifest cannot be read; NULL when it can */
    JsonParser *parser;
    JsonValue manifest;
} ModelView;

/* Takes the version over. */
ModelView *model_view_new(RegistryVersion *version);
void model_view_free(ModelView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ModelView, model_view_free)

/* Finds the version that `words` mean; NULL, having said why as `command`, when there is none. */
ModelView *model_view_find(const char *command, const char *dir, const char *words);

/* The value of manifest[part][key], or of manifest[key] where part is NULL; false for none. */
bool model_view_value(const ModelView *view, const char *part, const char *key, JsonValue *out);

/* As text for people, "-" for none: a number with four decimals, or whole; a text as it is, but
 * what a terminal must not see as '?'. The caller frees it. */
char *model_view_text(const ModelView *view, const char *part, const char *key);

/* "xgboost", "xgboost+catboost"; "champion"; "-" for none. The caller frees it. */
char *model_view_kinds(const ModelView *view);
char *model_view_aliases(const ModelView *view);
/* "2026-11-22 12:13", or "-". The caller frees it. */
char *model_view_time(const ModelView *view, const char *part, const char *key);

/* The text with '?' for what is no printable ASCII. */
char *model_view_printable(Str text);
