#include "serve/question.h"

#include "record/columns.h"
#include "serve/shape_graph.h"

/* Members */

/* A member's value into the question; NULL, or what is wrong. */
typedef const char *Take(JsonValue value, Question *out);

typedef struct Member {
    const char *name;
    Take *take;
    bool must;
} Member;

static bool strip_prefix(Str *text, Str prefix) {
    if (text->len < prefix.len || memcmp(text->data, prefix.data, prefix.len) != 0) return false;
    *text = (Str){text->data + prefix.len, text->len - prefix.len};
    return true;
}

static bool take_name(Str text, size_t most, Subject *out) {
    if (text.len == 0 || text.len > most) return false;
    out->name_len = text.len;
    memcpy(out->name, text.data, text.len);
    return true;
}

#define SUBJECT_FORMS "card:NUMBER, card_ref:REF, transaction:NUMBER or merchant:NAME"

static bool take_subject(JsonValue value, const CardRefKey *key, Subject *out) {
    Str text = json_get_str(value);
    bool good = false;
    *out = (Subject){.kind = VERTEX_CARD};
    if (strip_prefix(&text, STR("card:"))) {
        out->by_number = true;
        good = !read_card(text, &out->card);
    } else if (strip_prefix(&text, STR("card_ref:"))) {
        good = card_ref_read(key, text, &out->card);
    } else if (strip_prefix(&text, STR("transaction:"))) {
        out->by_transaction = true;
        good = take_name(text, TRANS_NUM_MAX, out);
    } else if (strip_prefix(&text, STR("merchant:"))) {
        out->kind = VERTEX_MERCHANT;
        good = take_name(text, NAME_MAX_LEN, out);
    }
    return good;
}

static bool take_number(JsonValue value, size_t most, size_t *out) {
    if (json_type(value) != JSON_INT || json_get_int(value) < 1 || json_get_uint(value) > most)
        return false;
    *out = (size_t)json_get_uint(value);
    return true;
}

static const char *take_of(JsonValue value, Question *out) {
    return take_subject(value, out->key, &out->of) ? NULL : "of: not " SUBJECT_FORMS;
}

static const char *take_from(JsonValue value, Question *out) {
    return take_subject(value, out->key, &out->of) ? NULL : "from: not " SUBJECT_FORMS;
}

static const char *take_to(JsonValue value, Question *out) {
    return take_subject(value, out->key, &out->to) ? NULL : "to: not " SUBJECT_FORMS;
}

static const char *take_to_fraud(JsonValue value, Question *out) {
    out->to_fraud = json_get_bool(value);
    return json_type(value) == JSON_BOOL ? NULL : "to_fraud: not true or false";
}

static const char *take_steps(JsonValue value, Question *out) {
    size_t steps;
    if (!take_number(value, NEIGHBOURHOOD_STEPS_MAX, &steps)) return "steps: not 1 or 2";
    out->steps = (unsigned)steps;
    return NULL;
}

static const char *take_length(JsonValue value, Question *out) {
    size_t length;
    if (!take_number(value, PATH_LENGTH_MAX, &length)) return "length: not a number from 1 to 6";
    out->length = (unsigned)length;
    return NULL;
}

static const char *take_places(JsonValue value, Question *out) {
    const bool good = take_number(value, NEIGHBOURHOOD_LIMIT_MAX, &out->limit);
    return good ? NULL : "limit: not a number from 1 to 200";
}

static const char *take_paths(JsonValue value, Question *out) {
    return take_number(value, PATHS_MAX, &out->limit) ? NULL : "limit: not a number from 1 to 100";
}

static const Member neighbourhood_members[] = {
    {"of", take_of, true}, {"steps", take_steps, false}, {"limit", take_places, false}, {0}};
static const Member paths_members[] = {
    {"from", take_from, true},          {"to", take_to, false},
    {"to_fraud", take_to_fraud, false}, {"length", take_length, false},
    {"limit", take_paths, false},       {0}};
static const Member ring_members[] = {{"of", take_of, true}, {0}};

static const Member *members_of(JobKind kind) {
    if (kind == JOB_NEIGHBOURHOOD) return neighbourhood_members;
    return kind == JOB_PATHS ? paths_members : ring_members;
}

/* Reading */

typedef struct Reading {
    const Member *members;
    Question *out;
    const char *wrong;
} Reading;

static bool take_member(Str key, JsonValue value, void *data) {
    Reading *reading = data;
    const Member *member = reading->members;
    while (member->name && !str_equal(key, str_from(member->name)))
        member++;
    reading->wrong = member->name ? member->take(value, reading->out) : "an unknown member";
    return !reading->wrong;
}

static bool same_subject(const Subject *a, const Subject *b) {
    if (a->kind != b->kind) return false;
    return a->kind == VERTEX_CARD
               ? a->card == b->card
               : str_equal((Str){a->name, a->name_len}, (Str){b->name, b->name_len});
}

static const char *check_ends(JsonValue root, const Question *question) {
    JsonValue to;
    return json_member(root, "to", &to) == question->to_fraud
               ? "either to says where the paths lead, or to_fraud is true"
               : NULL;
}

const char *question_check(JobKind kind, const Question *question) {
    const bool back =
        kind == JOB_PATHS && !question->to_fraud && same_subject(&question->of, &question->to);
    return back ? "to: the same as from" : NULL;
}

const char *question_read(JsonParser *parser, const CardRefKey *key, Str body, JobKind kind,
                          Question *out, unsigned *status) {
    JsonValue root, value;
    const char *message;
    *status = 400;
    if (!json_parse(parser, body.data, body.len, &root, &message)) return message;
    if (json_type(root) != JSON_OBJECT) return "not a JSON object";
    *status = 422;
    *out = (Question){.key = key,
                      .steps = NEIGHBOURHOOD_STEPS_DEFAULT,
                      .length = PATH_LENGTH_DEFAULT,
                      .limit = kind == JOB_PATHS ? PATHS_DEFAULT : NEIGHBOURHOOD_LIMIT_DEFAULT};
    Reading reading = {members_of(kind), out, NULL};
    json_each(root, take_member, &reading);
    if (reading.wrong) return reading.wrong;
    if (!json_member(root, reading.members[0].name, &value))
        return kind == JOB_PATHS ? "from: missing" : "of: missing";
    return kind == JOB_PATHS ? check_ends(root, out) : NULL;
}

/* Answering */

static Vertex find(const Graph *graph, const Subject *subject) {
    const Str name = {subject->name, subject->name_len};
    return (Vertex){subject->kind, subject->kind == VERTEX_CARD
                                       ? graph_find_card(graph, subject->card)
                                       : graph_find_merchant(graph, name)};
}

const char *question_wrong(const Graph *graph, JobKind kind, const Question *question) {
    const bool of_card = question->of.kind == VERTEX_CARD,
               to_card = question->to.kind == VERTEX_CARD;
    if (find(graph, &question->of).id == VERTEX_NONE)
        return of_card ? "no transaction of this card has been seen"
                       : "no transaction at this merchant has been seen";
    if (kind == JOB_PATHS && !question->to_fraud && find(graph, &question->to).id == VERTEX_NONE)
        return to_card ? "no transaction of the card at the other end has been seen"
                       : "no transaction at the merchant at the other end has been seen";
    return NULL;
}

static bool has_edges(const Graph *graph, const Subject *subject) {
    const Vertex vertex = find(graph, subject);
    Edge edge;
    if (vertex.id == VERTEX_NONE) return false;
    return vertex.kind == VERTEX_CARD || graph_merchant_edges(graph, vertex.id, &edge, 1) > 0;
}

bool question_has_edges(const Graph *graph, JobKind kind, const Question *question) {
    return has_edges(graph, &question->of) &&
           (kind != JOB_PATHS || question->to_fraud || has_edges(graph, &question->to));
}

static void answer_neighbourhood(const Graph *graph, const Question *question, GString *out) {
    const Vertex of = find(graph, &question->of);
    Subgraph found = explore_neighbourhood(graph, of, question->steps, question->limit);
    shape_neighbourhood(out, graph, question->key, of, &found);
    subgraph_clear(&found);
}

static void answer_paths(const Graph *graph, const Question *question, GString *out) {
    const Vertex from = find(graph, &question->of);
    Paths found = question->to_fraud
                      ? explore_paths_to_fraud(graph, from, question->length, question->limit)
                      : explore_paths(graph, from, find(graph, &question->to), question->length,
                                      question->limit);
    shape_paths(out, graph, question->key, &found);
    paths_clear(&found);
}

static void answer_ring(const Graph *graph, const Question *question, GString *out) {
    Ring found = explore_ring(graph, find(graph, &question->of));
    shape_ring(out, graph, question->key, &found);
    ring_clear(&found);
}

void question_answer(const Graph *graph, JobKind kind, const Question *question, GString *out) {
    if (kind == JOB_NEIGHBOURHOOD)
        answer_neighbourhood(graph, question, out);
    else if (kind == JOB_PATHS)
        answer_paths(graph, question, out);
    else
        answer_ring(graph, question, out);
}
