/* Snapshots: the whole state in a file of its own, and the end of what it replaces. */
#ifndef PKC_WAL_SNAPSHOT_H
#define PKC_WAL_SNAPSHOT_H

#include "wal/wal.h"

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
int pkc_snapshot_read(pkc_wal *wal, int64_t base, pkc_record_visitor *load, void *context,
                      pkc_file_header *header_out);

#endif
