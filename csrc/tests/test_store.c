/* The store in memory: limits, history, compaction, leases, watches. etcd's answers at the edges
 * are compared in Python. */
#include "store/history.h"
#include "workload.h"

static pkc_store *open_store(void) {
    pkc_store *store;
    pkc_store_options options = {.salt = 99};
    EXPECT(pkc_store_open_memory(&options, &store) == PKC_OK);
    return store;
}

static void close_store(pkc_store *store) {
    const char *reason = NULL;
    EXPECT(pkc_store_validate(store, &reason) == PKC_OK);
    EXPECT(pkc_store_close(store) == PKC_OK);
    pkc_store_free(store);
}

static void put_once(pkc_store *store, const char *key, const char *value) {
    pkc_answer answer = {0};
    EXPECT(put(store, key, value, 0, &answer) == PKC_OK);
    pkc_answer_free(&answer);
}

static void test_transaction_takes_128_operations_and_not_129(void) {
    pkc_store *store = open_store();
    pkc_answer answer = {0};
    static char keys[129][16];
    static pkc_op ops[129];
    for (int i = 0; i < 129; i++) {
        snprintf(keys[i], sizeof(keys[i]), "k%d", i);
        ops[i] = put_op(keys[i], "");
    }
    for (int count = 127; count <= 129; count++) {
        pkc_txn txn = {.success = ops, .success_count = count};
        int status = pkc_store_txn(store, &txn, &answer);
        EXPECT(status == (count <= 128 ? PKC_OK : PKC_ERR_OP_COUNT));
        EXPECT(status < 0 || answer.result_count == count + 1);
        pkc_answer_release(&answer);
    }
    pkc_answer_free(&answer);
    close_store(store);
}

static void test_request_takes_its_maximum_of_bytes_and_not_one_more(void) {
    pkc_store *store = open_store();
    pkc_answer answer = {0};
    char *value = calloc(1, PKC_STORE_REQUEST_BYTES_MAX);
    EXPECT(value != NULL);
    for (int64_t over = -1; over <= 1; over++) {
        int64_t size = PKC_STORE_REQUEST_BYTES_MAX - 1 + over;
        int status = pkc_store_put(store, "k", 1, value, size, 0, 0, &answer);
        EXPECT(status == (over <= 0 ? PKC_OK : PKC_ERR_REQUEST_SIZE));
    }
    EXPECT(pkc_store_put(store, "k", 1, value, -1, 0, 0, &answer) == PKC_ERR_INVALID);
    free(value);
    pkc_answer_free(&answer);
    close_store(store);
}

static void test_version_limit_is_refused_and_changes_nothing(void) {
    pkc_store *store = open_store();
    pkc_answer answer = {0};
    put_once(store, "k", "1");
    put_once(store, "k", "2");
    pkc_store_newest(store, pkc_store_find(store, "k", 1))->version = PKC_VERSION_MAX - 1;
    put_once(store, "k", "3");
    EXPECT(put(store, "k", "4", 0, &answer) == PKC_ERR_LIMIT);
    pkc_op get = range_op("k", "");
    EXPECT(pkc_store_range(store, &get, &answer) == PKC_OK);
    EXPECT(answer.kvs[0].version == PKC_VERSION_MAX && answer.revision == 4);
    pkc_answer_free(&answer);
    close_store(store);
}

static void test_quota_refuses_puts_and_allows_deletes(void) {
    pkc_store *store;
    pkc_store_options options = {.quota_bytes = 2000};
    pkc_answer answer = {0};
    EXPECT(pkc_store_open_memory(&options, &store) == PKC_OK);
    char value[500] = {0};
    memset(value, 'v', 499);
    int status = PKC_OK;
    int puts = 0;
    for (; status == PKC_OK; puts += status == PKC_OK) {
        status = put(store, "k", value, 0, &answer);
    }
    EXPECT(status == PKC_ERR_QUOTA && puts == 4);
    EXPECT(pkc_store_delete(store, "k", 1, "", 0, 0, &answer) == PKC_OK);
    EXPECT(pkc_store_compact(store, answer.revision, &answer) == PKC_OK);
    EXPECT(put(store, "k", value, 0, &answer) == PKC_OK);
    pkc_answer_free(&answer);
    close_store(store);
}

static void test_answer_stays_readable_while_all_behind_it_is_compacted(void) {
    pkc_store *store = open_store();
    pkc_answer answer = {0};
    pkc_answer other = {0};
    char key[16];
    for (int i = 0; i < 3000; i++) {
        snprintf(key, sizeof(key), "key-%05d", i);
        put_once(store, key, key);
    }
    pkc_op all = range_op("k", "l");
    EXPECT(pkc_store_range(store, &all, &answer) == PKC_OK && answer.kv_count == 3000);
    EXPECT(pkc_store_delete(store, "k", 1, "l", 1, 0, &other) == PKC_OK);
    put_once(store, "z", "z");
    EXPECT(pkc_store_compact(store, 3003, &other) == PKC_OK);
    for (int i = 0; i < 3000; i++) {
        EXPECT(memcmp(answer.kvs[i].key, answer.kvs[i].value, 9) == 0);
    }
    pkc_answer_free(&answer);
    pkc_store_stats stats;
    EXPECT(pkc_store_stat(store, &stats) == PKC_OK);
    EXPECT(stats.key_count == 1 && stats.version_count == 1);
    pkc_answer_free(&other);
    close_store(store);
}

static void test_compaction_gives_memory_back(void) {
    pkc_store *store = open_store();
    pkc_answer answer = {0};
    char value[1500];
    memset(value, 'v', sizeof(value));
    value[1499] = 0;
    pkc_store_stats full;
    pkc_store_stats compacted;
    for (int i = 0; i < 40000; i++) {
        char key[16];
        /* One put in fifty survives, so every block is left with a little life. */
        snprintf(key, sizeof(key), i % 50 == 0 ? "stay-%d" : "go-%d", i % 50 == 0 ? i : i % 10);
        put_once(store, key, value);
    }
    EXPECT(pkc_store_stat(store, &full) == PKC_OK);
    EXPECT(pkc_store_compact(store, full.revision, &answer) == PKC_OK);
    EXPECT(pkc_store_stat(store, &compacted) == PKC_OK);
    EXPECT(compacted.version_count == 800 + 10);
    EXPECT(full.memory_bytes > 60000000 && compacted.memory_bytes < 10000000);
    pkc_op get = range_op("stay-39950", "");
    EXPECT(pkc_store_range(store, &get, &answer) == PKC_OK && answer.kv_count == 1);
    EXPECT(memcmp(answer.kvs[0].value, value, 1499) == 0);
    pkc_answer_free(&answer);
    close_store(store);
}

static void test_keys_left_in_sparse_blocks_move_with_all_that_leads_to_them(void) {
    enum { COUNT = 30000, KEPT = 100 };
    pkc_store *store = open_store();
    pkc_answer answer = {0};
    int64_t ttl;
    char key[64];
    EXPECT(pkc_store_lease_grant(store, 7, 60, 0, &ttl, &answer) == PKC_OK);
    for (int i = 0; i < COUNT; i++) {
        snprintf(key, sizeof(key), i % (COUNT / KEPT) == 0 ? "stay-%032d" : "zap-%033d", i);
        EXPECT(put(store, key, "1", i % 2 == 0 ? 7 : 0, &answer) == PKC_OK);
        pkc_answer_release(&answer);
    }
    pkc_op kept = range_op("stay-", "t");
    EXPECT(pkc_store_range(store, &kept, &answer) == PKC_OK && answer.kv_count == KEPT);
    pkc_store_stats full;
    pkc_store_stats compacted;
    EXPECT(pkc_store_stat(store, &full) == PKC_OK);
    pkc_answer other = {0};
    EXPECT(pkc_store_delete(store, "zap-", 4, "zaq", 3, 0, &other) == PKC_OK);
    put_once(store, "x", "1"); /* a tombstone goes when it is below the compacted revision */
    EXPECT(pkc_store_compact(store, other.revision + 1, &other) == PKC_OK);
    /* The first answer still shows the places that they left. */
    EXPECT(memcmp(answer.kvs[KEPT - 1].key, "stay-", 5) == 0 && answer.kvs[9].value[0] == '1');
    pkc_answer_release(&answer);
    EXPECT(pkc_store_stat(store, &compacted) == PKC_OK);
    EXPECT(compacted.key_count == KEPT + 1 && compacted.version_count == KEPT + 1);
    int64_t used = 0;
    for (const pkc_block *block = store->arena.blocks; block != NULL; block = block->next) {
        used += block->capacity;
    }
    EXPECT(full.memory_bytes > 3000000 && used <= 2 * PKC_BLOCK_BYTES);
    EXPECT(pkc_store_lease_time_to_live(store, 7, 0, &ttl, &ttl, &answer) == PKC_OK);
    EXPECT(answer.kv_count == KEPT);
    pkc_answer_release(&answer);
    for (int i = 0; i < COUNT; i += COUNT / KEPT) {
        snprintf(key, sizeof(key), "stay-%032d", i);
        EXPECT(put(store, key, "2", 0, &answer) == PKC_OK);
        pkc_answer_release(&answer);
    }
    EXPECT(pkc_store_range(store, &kept, &answer) == PKC_OK && answer.kv_count == KEPT);
    EXPECT(answer.kvs[KEPT - 1].version == 2 && answer.kvs[KEPT - 1].create_revision < COUNT + 2);
    pkc_answer_release(&answer);
    EXPECT(pkc_store_lease_time_to_live(store, 7, 0, &ttl, &ttl, &answer) == PKC_OK);
    EXPECT(answer.kv_count == 0);
    pkc_answer_free(&answer);
    pkc_answer_free(&other);
    close_store(store);
}

static void test_leases_end_at_their_deadline_and_not_before(void) {
    pkc_store *store = open_store();
    pkc_answer answer = {0};
    int64_t ttl;
    const int64_t second = 1000000000;
    EXPECT(pkc_store_lease_grant(store, 7, 1, 0, &ttl, &answer) == PKC_OK && ttl == 2);
    EXPECT(pkc_store_lease_grant(store, 7, 9, 0, &ttl, &answer) == PKC_ERR_LEASE_EXISTS);
    EXPECT(pkc_store_lease_grant(store, 8, INT64_C(9000000000), 0, &ttl, &answer) == PKC_OK);
    EXPECT(pkc_store_lease_grant(store, 9, INT64_C(9000000001), 0, &ttl, &answer) ==
           PKC_ERR_LEASE_TTL);
    EXPECT(put(store, "b", "", 7, &answer) == PKC_OK);
    EXPECT(put(store, "a", "", 7, &answer) == PKC_OK);
    EXPECT(pkc_store_lease_expire(store, 2 * second - 1, 10, &answer) == 0);
    EXPECT(pkc_store_lease_keep_alive(store, 7, second, &ttl, &answer) == PKC_OK && ttl == 2);
    EXPECT(pkc_store_lease_expire(store, 3 * second - 1, 10, &answer) == 0);
    EXPECT(pkc_store_lease_keep_alive(store, 7, 3 * second, &ttl, &answer) ==
           PKC_ERR_LEASE_NOT_FOUND);
    EXPECT(pkc_store_lease_expire(store, 3 * second, 10, &answer) == 1);
    EXPECT(answer.revision == 4);
    EXPECT(pkc_store_lease_deadline(store) == INT64_C(9000000000) * second);
    pkc_answer_free(&answer);
    close_store(store);
}

static pkc_watch *watch_on(pkc_store *store, const char *key, const char *end, int64_t start,
                           int64_t tag) {
    pkc_watch *watch = NULL;
    pkc_answer answer = {0};
    EXPECT(pkc_store_watch(store, key, (int64_t)strlen(key), end, (int64_t)strlen(end), start,
                           PKC_FLAG_PREV_KV, tag, &watch, &answer) == PKC_OK);
    pkc_answer_free(&answer);
    return watch;
}

static int read_count(pkc_watch *watch, int64_t max, int32_t *more) {
    pkc_answer answer = {0};
    int count = pkc_watch_read(watch, max, more, &answer);
    pkc_answer_free(&answer);
    return count;
}

static void test_only_watches_that_a_write_concerns_are_named(void) {
    pkc_store *store = open_store();
    int64_t tags[8];
    int32_t more;
    pkc_watch *watches[5] = {
        watch_on(store, "a", "", 0, 1),   watch_on(store, "a", "c", 0, 2),
        watch_on(store, "b", "z", 0, 3),  watch_on(store, "c", "", 0, 4),
        watch_on(store, "aa", "ab", 0, 5),
    };
    put_once(store, "a", "1");
    EXPECT(pkc_store_ready(store, tags, 8) == 2 && tags[0] + tags[1] == 3);
    EXPECT(pkc_store_ready(store, tags, 8) == 0);
    put_once(store, "aa1", "1");
    EXPECT(pkc_store_ready(store, tags, 1) == 1);
    EXPECT(pkc_store_ready(store, tags, 8) == 1);
    EXPECT(read_count(watches[0], 10, &more) == 1);
    EXPECT(read_count(watches[1], 10, &more) == 2);
    EXPECT(read_count(watches[2], 10, &more) == 0);
    EXPECT(read_count(watches[4], 10, &more) == 1);
    for (int i = 0; i < 5; i++) {
        pkc_watch_free(watches[i]);
    }
    close_store(store);
}

static void test_watch_gets_whole_revisions_and_resumes(void) {
    pkc_store *store = open_store();
    pkc_answer answer = {0};
    int32_t more;
    pkc_op ops[3] = {put_op("b", "1"), put_op("a", "1"), put_op("c", "1")};
    pkc_txn txn = {.success = ops, .success_count = 3};
    for (int i = 0; i < 3; i++) {
        EXPECT(pkc_store_txn(store, &txn, &answer) == PKC_OK);
        pkc_answer_release(&answer);
    }
    pkc_watch *watch = watch_on(store, "a", "z", 3, 1);
    EXPECT(pkc_watch_read(watch, 1, &more, &answer) == 3 && more == 1);
    EXPECT(answer.kvs[0].key[0] == 'b' && answer.kvs[1].key[0] == 'a');
    EXPECT(answer.kvs[0].mod_revision == 3 && answer.kvs[answer.kvs[0].prev].mod_revision == 2);
    pkc_answer_release(&answer);
    EXPECT(read_count(watch, 1, &more) == 3 && more == 0);
    EXPECT(read_count(watch, 1, &more) == 0);
    pkc_watch *one = watch_on(store, "a", "", 2, 2);
    EXPECT(read_count(one, 2, &more) == 2 && more == 1);
    EXPECT(read_count(one, 2, &more) == 1 && more == 0);
    pkc_watch_free(watch);
    pkc_watch_free(one);
    pkc_answer_free(&answer);
    close_store(store);
}

static void test_watch_leaves_out_prefixes(void) {
    pkc_store *store = open_store();
    int32_t more;
    pkc_watch *watch = watch_on(store, "a", "z", 0, 1);
    const int64_t sizes[2] = {2, 1};
    EXPECT(pkc_watch_exclude(watch, "bbc", sizes, 2) == PKC_OK);
    put_once(store, "b", "1");
    put_once(store, "bb", "1");
    put_once(store, "bb1", "1");
    put_once(store, "c", "1");
    EXPECT(read_count(watch, 10, &more) == 1 && more == 0);
    EXPECT(pkc_watch_exclude(watch, "b", (const int64_t[]){1}, 1) == PKC_OK);
    put_once(store, "bb", "2");
    put_once(store, "c", "2");
    EXPECT(read_count(watch, 10, &more) == 1);
    EXPECT(pkc_watch_exclude(watch, "", (const int64_t[]){0}, 1) == PKC_ERR_INVALID);
    EXPECT(pkc_watch_exclude(watch, NULL, NULL, 0) == PKC_OK);
    put_once(store, "bb", "3");
    EXPECT(read_count(watch, 10, &more) == 1);
    pkc_watch_free(watch);
    close_store(store);
}

static void test_compacted_watch_is_cancelled_only_if_it_lost_an_event(void) {
    pkc_store *store = open_store();
    pkc_answer answer = {0};
    int32_t more;
    pkc_watch *lagging = watch_on(store, "a", "", 0, 1);
    pkc_watch *idle = watch_on(store, "quiet", "", 0, 2);
    pkc_watch *range = watch_on(store, "a", "b", 0, 3);
    put_once(store, "a", "1");
    put_once(store, "a", "2");
    EXPECT(pkc_store_delete(store, "a", 1, "", 0, 0, &answer) == PKC_OK);
    EXPECT(read_count(range, 10, &more) == 3);
    EXPECT(pkc_store_compact(store, 4, &answer) == PKC_OK);
    put_once(store, "a", "4");
    EXPECT(pkc_watch_read(lagging, 10, &more, &answer) == PKC_ERR_COMPACTED);
    EXPECT(answer.compact_revision == 4);
    EXPECT(read_count(idle, 10, &more) == 0);
    EXPECT(read_count(range, 10, &more) == 1);
    pkc_watch *boundary = watch_on(store, "a", "", 4, 4);
    EXPECT(pkc_watch_read(boundary, 10, &more, &answer) == 2); /* the tombstone at 4, too */
    EXPECT(answer.kvs[0].create_revision == 0 && answer.kvs[0].prev == -1);
    pkc_answer_release(&answer);
    pkc_watch *old = watch_on(store, "a", "", 3, 5);
    EXPECT(pkc_watch_read(old, 10, &more, &answer) == PKC_ERR_COMPACTED);
    pkc_watch *watches[5] = {lagging, idle, range, boundary, old};
    for (int i = 0; i < 5; i++) {
        pkc_watch_free(watches[i]);
    }
    pkc_answer_free(&answer);
    close_store(store);
}

static void test_tombstones_of_a_key_made_and_deleted_often_all_go(void) {
    pkc_store *store = open_store();
    pkc_answer answer = {0};
    for (int i = 0; i < 500; i++) {
        put_once(store, "k", "v");
        EXPECT(pkc_store_delete(store, "k", 1, "", 0, 0, &answer) == PKC_OK);
    }
    for (int64_t revision = 100; revision < 1001; revision += 53) {
        EXPECT(pkc_store_compact(store, revision, &answer) == PKC_OK);
        const char *reason;
        EXPECT(pkc_store_validate(store, &reason) == PKC_OK);
    }
    EXPECT(pkc_store_compact(store, 1001, &answer) == PKC_OK);
    put_once(store, "other", "v");
    EXPECT(pkc_store_compact(store, 1002, &answer) == PKC_OK);
    pkc_store_stats stats;
    EXPECT(pkc_store_stat(store, &stats) == PKC_OK);
    EXPECT(stats.key_count == 1 && stats.version_count == 1);
    pkc_answer_free(&answer);
    close_store(store);
}

static void test_one_compaction_takes_a_key_with_all_its_tombstones(void) {
    pkc_store *store = open_store();
    pkc_answer answer = {0};
    for (int i = 0; i < 6; i++) {
        put_once(store, i % 2 == 0 ? "k" : "l", "v");
        EXPECT(pkc_store_delete(store, "k", 1, "m", 1, 0, &answer) == PKC_OK);
    }
    put_once(store, "l", "v");
    EXPECT(pkc_store_compact(store, 14, &answer) == PKC_OK);
    pkc_store_stats stats;
    EXPECT(pkc_store_stat(store, &stats) == PKC_OK);
    EXPECT(stats.key_count == 1 && stats.version_count == 1);
    pkc_answer_free(&answer);
    close_store(store);
}

static void test_closed_store_refuses_everything(void) {
    pkc_store *store = open_store();
    pkc_answer answer = {0};
    put_once(store, "k", "v");
    EXPECT(pkc_store_close(store) == PKC_OK && pkc_store_close(store) == PKC_OK);
    EXPECT(put(store, "k", "v", 0, &answer) == PKC_ERR_CLOSED);
    pkc_op get = range_op("k", "");
    EXPECT(pkc_store_range(store, &get, &answer) == PKC_ERR_CLOSED);
    EXPECT(pkc_store_compact(store, 2, &answer) == PKC_ERR_CLOSED);
    EXPECT(pkc_store_wait(store, 5) == 0);
    pkc_answer_free(&answer);
    pkc_store_free(store);
}

static void test_answer_and_watch_outlive_their_store(void) {
    pkc_store *store = open_store();
    pkc_answer answer = {0};
    put_once(store, "k", "v");
    pkc_watch *watch = watch_on(store, "k", "", 0, 1);
    pkc_op get = range_op("k", "");
    EXPECT(pkc_store_range(store, &get, &answer) == PKC_OK);
    pkc_store_free(store);
    int32_t more;
    pkc_answer other = {0};
    EXPECT(pkc_watch_read(watch, 1, &more, &other) == PKC_ERR_CLOSED);
    pkc_watch_free(watch);
    EXPECT(answer.kvs[0].value[0] == 'v');
    pkc_answer_free(&answer);
}

static void test_batch_names_the_first_key_at_another_revision(void) {
    pkc_store *store = open_store();
    pkc_answer answer = {0};
    put_once(store, "b", "1");
    const int64_t sizes[6] = {1, 1, 1, 1, 0, 2};
    for (int64_t wrong = 0; wrong < 3; wrong++) {
        int64_t expected[3] = {0, 2, 0};
        expected[wrong] += 5;
        expected[2] += 5;
        EXPECT(pkc_store_put_if(store, "abcxyy", sizes, expected, 3, 0, &answer) == PKC_OK);
        EXPECT(answer.result_count == 1 && answer.results[0].succeeded == 0);
        EXPECT(answer.results[0].count == wrong && answer.revision == 2);
    }
    const int64_t expected[3] = {0, 2, 0};
    EXPECT(pkc_store_put_if(store, "abcxyy", sizes, expected, 3, 0, &answer) == PKC_OK);
    EXPECT(answer.results[0].succeeded == 1 && answer.revision == 3);
    EXPECT(pkc_store_put_if(store, "abcxyy", sizes, NULL, 3, 0, &answer) == PKC_OK);
    EXPECT(answer.results[0].succeeded == 1 && answer.revision == 4);
    EXPECT(pkc_store_put_if(store, "", NULL, NULL, 0, 0, &answer) == PKC_OK);
    EXPECT(answer.results[0].succeeded == 1 && answer.revision == 4);
    EXPECT(pkc_store_put_if(store, "", NULL, NULL, 129, 0, &answer) == PKC_ERR_OP_COUNT);
    EXPECT(pkc_store_put_if(store, "", NULL, NULL, -1, 0, &answer) == PKC_ERR_INVALID);
    pkc_answer_free(&answer);
    close_store(store);
}

static void test_batch_of_deletes_names_the_first_key_at_another_revision(void) {
    pkc_store *store = open_store();
    pkc_answer answer = {0};
    put_once(store, "a", "1");
    put_once(store, "bc", "1");
    const int64_t sizes[3] = {1, 2, 1};
    for (int64_t wrong = 0; wrong < 3; wrong++) {
        int64_t expected[3] = {2, 3, 0};
        expected[wrong] += 5;
        expected[2] += 5;
        EXPECT(pkc_store_delete_if(store, "abcd", sizes, expected, 3, &answer) == PKC_OK);
        EXPECT(answer.result_count == 1 && answer.results[0].succeeded == 0);
        EXPECT(answer.results[0].count == wrong && answer.revision == 3);
    }
    const int64_t expected[3] = {2, 3, 0};
    EXPECT(pkc_store_delete_if(store, "abcd", sizes, expected, 3, &answer) == PKC_OK);
    EXPECT(answer.results[0].succeeded == 1 && answer.revision == 4);
    EXPECT(pkc_store_delete_if(store, "abcd", sizes, NULL, 3, &answer) == PKC_OK);
    EXPECT(answer.results[0].succeeded == 1 && answer.revision == 4);
    EXPECT(pkc_store_delete_if(store, "", NULL, NULL, 0, &answer) == PKC_OK);
    EXPECT(pkc_store_delete_if(store, "", NULL, NULL, 129, &answer) == PKC_ERR_OP_COUNT);
    EXPECT(pkc_store_delete_if(store, "", NULL, NULL, -1, &answer) == PKC_ERR_INVALID);
    pkc_answer_free(&answer);
    close_store(store);
}

int main(void) {
    RUN(test_batch_of_deletes_names_the_first_key_at_another_revision);
    RUN(test_batch_names_the_first_key_at_another_revision);
    RUN(test_transaction_takes_128_operations_and_not_129);
    RUN(test_request_takes_its_maximum_of_bytes_and_not_one_more);
    RUN(test_version_limit_is_refused_and_changes_nothing);
    RUN(test_quota_refuses_puts_and_allows_deletes);
    RUN(test_answer_stays_readable_while_all_behind_it_is_compacted);
    RUN(test_compaction_gives_memory_back);
    RUN(test_keys_left_in_sparse_blocks_move_with_all_that_leads_to_them);
    RUN(test_leases_end_at_their_deadline_and_not_before);
    RUN(test_only_watches_that_a_write_concerns_are_named);
    RUN(test_watch_gets_whole_revisions_and_resumes);
    RUN(test_watch_leaves_out_prefixes);
    RUN(test_compacted_watch_is_cancelled_only_if_it_lost_an_event);
    RUN(test_tombstones_of_a_key_made_and_deleted_often_all_go);
    RUN(test_one_compaction_takes_a_key_with_all_its_tombstones);
    RUN(test_closed_store_refuses_everything);
    RUN(test_answer_and_watch_outlive_their_store);
    return 0;
}
