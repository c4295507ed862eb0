/* haechi serve: the service. Options come from the command line, then from the configuration file,
 * then from the defaults. */
#include "serve/serve.h"

#include "cli/command.h"
#include "cli/options.h"

#include <string.h>

typedef struct Settings {
    char *config, *data_dir, *model, *listen, *token_file;
} Settings;

static void settings_clear(Settings *settings) {
    g_free(settings->config);
    g_free(settings->data_dir);
    g_free(settings->model);
    g_free(settings->listen);
    g_free(settings->token_file);
}

/* Where a setting of the configuration file goes; NULL for an unknown one. */
static char **setting(Settings *settings, const char *key) {
    if (strcmp(key, "data-dir") == 0) return &settings->data_dir;
    if (strcmp(key, "model") == 0) return &settings->model;
    if (strcmp(key, "listen") == 0) return &settings->listen;
    if (strcmp(key, "token-file") == 0) return &settings->token_file;
    return NULL;
}

/* Fills what the command line left open. */
static bool read_group(Settings *settings, GKeyFile *file, GError **error) {
    g_auto(GStrv) keys = g_key_file_get_keys(file, "serve", NULL, error);
    for (size_t i = 0; keys && keys[i]; i++) {
        char **value = setting(settings, keys[i]);
        if (!value) {
            g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                        "unknown setting '%s' in [serve]", keys[i]);
            return false;
        }
        g_autofree char *text = g_key_file_get_string(file, "serve", keys[i], error);
        if (!text) return false;
        if (!*value) *value = g_steal_pointer(&text);
    }
    return keys != NULL;
}

static bool read_config(Settings *settings, GError **error) {
    if (!settings->config) return true;
    g_autoptr(GKeyFile) file = g_key_file_new();
    if (g_key_file_load_from_file(file, settings->config, G_KEY_FILE_NONE, error) &&
        read_group(settings, file, error))
        return true;
    g_prefix_error(error, "cannot use the configuration %s: ", settings->config);
    return false;
}

static bool parse(Settings *settings, int argc, char **argv) {
    const GOptionEntry entries[] = {
        {"config", 'c', 0, G_OPTION_ARG_FILENAME, &settings->config,
         "Settings, as the group [serve] of a key file", "FILE"},
        {"data-dir", 'd', 0, G_OPTION_ARG_FILENAME, &settings->data_dir,
         "Folder of the store and the checkpoint (haechi-data)", "DIR"},
        {"model", 'm', 0, G_OPTION_ARG_FILENAME, &settings->model, "Folder of the model", "DIR"},
        {"listen", 'l', 0, G_OPTION_ARG_STRING, &settings->listen,
         "Where to listen (127.0.0.1:8080); port 0 for any", "HOST:PORT"},
        {"token-file", 't', 0, G_OPTION_ARG_FILENAME, &settings->token_file,
         "File with the API token; needed to listen beyond this machine", "FILE"},
        {0},
    };
    return options_parse(
        "serve", NULL,
        "Takes transactions and labels over HTTP, keeps them, scores them and shows them.", entries,
        &argc, &argv, 0, 0);
}

static bool run(const Settings *settings, GError **error) {
    const ServeOptions options = {
        .data_dir = settings->data_dir ? settings->data_dir : "haechi-data",
        .model_dir = settings->model,
        .listen = settings->listen ? settings->listen : "127.0.0.1:8080",
        .token_file = settings->token_file,
    };
    return serve(&options, error);
}

int cmd_serve(int argc, char **argv) {
    Settings settings = {0};
    g_autoptr(GError) error = NULL;
    int status = 0;
    if (!parse(&settings, argc, argv))
        status = EXIT_USAGE;
    else if (!read_config(&settings, &error))
        status = options_fail("serve", 1, "%s", error->message);
    else if (!settings.model)
        status = options_fail("serve", EXIT_USAGE,
                              "no model given (--model DIR); 'haechi train' makes one");
    else if (!run(&settings, &error))
        status = options_fail("serve", 1, "%s", error->message);
    settings_clear(&settings);
    return status;
}
