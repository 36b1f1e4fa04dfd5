/* A record staged for the log is sound before it is written: a caller's bug aborts, bad bytes on
 * disk never do. */
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disk.h"
#include "store/core.h"
#include "wal/stage.h"
#include "workload.h"

static pkc_wal *wal_new(disk *d) {
    static const pkc_store_options options = {.salt = 7};
    pkc_file_table table = disk_table(d);
    pkc_wal *wal = NULL;
    EXPECT(pkc_wal_new(&table, &options, &wal) == PKC_OK);
    return wal;
}

/* 1 if the call ends its process by abort. */
static bool aborts(void (*call)(pkc_wal *wal)) {
    fflush(NULL);
    pid_t child = fork();
    EXPECT(child >= 0);
    if (child == 0) {
        static disk d = {.room = -1};
        EXPECT(freopen("/dev/null", "w", stderr) != NULL);
        call(wal_new(&d));
        _exit(0);
    }
    int status;
    EXPECT(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void append_without_record(pkc_wal *wal) {
    (void)pkc_wal_append(wal, "a", 1);
}

static void append_negative_size(pkc_wal *wal) {
    (void)pkc_wal_begin(wal, PKC_RECORD_TXN);
    (void)pkc_wal_append(wal, "a", -1);
}

static void append_more_than_a_record_holds(pkc_wal *wal) {
    (void)pkc_wal_begin(wal, PKC_RECORD_TXN);
    (void)pkc_wal_append(wal, "a", (int64_t)PKC_RECORD_PAYLOAD_MAX + 1);
}

static void begin_twice(pkc_wal *wal) {
    (void)pkc_wal_begin(wal, PKC_RECORD_TXN);
    (void)pkc_wal_begin(wal, PKC_RECORD_TXN);
}

static void begin_unknown_type(pkc_wal *wal) {
    (void)pkc_wal_begin(wal, PKC_RECORD_END + 1);
}

static void end_with_a_count_past_the_payload(pkc_wal *wal) {
    (void)pkc_wal_begin(wal, PKC_RECORD_TXN);
    pkc_wal_end(wal, 0, 1);
}

static void unstage_what_was_never_staged(pkc_wal *wal) {
    pkc_wal_unstage(wal, 8);
}

static void take_with_a_record_open(pkc_wal *wal) {
    (void)pkc_wal_begin(wal, PKC_RECORD_TXN);
    pkc_wal_take(wal);
}

static void test_a_bug_in_staging_aborts_before_anything_is_written(void) {
    EXPECT(aborts(append_without_record));
    EXPECT(aborts(append_negative_size));
    EXPECT(aborts(append_more_than_a_record_holds));
    EXPECT(aborts(begin_twice));
    EXPECT(aborts(begin_unknown_type));
    EXPECT(aborts(end_with_a_count_past_the_payload));
    EXPECT(aborts(unstage_what_was_never_staged));
    EXPECT(aborts(take_with_a_record_open));
}

static void test_a_staged_record_is_whole_or_not_there(void) {
    static disk d = {.room = -1};
    pkc_wal *wal = wal_new(&d);
    int64_t pair[2] = {1, 2};
    EXPECT(pkc_wal_stage(wal, PKC_RECORD_GRANT, pair, sizeof(pair)) == PKC_OK);
    int64_t staged = pkc_wal_staged(wal);
    EXPECT(staged == PKC_RECORD_HEADER_BYTES + 16 && pkc_wal_open_bytes(wal) == 0);
    EXPECT(pkc_wal_begin(wal, PKC_RECORD_TXN) == PKC_OK);
    EXPECT(pkc_wal_append(wal, "abc", 3) == PKC_OK && pkc_wal_open_bytes(wal) == 3);
    pkc_wal_unstage(wal, staged);
    EXPECT(pkc_wal_staged(wal) == staged);
    pkc_wal_take(wal);
    EXPECT(pkc_wal_staged(wal) == 0 && wal->batch.size == staged);
    pkc_wal_free(wal);
    disk_free(&d);
}

/* Puts that keep their values are small in a request and large in the log. */
static void test_a_transaction_too_large_for_a_record_is_refused_and_undone(void) {
    static disk d = {.room = -1};
    static const pkc_store_options options = {.salt = 7, .ahead_bytes = 64};
    pkc_file_table table = disk_table(&d);
    pkc_store *store;
    pkc_store_fault fault;
    pkc_answer answer = {0};
    EXPECT(pkc_store_open_table(&table, &options, &store, &fault) == PKC_OK);
    store->wal->payload_bytes_max = 1000;
    pkc_op ops[2];
    static const char value[600];
    for (int i = 0; i < 2; i++) {
        ops[i] = (pkc_op){.kind = PKC_OP_PUT, .flags = PKC_FLAG_IGNORE_VALUE, .key_size = 1};
        ops[i].key = i == 0 ? "a" : "b";
        EXPECT(pkc_store_put(store, ops[i].key, 1, value, sizeof value, 0, 0, &answer) == PKC_OK);
        EXPECT(pkc_store_commit(store, answer.ticket) == PKC_OK);
    }
    fingerprint before = fingerprint_of(store);
    pkc_txn txn = {.success = ops, .success_count = 2};
    EXPECT(pkc_store_txn(store, &txn, &answer) == PKC_ERR_REQUEST_SIZE);
    fingerprint after = fingerprint_of(store);
    EXPECT(fingerprint_equal(&before, &after));
    txn.success_count = 1;
    EXPECT(pkc_store_txn(store, &txn, &answer) == PKC_OK);
    EXPECT(pkc_store_commit(store, answer.ticket) == PKC_OK);
    pkc_answer_free(&answer);
    EXPECT(pkc_store_close(store) == PKC_OK);
    pkc_store_free(store);
    disk_free(&d);
}

int main(void) {
    RUN(test_a_bug_in_staging_aborts_before_anything_is_written);
    RUN(test_a_staged_record_is_whole_or_not_there);
    RUN(test_a_transaction_too_large_for_a_record_is_refused_and_undone);
    return 0;
}
