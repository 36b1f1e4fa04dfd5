import pytest

from pykube_core.api.machinery.times import micro_time_text, parse_time, time_text

TIME_NS = 1_795_407_362_123_456_000


def test_times_are_read_as_they_are_written():
    assert parse_time(micro_time_text(TIME_NS)) == TIME_NS
    assert parse_time(time_text(TIME_NS)) == TIME_NS // 10**9 * 10**9
    assert parse_time("2026-11-23T05:36:02+01:00") == parse_time("2026-11-23T04:36:02Z")


@pytest.mark.parametrize("text", ["", "now", "2026-11-23T04:36:02", "2026-11-23"])
def test_what_names_no_moment_is_refused(text):
    with pytest.raises(ValueError, match=r"time zone|isoformat"):
        parse_time(text)
