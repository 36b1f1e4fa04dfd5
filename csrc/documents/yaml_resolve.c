/* The meaning of a plain scalar of YAML in sigs.k8s.io/yaml v1.6, over go.yaml.in/yaml/v2. */
#include "documents/yaml_resolve.h"

#include <string.h>

#include "documents/yaml_text.h"

typedef struct {
    char word[6];
    char json[6];
} yaml_word;

/* In order of length. A word in another case is text. */
static const yaml_word WORDS[] = {
    {"y", "true"}, {"Y", "true"}, {"n", "false"}, {"N", "false"}, {"~", "null"}, {"on", "true"},
    {"On", "true"}, {"ON", "true"}, {"no", "false"}, {"No", "false"}, {"NO", "false"},
    {"yes", "true"}, {"Yes", "true"}, {"YES", "true"}, {"off", "false"}, {"Off", "false"},
    {"OFF", "false"}, {"true", "true"}, {"True", "true"}, {"TRUE", "true"}, {"null", "null"},
    {"Null", "null"}, {"NULL", "null"}, {"false", "false"}, {"False", "false"},
    {"FALSE", "false"},
};
enum { WORD_SIZE_MAX = 5, DIGITS_MAX = 15 };
/* The first word of each length, and behind the last. */
static const uint8_t FIRST_WORD[WORD_SIZE_MAX + 2] = {0, 0, 5, 11, 17, 23, 26};
_Static_assert(sizeof WORDS / sizeof WORDS[0] == 26, "FIRST_WORD counts the words");

typedef enum { NUMBER_NONE, NUMBER_INT, NUMBER_ZEROS, NUMBER_DECIMAL, NUMBER_OTHER } number_kind;

static const char *word_json(const char *data, int64_t size) {
    if (size > WORD_SIZE_MAX || !pkc_yaml_is(data[0], YAML_WORD)) {
        return NULL;
    }
    for (int i = FIRST_WORD[size]; i < FIRST_WORD[size + 1]; i++) {
        const char *word = WORDS[i].word;
        if (word[0] == data[0] && word[size - 1] == data[size - 1] &&
            memcmp(word, data, (size_t)size) == 0) {
            return WORDS[i].json;
        }
    }
    return NULL;
}

static int64_t digits(const char *data, int64_t at, int64_t size) {
    while (at < size && data[at] >= '0' && data[at] <= '9') {
        at++;
    }
    return at;
}

/* Only numbers whose JSON is plain to see are told; NUMBER_OTHER is what might be one. */
static number_kind number_of(const char *data, int64_t size) {
    for (int64_t i = 0; i < size; i++) {
        if (!pkc_yaml_is(data[i], YAML_NUMBER)) {
            return NUMBER_NONE;
        }
    }
    int64_t start = data[0] == '-' || data[0] == '+';
    int64_t whole = digits(data, start, size);
    if (whole == size && whole > start) {
        if (data[0] == '+' || whole - start > DIGITS_MAX) {
            return NUMBER_OTHER;
        }
        if (data[start] != '0' || size == 1) {
            return NUMBER_INT;
        }
        return start == 0 ? NUMBER_ZEROS : NUMBER_OTHER;
    }
    if (memchr(data, '_', (size_t)size) != NULL) {
        return NUMBER_OTHER;
    }
    if (whole == size || whole == start) { /* a sign alone, or no digit before the rest */
        return whole < size && data[whole] == '.' ? NUMBER_OTHER : NUMBER_NONE;
    }
    if (data[whole] == '.') {
        int64_t rest = digits(data, whole + 1, size);
        bool plain = data[start] != '0' || whole == start + 1;
        if (rest == size && rest > whole + 1) {
            return plain && data[0] != '+' && rest - start <= DIGITS_MAX ? NUMBER_DECIMAL
                                                                         : NUMBER_OTHER;
        }
        whole = rest;
    }
    if (whole < size && (data[whole] == 'e' || data[whole] == 'E')) {
        int64_t sign = whole + 1;
        sign += sign < size && (data[sign] == '-' || data[sign] == '+');
        return digits(data, sign, size) == size ? NUMBER_OTHER : NUMBER_NONE;
    }
    bool based = whole == start + 1 && data[start] == '0' && whole < size &&
                 strchr("xXoObB", data[whole]) != NULL &&
                 memchr(data + 1, '-', (size_t)size - 1) == NULL;
    return whole == size || based ? NUMBER_OTHER : NUMBER_NONE; /* "1." and 0x1f */
}

/* A whole number is written as an integer, as Go writes it; "-0.0" keeps its sign elsewhere. */
static int put_decimal(yaml_state *yaml, const char *data, int64_t size) {
    int64_t point = (const char *)memchr(data, '.', (size_t)size) - data;
    int64_t last = size;
    while (data[last - 1] == '0') {
        last--;
    }
    bool zero = data[0] == '-' && point == 2 && data[1] == '0';
    if (zero && last == point + 1) {
        return PKC_ERR_INVALID;
    }
    return pkc_yaml_put(yaml, data, last == point + 1 ? point : last);
}

/* "0644" is octal, and "08", which cannot be, decimal. */
static int put_with_zeros(yaml_state *yaml, const char *data, int64_t size) {
    int64_t value = 0;
    bool octal = memchr(data, '8', (size_t)size) == NULL && memchr(data, '9', (size_t)size) == NULL;
    for (int64_t i = 0; i < size; i++) {
        value = value * (octal ? 8 : 10) + (data[i] - '0');
    }
    char text[24];
    char *at = text + sizeof text;
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return pkc_yaml_put(yaml, at, text + sizeof text - at);
}

static int put_string(yaml_state *yaml, const char *data, int64_t size, bool clean) {
    if (clean) {
        return pkc_yaml_put_quoted(yaml, data, size);
    }
    int status = pkc_yaml_put_byte(yaml, '"');
    status = status < 0 ? status : pkc_yaml_put_text(yaml, data, size);
    return status < 0 ? status : pkc_yaml_put_byte(yaml, '"');
}

int pkc_yaml_put_resolved(yaml_state *yaml, const char *data, int64_t size, bool is_key,
                      bool clean) {
    const char *json = word_json(data, size);
    if (json != NULL) {
        if (is_key && json[0] == 'n') {
            return PKC_ERR_INVALID; /* null is no key */
        }
        return is_key ? put_string(yaml, json, (int64_t)strlen(json), false)
                      : pkc_yaml_put(yaml, json, (int64_t)strlen(json));
    }
    char first = data[0];
    if (is_key && first == '<' && size == 2 && data[1] == '<') {
        return PKC_ERR_INVALID; /* a merge */
    }
    if (pkc_yaml_is(first, YAML_DIGIT)) {
        number_kind kind = number_of(data, size);
        if (kind == NUMBER_OTHER || (first == '.' && size < 5)) {
            return PKC_ERR_INVALID;
        }
        if (kind == NUMBER_INT && !is_key) {
            return pkc_yaml_put(yaml, data, size);
        }
        if (kind == NUMBER_ZEROS && !is_key) {
            return put_with_zeros(yaml, data, size);
        }
        if (kind == NUMBER_DECIMAL || kind == NUMBER_ZEROS) {
            return is_key ? PKC_ERR_INVALID : put_decimal(yaml, data, size);
        }
        if (first == '+' || (first == '-' && memchr(data, '.', (size_t)size) == data + 1)) {
            return PKC_ERR_INVALID; /* "+.inf" */
        }
    }
    return put_string(yaml, data, size, clean);
}
