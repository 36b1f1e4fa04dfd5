"""Strings as integers, for the engine."""

from __future__ import annotations

from _pykube_hotcore.program import (
    KEY_NODE_NAME,
    KEY_UNSCHEDULABLE,
    VALUE_ANY_IP,
    VALUE_EMPTY,
    Label,
)

# Stands for the field metadata.name among the keys; no label can be called so.
NODE_NAME_KEY = "field:metadata.name"


class Interner:
    """Label keys, strings and resources by number.

    Attributes
    ----------
    resources : list of str
        Resources by number: cpu, memory, ephemeral-storage, then others as they were met.
    """

    def __init__(self) -> None:
        self._keys: dict[str, int] = {
            NODE_NAME_KEY: KEY_NODE_NAME,
            "node.kubernetes.io/unschedulable": KEY_UNSCHEDULABLE,
        }
        self._values: dict[str, int] = {"": VALUE_EMPTY, "0.0.0.0": VALUE_ANY_IP}
        self._resources: dict[str, int] = {"cpu": 0, "memory": 1, "ephemeral-storage": 2}
        self.resources: list[str] = list(self._resources)

    def key(self, text: str) -> int:
        """Return the number of a label or taint key."""
        return self._keys.setdefault(text, len(self._keys))

    def value(self, text: str) -> int:
        """Return the number of a label value, name or other string."""
        return self._values.setdefault(text, len(self._values))

    def resource(self, name: str) -> int:
        """Return the number of a resource."""
        number = self._resources.setdefault(name, len(self._resources))
        if number == len(self.resources):
            self.resources.append(name)
        return number

    def label(self, key: str, value: str) -> Label:
        """Return a node's label, with its value as a number where it is one."""
        number = -1
        if value.isascii() and value.isdigit():
            number = int(value) if len(value) < 40 else -1
            number = number if number < 2**63 else -1
        return Label(self.key(key), self.value(value), number)

    def copy(self) -> Interner:
        """Return an interner that has numbered the same, and goes on by itself."""
        other = Interner()
        other._keys = dict(self._keys)
        other._values = dict(self._values)
        other._resources = dict(self._resources)
        other.resources = list(self.resources)
        return other
