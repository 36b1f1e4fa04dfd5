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
    PKC_PROFILE_AFFINITY = 6, /* hardPodAffinityWeight, 1 to ignore preferred terms of existing
                                 pods where the pod has none */

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
    PKC_CLASS_DEVICES = 42,       /* count, milli of each */
    PKC_CLASS_POD = 43,           /* namespace, priority, 1 if terminating, 1 if external masks
                                     apply */
    PKC_CLASS_LABELS = 44,        /* { key, value }... keys ascending */
    PKC_CLASS_PORTS = 45,         /* { ip, protocol, port }... */
    PKC_CLASS_IMAGES = 46,        /* container count, image... */
    PKC_CLASS_FLAGS = 47,         /* 1 if soft spread constraints need all keys, 1 if the pod
                                     matches all of its own affinity terms */
    PKC_CLASS_SPREAD = 48,        /* { 1 if hard, key, 1 if hostname, max skew, min domains, matcher,
                                     1 if the pod matches, 1 if affinity is honoured, 1 if taints
                                     are }... */
    PKC_CLASS_AFFINITY = 49,      /* { matcher, held matcher, key, weight }... */
    PKC_CLASS_ANTI_AFFINITY = 50, /* the same */
    PKC_CLASS_PREFERRED_PODS = 51, /* the same, weights negative for anti-affinity */
    PKC_CLASS_DISKS = 52,         /* { token, 1 if read only, 1 if exclusive }... */
    PKC_CLASS_CLAIMS = 53,        /* { claim, name }... */
    PKC_CLASS_ONCE_CLAIMS = 54,   /* { claim, name }... */
    PKC_CLASS_CSI_VOLUMES = 55    /* { driver, volume }... distinct */
};

#endif
