/* Matchers of pods. */
#include "engine/state/matcher.h"

static int in_namespaces(const matcher *m, int32_t namespace_id) {
    if (m->namespace_count < 0) {
        return 1;
    }
    for (int32_t i = 0; i < m->namespace_count; i++) {
        if (m->namespaces[i] == namespace_id) {
            return 1;
        }
    }
    return 0;
}

int pkc_matcher_matches(const matcher *m, const pod_class *c) {
    return in_namespaces(m, c->namespace_id) && !(m->skip_terminating && c->terminating) &&
           pkc_term_matches_pod(&m->terms, 0, c->labels.data, c->labels.count);
}

void pkc_matcher_clear(matcher *m) {
    pkc_terms_clear(&m->terms);
    free(m->namespaces);
}
