/* Segments: where the log's bytes go. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "wal/wal.h"

enum { SEGMENT_BYTES = 1 << 26, AHEAD_BYTES = 1 << 20, ZERO_BYTES = 1 << 16 };

int pkc_wal_new(const pkc_file_table *table, const pkc_store_options *options,
                pkc_wal **wal_out) {
    pkc_wal *wal = calloc(1, sizeof(*wal));
    if (wal == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    wal->table = *table;
    wal->options = *options;
    if (wal->options.segment_bytes <= 0) {
        wal->options.segment_bytes = SEGMENT_BYTES;
    }
    if (wal->options.ahead_bytes <= 0) {
        wal->options.ahead_bytes = AHEAD_BYTES;
    }
    wal->salt = options->salt;
    wal->begun = -1;
    wal->file = -1;
    *wal_out = wal;
    return PKC_OK;
}

void pkc_wal_close(pkc_wal *wal) {
    if (wal->closed) {
        return;
    }
    wal->closed = true;
    if (wal->file >= 0) {
        (void)wal->table.close(wal->table.context, wal->file);
    }
    wal->table.destroy(wal->table.context);
}

void pkc_wal_free(pkc_wal *wal) {
    if (wal == NULL) {
        return;
    }
    pkc_wal_close(wal);
    pkc_buffer_free(&wal->staged);
    pkc_buffer_free(&wal->batch);
    free(wal);
}

int pkc_wal_refused(pkc_wal *wal, const char *path, int64_t offset, int64_t error) {
    bool full = error == -ENOSPC || error == -EDQUOT || error == -EFBIG;
    int status = full ? PKC_ERR_NO_SPACE : PKC_ERR_IO;
    snprintf(wal->fault.path, sizeof(wal->fault.path), "%s", path);
    wal->fault.offset = offset;
    wal->fault.error = (int32_t)-error;
    wal->fault.status = status;
    return status;
}

void pkc_segment_name(int64_t base, char *name_out) {
    snprintf(name_out, PKC_STORE_PATH_MAX, "log-%016" PRIx64 ".wal", (uint64_t)base);
}

void pkc_snapshot_name(int64_t base, char *name_out) {
    snprintf(name_out, PKC_STORE_PATH_MAX, "snap-%016" PRIx64 ".snap", (uint64_t)base);
}

int pkc_wal_write_all(pkc_wal *wal, int64_t file, const void *data, int64_t size,
                      int64_t offset) {
    const uint8_t *bytes = data;
    while (size > 0) {
        int64_t done = wal->table.write(wal->table.context, file, bytes, size, offset);
        if (done <= 0) {
            return pkc_wal_refused(wal, "write", offset, done == 0 ? -EIO : done);
        }
        bytes += done;
        offset += done;
        size -= done;
    }
    return PKC_OK;
}

/* A failed sync is final: the kernel may have dropped the data and forgotten the error. */
static int sync_file(pkc_wal *wal, int64_t file, const char *path) {
    int error = wal->table.sync(wal->table.context, file);
    wal->sync_count++;
    if (error < 0) {
        (void)pkc_wal_refused(wal, path, -1, error);
        wal->fault.status = PKC_ERR_FAILED;
        return PKC_ERR_FAILED;
    }
    return PKC_OK;
}

int pkc_wal_settle_file(pkc_wal *wal, int64_t file, const char *from, const char *to) {
    int status = sync_file(wal, file, from);
    if (status < 0) {
        return status;
    }
    int error = wal->table.rename(wal->table.context, from, to);
    if (error < 0) {
        return pkc_wal_refused(wal, from, -1, error);
    }
    error = wal->table.sync_directory(wal->table.context);
    if (error < 0) {
        (void)pkc_wal_refused(wal, to, -1, error);
        wal->fault.status = PKC_ERR_FAILED;
        return PKC_ERR_FAILED;
    }
    return PKC_OK;
}

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

int pkc_wal_write(pkc_wal *wal, int64_t revision, int64_t compact_revision, bool lazy) {
    int status = PKC_OK;
    if (file_end(wal) >= wal->options.segment_bytes) {
        status = pkc_wal_sync(wal);
        status = status < 0 ? status : pkc_wal_rotate(wal, revision, compact_revision);
    }
    if (status < 0) {
        return status;
    }
    pkc_record_seal(wal->batch.data, wal->batch.size, wal->salt, wal->written);
    int64_t at = file_end(wal);
    status = fill_ahead(wal, at + wal->batch.size);
    if (status == PKC_OK) {
        status = pkc_wal_write_all(wal, wal->file, wal->batch.data, wal->batch.size, at);
    }
    if (status == PKC_OK && !lazy) {
        status = sync_file(wal, wal->file, "log");
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
    return PKC_OK;
}

void pkc_wal_write_mark(pkc_wal *wal) {
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
    int status = sync_file(wal, wal->file, "log");
    if (status == PKC_OK) {
        wal->durable = wal->written;
    }
    return status;
}
