#include "train/booster.h"

#include <string.h>
#include <xgboost/c_api.h>

/* Hands the matrix to libxgboost block by block, the left-out rows removed. libxgboost keeps bin
 * numbers of a byte or two only, so the data is never twice in memory as floats. */
typedef struct BlockIterator {
    const BoosterJob *job;
    DMatrixHandle proxy;
    size_t block, rows; /* rows: how many the job uses */
    float *values, *labels;
    bool failed;
} BlockIterator;

static G_DEFINE_QUARK(haechi - booster - error, booster_error)

    static void set_error(GError **error, const char *doing) {
    const char *message = XGBGetLastError();
    const char *first_line_end = strchr(message, '\n');
    g_set_error(
        error, booster_error_quark(), 0, "libxgboost, %s: %.*s", doing,
        (int)MIN(first_line_end ? first_line_end - message : (ptrdiff_t)strlen(message), 300),
        message);
}

static bool used(const BoosterJob *job, size_t row) {
    return job->without_group == MATRIX_NO_GROUP ||
           g_array_index(job->matrix->groups, uint8_t, row) != job->without_group;
}

static size_t gather_block(BlockIterator *it) {
    const FeatureMatrix *m = it->job->matrix;
    size_t first = it->block * MATRIX_BLOCK_ROWS;
    size_t last = MIN(first + matrix_block_rows(m, it->block), it->rows);
    size_t n = 0;
    for (size_t row = first; row < last; row++) {
        if (!used(it->job, row)) continue;
        memcpy(it->values + n * m->columns, matrix_row(m, row), m->columns * sizeof(float));
        it->labels[n++] = g_array_index(m->labels, float, row);
    }
    return n;
}

static void iterator_reset(DataIterHandle handle) {
    ((BlockIterator *)handle)->block = 0;
}

static int iterator_next(DataIterHandle handle) {
    BlockIterator *it = handle;
    const FeatureMatrix *m = it->job->matrix;
    size_t n = 0;
    while (n == 0) {
        if (it->block * MATRIX_BLOCK_ROWS >= it->rows) return 0;
        n = gather_block(it);
        it->block++;
    }
    g_autofree char *array =
        g_strdup_printf("{\"data\":[%" G_GUINTPTR_FORMAT
                        ",true],\"shape\":[%zu,%zu],\"typestr\":\"<f4\",\"version\":3}",
                        (uintptr_t)it->values, n, m->columns);
    if (XGProxyDMatrixSetDataDense(it->proxy, array) != 0 ||
        XGDMatrixSetDenseInfo(it->proxy, "label", it->labels, n, 1) != 0) {
        it->failed = true;
        return 0;
    }
    return 1;
}

/* The matrix is binned before the booster sees its parameters, so both must be told. */
static char *matrix_config(const BoosterJob *job) {
    const char *max_bin = "256";
    for (size_t i = 0; i < job->param_count; i++)
        if (strcmp(job->params[i].name, "max_bin") == 0) max_bin = job->params[i].value;
    return g_strdup_printf("{\"missing\":NaN,\"max_bin\":%d}",
                           (int)g_ascii_strtoll(max_bin, NULL, 10));
}

static DMatrixHandle make_matrix(const BoosterJob *job, GError **error) {
    g_autofree char *config = matrix_config(job);
    const FeatureMatrix *m = job->matrix;
    BlockIterator it = {.job = job,
                        .rows = job->row_limit ? MIN(job->row_limit, m->rows) : m->rows};
    if (XGProxyDMatrixCreate(&it.proxy) != 0) {
        set_error(error, "making a matrix");
        return NULL;
    }
    it.values = g_new(float, MATRIX_BLOCK_ROWS * m->columns);
    it.labels = g_new(float, MATRIX_BLOCK_ROWS);
    DMatrixHandle matrix = NULL;
    if (XGQuantileDMatrixCreateFromCallback(&it, it.proxy, NULL, iterator_reset, iterator_next,
                                            config, &matrix) != 0 ||
        it.failed) {
        set_error(error, "making a matrix");
        if (matrix) XGDMatrixFree(matrix);
        matrix = NULL;
    }
    XGDMatrixFree(it.proxy);
    g_free(it.values);
    g_free(it.labels);
    return matrix;
}

static bool set_params(const BoosterJob *job, BoosterHandle booster, GError **error) {
    for (size_t i = 0; i < job->param_count; i++) {
        g_autofree char *doing =
            g_strdup_printf("parameter %s=%s", job->params[i].name, job->params[i].value);
        if (XGBoosterSetParam(booster, job->params[i].name, job->params[i].value) == 0) continue;
        set_error(error, doing);
        return false;
    }
    return true;
}

/* libxgboost tells of unknown parameters only in its log, whose listener is given no data. */
static GString *heard;

static void listen(const char *message) {
    if (heard && heard->len < 4096) g_string_append(heard, message);
}

/* The name in 'Parameters: { "name" } are not used.' */
static bool knows_params(GError **error) {
    const char *names = strstr(heard->str, "Parameters: { ");
    const char *end = names ? strstr(names, " } are not used") : NULL;
    if (!end) return true;
    names += strlen("Parameters: { ");
    g_set_error(error, booster_error_quark(), 0, "XGBoost knows no parameter %.*s",
                (int)(end - names), names);
    return false;
}

static bool boost(const BoosterJob *job, BoosterHandle booster, DMatrixHandle matrix,
                  GError **error) {
    const char **names = g_new(const char *, job->matrix->columns);
    memcpy(names, job->feature_names, job->matrix->columns * sizeof *names);
    int status = XGBoosterSetStrFeatureInfo(booster, "feature_name", names, job->matrix->columns);
    g_free(names);
    for (int round = 0; status == 0 && round < job->rounds; round++) {
        status = XGBoosterUpdateOneIter(booster, round, matrix);
        if (status == 0 && round == 0 && !knows_params(error)) return false;
        if (job->progress) job->progress(job->progress_data, round + 1, job->rounds);
    }
    if (status != 0) set_error(error, "training");
    return status == 0;
}

GBytes *booster_train(const BoosterJob *job, GError **error) {
    g_assert(!heard);
    XGBRegisterLogCallback(listen);
    DMatrixHandle matrix = make_matrix(job, error);
    if (!matrix) return NULL;
    heard = g_string_new(NULL);
    BoosterHandle booster = NULL;
    GBytes *json = NULL;
    bst_ulong len;
    const char *bytes;
    if (XGBoosterCreate(&matrix, 1, &booster) != 0)
        set_error(error, "making a booster");
    else if (set_params(job, booster, error) && boost(job, booster, matrix, error)) {
        if (XGBoosterSaveModelToBuffer(booster, "{\"format\":\"json\"}", &len, &bytes) == 0)
            json = g_bytes_new(bytes, len);
        else
            set_error(error, "saving the model");
    }
    if (booster) XGBoosterFree(booster);
    XGDMatrixFree(matrix);
    g_string_free(heard, TRUE);
    heard = NULL;
    return json;
}
