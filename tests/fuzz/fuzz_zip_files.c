/* Whatever an archive holds, it is refused in one line and leaves nothing behind, or the two files
 * that are wanted are there, neither larger than it may be. */
#include "io/zip_files.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_there(const char *path, off_t *size) {
    struct stat st;
    const bool there = lstat(path, &st) == 0;
    *size = there ? st.st_size : 0;
    return there;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char folder[] = "/dev/shm/haechi-fuzz-XXXXXX";
    static bool made;
    if (!made) made = mkdtemp(folder) != NULL;
    const int fd = memfd_create("archive", MFD_CLOEXEC);
    g_assert_cmpint(write(fd, data, size), ==, (ssize_t)size);
    g_autofree char *archive = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autofree char *a = g_build_filename(folder, "a", NULL);
    g_autofree char *b = g_build_filename(folder, "b", NULL);
    const ZipWanted wanted[] = {{"fraudTrain.csv", a}, {"fraudTest.csv", b}};
    const ZipLimits limits = {.file_bytes = LIMIT};
    g_autoptr(GError) error = NULL;
    const bool good = zip_files_unpack(archive, wanted, G_N_ELEMENTS(wanted), &limits, &error);
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        off_t bytes;
        g_assert_true(is_there(wanted[i].path, &bytes) == good);
        g_assert_cmpint(bytes, <=, LIMIT);
        unlink(wanted[i].path);
    }
    if (!good) g_assert_null(strchr(error->message, '\n'));
    close(fd);
    return 0;
}
