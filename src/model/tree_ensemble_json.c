/* Reading XGBoost's JSON, from a file nobody vouches for.
 *
 * The form (xgboost.readthedocs.io, "Introduction to Model IO"): learner.learner_model_param has
 * the numbers as strings, learner.gradient_booster.model.trees has one object a tree with an array
 * a column: left_children, right_children (-1 for a leaf), split_indices, split_conditions (a
 * leaf's value at a leaf), default_left, sum_hessian. Versions 1.x to 3.x differ in small ways:
 * default_left as booleans or 0 and 1, base_score bare or in brackets. */
#include "model/tree_ensemble_internal.h"

#include "base/json.h"
#include <math.h>

enum { NO_CHILD = -1 };

static G_GNUC_PRINTF(2, 3) bool fail(GError **error, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, TREE_ENSEMBLE_ERROR, TREE_ENSEMBLE_ERROR_INVALID, message);
    g_free(message);
    return false;
}

static bool get_member(JsonValue object, const char *name, JsonType type, JsonValue *out,
                       GError **error) {
    if (!json_member(object, name, out)) return fail(error, "no \"%s\"", name);
    if (json_type(*out) != type)
        return fail(error, "\"%s\" is not %s", name,
                    type == JSON_OBJECT ? "an object"
                                        : (type == JSON_ARRAY ? "an array" : "a string"));
    return true;
}

static bool str_is(JsonValue value, const char *text) {
    return str_equal(json_get_str(value), str_from(text));
}

/* A number that XGBoost keeps as a string: "100", "5E-1", from 3.1 on "[5E-1]". */
static bool parse_number(JsonValue value, double *out) {
    if (json_is_number(value)) {
        *out = json_get_double(value);
        return true;
    }
    Str text = json_get_str(value);
    if (text.len >= 2 && text.data[0] == '[' && text.data[text.len - 1] == ']')
        text = (Str){text.data + 1, text.len - 2};
    char buffer[64];
    if (text.len == 0 || text.len >= sizeof buffer) return false;
    memcpy(buffer, text.data, text.len);
    buffer[text.len] = '\0';
    char *end;
    *out = g_ascii_strtod(buffer, &end);
    return end == buffer + text.len;
}

/* Reads count `name` of `params`, between low and high; `fallback` when it is absent. */
static bool get_count(JsonValue params, const char *name, double low, double high, double fallback,
                      uint32_t *out, GError **error) {
    JsonValue value;
    double number = fallback;
    if (json_member(params, name, &value) && !parse_number(value, &number))
        return fail(error, "\"%s\" is not a number", name);
    if (!(number >= low && number <= high) || number != floor(number))
        return fail(error, "\"%s\" is not from %.0f to %.0f", name, low, high);
    *out = (uint32_t)number;
    return true;
}

/* Logit of base_score, in float as XGBoost computes it. */
static bool get_base_margin(JsonValue params, float *out, GError **error) {
    JsonValue value;
    double score;
    if (!json_member(params, "base_score", &value)) return fail(error, "no \"base_score\"");
    if (!parse_number(value, &score) || !((float)score > 0 && (float)score < 1))
        return fail(error, "\"base_score\" is no probability between 0 and 1");
    *out = -logf(1.0f / (float)score - 1.0f);
    return true;
}

/* A tree's columns as the file has them, before they are trusted. */
typedef struct Columns {
    size_t count;
    int64_t *left, *right, *feature, *default_left, *split_type;
    double *value, *hessian;
} Columns;

/* Where a column's numbers go: one of the two arrays. */
typedef struct ColumnSink {
    int64_t *integers;
    double *reals;
    size_t at;
} ColumnSink;

static bool take_number(Str key, JsonValue value, void *data) {
    (void)key;
    ColumnSink *sink = data;
    const JsonType type = json_type(value);
    if (sink->reals != NULL && json_is_number(value))
        sink->reals[sink->at++] = json_get_double(value);
    else if (sink->integers != NULL && type == JSON_INT)
        sink->integers[sink->at++] = json_get_int(value);
    else if (sink->integers != NULL && type == JSON_BOOL)
        sink->integers[sink->at++] = json_get_bool(value);
    else
        return false;
    return true;
}

/* Reads array `name`, which must have exactly `count` numbers. */
static bool read_column(JsonValue tree, const char *name, size_t count, ColumnSink sink,
                        GError **error) {
    JsonValue array;
    if (!get_member(tree, name, JSON_ARRAY, &array, error)) return false;
    const size_t found = json_count(array);
    if (found != count)
        return fail(error, "\"%s\" has %zu entries where the tree has %zu nodes", name, found,
                    count);
    if (!json_each(array, take_number, &sink))
        return fail(error, "\"%s\" has an entry of the wrong type", name);
    return true;
}

static bool read_columns(JsonValue tree, Columns *columns, GError **error) {
    const size_t n = columns->count;
    JsonValue types;
    if (json_member(tree, "split_type", &types) &&
        !read_column(tree, "split_type", n, (ColumnSink){.integers = columns->split_type}, error))
        return false;
    return read_column(tree, "left_children", n, (ColumnSink){.integers = columns->left}, error) &&
           read_column(tree, "right_children", n, (ColumnSink){.integers = columns->right},
                       error) &&
           read_column(tree, "split_indices", n, (ColumnSink){.integers = columns->feature},
                       error) &&
           read_column(tree, "default_left", n, (ColumnSink){.integers = columns->default_left},
                       error) &&
           read_column(tree, "split_conditions", n, (ColumnSink){.reals = columns->value}, error) &&
           read_column(tree, "sum_hessian", n, (ColumnSink){.reals = columns->hessian}, error);
}

static void columns_init(Columns *columns, size_t count) {
    *columns = (Columns){
        .count = count,
        .left = g_new0(int64_t, count),
        .right = g_new0(int64_t, count),
        .feature = g_new0(int64_t, count),
        .default_left = g_new0(int64_t, count),
        .split_type = g_new0(int64_t, count),
        .value = g_new0(double, count),
        .hessian = g_new0(double, count),
    };
}

static void columns_clear(Columns *columns) {
    g_free(columns->left);
    g_free(columns->right);
    g_free(columns->feature);
    g_free(columns->default_left);
    g_free(columns->split_type);
    g_free(columns->value);
    g_free(columns->hessian);
}

static bool check_split(const Columns *columns, size_t id, uint32_t feature_count, GError **error) {
    const int64_t n = (int64_t)columns->count;
    const int64_t left = columns->left[id], right = columns->right[id];
    if (left < 0 || left >= n || right < 0 || right >= n)
        return fail(error, "node %zu has a child outside the tree", id);
    if (columns->feature[id] < 0 || columns->feature[id] >= feature_count)
        return fail(error, "node %zu splits on feature %" G_GINT64_FORMAT " of %u", id,
                    columns->feature[id], feature_count);
    if (columns->split_type[id] != 0)
        return fail(error, "node %zu splits on categories, which is not supported", id);
    if (columns->default_left[id] != 0 && columns->default_left[id] != 1)
        return fail(error, "node %zu has a \"default_left\" that is neither 0 nor 1", id);
    return true;
}

/* One node of a tree, checked, from file node `id`; children are told apart by the caller. */
static bool read_node(const Columns *columns, size_t id, uint32_t feature_count, TreeNode *node,
                      GError **error) {
    node->value = (float)columns->value[id];
    if (!isfinite(node->value))
        return fail(error, "node %zu has a threshold or leaf that is no finite float", id);
    if (!(columns->hessian[id] >= 0))
        return fail(error, "node %zu has a negative \"sum_hessian\"", id);
    if (columns->left[id] == NO_CHILD && columns->right[id] == NO_CHILD) {
        node->slot = (uint16_t)(2 * feature_count);
        return true;
    }
    if (!check_split(columns, id, feature_count, error)) return false;
    node->slot = (uint16_t)(columns->feature[id] +
                            (columns->default_left[id] != 0 ? (int64_t)feature_count : 0));
    return true;
}

/* Lays the tree out breadth first into nodes[0..columns->count), which holds the nodes that can be
 * reached from the root; pruned ones stay behind in the file. order[i] becomes the file's number of
 * node i, seen[] marks the numbers met, so that no node has two parents. */
static bool lay_out(const Columns *columns, uint32_t feature_count, TreeNode *nodes,
                    uint32_t *order, bool *seen, Tree *tree, GError **error) {
    uint32_t count = 1, level_end = 1;
    order[0] = 0;
    seen[0] = true;
    tree->depth = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i == level_end) {
            level_end = count;
            if (++tree->depth > TREE_ENSEMBLE_DEPTH_MAX)
                return fail(error, "the tree is deeper than %d", TREE_ENSEMBLE_DEPTH_MAX);
        }
        const uint32_t id = order[i];
        if (!read_node(columns, id, feature_count, &nodes[i], error)) return false;
        const bool leaf = columns->left[id] == NO_CHILD && columns->right[id] == NO_CHILD;
        nodes[i].left = (uint16_t)(leaf ? i : count);
        if (leaf) continue;
        const int64_t children[2] = {columns->left[id], columns->right[id]};
        for (int side = 0; side < 2; side++) {
            if (seen[children[side]])
                return fail(error, "node %" G_GINT64_FORMAT " has two parents", children[side]);
            seen[children[side]] = true;
            order[count++] = (uint32_t)children[side];
        }
    }
    tree->count = count;
    return true;
}

/* The trees read so far. */
typedef struct Loader {
    TreeEnsemble *ensemble;
    GArray *nodes, *cover;
    uint32_t at; /* tree being read */
    GError **error;
} Loader;

static bool append_tree(Loader *loader, const Columns *columns) {
    const uint32_t features = loader->ensemble->feature_count;
    Tree *tree = &loader->ensemble->trees[loader->at];
    TreeNode *nodes = g_new0(TreeNode, columns->count);
    float *cover = g_new0(float, columns->count);
    uint32_t *order = g_new0(uint32_t, columns->count);
    bool *seen = g_new0(bool, columns->count);
    const bool ok = lay_out(columns, features, nodes, order, seen, tree, loader->error);
    if (ok) {
        for (uint32_t i = 0; i < tree->count; i++)
            cover[i] = (float)columns->hessian[order[i]];
        tree->first = loader->nodes->len;
        g_array_append_vals(loader->nodes, nodes, tree->count);
        g_array_append_vals(loader->cover, cover, tree->count);
    }
    g_free(nodes);
    g_free(cover);
    g_free(order);
    g_free(seen);
    return ok;
}

static bool load_tree(JsonValue value, Loader *loader) {
    JsonValue params, left;
    uint32_t leaf_size;
    if (!get_member(value, "tree_param", JSON_OBJECT, &params, loader->error) ||
        !get_count(params, "size_leaf_vector", 0, 1, 0, &leaf_size, loader->error) ||
        !get_member(value, "left_children", JSON_ARRAY, &left, loader->error))
        return false;
    const size_t count = json_count(left);
    if (count == 0 || count > TREE_ENSEMBLE_NODES_MAX)
        return fail(loader->error, "%zu nodes, not 1 to %d", count, TREE_ENSEMBLE_NODES_MAX);
    Columns columns;
    columns_init(&columns, count);
    const bool ok = read_columns(value, &columns, loader->error) && append_tree(loader, &columns);
    columns_clear(&columns);
    return ok;
}

static bool load_each_tree(Str key, JsonValue value, void *data) {
    (void)key;
    Loader *loader = data;
    if (json_type(value) != JSON_OBJECT)
        fail(loader->error, "not an object");
    else if (load_tree(value, loader)) {
        loader->at++;
        return true;
    }
    g_prefix_error(loader->error, "tree %u: ", loader->at);
    return false;
}

static bool load_trees(TreeEnsemble *ensemble, JsonValue trees, GError **error) {
    const size_t count = json_count(trees);
    if (count > TREE_ENSEMBLE_TREES_MAX)
        return fail(error, "%zu trees, over %d", count, TREE_ENSEMBLE_TREES_MAX);
    ensemble->tree_count = (uint32_t)count;
    ensemble->trees = g_new0(Tree, ensemble->tree_count);
    Loader loader = {
        .ensemble = ensemble,
        .nodes = g_array_new(FALSE, FALSE, sizeof(TreeNode)),
        .cover = g_array_new(FALSE, FALSE, sizeof(float)),
        .error = error,
    };
    const bool ok = json_each(trees, load_each_tree, &loader);
    ensemble->node_count = loader.nodes->len;
    ensemble->nodes = (TreeNode *)(void *)g_array_free(loader.nodes, FALSE);
    ensemble->cover = (float *)(void *)g_array_free(loader.cover, FALSE);
    return ok;
}

static bool is_zero(Str key, JsonValue value, void *data) {
    (void)key;
    (void)data;
    return json_type(value) == JSON_INT && json_get_int(value) == 0;
}

/* learner.gradient_booster: of kind gbtree, all trees for the one class there is. */
static bool load_booster(TreeEnsemble *ensemble, JsonValue booster, GError **error) {
    JsonValue name, model, trees, info;
    if (!get_member(booster, "name", JSON_STRING, &name, error)) return false;
    if (!str_is(name, "gbtree")) return fail(error, "booster is not \"gbtree\"");
    if (!get_member(booster, "model", JSON_OBJECT, &model, error) ||
        !get_member(model, "trees", JSON_ARRAY, &trees, error) ||
        !get_member(model, "tree_info", JSON_ARRAY, &info, error))
        return false;
    if (json_count(info) != json_count(trees) || !json_each(info, is_zero, NULL))
        return fail(error, "\"tree_info\" is not one 0 a tree");
    return load_trees(ensemble, trees, error);
}

static bool take_name(Str key, JsonValue value, void *data) {
    (void)key;
    char ***next = data;
    const Str name = json_get_str(value);
    if (json_type(value) != JSON_STRING || (name.len > 0 && memchr(name.data, 0, name.len) != NULL))
        return false;
    *(*next)++ = g_strndup(name.data, name.len);
    return true;
}

/* learner.feature_names: absent or empty, or one a feature. */
static bool load_names(TreeEnsemble *ensemble, JsonValue learner, GError **error) {
    JsonValue names;
    if (!json_member(learner, "feature_names", &names)) return true;
    const size_t count = json_count(names);
    if (json_type(names) != JSON_ARRAY || (count != 0 && count != ensemble->feature_count))
        return fail(error, "\"feature_names\" does not name %u features", ensemble->feature_count);
    if (count == 0) return true;
    ensemble->feature_names = g_new0(char *, count + 1);
    char **next = ensemble->feature_names;
    if (!json_each(names, take_name, &next))
        return fail(error, "\"feature_names\" has an entry that is not a name");
    return true;
}

static bool load_learner(TreeEnsemble *ensemble, JsonValue learner, GError **error) {
    JsonValue params, objective, name, booster;
    uint32_t classes, targets;
    if (!get_member(learner, "objective", JSON_OBJECT, &objective, error) ||
        !get_member(objective, "name", JSON_STRING, &name, error))
        return false;
    if (!str_is(name, "binary:logistic"))
        return fail(error, "objective is not \"binary:logistic\"");
    return get_member(learner, "learner_model_param", JSON_OBJECT, &params, error) &&
           get_count(params, "num_class", 0, 1, 0, &classes, error) &&
           get_count(params, "num_target", 0, 1, 1, &targets, error) &&
           get_count(params, "num_feature", 1, TREE_ENSEMBLE_FEATURES_MAX, 0,
                     &ensemble->feature_count, error) &&
           get_base_margin(params, &ensemble->base_margin, error) &&
           load_names(ensemble, learner, error) &&
           get_member(learner, "gradient_booster", JSON_OBJECT, &booster, error) &&
           load_booster(ensemble, booster, error);
}

static bool load(TreeEnsemble *ensemble, JsonParser *parser, const char *json, size_t len,
                 GError **error) {
    JsonValue root, learner;
    const char *message;
    if (!json_parse(parser, json, len, &root, &message)) return fail(error, "JSON: %s", message);
    return get_member(root, "learner", JSON_OBJECT, &learner, error) &&
           load_learner(ensemble, learner, error);
}

TreeEnsemble *tree_ensemble_parse(const char *json, size_t len, GError **error) {
    JsonParser *parser = json_parser_new(TREE_ENSEMBLE_BYTES_MAX);
    TreeEnsemble *ensemble = g_new0(TreeEnsemble, 1);
    const bool ok = load(ensemble, parser, json, len, error);
    json_parser_free(parser);
    if (!ok) {
        tree_ensemble_free(ensemble);
        return NULL;
    }
    ensemble->wide = wide_trees_new(ensemble);
    ensemble->path = ensemble->wide != NULL ? TREE_PATH_AVX512 : TREE_PATH_PORTABLE;
    return ensemble;
}
