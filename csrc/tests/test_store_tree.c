/* The indexes against a sorted array, and the portable checksum against its definition. */
#include <stdbool.h>
#include <string.h>

#include "common/crc32c.h"
#include "pkc.h"
#include "store/index.h"
#include "store/tree.h"
#include "test.h"

enum { KEYS = 3000 };

static uint64_t state = 42;

static uint32_t draw(uint32_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % below);
}

static pkc_key *make(pkc_arena *arena, const char *bytes, size_t size) {
    pkc_key *key = pkc_arena_alloc(arena, PKC_ARENA_KEYS, (int64_t)(sizeof(*key) + size));
    EXPECT(key != NULL && pkc_arena_key(arena, pkc_arena_ref(key)) == key);
    key->size = (uint32_t)size;
    memcpy(key->bytes, bytes, size);
    return key;
}

/* Keys that share long prefixes, are prefixes of each other, and hold zero bytes. */
static size_t random_name(char *name_out) {
    static const char *const roots[] = {"/registry/pods/ns-", "/registry/pods/", "", "\xff\xff"};
    const char *root = roots[draw(4)];
    size_t size = strlen(root);
    memcpy(name_out, root, size);
    size_t more = 1 + draw(12);
    for (size_t i = 0; i < more; i++) {
        name_out[size++] = (char)"\0ab\xff"[draw(4)];
    }
    return size;
}

static int order(const void *a, const void *b) {
    const pkc_key *const *x = a;
    const pkc_key *const *y = b;
    return pkc_bytes_compare((*x)->bytes, (*x)->size, (*y)->bytes, (*y)->size);
}

static void expect_equal(const pkc_tree *tree, pkc_key **sorted, int count) {
    EXPECT(pkc_tree_validate(tree) == NULL);
    pkc_tree_cursor cursor = pkc_tree_seek(tree, "", 0);
    for (int i = 0; i < count; i++) {
        EXPECT(pkc_tree_next(&cursor) == sorted[i]);
    }
    EXPECT(pkc_tree_next(&cursor) == NULL);
}

static void expect_seek(const pkc_tree *tree, pkc_key **sorted, int count) {
    char name[64];
    size_t size = random_name(name);
    int at = 0;
    while (at < count &&
           pkc_bytes_compare(sorted[at]->bytes, sorted[at]->size, name, (int64_t)size) < 0) {
        at++;
    }
    pkc_tree_cursor cursor = pkc_tree_seek(tree, name, (int64_t)size);
    EXPECT(pkc_tree_next(&cursor) == (at < count ? sorted[at] : NULL));
}

static void test_tree_and_hash_hold_what_a_sorted_array_holds(void) {
    static pkc_key *keys[KEYS];
    pkc_arena arena = {0};
    pkc_tree tree = {.arena = &arena};
    pkc_index index = {.arena = &arena, .seed = 7};
    int count = 0;
    for (int step = 0; step < 4 * KEYS; step++) {
        /* Grow, shrink, grow, and empty it at the end. */
        bool grow = step < KEYS || (step >= 2 * KEYS && step < 3 * KEYS);
        if (grow && count < KEYS) {
            char name[64];
            size_t size = random_name(name);
            uint32_t hash = pkc_index_hash(&index, name, (int64_t)size);
            if (pkc_index_find(&index, name, (int64_t)size, hash) == NULL) {
                pkc_key *key = make(&arena, name, size);
                key->hash = hash;
                EXPECT(pkc_tree_reserve(&tree) == PKC_OK && pkc_index_reserve(&index) == PKC_OK);
                pkc_tree_insert(&tree, key);
                pkc_index_insert(&index, key);
                keys[count++] = key;
            }
        } else if (count > 0) {
            int at = (int)draw((uint32_t)count);
            pkc_tree_remove(&tree, keys[at]);
            pkc_index_remove(&index, keys[at]);
            pkc_arena_free(&arena, keys[at], pkc_key_bytes(keys[at]));
            keys[at] = keys[--count];
        }
        if (count > 0 && step % 13 == 0) {
            pkc_key **key = &keys[draw((uint32_t)count)];
            pkc_key *moved = make(&arena, (const char *)(*key)->bytes, (*key)->size);
            moved->hash = (*key)->hash;
            pkc_tree_move(&tree, *key, moved);
            pkc_index_move(&index, *key, moved);
            pkc_arena_free(&arena, *key, pkc_key_bytes(*key));
            *key = moved;
        }
        if (step % 97 == 0) {
            qsort(keys, (size_t)count, sizeof(keys[0]), order);
            expect_equal(&tree, keys, count);
            expect_seek(&tree, keys, count);
        }
    }
    for (int i = 0; i < count; i++) {
        const pkc_key *key = keys[i];
        EXPECT(pkc_index_find(&index, key->bytes, key->size, key->hash) == key);
        pkc_tree_remove(&tree, key);
        pkc_index_remove(&index, key);
        pkc_arena_free(&arena, keys[i], pkc_key_bytes(keys[i]));
    }
    for (const pkc_block *block = arena.blocks; block != NULL; block = block->next) {
        EXPECT(block->live == 0 && block == arena.current[PKC_ARENA_KEYS]);
    }
    EXPECT(tree.count == 0 && tree.root == NULL && index.count == 0);
    pkc_tree_destroy(&tree);
    pkc_index_destroy(&index);
    pkc_arena_destroy(&arena);
}

static void test_keys_in_order_fill_their_leaves(void) {
    static pkc_key *keys[KEYS];
    pkc_arena arena = {0};
    pkc_tree tree = {.arena = &arena};
    for (int i = 0; i < KEYS; i++) {
        char name[32];
        keys[i] = make(&arena, name, (size_t)sprintf(name, "key-%08d", i));
        EXPECT(pkc_tree_reserve(&tree) == PKC_OK);
        pkc_tree_insert(&tree, keys[i]);
    }
    expect_equal(&tree, keys, KEYS);
    int64_t leaves = 0;
    for (const pkc_node *leaf = pkc_tree_seek(&tree, "", 0).leaf; leaf != NULL;
         leaf = leaf->next) {
        leaves++;
    }
    EXPECT(leaves == (KEYS + PKC_TREE_FANOUT - 1) / PKC_TREE_FANOUT);
    pkc_tree_destroy(&tree);
    pkc_arena_destroy(&arena);
}

static void test_arena_refuses_a_block_beyond_its_last_number(void) {
    pkc_arena arena = {0};
    static pkc_block elsewhere;
    pkc_block **table = malloc(PKC_BLOCKS_MAX * sizeof(pkc_block *));
    EXPECT(table != NULL);
    for (int i = 0; i < PKC_BLOCKS_MAX - 2; i++) {
        table[i] = &elsewhere;
    }
    table[PKC_BLOCKS_MAX - 2] = NULL;
    table[PKC_BLOCKS_MAX - 1] = NULL;
    arena.table = table;
    arena.table_capacity = PKC_BLOCKS_MAX;
    void *data[2];
    for (int i = 0; i < 2; i++) {
        data[i] = pkc_arena_alloc(&arena, PKC_ARENA_VERSIONS, PKC_BLOCK_LARGE_BYTES + 1);
        EXPECT(data[i] != NULL && pkc_arena_at(&arena, pkc_arena_ref(data[i])) == data[i]);
    }
    EXPECT(pkc_arena_alloc(&arena, PKC_ARENA_KEYS, 8) == NULL);
    pkc_arena_free(&arena, data[0], PKC_BLOCK_LARGE_BYTES + 1);
    EXPECT(pkc_arena_alloc(&arena, PKC_ARENA_KEYS, 8) != NULL);
    pkc_arena_destroy(&arena);
}

static void test_crc32c_gives_the_published_values(void) {
    uint8_t zeros[32] = {0};
    EXPECT(pkc_crc32c(0, "123456789", 9) == 0xe3069283u);
    EXPECT(pkc_crc32c(0, zeros, 32) == 0x8a9136aau);
    EXPECT(pkc_crc32c(pkc_crc32c(0, "1234", 4), "56789", 5) == 0xe3069283u);
    EXPECT(pkc_crc32c(0, "", 0) == 0);
}

static void test_portable_crc32c_equals_the_instruction(void) {
    uint8_t bytes[300];
    for (int i = 0; i < 300; i++) {
        bytes[i] = (uint8_t)draw(256);
    }
    for (int size = 0; size < 280; size++) {
        const uint8_t *data = bytes + size % 9;
        EXPECT(pkc_crc32c(5, data, size) == ~pkc_crc32c_portable(~5u, data, size));
    }
}

int main(void) {
    RUN(test_tree_and_hash_hold_what_a_sorted_array_holds);
    RUN(test_keys_in_order_fill_their_leaves);
    RUN(test_arena_refuses_a_block_beyond_its_last_number);
    RUN(test_crc32c_gives_the_published_values);
    RUN(test_portable_crc32c_equals_the_instruction);
    return 0;
}
