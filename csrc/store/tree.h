/* Ordered index: keys by their bytes. */
#ifndef PKC_STORE_TREE_H
#define PKC_STORE_TREE_H

#include "store/key.h"

enum { PKC_TREE_FANOUT = 64, PKC_TREE_HEIGHT_MAX = 12 };

/* A B+tree whose nodes name keys by reference. All keys of a node share their first `prefix` bytes;
 * heads[i] holds the four bytes behind it, big-endian and zero-padded, so a search compares
 * integers and looks at a key's bytes only among equal heads. An inner node names, for each
 * child, the smallest key below it. */
typedef struct pkc_node pkc_node;
struct pkc_node {
    uint16_t count;
    uint16_t leaf;
    uint32_t prefix;
    pkc_node *next; /* leaf: neighbours in key order */
    pkc_node *prev;
    uint32_t heads[PKC_TREE_FANOUT];
    pkc_ref keys[PKC_TREE_FANOUT];
    pkc_node *children[]; /* inner: as many as keys */
};

typedef struct {
    const pkc_arena *arena;
    pkc_node *root;
    pkc_node *spare[2]; /* unused nodes, inner and leaf, linked by next */
    int64_t spare_count[2];
    int64_t height; /* levels; 0 when empty */
    int64_t count;
    int64_t bytes; /* of nodes, spare ones too */
} pkc_tree;

/* A place between keys: keys[at] of leaf is next. leaf NULL is the end. */
typedef struct {
    const pkc_arena *arena;
    const pkc_node *leaf;
    int at;
} pkc_tree_cursor;

/* Memory for one more key. */
int pkc_tree_reserve(pkc_tree *tree);
/* After a reserve; no key with these bytes is there. */
void pkc_tree_insert(pkc_tree *tree, const pkc_key *key);
void pkc_tree_remove(pkc_tree *tree, const pkc_key *key);
/* Before the first key >= data. */
pkc_tree_cursor pkc_tree_seek(const pkc_tree *tree, const void *data, int64_t size);
/* The next key, NULL at the end. */
static inline pkc_key *pkc_tree_next(pkc_tree_cursor *cursor) {
    while (cursor->leaf != NULL && cursor->at == cursor->leaf->count) {
        cursor->leaf = cursor->leaf->next;
        cursor->at = 0;
    }
    pkc_ref key = cursor->leaf == NULL ? 0 : cursor->leaf->keys[cursor->at++];
    return pkc_arena_key(cursor->arena, key);
}
/* Another place of the same key. */
void pkc_tree_move(pkc_tree *tree, const pkc_key *from, const pkc_key *to);
void pkc_tree_destroy(pkc_tree *tree);
/* NULL, or the invariant that does not hold. */
const char *pkc_tree_validate(const pkc_tree *tree);

#endif
