import io

from pykube_core.cli import progress
from pykube_core.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_nothing_is_drawn_without_a_terminal():
    stream = io.StringIO()
    with Progress("work", stream) as bar:
        bar(1, 2)
    assert stream.getvalue() == ""


def test_bar_shows_the_share_and_cleans_up(monkeypatch):
    monkeypatch.setattr(progress, "FRAME_SECONDS", 0)
    stream = Terminal()
    with Progress("work", stream) as bar:
        bar(1, 2)
    assert "work" in stream.getvalue()
    assert " 50%" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_bar_is_drawn_at_most_ten_times_a_second():
    stream = Terminal()
    with Progress("work", stream) as bar:
        for done in range(1000):
            bar(done, 1000)
    assert stream.getvalue().count("work") <= 2
