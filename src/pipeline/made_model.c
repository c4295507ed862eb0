#include "pipeline/made_model.h"

#include "model/model_folder.h"
#include <stdio.h>
#include <string.h>

enum { BYTES_MAX = 4096, VERSION_MAX = 64 };

#define GROUP "model"

bool made_model_note(const char *name, const char *version, GError **error) {
    const char *path = g_getenv(MADE_MODEL_VARIABLE);
    if (!path || !*path) return true;
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_key_file_set_string(file, GROUP, "name", name);
    g_key_file_set_string(file, GROUP, "version", version);
    return g_key_file_save_to_file(file, path, error);
}

static bool is_version(const char *version) {
    const size_t len = strlen(version);
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isalnum(version[i]) && !strchr("-._", version[i])) return false;
    return len > 0 && len <= VERSION_MAX;
}

/* The whole of a small file, NULL where it is none. */
static char *read_small(const char *path) {
    char buffer[BYTES_MAX];
    FILE *file = fopen(path, "rbe");
    if (!file) return NULL;
    const size_t len = fread(buffer, 1, sizeof buffer, file);
    fclose(file);
    return len < sizeof buffer ? g_strndup(buffer, len) : NULL;
}

bool made_model_read(const char *path, char **name, char **version) {
    g_autofree char *text = read_small(path);
    g_autoptr(GKeyFile) file = g_key_file_new();
    if (!text || !g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, NULL))
        return false;
    g_autofree char *found = g_key_file_get_string(file, GROUP, "name", NULL);
    g_autofree char *which = g_key_file_get_string(file, GROUP, "version", NULL);
    if (!found || !which || !model_name_valid(str_from(found)) || !is_version(which)) return false;
    *name = g_steal_pointer(&found);
    *version = g_steal_pointer(&which);
    return true;
}
