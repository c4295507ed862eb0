/* Whatever a row holds, it is refused or it yields a transaction that obeys the schema: one that
 * its binary form carries there and back. The header is the input's first line. */
#include "record/binary.h"
#include "record/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    const char *feed = size ? memchr(text, '\n', size) : NULL;
    if (!feed) return 0;
    CsvParser *parser = csv_parser_new((Str){text, (size_t)(feed - text)}, NULL);
    if (!parser) return 0;
    Transaction transaction, back;
    Reject reject;
    const Str row = {feed + 1, size - (size_t)(feed + 1 - text)};
    if (csv_parse(parser, row, &transaction, &reject)) {
        GByteArray *bytes = g_byte_array_new();
        transaction_encode(bytes, &transaction);
        g_assert_null(transaction_decode((Str){(char *)bytes->data, bytes->len}, &back));
        g_byte_array_unref(bytes);
    } else {
        g_assert_true(g_utf8_validate(reject.value, -1, NULL));
    }
    csv_parser_free(parser);
    return 0;
}
