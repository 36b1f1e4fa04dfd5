/* The engine's invariants, checked from scratch. */
#include "engine/state/engine.h"

#define CLAIM(condition, words)                                                             \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            *reason_out = words;                                                            \
            return __LINE__;                                                                \
        }                                                                                   \
    } while (0)

static int validate_row(const pkc_engine *e, int32_t row, int32_t *pods_out,
                        const char **reason_out) {
    const node *n = &e->nodes[row];
    int64_t sum[PKC_RESOURCE_COUNT_MAX] = {0};
    int64_t nonzero_cpu = 0;
    int64_t nonzero_memory = 0;
    int32_t count = 0;
    int32_t previous = -1;
    for (int32_t slot = n->first_pod; slot >= 0; slot = e->pods.data[slot].next) {
        const pod *p = &e->pods.data[slot];
        CLAIM(p->row == row, "a pod in a row's list says it is elsewhere");
        CLAIM(p->previous == previous, "a row's list of pods is broken");
        CLAIM(p->class_index >= 0 && p->class_index < e->classes.count, "a pod has no class");
        const pod_class *c = &e->classes.data[p->class_index];
        for (int64_t i = 0; i < c->request.count; i++) {
            sum[c->request.data[i].resource] += c->request.data[i].amount;
        }
        nonzero_cpu += c->nonzero_cpu;
        nonzero_memory += c->nonzero_memory;
        previous = slot;
        count++;
        CLAIM(count <= e->pod_count, "a row's list of pods is endless");
    }
    CLAIM(n->alive || count == 0, "a removed node holds pods");
    for (int32_t r = 0; r < e->resource_count; r++) {
        CLAIM(pkc_column_requested(e, r)[row] == sum[r], "requested is not the sum over the pods");
    }
    CLAIM(pkc_column(e, PKC_FIELD_POD_COUNT)[row] == count, "pod count is off");
    CLAIM(pkc_column(e, PKC_FIELD_NONZERO_CPU)[row] == nonzero_cpu, "nonzero cpu is off");
    CLAIM(pkc_column(e, PKC_FIELD_NONZERO_MEMORY)[row] == nonzero_memory,
          "nonzero memory is off");
    for (int32_t d = 0; d < PKC_DEVICE_COUNT_MAX; d++) {
        int32_t free_milli = e->device_free[(int64_t)row * PKC_DEVICE_COUNT_MAX + d];
        CLAIM(d < n->device_count ? free_milli >= 0 && free_milli <= PKC_DEVICE_MILLI
                                  : free_milli == -1,
              "a device is over-committed");
    }
    CLAIM(n->touched <= e->log_position, "a row was touched after the last change");
    CLAIM(n->touched == 0 || e->log_position - n->touched >= LOG_ROWS ||
              e->log[(n->touched - 1) % LOG_ROWS] == row,
          "the log does not have the last change of a row");
    *pods_out += count;
    return 0;
}

int pkc_engine_validate(const pkc_engine *e, const char **reason_out) {
    int32_t pods = 0;
    int32_t alive = 0;
    for (int32_t row = 0; row < e->row_count; row++) {
        int line = validate_row(e, row, &pods, reason_out);
        if (line != 0) {
            return line;
        }
        alive += e->nodes[row].alive;
    }
    CLAIM(pods == e->pod_count, "pods are lost or counted twice");
    CLAIM(alive == e->alive_count, "the number of nodes is off");
    int64_t free_slots = 0;
    for (int32_t slot = e->free_pod; slot >= 0; slot = e->pods.data[slot].next) {
        free_slots++;
        CLAIM(free_slots <= e->pods.count, "the list of free slots is endless");
    }
    CLAIM(free_slots + pods == e->pods.count, "a slot is neither free nor taken");
    int64_t bytes = 0;
    for (int64_t i = 0; i < e->classes.count; i++) {
        bytes += e->classes.data[i].cache.bytes;
    }
    CLAIM(bytes == e->cache_bytes, "the bytes of the caches are off");
    return 0;
}
