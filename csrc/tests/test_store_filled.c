/* Filled forms: whatever is put as forms reads, compares, hashes and recovers as the same values
 * put whole, and takes less memory. */
#include "disk.h"
#include "store/core.h"
#include "store/history.h"
#include "workload.h"

enum { FORMS = 6, FIELDS = 4, KEYS = 12, STEPS = 4000, BATCH_MAX = 5, TEXT_MAX = 400 };

static uint64_t random_state;

static uint64_t draw(uint64_t below) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % below;
}

/* A form without gaps, with one twice, with all of them; some have no id, so are kept filled. */
static char texts[FORMS][TEXT_MAX];
static int32_t gaps[FORMS][2 * FIELDS + 2];
static pkc_form forms[FORMS];
static const int32_t KEY_GAPS[] = {0, 0};
static const pkc_form KEY = {.text = "", .gaps = KEY_GAPS, .gap_count = 1};

static void make_forms(void) {
    for (int i = 0; i < FORMS; i++) {
        int64_t size = i == 1 ? 3 : TEXT_MAX;
        memset(texts[i], 'a' + i, (size_t)size);
        int64_t count = i % (FIELDS + 1) + (i == FORMS - 1);
        for (int64_t g = 0; g < count; g++) {
            gaps[i][2 * g] = (int32_t)(g * size / (count + 1));
            gaps[i][2 * g + 1] = (int32_t)((g + i) % FIELDS);
        }
        forms[i] = (pkc_form){.text = texts[i],
                              .gaps = gaps[i],
                              .size = size,
                              .gap_count = count,
                              .id = i == 2 ? 0 : (uint64_t)(i + 1)};
    }
}

/* Puts for a store, as forms and as bytes. */
typedef struct {
    char field_bytes[BATCH_MAX][FIELDS][300];
    pkc_text fields[BATCH_MAX * FIELDS];
    const pkc_form *forms[2 * BATCH_MAX];
    int64_t sizes[2 * BATCH_MAX];
    char data[BATCH_MAX * 2048];
    int64_t count;
} batch;

static void draw_batch(batch *b) {
    b->count = 1 + (int64_t)draw(BATCH_MAX);
    int64_t first = (int64_t)draw(KEYS - BATCH_MAX);
    for (int64_t i = 0; i < b->count; i++) {
        b->forms[i] = &KEY;
        b->forms[b->count + i] = &forms[draw(FORMS)];
        for (int f = 0; f < FIELDS; f++) {
            int64_t size = f == 0 ? 2 : (int64_t)draw(draw(8) == 0 ? 300 : 20);
            memset(b->field_bytes[i][f], (int)('0' + draw(10)), (size_t)size);
            b->fields[i * FIELDS + f] = (pkc_text){.data = b->field_bytes[i][f], .size = size};
        }
        b->field_bytes[i][0][0] = 'k';
        b->field_bytes[i][0][1] = (char)('a' + first + i);
    }
    EXPECT(pkc_form_measure(b->forms, 2 * b->count, b->fields, FIELDS, b->count, b->sizes) > 0);
    pkc_form_fill(b->forms, 2 * b->count, b->fields, FIELDS, b->count, b->data);
}

/* The same to both stores; returns whether both did it. */
static bool put_both(pkc_store *filled, pkc_store *whole, const batch *b, bool matches) {
    pkc_answer answer = {0};
    int64_t revisions[BATCH_MAX];
    for (int64_t i = 0; i < b->count; i++) {
        const char *key = b->field_bytes[i][0];
        pkc_op get = {.kind = PKC_OP_RANGE, .key = key, .key_size = 2};
        EXPECT(pkc_store_range(whole, &get, &answer) == PKC_OK);
        revisions[i] = answer.kv_count > 0 ? answer.kvs[0].mod_revision : 0;
        pkc_answer_release(&answer);
    }
    revisions[b->count - 1] += !matches;
    int first = pkc_store_put_filled(filled, b->forms, b->fields, FIELDS, revisions, b->count, 0,
                                     &answer);
    bool done = first == PKC_OK && answer.results[0].succeeded != 0;
    pkc_answer_release(&answer);
    int second = pkc_store_put_if(whole, b->data, b->sizes, revisions, b->count, 0, &answer);
    EXPECT(first == second);
    EXPECT(second < 0 || done == (answer.results[0].succeeded != 0));
    pkc_answer_free(&answer);
    return done;
}

static void check_equal(pkc_store *filled, pkc_store *whole) {
    fingerprint a = fingerprint_of(filled);
    fingerprint b = fingerprint_of(whole);
    EXPECT(fingerprint_equal(&a, &b));
}

/* Compare everything that two answers hold. */
static void check_answers(const pkc_answer *a, const pkc_answer *b) {
    EXPECT(a->kv_count == b->kv_count && a->event_count == b->event_count);
    EXPECT(a->revision == b->revision);
    for (int64_t i = 0; i < a->kv_count; i++) {
        const pkc_kv *x = &a->kvs[i];
        const pkc_kv *y = &b->kvs[i];
        EXPECT(x->mod_revision == y->mod_revision && x->prev == y->prev);
        EXPECT(pkc_bytes_compare(x->key, x->key_size, y->key, y->key_size) == 0);
        EXPECT(pkc_bytes_compare(x->value, x->value_size, y->value, y->value_size) == 0);
    }
}

static void read_both(pkc_watch *watches[2], pkc_answer answers[2]) {
    int32_t more = 1;
    while (more != 0) {
        int counts[2];
        for (int i = 0; i < 2; i++) {
            counts[i] = pkc_watch_read(watches[i], 7, &more, &answers[i]);
        }
        EXPECT(counts[0] == counts[1]);
        check_answers(&answers[0], &answers[1]);
        pkc_answer_release(&answers[0]);
        pkc_answer_release(&answers[1]);
        if (counts[0] < 0) {
            return;
        }
    }
}

/* A value that another is compared with, and an update that keeps the value there is. */
static void compare_and_keep(pkc_store *stores[2], const batch *b) {
    const char *value = b->data;
    for (int64_t i = 0; i < b->count; i++) {
        value += b->sizes[i];
    }
    pkc_op keep = {.kind = PKC_OP_PUT,
                   .flags = PKC_FLAG_IGNORE_VALUE | PKC_FLAG_PREV_KV,
                   .key = b->field_bytes[0][0],
                   .key_size = 2};
    for (int32_t result = PKC_COMPARE_EQUAL; result <= PKC_COMPARE_NOT_EQUAL; result++) {
        pkc_compare compare = {.target = PKC_COMPARE_VALUE,
                               .result = result,
                               .key = keep.key,
                               .key_size = 2,
                               .value = value,
                               .value_size = b->sizes[b->count] - (int64_t)draw(2)};
        pkc_txn txn = {.compares = &compare, .compare_count = 1,
                       .success = &keep, .success_count = 1};
        pkc_answer answers[2] = {{0}, {0}};
        for (int s = 0; s < 2; s++) {
            EXPECT(pkc_store_txn(stores[s], &txn, &answers[s]) == PKC_OK);
        }
        EXPECT(answers[0].results[0].succeeded == answers[1].results[0].succeeded);
        check_answers(&answers[0], &answers[1]);
        pkc_answer_free(&answers[0]);
        pkc_answer_free(&answers[1]);
    }
}

static void step(pkc_store *stores[2], batch *b) {
    pkc_answer answer = {0};
    uint64_t what = draw(20);
    if (what == 0) {
        for (int s = 0; s < 2; s++) {
            EXPECT(pkc_store_delete(stores[s], "k", 1, "", 1, 0, &answer) == PKC_OK);
            pkc_answer_release(&answer);
        }
    } else if (what == 1) {
        pkc_store_stats stats;
        EXPECT(pkc_store_stat(stores[0], &stats) == PKC_OK);
        int64_t revision = stats.revision - (int64_t)draw(4);
        for (int s = 0; s < 2; s++) {
            int status = pkc_store_compact(stores[s], revision, &answer);
            EXPECT(status == PKC_OK || status == PKC_ERR_COMPACTED);
            pkc_answer_release(&answer);
        }
    } else {
        draw_batch(b);
        if (put_both(stores[0], stores[1], b, what != 2) && what < 5) {
            compare_and_keep(stores, b);
        }
    }
    pkc_answer_free(&answer);
}

static void test_filled_forms_are_what_their_values_are(void) {
    static batch b;
    make_forms();
    for (uint64_t seed = 1; seed <= 5; seed++) {
        random_state = seed;
        pkc_store *stores[2];
        pkc_watch *watches[2];
        pkc_answer answers[2] = {{0}, {0}};
        for (int s = 0; s < 2; s++) {
            pkc_store_options options = {.salt = 99};
            EXPECT(pkc_store_open_memory(&options, &stores[s]) == PKC_OK);
            EXPECT(pkc_store_watch(stores[s], "k", 1, "", 1, 0, PKC_FLAG_PREV_KV, 1, &watches[s],
                                   &answers[s]) == PKC_OK);
        }
        for (int i = 0; i < STEPS / 5; i++) {
            step(stores, &b);
            if (i % 8 == 0) {
                read_both(watches, answers);
                check_equal(stores[0], stores[1]);
            }
        }
        for (int s = 0; s < 2; s++) {
            pkc_answer_free(&answers[s]);
            pkc_watch_free(watches[s]);
            EXPECT(pkc_store_close(stores[s]) == PKC_OK);
            pkc_store_free(stores[s]);
        }
    }
}

static void test_a_form_takes_its_text_once_and_gives_it_back(void) {
    static batch b;
    make_forms();
    pkc_store *store;
    pkc_store_options options = {.salt = 99};
    EXPECT(pkc_store_open_memory(&options, &store) == PKC_OK);
    pkc_answer answer = {0};
    int64_t before = store->shapes.bytes;
    b.count = 1;
    b.forms[0] = &KEY;
    for (int i = 0; i < 100; i++) {
        b.fields[0] = (pkc_text){.data = "kk", .size = 2};
        for (int f = 1; f < FIELDS; f++) {
            b.fields[f] = (pkc_text){.data = "own", .size = 3};
        }
        b.forms[1] = &forms[3];
        EXPECT(pkc_store_put_filled(store, b.forms, b.fields, FIELDS, NULL, 1, 0, &answer) == 0);
        pkc_answer_release(&answer);
    }
    EXPECT(store->version_bytes < 100 * 80 && store->value_bytes > 100 * TEXT_MAX);
    EXPECT(store->shapes.bytes - before < 2 * TEXT_MAX + 1024);
    /* Forms that share its place in the cache take it; the last version frees the shape. What comes
     * but once has no shape. */
    for (uint64_t id = 1; id <= 7; id++) {
        pkc_form other = forms[3];
        other.id = forms[3].id + (id + 1) / 2 * PKC_SHAPE_CACHE_SLOTS;
        b.forms[1] = &other;
        EXPECT(pkc_store_put_filled(store, b.forms, b.fields, FIELDS, NULL, 1, 0, &answer) == 0);
        pkc_answer_release(&answer);
    }
    EXPECT(pkc_store_newest(store, pkc_store_find(store, "kk", 2))->is_packed == 0);
    EXPECT(pkc_store_compact(store, 108, &answer) == PKC_OK);
    pkc_answer_release(&answer);
    const char *reason = NULL;
    EXPECT(pkc_store_validate(store, &reason) == PKC_OK);
    EXPECT(store->shapes.bytes - before < 2 * TEXT_MAX + 1024);
    pkc_answer_free(&answer);
    EXPECT(pkc_store_close(store) == PKC_OK);
    pkc_store_free(store);
}

static void test_filled_forms_are_refused_where_fields_or_counts_are_wrong(void) {
    make_forms();
    static const pkc_form *many[2 * (PKC_STORE_OPS_MAX + 1)];
    static pkc_text fields[PKC_STORE_OPS_MAX + 1];
    pkc_store *store;
    pkc_store_options options = {.salt = 99};
    EXPECT(pkc_store_open_memory(&options, &store) == PKC_OK);
    pkc_answer answer = {0};
    for (int i = 0; i <= PKC_STORE_OPS_MAX; i++) {
        many[i] = many[PKC_STORE_OPS_MAX + 1 + i] = &KEY;
        fields[i] = (pkc_text){.data = "k", .size = 1};
    }
    EXPECT(pkc_store_put_filled(store, many, fields, 1, NULL, -1, 0, &answer) == PKC_ERR_INVALID);
    EXPECT(pkc_store_put_filled(store, many, fields, 1, NULL, PKC_STORE_OPS_MAX + 1, 0,
                                &answer) == PKC_ERR_OP_COUNT);
    EXPECT(pkc_store_put_filled(store, many, fields, 0, NULL, 1, 0, &answer) == PKC_ERR_INVALID);
    EXPECT(pkc_store_put_filled(store, many, fields, 1, NULL, 0, 0, &answer) == PKC_OK);
    EXPECT(pkc_store_put_filled(store, many, fields, 1, NULL, 1, 7, &answer) ==
           PKC_ERR_LEASE_NOT_FOUND);
    pkc_answer_free(&answer);
    EXPECT(pkc_store_close(store) == PKC_OK);
    pkc_store_free(store);
}

static void test_filled_forms_are_logged_whole_and_recovered(void) {
    static batch b;
    make_forms();
    random_state = 7;
    static disk d_image = {.room = -1};
    disk *d = &d_image;
    pkc_store *stores[2];
    pkc_store_options options = {.salt = 99};
    pkc_store_fault fault;
    pkc_file_table table = disk_table(d);
    EXPECT(pkc_store_open_table(&table, &options, &stores[0], &fault) == PKC_OK);
    EXPECT(pkc_store_open_memory(&options, &stores[1]) == PKC_OK);
    for (int i = 0; i < 200; i++) {
        step(stores, &b);
    }
    pkc_answer answer = {0};
    EXPECT(pkc_store_snapshot(stores[0]) == PKC_OK);
    for (int i = 0; i < 50; i++) {
        step(stores, &b);
    }
    EXPECT(pkc_store_sync(stores[0]) == PKC_OK);
    EXPECT(pkc_store_close(stores[0]) == PKC_OK);
    pkc_store_free(stores[0]);
    table = disk_table(d);
    EXPECT(pkc_store_open_table(&table, &options, &stores[0], &fault) == PKC_OK);
    check_equal(stores[0], stores[1]);
    pkc_answer_free(&answer);
    for (int s = 0; s < 2; s++) {
        EXPECT(pkc_store_close(stores[s]) == PKC_OK);
        pkc_store_free(stores[s]);
    }
    disk_free(d);
}

int main(void) {
    RUN(test_filled_forms_are_what_their_values_are);
    RUN(test_a_form_takes_its_text_once_and_gives_it_back);
    RUN(test_filled_forms_are_refused_where_fields_or_counts_are_wrong);
    RUN(test_filled_forms_are_logged_whole_and_recovered);
    return 0;
}
