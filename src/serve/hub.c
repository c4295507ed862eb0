#include "serve/hub.h"

#include "base/json_write.h"
#include "serve/shape.h"

#include <string.h>

enum { BLOCK_BYTES = 16 << 10 }; /* what MHD asks a stream for at a time */

typedef struct Client {
    Hub *hub;
    struct MHD_Connection *connection;
    Watcher watcher;
    bool suspended;                    /* it waits for a message */
    GBytes *waiting[STREAM_QUEUE_MAX]; /* a ring: shared messages */
    size_t first, count;
    size_t sent; /* bytes of the first one */
} Client;

struct Hub {
    Meters *meters;
    GString *item; /* scratch of the worker's thread */
    GMutex lock;   /* of everything below */
    void (*wake)(void *data);
    void *wake_data;
    GPtrArray *clients;
    bool closed;
    GString *items, *labels; /* what this tick collected, comma-separated */
    unsigned item_count, alert_count, left_out, label_count;
    int64_t last_tick; /* microseconds, monotonic */
};

Hub *hub_new(Meters *meters) {
    Hub *hub = g_new0(Hub, 1);
    hub->meters = meters;
    g_mutex_init(&hub->lock);
    hub->clients = g_ptr_array_new();
    hub->item = g_string_new(NULL);
    hub->items = g_string_new(NULL);
    hub->labels = g_string_new(NULL);
    return hub;
}

void hub_free(Hub *hub) {
    if (!hub) return;
    g_assert(hub->clients->len == 0);
    g_ptr_array_unref(hub->clients);
    g_string_free(hub->item, TRUE);
    g_string_free(hub->items, TRUE);
    g_string_free(hub->labels, TRUE);
    g_mutex_clear(&hub->lock);
    g_free(hub);
}

void hub_set_wake(Hub *hub, void (*wake)(void *data), void *data) {
    g_mutex_lock(&hub->lock);
    hub->wake = wake;
    hub->wake_data = data;
    g_mutex_unlock(&hub->lock);
}

/* Collecting */

/* Whether there is anyone and any place for the next item; if not it is counted as left out. */
static bool wants_item(Hub *hub, bool alert) {
    g_mutex_lock(&hub->lock);
    unsigned common = hub->item_count - MIN(hub->alert_count, (unsigned)ALERTS_PER_TICK);
    bool wanted = hub->clients->len > 0 && hub->item_count < ITEMS_PER_TICK &&
                  (alert || common < ITEMS_PER_TICK - ALERTS_PER_TICK);
    if (hub->clients->len > 0 && !wanted) hub->left_out++;
    g_mutex_unlock(&hub->lock);
    return wanted;
}

/* Only the worker adds and sends items, so what it saw wanted a moment ago still is. */
void hub_show(Hub *hub, const Transaction *transaction, const Answer *answer) {
    const bool alert = answer->verdict != VERDICT_APPROVE;
    if (!wants_item(hub, alert)) return;
    const StoredTransaction shown = {
        .transaction = *transaction, .answer = *answer, .is_fraud = LABEL_NONE};
    g_string_truncate(hub->item, 0);
    shape_item(hub->item, &shown);
    g_mutex_lock(&hub->lock);
    if (hub->item_count++ > 0) g_string_append_c(hub->items, ',');
    g_string_append_len(hub->items, hub->item->str, (gssize)hub->item->len);
    hub->alert_count += alert;
    g_mutex_unlock(&hub->lock);
}

void hub_add_label(Hub *hub, Str trans_num, bool is_fraud) {
    g_mutex_lock(&hub->lock);
    if (hub->clients->len > 0 && hub->label_count < ITEMS_PER_TICK) {
        g_string_append(hub->labels, hub->label_count++ > 0 ? ",{" : "{");
        g_string_append(hub->labels, "\"trans_num\":");
        json_write_str(hub->labels, trans_num);
        g_string_append(hub->labels, is_fraud ? ",\"is_fraud\":true}" : ",\"is_fraud\":false}");
    }
    g_mutex_unlock(&hub->lock);
}

/* Sending. The lock is held by the caller in all of these. */

static void drop_first(Client *client) {
    g_bytes_unref(client->waiting[client->first]);
    client->first = (client->first + 1) % STREAM_QUEUE_MAX;
    client->count--;
    client->sent = 0;
}

static void wake_client(Client *client) {
    Hub *hub = client->hub;
    if (!client->suspended) return;
    client->suspended = false;
    MHD_resume_connection(client->connection);
    if (hub->wake) hub->wake(hub->wake_data);
}

/* A full queue refuses the message: one that was begun must end whole. */
static void send_to(Client *client, GBytes *message) {
    if (client->count == STREAM_QUEUE_MAX) {
        counter_add(&client->hub->meters->stream_skipped, 1);
        return;
    }
    client->waiting[(client->first + client->count++) % STREAM_QUEUE_MAX] = g_bytes_ref(message);
    wake_client(client);
}

static void send_to_all(Hub *hub, GString *message) {
    gsize len = message->len;
    GBytes *bytes = g_bytes_new_take(g_string_free(message, FALSE), len);
    for (guint i = 0; i < hub->clients->len; i++)
        send_to(hub->clients->pdata[i], bytes);
    g_bytes_unref(bytes);
}

static void send_items(Hub *hub) {
    if (hub->item_count == 0 && hub->left_out == 0) return;
    GString *message = g_string_sized_new(hub->items->len + 80);
    g_string_append_printf(message, "event: decisions\ndata: {\"items\":[%s],\"left_out\":%u}\n\n",
                           hub->items->str, hub->left_out);
    send_to_all(hub, message);
    g_string_truncate(hub->items, 0);
    hub->item_count = hub->alert_count = hub->left_out = 0;
}

static void send_labels(Hub *hub) {
    if (hub->label_count == 0) return;
    GString *message = g_string_new(NULL);
    g_string_append_printf(message, "event: labels\ndata: {\"items\":[%s]}\n\n", hub->labels->str);
    send_to_all(hub, message);
    g_string_truncate(hub->labels, 0);
    hub->label_count = 0;
}

void hub_tick(Hub *hub) {
    int64_t now = g_get_monotonic_time();
    g_mutex_lock(&hub->lock);
    if (now - hub->last_tick >= TICK_MS * G_TIME_SPAN_MILLISECOND) {
        hub->last_tick = now;
        send_items(hub);
        send_labels(hub);
    }
    g_mutex_unlock(&hub->lock);
}

void hub_send(Hub *hub, const char *event, const GString *data) {
    GString *message = g_string_sized_new(data->len + 40);
    g_string_append_printf(message, "event: %s\ndata: %s\n\n", event, data->str);
    g_mutex_lock(&hub->lock);
    send_to_all(hub, message);
    g_mutex_unlock(&hub->lock);
}

/* Clients */

static ssize_t client_read(void *data, uint64_t position, char *out, size_t max) {
    (void)position;
    Client *client = data;
    ssize_t copied = 0;
    const Watcher *watcher = &client->watcher;
    if (watcher->goes_on && !watcher->goes_on(watcher->data))
        return MHD_CONTENT_READER_END_OF_STREAM;
    g_mutex_lock(&client->hub->lock);
    if (client->count > 0) {
        gsize len;
        const char *message = g_bytes_get_data(client->waiting[client->first], &len);
        size_t n = MIN(max, len - client->sent);
        memcpy(out, message + client->sent, n);
        client->sent += n;
        copied = (ssize_t)n;
        if (client->sent == len) drop_first(client);
    } else if (client->hub->closed) {
        copied = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        client->suspended = true;
        MHD_suspend_connection(client->connection);
    }
    g_mutex_unlock(&client->hub->lock);
    return copied;
}

static void client_free(void *data) {
    Client *client = data;
    Hub *hub = client->hub;
    g_mutex_lock(&hub->lock);
    g_ptr_array_remove_fast(hub->clients, client);
    counter_set(&hub->meters->stream_clients, hub->clients->len);
    while (client->count > 0)
        drop_first(client);
    g_mutex_unlock(&hub->lock);
    g_free(client->watcher.data);
    g_free(client);
}

/* A comment first, so that the client sees at once that it is connected. */
static Client *client_new(Hub *hub, struct MHD_Connection *connection, const Watcher *watcher) {
    static const char hello[] = ": haechi\nretry: 2000\n\n";
    Client *client = g_new0(Client, 1);
    client->hub = hub;
    client->connection = connection;
    client->watcher = *watcher;
    client->waiting[0] = g_bytes_new_static(hello, sizeof hello - 1);
    client->count = 1;
    return client;
}

static bool has_too_many(const Hub *hub, const char *name) {
    unsigned count = 0;
    for (guint i = 0; name && i < hub->clients->len; i++) {
        const Client *client = hub->clients->pdata[i];
        count += g_strcmp0(client->watcher.name, name) == 0;
    }
    return count >= STREAM_CLIENTS_PER_NAME_MAX;
}

/* 0 where there is a place. */
static unsigned refusal(const Hub *hub, const Watcher *watcher) {
    if (hub->closed || hub->clients->len >= STREAM_CLIENTS_MAX) return 503;
    return has_too_many(hub, watcher->name) ? 429 : 0;
}

static struct MHD_Response *add_client(Hub *hub, struct MHD_Connection *connection,
                                       const Watcher *watcher) {
    Client *client = client_new(hub, connection, watcher);
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK_BYTES, client_read, client, client_free);
    if (response) {
        g_ptr_array_add(hub->clients, client);
        counter_set(&hub->meters->stream_clients, hub->clients->len);
    } else {
        drop_first(client);
        g_free(client);
    }
    return response;
}

struct MHD_Response *hub_subscribe(Hub *hub, struct MHD_Connection *connection,
                                   const Watcher *watcher, unsigned *status) {
    struct MHD_Response *response = NULL;
    g_mutex_lock(&hub->lock);
    *status = refusal(hub, watcher);
    if (!*status && !(response = add_client(hub, connection, watcher))) *status = 503;
    g_mutex_unlock(&hub->lock);
    if (!response) g_free(watcher->data);
    return response;
}

void hub_close(Hub *hub) {
    g_mutex_lock(&hub->lock);
    hub->closed = true;
    for (guint i = 0; i < hub->clients->len; i++)
        wake_client(hub->clients->pdata[i]);
    g_mutex_unlock(&hub->lock);
}
