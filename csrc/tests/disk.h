/* A disk in memory that remembers every operation, fails any one of them, and can show what a
 * crash at any moment may leave behind. */
#ifndef PKC_TEST_DISK_H
#define PKC_TEST_DISK_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "pkc.h"
#include "test.h"

#ifndef DISK_REALLOC
#define DISK_REALLOC realloc
#endif

enum { DISK_FILES = 512, DISK_NAMES = 64, DISK_NAME = 48, DISK_SECTOR = 512 };

typedef struct {
    uint8_t *data;
    int64_t size;
    int64_t capacity;
} disk_file;

typedef struct {
    disk_file files[DISK_FILES]; /* by file number; a name points to one */
    struct {
        char name[DISK_NAME];
        int file;
    } names[DISK_NAMES];
    int file_count;
    int name_count;
} disk_image;

typedef enum { OP_CREATE, OP_WRITE, OP_SYNC, OP_TRUNCATE, OP_RENAME, OP_REMOVE, OP_SYNC_DIR } kind;

typedef struct {
    kind what;
    int file;
    int64_t offset;
    int64_t size;
    uint8_t *data;
    char from[DISK_NAME];
    char to[DISK_NAME];
} disk_op;

typedef struct {
    disk_image image;
    disk_op *ops;
    int64_t op_count;
    int64_t op_capacity;
    int64_t calls;     /* that can fail, so far */
    int64_t fail_call; /* this one fails; 0 for none */
    int fail_errno;
    bool fail_sticky; /* and all after it */
    bool fail_syncs_only;
    int64_t room; /* bytes that may still be written; -1 for no end */
    bool locked;
    bool recording;
} disk;

static inline void disk_file_resize(disk_file *file, int64_t size) {
    if (size > file->capacity) {
        file->capacity = size * 2;
        file->data = DISK_REALLOC(file->data, (size_t)file->capacity);
        EXPECT(file->data != NULL);
    }
    if (size > file->size) {
        memset(file->data + file->size, 0, (size_t)(size - file->size));
    }
    file->size = size;
}

static inline void disk_image_write(disk_image *image, int file, const uint8_t *data,
                                    int64_t size, int64_t offset) {
    disk_file *f = &image->files[file];
    if (offset + size > f->size) {
        disk_file_resize(f, offset + size);
    }
    if (size > 0) {
        memcpy(f->data + offset, data, (size_t)size);
    }
}

static inline int disk_image_find(const disk_image *image, const char *name) {
    for (int i = 0; i < image->name_count; i++) {
        if (strcmp(image->names[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

static inline void disk_image_unname(disk_image *image, const char *name) {
    int at = disk_image_find(image, name);
    if (at >= 0) {
        image->names[at] = image->names[--image->name_count];
    }
}

static inline void disk_image_name(disk_image *image, const char *name, int file) {
    disk_image_unname(image, name);
    EXPECT(image->name_count < DISK_NAMES);
    snprintf(image->names[image->name_count].name, DISK_NAME, "%s", name);
    image->names[image->name_count++].file = file;
}

static inline void disk_image_free(disk_image *image) {
    for (int i = 0; i < DISK_FILES; i++) {
        free(image->files[i].data);
    }
    memset(image, 0, sizeof(*image));
}

static inline void disk_image_copy(disk_image *to, const disk_image *from) {
    disk_image_free(to);
    *to = *from;
    for (int i = 0; i < DISK_FILES; i++) {
        to->files[i] = (disk_file){0};
        if (from->files[i].size > 0) {
            disk_image_write(to, i, from->files[i].data, from->files[i].size, 0);
        }
    }
}

static inline void disk_image_apply(disk_image *image, const disk_op *op) {
    switch (op->what) {
    case OP_CREATE: disk_image_name(image, op->to, op->file); break;
    case OP_WRITE: disk_image_write(image, op->file, op->data, op->size, op->offset); break;
    case OP_TRUNCATE: disk_file_resize(&image->files[op->file], op->size); break;
    case OP_RENAME: {
        int at = disk_image_find(image, op->from);
        if (at >= 0) {
            int file = image->names[at].file;
            disk_image_unname(image, op->from);
            disk_image_name(image, op->to, file);
        }
        break;
    }
    case OP_REMOVE: disk_image_unname(image, op->from); break;
    case OP_SYNC:
    case OP_SYNC_DIR: break;
    }
}

static inline void disk_do(disk *d, disk_op op) {
    disk_image_apply(&d->image, &op);
    if (!d->recording) {
        return;
    }
    if (d->op_count == d->op_capacity) {
        d->op_capacity = d->op_capacity == 0 ? 256 : 2 * d->op_capacity;
        d->ops = realloc(d->ops, (size_t)d->op_capacity * sizeof(disk_op));
        EXPECT(d->ops != NULL);
    }
    if (op.what == OP_WRITE) {
        uint8_t *copy = malloc((size_t)op.size);
        EXPECT(copy != NULL);
        memcpy(copy, op.data, (size_t)op.size);
        op.data = copy;
    }
    d->ops[d->op_count++] = op;
}

static inline int disk_fails(disk *d, bool sync) {
    if (d->fail_syncs_only && !sync) {
        return 0;
    }
    d->calls++;
    bool now = d->fail_call > 0 &&
               (d->fail_sticky ? d->calls >= d->fail_call : d->calls == d->fail_call);
    return now ? -d->fail_errno : 0;
}

static inline int disk_lock(void *context, const char *path) {
    disk *d = context;
    (void)path;
    if (d->locked) {
        return -EWOULDBLOCK;
    }
    d->locked = true;
    return 0;
}

static inline int disk_list(void *context, char *names_out, int64_t names_size) {
    disk *d = context;
    int64_t used = 0;
    for (int i = 0; i < d->image.name_count; i++) {
        int64_t size = (int64_t)strlen(d->image.names[i].name) + 1;
        EXPECT(used + size <= names_size);
        memcpy(names_out + used, d->image.names[i].name, (size_t)size);
        used += size;
    }
    return (int)used;
}

static inline int disk_open(void *context, const char *path, int create, int64_t *file_out) {
    disk *d = context;
    int error = disk_fails(d, false);
    int at = disk_image_find(&d->image, path);
    if (error < 0 || (at < 0 && create == 0)) {
        return error < 0 ? error : -ENOENT;
    }
    if (create != 0) {
        /* Each creation is a file of its own, as a truncated one shares nothing with before. */
        EXPECT(d->image.file_count < DISK_FILES);
        int file = d->image.file_count++;
        disk_op op = {.what = OP_CREATE, .file = file};
        snprintf(op.to, sizeof(op.to), "%s", path);
        disk_do(d, op);
        *file_out = file;
    } else {
        *file_out = d->image.names[at].file;
    }
    return 0;
}

static inline int disk_close(void *context, int64_t file) {
    (void)context;
    (void)file;
    return 0;
}

static inline int64_t disk_size(void *context, int64_t file) {
    disk *d = context;
    return d->image.files[file].size;
}

static inline int64_t disk_read(void *context, int64_t file, void *data, int64_t size,
                                int64_t offset) {
    disk *d = context;
    const disk_file *f = &d->image.files[file];
    int64_t left = f->size - offset;
    int64_t got = size < left ? size : left;
    memcpy(data, f->data + offset, (size_t)got);
    return got;
}

static inline int64_t disk_write(void *context, int64_t file, const void *data, int64_t size,
                                 int64_t offset) {
    disk *d = context;
    int error = disk_fails(d, false);
    int64_t done = size;
    if (error < 0) {
        done = size / 2; /* a failing write leaves a torn half behind */
    }
    int64_t grown = offset + size - d->image.files[file].size;
    if (error == 0 && d->room >= 0 && grown > d->room) {
        error = -ENOSPC;
        done = 0;
    } else if (error == 0 && d->room >= 0 && grown > 0) {
        d->room -= grown;
    }
    disk_op op = {.what = OP_WRITE, .file = (int)file, .offset = offset, .size = done};
    op.data = (uint8_t *)(uintptr_t)data;
    if (done > 0) {
        disk_do(d, op);
    }
    return error < 0 ? error : done;
}

static inline int disk_sync(void *context, int64_t file) {
    disk *d = context;
    int error = disk_fails(d, true);
    if (error == 0) {
        disk_do(d, (disk_op){.what = OP_SYNC, .file = (int)file});
    }
    return error;
}

static inline int disk_truncate(void *context, int64_t file, int64_t size) {
    disk *d = context;
    int error = disk_fails(d, false);
    if (error == 0) {
        disk_do(d, (disk_op){.what = OP_TRUNCATE, .file = (int)file, .size = size});
    }
    return error;
}

static inline int disk_rename(void *context, const char *from, const char *to) {
    disk *d = context;
    int error = disk_fails(d, false);
    disk_op op = {.what = OP_RENAME};
    snprintf(op.from, sizeof(op.from), "%s", from);
    snprintf(op.to, sizeof(op.to), "%s", to);
    if (error == 0) {
        disk_do(d, op);
    }
    return error;
}

static inline int disk_remove(void *context, const char *path) {
    disk *d = context;
    int error = disk_fails(d, false);
    disk_op op = {.what = OP_REMOVE};
    snprintf(op.from, sizeof(op.from), "%s", path);
    if (error == 0) {
        disk_do(d, op);
    }
    return error;
}

static inline int disk_sync_directory(void *context) {
    disk *d = context;
    int error = disk_fails(d, true);
    if (error == 0) {
        disk_do(d, (disk_op){.what = OP_SYNC_DIR});
    }
    return error;
}

static inline void disk_destroy(void *context) {
    disk *d = context;
    d->locked = false;
}

static inline pkc_file_table disk_table(disk *d) {
    return (pkc_file_table){d,          disk_lock,  disk_list,     disk_open,   disk_close,
                            disk_size,  disk_read,  disk_write,    disk_sync,   disk_truncate,
                            disk_rename, disk_remove, disk_sync_directory, disk_destroy};
}

static inline void disk_free(disk *d) {
    for (int64_t i = 0; i < d->op_count; i++) {
        free(d->ops[i].data);
    }
    free(d->ops);
    disk_image_free(&d->image);
    memset(d, 0, sizeof(*d));
}

#endif
