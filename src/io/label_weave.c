#include "io/label_weave.h"

#include <glib.h>

void label_weave_init(LabelWeave *weave, int64_t delay) {
    *weave = (LabelWeave){.queue = label_queue_new(), .delay = delay, .clock = INT64_MIN};
}

void label_weave_clear(LabelWeave *weave) {
    label_queue_free(weave->queue);
    weave->queue = NULL;
}

void label_weave_arrive(LabelWeave *weave, int64_t time) {
    weave->out_of_order += time < weave->clock;
    weave->clock = MAX(weave->clock, time);
    weave->holding = true;
}

static bool give(LabelWeave *weave, int64_t now, Label *out) {
    if (!label_queue_pop(weave->queue, now, out)) return false;
    weave->labels++;
    return true;
}

bool label_weave_next(LabelWeave *weave, Label *out) {
    return give(weave, weave->clock, out);
}

bool label_weave_rest(LabelWeave *weave, Label *out) {
    return give(weave, INT64_MAX, out);
}

bool label_weave_pass(LabelWeave *weave, const Transaction *transaction) {
    weave->holding = false;
    if (weave->delay < 0 || transaction->is_fraud == LABEL_NONE) return true;
    return label_queue_push(weave->queue, transaction, weave->delay);
}
