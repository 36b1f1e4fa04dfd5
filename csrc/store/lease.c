/* Leases: their holders, their ends, and the keys attached to them. */
#include "store/lease.h"

#include <stdlib.h>

#include "common/check.h"

enum { CAPACITY_MIN = 16 };

static void set_place(pkc_key_set *set, pkc_key *key) {
    int64_t i = (int64_t)key->hash & (set->capacity - 1);
    while (set->slots[i] != NULL) {
        i = (i + 1) & (set->capacity - 1);
    }
    set->slots[i] = key;
}

int pkc_key_set_add(pkc_key_set *set, pkc_key *key) {
    if (2 * (set->count + 1) > set->capacity) {
        int64_t capacity = set->capacity == 0 ? CAPACITY_MIN : 2 * set->capacity;
        pkc_key_set bigger = {calloc((size_t)capacity, sizeof(pkc_key *)), capacity, set->count};
        if (bigger.slots == NULL) {
            return PKC_ERR_NO_MEMORY;
        }
        for (int64_t i = 0; i < set->capacity; i++) {
            if (set->slots[i] != NULL) {
                set_place(&bigger, set->slots[i]);
            }
        }
        free(set->slots);
        *set = bigger;
    }
    set_place(set, key);
    set->count++;
    return PKC_OK;
}

void pkc_key_set_remove(pkc_key_set *set, const pkc_key *key) {
    int64_t mask = set->capacity - 1;
    int64_t hole = (int64_t)key->hash & mask;
    while (set->slots[hole] != key) {
        PKC_CHECK(set->slots[hole] != NULL);
        hole = (hole + 1) & mask;
    }
    for (int64_t i = (hole + 1) & mask; set->slots[i] != NULL; i = (i + 1) & mask) {
        int64_t home = (int64_t)set->slots[i]->hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            set->slots[hole] = set->slots[i];
            hole = i;
        }
    }
    set->slots[hole] = NULL;
    set->count--;
}

static int64_t table_home(int64_t id, int64_t capacity) {
    uint64_t mixed = (uint64_t)id * 0x9e3779b97f4a7c15u;
    return (int64_t)((mixed >> 32) & (uint64_t)(capacity - 1));
}

pkc_lease *pkc_leases_find(const pkc_leases *leases, int64_t id) {
    if (leases->count == 0) {
        return NULL;
    }
    int64_t i = table_home(id, leases->capacity);
    while (leases->table[i] != NULL && leases->table[i]->id != id) {
        i = (i + 1) & (leases->capacity - 1);
    }
    return leases->table[i];
}

pkc_lease *pkc_leases_alive(const pkc_leases *leases, int64_t id) {
    pkc_lease *lease = pkc_leases_find(leases, id);
    return lease == NULL || lease->revoked ? NULL : lease;
}

static void heap_set(pkc_leases *leases, int64_t i, pkc_lease *lease) {
    leases->heap[i] = lease;
    lease->heap_index = i;
}

static void heap_settle(pkc_leases *leases, int64_t i) {
    pkc_lease *lease = leases->heap[i];
    for (; i > 0 && lease->deadline_ns < leases->heap[(i - 1) / 2]->deadline_ns;
         i = (i - 1) / 2) {
        heap_set(leases, i, leases->heap[(i - 1) / 2]);
    }
    while (2 * i + 1 < leases->count) {
        int64_t child = 2 * i + 1;
        if (child + 1 < leases->count &&
            leases->heap[child + 1]->deadline_ns < leases->heap[child]->deadline_ns) {
            child++;
        }
        if (lease->deadline_ns <= leases->heap[child]->deadline_ns) {
            break;
        }
        heap_set(leases, i, leases->heap[child]);
        i = child;
    }
    heap_set(leases, i, lease);
}

static void table_place(pkc_lease **table, int64_t capacity, pkc_lease *lease) {
    int64_t i = table_home(lease->id, capacity);
    while (table[i] != NULL) {
        i = (i + 1) & (capacity - 1);
    }
    table[i] = lease;
}

static int table_grow(pkc_leases *leases) {
    int64_t capacity = leases->capacity == 0 ? CAPACITY_MIN : 2 * leases->capacity;
    pkc_lease **table = calloc((size_t)capacity, sizeof(pkc_lease *));
    pkc_lease **heap = realloc(leases->heap, (size_t)capacity * sizeof(pkc_lease *));
    if (heap != NULL) {
        leases->heap = heap;
    }
    if (table == NULL || heap == NULL) {
        free(table);
        return PKC_ERR_NO_MEMORY;
    }
    for (int64_t i = 0; i < leases->count; i++) {
        table_place(table, capacity, heap[i]);
    }
    free(leases->table);
    leases->table = table;
    leases->capacity = capacity;
    return PKC_OK;
}

int pkc_leases_add(pkc_leases *leases, int64_t id, int64_t ttl, int64_t deadline_ns,
                   pkc_lease **lease_out) {
    if (2 * (leases->count + 1) > leases->capacity) {
        int status = table_grow(leases);
        if (status < 0) {
            return status;
        }
    }
    pkc_lease *lease = calloc(1, sizeof(*lease));
    if (lease == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    lease->id = id;
    lease->ttl = ttl;
    lease->deadline_ns = deadline_ns;
    table_place(leases->table, leases->capacity, lease);
    leases->heap[leases->count] = lease;
    leases->count++;
    heap_settle(leases, leases->count - 1);
    *lease_out = lease;
    return PKC_OK;
}

static void lease_remove(pkc_leases *leases, pkc_lease *lease) {
    int64_t mask = leases->capacity - 1;
    int64_t hole = table_home(lease->id, leases->capacity);
    while (leases->table[hole] != lease) {
        PKC_CHECK(leases->table[hole] != NULL);
        hole = (hole + 1) & mask;
    }
    for (int64_t i = (hole + 1) & mask; leases->table[i] != NULL; i = (i + 1) & mask) {
        int64_t home = table_home(leases->table[i]->id, leases->capacity);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            leases->table[hole] = leases->table[i];
            hole = i;
        }
    }
    leases->table[hole] = NULL;
    leases->count--;
    pkc_lease *last = leases->heap[leases->count];
    if (last != lease) {
        heap_set(leases, lease->heap_index, last);
        heap_settle(leases, last->heap_index);
    }
    free(lease->keys.slots);
    free(lease);
}

void pkc_leases_set_deadline(pkc_leases *leases, pkc_lease *lease, int64_t deadline_ns) {
    lease->deadline_ns = deadline_ns;
    heap_settle(leases, lease->heap_index);
}

int pkc_leases_reserve_change(pkc_leases *leases) {
    if (leases->change_count < leases->change_capacity) {
        return PKC_OK;
    }
    int64_t capacity = leases->change_capacity == 0 ? CAPACITY_MIN : 2 * leases->change_capacity;
    pkc_lease_change *changes =
        realloc(leases->changes, (size_t)capacity * sizeof(pkc_lease_change));
    if (changes == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    leases->changes = changes;
    leases->change_capacity = capacity;
    return PKC_OK;
}

void pkc_leases_note(pkc_leases *leases, pkc_lease *lease, int64_t sequence, bool revoke) {
    leases->changes[leases->change_count++] =
        (pkc_lease_change){lease, sequence, lease->deadline_ns, revoke};
    if (revoke) {
        lease->revoked = true;
        pkc_leases_set_deadline(leases, lease, INT64_MAX);
    }
}

void pkc_leases_settle(pkc_leases *leases, int64_t sequence) {
    int64_t done = 0;
    for (; done < leases->change_count && leases->changes[done].sequence <= sequence; done++) {
        if (leases->changes[done].revoke) {
            lease_remove(leases, leases->changes[done].lease);
        }
    }
    leases->change_count -= done;
    if (done > 0 && leases->change_count > 0) {
        memmove(leases->changes, leases->changes + done,
                (size_t)leases->change_count * sizeof(pkc_lease_change));
    }
}

void pkc_leases_undo(pkc_leases *leases, int64_t sequence) {
    while (leases->change_count > 0 &&
           leases->changes[leases->change_count - 1].sequence > sequence) {
        pkc_lease_change change = leases->changes[--leases->change_count];
        if (change.revoke) {
            change.lease->revoked = false;
            pkc_leases_set_deadline(leases, change.lease, change.deadline_ns);
        } else {
            lease_remove(leases, change.lease);
        }
    }
}

void pkc_leases_destroy(pkc_leases *leases) {
    for (int64_t i = 0; i < leases->count; i++) {
        free(leases->heap[i]->keys.slots);
        free(leases->heap[i]);
    }
    free(leases->table);
    free(leases->heap);
    free(leases->changes);
    *leases = (pkc_leases){0};
}
