/* Rules that look at one node's pods: host ports, disks, CSI limits; claims; images. */
#include <stdlib.h>
#include <string.h>

#include "engine/state/engine.h"

enum { PORT_WORDS = 3, DISK_WORDS = 3, PAIR_WORDS = 2 };

/* Calls a comparison of the class's words with those of every pod of the row. */
static int any_pod(const pkc_engine *e, int32_t row, words mine,
                   words (*theirs)(const pod_class *), int (*conflict)(words, words)) {
    for (int32_t p = e->nodes[row].first_pod; p >= 0; p = e->pods.data[p].next) {
        words other = theirs(&e->classes.data[e->pods.data[p].class_index]);
        if (other.count > 0 && conflict(mine, other)) {
            return 1;
        }
    }
    return 0;
}

/* Same protocol and port, and the same address or either of them any (framework/types.go,
 * HostPortInfo.CheckConflict). */
static int ports_meet(words a, words b) {
    for (int64_t i = 0; i < a.count; i += PORT_WORDS) {
        const int64_t *p = a.data + i;
        for (int64_t j = 0; j < b.count; j += PORT_WORDS) {
            const int64_t *q = b.data + j;
            if (p[1] == q[1] && p[2] == q[2] &&
                (p[0] == q[0] || p[0] == PKC_VALUE_ANY_IP || q[0] == PKC_VALUE_ANY_IP)) {
                return 1;
            }
        }
    }
    return 0;
}

static words ports_of(const pod_class *c) {
    return c->ports;
}

int pkc_ports_conflict(const pkc_engine *e, const pod_class *c, int32_t row) {
    return c->ports.count > 0 && any_pod(e, row, c->ports, ports_of, ports_meet);
}

/* The same volume, unless both only read it and its kind lets them (volumerestrictions). */
static int disks_meet(words a, words b) {
    for (int64_t i = 0; i < a.count; i += DISK_WORDS) {
        const int64_t *d = a.data + i;
        for (int64_t j = 0; j < b.count; j += DISK_WORDS) {
            const int64_t *f = b.data + j;
            if (d[0] == f[0] && !(d[1] && f[1] && !d[2] && !f[2])) {
                return 1;
            }
        }
    }
    return 0;
}

static words disks_of(const pod_class *c) {
    return c->disks;
}

int pkc_disks_conflict(const pkc_engine *e, const pod_class *c, int32_t row) {
    return c->disks.count > 0 && any_pod(e, row, c->disks, disks_of, disks_meet);
}

static int by_number(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a;
    int32_t y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

void pkc_sort_numbers(int32_t *values, int64_t count) {
    if (count > 1) {
        qsort(values, (size_t)count, sizeof *values, by_number);
    }
}

static int64_t count_distinct(int32_t *values, int64_t count) {
    pkc_sort_numbers(values, count);
    int64_t distinct = 0;
    for (int64_t i = 0; i < count; i++) {
        distinct += i == 0 || values[i] != values[i - 1];
    }
    return distinct;
}

static int push_volumes(pkc_engine *e, words volumes, int64_t driver) {
    for (int64_t i = 0; i < volumes.count; i += PAIR_WORDS) {
        if (volumes.data[i] == driver &&
            vec_push(&e->scratch, (int32_t)volumes.data[i + 1]) < 0) {
            return -1;
        }
    }
    return 0;
}

/* The volumes of a driver of the row's pods, into scratch. */
static int collect_volumes(pkc_engine *e, int32_t row, int64_t driver) {
    e->scratch.count = 0;
    for (int32_t p = e->nodes[row].first_pod; p >= 0; p = e->pods.data[p].next) {
        words theirs = e->classes.data[e->pods.data[p].class_index].csi_volumes;
        if (push_volumes(e, theirs, driver) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Distinct volumes of a driver that the row has, and in *added_out how many the pod adds to those
 * of the row's pods; -1 when out of memory. A volume that is attached for no pod of the row and
 * asked for by this one counts in both, as upstream has it. */
static int64_t volumes_of_driver(pkc_engine *e, const pod_class *c, int32_t row, int64_t driver,
                                 int64_t *added_out) {
    const node *n = &e->nodes[row];
    if (collect_volumes(e, row, driver) < 0) {
        return -1;
    }
    int64_t before = count_distinct(e->scratch.data, e->scratch.count);
    if (push_volumes(e, c->csi_volumes, driver) < 0) {
        return -1;
    }
    *added_out = count_distinct(e->scratch.data, e->scratch.count) - before;
    if (collect_volumes(e, row, driver) < 0) {
        return -1;
    }
    for (int32_t i = 0; i < n->csi_attached_count; i++) {
        if (n->csi_attached[i].name == driver &&
            vec_push(&e->scratch, (int32_t)n->csi_attached[i].amount) < 0) {
            return -1;
        }
    }
    return count_distinct(e->scratch.data, e->scratch.count);
}

/* 1 if the pod would bring a driver's volumes over the row's limit (nodevolumelimits/csi.go). A
 * lack of memory counts as full. */
int pkc_csi_over_limit(pkc_engine *e, const pod_class *c, int32_t row) {
    const node *n = &e->nodes[row];
    for (int32_t i = 0; c->csi_volumes.count > 0 && i < n->csi_limit_count; i++) {
        int64_t added = 1;
        int64_t volumes = volumes_of_driver(e, c, row, n->csi_limits[i].name, &added);
        if (volumes < 0 || (added > 0 && volumes + added > n->csi_limits[i].amount)) {
            return 1;
        }
    }
    return 0;
}

int pkc_claims_reserve(pkc_engine *e, const pod_class *c) {
    for (int64_t i = 0; i < c->claims.count; i += PAIR_WORDS) {
        while (e->claim_uses.count <= c->claims.data[i]) {
            if (vec_push(&e->claim_uses, 0) < 0) {
                return PKC_ERR_NO_MEMORY;
            }
        }
    }
    return PKC_OK;
}

void pkc_claims_count(pkc_engine *e, const pod_class *c, int32_t sign) {
    for (int64_t i = 0; i < c->claims.count; i += PAIR_WORDS) {
        e->claim_uses.data[c->claims.data[i]] += sign;
    }
}

/* How many of the pod's ReadWriteOncePod claims are in use, on whatever node. */
int64_t pkc_once_conflicts(const pkc_engine *e, const pod_class *c) {
    int64_t conflicts = 0;
    for (int64_t i = 0; i < c->once_claims.count; i += PAIR_WORDS) {
        int64_t claim = c->once_claims.data[i];
        conflicts += claim < e->claim_uses.count && e->claim_uses.data[claim] > 0;
    }
    return conflicts;
}

/* Claims of a pod whose name, in whatever namespace, is that of one of c's once-claims: so much
 * does upstream believe its removal to lift (volumerestrictions, conflictingPVCRefCountForPod). */
int64_t pkc_once_conflicts_of(const pod_class *c, const pod_class *other) {
    int64_t count = 0;
    for (int64_t i = 0; i < other->claims.count; i += PAIR_WORDS) {
        for (int64_t j = 0; j < c->once_claims.count; j += PAIR_WORDS) {
            if (c->once_claims.data[j + 1] == other->claims.data[i + 1]) {
                count++;
                break;
            }
        }
    }
    return count;
}

int pkc_images_reserve(pkc_engine *e, const node *n) {
    for (int32_t i = 0; i < n->image_count; i++) {
        while (e->images.count <= n->images[i].name) {
            image none = {0, 0};
            if (vec_push(&e->images, none) < 0) {
                return PKC_ERR_NO_MEMORY;
            }
        }
    }
    return PKC_OK;
}

void pkc_images_count(pkc_engine *e, const node *n, int32_t sign) {
    for (int32_t i = 0; i < n->image_count; i++) {
        image *found = &e->images.data[n->images[i].name];
        if (sign > 0 && found->nodes == 0) {
            found->bytes = n->images[i].amount;
        }
        found->nodes += sign;
    }
}

static int node_has_image(const node *n, int64_t name) {
    for (int32_t i = 0; i < n->image_count; i++) {
        if (n->images[i].name == name) {
            return 1;
        }
    }
    return 0;
}

/* imagelocality/image_locality.go */
int64_t pkc_score_images(const pkc_engine *e, const pod_class *c, const node *n) {
    const int64_t megabyte = 1024 * 1024;
    const int64_t minimum = 23 * megabyte;
    int64_t maximum = 1000 * megabyte * (c->container_count > 0 ? c->container_count : 1);
    int64_t sum = 0;
    for (int64_t i = 0; i < c->images.count; i++) {
        int64_t name = c->images.data[i];
        if (name < e->images.count && node_has_image(n, name)) {
            const image *found = &e->images.data[name];
            double spread = (double)found->nodes / (double)e->alive_count;
            sum += (int64_t)((double)found->bytes * spread);
        }
    }
    sum = sum < minimum ? minimum : sum > maximum ? maximum : sum;
    return SCORE_MAX * (sum - minimum) / (maximum - minimum);
}
