"""Normal forms: what differs between two runs of one script gets a name of its own.

The forms are those of the recordings: ``<time>``, ``<uid:Kind/name>``, ``<rv>``, ``<rK>`` for the
K-th random suffix behind a prefix, ``<podip:pod>`` and so on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.experiments.records.history import Version

_TIME: Final = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?(Z|[+-]\d\d:\d\d)")
_DATE: Final = re.compile(r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")
_VERSION_LINE: Final = re.compile(r'(resourceVersion: )"\d+"')
_HASH: Final = re.compile(r"\?hash=[0-9A-F]{128}")
_MINUTE: Final = re.compile(r"^(.+)-(\d{7,})$")
_JWT: Final = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_PEM: Final = re.compile(r"-----BEGIN [A-Z ]+-----[\s\S]*?-----END [A-Z ]+-----\n?")
_TOKEN_VOLUME: Final = re.compile(r"\bkube-api-access-[a-z0-9]{5}\b")
_UID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UNKNOWN_UID: Final = re.compile(r"<uid-(\d+)>")
_VERSION_TEXT: Final = re.compile(r"\b(in record \(|current: |resource version: )\d+")


class Names:
    """The names of one run, learnt from the history of its objects.

    Parameters
    ----------
    versioned : bool
        Resource versions are told apart by object and number, as in the family ``api``.
    """

    def __init__(self, *, versioned: bool) -> None:
        self._versioned = versioned
        self._random: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._uids: dict[str, str] = {}
        self._versions: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        self._addresses: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def learn(self, versions: Iterable[Version]) -> None:
        """Take in versions of objects."""
        for version in versions:
            metadata = version.object["metadata"]
            if version.type == "ADDED":
                self._learn_name(version, metadata)
            name = self._random.get(version.name, version.name)
            at = f"{version.kind}/{name}"
            self._uids[metadata.get("uid", "")] = f"<uid:{at}>"
            number = self._numbers[at] = self._numbers.get(at, 0) + 1
            self._versions[metadata["resourceVersion"]] = f"<rv:{at}#{number}>"
            self._learn_addresses(version, name)

    def _learn_name(self, version: Version, metadata: KubeObject) -> None:
        prefix, name = metadata.get("generateName", ""), version.name
        known = self._random.get(name)
        if prefix and known is None and name.startswith(prefix):
            number = self._counts[prefix] = self._counts.get(prefix, 0) + 1
            self._set(self._random, name, f"{prefix}<r{number}>")
        elif version.kind == "Job" and (found := _MINUTE.match(name)) and known is None:
            prefix = found[1] + "-min"
            number = self._counts[prefix] = self._counts.get(prefix, 0) + 1
            self._set(self._random, name, f"{found[1]}-<min{number}>")

    def _learn_addresses(self, version: Version, name: str) -> None:
        obj = version.object
        if version.kind == "Pod" and (address := (obj.get("status") or {}).get("podIP")):
            self._set(self._addresses, address, f"<podip:{name}>")
        if version.kind == "Service":
            spec = obj.get("spec") or {}
            if (address := spec.get("clusterIP")) not in (None, "", "None"):
                self._set(self._addresses, address, f"<clusterip:{name}>")
            for port in spec.get("ports") or []:
                if port.get("nodePort"):
                    named = f"<nodeport:{name}/{port.get('name') or port.get('port')}>"
                    self._set(self._addresses, str(port["nodePort"]), named)

    def _set(self, table: dict[str, str], key: str, value: str) -> None:
        if key not in table:
            table[key] = value
            self._pattern = None

    @property
    def _words(self) -> re.Pattern[str]:
        """A pattern of all random names and addresses, the longest first."""
        if self._pattern is None:
            words = sorted((*self._random, *self._addresses), key=len, reverse=True)
            text = "|".join(map(re.escape, words)) or "(?!)"
            self._pattern = re.compile(rf"(?<![\w.])(?:{text})(?!\w)")
        return self._pattern

    def text(self, text: str) -> str:
        """Return a text in its normal form."""
        text = _TIME.sub(lambda found: "<microtime>" if found[1] else "<time>", text)
        text = _VERSION_LINE.sub(r'\1"<rv>"', _DATE.sub("<time>", text))
        text = _HASH.sub("?hash=<hash>", text)
        text = _JWT.sub("<jwt>", _PEM.sub("<pem>", text))
        text = _TOKEN_VOLUME.sub("kube-api-access-<r>", text)
        text = _UID.sub(lambda found: self._uids.get(found[0], "<uid>"), text)
        text = _VERSION_TEXT.sub(r"\1<rv>", text)
        return self._words.sub(
            lambda found: self._random.get(found[0]) or self._addresses[found[0]], text
        )

    def value(self, value: Json, key: str = "", kind: str = "") -> Json:
        """Return a JSON value in its normal form."""
        if isinstance(value, dict):
            kind = value.get("kind") or kind if isinstance(value.get("kind"), str) else kind
            return {
                self.text(each) if isinstance(each, str) else each: self.value(held, each, kind)
                for each, held in value.items()
            }
        if isinstance(value, list):
            return [self.value(each, key, kind) for each in value]
        if isinstance(value, str):
            if key == "resourceVersion" and value.isdigit():
                found = self._versions.get(value) if self._versioned else None
                return found or "<rv>"
            if key == "continue" and value:
                return "<continue>"
            return self.text(value)
        if key == "nodePort" and str(value) in self._addresses:
            return self._addresses[str(value)]
        return value

    def original(self, text: str, version: str = "1") -> str:
        """Return a text of a record with this run's names in it.

        Parameters
        ----------
        version : str
            The resource version that ``<rv>`` stands for.
        """
        if "<" not in text:
            return text
        pairs = [("<random>", "400"), ("<rv>", version)]
        for table in (self._uids, self._versions, self._addresses, self._random):
            pairs += [(name, value) for value, name in table.items()]
        for name, value in sorted(pairs, key=lambda pair: -len(pair[0])):
            text = text.replace(name, value)
        return _UNKNOWN_UID.sub(lambda found: f"00000000-0000-4000-8000-{int(found[1]):012d}", text)
