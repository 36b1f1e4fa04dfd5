from pykube_core.api.machinery.errors import InputError


def test_text_is_one_line_that_names_file_object_field_and_reason():
    error = InputError(
        'no node is called "n7"',
        source="pods.json",
        object="Pod default/web-1",
        field="spec.nodeName",
    )
    assert str(error) == 'pods.json: Pod default/web-1: spec.nodeName: no node is called "n7"'
    assert str(InputError("line 1\nline 2")) == "line 1 line 2"


def test_within_fills_in_only_what_is_not_known():
    error = InputError("bad", field="spec").within("a.json", "Pod default/x").within("b.json", "y")
    assert str(error) == "a.json: Pod default/x: spec: bad"


def test_field_that_the_reason_names_is_not_said_twice():
    reason = 'Pod "x" is invalid: spec.priority: Invalid value: 1: too low'
    error = InputError(reason, object="Pod default/x", field="spec.priority")
    assert str(error) == f"Pod default/x: {reason}"
    assert error.field == "spec.priority"
