#include "io/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum {
    STORED_SIZE = 128 * 1024, /* bytes as they lie in the file */
    BLOCK_SIZE = 1024 * 1024, /* bytes of lines */
    PREVIEW = 256,            /* bytes kept of a line that is skipped: room to see whole the card
                                 numbers that start within what of it is shown */
    ZSTD_WINDOW_LOG_MAX = 27, /* 128 MiB, zstd's own limit for files made without --long */
};
_Static_assert(BLOCK_SIZE > 2 * INPUT_LINE_MAX, "a line fits in a block");

/* Unpacks into out[0..room) what it can; *produced is 0 only at the end. */
typedef bool Decode(InputFile *file, char *out, size_t room, size_t *produced, GError **error);

struct InputFile {
    int fd;
    char *name;
    Decode *decode;
    z_stream gzip;
    ZSTD_DStream *zstd;
    bool in_frame;             /* within a gzip member or a zstd frame */
    bool stored_end, line_end; /* nothing more to read; nothing more to unpack */
    uint64_t line_number, position, size;
    size_t stored_at, stored_len; /* what of `stored` is not unpacked yet */
    size_t block_at, block_len;   /* what of `block` is not handed out yet */
    char preview[PREVIEW];
    char stored[STORED_SIZE];
    char block[BLOCK_SIZE];
};

G_DEFINE_QUARK(haechi - input - error, input_error)

static bool fail(const InputFile *file, GError **error, InputError code, const char *what) {
    g_set_error(error, INPUT_ERROR, code, "%s: %s", file->name, what);
    return false;
}

/* Reads on into the room behind what is stored. */
static bool read_stored(InputFile *file, GError **error) {
    if (file->stored_at == file->stored_len) file->stored_at = file->stored_len = 0;
    ssize_t got;
    do
        got = read(file->fd, file->stored + file->stored_len, STORED_SIZE - file->stored_len);
    while (got < 0 && errno == EINTR);
    if (got < 0) return fail(file, error, INPUT_ERROR_READ, g_strerror(errno));
    file->stored_end = got == 0;
    file->stored_len += (size_t)got;
    file->position += (uint64_t)got;
    return true;
}

static bool stored_left(InputFile *file, GError **error) {
    return file->stored_at < file->stored_len || file->stored_end || read_stored(file, error);
}

static bool decode_plain(InputFile *file, char *out, size_t room, size_t *produced,
                         GError **error) {
    if (!stored_left(file, error)) return false;
    *produced = MIN(room, file->stored_len - file->stored_at);
    memcpy(out, file->stored + file->stored_at, *produced);
    file->stored_at += *produced;
    return true;
}

/* One step of zlib; sets *done when a member has ended. */
static bool inflate_step(InputFile *file, char *out, size_t room, size_t *produced,
                         GError **error) {
    z_stream *gzip = &file->gzip;
    if (!file->in_frame && inflateReset(gzip) != Z_OK)
        return fail(file, error, INPUT_ERROR_DAMAGED, "gzip cannot start over");
    file->in_frame = true;
    gzip->next_in = (Bytef *)file->stored + file->stored_at;
    gzip->avail_in = (uInt)(file->stored_len - file->stored_at);
    gzip->next_out = (Bytef *)out;
    gzip->avail_out = (uInt)room;
    const int result = inflate(gzip, Z_NO_FLUSH);
    file->stored_at = file->stored_len - gzip->avail_in;
    *produced = room - gzip->avail_out;
    if (result == Z_STREAM_END) file->in_frame = false;
    if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR) return true;
    return fail(file, error, INPUT_ERROR_DAMAGED, "damaged: not a sound gzip stream");
}

static bool zstd_step(InputFile *file, char *out, size_t room, size_t *produced, GError **error) {
    ZSTD_inBuffer from = {file->stored, file->stored_len, file->stored_at};
    ZSTD_outBuffer to = {out, room, 0};
    const size_t result = ZSTD_decompressStream(file->zstd, &to, &from);
    if (ZSTD_isError(result))
        return fail(file, error, INPUT_ERROR_DAMAGED, "damaged: not a sound zstd stream");
    file->stored_at = from.pos;
    file->in_frame = result != 0;
    *produced = to.pos;
    return true;
}

/* Steps until something comes out. A decoder may hold output back after it has taken all its input,
 * so the input is at its end only when a step moves nothing. */
static bool decode_steps(InputFile *file, Decode *step, char *out, size_t room, size_t *produced,
                         GError **error) {
    for (;;) {
        if (!stored_left(file, error)) return false;
        const bool drained = file->stored_at == file->stored_len;
        *produced = 0;
        if (drained && !file->in_frame) return true;
        if (!step(file, out, room, produced, error)) return false;
        if (*produced > 0) return true;
        if (drained && file->in_frame)
            return fail(file, error, INPUT_ERROR_DAMAGED,
                        "truncated: the compressed file ends early");
    }
}

static bool decode_gzip(InputFile *file, char *out, size_t room, size_t *produced, GError **error) {
    return decode_steps(file, inflate_step, out, room, produced, error);
}

static bool decode_zstd(InputFile *file, char *out, size_t room, size_t *produced, GError **error) {
    return decode_steps(file, zstd_step, out, room, produced, error);
}

static bool starts_with(const InputFile *file, const char *magic, size_t len) {
    return file->stored_len >= len && memcmp(file->stored, magic, len) == 0;
}

static bool start_gzip(InputFile *file, GError **error) {
    file->decode = decode_gzip;
    if (inflateInit2(&file->gzip, 15 + 16) == Z_OK) return true;
    return fail(file, error, INPUT_ERROR_READ, "out of memory");
}

static bool start_zstd(InputFile *file, GError **error) {
    file->decode = decode_zstd;
    file->zstd = ZSTD_createDStream();
    if (file->zstd &&
        !ZSTD_isError(ZSTD_DCtx_setParameter(file->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX)))
        return true;
    return fail(file, error, INPUT_ERROR_READ, "out of memory");
}

/* Chooses the decoder by the first four bytes. */
static bool detect(InputFile *file, GError **error) {
    while (file->stored_len < 4 && !file->stored_end)
        if (!read_stored(file, error)) return false;
    if (starts_with(file, "\x1f\x8b", 2)) return start_gzip(file, error);
    if (starts_with(file, "\x28\xb5\x2f\xfd", 4)) return start_zstd(file, error);
    if (starts_with(file, "PK\x03\x04", 4))
        return fail(file, error, INPUT_ERROR_FORMAT,
                    "a zip archive or a spreadsheet: unpack it, or save it as CSV");
    if (starts_with(file, "\xff\xfe", 2) || starts_with(file, "\xfe\xff", 2))
        return fail(file, error, INPUT_ERROR_FORMAT, "text in UTF-16: save it as UTF-8");
    file->decode = decode_plain;
    return true;
}

static bool check_kind(InputFile *file, GError **error) {
    struct stat info;
    if (fstat(file->fd, &info) != 0) return fail(file, error, INPUT_ERROR_OPEN, g_strerror(errno));
    if (S_ISDIR(info.st_mode)) return fail(file, error, INPUT_ERROR_OPEN, "is a folder");
    if (S_ISREG(info.st_mode)) file->size = (uint64_t)info.st_size;
    return true;
}

InputFile *input_file_from_fd(int fd, const char *name, GError **error) {
    InputFile *file = g_malloc(sizeof *file);
    memset(file, 0, offsetof(InputFile, preview));
    file->fd = fd;
    file->name = g_strdup(name);
    if (check_kind(file, error) && detect(file, error)) return file;
    input_file_close(file);
    return NULL;
}

InputFile *input_file_open(const char *path, GError **error) {
    const bool standard = strcmp(path, "-") == 0;
    const int fd =
        standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) return input_file_from_fd(fd, standard ? "stdin" : path, error);
    g_set_error(error, INPUT_ERROR, INPUT_ERROR_OPEN, "%s: %s", path, g_strerror(errno));
    return NULL;
}

void input_file_close(InputFile *file) {
    if (!file) return;
    if (file->decode == decode_gzip) inflateEnd(&file->gzip);
    ZSTD_freeDStream(file->zstd);
    close(file->fd);
    g_free(file->name);
    g_free(file);
}

/* Moves what is left to the block's start and unpacks more behind it. */
static bool fill_block(InputFile *file, GError **error) {
    const size_t left = file->block_len - file->block_at;
    memmove(file->block, file->block + file->block_at, left);
    file->block_at = 0;
    file->block_len = left;
    size_t produced = 0;
    if (!file->decode(file, file->block + left, BLOCK_SIZE - left, &produced, error)) {
        file->line_end = true;
        file->block_len = 0;
        return false;
    }
    file->line_end = produced == 0;
    file->block_len += produced;
    return true;
}

/* Drops everything up to and with the next line feed. */
static bool skip_line(InputFile *file, GError **error) {
    for (;;) {
        const char *from = file->block + file->block_at;
        const char *feed = memchr(from, '\n', file->block_len - file->block_at);
        file->block_at = feed ? (size_t)(feed + 1 - file->block) : file->block_len;
        if (feed || file->line_end) return true;
        if (!fill_block(file, error)) return false;
    }
}

static LineStatus skip_long_line(InputFile *file, Str *line, GError **error) {
    memcpy(file->preview, file->block + file->block_at, PREVIEW);
    *line = (Str){file->preview, PREVIEW};
    return skip_line(file, error) ? LINE_TOO_LONG : LINE_ERROR;
}

LineStatus input_file_line(InputFile *file, Str *line, GError **error) {
    file->line_number++;
    for (size_t seen = 0;;) { /* bytes known to hold no line feed */
        const char *from = file->block + file->block_at;
        const size_t left = file->block_len - file->block_at;
        const char *feed = left > seen ? memchr(from + seen, '\n', left - seen) : NULL;
        const size_t len = feed ? (size_t)(feed - from) : left;
        if (len > INPUT_LINE_MAX) return skip_long_line(file, line, error);
        if (feed || file->line_end) {
            *line = (Str){from, len};
            file->block_at += len + (feed != NULL);
            if (feed || len > 0) return LINE_OK;
            file->line_number--;
            return LINE_END;
        }
        seen = left;
        if (!fill_block(file, error)) return LINE_ERROR;
    }
}

bool input_file_peek(const InputFile *file, Str *line) {
    const char *from = file->block + file->block_at;
    const char *feed = memchr(from, '\n', file->block_len - file->block_at);
    if (feed) *line = (Str){from, (size_t)(feed - from)};
    return feed != NULL;
}

uint64_t input_file_line_number(const InputFile *file) {
    return file->line_number;
}

uint64_t input_file_position(const InputFile *file) {
    return file->position;
}

uint64_t input_file_size(const InputFile *file) {
    return file->size;
}
