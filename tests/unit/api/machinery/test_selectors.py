import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykube_core.api.machinery.selectors import (
    EVERYTHING,
    NOTHING,
    NodeSelectorTerm,
    Operator,
    Requirement,
    SelectorError,
    parse_int64,
    parse_label_selector,
    parse_node_selector,
    selector_of_labels,
)


def expression(key, operator, *values):
    return {"key": key, "operator": operator, "values": list(values)}


def term(*expressions):
    return {"matchExpressions": list(expressions)}


def test_null_selects_nothing_and_empty_selects_everything():
    assert parse_label_selector(None) == NOTHING
    assert not NOTHING.matches({})
    for empty in ({}, {"matchLabels": {}}, {"matchLabels": None, "matchExpressions": []}):
        assert parse_label_selector(empty) == EVERYTHING
    assert EVERYTHING.matches({})
    assert selector_of_labels(None).everything


@pytest.mark.parametrize(
    ("requirement", "with_a", "without"),
    [
        (expression("k", "In", "a", "b"), True, False),
        (expression("k", "In", "b"), False, False),
        (expression("k", "NotIn", "a"), False, True),
        (expression("k", "NotIn", "b"), True, True),
        (expression("k", "Exists"), True, False),
        (expression("k", "DoesNotExist"), False, True),
        (expression("k", "In", ""), False, False),
    ],
)
def test_operators_hold_on_present_and_absent_keys_as_upstream(requirement, with_a, without):
    selector = parse_label_selector({"matchExpressions": [requirement]})
    assert selector.matches({"k": "a", "x": "y"}) is with_a
    assert selector.matches({"x": "y"}) is without
    node_selector = parse_node_selector({"nodeSelectorTerms": [term(requirement)]})
    assert node_selector.matches({"k": "a"}, "n") is with_a
    assert node_selector.matches({}, "n") is without


@pytest.mark.parametrize(
    ("operator", "bound", "value", "held"),
    [
        ("Gt", "5", "6", True), ("Gt", "5", "5", False), ("Lt", "5", "-7", True),
        ("Lt", "5", "", False), ("Gt", "5", "6.0", False), ("Gt", "5", "1_0", False),
        ("Lt", "5", "99999999999999999999", False), ("Gt", "5", "007", True),
        ("Gt", "9223372036854775806", "9223372036854775807", True),
    ],
)  # fmt: skip
def test_gt_and_lt_compare_int64_and_anything_else_does_not_match(operator, bound, value, held):
    selector = parse_node_selector({"nodeSelectorTerms": [term(expression("k", operator, bound))]})
    assert selector.matches({"k": value}, "n") is held
    assert not selector.matches({}, "n")


def test_empty_terms_select_no_node():
    assert parse_node_selector({"nodeSelectorTerms": [{}, None, term()]}).terms == ()
    assert not parse_node_selector(None).matches({}, "n")


def test_one_bad_term_matches_nothing_and_leaves_the_others_alone():
    bad, good = term(expression("k", "Near", "a")), term(expression("k", "In", "a"))
    selector = parse_node_selector({"nodeSelectorTerms": [bad, good]})
    assert selector.terms[0].error == '"Near" is not supported'
    assert selector.matches({"k": "a"}, "n")


def test_match_fields_compare_the_name_alone():
    one = {"matchFields": [expression("metadata.name", "In", "n1")]}
    other = {"matchFields": [expression("metadata.name", "NotIn", "n1")]}
    foreign = {"matchFields": [expression("spec.x", "In", "n1")]}
    for fields, names in ((one, ["n1"]), (other, ["n2"]), (foreign, [])):
        selector = parse_node_selector({"nodeSelectorTerms": [fields]})
        assert [name for name in ("n1", "n2") if selector.matches({}, name)] == names
    several = {"matchFields": [expression("metadata.name", "In", "n1", "n2")]}
    (parsed,) = parse_node_selector({"nodeSelectorTerms": [several]}).terms
    assert parsed.error == "must have one element"


@pytest.mark.parametrize(
    ("selector", "reason"),
    [
        ({"matchExpressions": [expression("k", "Gt", "1")]}, "is not a valid label selector"),
        ({"matchExpressions": [{"key": "k"}]}, '"" is not a valid label selector operator'),
        ({"matchExpressions": [expression("k", "In")]}, "values set can't be empty"),
        ({"matchExpressions": [expression("k", "Exists", "a")]}, "values set must be empty"),
        ({"matchExpressions": [expression("bad key", "Exists")]}, "name part must consist of"),
        ({"matchLabels": {"k": "bad value"}}, "a valid label must be an empty string"),
    ],
)
def test_unreadable_label_selectors_say_why(selector, reason):
    with pytest.raises(SelectorError) as error:
        parse_label_selector(selector)
    assert reason in str(error.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("+5", 5), ("-0", 0), ("9223372036854775808", None), (" 5", None), ("٣", None), ("", None)],
)
def test_int64_is_read_as_go_reads_it(text, value):
    assert parse_int64(text) == value


keys, values = st.sampled_from("abc"), st.sampled_from("xyz")
expressions = st.one_of(
    st.builds(expression, keys, st.sampled_from(["In", "NotIn"]), values, values, values),
    st.builds(expression, keys, st.sampled_from(["Exists", "DoesNotExist"])),
)


@given(st.lists(expressions, max_size=5), st.randoms(), st.dictionaries(keys, values))
def test_order_and_repetition_change_neither_identity_nor_meaning(wanted, random, labels):
    selector = parse_label_selector({"matchExpressions": wanted})
    shuffled = wanted + wanted[:1]
    random.shuffle(shuffled)
    assert parse_label_selector({"matchExpressions": shuffled}) == selector
    assert hash(parse_label_selector({"matchExpressions": shuffled})) == hash(selector)
    assert selector.matches(labels) == all(r.matches(labels) for r in selector.requirements)


def test_ten_thousand_terms_parse_at_once():
    many = [term(expression("k", "In", f"v{i}")) for i in range(10_000)]
    selector = parse_node_selector({"nodeSelectorTerms": many})
    assert selector.terms[9_999] == NodeSelectorTerm((Requirement("k", Operator.IN, ("v9999",)),))
    assert selector.matches({"k": "v9999"}, "n")
