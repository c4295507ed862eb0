/* Reading CatBoost's JSON, from a file nobody vouches for.
 *
 * The form (catboost.ai, "Export a model to JSON"): features_info.float_features has one object a
 * feature, in order; oblivious_trees one object a tree with splits (border, float_feature_index),
 * leaf_values and leaf_weights; scale_and_bias what the sum of the leaves is multiplied by, and
 * what is added to that. */
#include "model/oblivious_trees_internal.h"

#include "base/json.h"
#include <math.h>

static G_GNUC_PRINTF(2, 3) bool fail(GError **error, const char *format, ...) {
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, OBLIVIOUS_TREES_ERROR, OBLIVIOUS_TREES_ERROR_INVALID, message);
    return false;
}

static bool get_container(JsonValue object, const char *name, JsonType type, JsonValue *out,
                          GError **error) {
    if (!json_member(object, name, out)) return fail(error, "no \"%s\"", name);
    return json_type(*out) == type ||
           fail(error, "\"%s\" is not %s", name, type == JSON_OBJECT ? "an object" : "an array");
}

/* What has been read so far. */
typedef struct Loader {
    ObliviousTrees *trees;
    GPtrArray *names; /* of the features */
    GArray *missing_yes, *first_split, *first_leaf, *depth, *features, *borders, *values, *weights;
    double scale;
    GError **error;
} Loader;

static bool load_name(Loader *loader, JsonValue feature) {
    JsonValue id;
    const Str name = json_member(feature, "feature_id", &id) ? json_get_str(id) : STR("");
    if (name.len > 0 && memchr(name.data, 0, name.len) != NULL)
        return fail(loader->error, "\"feature_id\" is not a name");
    g_ptr_array_add(loader->names, g_strndup(name.len > 0 ? name.data : "", name.len));
    return true;
}

static bool load_feature(Loader *loader, JsonValue feature) {
    JsonValue index, missing;
    const guint at = loader->missing_yes->len;
    if (!json_member(feature, "flat_feature_index", &index) || json_type(index) != JSON_INT ||
        json_get_int(index) != at)
        return fail(loader->error, "\"flat_feature_index\" is not %u", at);
    const Str how =
        json_member(feature, "nan_value_treatment", &missing) ? json_get_str(missing) : STR("");
    const bool yes = str_equal(how, STR("AsTrue"));
    if (!yes && !str_equal(how, STR("AsFalse")) && !str_equal(how, STR("AsIs")))
        return fail(loader->error, "\"nan_value_treatment\" is none that is known");
    g_array_append_val(loader->missing_yes, yes);
    return load_name(loader, feature);
}

static bool load_each_feature(Str key, JsonValue value, void *data) {
    (void)key;
    Loader *loader = data;
    if (load_feature(loader, value)) return true;
    g_prefix_error(loader->error, "feature %u: ", loader->missing_yes->len);
    return false;
}

/* Numbers only, one at least. */
static bool load_features(Loader *loader, JsonValue root) {
    static const char *const others[] = {"categorical_features", "text_features",
                                         "embedding_features", "ctrs"};
    JsonValue info, features, other;
    if (!get_container(root, "features_info", JSON_OBJECT, &info, loader->error)) return false;
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        if (json_member(info, others[i], &other) && json_count(other) > 0)
            return fail(loader->error, "has \"%s\", which are not supported", others[i]);
    if (!get_container(info, "float_features", JSON_ARRAY, &features, loader->error)) return false;
    const size_t count = json_count(features);
    if (count < 1 || count > OBLIVIOUS_TREES_FEATURES_MAX)
        return fail(loader->error, "%zu features, not 1 to %d", count,
                    OBLIVIOUS_TREES_FEATURES_MAX);
    loader->trees->feature_count = (uint32_t)count;
    return json_each(features, load_each_feature, loader);
}

static bool load_each_split(Str key, JsonValue split, void *data) {
    (void)key;
    Loader *loader = data;
    JsonValue type, index, value;
    if (json_member(split, "split_type", &type) &&
        !str_equal(json_get_str(type), STR("FloatFeature")))
        return fail(loader->error, "splits on what is no number, which is not supported");
    if (!json_member(split, "float_feature_index", &index) || json_type(index) != JSON_INT ||
        json_get_int(index) < 0 || json_get_int(index) >= loader->trees->feature_count)
        return fail(loader->error, "splits on a feature that is not there");
    const float border = json_member(split, "border", &value) ? (float)json_get_double(value) : NAN;
    if (!isfinite(border)) return fail(loader->error, "has a border that is no finite float");
    const uint16_t feature = (uint16_t)json_get_int(index);
    g_array_append_val(loader->features, feature);
    g_array_append_val(loader->borders, border);
    return true;
}

/* Where an array of numbers goes. */
typedef struct Sink {
    GArray *numbers;
    double scale, least;
} Sink;

static bool take_number(Str key, JsonValue value, void *data) {
    (void)key;
    const Sink *sink = data;
    const double number = json_get_double(value) * sink->scale; /* NaN where it is no number */
    if (!isfinite(number) || number < sink->least) return false;
    g_array_append_val(sink->numbers, number);
    return true;
}

/* Reads array `name` of the tree, one finite number a leaf. */
static bool load_leaves(Loader *loader, JsonValue tree, const char *name, uint32_t leaves,
                        Sink sink) {
    JsonValue array;
    if (!get_container(tree, name, JSON_ARRAY, &array, loader->error)) return false;
    if (json_count(array) != leaves)
        return fail(loader->error, "\"%s\" has %zu entries where the tree has %u leaves", name,
                    json_count(array), leaves);
    return json_each(array, take_number, &sink) ||
           fail(loader->error, "\"%s\" has an entry that will not do", name);
}

static bool load_tree(Loader *loader, JsonValue tree) {
    JsonValue splits;
    size_t count = 0;
    if (json_member(tree, "splits", &splits) && json_type(splits) != JSON_NULL) {
        if (json_type(splits) != JSON_ARRAY)
            return fail(loader->error, "\"splits\" is not an array");
        count = json_count(splits);
        if (count > OBLIVIOUS_TREES_DEPTH_MAX)
            return fail(loader->error, "is deeper than %d", OBLIVIOUS_TREES_DEPTH_MAX);
        if (!json_each(splits, load_each_split, loader)) return false;
    }
    const uint8_t depth = (uint8_t)count;
    const uint32_t leaves = 1u << depth;
    if (loader->values->len + leaves > OBLIVIOUS_TREES_LEAVES_MAX)
        return fail(loader->error, "the trees have over %d leaves", OBLIVIOUS_TREES_LEAVES_MAX);
    g_array_append_val(loader->depth, depth);
    return load_leaves(loader, tree, "leaf_values", leaves,
                       (Sink){loader->values, loader->scale, -INFINITY}) &&
           load_leaves(loader, tree, "leaf_weights", leaves, (Sink){loader->weights, 1, 0});
}

static bool load_each_tree(Str key, JsonValue value, void *data) {
    (void)key;
    Loader *loader = data;
    const uint32_t at = loader->trees->tree_count;
    if (load_tree(loader, value)) {
        g_array_append_val(loader->first_split, loader->features->len);
        g_array_append_val(loader->first_leaf, loader->values->len);
        loader->trees->tree_count++;
        return true;
    }
    g_prefix_error(loader->error, "tree %u: ", at);
    return false;
}

/* [scale, [bias]]: one output. */
typedef struct ScaleBias {
    double numbers[2];
    size_t count;
} ScaleBias;

static bool take_scale(Str key, JsonValue value, void *data) {
    (void)key;
    ScaleBias *found = data;
    if (json_type(value) == JSON_ARRAY && found->count == 1) {
        const size_t inner = json_count(value);
        return inner == 1 && json_each(value, take_scale, found);
    }
    if (!json_is_number(value) || found->count == 2) return false;
    found->numbers[found->count++] = json_get_double(value);
    return isfinite(found->numbers[found->count - 1]);
}

static bool load_scale(Loader *loader, JsonValue root) {
    JsonValue array;
    ScaleBias found = {.count = 0};
    if (!get_container(root, "scale_and_bias", JSON_ARRAY, &array, loader->error)) return false;
    if (!json_each(array, take_scale, &found) || found.count != 2)
        return fail(loader->error, "\"scale_and_bias\" is not one scale and one bias");
    loader->scale = found.numbers[0];
    loader->trees->bias = found.numbers[1];
    return true;
}

static bool load_trees(Loader *loader, JsonValue root) {
    JsonValue trees;
    if (!json_member(root, "oblivious_trees", &trees) && json_member(root, "trees", &trees))
        return fail(loader->error, "its trees are not symmetric, which is not supported");
    if (!get_container(root, "oblivious_trees", JSON_ARRAY, &trees, loader->error)) return false;
    const size_t count = json_count(trees);
    if (count > OBLIVIOUS_TREES_MAX)
        return fail(loader->error, "%zu trees, over %d", count, OBLIVIOUS_TREES_MAX);
    return json_each(trees, load_each_tree, loader);
}

static bool load(Loader *loader, JsonParser *parser, const char *json, size_t len) {
    JsonValue root;
    const char *message;
    if (!json_parse(parser, json, len, &root, &message))
        return fail(loader->error, "JSON: %s", message);
    return load_features(loader, root) && load_scale(loader, root) && load_trees(loader, root);
}

static void *take_array(GArray *array) {
    return g_array_free(array, FALSE);
}

/* Gives the ensemble the arrays. Names are all there, or none is kept. */
static void hand_over(Loader *loader) {
    ObliviousTrees *trees = loader->trees;
    bool named = loader->names->len > 0;
    for (guint i = 0; i < loader->names->len; i++)
        named &= *(const char *)g_ptr_array_index(loader->names, i) != '\0';
    g_ptr_array_add(loader->names, NULL);
    char **names = (char **)g_ptr_array_free(loader->names, FALSE);
    if (named)
        trees->feature_names = names;
    else
        g_strfreev(names);
    trees->missing_yes = take_array(loader->missing_yes);
    trees->first_split = take_array(loader->first_split);
    trees->first_leaf = take_array(loader->first_leaf);
    trees->depth = take_array(loader->depth);
    trees->features = take_array(loader->features);
    trees->borders = take_array(loader->borders);
    trees->values = take_array(loader->values);
    trees->weights = take_array(loader->weights);
}

ObliviousTrees *oblivious_trees_parse(const char *json, size_t len, GError **error) {
    Loader loader = {
        .trees = g_new0(ObliviousTrees, 1),
        .names = g_ptr_array_new(),
        .missing_yes = g_array_sized_new(FALSE, FALSE, sizeof(bool), 1),
        .first_split = g_array_new(FALSE, TRUE, sizeof(uint32_t)),
        .first_leaf = g_array_new(FALSE, TRUE, sizeof(uint32_t)),
        .depth = g_array_sized_new(FALSE, FALSE, sizeof(uint8_t), 1),
        .features = g_array_sized_new(FALSE, FALSE, sizeof(uint16_t), 1),
        .borders = g_array_sized_new(FALSE, FALSE, sizeof(float), 1),
        .values = g_array_sized_new(FALSE, FALSE, sizeof(double), 1),
        .weights = g_array_sized_new(FALSE, FALSE, sizeof(double), 1),
        .error = error,
    };
    g_array_set_size(loader.first_split, 1); /* 0: where the first tree's begin */
    g_array_set_size(loader.first_leaf, 1);
    JsonParser *parser = json_parser_new(OBLIVIOUS_TREES_BYTES_MAX);
    const bool ok = load(&loader, parser, json, len);
    json_parser_free(parser);
    hand_over(&loader);
    if (ok) {
        loader.trees->wide = oblivious_wide_new(loader.trees);
        if (!oblivious_trees_set_path(loader.trees, OBLIVIOUS_PATH_AVX512))
            oblivious_trees_set_path(loader.trees, OBLIVIOUS_PATH_AVX2);
        return loader.trees;
    }
    oblivious_trees_free(loader.trees);
    return NULL;
}
