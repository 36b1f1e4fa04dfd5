/* The write-ahead log and the snapshots beside it. docs/store.md has the format byte by byte.
 *
 * Staging functions are called with the store's lock held; pkc_wal_write and what follows it are
 * called without, by one thread at a time. */
#ifndef PKC_WAL_H
#define PKC_WAL_H

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

/* What both kinds of file begin with. */
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

typedef struct {
    pkc_file_table table;
    pkc_store_options options;
    pkc_buffer staged; /* records that the next batch takes */
    pkc_buffer batch;  /* records being written */
    int64_t begun;     /* where the open record starts in staged; -1 for none */
    uint64_t salt;
    uint32_t generation;
    int64_t file; /* the current segment; -1 for none */
    int64_t base; /* its first log offset */
    int64_t filled;  /* bytes of the file that exist */
    int64_t written; /* log offset behind the last whole batch */
    int64_t durable; /* log offset up to which a sync succeeded */
    int64_t origin;  /* log offset of the oldest segment */
    int64_t snapshot_bytes;
    int64_t sync_count;
    bool closed;
    pkc_store_fault fault;
    struct { /* copies for whoever holds the store's lock: set by pkc_wal_show */
        int64_t durable;
        int64_t written;
        int64_t sync_count;
    } shown;
} pkc_wal;

/* Given every record in turn; type 0 is the header of a snapshot, before its records. */
typedef int pkc_record_visitor(void *context, int type, const uint8_t *payload, int64_t size);

/* wal/record.c */
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

/* wal/file.c */
int pkc_wal_new(const pkc_file_table *table, const pkc_store_options *options,
                pkc_wal **wal_out);
/* Close the file and destroy the table, which unlocks the directory. Writes nothing. */
void pkc_wal_close(pkc_wal *wal);
/* Close it and free all. */
void pkc_wal_free(pkc_wal *wal);
/* A status for an errno; notes the fault. */
int pkc_wal_refused(pkc_wal *wal, const char *path, int64_t offset, int64_t error);
void pkc_segment_name(int64_t base, char *name_out);
void pkc_snapshot_name(int64_t base, char *name_out);
int pkc_wal_write_all(pkc_wal *wal, int64_t file, const void *data, int64_t size,
                      int64_t offset);
/* Sync a file and give it its name. Any failed sync is PKC_ERR_FAILED. */
int pkc_wal_settle_file(pkc_wal *wal, int64_t file, const char *from, const char *to);
/* Begin a segment at the log's end; everything before is durable. */
int pkc_wal_rotate(pkc_wal *wal, int64_t revision, int64_t compact_revision);
/* Write the batch and, unless `lazy`, sync it. PKC_ERR_NO_SPACE: nothing of it counts. */
int pkc_wal_write(pkc_wal *wal, int64_t revision, int64_t compact_revision, bool lazy);
/* Say in the log, without a sync, how far it is durable. */
void pkc_wal_write_mark(pkc_wal *wal);
int pkc_wal_sync(pkc_wal *wal);

/* wal/stage.c */
int pkc_wal_begin(pkc_wal *wal, int type);
int pkc_wal_append(pkc_wal *wal, const void *data, int64_t size);
/* Close the record; `count` is put at `count_at` in its payload, unless that is negative. */
void pkc_wal_end(pkc_wal *wal, int64_t count_at, uint32_t count);
int64_t pkc_wal_staged(const pkc_wal *wal);
/* Drop what was staged after that. */
void pkc_wal_unstage(pkc_wal *wal, int64_t staged);
/* Let holders of the lock see how far the log came. */
void pkc_wal_show(pkc_wal *wal);
/* Move what is staged to the batch. */
void pkc_wal_take(pkc_wal *wal);
/* Forget batch and staged records; what follows is of a later generation. */
void pkc_wal_discard(pkc_wal *wal);

/* wal/recover.c */
/* Lock the directory, read snapshot and log, cut the tail, and be ready to write. */
int pkc_wal_recover(pkc_wal *wal, pkc_record_visitor *load, pkc_record_visitor *apply,
                    void *context);

/* wal/snapshot.c */
typedef struct {
    pkc_wal *wal;
    pkc_buffer buffer;
    int64_t file;
    int64_t offset;
    int64_t count;
    int64_t base;
} pkc_snapshot;

int pkc_snapshot_begin(pkc_snapshot *snapshot, pkc_wal *wal, const pkc_file_header *header);
int pkc_snapshot_add(pkc_snapshot *snapshot, int type, const void *head, int64_t head_size,
                     const void *a, int64_t a_size, const void *b, int64_t b_size);
/* Make it the snapshot, remove older files. */
int pkc_snapshot_end(pkc_snapshot *snapshot);
void pkc_snapshot_abort(pkc_snapshot *snapshot);
/* Read a whole file. */
int pkc_wal_read_file(pkc_wal *wal, const char *path, pkc_buffer *buffer_out);
int pkc_snapshot_read(pkc_wal *wal, int64_t base, pkc_record_visitor *load, void *context,
                      pkc_file_header *header_out);
/* Remove segments and snapshots that begin before `base`. */
int pkc_wal_remove_before(pkc_wal *wal, int64_t base);
/* Bases of the files with this prefix, ascending; returns how many, at most `capacity`. */
int64_t pkc_wal_bases(const char *names, int64_t size, const char *prefix, const char *suffix,
                      int64_t *bases_out, int64_t capacity);

/* wal/posix.c */
int pkc_file_table_posix(const char *path, pkc_file_table *table_out, int *error_out);

#endif
