/* The HTTP API. One thread of libmicrohttpd moves bytes: it checks who asks and what for, gathers
 * the body, and either answers at once (stats, stored transactions, the page) or hands a job to the
 * worker and lets the connection sleep until the reply is there. docs/api.md and openapi.json
 * say what is answered. */
#pragma once

#include "serve/access.h"
#include "serve/audit.h"
#include "serve/board.h"
#include "serve/card_ref.h"
#include "serve/config.h"
#include "serve/desk.h"
#include "serve/gate.h"
#include "serve/hub.h"
#include "serve/library.h"
#include "serve/models.h"
#include "serve/pipelines.h"
#include "serve/worker.h"

enum {
    CONNECTIONS_MAX = 1024,
    CONNECTION_BYTES = 16 << 10, /* of memory each, headers included */
    IDLE_SECONDS = 30,           /* a connection that neither sends nor takes is closed */
    MANY_MAX_BYTES = 16 << 20,   /* a body of many records */
    BODIES_MAX_BYTES = 64 << 20, /* all bodies together */
    DROPPED_MAX_BYTES = 2 * MANY_MAX_BYTES, /* read of a body that is too large, and not kept */
    LIST_DEFAULT = 50,
    LIST_MAX = 500, /* transactions in one list */
};

typedef struct Http Http;

typedef struct HttpOptions {
    const char *data_dir;
    Gate *gate;
    bool trust_proxy;
    const Config *config;
    Champion *champion;
    Models *models;
    Worker *worker;
    Library *library;
    Desk *desk;
    Pipelines *pipelines; /* NULL: there are none */
    Board *board;
    Audit *audit;
    Meters *meters;
    Hub *hub;
} HttpOptions;

/* Serves on the listener, whose socket it takes. Everything in `options` is borrowed. */
Http *http_start(Listener *listener, const HttpOptions *options, GError **error);

/* No new connection is taken and no new work; what is under way goes on. */
void http_quiesce(Http *http);

/* After the partition has stopped: waits up to `seconds` for replies to leave, then ends. */
void http_stop(Http *http, unsigned seconds);
