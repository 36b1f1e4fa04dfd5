/* Records on their way to the log. */
#ifndef PKC_WAL_STAGE_H
#define PKC_WAL_STAGE_H

#include "wal/wal.h"

/* Open a record; one at a time. */
int pkc_wal_begin(pkc_wal *wal, int type);
int pkc_wal_append(pkc_wal *wal, const void *data, int64_t size);
/* Bytes of the open record's payload; 0 when none is open. */
int64_t pkc_wal_open_bytes(const pkc_wal *wal);
/* Close the record; `count` is put at `count_at` in its payload, unless that is negative. */
void pkc_wal_end(pkc_wal *wal, int64_t count_at, uint32_t count);
/* A whole record, or nothing. */
int pkc_wal_stage(pkc_wal *wal, int type, const void *payload, int64_t size);
int64_t pkc_wal_staged(const pkc_wal *wal);
/* Drop what was staged after that. */
void pkc_wal_unstage(pkc_wal *wal, int64_t staged);
/* Let holders of the lock see how far the log came. */
void pkc_wal_show(pkc_wal *wal);
/* Move what is staged to the batch. */
void pkc_wal_take(pkc_wal *wal);
/* Forget batch and staged records; later records are of a later generation. */
void pkc_wal_discard(pkc_wal *wal);

#endif
