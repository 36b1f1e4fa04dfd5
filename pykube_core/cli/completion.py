"""``pykube completion``: completion scripts, made from the parsers themselves.

Commands, options and choices stand in the script. Words that depend on the moment, kinds and the
names of objects, the script asks of ``pykube __complete``: see `pykube_core.cli.candidates`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import NamedTuple

EPILOG = """\
examples:
  source <(pykube completion bash)                                      in ~/.bashrc
  source <(pykube completion zsh)                                       in ~/.zshrc
  pykube completion fish > ~/.config/fish/completions/pykube.fish
"""


class Option(NamedTuple):
    """One option, as a shell has to know it: that of one command.

    Attributes
    ----------
    paths
        ``file`` or ``dir`` where its value is one, else "".
    asked
        Its value is the name of an object, which the script asks for.
    """

    flags: tuple[str, ...]
    help: str
    takes_value: bool
    choices: tuple[str, ...]
    paths: str = ""
    asked: bool = False


class Verb(NamedTuple):
    """One command with its options and the choices of its positional arguments.

    Attributes
    ----------
    paths
        ``file`` or ``dir`` where a positional argument is one, else "".
    asked
        Positional arguments are kinds and names, which the script asks for.
    """

    name: str
    help: str
    options: tuple[Option, ...]
    choices: tuple[str, ...]
    paths: str = ""
    asked: bool = False


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("completion", help=help, description=help, epilog=EPILOG)
    parser.add_argument("shell", choices=sorted(SHELLS), help="the shell to complete in")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the script for one shell."""
    from pykube_core.cli import EXIT_OK, build_parser

    print(SHELLS[options.shell](list(verbs(build_parser()))), end="")
    return EXIT_OK


def verbs(parser: argparse.ArgumentParser) -> Iterator[Verb]:
    """Yield the commands of a parser, in its own order."""
    from pykube_core.cli import COMMANDS

    help_of = {command.name: command.help for command in COMMANDS}
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction):
            continue
        for name, child in action.choices.items():
            positional = [a for a in child._actions if not a.option_strings]
            yield Verb(
                name,
                help_of[name],
                tuple(_option(a) for a in child._actions if a.option_strings),
                tuple(choice for action in positional for choice in _choices(action)),
                next(filter(None, map(_paths, positional)), ""),
                any(_is_asked(a) for a in positional),
            )


def _choices(action: argparse.Action) -> tuple[str, ...]:
    """Return what is suggested for an action, each thing by one name."""
    from pykube_core.scheduler.policies import POLICIES

    if _is_asked(action):
        return ()
    if action.dest in ("policies", "policy"):
        return tuple(POLICIES)
    if isinstance(action, argparse._SubParsersAction):
        # An alias is the same parser again.
        first = {id(parser): name for name, parser in reversed(action.choices.items())}
        return tuple(reversed(first.values()))
    suggested = getattr(action, "completion", ())
    return tuple(str(choice) for choice in action.choices or suggested)


def _is_asked(action: argparse.Action) -> bool:
    return getattr(action, "completion", "") in ("kinds", "pods", "namespaces")


def _paths(action: argparse.Action) -> str:
    """Say whether a value is a file or a directory, by how the help calls it."""
    if action.dest in ("policies", "policy"):
        return "file"
    name = str(action.metavar or "")
    if name.startswith(("FILE", "PATH")):
        return "file"
    return "dir" if name.startswith("DIR") else ""


def _option(action: argparse.Action) -> Option:
    """Return what a shell has to know about an option."""
    text = " ".join((action.help or "").replace("%%", "%").split())
    return Option(
        tuple(action.option_strings),
        text.split(" (default")[0],
        action.nargs != 0,
        _choices(action),
        _paths(action),
        _is_asked(action),
    )


_BASH_HEAD = """\
_pykube_ask() {
  local found="$(pykube __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)"
  COMPREPLY=($(compgen -W "$found" -- "$1"))
}
_pykube() {
  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()"""

_BASH_PATHS = {"": "", "file": "-f ", "dir": "-d "}


def bash(commands: list[Verb]) -> str:
    """Return the script for bash."""
    lines = [
        _BASH_HEAD,
        "  if [ $COMP_CWORD -eq 1 ]; then",
        f'    COMPREPLY=($(compgen -W "{" ".join(v.name for v in commands)} --help --version" '
        '-- "$cur")); return',
        "  fi",
        '  case "${COMP_WORDS[1]} $prev" in',
    ]
    for verb in commands:
        for option in verb.options:
            if option.takes_value:
                patterns = "|".join(f'"{verb.name} {flag}"' for flag in option.flags)
                offer = _bash_offer(option.paths, " ".join(option.choices), option.asked)
                lines.append(f"    {patterns}) {offer}; return;;")
    lines += ["  esac", '  case "${COMP_WORDS[1]}" in']
    for verb in commands:
        flags = " ".join(flag for option in verb.options for flag in option.flags)
        dashed = f'COMPREPLY=($(compgen -W "{flags}" -- "$cur"))'
        words = " ".join(verb.choices) if verb.asked else " ".join([*verb.choices, flags])
        offer = _bash_offer(verb.paths, words, verb.asked)
        lines.append(f'    {verb.name}) if [[ "$cur" == -* ]]; then {dashed}; else {offer}; fi;;')
    lines += ["  esac", "}", "complete -o filenames -F _pykube pykube", ""]
    return "\n".join(lines)


def _bash_offer(paths: str, words: str, asked: bool) -> str:
    """Return the command that fills in what is offered for the word under way."""
    if asked:
        return '_pykube_ask "$cur"'
    return f'COMPREPLY=($(compgen {_BASH_PATHS[paths]}-W "{words}" -- "$cur"))'


_ZSH_HEAD = """\
#compdef pykube
_pykube_ask() {
  local -a found
  found=(${(f)"$(pykube __complete "${(@)words[1,CURRENT]}" 2>/dev/null)"})
  compadd -Q -- $found
}
_pykube_or_file() {
  compadd -- "$@"
  _files
}
_pykube() {
  local -a commands=("""


def zsh(commands: list[Verb]) -> str:
    """Return the script for zsh."""
    lines = [_ZSH_HEAD]
    lines += [f"    {_quote(f'{verb.name}:{verb.help}')}" for verb in commands]
    lines += [
        "  )",
        "  if (( CURRENT == 2 )); then _describe command commands; return; fi",
        "  local command=$words[2]; shift words; (( CURRENT-- ))",
        "  case $command in",
    ]
    for verb in commands:
        lines.append(f"    {verb.name}) _arguments \\")
        for option in verb.options:
            action = _zsh_action(option.paths, option.choices, option.asked)
            for flag in option.flags:
                text = option.help.replace("[", "(").replace("]", ")").replace(":", " ")
                tail = f":value:{action}" if option.takes_value else ""
                lines.append(f"      {_quote(f'*{flag}[{text}]{tail}')} \\")
        action = _zsh_action(verb.paths, verb.choices, verb.asked)
        if action.strip():
            lines.append(f"      {_quote(f'*:value:{action}')} \\")
        lines.append("      ;;")
    lines += ["  esac", "}", "compdef _pykube pykube", ""]
    return "\n".join(lines)


def _zsh_action(paths: str, choices: tuple[str, ...], asked: bool) -> str:
    """Return what ``_arguments`` is told to offer; a blank for nothing."""
    if asked:
        return "_pykube_ask"
    if paths and choices:
        # The blank keeps _arguments from putting options of its own before the words.
        return f" _pykube_or_file {' '.join(choices)}"
    if choices:
        return f"({' '.join(choices)})"
    return {"": " ", "file": "_files", "dir": "_files -/"}[paths]


def fish(commands: list[Verb]) -> str:
    """Return the script for fish."""
    ask = "(pykube __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)"
    lines = ["complete -c pykube -f"]
    for verb in commands:
        lines.append(
            f"complete -c pykube -n __fish_use_subcommand -a {verb.name} -d {_quote(verb.help)}"
        )
        seen = f"complete -c pykube -n '__fish_seen_subcommand_from {verb.name}'"
        if verb.asked:
            lines.append(f"{seen} -a {_quote(ask)}")
        elif verb.choices:
            lines.append(f"{seen} -a {_quote(' '.join(verb.choices))}")
        if verb.paths:
            lines.append(f"{seen} -F")
        for option in verb.options:
            names = " ".join(
                f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
                for flag in option.flags
            )
            value = " -x" if option.takes_value else ""
            if option.paths == "file":
                value = " -r -F"
            elif option.paths == "dir":
                value = " -x -a '(__fish_complete_directories)'"
            if option.asked:
                value += f" -a {_quote(ask)}"
            elif option.choices:
                value += f" -a {_quote(' '.join(option.choices))}"
            lines.append(f"{seen} {names}{value} -d {_quote(option.help)}")
    return "\n".join([*lines, ""])


def _quote(text: str) -> str:
    """Return the text between single quotes, for any of the three shells."""
    return "'" + text.replace("'", "") + "'"


SHELLS = {"bash": bash, "fish": fish, "zsh": zsh}
