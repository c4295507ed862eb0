/* A model as scoring sees it: a folder with manifest.json, a file for each of its members (one
 * model family each, see model/model_member.h) and, where the features use it, suspicion.json (the
 * first-stage model, which sees a transaction's own fields only). A model is immutable once loaded
 * and may be shared between threads. */
#pragma once

#include "feature/feature.h"
#include "model/drift_bins.h"
#include "model/member_scores.h"
#include "model/model_member.h"

typedef struct Model Model;

typedef enum Verdict { VERDICT_APPROVE, VERDICT_REVIEW, VERDICT_DECLINE } Verdict;

#define MODEL_ERROR model_error_quark()
GQuark model_error_quark(void);
typedef enum ModelError {
    MODEL_ERROR_MISSING,  /* no such folder, or a file of it is not there */
    MODEL_ERROR_INVALID,  /* truncated, hostile, or not of this form */
    MODEL_ERROR_FEATURES, /* trained for other features than this build's */
    MODEL_ERROR_WRITE,    /* the folder could not be written */
    MODEL_ERROR_REFUSED,  /* the registry does not do that, as things are */
} ModelError;

/* Loads and checks DIR. Every error is one line that names the file and what is wrong with it. */
Model *model_load(const char *dir, GError **error);

/* A model is shared by counted references: model_load gives the first, model_ref another, and
 * model_free gives one back. NULL is allowed. */
Model *model_ref(Model *model);
void model_free(Model *model);

const char *model_name(const Model *model);         /* "xgboost" */
const char *model_version(const Model *model);      /* "20261122T121314Z-1a2b3c4d" */
double model_threshold(const Model *model);         /* score at which a transaction is reviewed */
double model_decline_threshold(const Model *model); /* score at which it is declined */

/* The manifest as its file has it: one JSON object. Lives as long as the model. */
Str model_manifest(const Model *model);

/* The manifest of folder `dir` as one JSON object on one line, for those who only want to show it:
 * it need not fit this build. NULL with *error when there is none. The caller frees it. */
char *model_manifest_read(const char *dir, GError **error);

/* What live transactions are compared with, the model's. NULL where its report (report.json) has
 * not got it or cannot be read, and then *why is one line, the model's too. */
const DriftBins *model_drift(const Model *model, const char **why);

size_t model_member_count(const Model *model);                     /* 1 to MODEL_MEMBERS_MAX */
const ModelMember *model_member(const Model *model, size_t index); /* the model's */

/* Their kinds in order, with commas between: "xgboost,catboost,gcn". Lives as long as the model. */
Str model_member_kinds(const Model *model);

/* Score of the member by itself from which on it would alert. */
double model_member_threshold(const Model *model, size_t index);

/* What the model's member that looks back remembers of each card; empty where none does. It belongs
 * to one fold, and is used by its thread alone. `model` is borrowed and must outlive it. */
typedef struct ModelMemory ModelMemory;
ModelMemory *model_memory_new(const Model *model);
void model_memory_free(ModelMemory *memory); /* NULL is allowed */
size_t model_memory_bytes(const ModelMemory *memory);

/* SHA-256, in hex, of the file of the member that looks back, "" where none does: a memory's
 * content is right for every model of the same. */
const char *model_memory_hash(const Model *model);

/* From now on the memory is of another model, of the same hash. */
void model_memory_set_model(ModelMemory *memory, const Model *model);

/* The memory as bytes, for snapshots, and a new one of them; NULL where they do not hold together.
 * They must be of a model of the same hash. */
bool model_memory_write(const ModelMemory *memory, GcnWrite *write, void *data);
ModelMemory *model_memory_read(const Model *model, const uint8_t *bytes, size_t len);

/* Probability of fraud of a transaction of feature_count() features by all members together: that
 * of the log-odds bias + the sum of weight times margin, as the manifest gives them (stacking by
 * logistic regression, Wolpert 1992). A single member has weight 1 and bias 0: its own probability.
 * The memory, which is of this model, takes the transaction in. */
float model_score(const Model *model, ModelMemory *memory, const ModelInput *input,
                  MemberScores *members);

/* How many of the members decide as the verdict does: to alert (review or decline), or not. */
unsigned member_scores_agreeing(const MemberScores *members, Verdict verdict);

/* First-stage probability: reads only the features flagged `own`. 0 when the model has no first
 * stage. */
float model_suspicion(const Model *model, const float *features);

Verdict model_verdict(const Model *model, float score);
const char *verdict_name(Verdict verdict); /* "approve", "review", "decline" */

/* What each feature added to the members' combined log-odds, and the rest at out[feature_count()]:
 * the sum is those log-odds (see model_member_contributions). The input is the one of its card that
 * was scored last. It costs much more than the score. */
void model_contributions(const Model *model, const ModelMemory *memory, const ModelInput *input,
                         float *out);

/* What the card's earlier transactions added to the members' combined log-odds, by way of the
 * member that looks back on them (gcn_memory_attribute, times its weight; model_contributions has
 * it in its rest): out[0..GCN_NEIGHBOURS_MAX), the latest first. Returns how many; 0 where no
 * member looks back. The input is the one of its card that was scored last. */
size_t model_neighbours(const Model *model, const ModelMemory *memory, const ModelInput *input,
                        GcnNeighbour *out);

/* Probability of a margin (log-odds): 1 / (1 + exp(-margin)) in double, rounded once to float. */
float model_probability(double margin);
