/* Recovery: snapshot, segments, and what to think of a damaged record. */
#ifndef PKC_WAL_RECOVER_H
#define PKC_WAL_RECOVER_H

#include "wal/wal.h"

/* Lock the directory, read snapshot and log, cut the tail, and be ready to write. */
int pkc_wal_recover(pkc_wal *wal, pkc_record_visitor *load, pkc_record_visitor *apply,
                    void *context);

#endif
