/* haechi mlflow: sends the records that wait for MLflow, and says which version an alias means.
 * What trains and loads models talks to MLflow by itself. */
#include "cli/command.h"
#include "cli/options.h"
#include "model/model_folder.h"
#include "pipeline/mlflow_outbox.h"

#include <stdio.h>
#include <string.h>

static Mlflow *connect_to(const char *command) {
    g_autoptr(GError) error = NULL;
    MlflowOptions options;
    Mlflow *mlflow = NULL;
    if (!mlflow_options_read(&options, &error))
        options_fail(command, 0, "%s", error->message);
    else if (!options.uri)
        options_fail(command, 0, "MLFLOW_TRACKING_URI, where MLflow is, is not set");
    else if (!(mlflow = mlflow_new(&options, &error)))
        options_fail(command, 0, "%s", error->message);
    return mlflow;
}

int cmd_mlflow_send(int argc, char **argv) {
    static const char command[] = "mlflow send";
    static const GOptionEntry entries[] = {{0}};
    if (!options_parse(command, NULL,
                       "Sends the records of training runs that wait for MLflow to the server at "
                       "MLFLOW_TRACKING_URI.",
                       entries, &argc, &argv, 0, 0))
        return EXIT_USAGE;
    g_autoptr(Mlflow) mlflow = connect_to(command);
    if (!mlflow) return 1;
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) told = g_string_new(NULL);
    MlflowOutboxSent sent = {.told = told};
    const bool good = mlflow_outbox_send(mlflow, g_get_monotonic_time(), &sent, &error);
    fputs(told->str, stdout);
    if (good && sent.sent == 0) puts("nothing waits");
    return good ? 0 : options_fail(command, 1, "%u not sent: %s", sent.left, error->message);
}

int cmd_mlflow_alias(int argc, char **argv) {
    static const char command[] = "mlflow alias";
    static const GOptionEntry entries[] = {{0}};
    if (!options_parse(
            command, "NAME@ALIAS VERSION",
            "Lets an alias of a model in MLflow's registry mean a version of it, such as "
            "champion the one that 'haechi serve --model mlflow:NAME@champion' loads.",
            entries, &argc, &argv, 2, 2))
        return EXIT_USAGE;
    char *at = strchr(argv[1], '@');
    const bool is_number = *argv[2] && strspn(argv[2], "0123456789") == strlen(argv[2]);
    if (at) *at = '\0';
    if (!at || !model_name_valid(str_from(argv[1])) || !model_name_valid(str_from(at + 1)) ||
        !is_number)
        return options_fail(
            command, EXIT_USAGE,
            "wants NAME@ALIAS and the number of a version, such as xgboost@champion 3");
    g_autoptr(Mlflow) mlflow = connect_to(command);
    g_autoptr(GError) error = NULL;
    if (!mlflow) return 1;
    if (!mlflow_alias_set(mlflow, argv[1], at + 1, argv[2], &error))
        return options_fail(command, 1, "%s", error->message);
    printf("%s@%s is version %s\n", argv[1], at + 1, argv[2]);
    return 0;
}
