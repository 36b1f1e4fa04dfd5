/* Scalars of YAML: plain, quoted and literal text, read and written as JSON. */
#include "documents/yaml_scalar.h"

#include <string.h>

#include "documents/yaml_text.h"
#include "documents/yaml_resolve.h"

static bool is_blank(char byte) { return byte == ' ' || byte == '\t'; }

/* Write the line breaks of a fold: one is a space, more are one less. */
static int put_fold(yaml_state *yaml, int64_t breaks) {
    if (breaks == 1) {
        return pkc_yaml_put_byte(yaml, ' ');
    }
    for (int64_t i = 1; i < breaks; i++) {
        int status = pkc_yaml_put(yaml, "\\n", 2);
        if (status < 0) {
            return status;
        }
    }
    return PKC_OK;
}

/* Pass line breaks and the blanks around them, from a blank or a break on; returns how many breaks.
 * A line that begins as a marker of documents does is an error, told by others: -1. */
static int64_t skip_breaks(yaml_state *yaml) {
    int64_t breaks = 0;
    while (yaml->at < yaml->end && (is_blank(*yaml->at) || *yaml->at == '\n')) {
        if (*yaml->at == '\n') {
            breaks++;
            yaml->line = yaml->at + 1;
        }
        yaml->at++;
    }
    bool odd =
        yaml->at < yaml->end && yaml->at == yaml->line && (*yaml->at == '-' || *yaml->at == '.');
    return odd ? -1 : breaks;
}

/* Write a quoted text's stretch up to a byte that means something, without the blanks that a line
 * break behind them takes away. */
static int put_stretch(yaml_state *yaml, const char *start, bool is_key) {
    const char *stop = yaml->at;
    if (yaml->at < yaml->end && *yaml->at == '\n') {
        if (is_key) {
            return PKC_ERR_INVALID;
        }
        while (stop > start && is_blank(stop[-1])) {
            stop--;
        }
        int64_t breaks = skip_breaks(yaml);
        int status = breaks < 0 ? PKC_ERR_INVALID : pkc_yaml_put_text(yaml, start, stop - start);
        return status < 0 ? status : put_fold(yaml, breaks);
    }
    return pkc_yaml_put_text(yaml, start, stop - start);
}

/* Write the character of \xNN or \uNNNN; surrogates, which YAML refuses, are left to others. */
static int put_code(yaml_state *yaml, int size) {
    char code[7] = "\\u0000";
    if (yaml->end - yaml->at < size) {
        return PKC_ERR_INVALID;
    }
    for (int i = 0; i < size; i++) {
        char digit = yaml->at[i];
        char lower = (char)(digit | 32);
        bool is_hex = (digit >= '0' && digit <= '9') || (lower >= 'a' && lower <= 'f');
        if (!is_hex) {
            return PKC_ERR_INVALID;
        }
        code[6 - size + i] = digit;
    }
    if ((code[2] | 32) == 'd' && code[3] >= '8') {
        return PKC_ERR_INVALID;
    }
    yaml->at += size;
    return pkc_yaml_put(yaml, code, 6);
}

/* Write what an escape stands for; at is behind the backslash. */
static int put_escape(yaml_state *yaml, bool is_key) {
    static const char names[] = "0abtnvfre \"\\N_LP'\t";
    static const char *const codes[] = {
        "\\u0000", "\\u0007", "\\b",     "\\t",     "\\n",     "\\u000b",
        "\\f",     "\\r",     "\\u001b", " ",       "\\\"",    "\\\\",
        "\\u0085", "\\u00a0", "\\u2028", "\\u2029", "'",       "\\t",
    };
    if (pkc_yaml_is_end(yaml)) {
        return PKC_ERR_INVALID;
    }
    char name = *yaml->at++;
    if (name == 'x' || name == 'u') {
        return is_key ? PKC_ERR_INVALID : put_code(yaml, name == 'x' ? 2 : 4);
    }
    if (name == '\n' && !is_key) {
        yaml->at--;
        int64_t breaks = skip_breaks(yaml);
        if (breaks < 0) {
            return PKC_ERR_INVALID;
        }
        for (; breaks > 1; breaks--) {
            int status = pkc_yaml_put(yaml, "\\n", 2);
            if (status < 0) {
                return status;
            }
        }
        return PKC_OK;
    }
    const char *found = name == '\0' ? NULL : strchr(names, name);
    if (found == NULL) {
        return PKC_ERR_INVALID;
    }
    const char *code = codes[found - names];
    /* Keys are compared as they are written, which must be in one way. */
    if (is_key && strlen(code) > 2) {
        return PKC_ERR_INVALID;
    }
    return pkc_yaml_put(yaml, code, (int64_t)strlen(code));
}

int pkc_yaml_write_double_quoted(yaml_state *yaml, bool is_key) {
    int status = pkc_yaml_put_byte(yaml, '"');
    yaml->at++;
    while (status == PKC_OK) {
        const char *start = yaml->at;
        while (yaml->at < yaml->end && *yaml->at != '"' && *yaml->at != '\\' && *yaml->at != '\n') {
            yaml->at++;
        }
        if (pkc_yaml_is_end(yaml)) {
            return PKC_ERR_INVALID;
        }
        status = put_stretch(yaml, start, is_key);
        if (status == PKC_OK && yaml->at < yaml->end && *yaml->at == '"') {
            yaml->at++;
            return pkc_yaml_put_byte(yaml, '"');
        }
        if (status == PKC_OK && yaml->at < yaml->end && *yaml->at == '\\') {
            yaml->at++;
            status = put_escape(yaml, is_key);
        }
    }
    return status;
}

int pkc_yaml_write_single_quoted(yaml_state *yaml, bool is_key) {
    int status = pkc_yaml_put_byte(yaml, '"');
    yaml->at++;
    while (status == PKC_OK) {
        const char *start = yaml->at;
        while (yaml->at < yaml->end && *yaml->at != '\'' && *yaml->at != '\n') {
            yaml->at++;
        }
        if (pkc_yaml_is_end(yaml)) {
            return PKC_ERR_INVALID;
        }
        status = put_stretch(yaml, start, is_key);
        if (status == PKC_OK && yaml->at < yaml->end && *yaml->at == '\'') {
            yaml->at++;
            if (pkc_yaml_is_end(yaml) || *yaml->at != '\'') {
                return pkc_yaml_put_byte(yaml, '"');
            }
            yaml->at++;
            status = pkc_yaml_put_byte(yaml, '\'');
        }
    }
    return status;
}

/* Pass spaces up to a column; a line of nothing else counts as empty. */
static int64_t skip_spaces(yaml_state *yaml, int64_t most) {
    while (yaml->at < yaml->end && *yaml->at == ' ' && pkc_yaml_column(yaml) < most) {
        yaml->at++;
    }
    return pkc_yaml_column(yaml);
}

/* Pass empty lines; returns how many. At is behind the spaces of the next line. */
static int64_t skip_empty(yaml_state *yaml, int64_t indent) {
    int64_t count = 0;
    for (;;) {
        skip_spaces(yaml, indent);
        if (pkc_yaml_is_end(yaml) || *yaml->at != '\n') {
            return count;
        }
        yaml->at++;
        yaml->line = yaml->at;
        count++;
    }
}

static int put_breaks(yaml_state *yaml, int64_t count) {
    int status = PKC_OK;
    for (int64_t i = 0; i < count && status == PKC_OK; i++) {
        status = pkc_yaml_put(yaml, "\\n", 2);
    }
    return status;
}

/* Read "|", "|-", "|+", each perhaps with a digit: chomp_out is 0, '-' or '+'; returns the
 * indentation that the digit says, 0 without one. At is behind the line. */
static int literal_header(yaml_state *yaml, int64_t parent, char *chomp_out) {
    int digit = 0;
    *chomp_out = 0;
    for (yaml->at++; yaml->at < yaml->end && *yaml->at != '\n'; yaml->at++) {
        char byte = *yaml->at;
        if ((byte == '-' || byte == '+') && *chomp_out == 0) {
            *chomp_out = byte;
        } else if (byte >= '1' && byte <= '9' && digit == 0) {
            digit = byte - '0';
        } else {
            return PKC_ERR_INVALID;
        }
    }
    if (pkc_yaml_is_end(yaml)) {
        return PKC_ERR_INVALID;
    }
    yaml->at++;
    yaml->line = yaml->at;
    return digit == 0 ? 0 : digit + (int)(parent < 0 ? 0 : parent);
}

int pkc_yaml_write_literal(yaml_state *yaml, int64_t parent) {
    char chomp;
    int64_t indent = literal_header(yaml, parent, &chomp);
    if (indent < 0) {
        return PKC_ERR_INVALID;
    }
    bool told = indent > 0;
    int status = pkc_yaml_put_byte(yaml, '"');
    int64_t empty = skip_empty(yaml, told ? indent : 0);
    if (!told) {
        indent = skip_spaces(yaml, INT64_MAX);
        /* An empty line of spaces, a tab, or text that is no deeper than what it is in. */
        if (pkc_yaml_is_end(yaml) || *yaml->at == '\n' || *yaml->at == '\t' || indent <= parent ||
            indent < 1) {
            return PKC_ERR_INVALID;
        }
    }
    int64_t pending = empty; /* line breaks before the next text */
    bool any = false;
    while (status == PKC_OK && !pkc_yaml_is_end(yaml) && pkc_yaml_column(yaml) == indent) {
        const char *start = yaml->at;
        const char *stop = memchr(start, '\n', (size_t)(yaml->end - start));
        any = true;
        if (stop == NULL) {
            return PKC_ERR_INVALID;
        }
        status = put_breaks(yaml, pending);
        status = status < 0 ? status : pkc_yaml_put_text(yaml, start, stop - start);
        yaml->at = stop + 1;
        yaml->line = yaml->at;
        pending = 1 + skip_empty(yaml, indent);
    }
    if (!any || (yaml->at < yaml->end && *yaml->at == '\t')) {
        return PKC_ERR_INVALID;
    }
    status = status < 0 ? status : put_breaks(yaml, chomp == '-' ? 0 : chomp == '+' ? pending : 1);
    yaml->at = yaml->line - 1; /* the line break before the next thing */
    yaml->line = yaml->at;
    return status < 0 ? status : pkc_yaml_put_byte(yaml, '"');
}

const char *pkc_yaml_plain_stop(yaml_state *yaml, const char *at, bool *clean_out) {
    if (at == yaml->plain) {
        *clean_out = yaml->plain_clean;
        return yaml->plain_end;
    }
    const char *start = at;
    bool clean = true;
    for (;; at++) {
        while (at < yaml->end && !pkc_yaml_is(*at, YAML_PLAIN_STOP)) {
            at++;
        }
        if (at >= yaml->end || *at == '\n' || *at == '\t' ||
            (*at == ':' && pkc_yaml_is_blank_at(yaml, at + 1)) ||
            (*at == '#' && at > start && at[-1] == ' ')) {
            break;
        }
        clean = clean && !pkc_yaml_is(*at, YAML_TEXT_STOP);
    }
    yaml->plain = start;
    yaml->plain_end = at;
    yaml->plain_clean = clean;
    *clean_out = clean;
    return at;
}

static const char *without_spaces(const char *start, const char *stop) {
    while (stop > start && stop[-1] == ' ') {
        stop--;
    }
    return stop;
}

/* After a line of a plain scalar: pass line breaks up to a line that goes on with it, which is
 * deeper than what the scalar is in; returns how many, 0 when the scalar has ended. */
static int64_t plain_breaks(yaml_state *yaml, const char *stop, int64_t parent) {
    int64_t breaks = 0;
    const char *line = stop;
    for (const char *at = stop; at < yaml->end && (*at == ' ' || *at == '\n'); at++) {
        if (*at == '\n') {
            breaks++;
            line = at + 1;
        }
        yaml->at = at + 1;
    }
    bool ended = pkc_yaml_is_end(yaml) || yaml->at - line <= parent || *yaml->at == '#';
    if (breaks == 0 || ended) {
        yaml->at = stop;
        return 0;
    }
    yaml->line = line;
    return breaks;
}

int pkc_yaml_write_plain(yaml_state *yaml, int64_t parent) {
    bool single = true;
    for (;;) {
        const char *start = yaml->at;
        bool clean;
        const char *stop = pkc_yaml_plain_stop(yaml, start, &clean);
        bool bad = parent < 0 || (stop < yaml->end && (*stop == ':' || *stop == '\t'));
        if (bad) {
            return PKC_ERR_INVALID;
        }
        const char *last = without_spaces(start, stop);
        int64_t breaks = 0;
        yaml->at = last;
        if (stop < yaml->end && *stop == '\n') {
            breaks = plain_breaks(yaml, stop, parent);
        }
        if (breaks == 0 && single) {
            int status = pkc_yaml_put_resolved(yaml, start, last - start, false, clean);
            return status < 0 ? status : pkc_yaml_end_line(yaml);
        }
        /* More than one line is text. */
        int status = single ? pkc_yaml_put_byte(yaml, '"') : PKC_OK;
        single = false;
        status = status < 0 ? status : pkc_yaml_put_text(yaml, start, last - start);
        if (status == PKC_OK && breaks == 0) {
            status = pkc_yaml_put_byte(yaml, '"');
            return status < 0 ? status : pkc_yaml_end_line(yaml);
        }
        status = status < 0 ? status : put_fold(yaml, breaks);
        if (status < 0) {
            return status;
        }
    }
}

int pkc_yaml_write_key(yaml_state *yaml) {
    const char *start = yaml->at;
    int status;
    if (*start == '"') {
        status = pkc_yaml_write_double_quoted(yaml, true);
    } else if (*start == '\'') {
        status = pkc_yaml_write_single_quoted(yaml, true);
    } else {
        bool clean;
        const char *stop = pkc_yaml_plain_stop(yaml, start, &clean);
        const char *last = without_spaces(start, stop);
        yaml->at = last;
        status = last == start ? PKC_ERR_INVALID
                               : pkc_yaml_put_resolved(yaml, start, last - start, true, clean);
    }
    return yaml->at - start > PKC_YAML_KEY_BYTES_MAX ? PKC_ERR_INVALID : status;
}

int pkc_yaml_write_flow_plain(yaml_state *yaml, bool is_key) {
    const char *start = yaml->at;
    const char *stop = start;
    while (stop < yaml->end && strchr(",[]{}?\n\t", *stop) == NULL &&
           !(*stop == ':' && pkc_yaml_is_blank_at(yaml, stop + 1)) &&
           !(*stop == '#' && stop > start && stop[-1] == ' ')) {
        stop++;
    }
    const char *last = without_spaces(start, stop);
    bool odd = stop == yaml->end || last == start || *stop == '?' || *stop == '#' ||
               *stop == '\t' || memchr(start, ':', (size_t)(last - start)) != NULL;
    yaml->at = stop;
    /* A line break may fold, and what sits right before a bracket differs between readers. */
    if (odd || *stop == '\n' || *stop == '[' || *stop == '{') {
        return PKC_ERR_INVALID;
    }
    return pkc_yaml_put_resolved(yaml, start, last - start, is_key, false);
}
