/* Any bytes as a network's memory: refused, or a memory that scores and is written as it was. */
#include "model/gcn.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FEATURES = 2 };

/* The network of the corpus: its shape counts, its parameters do not. */
static Gcn *make(void) {
    static const char *const names[FEATURES] = {"a", "b"};
    const GcnShape shape = {FEATURES, FEATURES, 1, 16, 3, 3600};
    GcnInput inputs[FEATURES];
    for (uint32_t i = 0; i < FEATURES; i++)
        inputs[i] = (GcnInput){.feature = i, .knots = 2, .x = {-9, 9}, .y = {-1, 1}};
    g_autofree float *parameters = g_new0(float, gcn_parameter_count(&shape));
    for (size_t i = 0; i < gcn_parameter_count(&shape); i++)
        parameters[i] = (float)(i % 7) / 8 - 0.4F;
    return gcn_new(&shape, names, inputs, parameters);
}

static bool append(void *data, const void *bytes, size_t len) {
    g_byte_array_append(data, bytes, (guint)len);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Gcn *gcn = make();
    GcnMemory *memory = gcn_memory_read(gcn, data, size);
    if (memory != NULL) {
        GByteArray *bytes = g_byte_array_new();
        gcn_memory_write(memory, append, bytes);
        if (bytes->len != size || memcmp(bytes->data, data, size) != 0) abort();
        g_byte_array_unref(bytes);
        for (uint32_t card = 0; card < 3; card++)
            gcn_memory_score(memory, card, 5000, (const float[FEATURES]){1, -1});
        gcn_memory_free(memory);
    }
    gcn_free(gcn);
    return 0;
}
