/* The network itself, and scoring one transaction after the other. */
#include "model/gcn_internal.h"

#include <math.h>
#include <string.h>

G_DEFINE_QUARK(haechi - gcn - error - quark, gcn_error)

size_t gcn_layer_inputs(const GcnShape *shape, uint32_t layer) {
    return layer == 0 ? shape->inputs : shape->width;
}

/* Parameters of a layer: both matrices and the bias. */
static size_t layer_size(const GcnShape *shape, uint32_t layer) {
    return (2 * gcn_layer_inputs(shape, layer) + 1) * shape->width;
}

size_t gcn_layer_weights(const GcnShape *shape, uint32_t layer) {
    size_t at = 0;
    for (uint32_t i = 0; i < layer; i++)
        at += layer_size(shape, i);
    return at;
}

size_t gcn_layer_bias(const GcnShape *shape, uint32_t layer) {
    return gcn_layer_weights(shape, layer) + 2 * gcn_layer_inputs(shape, layer) * shape->width;
}

size_t gcn_readout(const GcnShape *shape) {
    return gcn_layer_weights(shape, shape->layers);
}

size_t gcn_parameter_count(const GcnShape *shape) {
    return gcn_readout(shape) + shape->width + 1;
}

const char *gcn_shape_fault(const GcnShape *shape) {
    if (shape->features < 1 || shape->features > GCN_FEATURES_MAX)
        return "too many features, or none";
    if (shape->inputs < 1 || shape->inputs > GCN_INPUTS_MAX) return "too many inputs, or none";
    if (shape->layers < 1 || shape->layers > GCN_LAYERS_MAX) return "too many layers, or none";
    if (shape->width < GCN_LANES || shape->width > GCN_WIDTH_MAX || shape->width % GCN_LANES != 0)
        return "the width is not a multiple of 16 up to 256";
    if (shape->neighbours < 1 || shape->neighbours > GCN_NEIGHBOURS_MAX)
        return "too many neighbours, or none";
    if (!(shape->time_scale >= 1 && shape->time_scale <= GCN_TIME_SCALE_MAX))
        return "the time scale is not from a second to a hundred years";
    return NULL;
}

const char *gcn_input_fault(const GcnInput *input, const GcnShape *shape) {
    if (input->feature >= shape->features) return "reads a feature that is not there";
    if (input->knots < 1 || input->knots > GCN_KNOTS_MAX) return "too many knots, or none";
    if (!(fabsf(input->missing) <= GCN_PARAMETER_MAX)) return "a value that is too large";
    for (uint32_t i = 0; i < input->knots; i++) {
        if (!(fabsf(input->x[i]) <= GCN_KNOT_MAX) || !(fabsf(input->y[i]) <= GCN_PARAMETER_MAX))
            return "a value that is too large";
        if (i == 0) continue;
        if (!(input->x[i] > input->x[i - 1])) return "knots that do not rise";
        if (!isfinite((input->y[i] - input->y[i - 1]) / (input->x[i] - input->x[i - 1])))
            return "a slope that is no finite float";
    }
    return NULL;
}

static GcnCurve curve_of(const GcnInput *input) {
    const uint32_t last = input->knots - 1;
    GcnCurve curve = {
        .low = input->x[0],
        .high = input->x[last],
        .missing = input->missing,
        .feature = input->feature,
    };
    for (uint32_t i = 0; i < GCN_KNOTS_MAX; i++)
        curve.x[i] = i <= last ? input->x[i] : INFINITY;
    for (uint32_t i = 0; i <= last; i++) {
        curve.y[i + 1] = input->y[i];
        curve.from[i + 1] = input->x[i];
        if (i < last)
            curve.slope[i + 1] = (input->y[i + 1] - input->y[i]) / (input->x[i + 1] - input->x[i]);
    }
    return curve;
}

Gcn *gcn_new(const GcnShape *shape, const char *const *names, const GcnInput *inputs,
             const float *parameters) {
    g_assert(gcn_shape_fault(shape) == NULL);
    Gcn *gcn = g_new0(Gcn, 1);
    const size_t count = gcn_parameter_count(shape);
    gcn->shape = *shape;
    gcn->names = g_new0(char *, shape->features + 1);
    for (uint32_t i = 0; i < shape->features; i++)
        gcn->names[i] = g_strdup(names[i]);
    gcn->inputs = g_memdup2(inputs, shape->inputs * sizeof *inputs);
    gcn->curves = g_new(GcnCurve, shape->inputs);
    for (uint32_t i = 0; i < shape->inputs; i++) {
        g_assert(gcn_input_fault(&inputs[i], shape) == NULL);
        gcn->curves[i] = curve_of(&inputs[i]);
    }
    for (size_t i = 0; i < count; i++)
        g_assert(fabsf(parameters[i]) <= GCN_PARAMETER_MAX);
    gcn->parameters = g_memdup2(parameters, count * sizeof *parameters);
    if (!gcn_set_path(gcn, GCN_PATH_AVX512) && !gcn_set_path(gcn, GCN_PATH_AVX2))
        gcn_set_path(gcn, GCN_PATH_PORTABLE);
    return gcn;
}

bool gcn_set_path(Gcn *gcn, GcnPath path) {
    const GcnKernel *kernel = gcn_kernel(path);
    if (kernel != NULL) gcn->kernel = kernel;
    return kernel != NULL;
}

void gcn_free(Gcn *gcn) {
    if (gcn == NULL) return;
    g_strfreev(gcn->names);
    g_free(gcn->inputs);
    g_free(gcn->curves);
    g_free(gcn->parameters);
    g_free(gcn);
}

const GcnShape *gcn_shape(const Gcn *gcn) {
    return &gcn->shape;
}

const char *gcn_feature_name(const Gcn *gcn, size_t index) {
    g_assert(index < gcn->shape.features);
    return gcn->names[index];
}

const GcnInput *gcn_inputs(const Gcn *gcn) {
    return gcn->inputs;
}

const float *gcn_parameters(const Gcn *gcn) {
    return gcn->parameters;
}

void gcn_fill_inputs(const Gcn *gcn, const float *row, float *out) {
    gcn->kernel->curves(gcn->curves, gcn->shape.inputs, row, out);
}

float gcn_edge_weight(int64_t seconds, float time_scale) {
    return expf(-(float)seconds / time_scale);
}
