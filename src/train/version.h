/* A trained model as a version that can be written: its manifest, with the report and its pictures
 * as files beside. */
#pragma once

#include "model/model_folder.h"
#include "train/train.h"

typedef struct TrainVersion TrainVersion;

#define ENSEMBLE_KIND "ensemble" /* what a model of several members is called */

/* "xgboost", or ENSEMBLE_KIND. */
const char *train_result_kind(const TrainResult *result);

/* `name` is a model_name_valid one. The version is the time `now` (seconds since the epoch, UTC)
 * and the first digits of the members' SHA-256: "20261122T121314Z-1a2b3c4d". NULL with *error in
 * one line when a picture cannot be drawn. `result` must outlive it. */
TrainVersion *train_version_new(const TrainResult *result, const char *name, int64_t now,
                                GError **error);
void train_version_free(TrainVersion *version);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrainVersion, train_version_free)

/* To be written by model_folder_write or registered by registry_add; the version's. */
const ModelManifest *train_version_manifest(const TrainVersion *version);
