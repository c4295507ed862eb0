/* The live stream: server-sent events from the partition to whoever watches. Ten times a second
 * what was decided and committed since the last time goes out as one message, sampled to
 * ITEMS_PER_TICK; alerts have places of their own in the sample. Each client has a short queue; one
 * that does not keep up loses messages, and costs nobody else any time. */
#pragma once

#include "io/store.h"
#include "serve/meters.h"

#include <microhttpd.h>

enum {
    STREAM_CLIENTS_MAX = 64,
    STREAM_CLIENTS_PER_NAME_MAX = STREAM_CLIENTS_MAX / 4,
    STREAM_QUEUE_MAX = 32, /* messages waiting for one client */
    ITEMS_PER_TICK = 50,
    ALERTS_PER_TICK = 20, /* places of those that only alerts get */
    TICK_MS = 100,
};

typedef struct Hub Hub;

Hub *hub_new(Meters *meters);
void hub_free(Hub *hub);

/* `wake` is called after connections were resumed, so that whoever runs the daemon looks at it. */
void hub_set_wake(Hub *hub, void (*wake)(void *data), void *data);

/* From the worker's thread. Adds what was decided to the sample, if there is anyone and any place
 * for it; else it is counted as left out. */
void hub_show(Hub *hub, const Transaction *transaction, const Answer *answer);

/* A transaction was labelled; beyond ITEMS_PER_TICK labels a tick the rest are left out. */
void hub_add_label(Hub *hub, Str trans_num, bool is_fraud);

/* Sends what was collected, if TICK_MS have passed since the last time. The partition calls it
 * after its commits, so that nothing is shown that could still be lost. */
void hub_tick(Hub *hub);

/* Sends one message of a kind to every client: "stats". */
void hub_send(Hub *hub, const char *event, const GString *data);

/* Who watches. */
typedef struct Watcher {
    const char *name; /* has STREAM_CLIENTS_PER_NAME_MAX places; NULL: all. Outlives the stream */
    bool (*goes_on)(const void *data); /* the stream ends where it is false; asked on the HTTP
                                        * thread before each piece; NULL: it goes on */
    void *data;                        /* the stream's, freed with g_free */
} Watcher;

/* The response for a new client, which ends only as above, or NULL with *status: 503 when there are
 * too many or the hub is closed, 429 when there are too many of the name. From the HTTP thread. */
struct MHD_Response *hub_subscribe(Hub *hub, struct MHD_Connection *connection,
                                   const Watcher *watcher, unsigned *status);

/* Ends every client's stream. */
void hub_close(Hub *hub);
