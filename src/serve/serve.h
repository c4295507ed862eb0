/* The service from its first line to its last: opens what it needs, runs until it is told to stop,
 * and leaves everything on the disk. */
#pragma once

#include "io/neo4j.h"
#include "serve/config.h"
#include "serve/kafka/topics.h"
#include "serve/lookup.h"
#include "serve/pipelines.h"

#include <glib.h>
#include <stdbool.h>

typedef struct ServeOptions {
    const char *data_dir;
    const char *model_dir;      /* watched: what is put there while it runs takes over */
    const char *challenger_dir; /* the same, of a model that follows in the shadow; NULL for none */
    const char *model_name;     /* by which model_dir was looked up, and is again; NULL for none */
    const char *challenger_name;
    LookupOptions lookup;
    const char *models_dir;    /* the registry that the API shows and changes; NULL for none */
    const char *listen;        /* "127.0.0.1:8080"; port 0 for any */
    const KafkaOptions *kafka; /* NULL: transactions come over HTTP */
    const char *token_file;    /* NULL for none: then only the loopback is listened on */
    bool trust_proxy;          /* X-Forwarded-For of a peer on this machine says who asks */
    Neo4jOptions neo4j;        /* its url is NULL: nothing is written to Neo4j */
    const Config *config;      /* all this in words, to be shown */
    const PipelinesBackend *pipelines; /* NULL: it has none */
} ServeOptions;

/* Returns true after SIGTERM or SIGINT, when all that was taken is answered, committed and in a
 * checkpoint. False, with an error of one line, when it could not start or had to give up; what was
 * answered until then is kept. */
bool serve(const ServeOptions *options, GError **error);
