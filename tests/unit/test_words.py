import re
from pathlib import Path

import pykube_core
from pykube_core.words import counted

SOURCES = Path(pykube_core.__file__).parent
# Texts of Kubernetes and kubectl, which do not bend their nouns.
UPSTREAM = {
    "containers.py",
    "bootstrap.py",
    "preemption.py",
    "decision.py",
    "namespace.py",
    "descriptions.py",
}


def test_numbers_and_their_nouns_agree():
    assert counted(1, "pod") == "1 pod"
    assert counted(0, "pod") == "0 pods"
    assert counted(2000, "policy", "policies") == "2,000 policies"


def test_no_line_for_people_counts_things_without_the_helper():
    nouns = "nodes|pods|keys|versions|leases|replicas|restarts|decisions|cycles"
    pattern = re.compile(rf"\{{[^{{}}]*(count|len\(|:,)[^{{}}]*\}} (scheduling )?({nouns})\b")
    for path in SOURCES.rglob("*.py"):
        if path.name not in UPSTREAM:
            assert not pattern.findall(path.read_text(encoding="utf-8")), path
