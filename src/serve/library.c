#include "serve/library.h"

#include "model/model.h"
#include "model/model_view.h"
#include "serve/hub.h"

#include <unistd.h>

struct Library {
    SideWorker side; /* first: its worker is handed out */
    const char *dir;
    Models *models;
    Audit *audit;
    GThread *thread;
};

void library_call_free(LibraryCall *call) {
    if (!call) return;
    g_free(call->name);
    g_free(call->version);
    g_free(call->file);
    g_free(call->models);
    g_free(call->by);
    g_free(call->role);
    g_free(call);
}

static bool read_as(Str key, JsonValue value, void *data) {
    LibraryCall *call = data;
    return str_equal(key, STR("as")) && registry_alias_find(json_get_str(value), &call->alias);
}

const char *library_call_read(JsonParser *parser, Str body, LibraryCall *call, unsigned *status) {
    JsonValue value;
    const char *message;
    *status = 400;
    call->alias = REGISTRY_CHAMPION;
    if (!json_parse(parser, body.data, body.len, &value, &message)) return message;
    if (json_type(value) != JSON_OBJECT) return "not a JSON object";
    *status = 422;
    if (json_each(value, read_as, call)) return NULL;
    return "the only member is \"as\": champion or challenger";
}

/* Answers */

static void answer_json(Job *job, GString *body) {
    job->reply.body = body;
    reply_finish(&job->reply, 200, JSON_TYPE);
}

/* What is wrong with a request is told to whoever asks; what is wrong here, on standard error too.
 */
static void answer_error(Job *job, const GError *error) {
    unsigned status = 500;
    if (g_error_matches(error, MODEL_ERROR, MODEL_ERROR_MISSING)) status = 404;
    if (g_error_matches(error, MODEL_ERROR, MODEL_ERROR_REFUSED)) status = 409;
    if (status == 500) g_printerr("%s\n", error->message);
    reply_problem(&job->reply, status, error->message);
}

/* The very version that a path names: the beginning of one will not do. */
static RegistryVersion *find(const Library *library, const LibraryCall *call, GError **error) {
    RegistryAlias alias;
    const bool is_alias = registry_alias_find(str_from(call->version), &alias) ||
                          strcmp(call->version, "latest") == 0;
    g_autofree char *words = g_strconcat(call->name, is_alias ? "@" : "/", call->version, NULL);
    RegistryVersion *version = registry_find(library->dir, words, error);
    if (!version || is_alias || strcmp(version->version, call->version) == 0) return version;
    registry_version_free(version);
    g_set_error(error, MODEL_ERROR, MODEL_ERROR_MISSING, "%s has no such version", call->name);
    return NULL;
}

static bool list(const Library *library, Job *job, GError **error) {
    g_autoptr(GPtrArray) versions = registry_list(library->dir, job->call->name, error);
    if (!versions) return false;
    GString *body = g_string_new(NULL);
    registry_list_write(versions, body);
    answer_json(job, body);
    return true;
}

/* Reads up to `size` bytes, which is no more than the limit. */
static char *read_file(int fd, uint64_t size, size_t *len) {
    char *text = g_malloc(size + 1);
    ssize_t got = 1;
    for (*len = 0; *len < size && got > 0; *len += (size_t)got)
        if ((got = read(fd, text + *len, size - *len)) <= 0) break;
    return text;
}

/* The version's report, or null where there is none that can be read. */
static void write_report(const Library *library, const RegistryVersion *version, GString *out) {
    uint64_t size = 0;
    size_t len = 0;
    const char *message;
    JsonValue root;
    const int fd = registry_open_file(library->dir, version, MODEL_REPORT_FILE, &size, NULL);
    const bool can = fd >= 0 && size <= LIBRARY_REPORT_BYTES_MAX;
    g_autofree char *text = can ? read_file(fd, size, &len) : NULL;
    JsonParser *parser = json_parser_new(LIBRARY_REPORT_BYTES_MAX);
    if (can && json_parse(parser, text, len, &root, &message) && json_type(root) == JSON_OBJECT)
        g_string_append_len(out, text, (gssize)len);
    else
        g_string_append(out, "null");
    json_parser_free(parser);
    if (fd >= 0) close(fd);
}

/* What the list has of the version, and its report. */
static bool show(const Library *library, Job *job, GError **error) {
    g_autoptr(RegistryVersion) version = find(library, job->call, error);
    if (!version) return false;
    GString *body = g_string_new(NULL);
    registry_version_write(version, body);
    g_string_truncate(body, body->len - 1);
    g_string_append(body, ",\"report\":");
    write_report(library, version, body);
    g_string_append_c(body, '}');
    answer_json(job, body);
    return true;
}

static const char *type_of(const char *file) {
    if (g_str_has_suffix(file, ".json")) return "application/json";
    return g_str_has_suffix(file, ".png") ? "image/png" : "application/octet-stream";
}

static bool open_file(const Library *library, Job *job, GError **error) {
    g_autoptr(RegistryVersion) version = find(library, job->call, error);
    if (!version) return false;
    job->reply.fd =
        registry_open_file(library->dir, version, job->call->file, &job->reply.file_size, error);
    if (job->reply.fd < 0) return false;
    job->reply.is_file = true;
    reply_finish(&job->reply, 200, type_of(job->call->file));
    return true;
}

static bool compare(const Library *library, Job *job, GError **error) {
    g_auto(GStrv) words = g_strsplit(job->call->models, ",", MODELS_COMPARED_MAX + 1);
    const guint count = g_strv_length(words);
    if (count < 2 || count > MODELS_COMPARED_MAX) {
        reply_problem(&job->reply, 400, "models is two to eight versions, with commas");
        return true;
    }
    ModelsCompared compared = {0};
    bool good = true;
    for (guint i = 0; good && i < count; i++)
        good = models_compared_add(&compared, library->dir, words[i], error);
    if (good) {
        GString *body = g_string_new(NULL);
        models_compared_write(&compared, body);
        answer_json(job, body);
    }
    models_compared_clear(&compared);
    return good;
}

/* Changes: what was done is told on standard error and in the audit trail, as it changes what
 * decides. */

/* Once it is done it stays so; that the trail could not be written is then all there is to say. */
static bool write_audit(const Library *library, const LibraryCall *call, AuditEntry entry,
                        GError **error) {
    g_autoptr(GError) why = NULL;
    entry.by = call->by;
    entry.role = call->role;
    if (audit_write(library->audit, &entry, &why)) return true;
    g_set_error(error, DATABASE_ERROR, why->code, "it was done, but not told of: %s", why->message);
    return false;
}

static bool tell_change(const Library *library, const LibraryCall *call, const char *action,
                        const RegistryChange *change, GError **error) {
    if (g_strcmp0(change->from, change->to) == 0) return true;
    g_printerr("asked over HTTP by %s: %s/%s is the %s, after %s\n", call->by, call->name,
               change->to, registry_alias_name(call->alias), change->from ? change->from : "none");
    const AuditEntry entry = {.action = action,
                              .subject = call->name,
                              .from = change->from,
                              .to = change->to,
                              .text = registry_alias_name(call->alias)};
    return write_audit(library, call, entry, error);
}

static bool answer_change(const Library *library, Job *job, const char *action,
                          RegistryChange *change, GError **error) {
    const bool ok = tell_change(library, job->call, action, change, error);
    if (ok) {
        GString *body = g_string_new(NULL);
        registry_change_write(job->call->name, job->call->alias, change, body);
        answer_json(job, body);
    }
    registry_change_clear(change);
    return ok;
}

static bool promote(const Library *library, Job *job, GError **error) {
    RegistryChange change;
    g_autoptr(RegistryVersion) version = find(library, job->call, error);
    if (!version || !registry_version_check(version, error) ||
        !registry_promote(library->dir, version->name, version->version, job->call->alias, &change,
                          error))
        return false;
    return answer_change(library, job, "model.promote", &change, error);
}

static bool rollback(const Library *library, Job *job, GError **error) {
    RegistryChange change;
    if (!registry_rollback(library->dir, job->call->name, job->call->alias, &change, error))
        return false;
    return answer_change(library, job, "model.rollback", &change, error);
}

static bool delete_version(const Library *library, Job *job, GError **error) {
    g_autoptr(RegistryVersion) version = find(library, job->call, error);
    if (!version) return false;
    if (!job->call->force && models_in_use(library->models, version->version)) {
        g_set_error(error, MODEL_ERROR, MODEL_ERROR_REFUSED,
                    "%s/%s is in use by this service: change to another first, or force it",
                    version->name, version->version);
        return false;
    }
    if (!registry_delete(library->dir, version->name, version->version, job->call->force, error))
        return false;
    g_printerr("asked over HTTP by %s: %s/%s is deleted\n", job->call->by, version->name,
               version->version);
    const AuditEntry entry = {
        .action = "model.delete", .subject = version->name, .from = version->version};
    if (!write_audit(library, job->call, entry, error)) return false;
    GString *body = g_string_new("{\"deleted\":[");
    registry_name_write(version, body);
    g_string_append(body, "]}");
    answer_json(job, body);
    return true;
}

/* The thread */

typedef bool Task(const Library *library, Job *job, GError **error);

static void work(const Library *library, Job *job) {
    static Task *const tasks[] = {
        [LIBRARY_LIST] = list,
        [LIBRARY_SHOW] = show,
        [LIBRARY_FILE] = open_file,
        [LIBRARY_COMPARE] = compare,
        [LIBRARY_PROMOTE] = promote,
        [LIBRARY_ROLLBACK] = rollback,
        [LIBRARY_DELETE] = delete_version,
    };
    g_autoptr(GError) error = NULL;
    if (!library->dir)
        reply_problem(&job->reply, 404,
                      "this service has no registry of models: start it with --models DIR");
    else if (!tasks[job->call->task](library, job, &error))
        answer_error(job, error);
    job->done(job);
}

static void *run(void *data) {
    Library *library = data;
    JobList jobs = {0};
    Job *job;
    while (job_queue_take(library->side.queue, &jobs, 1, G_TIME_SPAN_SECOND))
        while ((job = job_list_pop(&jobs)))
            work(library, job);
    return NULL;
}

/* Life */

Worker *library_worker(Library *library) {
    return &library->side.worker;
}

Library *library_new(const char *dir, Models *models, Audit *audit) {
    Library *library = g_new0(Library, 1);
    library->dir = dir;
    library->models = models;
    library->audit = audit;
    side_worker_init(&library->side, LIBRARY_QUEUE_MAX);
    library->thread = g_thread_new("library", run, library);
    return library;
}

void library_stop(Library *library) {
    if (!library) return;
    job_queue_close(library->side.queue);
    g_thread_join(library->thread);
    library->thread = NULL;
}

void library_free(Library *library) {
    if (!library) return;
    g_assert(!library->thread);
    side_worker_clear(&library->side);
    g_free(library);
}
