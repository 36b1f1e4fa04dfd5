/* Words of a program: sections one after the other. */
#ifndef PKC_DECODE_WORDS_H
#define PKC_DECODE_WORDS_H

#include <stdint.h>

#include "common/check.h"
#include "pkc.h"

typedef struct {
    const int64_t *data;
    int64_t count;
} words;

static inline int pkc_in_range(int64_t value, int64_t low, int64_t high) {
    return value >= low && value <= high;
}

/* Takes `count` words off the front. The caller made sure that there are so many. */
static inline words pkc_words_take(words *from, int64_t count) {
    words taken = {from->data, count};
    from->data += count;
    from->count -= count;
    return taken;
}

/* The section at the front of a program: 0 if there is none that is whole. */
static inline int pkc_section_next(words *program, int64_t *tag_out, words *payload_out) {
    if (program->count < 2 || program->data[1] < 0 || program->data[1] > program->count - 2) {
        return 0;
    }
    words head = pkc_words_take(program, 2);
    *tag_out = head.data[0];
    *payload_out = pkc_words_take(program, head.data[1]);
    return 1;
}

/* 1 if the words are whole rows of `width`, each word >= 0 and within int32. */
static inline int pkc_rows_valid(words rows, int64_t width) {
    for (int64_t i = 0; i < rows.count; i++) {
        if (!pkc_in_range(rows.data[i], 0, INT32_MAX)) {
            return 0;
        }
    }
    return rows.count % width == 0;
}

#endif
