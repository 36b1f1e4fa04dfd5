/* Where a JSON value ends, and where marks stand in a text. */
#include <string.h>

#include "pkc.h"

/* Behind the string that begins at `at`, or end + 1 when it is not whole. */
static const char *string_end(const char *at, const char *end) {
    for (at++; at < end && *at != '"'; at++) {
        at += *at == '\\';
    }
    return at < end ? at + 1 : end + 1;
}

int64_t pkc_json_end(const char *text, int64_t size, int64_t start) {
    if (start < 0 || start >= size || (text[start] != '{' && text[start] != '[')) {
        return PKC_ERR_INVALID;
    }
    const char *end = text + size;
    int64_t depth = 0;
    for (const char *at = text + start; at < end;) {
        switch (*at) {
        case '"': at = string_end(at, end); continue;
        case '{':
        case '[': depth++; break;
        case '}':
        case ']': depth--; break;
        default: break;
        }
        at++;
        if (depth == 0) {
            return at - text;
        }
    }
    return size + 1;
}

int64_t pkc_text_find_all(const char *text, int64_t start, int64_t end, const char *mark,
                          int64_t mark_size, int64_t *at_out) {
    int64_t count = 0;
    while (end - start >= mark_size) {
        const char *found = memmem(text + start, (size_t)(end - start), mark, (size_t)mark_size);
        if (found == NULL) {
            break;
        }
        at_out[count++] = found - text;
        start = found - text + mark_size;
    }
    return count;
}
