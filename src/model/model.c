/* Loading a model's folder, and scoring with it. Nothing in the folder is trusted: sizes, types,
 * hashes, feature names and every index are checked before the first score. */
#include "model/model.h"

#include "base/json.h"
#include "model/model_folder.h"
#include "model/model_member.h"
#include "model/tree_ensemble.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK(haechi - model - error - quark, model_error)

struct Model {
    _Atomic int references;
    char *name, *version;
    GString *kinds; /* of the members, with commas between */
    double threshold, decline_threshold;
    GBytes *manifest;
    ModelMember *members[MODEL_MEMBERS_MAX];
    double weights[MODEL_MEMBERS_MAX], thresholds[MODEL_MEMBERS_MAX];
    size_t member_count;
    double bias;
    const Gcn *gcn;         /* of the one member that looks back; NULL where none does */
    char *gcn_hash;         /* of its file */
    ModelMember *suspicion; /* NULL when there is no first stage */
    DriftBins *drift;       /* NULL where its report has none, and then why */
    GError *drift_fault;
};

Model *model_ref(Model *model) {
    if (model != NULL) atomic_fetch_add(&model->references, 1);
    return model;
}

void model_free(Model *model) {
    if (model == NULL || atomic_fetch_sub(&model->references, 1) > 1) return;
    g_free(model->name);
    g_free(model->version);
    g_string_free(model->kinds, TRUE);
    g_bytes_unref(model->manifest);
    for (size_t i = 0; i < model->member_count; i++)
        model_member_free(model->members[i]);
    model_member_free(model->suspicion);
    drift_bins_free(model->drift);
    g_clear_error(&model->drift_fault);
    g_free(model->gcn_hash);
    g_free(model);
}

/* A file being read and checked: errors are told of it. */
typedef struct File {
    char *path;
    GBytes *bytes;
    GError **error;
} File;

static G_GNUC_PRINTF(3, 4) bool fail(const File *file, ModelError code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *cause = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(file->error, MODEL_ERROR, code, "%s: %s", file->path, cause);
    g_free(cause);
    return false;
}

static bool read_open(File *file, int fd, size_t max_bytes) {
    struct stat st;
    if (fstat(fd, &st) != 0) return fail(file, MODEL_ERROR_INVALID, "%s", g_strerror(errno));
    if (!S_ISREG(st.st_mode)) return fail(file, MODEL_ERROR_INVALID, "not a regular file");
    if ((uint64_t)st.st_size > max_bytes)
        return fail(file, MODEL_ERROR_INVALID, "over %zu bytes", max_bytes);
    const size_t size = (size_t)st.st_size;
    char *data = g_malloc(size + 1);
    size_t len = 0;
    while (len < size) {
        const ssize_t got = read(fd, data + len, size - len);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        len += (size_t)got;
    }
    file->bytes = g_bytes_new_take(data, len);
    return len == size || fail(file, MODEL_ERROR_INVALID, "cut short while it was read");
}

/* Reads DIR/NAME. The caller clears *file in any case. */
static bool file_read(File *file, const char *dir, const char *name, size_t max_bytes,
                      GError **error) {
    *file = (File){g_build_filename(dir, name, NULL), NULL, error};
    /* O_NONBLOCK: a pipe in a file's place must not make us wait. */
    const int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail(file,
                    errno == ENOENT || errno == ENOTDIR ? MODEL_ERROR_MISSING : MODEL_ERROR_INVALID,
                    "%s", g_strerror(errno));
    const bool ok = read_open(file, fd, max_bytes);
    close(fd);
    return ok;
}

static void file_clear(File *file) {
    g_free(file->path);
    g_bytes_unref(file->bytes);
}

/* A name or version of the manifest. */
static bool get_name(const File *file, JsonValue manifest, const char *key, char **out) {
    JsonValue value;
    if (!json_member(manifest, key, &value) || !model_name_valid(json_get_str(value)))
        return fail(file, MODEL_ERROR_INVALID,
                    "\"%s\" is not 1 to %d letters, digits, dots, dashes and underscores", key,
                    MODEL_NAME_MAX);
    const Str text = json_get_str(value);
    *out = g_strndup(text.data, text.len);
    return true;
}

static bool get_threshold(const File *file, JsonValue manifest, const char *key, double *out) {
    JsonValue value;
    if (json_member(manifest, key, &value)) {
        *out = json_get_double(value);
        if (*out >= 0 && *out <= 1) return true;
    }
    return fail(file, MODEL_ERROR_INVALID, "\"%s\" is not a number from 0 to 1", key);
}

/* Compares the manifest's feature names with the catalogue's, in order. */
typedef struct NameCheck {
    size_t at;
    Str differs; /* the manifest's first name that is not the catalogue's, cut to NAME_MAX_LEN */
    bool same;
} NameCheck;

static bool check_name(Str key, JsonValue value, void *data) {
    (void)key;
    NameCheck *check = data;
    const Str name = json_get_str(value);
    if (check->at < feature_count() && str_equal(name, str_from(feature_at(check->at)->name))) {
        check->at++;
        return true;
    }
    check->same = false;
    check->differs = (Str){name.data, MIN(name.len, (size_t)NAME_MAX_LEN)};
    return false;
}

static bool names_differ(const File *file, const NameCheck *check) {
    const char *ours = check->at < feature_count() ? feature_at(check->at)->name : NULL;
    char *theirs =
        check->differs.data != NULL ? g_strndup(check->differs.data, check->differs.len) : NULL;
    char *printable = theirs != NULL ? g_strescape(theirs, NULL) : NULL;
    if (printable == NULL)
        fail(file, MODEL_ERROR_FEATURES,
             "trained without feature \"%s\" of this build; train it again", ours);
    else if (ours == NULL)
        fail(file, MODEL_ERROR_FEATURES,
             "trained with feature \"%s\", which this build has not; train it again", printable);
    else
        fail(file, MODEL_ERROR_FEATURES,
             "feature %zu is \"%s\" where this build has \"%s\"; train it again", check->at,
             printable, ours);
    g_free(printable);
    g_free(theirs);
    return false;
}

/* The features the model was trained for must be this build's: same names and order, and by the
 * hash the same windows and categories. */
static bool check_features(const File *file, JsonValue manifest) {
    JsonValue names, hash;
    if (!json_member(manifest, "features", &names) || json_type(names) != JSON_ARRAY)
        return fail(file, MODEL_ERROR_INVALID, "no \"features\"");
    if (!json_member(manifest, "feature_hash", &hash) || json_type(hash) != JSON_STRING)
        return fail(file, MODEL_ERROR_INVALID, "no \"feature_hash\"");
    NameCheck check = {.same = true};
    json_each(names, check_name, &check);
    if (!check.same || check.at < feature_count()) return names_differ(file, &check);
    char *ours = feature_hash();
    const bool same = str_equal(json_get_str(hash), str_from(ours));
    g_free(ours);
    return same || fail(file, MODEL_ERROR_FEATURES,
                        "feature hash differs: the names are this build's, their windows or the "
                        "categories are not; train it again");
}

static bool check_manifest(Model *model, const File *file, JsonValue manifest) {
    JsonValue format, files;
    if (!json_member(manifest, "format", &format) || json_get_int(format) != MODEL_FORMAT)
        return fail(file, MODEL_ERROR_INVALID,
                    "\"format\" is not %d: trained by another version of haechi; train it again",
                    MODEL_FORMAT);
    if (!get_name(file, manifest, "name", &model->name) ||
        !get_name(file, manifest, "version", &model->version) ||
        !get_threshold(file, manifest, "threshold", &model->threshold) ||
        !get_threshold(file, manifest, "decline_threshold", &model->decline_threshold))
        return false;
    if (model->decline_threshold < model->threshold)
        return fail(file, MODEL_ERROR_INVALID, "\"decline_threshold\" is under \"threshold\"");
    if (!json_member(manifest, "files", &files) || json_type(files) != JSON_OBJECT)
        return fail(file, MODEL_ERROR_INVALID, "no \"files\"");
    return check_features(file, manifest);
}

/* Its features are the catalogue's first `wanted`. */
static bool check_member(const File *file, const ModelMember *member, size_t wanted) {
    const size_t count = model_member_feature_count(member);
    if (count != wanted)
        return fail(file, MODEL_ERROR_FEATURES, "has %zu features where this build has %zu", count,
                    wanted);
    for (size_t i = 0; i < count; i++) {
        const char *name = model_member_feature_name(member, i);
        if (name != NULL && strcmp(name, feature_at(i)->name) != 0)
            return fail(file, MODEL_ERROR_FEATURES,
                        "feature %zu is not \"%s\" as in this build and the manifest", i,
                        feature_at(i)->name);
    }
    return true;
}

/* Whether the file's SHA-256 is the manifest's. */
static bool is_intact(const File *file, Str hash) {
    g_autofree char *found = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, file->bytes);
    return str_equal(hash, str_from(found));
}

static ModelMember *parse_file(const File *file, ModelKind kind, Str hash) {
    if (!is_intact(file, hash)) {
        fail(file, MODEL_ERROR_INVALID,
             "damaged or another model's: its SHA-256 is not the one in " MODEL_MANIFEST_FILE);
        return NULL;
    }
    GError *cause = NULL;
    ModelMember *member = model_member_parse(kind, file->bytes, &cause);
    if (member == NULL) fail(file, MODEL_ERROR_INVALID, "%s", cause->message);
    g_clear_error(&cause);
    return member;
}

/* Loads the member of DIR/NAME, whose SHA-256 in hex is `hash`, over `features` features. */
static ModelMember *load_member(const char *dir, const char *name, ModelKind kind, Str hash,
                                size_t features, GError **error) {
    File file;
    ModelMember *member = NULL;
    if (file_read(&file, dir, name, model_kind_bytes_max(kind), error))
        member = parse_file(&file, kind, hash);
    if (member != NULL && !check_member(&file, member, features)) {
        model_member_free(member);
        member = NULL;
    }
    file_clear(&file);
    return member;
}

/* The members of a manifest, one after the other. */
typedef struct MemberLoading {
    Model *model;
    const char *dir;
    const File *manifest;
    JsonValue files;
} MemberLoading;

/* A finite number whose products with a margin stay finite. */
static bool get_weight(const File *file, JsonValue object, const char *key, double *out) {
    JsonValue value;
    if (json_member(object, key, &value)) {
        *out = json_get_double(value);
        if (fabs(*out) <= MODEL_WEIGHT_MAX) return true;
    }
    return fail(file, MODEL_ERROR_INVALID, "\"%s\" is not a number from %d to %d", key,
                -MODEL_WEIGHT_MAX, MODEL_WEIGHT_MAX);
}

static bool load_each_member(Str key, JsonValue value, void *data) {
    (void)key;
    const MemberLoading *loading = data;
    Model *model = loading->model;
    JsonValue kind_name, file, hash;
    ModelKind kind;
    if (!json_member(value, "kind", &kind_name) || !model_kind_find(json_get_str(kind_name), &kind))
        return fail(loading->manifest, MODEL_ERROR_INVALID,
                    "member %zu is of no \"kind\" that this build knows", model->member_count);
    if (!json_member(value, "file", &file) || !model_name_valid(json_get_str(file)))
        return fail(loading->manifest, MODEL_ERROR_INVALID, "member %zu has no \"file\"",
                    model->member_count);
    double *weight = &model->weights[model->member_count];
    if (!get_weight(loading->manifest, value, "weight", weight) ||
        !get_threshold(loading->manifest, value, "threshold",
                       &model->thresholds[model->member_count]))
        return false;
    g_autofree char *name = g_strndup(json_get_str(file).data, json_get_str(file).len);
    const Str expected = json_member(loading->files, name, &hash) ? json_get_str(hash) : STR("");
    ModelMember *member =
        load_member(loading->dir, name, kind, expected, feature_count(), loading->manifest->error);
    if (member == NULL) return false;
    if (model->member_count > 0) g_string_append_c(model->kinds, ',');
    g_string_append(model->kinds, model_kind_name(kind));
    model->members[model->member_count++] = member;
    if (model_member_gcn(member) == NULL) return true;
    if (model->gcn != NULL)
        return fail(loading->manifest, MODEL_ERROR_INVALID, "two members are of kind \"gcn\"");
    model->gcn = model_member_gcn(member);
    model->gcn_hash = g_strndup(expected.data, expected.len);
    return true;
}

static bool load_members(Model *model, const char *dir, const File *file, JsonValue manifest) {
    JsonValue members, hash;
    MemberLoading loading = {.model = model, .dir = dir, .manifest = file};
    json_member(manifest, "files", &loading.files);
    const size_t count = json_member(manifest, "members", &members) ? json_count(members) : 0;
    if (count < 1 || count > MODEL_MEMBERS_MAX || json_type(members) != JSON_ARRAY)
        return fail(file, MODEL_ERROR_INVALID, "\"members\" are not 1 to %d", MODEL_MEMBERS_MAX);
    if (!get_weight(file, manifest, "bias", &model->bias) ||
        !json_each(members, load_each_member, &loading))
        return false;
    if (!json_member(loading.files, MODEL_SUSPICION_FILE, &hash)) return true;
    model->suspicion = load_member(dir, MODEL_SUSPICION_FILE, MODEL_XGBOOST, json_get_str(hash),
                                   feature_own_count(), file->error);
    return model->suspicion != NULL;
}

/* The report is not needed to score: what is wrong with it costs the model nothing else. */
static void load_drift(Model *model, const char *dir, JsonValue files) {
    GError **error = &model->drift_fault;
    File file = {.error = error};
    JsonValue hash;
    if (!json_member(files, MODEL_REPORT_FILE, &hash)) {
        g_set_error(error, MODEL_ERROR, MODEL_ERROR_MISSING, "it came without a report");
    } else if (file_read(&file, dir, MODEL_REPORT_FILE, DRIFT_REPORT_BYTES_MAX, error)) {
        Str text;
        text.data = g_bytes_get_data(file.bytes, &text.len);
        if (is_intact(&file, json_get_str(hash)))
            model->drift = drift_bins_parse(text, model->name, model->version, error);
        else
            fail(&file, MODEL_ERROR_INVALID, "damaged or another model's");
    }
    file_clear(&file);
}

/* What the manifest says, and the files it names. */
static bool load_folder(Model *model, JsonParser *parser, const char *dir, GError **error) {
    File file;
    bool ok = file_read(&file, dir, MODEL_MANIFEST_FILE, MODEL_MANIFEST_BYTES_MAX, error);
    if (ok) {
        size_t len;
        JsonValue manifest, files;
        const char *message;
        const char *text = g_bytes_get_data(file.bytes, &len);
        ok = json_parse(parser, text, len, &manifest, &message)
                 ? check_manifest(model, &file, manifest) &&
                       load_members(model, dir, &file, manifest)
                 : fail(&file, MODEL_ERROR_INVALID, "JSON: %s", message);
        if (ok && json_member(manifest, "files", &files)) load_drift(model, dir, files);
        model->manifest = g_bytes_ref(file.bytes);
    }
    file_clear(&file);
    return ok;
}

const DriftBins *model_drift(const Model *model, const char **why) {
    *why = model->drift ? NULL : model->drift_fault->message;
    return model->drift;
}

char *model_manifest_read(const char *dir, GError **error) {
    File file;
    char *line = NULL;
    if (file_read(&file, dir, MODEL_MANIFEST_FILE, MODEL_MANIFEST_BYTES_MAX, error)) {
        JsonParser *parser = json_parser_new(MODEL_MANIFEST_BYTES_MAX);
        JsonValue manifest;
        const char *message = "not an object";
        size_t len;
        const char *text = g_bytes_get_data(file.bytes, &len);
        if (json_parse(parser, text, len, &manifest, &message) &&
            json_type(manifest) == JSON_OBJECT)
            /* A string of JSON holds no end of a line, so what there is stands between values. */
            line = g_strdelimit(g_strndup(text, len), "\n\r", ' ');
        else
            fail(&file, MODEL_ERROR_INVALID, "JSON: %s", message);
        json_parser_free(parser);
    }
    file_clear(&file);
    return line;
}

Model *model_load(const char *dir, GError **error) {
    if (!g_file_test(dir, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, MODEL_ERROR, MODEL_ERROR_MISSING, "%s: no such model folder", dir);
        return NULL;
    }
    JsonParser *parser = json_parser_new(MODEL_MANIFEST_BYTES_MAX);
    Model *model = g_new0(Model, 1);
    atomic_init(&model->references, 1);
    model->kinds = g_string_new(NULL);
    const bool ok = load_folder(model, parser, dir, error);
    json_parser_free(parser);
    if (ok) return model;
    model_free(model);
    return NULL;
}

const char *model_name(const Model *model) {
    return model->name;
}

const char *model_version(const Model *model) {
    return model->version;
}

double model_threshold(const Model *model) {
    return model->threshold;
}

double model_decline_threshold(const Model *model) {
    return model->decline_threshold;
}

Str model_manifest(const Model *model) {
    Str text;
    text.data = g_bytes_get_data(model->manifest, &text.len);
    return text;
}

float model_probability(double margin) {
    return (float)(1 / (1 + exp(-margin)));
}

size_t model_member_count(const Model *model) {
    return model->member_count;
}

const ModelMember *model_member(const Model *model, size_t index) {
    g_assert(index < model->member_count);
    return model->members[index];
}

Str model_member_kinds(const Model *model) {
    return (Str){model->kinds->str, model->kinds->len};
}

double model_member_threshold(const Model *model, size_t index) {
    g_assert(index < model->member_count);
    return model->thresholds[index];
}

struct ModelMemory {
    const Model *model;
    GcnMemory *gcn; /* NULL where no member looks back */
};

static ModelMemory *memory_of(const Model *model, GcnMemory *gcn) {
    ModelMemory *memory = g_new(ModelMemory, 1);
    *memory = (ModelMemory){model, gcn};
    return memory;
}

ModelMemory *model_memory_new(const Model *model) {
    return memory_of(model, model->gcn != NULL ? gcn_memory_new(model->gcn) : NULL);
}

void model_memory_free(ModelMemory *memory) {
    if (memory == NULL) return;
    gcn_memory_free(memory->gcn);
    g_free(memory);
}

size_t model_memory_bytes(const ModelMemory *memory) {
    return memory->gcn != NULL ? gcn_memory_bytes(memory->gcn) : 0;
}

const char *model_memory_hash(const Model *model) {
    return model->gcn_hash != NULL ? model->gcn_hash : "";
}

void model_memory_set_model(ModelMemory *memory, const Model *model) {
    g_assert(strcmp(model_memory_hash(memory->model), model_memory_hash(model)) == 0);
    memory->model = model;
    if (memory->gcn != NULL) gcn_memory_set_gcn(memory->gcn, model->gcn);
}

bool model_memory_write(const ModelMemory *memory, GcnWrite *write, void *data) {
    return memory->gcn == NULL || gcn_memory_write(memory->gcn, write, data);
}

ModelMemory *model_memory_read(const Model *model, const uint8_t *bytes, size_t len) {
    if (model->gcn == NULL) return len == 0 ? memory_of(model, NULL) : NULL;
    GcnMemory *gcn = gcn_memory_read(model->gcn, bytes, len);
    return gcn != NULL ? memory_of(model, gcn) : NULL;
}

float model_score(const Model *model, ModelMemory *memory, const ModelInput *input,
                  MemberScores *members) {
    g_assert(memory->model == model);
    double sum = model->bias;
    *members = (MemberScores){.count = (uint8_t)model->member_count};
    for (size_t i = 0; i < model->member_count; i++) {
        const float margin = model_member_margin(model->members[i], memory->gcn, input);
        sum += model->weights[i] * (double)margin;
        members->scores[i] = model_probability((double)margin);
        if ((double)members->scores[i] >= model->thresholds[i])
            members->alerts |= (uint8_t)(1U << i);
    }
    return model_probability(sum);
}

unsigned member_scores_agreeing(const MemberScores *members, Verdict verdict) {
    const unsigned alerting = (unsigned)__builtin_popcount(members->alerts);
    return verdict == VERDICT_APPROVE ? members->count - alerting : alerting;
}

float model_suspicion(const Model *model, const float *features) {
    if (model->suspicion == NULL) return 0;
    return model_probability(
        (double)model_member_margin(model->suspicion, NULL, &(ModelInput){.features = features}));
}

void model_contributions(const Model *model, const ModelMemory *memory, const ModelInput *input,
                         float *out) {
    g_assert(memory->model == model);
    const size_t n = feature_count() + 1;
    g_autofree float *part = g_new(float, n);
    g_autofree double *sums = g_new0(double, n);
    sums[n - 1] = model->bias;
    for (size_t i = 0; i < model->member_count; i++) {
        model_member_contributions(model->members[i], memory->gcn, input, part);
        for (size_t f = 0; f < n; f++)
            sums[f] += model->weights[i] * (double)part[f];
    }
    for (size_t f = 0; f < n; f++)
        out[f] = (float)sums[f];
}

size_t model_neighbours(const Model *model, const ModelMemory *memory, const ModelInput *input,
                        GcnNeighbour *out) {
    g_assert(memory->model == model);
    if (model->gcn == NULL) return 0;
    size_t count, member = 0;
    g_autofree float *features = g_new(float, feature_count());
    gcn_memory_attribute(memory->gcn, input->card, input->features, features, out, &count);
    while (model_member_gcn(model->members[member]) == NULL)
        member++;
    for (size_t i = 0; i < count; i++)
        out[i].share = (float)(model->weights[member] * (double)out[i].share);
    return count;
}

Verdict model_verdict(const Model *model, float score) {
    if ((double)score >= model->decline_threshold) return VERDICT_DECLINE;
    return (double)score >= model->threshold ? VERDICT_REVIEW : VERDICT_APPROVE;
}

const char *verdict_name(Verdict verdict) {
    static const char *const names[] = {"approve", "review", "decline"};
    return names[verdict];
}
