/* Forms: fields are found, measured and filled; malformed forms are refused. */
#include <string.h>

#include "pkc.h"
#include "test.h"

static const int32_t GAPS[] = {0, 1, 2, 0, 2, 1};
static const pkc_form BOTH = {.text = "a-", .gaps = GAPS, .size = 2, .gap_count = 3};
static const pkc_form PLAIN = {.text = "key", .size = 3};

static void test_forms_are_filled_with_the_fields_of_their_rows(void) {
    static const char data[] = "x\0\0yy\0zzz\0";
    pkc_text fields[4];
    EXPECT(pkc_form_read_fields(data, sizeof data - 1, 4, fields) == PKC_OK);
    const pkc_form *forms[] = {&PLAIN, &BOTH, &BOTH, &PLAIN};
    int64_t sizes[4];
    EXPECT(pkc_form_measure(forms, 4, fields, 2, 2, sizes) == 3 + 10 + 3 + 3);
    EXPECT(sizes[1] == 10 && sizes[2] == 3);
    char out[19];
    pkc_form_fill(forms, 4, fields, 2, 2, out);
    EXPECT(memcmp(out, "key" "zzza-yyzzz" "a-x" "key", sizeof out) == 0);
}

static void test_a_field_too_few_or_too_many_is_refused(void) {
    pkc_text fields[3];
    EXPECT(pkc_form_read_fields("a\0b\0", 4, 3, fields) == PKC_ERR_INVALID);
    EXPECT(pkc_form_read_fields("a\0b\0", 4, 1, fields) == PKC_ERR_INVALID);
    EXPECT(pkc_form_read_fields("a\0b", 3, 2, fields) == PKC_ERR_INVALID);
    EXPECT(pkc_form_read_fields("", 0, 1, fields) == PKC_ERR_INVALID);
    EXPECT(pkc_form_read_fields("", 0, -1, fields) == PKC_ERR_INVALID);
    EXPECT(pkc_form_read_fields("", 0, 0, fields) == PKC_OK);
}

static void test_a_gap_without_a_field_is_refused(void) {
    pkc_text fields[1] = {{.data = "a", .size = 1}};
    const pkc_form *forms[] = {&BOTH};
    int64_t size;
    EXPECT(pkc_form_measure(forms, 1, fields, 1, 1, &size) == PKC_ERR_INVALID);
    EXPECT(pkc_form_measure(forms, 1, fields, 2, 0, &size) == PKC_ERR_INVALID);
}

int main(void) {
    RUN(test_forms_are_filled_with_the_fields_of_their_rows);
    RUN(test_a_field_too_few_or_too_many_is_refused);
    RUN(test_a_gap_without_a_field_is_refused);
    return 0;
}
