/* The model's folder: what its manifest says, and writing one. Nobody ever finds a folder half
 * written: it is made beside its place, flushed to disk, and put there by one rename. */
#pragma once

#include "model/model_member.h"
#include <stdint.h>

/* The files of a folder, beside its members' (model_kind_file). */
#define MODEL_MANIFEST_FILE  "manifest.json"
#define MODEL_SUSPICION_FILE "suspicion.json"
#define MODEL_REPORT_FILE    "report.json" /* an extra: train/report.h */

enum {
    MODEL_FORMAT = 3, /* "format" in the manifest */
    MODEL_NAME_MAX = 64,
    MODEL_WEIGHT_MAX = 1000000, /* of a member's weight and of the bias, by absolute value */
    MODEL_MANIFEST_BYTES_MAX = 4 << 20,
};

typedef struct ModelParameter {
    const char *name, *value;
} ModelParameter;

typedef struct ModelMetric {
    const char *name;
    double value;
} ModelMetric;

/* A member as it was trained. */
typedef struct ModelPart {
    ModelKind kind;
    GBytes *bytes;    /* its file */
    double weight;    /* of its margin in the score; 1 for the only member */
    double threshold; /* of its own score, 0 to 1; that of the model for the only member */
} ModelPart;

/* A file that comes with a model and is not needed to score: a report, a picture. */
typedef struct ModelExtra {
    const char *name; /* a model_name_valid one, that no other file of the folder has */
    GBytes *bytes;
} ModelExtra;

/* A model to be written. Feature names and their hash come from the catalogue, the files' SHA-256
 * from their bytes. */
typedef struct ModelManifest {
    const char *name, *version; /* each 1 to MODEL_NAME_MAX of A-Z a-z 0-9 . _ - */
    const ModelPart *members;   /* of different kinds */
    size_t member_count;        /* 1 to MODEL_MEMBERS_MAX */
    double bias;                /* added to the weighted margins; 0 for the only member */
    GBytes *suspicion;          /* the first stage's file, NULL when there is none */
    const ModelExtra *extras;
    size_t extra_count;
    const ModelParameter *parameters;
    size_t parameter_count;
    int64_t data_from, data_to; /* of the training rows: seconds since the epoch, UTC */
    size_t rows, frauds;
    const ModelMetric *metrics; /* one that is not finite is written as null */
    size_t metric_count;
    double threshold, decline_threshold; /* 0 <= threshold <= decline_threshold <= 1 */
    const char *threshold_choice;        /* one English sentence */
    double training_seconds;
    int64_t trained_at; /* seconds since the epoch, UTC; 0 where it is not known */
} ModelManifest;

/* Appends the manifest as JSON. */
void model_manifest_write(const ModelManifest *manifest, GString *out);

/* Whether a model could be written to `dir` as it stands; else false with one line in *error. */
bool model_folder_check(const char *dir, GError **error);

/* Writes folder `dir`, whose parent must exist; the model that was there before is replaced whole,
 * and files in it that are not a model's are kept. On failure returns false with one line in
 * *error (MODEL_ERROR_WRITE), and what was there before is still there. */
bool model_folder_write(const char *dir, const ModelManifest *manifest, GError **error);

/* Whether `text` may be a model's name or version, or the name of a file of its folder. */
bool model_name_valid(Str text);
