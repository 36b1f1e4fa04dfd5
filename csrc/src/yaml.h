/* The state of a conversion from YAML to JSON, shared by its parts. */
#ifndef PKC_YAML_H
#define PKC_YAML_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "pkc.h"

/* What a byte can be, bits of yaml_class. */
enum {
    YAML_PLAIN_STOP = 1, /* a plain scalar cannot pass over it without a look: also : and # */
    YAML_TEXT_STOP = 2,  /* JSON text cannot hold it as it is, or it is not ASCII */
    YAML_NUMBER = 4,     /* may stand in a number: 0-9 + - . _ a-f A-F x X o O */
    YAML_WORD = 8,       /* begins a word that is no text: y Y n N t T f F o O ~ */
    YAML_INDICATOR = 16, /* begins few plain scalars or none: - ? : , [ ] { } # & * ! | > % @ ` */
    YAML_DIGIT = 32      /* begins a number: 0-9 + - . */
};

typedef struct {
    const char *name;
    int64_t name_size;
    int64_t start; /* in out; the node is closed when end is set */
    int64_t end;
} yaml_anchor;

typedef struct {
    uint64_t hash;
    uint32_t start; /* of the JSON text of the key, after the start of its mapping */
    uint32_t size;
} yaml_key;

typedef struct {
    const char *at; /* the next byte to read */
    const char *end;
    const char *line;  /* start of the line that `at` is in */
    const char *fresh; /* where `at` was when a line was gone to last */
    const char *plain; /* where a plain scalar was looked at last: what yaml_plain_stop found */
    const char *plain_end;
    bool plain_clean;
    char *out;
    int64_t used;
    int64_t capacity;
    yaml_key *keys; /* of the mappings that are open, one behind the other */
    int64_t key_count;
    int64_t key_capacity;
    yaml_anchor *anchors; /* open addressing; an empty slot has no name */
    int64_t anchor_count;
    int64_t anchor_capacity; /* 0 or a power of two */
    int depth;
} yaml_state;

extern const uint8_t yaml_class[256];

static inline bool yaml_is(char byte, int bits) { return (yaml_class[(uint8_t)byte] & bits) != 0; }

static inline bool yaml_is_end(const yaml_state *yaml) { return yaml->at == yaml->end; }

static inline int64_t yaml_column(const yaml_state *yaml) { return yaml->at - yaml->line; }

/* Whether the byte ends a word: a space, a line break, or the end of the text. */
static inline bool yaml_is_blank_at(const yaml_state *yaml, const char *at) {
    return at >= yaml->end || *at == ' ' || *at == '\n';
}

/* Append bytes. PKC_ERR_LIMIT when they do not fit. */
static inline int yaml_put(yaml_state *yaml, const char *data, int64_t size) {
    if (yaml->capacity - yaml->used < size) {
        return PKC_ERR_LIMIT;
    }
    memcpy(yaml->out + yaml->used, data, (size_t)size);
    yaml->used += size;
    return PKC_OK;
}

/* Append text that JSON holds as it is, in quotes. What is copied beyond it is written over. */
static inline int yaml_put_quoted(yaml_state *yaml, const char *data, int64_t size) {
    enum { STEP = 32 };
    if (yaml->capacity - yaml->used < size + 2 + STEP) {
        return PKC_ERR_LIMIT;
    }
    char *out = yaml->out + yaml->used;
    *out++ = '"';
    if (size <= STEP && yaml->end - data >= STEP) {
        memcpy(out, data, STEP);
    } else {
        memcpy(out, data, (size_t)size);
    }
    out[size] = '"';
    yaml->used += size + 2;
    return PKC_OK;
}

static inline int yaml_put_byte(yaml_state *yaml, char byte) {
    if (yaml->used == yaml->capacity) {
        return PKC_ERR_LIMIT;
    }
    yaml->out[yaml->used++] = byte;
    return PKC_OK;
}

/* Append text inside a JSON string; only what is legal in YAML as it stands. */
int yaml_put_text(yaml_state *yaml, const char *data, int64_t size);

/* Skip spaces, comments and empty lines up to the next thing to read, which may be the end.
 * PKC_ERR_INVALID for tabs and for markers of documents. */
int yaml_skip_lines(yaml_state *yaml);
/* The same within a line; then only a comment may follow, and at is the line break or the end. */
int yaml_end_line(yaml_state *yaml);

/* Scalars: read one, write its JSON. parent is the column of what it is in, -1 at the top. */
int yaml_write_double_quoted(yaml_state *yaml, bool is_key);
int yaml_write_single_quoted(yaml_state *yaml, bool is_key);
int yaml_write_literal(yaml_state *yaml, int64_t parent);
int yaml_write_plain(yaml_state *yaml, int64_t parent);
/* A plain scalar of a flow collection, or a key: it ends on its line. */
int yaml_write_flow_plain(yaml_state *yaml, bool is_key);
int yaml_write_key(yaml_state *yaml);
/* The end of the text of a plain scalar on its line: ": ", " #", a tab and the line's end stop it.
 * clean_out says whether JSON can hold the text as it is. */
const char *yaml_plain_stop(yaml_state *yaml, const char *at, bool *clean_out);
/* Write what a plain scalar on one line means, as a value or as a key. clean: JSON can hold it as
 * it is. */
int yaml_put_resolved(yaml_state *yaml, const char *data, int64_t size, bool is_key, bool clean);

/* Anchors: the text that a name stands for. */
int yaml_open_anchor(yaml_state *yaml, const char *name, int64_t size);
int yaml_close_anchor(yaml_state *yaml, const char *name, int64_t size);
int yaml_put_alias(yaml_state *yaml, const char *name, int64_t size);

#endif
