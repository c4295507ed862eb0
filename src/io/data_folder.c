#include "io/data_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK(haechi - data - folder - error, data_folder_error)

static bool sync_folder(const char *dir) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    return ok;
}

/* Makes a folder and those above it, each to last through a power loss; errno says why not. */
static bool make_folders(const char *dir) {
    if (mkdir(dir, 0700) != 0) {
        if (errno == EEXIST) return true;
        if (errno != ENOENT || !*dir) return false;
        g_autofree char *above = g_path_get_dirname(dir);
        if (!make_folders(above) || (mkdir(dir, 0700) != 0 && errno != EEXIST)) return false;
    }
    g_autofree char *parent = g_path_get_dirname(dir);
    return sync_folder(parent);
}

static bool make(const char *dir, GError **error) {
    struct stat st;
    if (!make_folders(dir) || stat(dir, &st) != 0) {
        g_set_error(error, DATA_FOLDER_ERROR, DATA_FOLDER_ERROR_UNUSABLE,
                    "cannot use the data folder %s: %s", dir, g_strerror(errno));
        return false;
    }
    if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        g_set_error(error, DATA_FOLDER_ERROR, DATA_FOLDER_ERROR_UNUSABLE,
                    "others may write in the data folder %s (mode %03o): chmod 700 it first", dir,
                    (unsigned)st.st_mode & 0777);
        return false;
    }
    return true;
}

static void lock_refused(int fd, const char *dir, GError **error) {
    char pid[16] = "";
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
    pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
    g_set_error(error, DATA_FOLDER_ERROR, DATA_FOLDER_ERROR_IN_USE,
                "the data folder %s is in use by another haechi (pid %s)", dir,
                *pid ? pid : "unknown");
}

int data_folder_lock(const char *dir, GError **error) {
    if (!make(dir, error)) return -1;
    g_autofree char *path = g_build_filename(dir, "lock", NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        g_set_error(error, DATA_FOLDER_ERROR, DATA_FOLDER_ERROR_UNUSABLE, "cannot open %s: %s",
                    path, g_strerror(errno));
        return -1;
    }
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        lock_refused(fd, dir, error);
        close(fd);
        return -1;
    }
    char pid[16]; /* for people */
    int len = g_snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)len, 0) != len)
        g_debug("the pid could not be written to %s", path);
    return fd;
}
