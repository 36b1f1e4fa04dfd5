/* Ordered index: keys by their bytes. */
#include "store/tree.h"

#include <stdbool.h>
#include <stdlib.h>

#include "common/check.h"
#include "pkc.h"

enum { MERGE_BELOW = PKC_TREE_FANOUT / 4, MERGED_MAX = 3 * PKC_TREE_FANOUT / 4 };
enum { SPARE_MAX = PKC_TREE_HEIGHT_MAX + 2 };

_Static_assert(MERGE_BELOW >= 1 << 4 && 4 * PKC_TREE_HEIGHT_MAX >= 32,
               "a tree of the greatest height has room for every reference");
_Static_assert((int)MERGED_MAX < (int)PKC_TREE_FANOUT && MERGED_MAX >= 2 * MERGE_BELOW,
               "a node that was merged is not split at once, nor merged again");

static uint32_t head_of(const uint8_t *bytes, int64_t size, int64_t prefix) {
    uint8_t raw[4] = {0};
    int64_t left = size - prefix;
    if (left > 0) {
        memcpy(raw, bytes + prefix, left < 4 ? (size_t)left : 4);
    }
    uint32_t head;
    memcpy(&head, raw, 4);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    head = __builtin_bswap32(head);
#endif
    return head;
}

static pkc_key *key_at(const pkc_tree *tree, const pkc_node *node, int i) {
    return pkc_arena_key(tree->arena, node->keys[i]);
}

static int compare(const pkc_key *key, const void *data, int64_t size) {
    return pkc_bytes_compare(key->bytes, key->size, data, size);
}

static int64_t node_bytes(int leaf) {
    size_t children = leaf != 0 ? 0 : PKC_TREE_FANOUT * sizeof(pkc_node *);
    return (int64_t)(sizeof(pkc_node) + children);
}

int pkc_tree_reserve(pkc_tree *tree) {
    int64_t need[2] = {tree->height + 1, 1};
    for (int leaf = 0; leaf < 2; leaf++) {
        while (tree->spare_count[leaf] < need[leaf]) {
            pkc_node *node = malloc((size_t)node_bytes(leaf));
            if (node == NULL) {
                return PKC_ERR_NO_MEMORY;
            }
            tree->bytes += node_bytes(leaf);
            node->next = tree->spare[leaf];
            tree->spare[leaf] = node;
            tree->spare_count[leaf]++;
        }
    }
    return PKC_OK;
}

static pkc_node *node_take(pkc_tree *tree, int leaf) {
    pkc_node *node = tree->spare[leaf];
    PKC_CHECK(node != NULL);
    tree->spare[leaf] = node->next;
    tree->spare_count[leaf]--;
    node->count = 0;
    node->leaf = (uint16_t)leaf;
    node->prefix = 0;
    node->next = NULL;
    node->prev = NULL;
    return node;
}

static void node_give(pkc_tree *tree, pkc_node *node) {
    int leaf = node->leaf;
    if (tree->spare_count[leaf] >= SPARE_MAX) {
        tree->bytes -= node_bytes(leaf);
        free(node);
        return;
    }
    node->next = tree->spare[leaf];
    tree->spare[leaf] = node;
    tree->spare_count[leaf]++;
}

static uint32_t common_prefix(const pkc_key *a, const pkc_key *b) {
    uint32_t shorter = a->size < b->size ? a->size : b->size;
    uint32_t i = 0;
    while (i < shorter && a->bytes[i] == b->bytes[i]) {
        i++;
    }
    return i;
}

static uint32_t prefix_of(const pkc_tree *tree, const pkc_node *node) {
    return common_prefix(key_at(tree, node, 0), key_at(tree, node, node->count - 1));
}

static void refresh(const pkc_tree *tree, pkc_node *node) {
    if (node->count == 0) {
        return;
    }
    node->prefix = prefix_of(tree, node);
    for (int i = 0; i < node->count; i++) {
        const pkc_key *key = key_at(tree, node, i);
        node->heads[i] = head_of(key->bytes, key->size, node->prefix);
    }
}

/* Number of keys of the node that are below data, looked for among those with equal heads from
 * `low` on. */
static int rank_among_equals(const pkc_tree *tree, const pkc_node *node, int low, uint32_t head,
                             const uint8_t *data, int64_t size) {
    int count = node->count - low;
    while (count > 0) {
        int half = count / 2;
        bool below = node->heads[low + half] == head &&
                     compare(key_at(tree, node, low + half), data, size) < 0;
        low = below ? low + half + 1 : low;
        count = below ? count - half - 1 : half;
    }
    return low;
}

/* Number of keys of the node that are below data. */
static int rank(const pkc_tree *tree, const pkc_node *node, const uint8_t *data, int64_t size) {
    if (node->count == 0) {
        return 0;
    }
    int64_t shared = node->prefix < size ? node->prefix : size;
    int order = shared == 0 ? 0 : memcmp(data, key_at(tree, node, 0)->bytes, (size_t)shared);
    if (order != 0) {
        return order < 0 ? 0 : node->count;
    }
    if (size < node->prefix) {
        return 0;
    }
    uint32_t head = head_of(data, size, node->prefix);
    int low = 0;
    int count = node->count;
    while (count > 0) {
        int half = count / 2;
        bool below = node->heads[low + half] < head;
        low = below ? low + half + 1 : low;
        count = below ? count - half - 1 : half;
    }
    if (low < node->count && node->heads[low] == head) {
        low = rank_among_equals(tree, node, low, head, data, size);
    }
    return low;
}

/* The child of an inner node whose keys surround data. */
static int child_for(const pkc_tree *tree, const pkc_node *node, const uint8_t *data,
                     int64_t size) {
    int at = rank(tree, node, data, size);
    if (at < node->count && compare(key_at(tree, node, at), data, size) == 0) {
        return at;
    }
    return at == 0 ? 0 : at - 1;
}

static void node_insert(const pkc_tree *tree, pkc_node *node, int at, pkc_ref ref,
                        pkc_node *child) {
    size_t tail = (size_t)(node->count - at);
    memmove(node->keys + at + 1, node->keys + at, tail * sizeof(node->keys[0]));
    memmove(node->heads + at + 1, node->heads + at, tail * sizeof(node->heads[0]));
    node->keys[at] = ref;
    if (node->leaf == 0) {
        memmove(node->children + at + 1, node->children + at, tail * sizeof(pkc_node *));
        node->children[at] = child;
    }
    node->count++;
    bool within = at > 0 && at < node->count - 1;
    if (!within && (node->count == 1 || node->prefix != prefix_of(tree, node))) {
        refresh(tree, node);
    } else {
        const pkc_key *key = pkc_arena_key(tree->arena, ref);
        node->heads[at] = head_of(key->bytes, key->size, node->prefix);
    }
}

static void node_delete(pkc_node *node, int at) {
    size_t tail = (size_t)(node->count - at - 1);
    memmove(node->keys + at, node->keys + at + 1, tail * sizeof(node->keys[0]));
    memmove(node->heads + at, node->heads + at + 1, tail * sizeof(node->heads[0]));
    if (node->leaf == 0) {
        memmove(node->children + at, node->children + at + 1, tail * sizeof(pkc_node *));
    }
    node->count--;
}

/* Another smallest key below child `at`. */
static void set_key(const pkc_tree *tree, pkc_node *node, int at, pkc_ref key) {
    if (node->keys[at] == key) {
        return;
    }
    node->keys[at] = key;
    refresh(tree, node);
}

/* Split before `at`: the upper part goes to a new node. A full last leaf splits at its end, so
 * that keys that come in order fill their leaves. */
static pkc_node *split(pkc_tree *tree, pkc_node *node, int at) {
    pkc_node *right = node_take(tree, node->leaf);
    int count = node->count - at;
    memcpy(right->keys, node->keys + at, (size_t)count * sizeof(node->keys[0]));
    if (node->leaf == 0) {
        memcpy(right->children, node->children + at, (size_t)count * sizeof(pkc_node *));
    } else {
        right->next = node->next;
        right->prev = node;
        if (right->next != NULL) {
            right->next->prev = right;
        }
        node->next = right;
    }
    right->count = (uint16_t)count;
    node->count = (uint16_t)at;
    refresh(tree, right);
    refresh(tree, node);
    return right;
}

/* Put an entry at `at`; returns the new right neighbour if the node had to split. */
static pkc_node *insert_at(pkc_tree *tree, pkc_node *node, int at, pkc_ref key,
                           pkc_node *child) {
    if (node->count < PKC_TREE_FANOUT) {
        node_insert(tree, node, at, key, child);
        return NULL;
    }
    bool at_end = at == node->count && node->next == NULL;
    int middle = at_end ? PKC_TREE_FANOUT : PKC_TREE_FANOUT / 2;
    pkc_node *right = split(tree, node, middle);
    if (at > middle || at_end) {
        node_insert(tree, right, at - middle, key, child);
    } else {
        node_insert(tree, node, at, key, child);
    }
    return right;
}

static pkc_node *insert_below(pkc_tree *tree, pkc_node *node, const pkc_key *key) {
    if (node->leaf != 0) {
        int place = rank(tree, node, key->bytes, key->size);
        return insert_at(tree, node, place, pkc_arena_ref(key), NULL);
    }
    int at = child_for(tree, node, key->bytes, key->size);
    pkc_node *right = insert_below(tree, node->children[at], key);
    set_key(tree, node, at, node->children[at]->keys[0]);
    return right == NULL ? NULL : insert_at(tree, node, at + 1, right->keys[0], right);
}

void pkc_tree_insert(pkc_tree *tree, const pkc_key *key) {
    if (tree->root == NULL) {
        tree->root = node_take(tree, 1);
        tree->height = 1;
    }
    pkc_node *right = insert_below(tree, tree->root, key);
    if (right != NULL) {
        PKC_CHECK(tree->height < PKC_TREE_HEIGHT_MAX);
        pkc_node *root = node_take(tree, 0);
        node_insert(tree, root, 0, tree->root->keys[0], tree->root);
        node_insert(tree, root, 1, right->keys[0], right);
        tree->root = root;
        tree->height++;
    }
    tree->count++;
}

static void leaf_unlink(pkc_node *leaf) {
    if (leaf->prev != NULL) {
        leaf->prev->next = leaf->next;
    }
    if (leaf->next != NULL) {
        leaf->next->prev = leaf->prev;
    }
}

/* Move all of child at + 1 behind child at when both are small. */
static void merge(pkc_tree *tree, pkc_node *node, int at) {
    if (at < 0 || at + 1 >= node->count) {
        return;
    }
    pkc_node *left = node->children[at];
    pkc_node *right = node->children[at + 1];
    if (left->count + right->count > MERGED_MAX) {
        return;
    }
    size_t count = right->count;
    memcpy(left->keys + left->count, right->keys, count * sizeof(left->keys[0]));
    if (left->leaf == 0) {
        memcpy(left->children + left->count, right->children, count * sizeof(pkc_node *));
    } else {
        leaf_unlink(right);
    }
    left->count = (uint16_t)(left->count + right->count);
    refresh(tree, left);
    node_delete(node, at + 1);
    node_give(tree, right);
}

static void remove_below(pkc_tree *tree, pkc_node *node, const pkc_key *key) {
    if (node->leaf != 0) {
        int at = rank(tree, node, key->bytes, key->size);
        PKC_CHECK(at < node->count && node->keys[at] == pkc_arena_ref(key));
        node_delete(node, at);
        return;
    }
    int at = child_for(tree, node, key->bytes, key->size);
    pkc_node *child = node->children[at];
    remove_below(tree, child, key);
    if (child->count == 0) {
        if (child->leaf != 0) {
            leaf_unlink(child);
        }
        node_delete(node, at);
        node_give(tree, child);
        return;
    }
    set_key(tree, node, at, child->keys[0]);
    if (child->count < MERGE_BELOW) {
        merge(tree, node, at);
        merge(tree, node, at - 1);
    }
}

void pkc_tree_remove(pkc_tree *tree, const pkc_key *key) {
    remove_below(tree, tree->root, key);
    tree->count--;
    while (tree->root != NULL && tree->root->count <= 1) {
        pkc_node *root = tree->root;
        if (root->count == 1 && root->leaf != 0) {
            break;
        }
        tree->root = root->count == 0 ? NULL : root->children[0];
        tree->height = root->count == 0 ? 0 : tree->height - 1;
        node_give(tree, root);
    }
}

void pkc_tree_move(pkc_tree *tree, const pkc_key *from, const pkc_key *to) {
    pkc_ref old = pkc_arena_ref(from);
    pkc_node *node = tree->root;
    while (node->leaf == 0) {
        int at = child_for(tree, node, from->bytes, from->size);
        if (node->keys[at] == old) {
            node->keys[at] = pkc_arena_ref(to);
        }
        node = node->children[at];
    }
    int at = rank(tree, node, from->bytes, from->size);
    PKC_CHECK(at < node->count && node->keys[at] == old);
    node->keys[at] = pkc_arena_ref(to);
}

pkc_tree_cursor pkc_tree_seek(const pkc_tree *tree, const void *data, int64_t size) {
    const pkc_node *node = tree->root;
    if (node == NULL) {
        return (pkc_tree_cursor){tree->arena, NULL, 0};
    }
    while (node->leaf == 0) {
        node = node->children[child_for(tree, node, data, size)];
    }
    return (pkc_tree_cursor){tree->arena, node, rank(tree, node, data, size)};
}

static void destroy_below(pkc_node *node) {
    for (int i = 0; node->leaf == 0 && i < node->count; i++) {
        destroy_below(node->children[i]);
    }
    free(node);
}

void pkc_tree_destroy(pkc_tree *tree) {
    if (tree->root != NULL) {
        destroy_below(tree->root);
    }
    for (int leaf = 0; leaf < 2; leaf++) {
        while (tree->spare[leaf] != NULL) {
            pkc_node *next = tree->spare[leaf]->next;
            free(tree->spare[leaf]);
            tree->spare[leaf] = next;
        }
    }
    *tree = (pkc_tree){0};
}

static const char *validate_below(const pkc_tree *tree, const pkc_node *node, int64_t level,
                                  int64_t *count) {
    if (node->count == 0 || node->count > PKC_TREE_FANOUT || (node->leaf != 0) != (level == 1)) {
        return "tree: a node is empty, too full or at the wrong level";
    }
    for (int i = 0; i < node->count; i++) {
        const pkc_key *key = key_at(tree, node, i);
        if (i > 0 && compare(key_at(tree, node, i - 1), key->bytes, key->size) >= 0) {
            return "tree: keys of a node are out of order";
        }
        if (node->prefix > common_prefix(key_at(tree, node, 0), key) ||
            node->heads[i] != head_of(key->bytes, key->size, node->prefix)) {
            return "tree: a head is stale";
        }
        if (node->leaf == 0) {
            if (node->children[i]->keys[0] != node->keys[i]) {
                return "tree: an inner key is not the smallest below it";
            }
            const char *reason = validate_below(tree, node->children[i], level - 1, count);
            if (reason != NULL) {
                return reason;
            }
        }
    }
    *count += node->leaf != 0 ? node->count : 0;
    return NULL;
}

const char *pkc_tree_validate(const pkc_tree *tree) {
    int64_t count = 0;
    const char *reason =
        tree->root == NULL ? NULL : validate_below(tree, tree->root, tree->height, &count);
    if (reason == NULL && count != tree->count) {
        reason = "tree: the count is wrong";
    }
    pkc_tree_cursor cursor = pkc_tree_seek(tree, "", 0);
    const pkc_key *last = NULL;
    const pkc_key *key;
    while (reason == NULL && (key = pkc_tree_next(&cursor)) != NULL) {
        if (last != NULL && compare(last, key->bytes, key->size) >= 0) {
            reason = "tree: leaves are out of order";
        }
        last = key;
        count--;
    }
    return reason == NULL && count != 0 ? "tree: a leaf is not linked" : reason;
}
