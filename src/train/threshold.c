#include "train/threshold.h"

#include <math.h>
#include <string.h>

typedef struct Ranked {
    float score, amount;
    uint8_t is_fraud;
} Ranked;

static int by_score_descending(const void *a, const void *b) {
    const float x = ((const Ranked *)a)->score, y = ((const Ranked *)b)->score;
    return (x < y) - (x > y);
}

static double loss(float amount) {
    return amount > 0 ? (double)amount : 0;
}

static Ranked *rank(const ScoredRows *rows) {
    Ranked *ranked = g_new(Ranked, rows->count + 1);
    for (size_t i = 0; i < rows->count; i++)
        ranked[i] = (Ranked){rows->scores[i], rows->amounts[i], rows->is_fraud[i]};
    qsort(ranked, rows->count, sizeof *ranked, by_score_descending);
    return ranked;
}

/* What alerts on the `alerts` highest scores come to. */
typedef struct Tally {
    double alerts, hits, saved; /* saved: the amounts of the frauds that are hit */
} Tally;

/* How well a tally serves the aim: more is better; minus infinity when it does not at all. */
static double merit(const ThresholdWish *wish, const Tally *tally, double frauds, double days) {
    switch (wish->aim) {
    case AIM_F1:
        return 2 * tally->hits / (tally->alerts + frauds);
    case AIM_COST:
        return tally->saved - wish->review_cost * tally->alerts;
    case AIM_PRECISION:
        return tally->hits >= wish->precision * tally->alerts ? tally->hits : -INFINITY;
    case AIM_ALERTS:
        return tally->alerts <= wish->alerts_per_day * days ? tally->hits : -INFINITY;
    }
    return -INFINITY;
}

double threshold_choose(const ScoredRows *rows, const ThresholdWish *wish) {
    g_autofree Ranked *ranked = rank(rows);
    double frauds = 0;
    for (size_t i = 0; i < rows->count; i++)
        frauds += rows->is_fraud[i];
    if (frauds == 0) return 0.5;
    Tally tally = {0};
    double best = 0, chosen = MIN(1, (double)nextafterf(ranked[0].score, INFINITY));
    for (size_t i = 0; i < rows->count;) {
        const float score = ranked[i].score;
        for (; i < rows->count && !(ranked[i].score < score); i++) {
            tally.alerts++;
            tally.hits += ranked[i].is_fraud;
            if (ranked[i].is_fraud) tally.saved += loss(ranked[i].amount);
        }
        const double found = merit(wish, &tally, frauds, rows->days);
        if (found <= best) continue;
        best = found;
        chosen = (double)score;
    }
    return chosen;
}

double threshold_cost(const ScoredRows *rows, double threshold, double review_cost) {
    double cost = 0;
    for (size_t i = 0; i < rows->count; i++) {
        if ((double)rows->scores[i] >= threshold)
            cost += review_cost;
        else if (rows->is_fraud[i])
            cost += loss(rows->amounts[i]);
    }
    return cost;
}

bool threshold_parse(const char *text, ThresholdWish *wish) {
    static const struct {
        const char *word;
        ThresholdAim aim;
        double max;
    } numbered[] = {{"precision=", AIM_PRECISION, 1}, {"alerts=", AIM_ALERTS, 1e9}};
    if (strcmp(text, "f1") == 0 || strcmp(text, "cost") == 0) {
        wish->aim = *text == 'f' ? AIM_F1 : AIM_COST;
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(numbered); i++) {
        if (!g_str_has_prefix(text, numbered[i].word)) continue;
        const char *digits = text + strlen(numbered[i].word);
        char *end;
        const double number = g_ascii_strtod(digits, &end);
        if (end == digits || *end || !(number > 0 && number <= numbered[i].max)) return false;
        wish->aim = numbered[i].aim;
        *(wish->aim == AIM_PRECISION ? &wish->precision : &wish->alerts_per_day) = number;
        return true;
    }
    return false;
}

char *threshold_describe(const ThresholdWish *wish) {
    switch (wish->aim) {
    case AIM_COST:
        return g_strdup_printf("least cost, of a missed fraud its amount, of an alert %.2f",
                               wish->review_cost);
    case AIM_PRECISION:
        return g_strdup_printf("most frauds at precision %g or more", wish->precision);
    case AIM_ALERTS:
        return g_strdup_printf("most frauds at %g alerts a day or fewer", wish->alerts_per_day);
    case AIM_F1:
        break;
    }
    return g_strdup("best F1");
}
