"""Syntax of names, labels and ports: each function returns upstream's complaints, none if valid.

Source: ``k8s.io/apimachinery/pkg/util/validation`` v0.34.1, texts and regular expressions.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Final

_QUALIFIED: Final = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE: Final = f"({_QUALIFIED})?"
_DNS_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS_SUBDOMAIN: Final = rf"{_DNS_LABEL}(\.{_DNS_LABEL})*"
_DNS_1035_LABEL: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"

_QUALIFIED_RE: Final = re.compile(_QUALIFIED)
_LABEL_VALUE_RE: Final = re.compile(_LABEL_VALUE)
_DNS_LABEL_RE: Final = re.compile(_DNS_LABEL)
_DNS_SUBDOMAIN_RE: Final = re.compile(_DNS_SUBDOMAIN)
_DNS_1035_LABEL_RE: Final = re.compile(_DNS_1035_LABEL)
_PORT_NAME_RE: Final = re.compile("[-a-z0-9]+")

SAFE_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
"""The letters of generated names: without vowels they spell no words."""
LABEL_LENGTH_MAX: Final = 63
SUBDOMAIN_LENGTH_MAX: Final = 253
PORT_NAME_LENGTH_MAX: Final = 15
_CACHED_LENGTH_MAX: Final = 512

_QUALIFIED_TEXT: Final = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', "
    f"regex used for validation is '{_QUALIFIED}')"
)
_LABEL_VALUE_TEXT: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    f"or '12345', regex used for validation is '{_LABEL_VALUE}')"
)
_DNS_LABEL_TEXT: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "
    f"regex used for validation is '{_DNS_LABEL}')"
)
_DNS_SUBDOMAIN_TEXT: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', "
    f"regex used for validation is '{_DNS_SUBDOMAIN}')"
)
_DNS_1035_LABEL_TEXT: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    f"regex used for validation is '{_DNS_1035_LABEL}')"
)

_ESCAPED_RE: Final = re.compile(r'["\\\x00-\x1f\x7f]')

Complaints = tuple[str, ...]
NameRule = Callable[[str], Complaints]


def _too_long(value: str, limit: int) -> list[str]:
    """Complain about a length that Go would count, in bytes."""
    if len(value.encode(errors="surrogatepass")) <= limit:
        return []
    return [f"must be no more than {limit} characters"]


def qualified_name(value: str) -> Complaints:
    """Check a label key, a resource name or the like: ``[prefix/]name``."""
    # A cache holds no text that only an attack would bring.
    check = _qualified_name if len(value) <= _CACHED_LENGTH_MAX else _qualified_name.__wrapped__
    return check(value)


def label_value(value: str) -> Complaints:
    """Check the value of a label."""
    check = _label_value if len(value) <= _CACHED_LENGTH_MAX else _label_value.__wrapped__
    return check(value)


@functools.lru_cache(maxsize=65536)
def _qualified_name(value: str) -> Complaints:
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        text = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return (f"a qualified name {_QUALIFIED_TEXT}{text}",)
    complaints: list[str] = []
    if slash and not prefix:
        complaints.append("prefix part must be non-empty")
    elif slash:
        complaints += [f"prefix part {text}" for text in dns_subdomain(prefix)]
    if not name:
        complaints.append("name part must be non-empty")
    complaints += [f"name part {text}" for text in _too_long(name, LABEL_LENGTH_MAX)]
    if not _QUALIFIED_RE.fullmatch(name):
        complaints.append(f"name part {_QUALIFIED_TEXT}")
    return tuple(complaints)


@functools.lru_cache(maxsize=65536)
def _label_value(value: str) -> Complaints:
    complaints = _too_long(value, LABEL_LENGTH_MAX)
    if not _LABEL_VALUE_RE.fullmatch(value):
        complaints.append(_LABEL_VALUE_TEXT)
    return tuple(complaints)


def dns_label(value: str) -> Complaints:
    """Check an RFC 1123 label: names of namespaces, containers and volumes."""
    complaints = _too_long(value, LABEL_LENGTH_MAX)
    if not _DNS_LABEL_RE.fullmatch(value):
        dotted = _DNS_SUBDOMAIN_RE.fullmatch(value)
        complaints.append("must not contain dots" if dotted else _DNS_LABEL_TEXT)
    return tuple(complaints)


def dns_subdomain(value: str) -> Complaints:
    """Check an RFC 1123 subdomain: names of most objects."""
    complaints = _too_long(value, SUBDOMAIN_LENGTH_MAX)
    if not _DNS_SUBDOMAIN_RE.fullmatch(value):
        complaints.append(_DNS_SUBDOMAIN_TEXT)
    return tuple(complaints)


def path_segment(value: str) -> Complaints:
    """Check a name that only has to fit into a path: names of roles and of their bindings.

    Difference: characters that JSON escapes are refused, since stored names stand as they are.
    """
    if value in (".", ".."):
        return (f"may not be '{value}'",)
    complaints = [f"may not contain '{char}'" for char in "/%" if char in value]
    if _ESCAPED_RE.search(value):
        complaints.append("may not contain quotes, backslashes or control characters")
    return tuple(complaints)


def dns_1035_label(value: str) -> Complaints:
    """Check an RFC 1035 label: names of services."""
    complaints = _too_long(value, LABEL_LENGTH_MAX)
    if not _DNS_1035_LABEL_RE.fullmatch(value):
        complaints.append(_DNS_1035_LABEL_TEXT)
    return tuple(complaints)


def port_name(value: str) -> Complaints:
    """Check the name of a port."""
    complaints = _too_long(value, PORT_NAME_LENGTH_MAX)
    if not _PORT_NAME_RE.fullmatch(value):
        complaints.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        complaints.append("must contain at least one letter (a-z)")
    if "--" in value:
        complaints.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        complaints.append("must not begin or end with a hyphen")
    return tuple(complaints)


def port_number(value: int) -> Complaints:
    """Check a port number."""
    return () if 1 <= value <= 65535 else ("must be between 1 and 65535, inclusive",)
