/* What a record or a question does: reads the bodies of jobs, folds what is new into engine and
 * log, and writes the replies. Belongs to the partition's thread. */
#pragma once

#include "base/json.h"
#include "engine/engine.h"
#include "io/store.h"
#include "record/json.h"
#include "serve/hub.h"
#include "serve/job.h"
#include "serve/rejects.h"

enum {
    RECORD_MAX_BYTES = 64 << 10, /* one JSON object */
    RECORDS_MAX = 100000,        /* lines in one request */
    REFUSALS_MAX = 1000,         /* records refused in one request, after which the rest is too */
    AHEAD_SECONDS_MAX = 86400,   /* how far a record's time may be ahead of the machine's clock */
};

typedef struct Intake {
    Engine *engine;
    Store *store;
    Rejects *rejects;
    Hub *hub;
    Meters *meters;
    JsonParser *parser;
    JsonScratch json;
    float *contributions; /* feature_count() + 1 */
    GString *reasons;     /* scratch */
    bool open;            /* a batch of the store has begun */
} Intake;

void intake_init(Intake *intake, Engine *engine, Store *store, Rejects *rejects, Hub *hub,
                 Meters *meters);
void intake_clear(Intake *intake);

/* Works on a job for up to `limit` records, adding their number to *used. The job is through when
 * its reply has a status. False when the store failed: the batch and the process are lost. */
bool intake_work(Intake *intake, Job *job, size_t limit, size_t *used, GError **error);

/* Commits the open batch, if there is one. */
bool intake_commit(Intake *intake, GError **error);

/* Whether the graph has seen the card or the merchant that a question is about; of a question about
 * surroundings, whether it has edges there. */
bool intake_knows(const Graph *graph, const Job *job);

/* Answers a question about a card or a merchant, or about what is around it. */
void intake_answer(const Graph *graph, Job *job);

/* What an answer takes of the worker's time, in records that could be folded in it, about. */
size_t intake_cost(const Job *job);
