/* Groups of watches: which of them a write concerns. */
#include "store/group.h"

#include <stdlib.h>

#include "common/check.h"

enum { CAPACITY_MIN = 16 };

static const uint8_t *end_of(const pkc_group *group) {
    return group->bytes + group->key_size;
}

static bool endless(const pkc_group *group) {
    return group->end_size == 1 && end_of(group)[0] == 0;
}

/* Whether the range of `group` ends behind `data`. */
static bool ends_behind(const pkc_group *group, const uint8_t *data, int64_t size) {
    return endless(group) ||
           pkc_bytes_compare(end_of(group), group->end_size, data, size) > 0;
}

static int64_t farthest(pkc_groups *groups, int64_t low, int64_t high) {
    if (low >= high) {
        return -1;
    }
    int64_t middle = low + (high - low) / 2;
    int64_t sides[2] = {farthest(groups, low, middle), farthest(groups, middle + 1, high)};
    int64_t best = middle;
    for (int i = 0; i < 2; i++) {
        pkc_group *group = groups->ranges[best];
        if (sides[i] >= 0 && !endless(group) &&
            ends_behind(groups->ranges[sides[i]], end_of(group), group->end_size)) {
            best = sides[i];
        }
    }
    groups->ranges[middle]->reach = best;
    return best;
}

typedef void visitor(pkc_groups *groups, pkc_group *group, int64_t revision);

static void match_ranges(pkc_groups *groups, int64_t low, int64_t high, const pkc_key *key,
                         int64_t revision, visitor *visit) {
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        pkc_group *group = groups->ranges[middle];
        if (!ends_behind(groups->ranges[group->reach], key->bytes, key->size)) {
            return;
        }
        match_ranges(groups, low, middle, key, revision, visit);
        if (pkc_bytes_compare(group->bytes, group->key_size, key->bytes, key->size) > 0) {
            return;
        }
        if (ends_behind(group, key->bytes, key->size)) {
            visit(groups, group, revision);
        }
        low = middle + 1;
    }
}

static pkc_group **point_slot(pkc_groups *groups, uint32_t hash, const void *key,
                              int64_t key_size) {
    pkc_group **slot = &groups->buckets[hash & (uint32_t)(groups->bucket_count - 1)];
    while (*slot != NULL && pkc_bytes_compare((*slot)->bytes, (*slot)->key_size, key,
                                              key_size) != 0) {
        slot = &(*slot)->next;
    }
    return slot;
}

void pkc_groups_match(pkc_groups *groups, const pkc_key *key, int64_t revision,
                      visitor *visit) {
    if (groups->point_count > 0) {
        pkc_group *group = *point_slot(groups, key->hash, key->bytes, key->size);
        if (group != NULL) {
            visit(groups, group, revision);
        }
    }
    if (groups->range_count > 0) {
        if (groups->stale) {
            (void)farthest(groups, 0, groups->range_count);
            groups->stale = false;
        }
        match_ranges(groups, 0, groups->range_count, key, revision, visit);
    }
}

void pkc_group_note_event(pkc_groups *groups, pkc_group *group, int64_t revision) {
    group->last_event = revision;
    if (!group->ready) {
        group->ready = true;
        group->next_ready = NULL;
        group->resume = group->watches;
        *groups->last_ready = group;
        groups->last_ready = &group->next_ready;
    } else {
        group->resume = group->watches;
    }
}

void pkc_group_note_lost(pkc_groups *groups, pkc_group *group, int64_t revision) {
    (void)groups;
    group->lost_event = revision;
}

static int compare_ranges(const pkc_group *group, const char *key, int64_t key_size,
                          const char *end, int64_t end_size) {
    int order = pkc_bytes_compare(group->bytes, group->key_size, key, key_size);
    return order != 0 ? order
                      : pkc_bytes_compare(end_of(group), group->end_size, end, end_size);
}

static int64_t range_rank(const pkc_groups *groups, const char *key, int64_t key_size,
                          const char *end, int64_t end_size) {
    int64_t low = 0;
    int64_t high = groups->range_count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (compare_ranges(groups->ranges[middle], key, key_size, end, end_size) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static int buckets_reserve(pkc_groups *groups) {
    if (groups->point_count < groups->bucket_count) {
        return PKC_OK;
    }
    int64_t count = groups->bucket_count == 0 ? CAPACITY_MIN : 2 * groups->bucket_count;
    pkc_group **old = groups->buckets;
    int64_t old_count = groups->bucket_count;
    pkc_group **buckets = calloc((size_t)count, sizeof(pkc_group *));
    if (buckets == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    for (int64_t i = 0; i < old_count; i++) {
        pkc_group *next;
        for (pkc_group *group = old[i]; group != NULL; group = next) {
            next = group->next;
            pkc_group **slot = &buckets[group->hash & (uint32_t)(count - 1)];
            group->next = *slot;
            *slot = group;
        }
    }
    free(old);
    groups->buckets = buckets;
    groups->bucket_count = count;
    return PKC_OK;
}

static int ranges_reserve(pkc_groups *groups) {
    if (groups->range_count < groups->range_capacity) {
        return PKC_OK;
    }
    int64_t capacity = groups->range_capacity == 0 ? CAPACITY_MIN : 2 * groups->range_capacity;
    pkc_group **ranges = realloc(groups->ranges, (size_t)capacity * sizeof(pkc_group *));
    if (ranges == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    groups->ranges = ranges;
    groups->range_capacity = capacity;
    return PKC_OK;
}

static pkc_group *group_new(uint32_t hash, const char *key, int64_t key_size, const char *end,
                            int64_t end_size) {
    pkc_group *group = calloc(1, sizeof(pkc_group) + (size_t)(key_size + end_size));
    if (group != NULL) {
        group->hash = hash;
        group->key_size = key_size;
        group->end_size = end_size;
        memcpy(group->bytes, key, (size_t)key_size);
        if (end_size > 0) {
            memcpy(group->bytes + key_size, end, (size_t)end_size);
        }
    }
    return group;
}

int pkc_groups_get(pkc_groups *groups, uint32_t hash, const char *key, int64_t key_size,
                   const char *end, int64_t end_size, pkc_group **group_out) {
    if (groups->last_ready == NULL) {
        groups->last_ready = &groups->first_ready;
    }
    int status = end_size == 0 ? buckets_reserve(groups) : ranges_reserve(groups);
    if (status < 0) {
        return status;
    }
    pkc_group **slot;
    int64_t at = 0;
    bool found;
    if (end_size == 0) {
        slot = point_slot(groups, hash, key, key_size);
        found = *slot != NULL;
    } else {
        at = range_rank(groups, key, key_size, end, end_size);
        slot = groups->ranges + at;
        found = at < groups->range_count &&
                compare_ranges(*slot, key, key_size, end, end_size) == 0;
    }
    if (!found) {
        pkc_group *group = group_new(hash, key, key_size, end, end_size);
        if (group == NULL) {
            return PKC_ERR_NO_MEMORY;
        }
        if (end_size == 0) {
            groups->point_count++;
        } else {
            memmove(slot + 1, slot, (size_t)(groups->range_count - at) * sizeof(*slot));
            groups->range_count++;
            groups->stale = true;
        }
        *slot = group;
    }
    *group_out = *slot;
    return PKC_OK;
}

static void ready_unlink(pkc_groups *groups, pkc_group *group) {
    pkc_group **link = &groups->first_ready;
    while (*link != group) {
        PKC_CHECK(*link != NULL);
        link = &(*link)->next_ready;
    }
    *link = group->next_ready;
    if (*link == NULL) {
        groups->last_ready = link;
    }
}

void pkc_groups_tidy(pkc_groups *groups, pkc_group *group) {
    if (group->watches != NULL) {
        return;
    }
    if (group->ready) {
        ready_unlink(groups, group);
    }
    if (group->end_size == 0) {
        pkc_group **slot = point_slot(groups, group->hash, group->bytes, group->key_size);
        *slot = group->next;
        groups->point_count--;
    } else {
        int64_t at = range_rank(groups, (const char *)group->bytes, group->key_size,
                                (const char *)end_of(group), group->end_size);
        groups->range_count--;
        memmove(groups->ranges + at, groups->ranges + at + 1,
                (size_t)(groups->range_count - at) * sizeof(pkc_group *));
        groups->stale = true;
    }
    free(group);
}

void pkc_groups_destroy(pkc_groups *groups) {
    free(groups->buckets);
    free(groups->ranges);
    *groups = (pkc_groups){0};
}
