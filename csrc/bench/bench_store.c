/* The store's operations a second, without Python. `make -C csrc bench` runs it at full size;
 * an argument below 1 makes it smaller. Values are 1,500 bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pkc.h"

enum { VALUE_BYTES = 1500 };

static char value[VALUE_BYTES];
static double scale = 1;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int64_t scaled(int64_t count) {
    int64_t less = (int64_t)((double)count * scale);
    return less < 100 ? 100 : less;
}

static void expect(int held) {
    if (!held) {
        fprintf(stderr, "a call failed\n");
        exit(1);
    }
}

static pkc_store *open_memory(void) {
    pkc_store *store;
    pkc_store_options options = {.salt = 42};
    expect(pkc_store_open_memory(&options, &store) == PKC_OK);
    return store;
}

static int key_of(char *out, int64_t i) {
    return sprintf(out, "/registry/pods/default/pod-%08lld", (long long)i);
}

/* Puts of `count` revisions over `keys` keys; returns puts a second. */
static double run_puts(pkc_store *store, int64_t count, int64_t keys, int64_t size) {
    pkc_answer answer = {0};
    char key[64];
    double start = now();
    for (int64_t i = 0; i < count; i++) {
        int key_size = key_of(key, i % keys);
        expect(pkc_store_put(store, key, key_size, value, size, 0, 0, &answer) == PKC_OK);
        pkc_answer_release(&answer);
    }
    double rate = (double)count / (now() - start);
    pkc_answer_free(&answer);
    return rate;
}

static void bench_put_in_memory(void) {
    pkc_store *store = open_memory();
    printf("put, new keys           %10.0f /s\n", run_puts(store, scaled(200000), INT64_MAX,
                                                             VALUE_BYTES));
    printf("put, 1,000 keys         %10.0f /s\n", run_puts(store, scaled(200000), 1000,
                                                             VALUE_BYTES));
    pkc_store_free(store);
}

static void bench_memory_of_a_key_revision(void) {
    static const int64_t keys[] = {1, 10, 100};
    for (int i = 0; i < 3; i++) {
        pkc_store *store = open_memory();
        pkc_store_stats stats;
        int64_t count = scaled(500000);
        (void)run_puts(store, count, count / keys[i], 64);
        expect(pkc_store_stat(store, &stats) == PKC_OK);
        double over = (double)(stats.memory_bytes - stats.data_bytes);
        /* data_bytes counts the key's name once a revision; it is stored once a key. */
        double shared = (double)(count - count / keys[i]) * 35;
        printf("memory, %3lld revisions a key %5.1f bytes a key-revision over key and value\n",
               (long long)keys[i], (over + shared) / (double)count);
        pkc_store_free(store);
    }
}

static void bench_list_1000(void) {
    pkc_store *store = open_memory();
    pkc_answer answer = {0};
    (void)run_puts(store, scaled(50000), INT64_MAX, VALUE_BYTES);
    pkc_op op = {.kind = PKC_OP_RANGE, .key = "/registry/", .key_size = 10,
                 .end = "/registry/pods/default/pod-00001000", .end_size = 35};
    int64_t rounds = scaled(2000);
    double start = now();
    int64_t found = 0;
    for (int64_t i = 0; i < rounds; i++) {
        expect(pkc_store_range(store, &op, &answer) == PKC_OK);
        found = answer.kv_count;
        pkc_answer_release(&answer);
    }
    double seconds = now() - start;
    printf("list of %lld keys        %10.1f us\n", (long long)found,
           seconds / (double)rounds * 1e6);
    pkc_answer_free(&answer);
    pkc_store_free(store);
}

static double puts_beside_watches(int64_t count, int same_key) {
    pkc_store *store = open_memory();
    pkc_watch **watches = calloc((size_t)count + 1, sizeof(pkc_watch *));
    pkc_answer answer = {0};
    char key[64];
    int64_t tags[256];
    for (int64_t i = 0; i < count; i++) {
        int size = key_of(key, same_key ? 0 : i);
        expect(pkc_store_watch(store, key, size, "", 0, 0, 0, i, &watches[i], &answer) ==
               PKC_OK);
    }
    int64_t puts = scaled(100000);
    double start = now();
    for (int64_t i = 0; i < puts; i++) {
        int size = key_of(key, same_key ? 0 : i % 10000);
        expect(pkc_store_put(store, key, size, value, VALUE_BYTES, 0, 0, &answer) == PKC_OK);
        pkc_answer_release(&answer);
        if (i % 1024 == 0) {
            (void)pkc_store_ready(store, tags, 256);
        }
    }
    double rate = (double)puts / (now() - start);
    for (int64_t i = 0; i < count; i++) {
        pkc_watch_free(watches[i]);
    }
    free(watches);
    pkc_answer_free(&answer);
    pkc_store_free(store);
    return rate;
}

static void bench_put_beside_watches(void) {
    for (int same = 1; same >= 0; same--) {
        double none = puts_beside_watches(0, same);
        double many = puts_beside_watches(10000, same);
        printf("put, 10,000 watches on %-10s %5.2f of the cost with none\n",
               same ? "its key" : "10,000 keys", none / many);
    }
}

static void bench_replay(const char *directory) {
    pkc_store *store;
    pkc_store_fault fault;
    pkc_answer answer = {0};
    pkc_store_options options = {.sync = PKC_SYNC_INTERVAL, .salt = 1};
    expect(pkc_store_open_directory(directory, &options, &store, &fault) == PKC_OK);
    int64_t count = scaled(1000000);
    char key[64];
    for (int64_t i = 0; i < count; i++) {
        int size = key_of(key, i % 100000);
        expect(pkc_store_put(store, key, size, value, 200, 0, 0, &answer) == PKC_OK);
    }
    expect(pkc_store_close(store) == PKC_OK);
    pkc_store_free(store);
    double start = now();
    expect(pkc_store_open_directory(directory, &options, &store, &fault) == PKC_OK);
    printf("replay of %lld records %8.2f s\n", (long long)count, now() - start);
    start = now();
    expect(pkc_store_snapshot(store) == PKC_OK);
    printf("snapshot of them         %8.2f s\n", now() - start);
    pkc_store_free(store);
    pkc_answer_free(&answer);
}

int main(int argc, char **argv) {
    scale = argc > 1 ? atof(argv[1]) : 1;
    memset(value, 'v', sizeof(value));
    bench_put_in_memory();
    bench_memory_of_a_key_revision();
    bench_list_1000();
    bench_put_beside_watches();
    char directory[] = "/tmp/pkc-bench-XXXXXX";
    expect(mkdtemp(directory) != NULL);
    bench_replay(directory);
    char command[64];
    snprintf(command, sizeof(command), "rm -r %s", directory);
    expect(system(command) == 0);
    return 0;
}
