import pytest

import pykube_core as pk
from pykube_core.api.machinery.errors import InputError
from pykube_core.reports.comparison import compare
from pykube_core.scheduler.policies.user_policy import node_fields, pod_fields, policy

HEAD = "import math, random\nimport numpy as np\n\ndef helper(node):\n    return 1\n\n"


@pytest.fixture(scope="module")
def work():
    return pk.synthetic(nodes=5, pods=20)


def fault(work, tmp_path, text):
    path = tmp_path / "own.py"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        compare(work, [f"{path}:score"])
    line = str(caught.value)
    assert line.startswith(f"{path}:score: ")
    assert "\n" not in line
    return line.removeprefix(f"{path}:score: ")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import math\n    return 1", "import inside the function: import at the top of the file"),
        ("from os import path\n    return 1", "import inside the function"),
        ("with open('x') as f:\n        return 1", "a with statement"),
        ("yield 1", "yield"),
        ("global G\n    return 1", "a global statement"),
        ("return sum(x for x in (1, 2))", "a generator expression: write a list in brackets"),
        ("node.pods = 1\n    return 1", "the node cannot be changed"),
        ("return random.random()", "a score depends on node and pod alone"),
        ("print(node)\n    return 1", "a score depends on node and pod alone"),
        ("return helper(node)", "decorate helper with numba.njit"),
        ("return open('x')", "Untyped global name 'open'"),
        ("return 'a'", "returns Literal[str](a), and not a number"),
        ("x = 1", "returns nothing, and not a number"),
        ("return nope", "name 'nope' is not defined"),
        ("try:\n        return 1\n    except ValueError as e:\n        return 2", "except clause"),
    ],
)
def test_what_python_a_policy_may_not_have_is_one_line_with_what_is_allowed(
    work, tmp_path, body, reason
):
    line = fault(work, tmp_path, f"{HEAD}def score(node, pod):\n    {body}\n")
    assert line.startswith("line ")
    assert reason in line
    assert "allowed are numbers, if, for" in line
    assert "docs/policies.md" in line


def test_an_unknown_field_is_one_line_with_the_line_and_the_fields(work, tmp_path):
    line = fault(work, tmp_path, "def score(node, pod):\n    x = 1\n    return node.free_gpus\n")
    assert line.startswith("line 3: cannot be compiled: Unknown attribute 'free_gpus' of node, ")
    assert "did you mean free_cpu?" in line
    for name in node_fields(("cpu", "memory", "ephemeral_storage")):
        assert name in line
    line = fault(work, tmp_path, "def score(node, pod):\n    return pod.name\n")
    assert "Unknown attribute 'name' of pod; its fields are cpu, memory, ephemeral_storage" in line
    assert 'resources={"gpu": "nvidia.com/gpu"}' in line


def test_fields_are_known_by_the_names_of_the_parameters(work, tmp_path):
    line = fault(work, tmp_path, "def score(n, p):\n    return n.fre_cpu\n")
    assert "did you mean free_cpu?" in line


@pytest.mark.parametrize("parameters", ["node", "node, pod, x", "", "*, node, pod"])
def test_another_number_of_parameters_is_one_line(work, tmp_path, parameters):
    line = fault(work, tmp_path, f"def score({parameters}):\n    return 1\n")
    assert "line 1: takes (" in line
    assert "a policy takes a node and a pod" in line


@pytest.mark.parametrize(
    "text",
    [
        "class score:\n    pass\n",
        "score = len\n",
        "import functools\nscore = functools.partial(max, 1)\n",
    ],
)
def test_what_is_no_python_function_is_one_line(work, tmp_path, text):
    assert "a policy is a Python function of a node and a pod" in fault(work, tmp_path, text)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return [1, 2][node.pods + 5]", "raised IndexError: getitem out of range"),
        ("if node.pods > 3:\n        return 1", "returned nothing for a node, and not a number"),
        ("assert node.pods < 0\n    return 1", "raised AssertionError"),
        ("return node.pods / (pod.cpu - pod.cpu)", "a score that is not a finite number"),
    ],
)
def test_what_goes_wrong_while_a_policy_runs_is_one_line(work, tmp_path, capfd, body, reason):
    assert reason in fault(work, tmp_path, f"def score(node, pod):\n    {body}\n")
    assert "Exception ignored" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "body",
    [
        "return sum([x for x in (node.pods, 2)])",
        "return math.sqrt(node.free_cpu)",
        "return np.sqrt(node.free_cpu)",
        "return node.pods > 1",
        "try:\n        return 1\n    except Exception:\n        return 2",
        "match node.pods:\n        case 1:\n            return 1\n    return 0",
        "node = pod\n    return node.cpu",
    ],
)
def test_what_numba_compiles_is_not_refused(work, tmp_path, body):
    path = tmp_path / "own.py"
    path.write_text(f"{HEAD}def score(node, pod):\n    {body}\n")
    assert compare(work, [f"{path}:score"]).runs


def test_functions_that_numba_has_compiled_and_lambdas_are_policies(work):
    import numba

    compiled = policy(numba.njit(lambda node, pod: node.free_cpu))
    assert compare(work, [compiled]).runs


def test_a_fault_of_a_function_of_a_module_names_its_file(work):
    @policy
    def mine(node, pod):
        return node.nope

    with pytest.raises(InputError) as caught:
        compare(work, [mine])
    assert str(caught.value).startswith(f"{__file__}:mine: line ")


def test_fields_are_those_that_the_kernel_has():
    from _pykube_hotcore.kernels import policy as kernel

    resources = ("cpu", "gpu")
    source = kernel._source({"cpu": 0, "gpu": 3})
    assert source.count("nodes[") == len(node_fields(resources)) + len(resources)
    assert pod_fields(resources) == resources


@pytest.mark.parametrize("parameters", ["node", "node, pod, *, weight=2", "node, pod, **more"])
def test_a_function_of_other_parameters_is_one_line_that_shows_them(work, tmp_path, parameters):
    line = fault(work, tmp_path, f"\ndef score({parameters}):\n    return 1\n")
    assert line == f"line 2: takes ({parameters}): a policy takes a node and a pod"


@pytest.mark.parametrize("resource", [7, None, ""])
def test_a_field_that_stands_for_no_resource_is_refused(resource):
    with pytest.raises(ValueError, match=r"gpu: .* is not the name of a resource"):
        policy(resources={"gpu": resource})


@pytest.mark.parametrize("table", ["np.zeros(3)", "(1.0, 2.0, 3.0)"])
def test_an_index_beyond_the_end_of_a_table_is_an_error_and_no_score(work, tmp_path, table):
    text = f"{HEAD}T = {table}\n\ndef score(node, pod):\n    return T[7 + node.pods]\n"
    assert "raised IndexError" in fault(work, tmp_path, text)
