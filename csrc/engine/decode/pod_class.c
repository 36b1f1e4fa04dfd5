/* Pod classes: programs decoded once, every word checked. */
#include <math.h>
#include <string.h>

#include "engine/state/engine.h"

int pkc_sections_next(const int64_t **at, const int64_t *end, int64_t *tag_out, words *payload_out) {
    if (end - *at < 2 || (*at)[1] < 0 || (*at)[1] > end - *at - 2) {
        return 0;
    }
    *tag_out = (*at)[0];
    *payload_out = (words){*at + 2, (*at)[1]};
    *at += 2 + (*at)[1];
    return 1;
}

void pkc_class_clear(pod_class *c) {
    free(c->program);
    free(c->score_request);
    vec_free(&c->request);
    vec_free(&c->filter_request);
    vec_free(&c->selectors);
    vec_free(&c->hits);
    vec_free(&c->held_hits);
    vec_free(&c->own);
    free(c->external);
    free(c->lacks_key);
}

static int read_requests(words payload, request_vec *out) {
    if (payload.count % 2 != 0) {
        return PKC_ERR_INVALID;
    }
    for (int64_t i = 0; i < payload.count; i += 2) {
        int64_t resource = payload.data[i];
        if (resource < 0 || resource >= PKC_RESOURCE_COUNT_MAX || payload.data[i + 1] < 0 ||
            (i > 0 && payload.data[i - 2] >= resource)) {
            return PKC_ERR_INVALID;
        }
        request r = {(int32_t)resource, payload.data[i + 1]};
        if (vec_push(out, r) < 0) {
            return PKC_ERR_NO_MEMORY;
        }
    }
    return PKC_OK;
}

static int read_score_request(words payload, pod_class *c) {
    c->score_request = calloc(PKC_RESOURCE_COUNT_MAX, sizeof *c->score_request);
    if (c->score_request == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    c->score_request_count = PKC_RESOURCE_COUNT_MAX;
    for (int64_t i = 0; i + 1 < payload.count; i += 2) {
        int64_t resource = payload.data[i];
        if (resource < 0 || resource >= PKC_RESOURCE_COUNT_MAX || payload.data[i + 1] < 0) {
            return PKC_ERR_INVALID;
        }
        c->score_request[resource] = payload.data[i + 1];
    }
    return payload.count % 2 == 0 ? PKC_OK : PKC_ERR_INVALID;
}

static int read_tolerations(words payload, pod_class *c) {
    for (int64_t i = 0; i + 3 < payload.count; i += 4) {
        const int64_t *t = payload.data + i;
        if (!pkc_in_range(t[0], -1, INT32_MAX) || !pkc_in_range(t[1], 0, 1) ||
            !pkc_in_range(t[2], 0, INT32_MAX) || !pkc_in_range(t[3], -1, PKC_EFFECT_NO_EXECUTE)) {
            return PKC_ERR_INVALID;
        }
    }
    c->tolerations = payload;
    return payload.count % 4 == 0 ? PKC_OK : PKC_ERR_INVALID;
}

static int read_preferred(words payload, pod_class *c) {
    int64_t at = 0;
    while (at < payload.count) {
        if (!pkc_in_range(payload.data[at], 1, INT16_MAX)) {
            return PKC_ERR_INVALID;
        }
        int64_t used = pkc_requirements_valid(payload.data + at + 1, payload.count - at - 1);
        if (used < 0) {
            return PKC_ERR_INVALID;
        }
        at += 1 + used;
    }
    c->preferred = payload;
    return PKC_OK;
}

static int read_small(int64_t tag, words payload, pod_class *c, const pkc_engine *e) {
    const int64_t *data = payload.data;
    switch (tag) {
    case PKC_CLASS_PROFILE:
        if (payload.count != 1 || !pkc_in_range(data[0], 0, e->profiles.count - 1)) {
            return PKC_ERR_INVALID;
        }
        c->profile_index = (int32_t)data[0];
        return PKC_OK;
    case PKC_CLASS_NONZERO:
        if (payload.count != 2 || data[0] < 0 || data[1] < 0) {
            return PKC_ERR_INVALID;
        }
        c->nonzero_cpu = data[0];
        c->nonzero_memory = data[1];
        return PKC_OK;
    case PKC_CLASS_NODE_NAME:
        if (payload.count != 1 || !pkc_in_range(data[0], 0, INT32_MAX)) {
            return PKC_ERR_INVALID;
        }
        c->node_name = (int32_t)data[0];
        return PKC_OK;
    case PKC_CLASS_DEVICES:
        if (payload.count != 2 || !pkc_in_range(data[0], 0, PKC_DEVICE_COUNT_MAX) ||
            !pkc_in_range(data[1], 1, DEVICE_MILLI)) {
            return PKC_ERR_INVALID;
        }
        c->device_count = (int32_t)data[0];
        c->device_milli = (int32_t)data[1];
        return PKC_OK;
    default: return pkc_read_pod_section(tag, payload, c, e);
    }
}

static int read_section(int64_t tag, words payload, pod_class *c, const pkc_engine *e,
                        int *has_filter_out) {
    switch (tag) {
    case PKC_CLASS_REQUEST: return read_requests(payload, &c->request);
    case PKC_CLASS_FILTER_REQUEST:
        *has_filter_out = 1;
        return read_requests(payload, &c->filter_request);
    case PKC_CLASS_SCORE_REQUEST: return read_score_request(payload, c);
    case PKC_CLASS_TOLERATIONS: return read_tolerations(payload, c);
    case PKC_CLASS_PREFERRED: return read_preferred(payload, c);
    case PKC_CLASS_NODE_SET:
        c->node_set = payload;
        c->has_node_set = 1;
        return PKC_OK;
    case PKC_CLASS_SELECTOR:
        if (payload.count < 2 || !pkc_in_range(payload.data[0], 0, INT32_MAX) ||
            !pkc_selector_valid(payload.data + 1, payload.count - 1)) {
            return PKC_ERR_INVALID;
        }
        return vec_push(&c->selectors, payload) < 0 ? PKC_ERR_NO_MEMORY : PKC_OK;
    default: return read_small(tag, payload, c, e);
    }
}

static double filter_threshold(const pod_class *c, int32_t resource) {
    for (int64_t i = 0; i < c->filter_request.count; i++) {
        const request *r = &c->filter_request.data[i];
        if (r->resource == resource && r->amount > 0) {
            return (double)r->amount;
        }
    }
    return -INFINITY;
}

/* What the class takes of a resource of its node, 0 if nothing. */
int64_t pkc_class_request(const pod_class *c, int32_t resource) {
    for (int64_t i = 0; i < c->request.count; i++) {
        if (c->request.data[i].resource == resource) {
            return c->request.data[i].amount;
        }
    }
    return 0;
}

/* What the cycle derives from the sections. */
static void derive(pkc_engine *e, pod_class *c) {
    const profile *p = &e->profiles.data[c->profile_index];
    c->balanced_skips = 1;
    for (int64_t i = 0; i < p->balanced_resources.count; i++) {
        c->balanced_skips &= pkc_class_request(c, p->balanced_resources.data[i]) == 0;
    }
    c->has_extras = c->device_count > 0 || c->ports.count > 0 || c->disks.count > 0 ||
                    c->csi_volumes.count > 0;
    for (int64_t i = 0; i < c->filter_request.count; i++) {
        c->has_extras |= c->filter_request.data[i].resource > PKC_RESOURCE_MEMORY;
    }
    fused_constants *f = &c->fused;
    f->filter_cpu = filter_threshold(c, PKC_RESOURCE_CPU);
    f->filter_memory = filter_threshold(c, PKC_RESOURCE_MEMORY);
    f->request_cpu = (double)pkc_class_request(c, PKC_RESOURCE_CPU);
    f->request_memory = (double)pkc_class_request(c, PKC_RESOURCE_MEMORY);
    f->score_cpu = (double)c->score_request[PKC_RESOURCE_CPU];
    f->score_memory = (double)c->score_request[PKC_RESOURCE_MEMORY];
    f->fit_weight = (double)p->weight[PKC_PLUGIN_NODE_RESOURCES_FIT];
    f->balanced_weight =
        c->balanced_skips ? 0.0 : (double)p->weight[PKC_PLUGIN_BALANCED_ALLOCATION];
    f->fit_cpu_weight = 1.0;
    f->fit_memory_weight = 1.0;
    for (int64_t i = 0; i < p->fit_resources.count; i++) {
        double weight = (double)p->fit_resources.data[i].amount;
        if (p->fit_resources.data[i].resource == PKC_RESOURCE_CPU) {
            f->fit_cpu_weight = weight;
        } else if (p->fit_resources.data[i].resource == PKC_RESOURCE_MEMORY) {
            f->fit_memory_weight = weight;
        }
    }
    f->fit_weight_inverse = 1.0 / (f->fit_cpu_weight + f->fit_memory_weight);
    f->unit = f->fit_weight == 1.0 && f->balanced_weight == 1.0 && f->fit_cpu_weight == 1.0 &&
              f->fit_memory_weight == 1.0 && f->filter_cpu == f->request_cpu &&
              f->filter_memory == f->request_memory;
}

static int decode(pkc_engine *e, pod_class *c, int64_t word_count) {
    const int64_t *at = c->program;
    const int64_t *end = at + word_count;
    int has_filter = 0;
    uint64_t seen = 0;
    while (at < end) {
        int64_t tag;
        words payload;
        if (!pkc_sections_next(&at, end, &tag, &payload) || !pkc_in_range(tag, 0, 63) ||
            (tag != PKC_CLASS_SELECTOR && (seen & (UINT64_C(1) << tag)))) {
            return PKC_ERR_INVALID;
        }
        seen |= UINT64_C(1) << tag;
        int status = read_section(tag, payload, c, e, &has_filter);
        if (status < 0) {
            return status;
        }
    }
    if (!(seen & (UINT64_C(1) << PKC_CLASS_PROFILE))) {
        return PKC_ERR_INVALID;
    }
    if (c->score_request == NULL) {
        int status = read_score_request((words){NULL, 0}, c);
        if (status < 0) {
            return status;
        }
    }
    for (int64_t i = 0; !has_filter && i < c->request.count; i++) {
        if (vec_push(&c->filter_request, c->request.data[i]) < 0) {
            return PKC_ERR_NO_MEMORY;
        }
    }
    return PKC_OK;
}

int pkc_engine_class_add(pkc_engine *e, const int64_t *program, int64_t word_count) {
    if (word_count < 0 || word_count > INT32_MAX) {
        return PKC_ERR_INVALID;
    }
    pod_class c = {.node_name = -1,
                   .device_milli = DEVICE_MILLI,
                   .first_pod = -1,
                   .spread_needs_all_keys = 1};
    c.program = malloc(((size_t)word_count + 1) * sizeof *c.program);
    if (c.program == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    if (word_count > 0) {
        memcpy(c.program, program, (size_t)word_count * sizeof *c.program);
    }
    int status = decode(e, &c, word_count);
    int32_t resources = 0;
    for (int64_t i = 0; status >= 0 && i < c.request.count; i++) {
        resources = c.request.data[i].resource + 1;
    }
    for (int64_t i = 0; status >= 0 && i < c.filter_request.count; i++) {
        int32_t needed = c.filter_request.data[i].resource + 1;
        resources = needed > resources ? needed : resources;
    }
    if (status >= 0) {
        status = pkc_resources_reserve(e, resources);
    }
    if (status >= 0) {
        status = pkc_claims_reserve(e, &c);
    }
    if (status >= 0) {
        derive(e, &c);
        status = vec_push(&e->classes, c) < 0 ? PKC_ERR_NO_MEMORY : PKC_OK;
    }
    if (status < 0) {
        pkc_class_clear(&c);
        return status;
    }
    int32_t index = (int32_t)(e->classes.count - 1);
    status = pkc_counters_register(e, index);
    if (status < 0) {
        pkc_counters_forget(e, index);
        pkc_class_clear(&e->classes.data[index]);
        e->classes.count--;
        return status;
    }
    return index;
}

int pkc_engine_class_count(const pkc_engine *e) {
    return (int)e->classes.count;
}
