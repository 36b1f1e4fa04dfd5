/* A node beside its columns: labels, taints, images, CSI limits and attached volumes. */
#ifndef PKC_STATE_NODE_H
#define PKC_STATE_NODE_H

#include <stdint.h>

#include "pkc.h"

typedef struct {
    int32_t key;
    int32_t value;
    int64_t number;
} label;

typedef struct {
    int32_t key;
    int32_t value;
    uint8_t effect;
} taint;

/* An image, or a CSI driver with a limit or a volume. */
typedef struct {
    int32_t name;
    int64_t amount;
} entry;

typedef struct {
    label *labels;
    taint *taints;
    entry *images;
    entry *csi_limits;
    entry *csi_attached;
    int32_t image_count;
    int32_t csi_limit_count;
    int32_t csi_attached_count;
    int32_t label_count;
    int32_t taint_count;
    int32_t first_pod; /* head of the list of pods on the row, or -1 */
    int32_t device_count;
    uint32_t rank;
    uint8_t alive;
    uint8_t unschedulable;
    uint8_t odd; /* the float64 columns do not hold it: score by the int64 rule */
    uint64_t epoch; /* of the last change of labels, taints, allocatable or life */
    uint64_t touched; /* log position behind the last change; entries before it say nothing new */
} node;

/* The label of a key, or NULL. */
const label *pkc_node_label(const node *n, int64_t key);
/* Value of the node's name, or -1. */
int32_t pkc_node_name(const node *n);
/* 1 if what node i of a batch lists is well-formed. */
int pkc_node_lists_valid(const pkc_nodes *in, int64_t i);
/* Lists of node i of a batch that was found valid, in memory of their own. */
int pkc_node_lists_copy(const pkc_nodes *in, int64_t i, node *n);
/* Gives a node the lists of another, which is left without. */
void pkc_node_lists_move(node *to, node *from);
void pkc_node_lists_free(node *n);

#endif
