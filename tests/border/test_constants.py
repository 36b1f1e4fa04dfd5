import pytest

from _pykube_hotcore import program
from _pykube_hotcore.constants import STORE_OPERATIONS_MAX, C
from pykube_core.apiserver.registry.batch import TXN_OPERATIONS_MAX
from pykube_core.store import OPERATIONS_MAX

ROWS = [
    (program.SpreadConstraint, C.PKC_SPREAD_WORDS),
    (program.PodTerm, C.PKC_POD_TERM_WORDS),
    (program.Toleration, C.PKC_TOLERATION_WORDS),
    (program.Disk, C.PKC_DISK_WORDS),
    (program.Port, C.PKC_PORT_WORDS),
]


@pytest.mark.parametrize(("row", "words"), ROWS, ids=lambda x: getattr(x, "__name__", ""))
def test_rows_have_as_many_fields_as_the_header_has_words(row, words):
    assert len(row._fields) == words


def test_fields_of_a_spread_constraint_stand_where_the_header_says():
    fields = program.SpreadConstraint._fields
    places = {
        "hard": C.PKC_SPREAD_HARD,
        "key": C.PKC_SPREAD_KEY,
        "is_hostname": C.PKC_SPREAD_HOSTNAME,
        "max_skew": C.PKC_SPREAD_MAX_SKEW,
        "min_domains": C.PKC_SPREAD_MIN_DOMAINS,
        "matcher": C.PKC_SPREAD_MATCHER,
        "self_match": C.PKC_SPREAD_SELF_MATCH,
        "honor_affinity": C.PKC_SPREAD_HONOR_AFFINITY,
        "honor_taints": C.PKC_SPREAD_HONOR_TAINTS,
    }
    assert {name: fields.index(name) for name in fields} == places


def test_plugins_number_from_none_to_the_header_s_count():
    assert [int(plugin) for plugin in program.Plugin] == list(range(C.PKC_PLUGIN_COUNT))


def test_a_batch_of_the_api_server_is_a_transaction_of_the_store():
    assert TXN_OPERATIONS_MAX == OPERATIONS_MAX == STORE_OPERATIONS_MAX == C.PKC_STORE_OPS_MAX
