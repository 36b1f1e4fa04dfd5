"""Pages of documentation as somebody reads them: files saved, code run, commands typed in order."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

DOCS = Path(__file__).parents[2] / "docs"
TUTORIAL = DOCS / "tutorial.md"
SNAPSHOT = DOCS / "tutorial" / "cluster.json"

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A block under a line that ends so is the content of that file.
FILE_NAME = re.compile(r"`([\w.-]+)`:$")
# Real time, all that differs from one run to the next.
SPEED = re.compile(r"in [\d.]+ s \([\d,]+/s\)$", re.MULTILINE)

# Answers `kubectl get KINDS -A -o json` from a file, as a cluster would.
KUBECTL = """\
import json, sys
from pathlib import Path
verb, words, *flags = sys.argv[1:]
assert verb == "get" and flags == ["-A", "-o", "json"], sys.argv
short = {"pv": "persistentvolumes", "pvc": "persistentvolumeclaims", "pdb": "poddisruptionbudgets"}
asked = {short.get(word, word) for word in words.split(",")}
found = json.loads(Path(%r).read_text(encoding="utf-8"))
def plural(kind):
    return kind.lower() + ("es" if kind.endswith("s") else "s")
found["items"] = [item for item in found["items"] if plural(item["kind"]) in asked]
print(json.dumps(found))
"""


class Block(NamedTuple):
    """A fenced block: the line above it, its language and its text."""

    above: str
    language: str
    text: str

    def commands(self):
        """Yield every command of a console with what is printed below it."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


class Reader:
    """Does what a page says, in a folder of its own.

    Parameters
    ----------
    folder
        Where to work; empty.
    snapshot
        What the cluster holds that `kubectl` is asked for.
    """

    def __init__(self, folder, snapshot):
        self.folder = folder
        self._bin = folder / ".bin"
        self._bin.mkdir()
        (self._bin / "kubectl.py").write_text(KUBECTL % str(snapshot))
        self._command("kubectl", sys.executable, str(self._bin / "kubectl.py"))
        self._command("pykube", sys.executable, "-m", "pykube_core")

    def _command(self, name, *words):
        path = self._bin / name
        path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        path.chmod(0o755)

    def run(self, command):
        """Return what a command shows on a terminal, errors among it where they come."""
        path = f"{self._bin}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env={**os.environ, "PATH": path, "COLUMNS": "100", "PYTHONUNBUFFERED": "1"},
            check=False,
        )
        return done.stdout

    def follow(self, page):
        """Do what every block of a page says; yield each command, what is shown, what came."""
        for block in blocks(page):
            name = FILE_NAME.search(block.above)
            if block.language == "console":
                for command, shown in block.commands():
                    yield command, shown, self.run(command)
            elif name:
                (self.folder / name[1]).write_text(block.text)
            elif block.language == "python":
                (self.folder / "block.py").write_text(block.text)
                yield block.text, "", self.run(f"{shlex.quote(sys.executable)} block.py")


def blocks(page):
    """Return the fenced blocks of a page in order."""
    return [
        Block(page[: found.start()].rstrip().rpartition("\n")[2], *found.groups())
        for found in FENCE.finditer(page)
    ]


def steady(text):
    """Return a text without the real time in it, and without the newline at its end."""
    return SPEED.sub("in no time", text).rstrip()


def write_outputs(path, folder, snapshot):
    """Put into a page what its commands print now."""
    page = path.read_text(encoding="utf-8")
    for command, shown, found in Reader(folder, snapshot).follow(page):
        if steady(shown) != steady(found):
            page = page.replace(f"$ {command}\n{shown}", f"$ {command}\n{found.rstrip()}\n", 1)
    path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    # For whoever changed what a command prints: run it, and read the difference before it goes in.
    with TemporaryDirectory() as made:
        write_outputs(TUTORIAL, Path(made), SNAPSHOT)
