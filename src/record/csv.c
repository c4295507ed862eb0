#include "record/csv.h"

#include <assert.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { BLOCK = 64 };

struct CsvParser {
    uint32_t column_count;
    Column column_at[CSV_COLUMNS_MAX]; /* COLUMN_COUNT for those to pass over */
    uint32_t
        start[CSV_COLUMNS_MAX + 1]; /* of each field in the row; the last is past its end + 1 */
    Str columns[COLUMN_COUNT];
    char *scratch; /* the one of these two that this row uses, so that the last row lives on */
    char unescaped[2][CSV_ROW_MAX]; /* fields with doubled quotes, made single */
};

G_DEFINE_QUARK(haechi - csv - error, csv_error)

/* What 64 bytes hold, a bit each. */
typedef struct Block {
    uint64_t commas, quotes;
    uint64_t odd; /* neither printable nor ASCII */
} Block;

#ifdef __SSE2__
static inline Block classify(const char bytes[BLOCK]) {
    const __m128i comma = _mm_set1_epi8(','), quote = _mm_set1_epi8('"');
    const __m128i space = _mm_set1_epi8(0x20), delete = _mm_set1_epi8(0x7f);
    Block block = {0};
    for (unsigned i = 0; i < BLOCK; i += 16) {
        const __m128i chunk = _mm_loadu_si128((const __m128i *)(const void *)(bytes + i));
        /* Bytes from 0x80 are negative here, and so below the space as well. */
        const __m128i odd =
            _mm_or_si128(_mm_cmplt_epi8(chunk, space), _mm_cmpeq_epi8(chunk, delete));
        block.commas |= (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(chunk, comma)) << i;
        block.quotes |= (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(chunk, quote)) << i;
        block.odd |= (uint64_t)_mm_movemask_epi8(odd) << i;
    }
    return block;
}
#else
static inline Block classify(const char bytes[BLOCK]) {
    Block block = {0};
    for (unsigned i = 0; i < BLOCK; i++) {
        const unsigned char c = (unsigned char)bytes[i];
        block.commas |= (uint64_t)(c == ',') << i;
        block.quotes |= (uint64_t)(c == '"') << i;
        block.odd |= (uint64_t)(c < 0x20 || c >= 0x7f) << i;
    }
    return block;
}
#endif

/* Each bit becomes the parity of itself and all below: set from an opening quote up to its closing
 * one. */
static inline uint64_t prefix_parity(uint64_t bits) {
    for (unsigned shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

/* What a row was found to be made of. */
typedef struct Split {
    uint32_t fields, quotes;
    bool odd, open_quote;
} Split;

/* Notes where each field starts, for as many as there is room for; counts them all. */
static Split split_row(uint32_t *start, uint32_t room, Str row) {
    Split split = {.fields = 1};
    uint64_t inside = 0, odd = 0; /* inside: all ones within quotes */
    start[0] = 0;
    for (size_t at = 0; at < row.len; at += BLOCK) {
        char last[BLOCK];
        const char *bytes = row.data + at;
        if (row.len - at < BLOCK) {
            memset(last, ' ', sizeof last);
            memcpy(last, bytes, row.len - at);
            bytes = last;
        }
        const Block block = classify(bytes);
        odd |= block.odd;
        uint64_t separators = block.commas;
        if (block.quotes | inside) {
            inside ^= prefix_parity(block.quotes);
            separators &= ~inside;
            inside = (uint64_t) - (int64_t)(inside >> 63);
            split.quotes += (uint32_t)__builtin_popcountll(block.quotes);
        }
        for (; separators; separators &= separators - 1, split.fields++)
            if (split.fields < room)
                start[split.fields] = (uint32_t)at + (uint32_t)__builtin_ctzll(separators) + 1;
    }
    if (split.fields < room) start[split.fields] = (uint32_t)row.len + 1;
    split.odd = odd != 0;
    split.open_quote = inside != 0;
    return split;
}

/* Takes the quotes off a field that starts with one. Doubled quotes are made single in *scratch,
 * which moves on. *quotes grows by those that belong where they are. False when one does not. */
static bool unquote(Str *field, char **scratch, uint32_t *quotes) {
    if (field->len < 2 || field->data[field->len - 1] != '"') return false;
    const Str inner = {field->data + 1, field->len - 2};
    *quotes += 2;
    *field = inner;
    if (inner.len == 0 || !memchr(inner.data, '"', inner.len)) return true;
    char *out = *scratch;
    for (size_t i = 0; i < inner.len; i++) {
        *out++ = inner.data[i];
        if (inner.data[i] != '"') continue;
        if (++i == inner.len || inner.data[i] != '"') return false;
        *quotes += 2;
    }
    *field = (Str){*scratch, (size_t)(out - *scratch)};
    *scratch = out;
    return true;
}

static inline Str field_at(const CsvParser *parser, Str row, uint32_t i) {
    return (Str){row.data + parser->start[i], parser->start[i + 1] - parser->start[i] - 1};
}

static void take_plain_fields(CsvParser *parser, Str row) {
    for (uint32_t i = 0; i < parser->column_count; i++)
        if (parser->column_at[i] != COLUMN_COUNT)
            parser->columns[parser->column_at[i]] = field_at(parser, row, i);
}

/* The same for a row with quotes in it; false when one stands where it may not. */
static bool take_quoted_fields(CsvParser *parser, Str row, uint32_t quotes) {
    char *scratch = parser->scratch =
        parser->unescaped[parser->scratch == parser->unescaped[0] ? 1 : 0];
    uint32_t explained = 0;
    for (uint32_t i = 0; i < parser->column_count; i++) {
        Str field = field_at(parser, row, i);
        if (field.len && *field.data == '"' && !unquote(&field, &scratch, &explained)) return false;
        if (parser->column_at[i] != COLUMN_COUNT) parser->columns[parser->column_at[i]] = field;
    }
    return explained == quotes;
}

static bool refuse_count(const CsvParser *parser, uint32_t found, Reject *reject) {
    char value[64];
    g_snprintf(value, sizeof value, "%u fields, not %u", found, parser->column_count);
    reject_set(reject, "", "wrong number of fields", str_from(value));
    return false;
}

static bool refuse_row(const char *reason, Reject *reject) {
    reject_set(reject, "", reason, STR(""));
    return false;
}

bool csv_parse(CsvParser *parser, Str row, Transaction *out, Reject *reject) {
    if (row.len && row.data[row.len - 1] == '\r') row.len--;
    if (row.len > CSV_ROW_MAX) return refuse_row("row longer than 64 KiB", reject);
    const Split split = split_row(parser->start, parser->column_count + 1, row);
    if (split.odd && memchr(row.data, 0, row.len)) return refuse_row("NUL byte", reject);
    if (split.open_quote) return refuse_row("quote not closed on its line", reject);
    if (split.fields != parser->column_count) return refuse_count(parser, split.fields, reject);
    if (split.quotes == 0)
        take_plain_fields(parser, row);
    else if (!take_quoted_fields(parser, row, split.quotes))
        return refuse_row("quote inside an unquoted field", reject);
    return transaction_from_columns(parser->columns, !split.odd, out, reject);
}

bool csv_has_column(const CsvParser *parser, Column column) {
    for (uint32_t i = 0; i < parser->column_count; i++)
        if (parser->column_at[i] == column) return true;
    return false;
}

Str csv_column(const CsvParser *parser, Column column) {
    assert(column < COLUMN_COUNT);
    return parser->columns[column];
}

/* Gives each field of the header its column. */
static bool map_columns(CsvParser *parser, Str header, GError **error) {
    char *scratch = parser->unescaped[0];
    for (uint32_t i = 0; i < parser->column_count; i++) {
        uint32_t quotes = 0;
        Str name = field_at(parser, header, i);
        if (name.len && *name.data == '"' && !unquote(&name, &scratch, &quotes)) name.len = 0;
        parser->column_at[i] = column_find(name);
        for (uint32_t before = 0; before < i; before++)
            if (parser->column_at[i] != COLUMN_COUNT &&
                parser->column_at[before] == parser->column_at[i]) {
                g_set_error(error, CSV_ERROR, CSV_ERROR_HEADER, "the header names column %s twice",
                            column_name(parser->column_at[i]));
                return false;
            }
    }
    return true;
}

static bool check_required(const CsvParser *parser, GError **error) {
    static const Column required[] = {COLUMN_TRANS_NUM, COLUMN_CARD, COLUMN_MERCHANT,
                                      COLUMN_AMOUNT};
    for (size_t i = 0; i < G_N_ELEMENTS(required); i++)
        if (!csv_has_column(parser, required[i])) {
            g_set_error(error, CSV_ERROR, CSV_ERROR_HEADER, "the header has no column %s",
                        column_name(required[i]));
            return false;
        }
    if (csv_has_column(parser, COLUMN_TIME) || csv_has_column(parser, COLUMN_UNIX_TIME))
        return true;
    g_set_error(error, CSV_ERROR, CSV_ERROR_HEADER,
                "the header has neither column trans_date_trans_time nor unix_time");
    return false;
}

static bool read_header(CsvParser *parser, Str header, GError **error) {
    if (header.len && header.data[header.len - 1] == '\r') header.len--;
    if (header.len >= 3 && memcmp(header.data, "\xef\xbb\xbf", 3) == 0)
        header = (Str){header.data + 3, header.len - 3};
    if (header.len > CSV_ROW_MAX) {
        g_set_error(error, CSV_ERROR, CSV_ERROR_HEADER, "the header is longer than 64 KiB");
        return false;
    }
    const Split split = split_row(parser->start, CSV_COLUMNS_MAX + 1, header);
    if (split.fields > CSV_COLUMNS_MAX) {
        g_set_error(error, CSV_ERROR, CSV_ERROR_HEADER, "the header has over %d columns",
                    CSV_COLUMNS_MAX);
        return false;
    }
    parser->column_count = split.fields;
    return map_columns(parser, header, error) && check_required(parser, error);
}

CsvParser *csv_parser_new(Str header, GError **error) {
    CsvParser *parser = g_new0(CsvParser, 1);
    if (read_header(parser, header, error)) return parser;
    csv_parser_free(parser);
    return NULL;
}

void csv_parser_free(CsvParser *parser) {
    g_free(parser);
}
