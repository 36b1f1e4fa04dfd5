/* A growable array: VEC(T) declares one, vec_reserve grows it by doubling. */
#ifndef PKC_VEC_H
#define PKC_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define VEC(T)                                                                              \
    struct {                                                                                \
        T *data;                                                                            \
        int64_t count;                                                                      \
        int64_t capacity;                                                                   \
    }

/* Room for at least wanted elements of size bytes behind the pointer at slot: 0, or -1 when memory
 * or size_t runs out. The pointer is copied, since its type is not known here. */
static inline int vec_grow(void *slot, int64_t *capacity, int64_t wanted, size_t size) {
    if (wanted <= *capacity) {
        return 0;
    }
    int64_t next = *capacity < 8 ? 8 : *capacity;
    while (next < wanted) {
        if (next > INT64_MAX / 2) {
            return -1;
        }
        next *= 2;
    }
    void *data;
    memcpy(&data, slot, sizeof data);
    if ((uint64_t)next > SIZE_MAX / size || (data = realloc(data, (size_t)next * size)) == NULL) {
        return -1;
    }
    memcpy(slot, &data, sizeof data);
    *capacity = next;
    return 0;
}

#define vec_reserve(v, wanted)                                                              \
    vec_grow(&(v)->data, &(v)->capacity, (wanted), sizeof *(v)->data)

#define vec_push(v, value)                                                                  \
    (vec_reserve((v), (v)->count + 1) < 0 ? -1 : ((v)->data[(v)->count++] = (value), 0))

/* 1 if two arrays of one type, which has no padding, hold the same bytes. */
#define vec_equal(a, b)                                                                     \
    ((a)->count == (b)->count &&                                                            \
     ((a)->count == 0 ||                                                                    \
      memcmp((a)->data, (b)->data, (size_t)(a)->count * sizeof *(a)->data) == 0))

#define vec_free(v) (free((v)->data), (v)->data = NULL, (v)->count = (v)->capacity = 0)

#endif
