/* Records on their way to the log. */
#include "wal/stage.h"

#include <string.h>

#include "common/check.h"

/* Records stand at multiples of eight bytes, one behind the other. */
static bool is_whole(const pkc_buffer *records) {
    return records->size >= 0 && (records->size & 7) == 0;
}

int pkc_wal_begin(pkc_wal *wal, int type) {
    PKC_CHECK(wal->begun < 0 && is_whole(&wal->staged));
    uint8_t header[PKC_RECORD_HEADER_BYTES];
    pkc_record_fill(header, type, 0, wal->shown.durable, wal->generation);
    int64_t begun = wal->staged.size;
    int status = pkc_buffer_append(&wal->staged, header, sizeof(header));
    if (status == PKC_OK) {
        wal->begun = begun;
    }
    return status;
}

int64_t pkc_wal_open_bytes(const pkc_wal *wal) {
    return wal->begun < 0 ? 0 : wal->staged.size - wal->begun - PKC_RECORD_HEADER_BYTES;
}

int pkc_wal_append(pkc_wal *wal, const void *data, int64_t size) {
    PKC_CHECK(wal->begun >= 0 && size >= 0 &&
              size <= wal->payload_bytes_max - pkc_wal_open_bytes(wal));
    /* Seven bytes to spare, so that closing the record cannot fail. */
    static const uint8_t padding[7];
    int64_t end = wal->staged.size + size;
    int status = pkc_buffer_append(&wal->staged, data, size);
    if (status == PKC_OK) {
        status = pkc_buffer_append(&wal->staged, padding, sizeof(padding));
        wal->staged.size = status == PKC_OK ? end : end - size;
    }
    return status;
}

void pkc_wal_end(pkc_wal *wal, int64_t count_at, uint32_t count) {
    int64_t size = pkc_wal_open_bytes(wal);
    PKC_CHECK(wal->begun >= 0 && size <= wal->payload_bytes_max && count_at + 4 <= size);
    uint8_t *record = wal->staged.data + wal->begun;
    uint32_t size32 = (uint32_t)size;
    memcpy(record + 4, &size32, 4);
    if (count_at >= 0) {
        memcpy(record + PKC_RECORD_HEADER_BYTES + count_at, &count, 4);
    }
    while ((wal->staged.size & 7) != 0) {
        wal->staged.data[wal->staged.size++] = 0;
    }
    wal->begun = -1;
}

int pkc_wal_stage(pkc_wal *wal, int type, const void *payload, int64_t size) {
    int64_t staged = wal->staged.size;
    PKC_TRY(pkc_wal_begin(wal, type));
    int status = pkc_wal_append(wal, payload, size);
    if (status < 0) {
        pkc_wal_unstage(wal, staged);
        return status;
    }
    pkc_wal_end(wal, -1, 0);
    return PKC_OK;
}

int64_t pkc_wal_staged(const pkc_wal *wal) {
    return wal->staged.size;
}

void pkc_wal_unstage(pkc_wal *wal, int64_t staged) {
    PKC_CHECK(staged <= wal->staged.size);
    wal->staged.size = staged;
    wal->begun = -1;
    PKC_CHECK(is_whole(&wal->staged));
}

void pkc_wal_show(pkc_wal *wal) {
    wal->shown.durable = wal->durable;
    wal->shown.written = wal->written;
    wal->shown.sync_count = wal->sync_count;
}

void pkc_wal_take(pkc_wal *wal) {
    PKC_CHECK(wal->batch.size == 0 && wal->begun < 0 && is_whole(&wal->staged));
    pkc_buffer empty = wal->batch;
    wal->batch = wal->staged;
    wal->staged = empty;
}

void pkc_wal_discard(pkc_wal *wal) {
    wal->staged.size = 0;
    wal->batch.size = 0;
    wal->begun = -1;
    wal->generation++;
}
