/* Watches: cursors into the log, grouped by what they watch. */
#ifndef PKC_STORE_GROUP_H
#define PKC_STORE_GROUP_H

#include <stdbool.h>

#include "pkc.h"
#include "store/key.h"

/* All watches of one range. A write touches groups only. */
typedef struct pkc_group pkc_group;
struct pkc_group {
    pkc_group *next;       /* of the same bucket, for groups of one key */
    pkc_group *next_ready; /* in the list of groups to name */
    pkc_watch *watches;
    pkc_watch *resume;   /* the watch that pkc_store_ready names next */
    int64_t last_event;  /* the last visible revision that concerns the group */
    int64_t lost_event;  /* the last such revision that was compacted */
    int64_t reach;       /* index of the group with the farthest end in its subtree */
    uint32_t hash;
    bool ready;
    int64_t key_size;
    int64_t end_size; /* as in the API: 0 one key, one zero byte all keys from key on */
    uint8_t bytes[];  /* key, end */
};

struct pkc_watch {
    pkc_store *store;
    pkc_group *group;
    pkc_watch *next;
    pkc_watch *prev;
    int64_t next_revision; /* everything before it was read */
    int64_t tag;
    uint8_t *excluded; /* prefixes, each behind its size as int64_t; NULL when there are none */
    int64_t excluded_size;
    int32_t flags;
    bool behind;    /* started in the past and has not caught up: only the log knows */
    bool compacted; /* an event that it did not read is gone */
};

/* Groups of one key hang in buckets; groups of ranges stand sorted by key in an array that is
 * searched as a balanced tree (the middle is the root), each with the farthest end below it. */
typedef struct {
    pkc_group **buckets;
    pkc_group **ranges;
    pkc_group *first_ready;
    pkc_group **last_ready;
    int64_t bucket_count; /* a power of two, or 0 */
    int64_t point_count;
    int64_t range_count;
    int64_t range_capacity;
    int64_t watch_count;
    bool stale; /* reach must be computed again */
} pkc_groups;

/* Call `visit` for each group that `key` belongs to. */
void pkc_groups_match(pkc_groups *groups, const pkc_key *key, int64_t revision,
                      void (*visit)(pkc_groups *groups, pkc_group *group, int64_t revision));
/* A visible event, and one that was compacted away: the visitors for pkc_groups_match. */
void pkc_group_note_event(pkc_groups *groups, pkc_group *group, int64_t revision);
void pkc_group_note_lost(pkc_groups *groups, pkc_group *group, int64_t revision);
/* The group of a range, made when there is none. */
int pkc_groups_get(pkc_groups *groups, uint32_t hash, const char *key, int64_t key_size,
                   const char *end, int64_t end_size, pkc_group **group_out);
/* Free the group if no watch is left in it. */
void pkc_groups_tidy(pkc_groups *groups, pkc_group *group);
void pkc_groups_destroy(pkc_groups *groups);

#endif
