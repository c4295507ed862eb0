/* The registry: a folder of models and their versions, and which version of each serves.
 *
 *   MODELS/NAME/VERSION/        a model's folder (model/model_folder.h)
 *   MODELS/NAME/history.jsonl   what was promoted when; a line for each change, only ever appended
 *   MODELS/NAME/champion        a link to the version that serves; `challenger` the same
 *
 * Which version is champion is what the history's last line says: one line, one write, so a change
 * has happened or it has not. The links are made after it, each by one rename, for people and
 * programs that know paths only; what a crash left of them is put right by the next change.
 *
 * Changes of one NAME wait for each other (flock), readers wait for nobody. Names and versions are
 * model_name_valid, a NAME or VERSION that is a link is not followed, and nothing outside MODELS is
 * ever written or removed. Errors are MODEL_ERROR, one line each. */
#pragma once

#include "model/model_folder.h"

typedef enum RegistryAlias { REGISTRY_CHAMPION, REGISTRY_CHALLENGER } RegistryAlias;

enum {
    REGISTRY_ALIASES = REGISTRY_CHALLENGER + 1,
    REGISTRY_HISTORY_BYTES_MAX = 4 << 20, /* some twenty thousand changes of one name */
    REGISTRY_WAIT_SECONDS = 10,           /* for another's change to end */
};

const char *registry_alias_name(RegistryAlias alias); /* "champion" */
bool registry_alias_find(Str name, RegistryAlias *alias);

typedef struct RegistryVersion {
    char *name, *version;
    char *path; /* of its folder */
    bool is[REGISTRY_ALIASES];
    char *damage; /* one line: why its aliases are not known; NULL where they are */
} RegistryVersion;

void registry_version_free(RegistryVersion *version);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RegistryVersion, registry_version_free)

/* All versions (RegistryVersion), by name and then the latest first; of `name` alone if it is not
 * NULL. A folder `dir` that is not there, and a name of which there is none, are errors. A history
 * that is damaged is the damage of its versions among all, and an error of `name` alone. The caller
 * unrefs the array. */
GPtrArray *registry_list(const char *dir, const char *name, GError **error);

/* The version that `words` mean: NAME/VERSION, NAME@champion, NAME@challenger, NAME@latest (the
 * greatest version: versions begin with when they were trained) or VERSION. The beginning of a
 * version will do where there is only one that begins so. NULL with *error. */
RegistryVersion *registry_find(const char *dir, const char *words, GError **error);

/* The registry that a model's folder, or an alias's link to one, lies in: MODELS of
 * MODELS/NAME/VERSION or MODELS/NAME/champion, where something of NAME was ever promoted. NULL when
 * it lies in none; the caller frees it. */
char *registry_around(const char *model_dir);

/* Opens a file of a version, which its manifest lists or is the manifest itself: a descriptor that
 * the caller closes, and its size in bytes; -1 with *error. No link is followed. */
int registry_open_file(const char *dir, const RegistryVersion *version, const char *file,
                       uint64_t *size, GError **error);

/* Makes sure that versions of `name` can be added: makes the folders, and tries the lock. */
bool registry_prepare(const char *dir, const char *name, GError **error);

/* Writes a new version, under the name and version of its manifest, which must not be there yet.
 * No alias changes. */
bool registry_add(const char *dir, const ModelManifest *manifest, GError **error);

/* What a change did. */
typedef struct RegistryChange {
    char *from, *to; /* NULL for no version */
} RegistryChange;

void registry_change_clear(RegistryChange *change);

/* Whether this build can score with the version: all of it is read and checked, as when it serves.
 * False with *error (MODEL_ERROR_REFUSED) in one line that says what is wrong with it. */
bool registry_version_check(const RegistryVersion *version, GError **error);

/* Lets `alias` mean `version`, which registry_version_check should have passed. A challenger that
 * becomes champion is challenger no more; a champion cannot become challenger. Where it is that
 * already, nothing is done, and from equals to. */
bool registry_promote(const char *dir, const char *name, const char *version, RegistryAlias alias,
                      RegistryChange *change, GError **error);

/* Lets `alias` mean again what it meant before its last promotion that was not rolled back; what
 * has been deleted since is passed over. */
bool registry_rollback(const char *dir, const char *name, RegistryAlias alias,
                       RegistryChange *change, GError **error);

/* Removes a version. One with an alias is refused unless `force`; the alias then means none. */
bool registry_delete(const char *dir, const char *name, const char *version, bool force,
                     GError **error);

typedef enum RegistryAction { REGISTRY_PROMOTE, REGISTRY_ROLLBACK, REGISTRY_DELETE } RegistryAction;

/* A line of the history. */
typedef struct RegistryRecord {
    RegistryAction action;
    RegistryAlias alias;           /* of a promotion or rollback */
    int64_t time;                  /* seconds since the epoch, UTC */
    char *version;                 /* what was promoted, rolled back to or deleted */
    char *meant[REGISTRY_ALIASES]; /* what each alias means since; NULL for none */
} RegistryRecord;

/* The history of a name, oldest first (RegistryRecord), read from its file's bytes, which are not
 * trusted. A last line without its end is one that was never finished, and is not there. `name` is
 * for errors. The caller unrefs the array. */
GArray *registry_history_parse(const char *path, const char *text, size_t len, GError **error);
GArray *registry_history(const char *dir, const char *name, GError **error);

/* Its manifest, which the caller frees; NULL when that or the aliases cannot be read. */
char *registry_version_manifest(const RegistryVersion *version, GError **error);

/* Appends {"name", "version", "aliases", "path", "manifest"}; in place of the manifest "error", one
 * line, when it or the aliases cannot be read. */
void registry_version_write(const RegistryVersion *version, GString *out);
