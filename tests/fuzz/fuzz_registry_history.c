/* Any bytes as a history of the registry: refused with one line, or records whose names are safe
 * and which, written again, are read as the same. */
#include "model/registry_internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name) {
    if (name && !model_name_valid(str_from(name))) abort();
}

static void check_stack(const GArray *records, RegistryAlias alias) {
    GPtrArray *stack = registry_undo_stack(records, alias);
    const char *now = registry_meant(records, alias);
    if (records->len > 0 && (stack->len == 0 || stack->len > records->len)) abort();
    if (stack->len > 0 && g_strcmp0(g_ptr_array_index(stack, stack->len - 1), now) != 0) abort();
    g_ptr_array_unref(stack);
}

static void check_again(const GArray *records) {
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < records->len; i++)
        registry_record_write(&g_array_index(records, RegistryRecord, i), NULL, text);
    GArray *again = registry_history_parse("again", text->str, text->len, NULL);
    if (!again || again->len != records->len) abort();
    for (guint i = 0; i < records->len; i++) {
        const RegistryRecord *a = &g_array_index(records, RegistryRecord, i);
        const RegistryRecord *b = &g_array_index(again, RegistryRecord, i);
        if (a->time != b->time || a->action != b->action || a->alias != b->alias ||
            strcmp(a->version, b->version) != 0)
            abort();
    }
    g_array_unref(again);
    g_string_free(text, TRUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    GError *error = NULL;
    GArray *records = registry_history_parse("models/fraud", (const char *)data, size, &error);
    if (!records) {
        if (!error || strchr(error->message, '\n')) abort();
        g_error_free(error);
        return 0;
    }
    for (guint i = 0; i < records->len; i++) {
        const RegistryRecord *record = &g_array_index(records, RegistryRecord, i);
        check_name(record->version);
        for (int alias = 0; alias < REGISTRY_ALIASES; alias++)
            check_name(record->meant[alias]);
    }
    for (int alias = 0; alias < REGISTRY_ALIASES; alias++)
        check_stack(records, alias);
    check_again(records);
    g_array_unref(records);
    return 0;
}
