/* Recovery: snapshot, segments, and what to think of a damaged record. */
#include "wal/recover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "wal/directory.h"
#include "wal/segment.h"
#include "wal/snapshot.h"
#include "wal/stage.h"

/* Snapshots that a crash may have left beside each other. */
enum { SNAPSHOTS_MAX = 256 };

_Static_assert(PKC_FILES_MAX * sizeof("log-0123456789abcdef.wal") +
                       SNAPSHOTS_MAX * sizeof("snap-0123456789abcdef.snap") <=
                   PKC_NAMES_BYTES,
               "the names of as many segments and snapshots fit a listing");
_Static_assert(sizeof("snap-0123456789abcdef.snap") <= PKC_STORE_PATH_MAX, "a name is a path");

typedef struct {
    pkc_wal *wal;
    pkc_record_visitor *load;
    pkc_record_visitor *apply;
    void *context;
    char *names;
    int64_t names_size;
    int64_t *segments;
    int64_t segment_count;
    int64_t snapshot; /* base of the newest; -1 for none */
} recovery;

static int corrupt(pkc_wal *wal, const char *path, int64_t offset, int status) {
    snprintf(wal->fault.path, sizeof(wal->fault.path), "%s", path);
    wal->fault.offset = offset;
    wal->fault.error = 0;
    wal->fault.status = status;
    return status;
}

static bool ends_with(const char *name, const char *suffix) {
    size_t size = strlen(name);
    return size >= strlen(suffix) && strcmp(name + size - strlen(suffix), suffix) == 0;
}

/* Names the directory may have besides segments and snapshots. */
static bool harmless(const char *name) {
    return strcmp(name, "LOCK") == 0 || strcmp(name, "lost+found") == 0 ||
           ends_with(name, ".tmp");
}

/* Lists the directory, and refuses one that holds other files and no store. */
static int survey(recovery *r) {
    pkc_wal *wal = r->wal;
    int size = wal->table.list(wal->table.context, r->names, PKC_NAMES_BYTES);
    if (size < 0) {
        return pkc_wal_refused(wal, ".", -1, size);
    }
    r->names_size = size;
    r->segment_count = pkc_wal_bases(r->names, size, "log-", ".wal", r->segments, PKC_FILES_MAX);
    int64_t snapshots[SNAPSHOTS_MAX];
    int64_t count =
        pkc_wal_bases(r->names, size, "snap-", ".snap", snapshots, SNAPSHOTS_MAX);
    r->snapshot = count == 0 ? -1 : snapshots[count - 1];
    for (const char *name = r->names; name < r->names + size; name += strlen(name) + 1) {
        if (r->segment_count == 0 && r->snapshot < 0 && !harmless(name)) {
            return corrupt(wal, name, -1, PKC_ERR_FOREIGN);
        }
    }
    return PKC_OK;
}

static void remove_leftovers(recovery *r) {
    pkc_wal *wal = r->wal;
    for (const char *name = r->names; name < r->names + r->names_size; name += strlen(name) + 1) {
        if (ends_with(name, ".tmp")) {
            (void)wal->table.remove(wal->table.context, name);
        }
    }
}

/* Takes the lock. The listing may have changed until then, so it is listed again; it is
 * listed before because taking the lock makes a file, which a foreign directory must not get. */
static int enter(recovery *r) {
    pkc_wal *wal = r->wal;
    int status = survey(r);
    if (status < 0) {
        return status;
    }
    int error = wal->table.lock(wal->table.context, "LOCK");
    if (error < 0) {
        status = pkc_wal_refused(wal, "LOCK", -1, error);
        return error == -EWOULDBLOCK ? corrupt(wal, "LOCK", -1, PKC_ERR_LOCKED) : status;
    }
    status = survey(r);
    if (status == PKC_OK && wal->options.read_only == 0) {
        remove_leftovers(r);
    }
    return status;
}

/* Whether a record behind `at` proves that the log was durable beyond `at`. */
static bool proven_durable(const pkc_wal *wal, const pkc_buffer *file, int64_t at,
                           int64_t offset) {
    for (int64_t i = at + 8; i + PKC_RECORD_HEADER_BYTES <= file->size; i += 8) {
        int64_t mark;
        memcpy(&mark, file->data + i + 8, 8);
        pkc_record record;
        if (mark > offset + at && pkc_record_parse(file->data, file->size, i, wal->salt,
                                                   offset, &record)) {
            return true;
        }
    }
    return false;
}

static bool all_zero(const pkc_buffer *file, int64_t at) {
    for (int64_t i = at; i < file->size; i++) {
        if (file->data[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Cut what follows the last good record, so that it can never be taken for a later one. */
static int cut_tail(pkc_wal *wal, const char *path, const pkc_buffer *data, int64_t at) {
    wal->filled = data->size;
    if (wal->options.read_only != 0) {
        return PKC_OK;
    }
    int error = wal->table.open(wal->table.context, path, 0, &wal->file);
    if (error < 0) {
        return pkc_wal_refused(wal, path, -1, error);
    }
    if (!all_zero(data, at)) {
        error = wal->table.truncate(wal->table.context, wal->file, at);
        wal->filled = at;
    }
    if (error < 0) {
        return pkc_wal_refused(wal, path, at, error);
    }
    error = wal->table.sync(wal->table.context, wal->file);
    wal->sync_count++;
    return error < 0 ? pkc_wal_refused(wal, path, at, error) : PKC_OK;
}

/* Apply the records of one segment; `next` is the base of the one after it, -1 for none. */
static int read_records(recovery *r, const char *path, const pkc_buffer *file, int64_t base,
                        int64_t next) {
    pkc_wal *wal = r->wal;
    int64_t offset = base - PKC_FILE_HEADER_BYTES;
    int64_t at = PKC_FILE_HEADER_BYTES;
    pkc_record record;
    while (next < 0 || offset + at < next) {
        if (!pkc_record_parse(file->data, file->size, at, wal->salt, offset, &record) ||
            record.generation < wal->generation) {
            break;
        }
        wal->generation = record.generation;
        int status = r->apply(r->context, record.type, record.payload, record.size);
        if (status < 0) {
            return corrupt(wal, path, at, status);
        }
        at += record.bytes;
        PKC_CHECK((at & 7) == 0 && at <= file->size);
    }
    if (next >= 0) {
        return offset + at == next ? PKC_OK : corrupt(wal, path, at, PKC_ERR_CORRUPT);
    }
    if (proven_durable(wal, file, at, offset)) {
        return corrupt(wal, path, at, PKC_ERR_CORRUPT);
    }
    wal->base = base;
    wal->written = offset + at;
    wal->durable = wal->written;
    return cut_tail(wal, path, file, at);
}

static int read_segment(recovery *r, int64_t base, int64_t next) {
    pkc_wal *wal = r->wal;
    char path[PKC_STORE_PATH_MAX];
    pkc_segment_name(base, path);
    pkc_buffer file = {0};
    pkc_file_header header;
    int status = pkc_wal_read_file(wal, path, &file);
    if (status == PKC_OK) {
        status = pkc_header_decode(file.data, file.size, false, &header);
        if (status == PKC_OK && header.base != base) {
            status = PKC_ERR_CORRUPT;
        }
        if (status == PKC_OK && wal->origin >= 0 && header.salt != wal->salt) {
            status = PKC_ERR_CORRUPT;
        }
        if (status < 0) {
            (void)corrupt(wal, path, 0, status);
        }
    }
    if (status == PKC_OK) {
        if (wal->origin < 0) {
            wal->origin = base;
            wal->salt = header.salt;
        }
        status = read_records(r, path, &file, base, next);
    }
    pkc_buffer_free(&file);
    return status;
}

static int read_all(recovery *r) {
    pkc_wal *wal = r->wal;
    pkc_file_header header = {.revision = 1};
    wal->origin = -1;
    int64_t first = 0;
    if (r->snapshot >= 0) {
        int status = pkc_snapshot_read(wal, r->snapshot, r->load, r->context, &header);
        if (status < 0) {
            return status;
        }
        wal->origin = r->snapshot;
        while (first < r->segment_count && r->segments[first] < r->snapshot) {
            first++;
        }
    }
    char path[PKC_STORE_PATH_MAX];
    pkc_segment_name(header.base, path);
    if (first == r->segment_count || r->segments[first] != header.base) {
        return corrupt(wal, path, -1, PKC_ERR_CORRUPT);
    }
    int status = PKC_OK;
    for (int64_t i = first; status == PKC_OK && i < r->segment_count; i++) {
        status = read_segment(r, r->segments[i],
                              i + 1 < r->segment_count ? r->segments[i + 1] : -1);
    }
    wal->origin = header.base;
    return status;
}

static int begin_log(pkc_wal *wal) {
    if (wal->options.read_only != 0) {
        return corrupt(wal, ".", -1, PKC_ERR_FOREIGN);
    }
    return pkc_wal_rotate(wal, 1, 0);
}

int pkc_wal_recover(pkc_wal *wal, pkc_record_visitor *load, pkc_record_visitor *apply,
                    void *context) {
    recovery r = {.wal = wal, .load = load, .apply = apply, .context = context};
    r.names = malloc(PKC_NAMES_BYTES);
    r.segments = malloc(PKC_FILES_MAX * sizeof(int64_t));
    int status = r.names == NULL || r.segments == NULL ? PKC_ERR_NO_MEMORY : enter(&r);
    if (status == PKC_OK) {
        bool fresh = r.segment_count == 0 && r.snapshot < 0;
        status = fresh ? begin_log(wal) : read_all(&r);
    }
    if (status == PKC_OK && wal->options.read_only == 0) {
        wal->generation++;
        pkc_wal_write_mark(wal);
        status = pkc_wal_remove_before(wal, wal->origin);
    }
    pkc_wal_show(wal);
    free(r.names);
    free(r.segments);
    return status;
}
