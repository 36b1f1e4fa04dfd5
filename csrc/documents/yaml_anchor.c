/* Anchors of a YAML document: where in the JSON the node stands that a name means. */
#include "documents/yaml_anchor.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

static uint64_t hash_of(const char *name, int64_t size) {
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (int64_t i = 0; i < size; i++) {
        hash = (hash ^ (uint8_t)name[i]) * 1099511628211u;
    }
    return hash ^ hash >> 32;
}

/* The slot of a name, or the empty one where it belongs. The table is never full. */
static yaml_anchor *slot_of(yaml_anchor *anchors, int64_t capacity, const char *name,
                            int64_t size) {
    for (uint64_t at = hash_of(name, size);; at++) {
        yaml_anchor *slot = &anchors[at & (uint64_t)(capacity - 1)];
        bool same = slot->name_size == size && slot->name != NULL &&
                    memcmp(slot->name, name, (size_t)size) == 0;
        if (slot->name == NULL || same) {
            return slot;
        }
    }
}

static int grow(yaml_state *yaml) {
    int64_t capacity = yaml->anchor_capacity == 0 ? FIRST_CAPACITY : yaml->anchor_capacity * 2;
    yaml_anchor *anchors = calloc((size_t)capacity, sizeof *anchors);
    if (anchors == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    for (int64_t i = 0; i < yaml->anchor_capacity; i++) {
        yaml_anchor *old = &yaml->anchors[i];
        if (old->name != NULL) {
            *slot_of(anchors, capacity, old->name, old->name_size) = *old;
        }
    }
    free(yaml->anchors);
    yaml->anchors = anchors;
    yaml->anchor_capacity = capacity;
    return PKC_OK;
}

int pkc_yaml_open_anchor(yaml_state *yaml, const char *name, int64_t size) {
    if (yaml->anchor_count * 2 >= yaml->anchor_capacity) {
        int status = grow(yaml);
        if (status < 0) {
            return status;
        }
    }
    yaml_anchor *slot = slot_of(yaml->anchors, yaml->anchor_capacity, name, size);
    yaml->anchor_count += slot->name == NULL;
    *slot = (yaml_anchor){.name = name, .name_size = size, .start = yaml->used, .end = -1};
    return PKC_OK;
}

int pkc_yaml_close_anchor(yaml_state *yaml, const char *name, int64_t size) {
    yaml_anchor *slot = slot_of(yaml->anchors, yaml->anchor_capacity, name, size);
    if (slot->name != name) {
        return PKC_ERR_INVALID; /* its own node took the name again */
    }
    slot->end = yaml->used;
    return PKC_OK;
}

int pkc_yaml_put_alias(yaml_state *yaml, const char *name, int64_t size) {
    if (yaml->anchor_capacity == 0) {
        return PKC_ERR_INVALID;
    }
    yaml_anchor *slot = slot_of(yaml->anchors, yaml->anchor_capacity, name, size);
    if (slot->name == NULL || slot->end < 0) {
        return PKC_ERR_INVALID;
    }
    return pkc_yaml_put(yaml, yaml->out + slot->start, slot->end - slot->start);
}
