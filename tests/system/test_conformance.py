import gzip
import json
from pathlib import Path

VECTORS = Path(__file__).parents[1] / "conformance" / "kube-scheduler-v1.34.1"
SMALL = VECTORS / "taints-tolerations"


def test_last_line_counts_and_agreement_is_success(pykube):
    done = pykube("conformance", SMALL)
    assert done.stdout.splitlines()[-1] == "decisions: 290 of 290 agree, scenarios: 15 of 15"


def test_a_disagreement_is_shown_and_fails(pykube, tmp_path):
    document = json.loads(gzip.decompress((SMALL / "fuzz-00.json.gz").read_bytes()))
    document["expected"][0]["placed"] = "elsewhere"
    (tmp_path / "changed.json").write_text(json.dumps(document))
    done = pykube("conformance", "changed.json", code=1)
    assert 'expected "elsewhere"' in done.stdout
    assert done.stdout.splitlines()[-1].endswith("scenarios: 0 of 1")


def test_json_is_one_document(pykube):
    done = pykube("conformance", SMALL, "--json", "--engine", "twin")
    assert json.loads(done.stdout)["families"]["taints-tolerations"]["decisions_agreed"] == 290
    assert done.stderr.splitlines()[-1].startswith("decisions: 290 of 290")


def test_a_path_that_does_not_exist_is_bad_input(pykube):
    assert "no such file" in pykube("conformance", "nowhere", code=2).stderr
