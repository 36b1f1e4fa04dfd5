/* Pod classes: programs decoded once, every word checked. One reader a section. */
#include "engine/decode/pod_class.h"

#include "engine/decode/terms.h"

static int memory(int pushed) {
    return pushed < 0 ? PKC_ERR_NO_MEMORY : PKC_OK;
}

static int read_profile(const pkc_engine *e, words payload, pod_class *c) {
    if (payload.count != 1 || !pkc_in_range(payload.data[0], 0, e->profiles.count - 1)) {
        return PKC_ERR_INVALID;
    }
    c->profile_index = (int32_t)payload.data[0];
    return PKC_OK;
}

static int read_amounts(words payload, request_vec *out) {
    if (payload.count % PKC_AMOUNT_WORDS != 0) {
        return PKC_ERR_INVALID;
    }
    while (payload.count > 0) {
        const int64_t *w = pkc_words_take(&payload, PKC_AMOUNT_WORDS).data;
        int64_t resource = w[PKC_AMOUNT_RESOURCE];
        int64_t above = out->count == 0 ? 0 : out->data[out->count - 1].resource + 1;
        if (!pkc_in_range(resource, above, PKC_RESOURCE_COUNT_MAX - 1) ||
            w[PKC_AMOUNT_AMOUNT] < 0) {
            return PKC_ERR_INVALID;
        }
        request r = {(int32_t)resource, w[PKC_AMOUNT_AMOUNT]};
        PKC_TRY(memory(vec_push(out, r)));
    }
    return PKC_OK;
}

static int read_request(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    return read_amounts(payload, &c->request);
}

static int read_filter_request(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    return read_amounts(payload, &c->filter_request);
}

static int read_score_request(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    if (payload.count % PKC_AMOUNT_WORDS != 0) {
        return PKC_ERR_INVALID;
    }
    while (payload.count > 0) {
        const int64_t *w = pkc_words_take(&payload, PKC_AMOUNT_WORDS).data;
        if (!pkc_in_range(w[PKC_AMOUNT_RESOURCE], 0, PKC_RESOURCE_COUNT_MAX - 1) ||
            w[PKC_AMOUNT_AMOUNT] < 0) {
            return PKC_ERR_INVALID;
        }
        c->score_request[w[PKC_AMOUNT_RESOURCE]] = w[PKC_AMOUNT_AMOUNT];
    }
    return PKC_OK;
}

static int read_nonzero(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    if (payload.count != 2 || payload.data[0] < 0 || payload.data[1] < 0) {
        return PKC_ERR_INVALID;
    }
    c->nonzero_cpu = payload.data[PKC_RESOURCE_CPU];
    c->nonzero_memory = payload.data[PKC_RESOURCE_MEMORY];
    return PKC_OK;
}

static int read_tolerations(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    if (payload.count % PKC_TOLERATION_WORDS != 0) {
        return PKC_ERR_INVALID;
    }
    while (payload.count > 0) {
        const int64_t *w = pkc_words_take(&payload, PKC_TOLERATION_WORDS).data;
        if (!pkc_in_range(w[PKC_TOLERATION_KEY], -1, INT32_MAX) ||
            !pkc_in_range(w[PKC_TOLERATION_EXISTS], 0, 1) ||
            !pkc_in_range(w[PKC_TOLERATION_VALUE], 0, INT32_MAX) ||
            !pkc_in_range(w[PKC_TOLERATION_EFFECT], -1, PKC_EFFECT_NO_EXECUTE)) {
            return PKC_ERR_INVALID;
        }
        toleration t = {.key = (int32_t)w[PKC_TOLERATION_KEY],
                        .exists = (int32_t)w[PKC_TOLERATION_EXISTS],
                        .value = (int32_t)w[PKC_TOLERATION_VALUE],
                        .effect = (int32_t)w[PKC_TOLERATION_EFFECT]};
        PKC_TRY(memory(vec_push(&c->tolerations, t)));
    }
    return PKC_OK;
}

static int read_node_name(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    if (payload.count != 1 || !pkc_in_range(payload.data[0], 0, INT32_MAX)) {
        return PKC_ERR_INVALID;
    }
    c->node_name = (int32_t)payload.data[0];
    return PKC_OK;
}

static int read_node_set(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    c->has_node_set = 1;
    for (int64_t i = 0; i < payload.count; i++) {
        PKC_TRY(memory(vec_push(&c->node_set, payload.data[i])));
    }
    return PKC_OK;
}

static int read_selector(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    if (payload.count < 2 || !pkc_in_range(payload.data[0], 0, INT32_MAX)) {
        return PKC_ERR_INVALID;
    }
    selector s = {.reason = (int32_t)pkc_words_take(&payload, 1).data[0],
                  .term_first = (int32_t)c->required_terms.terms.count};
    PKC_TRY(pkc_decode_selector(payload, &c->required_terms));
    s.term_count = (int32_t)c->required_terms.terms.count - s.term_first;
    return memory(vec_push(&c->selectors, s));
}

static int read_preferred(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    while (payload.count > 0) {
        int64_t weight = pkc_words_take(&payload, 1).data[0];
        if (!pkc_in_range(weight, 1, INT16_MAX)) {
            return PKC_ERR_INVALID;
        }
        PKC_TRY(pkc_decode_term(&payload, &c->preferred_terms));
        PKC_TRY(memory(vec_push(&c->preferred_weights, (int32_t)weight)));
    }
    return PKC_OK;
}

static int read_devices(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    if (payload.count != 2 || !pkc_in_range(payload.data[0], 0, PKC_DEVICE_COUNT_MAX) ||
        !pkc_in_range(payload.data[1], 1, PKC_DEVICE_MILLI)) {
        return PKC_ERR_INVALID;
    }
    c->device_count = (int32_t)payload.data[0];
    c->device_milli = (int32_t)payload.data[1];
    return PKC_OK;
}

static int read_pod(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    const int64_t *w = payload.data;
    if (payload.count != PKC_POD_WORDS || !pkc_in_range(w[PKC_POD_NAMESPACE], 0, INT32_MAX) ||
        !pkc_in_range(w[PKC_POD_PRIORITY], INT32_MIN, INT32_MAX) ||
        !pkc_in_range(w[PKC_POD_TERMINATING], 0, 1) || !pkc_in_range(w[PKC_POD_EXTERNAL], 0, 1)) {
        return PKC_ERR_INVALID;
    }
    c->namespace_id = (int32_t)w[PKC_POD_NAMESPACE];
    c->priority = (int32_t)w[PKC_POD_PRIORITY];
    c->terminating = (uint8_t)w[PKC_POD_TERMINATING];
    c->has_external = (uint8_t)w[PKC_POD_EXTERNAL];
    return PKC_OK;
}

static int read_labels(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    if (!pkc_rows_valid(payload, PKC_LABEL_WORDS)) {
        return PKC_ERR_INVALID;
    }
    while (payload.count > 0) {
        const int64_t *w = pkc_words_take(&payload, PKC_LABEL_WORDS).data;
        pod_label l = {(int32_t)w[PKC_LABEL_KEY], (int32_t)w[PKC_LABEL_VALUE]};
        if (c->labels.count > 0 && c->labels.data[c->labels.count - 1].key >= l.key) {
            return PKC_ERR_INVALID;
        }
        PKC_TRY(memory(vec_push(&c->labels, l)));
    }
    return PKC_OK;
}

static int read_ports(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    if (!pkc_rows_valid(payload, PKC_PORT_WORDS)) {
        return PKC_ERR_INVALID;
    }
    while (payload.count > 0) {
        const int64_t *w = pkc_words_take(&payload, PKC_PORT_WORDS).data;
        host_port p = {(int32_t)w[PKC_PORT_IP], (int32_t)w[PKC_PORT_PROTOCOL],
                       (int32_t)w[PKC_PORT_PORT]};
        PKC_TRY(memory(vec_push(&c->ports, p)));
    }
    return PKC_OK;
}

static int read_images(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    if (payload.count < 1 || !pkc_rows_valid(payload, 1)) {
        return PKC_ERR_INVALID;
    }
    c->container_count = (int32_t)pkc_words_take(&payload, 1).data[0];
    while (payload.count > 0) {
        int32_t image_name = (int32_t)pkc_words_take(&payload, 1).data[0];
        PKC_TRY(memory(vec_push(&c->images, image_name)));
    }
    return PKC_OK;
}

static int read_flags(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    const int64_t *w = payload.data;
    if (payload.count != PKC_FLAGS_WORDS ||
        !pkc_in_range(w[PKC_FLAGS_SPREAD_NEEDS_ALL_KEYS], 0, 1) ||
        !pkc_in_range(w[PKC_FLAGS_AFFINITY_MATCHES_ITSELF], 0, 1)) {
        return PKC_ERR_INVALID;
    }
    c->spread_needs_all_keys = (uint8_t)w[PKC_FLAGS_SPREAD_NEEDS_ALL_KEYS];
    c->affinity_matches_itself = (uint8_t)w[PKC_FLAGS_AFFINITY_MATCHES_ITSELF];
    return PKC_OK;
}

static int read_spread(const pkc_engine *e, words payload, pod_class *c) {
    if (!pkc_rows_valid(payload, PKC_SPREAD_WORDS)) {
        return PKC_ERR_INVALID;
    }
    while (payload.count > 0) {
        const int64_t *w = pkc_words_take(&payload, PKC_SPREAD_WORDS).data;
        spread_constraint s = {.hard = (int32_t)w[PKC_SPREAD_HARD],
                               .key = (int32_t)w[PKC_SPREAD_KEY],
                               .is_hostname = (int32_t)w[PKC_SPREAD_HOSTNAME],
                               .max_skew = (int32_t)w[PKC_SPREAD_MAX_SKEW],
                               .min_domains = (int32_t)w[PKC_SPREAD_MIN_DOMAINS],
                               .matcher = (int32_t)w[PKC_SPREAD_MATCHER],
                               .self_match = (int32_t)w[PKC_SPREAD_SELF_MATCH],
                               .honors_affinity = (int32_t)w[PKC_SPREAD_HONOR_AFFINITY],
                               .honors_taints = (int32_t)w[PKC_SPREAD_HONOR_TAINTS]};
        if (s.hard > 1 || s.is_hostname > 1 || s.max_skew < 1 || s.min_domains < 1 ||
            s.matcher >= e->matchers.count || s.self_match > 1 || s.honors_affinity > 1 ||
            s.honors_taints > 1) {
            return PKC_ERR_INVALID;
        }
        c->has_hard_spread |= s.hard == 1;
        c->has_soft_spread |= s.hard == 0;
        PKC_TRY(memory(vec_push(&c->spread, s)));
    }
    return PKC_OK;
}

static int read_pod_terms(const pkc_engine *e, words payload, int64_t weight_max,
                          pod_term_vec *out) {
    if (payload.count % PKC_POD_TERM_WORDS != 0) {
        return PKC_ERR_INVALID;
    }
    int64_t matcher_max = e->matchers.count - 1;
    while (payload.count > 0) {
        const int64_t *w = pkc_words_take(&payload, PKC_POD_TERM_WORDS).data;
        if (!pkc_in_range(w[PKC_POD_TERM_MATCHER], 0, matcher_max) ||
            !pkc_in_range(w[PKC_POD_TERM_HELD_MATCHER], 0, matcher_max) ||
            !pkc_in_range(w[PKC_POD_TERM_KEY], 0, INT32_MAX) ||
            !pkc_in_range(w[PKC_POD_TERM_WEIGHT], -weight_max, weight_max) ||
            w[PKC_POD_TERM_WEIGHT] == 0) {
            return PKC_ERR_INVALID;
        }
        pod_term t = {.matcher = (int32_t)w[PKC_POD_TERM_MATCHER],
                      .held_matcher = (int32_t)w[PKC_POD_TERM_HELD_MATCHER],
                      .key = (int32_t)w[PKC_POD_TERM_KEY],
                      .weight = (int32_t)w[PKC_POD_TERM_WEIGHT]};
        PKC_TRY(memory(vec_push(out, t)));
    }
    return PKC_OK;
}

static int read_affinity(const pkc_engine *e, words payload, pod_class *c) {
    return read_pod_terms(e, payload, 1, &c->affinity);
}

static int read_anti_affinity(const pkc_engine *e, words payload, pod_class *c) {
    return read_pod_terms(e, payload, 1, &c->anti_affinity);
}

static int read_preferred_pods(const pkc_engine *e, words payload, pod_class *c) {
    return read_pod_terms(e, payload, INT16_MAX, &c->preferred_pods);
}

static int read_disks(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    if (!pkc_rows_valid(payload, PKC_DISK_WORDS)) {
        return PKC_ERR_INVALID;
    }
    while (payload.count > 0) {
        const int64_t *w = pkc_words_take(&payload, PKC_DISK_WORDS).data;
        disk d = {(int32_t)w[PKC_DISK_TOKEN], (int32_t)w[PKC_DISK_READ_ONLY],
                  (int32_t)w[PKC_DISK_EXCLUSIVE]};
        PKC_TRY(memory(vec_push(&c->disks, d)));
    }
    return PKC_OK;
}

static int read_claim_rows(words payload, claim_vec *out) {
    if (!pkc_rows_valid(payload, PKC_CLAIM_WORDS)) {
        return PKC_ERR_INVALID;
    }
    while (payload.count > 0) {
        const int64_t *w = pkc_words_take(&payload, PKC_CLAIM_WORDS).data;
        claim used = {(int32_t)w[PKC_CLAIM_TOKEN], (int32_t)w[PKC_CLAIM_NAME]};
        PKC_TRY(memory(vec_push(out, used)));
    }
    return PKC_OK;
}

static int read_claims(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    return read_claim_rows(payload, &c->claims);
}

static int read_once_claims(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    return read_claim_rows(payload, &c->once_claims);
}

static int read_csi_volumes(const pkc_engine *e, words payload, pod_class *c) {
    (void)e;
    if (!pkc_rows_valid(payload, PKC_VOLUME_WORDS)) {
        return PKC_ERR_INVALID;
    }
    while (payload.count > 0) {
        const int64_t *w = pkc_words_take(&payload, PKC_VOLUME_WORDS).data;
        csi_volume v = {(int32_t)w[PKC_VOLUME_DRIVER], (int32_t)w[PKC_VOLUME_VOLUME]};
        PKC_TRY(memory(vec_push(&c->csi_volumes, v)));
    }
    return PKC_OK;
}

static int (*const READERS[PKC_CLASS_TAG_MAX + 1])(const pkc_engine *, words, pod_class *) = {
    [PKC_CLASS_PROFILE] = read_profile,
    [PKC_CLASS_REQUEST] = read_request,
    [PKC_CLASS_FILTER_REQUEST] = read_filter_request,
    [PKC_CLASS_SCORE_REQUEST] = read_score_request,
    [PKC_CLASS_NONZERO] = read_nonzero,
    [PKC_CLASS_TOLERATIONS] = read_tolerations,
    [PKC_CLASS_NODE_NAME] = read_node_name,
    [PKC_CLASS_NODE_SET] = read_node_set,
    [PKC_CLASS_SELECTOR] = read_selector,
    [PKC_CLASS_PREFERRED] = read_preferred,
    [PKC_CLASS_DEVICES] = read_devices,
    [PKC_CLASS_POD] = read_pod,
    [PKC_CLASS_LABELS] = read_labels,
    [PKC_CLASS_PORTS] = read_ports,
    [PKC_CLASS_IMAGES] = read_images,
    [PKC_CLASS_FLAGS] = read_flags,
    [PKC_CLASS_SPREAD] = read_spread,
    [PKC_CLASS_AFFINITY] = read_affinity,
    [PKC_CLASS_ANTI_AFFINITY] = read_anti_affinity,
    [PKC_CLASS_PREFERRED_PODS] = read_preferred_pods,
    [PKC_CLASS_DISKS] = read_disks,
    [PKC_CLASS_CLAIMS] = read_claims,
    [PKC_CLASS_ONCE_CLAIMS] = read_once_claims,
    [PKC_CLASS_CSI_VOLUMES] = read_csi_volumes,
};

int pkc_decode_class(const pkc_engine *e, words program, pod_class *c) {
    *c = (pod_class){.node_name = -1,
                     .device_milli = PKC_DEVICE_MILLI,
                     .first_pod = -1,
                     .spread_needs_all_keys = 1};
    uint64_t seen = 0;
    while (program.count > 0) {
        int64_t tag;
        words payload;
        if (!pkc_section_next(&program, &tag, &payload) ||
            !pkc_in_range(tag, 0, PKC_CLASS_TAG_MAX) || READERS[tag] == NULL ||
            (tag != PKC_CLASS_SELECTOR && (seen >> tag & 1))) {
            return PKC_ERR_INVALID;
        }
        seen |= UINT64_C(1) << tag;
        PKC_TRY(READERS[tag](e, payload, c));
    }
    if (!(seen >> PKC_CLASS_PROFILE & 1)) {
        return PKC_ERR_INVALID;
    }
    for (int64_t i = 0; !(seen >> PKC_CLASS_FILTER_REQUEST & 1) && i < c->request.count; i++) {
        PKC_TRY(memory(vec_push(&c->filter_request, c->request.data[i])));
    }
    return PKC_OK;
}
