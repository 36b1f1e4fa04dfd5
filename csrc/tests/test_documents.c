/* Documents as text: ends of JSON, marks, YAML as JSON; every cut and capacity is safe. */
#include <string.h>

#include "pkc.h"
#include "test.h"

enum { ROOM = 4096 };

/* The text in memory of its own size, so that a read behind it is seen. */
static int64_t convert(const char *text, int64_t size, int64_t capacity, char *out) {
    char *copy = malloc((size_t)size + 1);
    char *own = malloc((size_t)capacity + 1);
    EXPECT(copy != NULL && own != NULL);
    memcpy(copy, text, (size_t)size);
    char *exact = realloc(copy, size == 0 ? 1 : (size_t)size);
    int64_t end = -1;
    int64_t used = pkc_yaml_write_json(exact, size, own, capacity, &end);
    EXPECT(used <= capacity && end >= 0 && end <= size);
    if (out != NULL && used > 0) {
        memcpy(out, own, (size_t)used);
    }
    free(exact);
    free(own);
    return used;
}

static void expect_json(const char *text, const char *json) {
    char out[ROOM];
    int64_t used = convert(text, (int64_t)strlen(text), ROOM, out);
    EXPECT(used == (int64_t)strlen(json));
    EXPECT(memcmp(out, json, (size_t)used) == 0);
}

static const char POD[] =
    "apiVersion: v1\nkind: Pod # one\nmetadata:\n  labels: &l {app: web, \"x\": 'y'}\n"
    "  name: \"a\\tb\\x41\"\n  note: |-\n    one\n\n     two\n  other: *l\nspec:\n  containers:\n"
    "  - args:\n    - --port=80\n    - it's \xc3\xa9\n    name: main\n    ports: []\n"
    "  - name: 'two\n      lines'\n  priority: 0\n  words: [a, \"b\", 1.50, 0644, ~, true, -1]\n";

static void test_blocks_and_brackets_become_json(void) {
    expect_json(POD,
                "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{"
                "\"labels\":{\"app\":\"web\",\"x\":\"y\"},"
                "\"name\":\"a\\tb\\u0041\",\"note\":\"one\\n\\n two\","
                "\"other\":{\"app\":\"web\",\"x\":\"y\"}},"
                "\"spec\":{\"containers\":[{\"args\":[\"--port=80\",\"it's "
                "\xc3\xa9\"],\"name\":\"main\",\"ports\":[]},"
                "{\"name\":\"two lines\"}],\"priority\":0,"
                "\"words\":[\"a\",\"b\",1.5,420,null,true,-1]}}");
    expect_json("", "");
    expect_json("# nothing\n\n", "");
    expect_json("- a\n-\n- - b\n", "[\"a\",null,[\"b\"]]");
}

static void test_a_document_ends_at_its_marker(void) {
    static const char text[] = "a: 1\n---\nb: 2\n";
    char out[ROOM];
    int64_t end;
    int64_t used = pkc_yaml_write_json(text, sizeof text - 1, out, ROOM, &end);
    EXPECT(used == 7 && memcmp(out, "{\"a\":1}", 7) == 0);
    EXPECT(end == 5);
}

static void test_what_is_rare_or_wrong_is_left_to_others(void) {
    static const char *const texts[] = {
        "a: 1\na: 2\n", "a: !!str 1\n", "<<: {a: 1}\n", "? a\n: b\n", "a: >\n  b\n", "a:\tb\n",
        "a: [1\n",      "a: 'b\n",      "a: b: c\n",    "a: *b\n",    "a: &b [*b]\n", "a: .inf\n",
        "a: \"\\q\"\n", "a: 1\r\n",     "a: \x01\n",    "a: \xff\n",  " a: 1\nb: 2\n", "...\n",
        "a: - b\n",     "~: 1\n",       "[a]: b\n",     "a: 1e3\n",   "%YAML 1.1\n",  "a\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        EXPECT(convert(texts[i], (int64_t)strlen(texts[i]), ROOM, NULL) == PKC_ERR_INVALID);
    }
}

static void test_every_cut_and_every_capacity_is_safe(void) {
    int64_t size = sizeof POD - 1;
    int64_t whole = convert(POD, size, ROOM, NULL);
    EXPECT(whole > 0);
    for (int64_t cut = 0; cut < size; cut++) {
        convert(POD, cut, ROOM, NULL);
        convert(POD + cut, size - cut, ROOM, NULL);
    }
    for (int64_t capacity = 0; capacity < whole; capacity++) {
        EXPECT(convert(POD, size, capacity, NULL) == PKC_ERR_LIMIT);
    }
}

static void test_every_byte_anywhere_is_safe(void) {
    char text[sizeof POD];
    for (size_t at = 0; at < sizeof POD - 1; at++) {
        for (int byte = 0; byte < 256; byte += at % 16 == 0 ? 1 : 37) {
            memcpy(text, POD, sizeof POD);
            text[at] = (char)byte;
            convert(text, sizeof POD - 1, ROOM, NULL);
        }
    }
}

static void test_many_anchors_are_found_again(void) {
    enum { COUNT = 1000, LINE = 32 };
    char *text = calloc(COUNT * 2, LINE);
    char *out = malloc(COUNT * LINE * 6);
    EXPECT(text != NULL && out != NULL);
    size_t size = 0;
    for (int i = 0; i < COUNT; i++) {
        size += (size_t)sprintf(text + size, "- &a%d v%d\n", i, i);
    }
    for (int i = 0; i < COUNT; i++) {
        size += (size_t)sprintf(text + size, "- *a%d\n", i);
    }
    int64_t end;
    int64_t used = pkc_yaml_write_json(text, (int64_t)size, out, COUNT * LINE * 6, &end);
    EXPECT(used > 0);
    EXPECT(memcmp(out + used - 7, "\"v999\"]", 7) == 0);
    free(text);
    free(out);
}

static void test_json_ends_with_its_last_bracket(void) {
    static const char text[] = "{\"a\":\"}\\\"{\",\"b\":[{}]} {";
    EXPECT(pkc_json_end(text, sizeof text - 1, 0) == 21);
    EXPECT(pkc_json_end(text, sizeof text - 1, 22) == sizeof text);
    EXPECT(pkc_json_end(text, 20, 0) == 21);
    EXPECT(pkc_json_end(text, sizeof text - 1, 1) == PKC_ERR_INVALID);
    EXPECT(pkc_json_end(text, sizeof text - 1, -1) == PKC_ERR_INVALID);
    EXPECT(pkc_json_end("{\"\\", 3, 0) == 4);
}

static void test_marks_are_found_in_order(void) {
    int64_t at[8];
    EXPECT(pkc_text_find_all("aaaaa", 0, 5, "aa", 2, at) == 2);
    EXPECT(at[0] == 0 && at[1] == 2);
    EXPECT(pkc_text_find_all("xaax", 2, 4, "aa", 2, at) == 0);
    EXPECT(pkc_text_find_all("", 0, 0, "a", 1, at) == 0);
}

int main(void) {
    RUN(test_blocks_and_brackets_become_json);
    RUN(test_a_document_ends_at_its_marker);
    RUN(test_what_is_rare_or_wrong_is_left_to_others);
    RUN(test_every_cut_and_every_capacity_is_safe);
    RUN(test_every_byte_anywhere_is_safe);
    RUN(test_many_anchors_are_found_again);
    RUN(test_json_ends_with_its_last_bracket);
    RUN(test_marks_are_found_in_order);
    return 0;
}
