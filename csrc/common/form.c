/* Forms: objects that differ in a few fields are written without an encoder. */
#include <string.h>

#include "pkc.h"

int pkc_form_read_fields(const char *data, int64_t size, int64_t count, pkc_text *fields_out) {
    if (count < 0 || size < 0) {
        return PKC_ERR_INVALID;
    }
    const char *end = data + size;
    for (int64_t i = 0; i < count; i++) {
        const char *stop = data == end ? NULL : memchr(data, '\0', (size_t)(end - data));
        if (stop == NULL) {
            return PKC_ERR_INVALID;
        }
        fields_out[i] = (pkc_text){.data = data, .size = stop - data};
        data = stop + 1;
    }
    return data == end ? PKC_OK : PKC_ERR_INVALID;
}

int64_t pkc_form_measure(const pkc_form *const *forms, int64_t count, const pkc_text *fields,
                         int64_t field_count, int64_t row_count, int64_t *sizes_out) {
    int64_t total = 0;
    for (int64_t i = 0, row = 0; i < count; i++, row = row + 1 == row_count ? 0 : row + 1) {
        const pkc_form *form = forms[i];
        int64_t size = form->size;
        for (int64_t gap = 0; gap < form->gap_count; gap++) {
            int32_t field = form->gaps[2 * gap + 1];
            if (field < 0 || field >= field_count || row >= row_count) {
                return PKC_ERR_INVALID;
            }
            size += fields[row * field_count + field].size;
        }
        sizes_out[i] = size;
        total += size;
    }
    return total;
}

void pkc_form_fill(const pkc_form *const *forms, int64_t count, const pkc_text *fields,
                   int64_t field_count, int64_t row_count, char *data_out) {
    for (int64_t i = 0, row = 0; i < count; i++, row = row + 1 == row_count ? 0 : row + 1) {
        const pkc_form *form = forms[i];
        const pkc_text *own = fields + row * field_count;
        int64_t at = 0;
        for (int64_t gap = 0; gap < form->gap_count; gap++) {
            int32_t stop = form->gaps[2 * gap];
            const pkc_text *field = &own[form->gaps[2 * gap + 1]];
            memcpy(data_out, form->text + at, (size_t)(stop - at));
            data_out += stop - at;
            memcpy(data_out, field->data, (size_t)field->size);
            data_out += field->size;
            at = stop;
        }
        memcpy(data_out, form->text + at, (size_t)(form->size - at));
        data_out += form->size - at;
    }
}
