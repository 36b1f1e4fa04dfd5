/* Files of the log's directory. */
#include "wal/directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { READ_BYTES = 1 << 22 };

int64_t pkc_wal_bases(const char *names, int64_t size, const char *prefix, const char *suffix,
                      int64_t *bases_out, int64_t capacity) {
    int64_t count = 0;
    size_t lead = strlen(prefix);
    for (const char *name = names; name < names + size; name += strlen(name) + 1) {
        char *end;
        if (strncmp(name, prefix, lead) != 0 || strlen(name) != lead + 16 + strlen(suffix)) {
            continue;
        }
        uint64_t base = strtoull(name + lead, &end, 16);
        if (strcmp(end, suffix) != 0 || base > INT64_MAX || count == capacity) {
            continue;
        }
        int64_t at = count++;
        for (; at > 0 && bases_out[at - 1] > (int64_t)base; at--) {
            bases_out[at] = bases_out[at - 1];
        }
        bases_out[at] = (int64_t)base;
    }
    return count;
}

int pkc_wal_read_file(pkc_wal *wal, const char *path, pkc_buffer *buffer_out) {
    int64_t file = -1;
    int error = wal->table.open(wal->table.context, path, 0, &file);
    if (error < 0) {
        return pkc_wal_refused(wal, path, -1, error);
    }
    int status = PKC_OK;
    int64_t size = wal->table.size(wal->table.context, file);
    int64_t done = 0;
    if (size < 0) {
        status = pkc_wal_refused(wal, path, -1, size);
    } else {
        buffer_out->data = malloc((size_t)size + 1);
        buffer_out->capacity = size + 1;
        status = buffer_out->data == NULL ? PKC_ERR_NO_MEMORY : PKC_OK;
    }
    while (status == PKC_OK && done < size) {
        int64_t want = size - done < READ_BYTES ? size - done : READ_BYTES;
        int64_t got = wal->table.read(wal->table.context, file, buffer_out->data + done, want,
                                      done);
        if (got <= 0) {
            status = pkc_wal_refused(wal, path, done, got == 0 ? -EIO : got);
        }
        done += got > 0 ? got : 0;
    }
    buffer_out->size = done;
    (void)wal->table.close(wal->table.context, file);
    return status;
}

int pkc_wal_remove_before(pkc_wal *wal, int64_t base) {
    char *names = malloc(PKC_NAMES_BYTES);
    int64_t *bases = malloc(PKC_FILES_MAX * sizeof(int64_t));
    int status = names == NULL || bases == NULL ? PKC_ERR_NO_MEMORY : PKC_OK;
    if (status == PKC_OK) {
        int size = wal->table.list(wal->table.context, names, PKC_NAMES_BYTES);
        status = size < 0 ? pkc_wal_refused(wal, ".", -1, size) : PKC_OK;
        for (int kind = 0; status == PKC_OK && kind < 2; kind++) {
            int64_t count = pkc_wal_bases(names, size, kind == 0 ? "log-" : "snap-",
                                          kind == 0 ? ".wal" : ".snap", bases, PKC_FILES_MAX);
            for (int64_t i = 0; i < count && bases[i] < base; i++) {
                char path[PKC_STORE_PATH_MAX];
                (kind == 0 ? pkc_segment_name : pkc_snapshot_name)(bases[i], path);
                (void)wal->table.remove(wal->table.context, path);
            }
        }
    }
    free(names);
    free(bases);
    return status;
}
