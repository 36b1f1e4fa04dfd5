/* Files of a directory through POSIX calls. */
#ifndef PKC_WAL_POSIX_H
#define PKC_WAL_POSIX_H

#include "pkc.h"

/* A table of the directory at `path`; errno in error_out where it cannot be opened. */
int pkc_file_table_posix(const char *path, pkc_file_table *table_out, int *error_out);

#endif
