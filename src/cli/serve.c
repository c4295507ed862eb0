/* haechi serve: the service. Options come from the command line, then from the configuration file,
 * then from the defaults. */
#include "serve/serve.h"

#include "base/duration.h"
#include "cli/command.h"
#include "cli/model_option.h"
#include "cli/neo4j_options.h"
#include "cli/options.h"
#include "model/registry.h"
#include "pipeline/definition.h"
#include "pipeline/desk.h"
#include "pipeline/mlflow_model.h"
#include "serve/partition.h"

#include <string.h>

typedef struct Settings {
    char *config, *data_dir, *model, *challenger, *models, *mlflow_every, *listen, *token_file;
    /* Kafka: NULL brokers for none. */
    char *brokers, *group, *exchange, *checkpoint_events, *topics[TOPIC_COUNT];
    char *pipelines;
    char *schedule, *trust_proxy;      /* "true" or "false" */
    gboolean scheduled, proxy_trusted; /* --schedule, --trust-proxy */
    GPtrArray *kafka;                  /* librdkafka's own settings: name, value, name, value */
    Neo4jWords neo4j;
} Settings;

static const char *const topic_settings[TOPIC_COUNT] = {
    [TOPIC_TRANSACTIONS] = "transactions", [TOPIC_LABELS] = "labels",
    [TOPIC_MERCHANTS] = "merchants",       [TOPIC_DECISIONS] = "decisions",
    [TOPIC_REJECTS] = "rejects",           [TOPIC_PROGRESS] = "progress",
    [TOPIC_SNAPSHOTS] = "snapshots",
};

static const char *const topic_defaults[TOPIC_COUNT] = {
    [TOPIC_TRANSACTIONS] = "transactions",    [TOPIC_LABELS] = "labels",
    [TOPIC_MERCHANTS] = "haechi-merchants",   [TOPIC_DECISIONS] = "decisions",
    [TOPIC_REJECTS] = "transactions.rejects", [TOPIC_PROGRESS] = "haechi-progress",
    [TOPIC_SNAPSHOTS] = "haechi-snapshots",
};

static void settings_clear(Settings *settings) {
    g_free(settings->config);
    g_free(settings->data_dir);
    g_free(settings->model);
    g_free(settings->challenger);
    g_free(settings->models);
    g_free(settings->mlflow_every);
    g_free(settings->listen);
    g_free(settings->token_file);
    g_free(settings->brokers);
    g_free(settings->group);
    g_free(settings->exchange);
    g_free(settings->checkpoint_events);
    for (size_t i = 0; i < TOPIC_COUNT; i++)
        g_free(settings->topics[i]);
    g_free(settings->pipelines);
    g_free(settings->schedule);
    g_free(settings->trust_proxy);
    g_ptr_array_unref(settings->kafka);
    neo4j_words_clear(&settings->neo4j);
}

/* Where a setting of the group [serve] goes; NULL for an unknown one. */
static char **serve_setting(Settings *settings, const char *key) {
    if (strcmp(key, "data-dir") == 0) return &settings->data_dir;
    if (strcmp(key, "model") == 0) return &settings->model;
    if (strcmp(key, "challenger") == 0) return &settings->challenger;
    if (strcmp(key, "models") == 0) return &settings->models;
    if (strcmp(key, "mlflow-every") == 0) return &settings->mlflow_every;
    if (strcmp(key, "listen") == 0) return &settings->listen;
    if (strcmp(key, "token-file") == 0) return &settings->token_file;
    if (strcmp(key, "trust-proxy") == 0) return &settings->trust_proxy;
    return NULL;
}

/* The same for [kafka], where an unknown one is librdkafka's. */
static char **kafka_setting(Settings *settings, const char *key) {
    if (strcmp(key, "brokers") == 0) return &settings->brokers;
    if (strcmp(key, "group") == 0) return &settings->group;
    if (strcmp(key, "exchange") == 0) return &settings->exchange;
    if (strcmp(key, "checkpoint-events") == 0) return &settings->checkpoint_events;
    for (size_t i = 0; i < TOPIC_COUNT; i++)
        if (strcmp(key, topic_settings[i]) == 0) return &settings->topics[i];
    g_ptr_array_add(settings->kafka, g_strdup(key));
    g_ptr_array_add(settings->kafka, NULL);
    return (char **)&g_ptr_array_index(settings->kafka, settings->kafka->len - 1);
}

static char **neo4j_setting(Settings *settings, const char *key) {
    Neo4jWords *words = &settings->neo4j;
    if (strcmp(key, "url") == 0) return &words->url;
    if (strcmp(key, "database") == 0) return &words->database;
    if (strcmp(key, "user") == 0) return &words->user;
    if (strcmp(key, "password-file") == 0) return &words->password_file;
    if (strcmp(key, "ca-file") == 0) return &words->ca_file;
    return NULL;
}

static char **pipelines_setting(Settings *settings, const char *key) {
    if (strcmp(key, "file") == 0) return &settings->pipelines;
    return strcmp(key, "schedule") == 0 ? &settings->schedule : NULL;
}

typedef char **FindSetting(Settings *settings, const char *key);

/* Fills what the command line left open. */
static bool read_group(Settings *settings, GKeyFile *file, const char *group, FindSetting *find,
                       GError **error) {
    if (!g_key_file_has_group(file, group)) return true;
    g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, error);
    for (size_t i = 0; keys && keys[i]; i++) {
        char **value = find(settings, keys[i]);
        if (!value) {
            g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                        "unknown setting '%s' in [%s]", keys[i], group);
            return false;
        }
        g_autoptr(GError) why = NULL;
        g_autofree char *text = g_key_file_get_string(file, group, keys[i], &why);
        if (why) {
            g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                        "the value of '%s' in [%s] is no text, or has a \\ before what it does not "
                        "stand before",
                        keys[i], group);
            return false;
        }
        if (!*value) *value = g_steal_pointer(&text);
    }
    return keys != NULL;
}

/* GLib's own messages show the line or the value, which may be a password. */
static bool load_config(GKeyFile *file, const char *path, GError **error) {
    g_autoptr(GError) why = NULL;
    if (g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &why)) return true;
    if (why->domain == G_KEY_FILE_ERROR)
        g_set_error_literal(error, G_KEY_FILE_ERROR, why->code,
                            "a line of it is neither [GROUP] nor NAME=VALUE nor a # comment, or no "
                            "text");
    else
        g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

static bool check_groups(GKeyFile *file, GError **error) {
    static const char *const known[] = {"serve", "kafka", "neo4j", "pipelines", NULL};
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (size_t i = 0; groups[i]; i++) {
        if (g_strv_contains(known, groups[i])) continue;
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_GROUP_NOT_FOUND,
                    "unknown group [%s]: there are [serve], [kafka], [neo4j] and [pipelines]",
                    groups[i]);
        return false;
    }
    return true;
}

static bool read_config(Settings *settings, GError **error) {
    if (!settings->config) return true;
    g_autoptr(GKeyFile) file = g_key_file_new();
    if (load_config(file, settings->config, error) && check_groups(file, error) &&
        read_group(settings, file, "serve", serve_setting, error) &&
        read_group(settings, file, "kafka", kafka_setting, error) &&
        read_group(settings, file, "neo4j", neo4j_setting, error) &&
        read_group(settings, file, "pipelines", pipelines_setting, error))
        return true;
    g_prefix_error(error, "cannot use the configuration %s: ", settings->config);
    return false;
}

static bool parse(Settings *settings, int argc, char **argv) {
    enum { OWN_ENTRIES = 12 };
    GOptionEntry entries[] = {
        {"config", 'c', 0, G_OPTION_ARG_FILENAME, &settings->config,
         "Settings, as the groups [serve], [kafka], [neo4j] and [pipelines] of a key file", "FILE"},
        {"data-dir", 'd', 0, G_OPTION_ARG_FILENAME, &settings->data_dir,
         "Folder of the store and the checkpoint (haechi-data)", "DIR"},
        {"model", 'm', 0, G_OPTION_ARG_FILENAME, &settings->model, MODEL_OPTION_HELP, "DIR"},
        {"challenger", 'C', 0, G_OPTION_ARG_FILENAME, &settings->challenger,
         "A model, named as --model, that scores the same transactions in the shadow", "DIR"},
        {"models", 0, 0, G_OPTION_ARG_FILENAME, &settings->models,
         "The folder of models that the API shows and changes (the one that --model lies in)",
         "DIR"},
        {"mlflow-every", 0, 0, G_OPTION_ARG_STRING, &settings->mlflow_every,
         "How often mlflow:NAME@ALIAS is looked up again (1m), or never", "TIME"},
        {"listen", 'l', 0, G_OPTION_ARG_STRING, &settings->listen,
         "Where to listen (127.0.0.1:8080); port 0 for any", "HOST:PORT"},
        {"token-file", 't', 0, G_OPTION_ARG_FILENAME, &settings->token_file,
         "File of who may ask, a NAME ROLE TOKEN a line; needed to listen beyond this machine",
         "FILE"},
        {"trust-proxy", 0, 0, G_OPTION_ARG_NONE, &settings->proxy_trusted,
         "A proxy on this machine says in X-Forwarded-For who asks", NULL},
        {"kafka", 'k', 0, G_OPTION_ARG_STRING, &settings->brokers,
         "Take transactions and labels from Kafka, and put decisions there", "HOST:PORT"},
        {"pipelines", 0, 0, G_OPTION_ARG_FILENAME, &settings->pipelines,
         "Your own pipelines (pipelines.conf in the data folder)", "FILE"},
        {"schedule", 0, 0, G_OPTION_ARG_NONE, &settings->scheduled,
         "Run the pipelines that have a schedule= when they are due", NULL},
        [OWN_ENTRIES + NEO4J_ENTRIES] = {0},
    };
    neo4j_words_entries(&settings->neo4j, entries + OWN_ENTRIES);
    return options_parse(
        "serve", NULL,
        "Takes transactions and labels over HTTP or from Kafka, scores them, keeps and shows them.",
        entries, &argc, &argv, 0, 0);
}

/* All that is in force, defaults included. */

static const char *or_default(const char *value, const char *otherwise) {
    return value ? value : otherwise;
}

static void tell_serve(const Settings *settings, const ServeOptions *options, Config *config) {
    static const char section[] = "serve";
    config_add(config, section, "config", settings->config);
    config_add(config, section, "data-dir", options->data_dir);
    config_add(config, section, "model", settings->model);
    config_add(config, section, "challenger", settings->challenger);
    config_add(config, section, "models", options->models_dir);
    config_add(config, section, "mlflow-every", or_default(settings->mlflow_every, "1m"));
    config_add(config, section, "listen", options->listen);
    config_add(config, section, "token-file", options->token_file);
    config_add(config, section, "trust-proxy", options->trust_proxy ? "true" : "false");
}

static void tell_kafka(const Settings *settings, Config *config) {
    static const char section[] = "kafka";
    g_autofree char *events = g_strdup_printf("%d", CHECKPOINT_EVENTS);
    config_add(config, section, "brokers", settings->brokers);
    if (!settings->brokers) return;
    config_add(config, section, "group", or_default(settings->group, "haechi"));
    config_add(config, section, "exchange", or_default(settings->exchange, "1s"));
    config_add(config, section, "checkpoint-events",
               or_default(settings->checkpoint_events, events));
    for (size_t i = 0; i < TOPIC_COUNT; i++)
        config_add(config, section, topic_settings[i],
                   or_default(settings->topics[i], topic_defaults[i]));
    for (guint i = 0; i < settings->kafka->len; i += 2)
        config_add(config, section, g_ptr_array_index(settings->kafka, i),
                   g_ptr_array_index(settings->kafka, i + 1));
}

static void tell_neo4j(const Neo4jWords *words, Config *config) {
    static const char section[] = "neo4j";
    config_add(config, section, "url", words->url);
    if (!words->url) return;
    config_add(config, section, "database", or_default(words->database, "neo4j"));
    config_add(config, section, "user", or_default(words->user, "neo4j"));
    config_add(config, section, "password-file", words->password_file);
    config_add(config, section, "ca-file", words->ca_file);
}

static void tell_pipelines(const Settings *settings, const char *data_dir, Config *config) {
    g_autofree char *usual = g_build_filename(data_dir, PIPELINE_FILE, NULL);
    const bool scheduled = settings->scheduled || g_strcmp0(settings->schedule, "true") == 0;
    config_add(config, "pipelines", "file", or_default(settings->pipelines, usual));
    config_add(config, "pipelines", "schedule", scheduled ? "true" : "false");
}

static void tell_environment(Config *config) {
    static const char *const names[] = {
        "MLFLOW_TRACKING_URI",      "MLFLOW_EXPERIMENT_NAME", "MLFLOW_TRACKING_USERNAME",
        "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN",  "MLFLOW_TRACKING_SERVER_CERT_PATH",
        "NEO4J_PASSWORD",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_getenv(names[i])) config_add(config, "environment", names[i], g_getenv(names[i]));
}

static Config *tell(const Settings *settings, const ServeOptions *options) {
    Config *config = config_new();
    tell_serve(settings, options, config);
    tell_kafka(settings, config);
    tell_neo4j(&settings->neo4j, config);
    tell_pipelines(settings, options->data_dir, config);
    tell_environment(config);
    return config;
}

/* How often a merchant is told of to the other partitions. */
static bool read_exchange(const char *text, int64_t *ms, GError **error) {
    int64_t seconds = 1;
    if (text && strcmp(text, "never") == 0) {
        *ms = -1;
        return true;
    }
    if (text && !duration_parse(text, &seconds)) {
        g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_SETTING,
                    "exchange in [kafka] is a length of time such as 1s, or 'never'");
        return false;
    }
    *ms = seconds * 1000;
    return true;
}

static bool read_checkpoint_events(const char *text, uint64_t *events, GError **error) {
    *events = CHECKPOINT_EVENTS;
    if (!text || (g_ascii_string_to_unsigned(text, 10, 1, CHECKPOINT_EVENTS, events, NULL)))
        return true;
    g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_SETTING,
                "checkpoint-events in [kafka] is a number from 1 to %d", CHECKPOINT_EVENTS);
    return false;
}

/* Two uses of one topic would feed on each other: rejects that are read again, for ever. */
static bool read_topics(const Settings *settings, const char *topics[TOPIC_COUNT], GError **error) {
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        topics[i] = settings->topics[i] ? settings->topics[i] : topic_defaults[i];
        if (!kafka_topic_valid(topics[i])) {
            g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_SETTING,
                        "%s in [kafka]: '%s' is no name of a topic", topic_settings[i], topics[i]);
            return false;
        }
        for (size_t other = 0; other < i; other++) {
            if (strcmp(topics[i], topics[other]) != 0) continue;
            g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_SETTING,
                        "%s and %s in [kafka] are one topic, '%s': each needs its own",
                        topic_settings[other], topic_settings[i], topics[i]);
            return false;
        }
    }
    return true;
}

static bool read_kafka(const Settings *settings, KafkaSettings *kafka, KafkaOptions *group,
                       GError **error) {
    *group = (KafkaOptions){.settings = kafka, .group = settings->group};
    if (!group->group) group->group = "haechi";
    if (!*group->group) {
        g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_SETTING, "group in [kafka] is empty");
        return false;
    }
    for (guint i = 0; i < settings->kafka->len; i += 2)
        if (!kafka_settings_set(kafka, g_ptr_array_index(settings->kafka, i),
                                g_ptr_array_index(settings->kafka, i + 1), error))
            return false;
    return read_exchange(settings->exchange, &group->exchange_ms, error) &&
           read_checkpoint_events(settings->checkpoint_events, &group->checkpoint_events, error) &&
           read_topics(settings, group->topics, error);
}

static bool read_challenger(const Settings *settings, GError **error) {
    if (!settings->challenger || !settings->brokers) return true;
    g_set_error(
        error, KAFKA_ERROR, KAFKA_ERROR_SETTING,
        "a challenger follows the log of this service, and with Kafka there is none: run it "
        "with a group and a topic of decisions of its own");
    return false;
}

/* The settings of Kafka are looked at also where no brokers are named: one whose name is wrong may
 * be the one that was to name them. */
static bool run_checked(const Settings *settings, ServeOptions *options, GError **error) {
    KafkaSettings *kafka = kafka_settings_new(settings->brokers);
    KafkaOptions group;
    bool ok = read_kafka(settings, kafka, &group, error) && read_challenger(settings, error);
    if (settings->brokers) options->kafka = &group;
    Config *config = tell(settings, options);
    options->config = config;
    ok = ok && serve(options, error);
    options->config = NULL;
    options->kafka = NULL;
    config_free(config);
    kafka_settings_free(kafka);
    return ok;
}

/* 0: never. */
static bool read_mlflow_every(const char *text, int64_t *seconds, GError **error) {
    *seconds = text && strcmp(text, "never") == 0 ? 0 : 60;
    if (!text || *seconds == 0 || (duration_parse(text, seconds) && *seconds > 0)) return true;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "--mlflow-every is a length of time such as 1m, or 'never'");
    return false;
}

/* The name by which a model is looked up again; NULL for none. */
static const char *looked_up(const char *model, const LookupOptions *lookup) {
    return model && lookup->seconds > 0 && mlflow_model_may_change(model) ? model : NULL;
}

/* What is on by an option, or by "true" in the file; `where` is its name there. */
static bool read_switch(const char *where, bool option, const char *text, bool *on,
                        GError **error) {
    *on = option || g_strcmp0(text, "true") == 0;
    if (!text || strcmp(text, "true") == 0 || strcmp(text, "false") == 0) return true;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s is true or false", where);
    return false;
}

/* With the pipelines at hand for as long as it runs. */
static bool run_with_pipelines(const Settings *settings, ServeOptions *options, GError **error) {
    PipelineDeskOptions desk_options = {.data_dir = options->data_dir, .file = settings->pipelines};
    if (!read_switch("schedule in [pipelines]", settings->scheduled, settings->schedule,
                     &desk_options.schedule, error) ||
        !read_switch("trust-proxy in [serve]", settings->proxy_trusted, settings->trust_proxy,
                     &options->trust_proxy, error))
        return false;
    PipelineDesk *desk = pipeline_desk_new(&desk_options, error);
    if (!desk) return false;
    const PipelinesBackend backend = pipeline_desk_backend(desk);
    options->pipelines = &backend;
    const bool ok = run_checked(settings, options, error);
    options->pipelines = NULL;
    pipeline_desk_free(desk);
    return ok;
}

static bool run(const Settings *settings, GError **error) {
    LookupOptions lookup = {.find = mlflow_model_again};
    if (!read_mlflow_every(settings->mlflow_every, &lookup.seconds, error)) return false;
    g_autofree char *model = model_option_folder("serve", settings->model, error);
    if (!model) return false;
    g_autofree char *challenger = NULL;
    if (settings->challenger &&
        !(challenger = model_option_folder("serve", settings->challenger, error)))
        return false;
    g_autofree char *around = settings->models ? NULL : registry_around(model);
    ServeOptions options = {
        .data_dir = settings->data_dir ? settings->data_dir : "haechi-data",
        .model_dir = model,
        .challenger_dir = challenger,
        .model_name = looked_up(settings->model, &lookup),
        .challenger_name = looked_up(settings->challenger, &lookup),
        .lookup = lookup,
        .models_dir = settings->models ? settings->models : around,
        .listen = settings->listen ? settings->listen : "127.0.0.1:8080",
        .token_file = settings->token_file,
        .neo4j = neo4j_words_options(&settings->neo4j),
    };
    return run_with_pipelines(settings, &options, error);
}

int cmd_serve(int argc, char **argv) {
    Settings settings = {.kafka = g_ptr_array_new_with_free_func(g_free)};
    g_autoptr(GError) error = NULL;
    int status = 0;
    if (!parse(&settings, argc, argv))
        status = EXIT_USAGE;
    else if (!read_config(&settings, &error))
        status = options_fail("serve", 1, "%s", error->message);
    else if (!settings.model)
        status = options_fail("serve", EXIT_USAGE,
                              "no model given (--model DIR); 'haechi train' makes one");
    else if (!run(&settings, &error))
        status = options_fail("serve", 1, "%s", error->message);
    settings_clear(&settings);
    return status;
}
