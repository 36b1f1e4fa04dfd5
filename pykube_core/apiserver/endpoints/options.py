"""Options of requests, from the query and from bodies, with the errors of kube-apiserver.

Source: ``k8s.io/apimachinery/pkg/apis/meta`` (v1/validation, internalversion/validation) v0.37.2.
"""

from __future__ import annotations

import json
from typing import Final, NamedTuple

from pykube_core.api.machinery.field_errors import FieldError, forbidden, invalid, quoted, required
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.status import bad_request, invalid_options
from pykube_core.apiserver.endpoints.bodies import read_options
from pykube_core.apiserver.endpoints.message import Request
from pykube_core.apiserver.registry.deletion import DeleteOptions

_MANAGER_LENGTH_MAX: Final = 128
_PROPAGATIONS: Final = ("Foreground", "Background", "Orphan")
_VALIDATIONS: Final = ("", "Ignore", "Strict", "Warn")
_FALSE: Final = ("", "false", "0")


class Query:
    """The parameters of a request, each read as Go's codec reads it."""

    def __init__(self, request: Request) -> None:
        self._values = request.parameters() if request.query else {}

    def text(self, name: str) -> str:
        """Return the first value; "" without one."""
        return self._values.get(name, [""])[0]

    def texts(self, name: str) -> list[str]:
        """Return all values."""
        return self._values.get(name, [])

    def has(self, name: str) -> bool:
        """Say whether it is there."""
        return name in self._values

    def flag(self, name: str) -> bool:
        """Return a boolean; whatever is neither empty, "false" nor "0" is true."""
        return self.has(name) and self.text(name).lower() not in _FALSE

    def integer(self, name: str) -> int | None:
        """Return an integer, None without one: 400 for another text."""
        if not (text := self.text(name)):
            return None
        try:
            return int(text)
        except ValueError:
            why = f"strconv.ParseInt: parsing {quoted(text)}: invalid syntax"
            raise bad_request(why) from None


class WriteOptions(NamedTuple):
    """Options of a creation, an update or a patch.

    Attributes
    ----------
    manager : str
        The writer, for managed fields.
    field_validation : str
        "Strict", "Warn" or "Ignore".
    """

    dry_run: bool
    manager: str
    field_validation: str
    force: bool = False


def write_options(request: Request, kind: str, *, is_apply: bool = False) -> WriteOptions:
    """Return the options of a write; ``kind`` is such as "CreateOptions" (422)."""
    query = Query(request)
    errors: list[FieldError] = []
    manager = query.text("fieldManager")
    if kind == "PatchOptions":
        if is_apply and not manager:
            errors.append(required("fieldManager", "is required for apply patch"))
        elif not is_apply and query.has("force"):
            errors.append(forbidden("force", "may not be specified for non-apply patch"))
    if len(manager.encode()) > _MANAGER_LENGTH_MAX:
        text = f"Too long: may not be more than {_MANAGER_LENGTH_MAX} bytes"
        errors.append(FieldError("FieldValueTooLong", "fieldManager", text))
    for at, char in enumerate(manager):
        if not char.isprintable():
            detail = f"invalid character U+{ord(char):04X} (at position {at})"
            errors.append(invalid("fieldManager", manager, detail))
    errors += _dry_run_errors(query.texts("dryRun"))
    validation = query.text("fieldValidation")
    if validation not in _VALIDATIONS:
        supported = ", ".join(map(quoted, _VALIDATIONS))
        text = f"Unsupported value: {quoted(validation)}: supported values: {supported}"
        errors.append(FieldError("FieldValueNotSupported", "fieldValidation", text))
    if errors:
        raise invalid_options(kind, errors)
    agent = request.header("user-agent").partition("/")[0]
    manager = manager or "".join(c for c in agent if c.isprintable())[:_MANAGER_LENGTH_MAX]
    dry = bool(query.texts("dryRun"))
    return WriteOptions(dry, manager, validation or "Warn", query.flag("force"))


def delete_options(request: Request) -> tuple[DeleteOptions, str]:
    """Return the options of a deletion, and the uid that its precondition names (400, 422)."""
    body = read_options(request, "DeleteOptions")
    query = Query(request)
    if not request.body:
        body = {
            "gracePeriodSeconds": query.integer("gracePeriodSeconds"),
            "propagationPolicy": query.text("propagationPolicy") or None,
            "dryRun": query.texts("dryRun"),
            "orphanDependents": query.flag("orphanDependents")
            if query.has("orphanDependents")
            else None,
        }
    return delete_options_of(body)


def delete_options_of(body: KubeObject) -> tuple[DeleteOptions, str]:
    """Return what a ``DeleteOptions`` says, and the uid of its precondition (400, 422)."""
    policy, orphan = body.get("propagationPolicy"), body.get("orphanDependents")
    grace, dry_run = body.get("gracePeriodSeconds"), body.get("dryRun") or []
    preconditions = body.get("preconditions") or {}
    _check_types(body, preconditions)
    errors: list[FieldError] = []
    if policy is not None and orphan is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        errors.append(invalid("propagationPolicy", policy, detail))
    if policy is not None and policy not in _PROPAGATIONS:
        supported = ", ".join(map(quoted, (*_PROPAGATIONS, "nil")))
        text = f"Unsupported value: {quoted(policy)}: supported values: {supported}"
        errors.append(FieldError("FieldValueNotSupported", "propagationPolicy", text))
    errors += _dry_run_errors(dry_run)
    if errors:
        raise invalid_options("DeleteOptions", errors)
    if policy is None and orphan is not None:
        policy = "Orphan" if orphan else "Background"
    version = preconditions.get("resourceVersion") or ""
    options = DeleteOptions(grace, policy or "", version, bool(dry_run))
    return options, preconditions.get("uid") or ""


def _check_types(body: dict[str, object], preconditions: object) -> None:
    """Refuse options whose fields have other types (400)."""
    wanted: dict[str, type] = {
        "gracePeriodSeconds": int,
        "propagationPolicy": str,
        "orphanDependents": bool,
        "dryRun": list,
        "preconditions": dict,
    }
    found = [(name, body.get(name), type) for name, type in wanted.items()]
    if isinstance(preconditions, dict):
        names = ("uid", "resourceVersion")
        found += [(f"preconditions.{name}", preconditions.get(name), str) for name in names]
    for name, value, type in found:
        is_wrong = value is not None and not isinstance(value, type)
        if is_wrong or (type is int and isinstance(value, bool)):
            raise bad_request(
                f"json: cannot unmarshal {_go_kind(value)} into Go struct field "
                f"DeleteOptions.{name} of type {_GO_TYPES[type]}"
            )


_GO_TYPES: Final = {
    int: "int64",
    str: "string",
    bool: "bool",
    list: "[]string",
    dict: "v1.Preconditions",
}


def _go_kind(value: object) -> str:
    kinds = {bool: "bool", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "number")


def _dry_run_errors(values: list[str]) -> list[FieldError]:
    if all(value == "All" for value in values):
        return []
    shown = json.dumps(values, separators=(",", ":"))
    text = f'Unsupported value: {shown}: supported values: "All"'
    return [FieldError("FieldValueNotSupported", "dryRun", text)]


class ListOptions(NamedTuple):
    """Options of a list or a watch."""

    labels: str
    fields: str
    limit: int
    next_page: str
    resource_version: str
    match: str
    timeout_seconds: int | None
    send_initial_events: bool | None
    bookmarks: bool


def list_options(request: Request, name: str, *, is_watch: bool) -> ListOptions:
    """Return the options of a list or a watch, of one object where ``name`` names it (400, 422)."""
    query = Query(request)
    initial = query.flag("sendInitialEvents") if query.has("sendInitialEvents") else None
    version, match = query.text("resourceVersion"), query.text("resourceVersionMatch")
    next_page = query.text("continue")
    limit = query.integer("limit") or 0
    timeout_seconds = query.integer("timeoutSeconds")
    bookmarks = query.flag("allowWatchBookmarks")
    check = _watch_errors if is_watch else _list_errors
    if errors := check(initial, version, match, next_page):
        raise invalid_options("ListOptions", errors)
    fields = query.text("fieldSelector")
    if name:
        wanted = f"metadata.name={name}"
        if fields and wanted not in [f.replace("==", "=") for f in fields.split(",")]:
            raise bad_request("fieldSelector metadata.name doesn't match requested name")
        fields = fields or wanted
    return ListOptions(
        query.text("labelSelector"), fields, max(limit, 0), next_page, version, match,
        timeout_seconds, initial, bookmarks,
    )  # fmt: skip


def _list_errors(
    initial: bool | None, version: str, match: str, next_page: str
) -> list[FieldError]:
    field, errors = "resourceVersionMatch", []
    if match:
        if not version:
            text = f"{field} is forbidden unless resourceVersion is provided"
            errors.append(forbidden(field, text))
        if next_page:
            errors.append(forbidden(field, f"{field} is forbidden when continue is provided"))
        if match not in ("Exact", "NotOlderThan"):
            errors.append(_unsupported_match(match, '"Exact", "NotOlderThan", ""'))
        if match == "Exact" and version == "0":
            text = f'{field} "exact" is forbidden for resourceVersion "0"'
            errors.append(forbidden(field, text))
    if initial is not None:
        text = "sendInitialEvents is forbidden for list"
        errors.append(forbidden("sendInitialEvents", text))
    return errors


def _watch_errors(
    initial: bool | None, version: str, match: str, next_page: str
) -> list[FieldError]:
    field, errors = "resourceVersionMatch", []
    if initial is not None and match != "NotOlderThan":
        text = f"sendInitialEvents requires setting {field} to NotOlderThan"
        errors.append(forbidden(field, text))
    if match:
        if initial is None:
            text = f"{field} is forbidden for watch unless sendInitialEvents is provided"
            errors.append(forbidden(field, text))
        if match != "NotOlderThan":
            errors.append(_unsupported_match(match, '"NotOlderThan"'))
        if next_page:
            errors.append(forbidden(field, f"{field} is forbidden when continue is provided"))
    return errors


def _unsupported_match(match: str, supported: str) -> FieldError:
    text = f"Unsupported value: {quoted(match)}: supported values: {supported}"
    return FieldError("FieldValueNotSupported", "resourceVersionMatch", text)
