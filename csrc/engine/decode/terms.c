/* Terms and selectors from words, every word checked. */
#include "engine/decode/terms.h"

static int decode_requirement(words *from, term_set *set) {
    if (from->count < PKC_REQUIREMENT_WORDS) {
        return PKC_ERR_INVALID;
    }
    const int64_t *w = pkc_words_take(from, PKC_REQUIREMENT_WORDS).data;
    int64_t value_count = w[PKC_REQUIREMENT_VALUE_COUNT];
    if (!pkc_in_range(w[PKC_REQUIREMENT_OPERATOR], PKC_OP_IN, PKC_OP_NEVER) ||
        !pkc_in_range(w[PKC_REQUIREMENT_KEY], 0, INT32_MAX) ||
        !pkc_in_range(value_count, 0, from->count)) {
        return PKC_ERR_INVALID;
    }
    requirement r = {.operation = (int32_t)w[PKC_REQUIREMENT_OPERATOR],
                     .key = (int32_t)w[PKC_REQUIREMENT_KEY],
                     .number = w[PKC_REQUIREMENT_NUMBER],
                     .value_first = (int32_t)set->values.count,
                     .value_count = (int32_t)value_count};
    words values = pkc_words_take(from, value_count);
    for (int64_t i = 0; i < values.count; i++) {
        if (i > 0 && values.data[i - 1] >= values.data[i]) {
            return PKC_ERR_INVALID;
        }
        if (vec_push(&set->values, values.data[i]) < 0) {
            return PKC_ERR_NO_MEMORY;
        }
    }
    return vec_push(&set->requirements, r) < 0 ? PKC_ERR_NO_MEMORY : PKC_OK;
}

int pkc_decode_term(words *from, term_set *set) {
    if (from->count < 1 || from->count > INT32_MAX || from->data[0] < 0) {
        return PKC_ERR_INVALID;
    }
    int64_t count = pkc_words_take(from, 1).data[0];
    term t = {.first = (int32_t)set->requirements.count};
    for (int64_t i = 0; i < count; i++) {
        PKC_TRY(decode_requirement(from, set));
    }
    t.count = (int32_t)count;
    return vec_push(&set->terms, t) < 0 ? PKC_ERR_NO_MEMORY : PKC_OK;
}

int pkc_decode_selector(words selector, term_set *set) {
    if (selector.count < 1 || selector.data[0] < 0) {
        return PKC_ERR_INVALID;
    }
    int64_t count = pkc_words_take(&selector, 1).data[0];
    for (int64_t i = 0; i < count; i++) {
        PKC_TRY(pkc_decode_term(&selector, set));
    }
    return selector.count == 0 ? PKC_OK : PKC_ERR_INVALID;
}
