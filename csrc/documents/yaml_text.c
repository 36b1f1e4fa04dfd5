/* Bytes of YAML: classes, output, and what stands between things. */
#include "documents/yaml_text.h"

#include <string.h>

/* Made of the characters that yaml.h names with each bit; text stops at control characters, quotes,
 * backslashes and what is not ASCII. */
/* clang-format off */
const uint8_t pkc_yaml_class[256] = {
     3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,
     3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,
     0, 16,  3, 17,  0, 16, 16,  0,  0,  0, 16, 36, 16, 52, 36,  0,
    36, 36, 36, 36, 36, 36, 36, 36, 36, 36, 17,  0,  0,  0, 16, 16,
    16,  4,  4,  4,  4,  4, 12,  0,  0,  0,  0,  0,  0,  0,  8, 12,
     0,  0,  0,  0,  8,  0,  0,  0,  4,  8,  0, 16,  3, 16,  0,  4,
    16,  4,  4,  4,  4,  4, 12,  0,  0,  0,  0,  0,  0,  0,  8, 12,
     0,  0,  0,  0,  8,  0,  0,  0,  4,  8,  0, 16, 16, 16,  8,  3,
     3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,
     3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,
     3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,
     3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,
     3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,
     3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,
     3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,
     3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,
};
/* clang-format on */

/* Bytes of a character that is not ASCII and that YAML prints as it is; 0 of any other: the C1
 * controls, the line breaks NEL, LS and PS, surrogates, the byte order mark, what is no UTF-8. */
static int character_size(const uint8_t *at, const uint8_t *end) {
    int64_t left = end - at;
    uint8_t lead = at[0];
    if (lead >= 0xc2 && lead <= 0xdf && left >= 2 && (at[1] & 0xc0) == 0x80) {
        return lead == 0xc2 && at[1] < 0xa0 ? 0 : 2;
    }
    if ((lead & 0xf0) == 0xe0 && left >= 3 && (at[1] & 0xc0) == 0x80 && (at[2] & 0xc0) == 0x80) {
        uint32_t code = (lead & 0x0fu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
        bool odd = code < 0x800 || (code >= 0xd800 && code < 0xe000) || code == 0x2028 ||
                   code == 0x2029 || code == 0xfeff || code >= 0xfffe;
        return odd ? 0 : 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4 && left >= 4 && (at[1] & 0xc0) == 0x80 &&
        (at[2] & 0xc0) == 0x80 && (at[3] & 0xc0) == 0x80) {
        uint32_t high = (lead & 0x07u) << 6 | (at[1] & 0x3fu); /* the code above its low 12 bits */
        return high < 0x10 || high > 0x10f ? 0 : 4;
    }
    return 0;
}

int pkc_yaml_put_text(yaml_state *yaml, const char *data, int64_t size) {
    const char *end = data + size;
    while (data < end) {
        const char *start = data;
        while (data < end && !pkc_yaml_is(*data, YAML_TEXT_STOP)) {
            data++;
        }
        int status = pkc_yaml_put(yaml, start, data - start);
        if (status < 0 || data == end) {
            return status;
        }
        char escaped[2] = {'\\', *data == '\t' ? 't' : *data};
        int taken = 1;
        if (*data == '"' || *data == '\\' || *data == '\t') {
            status = pkc_yaml_put(yaml, escaped, 2);
        } else {
            taken = character_size((const uint8_t *)data, (const uint8_t *)end);
            status = taken == 0 ? PKC_ERR_INVALID : pkc_yaml_put(yaml, data, taken);
        }
        if (status < 0) {
            return status;
        }
        data += taken;
    }
    return PKC_OK;
}

/* Whether a line ends the document, as Kubernetes' reader ends it: whatever follows "---". */
static bool is_marker(const yaml_state *yaml, const char *line, const char *marker) {
    return yaml->end - line >= 3 && memcmp(line, marker, 3) == 0;
}

/* In a comment, too, every character must be one that YAML has. */
static int skip_comment(yaml_state *yaml) {
    while (yaml->at < yaml->end && *yaml->at != '\n') {
        uint8_t byte = (uint8_t)*yaml->at;
        bool ascii = (byte >= ' ' && byte < 0x7f) || byte == '\t';
        const uint8_t *at = (const uint8_t *)yaml->at;
        int size = ascii ? 1 : character_size(at, (const uint8_t *)yaml->end);
        if (size == 0) {
            return PKC_ERR_INVALID;
        }
        yaml->at += size;
    }
    return PKC_OK;
}

int pkc_yaml_end_line(yaml_state *yaml) {
    const char *start = yaml->at;
    while (yaml->at < yaml->end && *yaml->at == ' ') {
        yaml->at++;
    }
    if (pkc_yaml_is_end(yaml) || *yaml->at == '\n') {
        return PKC_OK;
    }
    return *yaml->at == '#' && yaml->at > start ? skip_comment(yaml) : PKC_ERR_INVALID;
}

int pkc_yaml_skip_lines(yaml_state *yaml) {
    for (;;) {
        while (yaml->at < yaml->end && *yaml->at == ' ') {
            yaml->at++;
        }
        if (pkc_yaml_is_end(yaml)) {
            return PKC_OK;
        }
        if (*yaml->at == '\n') {
            yaml->at++;
            yaml->line = yaml->at;
        } else if (*yaml->at == '#') {
            int status = skip_comment(yaml);
            if (status < 0) {
                return status;
            }
        } else {
            bool first = yaml->at == yaml->line;
            if (first && is_marker(yaml, yaml->at, "---")) {
                yaml->end = yaml->at;
                return PKC_OK;
            }
            bool bad = *yaml->at == '\t' || *yaml->at == '\r' ||
                       (first && (*yaml->at == '%' || is_marker(yaml, yaml->at, "...")));
            return bad ? PKC_ERR_INVALID : PKC_OK;
        }
    }
}
