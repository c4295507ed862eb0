/* A JSON text is refused, or it yields a transaction or label that reads back the same after being
 * written. */
#include "record/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_read(const Transaction *transaction) {
    GString *text = g_string_new(NULL);
    transaction_write_json(text, transaction, CARD_FULL, true);
    JsonParser *parser = json_parser_new(1 << 16);
    JsonValue root;
    const char *message;
    JsonScratch scratch;
    Transaction back;
    Reject reject;
    g_assert_true(json_parse(parser, text->str, text->len, &root, &message));
    g_assert_true(transaction_from_json(root, &scratch, &back, &reject));
    g_assert_cmpint(back.amount, ==, transaction->amount);
    g_assert_cmpuint(back.card, ==, transaction->card);
    json_parser_free(parser);
    g_string_free(text, TRUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    JsonParser *parser = json_parser_new(1 << 16);
    JsonValue root;
    const char *message;
    if (json_parse(parser, (const char *)data, size, &root, &message)) {
        JsonScratch scratch;
        Transaction transaction;
        Label label;
        Reject reject;
        if (transaction_from_json(root, &scratch, &transaction, &reject))
            write_and_read(&transaction);
        (void)label_from_json(root, &scratch, &label, &reject);
    }
    json_parser_free(parser);
    return 0;
}
