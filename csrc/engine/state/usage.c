/* Images by name and claims by token, counted. */
#include "engine/state/usage.h"

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

int pkc_claims_reserve(pkc_engine *e, const pod_class *c) {
    for (int64_t i = 0; i < c->claims.count; i++) {
        while (e->claim_uses.count <= c->claims.data[i].token) {
            if (vec_push(&e->claim_uses, 0) < 0) {
                return PKC_ERR_NO_MEMORY;
            }
        }
    }
    return PKC_OK;
}

void pkc_claims_count(pkc_engine *e, const pod_class *c, int32_t sign) {
    for (int64_t i = 0; i < c->claims.count; i++) {
        e->claim_uses.data[c->claims.data[i].token] += sign;
    }
}
