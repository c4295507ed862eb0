#include "feature/phrase.h"

#include "record/category.h"

#include <math.h>

const char *const language_code[LANGUAGE_COUNT] = {"en", "ko"};

typedef const char *Words[LANGUAGE_COUNT];

/* What is usual: times * of / per, features both, and in `unit`. A name that ends in '_' goes on
 * with the window of the feature that is spoken of. `scaled`: of / per is of 30 d, and said of that
 * window; of 30 d themselves it says nothing. */
typedef struct Usual {
    const char *of, *per; /* NULL for 1 */
    float times;
    bool scaled;
    const char *unit;
} Usual;

enum { DAYS_30 = 30 * 86400 };
static const Usual card_count = {"card_count_30d", NULL, 1, true, "count"};
static const Usual card_sum = {"card_sum_30d", NULL, 1, true, "money"};
static const Usual card_suspicion = {"card_suspicion_sum_30d", NULL, 1, true, "sum"};
static const Usual card_amount = {"card_sum_30d", "card_count_30d", 1, false, "money"};
static const Usual card_amount_window = {"card_sum_", "card_count_", 1, false, "money"};
static const Usual card_max_window = {"card_max_", NULL, 1, false, "money"};
static const Usual card_gap = {NULL, "card_count_30d", DAYS_30, false, "s"};
static const Usual card_gap_2 = {NULL, "card_count_30d", 2 * DAYS_30, false, "s"};
static const Usual card_gap_3 = {NULL, "card_count_30d", 3 * DAYS_30, false, "s"};
static const Usual card_gap_4 = {NULL, "card_count_30d", 4 * DAYS_30, false, "s"};
static const Usual merchant_count = {"merchant_count_30d", NULL, 1, true, "count"};
static const Usual merchant_amount = {"amount", "merchant_amount_to_mean_30d", 1, false, "money"};
static const Usual merchant_amount_window = {"amount", "merchant_amount_to_mean_", 1, false,
                                             "money"};

/* The names of values that are codes. */

static const Words categories[CATEGORY_COUNT] = {
    {"fuel and transport", "주유·교통"},
    {"groceries, online", "식료품(온라인)"},
    {"groceries, in store", "식료품(매장)"},
    {"miscellaneous, online", "기타(온라인)"},
    {"miscellaneous, in store", "기타(매장)"},
    {"shopping, online", "쇼핑(온라인)"},
    {"shopping, in store", "쇼핑(매장)"},
    {"entertainment", "여가·오락"},
    {"food and dining", "외식"},
    {"health and fitness", "건강·운동"},
    {"home", "생활·가정"},
    {"children and pets", "유아·반려동물"},
    {"personal care", "미용"},
    {"travel", "여행"},
    {"other", "그 밖"},
};
static const Words weekdays[] = {
    {"Monday", "월요일"}, {"Tuesday", "화요일"},  {"Wednesday", "수요일"}, {"Thursday", "목요일"},
    {"Friday", "금요일"}, {"Saturday", "토요일"}, {"Sunday", "일요일"},
};
static const Words genders[] = {{"a man", "남성"}, {"a woman", "여성"}};
static const Words ages[] = {
    {"under 25", "25세 미만"}, {"25 to 49", "25~49세"}, {"50 or older", "50세 이상"}};
static const Words towns[] = {{"under 2,500", "2,500명 미만"}, {"2,500 or more", "2,500명 이상"}};

/* A row a feature, by its name without the window. In the words, {value} is the value in its unit,
 * {s} an s unless it is 1, {window} the feature's window and {usual} what is usual. */
typedef struct Phrase {
    const char *name;
    Words words;
    Words unknown;      /* in place of `words` where there is no value */
    const Usual *usual; /* NULL: nothing is known to be */
    Words usual_words;  /* appended where there is something usual */
    const Words *codes; /* the values' names, NULL where they are numbers */
    size_t code_count;
} Phrase;

#define CODES(table) .codes = (table), .code_count = G_N_ELEMENTS(table)

#define NONE_OF_CARD                                                                               \
    {                                                                                              \
        "No transaction of this card in {window} to compare with",                                 \
            "비교할 이 카드의 {window} 거래가 없음"                                    \
    }
#define NONE_AT_MERCHANT                                                                           \
    {                                                                                              \
        "No transaction at this merchant in {window} to compare with",                             \
            "비교할 이 가맹점의 {window} 거래가 없음"                                 \
    }
#define FIRST_OF_CARD                                                                              \
    { "This card's first transaction", "이 카드의 첫 거래" }
#define FIRST_OF_DAY                                                                               \
    { "This card's first transaction today (UTC)", "이 카드의 오늘(UTC) 첫 거래" }
#define FIRST_DAY                                                                                  \
    { "This card's first day of use", "이 카드를 처음 이용한 날" }
#define WHICH_IS ", which is {usual}"

static const Phrase phrases[] = {
    {.name = "amount",
     .words = {"Amount {value}", "금액 {value}"},
     .usual = &card_amount,
     .usual_words = {"; this card's usual is {usual}", ", 이 카드는 보통 {usual}"}},
    {.name = "amount_cents",
     .words = {"The amount ends in {value} cent{s}", "금액의 소수 부분 {value}"}},
    {.name = "category", .words = {"Category: {value}", "업종: {value}"}, CODES(categories)},
    {.name = "hour", .words = {"Paid at {value} UTC", "{value}(UTC)에 결제"}},
    {.name = "weekday", .words = {"Paid on a {value}", "{value}에 결제"}, CODES(weekdays)},
    {.name = "home_distance",
     .words = {"{value} from the card holder's home", "회원의 집에서 {value}"},
     .unknown = {"Distance from the card holder's home not known",
                 "회원의 집과의 거리를 알 수 없음"}},
    {.name = "gender_female",
     .words = {"The card holder is {value}", "회원 성별: {value}"},
     .unknown = {"The card holder's gender is not known", "회원 성별을 알 수 없음"},
     CODES(genders)},
    {.name = "age_band",
     .words = {"The card holder is {value}", "회원 연령: {value}"},
     .unknown = {"The card holder's age is not known", "회원 연령을 알 수 없음"},
     CODES(ages)},
    {.name = "town",
     .words = {"The card holder's town has {value} people", "회원 거주지 인구 {value}"},
     .unknown = {"The card holder's town is not known", "회원 거주지를 알 수 없음"},
     CODES(towns)},

    {.name = "card_count",
     .words = {"{value} transaction{s} in {window}", "{window}에 {value}건"},
     .usual = &card_count,
     .usual_words = {"; this card's usual is {usual}", ", 이 카드는 보통 {usual}건"}},
    {.name = "card_sum",
     .words = {"{value} spent in {window}", "{window}에 {value} 사용"},
     .usual = &card_sum,
     .usual_words = {"; this card's usual is {usual}", ", 이 카드는 보통 {usual}"}},
    {.name = "card_max",
     .words = {"This card's largest amount in {window} is {value}",
               "이 카드의 {window} 최고액 {value}"},
     .usual = &card_amount,
     .usual_words = {"; its mean is {usual}", ", 평균은 {usual}"}},
    {.name = "card_rate_ratio",
     .words = {"{value} times this card's usual number of transactions in {window}",
               "{window} 거래 건수가 이 카드 평소의 {value}배"},
     .unknown = NONE_OF_CARD,
     .usual = &card_count,
     .usual_words = {WHICH_IS, "(평소 {usual}건)"}},
    {.name = "card_sum_ratio",
     .words = {"{value} times what is usually spent with this card in {window}",
               "{window} 사용액이 이 카드 평소의 {value}배"},
     .unknown = NONE_OF_CARD,
     .usual = &card_sum,
     .usual_words = {WHICH_IS, "(평소 {usual})"}},
    {.name = "card_amount_to_mean",
     .words = {"Amount {value} times this card's mean of {window}",
               "금액이 이 카드 {window} 평균의 {value}배"},
     .unknown = NONE_OF_CARD,
     .usual = &card_amount_window,
     .usual_words = {WHICH_IS, "(평균 {usual})"}},
    {.name = "card_amount_to_max",
     .words = {"Amount {value} times this card's largest of {window}",
               "금액이 이 카드 {window} 최고액의 {value}배"},
     .unknown = NONE_OF_CARD,
     .usual = &card_max_window,
     .usual_words = {WHICH_IS, "(최고액 {usual})"}},
    {.name = "card_since_last",
     .words = {"{value} since this card's last transaction", "이 카드의 직전 거래에서 {value} 뒤"},
     .unknown = FIRST_OF_CARD,
     .usual = &card_gap,
     .usual_words = {"; its usual is {usual}", ", 보통은 {usual}"}},
    {.name = "card_since_2nd",
     .words = {"{value} since this card's last transaction but one",
               "이 카드의 2건 전 거래에서 {value} 뒤"},
     .unknown = {"Fewer than 2 transactions of this card before", "이 카드의 이전 거래가 2건 미만"},
     .usual = &card_gap_2,
     .usual_words = {"; its usual is {usual}", ", 보통은 {usual}"}},
    {.name = "card_since_3rd",
     .words = {"{value} since this card's last transaction but two",
               "이 카드의 3건 전 거래에서 {value} 뒤"},
     .unknown = {"Fewer than 3 transactions of this card before", "이 카드의 이전 거래가 3건 미만"},
     .usual = &card_gap_3,
     .usual_words = {"; its usual is {usual}", ", 보통은 {usual}"}},
    {.name = "card_since_4th",
     .words = {"{value} since this card's last transaction but three",
               "이 카드의 4건 전 거래에서 {value} 뒤"},
     .unknown = {"Fewer than 4 transactions of this card before", "이 카드의 이전 거래가 4건 미만"},
     .usual = &card_gap_4,
     .usual_words = {"; its usual is {usual}", ", 보통은 {usual}"}},
    {.name = "card_since_last_ratio",
     .words = {"{value} times this card's usual gap since its last transaction",
               "직전 거래와의 간격이 이 카드 평소의 {value}배"},
     .unknown = NONE_OF_CARD,
     .usual = &card_gap,
     .usual_words = {WHICH_IS, "(평소 {usual})"}},
    {.name = "card_amount_z",
     .words = {"Amount {value} standard deviations from this card's habit",
               "금액이 이 카드의 습관과 {value} 표준편차 차이"},
     .unknown = {"Too few transactions of this card to know its habit",
                 "이 카드의 거래가 적어 습관을 알 수 없음"},
     .usual = &card_amount,
     .usual_words = {"; its mean is {usual}", "(평균 {usual})"}},
    {.name = "card_category_z",
     .words = {"Amount {value} standard deviations from this card's habit in the category",
               "금액이 이 업종에서 이 카드의 습관과 {value} 표준편차 차이"},
     .unknown = {"Too few transactions of this card in the category to know its habit",
                 "이 업종에서 이 카드의 거래가 적어 습관을 알 수 없음"}},
    {.name = "card_category_share",
     .words = {"{value} of this card's transactions are in this category",
               "이 카드 거래의 {value}가 이 업종"},
     .unknown = FIRST_OF_CARD},
    {.name = "card_category_since",
     .words = {"{value} since this card's last transaction in this category",
               "이 카드의 같은 업종 직전 거래에서 {value} 뒤"},
     .unknown = {"This card's first transaction in this category",
                 "이 업종에서 이 카드의 첫 거래"}},
    {.name = "card_hour_share",
     .words = {"{value} of this card's transactions are in this hour of the day",
               "이 카드 거래의 {value}가 이 시간대"},
     .unknown = FIRST_OF_CARD},
    {.name = "card_hour_share_near",
     .words = {"{value} of this card's transactions are within two hours of this hour of the day",
               "이 카드 거래의 {value}가 이 시간대 앞뒤 2시간"},
     .unknown = FIRST_OF_CARD},
    {.name = "card_last_distance",
     .words = {"{value} from this card's last merchant", "이 카드의 직전 가맹점에서 {value}"},
     .unknown = {"Distance from this card's last merchant not known",
                 "직전 가맹점과의 거리를 알 수 없음"}},
    {.name = "card_speed",
     .words = {"{value} from this card's last merchant to this one",
               "직전 가맹점에서 여기까지의 속도 {value}"},
     .unknown = {"Speed from this card's last merchant not known",
                 "직전 가맹점에서 여기까지의 속도를 알 수 없음"}},

    {.name = "edge_count",
     .words = {"{value} transaction{s} of this card at this merchant in {window}",
               "이 카드가 이 가맹점에서 {window}간 {value}건"}},
    {.name = "edge_since_last",
     .words = {"{value} since this card was last at this merchant",
               "이 카드가 이 가맹점을 이용한 지 {value}"},
     .unknown = {"This card was not at this merchant in {window}",
                 "이 카드가 {window} 안에 이용한 적 없는 가맹점"}},
    {.name = "edge_share_of_merchant",
     .words = {"{value} of this merchant's transactions in {window} are this card's",
               "이 가맹점 {window} 거래의 {value}가 이 카드"},
     .unknown = NONE_AT_MERCHANT},
    {.name = "edge_share_of_card",
     .words = {"{value} of this card's transactions in {window} are at this merchant",
               "이 카드 {window} 거래의 {value}가 이 가맹점"},
     .unknown = NONE_OF_CARD},

    {.name = "merchant_count",
     .words = {"{value} transaction{s} at this merchant in {window}",
               "이 가맹점에서 {window}에 {value}건"},
     .usual = &merchant_count,
     .usual_words = {"; its usual is {usual}", ", 보통 {usual}건"}},
    {.name = "merchant_rate_ratio",
     .words = {"{value} times this merchant's usual number of transactions in {window}",
               "{window} 거래 건수가 이 가맹점 평소의 {value}배"},
     .unknown = NONE_AT_MERCHANT,
     .usual = &merchant_count,
     .usual_words = {WHICH_IS, "(평소 {usual}건)"}},
    {.name = "merchant_amount_to_mean",
     .words = {"Amount {value} times this merchant's mean of {window}",
               "금액이 이 가맹점 {window} 평균의 {value}배"},
     .unknown = NONE_AT_MERCHANT,
     .usual = &merchant_amount_window,
     .usual_words = {WHICH_IS, "(평균 {usual})"}},
    {.name = "merchant_amount_z",
     .words = {"Amount {value} standard deviations from this merchant's habit",
               "금액이 이 가맹점의 습관과 {value} 표준편차 차이"},
     .unknown = {"Too few transactions at this merchant to know its habit",
                 "이 가맹점의 거래가 적어 습관을 알 수 없음"},
     .usual = &merchant_amount,
     .usual_words = {"; its mean is {usual}", "(평균 {usual})"}},
    {.name = "merchant_cards",
     .words = {"{value} different card{s} at this merchant in {window}",
               "이 가맹점을 {window}간 이용한 카드 {value}장"}},
    {.name = "merchant_cards_share",
     .words = {"Different cards at this merchant are {value} of its transactions in {window}",
               "이 가맹점을 이용한 카드 수가 {window} 거래 건수의 {value}"},
     .unknown = NONE_AT_MERCHANT},
    {.name = "merchant_compromised",
     .words = {"{value} compromised card{s} at this merchant in {window}",
               "이 가맹점을 {window}간 이용한 도용 카드 {value}장"}},
    {.name = "merchant_compromised_share",
     .words = {"{value} of the cards at this merchant in {window} are compromised",
               "이 가맹점을 {window}간 이용한 카드의 {value}가 도용 카드"},
     .unknown = NONE_AT_MERCHANT},
    {.name = "merchant_suspicion_sum",
     .words = {"Total suspicion of this merchant's transactions in {window}: {value}",
               "이 가맹점 {window} 거래의 의심도 합계 {value}"}},
    {.name = "merchant_suspicion_max",
     .words = {"Highest suspicion of this merchant's transactions in {window}: {value}",
               "이 가맹점 {window} 거래의 의심도 최고 {value}"}},
    {.name = "exposure_max",
     .words = {"At a merchant this card was at in {window}, {value} of the cards are compromised",
               "이 카드가 {window}간 이용한 가맹점 중 도용 카드 비율 최고 {value}"}},
    {.name = "exposure_count",
     .words = {"{value} compromised card{s} at a merchant this card was at in {window}",
               "이 카드가 {window}간 이용한 가맹점 중 도용 카드 최다 {value}장"}},

    {.name = "suspicion",
     .words = {"Suspicion of this transaction taken by itself: {value}",
               "이 거래만 보았을 때의 의심도 {value}"}},
    {.name = "card_suspicion_sum",
     .words = {"Total suspicion of this card's transactions in {window}: {value}",
               "이 카드 {window} 거래의 의심도 합계 {value}"},
     .usual = &card_suspicion,
     .usual_words = {"; its usual is {usual}", ", 보통 {usual}"}},
    {.name = "card_suspicion_max",
     .words = {"Highest suspicion of this card's transactions in {window}: {value}",
               "이 카드 {window} 거래의 의심도 최고 {value}"}},
    {.name = "card_suspicion_mean",
     .words = {"Average suspicion of this card's transactions in {window}: {value}",
               "이 카드 {window} 거래의 의심도 평균 {value}"},
     .unknown = NONE_OF_CARD},

    {.name = "card_day_count",
     .words = {"{value} transaction{s} of this card earlier today (UTC)",
               "이 카드의 오늘(UTC) 앞선 거래 {value}건"}},
    {.name = "card_day_evidence",
     .words = {"Evidence of fraud in this card's transactions earlier today (UTC): {value} points",
               "이 카드의 오늘(UTC) 앞선 거래의 사기 정황 점수 {value}"}},
    {.name = "card_day_suspicion_min",
     .words = {"Lowest suspicion of this card's transactions earlier today (UTC): {value}",
               "이 카드의 오늘(UTC) 앞선 거래의 의심도 최저 {value}"},
     .unknown = FIRST_OF_DAY},
    {.name = "card_day_suspicion_max",
     .words = {"Highest suspicion of this card's transactions earlier today (UTC): {value}",
               "이 카드의 오늘(UTC) 앞선 거래의 의심도 최고 {value}"},
     .unknown = FIRST_OF_DAY},
    {.name = "card_day_before_evidence",
     .words = {"Evidence of fraud on this card's last day of use before today: {value} points",
               "이 카드의 직전 이용일 거래의 사기 정황 점수 {value}"},
     .unknown = FIRST_DAY},
    {.name = "card_day_before_age",
     .words = {"{value} day{s} since this card's last day of use before today",
               "이 카드의 직전 이용일에서 {value}일 뒤"},
     .unknown = FIRST_DAY},
};

/* Values by unit */

/* A number of 0 or more as "%.<decimals>f" with commas between thousands. */
static void write_grouped(GString *out, double value, int decimals) {
    char format[8], text[G_ASCII_DTOSTR_BUF_SIZE + 32];
    g_snprintf(format, sizeof format, "%%.%df", decimals);
    g_ascii_formatd(text, sizeof text, format, value);
    const size_t whole = strcspn(text, ".");
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0) g_string_append_c(out, ',');
        g_string_append_c(out, text[i]);
    }
    g_string_append(out, text + whole);
}

/* A number of 0 or more: two significant digits, all of the whole ones. */
static void write_number(GString *out, double value) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    if (value >= 9.95)
        write_grouped(out, value, 0);
    else if (value > 0 && value < 0.001)
        g_string_append(out, "<0.001");
    else
        g_string_append(out, g_ascii_formatd(text, sizeof text, "%.2g", value));
}

/* Seconds, in their two largest units. */
static void write_duration(GString *out, double seconds, Language language) {
    static const struct {
        uint64_t seconds;
        Words name;
    } units[] = {
        {86400, {" d", "일"}},
        {3600, {" h", "시간"}},
        {60, {" min", "분"}},
        {1, {" s", "초"}},
    };
    uint64_t rest = (uint64_t)MIN(seconds, 1e15);
    size_t first = 0;
    while (first + 1 < G_N_ELEMENTS(units) && rest < units[first].seconds)
        first++;
    for (size_t i = first; i < MIN(first + 2, G_N_ELEMENTS(units)); i++) {
        const uint64_t count = rest / units[i].seconds;
        rest %= units[i].seconds;
        if (i > first && count == 0) break;
        if (i > first) g_string_append_c(out, ' ');
        write_grouped(out, (double)count, 0);
        g_string_append(out, units[i].name[language]);
    }
}

static void write_hour(GString *out, double hours) {
    const unsigned minutes = (unsigned)CLAMP(hours * 60, 0, 24 * 60 - 1);
    g_string_append_printf(out, "%02u:%02u", minutes / 60, minutes % 60);
}

static bool unit_is(const char *unit, const char *name) {
    return strcmp(unit, name) == 0;
}

static void write_value(GString *out, double value, const char *unit, Language language) {
    if (value < 0 || unit_is(unit, "sd")) g_string_append_c(out, value < 0 ? '-' : '+');
    value = fabs(value);
    if (unit_is(unit, "money")) {
        write_grouped(out, value, 2);
    } else if (unit_is(unit, "s")) {
        write_duration(out, value, language);
    } else if (unit_is(unit, "h")) {
        write_hour(out, value);
    } else if (unit_is(unit, "share") || unit_is(unit, "probability") || unit_is(unit, "max") ||
               unit_is(unit, "min") || unit_is(unit, "mean")) {
        write_number(out, 100 * value);
        g_string_append_c(out, '%');
    } else {
        write_number(out, value);
        if (unit_is(unit, "km") || unit_is(unit, "km/h")) g_string_append_printf(out, " %s", unit);
    }
}

static void write_window(GString *out, const char *window, Language language) {
    static const Words hours = {" h", "시간"}, days = {" d", "일"};
    const size_t digits = strspn(window, "0123456789");
    g_string_append_len(out, window, (gssize)digits);
    g_string_append(out, window[digits] == 'h' ? hours[language] : days[language]);
}

/* What is usual */

static int window_of(const Feature *feature) {
    int w = 0;
    while (w < WINDOW_COUNT && strcmp(feature->window, window_name[w]) != 0)
        w++;
    return w;
}

/* The feature `name`, with `window` after it if it ends in '_'; feature_count() when there is none.
 */
static size_t index_named(const char *name, const char *window) {
    const size_t len = strlen(name);
    const char *rest = name[len - 1] == '_' ? window : "";
    size_t i = 0;
    for (; i < feature_count(); i++) {
        const char *other = feature_at(i)->name;
        if (strncmp(other, name, len) == 0 && strcmp(other + len, rest) == 0) break;
    }
    return i;
}

/* Not a number above 0 where nothing is known to be usual. */
static double usual_value(const Usual *usual, const Feature *feature, const float *features) {
    double value = (double)usual->times;
    if (usual->of) value *= (double)features[index_named(usual->of, feature->window)];
    if (usual->per) value /= (double)features[index_named(usual->per, feature->window)];
    if (!usual->scaled) return value;
    const int w = window_of(feature);
    return w < WINDOW_30D ? value * window_seconds[w] / window_seconds[WINDOW_30D] : NAN;
}

/* The phrase */

static const Phrase *phrase_of(const Feature *feature) {
    for (size_t i = 0; i < G_N_ELEMENTS(phrases); i++) {
        const char *rest = feature->name + strlen(phrases[i].name);
        if (!g_str_has_prefix(feature->name, phrases[i].name)) continue;
        if (*rest == '\0' || (*rest == '_' && strcmp(rest + 1, feature->window) == 0))
            return &phrases[i];
    }
    return NULL;
}

/* What stands between braces in the words. */
typedef struct Filling {
    GString *value, *usual;
    const char *window;
    Language language;
} Filling;

static void write_words(GString *out, const char *words, const Filling *filling) {
    const char *brace;
    for (; (brace = strchr(words, '{')); words = strchr(brace, '}') + 1) {
        g_string_append_len(out, words, brace - words);
        if (g_str_has_prefix(brace, "{value}"))
            g_string_append_len(out, filling->value->str, (gssize)filling->value->len);
        else if (g_str_has_prefix(brace, "{usual}"))
            g_string_append_len(out, filling->usual->str, (gssize)filling->usual->len);
        else if (g_str_has_prefix(brace, "{window}"))
            write_window(out, filling->window, filling->language);
        else if (strcmp(filling->value->str, "1") != 0)
            g_string_append_c(out, 's');
    }
    g_string_append(out, words);
}

static void write_phrase_value(GString *out, const Phrase *phrase, const Feature *feature,
                               double value, Language language) {
    if (value >= 0 && value < (double)phrase->code_count)
        g_string_append(out, phrase->codes[(size_t)value][language]);
    else
        write_value(out, value, feature->unit, language);
}

void feature_phrase(GString *out, size_t index, const float *features, Language language) {
    const Feature *feature = feature_at(index);
    const Phrase *phrase = phrase_of(feature);
    const double value = (double)features[index];
    g_assert(phrase);
    g_autoptr(GString) value_text = g_string_new(NULL), usual_text = g_string_new(NULL);
    const Filling filling = {value_text, usual_text, feature->window, language};
    if (isnan(value)) {
        static const Words unknown = {"unknown", "알 수 없음"};
        const char *words = phrase->unknown[language];
        g_string_append(value_text, unknown[language]);
        write_words(out, words ? words : phrase->words[language], &filling);
        return;
    }
    write_phrase_value(value_text, phrase, feature, value, language);
    write_words(out, phrase->words[language], &filling);
    if (!phrase->usual) return;
    const double usual = usual_value(phrase->usual, feature, features);
    if (!(usual > 0) || !isfinite(usual)) return;
    write_value(usual_text, usual, phrase->usual->unit, language);
    write_words(out, phrase->usual_words[language], &filling);
}

static bool is_named(const char *name, const char *window) {
    return index_named(name, window) < feature_count();
}

static bool usual_holds(const Phrase *phrase, const char *window) {
    const Usual *usual = phrase->usual;
    if (!usual) return true;
    if (usual->of && !is_named(usual->of, window)) return false;
    return !usual->per || is_named(usual->per, window);
}

bool feature_has_phrase(size_t index) {
    const Feature *feature = feature_at(index);
    const Phrase *phrase = phrase_of(feature);
    if (!phrase || !usual_holds(phrase, feature->window)) return false;
    for (int language = 0; language < LANGUAGE_COUNT; language++)
        if (!phrase->words[language] || !phrase->unknown[language] != !phrase->unknown[0] ||
            !phrase->usual_words[language] != !phrase->usual)
            return false;
    return true;
}

const char *phrase_name(size_t row) {
    return row < G_N_ELEMENTS(phrases) ? phrases[row].name : NULL;
}
