/* The cards' part of the casebook: which transactions of the log are of which card. */
#include "io/casebook_internal.h"

uint64_t casebook_cards_position(const Casebook *casebook) {
    return casebook->cards_position;
}

/* Position 1 is the first of segment 0. */
static uint64_t segment_of(uint64_t seq) {
    return (seq - 1) / CARD_SEGMENT_EVENTS;
}

static int compare_events(const void *a, const void *b) {
    const CardEvent *left = a, *right = b;
    /* As the database orders them: signed. */
    const int64_t left_card = (int64_t)left->card, right_card = (int64_t)right->card;
    if (left_card != right_card) return left_card < right_card ? -1 : 1;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

bool casebook_add_cards(Casebook *casebook, CardEvent *events, size_t count, GError **error) {
    sqlite3_stmt *add = casebook->statements[CASEBOOK_ADD_CARD];
    const uint64_t segment = segment_of(casebook->cards_position + 1);
    if (count > 0) qsort(events, count, sizeof *events, compare_events);
    for (size_t i = 0; i < count; i++) {
        g_assert(segment_of(events[i].seq) == segment);
        database_bind_number(add, 1, segment);
        database_bind_number(add, 2, events[i].card);
        database_bind_number(add, 3, events[i].seq);
        if (!database_step(&casebook->database, add, error)) return false;
    }
    casebook->cards_position += CARD_SEGMENT_EVENTS;
    return true;
}

/* Appends what one segment has. */
static bool read_segment(Casebook *casebook, sqlite3_stmt *find, uint64_t segment, size_t limit,
                         GArray *out, GError **error) {
    int status;
    database_bind_number(find, 1, segment);
    database_bind_number(find, 4, limit);
    while ((status = sqlite3_step(find)) == SQLITE_ROW) {
        const uint64_t seq = (uint64_t)sqlite3_column_int64(find, 0);
        g_array_append_val(out, seq);
    }
    const bool ok = status == SQLITE_DONE;
    if (!ok) database_fail(&casebook->database, "read", error);
    sqlite3_reset(find);
    return ok;
}

bool casebook_card_events(Casebook *casebook, uint64_t card, uint64_t from, bool later,
                          size_t limit, GArray *out, GError **error) {
    sqlite3_stmt *find = casebook->statements[later ? CASEBOOK_CARD_AFTER : CASEBOOK_CARD_UP_TO];
    const uint64_t segments = casebook->cards_position / CARD_SEGMENT_EVENTS;
    const guint before = out->len;
    if (segments == 0 || from == 0) return true;
    database_bind_number(find, 2, card);
    database_bind_number(find, 3, from);
    /* `steps` segments from the first one that may hold some, away from `from`. */
    const uint64_t first = later ? segment_of(from) : MIN(segment_of(from), segments - 1);
    const uint64_t steps = later ? segments - MIN(first, segments) : first + 1;
    for (uint64_t i = 0; i < steps && out->len - before < limit; i++)
        if (!read_segment(casebook, find, later ? first + i : first - i,
                          limit - (out->len - before), out, error))
            return false;
    return true;
}
