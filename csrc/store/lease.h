/* Leases: their holders, their ends, and the keys attached to them. */
#ifndef PKC_STORE_LEASE_H
#define PKC_STORE_LEASE_H

#include <stdbool.h>

#include "pkc.h"
#include "store/key.h"

/* Keys attached to one lease: open addressing by the key's hash; NULL is an empty slot. It never
 * shrinks, so undoing a removal needs no memory. */
typedef struct {
    pkc_key **slots;
    int64_t capacity;
    int64_t count;
} pkc_key_set;

typedef struct {
    int64_t id;
    int64_t ttl; /* seconds */
    int64_t deadline_ns;
    int64_t heap_index;
    int64_t sequence; /* ticket of its grant */
    bool revoked; /* staged; gone once that is durable */
    pkc_key_set keys;
} pkc_lease;

/* A grant or a revoke that is not durable yet. */
typedef struct {
    pkc_lease *lease;
    int64_t sequence;
    int64_t deadline_ns; /* before a revoke */
    bool revoke;
} pkc_lease_change;

typedef struct {
    pkc_lease **table; /* open addressing by id */
    pkc_lease **heap;  /* binary heap, earliest deadline first */
    pkc_lease_change *changes;
    int64_t capacity; /* of table; heap has as many */
    int64_t count;
    int64_t change_capacity;
    int64_t change_count;
} pkc_leases;

int pkc_key_set_add(pkc_key_set *set, pkc_key *key);
void pkc_key_set_remove(pkc_key_set *set, const pkc_key *key);

/* Any lease of that id, a revoked one too; NULL if there is none. */
pkc_lease *pkc_leases_find(const pkc_leases *leases, int64_t id);
/* A lease that writes can use; NULL if there is none. */
pkc_lease *pkc_leases_alive(const pkc_leases *leases, int64_t id);
int pkc_leases_add(pkc_leases *leases, int64_t id, int64_t ttl, int64_t deadline_ns,
                   pkc_lease **lease_out);
void pkc_leases_set_deadline(pkc_leases *leases, pkc_lease *lease, int64_t deadline_ns);
/* Memory for one more change. */
int pkc_leases_reserve_change(pkc_leases *leases);
void pkc_leases_note(pkc_leases *leases, pkc_lease *lease, int64_t sequence, bool revoke);
/* Changes up to `sequence` are durable: revoked leases go. */
void pkc_leases_settle(pkc_leases *leases, int64_t sequence);
/* Undo, newest first, every change after `sequence`. The log was undone before. */
void pkc_leases_undo(pkc_leases *leases, int64_t sequence);
void pkc_leases_destroy(pkc_leases *leases);

#endif
