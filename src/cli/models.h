/* What the commands on the registry have in common: the folder they are about, and a version's
 * manifest to be shown. */
#pragma once

#include "model/model_view.h"

typedef struct ModelsWords {
    char *dir; /* --models; NULL for MODELS_DIR */
    gboolean json;
} ModelsWords;

#define MODELS_DIR "models"

enum { MODELS_ENTRIES = 2 };

/* Fills entries[0..MODELS_ENTRIES). */
void models_words_entries(ModelsWords *words, GOptionEntry *entries);
const char *models_dir(const ModelsWords *words);

/* Finds the version that `words` mean; NULL, having said why as `command`, when there is none. */
ModelView *model_view_find(const char *command, const char *dir, const char *words);

/* "xgboost", "xgboost+catboost"; "champion"; "-" for none. The caller frees it. */
char *model_view_kinds(const ModelView *view);
char *model_view_aliases(const ModelView *view);
/* "2026-11-22 12:13", or "-". The caller frees it. */
char *model_view_time(const ModelView *view, const char *part, const char *key);
