/* A member of a model: one trained thing that turns a row of features into a margin (log-odds of
 * fraud), whatever family it is of. A model has one or several; they see the same features. A
 * member is immutable and may be shared between threads. */
#pragma once

#include "base/str.h"
#include "model/gcn.h"

typedef enum ModelKind { MODEL_XGBOOST, MODEL_CATBOOST, MODEL_GCN } ModelKind;

enum { MODEL_KINDS = MODEL_GCN + 1 };

const char *model_kind_name(ModelKind kind); /* "xgboost" */
bool model_kind_find(Str name, ModelKind *kind);

/* What its file is called in a model's folder ("xgboost.json"), and how long it may be. */
const char *model_kind_file(ModelKind kind);
size_t model_kind_bytes_max(ModelKind kind);

typedef struct ModelMember ModelMember;

/* Reads a member from its file's bytes, which are not trusted. On failure returns NULL with one
 * line in *error. The caller frees the result with model_member_free. */
ModelMember *model_member_parse(ModelKind kind, GBytes *bytes, GError **error);
void model_member_free(ModelMember *member);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ModelMember, model_member_free)

ModelKind model_member_kind(const ModelMember *member);
size_t model_member_feature_count(const ModelMember *member);
/* The name the file gives feature `index`; NULL when the file names none. */
const char *model_member_feature_name(const ModelMember *member, size_t index);

/* The network of a member that looks back on a card's earlier transactions; NULL for one that sees
 * nothing but the row. */
const Gcn *model_member_gcn(const ModelMember *member);

/* A transaction as a member sees it. One that does not look back reads the features alone. */
typedef struct ModelInput {
    const float *features; /* feature_count floats, NaN for unknown */
    uint32_t card;         /* a small dense number, the graph's */
    int64_t time;          /* seconds */
} ModelInput;

/* Margin of the transaction. `memory` is of the member's network, where it has one, and takes the
 * transaction in; other members do not look at it. */
float model_member_margin(const ModelMember *member, GcnMemory *memory, const ModelInput *input);

/* What each feature added to the margin, and at out[feature_count] the rest: the sum is the margin,
 * up to rounding. Of trees exact Shapley values, and the rest is the margin expected of a row of
 * which nothing is known. Of a network the gradient times the input, and the rest is the biases'
 * and the earlier transactions'; the input must be the one of its card that was scored last. */
void model_member_contributions(const ModelMember *member, const GcnMemory *memory,
                                const ModelInput *input, float *out);
