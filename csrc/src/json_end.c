/* Where a JSON value ends. */
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
