#include "pipeline/run_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of the text without a character that is cut off at its end. */
static gsize whole_characters(const GString *text) {
    enum { CHARACTER_BYTES = 4 };
    for (gsize back = 1; back < CHARACTER_BYTES && back <= text->len; back++) {
        const char *at = text->str + text->len - back;
        if (((unsigned char)*at & 0xc0) == 0x80) continue; /* inside one */
        const bool cut = g_utf8_get_char_validated(at, (gssize)back) == (gunichar)-2;
        return cut ? text->len - back : text->len;
    }
    return text->len;
}

static void read_piece(int fd, RunLogPiece *piece, bool ended) {
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return;
    piece->size = (uint64_t)st.st_size;
    if (piece->from > piece->size) piece->from = 0;
    const uint64_t most = MIN(piece->size - piece->from, (uint64_t)RUN_LOG_PIECE_MAX);
    g_string_set_size(piece->text, most);
    const ssize_t got = pread(fd, piece->text->str, most, (off_t)piece->from);
    g_string_set_size(piece->text, got > 0 ? (gsize)got : 0);
    const bool all = piece->from + piece->text->len == piece->size;
    if (!all || !ended) g_string_set_size(piece->text, whole_characters(piece->text));
}

RunLogPiece run_log_read(const Run *run, const RunStep *step, uint64_t from) {
    RunLogPiece piece = {.text = g_string_new(NULL), .from = from};
    g_autofree char *path = run_log_path(run, step);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0)
        read_piece(fd, &piece, step->state > RUN_RUNNING);
    else
        piece.from = 0;
    if (fd >= 0) close(fd);
    piece.to = piece.from + piece.text->len;
    return piece;
}
