#include "serve/shape.h"

#include "base/civil.h"
#include "base/json_write.h"
#include "feature/phrase.h"
#include "record/category.h"

#include <math.h>

enum { SCORE_DIGITS = 9, EDGES_SHOWN = 50 };

void shape_time(GString *out, int64_t time) {
    char text[CIVIL_TIME_LEN + 1];
    civil_write_time(time, text);
    text[10] = 'T';
    g_string_append_printf(out, "\"%sZ\"", text);
}

void shape_masked(GString *out, uint64_t card) {
    char masked[CARD_MASKED_SIZE];
    card_mask(card, masked);
    json_write_str(out, str_from(masked));
}

static void write_decision(GString *out, const Answer *answer) {
    g_string_append(out, ",\"score\":");
    json_write_double(out, (double)answer->score, SCORE_DIGITS);
    g_string_append_printf(out, ",\"decision\":\"%s\"", verdict_name(answer->verdict));
}

static void write_model(GString *out, const Answer *answer) {
    g_string_append(out, ",\"model\":");
    if (answer->model_version.len == 0) {
        g_string_append(out, "null");
        return;
    }
    g_string_append(out, "{\"name\":");
    json_write_str(out, answer->model_name);
    g_string_append(out, ",\"version\":");
    json_write_str(out, answer->model_version);
    g_string_append_c(out, '}');
}

/* What each member says, where there are several, and the share of them that decides so. */
static void write_members(GString *out, const Answer *answer) {
    const MemberScores *members = &answer->members;
    if (members->count < 2) return;
    Str kinds = answer->member_kinds;
    for (unsigned i = 0; i < members->count; i++) {
        g_string_append(out, i == 0 ? ",\"members\":[{\"kind\":" : ",{\"kind\":");
        json_write_str(out, member_kinds_next(&kinds));
        g_string_append(out, ",\"score\":");
        json_write_double(out, (double)members->scores[i], SCORE_DIGITS);
        g_string_append_printf(out, ",\"alert\":%s}", members->alerts >> i & 1 ? "true" : "false");
    }
    g_string_append(out, "],\"agreement\":");
    json_write_double(out,
                      (double)member_scores_agreeing(members, answer->verdict) / members->count, 3);
}

static void write_reasons(GString *out, const Answer *answer) {
    g_string_append(out, ",\"reasons\":");
    g_string_append_len(out, answer->reasons.data, (gssize)answer->reasons.len);
}

Answer shape_decided(const Model *model, const Decision *decision, Str reasons) {
    Answer answer = {.score = decision->score, .verdict = decision->verdict, .reasons = reasons};
    if (!model) return answer;
    answer.model_name = str_from(model_name(model));
    answer.model_version = str_from(model_version(model));
    answer.member_kinds = model_member_kinds(model);
    if (decision->members.count > 1) answer.members = decision->members;
    return answer;
}

void shape_answer(GString *out, Str trans_num, const Answer *answer) {
    g_string_append(out, "{\"trans_num\":");
    json_write_str(out, trans_num);
    write_decision(out, answer);
    write_members(out, answer);
    write_model(out, answer);
    write_reasons(out, answer);
    g_string_append_c(out, '}');
}

/* The greatest contribution left, by absolute value; the first of equals. */
static size_t strongest(const float *contributions, size_t count) {
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (fabsf(contributions[i]) > fabsf(contributions[best])) best = i;
    return best;
}

static void write_text(GString *out, size_t index, const float *features) {
    for (int language = 0; language < LANGUAGE_COUNT; language++) {
        g_string_append_printf(out, "%s\"%s\":\"", language > 0 ? "," : "",
                               language_code[language]);
        feature_phrase(out, index, features, (Language)language);
        g_string_append_c(out, '"');
    }
}

static void write_reason(GString *out, size_t index, const float *features, float contribution) {
    g_string_append_printf(out, "{\"feature\":\"%s\",\"value\":", feature_at(index)->name);
    json_write_float(out, features[index]);
    g_string_append(out, ",\"contribution\":");
    json_write_float(out, contribution);
    g_string_append(out, ",\"text\":{");
    write_text(out, index, features);
    g_string_append(out, "}}");
}

void shape_reasons(GString *out, const Engine *engine, const Decision *decision,
                   float *contributions) {
    const bool alert = decision->verdict != VERDICT_APPROVE;
    g_string_append_c(out, '[');
    if (alert) engine_contributions(engine, decision, contributions);
    for (int n = 0; alert && n < REASONS_MAX; n++) {
        const size_t i = strongest(contributions, feature_count());
        if (contributions[i] == 0) break;
        if (n > 0) g_string_append_c(out, ',');
        write_reason(out, i, decision->features, contributions[i]);
        contributions[i] = 0;
    }
    g_string_append_c(out, ']');
}

/* Those of an earlier transaction that has left the graph are null. */
static void write_neighbour(GString *out, const Graph *graph, const EngineNeighbour *neighbour) {
    g_string_append(out, "{\"time\":");
    shape_time(out, neighbour->time);
    g_string_append(out, ",\"merchant\":");
    if (neighbour->in_graph)
        json_write_str(out, graph_merchant_name(graph, neighbour->merchant));
    else
        g_string_append(out, "null");
    g_string_append(out, ",\"amount\":");
    if (neighbour->in_graph)
        json_write_cents(out, neighbour->amount);
    else
        g_string_append(out, "null");
    g_string_append(out, ",\"contribution\":");
    json_write_float(out, neighbour->share);
    g_string_append_c(out, '}');
}

/* The greatest share left, by absolute value; the first of equals. */
static size_t strongest_neighbour(const EngineNeighbour *neighbours, size_t count) {
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (fabsf(neighbours[i].share) > fabsf(neighbours[best].share)) best = i;
    return best;
}

void shape_neighbours(GString *out, const Engine *engine, const Decision *decision) {
    EngineNeighbour neighbours[GCN_NEIGHBOURS_MAX];
    if (decision->verdict == VERDICT_APPROVE || !engine_looks_back(engine)) return;
    const size_t count = engine_neighbours(engine, decision, neighbours);
    g_string_append(out, ",\"neighbours\":[");
    for (size_t n = 0; n < MIN(count, (size_t)NEIGHBOURS_MAX); n++) {
        EngineNeighbour *neighbour = &neighbours[strongest_neighbour(neighbours, count)];
        if (neighbour->share == 0) break;
        if (n > 0) g_string_append_c(out, ',');
        write_neighbour(out, engine_graph(engine), neighbour);
        neighbour->share = 0;
    }
    g_string_append_c(out, ']');
}

void shape_payment(GString *out, const StoredTransaction *stored) {
    const Transaction *t = &stored->transaction;
    g_string_append(out, "\"trans_num\":");
    json_write_str(out, t->trans_num);
    g_string_append(out, ",\"time\":");
    shape_time(out, t->time);
    g_string_append(out, ",\"merchant\":");
    json_write_str(out, t->merchant);
    g_string_append(out, ",\"category\":");
    json_write_str(out,
                   t->category_name.len ? t->category_name : str_from(category_name(t->category)));
    g_string_append(out, ",\"amount\":");
    json_write_cents(out, t->amount);
    write_decision(out, &stored->answer);
    g_string_append_printf(out, ",\"is_fraud\":%s",
                           stored->is_fraud < 0 ? "null" : (stored->is_fraud ? "true" : "false"));
}

/* The members of an item, without the braces. */
static void write_item(GString *out, const StoredTransaction *stored) {
    shape_payment(out, stored);
    g_string_append(out, ",\"card\":");
    shape_masked(out, stored->transaction.card);
    write_members(out, &stored->answer);
    write_reasons(out, &stored->answer);
}

void shape_item(GString *out, const StoredTransaction *stored) {
    g_string_append_c(out, '{');
    write_item(out, stored);
    g_string_append_c(out, '}');
}

void shape_stored(GString *out, const StoredTransaction *stored) {
    g_string_append_c(out, '{');
    write_item(out, stored);
    write_model(out, &stored->answer);
    g_string_append_printf(out, ",\"position\":%" G_GUINT64_FORMAT "}", stored->seq);
}

/* Vertices */

static void write_window(GString *out, int window, const WindowView *view) {
    g_string_append_printf(out, "%s{\"window\":\"%s\",\"count\":%u,\"sum\":", window > 0 ? "," : "",
                           window_name[window], view->count);
    json_write_cents(out, view->sum);
    g_string_append(out, ",\"max\":");
    json_write_cents(out, view->max);
    g_string_append_c(out, '}');
}

static void write_edge_start(GString *out, size_t index, const Edge *edge) {
    g_string_append(out, index > 0 ? ",{\"time\":" : "{\"time\":");
    shape_time(out, edge->time);
    g_string_append(out, ",\"amount\":");
    json_write_cents(out, edge->amount);
    g_string_append(out, ",\"suspicion\":");
    json_write_float(out, edge->suspicion);
}

static void write_bool(GString *out, const char *name, bool value) {
    g_string_append_printf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

static void write_card_edges(GString *out, const Graph *graph, CardId card) {
    Edge edges[EDGES_SHOWN];
    size_t count = graph_card_edges(graph, card, edges, EDGES_SHOWN);
    g_string_append(out, ",\"edges\":[");
    for (size_t i = 0; i < count; i++) {
        write_edge_start(out, i, &edges[i]);
        g_string_append(out, ",\"merchant\":");
        json_write_str(out, graph_merchant_name(graph, edges[i].other));
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

void shape_card(GString *out, const Graph *graph, CardId card) {
    g_string_append(out, "{\"card\":");
    shape_masked(out, graph_card_number(graph, card));
    write_bool(out, "compromised", graph_card_compromised(graph, card));
    g_string_append(out, ",\"as_of\":");
    shape_time(out, graph_card_clock(graph, card));
    g_string_append(out, ",\"windows\":[");
    for (int w = 0; w < WINDOW_COUNT; w++) {
        WindowView view = graph_card_window(graph, card, w);
        write_window(out, w, &view);
    }
    g_string_append_c(out, ']');
    write_card_edges(out, graph, card);
    g_string_append_c(out, '}');
}

static void write_merchant_edges(GString *out, const Graph *graph, MerchantId merchant) {
    Edge edges[EDGES_SHOWN];
    size_t count = graph_merchant_edges(graph, merchant, edges, EDGES_SHOWN);
    g_string_append(out, ",\"edges\":[");
    for (size_t i = 0; i < count; i++) {
        write_edge_start(out, i, &edges[i]);
        g_string_append(out, ",\"card\":");
        shape_masked(out, graph_card_number(graph, edges[i].other));
        write_bool(out, "compromised", graph_card_compromised(graph, edges[i].other));
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

void shape_merchant(GString *out, const Graph *graph, MerchantId merchant) {
    g_string_append(out, "{\"merchant\":");
    json_write_str(out, graph_merchant_name(graph, merchant));
    g_string_append_printf(out, ",\"cards\":%u,\"compromised_cards\":%u,\"windows\":[",
                           graph_merchant_distinct_cards(graph, merchant),
                           graph_merchant_compromised_cards(graph, merchant));
    for (int w = 0; w < WINDOW_COUNT; w++) {
        WindowView view = graph_merchant_window(graph, merchant, w);
        write_window(out, w, &view);
    }
    g_string_append_c(out, ']');
    write_merchant_edges(out, graph, merchant);
    g_string_append_c(out, '}');
}

/* Problems */

const char *status_title(unsigned status) {
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 421:
        return "Misdirected Request";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

static void write_problem_start(GString *out, unsigned status) {
    g_string_append_printf(out, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u",
                           status_title(status), status);
}

void shape_problem(GString *out, unsigned status, const char *detail) {
    write_problem_start(out, status);
    if (detail) {
        g_string_append(out, ",\"detail\":");
        json_write_str(out, str_from(detail));
    }
    g_string_append_c(out, '}');
}

void shape_cause(GString *out, const Reject *reject) {
    g_string_append(out, ",\"field\":");
    json_write_str(out, str_from(reject->field));
    g_string_append(out, ",\"reason\":");
    json_write_str(out, str_from(reject->reason));
    g_string_append(out, ",\"value\":");
    json_write_str(out, str_from(reject->value));
}

void shape_reject(GString *out, unsigned status, const Reject *reject) {
    g_autofree char *detail = *reject->field
                                  ? g_strdup_printf("%s: %s", reject->field, reject->reason)
                                  : g_strdup(reject->reason);
    write_problem_start(out, status);
    g_string_append(out, ",\"detail\":");
    json_write_str(out, str_from(detail));
    if (reject->line > 0) g_string_append_printf(out, ",\"line\":%" G_GUINT64_FORMAT, reject->line);
    shape_cause(out, reject);
    g_string_append_c(out, '}');
}
