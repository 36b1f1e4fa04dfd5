/* Snapshots: the whole state in a file of its own. */
#include "wal/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "wal/directory.h"

enum { FLUSH_BYTES = 1 << 20 };

static const char temporary[] = "snap.tmp";

static int flush(pkc_snapshot *snapshot) {
    int status = pkc_wal_write_all(snapshot->wal, snapshot->file, snapshot->buffer.data,
                                   snapshot->buffer.size, snapshot->offset);
    snapshot->offset += snapshot->buffer.size;
    snapshot->buffer.size = 0;
    return status;
}

int pkc_snapshot_begin(pkc_snapshot *snapshot, pkc_wal *wal, const pkc_file_header *header) {
    uint8_t bytes[PKC_FILE_HEADER_BYTES];
    *snapshot = (pkc_snapshot){.wal = wal, .file = -1, .base = header->base};
    int error = wal->table.open(wal->table.context, temporary, 1, &snapshot->file);
    if (error < 0) {
        return pkc_wal_refused(wal, temporary, -1, error);
    }
    pkc_header_encode(header, true, bytes);
    int status = pkc_wal_write_all(wal, snapshot->file, bytes, sizeof(bytes), 0);
    snapshot->offset = sizeof(bytes);
    return status;
}

int pkc_snapshot_add(pkc_snapshot *snapshot, int type, const void *head, int64_t head_size,
                     const void *a, int64_t a_size, const void *b, int64_t b_size) {
    uint8_t header[PKC_RECORD_HEADER_BYTES];
    static const uint8_t padding[8];
    pkc_buffer *buffer = &snapshot->buffer;
    int64_t at = buffer->size;
    PKC_CHECK(head_size >= 0 && a_size >= 0 && b_size >= 0 && (at & 7) == 0);
    int64_t size = head_size + a_size + b_size;
    pkc_record_fill(header, type, size, 0, 0);
    PKC_TRY(pkc_buffer_append(buffer, header, sizeof(header)));
    PKC_TRY(pkc_buffer_append(buffer, head, head_size));
    PKC_TRY(pkc_buffer_append(buffer, a, a_size));
    PKC_TRY(pkc_buffer_append(buffer, b, b_size));
    PKC_TRY(pkc_buffer_append(buffer, padding, -buffer->size & 7));
    pkc_record_seal(buffer->data + at, buffer->size - at, snapshot->wal->salt,
                    snapshot->offset + at);
    snapshot->count++;
    return buffer->size >= FLUSH_BYTES ? flush(snapshot) : PKC_OK;
}

/* The last record, and the file under its name. */
static int finish(pkc_snapshot *snapshot) {
    char name[PKC_STORE_PATH_MAX];
    pkc_snapshot_name(snapshot->base, name);
    int64_t count = snapshot->count;
    PKC_TRY(pkc_snapshot_add(snapshot, PKC_RECORD_END, &count, 8, NULL, 0, NULL, 0));
    PKC_TRY(flush(snapshot));
    return pkc_wal_settle_file(snapshot->wal, snapshot->file, temporary, name);
}

int pkc_snapshot_end(pkc_snapshot *snapshot) {
    pkc_wal *wal = snapshot->wal;
    int status = finish(snapshot);
    int64_t bytes = snapshot->offset;
    pkc_snapshot_abort(snapshot);
    if (status < 0) {
        return status;
    }
    wal->origin = snapshot->base;
    wal->snapshot_bytes = bytes;
    return pkc_wal_remove_before(wal, snapshot->base);
}

void pkc_snapshot_abort(pkc_snapshot *snapshot) {
    if (snapshot->file >= 0) {
        (void)snapshot->wal->table.close(snapshot->wal->table.context, snapshot->file);
        snapshot->file = -1;
    }
    pkc_buffer_free(&snapshot->buffer);
}

int pkc_snapshot_read(pkc_wal *wal, int64_t base, pkc_record_visitor *load, void *context,
                      pkc_file_header *header_out) {
    char path[PKC_STORE_PATH_MAX];
    pkc_snapshot_name(base, path);
    pkc_buffer file = {0};
    pkc_record record = {.type = 0};
    int64_t at = PKC_FILE_HEADER_BYTES;
    int64_t count = 0;
    int status = pkc_wal_read_file(wal, path, &file);
    if (status == PKC_OK) {
        status = pkc_header_decode(file.data, file.size, true, header_out);
        status = status == PKC_OK && header_out->base != base ? PKC_ERR_CORRUPT : status;
        wal->fault.offset = 0;
    }
    if (status == PKC_OK) {
        wal->salt = header_out->salt;
        status = load(context, 0, (const uint8_t *)header_out, sizeof(*header_out));
    }
    while (status == PKC_OK && record.type != PKC_RECORD_END) {
        wal->fault.offset = at;
        if (!pkc_record_parse(file.data, file.size, at, wal->salt, 0, &record)) {
            status = PKC_ERR_CORRUPT;
        } else if (record.type == PKC_RECORD_END) {
            bool whole = record.size == 8 && memcmp(record.payload, &count, 8) == 0;
            status = whole ? load(context, PKC_RECORD_END, NULL, 0) : PKC_ERR_CORRUPT;
        } else {
            status = load(context, record.type, record.payload, record.size);
        }
        at += record.bytes;
        count++;
        PKC_CHECK(status < 0 || ((at & 7) == 0 && at <= file.size));
    }
    if (status < 0) {
        memcpy(wal->fault.path, path, sizeof(path));
        wal->fault.status = status;
    }
    wal->snapshot_bytes = file.size;
    pkc_buffer_free(&file);
    return status;
}
