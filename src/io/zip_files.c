#include "io/zip_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

enum { PIECE = 1 << 16 };

G_DEFINE_QUARK(haechi - zip - files - error, zip_files_error)

typedef struct Unpacking {
    const char *archive;
    zip_t *zip;
    const ZipLimits *limits;
    uint64_t done, total; /* bytes */
} Unpacking;

static bool fail_damaged(const char *archive, const char *name, const char *why, GError **error) {
    g_set_error(error, ZIP_FILES_ERROR, ZIP_FILES_ERROR_DAMAGED, "%s: %s%s%s", archive,
                name ? name : "", name ? ": " : "", why);
    return false;
}

static bool fail_system(const char *path, GError **error) {
    const int code = errno;
    g_set_error(error, ZIP_FILES_ERROR, ZIP_FILES_ERROR_SYSTEM, "%s: %s", path, g_strerror(code));
    return false;
}

static zip_t *open_archive(const char *path, GError **error) {
    int code;
    zip_t *zip = zip_open(path, ZIP_RDONLY, &code);
    if (zip) return zip;
    if (code == ZIP_ER_OPEN || code == ZIP_ER_NOENT || code == ZIP_ER_READ) {
        fail_system(path, error);
        return NULL;
    }
    zip_error_t why;
    zip_error_init_with_code(&why, code);
    fail_damaged(path, NULL, zip_error_strerror(&why), error);
    zip_error_fini(&why);
    return NULL;
}

/* The number of the one entry of that name; -1 with *error. */
static zip_int64_t find(const Unpacking *u, const char *name, GError **error) {
    const zip_int64_t entries = zip_get_num_entries(u->zip, 0);
    zip_int64_t found = -1;
    if (entries > ZIP_ENTRIES_MAX) {
        fail_damaged(u->archive, NULL, "it has too many entries", error);
        return -1;
    }
    for (zip_int64_t i = 0; i < entries; i++) {
        const char *other = zip_get_name(u->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        if (!other || strcmp(other, name) != 0) continue;
        if (found >= 0) {
            fail_damaged(u->archive, name, "it is there twice", error);
            return -1;
        }
        found = i;
    }
    if (found < 0) fail_damaged(u->archive, name, "it is not in the archive", error);
    return found;
}

/* A link or a device, made on Unix. */
static bool is_special(const Unpacking *u, zip_uint64_t entry) {
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    if (zip_file_get_external_attributes(u->zip, entry, 0, &system, &attributes) != 0) return true;
    const unsigned mode = attributes >> 16 & S_IFMT;
    return system == ZIP_OPSYS_UNIX && mode != 0 && mode != S_IFREG;
}

/* What is wrong with what the archive says of an entry; NULL when nothing is. */
static const char *entry_wrong(const Unpacking *u, zip_uint64_t entry, zip_stat_t *st) {
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_CRC;
    if (zip_stat_index(u->zip, entry, 0, st) != 0 || (st->valid & needed) != needed)
        return "its size is not told";
    if (st->valid & ZIP_STAT_ENCRYPTION_METHOD && st->encryption_method != ZIP_EM_NONE)
        return "it is encrypted";
    if (is_special(u, entry)) return "it is no plain file";
    if (st->size > u->limits->file_bytes) return "it would be too large";
    if (st->size / ZIP_RATIO_MAX > st->comp_size) return "it is packed too tightly to be true";
    return NULL;
}

static bool write_all(int fd, const char *data, size_t len) {
    while (len > 0) {
        const ssize_t written = write(fd, data, len);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        data += written;
        len -= (size_t)written;
    }
    return true;
}

/* Copies the entry to its end, where libzip has held its CRC against the archive's. */
static bool copy(Unpacking *u, zip_file_t *file, const ZipWanted *wanted, uint64_t size, int fd,
                 GError **error) {
    char data[PIECE];
    uint64_t copied = 0;
    zip_int64_t got;
    while ((got = zip_fread(file, data, sizeof data)) > 0) {
        copied += (uint64_t)got;
        u->done += (uint64_t)got;
        if (copied > size) break;
        if (!write_all(fd, data, (size_t)got)) return fail_system(wanted->path, error);
        if (u->limits->go_on && !u->limits->go_on(u->limits->data, u->done, u->total)) {
            g_set_error(error, ZIP_FILES_ERROR, ZIP_FILES_ERROR_STOPPED, "%s: stopped", u->archive);
            return false;
        }
    }
    if (got < 0) return fail_damaged(u->archive, wanted->name, zip_file_strerror(file), error);
    if (copied != size)
        return fail_damaged(u->archive, wanted->name, "it has not the size that is told", error);
    return fsync(fd) == 0 || fail_system(wanted->path, error);
}

static bool write_file(Unpacking *u, const ZipWanted *wanted, zip_file_t *file, uint64_t size,
                       GError **error) {
    const int fd = open(wanted->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0) return fail_system(wanted->path, error);
    bool good = copy(u, file, wanted, size, fd, error);
    if (close(fd) != 0 && good) good = fail_system(wanted->path, error);
    if (!good) unlink(wanted->path);
    return good;
}

static bool unpack(Unpacking *u, const ZipWanted *wanted, GError **error) {
    zip_stat_t st;
    const zip_int64_t entry = find(u, wanted->name, error);
    if (entry < 0) return false;
    const char *wrong = entry_wrong(u, (zip_uint64_t)entry, &st);
    if (wrong) return fail_damaged(u->archive, wanted->name, wrong, error);
    zip_file_t *file = zip_fopen_index(u->zip, (zip_uint64_t)entry, 0);
    if (!file) return fail_damaged(u->archive, wanted->name, zip_strerror(u->zip), error);
    const bool good = write_file(u, wanted, file, st.size, error);
    zip_fclose(file);
    return good;
}

/* Of all that are wanted, as the archive tells; what is wrong with it is found later. */
static uint64_t total_of(const Unpacking *u, const ZipWanted *wanted, size_t count) {
    uint64_t total = 0;
    zip_stat_t st;
    for (size_t i = 0; i < count; i++)
        if (zip_stat(u->zip, wanted[i].name, ZIP_FL_ENC_RAW, &st) == 0 && st.valid & ZIP_STAT_SIZE)
            total += MIN(st.size, u->limits->file_bytes);
    return total;
}

bool zip_files_unpack(const char *archive, const ZipWanted *wanted, size_t count,
                      const ZipLimits *limits, GError **error) {
    Unpacking u = {.archive = archive, .limits = limits};
    u.zip = open_archive(archive, error);
    if (!u.zip) return false;
    u.total = total_of(&u, wanted, count);
    size_t done = 0;
    while (done < count && unpack(&u, &wanted[done], error))
        done++;
    zip_discard(u.zip);
    for (size_t i = 0; done < count && i < done; i++)
        unlink(wanted[i].path);
    return done == count;
}
