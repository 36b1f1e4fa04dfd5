"""The ``pykube`` command.

Exit codes
----------
0
    Done.
1
    The command ran, and its answer is no.
2
    Bad usage, bad input, or a file that cannot be read or written; one line on stderr says which
    file, object and field.
130, 143
    Interrupted; terminated.
141
    The reader of the output went away.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pykube_core.workloads.contents import KUBECTL_COMMAND

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

EXIT_OK = 0
EXIT_NO = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_PIPE = 141

DESCRIPTION = "A whole Kubernetes in one Python process, with kube-scheduler's own decisions."
EPILOG = """\
commands:
{commands}

start here:
  pykube create deployment httpd --image=httpd --replicas=2      a cluster, and a deployment on it
  pykube get pods -o wide                                        where its pods run
  pykube timeline deployment/httpd                               how they came to run there

  pykube demo                                          several policies on a synthetic cluster
  pykube compare --snapshot cluster.json               what they would do with a cluster of yours
  pykube explain web-7d4b9 --snapshot cluster.json     why a pod of it goes to a node, or to none

a snapshot of your own cluster:
  {kubectl}

exit codes: 0 done, 1 the answer is no, 2 bad usage or input, 130 interrupted
"""


class Command(NamedTuple):
    """One line of the table of commands."""

    name: str
    module: str
    help: str


# Names and help lines stand here, so that `pykube --help` imports no command at all.
COMMANDS = (
    Command("init", "init", "make a cluster in a data directory"),
    Command("get", "get", "show objects, as kubectl get does"),
    Command("describe", "describe", "tell all about objects, with their events"),
    Command("create", "create", "create a deployment, a namespace, or what a file says"),
    Command("apply", "apply", "bring objects to what files say, as kubectl apply does"),
    Command("run", "run", "run an image in a pod"),
    Command("scale", "scale", "set the number of replicas"),
    Command("delete", "delete", "delete objects by name, label or file"),
    Command("timeline", "timeline", "tell the whole life of an object and of what it owns"),
    Command("demo", "demo", "compare policies on a synthetic cluster, no input needed"),
    Command("compare", "compare", "compare scheduling policies on your nodes and pods"),
    Command("generate", "generate", "write a synthetic cluster as a snapshot file"),
    Command("explain", "explain", "say why a pod goes to a node, or to none"),
    Command("conformance", "conformance", "recorded decisions of kube-scheduler against ours"),
    Command("up", "up", "start a control plane that kubectl and other clients can use"),
    Command("etcd", "etcd", "serve the etcd v3 API from an embedded store"),
    Command("store", "store", "check, compact, back up and dump a store's data directory"),
    Command("completion", "completion", "print a completion script for your shell"),
)


# kubectl's options that may go without a value take one behind `=` only.
_BARE = {
    "--cascade": "--cascade=background",
    "--dry-run": "--dry-run=client",
    "--wait": "--wait=true",
}
# Errors of writing that name no file: it is standard output that cannot be written.
_WRITE_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
# Commands that hand what follows `--` to a container.
_WITH_TRAILING = ("create", "run")


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of descriptions, and lines below 100 columns."""

    def __init__(self, prog: str) -> None:
        width = min(100, shutil.get_terminal_size().columns - 2)
        super().__init__(prog, max_help_position=28, width=width)


class Parser(argparse.ArgumentParser):
    """An argument parser whose help keeps its line breaks and whose errors take two lines."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("formatter_class", HelpFormatter)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Refuse what is none of the choices, with the one that was probably meant."""
        if action.choices is not None and value not in action.choices:
            word = "unknown command" if action.dest == "command" else "invalid choice:"
            known = ", ".join(map(str, action.choices))
            hint = did_you_mean(str(value), map(str, action.choices))
            text = f"{word} {value!r}{hint} (choose from {known})"
            raise argparse.ArgumentError(None if action.dest == "command" else action, text)

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """Print; argparse itself passes over what cannot be written."""
        if message:
            (file or sys.stderr).write(message)

    def error(self, message: str) -> None:  # type: ignore[override]
        """Print what is wrong and where help is; exit with code 2."""
        self.exit(EXIT_USAGE, f"{self.prog}: error: {message}\n(see {self.prog} --help)\n")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question with the nearest of the known words, "" when none is near."""
    import difflib

    close = difflib.get_close_matches(word, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def build_parser(names: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """Build the parser of the whole command line.

    Parameters
    ----------
    names
        Commands whose own modules are imported for their options; the rest are known by name and
        help line only. None imports all of them.
    """
    from pykube_core import __version__

    parser = Parser(
        prog="pykube",
        description=DESCRIPTION,
        epilog=EPILOG.format(
            commands="\n".join(f"  {command.name:12}{command.help}" for command in COMMANDS),
            kubectl=KUBECTL_COMMAND,
        ),
    )
    parser.add_argument("--version", action="version", version=f"pykube-core {__version__}")
    commands = parser.add_subparsers(
        metavar="COMMAND", dest="command", help=argparse.SUPPRESS, parser_class=Parser
    )
    for command in COMMANDS:
        if names is None or command.name in names:
            module = importlib.import_module(f"{__name__}.{command.module}")
            module.add_parser(commands, command.help)
        else:
            commands.add_parser(command.name)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv
        Arguments after the program's name; None takes them from ``sys.argv``.

    Returns
    -------
    int
        The exit code. Bad usage, ``--help`` and ``--version`` raise SystemExit, as argparse does.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        _say("pykube: interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return EXIT_PIPE
    except OSError as error:
        if error.errno not in _WRITE_FAULTS:
            raise
        _drop_output()
        _say(f"pykube: error: standard output: {error.strerror}")
        return EXIT_USAGE


def _run(arguments: list[str]) -> int:
    """Run a command; what is wrong with its input is said here."""
    if arguments[:1] == ["__complete"]:
        from pykube_core.cli.candidates import print_candidates

        return print_candidates(arguments[1:])
    parser = build_parser(arguments[:1])
    options = _parsed(parser, arguments)
    if options.command is None:
        parser.print_help()
        return EXIT_OK
    try:
        return int(options.run(options))
    except BrokenPipeError:
        raise
    except Exception as error:
        refusal = _refusal(error)
        if refusal is not None:
            sys.stdout.flush()
            _say(refusal)
            return EXIT_NO
        line = _bad_input(error)
        if line is None:
            raise
        sys.stdout.flush()
        _say(f"pykube {options.command}: error: {line}")
        return EXIT_USAGE


def _say(line: str) -> None:
    """Print a line on stderr, if anybody can hear it."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr)


def _drop_output() -> None:
    """Let the interpreter's last flush of stdout, on its way out, go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parsed(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    """Parse arguments; those of some commands may stand between options, or behind ``--``.

    argparse takes words in one piece only. A command that sets ``intermixed`` to the name of its
    words gets the others too, and one that sets ``trailing`` what follows ``--``.
    """
    arguments, unset = _without_booleans(parser, arguments)
    head, trailing = [_BARE.get(word, word) for word in arguments], None
    if "--" in arguments and arguments[0] in _WITH_TRAILING:
        at = arguments.index("--")
        head, trailing = head[:at], arguments[at + 1 :]
    options, extra = parser.parse_known_args(head)
    for flag in unset:
        setattr(options, flag, False)
    if trailing is not None:
        options.trailing = trailing
    words = getattr(options, "intermixed", "")
    if extra and (not words or any(word.startswith("-") and word != "-" for word in extra)):
        shown = getattr(options, "parser", parser)
        flags = [word.partition("=")[0] for word in extra if word.startswith("--")]
        hint = next(
            filter(None, (did_you_mean(f, shown._option_string_actions) for f in flags)), ""
        )
        shown.error(f"unrecognized arguments: {' '.join(extra)}{hint}")
    if words:
        setattr(options, words, [*getattr(options, words), *extra])
    return options


def _without_booleans(
    parser: argparse.ArgumentParser, arguments: list[str]
) -> tuple[list[str], list[str]]:
    """Return arguments with ``--flag=true`` as ``--flag``, and the flags that are said to be false.

    kubectl takes a truth value behind ``=`` for each flag that needs none.
    """
    head: list[str] = []
    unset: list[str] = []
    for at, word in enumerate(arguments):
        if word == "--":
            return [*head, *arguments[at:]], unset
        name, _, value = word.partition("=")
        action = parser._option_string_actions.get(name)
        if value in ("true", "false") and action is not None and action.nargs == 0:
            if value == "false":
                unset.append(action.dest)
                continue
            word = name
        head.append(word)
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction) and word in action.choices:
                parser = action.choices[word]
                break
    return head, unset


def _refusal(error: Exception) -> str | None:
    """Return what kubectl would say of an error of the API or of a command; None for any other."""
    from pykube_core.api.machinery.status import StatusError
    from pykube_core.cli.failures import CommandError, failure_text

    if isinstance(error, CommandError | StatusError):
        return failure_text(error)
    return None


def _bad_input(error: Exception) -> str | None:
    """Return the one line that names the user's mistake, None when the error is our bug."""
    from pykube_core.api.machinery.errors import InputError

    if isinstance(error, InputError):
        return " ".join(str(error).split())
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return None
