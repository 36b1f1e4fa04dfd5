/* The revision log: versions in the order in which they were written. */
#include "store/log.h"

#include <stdlib.h>

#include "common/check.h"
#include "pkc.h"

enum { CAPACITY_MIN = 256 };

static int resize(pkc_log *log, int64_t capacity) {
    pkc_ref *items = malloc((size_t)capacity * sizeof(pkc_ref));
    if (items == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    int64_t count = log->end - log->first;
    if (count > 0) {
        memcpy(items, log->items + (log->first - log->dropped), (size_t)count * sizeof(pkc_ref));
    }
    free(log->items);
    log->items = items;
    log->capacity = capacity;
    log->dropped = log->first;
    return PKC_OK;
}

int pkc_log_append(pkc_log *log, pkc_version *version) {
    if (log->end - log->dropped == log->capacity) {
        int64_t count = log->end - log->first;
        int64_t capacity = count + count / 4 > CAPACITY_MIN ? count + count / 4 : CAPACITY_MIN;
        int status = resize(log, capacity);
        if (status < 0) {
            return status;
        }
    }
    PKC_CHECK(log->end == log->first ||
              pkc_log_at(log, log->end - 1)->mod_revision <= version->mod_revision);
    pkc_log_set(log, log->end, version);
    log->end++;
    return PKC_OK;
}

int64_t pkc_log_find(const pkc_log *log, int64_t revision) {
    int64_t low = log->first;
    int64_t high = log->end;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (pkc_log_at(log, middle)->mod_revision < revision) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    PKC_CHECK(low == log->end || pkc_log_at(log, low)->mod_revision >= revision);
    return low;
}

void pkc_log_drop_before(pkc_log *log, int64_t first) {
    log->first = first;
    int64_t count = log->end - log->first;
    int64_t fitting = count + count / 4 > CAPACITY_MIN ? count + count / 4 : CAPACITY_MIN;
    if (fitting < log->capacity / 2) {
        (void)resize(log, fitting); /* a failure only keeps the bigger array */
    }
}

void pkc_log_destroy(pkc_log *log) {
    free(log->items);
    *log = (pkc_log){0};
}
