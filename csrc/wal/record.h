/* Records and file headers: bytes to fields and back. docs/store.md has the format byte by byte. */
#ifndef PKC_WAL_RECORD_H
#define PKC_WAL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "pkc.h"

enum { PKC_FILE_HEADER_BYTES = 64, PKC_RECORD_HEADER_BYTES = 24, PKC_FORMAT_VERSION = 1 };
enum { PKC_RECORD_PAYLOAD_MAX = 1 << 28 };

enum {
    PKC_RECORD_TXN = 1,
    PKC_RECORD_COMPACT = 2,
    PKC_RECORD_GRANT = 3,
    PKC_RECORD_REVOKE = 4,
    PKC_RECORD_MARK = 5,
    PKC_RECORD_VERSION = 6,
    PKC_RECORD_LEASE = 7,
    PKC_RECORD_END = 8
};

/* Operations in a txn record. */
enum { PKC_LOGGED_PUT = 1, PKC_LOGGED_DELETE = 2, PKC_LOGGED_OP_BYTES = 20 };

typedef struct {
    uint8_t *data;
    int64_t size;
    int64_t capacity;
} pkc_buffer;

/* The header of both kinds of file. */
typedef struct {
    uint64_t salt;
    int64_t base;
    int64_t revision;
    int64_t compact_revision;
} pkc_file_header;

/* A record as it stands in a file. */
typedef struct {
    const uint8_t *payload;
    int64_t size; /* of the payload */
    int64_t mark;
    int64_t bytes; /* of the record with its padding */
    int32_t type;
    uint32_t generation;
} pkc_record;

/* Given every record in turn; type 0 is the header of a snapshot, before its records. */
typedef int pkc_record_visitor(void *context, int type, const uint8_t *payload, int64_t size);

int pkc_buffer_append(pkc_buffer *buffer, const void *data, int64_t size);
void pkc_buffer_free(pkc_buffer *buffer);
/* A record's header in front of a payload; the checksum comes later, from pkc_record_seal. */
void pkc_record_fill(uint8_t *record, int type, int64_t size, int64_t mark, uint32_t generation);
/* Checksums of the records in data, the first of which stands at log offset `offset`. */
void pkc_record_seal(uint8_t *data, int64_t size, uint64_t salt, int64_t offset);
/* Whether a whole, undamaged record stands at data + at; the log offset of data is `offset`. */
bool pkc_record_parse(const uint8_t *data, int64_t size, int64_t at, uint64_t salt,
                      int64_t offset, pkc_record *record_out);
void pkc_header_encode(const pkc_file_header *header, bool snapshot, uint8_t *bytes_out);
/* PKC_ERR_NEWER, PKC_ERR_CORRUPT. */
int pkc_header_decode(const uint8_t *bytes, int64_t size, bool snapshot,
                      pkc_file_header *header_out);

#endif
