/* The network's file, one JSON object:
 *
 *   {"format": "haechi-gcn", "version": 1,
 *    "features": [NAME...], "width": 64, "neighbours": 8, "time_scale": SECONDS,
 *    "inputs": [{"feature": INDEX, "missing": Y, "x": [X...], "y": [Y...]}...],
 *    "layers": [{"shape": [INPUTS, WIDTH], "conv": [...], "skip": [...], "bias": [...]}...],
 *    "readout": {"weights": [...], "bias": B}}
 *
 * A matrix is its rows, one after the other, a row for each thing that the layer sees. Floats are
 * written so that they read back as they were. Nobody vouches for a file that is read. */
#include "base/json.h"
#include "base/json_write.h"
#include "model/gcn_internal.h"

#include <math.h>
#include <string.h>

enum { FILE_VERSION = 1 };
static const char file_format[] = "haechi-gcn";

/* Writing */

static void write_floats(GString *out, const char *key, const float *values, size_t rows,
                         size_t columns, size_t stride) {
    g_string_append_printf(out, "\"%s\":[", key);
    for (size_t i = 0; i < rows * columns; i++) {
        if (i > 0) g_string_append_c(out, ',');
        json_write_float(out, values[i / columns * stride + i % columns]);
    }
    g_string_append_c(out, ']');
}

static void write_input(GString *out, const GcnInput *input) {
    g_string_append_printf(out, "{\"feature\":%u,\"missing\":", input->feature);
    json_write_float(out, input->missing);
    g_string_append_c(out, ',');
    write_floats(out, "x", input->x, 1, input->knots, 0);
    g_string_append_c(out, ',');
    write_floats(out, "y", input->y, 1, input->knots, 0);
    g_string_append_c(out, '}');
}

static void write_layer(GString *out, const Gcn *gcn, uint32_t layer) {
    const size_t rows = gcn_layer_inputs(&gcn->shape, layer), width = gcn->shape.width;
    const float *weights = gcn->parameters + gcn_layer_weights(&gcn->shape, layer);
    g_string_append_printf(out, "{\"shape\":[%zu,%zu],\n", rows, width);
    write_floats(out, "conv", weights, rows, width, 2 * width);
    g_string_append(out, ",\n");
    write_floats(out, "skip", weights + width, rows, width, 2 * width);
    g_string_append(out, ",\n");
    write_floats(out, "bias", gcn->parameters + gcn_layer_bias(&gcn->shape, layer), 1, width, 0);
    g_string_append_c(out, '}');
}

GBytes *gcn_write(const Gcn *gcn) {
    const GcnShape *shape = &gcn->shape;
    const float *readout = gcn->parameters + gcn_readout(shape);
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "{\"format\":\"%s\",\"version\":%d,\n\"features\":[", file_format,
                           FILE_VERSION);
    for (uint32_t i = 0; i < shape->features; i++) {
        if (i > 0) g_string_append_c(out, ',');
        json_write_str(out, str_from(gcn->names[i]));
    }
    g_string_append_printf(out, "],\n\"width\":%u,\"neighbours\":%u,\"time_scale\":", shape->width,
                           shape->neighbours);
    json_write_float(out, shape->time_scale);
    g_string_append(out, ",\n\"inputs\":[");
    for (uint32_t i = 0; i < shape->inputs; i++) {
        if (i > 0) g_string_append(out, ",\n");
        write_input(out, &gcn->inputs[i]);
    }
    g_string_append(out, "],\n\"layers\":[");
    for (uint32_t i = 0; i < shape->layers; i++) {
        if (i > 0) g_string_append(out, ",\n");
        write_layer(out, gcn, i);
    }
    g_string_append(out, "],\n\"readout\":{");
    write_floats(out, "weights", readout, 1, shape->width, 0);
    g_string_append(out, ",\"bias\":");
    json_write_float(out, readout[shape->width]);
    g_string_append(out, "}}\n");
    return g_string_free_to_bytes(out);
}

/* Reading */

static G_GNUC_PRINTF(2, 3) bool fail(GError **error, const char *format, ...) {
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, GCN_ERROR, GCN_ERROR_INVALID, message);
    return false;
}

static bool get_array(JsonValue object, const char *key, JsonValue *out, GError **error) {
    if (json_member(object, key, out) && json_type(*out) == JSON_ARRAY) return true;
    return fail(error, "\"%s\" is not an array", key);
}

/* A whole number from 0 to `most`; what it may be beyond that is for the shape's check. */
static bool get_count(JsonValue object, const char *key, uint32_t most, uint32_t *out,
                      GError **error) {
    JsonValue value;
    if (json_member(object, key, &value) && json_type(value) == JSON_INT &&
        json_get_int(value) >= 0 && json_get_int(value) <= most) {
        *out = (uint32_t)json_get_int(value);
        return true;
    }
    return fail(error, "\"%s\" is not a whole number from 0 to %u", key, most);
}

static bool get_float(JsonValue object, const char *key, float most, float *out, GError **error) {
    JsonValue value;
    *out = json_member(object, key, &value) ? (float)json_get_double(value) : NAN;
    return fabsf(*out) <= most || fail(error, "\"%s\" is no number up to %g", key, (double)most);
}

/* Where an array's floats go: rows of `columns`, `stride` apart. */
typedef struct FloatSink {
    float *to;
    size_t columns, stride, at;
    float most; /* by absolute value */
} FloatSink;

static bool take_float(Str key, JsonValue value, void *data) {
    (void)key;
    FloatSink *sink = data;
    const float number = (float)json_get_double(value);
    sink->to[sink->at / sink->columns * sink->stride + sink->at % sink->columns] = number;
    sink->at++;
    return fabsf(number) <= sink->most;
}

static bool get_floats(JsonValue object, const char *key, size_t count, FloatSink sink,
                       GError **error) {
    JsonValue array;
    if (!get_array(object, key, &array, error)) return false;
    if (json_count(array) != count)
        return fail(error, "\"%s\" has %zu entries, not %zu", key, json_count(array), count);
    return json_each(array, take_float, &sink) ||
           fail(error, "\"%s\" has an entry that is no number up to %g", key, (double)sink.most);
}

/* What has been read so far. */
typedef struct Reading {
    GcnShape shape;
    char **names;
    GcnInput *inputs;
    float *parameters;
    uint32_t at; /* of the name, input or layer at hand */
    GError **error;
} Reading;

static bool read_name(Str key, JsonValue value, void *data) {
    (void)key;
    Reading *r = data;
    const Str name = json_get_str(value);
    if (json_type(value) != JSON_STRING || (name.len > 0 && memchr(name.data, 0, name.len) != NULL))
        return fail(r->error, "feature %u has no name", r->at);
    r->names[r->at++] = g_strndup(name.data, name.len);
    return true;
}

static bool read_input(Str key, JsonValue value, void *data) {
    (void)key;
    Reading *r = data;
    GcnInput *input = &r->inputs[r->at];
    JsonValue knots;
    bool good = get_count(value, "feature", GCN_FEATURES_MAX, &input->feature, r->error) &&
                get_float(value, "missing", GCN_PARAMETER_MAX, &input->missing, r->error) &&
                get_array(value, "x", &knots, r->error);
    const size_t count = good ? json_count(knots) : 0;
    if (good && (count < 1 || count > GCN_KNOTS_MAX))
        good = fail(r->error, "has %zu knots, not 1 to %d", count, GCN_KNOTS_MAX);
    good = good &&
           get_floats(value, "x", count, (FloatSink){input->x, count, count, 0, GCN_KNOT_MAX},
                      r->error) &&
           get_floats(value, "y", count, (FloatSink){input->y, count, count, 0, GCN_PARAMETER_MAX},
                      r->error);
    input->knots = (uint32_t)count;
    const char *fault = good ? gcn_input_fault(input, &r->shape) : NULL;
    if (fault) good = fail(r->error, "%s", fault);
    if (!good) g_prefix_error(r->error, "input %u: ", r->at);
    r->at++;
    return good;
}

static bool read_layer(Str key, JsonValue value, void *data) {
    (void)key;
    Reading *r = data;
    const size_t rows = gcn_layer_inputs(&r->shape, r->at), width = r->shape.width;
    float *weights = r->parameters + gcn_layer_weights(&r->shape, r->at);
    float *bias = r->parameters + gcn_layer_bias(&r->shape, r->at);
    const bool good =
        get_floats(value, "conv", rows * width,
                   (FloatSink){weights, width, 2 * width, 0, GCN_PARAMETER_MAX}, r->error) &&
        get_floats(value, "skip", rows * width,
                   (FloatSink){weights + width, width, 2 * width, 0, GCN_PARAMETER_MAX},
                   r->error) &&
        get_floats(value, "bias", width, (FloatSink){bias, width, width, 0, GCN_PARAMETER_MAX},
                   r->error);
    if (!good) g_prefix_error(r->error, "layer %u: ", r->at);
    r->at++;
    return good;
}

static bool read_shape(Reading *r, JsonValue root, JsonValue names, JsonValue inputs,
                       JsonValue layers) {
    r->shape.features = (uint32_t)MIN(json_count(names), (size_t)G_MAXINT32);
    r->shape.inputs = (uint32_t)MIN(json_count(inputs), (size_t)G_MAXINT32);
    r->shape.layers = (uint32_t)MIN(json_count(layers), (size_t)G_MAXINT32);
    if (!get_count(root, "width", GCN_WIDTH_MAX, &r->shape.width, r->error) ||
        !get_count(root, "neighbours", GCN_NEIGHBOURS_MAX, &r->shape.neighbours, r->error) ||
        !get_float(root, "time_scale", GCN_TIME_SCALE_MAX, &r->shape.time_scale, r->error))
        return false;
    const char *fault = gcn_shape_fault(&r->shape);
    return fault == NULL || fail(r->error, "%s", fault);
}

static bool read_readout(Reading *r, JsonValue root) {
    const size_t width = r->shape.width;
    float *to = r->parameters + gcn_readout(&r->shape);
    JsonValue readout;
    if (!json_member(root, "readout", &readout)) return fail(r->error, "no \"readout\"");
    return get_floats(readout, "weights", width,
                      (FloatSink){to, width, width, 0, GCN_PARAMETER_MAX}, r->error) &&
           get_float(readout, "bias", GCN_PARAMETER_MAX, &to[width], r->error);
}

static bool read_network(Reading *r, JsonValue root) {
    JsonValue format, version, names, inputs, layers;
    if (!json_member(root, "format", &format) ||
        !str_equal(json_get_str(format), str_from(file_format)))
        return fail(r->error, "\"format\" is not \"%s\"", file_format);
    if (!json_member(root, "version", &version) || json_get_int(version) != FILE_VERSION)
        return fail(r->error, "\"version\" is not %d", FILE_VERSION);
    if (!get_array(root, "features", &names, r->error) ||
        !get_array(root, "inputs", &inputs, r->error) ||
        !get_array(root, "layers", &layers, r->error) ||
        !read_shape(r, root, names, inputs, layers))
        return false;
    r->names = g_new0(char *, r->shape.features + 1);
    r->inputs = g_new0(GcnInput, r->shape.inputs);
    r->parameters = g_new0(float, gcn_parameter_count(&r->shape));
    if (!json_each(names, read_name, r)) return false;
    r->at = 0;
    if (!json_each(inputs, read_input, r)) return false;
    r->at = 0;
    return json_each(layers, read_layer, r) && read_readout(r, root);
}

Gcn *gcn_parse(const char *json, size_t len, GError **error) {
    JsonParser *parser = json_parser_new(GCN_BYTES_MAX);
    Reading r = {.error = error};
    JsonValue root;
    const char *message;
    Gcn *gcn = NULL;
    if (!json_parse(parser, json, len, &root, &message))
        fail(error, "JSON: %s", message);
    else if (read_network(&r, root))
        gcn = gcn_new(&r.shape, (const char *const *)r.names, r.inputs, r.parameters);
    json_parser_free(parser);
    g_strfreev(r.names);
    g_free(r.inputs);
    g_free(r.parameters);
    return gcn;
}
