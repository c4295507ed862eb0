/* A Python program as a child of ours: for what has no C library to train with. The program is
 * embedded in ours, and talks over its standard input and output, which are one socket: we send all
 * that it needs, then it tells, a line of JSON each, how far it is and what has become of it. It is
 * killed when we end, however we end. */
#pragma once

#include "base/json.h"
#include <glib.h>

typedef struct Python Python;

/* The interpreter to use: `told` if there is one (--python), else that of HAECHI_PYTHON, else that
 * of the environment `name`, which tools/python_env.py makes. The caller frees it. NULL with *error
 * in one line that says how to get it. */
char *python_find(const char *told, const char *name, GError **error);

/* Starts `interpreter` with `program`, its text. NULL with *error in one line. */
Python *python_start(const char *interpreter, const char *program, GError **error);

/* Kills the child if it still runs. NULL is allowed. */
void python_free(Python *python);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Python, python_free)

/* A child that has ended takes no more: that is no error here, python_hear tells why. */
void python_send(Python *python, const void *data, size_t len);
void python_send_end(Python *python); /* that was all */

/* Waits for the next line and reads it into *told, an object that lives until the next call. False
 * with *error when the child ended or sent something else. A line {"error": TEXT} or {"missing":
 * MODULE} is an error too. */
bool python_hear(Python *python, JsonValue *told, GError **error);

/* The next `len` bytes that the child sends; NULL with *error. */
GBytes *python_hear_bytes(Python *python, size_t len, GError **error);
