/* The data folder, which holds all that a service keeps, and its lock: it belongs to one process at
 * a time. */
#pragma once

#include <glib.h>

#define DATA_FOLDER_ERROR data_folder_error_quark()
GQuark data_folder_error_quark(void);
typedef enum DataFolderError {
    DATA_FOLDER_ERROR_UNUSABLE, /* cannot be made, entered or written, or others may write in it */
    DATA_FOLDER_ERROR_IN_USE    /* another process holds it */
} DataFolderError;

/* Makes the folder (mode 0700) if it is not there, to last through a power loss, and locks it (file
 * `lock`). The lock is held until the descriptor returned is closed, so it dies with the process,
 * however that ends. -1, with *error set, on failure. */
int data_folder_lock(const char *dir, GError **error);
