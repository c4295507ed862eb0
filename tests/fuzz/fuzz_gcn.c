/* Any bytes as a network's file: refused with one line, or a network that scores, and whose file,
 * written again, is read as the same. */
#include "model/gcn.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_score(const Gcn *gcn) {
    const size_t features = gcn_shape(gcn)->features;
    g_autofree float *row = g_new(float, features), *shares = g_new(float, features);
    g_autofree GcnNeighbour *neighbours = g_new(GcnNeighbour, gcn_shape(gcn)->neighbours);
    GcnMemory *memory = gcn_memory_new(gcn);
    static const float values[] = {0, NAN, 1, -1, INFINITY, 0.5F, -INFINITY, 2};
    for (size_t i = 0; i < 5; i++) {
        size_t count;
        for (size_t f = 0; f < features; f++)
            row[f] = values[(f + i) % G_N_ELEMENTS(values)];
        if (!isfinite(gcn_memory_score(memory, 1, (int64_t)(1000 * i), row))) abort();
        gcn_memory_attribute(memory, 1, row, shares, neighbours, &count);
    }
    gcn_memory_free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    GError *error = NULL;
    Gcn *gcn = gcn_parse((const char *)data, size, &error);
    if (gcn == NULL) {
        if (error == NULL || strchr(error->message, '\n') != NULL) abort();
        g_error_free(error);
        return 0;
    }
    check_score(gcn);
    GBytes *file = gcn_write(gcn);
    gsize len;
    const char *json = g_bytes_get_data(file, &len);
    Gcn *again = gcn_parse(json, len, NULL);
    const size_t count = gcn_parameter_count(gcn_shape(gcn));
    for (size_t i = 0; i < count; i++)
        if (again == NULL || gcn_parameters(gcn)[i] != gcn_parameters(again)[i]) abort();
    g_bytes_unref(file);
    gcn_free(again);
    gcn_free(gcn);
    return 0;
}
