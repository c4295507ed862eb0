#include "cli/model_option.h"

#include "cli/options.h"
#include "pipeline/mlflow_model.h"

char *model_option_folder(const char *command, const char *text, GError **error) {
    g_autofree char *note = NULL;
    char *folder = mlflow_model_folder(text, &note, error);
    if (note) options_fail(command, 0, "warning: %s", note);
    return folder;
}
