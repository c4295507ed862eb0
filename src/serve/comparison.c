#include "serve/comparison.h"

#include "base/hash.h"
#include "base/json_write.h"

/* What is remembered of a transaction until its label comes. Direct-mapped: a later transaction
 * takes the place of an earlier one. */
typedef struct Remembered {
    HashKey key;
    bool champion, challenger; /* whether it was an alert */
    int8_t label;              /* counted; -1 for none */
} Remembered;

struct Comparison {
    ComparisonTotals totals;
    uint64_t seed_high, seed_low;
    Remembered *remembered; /* COMPARISON_REMEMBERED */
};

Comparison *comparison_new(void) {
    Comparison *comparison = g_new0(Comparison, 1);
    comparison->seed_high = hash_random_seed();
    comparison->seed_low = hash_random_seed();
    comparison->remembered = g_new0(Remembered, COMPARISON_REMEMBERED);
    return comparison;
}

void comparison_free(Comparison *comparison) {
    if (!comparison) return;
    g_free(comparison->remembered);
    g_free(comparison);
}

static Remembered *place(Comparison *comparison, HashKey key) {
    return &comparison->remembered[hash_range(key.high, COMPARISON_REMEMBERED)];
}

void comparison_add(Comparison *comparison, Str trans_num, ScoredBy champion, ScoredBy challenger) {
    ComparisonTotals *totals = &comparison->totals;
    const double difference = ABS((double)champion.score - (double)challenger.score);
    totals->transactions++;
    totals->verdicts[champion.verdict][challenger.verdict]++;
    totals->difference_sum += difference;
    totals->difference_max = MAX(totals->difference_max, difference);
    const HashKey key = hash_key(trans_num, comparison->seed_high, comparison->seed_low);
    *place(comparison, key) = (Remembered){.key = key,
                                           .champion = champion.verdict != VERDICT_APPROVE,
                                           .challenger = challenger.verdict != VERDICT_APPROVE,
                                           .label = -1};
}

static void count(ComparisonHits *hits, bool alert, bool is_fraud, uint64_t by) {
    if (is_fraud)
        *(alert ? &hits->true_positives : &hits->false_negatives) += by;
    else
        *(alert ? &hits->false_positives : &hits->true_negatives) += by;
}

static void count_both(ComparisonTotals *totals, const Remembered *of, bool is_fraud, uint64_t by) {
    count(&totals->champion, of->champion, is_fraud, by);
    count(&totals->challenger, of->challenger, is_fraud, by);
}

void comparison_label(Comparison *comparison, Str trans_num, bool is_fraud) {
    const HashKey key = hash_key(trans_num, comparison->seed_high, comparison->seed_low);
    Remembered *of = place(comparison, key);
    if (!hash_key_equal(of->key, key) || of->label == (int8_t)is_fraud) return;
    if (of->label >= 0) count_both(&comparison->totals, of, !is_fraud, (uint64_t)-1);
    count_both(&comparison->totals, of, is_fraud, 1);
    of->label = (int8_t)is_fraud;
}

const ComparisonTotals *comparison_totals(const Comparison *comparison) {
    return &comparison->totals;
}

/* null where it is not defined. */
static void write_share(GString *out, const char *name, uint64_t part, uint64_t whole) {
    g_string_append_printf(out, ",\"%s\":", name);
    if (whole > 0)
        json_write_double(out, (double)part / (double)whole, 6);
    else
        g_string_append(out, "null");
}

static void write_hits(GString *out, const char *name, uint64_t alerts,
                       const ComparisonHits *hits) {
    const uint64_t flagged = hits->true_positives + hits->false_positives;
    g_string_append_printf(
        out,
        ",\"%s\":{\"alerts\":%" G_GUINT64_FORMAT ",\"true_positives\":%" G_GUINT64_FORMAT
        ",\"false_positives\":%" G_GUINT64_FORMAT ",\"false_negatives\":%" G_GUINT64_FORMAT
        ",\"true_negatives\":%" G_GUINT64_FORMAT,
        name, alerts, hits->true_positives, hits->false_positives, hits->false_negatives,
        hits->true_negatives);
    write_share(out, "precision", hits->true_positives, flagged);
    write_share(out, "recall", hits->true_positives, hits->true_positives + hits->false_negatives);
    g_string_append_c(out, '}');
}

void comparison_write(const ComparisonTotals *totals, GString *out) {
    uint64_t agreed = 0, champion_alerts = 0, challenger_alerts = 0;
    g_string_append_printf(out, "{\"transactions\":%" G_GUINT64_FORMAT ",\"verdicts\":{",
                           totals->transactions);
    for (int a = 0; a < 3; a++) {
        g_string_append_printf(out, "%s\"%s\":{", a ? "," : "", verdict_name((Verdict)a));
        for (int b = 0; b < 3; b++) {
            const uint64_t n = totals->verdicts[a][b];
            g_string_append_printf(out, "%s\"%s\":%" G_GUINT64_FORMAT, b ? "," : "",
                                   verdict_name((Verdict)b), n);
            if (a == b) agreed += n;
            if (a != VERDICT_APPROVE) champion_alerts += n;
            if (b != VERDICT_APPROVE) challenger_alerts += n;
        }
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, '}');
    write_share(out, "agreement", agreed, totals->transactions);
    g_string_append(out, ",\"score_difference\":{\"mean\":");
    json_write_double(out, totals->difference_sum / (double)MAX(totals->transactions, 1), 6);
    g_string_append(out, ",\"max\":");
    json_write_double(out, totals->difference_max, 6);
    g_string_append_c(out, '}');
    write_hits(out, "champion", champion_alerts, &totals->champion);
    write_hits(out, "challenger", challenger_alerts, &totals->challenger);
    g_string_append_c(out, '}');
}
