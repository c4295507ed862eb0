/* A question about the surroundings of a vertex, as it is asked over HTTP: read on the HTTP thread,
 * answered on the worker's, within a bound on the work that graph/explore.h gives. */
#pragma once

#include "base/json.h"
#include "graph/explore.h"
#include "serve/card_ref.h"
#include "serve/job.h"

enum {
    NEIGHBOURHOOD_STEPS_DEFAULT = 2,
    NEIGHBOURHOOD_LIMIT_DEFAULT = 30,
    PATH_LENGTH_DEFAULT = 4,
    PATHS_DEFAULT = 10,
};

/* A card or a merchant that a client names: "card:NUMBER", "card_ref:REF", "merchant:NAME"; or
 * "transaction:NUMBER", the card of a stored transaction. */
typedef struct Subject {
    VertexKind kind;
    bool by_number;      /* its card was told by its number */
    bool by_transaction; /* its card is still to be found out: name is the transaction's number */
    uint64_t card;
    size_t name_len;
    char name[NAME_MAX_LEN]; /* of a merchant */
} Subject;

struct Question {
    const CardRefKey *key; /* by which cards are referred to; borrowed */
    Subject of, to;        /* `of` is also the start of paths */
    bool to_fraud;         /* the paths lead to compromised cards, and `to` is none */
    unsigned steps, length;
    size_t limit;
};

/* Reads the body of a question of the kind. Returns NULL; or what is wrong with it, a static
 * phrase, with the HTTP status to answer with. */
const char *question_read(JsonParser *parser, const CardRefKey *key, Str body, JobKind kind,
                          Question *out, unsigned *status);

/* What is wrong with a question whose subjects are found out, a static phrase, or NULL: paths that
 * lead to where they begin. */
const char *question_check(JobKind kind, const Question *question);

/* Why the graph has no answer, a static phrase: it has not seen what the question names. NULL when
 * it has. */
const char *question_wrong(const Graph *graph, JobKind kind, const Question *question);

/* Whether the graph has edges of all that the question names: it may know of a merchant from other
 * partitions alone. */
bool question_has_edges(const Graph *graph, JobKind kind, const Question *question);

/* Appends the answer, of a question that is not wrong, to `out`. */
void question_answer(const Graph *graph, JobKind kind, const Question *question, GString *out);
