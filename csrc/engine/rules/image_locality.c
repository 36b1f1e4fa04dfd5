/* ImageLocality (kubernetes v1.34.1, plugins/imagelocality/image_locality.go). Every node counts
 * in the score of every image. */
#include "engine/rules/table.h"

static int differs(const pkc_engine *e, const pod_class *c) {
    (void)e;
    return c->images.count > 0;
}

static int node_has_image(const node *n, int32_t name) {
    for (int32_t i = 0; i < n->image_count; i++) {
        if (n->images[i].name == name) {
            return 1;
        }
    }
    return 0;
}

static int64_t score_row(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row) {
    (void)p;
    const node *n = &e->nodes[row];
    const int64_t megabyte = 1024 * 1024;
    const int64_t minimum = 23 * megabyte;
    int64_t maximum = 1000 * megabyte * (c->container_count > 0 ? c->container_count : 1);
    int64_t sum = 0;
    for (int64_t i = 0; i < c->images.count; i++) {
        int32_t name = c->images.data[i];
        if (name < e->images.count && node_has_image(n, name)) {
            const image *found = &e->images.data[name];
            double spread = (double)found->nodes / (double)e->alive_count;
            sum += (int64_t)((double)found->bytes * spread);
        }
    }
    sum = sum < minimum ? minimum : sum > maximum ? maximum : sum;
    return SCORE_MAX * (sum - minimum) / (maximum - minimum);
}

const rule pkc_rule_image_locality = {
    .score_reads = READS_NODE, .differs = differs, .score_row = score_row};
