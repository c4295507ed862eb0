/* A data set from Kaggle, by its public API: the archive comes with the user's key from where
 * Kaggle redirects to, which is not told the key. A download that was cut off goes on where it was,
 * if the archive is still the same by its ETag. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define KAGGLE_URL "https://www.kaggle.com/api/v1"

enum {
    KAGGLE_TRIES_MAX = 6,        /* in a row that bring nothing */
    KAGGLE_CONNECT_SECONDS = 15, /* to reach a server */
    KAGGLE_SILENT_SECONDS = 60,  /* without a byte */
    KAGGLE_WAIT_SECONDS = 60,    /* between two tries, at most */
    KAGGLE_REDIRECTS_MAX = 5,
};

#define KAGGLE_ARCHIVE_MAX (UINT64_C(2) << 30) /* bytes */

#define KAGGLE_ERROR (kaggle_error_quark())
GQuark kaggle_error_quark(void);

typedef enum KaggleError {
    KAGGLE_ERROR_KEY,     /* there is none, or Kaggle does not take it */
    KAGGLE_ERROR_AWAY,    /* not now */
    KAGGLE_ERROR_REFUSED, /* an answer that asking again does not change */
    KAGGLE_ERROR_FILE,    /* a file could not be read or written */
    KAGGLE_ERROR_STOPPED,
} KaggleError;

typedef struct KaggleKey {
    char *username, *key;
} KaggleKey;

void kaggle_key_clear(KaggleKey *key);

/* The user's key, as Kaggle's own client finds it: KAGGLE_USERNAME and KAGGLE_KEY, or else
 * kaggle.json in KAGGLE_CONFIG_DIR, ~/.kaggle or ~/.config/kaggle. *warning, which the caller
 * frees, is a line where others can read that file, else NULL. False with *error, which shows
 * nothing of the key. */
bool kaggle_key_read(KaggleKey *out, char **warning, GError **error);

typedef struct KaggleOptions {
    const char *url; /* KAGGLE_URL, or where a test has its server: https, or http on loopback */
    const char *dataset; /* "OWNER/NAME" */
    const char *ca_file; /* certificates to trust instead of the system's; NULL for none */
    KaggleKey key;
    /* Now and then, with the bytes that are there of all, 0 where that is not known; false: stop.
     */
    bool (*go_on)(void *data, uint64_t done, uint64_t total);
    void (*note)(void *data, const char *line); /* what is waited for, and why */
    void *data;
} KaggleOptions;

/* Downloads the data set's archive to `path`. What is there of it until then is in `path`.part,
 * from which the next call goes on. The caller sees to it that nobody else downloads to `path` or
 * uses it meanwhile. False with *error in one line. */
bool kaggle_download(const KaggleOptions *options, const char *path, GError **error);
