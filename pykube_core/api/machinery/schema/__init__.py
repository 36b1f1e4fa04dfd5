"""Every type of every kind that an API server serves: its fields and all the API says of them.

One table for all who need to know a type: strict decoding, patches, server-side apply, OpenAPI,
protobuf. The facts stand in one text file a Go package (``core.v1.txt``), which is read when a
type of it is first asked for; a type is parsed when it is first asked for, too.

A file is a list of lines. An indented line is a field of the structure above it::

    package io.k8s.api.apps.v1 apps v1        the OpenAPI package, the API's group and version
    type NAME UNDERLYING [A|B|C]              a named Go type and its enumeration
    type NAME UNDERLYING wrapped              ... a list that is a message in protobuf
    struct NAME [kind] [atomic] [union=DISCRIMINATOR:FIELD,FIELD]
     NUMBER NAME[*][!][?] TYPE [WORD ...]     a field
     NUMBER + TYPE                            an embedded structure; JSON has its fields in place

``kind`` is a structure with ``kind`` and ``apiVersion``. NUMBER is the field's in protobuf, ``-``
if it has none. ``*`` is a pointer, ``!`` a field without ``omitempty``, ``?`` one with
``omitzero``. A type without a package is of the file's own, or one that encodes itself (`CUSTOM`).
The words of a field:

- ``required``, ``optional``: where OpenAPI does not say what follows from ``!``.
- ``default=JSON``: where OpenAPI's is not the type's zero (of a structure, or of ``!``).
- ``atomic``, ``set``, ``map=KEY,KEY``: the type of a list.
- ``atomicMap``, ``granularMap``: the type of a map or structure.
- ``plain``: OpenAPI v3 has a bare reference to its type, not an ``allOf`` of it.
- ``patch=STRATEGY[,STRATEGY][:KEY]``: how strategic merge patches treat it.

Source: ``k8s.io/api``, ``k8s.io/apimachinery``, ``k8s.io/apiextensions-apiserver`` and
``k8s.io/kube-aggregator`` v0.37.2 (types.go), and OpenAPI v3 as kube-apiserver v1.37.2 serves it.
"""

from pykube_core.api.machinery.schema.table import (
    ABSENT,
    Field,
    FieldType,
    Package,
    Struct,
    Union,
    kind_struct,
    package_of,
    packages,
    struct_of_type,
)

__all__ = [
    "ABSENT",
    "Field",
    "FieldType",
    "Package",
    "Struct",
    "Union",
    "kind_struct",
    "package_of",
    "packages",
    "struct_of_type",
]
