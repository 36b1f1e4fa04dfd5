/* Memory that runs out at every single allocation: a status, and nothing has changed. The Makefile
 * links this test with malloc and its kin wrapped. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset);

#define DISK_REALLOC __real_realloc /* the disk's own memory does not run out */
#include "disk.h"
#include "workload.h"

static int64_t left = -1; /* allocations before one fails; -1: none fails */
static bool sticky;

static bool fails(void) {
    if (left < 0) {
        return false;
    }
    if (left == 0) {
        left = sticky ? 0 : -1;
        return true;
    }
    left--;
    return false;
}

void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
    return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset) {
    return fails() ? MAP_FAILED : __real_mmap(at, size, protection, flags, file, offset);
}

static const pkc_store_options options = {
    .segment_bytes = 3000, .ahead_bytes = 1024, .salt = 0x1234567};

/* One step with the allocation after `count` others failing. */
static int try_step(pkc_store *store, int i, int64_t count, pkc_answer *answer) {
    fingerprint before = fingerprint_of(store);
    left = count;
    int status = workload_step(store, i, answer);
    left = -1;
    if (status == PKC_ERR_NO_MEMORY) {
        fingerprint after = fingerprint_of(store);
        EXPECT(fingerprint_equal(&before, &after));
    }
    return status;
}

static int64_t run_steps(pkc_store *store) {
    int64_t sites = 0;
    for (int i = 0; i < 60; i++) {
        int status = PKC_ERR_NO_MEMORY;
        for (int64_t count = 0; status == PKC_ERR_NO_MEMORY; count++) {
            pkc_answer answer = {0};
            status = try_step(store, i, count, &answer);
            int64_t ticket = answer.ticket;
            pkc_answer_free(&answer);
            if (status == PKC_OK) {
                EXPECT(pkc_store_commit(store, ticket) == PKC_OK);
            }
            sites++;
        }
    }
    return sites;
}

static void test_failed_allocation_changes_nothing(void) {
    for (int round = 0; round < 2; round++) {
        sticky = round == 1;
        disk d = {.room = -1};
        pkc_store *store;
        pkc_store_fault fault;
        pkc_file_table table = disk_table(&d);
        EXPECT(pkc_store_open_table(&table, &options, &store, &fault) == PKC_OK);
        int64_t sites = run_steps(store);
        fingerprint before = fingerprint_of(store);
        EXPECT(pkc_store_close(store) == PKC_OK);
        pkc_store_free(store);
        /* Opening may fail anywhere, too, and then succeed. */
        int status = PKC_ERR_NO_MEMORY;
        for (int64_t count = 0; status == PKC_ERR_NO_MEMORY; count++, sites++) {
            left = count;
            status = pkc_store_open_table(&table, &options, &store, &fault);
            left = -1;
        }
        EXPECT(status == PKC_OK);
        fingerprint after = fingerprint_of(store);
        EXPECT(fingerprint_equal(&before, &after));
        for (int64_t count = 0; count < 40; count++, sites++) {
            left = count;
            status = pkc_store_snapshot(store);
            left = -1;
            EXPECT(status == PKC_OK || status == PKC_ERR_NO_MEMORY);
        }
        after = fingerprint_of(store);
        EXPECT(fingerprint_equal(&before, &after));
        pkc_store_free(store);
        printf("   %lld allocations failed%s\n", (long long)sites, sticky ? " for good" : "");
        disk_free(&d);
    }
}

static void test_watch_and_range_survive_failed_allocations(void) {
    pkc_store *store;
    pkc_answer answer = {0};
    EXPECT(pkc_store_open_memory(&options, &store) == PKC_OK);
    for (int i = 0; i < 30; i++) {
        EXPECT(workload_step(store, 11 * i, &answer) == PKC_OK);
        pkc_answer_release(&answer);
    }
    sticky = false;
    int status = PKC_ERR_NO_MEMORY;
    for (int64_t count = 0; status == PKC_ERR_NO_MEMORY; count++) {
        pkc_watch *watch = NULL;
        int32_t more;
        pkc_answer fresh = {0};
        left = count;
        status = pkc_store_watch(store, "k", 1, "l", 1, 2, PKC_FLAG_PREV_KV, 1, &watch, &fresh);
        status = status < 0 ? status : pkc_watch_read(watch, 100, &more, &fresh);
        left = -1;
        pkc_answer_free(&fresh);
        pkc_watch_free(watch);
    }
    EXPECT(status == 30);
    pkc_answer_free(&answer);
    EXPECT(pkc_store_close(store) == PKC_OK);
    pkc_store_free(store);
}

int main(void) {
    RUN(test_failed_allocation_changes_nothing);
    RUN(test_watch_and_range_survive_failed_allocations);
    return 0;
}
