/* A client of Neo4j's HTTP Query API (POST /db/NAME/query/v2; Neo4j 5.23 and later): one statement
 * with its parameters at a time, each in a transaction of its own. Values go to Neo4j as parameters
 * only; nothing here or above puts one into the text of a statement. */
#pragma once

#include "base/json.h"
#include <glib.h>

enum {
    NEO4J_ANSWER_MAX = 16 << 20, /* bytes of an answer; a longer one is an error */
    NEO4J_CONNECT_SECONDS = 5,
    NEO4J_RUN_SECONDS = 120, /* for a statement, from its first byte sent to its last read */
};

#define NEO4J_ERROR neo4j_error_quark()
GQuark neo4j_error_quark(void);
typedef enum Neo4jError {
    NEO4J_ERROR_SETTING,     /* address, database, password or CA file: nothing was sent */
    NEO4J_ERROR_AWAY,        /* no connection, no answer in time, or it asks to try again */
    NEO4J_ERROR_CREDENTIALS, /* user or password are wrong, or may not do this */
    NEO4J_ERROR_REFUSED,     /* it does not take the statement */
    NEO4J_ERROR_ANSWER,      /* what answered is no Query API, or answered too much */
    NEO4J_ERROR_STOPPED,     /* `go_on` said so */
} Neo4jError;

/* Whether the same statement may succeed later without anyone's doing. */
bool neo4j_is_transient(const GError *error);

typedef struct Neo4jOptions {
    const char *url;           /* "http://127.0.0.1:7474", or https; neo4j://HOST is http on port
                                  7474, neo4j+s://HOST https on 443 */
    const char *database;      /* NULL: "neo4j" */
    const char *user;          /* NULL: "neo4j" */
    const char *password_file; /* NULL: the environment's NEO4J_PASSWORD; without that, none */
    const char *ca_file;       /* certificates to trust, as PEM; NULL: the system's */
    bool (*go_on)(void *data); /* false gives up what is under way; NULL: never. On any thread that
                                  uses the client */
    void *data;
} Neo4jOptions;

typedef struct Neo4j Neo4j;

/* Copies all of `options`; connects to nothing yet. One thread at a time. */
Neo4j *neo4j_new(const Neo4jOptions *options, GError **error);
void neo4j_free(Neo4j *neo4j); /* NULL is allowed */

/* "http://127.0.0.1:7474", for messages: neither user nor password are in it. */
const char *neo4j_address(const Neo4j *neo4j);

typedef enum Neo4jAccess { NEO4J_READ, NEO4J_WRITE } Neo4jAccess;

/* What came back: an array of column names and an array of rows, each an array of values. They
 * live until the next statement. Of a number with a point or an exponent every bit is kept. */
typedef struct Neo4jResult {
    JsonValue fields, rows;
} Neo4jResult;

/* Runs one statement. `doing` says what for, in errors ("writing 5000 transactions"); `parameters`
 * is a JSON object, or empty for none; `result` may be NULL. With NEO4J_READ Neo4j refuses to
 * change anything. Every error is one line that names the address, what was being done, and Neo4j's
 * own code and message, card numbers masked. */
bool neo4j_run(Neo4j *neo4j, const char *doing, const char *statement, Str parameters,
               Neo4jAccess access, Neo4jResult *result, GError **error);
