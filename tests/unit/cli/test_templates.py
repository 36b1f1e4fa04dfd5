"""Templates against what kubectl 1.37's own engines print, recorded in ``templates.json``.

Each case is a template, whether members may be missing, the output and the error.
"""

import json
from pathlib import Path

import pytest

from pykube_core.cli.output.go_template import GoTemplate
from pykube_core.cli.output.jsonpath import JsonPath
from pykube_core.cli.output.jsonpath_nodes import JsonPathError
from pykube_core.cli.output.template_lexer import TemplateError

RECORDED = json.loads(Path(__file__).with_name("templates.json").read_text(encoding="utf-8"))
OBJECT = RECORDED["object"]


def printed(engine, error, template, missing):
    try:
        return [engine(template, missing_keys=missing).text(OBJECT), ""]
    except error as found:
        return ["", str(found)]


@pytest.mark.parametrize("case", RECORDED["jsonpath"], ids=lambda case: f"{case[0]}-{case[1]}")
def test_jsonpath_prints_what_kubectl_prints(case):
    template, missing, *expected = case
    assert printed(JsonPath, JsonPathError, template, missing) == expected


@pytest.mark.parametrize("case", RECORDED["go-template"], ids=lambda case: f"{case[0]}-{case[1]}")
def test_go_templates_print_what_kubectl_prints(case):
    template, missing, *expected = case
    assert printed(GoTemplate, TemplateError, template, missing) == expected


def test_jsonpath_as_json_is_a_list_for_each_part():
    assert JsonPath("{.nums[0:2]}").text(OBJECT, as_json=True) == "[\n    1,\n    2\n]\n"


def test_a_wildcard_takes_members_in_the_order_of_their_names():
    assert JsonPath("{.*}").text({"b": 2, "a": "one"}) == "one 2"


def test_a_recursive_descent_finds_members_at_any_depth():
    obj = {"name": "a", "items": [{"name": "b"}, {"deep": {"name": "c"}}]}
    assert JsonPath("{..name}").text(obj) == "a b c"


def test_a_template_that_calls_itself_ends():
    template = '{{define "T"}}{{template "T"}}{{end}}{{template "T"}}'
    with pytest.raises(TemplateError, match="exceeded maximum template depth"):
        GoTemplate(template).text({})
