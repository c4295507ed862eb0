/* A file, plain or compressed, sound or not, is read to its end or an error. */
#include "io/input_file.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0) {
        if (fd >= 0) close(fd);
        return 0;
    }
    InputFile *file = input_file_from_fd(fd, "fuzz", NULL);
    Str line;
    LineStatus status = LINE_END;
    while (file && (status = input_file_line(file, &line, NULL)) <= LINE_TOO_LONG)
        g_assert_cmpuint(line.len, <=, INPUT_LINE_MAX);
    input_file_close(file);
    return 0;
}
