/* The versioned store: plain declarations that the compiler and cffi both read.
 *
 * Semantics, names and limits are etcd's v3 API; docs/store.md has the design. A key is never
 * empty. A range is one key when end_size is 0, every key >= key when end is one zero byte, and
 * [key, end) otherwise. Every function may be called from any thread. Times are nanoseconds on a
 * clock of the caller's.
 */

typedef struct pkc_store pkc_store;
typedef struct pkc_watch pkc_watch;
typedef struct pkc_txn pkc_txn;

enum {
    PKC_STORE_REQUEST_BYTES_MAX = 1572864, /* keys, values and range ends of one request */
    PKC_STORE_OPS_MAX = 128,               /* operations, or compares, of a transaction */
    PKC_STORE_STAGED_BYTES_MAX = 16777216, /* beyond this a writer waits for the batch */
    PKC_STORE_TTL_MIN = 2,                 /* seconds; a smaller TTL is raised to it */
    PKC_STORE_PATH_MAX = 256               /* bytes of a path, with its end */
};

/* When a write is acknowledged and shown. */
enum {
    PKC_SYNC_ALWAYS = 0,  /* after fdatasync */
    PKC_SYNC_INTERVAL = 1 /* after write; pkc_store_sync makes it durable */
};

enum { PKC_OP_RANGE = 1, PKC_OP_PUT = 2, PKC_OP_DELETE = 3, PKC_OP_TXN = 4 };

/* Flags of an operation, and of a watch. */
enum {
    PKC_FLAG_PREV_KV = 1,
    PKC_FLAG_IGNORE_VALUE = 2,
    PKC_FLAG_IGNORE_LEASE = 4,
    PKC_FLAG_KEYS_ONLY = 8,
    PKC_FLAG_COUNT_ONLY = 16,
    PKC_FLAG_NO_PUT = 32,   /* a watch without puts */
    PKC_FLAG_NO_DELETE = 64 /* a watch without deletes */
};

/* Fields to sort by and to compare, with etcd's numbers. */
enum { PKC_SORT_NONE = 0, PKC_SORT_ASCEND = 1, PKC_SORT_DESCEND = 2 };
enum {
    PKC_SORT_KEY = 0,
    PKC_SORT_VERSION = 1,
    PKC_SORT_CREATE = 2,
    PKC_SORT_MOD = 3,
    PKC_SORT_VALUE = 4
};
enum {
    PKC_COMPARE_VERSION = 0,
    PKC_COMPARE_CREATE = 1,
    PKC_COMPARE_MOD = 2,
    PKC_COMPARE_VALUE = 3,
    PKC_COMPARE_LEASE = 4
};
enum {
    PKC_COMPARE_EQUAL = 0,
    PKC_COMPARE_GREATER = 1,
    PKC_COMPARE_LESS = 2,
    PKC_COMPARE_NOT_EQUAL = 3
};

/* One operation. Unused fields are zero; pointers are borrowed for the call. */
typedef struct {
    int32_t kind; /* PKC_OP_* */
    int32_t flags;
    const char *key;
    int64_t key_size;
    const char *end;
    int64_t end_size;
    const char *value;
    int64_t value_size;
    int64_t lease;
    int64_t limit;
    int64_t revision;
    int64_t min_mod_revision;
    int64_t max_mod_revision;
    int64_t min_create_revision;
    int64_t max_create_revision;
    int32_t sort_order;
    int32_t sort_target;
    const pkc_txn *txn;
    /* A put: instead of a value, a form and its fields; value_size is what it takes, filled. */
    const pkc_form *form;
    const pkc_text *fields;
} pkc_op;

typedef struct {
    int32_t target; /* PKC_COMPARE_VERSION ... PKC_COMPARE_LEASE */
    int32_t result; /* PKC_COMPARE_EQUAL ... */
    const char *key;
    int64_t key_size;
    const char *end;
    int64_t end_size;
    int64_t number;    /* for every target but VALUE */
    const char *value; /* for VALUE */
    int64_t value_size;
} pkc_compare;

struct pkc_txn {
    const pkc_compare *compares;
    const pkc_op *success;
    const pkc_op *failure;
    int32_t compare_count;
    int32_t success_count;
    int32_t failure_count;
    int32_t reserved;
};

/* A key at a revision, or an event. It points into the store until the answer is released. */
typedef struct {
    const char *key;
    const char *value;
    int64_t key_size;
    int64_t value_size;
    int64_t create_revision; /* 0: a tombstone */
    int64_t mod_revision;
    int64_t version;
    int64_t lease;
    int64_t prev; /* event: index in kvs of the previous version, -1 for none */
    const void *held; /* the store's own */
} pkc_kv;

/* Outcome of one operation, in the order in which they ran. */
typedef struct {
    int32_t kind;      /* PKC_OP_* */
    int32_t succeeded; /* transaction: the compares held */
    int32_t more;      /* range: the limit cut it */
    int32_t children;  /* transaction: operations that it ran, which follow */
    int64_t count;     /* range: keys in the range; delete: keys deleted; transaction: compares
                        * that held before the first that did not */
    int64_t kv_first;  /* index in kvs */
    int64_t kv_count;
} pkc_result;

/* The answer of a call. Zero it before the first use; release it after each. */
typedef struct {
    pkc_store *store; /* pinned while not NULL */
    pkc_kv *kvs;
    pkc_result *results;
    int64_t kv_count;
    int64_t kv_capacity;
    int64_t result_count;
    int64_t result_capacity;
    int64_t revision;         /* of the header */
    int64_t compact_revision; /* with PKC_ERR_COMPACTED from a watch */
    int64_t ticket;           /* for pkc_store_commit; 0: nothing to wait for */
    int64_t event_count;      /* events come first in kvs, previous versions after them */
    void *values;             /* the answer's own copies of values that are kept as forms */
} pkc_answer;

/* All file access. Each returns 0 or a count, or a negative errno. Paths are relative to the
 * directory that `context` stands for. */
typedef struct {
    void *context;
    int (*lock)(void *context, const char *path);
    int (*list)(void *context, char *names_out, int64_t names_size); /* names end in a zero */
    int (*open)(void *context, const char *path, int create, int64_t *file_out);
    int (*close)(void *context, int64_t file);
    int64_t (*size)(void *context, int64_t file);
    int64_t (*read)(void *context, int64_t file, void *data, int64_t size, int64_t offset);
    int64_t (*write)(void *context, int64_t file, const void *data, int64_t size,
                     int64_t offset);
    int (*sync)(void *context, int64_t file);
    int (*truncate)(void *context, int64_t file, int64_t size);
    int (*rename)(void *context, const char *from, const char *to);
    int (*remove)(void *context, const char *path);
    int (*sync_directory)(void *context);
    void (*destroy)(void *context);
} pkc_file_table;

typedef struct {
    int32_t sync;          /* PKC_SYNC_* */
    int32_t read_only;     /* check: nothing is written, a tail is left as it is */
    int64_t segment_bytes; /* 0: 64 MiB */
    int64_t ahead_bytes;   /* zero-filled at a time; 0: 1 MiB */
    int64_t quota_bytes;   /* of keys and versions in memory; 0: none */
    uint64_t salt;         /* for a new log: any number that other stores do not have */
    int64_t time_ns;       /* leases found on disk live their TTL from here */
} pkc_store_options;

/* Where an open failed, or why a store stopped. */
typedef struct {
    char path[256];
    int64_t offset; /* in the file; -1 when it is about the whole file */
    int32_t error;  /* errno, 0 for none */
    int32_t status;
} pkc_store_fault;

typedef struct {
    int64_t revision; /* visible */
    int64_t compact_revision;
    int64_t key_count;     /* with those that only have a tombstone left */
    int64_t version_count; /* key-revisions kept */
    int64_t lease_count;
    int64_t watch_count;
    int64_t memory_bytes; /* blocks, keys, indexes, log */
    int64_t data_bytes;   /* keys and values kept */
    int64_t disk_bytes;
    int64_t log_bytes;    /* written since the last snapshot */
    int64_t sync_count;
    int32_t failed; /* an fsync failed: read-only */
    int32_t durable;
} pkc_store_stats;

/* Open functions. A table that was passed in is destroyed by pkc_store_free, or on failure here.
 * PKC_ERR_LOCKED, _FOREIGN, _CORRUPT, _NEWER, _IO, _NO_SPACE: fault_out says where. */
int pkc_store_open_memory(const pkc_store_options *options, pkc_store **store_out);
int pkc_store_open_directory(const char *path, const pkc_store_options *options,
                             pkc_store **store_out, pkc_store_fault *fault_out);
int pkc_store_open_table(const pkc_file_table *table, const pkc_store_options *options,
                         pkc_store **store_out, pkc_store_fault *fault_out);

/* Make everything staged durable and refuse further calls (PKC_ERR_CLOSED). Answers stay valid. */
int pkc_store_close(pkc_store *store);
/* Free all; unreleased answers and watches keep their part until the last of them. No call may be
 * under way. NULL does nothing. */
void pkc_store_free(pkc_store *store);

/* Stage, in one step; pkc_store_commit waits until it is durable. A refusal of these, and of the
 * lease functions, may rest on what is staged: its answer too has a ticket then, to wait for before
 * the refusal is told. Rolled back, there is nothing that it rests on. */
int pkc_store_put(pkc_store *store, const char *key, int64_t key_size, const char *value,
                  int64_t value_size, int64_t lease, int32_t flags, pkc_answer *answer_out);
int pkc_store_delete(pkc_store *store, const char *key, int64_t key_size, const char *end,
                     int64_t end_size, int32_t flags, pkc_answer *answer_out);
int pkc_store_txn(pkc_store *store, const pkc_txn *txn, pkc_answer *answer_out);
/* `count` puts, each a revision of its own, one ticket. Data holds key, value, key, value...; all
 * or none. sizes: key size, value size for each. Returns count. */
int pkc_store_put_many(pkc_store *store, const char *data, const int64_t *sizes, int64_t count,
                       int64_t lease, pkc_answer *answer_out);
/* The transaction of `count` puts that compares the mod revision of each key first; with
 * mod_revisions NULL it compares nothing. Data holds all keys, then all values; so do sizes. The
 * answer has the one result of the transaction: when it did not succeed, `count` is the index of
 * the first key that is at another revision. */
int pkc_store_put_if(pkc_store *store, const char *data, const int64_t *sizes,
                     const int64_t *mod_revisions, int64_t count, int64_t lease,
                     pkc_answer *answer_out);
/* The same of filled forms: `forms` has one of each key, then one of each value, `fields` a row for
 * each of `count`. A form that has an id is kept once, and of each value its fields alone, where
 * that is less; reads, compares and the log have the filled form. */
int pkc_store_put_filled(pkc_store *store, const pkc_form *const *forms, const pkc_text *fields,
                         int64_t field_count,
                         const int64_t *mod_revisions, int64_t count, int64_t lease,
                         pkc_answer *answer_out);
/* The same of `count` deletes of single keys; data holds keys alone. */
int pkc_store_delete_if(pkc_store *store, const char *data, const int64_t *sizes,
                        const int64_t *mod_revisions, int64_t count, pkc_answer *answer_out);
/* PKC_ERR_NO_SPACE: it was rolled back. PKC_ERR_FAILED: the store stopped before it was durable. */
int pkc_store_commit(pkc_store *store, int64_t ticket);

/* Read at the visible revision, or an earlier one. Never waits for a disk. */
int pkc_store_range(pkc_store *store, const pkc_op *range, pkc_answer *answer_out);
/* Newest versions of `count` keys at one revision, in the order asked; a missing key has
 * mod_revision 0. keys: data as in put_many, sizes: one each. */
int pkc_store_get_many(pkc_store *store, const char *data, const int64_t *sizes, int64_t count,
                       pkc_answer *answer_out);

/* Waits until it is durable and the memory is freed. O(log entries up to `revision`). */
int pkc_store_compact(pkc_store *store, int64_t revision, pkc_answer *answer_out);
/* crc32c over all versions kept up to `revision` (0: visible), in the order of the keys. */
int pkc_store_hash(pkc_store *store, int64_t revision, uint32_t *hash_out, pkc_answer *answer_out);

/* ttl in seconds; the one granted comes back in ttl_out. id 0 is not allowed: callers choose. */
int pkc_store_lease_grant(pkc_store *store, int64_t id, int64_t ttl, int64_t time_ns,
                          int64_t *ttl_out, pkc_answer *answer_out);
int pkc_store_lease_revoke(pkc_store *store, int64_t id, pkc_answer *answer_out);
/* ttl_out: the TTL that starts anew. PKC_ERR_LEASE_NOT_FOUND also for one that is expiring. */
int pkc_store_lease_keep_alive(pkc_store *store, int64_t id, int64_t time_ns, int64_t *ttl_out,
                               pkc_answer *answer_out);
/* Remaining seconds rounded down, at least 0; attached keys, sorted, in kvs. */
int pkc_store_lease_time_to_live(pkc_store *store, int64_t id, int64_t time_ns,
                                 int64_t *ttl_out, int64_t *granted_ttl_out,
                                 pkc_answer *answer_out);
/* Ids in ascending order; returns how many there are, filling at most capacity. */
int64_t pkc_store_lease_list(pkc_store *store, int64_t *ids_out, int64_t capacity);
/* Revoke at most count_max leases whose deadline has come; returns how many. */
int pkc_store_lease_expire(pkc_store *store, int64_t time_ns, int32_t count_max,
                           pkc_answer *answer_out);
/* The earliest deadline, INT64_MAX when there is no lease. */
int64_t pkc_store_lease_deadline(pkc_store *store);

/* A cursor on the log. start_revision 0: from the next one on; below 0: from the first one ever.
 * PKC_ERR_WATCH_RANGE: end <= key. */
int pkc_store_watch(pkc_store *store, const char *key, int64_t key_size, const char *end,
                    int64_t end_size, int64_t start_revision, int32_t flags, int64_t tag,
                    pkc_watch **watch_out, pkc_answer *answer_out);
/* Events of whole revisions, at least one revision if there is any, until event_count_max is
 * reached. Returns the number of events; afterwards everything up to answer.revision was
 * delivered or does not concern the watch, unless more_out is set. PKC_ERR_COMPACTED ends it. */
int pkc_watch_read(pkc_watch *watch, int64_t event_count_max, int32_t *more_out,
                   pkc_answer *answer_out);
/* From now on leave out keys that begin with one of `count` prefixes, which lie behind each other;
 * those named before count no more. PKC_ERR_INVALID: one is empty. */
int pkc_watch_exclude(pkc_watch *watch, const char *prefixes, const int64_t *sizes, int32_t count);
void pkc_watch_free(pkc_watch *watch);
/* Tags of watches that may have events and were not named since their last read; returns how
 * many. Call again until it is 0. */
int64_t pkc_store_ready(pkc_store *store, int64_t *tags_out, int64_t capacity);
/* Wait until the visible revision is above `revision`, or pkc_store_wake, or close. Returns 1 when
 * the revision is there, else 0. */
int pkc_store_wait(pkc_store *store, int64_t revision);
void pkc_store_wake(pkc_store *store);

/* Write a snapshot and drop the log before it. */
int pkc_store_snapshot(pkc_store *store);
/* Write what is visible as a snapshot into another directory, an empty one; of a store in memory
 * too. The store's own files stay as they are. */
int pkc_store_backup(pkc_store *store, const char *path, pkc_store_fault *fault_out);
/* Make durable what PKC_SYNC_INTERVAL only wrote. */
int pkc_store_sync(pkc_store *store);
int pkc_store_stat(pkc_store *store, pkc_store_stats *stats_out);
void pkc_store_last_fault(pkc_store *store, pkc_store_fault *fault_out);
/* 0, or PKC_ERR_CORRUPT with the invariant that does not hold. O(everything). */
int pkc_store_validate(pkc_store *store, const char **reason_out);

/* Bytes that pkc_answer_pack needs: keys and values of kvs, one behind the other. */
int64_t pkc_answer_pack_size(const pkc_answer *answer);
void pkc_answer_pack(const pkc_answer *answer, char *data_out);
/* Let the store free what the answer points to. The answer can be used again. */
void pkc_answer_release(pkc_answer *answer);
/* Release it and free its own arrays. */
void pkc_answer_free(pkc_answer *answer);

uint32_t pkc_crc32c(uint32_t crc, const void *data, int64_t size);
