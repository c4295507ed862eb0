#include "io/sink.h"

G_DEFINE_QUARK(haechi - sink - error, sink_error)

bool sink_stopped(GError **error) {
    g_set_error(error, SINK_ERROR, SINK_ERROR_STOPPED, "stopped");
    return false;
}
