"""Objects in the format that ``-o`` names.

Source: ``k8s.io/cli-runtime/pkg/genericclioptions/{print,template,jsonpath}_flags.go`` and
``k8s.io/kubectl/pkg/cmd/get/{customcolumn,customcolumn_flags}.go`` v0.37. Difference: there is no
``kyaml``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.yaml_text import json_text, yaml_text
from pykube_core.cli.failures import CommandError
from pykube_core.cli.output.go_template import GoTemplate
from pykube_core.cli.output.go_values import plain_text, quoted, syntax_text
from pykube_core.cli.output.jsonpath import JsonPath
from pykube_core.cli.output.jsonpath_nodes import JsonPathError
from pykube_core.cli.output.sorting import relaxed
from pykube_core.cli.output.template_lexer import TemplateError

_JSONPATH: Final = ("jsonpath", "jsonpath-as-json", "jsonpath-file")
_TEMPLATE: Final = ("go-template", "go-template-file", "template", "templatefile")
COLUMNS: Final = ("custom-columns", "custom-columns-file")
OBJECT_FORMATS: Final = ("json", "yaml", "name", *_JSONPATH, *_TEMPLATE)
"""The formats of single objects, which every command has that prints any."""

Format = Callable[[KubeObject], str]
"""Returns an object, or a list of them, as text with its line breaks."""


def object_format(options: argparse.Namespace, others: Sequence[str] = ()) -> Format | None:
    """Return the format that the options name; None when they name none, or one of ``others``.

    Parameters
    ----------
    others
        Formats besides `OBJECT_FORMATS` that the command knows.

    Raises
    ------
    CommandError
        There is no such format, or its template is none.
    """
    output: str = options.output
    template: str = getattr(options, "template", "")
    name, _, inside = output.partition("=")
    if template and not output:
        name = "go-template"
    if name in _JSONPATH or name in _TEMPLATE:
        missing = getattr(options, "allow_missing_template_keys", True)
        return _templated(name, template or inside, missing_keys=missing)
    if name in COLUMNS and name in others:
        return _columns(name, template or inside, no_headers=options.no_headers)
    if output and output not in (*OBJECT_FORMATS, *others):
        allowed = ",".join(sorted((*OBJECT_FORMATS, *others)))
        raise CommandError(
            f"unable to match a printer suitable for the output format {quoted(output)}, "
            f"allowed formats are: {allowed}"
        )
    managed = getattr(options, "show_managed_fields", False)
    match output:
        case "json":
            return lambda obj: json_text(_shown(obj, managed=managed)) + "\n"
        case "yaml":
            return _Documents(managed=managed)
        case "name":
            return lambda obj: f"{kind_and_name(obj)}\n"
    return None


def kind_and_name(obj: KubeObject) -> str:
    """Return how an object is named in a line, such as ``deployment.apps/web``."""
    kind, group = str(obj.get("kind", "")).lower(), str(obj.get("apiVersion", ""))
    group = group.rpartition("/")[0]
    return f"{kind}.{group}/{_name(obj)}" if group else f"{kind}/{_name(obj)}"


def _name(obj: KubeObject) -> str:
    return str((obj.get("metadata") or {}).get("name") or "")


def _shown(obj: KubeObject, *, managed: bool) -> KubeObject:
    """Return an object, or a list's items, without managed fields unless these are wanted."""
    if managed:
        return obj
    if isinstance(obj.get("items"), list) and str(obj.get("kind", "")).endswith("List"):
        return obj | {"items": [_shown(item, managed=False) for item in obj["items"]]}
    if isinstance(obj.get("object"), dict) and set(obj) == {"type", "object"}:
        return obj | {"object": _shown(obj["object"], managed=False)}
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return obj
    kept = {key: value for key, value in metadata.items() if key != "managedFields"}
    return obj | {"metadata": kept}


class _Documents:
    """YAML documents, parted by ``---``."""

    def __init__(self, *, managed: bool) -> None:
        self._managed = managed
        self._count = 0

    def __call__(self, obj: KubeObject) -> str:
        self._count += 1
        return ("---\n" if self._count > 1 else "") + yaml_text(_shown(obj, managed=self._managed))


def _templated(name: str, template: str, *, missing_keys: bool) -> Format:
    if not template:
        raise CommandError("template format specified but no template given")
    if name.endswith("file"):
        try:
            template = Path(template).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = f"open {template}: {_reason(error)}"
            raise CommandError(f"error reading --template {template}, {why}") from None
    if name in _TEMPLATE:
        return _go_template(template, missing_keys=missing_keys)
    try:
        path = JsonPath(template, missing_keys=missing_keys)
    except JsonPathError as error:
        raise CommandError(f"error parsing jsonpath {template}, {error}") from None

    def text(obj: KubeObject) -> str:
        try:
            return path.text(obj, as_json=name == "jsonpath-as-json")
        except JsonPathError as error:
            raise CommandError(
                f"error executing jsonpath {quoted(template)}: Error executing template: {error}. "
                "Printing more information for debugging the template:\n"
                f"\ttemplate was:\n\t\t{template}\n"
                f"\tobject given to jsonpath engine was:\n\t\t{syntax_text(obj)}\n\n\n"
            ) from None

    return text


def _go_template(template: str, *, missing_keys: bool) -> Format:
    try:
        parsed = GoTemplate(template, missing_keys=missing_keys)
    except TemplateError as error:
        raise CommandError(f"error parsing template {template}, {error}") from None

    def text(obj: KubeObject) -> str:
        try:
            return parsed.text(obj)
        except TemplateError as error:
            why = f"error executing template {quoted(template)}: {error}"
            raise CommandError(why) from None

    return text


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "it is not UTF-8"


def _columns(name: str, spec: str, *, no_headers: bool) -> Format:
    nothing = "custom-columns format specified but no custom columns given"
    if not spec:
        raise CommandError(nothing)
    if name == "custom-columns-file":
        pairs = _columns_of_file(spec)
    else:
        pairs = []
        for part in spec.split(","):
            header, colon, path = part.partition(":")
            if not colon:
                expected = "expected <header>:<json-path-expr>"
                raise CommandError(f"unexpected custom-columns spec: {part}, {expected}")
            pairs.append((header, path))
    try:
        finders = [JsonPath(relaxed(path)) for _, path in pairs]
    except JsonPathError as error:
        raise CommandError(str(error)) from None
    return _Columns([header for header, _ in pairs], finders, no_headers=no_headers)


def _columns_of_file(path: str) -> list[tuple[str, str]]:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = f"open {path}: {_reason(error)}"
        raise CommandError(f"error reading template {path}, {why}\n") from None
    expected = (
        "Expected format is one line of space separated headers, one line of space separated "
        "column specs."
    )
    for count, what in enumerate(("header", "spec")):
        if len(lines) <= count:
            raise CommandError(f"invalid template, missing {what} line. {expected}")
    headers, specs = lines[0].split(), lines[1].split()
    if len(headers) != len(specs):
        raise CommandError(
            f"number of headers ({len(headers)}) and field specifications ({len(specs)}) "
            "don't match"
        )
    return list(zip(headers, specs, strict=True))


class _Columns:
    """A table whose columns the user names; its header comes once."""

    def __init__(self, headers: list[str], finders: list[JsonPath], *, no_headers: bool) -> None:
        self._header = None if no_headers else headers
        self._finders = finders
        self._widths: list[int] = []

    def __call__(self, obj: KubeObject) -> str:
        from pykube_core.cli.printing import aligned

        is_list = isinstance(obj.get("items"), list) and str(obj.get("kind", "")).endswith("List")
        rows = [] if self._header is None else [self._header]
        self._header = None
        for item in obj["items"] if is_list else [obj]:
            rows.append([self._cell(finder, item) for finder in self._finders])
        return "".join(f"{line}\n" for line in aligned(rows, self._widths))

    @staticmethod
    def _cell(finder: JsonPath, obj: KubeObject) -> str:
        try:
            found = finder.find(obj)
        except JsonPathError as error:
            raise CommandError(str(error)) from None
        if not found or not found[0]:
            return "<none>"
        return ",".join(plain_text(value) for values in found for value in values)
