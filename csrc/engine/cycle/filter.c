/* Filters, by the table of rules. */
#include "engine/cycle/filter.h"

#include "engine/rules/table.h"

int pkc_prepare(pkc_engine *e, int32_t class_index) {
    pod_class *c = &e->classes.data[class_index];
    e->prepared = (prepared){0};
    PKC_TRY(pkc_rules[PKC_PLUGIN_NONE]->prepare(e, c));
    for (plugin_set left = c->prepares; left != 0; left = pkc_rest(left)) {
        int32_t plugin = pkc_first(left);
        int found = pkc_rules[plugin]->prepare == NULL ? 1 : pkc_rules[plugin]->prepare(e, c);
        if (found < 0) {
            return found;
        }
        if (found > 0) {
            e->prepared.masks |= pkc_bit(plugin) & c->filters_others;
        }
    }
    return PKC_OK;
}

void pkc_filter_row(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    *out = (verdict){0, PKC_PLUGIN_NONE, PKC_CODE_FITS};
    if (!e->nodes[row].alive) {
        out->code = PKC_CODE_NO_NODE;
        return;
    }
    if (pkc_outside_node_set(c, &e->nodes[row])) {
        out->code = PKC_CODE_UNRESOLVABLE;
        return;
    }
    const profile *p = pkc_profile_of(e, c);
    for (int32_t i = 0; i < p->filter_count; i++) {
        uint8_t plugin = p->filters[i];
        if (pkc_has(c->filters, plugin)) {
            pkc_rules[plugin]->filter_row(e, c, row, out);
        }
        if (out->code != PKC_CODE_FITS) {
            out->plugin = plugin;
            return;
        }
    }
}

static int all_admit(pkc_engine *e, const pod_class *c, int32_t row, plugin_set plugins) {
    for (plugin_set left = plugins; left != 0; left = pkc_rest(left)) {
        if (!pkc_rules[pkc_first(left)]->admits(e, c, row)) {
            return 0;
        }
    }
    return 1;
}

int pkc_admits_node(pkc_engine *e, const pod_class *c, int32_t row) {
    const node *n = &e->nodes[row];
    return n->alive && !pkc_outside_node_set(c, n) && all_admit(e, c, row, c->filters_node);
}

int pkc_admits_row(pkc_engine *e, const pod_class *c, int32_t row) {
    return all_admit(e, c, row, c->filters_row);
}

void pkc_mask(pkc_engine *e, const pod_class *c, double *total) {
    for (plugin_set left = e->prepared.masks; left != 0; left = pkc_rest(left)) {
        pkc_rules[pkc_first(left)]->mask(e, c, total);
    }
}
