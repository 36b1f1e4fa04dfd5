/* The write-ahead log and the snapshots beside it: the handle, and its files.
 *
 * What wal/stage.h declares is called with the store's lock held, what wal/segment.h declares
 * without, by one thread at a time. */
#ifndef PKC_WAL_H
#define PKC_WAL_H

#include "wal/record.h"

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
    int64_t payload_bytes_max; /* of a record that is staged; PKC_RECORD_PAYLOAD_MAX at most */
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
/* A failed sync is final: the kernel may have dropped the data and forgotten the error. It is
 * PKC_ERR_FAILED, and its fault names `path`. */
int pkc_wal_sync_file(pkc_wal *wal, int64_t file, const char *path);
/* Sync a file and give it its name. */
int pkc_wal_settle_file(pkc_wal *wal, int64_t file, const char *from, const char *to);

#endif
