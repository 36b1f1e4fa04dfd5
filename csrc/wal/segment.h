/* Segments: where the log's bytes go. */
#ifndef PKC_WAL_SEGMENT_H
#define PKC_WAL_SEGMENT_H

#include "wal/wal.h"

/* Begin a segment at the log's end; everything before is durable. */
int pkc_wal_rotate(pkc_wal *wal, int64_t revision, int64_t compact_revision);
/* Write the batch and, unless `lazy`, sync it. PKC_ERR_NO_SPACE: nothing of it counts. */
int pkc_wal_write(pkc_wal *wal, int64_t revision, int64_t compact_revision, bool lazy);
/* Say in the log, without a sync, how far it is durable. */
void pkc_wal_write_mark(pkc_wal *wal);
int pkc_wal_sync(pkc_wal *wal);

#endif
