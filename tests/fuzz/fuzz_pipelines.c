/* Whatever a file of pipelines holds, it is refused in one line, or its steps come in an order and
 * their words can be made. */
#include "pipeline/definition.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_step(const Pipeline *pipeline, guint number, const GPtrArray *commands) {
    const PipelineStep *step = g_ptr_array_index(pipeline->steps, number);
    g_assert_true(pipeline_name_valid(step->name));
    for (guint a = 0; a < step->after->len; a++) {
        guint before = 0;
        while (strcmp(((const PipelineStep *)g_ptr_array_index(pipeline->steps, before))->name,
                      g_ptr_array_index(step->after, a)) != 0)
            before++;
        g_assert_cmpuint(before, <, number);
    }
    if (!commands) return; /* an argument has no default, or makes one that may not be */
    char **words = g_ptr_array_index(commands, number);
    g_assert_cmpuint(g_strv_length(words), ==, g_strv_length(step->words));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(GPtrArray) pipelines = g_ptr_array_new_with_free_func((GDestroyNotify)pipeline_free);
    g_autoptr(GError) error = NULL;
    if (!pipelines_parse(pipelines, "file", (const char *)data, size, &error)) {
        g_assert_null(strchr(error->message, '\n'));
        return 0;
    }
    for (guint p = 0; p < pipelines->len; p++) {
        const Pipeline *pipeline = g_ptr_array_index(pipelines, p);
        const int64_t next = pipeline_next(pipeline, 1);
        g_assert_true(next == 0 || next > 1);
        g_autoptr(GPtrArray) arguments = pipeline_arguments(pipeline, NULL, NULL);
        g_autoptr(GPtrArray) commands =
            arguments ? pipeline_commands(pipeline, arguments, NULL) : NULL;
        for (guint s = 0; s < pipeline->steps->len; s++)
            check_step(pipeline, s, commands);
    }
    return 0;
}
