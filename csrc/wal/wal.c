/* The log's handle, the names of its files, and writes that are whole or told of. */
#include "wal/wal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENT_BYTES = 1 << 26, AHEAD_BYTES = 1 << 20 };

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
    wal->payload_bytes_max = PKC_RECORD_PAYLOAD_MAX;
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

int pkc_wal_sync_file(pkc_wal *wal, int64_t file, const char *path) {
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
    int status = pkc_wal_sync_file(wal, file, from);
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
