/* Layout of profile and class programs: int64 words in sections, each
 *
 *     tag, payload_count, payload...
 *
 * A section appears at most once but for PKC_CLASS_SELECTOR; one that is absent is empty.
 *
 * selector (a disjunction of terms, each a conjunction of requirements):
 *     term_count, { requirement_count, { operator, key, number, value_count, value... }... }...
 * Values ascend. number is the bound of GREATER_THAN and LESS_THAN. A selector of no terms matches
 * nothing, a term of no requirements everything. */
#ifndef PKC_PROGRAM_H
#define PKC_PROGRAM_H

enum {
    PKC_PROFILE_FILTERS = 1,  /* plugin... in the order in which they run */
    PKC_PROFILE_SCORERS = 2,  /* { plugin, weight }... */
    PKC_PROFILE_FIT = 3,      /* strategy, resource_count, { resource, weight }...,
                                 shape_count, { utilization, score }... with scores 0..100 */
    PKC_PROFILE_BALANCED = 4, /* resource... */
    PKC_PROFILE_PACKING = 5,  /* resource... that BestFit, WorstFit and DotProduct weigh even if
                                 the pod does not ask for them */

    PKC_CLASS_PROFILE = 32,       /* profile */
    PKC_CLASS_REQUEST = 33,       /* { resource, amount }... resources ascending: accounted */
    PKC_CLASS_FILTER_REQUEST = 34, /* the same for the Fit filter, if it differs */
    PKC_CLASS_SCORE_REQUEST = 35, /* the same for the Fit scorers, with non-zero defaults */
    PKC_CLASS_NONZERO = 36,       /* cpu, memory: accounted with non-zero defaults */
    PKC_CLASS_TOLERATIONS = 37,   /* { key or -1, 1 if Exists, value, effect or -1 }... */
    PKC_CLASS_NODE_NAME = 38,     /* value */
    PKC_CLASS_NODE_SET = 39,      /* value... of node names, ascending */
    PKC_CLASS_SELECTOR = 40,      /* reason, selector: a required one; refused with the reason */
    PKC_CLASS_PREFERRED = 41,     /* { weight, requirement_count, requirement... }... */
    PKC_CLASS_DEVICES = 42        /* count, milli of each */
};

#endif
