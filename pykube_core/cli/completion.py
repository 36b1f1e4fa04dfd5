"""``pykube completion``: completion scripts, made from the parsers themselves."""

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
    """What a shell has to know about one option of one command."""

    flags: tuple[str, ...]
    help: str
    takes_value: bool
    choices: tuple[str, ...]


class Verb(NamedTuple):
    """One command with its options and the choices of its positional argument."""

    name: str
    help: str
    options: tuple[Option, ...]
    choices: tuple[str, ...]


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
            )


def _choices(action: argparse.Action) -> tuple[str, ...]:
    """Return what is suggested for an action: its choices, or words that are not all there are."""
    from pykube_core.api.builtin import BUILTIN
    from pykube_core.scheduler.policies import POLICIES

    suggested = getattr(action, "completion", ())
    if suggested == "kinds":
        return ("all", *(name for r in BUILTIN for name in (r.plural, *r.short_names)))
    if action.dest == "policies":
        return tuple(POLICIES)
    return tuple(str(choice) for choice in action.choices or suggested)


def _option(action: argparse.Action) -> Option:
    """Return what a shell has to know about an option."""
    text = " ".join((action.help or "").replace("%%", "%").split())
    return Option(
        tuple(action.option_strings),
        text.split(" (default")[0],
        action.nargs != 0,
        _choices(action),
    )


def bash(commands: list[Verb]) -> str:
    """Return the script for bash."""
    lines = [
        "_pykube() {",
        '  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"',
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
                words = " ".join(option.choices)
                lines.append(
                    f'    {patterns}) COMPREPLY=($(compgen -f -W "{words}" -- "$cur")); return;;'
                )
    lines += ["  esac", '  case "${COMP_WORDS[1]}" in']
    for verb in commands:
        flags = [flag for option in verb.options for flag in option.flags]
        words = " ".join([*verb.choices, *flags])
        lines.append(f'    {verb.name}) COMPREPLY=($(compgen -W "{words}" -- "$cur"));;')
    lines += ["  esac", "}", "complete -o filenames -F _pykube pykube", ""]
    return "\n".join(lines)


def zsh(commands: list[Verb]) -> str:
    """Return the script for zsh."""
    lines = ["#compdef pykube", "_pykube() {", "  local -a commands=("]
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
            values = " ".join(option.choices)
            action = f"({values})" if option.choices else "_files"
            for flag in option.flags:
                text = option.help.replace("[", "(").replace("]", ")").replace(":", " ")
                tail = f":value:{action}" if option.takes_value else ""
                lines.append(f"      {_quote(f'*{flag}[{text}]{tail}')} \\")
        if verb.choices:
            words = " ".join(verb.choices)
            lines.append(f"      {_quote(f'1:value:({words})')} \\")
        lines.append("      ;;")
    lines += ["  esac", "}", "compdef _pykube pykube", ""]
    return "\n".join(lines)


def fish(commands: list[Verb]) -> str:
    """Return the script for fish."""
    lines = ["complete -c pykube -f"]
    for verb in commands:
        lines.append(
            f"complete -c pykube -n __fish_use_subcommand -a {verb.name} -d {_quote(verb.help)}"
        )
        seen = f"complete -c pykube -n '__fish_seen_subcommand_from {verb.name}'"
        if verb.choices:
            lines.append(f"{seen} -a {_quote(' '.join(verb.choices))}")
        for option in verb.options:
            names = " ".join(
                f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
                for flag in option.flags
            )
            value = " -r -F" if option.takes_value else ""
            if option.choices:
                value += f" -a {_quote(' '.join(option.choices))}"
            lines.append(f"{seen} {names}{value} -d {_quote(option.help)}")
    return "\n".join([*lines, ""])


def _quote(text: str) -> str:
    """Return the text between single quotes, for any of the three shells."""
    return "'" + text.replace("'", "") + "'"


SHELLS = {"bash": bash, "fish": fish, "zsh": zsh}
