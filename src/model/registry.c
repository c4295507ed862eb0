/* The registry's folder: all its files are reached from the open folder of their name, so that no
 * path leads elsewhere. */
#include "model/registry.h"

#include "base/json.h"
#include "base/json_write.h"
#include "model/model.h"
#include "model/registry_internal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_FILE    ".lock"
#define LINK_FILE    ".link"
#define DELETED_MARK ".deleted-"
#define WRITING_MARK ".model-" /* as model_folder_write calls a folder that is being written */

enum { REMOVE_DEPTH_MAX = 16, LOCK_TRY_MS = 20 };

static G_GNUC_PRINTF(3, 4) bool refuse(GError **error, ModelError code, const char *format, ...) {
    va_list list;
    va_start(list, format);
    g_autofree char *message = g_strdup_vprintf(format, list);
    va_end(list);
    g_set_error_literal(error, MODEL_ERROR, code, message);
    return false;
}

/* What somebody wrote, as it may stand in a line. The caller frees it. */
static char *shown(const char *text) {
    enum { SHOWN_MAX = 200 };
    g_autofree char *start = g_strndup(text, SHOWN_MAX);
    return g_strescape(start, NULL);
}

/* Of the system's last error. */
static bool fail(GError **error, const char *doing, const char *dir, const char *name) {
    const int code = errno;
    const ModelError kind =
        code == ENOENT || code == ENOTDIR ? MODEL_ERROR_MISSING : MODEL_ERROR_WRITE;
    return refuse(error, kind, "%s/%s: cannot %s: %s", dir, name, doing, g_strerror(code));
}

/* A name's open folder. */
typedef struct Shelf {
    const char *dir, *name;
    int fd;          /* -1: not open */
    int lock;        /* -1: not locked */
    GArray *records; /* its history; NULL until it is read */
} Shelf;

static void shelf_close(Shelf *shelf) {
    if (shelf->lock >= 0) close(shelf->lock);
    if (shelf->fd >= 0) close(shelf->fd);
    g_clear_pointer(&shelf->records, g_array_unref);
}

/* `shelf` needs closing in any case. */
static bool shelf_open(Shelf *shelf, const char *dir, const char *name, GError **error) {
    *shelf = (Shelf){.dir = dir, .name = name, .fd = -1, .lock = -1};
    if (!model_name_valid(str_from(name))) {
        g_autofree char *text = shown(name);
        return refuse(error, MODEL_ERROR_MISSING, "%s: no model can have the name '%s'", dir, text);
    }
    const int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (top < 0) return refuse(error, MODEL_ERROR_MISSING, "%s: no such folder of models", dir);
    shelf->fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const int code = errno;
    close(top);
    if (shelf->fd >= 0) return true;
    if (code == ENOENT)
        return refuse(error, MODEL_ERROR_MISSING, "%s: no model is called '%s'", dir, name);
    if (code == ENOTDIR || code == ELOOP)
        return refuse(error, MODEL_ERROR_INVALID, "%s/%s: not a folder of its own", dir, name);
    errno = code;
    return fail(error, "open", dir, name);
}

/* Reads an open regular file whole, up to the history's limit. */
static bool read_whole(int fd, GByteArray *out) {
    struct stat st;
    guint8 buffer[16384];
    ssize_t got = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? 1 : -1;
    while (got > 0) {
        got = read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            g_byte_array_append(out, buffer, (guint)got);
        if (out->len > REGISTRY_HISTORY_BYTES_MAX) return false;
    }
    return got == 0;
}

static bool shelf_read(Shelf *shelf, GError **error) {
    g_clear_pointer(&shelf->records, g_array_unref);
    g_autoptr(GByteArray) text = g_byte_array_new();
    const int fd =
        openat(shelf->fd, REGISTRY_HISTORY_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    const bool good = fd >= 0 ? read_whole(fd, text) : errno == ENOENT;
    if (fd >= 0) close(fd);
    if (!good)
        return refuse(error, MODEL_ERROR_INVALID, "%s/%s/%s: not a file of up to %d bytes",
                      shelf->dir, shelf->name, REGISTRY_HISTORY_FILE, REGISTRY_HISTORY_BYTES_MAX);
    g_autofree char *path = g_build_filename(shelf->dir, shelf->name, NULL);
    shelf->records = registry_history_parse(path, (const char *)text->data, text->len, error);
    return shelf->records != NULL;
}

/* Opens a name's folder to be changed: nobody else changes it until it is closed. */
static bool shelf_lock(Shelf *shelf, GError **error) {
    shelf->lock = openat(shelf->fd, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (shelf->lock < 0) return fail(error, "lock", shelf->dir, shelf->name);
    for (int waited = 0; flock(shelf->lock, LOCK_EX | LOCK_NB) != 0; waited += LOCK_TRY_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail(error, "lock", shelf->dir, shelf->name);
        if (waited >= REGISTRY_WAIT_SECONDS * 1000)
            return refuse(error, MODEL_ERROR_WRITE, "%s/%s: another is changing it, for %d s now",
                          shelf->dir, shelf->name, REGISTRY_WAIT_SECONDS);
        g_usleep(LOCK_TRY_MS * 1000);
    }
    return true;
}

/* Removes what `name` of the folder is, and all in it; links are removed, never followed. */
static void remove_tree(int parent, const char *name, int depth) {
    if (unlinkat(parent, name, 0) == 0 || depth == REMOVE_DEPTH_MAX) return;
    const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (!entries) {
        if (fd >= 0) close(fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove_tree(fd, entry->d_name, depth + 1);
    closedir(entries);
    unlinkat(parent, name, AT_REMOVEDIR);
}

/* The entries of a folder; NULL when it cannot be read. */
static GPtrArray *entries_of(int parent, const char *name) {
    const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (!entries) {
        if (fd >= 0) close(fd);
        return NULL;
    }
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
        g_ptr_array_add(names, g_strdup(entry->d_name));
    closedir(entries);
    return names;
}

/* Removes what a change that was killed left behind. Only under the lock. */
static void sweep(const Shelf *shelf) {
    unlinkat(shelf->fd, LINK_FILE, 0);
    g_autoptr(GPtrArray) names = entries_of(shelf->fd, ".");
    for (guint i = 0; names && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        if (g_str_has_prefix(name, DELETED_MARK) || g_str_has_prefix(name, WRITING_MARK))
            remove_tree(shelf->fd, name, 0);
    }
}

static bool is_folder(int parent, const char *name) {
    struct stat st;
    return fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static bool has_version(const Shelf *shelf, const char *version) {
    if (!model_name_valid(str_from(version)) || !is_folder(shelf->fd, version)) return false;
    g_autofree char *manifest = g_build_filename(version, MODEL_MANIFEST_FILE, NULL);
    return faccessat(shelf->fd, manifest, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool link_alias(const Shelf *shelf, RegistryAlias alias, const char *version) {
    const char *name = registry_alias_name(alias);
    char now[MODEL_NAME_MAX + 2];
    const ssize_t len = readlinkat(shelf->fd, name, now, sizeof now - 1);
    if (!version) return len < 0 || unlinkat(shelf->fd, name, 0) == 0;
    if (len >= 0 && str_equal((Str){now, (size_t)len}, str_from(version))) return true;
    return symlinkat(version, shelf->fd, LINK_FILE) == 0 &&
           renameat(shelf->fd, LINK_FILE, shelf->fd, name) == 0;
}

/* Lets the links say what the history says. */
static bool link_all(const Shelf *shelf, GError **error) {
    for (int alias = 0; alias < REGISTRY_ALIASES; alias++)
        if (!link_alias(shelf, alias, registry_meant(shelf->records, alias)))
            return fail(error, "link an alias (which has changed)", shelf->dir, shelf->name);
    return fsync(shelf->fd) == 0 || fail(error, "flush", shelf->dir, shelf->name);
}

/* Opens, locks, reads and tidies: what every change begins with. Close it in any case. */
static bool shelf_begin(Shelf *shelf, const char *dir, const char *name, GError **error) {
    if (!shelf_open(shelf, dir, name, error) || !shelf_lock(shelf, error) ||
        !shelf_read(shelf, error))
        return false;
    sweep(shelf);
    return link_all(shelf, error);
}

/* Where the last finished line of the open history ends. */
static off_t finished(int fd, off_t size) {
    char byte;
    while (size > 0 && pread(fd, &byte, 1, size - 1) == 1 && byte != '\n')
        size--;
    return size;
}

static bool append_line(const Shelf *shelf, const GString *line, GError **error) {
    const int fd = openat(shelf->fd, REGISTRY_HISTORY_FILE,
                          O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
    struct stat st;
    bool good = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (good) {
        const off_t end = finished(fd, st.st_size);
        good = ftruncate(fd, end) == 0;
        if (good && end + (off_t)line->len > REGISTRY_HISTORY_BYTES_MAX) {
            errno = EFBIG;
            good = false;
        }
        if (good && (write(fd, line->str, line->len) != (ssize_t)line->len || fsync(fd) != 0)) {
            const int code = errno;
            if (ftruncate(fd, end) != 0) g_debug("the unfinished line stays");
            errno = code;
            good = false;
        }
    }
    if (!good) fail(error, "add to " REGISTRY_HISTORY_FILE, shelf->dir, shelf->name);
    if (fd >= 0) close(fd);
    return good;
}

/* Writes the record, which is now the last, and lets the links follow. */
static bool commit(Shelf *shelf, RegistryRecord *record, const char *from, GError **error) {
    record->time = g_get_real_time() / G_USEC_PER_SEC;
    g_autoptr(GString) line = g_string_new(NULL);
    registry_record_write(record, from, line);
    return append_line(shelf, line, error) && shelf_read(shelf, error) && link_all(shelf, error);
}

/* Lets `alias` mean `version`, as `action` has it. */
static bool change_alias(Shelf *shelf, RegistryAction action, RegistryAlias alias,
                         const char *version, RegistryChange *change, GError **error) {
    const char *from = registry_meant(shelf->records, alias);
    *change = (RegistryChange){g_strdup(from), g_strdup(version)};
    if (g_strcmp0(from, version) == 0) return true;
    RegistryRecord record = {.action = action, .alias = alias, .version = change->to};
    for (int i = 0; i < REGISTRY_ALIASES; i++) {
        const char *meant = registry_meant(shelf->records, i);
        record.meant[i] = g_strcmp0(meant, version) == 0 ? NULL : g_strdup(meant);
    }
    g_free(record.meant[alias]);
    record.meant[alias] = g_strdup(version);
    const bool good = commit(shelf, &record, change->from, error);
    for (int i = 0; i < REGISTRY_ALIASES; i++)
        g_free(record.meant[i]);
    if (!good) registry_change_clear(change);
    return good;
}

void registry_change_clear(RegistryChange *change) {
    g_clear_pointer(&change->from, g_free);
    g_clear_pointer(&change->to, g_free);
}

static bool missing(const Shelf *shelf, const char *version, GError **error) {
    g_autofree char *text = shown(version);
    return refuse(error, MODEL_ERROR_MISSING, "%s/%s: no version '%s'", shelf->dir, shelf->name,
                  text);
}

static bool promote(Shelf *shelf, const char *version, RegistryAlias alias, RegistryChange *change,
                    GError **error) {
    if (!has_version(shelf, version)) return missing(shelf, version, error);
    if (alias != REGISTRY_CHAMPION &&
        g_strcmp0(registry_meant(shelf->records, REGISTRY_CHAMPION), version) == 0)
        return refuse(error, MODEL_ERROR_REFUSED,
                      "%s/%s is the champion: it cannot challenge itself", shelf->name, version);
    return change_alias(shelf, REGISTRY_PROMOTE, alias, version, change, error);
}

bool registry_promote(const char *dir, const char *name, const char *version, RegistryAlias alias,
                      RegistryChange *change, GError **error) {
    *change = (RegistryChange){NULL, NULL};
    Shelf shelf;
    const bool good =
        shelf_begin(&shelf, dir, name, error) && promote(&shelf, version, alias, change, error);
    shelf_close(&shelf);
    return good;
}

static bool rollback(Shelf *shelf, RegistryAlias alias, RegistryChange *change, GError **error) {
    g_autoptr(GPtrArray) stack = registry_undo_stack(shelf->records, alias);
    const char *now = registry_meant(shelf->records, alias);
    for (guint i = stack->len; i-- > 0;) {
        const char *version = g_ptr_array_index(stack, i);
        const bool taken =
            alias == REGISTRY_CHALLENGER && version &&
            g_strcmp0(registry_meant(shelf->records, REGISTRY_CHAMPION), version) == 0;
        if (version && !taken && g_strcmp0(version, now) != 0 && has_version(shelf, version))
            return change_alias(shelf, REGISTRY_ROLLBACK, alias, version, change, error);
    }
    return refuse(error, MODEL_ERROR_REFUSED, "%s/%s: no earlier %s to roll back to", shelf->dir,
                  shelf->name, registry_alias_name(alias));
}

bool registry_rollback(const char *dir, const char *name, RegistryAlias alias,
                       RegistryChange *change, GError **error) {
    *change = (RegistryChange){NULL, NULL};
    Shelf shelf;
    const bool good =
        shelf_begin(&shelf, dir, name, error) && rollback(&shelf, alias, change, error);
    shelf_close(&shelf);
    return good;
}

/* Takes the aliases of a version from it. */
static bool remove_aliases(Shelf *shelf, const char *version, bool force, GError **error) {
    RegistryRecord record = {.action = REGISTRY_DELETE, .version = (char *)(uintptr_t)version};
    bool held = false;
    for (int i = 0; i < REGISTRY_ALIASES; i++) {
        const char *meant = registry_meant(shelf->records, i);
        if (g_strcmp0(meant, version) != 0) {
            record.meant[i] = (char *)(uintptr_t)meant;
            continue;
        }
        held = true;
        if (!force)
            return refuse(error, MODEL_ERROR_REFUSED,
                          "%s/%s is the %s: promote another first, or force it", shelf->name,
                          version, registry_alias_name(i));
    }
    return !held || commit(shelf, &record, NULL, error);
}

/* The aliases first, then the folder: whatever is interrupted, no alias means what is gone. */
static bool remove_version(Shelf *shelf, const char *version, bool force, GError **error) {
    if (!has_version(shelf, version)) return missing(shelf, version, error);
    if (!remove_aliases(shelf, version, force, error)) return false;
    g_autofree char *aside = g_strconcat(DELETED_MARK, version, NULL);
    if (renameat(shelf->fd, version, shelf->fd, aside) != 0 || fsync(shelf->fd) != 0)
        return fail(error, "remove a version", shelf->dir, shelf->name);
    remove_tree(shelf->fd, aside, 0);
    return true;
}

bool registry_delete(const char *dir, const char *name, const char *version, bool force,
                     GError **error) {
    Shelf shelf;
    const bool good =
        shelf_begin(&shelf, dir, name, error) && remove_version(&shelf, version, force, error);
    shelf_close(&shelf);
    return good;
}

/* Makes a folder, unless it is there, so that it stays. */
static bool make_folder(const char *parent, const char *path, GError **error) {
    if (mkdir(path, 0755) != 0) {
        if (errno == EEXIST) return true;
        return refuse(error, MODEL_ERROR_WRITE, "%s: cannot make this folder: %s", path,
                      g_strerror(errno));
    }
    const int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) fsync(fd);
    if (fd >= 0) close(fd);
    return true;
}

bool registry_prepare(const char *dir, const char *name, GError **error) {
    g_assert(model_name_valid(str_from(name)));
    g_autofree char *whole = g_canonicalize_filename(dir, NULL);
    g_autofree char *parent = g_path_get_dirname(whole);
    g_autofree char *path = g_build_filename(dir, name, NULL);
    if (!make_folder(parent, dir, error) || !make_folder(dir, path, error)) return false;
    Shelf shelf;
    const bool good = shelf_begin(&shelf, dir, name, error);
    shelf_close(&shelf);
    return good;
}

/* A version may not stand where the registry keeps something of its own. */
static bool reserved(const char *version) {
    RegistryAlias alias;
    return registry_alias_find(str_from(version), &alias) || strcmp(version, "latest") == 0 ||
           strcmp(version, REGISTRY_HISTORY_FILE) == 0;
}

static bool add(const Shelf *shelf, const ModelManifest *manifest, GError **error) {
    struct stat st;
    if (reserved(manifest->version))
        return refuse(error, MODEL_ERROR_REFUSED, "no version can be called '%s'",
                      manifest->version);
    if (fstatat(shelf->fd, manifest->version, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return refuse(error, MODEL_ERROR_REFUSED, "%s/%s/%s is there already", shelf->dir,
                      shelf->name, manifest->version);
    g_autofree char *path = g_build_filename(shelf->dir, shelf->name, manifest->version, NULL);
    return model_folder_write(path, manifest, error);
}

bool registry_add(const char *dir, const ModelManifest *manifest, GError **error) {
    if (!registry_prepare(dir, manifest->name, error)) return false;
    Shelf shelf;
    const bool good =
        shelf_begin(&shelf, dir, manifest->name, error) && add(&shelf, manifest, error);
    shelf_close(&shelf);
    return good;
}

GArray *registry_history(const char *dir, const char *name, GError **error) {
    Shelf shelf;
    GArray *records = NULL;
    if (shelf_open(&shelf, dir, name, error) && shelf_read(&shelf, error))
        records = g_steal_pointer(&shelf.records);
    shelf_close(&shelf);
    return records;
}

void registry_version_free(RegistryVersion *version) {
    if (!version) return;
    g_free(version->name);
    g_free(version->version);
    g_free(version->path);
    g_free(version->damage);
    g_free(version);
}

static RegistryVersion *version_new(const Shelf *shelf, const char *version, const char *damage) {
    RegistryVersion *v = g_new0(RegistryVersion, 1);
    v->name = g_strdup(shelf->name);
    v->version = g_strdup(version);
    v->path = g_build_filename(shelf->dir, shelf->name, version, NULL);
    v->damage = g_strdup(damage);
    for (int i = 0; !damage && i < REGISTRY_ALIASES; i++)
        v->is[i] = g_strcmp0(registry_meant(shelf->records, i), version) == 0;
    return v;
}

/* By name, and then the latest first. */
static int by_name(const void *a, const void *b) {
    const RegistryVersion *x = *(RegistryVersion *const *)a, *y = *(RegistryVersion *const *)b;
    const int names = strcmp(x->name, y->name);
    return names ? names : strcmp(y->version, x->version);
}

/* A damaged history is an error, or where it is `borne`, the damage of each version. */
static bool list_name(GPtrArray *out, const char *dir, const char *name, bool borne,
                      GError **error) {
    Shelf shelf;
    GError *damage = NULL;
    bool good = shelf_open(&shelf, dir, name, error);
    if (good && !shelf_read(&shelf, &damage) && !borne) {
        g_propagate_error(error, g_steal_pointer(&damage));
        good = false;
    }
    g_autoptr(GPtrArray) entries = good ? entries_of(shelf.fd, ".") : NULL;
    for (guint i = 0; entries && i < entries->len; i++) {
        const char *version = g_ptr_array_index(entries, i);
        if (has_version(&shelf, version) && !reserved(version))
            g_ptr_array_add(out, version_new(&shelf, version, damage ? damage->message : NULL));
    }
    g_clear_error(&damage);
    shelf_close(&shelf);
    return good;
}

static bool list_all(GPtrArray *out, const char *dir, GError **error) {
    const int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = top >= 0 || refuse(error, MODEL_ERROR_MISSING, "%s: no such folder of models", dir);
    g_autoptr(GPtrArray) names = good ? entries_of(top, ".") : NULL;
    for (guint i = 0; good && names && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        if (model_name_valid(str_from(name)) && is_folder(top, name))
            good = list_name(out, dir, name, true, error);
    }
    if (top >= 0) close(top);
    return good;
}

GPtrArray *registry_list(const char *dir, const char *name, GError **error) {
    GPtrArray *out = g_ptr_array_new_with_free_func((GDestroyNotify)registry_version_free);
    const bool good = name ? list_name(out, dir, name, false, error) : list_all(out, dir, error);
    if (!good) g_clear_pointer(&out, g_ptr_array_unref);
    if (good) g_ptr_array_sort(out, by_name);
    return out;
}

static RegistryVersion *take(GPtrArray *versions, guint index) {
    return g_ptr_array_steal_index(versions, index);
}

/* Of an alias or "latest". */
static RegistryVersion *find_alias(const char *dir, const char *name, const char *word,
                                   GError **error) {
    RegistryAlias alias = REGISTRY_CHAMPION;
    const bool latest = strcmp(word, "latest") == 0;
    if (!latest && !registry_alias_find(str_from(word), &alias)) {
        refuse(error, MODEL_ERROR_MISSING,
               "'%s' is no alias (champion, challenger, latest); a version is written %s/%s", word,
               name, word);
        return NULL;
    }
    g_autoptr(GPtrArray) versions = registry_list(dir, name, error);
    for (guint i = 0; versions && i < versions->len; i++)
        if (latest || ((RegistryVersion *)g_ptr_array_index(versions, i))->is[alias])
            return take(versions, i);
    if (versions)
        refuse(error, MODEL_ERROR_MISSING, "%s/%s has no %s", dir, name, latest ? "version" : word);
    return NULL;
}

static RegistryVersion *find_version(const char *dir, const char *name, const char *word,
                                     GError **error) {
    g_autoptr(GPtrArray) versions = registry_list(dir, name, error);
    guint found = 0, at = 0;
    for (guint i = 0; versions && i < versions->len; i++) {
        const char *version = ((RegistryVersion *)g_ptr_array_index(versions, i))->version;
        if (!g_str_has_prefix(version, word)) continue;
        at = i;
        found++;
        if (strcmp(version, word) != 0) continue;
        found = 1;
        break;
    }
    if (found == 1) return take(versions, at);
    if (versions && found > 1)
        refuse(error, MODEL_ERROR_MISSING, "%u versions begin with '%s': write more of it", found,
               word);
    else if (versions)
        refuse(error, MODEL_ERROR_MISSING, "%s%s%s: no version '%s'", dir, name ? "/" : "",
               name ? name : "", word);
    return NULL;
}

RegistryVersion *registry_find(const char *dir, const char *words, GError **error) {
    const char *mark = strpbrk(words, "/@");
    g_autofree char *name = mark ? g_strndup(words, (gsize)(mark - words)) : NULL;
    const char *word = mark ? mark + 1 : words;
    if (!model_name_valid(str_from(word)) || (name && !model_name_valid(str_from(name)))) {
        g_autofree char *text = shown(words);
        refuse(error, MODEL_ERROR_MISSING,
               "'%s' is no version: NAME/VERSION, NAME@champion or VERSION", text);
        return NULL;
    }
    return mark && *mark == '@' ? find_alias(dir, name, word, error)
                                : find_version(dir, name, word, error);
}

char *registry_around(const char *model_dir) {
    g_autofree char *whole = g_canonicalize_filename(model_dir, NULL);
    g_autofree char *shelf = g_path_get_dirname(whole);
    g_autofree char *name = g_path_get_basename(shelf);
    g_autofree char *history = g_build_filename(shelf, REGISTRY_HISTORY_FILE, NULL);
    struct stat st;
    const bool is_one =
        model_name_valid(str_from(name)) && lstat(history, &st) == 0 && S_ISREG(st.st_mode);
    return is_one ? g_path_get_dirname(shelf) : NULL;
}

static bool is_listed(const RegistryVersion *version, const char *file, GError **error) {
    if (strcmp(file, MODEL_MANIFEST_FILE) == 0) return true;
    g_autofree char *manifest = model_manifest_read(version->path, error);
    if (!manifest) return false;
    JsonParser *parser = json_parser_new(MODEL_MANIFEST_BYTES_MAX);
    JsonValue root, files, listed;
    const char *message;
    const bool is = model_name_valid(str_from(file)) &&
                    json_parse(parser, manifest, strlen(manifest), &root, &message) &&
                    json_member(root, "files", &files) && json_member(files, file, &listed);
    json_parser_free(parser);
    if (is) return true;
    g_autofree char *text = shown(file);
    return refuse(error, MODEL_ERROR_MISSING, "%s/%s has no file '%s'", version->name,
                  version->version, text);
}

/* The open folder of a version; -1 with errno. */
static int open_version(const Shelf *shelf, const char *version) {
    return openat(shelf->fd, version, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int registry_open_file(const char *dir, const RegistryVersion *version, const char *file,
                       uint64_t *size, GError **error) {
    Shelf shelf;
    struct stat st;
    if (!is_listed(version, file, error)) return -1;
    const bool open_shelf = shelf_open(&shelf, dir, version->name, error);
    const int folder = open_shelf ? open_version(&shelf, version->version) : -1;
    int fd =
        folder >= 0 ? openat(folder, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    if (open_shelf && fd < 0) {
        fail(error, "open a file", dir, version->name);
    } else if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        refuse(error, MODEL_ERROR_INVALID, "%s/%s/%s: not a regular file", version->name,
               version->version, file);
        close(fd);
        fd = -1;
    }
    if (fd >= 0) *size = (uint64_t)st.st_size;
    if (folder >= 0) close(folder);
    shelf_close(&shelf);
    return fd;
}

bool registry_version_check(const RegistryVersion *version, GError **error) {
    g_autoptr(GError) cause = NULL;
    Model *model = model_load(version->path, &cause);
    if (!model) return refuse(error, MODEL_ERROR_REFUSED, "cannot serve: %s", cause->message);
    model_free(model);
    return true;
}

char *registry_version_manifest(const RegistryVersion *version, GError **error) {
    if (!version->damage) return model_manifest_read(version->path, error);
    g_set_error_literal(error, MODEL_ERROR, MODEL_ERROR_INVALID, version->damage);
    return NULL;
}

void registry_version_write(const RegistryVersion *version, GString *out) {
    g_string_append(out, "{\"name\":");
    json_write_str(out, str_from(version->name));
    g_string_append(out, ",\"version\":");
    json_write_str(out, str_from(version->version));
    g_string_append(out, ",\"aliases\":[");
    for (int i = 0; i < REGISTRY_ALIASES; i++) {
        if (!version->is[i]) continue;
        if (out->str[out->len - 1] != '[') g_string_append_c(out, ',');
        json_write_str(out, str_from(registry_alias_name(i)));
    }
    g_string_append(out, "],\"path\":");
    json_write_str(out, str_from(version->path));
    g_autoptr(GError) error = NULL;
    g_autofree char *manifest = registry_version_manifest(version, &error);
    g_string_append(out, manifest ? ",\"manifest\":" : ",\"error\":");
    if (manifest)
        g_string_append(out, manifest);
    else
        json_write_str(out, str_from(error->message));
    g_string_append_c(out, '}');
}
