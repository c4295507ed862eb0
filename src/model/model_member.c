#include "model/model_member.h"

#include "model/tree_ensemble.h"
#include "model/tree_shap.h"

typedef struct KindRow {
    const char *name, *file;
    size_t bytes_max;
} KindRow;

static const KindRow kinds[MODEL_KINDS] = {
    [MODEL_XGBOOST] = {"xgboost", "xgboost.json", TREE_ENSEMBLE_BYTES_MAX},
};

struct ModelMember {
    ModelKind kind;
    TreeEnsemble *trees;
    TreeShap *shap;
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
    TreeEnsemble *trees = tree_ensemble_parse(text, len, error);
    if (trees == NULL) return NULL;
    ModelMember *member = g_new0(ModelMember, 1);
    member->kind = kind;
    member->trees = trees;
    member->shap = tree_ensemble_shap(trees);
    return member;
}

void model_member_free(ModelMember *member) {
    if (member == NULL) return;
    tree_shap_free(member->shap);
    tree_ensemble_free(member->trees);
    g_free(member);
}

ModelKind model_member_kind(const ModelMember *member) {
    return member->kind;
}

size_t model_member_feature_count(const ModelMember *member) {
    return tree_ensemble_feature_count(member->trees);
}

const char *model_member_feature_name(const ModelMember *member, size_t index) {
    return tree_ensemble_feature_name(member->trees, index);
}

float model_member_margin(const ModelMember *member, const float *features) {
    return tree_ensemble_margin(member->trees, features);
}

void model_member_contributions(const ModelMember *member, const float *features, float *out) {
    tree_shap_values(member->shap, features, out);
}
