/* Bytes are refused, or they yield a record whose own bytes are the same. */
#include "record/binary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const Str bytes = {(const char *)data, size};
    Transaction transaction;
    Label label;
    GByteArray *again = g_byte_array_new();
    if (!transaction_decode(bytes, &transaction))
        transaction_encode(again, &transaction);
    else if (!label_decode(bytes, &label))
        label_encode(again, &label);
    if (again->len) g_assert_cmpmem(again->data, again->len, data, size);
    g_byte_array_unref(again);
    return 0;
}
