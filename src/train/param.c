#include "train/param.h"

#include <string.h>

const char *train_params_find(const TrainParam *params, size_t count, const char *name) {
    for (size_t i = count; i-- > 0;)
        if (strcmp(params[i].name, name) == 0) return params[i].value;
    return NULL;
}

void train_params_add(GArray *params, const char *name, const char *value) {
    TrainParam own = {g_strdup(name), g_strdup(value)};
    g_array_append_val(params, own);
}

GArray *train_params_merge(const TrainParam *defaults, size_t default_count, const TrainParam *over,
                           size_t over_count) {
    GArray *params = g_array_new(FALSE, FALSE, sizeof(TrainParam));
    for (size_t i = 0; i < default_count; i++)
        if (!train_params_find(over, over_count, defaults[i].name))
            train_params_add(params, defaults[i].name, defaults[i].value);
    for (size_t i = 0; i < over_count; i++)
        train_params_add(params, over[i].name, over[i].value);
    return params;
}

static void param_clear(TrainParam *param) {
    g_free(param->name);
    g_free(param->value);
}

char *train_params_take(GArray *params, const char *name) {
    char *value = NULL;
    for (guint i = params->len; i-- > 0;) {
        TrainParam *param = &g_array_index(params, TrainParam, i);
        if (strcmp(param->name, name) != 0) continue;
        if (!value) value = g_steal_pointer(&param->value);
        param_clear(param);
        g_array_remove_index(params, i);
    }
    return value;
}

void train_params_free(GArray *params) {
    for (guint i = 0; params && i < params->len; i++)
        param_clear(&g_array_index(params, TrainParam, i));
    if (params) g_array_unref(params);
}

static G_DEFINE_QUARK(haechi - train - param - error, train_param_error)

    bool train_params_check_threads(const TrainParam *params, size_t count, const char *name,
                                    GError **error) {
    const char *text = train_params_find(params, count, name);
    gint64 number;
    if (!text || g_ascii_string_to_signed(text, 10, -1, TRAIN_THREADS_MAX, &number, NULL))
        return true;
    g_set_error(error, train_param_error_quark(), 0, "%s must be a whole number up to %d, not '%s'",
                name, TRAIN_THREADS_MAX, text);
    return false;
}
