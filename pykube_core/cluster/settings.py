"""Settings of a cluster, made once and for all, and whether a store holds one."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from pykube_core.api.core import CONFIG_MAPS
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.json_faults import NOT_DECODED, json_fault
from pykube_core.apiserver import ApiServer
from pykube_core.store import StoreLike

Network = Literal["builtin", "flannel", "none"]

SYSTEM: Final = "kube-system"

_SETTINGS: Final = "pykube-settings"
_SETTINGS_FIELD: Final = "settings.json"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a cluster, made once and for all; kept in a ConfigMap of kube-system.

    Attributes
    ----------
    seed : int
        Of all that is left to chance.
    master, master_address : str
        The node that the control plane runs on; "" when it runs by itself.
    cluster_cidr : str
        Where pods have their addresses from.
    node_cidr_mask_size : int
        The size of one node's part of it.
    network : str
        "builtin": pods have addresses as soon as their node has a subnet. "flannel": once flannel
        runs there, which is applied from the start. "none": once flannel runs, which somebody
        applies.
    """

    seed: int
    master: str
    master_address: str
    cluster_cidr: str
    node_cidr_mask_size: int
    network: Network


class _SettingsView(msgspec.Struct):
    data: dict[str, str]


_MAP: Final = msgspec.json.Decoder(_SettingsView)
_DECODER: Final = msgspec.json.Decoder(Settings)


def load_settings(store: StoreLike) -> Settings | None:
    """Return the settings of the cluster that a store holds; None when it holds none."""
    held = store.get(CONFIG_MAPS.key(SYSTEM, _SETTINGS))
    if held is None:
        return None
    try:
        text = _MAP.decode(held.value).data.get(_SETTINGS_FIELD, "").encode()
    except NOT_DECODED:
        raise _no_settings(json_fault(held.value, _MAP)) from None
    try:
        return _DECODER.decode(text)
    except NOT_DECODED:
        raise _no_settings(json_fault(text, _DECODER), f"data[{_SETTINGS_FIELD}]") from None


def _no_settings(fault: InputError, field: str = "") -> InputError:
    reason = f"not the settings of a cluster: {fault}"
    return InputError(reason, object=f"ConfigMap {SYSTEM}/{_SETTINGS}", field=field)


def save_settings(server: ApiServer, settings: Settings) -> None:
    """Keep the settings of a new cluster."""
    data = {_SETTINGS_FIELD: msgspec.json.encode(settings).decode()}
    server.create(CONFIG_MAPS, {"metadata": {"name": _SETTINGS}, "data": data}, SYSTEM)
