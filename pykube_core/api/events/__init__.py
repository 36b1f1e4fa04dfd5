"""The group events.k8s.io."""

from __future__ import annotations

from typing import Final

from pykube_core.api.events.event import EVENTS as EVENTS

RESOURCES: Final = (EVENTS,)
