/* Shapes: the texts of forms, and values that are kept as their fields. */
#include "store/shape.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"

enum { TABLE_MIN = 16, VARINT_BITS = 7, VARINT_MORE = 0x80 };

/* One form: pieces[i] ends where gap i is, which shows field `used[gap_fields[i]]` of a row. */
struct pkc_shape {
    int64_t references;
    int64_t bytes; /* of this allocation */
    int32_t used_count;
    int32_t gap_count;
    int64_t text_size;
    int32_t used[PKC_SHAPE_FIELDS_MAX]; /* fields of a row, in the order in which they are kept */
    int32_t gaps[]; /* pairs: where a gap is, and its place in `used`; behind them is the text */
};

static char *text_of(const pkc_shape *shape) {
    return (char *)(shape->gaps + 2 * (size_t)shape->gap_count);
}

static int32_t place_of(pkc_shape *shape, int32_t field) {
    int32_t place = 0;
    while (place < shape->used_count && shape->used[place] != field) {
        place++;
    }
    if (place == PKC_SHAPE_FIELDS_MAX) {
        return -1;
    }
    if (place == shape->used_count) {
        shape->used[shape->used_count++] = field;
    }
    return place;
}

static pkc_shape *shape_new(const pkc_form *form) {
    int64_t bytes = (int64_t)sizeof(pkc_shape) + 2 * form->gap_count * (int64_t)sizeof(int32_t) +
                    form->size;
    pkc_shape *shape = malloc((size_t)bytes);
    if (shape == NULL) {
        return NULL;
    }
    *shape = (pkc_shape){
        .bytes = bytes, .gap_count = (int32_t)form->gap_count, .text_size = form->size};
    for (int64_t i = 0; i < form->gap_count; i++) {
        int32_t place = place_of(shape, form->gaps[2 * i + 1]);
        if (place < 0) {
            free(shape);
            return NULL;
        }
        shape->gaps[2 * i] = form->gaps[2 * i];
        shape->gaps[2 * i + 1] = place;
    }
    if (form->size > 0) {
        memcpy(text_of(shape), form->text, (size_t)form->size);
    }
    return shape;
}

static bool table_grow(pkc_shapes *shapes) {
    int64_t capacity = shapes->capacity == 0 ? TABLE_MIN : 2 * shapes->capacity;
    pkc_shape **table = realloc(shapes->table, (size_t)capacity * sizeof(pkc_shape *));
    if (table == NULL) {
        return false;
    }
    memset(table + shapes->capacity, 0,
           (size_t)(capacity - shapes->capacity) * sizeof(pkc_shape *));
    shapes->bytes += (capacity - shapes->capacity) * (int64_t)sizeof(pkc_shape *);
    shapes->table = table;
    shapes->capacity = capacity;
    return true;
}

/* Put a new shape into the table; -1 when memory is out. */
static int64_t shape_add(pkc_shapes *shapes, const pkc_form *form) {
    int64_t number = shapes->number_free;
    while (number < shapes->capacity && shapes->table[number] != NULL) {
        number++;
    }
    shapes->number_free = number;
    if (number == shapes->capacity && !table_grow(shapes)) {
        return -1;
    }
    pkc_shape *shape = shape_new(form);
    if (shape == NULL) {
        return -1;
    }
    shapes->table[number] = shape;
    shapes->bytes += shape->bytes;
    return number;
}

void pkc_shapes_release(pkc_shapes *shapes, int64_t number) {
    pkc_shape *shape = shapes->table[number];
    PKC_CHECK(shape != NULL && shape->references > 0);
    if (--shape->references == 0) {
        shapes->table[number] = NULL;
        shapes->number_free = number < shapes->number_free ? number : shapes->number_free;
        shapes->bytes -= shape->bytes;
        free(shape);
    }
}

int64_t pkc_shapes_take(pkc_shapes *shapes, const pkc_form *form) {
    PKC_CHECK(form->id != 0);
    uint64_t slot = form->id % PKC_SHAPE_CACHE_SLOTS;
    if (shapes->cache[slot].id != form->id) {
        if (shapes->cache[slot].id != 0 && shapes->cache[slot].number >= 0) {
            pkc_shapes_release(shapes, shapes->cache[slot].number);
        }
        shapes->cache[slot].id = form->id;
        shapes->cache[slot].number = -1;
        return -1;
    }
    int64_t number = shapes->cache[slot].number;
    if (number < 0) {
        number = shape_add(shapes, form);
        if (number < 0) {
            return -1;
        }
        shapes->cache[slot].number = number;
        shapes->table[number]->references++;
    }
    shapes->table[number]->references++;
    return number;
}

void pkc_shapes_destroy(pkc_shapes *shapes) {
    for (int64_t number = 0; number < shapes->capacity; number++) {
        free(shapes->table[number]);
    }
    free(shapes->table);
    *shapes = (pkc_shapes){0};
}

static int64_t varint_bytes(int64_t size) {
    int64_t bytes = 1;
    for (; size >= VARINT_MORE; size >>= VARINT_BITS) {
        bytes++;
    }
    return bytes;
}

static uint8_t *varint_write(uint8_t *at, int64_t size) {
    for (; size >= VARINT_MORE; size >>= VARINT_BITS) {
        *at++ = (uint8_t)(size | VARINT_MORE);
    }
    *at++ = (uint8_t)size;
    return at;
}

static const uint8_t *varint_read(const uint8_t *at, int64_t *size_out) {
    int64_t size = 0;
    int shift = 0;
    for (; (*at & VARINT_MORE) != 0; shift += VARINT_BITS) {
        size |= (int64_t)(*at++ & ~VARINT_MORE) << shift;
    }
    *size_out = size | (int64_t)*at++ << shift;
    return at;
}

int64_t pkc_shape_packed_size(const pkc_shapes *shapes, int64_t number, const pkc_text *fields) {
    const pkc_shape *shape = shapes->table[number];
    int64_t size = PKC_SHAPE_HEADER_BYTES;
    for (int32_t i = 0; i < shape->used_count; i++) {
        int64_t own = fields[shape->used[i]].size;
        size += varint_bytes(own) + own;
    }
    return size;
}

void pkc_shape_pack(const pkc_shapes *shapes, int64_t number, const pkc_text *fields,
                    int64_t size, uint8_t *packed_out) {
    const pkc_shape *shape = shapes->table[number];
    uint32_t header[2] = {(uint32_t)number, (uint32_t)size};
    memcpy(packed_out, header, PKC_SHAPE_HEADER_BYTES);
    uint8_t *at = packed_out + PKC_SHAPE_HEADER_BYTES;
    for (int32_t i = 0; i < shape->used_count; i++) {
        at = varint_write(at, fields[shape->used[i]].size);
    }
    for (int32_t i = 0; i < shape->used_count; i++) {
        const pkc_text *field = &fields[shape->used[i]];
        if (field->size > 0) {
            memcpy(at, field->data, (size_t)field->size);
        }
        at += field->size;
    }
    PKC_CHECK(at == packed_out + size);
}

/* A form or shape, and the fields that its gaps show. */
typedef struct {
    const char *text;
    int64_t text_size;
    const int32_t *gaps;
    int64_t gap_count;
    const pkc_text *fields;
} filled;

static char *piece_copy(char *out, const char *data, int64_t size) {
    if (size > 0) {
        memcpy(out, data, (size_t)size);
    }
    return out + size;
}

static void write_pieces(const filled *f, char *out) {
    int64_t at = 0;
    for (int64_t i = 0; i < f->gap_count; i++) {
        int32_t stop = f->gaps[2 * i];
        const pkc_text *field = &f->fields[f->gaps[2 * i + 1]];
        out = piece_copy(out, f->text + at, stop - at);
        out = piece_copy(out, field->data, field->size);
        at = stop;
    }
    piece_copy(out, f->text + at, f->text_size - at);
}

/* `fields_out` has room for PKC_SHAPE_FIELDS_MAX. */
static filled unpack(const pkc_shapes *shapes, const uint8_t *packed, pkc_text *fields_out) {
    const pkc_shape *shape = shapes->table[pkc_packed_shape(packed)];
    const uint8_t *at = packed + PKC_SHAPE_HEADER_BYTES;
    for (int32_t i = 0; i < shape->used_count; i++) {
        at = varint_read(at, &fields_out[i].size);
    }
    for (int32_t i = 0; i < shape->used_count; i++) {
        fields_out[i].data = (const char *)at;
        at += fields_out[i].size;
    }
    PKC_CHECK(at == packed + pkc_packed_bytes(packed));
    return (filled){.text = text_of(shape),
                    .text_size = shape->text_size,
                    .gaps = shape->gaps,
                    .gap_count = shape->gap_count,
                    .fields = fields_out};
}

void pkc_shape_fill(const pkc_shapes *shapes, const uint8_t *packed, char *value_out) {
    pkc_text fields[PKC_SHAPE_FIELDS_MAX];
    filled f = unpack(shapes, packed, fields);
    write_pieces(&f, value_out);
}

void pkc_shape_walk(const pkc_shapes *shapes, const uint8_t *packed, pkc_piece_visit visit,
                    void *context) {
    pkc_text fields[PKC_SHAPE_FIELDS_MAX];
    filled f = unpack(shapes, packed, fields);
    int64_t at = 0;
    for (int64_t i = 0; i < f.gap_count; i++) {
        const pkc_text *field = &f.fields[f.gaps[2 * i + 1]];
        if (!visit(context, f.text + at, f.gaps[2 * i] - at) ||
            !visit(context, field->data, field->size)) {
            return;
        }
        at = f.gaps[2 * i];
    }
    visit(context, f.text + at, f.text_size - at);
}

void pkc_form_write(const pkc_form *form, const pkc_text *fields, char *value_out) {
    filled f = {.text = form->text,
                .text_size = form->size,
                .gaps = form->gaps,
                .gap_count = form->gap_count,
                .fields = fields};
    write_pieces(&f, value_out);
}

int64_t pkc_packed_bytes(const uint8_t *packed) {
    uint32_t header[2];
    memcpy(header, packed, PKC_SHAPE_HEADER_BYTES);
    return header[1];
}

int64_t pkc_packed_shape(const uint8_t *packed) {
    uint32_t header[2];
    memcpy(header, packed, PKC_SHAPE_HEADER_BYTES);
    return header[0];
}

const char *pkc_shapes_validate(const pkc_shapes *shapes, const int64_t *counts) {
    int64_t bytes = shapes->capacity * (int64_t)sizeof(pkc_shape *);
    for (int64_t number = 0; number < shapes->capacity; number++) {
        const pkc_shape *shape = shapes->table[number];
        int64_t expected = counts[number];
        for (int slot = 0; slot < PKC_SHAPE_CACHE_SLOTS; slot++) {
            expected += shapes->cache[slot].id != 0 && shapes->cache[slot].number == number;
        }
        if ((shape == NULL ? 0 : shape->references) != expected) {
            return "a shape has other references than versions";
        }
        bytes += shape == NULL ? 0 : shape->bytes;
    }
    return bytes == shapes->bytes ? NULL : "the shapes take other bytes than are counted";
}
