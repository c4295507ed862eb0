/* A model's folder with a network whose parameters are random, for what has to score by one. */
#pragma once

#include "feature/feature.h"
#include "model/gcn.h"
#include "model/model_folder.h"
#include <glib/gstdio.h>

/* A network over this build's features. */
static inline Gcn *gcn_folder_network(guint32 seed) {
    const uint32_t features = (uint32_t)feature_count();
    const GcnShape shape = {features, features, 2, 32, 4, 86400};
    g_autofree GcnInput *inputs = g_new0(GcnInput, features);
    g_autofree const char **names = g_new(const char *, features);
    for (uint32_t i = 0; i < features; i++) {
        names[i] = feature_at(i)->name;
        inputs[i] = (GcnInput){.feature = i, .knots = 3, .x = {0, 10, 1000}, .y = {-1, 0, 1}};
    }
    g_autofree float *parameters = g_new(float, gcn_parameter_count(&shape));
    GRand *random = g_rand_new_with_seed(seed);
    for (size_t i = 0; i < gcn_parameter_count(&shape); i++)
        parameters[i] = (float)g_rand_double_range(random, -0.2, 0.2);
    g_rand_free(random);
    return gcn_new(&shape, names, inputs, parameters);
}

static inline void gcn_folder_write(const char *dir, const char *version, guint32 seed) {
    Gcn *gcn = gcn_folder_network(seed);
    GBytes *file = gcn_write(gcn);
    const ModelPart part = {MODEL_GCN, file, 1, 0.5};
    const ModelManifest manifest = {
        .name = "gcn",
        .version = version,
        .members = &part,
        .member_count = 1,
        .threshold = 0.5,
        .decline_threshold = 0.9,
        .threshold_choice = "made up",
    };
    GError *error = NULL;
    g_assert_true(model_folder_write(dir, &manifest, &error));
    g_assert_no_error(error);
    g_bytes_unref(file);
    gcn_free(gcn);
}

static inline void gcn_folder_remove(const char *dir) {
    static const char *const names[] = {MODEL_MANIFEST_FILE, "gcn.json"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(dir, names[i], NULL);
        g_assert_cmpint(g_remove(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}
