import os
import stat

import pytest

from pykube_core.api.machinery.errors import InputError
from pykube_core.files import check_writable, write_file
from pykube_core.reports import check_suffix


def test_a_file_is_whole_or_not_there(tmp_path):
    def broken():
        yield b"half"
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.json"
    with pytest.raises(OSError, match="No space") as caught:
        write_file(path, broken())
    assert caught.value.filename == str(path)
    assert os.listdir(tmp_path) == []
    path.write_text("old")
    with pytest.raises(OSError, match="No space"):
        write_file(path, broken())
    assert path.read_text() == "old"
    assert write_file(path, [b"n", b"ew"]) == 3
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_failure_of_the_maker_leaves_the_old_file(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_file(path, (bytes([1 // n]) for n in (1, 0)))
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_permissions_stay_and_new_files_get_the_usual_ones(tmp_path):
    path, new = tmp_path / "a", tmp_path / "b"
    path.write_text("old")
    path.chmod(0o640)
    write_file(path, b"x")
    write_file(new, b"x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(new.stat().st_mode) == 0o666 & ~mask


def test_a_link_keeps_pointing_where_it_points(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    write_file(link, b"new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_device_is_written_as_it_is():
    assert write_file("/dev/null", b"gone") == 4
    check_writable("/dev/null")


def test_a_pipe_is_written_as_it_is(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write_file(path, b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)


def test_a_suffix_of_another_format_is_refused_with_those_that_are_had():
    check_suffix("r.html", "a report", (".html", ".htm"))
    check_suffix("R.HTM", "a report", (".html", ".htm"))
    check_suffix("r", "a report", (".html",))
    check_suffix("/dev/stdout", "a report", (".html",))
    with pytest.raises(InputError) as caught:
        check_suffix("r.pdf", "a report", (".html", ".htm"))
    assert str(caught.value) == "r.pdf: a report is not written as .pdf, only as .html or .htm"
