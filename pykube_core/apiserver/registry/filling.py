"""Puts of objects as forms: C fills what is an object's own into the text that copies share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from pykube_core.objects import ApiObject
from pykube_core.objects.layout import STATUS_FIELD as STATUS_FIELD
from pykube_core.store import Form, Puts

ENCODED_STATUS: Final = b"%c" % STATUS_FIELD
"""The text of a form of statuses that are their only own field."""
_KEY: Final = Form(b"\1")
_TEXTS_MAX: Final = 256


class FilledStatus(msgspec.Struct, frozen=True, gc=False):
    """A status as the text of a form, and what its gaps are filled with.

    Attributes
    ----------
    text : bytes
        Of the form; copies have the same one. Its gaps begin with STATUS_FIELD.
    fields : list of bytes
        The bytes that fill them.
    """

    text: bytes
    fields: list[bytes]


def encoded(objects: Sequence[ApiObject]) -> Puts:
    """Return the puts of objects as they are, each at the revision that it shows."""
    fields: list[bytes] = []
    forms: list[Form] = []
    body = form = None
    for obj in objects:
        fields += obj.own_fields()
        fields.append(obj.own_tail)
        if form is None or obj.body is not body:  # Copies come together.
            body = obj.body
            form = body.form(ENCODED_STATUS)
        forms.append(form)
    return Puts.filled(_KEY, forms, fields, [obj.revision for obj in objects])


def filled(
    items: Sequence[tuple[ApiObject, FilledStatus]],
) -> tuple[Puts, tuple[bytes, ...]]:
    """Return the puts of objects with other statuses, at their revisions, and the statuses."""
    size = max([len(status.fields) for _, status in items])
    fields: list[bytes] = []
    forms: list[Form] = []
    tails: list[Form] = []
    body = text = form = tail = None
    for obj, status in items:
        own = status.fields
        fields += obj.own_fields()
        fields += own
        if len(own) < size:
            fields += [b""] * (size - len(own))
        if form is None or tail is None or obj.body is not body or status.text is not text:
            body, text = obj.body, status.text  # Copies come together.
            form, tail = body.form(text), _text_form(text)
        forms.append(form)
        tails.append(tail)
    puts = Puts.filled(_KEY, forms, fields, [obj.revision for obj, _ in items])
    assert puts.filling is not None
    return puts, puts.filling.of(tails).texts()


@lru_cache(_TEXTS_MAX)
def _text_form(text: bytes) -> Form:
    return Form(text)
