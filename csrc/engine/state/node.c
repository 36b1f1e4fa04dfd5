/* Lists of a node: labels, taints, images, CSI limits and attached volumes. */
#include "engine/state/node.h"

#include <stdlib.h>

const label *pkc_node_label(const node *n, int64_t key) {
    int32_t low = 0;
    int32_t high = n->label_count;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (n->labels[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < n->label_count && n->labels[low].key == key ? &n->labels[low] : NULL;
}

int32_t pkc_node_name(const node *n) {
    return n->label_count > 0 && n->labels[0].key == PKC_KEY_NODE_NAME ? n->labels[0].value : -1;
}

void pkc_node_lists_free(node *n) {
    free(n->labels);
    free(n->taints);
    free(n->images);
    free(n->csi_limits);
    free(n->csi_attached);
    n->labels = NULL;
    n->taints = NULL;
    n->images = NULL;
    n->csi_limits = NULL;
    n->csi_attached = NULL;
    n->label_count = 0;
    n->taint_count = 0;
    n->image_count = 0;
    n->csi_limit_count = 0;
    n->csi_attached_count = 0;
}

static int offsets_valid(const int32_t *offset, int64_t i) {
    return offset[i] >= 0 && offset[i] <= offset[i + 1];
}

static int labels_valid(const pkc_nodes *in, int64_t i) {
    for (int64_t l = in->label_offset[i]; l < in->label_offset[i + 1]; l++) {
        if (in->label_key[l] < 0 || in->label_value[l] < 0 ||
            (l > in->label_offset[i] && in->label_key[l - 1] >= in->label_key[l])) {
            return 0;
        }
    }
    for (int64_t t = in->taint_offset[i]; t < in->taint_offset[i + 1]; t++) {
        if (in->taint_key[t] < 0 || in->taint_value[t] < 0 ||
            in->taint_effect[t] > PKC_EFFECT_NO_EXECUTE) {
            return 0;
        }
    }
    return 1;
}

int pkc_node_lists_valid(const pkc_nodes *in, int64_t i) {
    if (!offsets_valid(in->label_offset, i) || !offsets_valid(in->taint_offset, i) ||
        !offsets_valid(in->image_offset, i) || !offsets_valid(in->limit_offset, i) ||
        !offsets_valid(in->attached_offset, i) || !labels_valid(in, i)) {
        return 0;
    }
    for (int64_t m = in->image_offset[i]; m < in->image_offset[i + 1]; m++) {
        if (in->image_name[m] < 0 || in->image_bytes[m] < 0) {
            return 0;
        }
    }
    for (int64_t d = in->limit_offset[i]; d < in->limit_offset[i + 1]; d++) {
        if (in->limit_driver[d] < 0) {
            return 0;
        }
    }
    for (int64_t v = in->attached_offset[i]; v < in->attached_offset[i + 1]; v++) {
        if (in->attached_driver[v] < 0 || in->attached_volume[v] < 0) {
            return 0;
        }
    }
    return 1;
}

static void *list_new(int32_t count, size_t size) {
    return malloc(((size_t)count + 1) * size);
}

int pkc_node_lists_copy(const pkc_nodes *in, int64_t i, node *n) {
    node lists = {.label_count = in->label_offset[i + 1] - in->label_offset[i],
                  .taint_count = in->taint_offset[i + 1] - in->taint_offset[i],
                  .image_count = in->image_offset[i + 1] - in->image_offset[i],
                  .csi_limit_count = in->limit_offset[i + 1] - in->limit_offset[i],
                  .csi_attached_count = in->attached_offset[i + 1] - in->attached_offset[i]};
    lists.labels = list_new(lists.label_count, sizeof *lists.labels);
    lists.taints = list_new(lists.taint_count, sizeof *lists.taints);
    lists.images = list_new(lists.image_count, sizeof *lists.images);
    lists.csi_limits = list_new(lists.csi_limit_count, sizeof *lists.csi_limits);
    lists.csi_attached = list_new(lists.csi_attached_count, sizeof *lists.csi_attached);
    if (lists.labels == NULL || lists.taints == NULL || lists.images == NULL ||
        lists.csi_limits == NULL || lists.csi_attached == NULL) {
        pkc_node_lists_free(&lists);
        return PKC_ERR_NO_MEMORY;
    }
    for (int32_t l = 0; l < lists.label_count; l++) {
        int64_t at = (int64_t)in->label_offset[i] + l;
        lists.labels[l] = (label){in->label_key[at], in->label_value[at], in->label_number[at]};
    }
    for (int32_t t = 0; t < lists.taint_count; t++) {
        int64_t at = (int64_t)in->taint_offset[i] + t;
        lists.taints[t] = (taint){in->taint_key[at], in->taint_value[at], in->taint_effect[at]};
    }
    for (int32_t m = 0; m < lists.image_count; m++) {
        int64_t at = (int64_t)in->image_offset[i] + m;
        lists.images[m] = (entry){in->image_name[at], in->image_bytes[at]};
    }
    for (int32_t d = 0; d < lists.csi_limit_count; d++) {
        int64_t at = (int64_t)in->limit_offset[i] + d;
        lists.csi_limits[d] = (entry){in->limit_driver[at], in->limit_count[at]};
    }
    for (int32_t v = 0; v < lists.csi_attached_count; v++) {
        int64_t at = (int64_t)in->attached_offset[i] + v;
        lists.csi_attached[v] = (entry){in->attached_driver[at], in->attached_volume[at]};
    }
    *n = lists;
    return PKC_OK;
}

void pkc_node_lists_move(node *to, node *from) {
    pkc_node_lists_free(to);
    to->labels = from->labels;
    to->taints = from->taints;
    to->images = from->images;
    to->csi_limits = from->csi_limits;
    to->csi_attached = from->csi_attached;
    to->label_count = from->label_count;
    to->taint_count = from->taint_count;
    to->image_count = from->image_count;
    to->csi_limit_count = from->csi_limit_count;
    to->csi_attached_count = from->csi_attached_count;
    *from = (node){.first_pod = -1};
}
