/* The structure of a YAML document: mappings and sequences, in blocks and in brackets. */
#include <stdlib.h>
#include <string.h>

#include "documents/yaml.h"
#include "documents/yaml_text.h"
#include "documents/yaml_scalar.h"
#include "documents/yaml_anchor.h"

enum { FIRST_KEYS = 256 };

static int write_value(yaml_state *yaml, int64_t parent, bool after_key);
static int write_node(yaml_state *yaml, int64_t parent);

/* The keys of one mapping: `seen` has a bit for each, so that most need no comparison. */
typedef struct {
    int64_t start; /* of the mapping in out */
    int64_t first; /* in yaml->keys */
    uint64_t seen;
} mapping;

static uint64_t hash_of(const char *text, int64_t size) {
    uint64_t begin = 0;
    uint64_t end = 0;
    if (size >= (int64_t)sizeof begin) {
        memcpy(&begin, text, sizeof begin);
        memcpy(&end, text + size - sizeof end, sizeof end);
    } else {
        for (int64_t i = 0; i < size; i++) {
            begin = begin << 8 | (uint8_t)text[i];
        }
    }
    return (begin ^ end << 7 ^ (uint64_t)size) * 0x9e3779b97f4a7c15u;
}

/* Take note of the key that out ends with; PKC_ERR_INVALID when the mapping has it already. */
static int note_key(yaml_state *yaml, mapping *map, int64_t start) {
    const char *text = yaml->out + start;
    int64_t size = yaml->used - start;
    if (start - map->start > UINT32_MAX / 2 || yaml->key_count == PKC_YAML_OPEN_KEYS_MAX) {
        return PKC_ERR_INVALID;
    }
    uint64_t hash = hash_of(text, size);
    uint64_t bit = (uint64_t)1 << (hash >> 58);
    for (int64_t i = map->first; (map->seen & bit) != 0 && i < yaml->key_count; i++) {
        const yaml_key *key = &yaml->keys[i];
        if (key->hash == hash && key->size == size &&
            memcmp(yaml->out + map->start + key->start, text, (size_t)size) == 0) {
            return PKC_ERR_INVALID;
        }
    }
    map->seen |= bit;
    if (yaml->key_count == yaml->key_capacity) {
        int64_t capacity = yaml->key_capacity == 0 ? FIRST_KEYS : yaml->key_capacity * 2;
        yaml_key *keys = realloc(yaml->keys, (size_t)capacity * sizeof *keys);
        if (keys == NULL) {
            return PKC_ERR_NO_MEMORY;
        }
        yaml->keys = keys;
        yaml->key_capacity = capacity;
    }
    yaml->keys[yaml->key_count++] =
        (yaml_key){.hash = hash, .start = (uint32_t)(start - map->start), .size = (uint32_t)size};
    return PKC_OK;
}

/* Go on to the first thing of a line behind this one, unless that is where the last block ended. */
static int next_line(yaml_state *yaml) {
    if (yaml->at == yaml->fresh) {
        return PKC_OK;
    }
    const char *line = yaml->line;
    int status = pkc_yaml_skip_lines(yaml);
    yaml->fresh = yaml->at;
    bool goes_on = status == PKC_OK && yaml->line == line && !pkc_yaml_is_end(yaml);
    return goes_on ? PKC_ERR_INVALID : status;
}

static bool is_dash(const yaml_state *yaml) {
    return yaml->at < yaml->end && *yaml->at == '-' && pkc_yaml_is_blank_at(yaml, yaml->at + 1);
}

/* The value behind "key:" or "- ": a node deeper than its parent, or nothing, which is null. After
 * a key a sequence may stand in the key's own column. */
static int write_below(yaml_state *yaml, int64_t parent, bool after_key) {
    int status = next_line(yaml);
    if (status < 0) {
        return status;
    }
    int64_t column = pkc_yaml_column(yaml);
    bool level = after_key && column == parent && is_dash(yaml);
    if (pkc_yaml_is_end(yaml) || (column <= parent && !level)) {
        return pkc_yaml_put(yaml, "null", 4);
    }
    return write_node(yaml, level ? parent - 1 : parent);
}

/* Whether the rest of the line is empty or a comment. */
static bool is_line_over(yaml_state *yaml) {
    const char *at = yaml->at;
    while (at < yaml->end && *at == ' ') {
        at++;
    }
    return at == yaml->end || *at == '\n' || (*at == '#' && at > yaml->at);
}

static int write_mapping(yaml_state *yaml) {
    int64_t column = pkc_yaml_column(yaml);
    mapping map = {.start = yaml->used, .first = yaml->key_count};
    int status = pkc_yaml_put_byte(yaml, '{');
    while (status == PKC_OK) {
        int64_t start = yaml->used;
        status = pkc_yaml_write_key(yaml);
        bool bad = status == PKC_OK && (pkc_yaml_is_end(yaml) || *yaml->at != ':' ||
                                        !pkc_yaml_is_blank_at(yaml, yaml->at + 1));
        status = bad ? PKC_ERR_INVALID : status < 0 ? status : note_key(yaml, &map, start);
        status = status < 0 ? status : pkc_yaml_put_byte(yaml, ':');
        if (status < 0) {
            return status;
        }
        yaml->at++;
        bool over = is_line_over(yaml);
        status = over ? pkc_yaml_end_line(yaml) : PKC_OK;
        if (status == PKC_OK) {
            status = over ? write_below(yaml, column, true) : write_value(yaml, column, true);
        }
        status = status < 0 ? status : next_line(yaml);
        if (status < 0 || pkc_yaml_is_end(yaml) || pkc_yaml_column(yaml) < column) {
            break;
        }
        if (pkc_yaml_column(yaml) > column || pkc_yaml_is(*yaml->at, YAML_INDICATOR)) {
            return PKC_ERR_INVALID;
        }
        status = pkc_yaml_put_byte(yaml, ',');
    }
    yaml->key_count = map.first;
    return status < 0 ? status : pkc_yaml_put_byte(yaml, '}');
}

static int write_sequence(yaml_state *yaml) {
    int64_t column = pkc_yaml_column(yaml);
    int status = pkc_yaml_put_byte(yaml, '[');
    while (status == PKC_OK) {
        yaml->at++;
        if (is_line_over(yaml)) {
            status = pkc_yaml_end_line(yaml);
            status = status < 0 ? status : write_below(yaml, column, false);
        } else {
            while (*yaml->at == ' ') {
                yaml->at++;
            }
            status = write_node(yaml, column);
        }
        status = status < 0 ? status : next_line(yaml);
        if (status < 0 || pkc_yaml_is_end(yaml) || pkc_yaml_column(yaml) < column ||
            !is_dash(yaml)) {
            break;
        }
        if (pkc_yaml_column(yaml) > column) {
            return PKC_ERR_INVALID;
        }
        status = pkc_yaml_put_byte(yaml, ',');
    }
    return status < 0 ? status : pkc_yaml_put_byte(yaml, ']');
}

/* Whether a mapping begins here: a key on this line, plain or quoted, with ':' behind it. */
static bool is_key_here(yaml_state *yaml) {
    const char *at = yaml->at;
    char quote = *at;
    if (quote == '"' || quote == '\'') {
        for (at++; at < yaml->end && *at != quote && *at != '\n'; at++) {
            at += quote == '"' && *at == '\\' && at + 1 < yaml->end;
        }
        while (quote == '\'' && at + 1 < yaml->end && *at == quote && at[1] == quote) {
            for (at += 2; at < yaml->end && *at != quote && *at != '\n'; at++) {
            }
        }
        for (at++; at < yaml->end && *at == ' '; at++) {
        }
        return at < yaml->end && *at == ':' && pkc_yaml_is_blank_at(yaml, at + 1);
    }
    bool clean;
    at = pkc_yaml_plain_stop(yaml, at, &clean);
    return at < yaml->end && *at == ':';
}

/* Write what begins at this place of a line of its own, or behind a dash. */
static int write_node(yaml_state *yaml, int64_t parent) {
    if (++yaml->depth > PKC_YAML_DEPTH_MAX) {
        return PKC_ERR_INVALID;
    }
    int status;
    if (is_dash(yaml)) {
        status = write_sequence(yaml);
    } else if (!pkc_yaml_is(*yaml->at, YAML_INDICATOR) && is_key_here(yaml)) {
        status = write_mapping(yaml);
    } else {
        status = write_value(yaml, parent, false);
    }
    yaml->depth--;
    return status;
}

static int64_t name_size(const yaml_state *yaml) {
    const char *at = yaml->at + 1;
    while (at < yaml->end && ((*at >= '0' && *at <= '9') || *at == '_' || *at == '-' ||
                              ((*at | 32) >= 'a' && (*at | 32) <= 'z'))) {
        at++;
    }
    return pkc_yaml_is_blank_at(yaml, at) ? at - yaml->at - 1 : 0;
}

/* "&name" before a node: on the line, or on the next ones. */
static int write_anchored(yaml_state *yaml, int64_t parent, bool after_key) {
    const char *name = yaml->at + 1;
    int64_t size = name_size(yaml);
    int status = size == 0 ? PKC_ERR_INVALID : pkc_yaml_open_anchor(yaml, name, size);
    if (status < 0) {
        return status;
    }
    yaml->at = name + size;
    if (!is_line_over(yaml)) {
        while (*yaml->at == ' ') {
            yaml->at++;
        }
        status = *yaml->at == '&' || *yaml->at == '*' ? PKC_ERR_INVALID
                                                       : write_value(yaml, parent, after_key);
    } else {
        status = pkc_yaml_end_line(yaml);
        status = status < 0 ? status : write_below(yaml, parent, after_key);
    }
    return status < 0 ? status : pkc_yaml_close_anchor(yaml, name, size);
}

static int write_flow(yaml_state *yaml);

/* Pass spaces and line breaks inside brackets. */
static void skip_flow(yaml_state *yaml) {
    while (yaml->at < yaml->end && (*yaml->at == ' ' || *yaml->at == '\n')) {
        if (*yaml->at == '\n') {
            yaml->line = yaml->at + 1;
        }
        yaml->at++;
    }
}

static int write_flow_item(yaml_state *yaml, bool is_key) {
    if (pkc_yaml_is_end(yaml)) {
        return PKC_ERR_INVALID;
    }
    switch (*yaml->at) {
    case '"': return pkc_yaml_write_double_quoted(yaml, is_key);
    case '\'': return pkc_yaml_write_single_quoted(yaml, is_key);
    case '[':
    case '{': return is_key ? PKC_ERR_INVALID : write_flow(yaml);
    case '-':
    case '?':
    case ':': /* a plain scalar may begin so when no space follows */
        if (*yaml->at != '-' || pkc_yaml_is_blank_at(yaml, yaml->at + 1)) {
            return PKC_ERR_INVALID;
        }
        break;
    default:
        if (pkc_yaml_is(*yaml->at, YAML_INDICATOR)) {
            return PKC_ERR_INVALID;
        }
    }
    return pkc_yaml_write_flow_plain(yaml, is_key);
}

/* The value of a flow mapping, with its key in out. */
static int write_flow_value(yaml_state *yaml, mapping *map, int64_t start, bool quoted) {
    int status = note_key(yaml, map, start);
    if (status < 0 || pkc_yaml_is_end(yaml) || *yaml->at != ':' ||
        !(quoted || pkc_yaml_is_blank_at(yaml, yaml->at + 1))) {
        return status < 0 ? status : PKC_ERR_INVALID;
    }
    yaml->at++;
    status = pkc_yaml_put_byte(yaml, ':');
    skip_flow(yaml);
    return status < 0 ? status : write_flow_item(yaml, false);
}

/* "[...]" or "{...}" of quoted and simple plain scalars. */
static int write_flow(yaml_state *yaml) {
    char close = *yaml->at == '[' ? ']' : '}';
    mapping map = {.start = yaml->used, .first = yaml->key_count};
    if (++yaml->depth > PKC_YAML_DEPTH_MAX) {
        return PKC_ERR_INVALID;
    }
    int status = pkc_yaml_put_byte(yaml, *yaml->at++);
    skip_flow(yaml);
    bool over = yaml->at < yaml->end && *yaml->at == close;
    while (status == PKC_OK && !over) {
        int64_t start = yaml->used;
        bool quoted = yaml->at < yaml->end && (*yaml->at == '"' || *yaml->at == '\'');
        status = write_flow_item(yaml, close == '}');
        if (close == '}' && status == PKC_OK) {
            while (yaml->at < yaml->end && *yaml->at == ' ') {
                yaml->at++;
            }
            status = write_flow_value(yaml, &map, start, quoted);
        }
        skip_flow(yaml);
        over = yaml->at < yaml->end && *yaml->at == close;
        if (status == PKC_OK && !over) {
            bool comma = yaml->at < yaml->end && *yaml->at == ',';
            status = comma ? pkc_yaml_put_byte(yaml, ',') : PKC_ERR_INVALID;
            yaml->at++;
            skip_flow(yaml);
        }
    }
    if (status < 0) {
        return status;
    }
    yaml->at++;
    yaml->depth--;
    yaml->key_count = map.first;
    return pkc_yaml_put_byte(yaml, close);
}

/* Write what stands on the line of its key or dash, or begins a line and is no block. */
static int write_value(yaml_state *yaml, int64_t parent, bool after_key) {
    int status;
    while (yaml->at < yaml->end && *yaml->at == ' ') {
        yaml->at++;
    }
    switch (pkc_yaml_is_end(yaml) ? '\n' : *yaml->at) {
    case '"': status = pkc_yaml_write_double_quoted(yaml, false); break;
    case '\'': status = pkc_yaml_write_single_quoted(yaml, false); break;
    case '[':
    case '{': status = write_flow(yaml); break;
    case '|': return pkc_yaml_write_literal(yaml, parent);
    case '&': return write_anchored(yaml, parent, after_key);
    case '*': {
        const char *name = yaml->at + 1;
        int64_t size = name_size(yaml);
        status = size == 0 ? PKC_ERR_INVALID : pkc_yaml_put_alias(yaml, name, size);
        yaml->at = name + size;
        break;
    }
    case '-':
        return pkc_yaml_is_blank_at(yaml, yaml->at + 1) ? PKC_ERR_INVALID
                                                    : pkc_yaml_write_plain(yaml, parent);
    default:
        if (pkc_yaml_is_end(yaml) || *yaml->at == '\n' || pkc_yaml_is(*yaml->at, YAML_INDICATOR)) {
            return PKC_ERR_INVALID;
        }
        return pkc_yaml_write_plain(yaml, parent);
    }
    return status < 0 ? status : pkc_yaml_end_line(yaml);
}

int64_t pkc_yaml_write_json(const char *text, int64_t size, char *out, int64_t capacity,
                            int64_t *end_out) {
    yaml_state yaml = {
        .at = text, .end = text + size, .line = text, .out = out, .capacity = capacity};
    int status = pkc_yaml_skip_lines(&yaml);
    if (status == PKC_OK && !pkc_yaml_is_end(&yaml)) {
        status = write_node(&yaml, -1);
        status = status < 0 ? status : pkc_yaml_skip_lines(&yaml);
        status = status == PKC_OK && !pkc_yaml_is_end(&yaml) ? PKC_ERR_INVALID : status;
    }
    free(yaml.keys);
    free(yaml.anchors);
    *end_out = status < 0 ? 0 : yaml.end - text;
    return status < 0 ? status : yaml.used;
}
