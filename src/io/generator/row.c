#include "io/generator/row.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    bool fraud;
} scenarios[SCENARIO_COUNT] = {
    [SCENARIO_NONE] = {NULL, false},
    [SCENARIO_STOLEN_CARD] = {"stolen_card", true},
    [SCENARIO_COMPROMISED_VISIT] = {"compromised_merchant_visit", false},
    [SCENARIO_COMPROMISED] = {"compromised_merchant", true},
    [SCENARIO_RING] = {"ring", true},
    [SCENARIO_CARD_TESTING] = {"card_testing", true},
    [SCENARIO_SLOW_DRIFT] = {"slow_drift", false},
};

const char *scenario_name(Scenario scenario) {
    return scenarios[scenario].name;
}

bool scenario_is_fraud(Scenario scenario) {
    return scenarios[scenario].fraud;
}

bool row_list_reserve(RowList *list, size_t count) {
    if (count <= list->capacity) return true;
    Row *rows = realloc(list->rows, count * sizeof *rows);
    if (!rows) return false;
    list->rows = rows;
    list->capacity = count;
    return true;
}

void row_list_clear(RowList *list) {
    free(list->rows);
    *list = (RowList){0};
}

enum { DIGIT_BITS = 11, DIGIT_VALUES = 1 << DIGIT_BITS };

static void sort_by_digit(const Row *from, Row *to, size_t count, uint32_t base, int shift) {
    size_t place[DIGIT_VALUES + 1] = {0};
    for (size_t i = 0; i < count; i++)
        place[(((from[i].shown - base) >> shift) & (DIGIT_VALUES - 1)) + 1]++;
    for (int d = 0; d < DIGIT_VALUES; d++)
        place[d + 1] += place[d];
    for (size_t i = 0; i < count; i++)
        to[place[((from[i].shown - base) >> shift) & (DIGIT_VALUES - 1)]++] = from[i];
}

/* Radix sort from the lowest digit: each pass keeps what the one before it ordered. */
bool row_list_sort(RowList *list) {
    if (list->count == 0) return true;
    Row *other = malloc(list->count * sizeof *other);
    if (!other) return false;
    uint32_t low = UINT32_MAX, high = 0;
    for (size_t i = 0; i < list->count; i++) {
        low = MIN(low, list->rows[i].shown);
        high = MAX(high, list->rows[i].shown);
    }
    for (int shift = 0; shift < 32 && (high - low) >> shift; shift += DIGIT_BITS) {
        sort_by_digit(list->rows, other, list->count, low, shift);
        Row *sorted = other;
        other = list->rows;
        list->rows = sorted;
        list->capacity = list->count;
    }
    free(other);
    return true;
}
