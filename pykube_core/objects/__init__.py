"""Objects at rest: encoded JSON in one order, of which copies share all but their own few bytes.

``layout`` alone knows where a field begins, ``body`` what copies have in common, ``encoded`` one
object at one revision.
"""

from __future__ import annotations

from pykube_core.objects.body import Body
from pykube_core.objects.encoded import ApiObject, encode

__all__ = ["ApiObject", "Body", "encode"]
