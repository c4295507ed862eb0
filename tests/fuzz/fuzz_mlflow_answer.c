/* Whatever an MLflow server answers, what is taken from it can be put into an address and a path.
 */
#include "io/mlflow_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 65536 };

static void check_id(const char *id) {
    g_assert_true(*id && strlen(id) <= MLFLOW_ID_MAX);
    for (; *id; id++)
        g_assert_true(g_ascii_isalnum(*id) || *id == '_' || *id == '-');
}

static void check_location(const char *location) {
    g_assert_true(*location && strlen(location) <= MLFLOW_LOCATION_MAX);
    g_assert_null(strstr(location, ".."));
    for (; *location; location++)
        g_assert_true(g_ascii_isgraph(*location));
}

static void check_run(MlflowRun *run) {
    g_assert_true(!run->id == !run->artifacts);
    if (run->id) {
        check_id(run->id);
        check_location(run->artifacts);
    }
    mlflow_run_clear(run);
}

static void check_version(MlflowVersion *version) {
    if (version->version)
        g_assert_cmpuint(strspn(version->version, "0123456789"), ==, strlen(version->version));
    if (version->run) check_id(version->run);
    mlflow_version_clear(version);
}

static void check_files(JsonValue root) {
    GPtrArray *files = mlflow_read_files(root);
    if (!files) return;
    g_assert_cmpuint(files->len, <=, MLFLOW_FILES_MAX);
    for (guint i = 0; i < files->len; i++) {
        const char *name = ((const MlflowFile *)g_ptr_array_index(files, i))->name;
        g_assert_true(*name && *name != '.' && !strchr(name, '/'));
    }
    g_ptr_array_unref(files);
}

static void read_all(JsonValue root) {
    MlflowRun run;
    MlflowVersion version;
    bool deleted;
    Str code, message;
    g_autofree char *experiment = mlflow_read_experiment(root, &deleted);
    g_autofree char *location = mlflow_read_location(root);
    if (experiment) check_id(experiment);
    if (location) check_location(location);
    g_assert_true(mlflow_read_run(root, &run) == (run.id != NULL));
    check_run(&run);
    g_assert_true(mlflow_read_first_run(root, &run) || !run.id);
    check_run(&run);
    g_assert_true(mlflow_read_version(root, &version) == (version.version != NULL));
    check_version(&version);
    g_assert_true(mlflow_read_first_version(root, &version) || !version.version);
    check_version(&version);
    check_files(root);
    mlflow_read_error(root, &code, &message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    JsonParser *parser = json_parser_new(INPUT_MAX);
    JsonValue root;
    const char *wrong;
    if (json_parse(parser, (const char *)data, size, &root, &wrong)) read_all(root);
    json_parser_free(parser);
    return 0;
}
