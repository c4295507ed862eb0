#include "pipeline/graph_load.h"

#include "io/csv_log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { WAIT_MIN_MS = 250, WAIT_MAX_MS = 8000, DIGEST_BYTES = 1 << 16 };

typedef struct Load {
    const GraphLoadOptions *options;
    GraphLoadReport *report;
    Neo4jGraph *graph;
    EventLog *log;
    char *id, *name;
    GraphPosition start;
} Load;

/* The SHA-256 of what is in the file; NULL and *error. */
static char *digest_of(const char *path, GError **error) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree guchar *block = g_malloc(DIGEST_BYTES);
    ssize_t len = fd < 0 ? -1 : 0;
    while (fd >= 0 && (len = read(fd, block, DIGEST_BYTES)) > 0)
        g_checksum_update(sum, block, len);
    if (len < 0)
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "%s: %s", path,
                    g_strerror(errno));
    if (fd >= 0) close(fd);
    return len < 0 ? NULL : g_strdup(g_checksum_get_string(sum));
}

static bool name_load(Load *load, GError **error) {
    const char *path = load->options->path;
    g_autofree char *digest = NULL;
    if (strcmp(path, "-") == 0) {
        digest = g_uuid_string_random();
        load->name = g_strdup("standard input");
    } else {
        digest = digest_of(path, error);
        load->name = g_path_get_basename(path);
    }
    load->id = digest ? g_strconcat("file:", digest, NULL) : NULL;
    return load->id != NULL;
}

static bool wait_a_while(const Load *load, int64_t ms) {
    const int64_t until = g_get_monotonic_time() + ms * 1000;
    while (load->options->go_on(load->options->data)) {
        const int64_t left = until - g_get_monotonic_time();
        if (left <= 0) return true;
        g_usleep((gulong)MIN(left, 50000));
    }
    return false;
}

typedef bool Step(Load *load, GError **error);

/* Takes the step, again and again while Neo4j is away, but not for ever. */
static bool patiently(Load *load, Step *step, GError **error) {
    const int64_t until =
        g_get_monotonic_time() + GRAPH_LOAD_PATIENCE_SECONDS * (int64_t)G_USEC_PER_SEC;
    for (int64_t wait = WAIT_MIN_MS;; wait = MIN(wait * 2, WAIT_MAX_MS)) {
        GError *why = NULL;
        if (step(load, &why)) return true;
        const bool again = neo4j_is_transient(why) && g_get_monotonic_time() < until;
        if (again && wait == WAIT_MIN_MS) load->options->waiting(load->options->data, why->message);
        if (!again || !wait_a_while(load, wait)) {
            g_propagate_error(error, why);
            return false;
        }
        g_error_free(why);
    }
}

static bool open_graph(Load *load, GError **error) {
    return neo4j_graph_prepare(load->graph, error) &&
           neo4j_graph_open(load->graph, load->id, load->name, &load->start, error);
}

static bool write_batch(Load *load, GError **error) {
    return neo4j_graph_write(load->graph, &load->report->created, error);
}

static bool flush(Load *load, GError **error) {
    if (!patiently(load, write_batch, error)) return false;
    const CsvLogCounters counters = csv_log_counters(load->log);
    load->options->progress(load->options->data, counters.bytes_read, counters.bytes_total,
                            load->report->transactions);
    return true;
}

/* Rows up to where the load was are read, as they tell later duplicates, and passed over. */
static bool load_rows(Load *load, GError **error) {
    GraphLoadReport *report = load->report;
    Event event;
    LogStatus status;
    while ((status = load->log->next(load->log, &event, error)) == LOG_EVENT) {
        report->transactions++;
        if (report->transactions <= load->start.events) continue;
        neo4j_graph_add(load->graph, &event.transaction, NULL);
        if (neo4j_graph_full(load->graph) && !flush(load, error)) return false;
        if (!load->options->go_on(load->options->data)) break;
    }
    report->resumed = MIN(load->start.events, report->transactions);
    if (status == LOG_ERROR || !flush(load, error)) return false;
    if (status == LOG_END) return true;
    g_set_error(error, NEO4J_ERROR, NEO4J_ERROR_STOPPED,
                "stopped after %" G_GUINT64_FORMAT " transactions; the same command goes on there",
                report->transactions);
    return false;
}

static bool load_file(Load *load, GError **error) {
    const CsvLogOptions options = {.paths = &load->options->path,
                                   .path_count = 1,
                                   .label_delay = -1,
                                   .strict = load->options->strict};
    load->log = csv_log_open(&options, error);
    if (!load->log) return false;
    if (!name_load(load, error) || !patiently(load, open_graph, error)) return false;
    return load_rows(load, error);
}

bool graph_load(Neo4j *neo4j, const GraphLoadOptions *options, GraphLoadReport *report,
                GError **error) {
    *report = (GraphLoadReport){0};
    const int64_t start = g_get_monotonic_time();
    Load load = {.options = options, .report = report, .graph = neo4j_graph_new(neo4j)};
    const bool good = load_file(&load, error);
    if (load.log) {
        const CsvLogCounters counters = csv_log_counters(load.log);
        report->rejected = counters.rejected;
        report->duplicates = counters.duplicates;
        report->problem = g_strdup(csv_log_problem(load.log));
        load.log->free(load.log);
    }
    report->seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    neo4j_graph_free(load.graph);
    g_free(load.id);
    g_free(load.name);
    return good;
}
