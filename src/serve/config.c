#include "serve/config.h"

#include "base/json_write.h"

#include <string.h>

typedef struct Setting {
    char *section, *name;
    char *value; /* NULL: not set, or a secret */
    bool secret; /* and set */
} Setting;

struct Config {
    GArray *settings; /* Setting */
};

static void setting_clear(void *data) {
    Setting *setting = data;
    g_free(setting->section);
    g_free(setting->name);
    g_free(setting->value);
}

Config *config_new(void) {
    Config *config = g_new(Config, 1);
    config->settings = g_array_new(FALSE, FALSE, sizeof(Setting));
    g_array_set_clear_func(config->settings, setting_clear);
    return config;
}

void config_free(Config *config) {
    if (!config) return;
    g_array_unref(config->settings);
    g_free(config);
}

/* Names are ours, librdkafka's and the environment's. Where a secret lies is none. */
static bool is_secret(const char *name) {
    static const char *const words[] = {"password", "secret", "token", "key",
                                        "pem",      "jaas",   "oauth", "credential"};
    static const char *const places[] = {"-file", ".location", "_path"};
    g_autofree char *lower = g_ascii_strdown(name, -1);
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        if (g_str_has_suffix(lower, places[i])) return false;
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strstr(lower, words[i])) return true;
    return false;
}

/* Without what stands, in each address, between :// and its last @, a user and a password, and
 * without what follows a question mark. */
static char *without_users(const char *value) {
    GString *out = g_string_new(NULL);
    const char *start;
    while ((start = strstr(value, "://")) != NULL) {
        start += strlen("://");
        const size_t len = strcspn(start, ", ");
        const char *at = g_strrstr_len(start, (gssize)len, "@");
        g_string_append_len(out, value, start - value);
        value = at ? at + 1 : start;
        const char *end = start + len, *asked = memchr(value, '?', (size_t)(end - value));
        g_string_append_len(out, value, (asked ? asked : end) - value);
        value = end;
    }
    g_string_append(out, value);
    return g_string_free(out, FALSE);
}

void config_add(Config *config, const char *section, const char *name, const char *value) {
    const Setting setting = {
        .section = g_strdup(section),
        .name = g_strdup(name),
        .value = value && !is_secret(name) ? without_users(value) : NULL,
        .secret = value && is_secret(name),
    };
    g_array_append_val(config->settings, setting);
}

static void write_setting(const Setting *setting, GString *out) {
    g_string_append(out, "{\"section\":");
    json_write_str(out, str_from(setting->section));
    g_string_append(out, ",\"name\":");
    json_write_str(out, str_from(setting->name));
    g_string_append(out, ",\"value\":");
    if (setting->value)
        json_write_str(out, str_from(setting->value));
    else
        g_string_append(out, "null");
    g_string_append_printf(out, ",\"secret\":%s}", setting->secret ? "true" : "false");
}

void config_write(const Config *config, GString *out) {
    g_string_append(out, "{\"settings\":[");
    for (guint i = 0; config && i < config->settings->len; i++) {
        if (i > 0) g_string_append_c(out, ',');
        write_setting(&g_array_index(config->settings, Setting, i), out);
    }
    g_string_append(out, "]}");
}
