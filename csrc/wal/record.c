/* Records and file headers: bytes to fields and back. */
#include "wal/record.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are little-endian");

static const char log_magic[7] = {'p', 'k', 'c', 'w', 'a', 'l', 0};
static const char snapshot_magic[7] = {'p', 'k', 'c', 's', 'n', 'a', 'p'};

int pkc_buffer_append(pkc_buffer *buffer, const void *data, int64_t size) {
    PKC_CHECK(size >= 0 && size <= INT64_MAX / 2 - buffer->size);
    int64_t need = buffer->size + size;
    if (need > buffer->capacity) {
        int64_t capacity = need > 2 * buffer->capacity ? need : 2 * buffer->capacity;
        capacity = capacity < 4096 ? 4096 : capacity;
        uint8_t *more = realloc(buffer->data, (size_t)capacity);
        if (more == NULL) {
            return PKC_ERR_NO_MEMORY;
        }
        buffer->data = more;
        buffer->capacity = capacity;
    }
    if (size > 0) {
        memcpy(buffer->data + buffer->size, data, (size_t)size);
    }
    buffer->size = need;
    return PKC_OK;
}

void pkc_buffer_free(pkc_buffer *buffer) {
    free(buffer->data);
    *buffer = (pkc_buffer){0};
}

static int64_t padded(int64_t size) {
    return (PKC_RECORD_HEADER_BYTES + size + 7) & ~(int64_t)7;
}

static uint32_t record_crc(const uint8_t *record, int64_t size, uint64_t salt, int64_t offset) {
    uint64_t place[2] = {salt, (uint64_t)offset};
    uint32_t crc = pkc_crc32c(0, place, sizeof(place));
    return pkc_crc32c(crc, record + 4, PKC_RECORD_HEADER_BYTES - 4 + size);
}

void pkc_record_fill(uint8_t *record, int type, int64_t size, int64_t mark,
                     uint32_t generation) {
    PKC_CHECK(type >= PKC_RECORD_TXN && type <= PKC_RECORD_END && mark >= 0);
    PKC_CHECK(size >= 0 && size <= PKC_RECORD_PAYLOAD_MAX);
    uint32_t size32 = (uint32_t)size;
    memset(record, 0, PKC_RECORD_HEADER_BYTES);
    memcpy(record + 4, &size32, 4);
    memcpy(record + 8, &mark, 8);
    record[16] = (uint8_t)type;
    memcpy(record + 20, &generation, 4);
}

void pkc_record_seal(uint8_t *data, int64_t size, uint64_t salt, int64_t offset) {
    int64_t at = 0;
    while (at < size) {
        PKC_CHECK(size - at >= PKC_RECORD_HEADER_BYTES);
        uint32_t payload;
        memcpy(&payload, data + at + 4, 4);
        PKC_CHECK(padded(payload) <= size - at);
        uint32_t crc = record_crc(data + at, payload, salt, offset + at);
        memcpy(data + at, &crc, 4);
        at += padded(payload);
    }
    PKC_CHECK(at == size);
}

bool pkc_record_parse(const uint8_t *data, int64_t size, int64_t at, uint64_t salt,
                      int64_t offset, pkc_record *record_out) {
    if (size - at < PKC_RECORD_HEADER_BYTES) {
        return false;
    }
    const uint8_t *record = data + at;
    uint32_t crc;
    uint32_t payload;
    memcpy(&crc, record, 4);
    memcpy(&payload, record + 4, 4);
    memcpy(&record_out->mark, record + 8, 8);
    memcpy(&record_out->generation, record + 20, 4);
    record_out->type = record[16];
    record_out->size = payload;
    record_out->bytes = padded(payload);
    record_out->payload = record + PKC_RECORD_HEADER_BYTES;
    bool plausible = record_out->type >= PKC_RECORD_TXN && record_out->type <= PKC_RECORD_END &&
                     record[17] == 0 && record[18] == 0 && record[19] == 0 &&
                     payload <= PKC_RECORD_PAYLOAD_MAX && record_out->bytes <= size - at &&
                     record_out->mark >= 0 && record_out->mark <= offset + at;
    return plausible && crc == record_crc(record, payload, salt, offset + at);
}

void pkc_header_encode(const pkc_file_header *header, bool snapshot, uint8_t *bytes_out) {
    memset(bytes_out, 0, PKC_FILE_HEADER_BYTES);
    memcpy(bytes_out, snapshot ? snapshot_magic : log_magic, 7);
    bytes_out[7] = PKC_FORMAT_VERSION;
    memcpy(bytes_out + 8, &header->salt, 8);
    memcpy(bytes_out + 16, &header->base, 8);
    memcpy(bytes_out + 24, &header->revision, 8);
    memcpy(bytes_out + 32, &header->compact_revision, 8);
    uint32_t crc = pkc_crc32c(0, bytes_out, PKC_FILE_HEADER_BYTES - 4);
    memcpy(bytes_out + 60, &crc, 4);
}

int pkc_header_decode(const uint8_t *bytes, int64_t size, bool snapshot,
                      pkc_file_header *header_out) {
    if (size < PKC_FILE_HEADER_BYTES ||
        memcmp(bytes, snapshot ? snapshot_magic : log_magic, 7) != 0) {
        return PKC_ERR_CORRUPT;
    }
    if (bytes[7] > PKC_FORMAT_VERSION) {
        return PKC_ERR_NEWER;
    }
    uint32_t crc;
    memcpy(&crc, bytes + 60, 4);
    if (crc != pkc_crc32c(0, bytes, PKC_FILE_HEADER_BYTES - 4)) {
        return PKC_ERR_CORRUPT;
    }
    memcpy(&header_out->salt, bytes + 8, 8);
    memcpy(&header_out->base, bytes + 16, 8);
    memcpy(&header_out->revision, bytes + 24, 8);
    memcpy(&header_out->compact_revision, bytes + 32, 8);
    return PKC_OK;
}
