/* Files out of a ZIP archive that somebody else made. Only those asked for are looked at, by their
 * whole names, and each goes where the caller says: what paths the archive has leads nowhere. Sizes
 * and CRCs are checked, and a small archive cannot fill a disk. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    ZIP_ENTRIES_MAX = 1000, /* of an archive */
    ZIP_RATIO_MAX = 100,    /* of a file's size to what it is packed in */
};

#define ZIP_FILES_ERROR (zip_files_error_quark())
GQuark zip_files_error_quark(void);

typedef enum ZipFilesError {
    ZIP_FILES_ERROR_DAMAGED, /* the archive is not what it should be */
    ZIP_FILES_ERROR_SYSTEM,  /* a file could not be read or written */
    ZIP_FILES_ERROR_STOPPED,
} ZipFilesError;

typedef struct ZipWanted {
    const char *name; /* in the archive */
    const char *path; /* that it is written to; replaced if it is there */
} ZipWanted;

typedef struct ZipLimits {
    uint64_t file_bytes;                                      /* of a file, unpacked */
    bool (*go_on)(void *data, uint64_t done, uint64_t total); /* bytes, now and then; NULL: on */
    void *data;
} ZipLimits;

/* Unpacks and syncs all that are wanted, or leaves none behind: false with *error in one line. */
bool zip_files_unpack(const char *archive, const ZipWanted *wanted, size_t count,
                      const ZipLimits *limits, GError **error);
