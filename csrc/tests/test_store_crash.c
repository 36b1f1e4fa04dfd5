/* Crashes at every point of a log's life: nothing acknowledged is lost, nothing is made up.
 *
 * PKC_CRASH_STATES says how many states are tried (default 20,000). */
#include "disk.h"
#include "workload.h"

enum { STEPS = 60, SNAPSHOT_EVERY = 23, STATES = 4096 };

static pkc_store_options options = {
    .segment_bytes = 3000, .ahead_bytes = 1024, .salt = 0x1234567};
static int batch_steps = 2; /* steps that are staged before they are committed together */

/* The store's contents after each step, and how many disk operations there were when that was
 * acknowledged. */
static struct {
    fingerprint print;
    int64_t acked_at;
} history[STATES];
static int history_count;
static int64_t tried;

static void note(pkc_store *shadow) {
    EXPECT(history_count < STATES);
    history[history_count].print = fingerprint_of(shadow);
    history[history_count++].acked_at = INT64_MAX;
}

static void note_acknowledged(const disk *d) {
    for (int i = history_count - 1; i >= 0 && history[i].acked_at == INT64_MAX; i--) {
        history[i].acked_at = d->op_count;
    }
}

/* Run the workload on a disk that records, and beside it in memory, where each step shows at
 * once. */
static void record(disk *d) {
    pkc_store *store;
    pkc_store *shadow;
    pkc_store_fault fault;
    pkc_answer answer = {0};
    pkc_file_table table = disk_table(d);
    d->room = -1;
    d->recording = true;
    history_count = 0;
    EXPECT(pkc_store_open_memory(&options, &shadow) == PKC_OK);
    EXPECT(pkc_store_open_table(&table, &options, &store, &fault) == PKC_OK);
    note(shadow);
    note_acknowledged(d);
    for (int i = 0; i < STEPS; i++) {
        int status = workload_step(store, i, &answer);
        EXPECT(status == PKC_OK || status == PKC_ERR_LEASE_NOT_FOUND ||
               status == PKC_ERR_COMPACTED);
        int64_t ticket = answer.ticket;
        pkc_answer_release(&answer);
        EXPECT(workload_step(shadow, i, &answer) == status);
        pkc_answer_release(&answer);
        note(shadow);
        if (i % batch_steps == batch_steps - 1) {
            EXPECT(pkc_store_commit(store, ticket) == PKC_OK);
            note_acknowledged(d);
        }
        if (i % SNAPSHOT_EVERY == SNAPSHOT_EVERY - 1) {
            EXPECT(pkc_store_snapshot(store) == PKC_OK);
            note_acknowledged(d);
        }
    }
    EXPECT(pkc_store_close(store) == PKC_OK);
    note_acknowledged(d);
    pkc_store_free(shadow);
    pkc_store_free(store);
    pkc_answer_free(&answer);
}

/* Whether recovery from `image` gives a state between the last acknowledged one and the last
 * staged one at disk operation `point`. */
static void expect_recovery(const disk_image *image, int64_t point) {
    disk d = {.room = -1};
    disk_image_copy(&d.image, image);
    pkc_store *store;
    pkc_store_fault fault;
    pkc_file_table table = disk_table(&d);
    EXPECT(pkc_store_open_table(&table, &options, &store, &fault) == PKC_OK);
    fingerprint print = fingerprint_of(store);
    int first = 0;
    while (first + 1 < history_count && history[first + 1].acked_at <= point) {
        first++;
    }
    bool found = false;
    for (int i = first; i < history_count && i <= first + batch_steps; i++) {
        found = found || fingerprint_equal(&print, &history[i].print);
    }
    EXPECT(found);
    pkc_store_free(store);
    tried++;
    disk_free(&d);
}

/* Operations before `point` that a crash there may undo: those that no sync covers. */
static int pending_ops(const disk *d, int64_t point, disk_image *durable, int64_t *pending_out) {
    int count = 0;
    disk_image_free(durable);
    for (int64_t i = 0; i < point; i++) {
        const disk_op *op = &d->ops[i];
        bool directory = op->what == OP_SYNC_DIR;
        if (!directory && op->what != OP_SYNC) {
            pending_out[count++] = i;
            continue;
        }
        int kept = 0;
        for (int j = 0; j < count; j++) {
            const disk_op *before = &d->ops[pending_out[j]];
            bool of_data = before->what == OP_WRITE || before->what == OP_TRUNCATE;
            if (directory ? !of_data : of_data && before->file == op->file) {
                disk_image_apply(durable, before);
            } else {
                pending_out[kept++] = pending_out[j];
            }
        }
        count = kept;
    }
    return count;
}

/* Apply the first `whole` pending operations, then the first `bytes` of the next one. */
static void try_prefix(const disk *d, const disk_image *durable, const int64_t *pending,
                       int whole, int64_t bytes, int64_t point) {
    disk_image image = {0};
    disk_image_copy(&image, durable);
    for (int i = 0; i < whole; i++) {
        disk_image_apply(&image, &d->ops[pending[i]]);
    }
    if (bytes > 0) {
        const disk_op *op = &d->ops[pending[whole]];
        disk_image_write(&image, op->file, op->data, bytes, op->offset);
    }
    expect_recovery(&image, point);
    disk_image_free(&image);
}

/* Apply all pending operations but one sector of one write. */
static void try_dropped(const disk *d, const disk_image *durable, const int64_t *pending,
                        int count, int victim, int64_t sector, int64_t point) {
    disk_image image = {0};
    disk_image_copy(&image, durable);
    for (int i = 0; i < count; i++) {
        const disk_op *op = &d->ops[pending[i]];
        if (i != victim) {
            disk_image_apply(&image, op);
            continue;
        }
        int64_t end = (sector + 1) * DISK_SECTOR;
        for (int64_t at = 0; at < op->size; at++) {
            int64_t place = op->offset + at;
            if (place < sector * DISK_SECTOR || place >= end) {
                disk_image_write(&image, op->file, op->data + at, 1, place);
            }
        }
    }
    expect_recovery(&image, point);
    disk_image_free(&image);
}

static void try_point(const disk *d, int64_t point, int64_t stride) {
    static int64_t pending[1 << 16];
    disk_image durable = {0};
    int count = pending_ops(d, point, &durable, pending);
    for (int whole = 0; whole <= count; whole++) {
        try_prefix(d, &durable, pending, whole, 0, point);
        const disk_op *next = whole < count ? &d->ops[pending[whole]] : NULL;
        for (int64_t bytes = 1; next != NULL && next->what == OP_WRITE && bytes < next->size;
             bytes += stride) {
            try_prefix(d, &durable, pending, whole, bytes, point);
        }
    }
    for (int victim = 0; victim < count; victim++) {
        const disk_op *op = &d->ops[pending[victim]];
        if (op->what == OP_WRITE) {
            int64_t last = (op->offset + op->size - 1) / DISK_SECTOR;
            for (int64_t sector = op->offset / DISK_SECTOR; sector <= last; sector++) {
                try_dropped(d, &durable, pending, count, victim, sector, point);
            }
        }
    }
    disk_image_free(&durable);
}

/* Every point with coarse tears, then again with finer ones down to a byte, while the budget
 * lasts. */
static void try_points(const disk *d, int64_t budget) {
    for (int64_t stride = 701; stride >= 1; stride = stride == 1 ? 0 : stride / 9 + 1) {
        for (int64_t point = 0; point <= d->op_count; point++) {
            if (tried < budget || stride == 701) {
                try_point(d, point, stride);
            }
        }
    }
}

static void test_every_crash_point_keeps_what_was_acknowledged(void) {
    const char *wanted = getenv("PKC_CRASH_STATES");
    int64_t budget = wanted == NULL ? 20000 : atoll(wanted);
    int64_t operations = 0;
    for (int round = 0; tried < budget; round++) {
        /* Other batches, other ends of segments. */
        batch_steps = 1 + (round + 1) % 5;
        options.segment_bytes = 3000 + 517 * round;
        disk d = {0};
        record(&d);
        operations += d.op_count;
        try_points(&d, budget);
        disk_free(&d);
    }
    batch_steps = 2;
    options.segment_bytes = 3000;
    printf("   %lld crash states of %lld disk operations\n", (long long)tried,
           (long long)operations);
}

static void test_every_flipped_bit_is_refused_or_harmless(void) {
    disk d = {0};
    record(&d);
    fingerprint last = history[history_count - 1].print;
    int64_t flips = 0;
    int64_t refused = 0;
    for (int n = 0; n < d.image.name_count; n++) {
        int file = d.image.names[n].file;
        for (int64_t bit = 0; bit < 8 * d.image.files[file].size; bit++) {
            disk hurt = {.room = -1};
            disk_image_copy(&hurt.image, &d.image);
            hurt.image.files[file].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            pkc_store *store;
            pkc_store_fault fault;
            pkc_file_table table = disk_table(&hurt);
            int status = pkc_store_open_table(&table, &options, &store, &fault);
            EXPECT(status == PKC_OK || status == PKC_ERR_CORRUPT || status == PKC_ERR_NEWER);
            if (status == PKC_OK) {
                fingerprint print = fingerprint_of(store);
                EXPECT(fingerprint_equal(&print, &last));
                pkc_store_free(store);
            } else {
                EXPECT(fault.status == status && fault.path[0] != 0);
                refused++;
            }
            flips++;
            disk_free(&hurt);
        }
    }
    printf("   %lld flips: %lld refused, the others harmless\n", (long long)flips,
           (long long)refused);
    disk_free(&d);
}

/* With call `call` failing: all acknowledged writes are there after a reopen on a healthy disk. */
static bool try_failing_call(int64_t call, int error, bool sticky, int64_t room) {
    disk d = {.room = room, .fail_call = call, .fail_errno = error, .fail_sticky = sticky};
    pkc_store *store = NULL;
    pkc_store_fault fault;
    pkc_answer answer = {0};
    pkc_file_table table = disk_table(&d);
    fingerprint acked = {.revision = 1};
    int status = pkc_store_open_table(&table, &options, &store, &fault);
    bool failed = false;
    for (int i = 0; status == PKC_OK && i < STEPS; i++) {
        int staged = workload_step(store, i, &answer);
        int64_t ticket = answer.ticket;
        pkc_answer_release(&answer);
        int committed = staged < 0 ? staged : pkc_store_commit(store, ticket);
        failed = failed || committed == PKC_ERR_FAILED;
        EXPECT(!failed || committed < 0);
        acked = fingerprint_of(store); /* reads go on, and show nothing that is not durable */
        if (i % SNAPSHOT_EVERY == SNAPSHOT_EVERY - 1) {
            (void)pkc_store_snapshot(store);
        }
    }
    if (store != NULL && status == PKC_OK) {
        pkc_store_free(store); /* as if killed */
        d.fail_call = 0;
        d.room = -1;
        EXPECT(pkc_store_open_table(&table, &options, &store, &fault) == PKC_OK);
        fingerprint print = fingerprint_of(store);
        /* A batch that a failed sync left in the file may be there: it was never refused. */
        EXPECT(fingerprint_equal(&print, &acked) || failed);
        EXPECT(print.revision >= acked.revision);
        pkc_store_free(store);
    }
    bool reached = room >= 0 ? d.calls > 0 : d.calls >= call;
    pkc_answer_free(&answer);
    disk_free(&d);
    return reached;
}

static void test_every_failing_call_keeps_what_was_acknowledged(void) {
    static const int errors[] = {ENOSPC, EIO};
    int64_t runs = 0;
    for (int sticky = 0; sticky < 2; sticky++) {
        for (int e = 0; e < 2; e++) {
            for (int64_t call = 1; try_failing_call(call, errors[e], sticky != 0, -1); call++) {
                runs++;
            }
        }
    }
    for (int64_t room = 0; room < 40000; room += 501) {
        (void)try_failing_call(0, 0, false, room);
        runs++;
    }
    printf("   %lld runs with a failing call or a full disk\n", (long long)runs);
}

static void test_full_disk_refuses_writes_and_recovers_when_there_is_room(void) {
    disk d = {.room = 2000};
    pkc_store *store;
    pkc_store_fault fault;
    pkc_answer answer = {0};
    pkc_file_table table = disk_table(&d);
    EXPECT(pkc_store_open_table(&table, &options, &store, &fault) == PKC_OK);
    char value[400];
    memset(value, 'v', sizeof(value));
    value[399] = 0;
    int status = PKC_OK;
    int done = 0;
    while (status == PKC_OK) {
        EXPECT(put(store, "key", value, 0, &answer) == PKC_OK);
        int64_t ticket = answer.ticket;
        pkc_answer_release(&answer);
        status = pkc_store_commit(store, ticket);
        done += status == PKC_OK;
    }
    EXPECT(status == PKC_ERR_NO_SPACE && done >= 2);
    pkc_op get = range_op("key", "");
    EXPECT(pkc_store_range(store, &get, &answer) == PKC_OK);
    EXPECT(answer.revision == done + 1 && answer.kvs[0].version == done);
    pkc_answer_release(&answer);
    d.room = -1;
    EXPECT(put(store, "key", value, 0, &answer) == PKC_OK && answer.revision == done + 2);
    EXPECT(pkc_store_commit(store, answer.ticket) == PKC_OK);
    pkc_answer_free(&answer);
    fingerprint before = fingerprint_of(store);
    pkc_store_free(store);
    EXPECT(pkc_store_open_table(&table, &options, &store, &fault) == PKC_OK);
    fingerprint after = fingerprint_of(store);
    EXPECT(fingerprint_equal(&before, &after));
    pkc_store_free(store);
    disk_free(&d);
}

static void test_first_failed_sync_is_final(void) {
    disk d = {.room = -1, .fail_syncs_only = true};
    pkc_store *store;
    pkc_store_fault fault;
    pkc_answer answer = {0};
    pkc_file_table table = disk_table(&d);
    EXPECT(pkc_store_open_table(&table, &options, &store, &fault) == PKC_OK);
    EXPECT(put(store, "key", "1", 0, &answer) == PKC_OK);
    EXPECT(pkc_store_commit(store, answer.ticket) == PKC_OK);
    d.fail_call = d.calls + 1;
    d.fail_errno = EIO;
    EXPECT(put(store, "key", "2", 0, &answer) == PKC_OK);
    EXPECT(pkc_store_commit(store, answer.ticket) == PKC_ERR_FAILED);
    int64_t calls = d.calls;
    EXPECT(put(store, "key", "3", 0, &answer) == PKC_ERR_FAILED);
    EXPECT(pkc_store_snapshot(store) == PKC_ERR_FAILED);
    pkc_op get = range_op("key", "");
    EXPECT(pkc_store_range(store, &get, &answer) == PKC_OK);
    EXPECT(answer.revision == 2 && answer.kvs[0].value[0] == '1');
    pkc_answer_free(&answer);
    pkc_store_stats stats;
    EXPECT(pkc_store_stat(store, &stats) == PKC_OK && stats.failed == 1);
    pkc_store_last_fault(store, &fault);
    EXPECT(fault.error == EIO);
    EXPECT(pkc_store_close(store) == PKC_OK && d.calls == calls); /* never tried again */
    pkc_store_free(store);
    disk_free(&d);
}

/* Stage a change on a durable state, ask what it makes impossible, then see it rolled back. */
static void test_refusal_that_rests_on_a_staged_write_waits_for_it(void) {
    for (int refusal = 0; refusal < 6; refusal++) {
        disk d = {.room = -1};
        pkc_store *store;
        pkc_store_fault fault;
        pkc_answer answer = {0};
        int64_t ttl;
        pkc_file_table table = disk_table(&d);
        EXPECT(pkc_store_open_table(&table, &options, &store, &fault) == PKC_OK);
        EXPECT(put(store, "key", "1", 0, &answer) == PKC_OK);
        EXPECT(pkc_store_lease_grant(store, 5, 60, 0, &ttl, &answer) == PKC_OK);
        EXPECT(pkc_store_commit(store, answer.ticket) == PKC_OK);
        int ignore = PKC_FLAG_IGNORE_VALUE;
        EXPECT(pkc_store_put(store, "key", 3, "", 0, 0, ignore, &answer) == PKC_OK);
        EXPECT(pkc_store_commit(store, answer.ticket) == PKC_OK);
        EXPECT(put(store, "none", "1", 99, &answer) == PKC_ERR_LEASE_NOT_FOUND);
        EXPECT(answer.ticket == 0); /* it rests on nothing staged */
        EXPECT(pkc_store_delete(store, "key", 3, "", 0, 0, &answer) == PKC_OK);
        static const char value[4000]; /* more than what is filled ahead */
        EXPECT(pkc_store_put(store, "big", 3, value, 4000, 0, 0, &answer) == PKC_OK);
        EXPECT(pkc_store_lease_grant(store, 6, 60, 0, &ttl, &answer) == PKC_OK);
        EXPECT(pkc_store_lease_revoke(store, 5, &answer) == PKC_OK);
        int64_t staged = answer.ticket;
        int status = PKC_OK;
        switch (refusal) {
        case 0: status = pkc_store_put(store, "key", 3, "", 0, 0, ignore, &answer); break;
        case 1: status = put(store, "key", "2", 5, &answer); break;
        case 2: status = pkc_store_lease_grant(store, 6, 60, 0, &ttl, &answer); break;
        case 3: status = pkc_store_lease_revoke(store, 5, &answer); break;
        case 4: status = pkc_store_lease_keep_alive(store, 5, 1, &ttl, &answer); break;
        case 5:
            status = pkc_store_lease_time_to_live(store, 5, 1, &ttl, &ttl, &answer);
            break;
        }
        EXPECT(status < 0 && answer.ticket == staged);
        d.room = 0;
        EXPECT(pkc_store_commit(store, staged) == PKC_ERR_NO_SPACE);
        d.room = -1;
        EXPECT(pkc_store_lease_keep_alive(store, 5, 1, &ttl, &answer) == PKC_OK);
        EXPECT(answer.ticket == 0);
        pkc_answer_free(&answer);
        EXPECT(pkc_store_close(store) == PKC_OK);
        pkc_store_free(store);
        disk_free(&d);
    }
}

int main(void) {
    RUN(test_every_crash_point_keeps_what_was_acknowledged);
    RUN(test_every_flipped_bit_is_refused_or_harmless);
    RUN(test_every_failing_call_keeps_what_was_acknowledged);
    RUN(test_full_disk_refuses_writes_and_recovers_when_there_is_room);
    RUN(test_first_failed_sync_is_final);
    RUN(test_refusal_that_rests_on_a_staged_write_waits_for_it);
    return 0;
}
