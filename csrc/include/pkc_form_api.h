/* Texts with gaps, filled many at a time. */

/* `gaps` holds gap_count pairs, ascending: where in the text a gap is, and the field that goes
 * there. `id` names the form, as long as the process lives: two of one id are equal; 0 is no
 * name. */
typedef struct pkc_form {
    const char *text; /* what is between the gaps */
    const int32_t *gaps;
    int64_t size;
    int64_t gap_count;
    uint64_t id;
} pkc_form;

typedef struct pkc_text {
    const char *data;
    int64_t size;
} pkc_text;

/* Find `count` fields in data, row by row; each ends with a zero byte. They are read where they
 * are. O(size). PKC_ERR_INVALID: there are fewer or more than that. */
int pkc_form_read_fields(const char *data, int64_t size, int64_t count, pkc_text *fields_out);
/* Bytes that form i takes with the fields of row i % row_count, for each of `count`: sizes_out.
 * fields: row_count x field_count. Returns their sum, or PKC_ERR_INVALID: a form has a gap for a
 * field that is not there. O(gaps). */
int64_t pkc_form_measure(const pkc_form *const *forms, int64_t count, const pkc_text *fields,
                         int64_t field_count, int64_t row_count, int64_t *sizes_out);
/* Write the same, one behind the other, where there is room for all that pkc_form_measure found. */
void pkc_form_fill(const pkc_form *const *forms, int64_t count, const pkc_text *fields,
                   int64_t field_count, int64_t row_count, char *data_out);
