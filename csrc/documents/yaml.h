/* The state of a conversion from YAML to JSON, shared by its parts. */
#ifndef PKC_YAML_H
#define PKC_YAML_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "pkc.h"

/* Classes of a byte, bits of pkc_yaml_class. */
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

extern const uint8_t pkc_yaml_class[256];

static inline bool pkc_yaml_is(char byte, int bits) {
    return (pkc_yaml_class[(uint8_t)byte] & bits) != 0;
}

static inline bool pkc_yaml_is_end(const yaml_state *yaml) { return yaml->at == yaml->end; }

static inline int64_t pkc_yaml_column(const yaml_state *yaml) { return yaml->at - yaml->line; }

/* Whether the byte ends a word: a space, a line break, or the end of the text. */
static inline bool pkc_yaml_is_blank_at(const yaml_state *yaml, const char *at) {
    return at >= yaml->end || *at == ' ' || *at == '\n';
}

/* Append bytes. PKC_ERR_LIMIT when they do not fit. */
static inline int pkc_yaml_put(yaml_state *yaml, const char *data, int64_t size) {
    if (yaml->capacity - yaml->used < size) {
        return PKC_ERR_LIMIT;
    }
    memcpy(yaml->out + yaml->used, data, (size_t)size);
    yaml->used += size;
    return PKC_OK;
}

/* Append text that JSON holds as it is, in quotes. Bytes copied beyond it are written over. */
static inline int pkc_yaml_put_quoted(yaml_state *yaml, const char *data, int64_t size) {
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

static inline int pkc_yaml_put_byte(yaml_state *yaml, char byte) {
    if (yaml->used == yaml->capacity) {
        return PKC_ERR_LIMIT;
    }
    yaml->out[yaml->used++] = byte;
    return PKC_OK;
}

#endif
