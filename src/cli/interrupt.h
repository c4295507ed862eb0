/* SIGINT and SIGTERM for commands that end in order: the signal is noted, and whoever does the work
 * asks between its steps. */
#pragma once

#include <stdbool.h>

/* From now on the two signals are only noted. */
void interrupt_catch(void);

/* The signal that came; 0 when none has. */
int interrupt_signal(void);

/* Whether to go on, as a callback; `unused` is its data. */
bool interrupt_go_on(void *unused);
