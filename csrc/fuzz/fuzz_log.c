/* Recovery from any bytes: a status or a sound store, never a crash. The first byte chooses between
 * a file taken as it is and records whose checksums are made right, so that their payloads are
 * reached. */
#include "../tests/disk.h"
#include "wal/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const pkc_store_options options = {.salt = 7, .ahead_bytes = 64};

static void make_record(pkc_buffer *file, uint8_t type, const uint8_t *payload, int64_t size) {
    uint8_t header[PKC_RECORD_HEADER_BYTES];
    static const uint8_t padding[8];
    int64_t at = file->size;
    pkc_record_fill(header, type, size, 0, 0);
    EXPECT(pkc_buffer_append(file, header, sizeof(header)) == PKC_OK);
    EXPECT(pkc_buffer_append(file, payload, size) == PKC_OK);
    EXPECT(pkc_buffer_append(file, padding, -file->size & 7) == PKC_OK);
    pkc_record_seal(file->data + at, file->size - at, 7, at - PKC_FILE_HEADER_BYTES);
}

static void make_file(pkc_buffer *file, const uint8_t *data, int64_t size) {
    uint8_t header[PKC_FILE_HEADER_BYTES];
    pkc_header_encode(&(pkc_file_header){.salt = 7, .revision = 1}, false, header);
    EXPECT(pkc_buffer_append(file, header, sizeof(header)) == PKC_OK);
    if (size > 0 && data[0] % 2 == 0) {
        EXPECT(pkc_buffer_append(file, data + 1, size - 1) == PKC_OK);
        return;
    }
    for (int64_t at = 1; at + 2 <= size;) {
        int64_t length = data[at + 1] < size - at - 2 ? data[at + 1] : size - at - 2;
        make_record(file, 1 + data[at] % 8, data + at + 2, length);
        at += 2 + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pkc_buffer file = {0};
    disk d = {.room = -1};
    int64_t number;
    make_file(&file, data, (int64_t)size);
    pkc_file_table table = disk_table(&d);
    EXPECT(table.open(&d, "log-0000000000000000.wal", 1, &number) == 0);
    EXPECT(table.write(&d, number, file.data, file.size, 0) == file.size);
    pkc_store *store;
    pkc_store_fault fault;
    int status = pkc_store_open_table(&table, &options, &store, &fault);
    EXPECT(status == PKC_OK || status == PKC_ERR_CORRUPT || status == PKC_ERR_NEWER ||
           status == PKC_ERR_LIMIT);
    if (status == PKC_OK) {
        const char *reason;
        EXPECT(pkc_store_validate(store, &reason) == PKC_OK);
        EXPECT(pkc_store_close(store) == PKC_OK);
        pkc_store_free(store);
        EXPECT(pkc_store_open_table(&table, &options, &store, &fault) == PKC_OK);
        pkc_store_free(store);
    }
    pkc_buffer_free(&file);
    disk_free(&d);
    return 0;
}
