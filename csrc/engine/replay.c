/* Pods that come and go in a given order, until somebody has to decide. */
#include "engine/rules/node_resources_fit.h"

static int replay_valid(const pkc_engine *e, const pkc_replay *r, int64_t begin, int64_t end) {
    if (begin < 0 || begin > end || r->waiting_count < 0) {
        return PKC_ERR_INVALID;
    }
    for (int64_t i = begin; i < end; i++) {
        if (r->pods[i] < 0 || r->pods[i] >= r->pod_count) {
            return PKC_ERR_NOT_FOUND;
        }
    }
    for (int32_t k = 0; k < r->waiting_count; k++) {
        if (r->waiting[k] < 0 || r->waiting[k] >= e->classes.count) {
            return PKC_ERR_NOT_FOUND;
        }
    }
    return PKC_OK;
}

/* 1 if a waiting class has room on the row. */
static int someone_has_room(const pkc_engine *e, const pkc_replay *r, int32_t row) {
    for (int32_t k = 0; k < r->waiting_count; k++) {
        if (pkc_fit_has_room(e, &e->classes.data[r->waiting[k]], row)) {
            return 1;
        }
    }
    return 0;
}

/* Takes off the pods that leave in the instant of event at, up to end; *at is behind them then.
 * 1 if the caller has to look: a pod was on no row, or one that waits has room now. */
static int leave(pkc_engine *e, const pkc_replay *r, int64_t *at, int64_t end) {
    int64_t first = *at;
    int look = 0;
    int status = PKC_OK;
    while (status == PKC_OK && *at < end && r->leaves[*at] &&
           r->when_ns[*at] == r->when_ns[first]) {
        int32_t p = r->pods[(*at)++];
        if (r->slots[p] < 0) {
            look = 1;
        } else {
            status = pkc_engine_remove(e, 1, &r->slots[p]);
        }
    }
    for (int64_t i = first; status == PKC_OK && i < *at; i++) {
        int32_t row = r->rows[r->pods[i]];
        if (!look && row >= 0) {
            look = r->waits_anywhere || someone_has_room(e, r, row);
        }
    }
    return status < 0 ? status : look;
}

int pkc_engine_replay(pkc_engine *e, const pkc_replay *r, int64_t begin, int64_t end,
                      int64_t *end_out) {
    *end_out = begin;
    int status = replay_valid(e, r, begin, end);
    int64_t at = begin;
    while (status == PKC_OK && at < end) {
        if (r->leaves[at]) {
            status = leave(e, r, &at, end);
        } else {
            int32_t p = r->pods[at++];
            int64_t done;
            status = pkc_engine_place(e, 1, &r->classes[p], 0, &r->rows[p], &r->slots[p], &done);
            status = status < 0 ? status : status == 0;
        }
        *end_out = at;
    }
    return status;
}

int pkc_engine_room(const pkc_engine *e, int32_t class_count, const int32_t *classes,
                    int32_t row_count, const int32_t *rows, uint8_t *room_out) {
    for (int32_t i = 0; i < row_count; i++) {
        if (rows[i] < 0 || rows[i] >= e->row_count) {
            return PKC_ERR_NOT_FOUND;
        }
    }
    for (int32_t k = 0; k < class_count; k++) {
        if (classes[k] < 0 || classes[k] >= e->classes.count) {
            return PKC_ERR_NOT_FOUND;
        }
        room_out[k] = 0;
        for (int32_t i = 0; i < row_count && !room_out[k]; i++) {
            room_out[k] = (uint8_t)pkc_fit_has_room(e, &e->classes.data[classes[k]], rows[i]);
        }
    }
    return PKC_OK;
}
