#include "serve/kafka/progress.h"

enum { VERSION = 1 };

G_STATIC_ASSERT(sizeof(Step) == LOG_COUNT * 8 + 8); /* no padding: it is written as it lies */

void steps_write(GByteArray *out, const Step *steps, size_t count) {
    g_assert(count <= STEPS_MAX);
    const uint8_t version = VERSION;
    BYTES_PUT(out, version);
    bytes_put(out, steps, count * sizeof *steps);
}

static bool step_valid(const Step *step) {
    for (int i = 0; i < LOG_COUNT; i++)
        if (step->next[i] < 0) return false;
    return true;
}

bool steps_read(Str message, GArray *out) {
    BytesReader in = {(const uint8_t *)message.data, message.len, 0, false};
    uint8_t version;
    g_array_set_size(out, 0);
    BYTES_GET(&in, version);
    const size_t left = in.len - in.at;
    if (in.failed || version != VERSION || left % sizeof(Step) || left > STEPS_MAX * sizeof(Step))
        return false;
    while (in.at < in.len) {
        Step step;
        BYTES_GET(&in, step);
        if (!step_valid(&step)) return false;
        g_array_append_val(out, step);
    }
    return true;
}
