/* Many threads on one handle: every acknowledged write is there, in an order that real time allows.
 * Run under ThreadSanitizer by `make -C csrc tsan`. */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workload.h"

enum { WRITERS = 8, WRITES = 200, READERS = 3 };

static pkc_store *store;
static bool stop;

static bool stopped(void) {
    return __atomic_load_n(&stop, __ATOMIC_ACQUIRE);
}

/* Add one to a counter by compare-and-put until it was done WRITES times; revisions must rise. */
static void *count_up(void *argument) {
    (void)argument;
    pkc_answer answer = {0};
    int64_t last = 0;
    for (int done = 0; done < WRITES;) {
        pkc_op get = range_op("counter", "");
        EXPECT(pkc_store_range(store, &get, &answer) == PKC_OK);
        int64_t mod = answer.kv_count == 0 ? 0 : answer.kvs[0].mod_revision;
        int64_t version = answer.kv_count == 0 ? 0 : answer.kvs[0].version;
        pkc_answer_release(&answer);
        char text[32];
        snprintf(text, sizeof(text), "%lld", (long long)version + 1);
        pkc_compare same = {.target = PKC_COMPARE_MOD, .key = "counter", .key_size = 7};
        same.number = mod;
        pkc_op ops[1] = {put_op("counter", text)};
        pkc_txn txn = {.compares = &same, .compare_count = 1, .success = ops, .success_count = 1};
        EXPECT(pkc_store_txn(store, &txn, &answer) == PKC_OK);
        bool won = answer.results[0].succeeded != 0;
        int64_t revision = answer.revision;
        int64_t ticket = answer.ticket;
        pkc_answer_release(&answer);
        EXPECT(pkc_store_commit(store, ticket) == PKC_OK);
        EXPECT(revision >= last);
        last = revision;
        done += won;
    }
    pkc_answer_free(&answer);
    return NULL;
}

/* A watch sees every version of the counter once, in order. */
static void *follow(void *argument) {
    (void)argument;
    pkc_answer answer = {0};
    pkc_watch *watch;
    int32_t more;
    int64_t seen = 0;
    EXPECT(pkc_store_watch(store, "c", 1, "d", 1, 1, 0, 1, &watch, &answer) == PKC_OK);
    while (seen < WRITERS * WRITES) {
        int count = pkc_watch_read(watch, 16, &more, &answer);
        EXPECT(count >= 0);
        for (int i = 0; i < count; i++) {
            EXPECT(answer.kvs[i].version == ++seen);
        }
        int64_t revision = answer.revision;
        pkc_answer_release(&answer);
        if (count == 0) {
            (void)pkc_store_wait(store, revision);
        }
    }
    pkc_watch_free(watch);
    pkc_answer_free(&answer);
    return NULL;
}

static void *maintain(void *argument) {
    (void)argument;
    pkc_answer answer = {0};
    char key[16];
    for (int i = 0; !stopped(); i++) {
        snprintf(key, sizeof(key), "other-%d", i % 50);
        EXPECT(put(store, key, key, 0, &answer) == PKC_OK);
        EXPECT(pkc_store_commit(store, answer.ticket) == PKC_OK);
        pkc_store_stats stats;
        const char *reason;
        uint32_t hash;
        EXPECT(pkc_store_stat(store, &stats) == PKC_OK);
        EXPECT(pkc_store_hash(store, 0, &hash, &answer) == PKC_OK);
        EXPECT(i % 16 != 0 || pkc_store_validate(store, &reason) == PKC_OK);
        EXPECT(i % 16 != 8 || pkc_store_snapshot(store) == PKC_OK);
        usleep(500);
    }
    pkc_answer_free(&answer);
    return NULL;
}

static void run_threads(void) {
    pthread_t threads[WRITERS + READERS + 1];
    int count = 0;
    stop = false;
    for (int i = 0; i < WRITERS + READERS + 1; i++) {
        void *(*body)(void *) = i < WRITERS             ? count_up
                                : i < WRITERS + READERS ? follow
                                                        : maintain;
        EXPECT(pthread_create(&threads[count++], NULL, body, NULL) == 0);
    }
    for (int i = 0; i < count - 1; i++) {
        EXPECT(pthread_join(threads[i], NULL) == 0);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    EXPECT(pthread_join(threads[count - 1], NULL) == 0);
    pkc_answer answer = {0};
    pkc_op get = range_op("counter", "");
    EXPECT(pkc_store_range(store, &get, &answer) == PKC_OK);
    EXPECT(answer.kvs[0].version == WRITERS * WRITES);
    EXPECT(atoi(answer.kvs[0].value) == WRITERS * WRITES);
    pkc_answer_free(&answer);
}

static void test_threads_in_memory(void) {
    pkc_store_options options = {.salt = 1};
    EXPECT(pkc_store_open_memory(&options, &store) == PKC_OK);
    run_threads();
    EXPECT(pkc_store_close(store) == PKC_OK);
    pkc_store_free(store);
}

static void test_threads_on_a_file_system(void) {
    char path[] = "/tmp/pkc-store-XXXXXX";
    EXPECT(mkdtemp(path) != NULL);
    pkc_store_options options = {.salt = 1, .segment_bytes = 100000};
    pkc_store_fault fault;
    EXPECT(pkc_store_open_directory(path, &options, &store, &fault) == PKC_OK);
    pkc_store *second;
    EXPECT(pkc_store_open_directory(path, &options, &second, &fault) == PKC_ERR_LOCKED);
    run_threads();
    fingerprint before = fingerprint_of(store);
    EXPECT(pkc_store_close(store) == PKC_OK);
    pkc_store_free(store);
    EXPECT(pkc_store_open_directory(path, &options, &store, &fault) == PKC_OK);
    fingerprint after = fingerprint_of(store);
    EXPECT(fingerprint_equal(&before, &after));
    EXPECT(pkc_store_close(store) == PKC_OK);
    pkc_store_free(store);
    char command[64];
    snprintf(command, sizeof(command), "rm -r %s", path);
    EXPECT(system(command) == 0);
}

int main(void) {
    RUN(test_threads_in_memory);
    RUN(test_threads_on_a_file_system);
    return 0;
}
