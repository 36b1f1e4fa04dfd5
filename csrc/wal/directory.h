/* The directory of the log: which files are there, and what is in them. */
#ifndef PKC_WAL_DIRECTORY_H
#define PKC_WAL_DIRECTORY_H

#include "wal/wal.h"

/* Bytes of all names, segments and snapshots that a directory may have. */
enum { PKC_NAMES_BYTES = 1 << 16, PKC_FILES_MAX = 1 << 11 };

/* Read a whole file. */
int pkc_wal_read_file(pkc_wal *wal, const char *path, pkc_buffer *buffer_out);
/* Remove segments and snapshots that begin before `base`. */
int pkc_wal_remove_before(pkc_wal *wal, int64_t base);
/* Bases of the files with this prefix, ascending; returns how many, at most `capacity`. */
int64_t pkc_wal_bases(const char *names, int64_t size, const char *prefix, const char *suffix,
                      int64_t *bases_out, int64_t capacity);

#endif
