/* Profiles, classes and matchers: programs in, indices out. */
#include <string.h>

#include "engine/decode/pod_class.h"
#include "engine/decode/profile.h"
#include "engine/decode/terms.h"
#include "engine/rules/derive.h"
#include "engine/rules/register.h"
#include "engine/state/columns.h"
#include "engine/state/usage.h"

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static int32_t resources_of(const request_vec *amounts, int32_t least) {
    int64_t needed = least;
    for (int64_t i = 0; i < amounts->count; i++) {
        needed = larger(needed, amounts->data[i].resource + 1);
    }
    return (int32_t)needed;
}

static int add_profile(pkc_engine *e, words program, pkc_policy_function policy, profile *p) {
    PKC_TRY(pkc_decode_profile(program, p));
    int32_t resources = resources_of(&p->fit_resources, 0);
    for (int64_t i = 0; i < p->balanced_resources.count; i++) {
        resources = (int32_t)larger(resources, p->balanced_resources.data[i] + 1);
    }
    if (pkc_has(p->scores_with, PKC_PLUGIN_POLICY) != (policy != NULL)) {
        return PKC_ERR_INVALID;
    }
    p->policy = policy;
    PKC_TRY(pkc_derive_profile(p));
    PKC_TRY(pkc_resources_reserve(e, resources));
    return vec_push(&e->profiles, *p) < 0 ? PKC_ERR_NO_MEMORY : PKC_OK;
}

int pkc_engine_profile_add(pkc_engine *e, const int64_t *program, int64_t word_count,
                           pkc_policy_function policy) {
    if (word_count < 0) {
        return PKC_ERR_INVALID;
    }
    profile p;
    int status = add_profile(e, (words){program, word_count}, policy, &p);
    if (status < 0) {
        pkc_profile_clear(&p);
        return status;
    }
    return (int)(e->profiles.count - 1);
}

static int add_class(pkc_engine *e, words program, pod_class *c) {
    PKC_TRY(pkc_decode_class(e, program, c));
    int32_t resources = resources_of(&c->filter_request, resources_of(&c->request, 0));
    PKC_TRY(pkc_resources_reserve(e, resources));
    PKC_TRY(pkc_claims_reserve(e, c));
    pkc_derive_class(e, c);
    return vec_push(&e->classes, *c) < 0 ? PKC_ERR_NO_MEMORY : PKC_OK;
}

int pkc_engine_class_add(pkc_engine *e, const int64_t *program, int64_t word_count) {
    if (word_count < 0 || word_count > INT32_MAX) {
        return PKC_ERR_INVALID;
    }
    pod_class c;
    int status = add_class(e, (words){program, word_count}, &c);
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

static int namespaces_copy(const int32_t *namespaces, int32_t count, int32_t **copy_out) {
    if (count < -1) {
        return PKC_ERR_INVALID;
    }
    size_t used = count > 0 ? (size_t)count : 0;
    for (size_t i = 1; i < used; i++) {
        if (namespaces[i - 1] >= namespaces[i]) {
            return PKC_ERR_INVALID;
        }
    }
    int32_t *copy = malloc((used + 1) * sizeof *copy);
    if (copy == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    if (used > 0) {
        memcpy(copy, namespaces, used * sizeof *copy);
    }
    *copy_out = copy;
    return PKC_OK;
}

int pkc_engine_matcher_add(pkc_engine *e, const int64_t *program, int64_t word_count,
                           const int32_t *namespaces, int32_t namespace_count,
                           int skip_terminating) {
    words left = {program, word_count};
    matcher m = {.namespace_count = namespace_count, .skip_terminating = skip_terminating != 0};
    int status = pkc_decode_term(&left, &m.terms);
    if (status == PKC_OK && left.count != 0) {
        status = PKC_ERR_INVALID;
    }
    if (status == PKC_OK) {
        status = namespaces_copy(namespaces, namespace_count, &m.namespaces);
    }
    if (status == PKC_OK && vec_push(&e->matchers, m) < 0) {
        status = PKC_ERR_NO_MEMORY;
    }
    if (status < 0) {
        pkc_matcher_clear(&m);
        return status;
    }
    return (int)(e->matchers.count - 1);
}

int pkc_engine_matcher_namespaces(pkc_engine *e, int32_t index, const int32_t *namespaces,
                                  int32_t namespace_count) {
    if (index < 0 || index >= e->matchers.count) {
        return PKC_ERR_NOT_FOUND;
    }
    int32_t *copy;
    int status = namespaces_copy(namespaces, namespace_count, &copy);
    if (status < 0) {
        return status;
    }
    matcher *m = &e->matchers.data[index];
    free(m->namespaces);
    m->namespaces = copy;
    m->namespace_count = namespace_count;
    e->matcher_epoch++;
    return PKC_OK;
}

static int matches_any(const term_set *terms, const node *n) {
    for (int64_t i = 0; i < terms->terms.count; i++) {
        if (pkc_term_matches_node(terms, i, n)) {
            return 1;
        }
    }
    return 0;
}

int pkc_engine_match(const pkc_engine *e, const int64_t *program, int64_t word_count,
                     uint8_t *match_out) {
    term_set terms = {0};
    int status = pkc_decode_selector((words){program, word_count}, &terms);
    for (int32_t row = 0; status == PKC_OK && row < e->row_count; row++) {
        match_out[row] = e->nodes[row].alive && matches_any(&terms, &e->nodes[row]);
    }
    pkc_terms_clear(&terms);
    return status;
}

int pkc_engine_external_set(pkc_engine *e, int32_t class_index, const uint8_t *binding,
                            const uint8_t *zone) {
    if (class_index < 0 || class_index >= e->classes.count) {
        return PKC_ERR_NOT_FOUND;
    }
    pod_class *c = &e->classes.data[class_index];
    if (!c->has_external) {
        return PKC_ERR_INVALID;
    }
    size_t rows = (size_t)e->row_count;
    uint8_t *external = malloc(2 * rows + 1);
    if (external == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    if (rows > 0) {
        memcpy(external, binding, rows);
        memcpy(external + rows, zone, rows);
    }
    free(c->external);
    c->external = external;
    c->external_rows = e->row_count;
    return PKC_OK;
}
