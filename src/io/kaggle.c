#include "io/kaggle.h"

#include "base/json.h"
#include "io/http_set_up.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SAID_MAX = 4096, DROPPED_MAX = 1 << 20, ETAG_MAX = 200, LOOK_US = 100000 };

/* What a server answered, up to its body. */
typedef struct Answer {
    char *etag;
    char *range;    /* Content-Range */
    uint64_t wait;  /* seconds, of Retry-After; 0: not told */
    GString *said;  /* the body of what is no success, up to SAID_MAX */
    size_t dropped; /* bytes of it over that */
    bool taken;     /* its body goes into the file */
    bool other;     /* it is not what was asked to be gone on with */
    bool too_long, stopped;
    int full; /* why it could not be written, an errno; 0: it could */
} Answer;

typedef struct Download {
    const KaggleOptions *options;
    CURL *curl;
    char *part, *tag_file; /* what is there; the ETag of what it is a part of */
    int fd;                /* of `part` */
    char *etag;            /* NULL: what is there cannot be gone on with */
    uint64_t have, total;  /* bytes; total is 0 where it is not known */
    Answer answer;
    char message[CURL_ERROR_SIZE];
} Download;

/* What becomes of one try. */
typedef enum Outcome { DONE, AGAIN, FAILED } Outcome;

/* Errors: a server may say again what it was told. */

static char *clean(const Download *d, Str text) {
    const KaggleKey *key = &d->options->key;
    g_autofree char *pair = g_strconcat(key->username, ":", key->key, NULL);
    g_autofree char *basic = g_base64_encode((const guchar *)pair, strlen(pair));
    g_autoptr(GString) line = g_string_new_len(text.len ? text.data : "", (gssize)text.len);
    g_string_replace(line, basic, "***", 0);
    g_string_replace(line, key->key, "***", 0);
    return http_one_line((Str){line->str, line->len});
}

static Outcome fail(const Download *d, KaggleError code, GError **error, const char *what) {
    g_autofree char *line = clean(d, str_from(what));
    g_set_error(error, KAGGLE_ERROR, (int)code, "Kaggle, %s: %s", d->options->dataset, line);
    return FAILED;
}

static Outcome fail_file(const Download *d, const char *path, GError **error) {
    g_autofree char *what = g_strdup_printf("%s: %s", path, g_strerror(errno));
    return fail(d, KAGGLE_ERROR_FILE, error, what);
}

/* {"code":403,"message":"..."}, as Kaggle answers. */
static char *message_of(const Download *d) {
    JsonParser *parser = json_parser_new(SAID_MAX);
    JsonValue root, value;
    const char *wrong;
    char *line = NULL;
    const GString *said = d->answer.said;
    if (json_parse(parser, said->str, said->len, &root, &wrong) &&
        json_member(root, "message", &value) && json_type(value) == JSON_STRING)
        line = clean(d, json_get_str(value));
    json_parser_free(parser);
    return line ? line : g_strdup("");
}

static Outcome fail_answered(const Download *d, long status, GError **error) {
    g_autofree char *message = message_of(d);
    const char *hint = "";
    KaggleError code = KAGGLE_ERROR_REFUSED;
    if (status == 401 || status == 403) code = KAGGLE_ERROR_KEY;
    if (status == 401) hint = ": it does not know this user and key";
    if (status == 403) hint = ": it does not let this user have it";
    if (status == 404) hint = ": there is no such data set";
    g_autofree char *what =
        g_strdup_printf("it answered %ld%s%s%s", status, hint, *message ? ": " : "", message);
    return fail(d, code, error, what);
}

/* Addresses */

static bool is_loopback(const char *host) {
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           (g_str_has_prefix(host, "127.") && g_hostname_is_ip_address(host));
}

/* TLS, or this very machine. */
static bool is_safe(const char *url) {
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
    if (!uri || !g_uri_get_host(uri)) return false;
    const char *scheme = g_uri_get_scheme(uri);
    return strcmp(scheme, "https") == 0 ||
           (strcmp(scheme, "http") == 0 && is_loopback(g_uri_get_host(uri)));
}

static bool same_origin(const char *a, const char *b) {
    g_autoptr(GUri) one = g_uri_parse(a, G_URI_FLAGS_SCHEME_NORMALIZE, NULL);
    g_autoptr(GUri) other = g_uri_parse(b, G_URI_FLAGS_SCHEME_NORMALIZE, NULL);
    return one && other && strcmp(g_uri_get_scheme(one), g_uri_get_scheme(other)) == 0 &&
           g_strcmp0(g_uri_get_host(one), g_uri_get_host(other)) == 0 &&
           g_uri_get_port(one) == g_uri_get_port(other);
}

/* Answers */

static void answer_clear(Answer *answer) {
    g_free(answer->etag);
    g_free(answer->range);
    if (answer->said) g_string_free(answer->said, TRUE);
    *answer = (Answer){0};
}

/* The header's value when it is of that name; the caller frees it. */
static char *value_of(const char *line, size_t len, const char *name) {
    const size_t name_len = strlen(name);
    if (len <= name_len || g_ascii_strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
        return NULL;
    g_autofree char *value = g_strndup(line + name_len + 1, len - name_len - 1);
    return strlen(value) > ETAG_MAX ? NULL : g_strdup(g_strstrip(value));
}

static size_t take_header(char *line, size_t size, size_t count, void *user) {
    Answer *answer = &((Download *)user)->answer;
    const size_t len = size * count;
    char *value;
    if ((value = value_of(line, len, "ETag")) != NULL) {
        g_free(answer->etag);
        answer->etag = value;
    } else if ((value = value_of(line, len, "Content-Range")) != NULL) {
        g_free(answer->range);
        answer->range = value;
    } else if ((value = value_of(line, len, "Retry-After")) != NULL) {
        answer->wait = g_ascii_strtoull(value, NULL, 10);
        g_free(value);
    }
    return len;
}

/* "bytes 5-9/10", or "bytes * /10" of what has no more: *from is then the total. */
static bool read_range(const char *text, uint64_t *from, uint64_t *total) {
    char *end;
    if (!text || !g_str_has_prefix(text, "bytes ")) return false;
    const char *slash = strchr(text, '/');
    if (!slash || !g_ascii_isdigit(slash[1])) return false;
    *total = g_ascii_strtoull(slash + 1, &end, 10);
    if (*end) return false;
    text += strlen("bytes ");
    *from = *text == '*' ? *total : g_ascii_strtoull(text, NULL, 10);
    return *text == '*' || g_ascii_isdigit(*text);
}

/* Whether the answer has the rest of what is there: the same archive, from where that ends. */
static bool goes_on(const Download *d) {
    uint64_t from, total;
    return d->have > 0 && d->etag && g_strcmp0(d->answer.etag, d->etag) == 0 &&
           read_range(d->answer.range, &from, &total) && from == d->have && from < total &&
           (d->total == 0 || total == d->total);
}

/* Of a part that cannot be told from another's, nothing is gone on with: weak ETags do not count
 * (RFC 9110, 13.1.5). */
static bool begin_anew(Download *d) {
    const char *etag = d->answer.etag;
    g_clear_pointer(&d->etag, g_free);
    if (unlink(d->tag_file) != 0 && errno != ENOENT) return false;
    if (ftruncate(d->fd, 0) != 0) return false;
    d->have = 0;
    if (!etag || *etag != '"') return true;
    d->etag = g_strdup(etag);
    return g_file_set_contents_full(d->tag_file, etag, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                                    NULL);
}

/* At the first byte of a body: whether, and where, it goes into the file. */
static bool begin_body(Download *d, long status) {
    Answer *answer = &d->answer;
    curl_off_t length = -1;
    uint64_t from;
    answer->taken = true;
    if (status == 206) {
        answer->other = !goes_on(d);
        return !answer->other && read_range(answer->range, &from, &d->total);
    }
    curl_easy_getinfo(d->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    d->total = length > 0 ? (uint64_t)length : 0;
    if (!begin_anew(d)) answer->full = errno ? errno : EIO;
    return !answer->full;
}

static bool write_piece(Download *d, const char *data, size_t len) {
    d->answer.too_long = d->total > KAGGLE_ARCHIVE_MAX || len > KAGGLE_ARCHIVE_MAX - d->have;
    if (d->answer.too_long) return false;
    while (len > 0) {
        const ssize_t written = pwrite(d->fd, data, len, (off_t)d->have);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            d->answer.full = errno;
            return false;
        }
        data += written;
        len -= (size_t)written;
        d->have += (uint64_t)written;
    }
    return true;
}

static size_t take_body(char *data, size_t size, size_t count, void *user) {
    Download *d = user;
    const size_t len = size * count;
    long status = 0;
    curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 && status != 206) {
        const size_t room = SAID_MAX - d->answer.said->len;
        g_string_append_len(d->answer.said, data, (gssize)MIN(len, room));
        d->answer.dropped += len - MIN(len, room);
        return d->answer.dropped < DROPPED_MAX ? len : 0;
    }
    if (!d->answer.taken && !begin_body(d, status)) return 0;
    return write_piece(d, data, len) ? len : 0;
}

static int keep_transfer(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                         curl_off_t up) {
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    Download *d = user;
    const KaggleOptions *o = d->options;
    d->answer.stopped = o->go_on && !o->go_on(o->data, d->have, d->total);
    return d->answer.stopped;
}

/* Tries */

/* The key is for Kaggle alone: where it redirects to gets none. */
static void set_up(Download *d, const char *url) {
    const KaggleOptions *o = d->options;
    CURL *curl = d->curl;
    curl_easy_reset(curl);
    http_set_up(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "haechi/" HAECHI_VERSION);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)KAGGLE_CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)KAGGLE_SILENT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, d->message);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, d);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, d);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, keep_transfer);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, d);
    if (o->ca_file) curl_easy_setopt(curl, CURLOPT_CAINFO, o->ca_file);
    if (!same_origin(url, o->url)) return;
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(curl, CURLOPT_USERNAME, o->key.username);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, o->key.key);
}

/* Asks for what is missing, if it is still of the same archive. The caller frees the list. */
static struct curl_slist *range_headers(const Download *d) {
    if (d->have == 0 || !d->etag) return NULL;
    g_autofree char *range = g_strdup_printf("Range: bytes=%" G_GUINT64_FORMAT "-", d->have);
    g_autofree char *condition = g_strconcat("If-Range: ", d->etag, NULL);
    return curl_slist_append(curl_slist_append(NULL, range), condition);
}

static CURLcode ask(Download *d, const char *url, long *status) {
    struct curl_slist *headers = range_headers(d);
    answer_clear(&d->answer);
    d->answer.said = g_string_new(NULL);
    d->message[0] = '\0';
    set_up(d, url);
    curl_easy_setopt(d->curl, CURLOPT_HTTPHEADER, headers);
    const CURLcode code = curl_easy_perform(d->curl);
    curl_slist_free_all(headers);
    curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, status);
    return code;
}

static void note(const Download *d, const char *line) {
    if (d->options->note) d->options->note(d->options->data, line);
}

/* What is there is of no use: it is asked for from its beginning. */
static Outcome start_over(Download *d, GError **error) {
    note(d,
         "the archive is another one than before, or cannot be gone on with: from the beginning");
    g_clear_pointer(&d->answer.etag, g_free);
    return begin_anew(d) ? AGAIN : fail_file(d, d->part, error);
}

static Outcome judge_code(Download *d, CURLcode code, GError **error) {
    const Answer *answer = &d->answer;
    const char *what = *d->message ? d->message : curl_easy_strerror(code);
    if (answer->stopped) return fail(d, KAGGLE_ERROR_STOPPED, error, "stopped");
    if (answer->other) return start_over(d, error);
    if (answer->too_long) return fail(d, KAGGLE_ERROR_REFUSED, error, "the archive is too large");
    if (answer->full) {
        errno = answer->full;
        return fail_file(d, d->part, error);
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
        code == CURLE_SSL_CONNECT_ERROR || code == CURLE_UNSUPPORTED_PROTOCOL ||
        code == CURLE_URL_MALFORMAT)
        return fail(d, KAGGLE_ERROR_REFUSED, error, what);
    return fail(d, KAGGLE_ERROR_AWAY, error, what), AGAIN;
}

/* What is asked for begins behind the end: there may be no more of it. */
static Outcome judge_range(Download *d, GError **error) {
    uint64_t from, total;
    const bool same = !d->answer.etag || g_strcmp0(d->answer.etag, d->etag) == 0;
    if (d->have > 0 && same && read_range(d->answer.range, &from, &total) && total == d->have)
        return DONE;
    return d->have > 0 ? start_over(d, error) : fail_answered(d, 416, error);
}

static Outcome judge(Download *d, long status, GError **error) {
    if (status == 200 || status == 206) {
        if (!d->answer.taken) return fail(d, KAGGLE_ERROR_REFUSED, error, "the archive is empty");
        if (d->total == 0 || d->have == d->total) return DONE;
        return fail(d, KAGGLE_ERROR_AWAY, error, "the archive was cut off"), AGAIN;
    }
    if (status == 416) return judge_range(d, error);
    if (status == 408 || status == 429 || status >= 500)
        return fail_answered(d, status, error), AGAIN;
    return fail_answered(d, status, error);
}

/* One try, from Kaggle to wherever it redirects. AGAIN with *error: why, if it is the last. */
static Outcome try_once(Download *d, GError **error) {
    g_autofree char *url =
        g_strconcat(d->options->url, "/datasets/download/", d->options->dataset, NULL);
    for (int redirects = 0; redirects <= KAGGLE_REDIRECTS_MAX; redirects++) {
        long status = 0;
        char *next = NULL;
        const CURLcode code = ask(d, url, &status);
        if (code != CURLE_OK) return judge_code(d, code, error);
        curl_easy_getinfo(d->curl, CURLINFO_REDIRECT_URL, &next);
        if (status / 100 != 3 || !next) return judge(d, status, error);
        if (!is_safe(next) ||
            (g_str_has_prefix(url, "https:") && !g_str_has_prefix(next, "https:")))
            return fail(d, KAGGLE_ERROR_REFUSED, error, "it redirects to an address without TLS");
        g_free(url);
        url = g_strdup(next);
    }
    return fail(d, KAGGLE_ERROR_REFUSED, error, "it redirects too often");
}

/* Waits so long; false when it was stopped meanwhile. */
static bool pause_for(Download *d, uint64_t seconds) {
    const int64_t until = g_get_monotonic_time() + (int64_t)seconds * G_USEC_PER_SEC;
    while (g_get_monotonic_time() < until) {
        if (keep_transfer(d, 0, 0, 0, 0)) return false;
        g_usleep(LOOK_US);
    }
    return true;
}

/* 1, 2, 4, ... seconds, or as long as the server says, if that is not too long. */
static uint64_t wait_before(const Download *d, unsigned fruitless) {
    const uint64_t usual = UINT64_C(1) << MIN(fruitless, 5u);
    return MIN(MAX(d->answer.wait, d->answer.wait ? 1 : usual), (uint64_t)KAGGLE_WAIT_SECONDS);
}

static bool run(Download *d, GError **error) {
    for (unsigned fruitless = 0;;) {
        const uint64_t before = d->have;
        g_autoptr(GError) why = NULL;
        const Outcome outcome = try_once(d, &why);
        if (outcome == DONE) return true;
        fruitless = d->have > before ? 0 : fruitless + 1;
        if (outcome == FAILED || fruitless >= KAGGLE_TRIES_MAX) {
            if (!why) fail(d, KAGGLE_ERROR_AWAY, &why, "the archive is another one each time");
            g_propagate_error(error, g_steal_pointer(&why));
            return false;
        }
        if (!why) continue; /* from the beginning */
        const uint64_t seconds = wait_before(d, fruitless);
        g_autofree char *line =
            g_strdup_printf("%s; trying again in %" G_GUINT64_FORMAT " s", why->message, seconds);
        note(d, line);
        if (!pause_for(d, seconds)) return fail(d, KAGGLE_ERROR_STOPPED, error, "stopped") == DONE;
    }
}

/* What a download before has left. */
static bool open_part(Download *d, GError **error) {
    struct stat st;
    d->fd = open(d->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (d->fd < 0 || fstat(d->fd, &st) != 0) return fail_file(d, d->part, error) == DONE;
    g_autofree char *tag = NULL;
    if (g_file_get_contents(d->tag_file, &tag, NULL, NULL) && *tag == '"' &&
        strlen(tag) <= ETAG_MAX && !strpbrk(tag, "\r\n")) {
        d->etag = g_steal_pointer(&tag);
        d->have = (uint64_t)st.st_size;
    }
    return true;
}

static bool keep(const Download *d, const char *path, GError **error) {
    if (fsync(d->fd) != 0 || rename(d->part, path) != 0) return fail_file(d, path, error) == DONE;
    unlink(d->tag_file);
    return true;
}

static bool check_options(const Download *d, GError **error) {
    if (is_safe(d->options->url)) return true;
    return fail(d, KAGGLE_ERROR_REFUSED, error,
                "its address is not https (http is for this machine alone)") == DONE;
}

bool kaggle_download(const KaggleOptions *options, const char *path, GError **error) {
    Download d = {.options = options, .fd = -1};
    d.part = g_strconcat(path, ".part", NULL);
    d.tag_file = g_strconcat(path, ".part.etag", NULL);
    d.curl = curl_easy_init();
    g_assert(d.curl);
    const bool good =
        check_options(&d, error) && open_part(&d, error) && run(&d, error) && keep(&d, path, error);
    if (d.fd >= 0) close(d.fd);
    curl_easy_cleanup(d.curl);
    answer_clear(&d.answer);
    g_free(d.etag);
    g_free(d.part);
    g_free(d.tag_file);
    return good;
}
