/* Segments: where the log's bytes go. */
#include "wal/segment.h"

#include "common/check.h"

enum { ZERO_BYTES = 1 << 16 };

int pkc_wal_rotate(pkc_wal *wal, int64_t revision, int64_t compact_revision) {
    static const char temporary[] = "log.tmp";
    char name[PKC_STORE_PATH_MAX];
    uint8_t bytes[PKC_FILE_HEADER_BYTES];
    PKC_CHECK(wal->durable == wal->written);
    pkc_file_header header = {wal->salt, wal->written, revision, compact_revision};
    pkc_segment_name(wal->written, name);
    pkc_header_encode(&header, false, bytes);
    int64_t file = -1;
    int error = wal->table.open(wal->table.context, temporary, 1, &file);
    if (error < 0) {
        return pkc_wal_refused(wal, temporary, -1, error);
    }
    int status = pkc_wal_write_all(wal, file, bytes, sizeof(bytes), 0);
    if (status == PKC_OK) {
        status = pkc_wal_settle_file(wal, file, temporary, name);
    }
    if (status < 0) {
        (void)wal->table.close(wal->table.context, file);
        return status;
    }
    if (wal->file >= 0) {
        (void)wal->table.close(wal->table.context, wal->file);
    }
    wal->file = file;
    wal->base = wal->written;
    wal->filled = PKC_FILE_HEADER_BYTES;
    return PKC_OK;
}

/* Zeros behind `end`, so that later syncs need not grow the file. Best effort. */
static int fill_ahead(pkc_wal *wal, int64_t end) {
    static const uint8_t zeros[ZERO_BYTES];
    if (end <= wal->filled) {
        return PKC_OK;
    }
    int64_t upto = end + wal->options.ahead_bytes;
    for (int64_t at = end; at < upto; at += ZERO_BYTES) {
        int64_t size = upto - at < ZERO_BYTES ? upto - at : ZERO_BYTES;
        int status = pkc_wal_write_all(wal, wal->file, zeros, size, at);
        if (status < 0) {
            return status == PKC_ERR_NO_SPACE ? PKC_OK : status;
        }
    }
    wal->filled = upto;
    return PKC_OK;
}

static int64_t file_end(const pkc_wal *wal) {
    return wal->written - wal->base + PKC_FILE_HEADER_BYTES;
}

/* Invariants between batches: nothing is durable that was not written, and the file has it. */
static void check_marks(const pkc_wal *wal) {
    PKC_CHECK(wal->file >= 0 && wal->base <= wal->written && wal->durable <= wal->written);
    PKC_CHECK(file_end(wal) <= wal->filled);
}

int pkc_wal_write(pkc_wal *wal, int64_t revision, int64_t compact_revision, bool lazy) {
    check_marks(wal);
    if (file_end(wal) >= wal->options.segment_bytes) {
        PKC_TRY(pkc_wal_sync(wal));
        PKC_TRY(pkc_wal_rotate(wal, revision, compact_revision));
    }
    pkc_record_seal(wal->batch.data, wal->batch.size, wal->salt, wal->written);
    int64_t at = file_end(wal);
    int status = fill_ahead(wal, at + wal->batch.size);
    if (status == PKC_OK) {
        status = pkc_wal_write_all(wal, wal->file, wal->batch.data, wal->batch.size, at);
    }
    if (status == PKC_OK && !lazy) {
        status = pkc_wal_sync_file(wal, wal->file, "log");
    }
    if (status < 0) {
        return status;
    }
    wal->written += wal->batch.size;
    if (file_end(wal) > wal->filled) {
        wal->filled = file_end(wal);
    }
    if (!lazy) {
        wal->durable = wal->written;
    }
    wal->batch.size = 0;
    check_marks(wal);
    return PKC_OK;
}

void pkc_wal_write_mark(pkc_wal *wal) {
    check_marks(wal);
    uint8_t record[PKC_RECORD_HEADER_BYTES];
    pkc_record_fill(record, PKC_RECORD_MARK, 0, wal->durable, wal->generation);
    pkc_record_seal(record, sizeof(record), wal->salt, wal->written);
    int64_t at = file_end(wal);
    if (at + (int64_t)sizeof(record) <= wal->filled) {
        (void)pkc_wal_write_all(wal, wal->file, record, sizeof(record), at);
    }
}

int pkc_wal_sync(pkc_wal *wal) {
    if (wal->durable == wal->written) {
        return PKC_OK;
    }
    int status = pkc_wal_sync_file(wal, wal->file, "log");
    if (status == PKC_OK) {
        wal->durable = wal->written;
    }
    return status;
}
