/* Features in words: the whole catalogue in every language, whatever the values; and phrases that
 * were written down by hand. */
#include "feature/phrase.h"

#include <float.h>
#include <math.h>

static size_t index_of(const char *name) {
    for (size_t i = 0; i < feature_count(); i++)
        if (strcmp(feature_at(i)->name, name) == 0) return i;
    g_error("no feature %s", name);
}

static bool is_name(const char *name, const Feature *feature) {
    g_autofree char *with_window = g_strdup_printf("%s_%s", name, feature->window);
    return strcmp(feature->name, name) == 0 || strcmp(feature->name, with_window) == 0;
}

/* Every feature has a phrase, and every phrase a feature. */
static void test_catalogue(void) {
    for (size_t i = 0; i < feature_count(); i++)
        if (!feature_has_phrase(i)) g_error("no phrase, or half of one: %s", feature_at(i)->name);
    size_t rows = 0;
    for (const char *name; (name = phrase_name(rows)); rows++) {
        bool found = false;
        for (size_t i = 0; i < feature_count() && !found; i++)
            found = is_name(name, feature_at(i));
        if (!found) g_error("a phrase for no feature: %s", name);
        for (size_t other = 0; other < rows; other++)
            g_assert_cmpstr(phrase_name(other), !=, name);
    }
    g_assert_cmpuint(rows, >, 0);
}

static bool has_hangul(const char *text) {
    for (; *text; text = g_utf8_find_next_char(text, NULL))
        if (g_unichar_get_script(g_utf8_get_char(text)) == G_UNICODE_SCRIPT_HANGUL) return true;
    return false;
}

/* Fit to stand in JSON as it is, bounded, filled in, in its language. */
static void check_phrase(size_t index, const float *features, Language language) {
    g_autoptr(GString) out = g_string_new(NULL);
    feature_phrase(out, index, features, language);
    g_assert_cmpuint(out->len, >, 0);
    g_assert_cmpuint(out->len, <=, PHRASE_BYTES_MAX);
    g_assert_true(g_utf8_validate(out->str, (gssize)out->len, NULL));
    for (const char *c = out->str; *c; c++)
        g_assert_true(*(const guchar *)c >= ' ' && !strchr("\"\\{}\177", *c));
    g_assert_true(has_hangul(out->str) == (language == LANGUAGE_KO));
    g_assert_null(strstr(out->str, "nan"));
    g_assert_null(strstr(out->str, "inf"));
}

static void test_any_values(void) {
    static const float values[] = {NAN,   0,      1,       2,        0.2F,
                                   7,     23.99F, 1e-9F,   1234.5F,  3e6F,
                                   -4.2F, -0.0F,  FLT_MAX, -FLT_MAX, FLT_TRUE_MIN};
    float *features = g_new(float, feature_count());
    GRand *random = g_rand_new_with_seed(1);
    for (int round = 0; round < 100; round++) {
        const size_t first = (size_t)round;
        for (size_t i = 0; i < feature_count(); i++)
            features[i] = first < G_N_ELEMENTS(values)
                              ? values[first]
                              : values[g_rand_int_range(random, 0, G_N_ELEMENTS(values))];
        for (size_t i = 0; i < feature_count(); i++)
            for (int language = 0; language < LANGUAGE_COUNT; language++)
                check_phrase(i, features, (Language)language);
    }
    g_rand_free(random);
    g_free(features);
}

typedef struct Example {
    const char *feature;
    float value;
    const char *en, *ko;
} Example;

/* Of a card with 144 transactions in 30 days, for 8840 in all, at a merchant with 1800. */
static const Example examples[] = {
    {"card_count_1h", 7, "7 transactions in 1 h; this card's usual is 0.2",
     "1시간에 7건, 이 카드는 보통 0.2건"},
    {"card_count_24h", 1, "1 transaction in 24 h; this card's usual is 4.8",
     "24시간에 1건, 이 카드는 보통 4.8건"},
    {"card_count_30d", 144, "144 transactions in 30 d", "30일에 144건"},
    {"card_sum_3d", 1234.5F, "1,234.50 spent in 3 d; this card's usual is 884.00",
     "3일에 1,234.50 사용, 이 카드는 보통 884.00"},
    {"amount", 843.2F, "Amount 843.20; this card's usual is 61.39",
     "금액 843.20, 이 카드는 보통 61.39"},
    {"card_rate_ratio_1h", 40,
     "40 times this card's usual number of transactions in 1 h, which is 0.2",
     "1시간 거래 건수가 이 카드 평소의 40배(평소 0.2건)"},
    {"card_since_last", 75, "1 min 15 s since this card's last transaction; its usual is 5 h",
     "이 카드의 직전 거래에서 1분 15초 뒤, 보통은 5시간"},
    {"card_since_last", NAN, "This card's first transaction", "이 카드의 첫 거래"},
    {"card_since_3rd", 90000,
     "1 d 1 h since this card's last transaction but two; its usual is 15 h",
     "이 카드의 3건 전 거래에서 1일 1시간 뒤, 보통은 15시간"},
    {"card_amount_z", -4.2F,
     "Amount -4.2 standard deviations from this card's habit; its mean is 61.39",
     "금액이 이 카드의 습관과 -4.2 표준편차 차이(평균 61.39)"},
    {"card_category_z", 4.25F,
     "Amount +4.2 standard deviations from this card's habit in the category",
     "금액이 이 업종에서 이 카드의 습관과 +4.2 표준편차 차이"},
    {"card_day_count", 1, "1 transaction of this card earlier today (UTC)",
     "이 카드의 오늘(UTC) 앞선 거래 1건"},
    {"card_day_suspicion_min", 0.004F,
     "Lowest suspicion of this card's transactions earlier today (UTC): 0.4%",
     "이 카드의 오늘(UTC) 앞선 거래의 의심도 최저 0.4%"},
    {"card_day_suspicion_max", NAN, "This card's first transaction today (UTC)",
     "이 카드의 오늘(UTC) 첫 거래"},
    {"card_day_before_age", 3, "3 days since this card's last day of use before today",
     "이 카드의 직전 이용일에서 3일 뒤"},
    {"home_distance", 325.4F, "325 km from the card holder's home", "회원의 집에서 325 km"},
    {"card_speed", 0, "0 km/h from this card's last merchant to this one",
     "직전 가맹점에서 여기까지의 속도 0 km/h"},
    {"hour", 23.51F, "Paid at 23:30 UTC", "23:30(UTC)에 결제"},
    {"weekday", 6, "Paid on a Sunday", "일요일에 결제"},
    {"category", 13, "Category: travel", "업종: 여행"},
    {"gender_female", 1, "The card holder is a woman", "회원 성별: 여성"},
    {"age_band", 0, "The card holder is under 25", "회원 연령: 25세 미만"},
    {"town", NAN, "The card holder's town is not known", "회원 거주지를 알 수 없음"},
    {"card_hour_share", 0.0123F, "1.2% of this card's transactions are in this hour of the day",
     "이 카드 거래의 1.2%가 이 시간대"},
    {"edge_since_last", NAN, "This card was not at this merchant in 30 d",
     "이 카드가 30일 안에 이용한 적 없는 가맹점"},
    {"merchant_count_24h", 3000, "3,000 transactions at this merchant in 24 h; its usual is 60",
     "이 가맹점에서 24시간에 3,000건, 보통 60건"},
    {"merchant_compromised", 1, "1 compromised card at this merchant in 30 d",
     "이 가맹점을 30일간 이용한 도용 카드 1장"},
    {"exposure_max", 0.25F,
     "At a merchant this card was at in 30 d, 25% of the cards are compromised",
     "이 카드가 30일간 이용한 가맹점 중 도용 카드 비율 최고 25%"},
    {"suspicion", 0.93F, "Suspicion of this transaction taken by itself: 93%",
     "이 거래만 보았을 때의 의심도 93%"},
};

static void check_text(const float *features, size_t index, Language language, const char *text) {
    g_autoptr(GString) out = g_string_new("so far: ");
    feature_phrase(out, index, features, language);
    g_assert_true(g_str_has_prefix(out->str, "so far: "));
    g_assert_cmpstr(out->str + strlen("so far: "), ==, text);
}

static void test_examples(void) {
    float *features = g_new0(float, feature_count());
    for (size_t i = 0; i < G_N_ELEMENTS(examples); i++) {
        const size_t index = index_of(examples[i].feature);
        features[index_of("card_count_30d")] = 144;
        features[index_of("card_sum_30d")] = 8840;
        features[index_of("merchant_count_30d")] = 1800;
        features[index] = examples[i].value;
        check_text(features, index, LANGUAGE_EN, examples[i].en);
        check_text(features, index, LANGUAGE_KO, examples[i].ko);
    }
    g_free(features);
}

/* A merchant's mean follows from the amount and its ratio to it. */
static void test_merchant_mean(void) {
    float *features = g_new0(float, feature_count());
    const size_t ratio = index_of("merchant_amount_to_mean_24h");
    features[index_of("amount")] = 100;
    features[ratio] = 12.5F;
    check_text(features, ratio, LANGUAGE_EN,
               "Amount 12 times this merchant's mean of 24 h, which is 8.00");
    features[ratio] = NAN;
    check_text(features, ratio, LANGUAGE_EN,
               "No transaction at this merchant in 24 h to compare with");
    g_free(features);
}

/* What a new card's usual would be is not known, and not said. */
static void test_nothing_usual(void) {
    float *features = g_new0(float, feature_count());
    features[index_of("amount")] = 5;
    check_text(features, index_of("amount"), LANGUAGE_EN, "Amount 5.00");
    check_text(features, index_of("card_count_1h"), LANGUAGE_KO, "1시간에 0건");
    features[index_of("card_count_30d")] = NAN;
    check_text(features, index_of("card_count_1h"), LANGUAGE_EN, "0 transactions in 1 h");
    g_free(features);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/phrase/catalogue", test_catalogue);
    g_test_add_func("/phrase/any_values", test_any_values);
    g_test_add_func("/phrase/examples", test_examples);
    g_test_add_func("/phrase/merchant_mean", test_merchant_mean);
    g_test_add_func("/phrase/nothing_usual", test_nothing_usual);
    return g_test_run();
}
