/* Keys and their versions: writes without checks, and how to take them back. */
#ifndef PKC_STORE_HISTORY_H
#define PKC_STORE_HISTORY_H

#include "store/core.h"

/* A value to be put: bytes, or a form with its fields; `size` is what is read of it. */
typedef struct {
    const void *bytes;
    int64_t size;
    const pkc_form *form;
    const pkc_text *fields;
} pkc_content;

pkc_key *pkc_store_find(const pkc_store *store, const void *key, int64_t size);
/* Where references of keys and versions lead; NULL for none. */
pkc_version *pkc_store_newest(const pkc_store *store, const pkc_key *key);
pkc_version *pkc_store_before(const pkc_store *store, const pkc_version *version);
pkc_key *pkc_store_key_of(const pkc_store *store, const pkc_version *version);
/* The version of `key` that a reader at `revision` sees; NULL for none or a tombstone. */
pkc_version *pkc_store_at(const pkc_store *store, const pkc_key *key, int64_t revision);
/* A put, or with `tombstone` a delete, of a key at `revision`. */
int pkc_history_put(pkc_store *store, int64_t revision, const void *key, int64_t key_size,
                    const pkc_content *value, int64_t lease);
int pkc_history_delete(pkc_store *store, int64_t revision, pkc_key *key);
/* Take back every log entry from `end` on. Needs no memory. */
void pkc_history_undo(pkc_store *store, int64_t end);
void pkc_version_free(pkc_store *store, pkc_version *version);
/* The key and all that points to it go. It has no version left. */
void pkc_key_drop(pkc_store *store, pkc_key *key);
/* All of `kv` but its key and value; create_revision counts from version 2 on. Nothing leads to it
 * yet. */
pkc_version *pkc_version_new(pkc_store *store, const pkc_key *key, const pkc_kv *kv,
                             const pkc_content *value);
/* Write the value of a version, all value_size bytes of it. */
void pkc_version_read(const pkc_store *store, const pkc_version *version, char *value_out);
/* As pkc_bytes_compare of its value with another. */
int pkc_version_compare(const pkc_store *store, const pkc_version *version, const char *value,
                        int64_t size);
int pkc_key_make(pkc_store *store, const void *key, int64_t size, pkc_key **key_out);
int pkc_lease_attach(pkc_store *store, pkc_key *key, int64_t lease);
void pkc_lease_detach(pkc_store *store, pkc_key *key, int64_t lease);

#endif
