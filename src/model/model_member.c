#include "model/model_member.h"

#include "model/oblivious_trees.h"
#include "model/tree_ensemble.h"
#include "model/tree_shap.h"

typedef struct KindRow {
    const char *name, *file;
    size_t bytes_max;
} KindRow;

static const KindRow kinds[MODEL_KINDS] = {
    [MODEL_XGBOOST] = {"xgboost", "xgboost.json", TREE_ENSEMBLE_BYTES_MAX},
    [MODEL_CATBOOST] = {"catboost", "catboost.json", OBLIVIOUS_TREES_BYTES_MAX},
    [MODEL_GCN] = {"gcn", "gcn.json", GCN_BYTES_MAX},
};

struct ModelMember {
    ModelKind kind;
    union { /* by kind */
        TreeEnsemble *trees;
        ObliviousTrees *oblivious;
        Gcn *gcn;
    };
    TreeShap *shap; /* of trees */
};

const char *model_kind_name(ModelKind kind) {
    return kinds[kind].name;
}

const char *model_kind_file(ModelKind kind) {
    return kinds[kind].file;
}

size_t model_kind_bytes_max(ModelKind kind) {
    return kinds[kind].bytes_max;
}

bool model_kind_find(Str name, ModelKind *kind) {
    for (int i = 0; i < MODEL_KINDS; i++) {
        if (!str_equal(name, str_from(kinds[i].name))) continue;
        *kind = (ModelKind)i;
        return true;
    }
    return false;
}

ModelMember *model_member_parse(ModelKind kind, GBytes *bytes, GError **error) {
    size_t len;
    const char *text = g_bytes_get_data(bytes, &len);
    ModelMember member = {.kind = kind};
    switch (kind) {
    case MODEL_XGBOOST:
        member.trees = tree_ensemble_parse(text, len, error);
        if (member.trees == NULL) return NULL;
        member.shap = tree_ensemble_shap(member.trees);
        break;
    case MODEL_CATBOOST:
        member.oblivious = oblivious_trees_parse(text, len, error);
        if (member.oblivious == NULL) return NULL;
        member.shap = oblivious_trees_shap(member.oblivious);
        break;
    case MODEL_GCN:
        member.gcn = gcn_parse(text, len, error);
        if (member.gcn == NULL) return NULL;
        break;
    }
    return g_memdup2(&member, sizeof member);
}

void model_member_free(ModelMember *member) {
    if (member == NULL) return;
    tree_shap_free(member->shap);
    switch (member->kind) {
    case MODEL_XGBOOST:
        tree_ensemble_free(member->trees);
        break;
    case MODEL_CATBOOST:
        oblivious_trees_free(member->oblivious);
        break;
    case MODEL_GCN:
        gcn_free(member->gcn);
        break;
    }
    g_free(member);
}

ModelKind model_member_kind(const ModelMember *member) {
    return member->kind;
}

size_t model_member_feature_count(const ModelMember *member) {
    switch (member->kind) {
    case MODEL_XGBOOST:
        return tree_ensemble_feature_count(member->trees);
    case MODEL_CATBOOST:
        return oblivious_trees_feature_count(member->oblivious);
    case MODEL_GCN:
        return gcn_shape(member->gcn)->features;
    }
    g_assert_not_reached();
}

const char *model_member_feature_name(const ModelMember *member, size_t index) {
    switch (member->kind) {
    case MODEL_XGBOOST:
        return tree_ensemble_feature_name(member->trees, index);
    case MODEL_CATBOOST:
        return oblivious_trees_feature_name(member->oblivious, index);
    case MODEL_GCN:
        return gcn_feature_name(member->gcn, index);
    }
    g_assert_not_reached();
}

const Gcn *model_member_gcn(const ModelMember *member) {
    return member->kind == MODEL_GCN ? member->gcn : NULL;
}

float model_member_margin(const ModelMember *member, GcnMemory *memory, const ModelInput *input) {
    switch (member->kind) {
    case MODEL_XGBOOST:
        return tree_ensemble_margin(member->trees, input->features);
    case MODEL_CATBOOST:
        return (float)oblivious_trees_margin(member->oblivious, input->features);
    case MODEL_GCN:
        return gcn_memory_score(memory, input->card, input->time, input->features);
    }
    g_assert_not_reached();
}

static void gcn_contributions(const Gcn *gcn, const GcnMemory *memory, const ModelInput *input,
                              float *out) {
    const GcnShape *shape = gcn_shape(gcn);
    GcnNeighbour neighbours[GCN_NEIGHBOURS_MAX];
    size_t count;
    float rest =
        gcn_memory_attribute(memory, input->card, input->features, out, neighbours, &count);
    for (size_t i = 0; i < count; i++)
        rest += neighbours[i].share;
    out[shape->features] = rest;
}

void model_member_contributions(const ModelMember *member, const GcnMemory *memory,
                                const ModelInput *input, float *out) {
    if (member->kind == MODEL_GCN)
        gcn_contributions(member->gcn, memory, input, out);
    else
        tree_shap_values(member->shap, input->features, out);
}
