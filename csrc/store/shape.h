/* Shapes: the texts of forms, each kept once for all values that are filled forms.
 *
 * A value that came as a form lies in its version as the number of a shape and its own fields:
 *
 *     +-------+--------+------ ... ------+-------- ... --------+
 *     | shape | bytes  | size of each    | the fields, one     |
 *     | u32   | u32    | field, varints  | behind the other    |
 *     +-------+--------+------ ... ------+-------- ... --------+
 *
 * `bytes` counts all of it. A shape is made when a form is put for the second time, as long as the
 * cache remembers the first, so a form that comes once costs no more than its value. It lives while
 * a version needs it, or the cache names it. */
#ifndef PKC_STORE_SHAPE_H
#define PKC_STORE_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "pkc.h"

enum {
    PKC_SHAPE_HEADER_BYTES = 8,
    PKC_SHAPE_FIELDS_MAX = 64, /* different fields of a form; others are kept filled */
    PKC_SHAPE_CACHE_SLOTS = 1024,
    PKC_SHAPE_SAVING_MIN = 64 /* bytes that a filled form must take less than its value */
};

typedef struct pkc_shape pkc_shape;

typedef struct {
    pkc_shape **table; /* by number; NULL for one that is free */
    int64_t capacity;
    int64_t number_free; /* no lower number is free */
    struct {
        uint64_t id; /* of a form; 0 for none */
        int64_t number; /* of its shape; -1: it was seen but once */
    } cache[PKC_SHAPE_CACHE_SLOTS];
    int64_t bytes;
} pkc_shapes;

/* The number of the shape of a form, which must have an id, for a reference of the caller's; -1: it
 * comes for the first time, has too many fields, or memory is out. */
int64_t pkc_shapes_take(pkc_shapes *shapes, const pkc_form *form);
void pkc_shapes_release(pkc_shapes *shapes, int64_t number);
void pkc_shapes_destroy(pkc_shapes *shapes);

/* Bytes that the fields of a row take in a version of this shape. */
int64_t pkc_shape_packed_size(const pkc_shapes *shapes, int64_t number, const pkc_text *fields);
void pkc_shape_pack(const pkc_shapes *shapes, int64_t number, const pkc_text *fields,
                    int64_t size, uint8_t *packed_out);
/* Write the value; there is room for all of it. */
void pkc_shape_fill(const pkc_shapes *shapes, const uint8_t *packed, char *value_out);

/* Show the value piece by piece; ends early where `visit` says false. */
typedef bool (*pkc_piece_visit)(void *context, const char *data, int64_t size);
void pkc_shape_walk(const pkc_shapes *shapes, const uint8_t *packed, pkc_piece_visit visit,
                    void *context);

/* The header of a packed value. */
int64_t pkc_packed_bytes(const uint8_t *packed);
int64_t pkc_packed_shape(const uint8_t *packed);

/* Fill a form directly. */
void pkc_form_write(const pkc_form *form, const pkc_text *fields, char *value_out);

/* NULL, or the invariant that does not hold; `counts` has the versions of each shape. */
const char *pkc_shapes_validate(const pkc_shapes *shapes, const int64_t *counts);

#endif
