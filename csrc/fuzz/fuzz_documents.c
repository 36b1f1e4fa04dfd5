/* Any text as YAML, and as JSON: the output stays within its room, is the same each time, and
 * ends where the next call begins. */
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "pkc.h"

enum { ROOM = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t write_json(const char *text, int64_t size, char *out, int64_t room,
                          int64_t *end_out) {
    int64_t written = pkc_yaml_write_json(text, size, out, room, end_out);
    PKC_CHECK(written <= room);
    PKC_CHECK(written < 0 || (*end_out >= 0 && *end_out <= size));
    return written;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    /* A copy of just its size, so that a read beyond it is seen. */
    char *text = malloc(size + 1);
    char *first = malloc(ROOM);
    char *again = malloc(ROOM);
    PKC_CHECK(text != NULL && first != NULL && again != NULL);
    memcpy(text, data, size);
    text[size] = '\n'; /* as documents end */
    int64_t whole = (int64_t)size + 1;
    int64_t end;
    int64_t written = write_json(text, whole, first, ROOM, &end);
    if (written >= 0) {
        int64_t same_end;
        PKC_CHECK(write_json(text, whole, again, ROOM, &same_end) == written);
        PKC_CHECK(same_end == end && memcmp(first, again, (size_t)written) == 0);
        for (int64_t room = 0; room < written; room += 1 + written / 8) {
            PKC_CHECK(write_json(text, whole, again, room, &same_end) < 0);
        }
        if (written > 0 && (first[0] == '{' || first[0] == '[')) {
            PKC_CHECK(pkc_json_end(first, written, 0) == written);
        }
    }
    int64_t json_end = pkc_json_end(text, whole, 0);
    PKC_CHECK(json_end < 0 || json_end <= whole + 1);
    free(text);
    free(first);
    free(again);
    return 0;
}
