/* The models of a running service. Two folders are watched: that of the champion, and, if there is
 * one, that of a challenger. A folder that is replaced, or a link that leads to another, is another
 * model: a new champion follows the log in the shadow until it has caught up, and then takes over
 * between two events (shadow.h), so nothing waits and nothing is lost; a challenger follows in the
 * shadow for good. A model that cannot be loaded is told of once, and the one before goes on.
 *
 * Between Kafka topics there is no embedded log to follow: a new champion takes over at once, and
 * there are no challengers. */
#pragma once

#include "serve/kafka/member.h"
#include "serve/lookup.h"
#include "serve/partition.h"

typedef struct Models Models;

typedef struct ModelsOptions {
    const char *champion_dir, *challenger_dir;   /* the second NULL for none */
    const char *champion_name, *challenger_name; /* by which their folders are looked up again; NULL
                                                    where they cannot come to be others */
    LookupOptions lookup;
    const char *data_dir;
    Champion *champion;   /* what champion_dir held at the start */
    Partition *partition; /* one of these two */
    Member *member;
    const Meters *meters;
} ModelsOptions;

/* Starts to watch. Everything in `options` is borrowed and must outlive it. */
Models *models_new(const ModelsOptions *options);

/* Ends the watching and what follows in the shadow; before the partition or the member is stopped.
 * NULL is allowed. */
void models_stop(Models *models);

/* After models_stop. NULL is allowed. */
void models_free(Models *models);

/* Whether the version decides, or follows in the shadow. From any thread. */
bool models_in_use(Models *models, const char *version);

/* Appends how the challenger differs from the champion, as JSON; false when there is no
 * challenger. From any thread. */
bool models_write_live(Models *models, GString *out);
