#include "train/booster.h"

#include <math.h>
#include <string.h>
#include <xgboost/c_api.h>

/* Hands rows of the matrix to libxgboost block by block, the left-out ones removed. libxgboost
 * keeps bin numbers of a byte or two only, so the data is never twice in memory as floats. */
typedef struct BlockIterator {
    const BoosterJob *job;
    DMatrixHandle proxy;
    size_t block, end; /* the rows before `end` */
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
    size_t start = it->block * MATRIX_BLOCK_ROWS;
    size_t end = MIN(start + matrix_block_rows(m, it->block), it->end);
    size_t n = 0;
    for (size_t row = start; row < end; row++) {
        if (!used(it->job, row)) continue;
        memcpy(it->values + n * m->columns, matrix_row(m, row), m->columns * sizeof(float));
        it->labels[n++] = g_array_index(m->labels, float, row);
    }
    return n;
}

static void iterator_reset(DataIterHandle handle) {
    BlockIterator *it = handle;
    it->block = 0;
}

static int iterator_next(DataIterHandle handle) {
    BlockIterator *it = handle;
    const FeatureMatrix *m = it->job->matrix;
    size_t n = 0;
    while (n == 0) {
        if (it->block * MATRIX_BLOCK_ROWS >= it->end) return 0;
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

/* Of the rows before `end`, in bins. */
static DMatrixHandle make_matrix(const BoosterJob *job, size_t end, GError **error) {
    g_autofree char *config = matrix_config(job);
    const FeatureMatrix *m = job->matrix;
    BlockIterator it = {.job = job, .end = end};
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

/* Of the rows from `first` on, as they are: from bins libxgboost would have to look every value up
 * again at every prediction. */
static DMatrixHandle make_judged(const FeatureMatrix *m, size_t first, GError **error) {
    const size_t rows = m->rows - first;
    g_autofree float *values = g_new(float, rows * m->columns);
    for (size_t row = 0; row < rows; row++)
        memcpy(values + row * m->columns, matrix_row(m, first + row), m->columns * sizeof(float));
    DMatrixHandle matrix = NULL;
    if (XGDMatrixCreateFromMat(values, rows, m->columns, NAN, &matrix) != 0)
        set_error(error, "making a matrix");
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

/* Scores the judging rows, if it is this round's turn; libxgboost remembers what the rounds before
 * gave them. */
static int tell_step(const BoosterJob *job, BoosterHandle booster, DMatrixHandle judged,
                     int round) {
    const int every = (job->rounds + BOOSTER_STEPS_MAX - 2) / (BOOSTER_STEPS_MAX - 1);
    if (!judged || (round % MAX(every, 1) != 0 && round + 1 != job->rounds)) return 0;
    const char *config = "{\"type\":0,\"training\":false,\"iteration_begin\":0,"
                         "\"iteration_end\":0,\"strict_shape\":false}";
    bst_ulong dimensions;
    const bst_ulong *shape;
    const float *values;
    const int status =
        XGBoosterPredictFromDMatrix(booster, judged, config, &shape, &dimensions, &values);
    if (status == 0 && dimensions == 1) job->step(job->step_data, round + 1, values, shape[0]);
    return status;
}

static bool boost(const BoosterJob *job, BoosterHandle booster, DMatrixHandle matrix,
                  DMatrixHandle judged, GError **error) {
    const char **names = g_new(const char *, job->matrix->columns);
    memcpy(names, job->feature_names, job->matrix->columns * sizeof *names);
    int status = XGBoosterSetStrFeatureInfo(booster, "feature_name", names, job->matrix->columns);
    g_free(names);
    for (int round = 0; status == 0 && round < job->rounds; round++) {
        status = XGBoosterUpdateOneIter(booster, round, matrix);
        if (status == 0 && round == 0 && !knows_params(error)) return false;
        if (status == 0) status = tell_step(job, booster, judged, round);
        if (job->progress) job->progress(job->progress_data, round + 1, job->rounds);
    }
    if (status != 0) set_error(error, "training");
    return status == 0;
}

static GBytes *train_on(const BoosterJob *job, DMatrixHandle matrix, DMatrixHandle judged,
                        GError **error) {
    BoosterHandle booster = NULL;
    GBytes *json = NULL;
    bst_ulong len;
    const char *bytes;
    if (XGBoosterCreate((DMatrixHandle[]){matrix, judged}, judged ? 2 : 1, &booster) != 0)
        set_error(error, "making a booster");
    else if (set_params(job, booster, error) && boost(job, booster, matrix, judged, error)) {
        if (XGBoosterSaveModelToBuffer(booster, "{\"format\":\"json\"}", &len, &bytes) == 0)
            json = g_bytes_new(bytes, len);
        else
            set_error(error, "saving the model");
    }
    if (booster) XGBoosterFree(booster);
    return json;
}

GBytes *booster_train(const BoosterJob *job, GError **error) {
    g_assert(!heard);
    XGBRegisterLogCallback(listen);
    const size_t rows = job->matrix->rows, end = job->row_limit ? MIN(job->row_limit, rows) : rows;
    const bool measured = job->step && end < rows;
    DMatrixHandle judged = NULL, matrix = make_matrix(job, end, error);
    if (!matrix) return NULL;
    if (measured) judged = make_judged(job->matrix, end, error);
    GBytes *json = NULL;
    if (judged || !measured) {
        heard = g_string_new(NULL);
        json = train_on(job, matrix, judged, error);
        g_string_free(heard, TRUE);
        heard = NULL;
    }
    if (judged) XGDMatrixFree(judged);
    XGDMatrixFree(matrix);
    return json;
}

static size_t find_name(const char *const *names, size_t count, const char *name) {
    size_t i = 0;
    while (i < count && strcmp(names[i], name) != 0)
        i++;
    return i;
}

bool booster_importance(GBytes *json, const char *type, const char *const *feature_names,
                        size_t columns, double *out, GError **error) {
    g_autofree char *config = g_strdup_printf("{\"importance_type\":\"%s\"}", type);
    BoosterHandle booster = NULL;
    bst_ulong count, dimensions;
    const bst_ulong *shape;
    const char **found;
    const float *values;
    gsize len;
    const void *bytes = g_bytes_get_data(json, &len);
    for (size_t i = 0; i < columns; i++)
        out[i] = 0;
    const bool good =
        XGBoosterCreate(NULL, 0, &booster) == 0 &&
        XGBoosterLoadModelFromBuffer(booster, bytes, len) == 0 &&
        XGBoosterFeatureScore(booster, config, &count, &found, &dimensions, &shape, &values) == 0;
    for (bst_ulong i = 0; good && i < count; i++) {
        const size_t feature = find_name(feature_names, columns, found[i]);
        if (feature < columns) out[feature] = (double)values[i];
    }
    if (!good) set_error(error, "reading the importance of features");
    if (booster) XGBoosterFree(booster);
    return good;
}
