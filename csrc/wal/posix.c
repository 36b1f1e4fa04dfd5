/* Files of a directory through POSIX calls. */
#include "wal/posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    int directory;
    int lock;
    pid_t owner; /* a forked child shares the descriptors and must not use them */
} posix;

static bool foreign(const posix *p) {
    return getpid() != p->owner;
}

static int posix_lock(void *context, const char *path) {
    posix *p = context;
    p->lock = openat(p->directory, path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (p->lock < 0 && (errno == EACCES || errno == EROFS)) {
        /* A process that may only read takes the lock of the store that is there. */
        p->lock = openat(p->directory, path, O_RDONLY | O_CLOEXEC);
    }
    if (p->lock < 0) {
        return -errno;
    }
    return flock(p->lock, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

static int posix_list(void *context, char *names_out, int64_t names_size) {
    posix *p = context;
    int fd = openat(p->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (directory == NULL) {
        int error = -errno;
        if (fd >= 0) {
            close(fd);
        }
        return error;
    }
    int64_t used = 0;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        int64_t size = (int64_t)strlen(entry->d_name) + 1;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (used + size > names_size) {
            closedir(directory);
            return -E2BIG;
        }
        memcpy(names_out + used, entry->d_name, (size_t)size);
        used += size;
    }
    closedir(directory);
    return (int)used;
}

static int posix_open(void *context, const char *path, int create, int64_t *file_out) {
    posix *p = context;
    if (foreign(p)) {
        return -EPERM;
    }
    int flags = O_RDWR | O_CLOEXEC | (create != 0 ? O_CREAT | O_TRUNC : 0);
    int fd = openat(p->directory, path, flags, 0644);
    *file_out = fd;
    return fd < 0 ? -errno : 0;
}

static int posix_close(void *context, int64_t file) {
    (void)context;
    return close((int)file) < 0 ? -errno : 0;
}

static int64_t posix_size(void *context, int64_t file) {
    (void)context;
    struct stat status;
    return fstat((int)file, &status) < 0 ? -errno : (int64_t)status.st_size;
}

static int64_t posix_read(void *context, int64_t file, void *data, int64_t size,
                          int64_t offset) {
    (void)context;
    ssize_t got;
    do {
        got = pread((int)file, data, (size_t)size, offset);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static int64_t posix_write(void *context, int64_t file, const void *data, int64_t size,
                           int64_t offset) {
    if (foreign(context)) {
        return -EPERM;
    }
    ssize_t done;
    do {
        done = pwrite((int)file, data, (size_t)size, offset);
    } while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : done;
}

static int posix_sync(void *context, int64_t file) {
    if (foreign(context)) {
        return -EPERM;
    }
    return fdatasync((int)file) < 0 ? -errno : 0;
}

static int posix_truncate(void *context, int64_t file, int64_t size) {
    if (foreign(context)) {
        return -EPERM;
    }
    return ftruncate((int)file, size) < 0 ? -errno : 0;
}

static int posix_rename(void *context, const char *from, const char *to) {
    posix *p = context;
    if (foreign(p)) {
        return -EPERM;
    }
    return renameat(p->directory, from, p->directory, to) < 0 ? -errno : 0;
}

static int posix_remove(void *context, const char *path) {
    posix *p = context;
    if (foreign(p)) {
        return -EPERM;
    }
    return unlinkat(p->directory, path, 0) < 0 ? -errno : 0;
}

static int posix_sync_directory(void *context) {
    posix *p = context;
    if (foreign(p)) {
        return -EPERM;
    }
    return fsync(p->directory) < 0 ? -errno : 0;
}

static void posix_destroy(void *context) {
    posix *p = context;
    if (p->lock >= 0) {
        close(p->lock);
    }
    close(p->directory);
    free(p);
}

int pkc_file_table_posix(const char *path, pkc_file_table *table_out, int *error_out) {
    posix *p = malloc(sizeof(*p));
    if (p == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    p->lock = -1;
    p->owner = getpid();
    p->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->directory < 0) {
        *error_out = errno;
        free(p);
        return PKC_ERR_IO;
    }
    *table_out = (pkc_file_table){
        .context = p,
        .lock = posix_lock,
        .list = posix_list,
        .open = posix_open,
        .close = posix_close,
        .size = posix_size,
        .read = posix_read,
        .write = posix_write,
        .sync = posix_sync,
        .truncate = posix_truncate,
        .rename = posix_rename,
        .remove = posix_remove,
        .sync_directory = posix_sync_directory,
        .destroy = posix_destroy,
    };
    return PKC_OK;
}
