/* The model that decides, shared by the threads that score with it, show it, or write its name. It
 * may be replaced at any time; who holds a reference goes on with what it had. */
#pragma once

#include "model/model.h"

typedef struct Champion Champion;

/* Takes the caller's reference. */
Champion *champion_new(Model *model);
void champion_free(Champion *champion); /* NULL is allowed */

/* A reference to it, to be given back with model_free. */
Model *champion_get(Champion *champion);

/* Takes the caller's reference; the one before is given back. */
void champion_set(Champion *champion, Model *model);
