/* The report of a trained version, of whatever family: all that its page shows and its pictures
 * (train/picture.h) draw, from the scores of the judging rows. */
#pragma once

#include "model/model_folder.h"
#include "train/curves.h"
#include "train/judge.h"
#include "train/trainer.h"

enum {
    REPORT_FORMAT = 1, /* "format" in the file */
    REPORT_CURVE_POINTS = 200,
    REPORT_WIDTH_BINS = 10,   /* of the reliability, equally wide */
    REPORT_COUNT_BINS = 15,   /* of the reliability, equally full */
    REPORT_SCORE_BINS = 50,   /* of the scores' distribution */
    REPORT_SPREAD_BINS = 10,  /* of a feature or the score, to measure drift against */
    REPORT_SHAP_ROWS = 400,   /* explained, half of them frauds */
    REPORT_SHAP_FEATURES = 20 /* the strongest */
};

#define REPORT_FILE           MODEL_REPORT_FILE
#define REPORT_SHAPLEY_VALUES "Shapley values"

/* What each feature added to the log-odds of judging row `row`: feature_count() values, and at
 * out[feature_count()] what is expected of a row of which nothing is known. */
typedef void ReportExplain(void *data, size_t row, float *out);

/* A layer of a network: its weights are inputs x outputs. */
typedef struct ReportLayer {
    const char *name; /* "graph convolution 1" */
    size_t inputs, outputs, parameters;
} ReportLayer;

/* A measured round or epoch of training. */
typedef struct ReportStep {
    const char *metric; /* interned: lives for ever */
    int step;
    double value;
} ReportStep;

typedef struct ReportJob {
    const Dataset *data;
    const float *scores; /* of each judging row, in order */
    const Judgement *judgement;
    int64_t review_cost;    /* cents: what an alert costs */
    ReportExplain *explain; /* NULL where a member cannot be explained row by row */
    void *explain_data;
    const char *explain_method; /* static: REPORT_SHAPLEY_VALUES or another; not NULL where explain
                                   is not */
    const TrainImportance *importance; /* the library's own; NULL for none */
    const GArray *steps;               /* ReportStep; NULL for none */
    const ReportLayer *layers;         /* borrowed until the report is freed; none for trees */
    size_t layer_count;
} ReportJob;

typedef struct ReportFeature {
    size_t feature;           /* place in the catalogue */
    double mean_contribution; /* mean |log-odds| that it added to the explained rows */
    double gain, splits;      /* the library's own, see TrainImportance */
} ReportFeature;

/* The explained rows, fraud and others in the log's order. */
typedef struct ReportShap {
    const char *method;            /* explain_method */
    size_t rows, features;         /* features: the first so many of the report's importance */
    double expected;               /* log-odds of a transaction of which nothing is known */
    float *scores;                 /* of each row */
    uint8_t *is_fraud;             /* of each row */
    float *values, *contributions; /* rows x features */
} ReportShap;

typedef struct Report {
    Judgement judgement;
    int64_t judged_from, judged_to; /* seconds since the epoch; 0 and 0 for no judging rows */
    double prevalence, brier, log_loss, calibration_error; /* on the judging rows */
    GArray *precision_recall, *roc;                        /* CurvePoint, thinned */

    GArray *cost; /* CurvePoint in cents, thinned */
    int64_t review_cost;
    double no_model_cost;                             /* cents, where nothing is flagged */
    double threshold_cost, best_cost, best_threshold; /* cents at the threshold, and the least */

    GArray *by_width, *by_count; /* ReliabilityBin */
    size_t fraud_scores[REPORT_SCORE_BINS], other_scores[REPORT_SCORE_BINS];

    GArray *importance;  /* ReportFeature: all features, the strongest first */
    bool has_importance; /* its gain and splits are known */
    ReportShap shap;
    GArray *steps; /* ReportStep */
    const ReportLayer *layers;
    size_t layer_count;

    Spread score_spread;     /* of the judging rows: training rows' are too good */
    Spread *feature_spreads; /* feature_count() of them, of the training rows */
} Report;

/* Memory: that of the judging rows' scores a few times over. */
Report *report_new(const ReportJob *job);
void report_free(Report *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)

/* What is known only when the version is written. */
typedef struct ReportHead {
    const char *name, *version, *kind; /* kind: "xgboost" */
    int64_t data_from, data_to;        /* of the training rows, seconds */
    size_t rows, frauds;               /* of the training rows */
    double training_seconds;
} ReportHead;

/* Appends the report as one JSON object: docs/models.md tells its members. */
void report_write(const Report *report, const ReportHead *head, GString *out);
