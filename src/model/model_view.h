/* What is shown of a version of the registry, and of several side by side: its manifest, read once.
 */
#pragma once

#include "base/json.h"
#include "model/registry.h"

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

/* The value of manifest[part][key], or of manifest[key] where part is NULL; false for none. */
bool model_view_value(const ModelView *view, const char *part, const char *key, JsonValue *out);

/* As a number, NaN for none. */
double model_view_number(const ModelView *view, const char *part, const char *key);

/* As text for people, "-" for none: a number with four decimals, or whole; a text as it is, but
 * what a terminal must not see as '?'. The caller frees it. */
char *model_view_text(const ModelView *view, const char *part, const char *key);

/* The text with '?' for what is no printable ASCII. The caller frees it. */
char *model_view_printable(Str text);

/* Versions side by side. */
enum { MODELS_COMPARED_MAX = 8 };

typedef struct ModelsCompared {
    ModelView *views[MODELS_COMPARED_MAX];
    size_t count;
} ModelsCompared;

/* Adds the version that `words` mean (registry_find), up to MODELS_COMPARED_MAX; false with *error.
 * A version whose manifest cannot be read is an error too. */
bool models_compared_add(ModelsCompared *compared, const char *dir, const char *words,
                         GError **error);
void models_compared_clear(ModelsCompared *compared);

/* The keys of a part of the manifests, each once, in their order; the caller unrefs the array. */
GPtrArray *models_compared_keys(const ModelsCompared *compared, const char *part);

/* Whether a version says otherwise than the first. */
bool models_compared_differ(const ModelsCompared *compared, const char *part, const char *key);

/* Appends {"models": [...], "metrics": {NAME: [...]}, "parameters": {NAME: [...]}}: a value of each
 * version, null for none, of the parameters only where they differ. */
void models_compared_write(const ModelsCompared *compared, GString *out);

/* What the registry's answers are as JSON, each one object. */

/* {"models": [...]}, of RegistryVersion; see registry_version_write. */
void registry_list_write(const GPtrArray *versions, GString *out);

/* {"name", "alias", "from", "to"}; from is null where the alias meant none. */
void registry_change_write(const char *name, RegistryAlias alias, const RegistryChange *change,
                           GString *out);

/* {"name", "version"} */
void registry_name_write(const RegistryVersion *version, GString *out);
