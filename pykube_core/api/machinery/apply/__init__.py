"""Server-side apply: who manages which fields of an object, and how applied ones are merged.

Source: ``sigs.k8s.io/structured-merge-diff`` v6.4.2 and
``k8s.io/apimachinery/pkg/util/managedfields`` v0.37.2. Differences: an entry of another version of
the resource stands for the same fields in this one; entries that were written for another schema
(a list that was atomic) are not changed to today's; of many conflicts, those of one manager stand
together, managers in the order of their names.
"""

from pykube_core.api.machinery.apply.field_manager import FieldManager, Typed, built_in
from pykube_core.api.machinery.apply.field_sets import FieldSet
from pykube_core.api.machinery.apply.reset_fields import reset_fields
from pykube_core.api.machinery.apply.scale import scale_entries, with_scale_entries

__all__ = [
    "FieldManager",
    "FieldSet",
    "Typed",
    "built_in",
    "reset_fields",
    "scale_entries",
    "with_scale_entries",
]
