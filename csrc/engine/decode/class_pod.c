/* The sections of a class that other pods and volumes have to do with. */
#include "engine/state/engine.h"

enum { LABEL_WORDS = 2, PORT_WORDS = 3, DISK_WORDS = 3, PAIR_WORDS = 2 };

/* Rows of width words, each >= 0 and within int32. */
static int read_rows(words payload, int64_t width, words *rows_out) {
    for (int64_t i = 0; i < payload.count; i++) {
        if (!pkc_in_range(payload.data[i], 0, INT32_MAX)) {
            return PKC_ERR_INVALID;
        }
    }
    *rows_out = payload;
    return payload.count % width == 0 ? PKC_OK : PKC_ERR_INVALID;
}

static int read_labels(words payload, pod_class *c) {
    int status = read_rows(payload, LABEL_WORDS, &c->labels);
    for (int64_t i = LABEL_WORDS; status == PKC_OK && i < payload.count; i += LABEL_WORDS) {
        if (payload.data[i - LABEL_WORDS] >= payload.data[i]) {
            return PKC_ERR_INVALID;
        }
    }
    return status;
}

static int read_spread(words payload, pod_class *c, const pkc_engine *e) {
    int status = read_rows(payload, SPREAD_WORDS, &c->spread);
    for (int64_t i = 0; status == PKC_OK && i < payload.count; i += SPREAD_WORDS) {
        const int64_t *w = payload.data + i;
        if (w[0] > 1 || w[2] > 1 || w[3] < 1 || w[4] < 1 || w[5] >= e->matchers.count ||
            w[6] > 1 || w[7] > 1 || w[8] > 1) {
            return PKC_ERR_INVALID;
        }
        c->has_hard_spread |= w[0] == 1;
        c->has_soft_spread |= w[0] == 0;
    }
    return status;
}

static int read_terms(words payload, const pkc_engine *e, int64_t weight_max, words *terms_out) {
    for (int64_t i = 0; i + TERM_WORDS <= payload.count; i += TERM_WORDS) {
        const int64_t *w = payload.data + i;
        if (!pkc_in_range(w[0], 0, e->matchers.count - 1) ||
            !pkc_in_range(w[1], 0, e->matchers.count - 1) || !pkc_in_range(w[2], 0, INT32_MAX) ||
            !pkc_in_range(w[3], -weight_max, weight_max) || w[3] == 0) {
            return PKC_ERR_INVALID;
        }
    }
    *terms_out = payload;
    return payload.count % TERM_WORDS == 0 ? PKC_OK : PKC_ERR_INVALID;
}

static int read_images(words payload, pod_class *c) {
    words all;
    if (payload.count < 1 || read_rows(payload, 1, &all) < 0) {
        return PKC_ERR_INVALID;
    }
    c->container_count = (int32_t)payload.data[0];
    c->images = (words){payload.data + 1, payload.count - 1};
    return PKC_OK;
}

static int read_pod(words payload, pod_class *c) {
    const int64_t *data = payload.data;
    if (payload.count != 4 || !pkc_in_range(data[0], 0, INT32_MAX) ||
        !pkc_in_range(data[1], INT32_MIN, INT32_MAX) || !pkc_in_range(data[2], 0, 1) ||
        !pkc_in_range(data[3], 0, 1)) {
        return PKC_ERR_INVALID;
    }
    c->namespace_id = (int32_t)data[0];
    c->priority = data[1];
    c->terminating = (uint8_t)data[2];
    c->has_external = (uint8_t)data[3];
    return PKC_OK;
}

static int read_flags(words payload, pod_class *c) {
    if (payload.count != 2 || !pkc_in_range(payload.data[0], 0, 1) ||
        !pkc_in_range(payload.data[1], 0, 1)) {
        return PKC_ERR_INVALID;
    }
    c->spread_needs_all_keys = (uint8_t)payload.data[0];
    c->affinity_self_match = (uint8_t)payload.data[1];
    return PKC_OK;
}

int pkc_read_pod_section(int64_t tag, words payload, pod_class *c, const pkc_engine *e) {
    switch (tag) {
    case PKC_CLASS_POD: return read_pod(payload, c);
    case PKC_CLASS_LABELS: return read_labels(payload, c);
    case PKC_CLASS_PORTS: return read_rows(payload, PORT_WORDS, &c->ports);
    case PKC_CLASS_IMAGES: return read_images(payload, c);
    case PKC_CLASS_FLAGS: return read_flags(payload, c);
    case PKC_CLASS_SPREAD: return read_spread(payload, c, e);
    case PKC_CLASS_AFFINITY: return read_terms(payload, e, 1, &c->affinity);
    case PKC_CLASS_ANTI_AFFINITY: return read_terms(payload, e, 1, &c->anti_affinity);
    case PKC_CLASS_PREFERRED_PODS: return read_terms(payload, e, INT16_MAX, &c->preferred_pods);
    case PKC_CLASS_DISKS: return read_rows(payload, DISK_WORDS, &c->disks);
    case PKC_CLASS_CLAIMS: return read_rows(payload, PAIR_WORDS, &c->claims);
    case PKC_CLASS_ONCE_CLAIMS: return read_rows(payload, PAIR_WORDS, &c->once_claims);
    case PKC_CLASS_CSI_VOLUMES: return read_rows(payload, PAIR_WORDS, &c->csi_volumes);
    default: return PKC_ERR_INVALID;
    }
}
