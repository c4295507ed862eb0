#include "graph/merchant_partial.h"
#include "base/bytes.h"

#include <math.h>

enum { PARTIAL_FORM = 33 }; /* the first byte: like no record's */

/* No mean of ln(1 + amount) is larger: ln(1 + AMOUNT_MAX / 100) is 23.03. */
#define HABIT_MEAN_MAX 24.0F

G_STATIC_ASSERT(sizeof(MerchantPartial) == 24 + WINDOW_COUNT * 32); /* no padding */

void merchant_partial_encode(const MerchantPartial *partial, uint8_t out[MERCHANT_PARTIAL_LEN]) {
    out[0] = PARTIAL_FORM;
    memcpy(out + 1, partial, sizeof *partial);
}

/* Whether `count` values of at most `most`, the largest of them `max`, can sum up to `sum`. */
static bool sum_is_well(uint64_t sum, uint64_t max, uint32_t count, uint64_t most) {
    if (sum == 0) return max == 0;
    return max >= 1 && max <= most && max <= sum && sum / max + (sum % max != 0) <= count;
}

static bool window_is_well(const MerchantPartial *p, int w) {
    return p->sum[w] >= 0 && p->max[w] >= 0 &&
           sum_is_well((uint64_t)p->sum[w], (uint64_t)p->max[w], p->count[w], AMOUNT_MAX) &&
           sum_is_well(p->suspicion[w], p->suspicion_max[w], p->count[w], SUSPICION_ONE);
}

/* A longer window holds all that a shorter one does. */
static bool windows_nest(const MerchantPartial *p, int w) {
    return p->count[w - 1] <= p->count[w] && p->sum[w - 1] <= p->sum[w] &&
           p->max[w - 1] <= p->max[w] && p->suspicion[w - 1] <= p->suspicion[w] &&
           p->suspicion_max[w - 1] <= p->suspicion_max[w];
}

static bool habit_is_well(const Habit *habit) {
    const float deviations_max = (float)habit->count * HABIT_MEAN_MAX * HABIT_MEAN_MAX;
    return habit->mean >= 0 && habit->mean <= HABIT_MEAN_MAX && habit->m2 >= 0 &&
           habit->m2 <= deviations_max; /* false of NaN, as is meant */
}

const char *merchant_partial_decode(Str bytes, MerchantPartial *out) {
    if (bytes.len == 0 || (uint8_t)bytes.data[0] != PARTIAL_FORM)
        return "of another version or kind";
    if (bytes.len != MERCHANT_PARTIAL_LEN) return "of a wrong length";
    memcpy(out, bytes.data + 1, sizeof *out);
    if (out->clock > TIME_MAX) return "a time out of range";
    if (!habit_is_well(&out->habit)) return "a habit that no amounts have";
    for (int w = 0; w < WINDOW_COUNT; w++) {
        if (!window_is_well(out, w)) return "a window that no edges have";
        if (w > 0 && !windows_nest(out, w)) return "a shorter window that holds more";
    }
    const uint32_t edges = out->count[WINDOW_30D];
    if (out->habit.count < edges) return "a habit of too few amounts";
    if (out->tally.cards > edges || (edges > 0 && out->tally.cards == 0) ||
        out->tally.compromised > out->tally.cards)
        return "cards that no edges have";
    return NULL;
}
