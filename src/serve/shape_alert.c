#include "serve/shape_alert.h"

#include "base/json_write.h"
#include "serve/shape.h"

#include <math.h>

enum { DEGREE_DIGITS = 9 };

static void write_text(GString *out, const char *name, const char *text) {
    g_string_append_printf(out, ",\"%s\":", name);
    if (*text)
        json_write_str(out, str_from(text));
    else
        g_string_append(out, "null");
}

static void write_case(GString *out, const Case *of) {
    char changed[AUDIT_TIME_LEN + 1] = "";
    if (of->changed) audit_time_text(of->changed, changed);
    g_string_append_printf(out, ",\"status\":\"%s\"", case_status_name(of->status));
    write_text(out, "assignee", of->assignee);
    write_text(out, "changed", changed);
}

/* Goes on with an object that was closed. */
static void write_loss(GString *out, const StoredTransaction *stored, const Case *of) {
    const double loss = (double)stored->answer.score * (double)stored->transaction.amount;
    g_string_truncate(out, out->len - 1);
    g_string_append(out, ",\"expected_loss\":");
    json_write_cents(out, (int64_t)llround(loss));
    write_case(out, of);
    g_string_append(out, of->label_waits ? ",\"label_waits\":true" : ",\"label_waits\":false");
}

void shape_alert(GString *out, const StoredTransaction *stored, const Case *of) {
    shape_item(out, stored);
    write_loss(out, stored, of);
    g_string_append_printf(out, ",\"notes\":%" G_GUINT64_FORMAT "}", of->notes);
}

void shape_alert_start(GString *out, const StoredTransaction *stored, const Case *of) {
    shape_stored(out, stored);
    write_loss(out, stored, of);
}

void shape_case(GString *out, Str trans_num, const Case *of) {
    g_string_append(out, "{\"trans_num\":");
    json_write_str(out, trans_num);
    write_case(out, of);
    g_string_append_c(out, '}');
}

void shape_case_counts(GString *out, const uint64_t counts[CASE_STATUSES]) {
    g_string_append(out, "\"counts\":{");
    for (int i = 0; i < CASE_STATUSES; i++)
        g_string_append_printf(out, "%s\"%s\":%" G_GUINT64_FORMAT, i > 0 ? "," : "",
                               case_status_name((CaseStatus)i), counts[i]);
    g_string_append_c(out, '}');
}

void shape_card_item(GString *out, const StoredTransaction *stored, bool is_this) {
    const Transaction *t = &stored->transaction;
    const double degrees[] = {t->latitude, t->longitude, t->merchant_latitude,
                              t->merchant_longitude};
    static const char *const names[] = {"lat", "long", "merch_lat", "merch_long"};
    g_string_append_c(out, '{');
    shape_payment(out, stored);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_string_append_printf(out, ",\"%s\":", names[i]);
        json_write_double(out, degrees[i], DEGREE_DIGITS);
    }
    g_string_append(out, is_this ? ",\"this\":true}" : ",\"this\":false}");
}
